//! Receipts, upwards: sent by our SMSC, come in front, matched by the ids of both sides.
use super::compare::{Change, cut};
use super::entry::Entry;
use super::settings::Settings;
use super::submits::{Scene, add_example};
use super::table::{Table, unknown_example};
use crate::correlate::Key;
use crate::kit::Nanos;
use crate::measure::through::{ExampleClass, ReceiptBooks, Transit};
use crate::plan::Rewrite;
use crate::smpp::marker::{MarkerKind, MessageKey};
use crate::smpp::pdu;
use crate::smpp::receipt::{self, IdSource, Receipt};
use std::borrow::Cow;
use std::collections::HashMap;

/// A receipt as our SMSC sent it, or as it came in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SentReceipt {
    /// When it was written behind, or read in front.
    pub(super) at: Nanos,
    state: String,
    err: Box<[u8]>,
    dates: Box<str>,
    text: Box<[u8]>,
    /// Place of the session on which it came, in front.
    session: u32,
}

impl SentReceipt {
    fn of(receipt: &Receipt<'_>, at: Nanos, session: u32) -> SentReceipt {
        let date = |date: Option<receipt::Date>| {
            date.map_or_else(String::new, |d| {
                let receipt::Date { year, month, day, hour, minute, .. } = d;
                // the seconds are left out by many
                format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
            })
        };
        SentReceipt {
            at,
            state: match receipt.word {
                [] => format!("{:?}", receipt.state),
                word => String::from_utf8_lossy(word).into_owned(),
            },
            err: receipt.err.into(),
            dates: format!("{} / {}", date(receipt.submit_date), date(receipt.done_date)).into(),
            text: receipt.text.into(),
            session,
        }
    }

    /// Its state, for a person.
    pub(super) fn state_text(&self) -> &str {
        &self.state
    }

    /// What changed on the way up.
    fn changes(&self, came: &SentReceipt) -> Vec<Change> {
        let text = |octets: &[u8]| cut(&String::from_utf8_lossy(octets));
        let pairs = [
            ("state", Rewrite::ReceiptState, self.state.clone(), came.state.clone()),
            ("err", Rewrite::ReceiptErr, text(&self.err), text(&came.err)),
            ("dates", Rewrite::ReceiptDates, self.dates.to_string(), came.dates.to_string()),
            ("text", Rewrite::ReceiptText, text(&self.text), text(&came.text)),
        ];
        let changed = pairs.into_iter().filter(|(_, _, sent, came)| sent != came);
        changed
            .map(|(name, rewrite, sent, came)| Change {
                name: Cow::Borrowed(name),
                rewrite,
                sent,
                came,
            })
            .collect()
    }
}

/// Which message an id names, on either side.
#[derive(Debug, Default)]
pub(super) struct Ids {
    front: HashMap<Key, u64>,
    behind: HashMap<(u32, Key), u64>,
}

impl Ids {
    fn front_key(id: &[u8], source: IdSource, settings: &Settings) -> Key {
        settings.front_ids.key(id, source, u64::from(settings.run)).0
    }
    fn upstream_key(id: &[u8], source: IdSource, settings: &Settings) -> Key {
        settings.upstream_ids.key(id, source, u64::from(settings.run)).0
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

/// Receipts that came before the answer to their message and are kept.
const EARLY_MAX: usize = 1_000_000;

/// All receipts.
#[derive(Debug, Default)]
pub(super) struct ReceiptsUp {
    pub(super) books: ReceiptBooks,
    /// Receipts in front whose id is not known yet.
    early: HashMap<Key, Vec<SentReceipt>>,
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
        let packed = scene.ids.behind.get(&(witness, key)).copied();
        let entry = packed.and_then(MessageKey::unpacked).and_then(|key| table.get_mut(key));
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
        match scene.ids.front.get(&key).copied().and_then(MessageKey::unpacked) {
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
            let what = format!("state {}", came.state);
            add_example(scene, ExampleClass::ReceiptDuplicate, entry, what);
            return;
        }
        // where several were sent, the one that fits
        let fits = |sent: &SentReceipt| sent.changes(came).is_empty();
        let place = entry.receipts.waiting.iter().position(fits).unwrap_or(0);
        let sent = entry.receipts.waiting.remove(place);
        self.books.once += 1;
        if key.kind == MarkerKind::Load {
            let took = came.at.since(sent.at);
            scene.findings.times.record(Transit::ReceiptReturn, took, came.at);
        }
        let changes = sent.changes(came);
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
        let what = format!("state {}", came.state);
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
