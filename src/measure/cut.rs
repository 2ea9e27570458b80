//! Why a run ended before its plan, and the text of each reason in result.json.
use std::fmt;

/// Why a run ended before its plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CutReason {
    /// A signal.
    Interrupted,
    /// The operator.
    Operator,
    /// A gate that failed for too long, with the text of the observer.
    Gate(String),
    /// All sessions were lost, and none was bound again.
    EveryBindLost,
    /// Foreign traffic off loopback, with its description.
    ForeignTraffic(String),
    /// An agent was lost, with its name and the reason.
    AgentLost(String),
    /// The last agent was lost, with its name and the reason.
    EveryAgentLost(String),
    /// A worker ended early, with its error where that is known.
    WorkerFailed(Option<String>),
    /// The other side of a duel ended, with its reason.
    OtherSide(String),
    /// The run has not ended: this was saved this number of seconds after its start.
    NotOver(u64),
    /// The text of a saved run that is none of the above.
    Said(String),
}

/// Prefixes of the reasons that have details.
const GATE: &str = "abort_on_fail";
const FOREIGN: &str = "foreign_traffic: ";
const AGENT: &str = "agent lost: ";
const EVERY_AGENT: &str = "every agent lost: ";
const WORKER: &str = "a worker failed";

impl fmt::Display for CutReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CutReason::Interrupted => f.write_str("interrupted"),
            CutReason::Operator => f.write_str("ended by the operator"),
            CutReason::Gate(words) | CutReason::Said(words) => f.write_str(words),
            CutReason::EveryBindLost => f.write_str("every bind lost"),
            CutReason::ForeignTraffic(what) => write!(f, "{FOREIGN}{what}"),
            CutReason::AgentLost(which) => write!(f, "{AGENT}{which}"),
            CutReason::EveryAgentLost(which) => write!(f, "{EVERY_AGENT}{which}"),
            CutReason::WorkerFailed(Some(fault)) => write!(f, "{WORKER}: {fault}"),
            CutReason::WorkerFailed(None) => f.write_str(WORKER),
            CutReason::OtherSide(why) => write!(f, "the other side ended: {why}"),
            CutReason::NotOver(seconds) => {
                write!(f, "not over: this was saved {seconds} s after the start")
            }
        }
    }
}

/// From the text in a saved run.
impl From<&str> for CutReason {
    fn from(words: &str) -> CutReason {
        let behind = |head: &str| words.strip_prefix(head).map(str::to_owned);
        let plain = [CutReason::Interrupted, CutReason::Operator, CutReason::EveryBindLost];
        if let Some(reason) = plain.into_iter().find(|reason| reason.to_string() == words) {
            return reason;
        }
        if words.starts_with(GATE) {
            return CutReason::Gate(words.to_owned());
        }
        behind(FOREIGN)
            .map(CutReason::ForeignTraffic)
            .or_else(|| behind(AGENT).map(CutReason::AgentLost))
            .or_else(|| behind(EVERY_AGENT).map(CutReason::EveryAgentLost))
            .or_else(|| {
                let fault = behind(WORKER)?;
                Some(CutReason::WorkerFailed(fault.strip_prefix(": ").map(str::to_owned)))
            })
            .unwrap_or_else(|| CutReason::Said(words.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_read_back_from_its_text() {
        for (reason, words) in [
            (CutReason::Interrupted, "interrupted"),
            (CutReason::Operator, "ended by the operator"),
            (CutReason::Gate("abort_on_fail: x was broken".into()), "abort_on_fail: x was broken"),
            (CutReason::EveryBindLost, "every bind lost"),
            (CutReason::ForeignTraffic("an MO".into()), "foreign_traffic: an MO"),
            (CutReason::AgentLost("a1 vanished".into()), "agent lost: a1 vanished"),
            (CutReason::EveryAgentLost("a1 left".into()), "every agent lost: a1 left"),
            (CutReason::WorkerFailed(None), "a worker failed"),
            (CutReason::WorkerFailed(Some("it panicked".into())), "a worker failed: it panicked"),
            (CutReason::Said("not over: ...".into()), "not over: ..."),
        ] {
            assert_eq!(reason.to_string(), words);
            assert_eq!(CutReason::from(words), reason);
        }
        let other = CutReason::OtherSide("interrupted".into());
        assert_eq!(other.to_string(), "the other side ended: interrupted");
        let saved = CutReason::NotOver(7).to_string();
        assert_eq!(saved, "not over: this was saved 7 s after the start");
    }
}
