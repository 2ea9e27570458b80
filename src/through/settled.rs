//! The classes of the books: what became of each submit_sm, once nothing more is awaited of it.
use super::entry::Entry;
use super::examples::{add_examples_of, example};
use super::finished::FinishedMessage;
use super::forgotten::Forgotten;
use super::scene::Scene;
use crate::kit::Nanos;
use crate::measure::through::{ExampleClass, ReceiptBooks, StatusPair, SubmitBooks};
use crate::smpp::marker::{MarkerKind, MessageKey};
use std::collections::BTreeMap;

/// The place of a kind's books: the load's are first, the probes' second.
pub(super) fn books_of(kind: MarkerKind) -> usize {
    usize::from(kind == MarkerKind::Probe)
}

/// Status and time of an answer. None: there was none.
type Answer = Option<(u32, Nanos)>;

/// Pairs of statuses that are told apart.
const STATUS_PAIRS_MAX: usize = 1_024;

/// A pair of statuses.
#[derive(Clone, Copy, Debug, Default)]
struct PairCount {
    count: u64,
    later_sum: u128,
    later_count: u64,
    told_by_receipt: u64,
}

/// What is known of a message that was settled and is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It came out once, in time.
    Once,
    /// It came out once, in time, and our SMSC refused it.
    Refused,
    /// It was accepted, and did not come out by the deadline.
    Lost,
    /// It was rejected, and did not come out.
    Rejected,
    /// It was not answered, and did not come out.
    Unanswered,
    /// A further copy makes no difference but to the number of copies.
    Told,
    /// Nothing is known of it: it was sent beyond the bound.
    Untracked,
}

impl Fate {
    /// Of a message of which nothing more is awaited.
    pub(super) fn of(entry: &Entry, deadline: Nanos) -> Fate {
        let Entry { front, behind, .. } = entry;
        let is_once = front.accepted.is_some() && entry.is_in_time(deadline) && entry.copies() == 1;
        match (behind.out_count, front.accepted, front.rejected) {
            (0, Some(_), _) => Fate::Lost,
            (0, None, Some(_)) if front.open == 0 && !front.has_gone => Fate::Rejected,
            (0, None, _) => Fate::Unanswered,
            _ if is_once && behind.unrefused == 0 => Fate::Refused,
            _ if is_once => Fate::Once,
            _ => Fate::Told,
        }
    }
}

/// What was settled.
#[derive(Debug, Default)]
pub(super) struct Settled {
    submits: SubmitBooks,
    probes: SubmitBooks,
    /// Receipts that did not come: those of the load, and of the probes.
    pub(super) receipts: [ReceiptBooks; 2],
    /// By the status behind, that in front, and whether it came out.
    statuses: BTreeMap<(Option<u32>, Option<u32>, bool), PairCount>,
    /// Statuses of rejections in front.
    rejected_by: BTreeMap<u32, u64>,
    /// Copies of the entries that were settled.
    out_settled: [u64; 2],
    /// Copies of messages that had been settled and forgotten.
    copies_of_forgotten: [u64; 2],
    forgotten: Forgotten<Fate>,
    /// Copies of messages that are not tracked.
    untracked_out: u64,
}

impl Settled {
    /// The books of a kind of message.
    pub(super) fn books(&mut self, kind: MarkerKind) -> &mut SubmitBooks {
        match kind {
            MarkerKind::Probe => &mut self.probes,
            MarkerKind::Load | MarkerKind::Mo => &mut self.submits,
        }
    }

    /// A message that was settled is forgotten.
    pub(super) fn forget(&mut self, key: MessageKey, fate: Fate, most: usize) {
        if fate != Fate::Once {
            self.forgotten.add(key.packed(), fate, most, |fate| *fate != Fate::Told);
        }
    }

    /// Whether a message was sent before and is not tracked.
    pub(super) fn is_untracked(&mut self, key: MessageKey) -> bool {
        self.forgotten.of(key.packed()) == Some(&mut Fate::Untracked)
    }

