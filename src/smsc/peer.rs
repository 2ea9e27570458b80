//! The simulator's end of one connection, and the table of all of them by session number.
use super::letter::Kind;
use super::limits::Bucket;
use crate::kit::Nanos;
use crate::net::Wish;
use crate::plan::behaviour::FaultKind;
use crate::session::Session;
use bytes::BytesMut;
use std::collections::BTreeMap;

/// A delivery that awaits its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery {
    /// Where its letter is kept; `Letters::NONE` once it was sent again or given up.
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
    pub(super) wish: Wish,
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
    /// When it connected.
    pub(super) connected: Nanos,
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
    pub(super) fn new(session: Session, now: Nanos, window: usize, bucket: Option<Bucket>) -> Peer {
        Peer {
            session,
            out: BytesMut::new(),
            last_words: BytesMut::new(),
            muted: false,
            wish: Wish::Stay,
            account: None,
            receives: false,
            open: 0,
            settling: 0,
            window,
            bucket,
            deliveries: BTreeMap::new(),
            unacknowledged: 0,
            connected: now,
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
            Wish::Stay | Wish::HalfClose | Wish::HoldReads => true,
            Wish::CloseWhenFlushed | Wish::Close | Wish::Reset => false,
        }
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

/// All connections by session number. Numbers are never used again.
#[derive(Debug, Default)]
pub(super) struct Peers {
    list: Vec<Option<Box<Peer>>>,
}

impl Peers {
    /// Gives the next number to a peer.
    pub(super) fn add(&mut self, peer: Peer) -> u32 {
        self.list.push(Some(Box::new(peer)));
        u32::try_from(self.list.len() - 1).expect("connections are fewer than four billion")
    }
    /// One peer, unless it is gone.
    #[inline]
    pub(super) fn get(&self, session: u32) -> Option<&Peer> {
        self.list.get(session as usize)?.as_deref()
    }
    /// One peer, unless it is gone.
    #[inline]
    pub(super) fn get_mut(&mut self, session: u32) -> Option<&mut Peer> {
        self.list.get_mut(session as usize)?.as_deref_mut()
    }
    /// Takes a peer out.
    pub(super) fn remove(&mut self, session: u32) -> Option<Box<Peer>> {
        self.list.get_mut(session as usize)?.take()
    }
    /// The numbers of those that are there.
    pub(super) fn numbers(&self) -> Vec<u32> {
        (0..).zip(&self.list).filter(|(_, peer)| peer.is_some()).map(|(number, _)| number).collect()
    }
    /// How many are there.
    pub(super) fn count(&self) -> usize {
        self.list.iter().flatten().count()
    }
}
