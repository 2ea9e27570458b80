//! Messages that went through without a fault, and of which nothing more is awaited: each in a hundred octets, for what
//! may come of them all the same. Nearly none of them is looked for again, so they are indexed only once one is.
use super::collections::{Few, Id, Map};
use super::entry::{Behind, Entry, Front, Handle, Receipts};
use super::ids::Ids;
use super::scene::Scene;
use crate::correlate::Key;
use crate::kit::Nanos;
use crate::smpp::marker::{MarkerKind, MessageKey};
use crate::smpp::receipt::IdSource;
use std::collections::VecDeque;

/// Messages whose memory is taken at once.
const CHUNK: usize = 4_096;

/// What is kept of one message.
#[derive(Debug)]
pub(super) struct FinishedMessage {
    /// Its key.
    packed: u64,
    written: Nanos,
    pub(super) accepted: Nanos,
    out: Nanos,
    /// When our SMSC answered it, and with which status.
    pub(super) answered: Nanos,
    pub(super) status: u32,
    front_session: u32,
    behind_session: u32,
    /// Whether our SMSC sent a final receipt, and whether one came in front.
    has_receipt_behind: bool,
    pub(super) has_receipt: bool,
    pub(super) is_altered: bool,
    pub(super) is_at_wrong_upstream: bool,
    front_id: Id,
    behind_id: Id,
}

impl FinishedMessage {
    /// Of a message that was accepted, came out once by its deadline and as it went in, was answered behind, and has its
    /// receipt where one is wanted. None: more is to be known of it.
    pub(super) fn of(entry: &Entry, deadline: Nanos) -> Option<FinishedMessage> {
        let Entry { key, front, behind, receipts, .. } = entry;
        let is_plain = front.open == 0
            && !front.has_gone
            && behind.out_count == 1
            && !entry.is_resegmented
            && receipts.waiting.is_empty()
            && receipts.sent <= 1
            && receipts.came == u32::from(entry.wants_receipt)
            && entry.is_in_time(deadline);
        let (Some(accepted), Some((status, answered)), true) =
            (front.accepted, behind.answered, is_plain)
        else {
            return None;
        };
        Some(FinishedMessage {
            packed: key.packed(),
            written: front.written,
            accepted,
            out: behind.first,
            answered,
            status,
            front_session: front.session,
            behind_session: behind.session,
            has_receipt_behind: receipts.sent > 0,
            has_receipt: receipts.came > 0,
            is_altered: entry.is_altered,
            is_at_wrong_upstream: entry.is_at_wrong_upstream,
            front_id: front.id.clone(),
            behind_id: behind.id.clone(),
        })
    }

    pub(super) fn key(&self) -> Option<MessageKey> {
        MessageKey::unpacked(self.packed)
    }

    pub(super) fn kind(&self) -> MarkerKind {
        self.key().map_or(MarkerKind::Load, |key| key.kind)
    }

    /// Writes the message as it was into an entry that is open, and names it by its ids again.
    pub(super) fn restore(self, entry: &mut Entry, scene: &mut Scene<'_>) {
        let (front, (witness, behind)) = ids_of(&self, scene);
        scene.ids.name_in_front(front, entry.handle);
        scene.ids.name_behind(witness, behind, entry.handle);
        entry.front = Front {
            session: self.front_session,
            written: self.written,
            accepted: Some(self.accepted),
            id: self.front_id,
            id_key: front,
            ..Front::default()
        };
        entry.behind = Behind {
            out_count: 1,
            first: self.out,
            last: self.out,
            session: self.behind_session,
            answered: Some((self.status, self.answered)),
            id: self.behind_id,
            id_key: behind,
            segments: 1,
            unrefused: u32::from(self.status == 0),
            ..Behind::default()
        };
        let (sent, came) = (u32::from(self.has_receipt_behind), u32::from(self.has_receipt));
        let ids = if self.has_receipt_behind { Few::One(behind) } else { Few::None };
        entry.receipts = Receipts { sent, came, ids, ..Receipts::default() };
        entry.is_altered = self.is_altered;
        entry.is_at_wrong_upstream = self.is_at_wrong_upstream;
    }
}

/// All of them, oldest first. A place counts all that were ever added.
#[derive(Debug, Default)]
pub(super) struct FinishedMessages {
    /// Chunks of [`CHUNK`]; None: it was taken out again.
    chunks: VecDeque<Vec<Option<FinishedMessage>>>,
    /// Place of the first message of the first chunk, of the oldest that is kept, and of the next.
    base: u64,
    oldest: u64,
    next: u64,
    count: usize,
    index: Index,
}

