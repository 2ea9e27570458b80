//! The submit_sm that are kept, by their keys, in bounded memory: those of which something is awaited, and finished ones in
//! short, which are settled and forgotten oldest first. What is beyond the bound is counted untracked.
use super::carriers::ByReference;
use super::collections::{Few, Map};
use super::content::{Content, SegmentOf};
use super::entry::{Entry, Handle};
use super::examples::{add_examples_of, unknown_example};
use super::finished::{FinishedMessage, FinishedMessages};
use super::scene::Scene;
use super::settings::Settings;
use super::settled::{Fate, Settled, books_of};
use crate::correlate::Key;
use crate::kit::Nanos;
use crate::measure::through::ExampleClass;
use crate::smpp::marker::{MarkerKind, MessageKey};

/// All submit_sm that are kept.
#[derive(Debug)]
pub(super) struct Table {
    /// Places of those of which something is awaited, by key.
    open: Map<u64, u32>,
    /// Those that are open, and places that are free.
    entries: Vec<Entry>,
    free: Vec<u32>,
    finished: FinishedMessages,
    count_max: usize,
    /// When the open ones may be looked through for one to forget.
    next_search: Nanos,
    pub(super) settled: Settled,
    pub(super) by_reference: ByReference,
    /// The highest message number that was sent, by kind.
    highest: [u64; 2],
    /// Distinct messages that were sent beyond the bound.
    pub(super) untracked: u64,
    /// Whether some messages went in in parts.
    has_parts: bool,
}

/// From one search for what is over to the next, where all places are taken: a part of the deadline.
const SEARCHES_A_DEADLINE: u64 = 64;

impl Table {
    pub(super) fn new(settings: &Settings) -> Table {
        let mut by_reference = ByReference::default();
        by_reference.of_carriers(&settings.carriers);
        Table {
            open: Map::default(),
            entries: Vec::new(),
            free: Vec::new(),
            finished: FinishedMessages::default(),
            count_max: settings.outstanding_max.max(1),
            next_search: Nanos::ZERO,
            settled: Settled::default(),
            by_reference,
            highest: [0; 2],
            untracked: 0,
            has_parts: false,
        }
    }

    /// The place of one that is open.
    fn place(&self, handle: Handle) -> Option<u32> {
        let is_it = |entry: &Entry| entry.is_open && entry.handle.packed == handle.packed;
        match self.entries.get(handle.place as usize) {
            Some(entry) if is_it(entry) => Some(handle.place),
            Some(_) | None => self.open.get(&handle.packed).copied(),
        }
    }

    /// One that is open.
    pub(super) fn get(&self, handle: Handle) -> Option<&Entry> {
        self.place(handle).map(|place| &self.entries[place as usize])
    }

    /// One that is open.
    pub(super) fn get_mut(&mut self, handle: Handle) -> Option<&mut Entry> {
        self.place(handle).map(|place| &mut self.entries[place as usize])
    }

    /// One that is kept. A finished one is open from then on.
    pub(super) fn find(&mut self, handle: Handle, scene: &mut Scene<'_>) -> Option<&mut Entry> {
        let place = match self.place(handle) {
            Some(place) => place,
            None => {
                let message = self.finished.take(handle.packed, scene)?;
                let place = self.opened(message.key()?, message.has_receipt);
                message.restore(&mut self.entries[place as usize], scene);
                place
            }
        };
        Some(&mut self.entries[place as usize])
    }

    /// The message that an id in front names.
    pub(super) fn of_front_id(&mut self, id: Key, scene: &mut Scene<'_>) -> Option<Handle> {
        scene.ids.in_front(id).or_else(|| self.finished.of_front_id(id, scene))
    }

    /// The message that an id of an upstream's witness names.
    pub(super) fn of_behind_id(
        &mut self,
        witness: u32,
        id: Key,
        scene: &mut Scene<'_>,
    ) -> Option<Handle> {
        scene.ids.behind(witness, id).or_else(|| self.finished.of_behind_id(witness, id, scene))
    }

