//! Reordering as RFC 4737 has it, within each session in front and each destination: a message is reordered where one
//! that was sent later has come out before it; its extent is the number of messages that came out from the first such
//! one to it.
use super::collections::Map;
use crate::measure::through::{OrderBy, Reordering};
use foldhash::fast::RandomState;
use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::hash::BuildHasher;

/// Streams that are kept of each kind; messages of further ones are counted only.
const STREAMS_MAX: usize = 100_000;
/// Last maxima that are kept of a session, and of a destination: a larger extent is told as at least that. They are two
/// or more.
const MAXIMA_MAX: [usize; 2] = [65_536, 16];

/// The messages of one stream that have come out.
#[derive(Debug, Default)]
struct Stream {
    /// Messages that came out.
    count: u64,
    /// The last of those that were sent later than all that came out before them, as (sent, came out) counted from 1 and
    /// from 0. Nearly every message is compared with this one only.
    last: (u64, u64),
    /// Those before it.
    earlier: VecDeque<(u64, u64)>,
}

impl Stream {
    /// A message that was the `sent`th to be sent comes out. Returns its extent; None: it is in order.
    fn came(&mut self, sent: u64, maxima_max: usize) -> Option<u64> {
        let place = self.count;
        self.count += 1;
        if self.last.0 < sent {
            if place > 0 {
                self.earlier.push_back(self.last);
            }
            if self.earlier.len() >= maxima_max {
                self.earlier.pop_front();
            }
            self.last = (sent, place);
            return None;
        }
        let first = self.earlier.partition_point(|(later, _)| *later < sent);
        let (_, at) = self.earlier.get(first).unwrap_or(&self.last);
        Some(place - at)
    }
}

/// Of one kind of stream.
#[derive(Debug)]
struct Streams<K> {
    all: Map<K, Stream>,
    figures: Reordering,
    maxima_max: usize,
}

impl<K: std::hash::Hash + Eq> Streams<K> {
    fn new(by: OrderBy, maxima_max: usize) -> Streams<K> {
        let figures = Reordering {
            by,
            messages: 0,
            reordered: 0,
            extent_max: 0,
            extent_sum: 0,
            untracked: 0,
        };
        Streams { all: Map::default(), figures, maxima_max }
    }

    fn came(&mut self, stream: K, sent: u64) {
        let figures = &mut self.figures;
        let is_full = self.all.len() >= STREAMS_MAX;
        let stream = match self.all.entry(stream) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(_) if is_full => {
                figures.untracked += 1;
                return;
            }
            Entry::Vacant(place) => place.insert(Stream::default()),
        };
        figures.messages += 1;
        if let Some(extent) = stream.came(sent, self.maxima_max) {
            figures.reordered += 1;
            figures.extent_max = figures.extent_max.max(extent);
            figures.extent_sum += extent;
        }
    }
}

/// The order in which messages came out.
#[derive(Debug)]
pub(super) struct Order {
    by_bind: Streams<u32>,
    /// By a hash of the address: of 100,000 streams two share one once in a billion runs.
    by_destination: Streams<u64>,
    hasher: RandomState,
}

impl Order {
    pub(super) fn new() -> Order {
        let [bind, destination] = MAXIMA_MAX;
        Order {
            by_bind: Streams::new(OrderBy::Bind, bind),
            by_destination: Streams::new(OrderBy::Destination, destination),
            hasher: RandomState::default(),
        }
    }

    /// The first copy of a message comes out: the `sent`th that was sent, on this session in front.
    pub(super) fn came(&mut self, session: u32, destination: &[u8], sent: u64) {
        self.by_bind.came(session, sent);
        self.by_destination.came(self.hasher.hash_one(destination), sent);
    }

    pub(super) fn figures(&self) -> Vec<Reordering> {
        vec![self.by_bind.figures, self.by_destination.figures]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (reordered, longest extent, sum of extents) of one stream.
    fn of(sent: &[u64]) -> (u64, u64, u64) {
        let mut order = Order::new();
        sent.iter().for_each(|sent| order.came(0, b"1", *sent));
        let Reordering { reordered, extent_max, extent_sum, .. } = order.figures()[0];
        (reordered, extent_max, extent_sum)
    }

    #[test]
    fn the_examples_of_rfc_4737_come_out_as_it_says() {
        assert_eq!(of(&[1, 2, 3, 4, 5]), (0, 0, 0));
        // 7.1: 4 arrives three late, behind 5, 6 and 7
        assert_eq!(of(&[1, 2, 3, 5, 6, 7, 4, 8]), (1, 3, 3));
        // 7.3: 7, 8, 9, 10 overtake 5 and 6
        assert_eq!(of(&[1, 2, 3, 4, 7, 8, 9, 10, 5, 6, 11]), (2, 5, 9));
    }

    #[test]
    fn what_is_late_in_one_stream_is_in_order_in_another() {
        let mut order = Order::new();
        order.came(1, b"a", 1);
        order.came(2, b"a", 3);
        order.came(1, b"a", 2);
        let [bind, destination] = order.figures()[..] else { panic!("there are two") };
        assert_eq!((bind.reordered, destination.reordered), (0, 1));
    }
}
