//! The outcome of every submit_sm as a flow.
use super::parts::Figure;
use crate::report::Document;
use crate::report::chart::{Colour, Flow, FlowNode};
use crate::report::model::receipts_asked;

/// planned → written → answered → receipted.
pub(super) fn flow(d: &Document) -> Figure {
    let (l, r) = (&d.ledger.lines, &d.ledger.receipts);
    let states = r.by_state.iter().map(|s| {
        let colour = if s.name == "DELIVRD" { Colour::Series(2) } else { Colour::Series(3) };
        FlowNode::new(s.name.clone(), s.count, colour)
    });
    let asked = receipts_asked(d);
    let accepted =
        FlowNode::new("accepted", l.accepted, Colour::Series(2)).with_parts(states.chain([
            FlowNode::new("none required", r.silent, Colour::Muted),
            FlowNode::new("missing", r.missing, Colour::Series(1)),
            FlowNode::new("untracked", r.untracked, Colour::Series(4)),
            FlowNode::new("ambiguous", r.ambiguous, Colour::Series(4)),
            FlowNode::new("not requested", l.accepted.saturating_sub(asked), Colour::Muted),
        ]));
    let written = FlowNode::new("written", l.written, Colour::Series(0)).with_parts([
        accepted,
        FlowNode::new("rejected", l.rejected, Colour::Series(1)),
        FlowNode::new("timed out", l.timed_out, Colour::Series(4)),
        FlowNode::new("lost", l.lost, Colour::Series(4)),
        FlowNode::new("in flight at the end", l.open_at_end, Colour::Series(4)),
    ]);
    let name = if l.retries > 0 { "with retries" } else { "planned" };
    let whole = FlowNode::new(name, l.planned + l.retries, Colour::Muted).with_parts([
        written,
        FlowNode::new("dropped", l.dropped, Colour::Series(1)),
        FlowNode::new("unsent", l.unsent, Colour::Series(4)),
    ]);
    let headings = ["the plan", "the wire", "the answer", "the receipt"].map(str::to_owned).into();
    let title = "Where every submit_sm went";
    let picture = Flow { title: title.to_owned(), headings, whole }.draw();
    let says = "The height of each band is its count. Every submit_sm that enters on the left leaves on the right.";
    Figure::new(
        "flow",
        title,
        says,
        picture,
        "No message was planned: every session only received.",
    )
}