    /// Opens an entry, and returns its place.
    fn opened(&mut self, key: MessageKey, wants_receipt: bool) -> u32 {
        let place = self.free.pop().unwrap_or_else(|| {
            let place = self.entries.len() as u32;
            self.entries.push(Entry::free(place));
            place
        });
        self.entries[place as usize].open(key, wants_receipt);
        self.open.insert(key.packed(), place);
        place
    }

    /// Frees the place of an entry.
    fn freed(&mut self, place: u32, scene: &mut Scene<'_>) {
        let entry = &mut self.entries[place as usize];
        let is_out = entry.behind.out_count > 0;
        let witness = is_out.then(|| scene.sessions.get(entry.behind.session).witness);
        scene.ids.forget(entry, witness);
        entry.is_open = false;
        self.open.remove(&entry.handle.packed);
        self.free.push(place);
    }

    /// The entry of a message that is being sent, for the first time or again. None: it is not tracked.
    pub(super) fn entry(
        &mut self,
        key: MessageKey,
        wants_receipt: bool,
        scene: &mut Scene<'_>,
    ) -> Option<&mut Entry> {
        let place = match self.open.get(&key.packed()) {
            Some(place) => *place,
            None => {
                if self.settled.is_untracked(key) {
                    return None;
                }
                self.has_parts |= key.part > 0;
                let of_kind = books_of(key.kind);
                self.highest[of_kind] = self.highest[of_kind].max(key.message);
                self.settled.books(key.kind).sent += 1;
                let count = self.open.len() + self.finished.len();
                if count >= self.count_max && !self.make_room(scene) {
                    self.settled.books(key.kind).untracked += 1;
                    self.untracked += 1;
                    self.settled.forget(key, Fate::Untracked, self.count_max);
                    return None;
                }
                self.opened(key, wants_receipt)
            }
        };
        Some(&mut self.entries[place as usize])
    }

    /// Keeps a message in short where nothing more is awaited of it.
    pub(super) fn close(&mut self, handle: Handle, scene: &mut Scene<'_>) {
        let Some(place) = self.place(handle) else { return };
        let entry = &self.entries[place as usize];
        if let Some(message) = FinishedMessage::of(entry, scene.settings.deadline) {
            add_examples_of(entry, scene.findings);
            self.freed(place, scene);
            self.finished.push(message);
        }
    }

    /// Forgets the oldest message that is finished. False: none is.
    fn make_room(&mut self, scene: &mut Scene<'_>) -> bool {
        if let Some(message) = self.finished.take_oldest(scene) {
            self.settled.settle_finished(&message);
            if let (Some(key), true) = (message.key(), message.status != 0) {
                self.settled.forget(key, Fate::Refused, self.count_max);
            }
            return true;
        }
        if scene.at < self.next_search {
            return false;
        }
        let deadline = scene.settings.deadline;
        self.next_search = scene.at + Nanos(deadline.0 / SEARCHES_A_DEADLINE);
        let before = self.open.len();
        for place in self.in_order() {
            let entry = &self.entries[place as usize];
            if entry.is_finished(scene.at, deadline) {
                self.settled.settle(entry, scene.at, scene);
                self.settled.forget(entry.key, Fate::of(entry, deadline), self.count_max);
                self.freed(place, scene);
            }
        }
        self.open.len() < before
    }

    /// Places of those that are open, in the order in which they were sent.
    fn in_order(&self) -> Vec<u32> {
        let mut places: Vec<u32> = self.open.values().copied().collect();
        places.sort_unstable_by_key(|place| {
            let entry = &self.entries[*place as usize];
            (entry.front.number, entry.key)
        });
        places
    }

    /// Whether every entry is finished at `now`.
    pub(super) fn is_quiet(&self, now: Nanos, deadline: Nanos) -> bool {
        self.open.values().all(|place| self.entries[*place as usize].is_finished(now, deadline))
    }

    /// Settles all that are left, in the order in which they were sent. Receipts that were sent after `could_come_until` could
    /// not reach our ESME any more.
    pub(super) fn settle_all(&mut self, scene: &mut Scene<'_>, could_come_until: Nanos) {
        while let Some(message) = self.finished.take_oldest(scene) {
            self.settled.settle_finished(&message);
        }
        for place in self.in_order() {
            self.settled.settle(&self.entries[place as usize], could_come_until, scene);
        }
        self.open.clear();
    }

