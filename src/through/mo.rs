//! Mobile-originated messages, upwards, by the marker in their text.
use super::collections::Map;
use super::compare::changes;
use super::content::{Content, body};
use super::examples::unknown_example;
use super::forgotten::Forgotten;
use super::scene::Scene;
use super::settings::Settings;
use crate::kit::Nanos;
use crate::measure::through::{Example, ExampleClass, MoBooks, Transit};
use crate::smpp::Header;
use crate::smpp::marker::{Carrier, MarkerKind, MessageKey};
use std::collections::VecDeque;

/// One MO.
#[derive(Clone, Debug)]
struct MoEntry {
    key: MessageKey,
    /// Its octets, until it has come.
    frame: Box<[u8]>,
    /// When it was first written behind.
    sent_at: Nanos,
    sent: u32,
    came: u32,
    first_came: Nanos,
    /// When our ESME answered it. None: not yet.
    answered: Option<Nanos>,
}

impl MoEntry {
    fn is_finished(&self, now: Nanos, deadline: Nanos) -> bool {
        self.came >= self.sent || now.since(self.sent_at) > deadline
    }
}

/// All MO that are kept.
#[derive(Debug, Default)]
pub(super) struct MosUp {
    entries: Map<u64, MoEntry>,
    oldest: VecDeque<u64>,
    books: MoBooks,
    forgotten: Forgotten<Fate>,
    /// Copies of which nothing is known any more but that they are copies.
    copies_of_unknown: u64,
    /// By part of the key, which is the simulator's: the highest number that these books have, and that earlier books had.
    highest: Map<u8, u64>,
    earlier: Map<u8, u64>,
    came_settled: u64,
    untracked_came: u64,
}

/// What is known of an MO that is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It came in time, once.
    Once,
    /// It came in time, and again.
    Duplicate,
    /// It did not come in time, and has not come since.
    Lost,
    /// It came after its deadline.
    Late,
}

/// The key of an MO: the simulator puts a token in its text.
fn key_of(settings: &Settings, content: &Content<'_>) -> Option<MessageKey> {
    let keys = content.keys(settings.mo_run, &[Carrier::Text, Carrier::Tlv]);
    keys.first().copied().filter(|key| key.kind == MarkerKind::Mo)
}

impl MosUp {
    /// An MO was written behind.
    pub(super) fn sent(&mut self, scene: &mut Scene<'_>, header: &Header, frame: &[u8]) {
        let key = Content::read(frame).and_then(|content| key_of(scene.settings, &content));
        let Some(key) = key else {
            self.books.sent += 1;
            self.books.untracked += 1;
            return;
        };
        let packed = key.packed();
        scene.sessions.get(scene.session).open_mo(header.sequence_number, packed);
        if let Some(entry) = self.entries.get_mut(&packed) {
            entry.sent += 1;
            return;
        }
        let highest = self.highest.entry(key.part).or_default();
        *highest = key.message.max(*highest);
        self.books.sent += 1;
        if self.entries.len() >= scene.settings.outstanding_max && !self.make_room(scene) {
            self.books.untracked += 1;
            return;
        }
        self.oldest.push_back(packed);
        let entry = MoEntry {
            key,
            frame: frame.into(),
            sent_at: scene.at,
            sent: 1,
            came: 0,
            first_came: Nanos::ZERO,
            answered: None,
        };
        self.entries.insert(packed, entry);
    }

    fn make_room(&mut self, scene: &mut Scene<'_>) -> bool {
        let Some(packed) = self.oldest.front().copied() else { return false };
        let is_finished = self
            .entries
            .get(&packed)
            .is_none_or(|entry| entry.is_finished(scene.at, scene.settings.deadline));
        if !is_finished {
            return false;
        }
        self.oldest.pop_front();
        if let Some(entry) = self.entries.remove(&packed)
            && let Some(fate) = self.settle(&entry, scene)
        {
            let is_open = |fate: &Fate| *fate == Fate::Lost;
            self.forgotten.add(packed, fate, scene.settings.outstanding_max, is_open);
        }
        true
    }

    /// A deliver_sm that is no receipt was read in front.
    pub(super) fn came(&mut self, scene: &mut Scene<'_>, header: &Header, frame: &[u8]) {
        self.books.came += 1;
        let content = Content::read(frame);
        let key = content.as_ref().and_then(|content| key_of(scene.settings, content));
        let Some(key) = key else {
            self.books.unexpected += 1;
            return;
        };
        let packed = key.packed();
        scene.sessions.get(scene.session).open_mo(header.sequence_number, packed);
        let Some(entry) = self.entries.get_mut(&packed) else { return self.came_unkept(key) };
        entry.came += 1;
        if entry.came > 1 {
            let entry = entry.clone();
            if entry.came > entry.sent {
                add(scene, ExampleClass::MoDuplicate, &entry, "came again".to_owned());
            }
            return;
        }
        entry.first_came = scene.at;
        let took = scene.at.since(entry.sent_at);
        scene.findings.times.record(Transit::Mo, took, scene.at);
        let sent = std::mem::take(&mut entry.frame);
        let entry = entry.clone();
        if body(&sent) == body(frame) {
            return;
        }
        if let (Some(before), Some(after)) = (Content::read(&sent), content) {
            let changes = changes(&[before], &[after]);
            if let Some(what) = scene.findings.count_changes("mo", &changes, scene.settings) {
                self.books.altered += 1;
                add(scene, ExampleClass::MoAltered, &entry, what);
            }
        }
    }

