//! Tables: latencies, gates, statuses, anomalies, outages, stages, hours, groups, the
//! operator, the agents, the machine.
use super::note::Withheld;
use super::table::{
    Cell, SideBySide, Table, Tone, Value, count, known, moment, nanoseconds, rate, share, span,
    text, time, unless,
};
use crate::judge::PERCENTILES;
use crate::kit::words;
use crate::measure::{Anomaly, LATENCY_METRICS, Metric};
use crate::report::document::{
    Agent, Document, Group, Hour, LatencyRow, ManualRateChange, Outage, StageRow, StatusCount,
};
use std::collections::HashSet;

/// A percentile with its interval.
pub(super) fn percentile(row: &LatencyRow, name: &str) -> Cell {
    let value = row.percentile(name);
    let show = |ns: u64| Value::Time(ns).to_string();
    let cell = Cell::from(match value {
        (Some(ns), _) => Value::Time(ns),
        (None, Some(bound)) => Value::AtLeast(bound),
        (None, None) => Value::Unknown,
    });
    cell.with_small(match (value.0, row.ci.get(name).copied().flatten()) {
        (Some(_), Some([Some(low), Some(high)])) => format!("{} … {}", show(low), show(high)),
        (Some(_), Some([Some(low), None])) => format!("{} …", show(low)),
        _ => String::new(),
    })
}

/// The longest value; a bound of it where a message never had its answer or receipt.
pub(super) fn longest(row: &LatencyRow) -> Cell {
    if row.censored == 0 {
        return time(row.max);
    }
    let bounds = PERCENTILES.iter().filter_map(|(name, _)| row.percentile(name).1);
    known(bounds.chain(row.max).max(), Value::AtLeast)
}

/// The number of a run, where there are several.
fn number(runs: &[&Document], number: usize) -> Option<usize> {
    (runs.len() > 1).then_some(number)
}

/// The latencies that may be shown of every run, one run under the other where there are several.
pub(crate) fn latencies(runs: &[&Document]) -> Table {
    let run = if runs.len() > 1 { " | @run" } else { "" };
    let header =
        format!("time{run} | p50 | p90 | +p95 | p99 | p99.9 | +p99.99 | max | count | censored");
    let mut table = Table::new("latency", "Percentiles", &header);
    for metric in &LATENCY_METRICS {
        let mut says = metric.says;
        for (n, d) in runs.iter().enumerate() {
            let Some(Some(row)) = d.latency.get(metric.name) else { continue };
            // most sockets take every write at once
            let says_nothing = metric.metric == Metric::WriteWait && row.max == Some(0);
            let withheld = Withheld::metric(&d.verdict, metric.metric).is_some();
            if row.count + row.censored == 0 || says_nothing || withheld {
                continue;
            }
            let mut cells = vec![text(metric.title).with_small(std::mem::take(&mut says))];
            cells.extend(number(runs, n).map(|n| text(&d.run.id).of_run(Some(n))));
            cells.extend(PERCENTILES.map(|(name, _)| percentile(row, name)));
            cells.extend([longest(row), count(row.count)]);
            cells.push(match row.censored {
                0 => Cell::default(),
                n => count(n).in_tone(Tone::Warn),
            });
            table.row(cells);
        }
    }
    table.note = "Small figures: the 95 % interval of the percentile. “–”: fewer than ten messages lie beyond the percentile. \
                  Censored: messages without an answer or receipt; the sample has them as “at least this long”."
        .to_owned();
    table.without_empty_columns()
}

/// The gates of every run.
pub(crate) fn gates(runs: &[&Document]) -> Table {
    let mut table = Table::new("gates", "Gates", "gate | <wanted | found | outcome | <why");
    for (n, d) in runs.iter().enumerate() {
        for gate in &d.gates {
            let number = number(runs, n);
            let of = if number.is_some() { d.run.id.as_str() } else { "" };
            table.row([
                text(&gate.name).with_small(of).of_run(number),
                text(&gate.expression),
                text(gate.shows()),
                Cell::from(Value::Marked(gate.word())).in_tone(gate.tone()),
                gate.why.as_ref().map_or(Cell::default(), text),
            ]);
        }
    }
    table
}

fn code(code: Option<u32>) -> String {
    code.map_or(String::new(), |code| format!("0x{code:08X}"))
}

