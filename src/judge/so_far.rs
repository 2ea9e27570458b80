//! The judgement of a run in progress. It judges the part that all workers have reported; what is still in flight is
//! neither a success nor a failure.
use super::check::Check;
use super::events;
use super::gates::{Cells, GateInput, GateResult, in_order};
use super::health::{Health, HealthState};
use super::measured::Measured;
use super::name::Names;
use super::observed::observed;
use super::outcome::Outcome;
use super::steady::{AWAITED_GROWTH, SAMPLES_MIN, SLOPE_SAMPLES_MIN, Steady};
use super::verdict;
use crate::kit::HostUse;
use crate::measure::RunRecord;
use crate::plan::Plan;
use std::borrow::Cow;

/// What a run means so far.
#[derive(Clone, Debug)]
pub struct SoFar {
    /// The harness, without the host's counters, which are read at the end.
    pub health: Health,
    /// None: a closed loop.
    pub outcome: Option<Outcome>,
    /// The check that decides the outcome: the first that failed, else the first undecided one.
    pub worst: Option<Check>,
    /// The plan's gates, in its order.
    pub gates: Vec<GateResult>,
}

impl SoFar {
    /// Judges a record whose rows are settled. None: no message was written in a measured stage yet.
    pub fn of(plan: &Plan, record: &RunRecord) -> Option<SoFar> {
        let mut measured = Measured::of(plan, record);
        if measured.tally().written == 0 {
            return None;
        }
        let health = Health::of(plan, record, &measured, &HostUse::default());
        let mut steady = Steady::of(plan, record, &measured);
        let samples = steady.samples;
        for check in &mut steady.growths {
            // queues fill at the start of a load, and receipts are awaited for long
            let needed =
                if check.check == AWAITED_GROWTH { SAMPLES_MIN } else { SLOPE_SAMPLES_MIN };
            if samples < needed && check.failed() {
                check.ok = None;
            }
        }
        let whole = measured.cell.tally.clone();
        let settled = &mut measured.cell.tally;
        settled.written -= whole.in_flight();
        settled.planned = settled.planned.saturating_sub(whole.in_flight() + whole.unwritten());
        let checks = verdict::checks(plan, &measured);
        let outcome = verdict::outcome(&measured, &health, &steady, &checks);
        measured.cell.tally = whole;
        let worst = worst(outcome, &health, checks.into_iter().chain(steady.growths));
        let gates = gates(plan, record, &measured, health.state, outcome);
        Some(SoFar { health, outcome, worst, gates })
    }
}

fn worst(
    outcome: Option<Outcome>,
    health: &Health,
    mut checks: impl Iterator<Item = Check>,
) -> Option<Check> {
    match outcome? {
        Outcome::Sustained => None,
        Outcome::NotSustained => checks.find(Check::failed),
        Outcome::InconclusiveHarness => health.failures().next().cloned(),
        Outcome::InconclusiveNoise => checks.find(|check| check.ok.is_none()),
    }
}

fn gates(
    plan: &Plan,
    record: &RunRecord,
    measured: &Measured,
    harness: HealthState,
    outcome: Option<Outcome>,
) -> Vec<GateResult> {
    if plan.gates.is_empty() {
        return Vec::new();
    }
    let input = GateInput {
        names: Names::of(plan),
        measured: Cow::Borrowed(measured),
        mo: measured.mo(record),
        cells: Cells::Record(plan, record),
        whole: Cow::Borrowed(&record.whole),
        rows: Cow::Borrowed(&record.intervals),
        workers: record.workers.len(),
        load_ended: record.load_ended,
        observed: in_order(&plan.observed_series(), &observed(plan, record, measured)),
        events: Cow::Owned(events::rows(plan, record)),
        through: None,
        cut_reason: record.cut_reason.as_ref().map(Cow::Borrowed),
        outcome,
        limiter: None,
        harness,
    };
    input.evaluate_so_far(&plan.gates)
}
