//! One run: measured over sockets, judged, and held to its books. What `run`, `duel` and `calibrate` share.
use super::exit::{Exit, fail, say};
use super::facts::Facts;
use crate::coordinator::RunError;
use crate::judge::{self, GateOutcome, GateResult, Judgement, Outcome, TallyCheck};
use crate::kit::{Clock, HostCounters, HostUse};
use crate::measure::{CutReason, Observer, RunRecord};
use crate::report::Saved;
use crate::smsc;
use crate::trial::Trial;
use std::collections::HashMap;

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

    /// A bug of this tool: books that do not balance, or not with the simulator's.
    pub(super) fn bug(&self) -> Option<Exit> {
        let books = &self.judgement.books;
        if !books.balanced {
            for failure in &books.failures {
                say(&format!("smppbench: the books do not balance: {failure}"));
            }
            let why = "the books do not balance: this is a bug, please report it";
            return Some(fail(Exit::Internal, why));
        }
        let check = self.tally.as_ref().filter(|t| !t.agrees)?;
        for line in &check.lines {
            say(&format!("smppbench: {line}"));
        }
        Some(fail(Exit::Internal, "the run does not agree with the simulator's tally: a bug"))
    }

    /// How it was cut short; None: it was not, or as its operator wanted.
    pub(super) fn cut(&self) -> Option<Exit> {
        match self.record.cut_reason.as_ref()? {
            CutReason::Interrupted => Some(Exit::Interrupted),
            CutReason::Operator => None,
            CutReason::Gate(_) => Some(Exit::GateFailed),
            reason @ CutReason::WorkerFailed(_) => Some(fail(Exit::Internal, &reason.to_string())),
            reason @ (CutReason::EveryBindLost
            | CutReason::ForeignTraffic(_)
            | CutReason::AgentLost(_)
            | CutReason::EveryAgentLost(_)
            | CutReason::OtherSide(_)
            | CutReason::NotOver(_)
            | CutReason::Said(_)) => {
                Some(fail(Exit::EndedEarly, &format!("ended early: {reason}")))
            }
        }
    }

    /// The exit code that a run earned: what went wrong most comes first.
    pub(super) fn exit(&self, strict: bool) -> Exit {
        if let Some(exit) = self.bug().or_else(|| self.cut()) {
            return exit;
        }
        let any = |outcome| self.gates.iter().any(|g| g.outcome == outcome);
        if any(GateOutcome::Fail) {
            return Exit::GateFailed;
        }
        if any(GateOutcome::Undecided) {
            return Exit::NotTrustworthy;
        }
        let inconclusive = matches!(
            self.judgement.outcome,
            Some(Outcome::InconclusiveHarness | Outcome::InconclusiveNoise)
        );
        if strict && inconclusive { Exit::NotTrustworthy } else { Exit::Done }
    }
}

/// Says why there is no record, and with which code.
pub(super) fn refuse(e: &RunError) -> Exit {
    let exit = match e {
        RunError::Plan(_) | RunError::Refused(_) => Exit::Usage,
        RunError::CannotBind(_) | RunError::Fleet(_) => Exit::CannotBind,
        RunError::Io(_) | RunError::Worker(_) => Exit::Internal,
        RunError::Killed => Exit::Interrupted,
    };
    let text = e.to_string();
    let sessions = match e {
        RunError::CannotBind(failure) => failure.bound + failure.sessions.len() as u64,
        _ => 0,
    };
    let lines = gathered(&text, sessions);
    for line in lines.iter().take(5) {
        fail(exit, line);
    }
    if lines.len() > 5 {
        say(&format!("smppbench: … and {} more causes", lines.len() - 5));
    }
    exit
}

/// A line for each thing that was said, and of how many of all `sessions`: thousands may say the same.
fn gathered(text: &str, sessions: u64) -> Vec<String> {
    // (what is said, by how many sessions, the first line)
    let mut said: Vec<(&str, u64, &str)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for line in text.lines() {
        let told = line.strip_prefix("session ").and_then(|rest| rest.split_once(": "));
        let why = told.map_or(line, |(_, why)| why);
        let place = *places.entry(why).or_insert(said.len());
        match said.get_mut(place) {
            Some(known) => known.1 += 1,
            None => said.push((why, 1, line)),
        }
    }
    let sessions = sessions.max(said.iter().map(|s| s.1).sum());
    let line = |(why, count, line): (&str, u64, &str)| match count {
        1 => line.to_owned(),
        all if all == sessions => format!("all {all} sessions: {why}"),
        some => format!("{some} of {sessions} sessions: {why}"),
    };
    said.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn sessions_that_all_say_the_same_share_one_line() {
        let gathered = super::gathered;
        let same = "session 0: refused\nsession 1: refused";
        assert_eq!(gathered(same, 2), ["all 2 sessions: refused"]);
        assert_eq!(gathered(same, 10), ["2 of 10 sessions: refused"]);
        let mixed = "session 0: refused\nsession 1: closed";
        assert_eq!(gathered(mixed, 4), ["session 0: refused", "session 1: closed"]);
        let mixed = "session 0: refused\nsession 1: closed\nsession 5: refused";
        assert_eq!(gathered(mixed, 3), ["2 of 3 sessions: refused", "session 1: closed"]);
        assert_eq!(gathered("session 7: refused", 9), ["session 7: refused"]);
        assert_eq!(gathered("profile: no", 0), ["profile: no"]);
    }
}
