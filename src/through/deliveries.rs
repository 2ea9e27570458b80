//! Receipts, upwards: sent by our SMSC, come in front, matched by the ids of both sides.
use super::collections::Map;
use super::compare::cut;
use super::entry::Entry;
use super::examples::{add_example, unknown_example};
use super::ids::Ids;
use super::scene::Scene;
use super::sent_receipt::SentReceipt;
use super::settings::Settings;
use super::table::Table;
use crate::correlate::Key;
use crate::measure::through::{ExampleClass, ReceiptBooks, Transit};
use crate::smpp::marker::{MarkerKind, MessageKey};
use crate::smpp::pdu;
use crate::smpp::receipt::{self, IdSource, Receipt};

/// Receipts that came before the answer to their message and are kept.
const EARLY_MAX: usize = 1_000_000;

/// All receipts.
#[derive(Debug, Default)]
pub(super) struct ReceiptsUp {
    pub(super) books: ReceiptBooks,
    /// Receipts in front whose id is not known yet.
    early: Map<Key, Vec<SentReceipt>>,
    early_count: usize,
}

/// A delivery that is a receipt, taken apart. None: it is a message.
pub(super) fn with_receipt<T>(frame: &[u8], use_it: impl FnOnce(&Receipt<'_>) -> T) -> Option<T> {
    let pdu = pdu::decode(frame).ok()?;
    let text = receipt::text_of(&pdu.body);
    receipt::read_body(&pdu.body, &text).map(|receipt| use_it(&receipt))
}

fn is_intermediate(receipt: &Receipt<'_>, settings: &Settings) -> bool {
    receipt.intermediate || !settings.finals.ends(receipt.state, receipt.word)
}

impl ReceiptsUp {
    /// A receipt was written behind.
    pub(super) fn sent(&mut self, scene: &mut Scene<'_>, receipt: &Receipt<'_>, table: &mut Table) {
        if is_intermediate(receipt, scene.settings) {
            self.books.intermediate.0 += 1;
            return;
        }
        let witness = scene.sessions.get(scene.session).witness;
        let key = Ids::upstream_key(receipt.id, IdSource::Receipt, scene.settings);
        let entry = scene.ids.behind(witness, key).and_then(|key| table.get_mut(key));
        let Some(entry) = entry else {
            self.books.sent += 1;
            self.books.untracked += 1;
            return;
        };
        if entry.behind.segments > 1 && entry.receipts.sent > 0 {
            // one message in front: the receipts of its further parts are no receipts of it
            return;
        }
        self.books.sent += 1;
        entry.receipts.sent += 1;
        entry.receipts.waiting.push(SentReceipt::of(receipt, scene.at, scene.session));
    }

    /// A receipt was read in front.
    pub(super) fn came(&mut self, scene: &mut Scene<'_>, receipt: &Receipt<'_>, table: &mut Table) {
        if is_intermediate(receipt, scene.settings) {
            self.books.intermediate.1 += 1;
            return;
        }
        self.books.came += 1;
        let came = SentReceipt::of(receipt, scene.at, scene.session);
        let key = Ids::front_key(receipt.id, IdSource::Receipt, scene.settings);
        match scene.ids.in_front(key) {
            Some(key) => self.matched(scene, key, &came, table),
            None if self.early_count < EARLY_MAX => {
                self.early_count += 1;
                self.early.entry(key).or_default().push(came);
            }
            None => self.unknown(scene, &came),
        }
    }

    /// The id of a message in front is known now: receipts under it came before the response.
    pub(super) fn named(&mut self, scene: &mut Scene<'_>, key: MessageKey, table: &mut Table) {
        if self.early_count == 0 {
            return;
        }
        let Some(id) = table.get(key).map(|entry| entry.front.id.clone()) else { return };
        // a receipt spells the id as the rule says of receipts: both spellings have one key
        let id_key = Ids::front_key(&id, IdSource::Response, scene.settings);
        for came in self.early.remove(&id_key).unwrap_or_default() {
            self.early_count -= 1;
            self.books.before_response += 1;
            self.matched(scene, key, &came, table);
        }
    }

    fn matched(
        &mut self,
        scene: &mut Scene<'_>,
        key: MessageKey,
        came: &SentReceipt,
        table: &mut Table,
    ) {
        let Some(entry) = table.get_mut(key) else {
            self.books.untracked_in_front += 1;
            return;
        };
        entry.receipts.came += 1;
        self.look_at_session(scene, entry, came);
        if entry.receipts.waiting.is_empty() {
            if entry.receipts.sent == 0 {
                self.books.by_gateway += 1;
                return;
            }
            self.books.duplicate += 1;
            let what = format!("state {}", came.state());
            add_example(scene, ExampleClass::ReceiptDuplicate, entry, what);
            return;
        }
        // where several were sent, the one that fits
        let fits = |sent: &SentReceipt| sent.changes(came).is_empty();
        let place = entry.receipts.waiting.iter().position(fits);
        let Some(sent) = entry.receipts.waiting.remove(place.unwrap_or(0)) else { return };
        self.books.once += 1;
        if key.kind == MarkerKind::Load {
            let took = came.at.since(sent.at);
            scene.findings.times.record(Transit::ReceiptReturn, took, came.at);
        }
        let changes = if place.is_some() { Vec::new() } else { sent.changes(came) };
        if let Some(what) = scene.findings.count_changes("receipt", &changes, scene.settings) {
            self.books.altered += 1;
            add_example(scene, ExampleClass::ReceiptAltered, entry, what);
        }
    }

    fn look_at_session(&mut self, scene: &mut Scene<'_>, entry: &Entry, came: &SentReceipt) {
        if came.session == entry.front.session {
            return;
        }
        let of = |place| scene.sessions.system_id(place);
        if of(came.session) == of(entry.front.session) {
            self.books.other_bind += 1;
            return;
        }
        self.books.other_account += 1;
        let account = |place| cut(&String::from_utf8_lossy(scene.sessions.system_id(place)));
        let what = format!(
            "sent by {:?}, and came to {:?}",
            account(entry.front.session),
            account(came.session)
        );
        add_example(scene, ExampleClass::ReceiptOtherAccount, entry, what);
    }

    fn unknown(&mut self, scene: &mut Scene<'_>, came: &SentReceipt) {
        self.books.unknown += 1;
        let what = format!("state {}", came.state());
        let class = ExampleClass::ReceiptUnknown;
        scene.findings.examples.add(class, || unknown_example(class, came.at, what));
    }

    /// What came early and whose message was never accepted is of no message.
    pub(super) fn finish(&mut self, scene: &mut Scene<'_>) {
        let mut early: Vec<SentReceipt> =
            std::mem::take(&mut self.early).into_values().flatten().collect();
        early.sort_by_key(|came| came.at);
        self.early_count = 0;
        for came in &early {
            self.unknown(scene, came);
        }
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
