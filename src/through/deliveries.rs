//! Receipts, upwards: sent by our SMSC, come in front, matched by the ids of both sides.
use super::collections::{Id, Map};
use super::compare::cut;
use super::entry::{Entry, Handle};
use super::examples::{add_example, unknown_example};
use super::ids::Ids;
use super::scene::Scene;
use super::sent_receipt::SentReceipt;
use super::settings::Settings;
use super::table::Table;
use crate::correlate::Key;
use crate::measure::through::{ExampleClass, ReceiptBooks, Transit};
use crate::smpp::marker::MarkerKind;
use crate::smpp::receipt::{self, Brief, Delivered, IdSource};
use foldhash::fast::RandomState;
use std::borrow::Cow;
use std::hash::BuildHasher;

/// Receipts that came before the answer to their message and are kept.
const EARLY_MAX: usize = 1_000_000;

/// All receipts.
#[derive(Debug, Default)]
pub(super) struct ReceiptsUp {
    /// Of the load, and of the probes; what is of no message that is known counts as of the load.
    books: [ReceiptBooks; 2],
    /// Receipts in front whose id is not known yet.
    early: Map<Key, Vec<SentReceipt<'static>>>,
    early_count: usize,
    hasher: RandomState,
    /// Hash of what the last receipt said, and whether that was intermediate: nearly all say the same.
    last_said: Option<(u64, bool)>,
}

/// Place of the load's books.
const LOAD: usize = 0;

/// Place of the books of a message's receipts.
fn of_probes(entry: &Entry) -> usize {
    usize::from(entry.key.kind == MarkerKind::Probe)
}

/// What the books must know at once of a receipt.
struct Head {
    id: Id,
    /// Hash of what it says, where that can be compared as it is spelled.
    said: Option<u64>,
    is_intermediate: bool,
}

/// A receipt that was seen just now.
fn seen<'f>(scene: &Scene<'_>, frame: &'f [u8], said: Option<u64>) -> SentReceipt<'f> {
    SentReceipt { at: scene.at, session: scene.session, said, frame: Cow::Borrowed(frame) }
}

