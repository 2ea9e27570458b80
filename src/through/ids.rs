//! Which message an id names, on either side.
use super::collections::Map;
use super::settings::Settings;
use crate::correlate::Key;
use crate::smpp::marker::MessageKey;
use crate::smpp::receipt::IdSource;

/// Which message an id names, on either side.
#[derive(Debug, Default)]
pub(super) struct Ids {
    front: Map<Key, u64>,
    behind: Map<(u32, Key), u64>,
}

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
    pub(super) fn in_front(&self, key: Key) -> Option<MessageKey> {
        self.front.get(&key).copied().and_then(MessageKey::unpacked)
    }

    /// The message that an id of an upstream's witness names.
    pub(super) fn behind(&self, witness: u32, key: Key) -> Option<MessageKey> {
        self.behind.get(&(witness, key)).copied().and_then(MessageKey::unpacked)
    }

    /// The id of an accept in front.
    pub(super) fn name_in_front(&mut self, id: &[u8], packed: u64, settings: &Settings) {
        self.front.insert(Ids::front_key(id, IdSource::Response, settings), packed);
    }

    /// The id of an accept behind.
    pub(super) fn name_behind(
        &mut self,
        id: &[u8],
        witness: u32,
        packed: u64,
        settings: &Settings,
    ) {
        let key = Ids::upstream_key(id, IdSource::Response, settings);
        self.behind.insert((witness, key), packed);
    }

    pub(super) fn forget_in_front(&mut self, id: &[u8], packed: u64, settings: &Settings) {
        let key = Ids::front_key(id, IdSource::Response, settings);
        if self.front.get(&key) == Some(&packed) {
            self.front.remove(&key);
        }
    }

    pub(super) fn forget_behind(
        &mut self,
        id: &[u8],
        witness: u32,
        packed: u64,
        settings: &Settings,
    ) {
        let key = (witness, Ids::upstream_key(id, IdSource::Response, settings));
        if self.behind.get(&key) == Some(&packed) {
            self.behind.remove(&key);
        }
    }
}
