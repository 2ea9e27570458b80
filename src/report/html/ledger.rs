//! What became of every submit_sm: as a flow, and as sums that the reader can check.
use super::headline::Coloured;
use super::parts::{Cell, Figure, Grid};
use crate::kit::words;
use crate::report::Document;
use crate::report::chart::{Flow, Ink, Stream};

/// Receipts of any kind that accepted messages were waited for.
fn receipts_asked(d: &Document) -> u64 {
    let r = &d.ledger.receipts;
    r.asked.or(r.expected).unwrap_or(r.final_ + r.missing + r.untracked + r.ambiguous + r.silent)
}

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

/// One sum that must hold.
fn sum(grid: &mut Grid, name: &str, total: u64, terms: &[(&str, u64)]) {
    let shown: Vec<String> = terms
        .iter()
        .enumerate()
        .filter(|(place, (_, n))| *place == 0 || *n > 0)
        .map(|(_, (name, n))| format!("{} {name}", words::count(*n)))
        .collect();
    let holds = terms.iter().map(|t| t.1).sum::<u64>() == total;
    let (mark, class) = if holds { ("✓", "good") } else { ("✗ DIFFERS", "bad") };
    grid.row([
        Cell::new(name),
        Cell::new(words::count(total)),
        Cell::words(format!("= {}", shown.join(" + "))),
        Cell::classed(mark, class),
    ]);
}

/// The sums of METHOD.md §4 and what stands in none of them.
pub(super) fn sums(d: &Document) -> Grid {
    let (l, r) = (&d.ledger.lines, &d.ledger.receipts);
    let title = "The ledger of the whole run, in submit_sm";
    let mut grid = Grid::new("ledger-sums", title, &["of", "count", "became", "holds"]);
    let name = if l.retries > 0 { "planned and retries" } else { "planned" };
    let sent = [("written", l.written), ("dropped", l.dropped), ("unsent", l.unsent)];
    sum(&mut grid, name, l.planned + l.retries, &sent);
    let answers = [
        ("accepted", l.accepted),
        ("rejected", l.rejected),
        ("timed out", l.timed_out),
        ("lost", l.lost),
        ("open at the end", l.open_at_end),
    ];
    sum(&mut grid, "written", l.written, &answers);
    let asked = receipts_asked(d);
    if asked > 0 {
        let receipts = [
            ("final", r.final_),
            ("missing", r.missing),
            ("rightly silent", r.silent),
            ("untracked", r.untracked),
            ("ambiguous", r.ambiguous),
        ];
        sum(&mut grid, "receipts", asked, &receipts);
        let states: Vec<(&str, u64)> =
            r.by_state.iter().map(|s| (s.name.as_str(), s.count)).collect();
        if !states.is_empty() {
            sum(&mut grid, "final", r.final_, &states);
        }
    }
    let besides = besides(d);
    if !besides.is_empty() {
        grid.note = format!("Besides: {}.", besides.join(", "));
    }
    grid
}

/// What stands in no sum.
fn besides(d: &Document) -> Vec<String> {
    let (l, r) = (&d.ledger.lines, &d.ledger.receipts);
    let mo = d.ledger.mo.unwrap_or_default();
    [
        (l.late_responses, "responses too late"),
        (l.unknown_responses.unwrap_or(0), "responses that no request owns"),
        (l.ids_given_twice, "message_ids given twice"),
        (l.self_inflicted_throttles, "throttled while catching up"),
        (r.duplicate, "duplicate receipts"),
        (r.before_response, "receipts before their response"),
        (r.other_bind, "receipts on another bind"),
        (r.intermediate, "intermediate notifications"),
        (r.late, "receipts too late"),
        (r.unknown.unwrap_or(0), "receipts of no message of ours"),
        (r.previous_run.unwrap_or(0), "receipts of an earlier run"),
        (mo.received, "mobile-originated messages"),
        (mo.redelivered, "deliveries repeated"),
        (mo.refused, "deliveries we refused"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{} {what}", words::count(n)))
    .collect()
}

/// Final receipts by their state, with their times.
pub(super) fn states(d: &Document, times: bool) -> Option<Grid> {
    let r = &d.ledger.receipts;
    let header = ["message_state", "receipts", "share", "p50", "p99", "max"];
    let columns = if times { header.len() } else { 3 };
    let mut grid = Grid::new("states", "Final receipts by state", &header[..columns]);
    for state in &r.by_state {
        let time =
            |ns: Option<u64>| Cell::new(ns.map_or("–".to_owned(), super::headline::duration));
        let share = state.count as f64 / r.final_.max(1) as f64;
        let mut cells = vec![
            Cell::new(&state.name),
            Cell::new(words::count(state.count)),
            Cell::new(words::percent(share)),
        ];
        if times {
            let found = [state.receipt_p50_ns, state.receipt_p99_ns, state.receipt_max_ns]
                .map(|ns| ns.0.flatten());
            cells.extend(found.map(time));
        }
        grid.row(cells);
    }
    let errors: Vec<String> =
        r.by_err.iter().map(|e| format!("{} × {}", words::count(e.count), e.err)).collect();
    if !errors.is_empty() {
        grid.note = format!("By the receipt's err: {}.", errors.join(", "));
    }
    grid.filled()
}

/// A line of a ledger.
type Count = fn(&Document) -> u64;

/// The ledgers of several runs, side by side.
pub(super) fn side_by_side(runs: &[Coloured<'_>]) -> Grid {
    let mut grid = Grid::new("ledgers", "Ledgers, in submit_sm", &["of the whole run"]);
    grid.header.extend(runs.iter().map(|(d, _)| d.run.id.clone()));
    let lines: [(&str, Count); 16] = [
        ("planned", |d| d.ledger.lines.planned),
        ("retries", |d| d.ledger.lines.retries),
        ("written", |d| d.ledger.lines.written),
        ("dropped", |d| d.ledger.lines.dropped),
        ("unsent", |d| d.ledger.lines.unsent),
        ("accepted", |d| d.ledger.lines.accepted),
        ("rejected", |d| d.ledger.lines.rejected),
        ("timed out", |d| d.ledger.lines.timed_out),
        ("lost", |d| d.ledger.lines.lost),
        ("open at the end", |d| d.ledger.lines.open_at_end),
        ("final receipts", |d| d.ledger.receipts.final_),
        ("receipts missing", |d| d.ledger.receipts.missing),
        ("rightly silent", |d| d.ledger.receipts.silent),
        ("receipts untracked", |d| d.ledger.receipts.untracked),
        ("receipts ambiguous", |d| d.ledger.receipts.ambiguous),
        ("ids given twice", |d| d.ledger.lines.ids_given_twice),
    ];
    for (name, count) in lines {
        if runs.iter().any(|(d, _)| count(d) > 0) {
            let cells = runs.iter().map(|(d, _)| Cell::new(words::count(count(d))));
            grid.row([Cell::new(name)].into_iter().chain(cells));
        }
    }
    let balanced = runs.iter().map(|(d, _)| match d.ledger.balanced {
        Some(true) => Cell::classed("✓", "good"),
        Some(false) => Cell::classed("✗", "bad"),
        None => Cell::new("not closed"),
    });
    grid.rows.push([Cell::new("balanced")].into_iter().chain(balanced).collect());
    grid
}
