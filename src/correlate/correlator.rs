//! Puts submit_sm_resp and receipts together, whichever comes first.
//!
//! A receipt whose id nobody has accepted yet waits in a small early list: its response may be on its way
//! on another session or another worker. When its grace is over it is unknown. Everything is counted once.
use super::finished::Finished;
use super::{Key, Ledger, Left, Standing};
use crate::kit::Nanos;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What a receipt says, as far as correlation and counting need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Stamp of the read that held it.
    pub received: Nanos,
    /// The session it came on.
    pub session: u32,
    /// message_state's wire number; 10 stands for any other.
    pub state: u8,
    /// Not a final state.
    pub intermediate: bool,
    /// `err` as written, at most four octets, zero-filled.
    pub err: [u8; 4],
    /// Which rule made its key; a number into [`super::IdRule::ALL`].
    pub rule: u8,
}

/// A value that knows since when its receipt is awaited.
pub trait Awaits: Copy {
    /// The deadline counts from here.
    fn since(&self) -> Nanos;
    /// What is kept of it once its final receipt has come: where it is counted.
    fn mark(&self) -> u16;
}

/// What became of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate<T> {
    /// The first final receipt of this message.
    Final(T),
    /// An intermediate notification of a message with this [`Awaits::mark`].
    Intermediate(u16),
    /// A further final receipt of a message with this mark, which had one.
    Duplicate(u16),
    /// A final receipt after its deadline; the message has been told to be missing.
    Late(T),
    /// A final receipt after its deadline, before that was noticed: the message is missing, and this is late.
    MissingThenLate(T),
    /// Nobody awaits it yet: it waits for its response.
    Early,
    /// The early list is full: unknown at once.
    Unknown,
}

/// A receipt that waits for its response.
#[derive(Clone, Copy, Debug)]
pub struct Early {
    /// Its key.
    pub key: Key,
    /// What it says.
    pub notice: Notice,
}

/// Responses and receipts, in either order.
#[derive(Debug)]
pub struct Correlator<T> {
    ledger: Ledger<T>,
    finished: Finished,
    early: HashMap<u64, Vec<Notice>, foldhash::fast::FixedState>,
    early_order: VecDeque<(Nanos, Key)>,
    early_count: usize,
    early_max: usize,
    deadline: Nanos,
}

impl<T: Awaits> Correlator<T> {
    /// Keeps at most `kept_max` messages, and an eighth of that (at least 1,024) of early receipts. A
    /// receipt that comes more than `deadline` after its message's [`Awaits::since`] is late.
    pub fn new(kept_max: usize, deadline: Nanos) -> Correlator<T> {
        Correlator {
            ledger: Ledger::new(kept_max),
            finished: Finished::new(kept_max, deadline),
            early: HashMap::with_hasher(foldhash::fast::FixedState::with_seed(0)),
            early_order: VecDeque::new(),
            early_count: 0,
            early_max: (kept_max / 8).max(1024),
            deadline,
        }
    }

    fn due(&self, value: &T) -> Nanos {
        value.since().after(self.deadline)
    }

    /// A message that was accepted too late to count: receipts of it are late, not unknown.
    pub fn accepted_late(&mut self, key: Key, value: T) {
        self.late_after(key, value);
    }

    /// Before many ids are asked for at once: see [`Ledger::warm`]. Nothing where all is near anyway.
    #[inline]
    pub fn warm(&self, keys: impl Iterator<Item = Key>) {
        if !self.is_near() {
            std::hint::black_box(self.ledger.warm(keys));
        }
    }

    /// Whether a processor's own cache holds all that is awaited beside everything else.
    #[inline]
    pub fn is_near(&self) -> bool {
        self.ledger.is_near()
    }

    /// Messages whose final receipt is awaited.
    pub fn awaited(&self) -> usize {
        self.ledger.awaited()
    }
    /// Receipts that wait for their response.
    pub fn early_count(&self) -> usize {
        self.early_count
    }

    /// A message was accepted under this id. Receipts that came early are handed out, in their order, each
    /// with its fate. False: no room, it is not tracked.
    #[inline]
    pub fn accepted(&mut self, key: Key, value: T, met: &mut Vec<(Notice, Fate<T>)>) -> bool {
        if !self.ledger.insert(key, value) {
            return false;
        }
        if self.early_count > 0
            && let Some(notices) = self.early.remove(&key.0)
        {
            self.early_count -= notices.len();
            for notice in notices {
                let fate = self.receipt(key, notice);
                met.push((notice, fate));
            }
        }
        true
    }