    /// An MO came that is not kept: it was forgotten, it is of earlier books, or it was never kept.
    fn came_unkept(&mut self, key: MessageKey) {
        let books = &mut self.books;
        if let Some(fate) = self.forgotten.of(key.packed()) {
            self.came_settled += 1;
            books.copies += u64::from(*fate != Fate::Lost);
            *fate = match *fate {
                Fate::Lost => {
                    books.late += 1;
                    Fate::Late
                }
                Fate::Once => {
                    books.once -= 1;
                    books.duplicate += 1;
                    Fate::Duplicate
                }
                known @ (Fate::Late | Fate::Duplicate) => known,
            };
        } else if self.earlier.get(&key.part).is_some_and(|highest| key.message <= *highest) {
            books.unexpected += 1;
        } else if self.forgotten.beyond > 0 {
            // it may be one of these
            self.forgotten.beyond -= 1;
            books.unexpected += 1;
        } else if self.untracked_came < books.untracked {
            self.untracked_came += 1;
        } else {
            self.copies_of_unknown += 1;
        }
    }

    /// Our ESME answered a deliver_sm.
    pub(super) fn answered_in_front(&mut self, scene: &mut Scene<'_>, header: &Header) {
        let mos = &mut scene.sessions.get(scene.session).mos;
        let Some(packed) = mos.remove(&header.sequence_number) else { return };
        if let Some(entry) = self.entries.get_mut(&packed) {
            entry.answered.get_or_insert(scene.at);
        }
    }

    /// The answer to a deliver_sm was read behind.
    pub(super) fn answered_behind(&mut self, scene: &mut Scene<'_>, header: &Header) {
        let mos = &mut scene.sessions.get(scene.session).mos;
        let Some(packed) = mos.remove(&header.sequence_number) else { return };
        let answered = self.entries.get(&packed).and_then(|entry| entry.answered);
        // a gateway that answers by itself does so before our ESME has
        if let Some(answered) = answered {
            let took = scene.at.since(answered);
            scene.findings.times.record(Transit::MoReturn, took, scene.at);
        }
    }

    /// Whether nothing more is awaited at `now`.
    pub(super) fn is_quiet(&self, now: Nanos, deadline: Nanos) -> bool {
        self.entries.values().all(|entry| entry.is_finished(now, deadline))
    }

    /// Those that have not come, and may yet at `now`, for further books. To these, all others are of earlier books.
    pub(super) fn pending(&self, now: Nanos, deadline: Nanos) -> MosUp {
        let is_pending = |entry: &MoEntry| entry.came == 0 && !entry.is_finished(now, deadline);
        let find = |packed: &u64| self.entries.get(packed).filter(|entry| is_pending(entry));
        let oldest: VecDeque<u64> =
            self.oldest.iter().copied().filter(|packed| find(packed).is_some()).collect();
        let mut earlier = self.earlier.clone();
        for (part, highest) in &self.highest {
            let known = earlier.entry(*part).or_default();
            *known = (*highest).max(*known);
        }
        MosUp {
            entries: oldest.iter().filter_map(|key| Some((*key, find(key)?.clone()))).collect(),
            books: MoBooks { sent: oldest.len() as u64, ..MoBooks::default() },
            oldest,
            earlier,
            ..MosUp::default()
        }
    }

    /// Counts one by what became of it. None: it is pending.
    fn settle(&mut self, entry: &MoEntry, scene: &mut Scene<'_>) -> Option<Fate> {
        self.came_settled += u64::from(entry.came);
        let is_in_time =
            entry.came > 0 && entry.first_came.since(entry.sent_at) <= scene.settings.deadline;
        self.books.copies += u64::from(entry.came.saturating_sub(1));
        if is_in_time && entry.came > entry.sent {
            self.books.duplicate += 1;
            Some(Fate::Duplicate)
        } else if is_in_time {
            self.books.once += 1;
            Some(Fate::Once)
        } else if entry.came > 0 || scene.at.since(entry.sent_at) > scene.settings.deadline {
            self.books.lost += 1;
            self.books.late += u64::from(entry.came > 0);
            add(scene, ExampleClass::MoLost, entry, "sent".to_owned());
            Some(if entry.came > 0 { Fate::Late } else { Fate::Lost })
        } else {
            self.books.pending += 1;
            None
        }
    }

    /// Settles all that are left. Returns the books, and whether they add up.
    pub(super) fn finish(&mut self, scene: &mut Scene<'_>) -> (MoBooks, bool) {
        for packed in std::mem::take(&mut self.oldest) {
            if let Some(entry) = self.entries.remove(&packed) {
                self.settle(&entry, scene);
            }
        }
        let again = self.copies_of_unknown;
        self.books.copies += again;
        let moved = again.min(self.books.once);
        self.books.once -= moved;
        self.books.duplicate += moved;
        let books = &self.books;
        let is_balanced = books.sent
            == books.once + books.duplicate + books.lost + books.pending + books.untracked
            && books.came == self.came_settled + again + self.untracked_came + books.unexpected;
        (self.books.clone(), is_balanced)
    }
}

fn add(scene: &mut Scene<'_>, class: ExampleClass, entry: &MoEntry, what: String) {
    scene.findings.examples.add(class, || Example {
        message: Some(entry.key.message),
        sent: entry.sent_at,
        came: (entry.came > 0).then_some(entry.first_came),
        ..unknown_example(class, entry.sent_at, what)
    });
}
