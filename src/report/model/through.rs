//! What a report says of the gateway that a run went through: the books of both sides, transit times, fields, statuses.
use super::table::{Cell, Table, Tone, Value, count, known, text, time};
use super::tables::percentile;
use crate::judge::PERCENTILES;
use crate::kit::words;
use crate::measure::through::TRANSITS;
use crate::report::document::{Document, Through, ThroughExample};

/// Examples of a class that a table shows; the lists in the run folder have more.
const EXAMPLES_SHOWN: usize = 5;

/// The books of both sides in a line; None: the run was through no gateway.
pub(super) fn line(d: &Document) -> Option<(String, Tone)> {
    let through = d.through.as_ref()?;
    let (s, r) = (&through.submits, &through.receipts);
    let wrong = [
        (s.lost, "LOST"),
        (s.duplicate, "duplicated"),
        (s.altered, "altered"),
        (s.ghost, "ghost"),
        (s.unexpected, "unexpected"),
        (s.maybe, "maybe"),
        (r.lost, "receipts LOST"),
        (r.duplicate, "receipts duplicated"),
        (r.altered, "receipts altered"),
        (r.other_account, "receipts on another account"),
        (r.unknown, "receipts unknown"),
    ];
    let found = wrong.iter().filter(|(n, _)| *n > 0);
    let found: Vec<String> =
        found.map(|(n, name)| format!("{} {name}", words::count(*n))).collect();
    let came =
        format!("{} of {} accepted came out once", words::count(s.once), words::count(s.accepted));
    let tone = if found.is_empty() && through.balanced { Tone::Good } else { Tone::Bad };
    let says: Vec<String> = std::iter::once(came).chain(found).collect();
    Some((says.join(" · "), tone))
}

/// All tables of the gateway; empty: the run was through none.
pub(crate) fn through(d: &Document) -> Vec<Table> {
    let Some(through) = &d.through else { return Vec::new() };
    vec![
        books(through),
        times(d),
        fields(through),
        statuses(through),
        order(through),
        marker(through),
        examples(through),
    ]
}

fn toned(n: u64, tone: Tone) -> Cell {
    if n > 0 { count(n).in_tone(tone) } else { count(n) }
}

/// What became of submits, receipts and MO.
fn books(through: &Through) -> Table {
    let (s, r, m) = (&through.submits, &through.receipts, &through.mo);
    let mut table = Table::new(
        "through-books",
        "The books of both sides",
        "what | submit_sm | receipts | MO | <means",
    );
    let (bad, doubt) = (Tone::Bad, Tone::Warn);
    let blank = Cell::default;
    let mut row = |name: &str, cells: [Cell; 3], says: &str| {
        let any = cells.iter().any(|c| !matches!(c.value, Value::Blank | Value::Count(0)));
        if any {
            let [submits, receipts, mo] = cells;
            table.row([text(name), submits, receipts, mo, text(says)]);
        }
    };
    row(
        "sent",
        [count(s.sent), count(r.sent), count(m.sent)],
        "by our ESME, or by our SMSC upwards",
    );
    row("accepted", [count(s.accepted), blank(), blank()], "answered in front with ESME_ROK");
    row("rejected", [toned(s.rejected, doubt), blank(), blank()], "answered in front otherwise");
    row("unanswered", [toned(s.unanswered, doubt), blank(), blank()], "not answered in front");
    row(
        "once",
        [count(s.once), count(r.once), count(m.once)],
        "came out on the other side, once and in time",
    );
    row(
        "lost",
        [toned(s.lost, bad), toned(r.lost, bad), toned(m.lost, bad)],
        "did not come out by the deadline",
    );
    row(
        "duplicate",
        [toned(s.duplicate, bad), toned(r.duplicate, bad), toned(m.duplicate, bad)],
        "came out more than once",
    );
    row(
        "altered",
        [toned(s.altered, bad), toned(r.altered, bad), toned(m.altered, bad)],
        "with a change that is not declared",
    );
    row("ghost", [toned(s.ghost, bad), blank(), blank()], "rejected in front, and came out");
    row(
        "maybe",
        [toned(s.maybe, doubt), blank(), blank()],
        "unanswered: nobody can say whether they should have come out",
    );
    row("maybe, out", [toned(s.maybe_out, doubt), blank(), blank()], "of these, came out");
    row(
        "unexpected",
        [toned(s.unexpected, doubt), toned(r.unknown, bad), toned(m.unexpected, doubt)],
        "came out, and are none of this run's",
    );
    row(
        "resegmented",
        [count(s.resegmented), blank(), blank()],
        "came out in other parts than they went in",
    );
    row(
        "before the response",
        [blank(), toned(r.before_response, doubt), blank()],
        "receipts that overtook it",
    );
    row(
        "on another bind",
        [blank(), toned(r.other_bind, doubt), blank()],
        "of the account that had sent the message",
    );
    row(
        "on another account",
        [blank(), toned(r.other_account, bad), blank()],
        "not of the account that had sent the message",
    );
    row(
        "by the gateway",
        [blank(), count(r.by_gateway), blank()],
        "receipts that our SMSC had not sent",
    );
    row(
        "pending",
        [toned(s.pending, doubt), toned(r.pending, doubt), toned(m.pending, doubt)],
        "not come out, and the deadline is not over",
    );
    row(
        "untracked",
        [toned(s.untracked, doubt), toned(r.untracked, doubt), toned(m.untracked, doubt)],
        "beyond upstream.outstanding_max",
    );
    let state = if through.balanced { "The books balance." } else { "The books do NOT balance." };
    table.note =
        format!("{state} Over the whole run. Submits are answered by: {}.", through.answers.name());
    table.without_empty_columns()
}

