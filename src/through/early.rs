//! Receipts that came before what names them: in front before the response to their message, behind before that of our
//! SMSC.
use super::collections::Map;
use super::sent_receipt::SentReceipt;
use crate::correlate::Key;
use std::collections::VecDeque;

/// Receipts in front that are kept until their id is known.
const FRONT_MAX: usize = 1_000_000;
/// Receipts in front that are kept until our SMSC has answered their message.
const HELD_MAX: usize = 65_536;
/// Ids behind under which receipts are kept until our SMSC gives them; the oldest are given up beyond it.
const BEHIND_MAX: usize = 65_536;

/// Receipts that wait for what names them.
#[derive(Debug, Default)]
pub(super) struct Early {
    /// In front, by an id that is not known yet.
    front: Map<Key, Vec<SentReceipt<'static>>>,
    front_count: usize,
    /// Behind, by witness and an id that our SMSC has not given yet.
    behind: Map<(u32, Key), Vec<SentReceipt<'static>>>,
    oldest: VecDeque<(u32, Key)>,
    /// In front, by the packed key of a message that our SMSC has not answered: its receipt may be among those behind.
    held: Map<u64, Vec<SentReceipt<'static>>>,
    held_count: usize,
}

impl Early {
    /// Keeps one that came in front. Returns it where too many are kept.
    pub(super) fn came<'f>(&mut self, id: Key, came: SentReceipt<'f>) -> Option<SentReceipt<'f>> {
        if self.front_count >= FRONT_MAX {
            return Some(came);
        }
        self.front_count += 1;
        self.front.entry(id).or_default().push(came.into_owned());
        None
    }

    /// Takes those that came in front under this id.
    pub(super) fn take_front(&mut self, id: Key) -> Vec<SentReceipt<'static>> {
        if self.front_count == 0 {
            return Vec::new();
        }
        let all = self.front.remove(&id).unwrap_or_default();
        self.front_count -= all.len();
        all
    }

    /// Takes all that came in front, in the order of time.
    pub(super) fn take_all_front(&mut self) -> Vec<SentReceipt<'static>> {
        self.front_count = 0;
        let mut all: Vec<SentReceipt<'static>> =
            std::mem::take(&mut self.front).into_values().flatten().collect();
        all.sort_by_key(|came| came.at);
        all
    }

    /// Keeps one that our SMSC sent. Returns how many were given up for it.
    pub(super) fn sent(&mut self, id: (u32, Key), sent: SentReceipt<'_>) -> u64 {
        let mut given_up = 0;
        if self.oldest.len() >= BEHIND_MAX
            && let Some(oldest) = self.oldest.pop_front()
        {
            given_up = self.behind.remove(&oldest).map_or(0, |all| all.len() as u64);
        }
        self.oldest.push_back(id);
        self.behind.entry(id).or_default().push(sent.into_owned());
        given_up
    }

    /// Whether some that our SMSC sent wait for their id.
    pub(super) fn has_behind(&self) -> bool {
        !self.behind.is_empty()
    }

    /// Takes those that our SMSC sent under this id.
    pub(super) fn take_behind(&mut self, id: (u32, Key)) -> Vec<SentReceipt<'static>> {
        self.behind.remove(&id).unwrap_or_default()
    }

    /// Takes the oldest id behind with its receipts. None: there is none.
    pub(super) fn pop_behind(&mut self) -> Option<((u32, Key), Vec<SentReceipt<'static>>)> {
        let id = self.oldest.pop_front()?;
        Some((id, self.take_behind(id)))
    }

    /// Keeps one that came in front of a message that our SMSC has not answered. False: too many are kept.
    pub(super) fn hold(&mut self, packed: u64, came: &SentReceipt<'_>) -> bool {
        let has_place = self.held_count < HELD_MAX;
        if has_place {
            self.held_count += 1;
            self.held.entry(packed).or_default().push(came.clone().into_owned());
        }
        has_place
    }

    /// Takes those that came in front of this message.
    pub(super) fn take_held(&mut self, packed: u64) -> Vec<SentReceipt<'static>> {
        let all = self.held.remove(&packed).unwrap_or_default();
        self.held_count -= all.len();
        all
    }

    /// Takes all of these, by the packed keys of their messages.
    pub(super) fn take_all_held(&mut self) -> Vec<(u64, Vec<SentReceipt<'static>>)> {
        self.held_count = 0;
        let mut all: Vec<_> = std::mem::take(&mut self.held).into_iter().collect();
        all.sort_unstable_by_key(|(packed, _)| *packed);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Nanos;
    use std::borrow::Cow;

    #[test]
    fn receipts_that_a_gateway_sends_without_end_before_their_message_is_answered_are_bounded() {
        let frame: Cow<'static, [u8]> = Cow::Borrowed(&[]);
        let at = Nanos::ZERO;
        let came = SentReceipt { at, session: 0, id: Key::default(), said: None, frame };
        let mut early = Early::default();
        let kept = (0..HELD_MAX + 5).filter(|_| early.hold(7, &came)).count();
        assert_eq!((kept, early.take_held(7).len()), (HELD_MAX, HELD_MAX));
        assert!(early.hold(7, &came), "there is place again");
    }
}
