//! One run over many machines. A lead calls for agents over NATS, relates their clocks, shares a plan out and
//! gathers their seconds; to what stands above it is a [`crate::coordinator::WorkerPool`] like any other.
//!
//! What decides is synchronous and takes time and connectedness as arguments: [`Lead`] and [`Agent`] read and
//! write letters. `link`, `leading` and `serving` carry them; they know NATS, and nothing else does.
mod agent;
mod claims;
mod clock;
mod departed;
mod discovery;
mod flow;
mod here;
mod lead;
mod leading;
mod link;
mod loss;
mod run;
mod runs;
mod seconds;
mod secrets;
mod serving;
mod shares;
mod talk;
#[cfg(test)]
mod tests;
mod wire;

pub use agent::{Agent, AgentAction};
pub use lead::{Lead, LeadEvent};
pub use leading::{Leader, Led};
pub use link::{Access, redacted};
pub use serving::{Serving, serve};
pub use wire::{Ability, PROTOCOL, Subjects, Who, group};

/// Why there is no fleet, or no run of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FleetError {
    /// A group whose name cannot be part of a subject.
    #[error("group {0:?} will not do; write up to 64 letters, digits, - and _")]
    Group(String),
    /// A URL that is none of NATS.
    #[error("{0:?} is no NATS URL; write nats://host:4222")]
    Url(String),
    /// NATS cannot be reached, or does not let us in: where, and why.
    #[error("no NATS at {at}: {why}")]
    Unreached {
        /// The URL, without its secrets.
        at: String,
        /// Why.
        why: String,
    },
    /// NATS takes no subscription.
    #[error("no NATS: {0}")]
    Nats(String),
    /// What the kernel did not grant: `thread`, `reactor`, `signals`.
    #[error("no {what}: {why}")]
    Kernel {
        /// What.
        what: &'static str,
        /// What it said.
        why: String,
    },
    /// The thread that leads has ended.
    #[error("the fleet's thread has ended")]
    ThreadEnded,
    /// The agents that are needed did not come together: what is missing.
    #[error("{0}")]
    NotMustered(String),
    /// Fewer binds than agents.
    #[error(
        "binds.count: {agents} agents need at least {agents} {what}s, and the plan has {useful}; \
         raise --binds or lower --agents"
    )]
    TooFewBinds {
        /// Agents.
        agents: usize,
        /// `sender` or `session`.
        what: &'static str,
        /// That the plan has.
        useful: usize,
    },
    /// More sessions than an agent may have open.
    #[error(
        "agent {agent} would hold {sessions} sessions, and its limit on open files allows {max}; \
         raise it there, or add agents"
    )]
    TooManySessions {
        /// Its name.
        agent: String,
        /// That it would hold.
        sessions: u64,
        /// That it may.
        max: u64,
    },
    /// A password that is not to be had where it is needed.
    #[error("account {account}, on the agent: {why} (passwords do not travel)")]
    Password {
        /// Of which account.
        account: String,
        /// Why.
        why: String,
    },
    /// The plan cannot be carried out here.
    #[error("{0}")]
    Plan(String),
    /// A message that cannot be read.
    #[error("{0}")]
    Message(String),
    /// A second signal.
    #[error("stopped at once by a second signal")]
    Killed,
}

impl FleetError {
    fn kernel(what: &'static str, error: &std::io::Error) -> FleetError {
        FleetError::Kernel { what, why: error.to_string() }
    }
}