impl ReceiptsUp {
    /// Reads a delivery. None: it is a message.
    fn read(&mut self, frame: &[u8], settings: &Settings) -> Option<Head> {
        let said = receipt::read_said(frame);
        let hash = said.map(|(_, said)| self.hasher.hash_one(said));
        if let (Some((id, _)), Some((said, is_intermediate))) = (said, self.last_said)
            && hash == Some(said)
        {
            return Some(Head { id: id.into(), said: hash, is_intermediate });
        }
        let head = |brief: Brief<'_>| Head {
            id: brief.id.into(),
            said: hash,
            is_intermediate: brief.intermediate || !settings.finals.ends(brief.state, brief.word),
        };
        let head = match receipt::read_frame(frame)? {
            Delivered::Mo => None,
            Delivered::Receipt(brief) => Some(head(brief)),
            Delivered::Coded => receipt::read_coded(frame, &mut Vec::new()).map(head),
        }?;
        self.last_said = hash.map(|hash| (hash, head.is_intermediate));
        Some(head)
    }

    /// A delivery was written behind. False: it is a message.
    pub(super) fn sent(&mut self, scene: &mut Scene<'_>, frame: &[u8], table: &mut Table) -> bool {
        let Some(Head { id, said, is_intermediate }) = self.read(frame, scene.settings) else {
            return false;
        };
        if is_intermediate {
            self.books[LOAD].intermediate.0 += 1;
            return true;
        }
        let witness = scene.sessions.get(scene.session).witness;
        let id = Ids::upstream_key(&id, IdSource::Receipt, scene.settings);
        let handle = table.of_behind_id(witness, id, scene);
        let Some(entry) = handle.and_then(|handle| table.find(handle, scene)) else {
            self.books[LOAD].sent += 1;
            self.books[LOAD].untracked += 1;
            return true;
        };
        if entry.behind.segments > 1 && entry.receipts.sent > 0 {
            // one message in front: the receipts of its further parts are no receipts of it
            return true;
        }
        self.books[of_probes(entry)].sent += 1;
        entry.receipts.sent += 1;
        entry.receipts.waiting.push(seen(scene, frame, said).into_owned());
        true
    }

    /// A delivery was read in front. False: it is a message.
    pub(super) fn came(&mut self, scene: &mut Scene<'_>, frame: &[u8], table: &mut Table) -> bool {
        let Some(Head { id, said, is_intermediate }) = self.read(frame, scene.settings) else {
            return false;
        };
        if is_intermediate {
            self.books[LOAD].intermediate.1 += 1;
            return true;
        }
        let came = seen(scene, frame, said);
        let id = Ids::front_key(&id, IdSource::Receipt, scene.settings);
        match table.of_front_id(id, scene) {
            Some(handle) => self.matched(scene, handle, &came, table),
            None if self.early_count < EARLY_MAX => {
                self.early_count += 1;
                self.early.entry(id).or_default().push(came.into_owned());
            }
            None => self.unknown(scene, &came),
        }
        true
    }

    /// The id of a message in front is known now: receipts under it came before the response.
    pub(super) fn named(&mut self, scene: &mut Scene<'_>, handle: Handle, table: &mut Table) {
        if self.early_count == 0 {
            return;
        }
        // a receipt spells the id as the rule says of receipts: both spellings have one key
        let Some(entry) = table.get(handle) else { return };
        let (id_key, place) = (entry.front.id_key, of_probes(entry));
        for came in self.early.remove(&id_key).unwrap_or_default() {
            self.early_count -= 1;
            self.books[place].before_response += 1;
            self.matched(scene, handle, &came, table);
        }
    }

    fn matched(
        &mut self,
        scene: &mut Scene<'_>,
        handle: Handle,
        came: &SentReceipt<'_>,
        table: &mut Table,
    ) {
        let Some(entry) = table.find(handle, scene) else {
            self.books[LOAD].came += 1;
            self.books[LOAD].untracked_in_front += 1;
            return;
        };
        let books = &mut self.books[of_probes(entry)];
        books.came += 1;
        entry.receipts.came += 1;
        look_at_session(books, scene, entry, came);
        if entry.receipts.waiting.is_empty() {
            if entry.receipts.sent == 0 {
                books.by_gateway += 1;
                return;
            }
            books.duplicate += 1;
            let what = format!("state {}", came.state());
            add_example(scene, ExampleClass::ReceiptDuplicate, entry, what);
            return;
        }
        // where several were sent, the one that fits
        let fits = |sent: &SentReceipt<'_>| sent.is_unchanged(came);
        let place = entry.receipts.waiting.iter().position(fits);
        let Some(sent) = entry.receipts.waiting.remove(place.unwrap_or(0)) else { return };
        books.once += 1;
        if entry.key.kind == MarkerKind::Load {
            let took = came.at.since(sent.at);
            scene.findings.times.record(Transit::ReceiptReturn, took, came.at);
        }
        let changes = if place.is_some() { Vec::new() } else { sent.changes(came) };
        if let Some(what) = scene.findings.count_changes("receipt", &changes, scene.settings) {
            books.altered += 1;
            add_example(scene, ExampleClass::ReceiptAltered, entry, what);
        }
        table.close(handle, scene);
    }

    fn unknown(&mut self, scene: &mut Scene<'_>, came: &SentReceipt<'_>) {
        self.books[LOAD].came += 1;
        self.books[LOAD].unknown += 1;
        let what = format!("state {}", came.state());
        let class = ExampleClass::ReceiptUnknown;
        scene.findings.examples.add(class, || unknown_example(class, came.at, what));
    }

    /// What came early and whose message was never accepted is of no message.
    pub(super) fn finish(&mut self, scene: &mut Scene<'_>) {
        let mut early: Vec<SentReceipt<'static>> =
            std::mem::take(&mut self.early).into_values().flatten().collect();
        early.sort_by_key(|came| came.at);
        self.early_count = 0;
        for came in &early {
            self.unknown(scene, came);
        }
    }

    /// The books of the load and of the probes, with what `settled` says of receipts that did not come.
    pub(super) fn take_books(&mut self, settled: &[ReceiptBooks; 2]) -> [ReceiptBooks; 2] {
        let mut books = std::mem::take(&mut self.books);
        for (books, settled) in books.iter_mut().zip(settled) {
            (books.lost, books.pending) = (settled.lost, settled.pending);
        }
        books
    }

    /// Whether every sum adds up, with what was settled.
    pub(super) fn is_balanced(books: &ReceiptBooks) -> bool {
        books.sent == books.once + books.lost + books.pending + books.untracked
            && books.came
                == books.once
                    + books.duplicate
                    + books.unknown
                    + books.by_gateway
                    + books.untracked_in_front
    }
}

fn look_at_session(
    books: &mut ReceiptBooks,
    scene: &mut Scene<'_>,
    entry: &Entry,
    came: &SentReceipt<'_>,
) {
    if came.session == entry.front.session {
        return;
    }
    let of = |place| scene.sessions.system_id(place);
    if of(came.session) == of(entry.front.session) {
        books.other_bind += 1;
        return;
    }
    books.other_account += 1;
    let account = |place| cut(&String::from_utf8_lossy(scene.sessions.system_id(place)));
    let what = format!(
        "sent by {:?}, and came to {:?}",
        account(entry.front.session),
        account(came.session)
    );
    add_example(scene, ExampleClass::ReceiptOtherAccount, entry, what);
}
