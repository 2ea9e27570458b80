//! Which open message an id names, on either side.
use super::collections::Map;
use super::entry::{Entry, Handle};
use super::settings::Settings;
use crate::correlate::Key;
use crate::smpp::receipt::IdSource;
use std::collections::HashSet;
use std::collections::hash_map::Entry as Place;
use std::hash::Hash;

/// Which open message an id names, on either side.
#[derive(Debug, Default)]
pub(super) struct Ids {
    front: Map<Key, Handle>,
    /// By the upstream's witness and the id.
    behind: Map<(u32, Key), Handle>,
    /// Ids in front that two messages had at once: a receipt under one of them is of nobody knows which.
    shared: HashSet<Key>,
}

/// Ids that two messages had at once and are kept.
const SHARED_MAX: usize = 1_000_000;

impl Ids {
    /// The key of an id in front.
    pub(super) fn front_key(id: &[u8], source: IdSource, settings: &Settings) -> Key {
        settings.front_ids.key(id, source, u64::from(settings.run)).0
    }
    /// The key of an id behind.
    pub(super) fn upstream_key(id: &[u8], source: IdSource, settings: &Settings) -> Key {
        settings.upstream_ids.key(id, source, u64::from(settings.run)).0
    }

    /// The message that an id in front names.
    pub(super) fn in_front(&self, id: Key) -> Option<Handle> {
        self.front.get(&id).copied()
    }

    /// The message that an id of an upstream's witness names.
    pub(super) fn behind(&self, witness: u32, id: Key) -> Option<Handle> {
        self.behind.get(&(witness, id)).copied()
    }

    /// The id of an accept in front.
    pub(super) fn name_in_front(&mut self, id: Key, handle: Handle) {
        self.front.insert(id, handle);
    }

    /// Two messages have this id in front at once.
    pub(super) fn share(&mut self, id: Key) {
        if self.shared.len() < SHARED_MAX {
            self.shared.insert(id);
        }
    }

    /// Whether two messages had this id in front at once.
    pub(super) fn is_shared(&self, id: Key) -> bool {
        !self.shared.is_empty() && self.shared.contains(&id)
    }

    /// The id of an accept behind.
    pub(super) fn name_behind(&mut self, witness: u32, id: Key, handle: Handle) {
        self.behind.insert((witness, id), handle);
    }

    /// The ids of a message name nothing any more. `witness`: that behind, where it came out.
    pub(super) fn forget(&mut self, entry: &Entry, witness: Option<u32>) {
        forget(&mut self.front, entry.front.id_key, entry.handle);
        if let Some(witness) = witness {
            forget(&mut self.behind, (witness, entry.behind.id_key), entry.handle);
        }
    }
}

/// Another message may have taken the id over.
fn forget<K: Eq + Hash>(from: &mut Map<K, Handle>, id: K, handle: Handle) {
    if let Place::Occupied(named) = from.entry(id)
        && named.get().packed == handle.packed
    {
        named.remove();
    }
}
