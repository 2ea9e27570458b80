//! One run: measured over sockets, judged, and its ledger checked. `run`, `duel` and `calibrate` share it.
use super::exit::{Exit, Failure, talk, warn};
use super::run_context::RunContext;
use crate::coordinator::RunError;
use crate::judge::{self, GateOutcome, GateResult, Judgement, Outcome, TallyCheck};
use crate::kit::{Clock, HostCounters, HostUse};
use crate::measure::{CutReason, EventOccurrence, Observer, RunRecord};
use crate::plan::Plan;
use crate::report::Saved;
use crate::smsc;
use crate::trial::Trial;

/// A run that has a record, with its judgement.
pub(super) struct FinishedRun {
    pub(super) record: RunRecord,
    pub(super) judgement: Judgement,
    pub(super) gates: Vec<GateResult>,
    pub(super) tally: Option<TallyCheck>,
}

/// Runs the plan once over sockets.
pub(super) fn once(
    context: &RunContext,
    trial: &mut dyn Trial,
    observer: &mut dyn Observer,
) -> Result<FinishedRun, RunError> {
    let host = HostMeter::start();
    let record = trial.run(&context.plan, observer)?;
    failed_commands(&context.plan, &record).iter().for_each(warn);
    Ok(FinishedRun::of(context, record, trial.tally(), &host.stop()))
}

/// A line for each command of an event that did not end well.
fn failed_commands(plan: &Plan, record: &RunRecord) -> Vec<String> {
    let failed = record.events.iter().filter_map(|o| Some((o, o.note.as_ref()?)));
    let line = |(o, why): (&EventOccurrence, &String)| {
        let event = &plan.events[usize::from(o.event)];
        let command = event.exec.first().map_or("", String::as_str);
        let at = o.from.as_secs_f64();
        format!("event {} at {at:.1} s: {command}: {why}", event.name)
    };
    failed.map(line).collect()
}

/// Measures what else used the machine during a run.
pub(super) struct HostMeter {
    before: HostCounters,
    began: crate::kit::Nanos,
}

impl HostMeter {
    pub(super) fn start() -> HostMeter {
        HostMeter { before: HostCounters::read(), began: Clock::now() }
    }
    pub(super) fn stop(&self) -> HostUse {
        HostUse::between(&self.before, &HostCounters::read(), Clock::now().since(self.began))
    }
}

impl FinishedRun {
    /// Judges a record.
    pub(super) fn of(
        context: &RunContext,
        record: RunRecord,
        tally: Option<&smsc::Tally>,
        host: &HostUse,
    ) -> FinishedRun {
        let judgement = judge::judge(&context.plan, &record, host);
        let gates = judge::evaluate(&context.plan, &record, &judgement);
        let tally = tally.map(|t| judge::against_tally(&record, &crate::trial::tally_view(t)));
        FinishedRun { record, judgement, gates, tally }
    }

    /// The run as it is saved.
    pub(super) fn saved(&self, context: &RunContext) -> Saved {
        Saved::of(&context.run(&self.record, &self.judgement, &self.gates, self.tally.as_ref()))
    }

    /// How the command ends where the run did not end as planned: its counts contradict each other, which is a bug of
    /// this tool, or it was cut short, and not by the operator's choice. None: it ended as planned.
    pub(super) fn ended_early(&self) -> Option<VerbResult> {
        self.contradiction().map(Err).or_else(|| match self.record.cut_reason.as_ref()? {
            CutReason::Interrupted => Some(Ok(Exit::Interrupted)),
            CutReason::Operator => None,
            CutReason::Gate(_) => Some(Ok(Exit::GateFailed)),
            reason @ CutReason::WorkerFailed(_) => Some(Err(Failure::internal(reason))),
            reason @ (CutReason::EveryBindLost
            | CutReason::ForeignTraffic(_)
            | CutReason::AgentLost(_)
            | CutReason::EveryAgentLost(_)
            | CutReason::OtherSide(_)
            | CutReason::NotOver(_)
            | CutReason::Said(_)) => {
                Some(Err(Failure::Of(Exit::EndedEarly, format!("ended early: {reason}"))))
            }
        })
    }

    fn contradiction(&self) -> Option<Failure> {
        let books = &self.judgement.books;
        if !books.balanced {
            for failure in &books.failures {
                talk(format!("the ledger does not balance: {failure}"));
            }
            let why = "the ledger does not balance: this is a bug, please report it";
            return Some(Failure::internal(why));
        }
        if self.record.through.as_deref().is_some_and(|through| !through.balanced) {
            let why = "the books of both sides of the gateway do not balance: this is a bug, please report it";
            return Some(Failure::internal(why));
        }
        let check = self.tally.as_ref().filter(|t| !t.agrees)?;
        for line in &check.lines {
            talk(line);
        }
        Some(Failure::internal(
            "the run does not agree with the simulator's tally: this is a bug, please report it",
        ))
    }

    /// How the command ends: an early end comes before the gates.
    ///
    /// # Errors
    /// The failure to report.
    pub(super) fn exit(&self, strict: bool) -> VerbResult {
        if let Some(ended) = self.ended_early() {
            return ended;
        }
        let inconclusive = is_inconclusive(self.judgement.outcome);
        Ok(match exit_of_gates(self.gates.iter().map(|gate| gate.outcome)) {
            Exit::Done if strict && inconclusive => Exit::NotTrustworthy,
            exit => exit,
        })
    }
}

/// Whether a run is inconclusive, because of its harness or of noise.
pub(super) fn is_inconclusive(outcome: Option<Outcome>) -> bool {
    matches!(outcome, Some(Outcome::InconclusiveHarness | Outcome::InconclusiveNoise))
}

/// How a command ends.
pub(super) type VerbResult = Result<Exit, Failure>;

/// The exit code of gates: that of the worst outcome.
pub(super) fn exit_of_gates(outcomes: impl Iterator<Item = GateOutcome>) -> Exit {
    let worst = |exit, outcome| match (exit, outcome) {
        (Exit::GateFailed, _) | (_, GateOutcome::Fail) => Exit::GateFailed,
        (Exit::NotTrustworthy, _) | (_, GateOutcome::Undecided) => Exit::NotTrustworthy,
        (exit, GateOutcome::Pass) => exit,
    };
    outcomes.fold(Exit::Done, worst)
}
