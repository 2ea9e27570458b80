//! Receipts, upwards: sent by our SMSC, come in front, matched by the ids of both sides.
use super::collections::Id;
use super::compare::cut;
use super::early::Early;
use super::entry::{Entry, Handle, Receipts};
use super::examples::{add_example, unknown_example};
use super::ids::Ids;
use super::scene::Scene;
use super::sent_receipt::SentReceipt;
use super::settings::Settings;
use super::settled::books_of;
use super::table::Table;
use crate::correlate::Key;
use crate::measure::through::{ExampleClass, ReceiptBooks, Transit};
use crate::smpp::marker::MarkerKind;
use crate::smpp::pdu;
use crate::smpp::receipt::{self, Brief, Delivered, IdSource};
use foldhash::fast::RandomState;
use std::borrow::Cow;
use std::hash::BuildHasher;

/// All receipts.
#[derive(Debug, Default)]
pub(super) struct ReceiptsUp {
    /// Of the load, and of the probes; what is of no message that is known counts as of the load.
    books: [ReceiptBooks; 2],
    early: Early,
    hasher: RandomState,
    /// Hash of what the last receipt said, and whether that was intermediate: nearly all say the same.
    last_said: Option<(u64, bool)>,
}

/// Sendings of the receipts of one message that are kept: of further ones it is not known what they said.
const AGAIN_MAX: usize = 8;
/// Place of the load's books.
const LOAD: usize = 0;

/// What the books must know at once of a receipt.
struct Head {
    id: Id,
    /// Hash of what it says, where that can be compared as it is spelled.
    said: Option<u64>,
    is_intermediate: bool,
}

