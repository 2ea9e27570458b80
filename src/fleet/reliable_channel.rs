//! Messages in order and once each, over a carrier that may lose, repeat and (after a reconnect) reorder what it
//! carries: every part is numbered, kept until it is acknowledged, sent again after a gap, and taken in once.
use super::wire::BODY_MAX;
use crate::kit::Nanos;
use bytes::Bytes;
use std::collections::VecDeque;

/// Parts not acknowledged after this long are sent again.
const AGAIN_AFTER: Nanos = Nanos::from_millis(1_000);
/// Shortest time between two fillings of a gap.
const GAP_EVERY: Nanos = Nanos::from_millis(200);
/// Most parts sent again at once.
const AGAIN_MAX: usize = 32;

/// One numbered part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Counted from 1.
    pub(super) number: u64,
    /// Whether the message ends with it.
    pub(super) last: bool,
    /// Its octets.
    pub(super) octets: Bytes,
}

/// One end of a channel.
#[derive(Debug, Default)]
pub(super) struct ReliableChannel {
    /// Number of the newest part of this end.
    newest: u64,
    /// Parts that are not acknowledged, in order.
    kept: VecDeque<Part>,
    /// How many of the kept parts have been sent.
    sent: usize,
    sent_at: Nanos,
    asked: bool,
    filled_at: Option<Nanos>,
    /// Number up to which all parts have come.
    come: u64,
    gap: bool,
    half: Vec<u8>,
}

impl ReliableChannel {
    /// Queues a message.
    pub(super) fn send(&mut self, message: &[u8]) {
        let pieces = message.len().div_ceil(BODY_MAX).max(1);
        for piece in 0..pieces {
            let octets = &message[piece * BODY_MAX..message.len().min((piece + 1) * BODY_MAX)];
            self.newest += 1;
            self.kept.push_back(Part {
                number: self.newest,
                last: piece + 1 == pieces,
                octets: Bytes::copy_from_slice(octets),
            });
        }
    }

    /// Takes the parts to send now: new ones, and those that the other end seems not to have.
    pub(super) fn take(&mut self, now: Nanos) -> Vec<Part> {
        let due = now >= self.sent_at + AGAIN_AFTER && self.sent > 0;
        let may_fill = self.filled_at.is_none_or(|at| now >= at + GAP_EVERY);
        let mut parts = Vec::new();
        if due || (self.asked && may_fill) {
            self.asked = false;
            self.filled_at = Some(now);
            parts.extend(self.kept.iter().take(self.sent.min(AGAIN_MAX)).cloned());
        }
        parts.extend(self.kept.iter().skip(self.sent).cloned());
        if !parts.is_empty() {
            self.sent = self.kept.len();
            self.sent_at = now;
        }
        parts
    }

    /// The other end has all parts up to `ack`; `again`: and a later one after a gap.
    pub(super) fn on_ack(&mut self, ack: u64, again: bool) {
        while self.kept.front().is_some_and(|p| p.number <= ack) {
            self.kept.pop_front();
            self.sent = self.sent.saturating_sub(1);
        }
        self.asked |= again && self.sent > 0;
    }

    /// Takes in a part; a message, where the part completes one.
    pub(super) fn on_part(&mut self, number: u64, last: bool, octets: &[u8]) -> Option<Vec<u8>> {
        if number <= self.come {
            return None;
        }
        if number > self.come + 1 {
            self.gap = true;
            return None;
        }
        self.come = number;
        self.gap = false;
        self.half.extend_from_slice(octets);
        last.then(|| std::mem::take(&mut self.half))
    }

    /// Acknowledgement for the other end: the number up to which all parts have come, and whether a later one has.
    pub(super) fn ack(&self) -> (u64, bool) {
        (self.come, self.gap)
    }

    /// Whether the other end has every part.
    #[cfg(test)]
    pub(super) fn is_clear(&self) -> bool {
        self.kept.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Rng;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    #[test]
    fn a_long_message_travels_in_parts_and_arrives_whole() {
        let (mut a, mut b) = (ReliableChannel::default(), ReliableChannel::default());
        let message: Vec<u8> = (0..3 * BODY_MAX + 5).map(|n| n as u8).collect();
        a.send(&message);
        let parts = a.take(Nanos::ZERO);
        assert_eq!(parts.len(), 4);
        assert!(parts.iter().all(|p| p.octets.len() <= BODY_MAX));
        let whole: Vec<_> =
            parts.iter().filter_map(|p| b.on_part(p.number, p.last, &p.octets)).collect();
        assert_eq!(whole, [message]);
        a.on_ack(b.ack().0, b.ack().1);
        assert!(a.is_clear());
    }

    #[test]
    fn what_was_lost_is_sent_again_when_a_gap_shows_and_at_the_latest_after_a_second() {
        let (mut a, mut b) = (ReliableChannel::default(), ReliableChannel::default());
        a.send(b"one");
        assert_eq!(a.take(Nanos::ZERO).len(), 1);
        assert!(a.take(Nanos::from_millis(10)).is_empty());
        a.send(b"two");
        let second = a.take(Nanos::from_millis(20)).remove(0);
        assert_eq!(b.on_part(second.number, second.last, &second.octets), None);
        assert_eq!(b.ack(), (0, true));
        a.on_ack(0, true);
        assert_eq!(a.take(Nanos::from_millis(30)).len(), 2);
        // the answer to a gap is not repeated for every message that shows it
        a.on_ack(0, true);
        assert!(a.take(Nanos::from_millis(40)).is_empty());
        assert_eq!(a.take(Nanos::from_millis(1_500)).len(), 2);
    }

    proptest! {
        #[test]
        fn every_message_arrives_once_and_in_order_over_a_carrier_that_loses_repeats_and_reorders(
            seed in any::<u64>(),
            sizes in proptest::collection::vec(0usize..3 * BODY_MAX, 1..12),
        ) {
            let mut rng = Rng::new(seed);
            let (mut a, mut b) = (ReliableChannel::default(), ReliableChannel::default());
            let mut came: Vec<Vec<u8>> = Vec::new();
            let sent: Vec<Vec<u8>> = sizes.iter().map(|n| vec![*n as u8; *n]).collect();
            let mut to_b: Vec<Part> = Vec::new();
            let mut queue = sent.iter();
            let mut now = Nanos::ZERO;
            for round in 0..10_000u32 {
                now += Nanos::from_millis(50);
                if let Some(next) = queue.next() {
                    a.send(next);
                }
                for part in a.take(now) {
                    let clean = round > 200;
                    if clean || rng.below(3) > 0 {
                        let place = if clean { to_b.len() } else { rng.below(to_b.len() as u64 + 1) as usize };
                        to_b.insert(place, part.clone());
                        if rng.below(4) == 0 {
                            to_b.push(part);
                        }
                    }
                }
                for part in to_b.drain(..) {
                    came.extend(b.on_part(part.number, part.last, &part.octets));
                }
                if rng.below(3) > 0 {
                    let (ack, again) = b.ack();
                    a.on_ack(ack, again);
                }
                if a.is_clear() && queue.len() == 0 {
                    break;
                }
            }
            prop_assert_eq!(came, sent);
        }
    }
}
