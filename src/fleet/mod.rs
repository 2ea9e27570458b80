//! One run over many machines. A lead calls for agents over NATS, measures their clocks, divides a plan among them and
//! merges their intervals; its callers see a [`crate::coordinator::WorkerPool`] like any other.
//!
//! Decisions are synchronous and take time and connectedness as arguments: [`Lead`] and [`Agent`] read and write
//! messages. `link`, `lead_runtime` and `agent_runtime` carry them; only they know NATS.
mod agent;
mod agent_run;
mod agent_runtime;
mod clock;
mod discovery;
mod interval_merger;
mod lead;
mod lead_run;
mod lead_runs;
mod lead_runtime;
mod link;
mod loss;
mod lost_agents;
mod receipt_claims;
mod reliable_channel;
mod run_messages;
mod secrets;
mod shares;
#[cfg(test)]
mod tests;
mod wire;

pub use agent::{Agent, AgentAction};
pub use agent_runtime::{AgentSettings, serve};
pub use lead::{Lead, LeadEvent};
pub use lead_runtime::{FleetSettings, Leader};
pub use link::{Access, redacted};
pub use wire::{Ability, PROTOCOL, Subjects, Who, group};

/// Why there is no fleet, or no run of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FleetError {
    /// A group whose name cannot be part of a subject.
    #[error("group {0:?} is not valid; write up to 64 messages, digits, - and _")]
    Group(String),
    /// Not a URL of NATS.
    #[error("{0:?} is not a NATS URL; write nats://host:4222")]
    Url(String),
    /// NATS cannot be reached, or denies access.
    #[error("no connection to NATS at {at}: {why}")]
    Unreached {
        /// The URL, without its secrets.
        at: String,
        /// Why.
        why: String,
    },
    /// NATS refuses a subscription.
    #[error("no subscription at NATS: {0}")]
    Nats(String),
    /// The kernel did not grant a `thread`, a `reactor` or `signals`.
    #[error("no {what}: {why}")]
    Kernel {
        /// What was not granted.
        what: &'static str,
        /// The error of the kernel.
        why: String,
    },
    /// The thread that leads has ended.
    #[error("the fleet's thread has ended")]
    ThreadEnded,
    /// The agents cannot form a fleet: why, in one line.
    #[error("{0}")]
    AgentsMissing(String),
    /// Fewer binds than agents.
    #[error(
        "binds.count: {agents} agents need at least {agents} {what}s, and the plan has {useful}; \
         raise --binds or lower --agents"
    )]
    TooFewBinds {
        /// Number of agents.
        agents: usize,
        /// `sender` or `session`.
        what: &'static str,
        /// Number that the plan has.
        useful: usize,
    },
    /// More sessions than an agent may have open.
    #[error(
        "agent {agent} would hold {sessions} sessions, and its limit on open files allows {max}; \
         raise it there, or add agents"
    )]
    TooManySessions {
        /// Name of the agent.
        agent: String,
        /// Sessions of its share.
        sessions: u64,
        /// Its limit.
        max: u64,
    },
    /// A password that cannot be read on the agent.
    #[error("account {account}, on the agent: {why} (passwords do not travel)")]
    Password {
        /// Name of the account.
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
