//! The simulator's end of one connection, and the table of all of them by session number.
use super::limits::Bucket;
use super::pending_delivery::Kind;
use crate::kit::Nanos;
use crate::net::ConnAction;
use crate::plan::behaviour::FaultKind;
use crate::session::Session;
use bytes::BytesMut;
use std::collections::BTreeMap;

/// A delivery that awaits its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery {
    /// Where its letter is kept; `DeliverySlab::NONE` once it was sent again or given up.
    pub(super) place: u32,
    /// What it is.
    pub(super) kind: Kind,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Peer {
    /// Its session.
    pub(super) session: Session,
    /// What is to be written.
    pub(super) out: BytesMut,
    /// Once our direction is closed: what was to be written before. `out` is then thrown away.
    pub(super) last_words: BytesMut,
    /// Our direction is closed, or about to be.
    pub(super) muted: bool,
    /// What is to become of the connection.
    pub(super) wish: ConnAction,
    /// Whose it is, once bound.
    pub(super) account: Option<u32>,
    /// Bound, and may be sent deliveries.
    pub(super) receives: bool,
    /// Unanswered submit_sm.
    pub(super) open: usize,
    /// Answered within the current read or stall: the ESME cannot know yet.
    pub(super) settling: usize,
    /// Bound of the two together.
    pub(super) window: usize,
    /// Its share of `limits.rate` with scope "session".
    pub(super) bucket: Option<Bucket>,
    /// Deliveries that await their answers, by sequence_number; only where somebody wants to know.
    pub(super) deliveries: BTreeMap<u32, Delivery>,
    /// How many await their answers.
    pub(super) unacknowledged: usize,
    /// When the connection is given up, unless something happens before; MAX: never.
    pub(super) give_up_at: Nanos,
    /// When its timers are looked at next.
    pub(super) timer_at: Nanos,
    /// Not read until then; ZERO: read.
    pub(super) held_until: Nanos,
    /// It is read slowly.
    pub(super) slow: bool,
    /// Its enquire_link stays unanswered.
    pub(super) ignores_enquiries: bool,
    /// What its next response will suffer.
    pub(super) mangle: Option<FaultKind>,
    /// Already listed as dirty.
    pub(super) dirty: bool,
}

impl Peer {
    pub(super) fn new(session: Session, window: usize, bucket: Option<Bucket>) -> Peer {
        Peer {
            session,
            out: BytesMut::new(),
            last_words: BytesMut::new(),
            muted: false,
            wish: ConnAction::Stay,
            account: None,
            receives: false,
            open: 0,
            settling: 0,
            window,
            bucket,
            deliveries: BTreeMap::new(),
            unacknowledged: 0,
            give_up_at: Nanos::MAX,
            timer_at: Nanos::MAX,
            held_until: Nanos::ZERO,
            slow: false,
            ignores_enquiries: false,
            mangle: None,
            dirty: false,
        }
    }

    /// Whether what the peer sends is still looked at.
    #[inline]
    pub(super) fn listens(&self) -> bool {
        match self.wish {
            ConnAction::Stay | ConnAction::HalfClose | ConnAction::HoldReads => true,
            ConnAction::CloseWhenFlushed | ConnAction::Close | ConnAction::Reset => false,
        }
    }

    /// Whether a delivery may go out, where `window` may be unacknowledged.
    #[inline]
    pub(super) fn has_room(&self, window: usize) -> bool {
        self.receives && self.unacknowledged < window && self.speaks()
    }

    /// Whether a response may still go out.
    #[inline]
    pub(super) fn speaks(&self) -> bool {
        !self.muted && self.listens()
    }

    /// Closes our direction once what stands in `out` is written.
    pub(super) fn mute(&mut self) {
        if !self.muted {
            self.muted = true;
            std::mem::swap(&mut self.out, &mut self.last_words);
        }
    }
}

/// Connections by session number, in blocks. A block is freed when all of its connections are gone, so the
/// table does not grow with connections that come and go. Numbers are never used again.
#[derive(Debug, Default)]
pub(super) struct Peers {
    blocks: Vec<Option<Block>>,
    next: u32,
    count: usize,
}

const BLOCK: usize = 256;

#[derive(Debug)]
struct Block {
    peers: Box<[Option<Box<Peer>>]>,
    count: usize,
}

impl Block {
    fn new() -> Block {
        Block { peers: (0..BLOCK).map(|_| None).collect(), count: 0 }
    }
}

fn place(session: u32) -> (usize, usize) {
    (session as usize / BLOCK, session as usize % BLOCK)
}

impl Peers {
    /// Gives the next number to a peer.
    pub(super) fn add(&mut self, peer: Peer) -> u32 {
        let session = self.next;
        self.next = session.checked_add(1).expect("connections are fewer than four billion");
        let (block, at) = place(session);
        if self.blocks.len() <= block {
            self.blocks.resize_with(block + 1, || None);
        }
        let block = self.blocks[block].get_or_insert_with(Block::new);
        block.peers[at] = Some(Box::new(peer));
        block.count += 1;
        self.count += 1;
        session
    }
    /// One peer, unless it is gone.
    #[inline]
    pub(super) fn get(&self, session: u32) -> Option<&Peer> {
        let (block, at) = place(session);
        self.blocks.get(block)?.as_ref()?.peers[at].as_deref()
    }
    /// One peer, unless it is gone.
    #[inline]
    pub(super) fn get_mut(&mut self, session: u32) -> Option<&mut Peer> {
        let (block, at) = place(session);
        self.blocks.get_mut(block)?.as_mut()?.peers[at].as_deref_mut()
    }
    /// Takes a peer out.
    pub(super) fn remove(&mut self, session: u32) -> Option<Box<Peer>> {
        let (number, at) = place(session);
        let block = self.blocks.get_mut(number)?.as_mut()?;
        let peer = block.peers[at].take()?;
        block.count -= 1;
        self.count -= 1;
        // the block that the next connection belongs to stays
        if block.count == 0 && number != place(self.next).0 {
            self.blocks[number] = None;
        }
        Some(peer)
    }
    /// The numbers of those that are there.
    pub(super) fn numbers(&self) -> Vec<u32> {
        let mut numbers = Vec::with_capacity(self.count);
        for (number, block) in self.blocks.iter().enumerate() {
            let there = block.iter().flat_map(|block| block.peers.iter().enumerate());
            let there = there.filter(|(_, peer)| peer.is_some());
            numbers.extend(there.map(|(at, _)| (number * BLOCK + at) as u32));
        }
        numbers
    }
    /// How many are there.
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Timers;

    fn peer() -> Peer {
        let timers = Timers { enquire_link: Nanos::MAX, response: Nanos::MAX };
        Peer::new(Session::smsc(timers, Nanos::ZERO), usize::MAX, None)
    }

    #[test]
    fn connections_that_come_and_go_leave_nothing_in_the_table() {
        let mut peers = Peers::default();
        let stays = peers.add(peer());
        for number in 1..100_000 {
            assert_eq!(peers.add(peer()), number);
            assert!(peers.remove(number).is_some() && peers.remove(number).is_none());
        }
        assert_eq!((peers.count(), peers.numbers()), (1, vec![stays]));
        assert!(peers.blocks.iter().flatten().count() <= 2);
        assert!(peers.get(99_999).is_none() && peers.get(stays).is_some());
    }
}
