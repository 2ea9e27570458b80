//! One run over many machines. A lead calls for agents over NATS, relates their clocks, shares a plan out and
//! gathers their seconds; to what stands above it is a [`crate::coordinator::Crew`] like any other.
//!
//! What decides is synchronous and takes time and connectedness as arguments: [`Lead`] and [`Agent`] read and
//! write letters. `link`, `leading` and `serving` carry them; they know NATS, and nothing else does.
mod agent;
mod claims;
mod clock;
mod departed;
mod flow;
mod here;
mod lead;
mod leading;
mod link;
mod loss;
mod muster;
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

pub use agent::{Agent, Deed};
pub use lead::{Lead, News};
pub use leading::{Leader, Led};
pub use link::{Access, redacted};
pub use serving::{Serving, serve};
pub use wire::{Ability, PROTOCOL, Subjects, Who, group};

/// Why there is no fleet, or no letter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FleetError {
    /// Somebody speaks another major version.
    #[error(
        "{} speaks protocol {proto} (smppbench {}), this one {PROTOCOL} (smppbench {}); run the same version everywhere",
        who.name, who.version, env!("CARGO_PKG_VERSION")
    )]
    Version {
        /// Who.
        who: Who,
        /// Its version.
        proto: String,
    },
    /// Octets that are no letter.
    #[error("what came is no letter of a fleet")]
    Unreadable,
    /// One line.
    #[error("{0}")]
    Why(String),
    /// A second signal.
    #[error("stopped at once by a second signal")]
    Killed,
}
