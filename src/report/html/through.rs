//! Pictures of a gateway: the two sides and the flow between them, and its transit times.
use super::parts::Figure;
use super::shape::{draw, spectrum_of};
use super::time::line;
use crate::measure::through::TRANSITS;
use crate::report::Document;
use crate::report::chart::{Colour, Flow, FlowNode};
use crate::report::document::Through;

/// The pictures; empty: the run was through no gateway.
pub(super) fn figures(d: &Document) -> Vec<Figure> {
    d.through.as_ref().map_or_else(Vec::new, |through| vec![flow(through), spectrum(d)])
}

/// Sent in front → accepted → came out behind → receipts → came back, and what went wrong where it did.
fn flow(through: &Through) -> Figure {
    let (s, r) = (&through.submits, &through.receipts);
    let (good, bad, doubt) = (Colour::Series(2), Colour::Series(1), Colour::Series(4));
    // receipts that the gateway made, and those of what was not accepted, are beside this flow
    let sent = r.sent.min(s.once + s.duplicate);
    let back = r.once.min(sent);
    let receipts = FlowNode::new("receipts sent", sent, Colour::Series(0)).with_parts([
        FlowNode::new("came back", back, good),
        FlowNode::new("lost on the way", r.lost.min(sent - back), bad),
        FlowNode::new("pending or untracked", sent.saturating_sub(back + r.lost), doubt),
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
    let whole = FlowNode::new("sent in front", s.sent, Colour::Muted).with_parts([
        accepted,
        FlowNode::new("rejected", s.rejected, Colour::Series(3)),
        FlowNode::new("unanswered", s.unanswered, doubt),
        FlowNode::new("untracked", s.untracked, Colour::Muted),
    ]);
    let headings =
        ["our ESME", "the gateway, in front", "our SMSC, behind", "the receipt", "our ESME again"];
    let headings = headings.map(str::to_owned).into();
    let title = "From one side of the gateway to the other, and back";
    let picture = Flow { title: title.to_owned(), headings, whole }.draw();
    let says = "The height of each band is its count of submit_sm or of their receipts. What is lost leaves the flow where it was \
                lost.";
    Figure::new("through-flow", title, says, picture, "No message was sent.")
}

/// The spectra of the transit times.
fn spectrum(d: &Document) -> Figure {
    let layers = TRANSITS.iter().enumerate().filter_map(|(number, row)| {
        let latency = d.latency.through.get(row.name)?.as_ref()?;
        Some(line(row.title, Colour::Series(number), spectrum_of(latency)))
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
