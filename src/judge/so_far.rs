//! The judgement of a run in progress. It judges the part that all workers have reported; what is still in flight is
//! neither a success nor a failure.
use super::check::{About, Check};
use super::gates::{GateInput, GateResult};
use super::judgement::{Judgement, judge_measured};
use super::measured::Measured;
use super::outcome::Outcome;
use super::steady::{AWAITED_GROWTH, SAMPLES_MIN, SLOPE_SAMPLES_MIN, Steady};
use crate::kit::HostUse;
use crate::measure::RunRecord;
use crate::plan::Plan;

/// What a run means so far.
#[derive(Clone, Debug)]
pub struct SoFar {
    /// Without the host's counters, which are read at the end.
    pub judgement: Judgement,
    /// The check that decides the outcome: the first that failed, else the first undecided one.
    pub worst: Option<Check>,
    /// The plan's gates, in its order.
    pub gates: Vec<GateResult>,
}

impl SoFar {
    /// Judges a record whose rows are settled.
    pub fn of(plan: &Plan, record: &RunRecord) -> SoFar {
        let measured = Measured::of(plan, record);
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
        let mut settled = measured.tally().clone();
        let (in_flight, unwritten) = (settled.in_flight(), settled.unwritten());
        settled.written -= in_flight;
        settled.planned = settled.planned.saturating_sub(in_flight + unwritten);
        let host = HostUse::default();
        let judgement = judge_measured(plan, record, &host, measured, steady, settled);
        let worst = worst(&judgement);
        let gates = GateInput::of(plan, record, &judgement).evaluate_so_far(&plan.gates);
        SoFar { judgement, worst, gates }
    }

    /// Whether a message was written in a measured stage: before, there is nothing to say.
    pub fn has_begun(&self) -> bool {
        self.judgement.measured.tally().written > 0
    }
}

fn worst(judgement: &Judgement) -> Option<Check> {
    let reasons = || {
        judgement.reasons.iter().filter(|check| matches!(check.about, About::Smsc | About::Growth))
    };
    match judgement.outcome? {
        Outcome::Sustained => None,
        Outcome::NotSustained => reasons().find(|check| check.failed()).cloned(),
        Outcome::InconclusiveHarness => judgement.health.failures().next().cloned(),
        Outcome::InconclusiveNoise => reasons().find(|check| check.ok.is_none()).cloned(),
    }
}
