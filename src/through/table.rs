//! The submit_sm that are kept, by their keys, in bounded memory: finished ones are settled and forgotten oldest first,
//! and what is beyond the bound is counted untracked.
use super::carriers::ByReference;
use super::collections::Map;
use super::content::{Content, SegmentOf};
use super::entry::Entry;
use super::examples::unknown_example;
use super::scene::Scene;
use super::settings::Settings;
use super::settled::Settled;
use crate::kit::Nanos;
use crate::measure::through::ExampleClass;
use crate::smpp::marker::{Carrier, MarkerKind, MessageKey};
use std::collections::VecDeque;

/// Entries that are looked at for one to forget before a message is counted untracked.
const LOOKED_AT_MAX: usize = 64;

/// All submit_sm that are kept.
#[derive(Debug)]
pub(super) struct Table {
    entries: Map<u64, Box<Entry>>,
    /// Their keys, oldest first.
    oldest: VecDeque<u64>,
    count_max: usize,
    pub(super) settled: Settled,
    pub(super) by_reference: ByReference,
    /// The highest message number that was sent, by kind.
    highest: [u64; 2],
    /// Distinct messages that were sent beyond the bound.
    untracked: u64,
    /// Markers of such messages that came out.
    untracked_out: u64,
}

impl Table {
    pub(super) fn new(settings: &Settings) -> Table {
        let is_used = settings.carriers == [Carrier::UserMessageReference];
        Table {
            entries: Map::default(),
            oldest: VecDeque::new(),
            count_max: settings.outstanding_max.max(1),
            settled: Settled::default(),
            by_reference: ByReference::new(is_used),
            highest: [0; 2],
            untracked: 0,
            untracked_out: 0,
        }
    }

    pub(super) fn get(&self, key: MessageKey) -> Option<&Entry> {
        self.entries.get(&key.packed()).map(Box::as_ref)
    }

    pub(super) fn get_mut(&mut self, key: MessageKey) -> Option<&mut Entry> {
        self.entries.get_mut(&key.packed()).map(Box::as_mut)
    }

    /// The entry of a message that is being sent, for the first time or again. None: it is not tracked.
    pub(super) fn entry(
        &mut self,
        key: MessageKey,
        wants_receipt: bool,
        scene: &mut Scene<'_>,
    ) -> Option<&mut Entry> {
        let packed = key.packed();
        if !self.entries.contains_key(&packed) {
            let place = usize::from(key.kind == MarkerKind::Probe);
            self.highest[place] = self.highest[place].max(key.message);
            self.settled.books(key.kind).sent += 1;
            if self.entries.len() >= self.count_max && !self.make_room(scene) {
                self.settled.books(key.kind).untracked += 1;
                self.untracked += 1;
                return None;
            }
            self.oldest.push_back(packed);
            self.entries.insert(packed, Box::new(Entry::new(key, wants_receipt)));
        }
        self.entries.get_mut(&packed).map(Box::as_mut)
    }

    /// Forgets the oldest entry that is finished. False: none of the oldest is.
    fn make_room(&mut self, scene: &mut Scene<'_>) -> bool {
        for _ in 0..LOOKED_AT_MAX.min(self.oldest.len()) {
            let Some(packed) = self.oldest.pop_front() else { return false };
            let is_finished = self
                .entries
                .get(&packed)
                .is_none_or(|entry| entry.is_finished(scene.at, scene.settings.deadline));
            if !is_finished {
                self.oldest.push_back(packed);
                continue;
            }
            if let Some(entry) = self.entries.remove(&packed) {
                forget_ids(&entry, scene);
                self.settled.settle(&entry, scene.at, scene.settings, scene.findings);
            }
            return true;
        }
        false
    }

    /// Whether every entry is finished at `now`.
    pub(super) fn is_quiet(&self, now: Nanos, deadline: Nanos) -> bool {
        self.entries.values().all(|entry| entry.is_finished(now, deadline))
    }

    /// Settles all that are left, in the order in which they were sent.
    pub(super) fn settle_all(&mut self, scene: &mut Scene<'_>) {
        for packed in std::mem::take(&mut self.oldest) {
            if let Some(entry) = self.entries.remove(&packed) {
                self.settled.settle(&entry, scene.at, scene.settings, scene.findings);
            }
        }
    }

    /// Counts a copy that came out. None: its message is not kept.
    pub(super) fn came_out(
        &mut self,
        key: MessageKey,
        scene: &mut Scene<'_>,
    ) -> Option<&mut Entry> {
        self.settled.books(key.kind).came_out += 1;
        let packed = key.packed();
        if !self.entries.contains_key(&packed) {
            let place = usize::from(key.kind == MarkerKind::Probe);
            if key.kind == MarkerKind::Mo || key.message > self.highest[place] {
                self.settled.books(key.kind).came_out -= 1;
                self.unexpected(scene, &[]);
            } else if self.untracked_out < self.untracked {
                self.untracked_out += 1;
                self.settled.untracked_out += 1;
            } else {
                self.settled.copy_of_forgotten(key.kind);
            }
            return None;
        }
        let entry = self.entries.get_mut(&packed)?;
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
    pub(super) fn is_segment_of(&self, key: MessageKey, content: &Content<'_>) -> bool {
        let parts = |segment: Option<SegmentOf>| segment.map(|s| (s.total, s.part));
        let Some(entry) = self.get(key) else { return content.segment.is_none() };
        if entry.frame.is_empty() {
            // a further copy: a part that came out of an uncut message comes in parts again
            return !entry.is_resegmented;
        }
        Content::read(&entry.frame)
            .is_some_and(|sent| parts(sent.segment) == parts(content.segment))
    }

    /// The message that a reference hints at: the oldest that has not come out, else the last.
    pub(super) fn of_reference(&self, reference: u16, part: u8) -> Option<MessageKey> {
        let waits = |key: &MessageKey| self.get(*key).is_some_and(|e| e.behind.out_count == 0);
        let all = || self.by_reference.of(reference, part);
        all().find(waits).or_else(|| all().next_back())
    }
}

/// The ids of an entry that is forgotten name nothing any more.
fn forget_ids(entry: &Entry, scene: &mut Scene<'_>) {
    let packed = entry.key.packed();
    scene.ids.forget_in_front(&entry.front.id, packed, scene.settings);
    if entry.behind.out_count > 0 {
        let witness = scene.sessions.get(entry.behind.session).witness;
        scene.ids.forget_behind(&entry.behind.id, witness, packed, scene.settings);
    }
}
