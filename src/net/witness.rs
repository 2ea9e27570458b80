//! A witness of one side: what its endpoint read and wrote, octet by octet, told to whoever keeps books of both sides.
//! An endpoint without a witness pays one check a read and a write.
use crate::kit::Nanos;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

/// What happened on a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SightingKind {
    /// Its connection was made; octets of an earlier one are over.
    Connected,
    /// Whole PDUs were read.
    Read(Vec<u8>),
    /// Octets were written; a PDU may be cut between two writes.
    Wrote(Vec<u8>),
    /// Its connection ended.
    Ended,
    /// This many octets were read or written and are not told: too many were waiting to be taken.
    Missed(u64),
}

/// What a witness saw at one time on one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The witness: its number among those of one [`Witnesses`].
    pub witness: u32,
    /// The endpoint's number of the session.
    pub session: u32,
    /// When: the stamp of the read or the write.
    pub at: Nanos,
    /// What.
    pub kind: SightingKind,
}

/// Tells what one endpoint sees.
#[derive(Clone, Debug)]
pub struct Witness {
    number: u32,
    to: Sender<Sighting>,
    /// Octets told and not taken yet, by all witnesses.
    waiting: Arc<AtomicU64>,
    waiting_max: u64,
}

impl Witness {
    /// Its number.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// A connection was made.
    pub fn connected(&self, session: u32, at: Nanos) {
        self.tell(session, at, SightingKind::Connected);
    }

    /// A connection ended.
    pub fn ended(&self, session: u32, at: Nanos) {
        self.tell(session, at, SightingKind::Ended);
    }

    /// Whole PDUs were read.
    #[cold]
    pub fn read(&self, session: u32, octets: &[u8], at: Nanos) {
        self.octets(session, octets, at, SightingKind::Read);
    }

    /// Octets were written.
    #[cold]
    pub fn wrote(&self, session: u32, octets: &[u8], at: Nanos) {
        self.octets(session, octets, at, SightingKind::Wrote);
    }

    fn octets(
        &self,
        session: u32,
        octets: &[u8],
        at: Nanos,
        kind: impl FnOnce(Vec<u8>) -> SightingKind,
    ) {
        let count = octets.len() as u64;
        if count == 0 {
            return;
        }
        let before = self.waiting.fetch_add(count, Ordering::Relaxed);
        if before + count > self.waiting_max {
            self.waiting.fetch_sub(count, Ordering::Relaxed);
            return self.tell(session, at, SightingKind::Missed(count));
        }
        self.tell(session, at, kind(octets.to_vec()));
    }

    fn tell(&self, session: u32, at: Nanos, kind: SightingKind) {
        // fails only where nobody keeps books any more
        let _ = self.to.send(Sighting { witness: self.number, session, at, kind });
    }
}

/// Where the sightings of several witnesses are taken.
#[derive(Debug)]
pub struct Witnesses {
    from: Receiver<Sighting>,
    to: Sender<Sighting>,
    waiting: Arc<AtomicU64>,
    waiting_max: u64,
    count: u32,
}

impl Witnesses {
    /// Octets that may wait to be taken unless told otherwise: seconds of a fast run.
    pub const WAITING_OCTETS_MAX: u64 = 256 * 1024 * 1024;

    /// None yet. `waiting_octets_max`: octets that may wait to be taken; what is beyond is told as missed.
    pub fn new(waiting_octets_max: u64) -> Witnesses {
        let (to, from) = channel();
        let waiting_max = waiting_octets_max;
        Witnesses { from, to, waiting: Arc::default(), waiting_max, count: 0 }
    }

    /// One more witness. They are numbered from 0 in the order of the calls.
    pub fn witness(&mut self) -> Witness {
        let number = self.count;
        self.count += 1;
        Witness {
            number,
            to: self.to.clone(),
            waiting: self.waiting.clone(),
            waiting_max: self.waiting_max,
        }
    }

    /// Takes the oldest sighting that waits. None: there is none now.
    pub fn take(&self) -> Option<Sighting> {
        let sighting = self.from.try_recv().ok()?;
        if let SightingKind::Read(octets) | SightingKind::Wrote(octets) = &sighting.kind {
            self.waiting.fetch_sub(octets.len() as u64, Ordering::Relaxed);
        }
        Some(sighting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sightings_come_in_order_and_beyond_the_limit_only_their_octets_are_told() {
        let mut all = Witnesses::new(10);
        let (front, behind) = (all.witness(), all.witness());
        front.wrote(3, &[1; 6], Nanos(5));
        behind.read(4, &[2; 6], Nanos(6));
        behind.ended(4, Nanos(7));
        let taken: Vec<Sighting> = std::iter::from_fn(|| all.take()).collect();
        let kinds: Vec<_> = taken.iter().map(|s| (s.witness, s.session, s.kind.clone())).collect();
        let wrote = SightingKind::Wrote(vec![1; 6]);
        let missed = SightingKind::Missed(6);
        assert_eq!(kinds, [(0, 3, wrote), (1, 4, missed), (1, 4, SightingKind::Ended)]);
        behind.read(4, &[2; 10], Nanos(8));
        assert_eq!(all.take().map(|s| s.kind), Some(SightingKind::Read(vec![2; 10])));
    }
}