/// Answers by command_status, the most frequent first.
pub(crate) fn statuses(d: &Document) -> Table {
    let total = d.statuses.iter().map(|s| s.count).sum::<u64>().max(1) as f64;
    let mut rows: Vec<&StatusCount> = d.statuses.iter().collect();
    rows.sort_by_key(|s| (std::cmp::Reverse(s.count), s.code));
    let row = |status: &&StatusCount| {
        let name = status.name.as_deref().unwrap_or("not in the specification");
        let share = share(status.count as f64 / total);
        vec![text(name), text(code(status.code)), count(status.count), share]
    };
    let header = "command_status | @code | answers | share";
    let mut table = Table::of("status-table", "Answers by command_status", header, &rows, row);
    const SHOWN: usize = 10;
    let refused = rows.iter().any(|s| s.code != Some(0));
    table.brief = if refused { SHOWN } else { 0 };
    table
}

/// The same of several runs.
pub(crate) fn statuses_side_by_side(runs: &[&Document]) -> Table {
    let title = "Answers by command_status";
    let mut table = SideBySide::new("statuses-side-by-side", title, "command_status", runs);
    let mut seen = HashSet::new();
    for status in runs.iter().flat_map(|d| &d.statuses).filter(|s| seen.insert(s.code)) {
        let label = status.name.clone().unwrap_or_else(|| code(status.code));
        table.row(&label, |d| {
            let same = d.statuses.iter().filter(|s| s.code == status.code);
            count(same.map(|s| s.count).sum())
        });
    }
    table.table
}

/// Rates and shares of several runs.
pub(crate) fn rates_side_by_side(runs: &[&Document]) -> Table {
    let mut table = SideBySide::new("rates", "Rates and shares of the measured time", "", runs);
    let withheld = |d: &Document| Withheld::figures(&d.verdict);
    let Some(first) = runs.first() else { return table.table };
    for (key, _) in first.rate.iter() {
        table.row(key, |d| unless(withheld(d), rate(d.rate.get(key).copied().flatten())));
    }
    for (key, _) in first.ratio.iter() {
        let share = |d: &Document| known(d.ratio.get(key).copied().flatten(), Value::Share);
        table.row(&key.replace('_', " "), |d| unless(withheld(d), share(d)));
    }
    table.table
}

pub(crate) fn anomalies(d: &Document) -> Table {
    const HEX_SHOWN: usize = 96;
    let header = "kind | count | %first example";
    Table::of("anomalies", "Anomalies", header, &d.anomalies, |anomaly: &Anomaly| {
        let mut hex: String = anomaly.example_hex.chars().take(HEX_SHOWN).collect();
        if anomaly.example_hex.chars().count() > HEX_SHOWN {
            hex.push('…');
        }
        vec![text(&anomaly.kind), count(anomaly.count), text(hex)]
    })
}

pub(crate) fn outages(d: &Document) -> Table {
    let header = "session | from | length | <cause | submit_sm lost | attempts to bind again";
    let mut table = Table::of("outages", "Outages", header, &d.outages, |outage: &Outage| {
        vec![
            text(outage.session.to_string()),
            moment(outage.from_s),
            outage.to_s.map_or(text("until the end"), |to| span(to - outage.from_s)),
            text(&outage.cause),
            count(outage.lost),
            count(u64::from(outage.attempts)),
        ]
    });
    if d.outages_more > 0 {
        let more = words::count(d.outages_more);
        table.note = format!("{} {more} more were only counted.", table.note);
    }
    table
}

pub(crate) fn agents(d: &Document) -> Table {
    let header =
        "<agent | <host | workers | sessions | clock known to ± | <state | lost | not sent";
    let agents = d.fleet.as_ref().map(|fleet| &fleet.agents[..]).unwrap_or_default();
    Table::of("agents", "Agents", header, agents, |agent: &Agent| {
        let state = match (&agent.lost_why, agent.lost_at_s) {
            (Some(why), Some(at)) => format!("{why} at {}", words::seconds(at)),
            (_, _) => agent.state.clone(),
        };
        vec![
            text(&agent.name),
            text(agent.host.as_deref().unwrap_or("–")),
            count(u64::from(agent.workers)),
            count(agent.sessions),
            time(agent.clock.before.as_ref().map(|fix| fix.uncertainty_ns)),
            text(state),
            count(agent.lost),
            count(agent.unsent),
        ]
    })
}

