//! Pictures of a gateway: the two sides and the flow between them, and its transit times.
use super::parts::Figure;
use super::shape::{draw, spectrum_of};
use super::time::{Timeline, duration_axis, line};
use crate::measure::through::{TRANSITS, Transit};
use crate::report::Document;
use crate::report::chart::{Colour, Flow, FlowNode, Layer, Shape};
use crate::report::document::Through;

/// The pictures; empty: the run was through no gateway.
pub(super) fn figures(d: &Document) -> Vec<Figure> {
    d.through
        .as_ref()
        .map_or_else(Vec::new, |through| vec![flow(through), over_time(d), spectrum(d)])
}

/// Sent in front → accepted → came out behind → receipts → came back, and what went wrong where it did.
fn flow(through: &Through) -> Figure {
    let (s, r) = (&through.submits, &through.receipts);
    let (good, bad, doubt) = (Colour::Series(2), Colour::Series(1), Colour::Series(4));
    // receipts that the gateway made, and those of what was not accepted, are beside this flow
    let sent = r.sent.min(s.once + s.duplicate);
    let back = r.once.min(sent);
    let receipts = FlowNode::new("receipts", sent, Colour::Series(0)).with_parts([
        FlowNode::new("came back", back, good),
        FlowNode::new("lost", r.lost.min(sent - back), bad),
        FlowNode::new("not known", sent.saturating_sub(back + r.lost), doubt),
    ]);
    let out = FlowNode::new("came out", s.once + s.duplicate, good).with_parts([
        receipts,
        FlowNode::new("without a receipt", (s.once + s.duplicate) - sent, Colour::Muted),
    ]);
    let accepted = FlowNode::new("accepted", s.accepted, good).with_parts([
        out,
        FlowNode::new("lost inside", s.lost, bad),
        FlowNode::new("pending", s.pending, doubt),
    ]);
    let whole = FlowNode::new("sent", s.sent, Colour::Muted).with_parts([
        accepted,
        FlowNode::new("rejected", s.rejected, Colour::Series(3)),
        FlowNode::new("unanswered", s.unanswered, doubt),
        FlowNode::new("untracked", s.untracked, Colour::Muted),
    ]);
    let headings = ["our ESME", "gateway", "our SMSC", "gateway", "our ESME"];
    let headings = headings.map(str::to_owned).into();
    let title = "From one side of the gateway to the other, and back";
    let picture = Flow { title: title.to_owned(), headings, whole }.draw();
    let says = "From submit_sm to receipt. The height of each band is its count. What is lost leaves the flow where it was lost. \
                Not known: receipts that are pending or untracked.";
    Figure::new("through-flow", title, says, picture, "No message was sent.")
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