    /// One more copy of a message that was settled and forgotten: it comes out after all, or it is a duplicate.
    pub(super) fn copy_of_forgotten(&mut self, key: MessageKey, most: usize) {
        // where some were given up, it may be one of these
        let is_unknown = self.forgotten.of(key.packed()).is_none() && self.forgotten.beyond > 0;
        if is_unknown || self.is_untracked(key) {
            self.untracked_out += 1;
            return;
        }
        let known = self.forgotten.of(key.packed());
        let fate = known.map(|fate| std::mem::replace(fate, Fate::Told));
        self.copies_of_forgotten[books_of(key.kind)] += 1;
        if fate.is_none() {
            self.forget(key, Fate::Told, most);
        }
        let books = self.books(key.kind);
        match fate.unwrap_or(Fate::Once) {
            Fate::Once => {
                books.copies += 1;
                let moved = books.once.min(1);
                books.once -= moved;
                books.duplicate += moved;
            }
            Fate::Refused => books.retries += 1,
            Fate::Lost => books.late += 1,
            Fate::Rejected => books.ghost += 1,
            Fate::Unanswered => books.maybe_out += 1,
            Fate::Told | Fate::Untracked => books.copies += 1,
        }
    }

    /// Settles one submit_sm. Receipts that were sent after `could_come_until` could not reach our ESME any more.
    pub(super) fn settle(&mut self, entry: &Entry, could_come_until: Nanos, scene: &mut Scene<'_>) {
        self.settle_receipts(entry, could_come_until, scene);
        let Scene { settings, findings, at: now, .. } = scene;
        add_examples_of(entry, findings);
        self.count_statuses(entry);
        self.out_settled[books_of(entry.key.kind)] += u64::from(entry.behind.out_count);
        let out = entry.copies();
        let books = self.books(entry.key.kind);
        books.copies += u64::from(out.saturating_sub(1));
        books.retries += u64::from(entry.behind.retries);
        books.copies_over_reconnect += u64::from(entry.behind.over_reconnect);
        books.altered += u64::from(entry.is_altered);
        books.wrong_upstream += u64::from(entry.is_at_wrong_upstream);
        books.resegmented += u64::from(entry.is_resegmented);
        let front = &entry.front;
        if let Some(accepted) = front.accepted {
            books.accepted += 1;
            let is_in_time = entry.is_in_time(settings.deadline);
            if is_in_time && out == 1 {
                books.once += 1;
            } else if is_in_time {
                books.duplicate += 1;
            } else if out > 0 || now.since(accepted) > settings.deadline {
                books.lost += 1;
                books.late += u64::from(out > 0);
                let what = if out > 0 { "came out after the deadline" } else { "did not come out" };
                let class = ExampleClass::Lost;
                findings.examples.add(class, || example(class, entry, what.to_owned()));
            } else {
                books.pending += 1;
            }
        } else if let (Some((status, _)), 0, false) = (front.rejected, front.open, front.has_gone) {
            books.rejected += 1;
            // what our SMSC refused itself is no ghost
            let is_taken = entry.behind.answered.is_none_or(|(status, _)| status == 0);
            let is_ghost = out > 0 && is_taken;
            books.ghost += u64::from(is_ghost);
            if is_ghost {
                let class = ExampleClass::Ghost;
                let what = format!("rejected with {status:#010x}, and came out");
                findings.examples.add(class, || example(class, entry, what));
            }
            if entry.key.kind == MarkerKind::Load {
                *self.rejected_by.entry(status).or_default() += 1;
            }
        } else {
            books.unanswered += 1;
            books.maybe += 1;
            books.maybe_out += u64::from(out > 0);
        }
    }

    /// Settles one that is finished: it came out once, by its deadline.
    pub(super) fn settle_finished(&mut self, message: &FinishedMessage) {
        let kind = message.kind();
        self.out_settled[books_of(kind)] += 1;
        let books = self.books(kind);
        books.accepted += 1;
        books.once += 1;
        books.altered += u64::from(message.is_altered);
        books.wrong_upstream += u64::from(message.is_at_wrong_upstream);
        if kind == MarkerKind::Load {
            let behind = Some((message.status, message.answered));
            let front = Some((0, message.accepted));
            self.count_pair((behind, front, true), message.has_receipt);
        }
    }