/// The figures of each stage; empty where they are withheld.
pub(crate) fn stages(d: &Document) -> Table {
    let shown = if Withheld::figures(&d.verdict).is_none() { &d.stages[..] } else { &[] };
    let retries = if d.ledger.lines.retries > 0 { " (with retries)" } else { "" };
    let header = format!(
        "stage | <rate | +from | length | measured | sent{retries} | accepted | rejected | service p50 | p99"
    );
    let cut = d.window.cut_reason.is_some();
    Table::of("stages", "Stages", &header, shown, |stage: &StageRow| {
        let (ran, planned) = (nanoseconds(stage.ran_s), nanoseconds(stage.to_s - stage.from_s));
        let length = match cut && ran < planned {
            true => text(format!("{} of {}", words::duration(ran), words::duration(planned))),
            false => Value::Time(planned).into(),
        };
        let per_second = |n: u64| rate((stage.ran_s > 0.0).then(|| n as f64 / stage.ran_s));
        vec![
            text(&stage.name),
            text(&stage.rate),
            moment(stage.from_s),
            length,
            text(if stage.measure { "yes" } else { "no" }),
            per_second(stage.written),
            per_second(stage.accepted),
            count(stage.rejected),
            time(stage.service_p50_ns),
            time(stage.service_p99_ns),
        ]
    })
}

pub(crate) fn operator(d: &Document) -> Table {
    let header = "at | <change | share of the plan's rate";
    Table::of("operator", "Changes by hand", header, &d.operator, |change: &ManualRateChange| {
        vec![moment(change.t_s), text(&change.what), share(change.factor)]
    })
}

pub(crate) fn hours(d: &Document) -> Table {
    let header = "hour | written | accepted | rejected | accepted a second | receipts | missing | \
                  response p50 | p99 | service p50 | p99 | receipt p50 | p99";
    let mut table = Table::new("hours", "Hour by hour", header);
    let clock = |s: f64| format!("{}:{:02}", s as u64 / 3600, s as u64 % 3600 / 60);
    let row = |(number, hour): (usize, &Hour)| {
        let from_to = format!("{} to {}", clock(hour.from_s), clock(hour.to_s));
        let mut cells = vec![text((number + 1).to_string()).with_small(from_to)];
        cells.extend([hour.written, hour.accepted, hour.rejected].map(count));
        cells.push(rate(Some(hour.accepted_per_s)));
        cells.extend([hour.receipts, hour.receipts_missing].map(count));
        cells.extend([hour.response_p50_ns, hour.response_p99_ns].map(time));
        cells.extend([hour.service_p50_ns, hour.service_p99_ns].map(time));
        cells.extend([hour.receipt_p50_ns, hour.receipt_p99_ns].map(time));
        cells
    };
    table.rows = d.hours.iter().enumerate().map(row).collect();
    table.note = caveat(d).to_owned();
    table
}

/// A caveat on times from the intended send; empty: none.
pub(crate) fn caveat(d: &Document) -> &'static str {
    match Withheld::metric(&d.verdict, Metric::Response) {
        Some(Withheld::Harness) => {
            "The harness did not keep up: these times include its own delays and are no result."
        }
        Some(Withheld::WorkPiledUp | Withheld::ReceiptsPiledUp) => {
            "Work piled up: times from the intended send grow with the length of the run."
        }
        None => "",
    }
}

/// The same figures by account, label, …; empty where they are withheld.
pub(crate) fn groups(d: &Document) -> Table {
    let header = "by | <name | written | accepted | rejected | receipts | missing | accepted a second | \
                  response p50 | p99 | service p50 | p99 | refusals p50 | p99";
    let title = "By account, label, stage, coding, parts and status";
    let mut table = Table::new("groups", title, header);
    let row = |group: &Group| {
        let (lines, receipts) = (&group.ledger.lines, &group.ledger.receipts);
        let times = [Metric::Response, Metric::Service, Metric::Rejected].map(|metric| {
            let row = group.latency.get(metric.name()).and_then(Option::as_ref);
            let withheld = Withheld::metric(&d.verdict, metric);
            ["p50", "p99"].map(|q| unless(withheld, time(row.and_then(|row| row.percentile(q).0))))
        });
        let mut cells = vec![text(&group.by), text(&group.name)];
        cells.extend([lines.written, lines.accepted, lines.rejected].map(count));
        cells.extend([receipts.final_, receipts.missing].map(count));
        cells.push(rate(group.rate.get("accepted").copied().flatten()));
        cells.extend(times.into_iter().flatten());
        cells
    };
    if Withheld::figures(&d.verdict).is_none() {
        table.rows = d.groups.iter().map(row).collect();
    }
    table
}
