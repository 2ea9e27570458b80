//! What a report says of the gateway that a run went through: the books of both sides, transit times, fields, statuses.
use super::note::{Withheld, sentence};
use super::summary::LabelledLine;
use super::table::{Cell, Table, Tone, Value, count, known, text};
use super::tables::{longest, percentile};
use crate::judge::{PERCENTILES, ThroughRatio};
use crate::kit::words;
use crate::measure::through::{AnsweredBy, TRANSITS, Transit};
use crate::report::document::{Document, Through, ThroughExample};

/// Examples of a class that a table shows; the lists in the run folder have more.
const EXAMPLES_SHOWN: usize = 5;

/// What the gateway did to the messages, and how long they were inside; empty: the run was through no gateway.
pub(super) fn lines(d: &Document) -> Vec<LabelledLine> {
    let Some(through) = &d.through else { return Vec::new() };
    [Some(books_in_brief(through)), transit_in_brief(d, through)].into_iter().flatten().collect()
}

/// The books of both sides in a line.
fn books_in_brief(through: &Through) -> LabelledLine {
    let (s, r, m) = (&through.submits, &through.receipts, &through.mo);
    let counted = |n: u64, name: &str| (n > 0).then(|| format!("{} {name}", words::count(n)));
    let receipts =
        |n: u64, what: &str| (n > 0).then(|| format!("{} {what}", words::counted(n, "receipt")));
    let late = match s.late {
        0 => String::new(),
        late if late == s.lost => " (they came out after the deadline)".to_owned(),
        late => format!(" ({} of them came out after the deadline)", words::count(late)),
    };
    let maybe = counted(s.maybe, "unanswered in front");
    let maybe = maybe.map(|says| match s.maybe_out {
        0 => format!("{says} (none came out)"),
        out => format!("{says} ({} of them came out)", words::count(out)),
    });
    let found = [
        counted(s.lost, "LOST").map(|says| says + &late),
        counted(s.duplicate, "duplicated"),
        counted(s.altered, "altered").map(|says| says + &changed(through, "submit.")),
        counted(s.ghost, "rejected in front and out all the same"),
        counted(s.wrong_upstream, "at a wrong upstream"),
        counted(s.unexpected, "came out that are none of this run's"),
        maybe,
        receipts(r.lost, "LOST"),
        receipts(r.duplicate, "duplicated"),
        receipts(r.altered, "altered").map(|says| says + &changed(through, "receipt.")),
        receipts(r.other_account, "on another account"),
        receipts(r.unknown, "unknown"),
        counted(m.lost, "MO LOST"),
        counted(m.duplicate, "MO duplicated"),
        counted(m.altered, "MO altered").map(|says| says + &changed(through, "mo.")),
        counted(m.unexpected, "MO that are none of this run's"),
    ];
    let found: Vec<String> = found.into_iter().flatten().collect();
    let came =
        format!("{} of {} accepted came out once", words::count(s.once), words::count(s.accepted));
    let open = [
        counted(s.pending, "not out yet, their deadline not over"),
        counted(s.untracked, "untracked"),
        receipts(r.pending, "not back yet"),
        receipts(r.untracked, "untracked"),
        counted(m.untracked, "MO untracked"),
    ];
    let open: Vec<String> = open.into_iter().flatten().collect();
    let tone = match (found.is_empty() && through.balanced, open.is_empty()) {
        (true, true) => Tone::Good,
        (true, false) => Tone::Warn,
        (false, _) => Tone::Bad,
    };
    let says: Vec<String> = std::iter::once(came).chain(found).chain(open).collect();
    LabelledLine::new("gateway", tone, says.join(" · "))
}

/// The fields that changed without being declared: ` (text, source_addr)`; empty: there are none.
fn changed(through: &Through, of: &str) -> String {
    const SHOWN: usize = 3;
    let undeclared = through.fields.iter().filter(|field| !field.declared);
    let names: Vec<&str> = undeclared.filter_map(|field| field.name.strip_prefix(of)).collect();
    match names.len() {
        0 => String::new(),
        n if n > SHOWN => format!(" ({} and {} more)", names[..SHOWN].join(", "), n - SHOWN),
        _ => format!(" ({})", names.join(", ")),
    }
}

/// Who answers, and the times to the other side and back; None: no message came out.
fn transit_in_brief(d: &Document, through: &Through) -> Option<LabelledLine> {
    let took = |transit: Transit| {
        let row = d.latency.through.get(transit.name())?.as_ref()?;
        let [p50, p99] = ["p50", "p99"].map(|name| percentile(row, name));
        // percentiles of few messages are withheld; the largest value is always there
        Some(format!("p50 {p50}, p99 {p99}, max {}", words::duration(row.max?)))
    };
    let forward = took(Transit::Forward)?;
    let receipts = took(Transit::ReceiptReturn).map(|took| format!("receipts back: {took}"));
    let facts = [Some(format!("to our SMSC: {forward}")), receipts, answers(through.answers)];
    let facts = late(d).map(str::to_owned).into_iter().chain(facts.into_iter().flatten());
    let says: Vec<String> = facts.collect();
    Some(LabelledLine::new("transit", Tone::Plain, says.join(" · ")))
}

