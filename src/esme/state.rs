//! What became of a session, as its row of the result says.
use crate::measure::DownCause;
use crate::smpp::CommandStatus;
use std::fmt;

/// What became of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    NeverConnected,
    NotTried,
    Bound,
    Refused(CommandStatus),
    /// A connection that could not be made, or that we gave up: why.
    Failed(String),
    Lost(DownCause),
    UnboundBySmsc,
    NoUnbindResp,
    Unbound,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::NeverConnected => f.write_str("never connected"),
            State::NotTried => f.write_str("not tried"),
            State::Bound => f.write_str("bound"),
            State::Refused(status) => write!(f, "refused {status}"),
            State::Failed(why) => f.write_str(why),
            State::Lost(cause) => write!(f, "lost: {cause}"),
            State::UnboundBySmsc => f.write_str("unbind by the SMSC"),
            State::NoUnbindResp => f.write_str("no unbind_resp in time"),
            State::Unbound => f.write_str("unbound"),
        }
    }
}

impl std::fmt::Debug for super::Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core").field("worker", &self.worker).finish_non_exhaustive()
    }
}
