//! What became of a session, as its row of the result says.
use crate::measure::DownCause;
use crate::smpp::CommandStatus;
use std::fmt;

/// What became of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SessionOutcome {
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

impl fmt::Display for SessionOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SessionOutcome::NeverConnected => f.write_str("never connected"),
            SessionOutcome::NotTried => f.write_str("not tried"),
            SessionOutcome::Bound => f.write_str("bound"),
            SessionOutcome::Refused(status) => write!(f, "refused {status}"),
            SessionOutcome::Failed(why) => f.write_str(why),
            SessionOutcome::Lost(cause) => write!(f, "lost: {cause}"),
            SessionOutcome::UnboundBySmsc => f.write_str("unbind by the SMSC"),
            SessionOutcome::NoUnbindResp => f.write_str("no unbind_resp in time"),
            SessionOutcome::Unbound => f.write_str("unbound"),
        }
    }
}
