//! What became of every submit_sm, as a flow.
use super::parts::Figure;
use crate::report::Document;
use crate::report::chart::{Flow, Ink, Stream};
use crate::report::model::receipts_asked;

/// planned → written → answered → receipted.
pub(super) fn flow(d: &Document) -> Figure {
    let (l, r) = (&d.ledger.lines, &d.ledger.receipts);
    let states = r.by_state.iter().map(|s| {
        let ink = if s.name == "DELIVRD" { Ink::Series(2) } else { Ink::Series(3) };
        Stream::new(s.name.clone(), s.count, ink)
    });
    let asked = receipts_asked(d);
    let accepted = Stream::new("accepted", l.accepted, Ink::Series(2)).into_parts(states.chain([
        Stream::new("silent", r.silent, Ink::Muted),
        Stream::new("missing", r.missing, Ink::Series(1)),
        Stream::new("untracked", r.untracked, Ink::Series(4)),
        Stream::new("ambiguous", r.ambiguous, Ink::Series(4)),
        Stream::new("none asked", l.accepted.saturating_sub(asked), Ink::Muted),
    ]));
    let written = Stream::new("written", l.written, Ink::Series(0)).into_parts([
        accepted,
        Stream::new("rejected", l.rejected, Ink::Series(1)),
        Stream::new("timed out", l.timed_out, Ink::Series(4)),
        Stream::new("lost", l.lost, Ink::Series(4)),
        Stream::new("still open", l.open_at_end, Ink::Series(4)),
    ]);
    let name = if l.retries > 0 { "with retries" } else { "planned" };
    let whole = Stream::new(name, l.planned + l.retries, Ink::Muted).into_parts([
        written,
        Stream::new("dropped", l.dropped, Ink::Series(1)),
        Stream::new("unsent", l.unsent, Ink::Series(4)),
    ]);
    let headings = ["the plan", "the wire", "the answer", "the receipt"].map(str::to_owned).into();
    let title = "Where every submit_sm went";
    let picture = Flow { title: title.to_owned(), headings, whole }.draw();
    let says =
        "Each band is as high as its count: what enters on the left must leave on the right.";
    Figure::new("flow", title, says, picture, "Nothing was planned: every bind only received.")
}
