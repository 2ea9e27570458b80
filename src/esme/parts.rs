//! Whole messages: a text of several submit_sm is complete when all its parts are accepted, and delivered
//! when all are receipted DELIVRD. Parts travel by different sessions and workers, so what became of each is
//! handed to the worker that owns the message (its number modulo the workers) and counted there once.
//! Nothing of this exists in a run whose messages all have one part.
use super::core::Core;
use super::mailbox::WorkerMessage;
use super::orders::{Event, WorkerAssignment};
use super::per_message::Aliases;
use crate::correlate::Key;
use crate::plan::Per;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// What became of one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartUpdate {
    /// The message's number.
    pub message: u64,
    /// Parts of the message.
    pub parts: u8,
    /// Its end, or its receipt's.
    pub fate: PartOutcome,
}

/// What became of one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartOutcome {
    /// Accepted; `awaits`: its receipt is still to come or to be missed.
    Accepted {
        /// See above.
        awaits: bool,
    },
    /// Rejected, timed out, lost, dropped or unsent.
    Failed,
    /// Its receipt came, or will not come.
    Receipted {
        /// Its state was DELIVRD.
        delivered: bool,
    },
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Whole {
    parts: u8,
    settled: u8,
    accepted: u8,
    pub(super) awaited: u8,
    delivered: u8,
    /// Where all parts have one receipt: the id under which it is awaited.
    pub(super) first: Option<Key>,
    /// Likewise: the cell of a part that was given no id, and whether silence would be right.
    pub(super) nameless: Option<(u16, bool)>,
}

type Numbers<V> = HashMap<u64, V, foldhash::fast::FixedState>;

/// The messages of several parts that this worker owns, and the ids of parts that it awaits.
#[derive(Debug)]
pub(super) struct Parts {
    open: Numbers<Whole>,
    /// By key and session.
    by_key: HashMap<(u64, u32), (u64, u8), foldhash::fast::FixedState>,
    /// Workers in all, and those of this process.
    workers: u32,
    near: Range<u32>,
    /// News for workers on other machines.
    away: Vec<(u32, PartUpdate)>,
    /// Where all parts of a message have one receipt.
    pub(super) aliases: Option<Aliases>,
}

impl Parts {
    pub(super) fn new(share: &WorkerAssignment) -> Parts {
        let hasher = foldhash::fast::FixedState::with_seed(1);
        let receipts = &share.plan.receipts;
        Parts {
            open: HashMap::with_hasher(hasher.clone()),
            by_key: HashMap::with_hasher(hasher),
            workers: share.workers,
            near: share.near.clone(),
            away: Vec::new(),
            aliases: (receipts.per == Per::Message).then(|| Aliases::new(receipts.outstanding_max)),
        }
    }

    /// What is known of a message so far.
    pub(super) fn whole(&mut self, message: u64) -> &mut Whole {
        self.open.entry(message).or_default()
    }

    /// The place of the worker of this process that counts a message; None: it is `worker`, or elsewhere.
    pub(super) fn near_owner(&self, message: u64, worker: u32) -> Option<usize> {
        let owner = (message % u64::from(self.workers)) as u32;
        let is_near = owner != worker && self.near.contains(&owner);
        is_near.then(|| (owner - self.near.start) as usize)
    }
}

impl Core {
    /// A submit_sm ended for good: accepted (and, if so, whether a receipt is awaited), or not.
    #[inline]
    pub(super) fn part_ended(&mut self, index: u64, fate: PartOutcome) {
        if self.parts.is_some() {
            let picked = self.setup.recipe.pick(index);
            self.part_news(PartUpdate { message: picked.message, parts: picked.parts, fate });
        }
    }

    /// The id under which the receipt of a part will come, at the worker that owns the id.
    #[inline]
    pub(super) fn part_key(&mut self, index: u64, key: Key, session: u32) {
        if self.parts.is_none() {
            return;
        }
        let picked = self.setup.recipe.pick(index);
        match self.exchange.other(key) {
            Some(owner) if !self.stopping => {
                self.exchange.hand(
                    owner,
                    WorkerMessage::PartKey(key, session, picked.message, picked.parts),
                );
            }
            Some(_) | None => self.keep_part_key(key, session, picked.message, picked.parts),
        }
    }

