//! Pictures of a gateway: the flows between its two sides, and its transit times.
use super::parts::Figure;
use super::shape::{draw, spectrum_of};
use super::time::{Timeline, duration_axis, line};
use crate::measure::through::{TRANSITS, Transit};
use crate::report::Document;
use crate::report::chart::{Colour, Flow, FlowNode, Layer, Shape};
use crate::report::document::Through;

/// The pictures; empty: the run was through no gateway.
pub(super) fn figures(d: &Document) -> Vec<Figure> {
    let Some(through) = &d.through else { return Vec::new() };
    let flows = [downwards(through), upwards(through)].into_iter().flatten();
    flows.chain([over_time(d), spectrum(d)]).collect()
}

/// A flow from one side to the other; None: nothing was sent.
fn flow(
    id: &'static str,
    title: &str,
    says: &str,
    (headings, whole): (&[&str], FlowNode),
) -> Option<Figure> {
    let sends = whole.count > 0;
    let headings = headings.iter().map(|heading| (*heading).to_owned()).collect();
    let picture = Flow { title: title.to_owned(), headings, whole }.draw();
    sends.then(|| Figure::new(id, title, says, picture, ""))
}

const GOOD: Colour = Colour::Series(2);
const BAD: Colour = Colour::Series(1);
const DOUBT: Colour = Colour::Series(4);

/// Sent in front → accepted → came out behind, and what went wrong where it did.
fn downwards(through: &Through) -> Option<Figure> {
    let s = &through.submits;
    let lost = FlowNode::new("lost", s.lost, BAD).with_parts([
        FlowNode::new("out late", s.late, DOUBT),
        FlowNode::new("never out", s.lost.saturating_sub(s.late), BAD),
    ]);
    let accepted = FlowNode::new("accepted", s.accepted, GOOD).with_parts([
        FlowNode::new("came out once", s.once, GOOD),
        FlowNode::new("more than once", s.duplicate, BAD),
        lost,
        FlowNode::new("pending", s.pending, DOUBT),
    ]);
    let unanswered = FlowNode::new("unanswered", s.unanswered, DOUBT).with_parts([
        FlowNode::new("came out", s.maybe_out, DOUBT),
        FlowNode::new("did not", s.unanswered.saturating_sub(s.maybe_out), DOUBT),
    ]);
    let whole = FlowNode::new("sent", s.sent, Colour::Muted).with_parts([
        accepted,
        FlowNode::new("rejected", s.rejected, Colour::Series(3)),
        unanswered,
        FlowNode::new("untracked", s.untracked, Colour::Muted),
    ]);
    let says = "submit_sm. The height of each band is its count. What went wrong leaves the flow where it did.";
    let headings = ["our ESME", "the gateway", "our SMSC"];
    flow("through-flow", "From our ESME to our SMSC", says, (&headings, whole))
}

/// Receipts sent behind → came back in front.
fn upwards(through: &Through) -> Option<Figure> {
    let r = &through.receipts;
    let whole = FlowNode::new("sent", r.sent, Colour::Muted).with_parts([
        FlowNode::new("came back once", r.once, GOOD),
        FlowNode::new("lost", r.lost, BAD),
        FlowNode::new("pending", r.pending, DOUBT),
        FlowNode::new("untracked", r.untracked, Colour::Muted),
    ]);
    let says = "Receipts. The height of each band is its count.";
    flow(
        "through-receipts",
        "From our SMSC back to our ESME",
        says,
        (&["our SMSC", "our ESME"], whole),
    )
}

/// The colour of a transit in both charts; those that are there in most runs are told apart best.
const fn colour(transit: Transit) -> Colour {
    Colour::Series(match transit {
        Transit::Forward => 0,
        Transit::ResponseReturn => 1,
        Transit::ReceiptReturn => 2,
        Transit::Gateway => 4,
        Transit::Mo => 3,
        Transit::MoReturn => 6,
    })
}

/// The transit times over the time of the run.
fn over_time(d: &Document) -> Figure {
    let t = Timeline::of(d);
    let layers = TRANSITS.iter().flat_map(|row| {
        let colour = colour(row.transit);
        let p99 = t.points(|r| r.through.get(row.name).map(|of| of.p99_ns as f64));
        let p50 = t.points(|r| r.through.get(row.name).map(|of| of.p50_ns as f64));
        let median =
            Layer { shape: Shape::Dashed, ..line(format!("{} p50", row.name), colour, p50) };
        [line(format!("{} p99", row.name), colour, p99), median]
    });
    let layers: Vec<Layer> =
        layers.filter(|layer| layer.points.iter().any(|point| point.span.is_some())).collect();
    let title = "Transit times over time";
    let says = "Percentiles of what came to the other side in each interval. Solid: p99. Dashed: p50. forward: to our SMSC. \
                response_return, receipt_return: back to our ESME. gateway: the response time less what our SMSC took.";
    let y = duration_axis("time, logarithmic", &layers);
    let picture = y.map(|y| t.plot(title, y).with_layers(layers).draw());
    Figure::new("through-over-time", title, says, picture, "No message was timed.")
}

/// The spectra of the transit times.
fn spectrum(d: &Document) -> Figure {
    let layers = TRANSITS.iter().filter_map(|row| {
        let latency = d.latency.through.get(row.name)?.as_ref()?;
        Some(line(row.name, colour(row.transit), spectrum_of(latency)))
    });
    let mut layers: Vec<_> = layers.collect();
    layers.retain(|layer| !layer.points.is_empty());
    let title = "Spectrum of the transit times";
    let says = "The time within which a share of the messages was through. Each step to the right adds a nine.";
    Figure::new(
        "through-spectrum",
        title,
        says,
        draw(title, layers),
        "Too few messages were timed.",
    )
}