/// Transit times.
fn times(d: &Document) -> Table {
    let header = "transit | p50 | p90 | +p95 | p99 | p99.9 | +p99.99 | max | count";
    let mut table = Table::new("through-times", "Transit times", header);
    for row in &TRANSITS {
        let Some(Some(latency)) = d.latency.through.get(row.name) else { continue };
        let mut cells = vec![text(row.title).with_small(row.says)];
        cells.extend(PERCENTILES.map(|(name, _)| percentile(latency, name)));
        cells.extend([time(latency.max), count(latency.count)]);
        table.row(cells);
    }
    table.without_empty_columns()
}

fn fields(through: &Through) -> Table {
    let header = "field | came out changed | <declared | <went in, first example | <came out";
    let row = |field: &crate::measure::through::FieldChange| {
        let (word, tone) = if field.declared { ("yes", Tone::Plain) } else { ("no", Tone::Bad) };
        vec![
            text(&field.name),
            count(field.altered).in_tone(tone),
            text(word),
            text(&field.sent),
            text(&field.came),
        ]
    };
    Table::of("through-fields", "Fields that the gateway changed", header, &through.fields, row)
}

fn statuses(through: &Through) -> Table {
    let header = "behind | @in front | messages | later by | told by a receipt";
    let none = |status: &Option<String>| status.clone().unwrap_or_else(|| "no answer".to_owned());
    let row = |pair: &crate::report::document::StatusRow| {
        vec![
            text(none(&pair.upstream)),
            text(none(&pair.front)),
            count(pair.count),
            known(pair.later_ns, Value::Time),
            count(pair.told_by_receipt),
        ]
    };
    let title = "What our SMSC said behind, and the gateway in front";
    Table::of("through-statuses", title, header, &through.statuses, row)
}

fn order(through: &Through) -> Table {
    let header = "order within a | messages | reordered | largest extent";
    let row = |of: &crate::report::document::OrderRow| {
        vec![
            text(of.by.name()),
            count(of.messages),
            known(of.ratio, Value::Share),
            count(of.extent),
        ]
    };
    Table::of("through-order", "Reordering (RFC 4737)", header, &through.order, row)
}

fn marker(through: &Through) -> Table {
    let header = "marker in | used | survived | probes | <it was | <and became";
    let row = |trial: &crate::measure::through::CarrierTrial| {
        let used = through.marker.used.contains(&trial.carrier);
        let (was, became) = trial.became.clone().unwrap_or_default();
        vec![
            text(trial.carrier.name()),
            text(if used { "yes" } else { "" }),
            count(trial.survived),
            count(trial.probes),
            text(was),
            text(became),
        ]
    };
    let title = "What tells messages apart, as probes showed";
    Table::of("through-marker", title, header, &through.marker.tried, row)
}

fn examples(through: &Through) -> Table {
    let mut shown: Vec<&ThroughExample> = Vec::new();
    for example in &through.examples {
        if shown.iter().filter(|e| e.class == example.class).count() < EXAMPLES_SHOWN {
            shown.push(example);
        }
    }
    let header = "class | @id in front | @id behind | session | <sent | <came out | <what";
    let row = |example: &&ThroughExample| {
        vec![
            text(example.class.name()),
            text(&example.front_id),
            text(&example.upstream_id),
            known(example.session.map(u64::from), Value::Count),
            text(&example.sent_at),
            text(example.came_at.clone().unwrap_or_default()),
            text(&example.what),
        ]
    };
    let title = "Examples, to look up in the gateway's logs";
    Table::of("through-examples", title, header, &shown, row).without_empty_columns()
}