    /// Counts a copy that came out. None: its message is not kept.
    pub(super) fn came_out(
        &mut self,
        (key, handle): (MessageKey, Handle),
        scene: &mut Scene<'_>,
    ) -> Option<&mut Entry> {
        self.settled.books(key.kind).came_out += 1;
        let of_kind = books_of(key.kind);
        let is_sent = key.kind != MarkerKind::Mo && key.message <= self.highest[of_kind];
        if !is_sent || self.find(handle, scene).is_none() {
            if !is_sent {
                self.settled.books(key.kind).came_out -= 1;
                self.unexpected(scene, &[]);
            } else {
                self.settled.copy_of_forgotten(key, self.count_max);
            }
            return None;
        }
        let entry = self.get_mut(handle)?;
        entry.behind.out_count += 1;
        Some(entry)
    }

    /// Counts a submit_sm that came out and is none of ours.
    pub(super) fn unexpected(&mut self, scene: &mut Scene<'_>, frame: &[u8]) {
        let books = self.settled.books(MarkerKind::Load);
        books.unexpected += 1;
        books.came_out += 1;
        let at = scene.at;
        scene.findings.examples.add(ExampleClass::Unexpected, || {
            let what = Content::read(frame).map_or_else(
                || "it cannot be read, or names a message that was not sent".to_owned(),
                |content| {
                    let to = String::from_utf8_lossy(content.destination);
                    format!("to {to}: {}", content.characters().unwrap_or_default())
                },
            );
            unknown_example(ExampleClass::Unexpected, at, what)
        });
    }

    /// Whether a PDU is the same part as that which was sent under this key.
    pub(super) fn is_segment_of(
        &mut self,
        key: MessageKey,
        content: &Content<'_>,
        scene: &mut Scene<'_>,
    ) -> bool {
        let parts = |segment: Option<SegmentOf>| segment.map(|s| (s.total, s.part));
        let has_parts = self.has_parts;
        let Some(entry) = self.find(Handle::of(key), scene) else {
            // the first part that came out of an uncut message looks like one that was sent, where some are sent in parts
            return has_parts && content.part() == key.part;
        };
        if entry.frame.is_empty() {
            // a further copy: a part that came out of an uncut message comes in parts again
            return !entry.is_resegmented;
        }
        Content::read(&entry.frame)
            .is_some_and(|sent| parts(sent.segment) == parts(content.segment))
    }

    /// Whether a message that has not come out was sent with a text that holds this one.
    pub(super) fn is_text_of(&self, key: MessageKey, text: &[u8]) -> bool {
        let sent = self.get(Handle::of(key)).and_then(|entry| Content::read(&entry.frame));
        sent.is_some_and(|sent| sent.text.windows(text.len().max(1)).any(|part| part == text))
    }

    /// The keys of all parts of a message that went in in parts, of which none has come out, where this PDU holds the text of
    /// all of them. None: it does not.
    pub(super) fn joined_in(&self, key: MessageKey, out: &Content<'_>) -> Option<Few<MessageKey>> {
        let total = Content::read(&self.get(Handle::of(key))?.frame)?.segment?.total;
        let keys: Few<MessageKey> = (0..total).map(|part| MessageKey { part, ..key }).collect();
        let mut text = String::new();
        for key in keys.iter() {
            text += &Content::read(&self.get(Handle::of(*key))?.frame)?.characters()?;
        }
        out.characters()?.contains(&text).then_some(keys)
    }

    /// The message that a reference hints at: the oldest that has not come out, else the last; among probes that carry more
    /// only one that has not come out. None: it hints at none, or nothing goes by it.
    pub(super) fn of_reference(&self, reference: u16, part: u8) -> Option<MessageKey> {
        let is_kept = |key: &MessageKey| self.get(Handle::of(*key));
        let waits = |key: &MessageKey| is_kept(key).is_some_and(|e| e.behind.out_count == 0);
        let all = || self.by_reference.of(reference, part);
        let last = || self.by_reference.is_used.then(|| all().next_back()).flatten();
        all().find(waits).or_else(last)
    }
}
