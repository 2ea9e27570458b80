//! Counters of submit_sm and receipts (docs/ledger.md). Merging destructures every field, so that a forgotten counter
//! does not compile.
use crate::smpp::receipt::IdRule;
use serde::{Deserialize, Serialize};

/// Counters by a small open set of keys: command_status, err codes, kinds. A bounded list, because the keys are few.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts<K> {
    entries: Vec<(K, u64)>,
    /// The count of all keys that came when the list was full.
    pub other: u64,
}

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Counts { entries: Vec::new(), other: 0 }
    }
}

impl<K: PartialEq + Clone> Counts<K> {
    /// Maximum number of keys counted one by one; further ones are counted in `other`.
    pub const KEYS_MAX: usize = 256;

    /// Adds `n` to the count of `key`.
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
    /// Adds `other`.
    pub fn merge(&mut self, other: &Counts<K>) {
        for (key, n) in &other.entries {
            self.add(key, *n);
        }
        self.other += other.other;
    }
    /// The count of `key`.
    pub fn get(&self, key: &K) -> u64 {
        self.entries.iter().find(|e| e.0 == *key).map_or(0, |e| e.1)
    }
    /// All keys with their counts, in order of first appearance.
    pub fn iter(&self) -> impl Iterator<Item = (&K, u64)> {
        self.entries.iter().map(|(k, n)| (k, *n))
    }
    /// The sum of all counts.
    pub fn total(&self) -> u64 {
        self.entries.iter().map(|e| e.1).sum::<u64>() + self.other
    }
    /// Whether nothing is counted.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.other == 0
    }
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.other = 0;
    }
}

/// The name of the rule with this index in [`IdRule::ALL`].
pub fn id_rule_name(index: u8) -> Option<&'static str> {
    IdRule::ALL.get(usize::from(index)).map(|rule| rule.name())
}

/// Final receipts by message_state (docs/smpp/protocol.md, "Bit fields"); index 10 is any state that is not known.
pub type StateCounts = [u64; 11];

macro_rules! counters {
    ($($(#[$doc:meta])* $field:ident),* $(,)?) => {
        /// Counters of the submit_sm of one cell, and of their receipts.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Counters {
            $($(#[$doc])* pub $field: u64,)*
            /// Final receipts by message_state.
            pub by_state: StateCounts,
        }
        impl Counters {
            /// Adds `other`.
            pub fn merge(&mut self, other: &Counters) {
                let Counters { $($field,)* by_state } = other;
                $(self.$field += $field;)*
                for (mine, theirs) in self.by_state.iter_mut().zip(by_state) {
                    *mine += theirs;
                }
            }
            /// Sets a counter by its name. False: there is no such counter.
            pub fn set(&mut self, name: &str, count: u64) -> bool {
                match name {
                    $(stringify!($field) => self.$field = count,)*
                    _ => return false,
                }
                true
            }
            /// All counters but `by_state`, with their names.
            pub fn fields(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($field), self.$field)),*]
            }
        }
    };
}

counters! {
    /// Due by the schedule so far (in closed loop: started).
    planned,
    /// Retries; not part of the plan.
    retries,
    /// Written to the socket completely.
    written,
    /// Written within 1 ms of being due with a free slot.
    on_time,
    /// Not sent because no window slot was free when they were due (`window_full = "drop"`).
    dropped,
    /// Due and not sent when the run ended.
    unsent,
    /// Answered with command_status 0.
    accepted,
    /// Answered with another command_status.
    rejected,
    /// Of `rejected`: throttled, by ESME_RTHROTTLED or ESME_RMSGQFUL.
    throttled,
    /// Of `throttled`: while the harness was catching up.
    self_inflicted_throttles,
    /// Not answered within `timeouts.response`.
    timed_out,
    /// Their connection ended before the answer.
    lost,
    /// In flight when the run ended.
    open_at_end,
    /// Answers after their deadline; already counted in `timed_out`.
    late_responses,
    /// Accepted, and a receipt is required.
    receipts_expected,
    /// Accepted, and a receipt is possible (registered_delivery 2 or 3).
    receipts_may_come,
    /// First final receipts of a message.
    receipts_final,
    /// Of `receipts_final`: of messages that did not require one.
    receipts_final_unasked,
    /// No final receipt by its deadline or by the end, and one was required.
    receipts_missing,
    /// No final receipt, and none was required.
    receipts_silent,
    /// Accepted, but not tracked: no id, or too many awaited.
    receipts_untracked,
    /// Of `receipts_untracked`: no id.
    receipts_without_id,
    /// Accepted, but another message has the same id and their receipts cannot be told apart.
    receipts_ambiguous,
    /// Final receipts of ids whose messages are ambiguous.
    receipts_for_ambiguous,
    /// Accepted with the id of another message whose receipt was awaited.
    ids_given_twice,
    /// Intermediate notifications of known messages.
    receipts_intermediate,
    /// Final receipts after the first.
    receipts_duplicate,
    /// First final receipts that came before the submit_sm_resp.
    receipts_before_response,
    /// First final receipts on another session than the submit_sm.
    receipts_other_bind,
    /// Final receipts after their deadline; already counted in `receipts_missing`.
    receipts_late,
}

impl Counters {
    /// Answered in time, accepted or rejected.
    pub fn answered(&self) -> u64 {
        self.accepted + self.rejected
    }
    /// Written and without an outcome: in flight. 0 after a run.
    pub fn in_flight(&self) -> u64 {
        let ended = self.answered() + self.timed_out + self.lost + self.open_at_end;
        self.written.saturating_sub(ended)
    }
    /// Due and not yet written, dropped or given up. 0 after a run.
    pub fn unwritten(&self) -> u64 {
        let ended = self.written + self.dropped + self.unsent;
        (self.planned + self.retries).saturating_sub(ended)
    }
    /// Accepted messages whose receipt is awaited. 0 after a run.
    pub fn awaited(&self) -> u64 {
        let settled = self.receipts_final
            + self.receipts_missing
            + self.receipts_silent
            + self.receipts_untracked
            + self.receipts_ambiguous;
        (self.receipts_expected + self.receipts_may_come).saturating_sub(settled)
    }
    /// Whether the ledger balances (docs/ledger.md): `planned + retries = written + dropped + unsent`;
    /// `written = accepted + rejected + timed_out + lost + open_at_end`; and
    /// `accepted with receipt = final + missing + silent + untracked + ambiguous`.
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
