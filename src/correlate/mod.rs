//! Correlation: which receipt belongs to which submit_sm, by message id, in either order, on any session.
//!
//! [`IdRule`] says which spellings of an id are equal; [`Ledger`] keeps what is awaited, in bounded memory;
//! [`Correlator`] puts responses and receipts together. It knows no session and no clock.
mod correlator;
mod early;
mod far;
mod finished;
mod id;
mod ledger;
mod marks;
mod near;
mod notes;
mod notice;
mod ring;
mod shared;

#[cfg(test)]
mod floods;
#[cfg(test)]
mod tests;

pub use correlator::Correlator;
pub use id::{IdRule, Key, Side};
pub use ledger::{Ledger, Left, Place};
pub use notes::{IdText, Note, Notes};
pub use notice::{Awaits, Early, Fate, Kept, Notice};
pub use ring::Standing;