    fn settle_receipts(&mut self, entry: &Entry, could_come_until: Nanos, scene: &mut Scene<'_>) {
        let books = &mut self.receipts[books_of(entry.key.kind)];
        let Entry { front, receipts, .. } = entry;
        // no receipt that comes can be told to be its own
        let has_no_name =
            front.accepted.is_some() && (front.id.is_empty() || scene.ids.is_shared(front.id_key));
        if has_no_name {
            books.untracked += receipts.not_come().count() as u64;
            return;
        }
        for sent in receipts.not_come() {
            let is_over = scene.at.since(sent.at) > scene.settings.deadline;
            if is_over && sent.at <= could_come_until {
                books.lost += 1;
                let class = ExampleClass::ReceiptLost;
                scene.findings.examples.add(class, || {
                    let mut example = example(class, entry, format!("state {}", sent.state()));
                    (example.sent, example.came) = (sent.at, None);
                    example
                });
            } else {
                books.pending += 1;
            }
        }
    }

    fn count_statuses(&mut self, entry: &Entry) {
        if entry.key.kind != MarkerKind::Load {
            return;
        }
        let front = match (entry.front.accepted, entry.front.rejected) {
            (Some(at), _) => Some((0, at)),
            (None, rejected) => rejected.filter(|_| entry.front.open == 0 && !entry.front.has_gone),
        };
        let pair = (entry.behind.answered, front, entry.behind.out_count > 0);
        self.count_pair(pair, entry.receipts.came > 0);
    }

    /// Counts statuses and times of the answers behind and in front, and whether the message came out.
    fn count_pair(&mut self, (behind, front, is_out): (Answer, Answer, bool), has_receipt: bool) {
        let status = |answer: Answer| answer.map(|(status, _)| status);
        let pair = (status(behind), status(front), is_out);
        if self.statuses.len() >= STATUS_PAIRS_MAX && !self.statuses.contains_key(&pair) {
            return;
        }
        let row = self.statuses.entry(pair).or_default();
        row.count += 1;
        if let (Some((_, behind)), Some((_, front))) = (behind, front)
            && front >= behind
        {
            row.later_sum += u128::from(front.since(behind).0);
            row.later_count += 1;
        }
        let is_refused_behind = behind.is_some_and(|(status, _)| status != 0);
        let is_accepted = front.is_some_and(|(status, _)| status == 0);
        row.told_by_receipt += u64::from(is_refused_behind && is_accepted && has_receipt);
    }

    /// The books of the load and of the probes, once all is settled.
    pub(super) fn take_books(&mut self) -> (SubmitBooks, SubmitBooks) {
        let mut submits = self.submits.clone();
        submits.rejected_by = self.rejected_by.iter().map(|(s, count)| (*s, *count)).collect();
        (submits, self.probes.clone())
    }

    /// The pairs of statuses.
    pub(super) fn statuses(&self) -> Vec<StatusPair> {
        let row = |((upstream, front, came_out), row): (&(_, _, bool), &PairCount)| StatusPair {
            upstream: *upstream,
            front: *front,
            came_out: *came_out,
            count: row.count,
            later: (row.later_count > 0)
                .then(|| Nanos((row.later_sum / u128::from(row.later_count)) as u64)),
            told_by_receipt: row.told_by_receipt,
        };
        self.statuses.iter().map(row).collect()
    }

    /// Whether every sum of the books adds up.
    pub(super) fn is_balanced(&self) -> bool {
        let [of_load, of_probes] = self.out_settled;
        let [load_again, probes_again] = self.copies_of_forgotten;
        let in_front = |books: &SubmitBooks| {
            books.sent == books.accepted + books.rejected + books.unanswered + books.untracked
                && books.accepted == books.once + books.duplicate + books.lost + books.pending
                && books.unanswered == books.maybe
                && books.ghost <= books.rejected
        };
        let (load, probes) = (&self.submits, &self.probes);
        in_front(load)
            && in_front(probes)
            && load.came_out + probes.came_out
                == of_load
                    + of_probes
                    + load_again
                    + probes_again
                    + load.unexpected
                    + self.untracked_out
    }
}
