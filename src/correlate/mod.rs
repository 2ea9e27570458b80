//! Correlation: which receipt belongs to which submit_sm, by message id, in either order, on any session.
//!
//! [`IdRule`] says which spellings of an id are equal. An id becomes a [`Key`], a 62-bit hash. [`Correlator`] puts
//! responses and receipts together, in bounded memory. It knows neither sessions nor clocks.
//!
//! # Which entry is where
//!
//! ```text
//!   submit_sm_resp                                                     receipt
//!        │ accepted                                                       │
//!        ▼                                                                ▼
//! ┌─ AwaitedReceipts ────────────────────────────────────────┐    1. the entry after the last match?
//! │                                                          │    2. hot index, then overflow index
//! │  Ring  oldest ► [A][A][·][E][A][A][A] ◄ newest           │    3. SharedIds   4. Finished
//! │                  ▲        ▲        ▲                     │    5. none: it waits in EarlyList
//! │  at most 256 entries since the ring was empty:           │
//! │    no index; KeyFilter tells that a new key is not there │
//! │  else each entry is in exactly one of                    │
//! │    HotIndex       8,192 slots, 64 KiB: stays in cache    │
//! │    OverflowIndex  what found its hot bucket full         │
//! └──────────────────────────────────────────────────────────┘
//!        │ final receipt in time       │ id given to a second message      A awaited   E expired   · hole
//!        ▼                             ▼
//!    Finished: 32 bits of the key   SharedIds: matched by session
//!
//!    Notes (beside all): the id as text and the sequence_number, for the messages whose receipt is missing
//! ```
//!
//! | store | holds | why it is one of its own |
//! |---|---|---|
//! | `ring` | every awaited or expired entry, in the order of acceptance | deadlines expire at its oldest end; entries never move while it grows |
//! | `hot_index` | positions of up to 8,192 entries by key | one cache line a lookup, all of it in the processor's own cache |
//! | `overflow_index` | positions of the entries whose hot bucket is full | grows to any number without a long pause |
//! | `key_filter` | one octet a key while no index is in use | a receipt in the read of its response then costs no index at all |
//! | `finished` | 32 bits of the key of each finished message | tells a duplicate receipt from an unknown one; only written on the hot path |
//! | `early` | receipts whose response has not come | receipts may overtake responses on other sessions and workers |
//! | `shared_ids` | messages whose id was given twice | the rare case that no key can decide |
//! | `notes` | text of the ids | entries stay small; text is needed only for missing receipts |
//!
//! None of them can be dropped without cost. Without the filter each insertion would have to search the ring or write to
//! an index. Without the hot index each lookup would miss the cache once the overflow tables (10 KiB for 1,650 entries)
//! are many. Without the overflow index the number of entries would be limited to the cache. With finished messages kept
//! in the ring, the ring would not become empty and its oldest entry would not be the next to expire.
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
mod shared_ids;

#[cfg(test)]
mod floods;
#[cfg(test)]
mod tests;

pub use crate::smpp::receipt::{IdRule, IdSource};
pub use correlator::Correlator;
pub use id::Key;
pub use notes::{IdText, Note, Notes};
pub use receipt_info::{Awaits, EarlyReceipt, ReceiptInfo, ReceiptMatch, Tracking};

use awaited::{AwaitedReceipts, EntryHandle};
use ring::EntryState;
