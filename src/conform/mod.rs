//! Does a peer speak SMPP v3.4: the protocol case by case, over bare connections, judged on octets.
//!
//! A [`Case`] is one row of a table: the section, the clause in our words, what a conforming peer does, what a deviation
//! means, and its steps. A chapter is a file in `smsc/` or `esme/`, by the role of the examined peer; [`cases`] is all
//! of them. An [`Examiner`] opens connections, sends octets and waits for octets; [`run`] runs chosen cases with it, each
//! within its time; a [`Document`] is what came of it, from which every report is drawn.
//!
//! What is sent is built by hand and may be wrong in every way; what is received is read by hand. The codec of this
//! program judges nothing here, so that its faults do not hide those of a peer.
mod case;
mod choice;
mod comparison;
mod document;
mod embedded;
mod esme;
mod examiner;
mod expectations;
mod further;
mod line;
mod memory;
mod octets;
mod pics;
mod receipts;
mod runner;
mod settings;
mod smsc;
mod steps;
mod verdict;

#[cfg(test)]
mod tests;

pub use case::{Case, Level, Role};
pub use choice::{Choice, UnknownWord};
pub use comparison::{
    COMPARISON_SCHEMA, Change, Comparison, FeatureChange, OtherRole, Side, Sight, Turn,
};
pub use document::{CaseRow, Direction, Document, ExchangeRow, Head, SCHEMA, Summary, Tool};
pub use embedded::explanation;
pub use examiner::{Examiner, Exchanged};
pub use expectations::{Expectation, ExpectationError, Expectations, Surprise};
pub use pics::{PicsRow, Support};
pub use runner::{CaseResult, LOST_MAX, Limits, Run, Stopped, run};
pub use settings::{Address, DeclaredTimers, Settings, Waits, close_the_simulator};
pub use verdict::{Outcome, Verdict};

/// The messages that the cases of a role send at most.
pub const COST_MAX: u32 = 200;

/// Every case of a role, in the order in which they are run.
pub fn cases(role: Role) -> Vec<&'static Case> {
    let chapters = match role {
        Role::Smsc => smsc::CHAPTERS,
        Role::Esme => esme::CHAPTERS,
    };
    chapters.iter().copied().flatten().collect()
}
