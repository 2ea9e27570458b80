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

const GATE: &str = "abort_on_fail";
const NOT_OVER: &str = "not over: this was saved ";
const NOT_OVER_END: &str = " s after the start";

impl CutReason {
    /// The reason without its particulars: `agent lost`.
    pub fn brief(&self) -> &str {
        match self {
            CutReason::Interrupted => "interrupted",
            CutReason::Operator => "ended by the operator",
            CutReason::Gate(_) => GATE,
            CutReason::EveryBindLost => "every bind lost",
            CutReason::ForeignTraffic(_) => "foreign_traffic",
            CutReason::AgentLost(_) => "agent lost",
            CutReason::EveryAgentLost(_) => "every agent lost",
            CutReason::WorkerFailed(_) => "a worker failed",
            CutReason::OtherSide(_) => "the other side ended",
            CutReason::NotOver(_) => "not over",
            CutReason::Said(words) => words,
        }
    }
}

impl fmt::Display for CutReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CutReason::Gate(words) | CutReason::Said(words) => f.write_str(words),
            CutReason::NotOver(seconds) => write!(f, "{NOT_OVER}{seconds}{NOT_OVER_END}"),
            CutReason::ForeignTraffic(particulars)
            | CutReason::AgentLost(particulars)
            | CutReason::EveryAgentLost(particulars)
            | CutReason::WorkerFailed(Some(particulars))
            | CutReason::OtherSide(particulars) => write!(f, "{}: {particulars}", self.brief()),
            CutReason::Interrupted
            | CutReason::Operator
            | CutReason::EveryBindLost
            | CutReason::WorkerFailed(None) => f.write_str(self.brief()),
        }
    }
}

/// From the text in a saved run.
impl From<&str> for CutReason {
    fn from(words: &str) -> CutReason {
        if words.starts_with(GATE) {
            return CutReason::Gate(words.to_owned());
        }
        if let Some(seconds) =
            words.strip_prefix(NOT_OVER).and_then(|s| s.strip_suffix(NOT_OVER_END))
        {
            return seconds.parse().map_or(CutReason::Said(words.to_owned()), CutReason::NotOver);
        }
        let particulars = words.split_once(": ").map_or("", |(_, rest)| rest).to_owned();
        let known = [
            CutReason::Interrupted,
            CutReason::Operator,
            CutReason::EveryBindLost,
            CutReason::WorkerFailed(None),
            CutReason::ForeignTraffic(particulars.clone()),
            CutReason::AgentLost(particulars.clone()),
            CutReason::EveryAgentLost(particulars.clone()),
            CutReason::WorkerFailed(Some(particulars.clone())),
            CutReason::OtherSide(particulars),
        ];
        let spelled = known.into_iter().find(|reason| reason.to_string() == words);
        spelled.unwrap_or_else(|| CutReason::Said(words.to_owned()))
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
            (CutReason::OtherSide("interrupted".into()), "the other side ended: interrupted"),
            (CutReason::NotOver(7), "not over: this was saved 7 s after the start"),
            (CutReason::Said("not over: ...".into()), "not over: ..."),
        ] {
            assert_eq!(reason.to_string(), words);
            assert_eq!(CutReason::from(words), reason);
        }
    }

    #[test]
    fn a_brief_reason_leaves_out_the_particulars() {
        for (reason, brief) in [
            (CutReason::AgentLost("a1 vanished".into()), "agent lost"),
            (CutReason::Gate("abort_on_fail: x was broken".into()), "abort_on_fail"),
            (CutReason::Said("a storm: of one kind".into()), "a storm: of one kind"),
        ] {
            assert_eq!(reason.brief(), brief);
        }
    }
}
