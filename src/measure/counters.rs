//! Plain counters: what happened to submit_sm and receipts (docs/ledger.md). Adding destructures every
//! field, so that a forgotten counter does not compile.
use serde::{Deserialize, Serialize};

/// Counters keyed by a small open set: command_status, err codes, kinds. Few keys, so a list; bounded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts<K> {
    entries: Vec<(K, u64)>,
    /// Counted where the table of keys was full.
    pub other: u64,
}

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Counts { entries: Vec::new(), other: 0 }
    }
}

impl<K: PartialEq + Clone> Counts<K> {
    /// Keys kept apart; what comes beyond is counted in `other`.
    pub const KEYS_MAX: usize = 256;

    /// Adds `n` under `key`.
    #[inline]
    pub fn add(&mut self, key: &K, n: u64) {
        if let Some(entry) = self.entries.iter_mut().find(|e| e.0 == *key) {
            entry.1 += n;
        } else if self.entries.len() < Self::KEYS_MAX {
            self.entries.push((key.clone(), n));
        } else {
            self.other += n;
        }
    }
    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Counts<K>) {
        for (key, n) in &other.entries {
            self.add(key, *n);
        }
        self.other += other.other;
    }
    /// How many under `key`.
    pub fn get(&self, key: &K) -> u64 {
        self.entries.iter().find(|e| e.0 == *key).map_or(0, |e| e.1)
    }
    /// All keys with their counts, in order of first appearance.
    pub fn iter(&self) -> impl Iterator<Item = (&K, u64)> {
        self.entries.iter().map(|(k, n)| (k, *n))
    }
    /// Sum over all keys.
    pub fn total(&self) -> u64 {
        self.entries.iter().map(|e| e.1).sum::<u64>() + self.other
    }
    /// Nothing counted yet.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.other == 0
    }
    /// Back to nothing, keeping the memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.other = 0;
    }
}

/// The rules by which receipts are matched, in the order of `correlate::IdRule::ALL`.
pub const ID_RULES: [&str; 5] =
    ["exact", "number", "response_hex", "receipt_hex", "case_insensitive"];

/// Final receipts by message_state's wire number (docs/smpp/protocol.md, "Bit fields"); 10 stands for any other.
pub type StateCounts = [u64; 11];

macro_rules! tally {
    ($($(#[$doc:meta])* $field:ident),* $(,)?) => {
        /// What happened to the submit_sm of one cell, and to their receipts.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Counters {
            $($(#[$doc])* pub $field: u64,)*
            /// Final receipts by message_state.
            pub by_state: StateCounts,
        }
        impl Counters {
            /// Adds all of `other`.
            pub fn merge(&mut self, other: &Counters) {
                let Counters { $($field,)* by_state } = other;
                $(self.$field += $field;)*
                for (mine, theirs) in self.by_state.iter_mut().zip(by_state) {
                    *mine += theirs;
                }
            }
            /// Sets the counter of that name. False: there is none.
            pub fn set(&mut self, name: &str, count: u64) -> bool {
                match name {
                    $(stringify!($field) => self.$field = count,)*
                    _ => return false,
                }
                true
            }
            /// Every plain counter with its name.
            pub fn fields(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($field), self.$field)),*]
            }
        }
    };
}

tally! {
    /// Due by the schedule so far (in closed loop: started).
    planned,
    /// Further sends that the plan did not hold.
    retries,
    /// Handed to the socket with their last octet.
    written,
    /// Written within 1 ms of being due and having a slot.
    on_time,
    /// Not sent because no window slot was free at their time (`window_full = "drop"`).
    dropped,
    /// Due, and not sent when the run ended.
    unsent,
    /// Answered with command_status 0.
    accepted,
    /// Answered with another command_status.
    rejected,
    /// Of those, throttled: ESME_RTHROTTLED or ESME_RMSGQFUL.
    throttled,
    /// Of those, while the harness was catching up.
    self_inflicted_throttles,
    /// No answer within `timeouts.response`.
    timed_out,
    /// Their connection went first.
    lost,
    /// Neither answered nor timed out when the run ended.
    open_at_end,
    /// Answers after their deadline; already counted in `timed_out`.
    late_responses,
    /// Accepted, and a receipt must come.
    receipts_expected,
    /// Accepted, a receipt may come (registered_delivery 2 or 3).
    receipts_may_come,
    /// First final receipt of a message.
    receipts_final,
    /// Of those, of messages whose silence would have been right.
    receipts_final_unasked,
    /// None came by its deadline, or by the end.
    receipts_missing,
    /// None came, rightly.
    receipts_silent,
    /// Accepted without a message_id (with `receipts.per = "message"`, on no part), or beyond a worker's share of
    /// `receipts.outstanding_max`.
    receipts_untracked,
    /// Of those, accepted without a message_id.
    receipts_without_id,
    /// Accepted, but another message has the same id, and nobody can tell whose receipt is whose.
    receipts_ambiguous,
    /// Final receipts of ids whose messages are ambiguous.
    receipts_for_ambiguous,
    /// Accepted with an id that another message was given before and whose receipt was awaited.
    ids_given_twice,
    /// Intermediate notifications of a message awaited.
    receipts_intermediate,
    /// Final ones after the first.
    receipts_duplicate,
    /// Final ones that came before the submit_sm_resp.
    receipts_before_response,
    /// Final ones on another session than the submit_sm.
    receipts_other_bind,
    /// Final ones after their deadline; already counted in `receipts_missing`.
    receipts_late,
}

impl Counters {
    /// Answered at all, in time.
    pub fn answered(&self) -> u64 {
        self.accepted + self.rejected
    }
    /// written = accepted + rejected + timed_out + lost + open_at_end, and planned + retries = written + dropped + unsent,
    /// and accepted-with-receipt = final + missing + silent + untracked + ambiguous (docs/ledger.md).
    pub fn balances(&self) -> bool {
        self.planned + self.retries == self.written + self.dropped + self.unsent
            && self.written
                == self.accepted + self.rejected + self.timed_out + self.lost + self.open_at_end
            && self.receipts_expected + self.receipts_may_come
                == self.receipts_final
                    + self.receipts_missing
                    + self.receipts_silent
                    + self.receipts_untracked
                    + self.receipts_ambiguous
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_adds_every_counter() {
        let mut a = Counters { planned: 3, written: 3, accepted: 3, ..Counters::default() };
        a.by_state[2] = 1;
        let b = a.clone();
        a.merge(&b);
        assert_eq!((a.planned, a.written, a.accepted, a.by_state[2]), (6, 6, 6, 2));
        assert!(a.balances());
        a.unsent += 1;
        assert!(!a.balances());
    }

    #[test]
    fn counts_beyond_the_table_are_counted_together_and_lose_nothing() {
        let mut c = Counts::default();
        for key in 0..1000u32 {
            c.add(&key, 1);
        }
        assert_eq!(c.total(), 1000);
        assert_eq!(c.iter().count(), Counts::<u32>::KEYS_MAX);
        assert_eq!(c.get(&7), 1);
    }
}
