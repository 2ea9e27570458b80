//! One run: measured over sockets, judged, and held to its books. What `run`, `duel` and `calibrate` share.
use super::exit::{Exit, Failure, talk};
use super::facts::Facts;
use crate::coordinator::RunError;
use crate::judge::{self, GateOutcome, GateResult, Judgement, Outcome, TallyCheck};
use crate::kit::{Clock, HostCounters, HostUse};
use crate::measure::{CutReason, Observer, RunRecord};
use crate::report::Saved;
use crate::smsc;
use crate::trial::Trial;

/// A run that has a record, and what it means.
pub(super) struct Done {
    pub(super) record: RunRecord,
    pub(super) judgement: Judgement,
    pub(super) gates: Vec<GateResult>,
    pub(super) tally: Option<TallyCheck>,
}

/// Runs the plan once over sockets.
pub(super) fn once(
    facts: &Facts,
    trial: &mut dyn Trial,
    observer: &mut dyn Observer,
) -> Result<Done, RunError> {
    let host = HostMeter::start();
    let record = trial.run(&facts.plan, observer)?;
    Ok(Done::of(facts, record, trial.tally(), &host.stop()))
}

/// What else used the machine meanwhile.
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

impl Done {
    /// Judges a record.
    pub(super) fn of(
        facts: &Facts,
        record: RunRecord,
        tally: Option<&smsc::Tally>,
        host: &HostUse,
    ) -> Done {
        let judgement = judge::judge(&facts.plan, &record, host);
        let gates = judge::evaluate(&facts.plan, &record, &judgement);
        let tally = tally.map(|t| judge::against_tally(&record, &crate::trial::tally_view(t)));
        Done { record, judgement, gates, tally }
    }

    /// As it is kept.
    pub(super) fn saved(&self, facts: &Facts) -> Saved {
        Saved::of(&facts.run(&self.record, &self.judgement, &self.gates, self.tally.as_ref()))
    }

    /// What went wrong with it, if anything did: books that do not balance are a bug of this tool, and a run may be
    /// cut short otherwise than its operator wanted.
    pub(super) fn cut(&self) -> Option<Ended> {
        self.bug().map(Err).or_else(|| match self.record.cut_reason.as_ref()? {
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

    fn bug(&self) -> Option<Failure> {
        let books = &self.judgement.books;
        if !books.balanced {
            for failure in &books.failures {
                talk(format!("the books do not balance: {failure}"));
            }
            let why = "the books do not balance: this is a bug, please report it";
            return Some(Failure::internal(why));
        }
        let check = self.tally.as_ref().filter(|t| !t.agrees)?;
        for line in &check.lines {
            talk(line);
        }
        Some(Failure::internal("the run does not agree with the simulator's tally: a bug"))
    }

    /// How the command ends: what went wrong most comes first.
    ///
    /// # Errors
    /// What is to be said of it.
    pub(super) fn exit(&self, strict: bool) -> Ended {
        if let Some(ended) = self.cut() {
            return ended;
        }
        let inconclusive = is_inconclusive(self.judgement.outcome);
        Ok(match exit_of_gates(self.gates.iter().map(|gate| gate.outcome)) {
            Exit::Done if strict && inconclusive => Exit::NotTrustworthy,
            exit => exit,
        })
    }
}

/// Whether a run says nothing of the SMSC, for its harness or for its noise.
pub(super) fn is_inconclusive(outcome: Option<Outcome>) -> bool {
    matches!(outcome, Some(Outcome::InconclusiveHarness | Outcome::InconclusiveNoise))
}

/// How a command ends.
pub(super) type Ended = Result<Exit, Failure>;

/// The code that gates earn: the worst of theirs.
pub(super) fn exit_of_gates(outcomes: impl Iterator<Item = GateOutcome>) -> Exit {
    let worst = |exit, outcome| match (exit, outcome) {
        (Exit::GateFailed, _) | (_, GateOutcome::Fail) => Exit::GateFailed,
        (Exit::NotTrustworthy, _) | (_, GateOutcome::Undecided) => Exit::NotTrustworthy,
        (exit, GateOutcome::Pass) => exit,
    };
    outcomes.fold(Exit::Done, worst)
}
