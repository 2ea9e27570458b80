//! Correlation: which receipt belongs to which submit_sm, by message id, in either order, on any session.
//!
//! [`IdRule`] says which spellings of an id are equal; [`AwaitedReceipts`] keeps what is awaited, in bounded memory;
//! [`Correlator`] puts responses and receipts together. It knows no session and no clock.
mod awaited;
mod correlator;
mod early;
mod finished;
mod hot_index;
mod id;
mod key_filter;
mod notes;
mod overflow_index;
mod receipt_info;
mod ring;
mod shared;

#[cfg(test)]
mod floods;
#[cfg(test)]
mod tests;

pub use awaited::{AwaitedDrain, AwaitedReceipts, EntryHandle};
pub use correlator::Correlator;
pub use id::{IdRule, IdSource, Key};
pub use notes::{IdText, Note, Notes};
pub use receipt_info::{Awaits, Early, Kept, ReceiptInfo, ReceiptMatch};
pub use ring::EntryState;
