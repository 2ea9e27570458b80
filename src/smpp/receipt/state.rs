//! The state of a message: `message_state` (v3.4 5.2.28) and the `stat` of a receipt's text
//! (Appendix B), as one value.

/// A message's state. Wire numbers as TLV `message_state` has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageState {
    /// 0 (v5.0): not yet due.
    Scheduled,
    /// 1: on its way.
    Enroute,
    /// 2: delivered.
    Delivered,
    /// 3: its validity period ended.
    Expired,
    /// 4: deleted.
    Deleted,
    /// 5: cannot be delivered.
    Undeliverable,
    /// 6: accepted (read on behalf of the subscriber). Some vendors use it on the way.
    Accepted,
    /// 7: the SMSC does not know.
    Unknown,
    /// 8: rejected.
    Rejected,
    /// 9 (v5.0): skipped.
    Skipped,
    /// Another number, or a `stat` that is no state's name (then 255).
    Other(u8),
}

/// Each state with its number and its `stat`.
const STATES: [(MessageState, u8, &str); 10] = [
    (MessageState::Scheduled, 0, "SCHEDLD"),
    (MessageState::Enroute, 1, "ENROUTE"),
    (MessageState::Delivered, 2, "DELIVRD"),
    (MessageState::Expired, 3, "EXPIRED"),
    (MessageState::Deleted, 4, "DELETED"),
    (MessageState::Undeliverable, 5, "UNDELIV"),
    (MessageState::Accepted, 6, "ACCEPTD"),
    (MessageState::Unknown, 7, "UNKNOWN"),
    (MessageState::Rejected, 8, "REJECTD"),
    (MessageState::Skipped, 9, "SKIPPED"),
];

/// Spellings met in the wild.
const ALIASES: [(MessageState, &str); 9] = [
    (MessageState::Enroute, "BUFFRED"),
    (MessageState::Enroute, "BUFFERED"),
    (MessageState::Delivered, "DELIVERED"),
    (MessageState::Undeliverable, "FAILED"),
    (MessageState::Undeliverable, "UNDELIVERABLE"),
    (MessageState::Undeliverable, "UNDELIVERED"),
    (MessageState::Accepted, "ACCEPTED"),
    (MessageState::Rejected, "REJECTED"),
    (MessageState::Scheduled, "SCHEDULED"),
];

impl MessageState {
    /// The ten states that have a number of their own.
    pub const ALL: [MessageState; 10] = {
        let mut all = [MessageState::Scheduled; 10];
        let mut index = 0;
        while index < all.len() {
            all[index] = STATES[index].0;
            index += 1;
        }
        all
    };

    /// From TLV `message_state`.
    #[inline]
    pub const fn from_wire(value: u8) -> Self {
        if (value as usize) < STATES.len() { STATES[value as usize].0 } else { Self::Other(value) }
    }

    /// As TLV `message_state`.
    pub const fn wire(self) -> u8 {
        match self {
            MessageState::Scheduled => 0,
            MessageState::Enroute => 1,
            MessageState::Delivered => 2,
            MessageState::Expired => 3,
            MessageState::Deleted => 4,
            MessageState::Undeliverable => 5,
            MessageState::Accepted => 6,
            MessageState::Unknown => 7,
            MessageState::Rejected => 8,
            MessageState::Skipped => 9,
            MessageState::Other(value) => value,
        }
    }

    /// From the `stat` of a receipt's text, in any case; what is no state's name is `Other(255)`.
    #[inline]
    pub fn from_stat(stat: &[u8]) -> Self {
        if stat == b"DELIVRD" {
            return Self::Delivered;
        }
        Self::known_stat(stat).unwrap_or(Self::Other(u8::MAX))
    }

    /// As [`MessageState::from_stat`], but `None` for what is no state's name.
    pub fn known_stat(stat: &[u8]) -> Option<Self> {
        let named = STATES.iter().map(|(state, _, name)| (state, *name));
        let aliased = ALIASES.iter().map(|(state, name)| (state, *name));
        named
            .chain(aliased)
            .find(|(_, name)| name.as_bytes().eq_ignore_ascii_case(stat))
            .map(|(state, _)| *state)
    }

    /// The `stat` of a receipt's text (7 characters); `OTHER` where there is none.
    pub const fn stat(self) -> &'static str {
        if let MessageState::Other(_) = self { "OTHER" } else { STATES[self.wire() as usize].2 }
    }

    /// Whether nothing more is to come: all but SCHEDULED and ENROUTE. UNKNOWN counts as final: it
    /// is among the final states of Appendix B; a profile's `final_states` may say otherwise.
    pub const fn is_final(self) -> bool {
        match self {
            MessageState::Scheduled | MessageState::Enroute => false,
            MessageState::Delivered
            | MessageState::Expired
            | MessageState::Deleted
            | MessageState::Undeliverable
            | MessageState::Accepted
            | MessageState::Unknown
            | MessageState::Rejected
            | MessageState::Skipped
            | MessageState::Other(_) => true,
        }
    }
}
