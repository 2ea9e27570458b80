//! Groups of a document: the same figures by account, label, stage, coding and number of parts; and refusals by their
//! status.
use super::super::Run;
use super::super::document::{Group, LatencyRow, Table};
use super::{figures, ledger};
use crate::judge::{Scope, is_measured, is_of_measured_stage, stage_spans};
use crate::measure::{CellInterval, CellKey, LATENCY_METRICS, Metric};
use crate::smpp::CommandStatus;
use std::collections::HashSet;

/// Most groups of one kind; the rest is `other`.
const GROUPS_MAX: usize = 64;

/// The name of a cell's group; None: it belongs to none.
type GroupOf<'a> = &'a dyn Fn(&CellKey) -> Option<String>;

/// One kind of group: its name, and the group of each cell.
struct Kind<'a> {
    by: &'static str,
    of: GroupOf<'a>,
}

/// Every group that has a cell. Ledger: the whole run; rates, ratios and latencies: measured messages
/// (of a stage: its own undisturbed ones, measured or not; of the disturbed time: its own, of measured stages).
pub(super) fn all(run: &Run<'_>) -> Vec<Group> {
    let (plan, at) = (run.plan, |number: u16| usize::from(number));
    let label = |k: &CellKey| run.labels.get(at(k.label));
    let time = |k: &CellKey| if k.disturbed { "disturbed" } else { "undisturbed" };
    let kinds: [(&'static str, GroupOf<'_>); 6] = [
        ("account", &|k| plan.accounts.get(at(k.account)).map(|a| a.name.clone())),
        ("label", &|k| plan.messages.get(at(k.label)).map(|m| m.label.clone())),
        ("stage", &|k| plan.stages.get(at(k.stage)).map(|s| s.name.clone())),
        ("coding", &|k| label(k).map(|l| l.coding.clone())),
        ("parts", &|k| label(k).map(|l| l.parts.to_string())),
        ("time", &|k| (!plan.events.is_empty()).then(|| time(k).to_owned())),
    ];
    let kinds = kinds.map(|(by, of)| Kind { by, of });
    kinds.iter().flat_map(|kind| of_kind(run, kind)).chain(refusals(run)).collect()
}

/// Refusals by status, most frequent first.
fn refusals(run: &Run<'_>) -> Vec<Group> {
    let measured = &run.judgement.measured;
    let whole = run.record.sum(|_| true);
    let mut statuses: Vec<(u32, u64)> = whole
        .rejected_by_status
        .iter()
        .map(|(status, latency)| (*status, latency.sample_count()))
        .collect();
    statuses.sort_by_key(|(status, count)| (std::cmp::Reverse(*count), *status));
    let refused = |(status, count): (u32, u64)| {
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
        group("status", &name, &counted(count), &scope, latency.collect())
    };
    statuses.into_iter().map(refused).collect()
}

fn of_kind(run: &Run<'_>, kind: &Kind<'_>) -> Vec<Group> {
    let mut seen: HashSet<String> = HashSet::new();
    let all = run.record.cells.iter().filter_map(|(key, _)| (kind.of)(key));
    let mut names: Vec<String> = all.filter(|name| seen.insert(name.clone())).collect();
    let beyond: HashSet<String> =
        names.split_off(names.len().min(GROUPS_MAX)).into_iter().collect();
    let mut groups: Vec<Group> = names
        .iter()
        .map(|name| one(run, kind, name, &|key| (kind.of)(key).as_ref() == Some(name)))
        .collect();
    if !beyond.is_empty() {
        let rest = |key: &CellKey| (kind.of)(key).is_some_and(|name| beyond.contains(&name));
        groups.push(one(run, kind, "other", &rest));
    }
    groups
}

fn one(run: &Run<'_>, kind: &Kind<'_>, name: &str, wanted: &dyn Fn(&CellKey) -> bool) -> Group {
    let (plan, record) = (run.plan, run.record);
    let measured = &run.judgement.measured;
    let whole = record.sum(wanted);
    let (cell, seconds) = if kind.by == "stage" {
        let number = plan.stages.iter().position(|s| s.name == name);
        let span = number.and_then(|n| stage_spans(plan).get(n).copied());
        let seconds =
            span.map(|(from, to)| measured.undisturbed_seconds(from, to.min(record.load_ended)));
        let cell = record.sum(|k| wanted(k) && !k.disturbed);
        (cell, seconds.unwrap_or(measured.seconds()))
    } else if kind.by == "time" && name == "disturbed" {
        let cell = record.sum(|k| wanted(k) && is_of_measured_stage(plan, k));
        (cell, measured.disturbed.as_secs_f64())
    } else {
        (record.sum(|k| wanted(k) && is_measured(plan, k)), measured.seconds())
    };
    let scope = Scope::group(measured, &cell.tally, seconds);
    let latency = LATENCY_METRICS.iter().filter(|row| row.per_message).map(|row| {
        let defined = figures::is_defined(row, measured.closed);
        let value = defined.then(|| figures::latency_row(cell.metric(row.metric)));
        (row.name.to_owned(), value)
    });
    group(kind.by, name, &whole, &scope, latency.collect())
}

/// A group: its ledger from the whole run, its figures from its measured messages.
fn group(
    by: &str,
    name: &str,
    whole: &CellInterval,
    scope: &Scope<'_>,
    latency: Table<Option<LatencyRow>>,
) -> Group {
    Group {
        by: by.to_owned(),
        name: name.to_owned(),
        ledger: ledger::group(whole),
        rate: figures::figures("rate", scope),
        ratio: figures::figures("ratio", scope),
        latency,
        measured: figures::counters(scope.tally),
    }
}