    /// Messages were accepted under these ids, of which the same is known. Returns how many of the first are kept
    /// and met nothing: the next, if any, is one for [`Correlator::accepted`].
    #[inline]
    pub fn accepted_run(&mut self, keys: &[Key], value: T) -> usize {
        if self.early_count > 0 { 0 } else { self.ledger.insert_run(keys, value) }
    }

    /// Whether the message under this id is known, so that a receipt of it would not wait as an early one.
    pub fn knows(&self, key: Key) -> bool {
        self.ledger.find(key).is_some() || self.finished.find(key).is_some()
    }

    /// A receipt came.
    #[inline]
    pub fn receipt(&mut self, key: Key, notice: Notice) -> Fate<T> {
        let deadline = self.deadline;
        let is_late = |value: &T| notice.received > value.since().after(deadline);
        // the final receipt that was awaited, in time: the message is finished
        let finish = |standing: Standing, value: &T| {
            standing == Standing::Awaited && !notice.intermediate && !is_late(value)
        };
        let Some((place, standing, value)) = self.ledger.look(key, finish) else {
            return self.of_none_awaited(key, notice);
        };
        match standing {
            Standing::Awaited | Standing::Expired if notice.intermediate => {
                Fate::Intermediate(value.mark())
            }
            Standing::Awaited if is_late(&value) => {
                self.ledger.expire_at(place);
                Fate::MissingThenLate(value)
            }
            Standing::Awaited => {
                self.finished.add_all(&[key], value.mark(), notice.received);
                Fate::Final(value)
            }
            Standing::Expired => Fate::Late(value),
        }
    }

    /// Final receipts in time, after one of a message that was kept with this value: of how many of these keys
    /// the messages were accepted right behind it, one after the other, with an equal value. Those are finished.
    #[inline]
    pub fn receipts_of_next(&mut self, keys: &[Key], value: &T, now: Nanos) -> usize
    where
        T: PartialEq,
    {
        let taken = self.ledger.take_next(keys, value);
        self.finished.add_all(&keys[..taken], value.mark(), now);
        taken
    }

    #[cold]
    fn of_none_awaited(&mut self, key: Key, notice: Notice) -> Fate<T> {
        match self.finished.find(key) {
            Some(mark) if notice.intermediate => Fate::Intermediate(mark),
            Some(mark) => Fate::Duplicate(mark),
            None => self.keep_early(key, notice),
        }
    }

    fn keep_early(&mut self, key: Key, notice: Notice) -> Fate<T> {
        if self.early_count >= self.early_max {
            return Fate::Unknown;
        }
        self.early.entry(key.0).or_default().push(notice);
        self.early_order.push_back((notice.received, key));
        self.early_count += 1;
        Fate::Early
    }

    /// Early receipts that came at or before `before` and found no response: they are unknown now.
    pub fn give_up_early(&mut self, before: Nanos, unknown: &mut Vec<Early>) {
        while let Some(&(received, key)) = self.early_order.front() {
            if received > before {
                return;
            }
            self.early_order.pop_front();
            let Some(notices) = self.early.get_mut(&key.0) else { continue };
            let Some(at) = notices.iter().position(|n| n.received == received) else { continue };
            let notice = notices.remove(at);
            if notices.is_empty() {
                self.early.remove(&key.0);
            }
            self.early_count -= 1;
            unknown.push(Early { key, notice });
        }
    }

    /// Walks the oldest entries, at most `entries_max` of them. An awaited one whose deadline has come is told to
    /// `missing` and kept, expired, for one more deadline, so that a receipt that is only late is known as late;
    /// finished messages are forgotten at about their deadline. True: there may be more to do.
    pub fn expire(&mut self, now: Nanos, entries_max: usize, missing: &mut Vec<(Key, T)>) -> bool {
        self.finished.forget(now);
        for _ in 0..entries_max {
            let Some((key, standing, value)) = self.ledger.oldest().map(|(k, s, v)| (k, s, *v))
            else {
                return false;
            };
            let until = match standing {
                Standing::Awaited => self.due(&value),
                Standing::Expired => self.due(&value).after(self.deadline),
            };
            if until >= now {
                return false;
            }
            self.ledger.pop_oldest();
            if standing == Standing::Awaited {
                missing.push((key, value));
                self.late_after(key, value);
            }
        }
        true
    }

    /// An expired entry goes to the back of the ring, so that a receipt that is only late is known as late.
    fn late_after(&mut self, key: Key, value: T) {
        if self.ledger.insert(key, value)
            && let Some(place) = self.ledger.find(key)
        {
            self.ledger.expire_at(place);
        }
    }

    /// Everything that is still awaited, oldest first, as it is asked for; the ledger is empty at once.
    pub fn drain(&mut self) -> Left<T> {
        self.ledger.take_all()
    }
}
