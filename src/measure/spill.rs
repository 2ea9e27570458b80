//! Storage of the histograms of closed seconds: in memory with their row, or in a store outside it. An hour of them takes
//! more memory than all other parts of a run together.
use super::Metric;
use super::latency::{Latency, LatencyRange};
use std::fmt::Debug;
use std::sync::Arc;

/// Storage outside the memory of the process.
pub trait SpillStore: Debug + Send + Sync {
    /// Stores octets and returns their offset. None: it cannot, and they stay in memory.
    fn put(&self, octets: &[u8]) -> Option<u64>;
    /// Reads `length` octets from an offset. None: they cannot be read.
    fn get(&self, offset: u64, length: usize) -> Option<Vec<u8>>;
    /// An empty store of the same kind, to replace this one. None: there is none.
    fn fresh(&self) -> Option<Arc<dyn SpillStore>>;
}

/// The metrics whose histograms are kept by second, in the order of [`super::IntervalRow::summaries`].
pub const ROW_METRICS: [Metric; 7] = [
    Metric::Response,
    Metric::Service,
    Metric::Receipt,
    Metric::HarnessLag,
    Metric::WriteWait,
    Metric::ReceiptFromWrite,
    Metric::ReceiptAfterResponse,
];

/// The encoded histograms of one row ([`Latency::to_octets`]), in the order of [`ROW_METRICS`].
#[derive(Clone, Debug, Default)]
pub(super) struct RowHistograms {
    lengths: [u32; ROW_METRICS.len()],
    storage: Storage,
}

#[derive(Clone, Debug)]
enum Storage {
    Memory(Box<[u8]>),
    /// A store and the offset in it.
    Spilled(Arc<dyn SpillStore>, u64),
}

impl Default for Storage {
    fn default() -> Storage {
        Storage::Memory(Box::default())
    }
}

impl RowHistograms {
    /// Encodes all histograms; an empty one takes no octets.
    pub(super) fn of<'l>(all: impl Iterator<Item = Option<&'l Latency>>) -> RowHistograms {
        let mut lengths = [0; ROW_METRICS.len()];
        let mut octets = Vec::new();
        for (length, latency) in lengths.iter_mut().zip(all) {
            if let Some(latency) = latency.filter(|l| !l.is_empty()) {
                let packed = latency.to_octets();
                *length = packed.len() as u32;
                octets.extend(packed);
            }
        }
        RowHistograms { lengths, storage: Storage::Memory(octets.into()) }
    }

    /// Offset and length of a histogram. None: it is empty.
    fn span(&self, number: usize) -> Option<(usize, usize)> {
        let length = self.lengths[number] as usize;
        let before = self.lengths[..number].iter().map(|l| *l as usize).sum();
        (length > 0).then_some((before, length))
    }

    /// The octets of a histogram. None: it is empty, or the store cannot read it.
    pub(super) fn octets(&self, number: usize) -> Option<Vec<u8>> {
        let (before, length) = self.span(number)?;
        match &self.storage {
            Storage::Memory(octets) => octets.get(before..before + length).map(<[u8]>::to_vec),
            Storage::Spilled(store, offset) => store.get(offset + before as u64, length),
        }
    }

    /// Decodes all histograms into distributions of this range.
    pub(super) fn decode(&self, range: LatencyRange) -> [Latency; ROW_METRICS.len()] {
        std::array::from_fn(|number| {
            let mut all = Latency::new(range);
            let octets = self.octets(number);
            if let Some(observed) = octets.and_then(|octets| Latency::from_octets(&octets).ok()) {
                all.merge(&observed);
            }
            all
        })
    }

    /// Moves the histograms from memory to a store. False: the store refuses them.
    pub(super) fn spill(&mut self, store: &Arc<dyn SpillStore>) -> bool {
        let Storage::Memory(octets) = &self.storage else { return true };
        if octets.is_empty() {
            return true;
        }
        let Some(offset) = store.put(octets) else { return false };
        self.storage = Storage::Spilled(store.clone(), offset);
        true
    }

    /// Moves the histograms back into memory, from a store that is dropped.
    pub(super) fn load(&mut self) {
        let Storage::Spilled(store, offset) = &self.storage else { return };
        let length = self.lengths.iter().map(|l| *l as usize).sum();
        if let Some(octets) = store.get(*offset, length) {
            self.storage = Storage::Memory(octets.into());
        }
    }
}