/// Where messages are, of all before `until`.
#[derive(Debug, Default)]
struct Index {
    until: u64,
    by_key: Map<u64, u64>,
    by_front_id: Map<Key, u64>,
    /// By witness and id.
    by_behind_id: Map<(u32, Key), u64>,
}

impl FinishedMessages {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Adds one.
    pub(super) fn push(&mut self, message: FinishedMessage) {
        if self.chunks.back().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.chunks.push_back(Vec::with_capacity(CHUNK));
        }
        if let Some(chunk) = self.chunks.back_mut() {
            chunk.push(Some(message));
            self.next += 1;
            self.count += 1;
        }
    }

    fn place(&mut self, place: u64) -> Option<&mut Option<FinishedMessage>> {
        let at = place.checked_sub(self.base)? as usize;
        self.chunks.get_mut(at / CHUNK)?.get_mut(at % CHUNK)
    }

    /// Takes the oldest out. None: there is none.
    pub(super) fn take_oldest(&mut self, scene: &mut Scene<'_>) -> Option<FinishedMessage> {
        while self.oldest < self.next {
            let place = self.oldest;
            let taken = self.place(place).and_then(Option::take);
            self.oldest += 1;
            if self.oldest - self.base == CHUNK as u64 {
                self.chunks.pop_front();
                self.base = self.oldest;
            }
            if let Some(message) = taken {
                self.count -= 1;
                self.index.remove(&message, place, scene);
                return Some(message);
            }
        }
        None
    }

    /// Takes the message of a packed key out. None: it is not among them.
    pub(super) fn take(&mut self, packed: u64, scene: &mut Scene<'_>) -> Option<FinishedMessage> {
        self.bring_index_up(scene);
        let place = *self.index.by_key.get(&packed)?;
        let message = self.place(place)?.take()?;
        self.count -= 1;
        self.index.remove(&message, place, scene);
        Some(message)
    }

    /// The message that an id in front names.
    pub(super) fn of_front_id(&mut self, id: Key, scene: &mut Scene<'_>) -> Option<Handle> {
        self.bring_index_up(scene);
        let place = *self.index.by_front_id.get(&id)?;
        self.place(place)?.as_ref()?.key().map(Handle::of)
    }

    /// The message that an id of an upstream's witness names.
    pub(super) fn of_behind_id(
        &mut self,
        witness: u32,
        id: Key,
        scene: &mut Scene<'_>,
    ) -> Option<Handle> {
        self.bring_index_up(scene);
        let place = *self.index.by_behind_id.get(&(witness, id))?;
        self.place(place)?.as_ref()?.key().map(Handle::of)
    }

    /// Indexes what was added since one was last looked for.
    fn bring_index_up(&mut self, scene: &mut Scene<'_>) {
        for place in self.index.until.max(self.oldest)..self.next {
            let at = (place - self.base) as usize;
            if let Some(message) = &self.chunks[at / CHUNK][at % CHUNK] {
                self.index.insert(message, place, scene);
            }
        }
        self.index.until = self.next;
    }
}

impl Index {
    fn insert(&mut self, message: &FinishedMessage, place: u64, scene: &mut Scene<'_>) {
        let (front, behind) = ids_of(message, scene);
        self.by_key.insert(message.packed, place);
        self.by_front_id.insert(front, place);
        self.by_behind_id.insert(behind, place);
    }

    fn remove(&mut self, message: &FinishedMessage, place: u64, scene: &mut Scene<'_>) {
        if place >= self.until {
            return;
        }
        let (front, behind) = ids_of(message, scene);
        self.by_key.remove(&message.packed);
        // another message may have taken the id over
        if self.by_front_id.get(&front) == Some(&place) {
            self.by_front_id.remove(&front);
        }
        if self.by_behind_id.get(&behind) == Some(&place) {
            self.by_behind_id.remove(&behind);
        }
    }
}

/// The keys of its ids: in front, and behind with the witness.
fn ids_of(message: &FinishedMessage, scene: &mut Scene<'_>) -> (Key, (u32, Key)) {
    let witness = scene.sessions.get(message.behind_session).witness;
    let front = Ids::front_key(&message.front_id, IdSource::Response, scene.settings);
    let behind = Ids::upstream_key(&message.behind_id, IdSource::Response, scene.settings);
    (front, (witness, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_message_takes_little_more_than_a_hundred_octets() {
        assert!(size_of::<Option<FinishedMessage>>() <= 112);
    }
}