    pub(super) fn keep_part_key(&mut self, key: Key, session: u32, message: u64, parts: u8) {
        let Some(all) = &mut self.parts else { return };
        let kept = *all.by_key.entry((key.0, session)).or_insert((message, parts));
        if kept != (message, parts) {
            // a second one of this session with the same id: nobody will know its receipt
            let fate = PartOutcome::Receipted { delivered: false };
            self.part_news(PartUpdate { message, parts, fate });
        }
    }

    /// The receipt under this id came, or will not come.
    #[inline]
    pub(super) fn part_receipted(&mut self, key: Key, session: u32, delivered: bool) {
        let Some(all) = &mut self.parts else { return };
        if let Some((message, parts)) = all.by_key.remove(&(key.0, session)) {
            self.part_news(PartUpdate {
                message,
                parts,
                fate: PartOutcome::Receipted { delivered },
            });
        }
    }

    /// News of a part, here or at the worker that owns its message.
    pub(super) fn part_news(&mut self, news: PartUpdate) {
        if news.parts < 2 {
            self.count_single(news.fate);
            return;
        }
        let Some(all) = self.parts.as_mut().filter(|_| !self.stopping) else {
            return self.count_part(news);
        };
        let owner = (news.message % u64::from(all.workers)) as u32;
        if owner == self.worker {
            self.count_part(news);
        } else if all.near.contains(&owner) {
            let place = (owner - all.near.start) as usize;
            self.exchange.hand(place, WorkerMessage::Part(news));
        } else {
            all.away.push((owner, news));
        }
    }

    /// Tells what belongs to workers on other machines.
    pub(super) fn send_away(&mut self) {
        let Some(all) = self.parts.as_mut().filter(|all| !all.away.is_empty()) else { return };
        let news = std::mem::take(&mut all.away);
        self.exchange.handed += news.len() as u64;
        self.events.push(Event::Away { news });
    }

    /// What workers on other machines had for this one.
    pub(super) fn come_home(&mut self, news: &[PartUpdate]) {
        self.exchange.received += news.len() as u64;
        for news in news {
            self.count_part(*news);
        }
    }

    /// A message of one part, among others of several.
    fn count_single(&mut self, fate: PartOutcome) {
        let messages = &mut self.recorder.interval().messages;
        match fate {
            PartOutcome::Accepted { awaits: _ } => {
                messages.planned += 1;
                messages.complete += 1;
            }
            PartOutcome::Failed => {
                messages.planned += 1;
                messages.failed += 1;
            }
            PartOutcome::Receipted { delivered } => messages.delivered += u64::from(delivered),
        }
    }

    pub(super) fn count_part(&mut self, news: PartUpdate) {
        let Some(all) = &mut self.parts else { return };
        let whole = all.open.entry(news.message).or_default();
        let first = whole.parts == 0;
        whole.parts = news.parts;
        match news.fate {
            PartOutcome::Accepted { awaits } => {
                whole.settled += 1;
                whole.accepted += 1;
                whole.awaited = whole.awaited.wrapping_add(u8::from(awaits));
            }
            PartOutcome::Failed => whole.settled += 1,
            PartOutcome::Receipted { delivered } => {
                // a receipt may be told before its acceptance: the sum comes out right
                whole.awaited = whole.awaited.wrapping_sub(1);
                // one receipt may be that of all parts
                let parts = if whole.first.is_some() { whole.parts } else { 1 };
                whole.delivered += parts * u8::from(delivered);
            }
        }
        let now = *whole;
        let over = now.settled == now.parts && now.awaited == 0;
        if over {
            all.open.remove(&news.message);
        }
        let messages = &mut self.recorder.interval().messages;
        messages.planned += u64::from(first);
        if over {
            messages.end(now.parts, now.accepted, now.delivered);
        }
        if let Some(nameless) = now.nameless.filter(|_| over && now.first.is_none()) {
            self.without_any_id(nameless);
        }
    }

    /// At the very end: what is still open has ended as it stands.
    pub(super) fn close_parts(&mut self) {
        let Some(all) = &mut self.parts else { return };
        let messages = &mut self.recorder.interval().messages;
        for (_, whole) in all.open.drain() {
            messages.end(whole.parts, whole.accepted, whole.delivered);
        }
    }
}
