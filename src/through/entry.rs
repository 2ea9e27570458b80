//! What is known of one submit_sm that our ESME sent.
use super::collections::{Few, Id};
use super::compare::Change;
use super::sent_receipt::SentReceipt;
use crate::correlate::Key;
use crate::kit::Nanos;
use crate::measure::through::ExampleClass;
use crate::smpp::marker::{MarkerKind, MessageKey};

/// A message that is kept: its key, and the place of its entry where that is open. The place is checked before it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Handle {
    /// [`MessageKey::packed`].
    pub(super) packed: u64,
    pub(super) place: u32,
}

impl Handle {
    /// Of a key whose place is not known.
    pub(super) fn of(key: MessageKey) -> Handle {
        Handle { packed: key.packed(), place: u32::MAX }
    }
}

/// Of the side in front.
#[derive(Clone, Debug, Default)]
pub(super) struct Front {
    /// Place of its session.
    pub(super) session: u32,
    /// When its last attempt was written.
    pub(super) written: Nanos,
    /// Attempts that are not answered.
    pub(super) open: u32,
    /// Whether an attempt will not be answered: its connection is gone.
    pub(super) has_gone: bool,
    /// When it was accepted. None: it was not.
    pub(super) accepted: Option<Nanos>,
    /// The last answer that did not accept it, and when. None: there was none.
    pub(super) rejected: Option<(u32, Nanos)>,
    /// message_id of the answer, and what it is compared by.
    pub(super) id: Id,
    pub(super) id_key: Key,
    /// How many submit_sm of the run had been sent before its last attempt.
    pub(super) number: u64,
}

/// Of the side behind.
#[derive(Clone, Debug, Default)]
pub(super) struct Behind {
    /// Copies that came out.
    pub(super) out_count: u32,
    /// Copies before which a connection was made anew since the copy before.
    pub(super) over_reconnect: u32,
    /// When the first copy came out, and the last.
    pub(super) first: Nanos,
    pub(super) last: Nanos,
    /// Place of the session of the copy that it answered; of the first copy, before.
    pub(super) session: u32,
    /// Answer of our SMSC to the first copy that it took, else to the last that it refused, and when. None: there was none.
    pub(super) answered: Option<(u32, Nanos)>,
    /// message_id of that answer, and what it is compared by.
    pub(super) id: Id,
    pub(super) id_key: Key,
    /// PDUs that the first copy came out in.
    pub(super) segments: u32,
    /// PDUs that came out and that our SMSC has not refused.
    pub(super) unrefused: u32,
    /// Copies that came out once our SMSC had refused all before them: the gateway tried again.
    pub(super) retries: u32,
    /// When our SMSC was asked; later by the pause before each further try of the gateway's own, and anew with a further
    /// attempt in front.
    pub(super) asked: Nanos,
}

/// Its final receipts.
#[derive(Clone, Debug, Default)]
pub(super) struct Receipts {
    /// Sent behind.
    pub(super) sent: u32,
    /// Ids behind under which they were sent.
    pub(super) ids: Few<Key>,
    /// Sent behind again under such an id, which a gateway may pass on once more or not.
    pub(super) again: u32,
    /// Come in front.
    pub(super) came: u32,
    /// Sent behind, and not come in front; one that was sent again and says something else is there once more.
    pub(super) waiting: Few<SentReceipt<'static>>,
}

impl Receipts {
    /// Those that have not come in front, each as it was first sent.
    pub(super) fn not_come(&self) -> impl Iterator<Item = &SentReceipt<'static>> {
        let is_first = |(n, sent): &(usize, &SentReceipt<'static>)| {
            self.waiting[..*n].iter().all(|before| before.id != sent.id)
        };
        self.waiting.iter().enumerate().filter(is_first).map(|(_, sent)| sent)
    }

    /// Takes the one that came: of several the one that fits, as it was first sent; with what has changed on the way, by the
    /// sending that it fits best. None: none waits.
    pub(super) fn take(&mut self, came: &SentReceipt<'_>) -> Option<(Nanos, Vec<Change>)> {
        let fits = self.waiting.iter().find(|sent| sent.is_unchanged(came));
        let sent = fits.or(self.waiting.first())?;
        let changes = if fits.is_some() { Vec::new() } else { sent.changes(came) };
        let id = sent.id;
        let first = self.not_come().find(|first| first.id == id)?.at;
        self.waiting.retain(|sent| sent.id != id);
        Some((first, changes))
    }
}

/// One submit_sm in front, with all its attempts.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: MessageKey,
    pub(super) handle: Handle,
    /// Whether it is of a message: else its place is free.
    pub(super) is_open: bool,
    /// The octets of its last attempt, until it has come out.
    pub(super) frame: Vec<u8>,
    pub(super) front: Front,
    pub(super) behind: Behind,
    pub(super) receipts: Receipts,
    pub(super) is_altered: bool,
    /// The upstream that its route says. None: any, or it has not come out.
    pub(super) route: Option<u32>,
    pub(super) is_at_wrong_upstream: bool,
    pub(super) is_resegmented: bool,
    /// Whether a final receipt was asked for.
    pub(super) wants_receipt: bool,
    /// What it is an example of, and what is wrong: told once both of its ids are known.
    pub(super) examples: Vec<(ExampleClass, String)>,
}

impl Entry {
    /// An entry that is free.
    pub(super) fn free(place: u32) -> Entry {
        let key = MessageKey { kind: MarkerKind::Load, message: 0, part: 0 };
        Entry {
            key,
            handle: Handle { packed: key.packed(), place },
            is_open: false,
            frame: Vec::new(),
            front: Front::default(),
            behind: Behind::default(),
            receipts: Receipts::default(),
            is_altered: false,
            route: None,
            is_at_wrong_upstream: false,
            is_resegmented: false,
            wants_receipt: false,
            examples: Vec::new(),
        }
    }

    /// Is that of a message from now on.
    pub(super) fn open(&mut self, key: MessageKey, wants_receipt: bool) {
        self.key = key;
        self.handle.packed = key.packed();
        self.is_open = true;
        self.frame.clear();
        self.front = Front::default();
        self.behind = Behind::default();
        self.receipts = Receipts::default();
        self.is_altered = false;
        self.route = None;
        self.is_at_wrong_upstream = false;
        self.is_resegmented = false;
        self.wants_receipt = wants_receipt;
        self.examples.clear();
    }

    /// Whether nothing more is awaited of it at `now`: it may be forgotten.
    pub(super) fn is_finished(&self, now: Nanos, deadline: Nanos) -> bool {
        let Entry { front, behind, receipts, .. } = self;
        let is_over = |since: Nanos| now.since(since) > deadline;
        if front.open > 0 && !is_over(front.written) {
            return false;
        }
        if behind.out_count > 0 && behind.answered.is_none() && !is_over(behind.last) {
            return false;
        }
        if receipts.waiting.iter().any(|sent| !is_over(sent.at)) {
            return false;
        }
        let Some(accepted) = front.accepted else { return is_over(front.written) };
        let has_receipt = !self.wants_receipt || receipts.came > 0;
        behind.out_count > 0 && has_receipt || is_over(accepted.max(behind.last))
    }

    /// Copies that came out, without those before them that our SMSC had refused.
    pub(super) fn copies(&self) -> u32 {
        self.behind.out_count.saturating_sub(self.behind.retries)
    }

    /// Whether it came out by its deadline, counted from its accept.
    pub(super) fn is_in_time(&self, deadline: Nanos) -> bool {
        let since = self.front.accepted.unwrap_or(self.front.written);
        self.behind.out_count > 0 && self.behind.first.since(since) <= deadline
    }
}