/// What to make of the times of a harness that was late; None: it kept up.
fn late(d: &Document) -> Option<&'static str> {
    Withheld::figures(&d.verdict)
        .map(|_| "the harness was late, also in reading: the gateway took at most these times")
}

/// Who answered the submit_sm, as a sentence; None: nothing was answered.
fn answers(by: AnsweredBy) -> Option<String> {
    let says = match by {
        AnsweredBy::Upstream => "the gateway answers once our SMSC has",
        AnsweredBy::Itself => "the gateway answers by itself: response times are its own",
        AnsweredBy::Mixed => {
            "the gateway answers some messages by itself, others once our SMSC has"
        }
        AnsweredBy::Unknown => return None,
    };
    Some(says.to_owned())
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

/// What must not be in the books of a gateway.
pub(crate) struct Demand {
    /// The demand, in words.
    pub(crate) says: &'static str,
    /// How often it was not met.
    pub(crate) found: u64,
    /// The share whose gate judges it. None: there is none.
    pub(crate) gate: Option<ThroughRatio>,
    /// Whether it is on the books themselves, and not on the gateway.
    pub(crate) is_ours: bool,
}

/// The demands on the books of a gateway; empty: the run was through none.
pub(crate) fn demands(d: &Document) -> Vec<Demand> {
    let Some(through) = &d.through else { return Vec::new() };
    let (s, r, m) = (&through.submits, &through.receipts, &through.mo);
    let of = |says, found, gate| Demand { says, found, gate, is_ours: false };
    let balance = "the books of both sides balance";
    vec![
        Demand { says: balance, found: u64::from(!through.balanced), gate: None, is_ours: true },
        of("no submit_sm was lost", s.lost, Some(ThroughRatio::LostInside)),
        of("no submit_sm came out more than once", s.duplicate, Some(ThroughRatio::Duplicated)),
        of("no submit_sm was altered", s.altered, Some(ThroughRatio::Altered)),
        of("no rejected submit_sm came out", s.ghost, Some(ThroughRatio::Ghost)),
        of(
            "no submit_sm came out at another upstream",
            s.wrong_upstream,
            Some(ThroughRatio::WrongUpstream),
        ),
        of("no submit_sm is unanswered in front", s.unanswered, None),
        of("no receipt was lost", r.lost, Some(ThroughRatio::ReceiptsLostInside)),
        of("no receipt came more than once", r.duplicate, Some(ThroughRatio::ReceiptsDuplicated)),
        of("no receipt was altered", r.altered, Some(ThroughRatio::ReceiptsAltered)),
        of(
            "no receipt came to another account",
            r.other_account,
            Some(ThroughRatio::ReceiptsOtherAccount),
        ),
        of("no receipt is of an unknown message", r.unknown, None),
        of("no MO was lost", m.lost, Some(ThroughRatio::MoLost)),
        of("no MO came more than once", m.duplicate, Some(ThroughRatio::MoDuplicated)),
        of("no MO was altered", m.altered, Some(ThroughRatio::MoAltered)),
    ]
}

/// One line of the books: its name, its counts of submits, receipts and MO (None: there is no such count), its tone where
/// it is not 0, and its meaning.
type BookLine = (&'static str, [Option<u64>; 3], Tone, &'static str);

/// What was sent, answered, and came out as it should.
fn sound(through: &Through) -> Vec<BookLine> {
    let (s, r, m) = (&through.submits, &through.receipts, &through.mo);
    let plain = Tone::Plain;
    let doubt = Tone::Warn;
    let sent = [Some(s.sent), Some(r.sent), Some(m.sent)];
    let once = [Some(s.once), Some(r.once), Some(m.once)];
    vec![
        ("sent", sent, plain, "by our ESME, or by our SMSC upwards"),
        ("accepted", [Some(s.accepted), None, None], plain, "answered in front with ESME_ROK"),
        ("rejected", [Some(s.rejected), None, None], doubt, "answered in front otherwise"),
        ("unanswered", [Some(s.unanswered), None, None], doubt, "not answered in front"),
        ("once", once, plain, "came out on the other side, once and in time"),
        ("resegmented", [Some(s.resegmented), None, None], plain, "came out in other parts"),
        ("retries", [Some(s.retries), None, None], plain, "came out again after a refusal behind"),
        ("by the gateway", [None, Some(r.by_gateway), None], plain, "not sent by our SMSC"),
    ]
}

/// What went wrong, or cannot be told.
fn unsound(through: &Through) -> Vec<BookLine> {
    let (s, r, m) = (&through.submits, &through.receipts, &through.mo);
    let (bad, doubt) = (Tone::Bad, Tone::Warn);
    let submits = |n| [Some(n), None, None];
    let receipts = |n| [None, Some(n), None];
    let lost = [Some(s.lost), Some(r.lost), Some(m.lost)];
    let late = [Some(s.late), None, Some(m.late)];
    let duplicate = [Some(s.duplicate), Some(r.duplicate), Some(m.duplicate)];
    let altered = [Some(s.altered), Some(r.altered), Some(m.altered)];
    let foreign = [Some(s.unexpected), Some(r.unknown), Some(m.unexpected)];
    let pending = [Some(s.pending), Some(r.pending), Some(m.pending)];
    let untracked = [Some(s.untracked), Some(r.untracked), Some(m.untracked)];
    vec![
        ("lost", lost, bad, "did not come out by the deadline"),
        ("lost, late", late, bad, "of these, came out after the deadline"),
        ("duplicate", duplicate, bad, "came out more than once"),
        ("altered", altered, bad, "with a change that is not declared"),
        ("ghost", submits(s.ghost), bad, "rejected in front, and came out"),
        ("wrong upstream", submits(s.wrong_upstream), bad, "not where upstream.routes says"),
        ("maybe", submits(s.maybe), doubt, "unanswered: whether they should come out is not known"),
        ("maybe, out", submits(s.maybe_out), doubt, "of these, came out"),
        (
            "incomplete parts",
            submits(s.incomplete_parts),
            doubt,
            "their other parts did not come out",
        ),
        ("unexpected", foreign, doubt, "came out, and are none of this run's"),
        ("before the response", receipts(r.before_response), doubt, "receipts that overtook it"),
        ("other bind", receipts(r.other_bind), doubt, "not the bind that sent the message"),
        ("other account", receipts(r.other_account), bad, "not the account that sent the message"),
        ("pending", pending, doubt, "not come out, and the deadline is not over"),
        (
            "untracked",
            untracked,
            doubt,
            "beyond upstream.outstanding_max; receipts of what is unexpected, or whose submit_sm_resp was lost with its connection, or without a message_id of their own in front",
        ),
        (
            "untracked in front",
            receipts(r.untracked_in_front),
            doubt,
            "came, and may be of a message that is untracked or has no message_id of its own",
        ),
    ]
}

/// What became of submits, receipts and MO.
fn books(through: &Through) -> Table {
    let header = "what | submit_sm | receipts | MO | <means";
    let mut table = Table::new("through-books", "The books of both sides", header);
    let lines = sound(through).into_iter().chain(unsound(through));
    for (name, counts, tone, says) in lines {
        if counts.iter().flatten().all(|n| *n == 0) {
            continue;
        }
        let cell = |n: Option<u64>| match n {
            None => Cell::default(),
            Some(0) => count(0),
            Some(n) => count(n).in_tone(tone),
        };
        let [submits, receipts, mo] = counts.map(cell);
        table.row([text(name), submits, receipts, mo, text(says)]);
    }
    let state = if through.balanced { "The books balance." } else { "The books do NOT balance." };
    table.note = format!("{state} Over the whole run, without the probes.");
    if let Some(answers) = answers(through.answers) {
        table.note += &format!(" {}", sentence(&answers));
    }
    table.without_empty_columns()
}

/// Transit times.
fn times(d: &Document) -> Table {
    let header = "transit | p50 | p90 | +p95 | p99 | p99.9 | +p99.99 | max | count | <of";
    let mut table = Table::new("through-times", "Transit times", header);
    for row in &TRANSITS {
        let Some(Some(latency)) = d.latency.through.get(row.name) else { continue };
        let mut cells = vec![text(row.name).with_small(row.says)];
        cells.extend(PERCENTILES.map(|(name, _)| percentile(latency, name)));
        cells.extend([longest(latency), count(latency.count), text(row.title)]);
        table.row(cells);
    }
    table.note = late(d).map_or(String::new(), sentence);
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
    let header = "behind | @in front | messages | front later by, mean | told by a receipt";
    let shown = |status: &Option<String>, none: &str| text(status.as_deref().unwrap_or(none));
    let row = |pair: &crate::report::document::StatusRow| {
        let none = if pair.came_out { "no answer" } else { "did not come out" };
        vec![
            shown(&pair.upstream, none),
            shown(&pair.front, "no answer"),
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

/// The time of day, to the millisecond, of a time in RFC 3339.
fn time_of_day(time: &str) -> &str {
    time.get("2026-01-01T".len().."2026-01-01T00:00:00.000".len()).unwrap_or(time)
}

fn examples(through: &Through) -> Table {
    let mut shown: Vec<&ThroughExample> = Vec::new();
    for example in &through.examples {
        if shown.iter().filter(|e| e.class == example.class).count() < EXAMPLES_SHOWN {
            shown.push(example);
        }
    }
    shown.sort_by_key(|example| example.class);
    let header = "class | @id in front | @id behind | session | <sent, UTC | <came out | <what";
    let row = |example: &&ThroughExample| {
        vec![
            text(example.class.name()),
            text(&example.front_id),
            text(&example.upstream_id),
            known(example.session.map(u64::from), Value::Count),
            text(time_of_day(&example.sent_at)),
            text(example.came_at.as_deref().map_or("", time_of_day)),
            text(&example.what),
        ]
    };
    let title = "Examples, to look up in the gateway's logs";
    Table::of("through-examples", title, header, &shown, row).without_empty_columns()
}
