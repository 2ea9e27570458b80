//! Where the distributions of closed seconds lie: with their row, or on a shelf outside the process's memory. An
//! hour of them takes more than everything else of a run together.
use super::Metric;
use super::latency::{Latency, LatencyRange};
use std::fmt::Debug;
use std::sync::Arc;

/// Keeps octets outside the process's memory, for as long as somebody holds it.
pub trait Shelf: Debug + Send + Sync {
    /// Keeps octets: the place to ask for them. None: it cannot, and they stay in memory.
    fn put(&self, octets: &[u8]) -> Option<u64>;
    /// So many octets from a place on. None: they cannot be read.
    fn get(&self, place: u64, length: usize) -> Option<Vec<u8>>;
    /// An empty one of the same kind, for what takes the place of all that lies here.
    fn fresh(&self) -> Option<Arc<dyn Shelf>>;
}

/// The metrics whose distributions are kept by second, in the order of [`super::IntervalRow::briefs`].
pub const ROW_METRICS: [Metric; 7] = [
    Metric::Response,
    Metric::Service,
    Metric::Receipt,
    Metric::HarnessLag,
    Metric::WriteWait,
    Metric::ReceiptFromWrite,
    Metric::ReceiptAfterResponse,
];

/// The distributions of one row, each packed ([`Latency::to_octets`]), in the order of [`ROW_METRICS`].
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    lengths: [u32; ROW_METRICS.len()],
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Here(Box<[u8]>),
    On(Arc<dyn Shelf>, u64),
}

impl Default for Place {
    fn default() -> Place {
        Place::Here(Box::default())
    }
}

impl Kept {
    /// Packs all; an empty one takes nothing.
    pub(super) fn of<'l>(all: impl Iterator<Item = Option<&'l Latency>>) -> Kept {
        let mut lengths = [0; ROW_METRICS.len()];
        let mut octets = Vec::new();
        for (length, latency) in lengths.iter_mut().zip(all) {
            if let Some(latency) = latency.filter(|l| !l.is_empty()) {
                let packed = latency.to_octets();
                *length = packed.len() as u32;
                octets.extend(packed);
            }
        }
        Kept { lengths, place: Place::Here(octets.into()) }
    }

    /// Where one begins, and its length. None: it is empty.
    fn span(&self, number: usize) -> Option<(usize, usize)> {
        let length = self.lengths[number] as usize;
        let before = self.lengths[..number].iter().map(|l| *l as usize).sum();
        (length > 0).then_some((before, length))
    }

    /// The octets of one; None where it is empty, or its shelf does not give it back.
    pub(super) fn octets(&self, number: usize) -> Option<Vec<u8>> {
        let (before, length) = self.span(number)?;
        match &self.place {
            Place::Here(octets) => octets.get(before..before + length).map(<[u8]>::to_vec),
            Place::On(shelf, place) => shelf.get(place + before as u64, length),
        }
    }

    /// All of them again, to so many digits.
    pub(super) fn open(&self, range: LatencyRange) -> [Latency; ROW_METRICS.len()] {
        std::array::from_fn(|number| {
            let mut all = Latency::new(range);
            let octets = self.octets(number);
            if let Some(seen) = octets.and_then(|octets| Latency::from_octets(&octets).ok()) {
                all.merge(&seen);
            }
            all
        })
    }

    /// Moves what is in memory to a shelf. False: the shelf does not take it.
    pub(super) fn put_on(&mut self, shelf: &Arc<dyn Shelf>) -> bool {
        let Place::Here(octets) = &self.place else { return true };
        if octets.is_empty() {
            return true;
        }
        let Some(place) = shelf.put(octets) else { return false };
        self.place = Place::On(shelf.clone(), place);
        true
    }

    /// Back into memory, from a shelf that is to go.
    pub(super) fn take_back(&mut self) {
        let Place::On(shelf, place) = &self.place else { return };
        let length = self.lengths.iter().map(|l| *l as usize).sum();
        if let Some(octets) = shelf.get(*place, length) {
            self.place = Place::Here(octets.into());
        }
    }
}
