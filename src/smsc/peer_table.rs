//! All connections by session number.
use super::peer::Peer;

/// Connections by session number, in blocks. A block is freed once all of its connections are closed, so that the
/// table does not grow with the number of connections over time. Session numbers are never reused.
#[derive(Debug, Default)]
pub(super) struct PeerTable {
    blocks: Vec<Option<PeerBlock>>,
    next: u32,
    count: usize,
}

const BLOCK: usize = 256;

#[derive(Debug)]
struct PeerBlock {
    peers: Box<[Option<Box<Peer>>]>,
    count: usize,
}

impl PeerBlock {
    fn new() -> PeerBlock {
        PeerBlock { peers: (0..BLOCK).map(|_| None).collect(), count: 0 }
    }
}

/// The block of a session, and its index in that block.
fn locate(session: u32) -> (usize, usize) {
    (session as usize / BLOCK, session as usize % BLOCK)
}

impl PeerTable {
    /// Adds a connection and returns its session number.
    pub(super) fn add(&mut self, peer: Peer) -> u32 {
        let session = self.next;
        self.next = session.checked_add(1).expect("connections are fewer than four billion");
        let (block, at) = locate(session);
        if self.blocks.len() <= block {
            self.blocks.resize_with(block + 1, || None);
        }
        let block = self.blocks[block].get_or_insert_with(PeerBlock::new);
        block.peers[at] = Some(Box::new(peer));
        block.count += 1;
        self.count += 1;
        session
    }

    /// None: the connection is closed.
    #[inline]
    pub(super) fn get(&self, session: u32) -> Option<&Peer> {
        let (block, at) = locate(session);
        self.blocks.get(block)?.as_ref()?.peers[at].as_deref()
    }

    /// None: the connection is closed.
    #[inline]
    pub(super) fn get_mut(&mut self, session: u32) -> Option<&mut Peer> {
        let (block, at) = locate(session);
        self.blocks.get_mut(block)?.as_mut()?.peers[at].as_deref_mut()
    }

    /// Removes a connection. None: it is closed already.
    pub(super) fn remove(&mut self, session: u32) -> Option<Box<Peer>> {
        let (number, at) = locate(session);
        let block = self.blocks.get_mut(number)?.as_mut()?;
        let peer = block.peers[at].take()?;
        block.count -= 1;
        self.count -= 1;
        // the block of the next connection stays
        if block.count == 0 && number != locate(self.next).0 {
            self.blocks[number] = None;
        }
        Some(peer)
    }

    /// The session numbers of all connections, ascending.
    pub(super) fn numbers(&self) -> Vec<u32> {
        let mut numbers = Vec::with_capacity(self.count);
        for (number, block) in self.blocks.iter().enumerate() {
            let slots = block.iter().flat_map(|block| block.peers.iter().enumerate());
            let used = slots.filter(|(_, peer)| peer.is_some());
            numbers.extend(used.map(|(at, _)| (number * BLOCK + at) as u32));
        }
        numbers
    }

    /// Number of connections.
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Nanos;
    use crate::session::{Session, Timers};

    fn peer() -> Peer {
        let timers = Timers { enquire_link: Nanos::MAX, response: Nanos::MAX };
        Peer::new(Session::smsc(timers, Nanos::ZERO), usize::MAX, None)
    }

    #[test]
    fn closed_connections_leave_nothing_in_the_table() {
        let mut peers = PeerTable::default();
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