/// A receipt that was seen just now.
fn seen<'f>(scene: &Scene<'_>, frame: &'f [u8], id: Key, said: Option<u64>) -> SentReceipt<'f> {
    SentReceipt { at: scene.at, session: scene.session, id, said, frame: Cow::Borrowed(frame) }
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
        let sent = seen(scene, frame, id, said);
        match table.of_behind_id(witness, id, scene) {
            Some(handle) => self.sent_of(scene, handle, sent, table),
            None => {
                let given_up = self.early.sent((witness, id), sent);
                self.untracked(given_up);
            }
        }
        true
    }

    /// Our SMSC sent receipts of which nobody knows the message.
    fn untracked(&mut self, count: u64) {
        self.books[LOAD].sent += count;
        self.books[LOAD].untracked += count;
    }

    /// Our SMSC sent a receipt of this message.
    fn sent_of(
        &mut self,
        scene: &mut Scene<'_>,
        handle: Handle,
        sent: SentReceipt<'_>,
        table: &mut Table,
    ) {
        let Some(entry) = table.find(handle, scene) else { return self.untracked(1) };
        if entry.behind.segments > 1 && entry.receipts.sent > 0 {
            // one message in front: the receipts of its further parts are no receipts of it
            return;
        }
        let Receipts { ids, again, waiting, .. } = &mut entry.receipts;
        if ids.contains(&sent.id) {
            *again += 1;
            let is_other = |known: &SentReceipt<'_>| {
                known.id == sent.id && (known.said.is_none() || known.said != sent.said)
            };
            if waiting.len() < AGAIN_MAX && waiting.iter().any(is_other) {
                waiting.push(sent.into_owned());
            }
            return;
        }
        ids.push(sent.id);
        self.books[books_of(entry.key.kind)].sent += 1;
        entry.receipts.sent += 1;
        entry.receipts.waiting.push(sent.into_owned());
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
        let key = Ids::front_key(&id, IdSource::Receipt, scene.settings);
        let came = seen(scene, frame, key, said);
        if scene.ids.is_shared(key) {
            self.untracked_in_front();
            return true;
        }
        let handle = if id.is_empty() { None } else { table.of_front_id(key, scene) };
        match handle {
            Some(handle) => self.matched(scene, handle, &came, table),
            None => {
                if let Some(came) = self.early.came(key, came) {
                    self.unknown(scene, &came);
                }
            }
        }
        true
    }

    /// A receipt came of which nobody knows the message.
    fn untracked_in_front(&mut self) {
        self.books[LOAD].came += 1;
        self.books[LOAD].untracked_in_front += 1;
    }

    /// The id of a message in front is known now: receipts under it came before the response.
    pub(super) fn named(&mut self, scene: &mut Scene<'_>, handle: Handle, table: &mut Table) {
        // a receipt spells the id as the rule says of receipts: both spellings have one key
        let Some(entry) = table.get(handle) else { return };
        let (id_key, place) = (entry.front.id_key, books_of(entry.key.kind));
        for came in self.early.take_front(id_key) {
            self.books[place].before_response += 1;
            self.matched(scene, handle, &came, table);
        }
    }

    /// Our SMSC answered a submit_sm: receipts under the id that it gives were sent before.
    pub(super) fn named_behind(&mut self, scene: &mut Scene<'_>, frame: &[u8], table: &mut Table) {
        if !self.early.has_behind() {
            return;
        }
        let witness = scene.sessions.get(scene.session).witness;
        let id = pdu::message_id(frame).unwrap_or_default();
        let id = Ids::upstream_key(id, IdSource::Response, scene.settings);
        // a part whose whole is not complete is of no message yet
        let Some(handle) = scene.ids.behind(witness, id) else { return };
        for sent in self.early.take_behind((witness, id)) {
            self.sent_of(scene, handle, sent, table);
        }
        for came in self.early.take_held(handle.packed) {
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
        let Some(entry) = table.find(handle, scene) else { return self.untracked_in_front() };
        let is_early = entry.receipts.sent == 0 && entry.behind.answered.is_none();
        if is_early && self.early.has_behind() && self.early.hold(handle.packed, came) {
            return;
        }
        let books = &mut self.books[books_of(entry.key.kind)];
        books.came += 1;
        entry.receipts.came += 1;
        look_at_session(books, scene, entry, came);
        if entry.receipts.waiting.is_empty() {
            if entry.receipts.sent == 0 {
                books.by_gateway += 1;
                return;
            }
            if entry.receipts.again > 0 {
                // passed on as often as our SMSC sent it
                entry.receipts.again -= 1;
                books.sent += 1;
                books.once += 1;
                return;
            }
            books.duplicate += 1;
            let what = format!("state {}", came.state());
            add_example(scene, ExampleClass::ReceiptDuplicate, entry, what);
            return;
        }
        let Some((sent, changes)) = entry.receipts.take(came) else { return };
        books.once += 1;
        if entry.key.kind == MarkerKind::Load {
            let took = came.at.since(sent);
            scene.findings.times.record(Transit::ReceiptReturn, took, came.at);
        }
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

    /// Nothing more is seen: what waited for its id behind is of its message, or of none that is known.
    pub(super) fn resolve(&mut self, scene: &mut Scene<'_>, table: &mut Table) {
        while let Some(((witness, id), all)) = self.early.pop_behind() {
            let handle = table.of_behind_id(witness, id, scene);
            for sent in all {
                match handle {
                    Some(handle) => self.sent_of(scene, handle, sent, table),
                    None => self.untracked(1),
                }
            }
        }
        for (packed, all) in self.early.take_all_held() {
            let handle = Handle { packed, place: u32::MAX };
            all.iter().for_each(|came| self.matched(scene, handle, came, table));
        }
    }

    /// The books of the load and of the probes, with what `settled` says of receipts that did not come. What came and names
    /// no message may be of one of the `untracked` messages, or of one that was given no id of its own; the rest is unknown.
    pub(super) fn finish(
        &mut self,
        scene: &mut Scene<'_>,
        settled: &[ReceiptBooks; 2],
        untracked: u64,
    ) -> [ReceiptBooks; 2] {
        let has_no_name: u64 = settled.iter().map(|books| books.untracked).sum();
        let mut untracked =
            (untracked + has_no_name).saturating_sub(self.books[LOAD].untracked_in_front);
        for (books, settled) in self.books.iter_mut().zip(settled) {
            (books.lost, books.pending) = (settled.lost, settled.pending);
            books.untracked += settled.untracked;
        }
        for came in self.early.take_all_front() {
            if untracked > 0 {
                untracked -= 1;
                self.untracked_in_front();
            } else {
                self.unknown(scene, &came);
            }
        }
        std::mem::take(&mut self.books)
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
