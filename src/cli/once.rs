//! One run: measured over sockets, judged, and held to its books. What `run`, `duel` and `calibrate` share.
use super::exit::{Exit, fail, say};
use super::facts::Facts;
use crate::coordinator::{RunError, WORKER_FAILED};
use crate::judge::{self, GateOutcome, GateResult, Judgement, Outcome, TallyCheck};
use crate::kit::{Clock, HostCounters, HostUse};
use crate::measure::{ENDED_BY_OPERATOR, Observer, RunRecord};
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
        match self.record.cut_reason.as_deref()? {
            "interrupted" => Some(Exit::Interrupted),
            ENDED_BY_OPERATOR => None,
            reason if reason.starts_with("abort_on_fail") => Some(Exit::GateFailed),
            reason if reason.starts_with(WORKER_FAILED) => Some(fail(Exit::Internal, reason)),
            reason => Some(fail(Exit::EndedEarly, &format!("ended early: {reason}"))),
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
    let lines = gathered(&text);
    for line in lines.iter().take(5) {
        fail(exit, line);
    }
    if lines.len() > 5 {
        say(&format!("smppbench: … and {} more sessions", lines.len() - 5));
    }
    exit
}

/// A line a session, or one for all where all say the same: thousands may.
fn gathered(text: &str) -> Vec<String> {
    let reason = |line: &str| {
        let told = line.strip_prefix("session ").and_then(|rest| rest.split_once(": "));
        told.map(|(_, why)| why.to_owned())
    };
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.first().and_then(|line| reason(line));
    match first {
        Some(why) if lines.len() > 1 && lines.iter().all(|l| reason(l).as_ref() == Some(&why)) => {
            vec![format!("all {} sessions: {why}", lines.len())]
        }
        Some(_) | None => lines.into_iter().map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sessions_that_all_say_the_same_share_one_line() {
        let gathered = super::gathered;
        let same = "session 0: refused\nsession 1: refused";
        assert_eq!(gathered(same), ["all 2 sessions: refused"]);
        let mixed = "session 0: refused\nsession 1: closed";
        assert_eq!(gathered(mixed), ["session 0: refused", "session 1: closed"]);
        assert_eq!(gathered("session 7: refused"), ["session 7: refused"]);
        assert_eq!(gathered("profile: no"), ["profile: no"]);
    }
}
