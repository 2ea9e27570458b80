//! Groups of a document: the same figures by account, label, stage, coding and number of parts; and refusals by their
//! status.
use super::super::Run;
use super::super::document;
use super::{figures, ledger};
use crate::judge::{Scope, is_measured, stage_spans};
use crate::measure::{CellInterval, CellKey, LATENCY_METRICS, Metric};
use crate::smpp::CommandStatus;
use std::collections::HashSet;

/// Groups of one kind that are told apart; what comes beyond is `other`.
const GROUPS_MAX: usize = 64;

/// The group of a cell; None: in none.
type GroupOf<'a> = Box<dyn Fn(&CellKey) -> Option<String> + 'a>;

/// One kind of group: its name, and which cells are in which group.
struct Kind<'a> {
    by: &'static str,
    of: GroupOf<'a>,
}

/// Every group that has a cell. Ledger: the whole run; rates, ratios and latencies: measured messages
/// (of a stage: its own, measured or not).
pub(super) fn all(run: &Run<'_>) -> Vec<document::Group> {
    let plan = run.plan;
    let kinds = [
        Kind {
            by: "account",
            of: Box::new(|k| plan.accounts.get(usize::from(k.account)).map(|a| a.name.clone())),
        },
        Kind {
            by: "label",
            of: Box::new(|k| plan.messages.get(usize::from(k.label)).map(|m| m.label.clone())),
        },
        Kind {
            by: "stage",
            of: Box::new(|k| plan.stages.get(usize::from(k.stage)).map(|s| s.name.clone())),
        },
        Kind {
            by: "coding",
            of: Box::new(|k| run.labels.get(usize::from(k.label)).map(|l| l.coding.clone())),
        },
        Kind {
            by: "parts",
            of: Box::new(|k| run.labels.get(usize::from(k.label)).map(|l| l.parts.to_string())),
        },
    ];
    kinds.iter().flat_map(|kind| of_kind(run, kind)).chain(refusals(run)).collect()
}

/// Refusals by status, most frequent first.
fn refusals(run: &Run<'_>) -> Vec<document::Group> {
    let measured = &run.judgement.measured;
    let whole = run.record.sum(|_| true);
    let mut statuses: Vec<(u32, u64)> = whole
        .rejected_by_status
        .iter()
        .map(|(status, latency)| (*status, latency.sample_count()))
        .collect();
    statuses.sort_by_key(|(status, count)| (std::cmp::Reverse(*count), *status));
    let group = |(status, count): (u32, u64)| {
        let found = measured.cell.rejected_by_status.iter().find(|(s, _)| *s == status);
        let counted = |count: u64| {
            let mut cell = CellInterval::new(run.record.range);
            let tally = &mut cell.tally;
            (tally.planned, tally.written, tally.rejected) = (count, count, count);
            cell
        };
        let cell = counted(found.map_or(0, |(_, latency)| latency.sample_count()));
        let scope = Scope::group(measured, &cell.tally, measured.seconds());
        let latency = LATENCY_METRICS.iter().filter(|row| row.per_message).map(|row| {
            let of = found.filter(|_| row.metric == Metric::Rejected);
            (row.name.to_owned(), of.map(|(_, latency)| figures::latency_row(latency)))
        });
        let name = match status {
            CellInterval::OTHER_STATUS => "other".to_owned(),
            status => CommandStatus(status).to_string(),
        };
        document::Group {
            by: "status".to_owned(),
            name,
            ledger: ledger::group(&counted(count)),
            measured: figures::counters(&cell.tally),
            rate: figures::figures("rate", &scope),
            ratio: figures::figures("ratio", &scope),
            latency: latency.collect(),
        }
    };
    statuses.into_iter().map(group).collect()
}

fn of_kind(run: &Run<'_>, kind: &Kind<'_>) -> Vec<document::Group> {
    let mut seen: HashSet<String> = HashSet::new();
    let all = run.record.cells.iter().filter_map(|(key, _)| (kind.of)(key));
    let mut names: Vec<String> = all.filter(|name| seen.insert(name.clone())).collect();
    let beyond: HashSet<String> =
        names.split_off(names.len().min(GROUPS_MAX)).into_iter().collect();
    let mut groups: Vec<document::Group> = names
        .iter()
        .map(|name| one(run, kind, name, &|key| (kind.of)(key).as_ref() == Some(name)))
        .collect();
    if !beyond.is_empty() {
        let rest = |key: &CellKey| (kind.of)(key).is_some_and(|name| beyond.contains(&name));
        groups.push(one(run, kind, "other", &rest));
    }
    groups
}

fn one(
    run: &Run<'_>,
    kind: &Kind<'_>,
    name: &str,
    wanted: &dyn Fn(&CellKey) -> bool,
) -> document::Group {
    let (plan, record) = (run.plan, run.record);
    let measured = &run.judgement.measured;
    let whole = record.sum(wanted);
    let (cell, seconds) = if kind.by == "stage" {
        let number = plan.stages.iter().position(|s| s.name == name);
        let span = number.and_then(|n| stage_spans(plan).get(n).copied());
        let seconds = span.map(|(from, to)| to.min(record.load_ended).since(from).as_secs_f64());
        (whole.clone(), seconds.unwrap_or(measured.seconds()))
    } else {
        (record.sum(|k| wanted(k) && is_measured(plan, k)), measured.seconds())
    };
    let scope = Scope::group(measured, &cell.tally, seconds);
    let latency = LATENCY_METRICS.iter().filter(|row| row.per_message).map(|row| {
        let defined = figures::is_defined(row, measured.closed);
        let value = defined.then(|| figures::latency_row(cell.metric(row.metric)));
        (row.name.to_owned(), value)
    });
    document::Group {
        by: kind.by.to_owned(),
        name: name.to_owned(),
        ledger: ledger::group(&whole),
        measured: figures::counters(&cell.tally),
        rate: figures::figures("rate", &scope),
        ratio: figures::figures("ratio", &scope),
        latency: latency.collect(),
    }
}
