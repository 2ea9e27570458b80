//! Ids that an SMSC has given to several messages while the first of them was awaited: nodes that number alike, one
//! id for all. A receipt of such an id is its own session's, where one message of that session has the id and no
//! other; what cannot be told so is ambiguous, and credited to nobody.
//!
//! Whatever puts messages aside as ambiguous tells them to the list it is given, once each.
//!
//! All of it is bounded: one member for each session of an id, and so many members in all.
use super::Key;
use super::receipt_info::{Awaits, ReceiptInfo, ReceiptMatch};
use crate::kit::Nanos;
use hashbrown::HashMap;
use std::collections::VecDeque;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// One message, whose final receipt has not come.
    Awaited,
    /// One message, whose final receipt has come.
    Finished,
    /// One message, whose deadline passed.
    Expired,
    /// Its messages have been told to be ambiguous.
    Ambiguous,
}

/// The messages of one session that have the id.
#[derive(Clone, Copy, Debug)]
struct Member<T> {
    session: u32,
    standing: Standing,
    /// The last of them.
    value: T,
}

#[derive(Debug)]
struct Group<T> {
    /// By session, ascending.
    members: Vec<Member<T>>,
    /// Of those, awaited.
    awaited: usize,
}

/// Ids with more than one message.
#[derive(Debug)]
pub(super) struct Shared<T> {
    groups: HashMap<u64, Group<T>, foldhash::fast::FixedState>,
    /// When a member is to be looked at next: each stands here once.
    order: VecDeque<(Nanos, Key, u32)>,
    awaited: usize,
    members_max: usize,
    deadline: Nanos,
}

impl<T: Awaits> Shared<T> {
    pub(super) fn new(members_max: usize, deadline: Nanos) -> Shared<T> {
        let groups = HashMap::with_hasher(foldhash::fast::FixedState::with_seed(4));
        Shared { groups, order: VecDeque::new(), awaited: 0, members_max, deadline }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
    /// Messages whose final receipt is awaited.
    #[inline]
    pub(super) fn awaited(&self) -> usize {
        self.awaited
    }
    pub(super) fn has(&self, key: Key) -> bool {
        self.groups.contains_key(&key.0)
    }

    /// A message that was alone under its key, and is so no more.
    pub(super) fn move_in(&mut self, key: Key, value: T, ambiguous: &mut Vec<(Key, T)>) {
        self.add(key, value, Standing::Awaited, ambiguous);
    }

    /// A message was accepted under a key that is shared. Returns a session whose message has the id too, and awaits
    /// its receipt or is ambiguous; None: no such message is left.
    pub(super) fn accept(
        &mut self,
        key: Key,
        value: T,
        ambiguous: &mut Vec<(Key, T)>,
    ) -> Option<u32> {
        let group = self.groups.get(&key.0)?;
        let own = group.members.binary_search_by_key(&value.session(), |m| m.session);
        let is_open =
            |m: &&Member<T>| matches!(m.standing, Standing::Awaited | Standing::Ambiguous);
        let own = own.ok().map(|place| &group.members[place]).filter(is_open);
        let other = own.or_else(|| group.members.iter().find(is_open)).map(|m| m.session);
        self.add(key, value, Standing::Awaited, ambiguous);
        other
    }

    /// A message whose answer came too late to count: receipts of it are late.
    pub(super) fn accept_late(&mut self, key: Key, value: T, ambiguous: &mut Vec<(Key, T)>) {
        self.add(key, value, Standing::Expired, ambiguous);
    }

    fn add(&mut self, key: Key, value: T, standing: Standing, ambiguous: &mut Vec<(Key, T)>) {
        if self.order.len() >= self.members_max {
            self.forget_oldest(ambiguous);
        }
        let group = self
            .groups
            .entry(key.0)
            .or_insert_with(|| Group { members: Vec::with_capacity(2), awaited: 0 });
        let session = value.session();
        let is_awaited = standing == Standing::Awaited;
        match group.members.binary_search_by_key(&session, |m| m.session) {
            Err(place) => {
                group.members.insert(place, Member { session, standing, value });
                self.order.push_back((value.since().after(self.deadline), key, session));
                group.awaited += usize::from(is_awaited);
                self.awaited += usize::from(is_awaited);
            }
            Ok(place) => {
                let member = &mut group.members[place];
                let before = std::mem::replace(&mut member.value, value);
                match member.standing {
                    Standing::Finished | Standing::Expired => {
                        member.standing = standing;
                        group.awaited += usize::from(is_awaited);
                        self.awaited += usize::from(is_awaited);
                        return;
                    }
                    Standing::Awaited => {
                        member.standing = Standing::Ambiguous;
                        group.awaited -= 1;
                        self.awaited -= 1;
                        ambiguous.push((key, before));
                    }
                    Standing::Ambiguous => {}
                }
                if is_awaited {
                    ambiguous.push((key, value));
                }
            }
        }
    }

    /// A receipt came under a shared key, on a session that speaks for `session`. None: the key is not shared.
    pub(super) fn receipt(
        &mut self,
        key: Key,
        session: u32,
        notice: &ReceiptInfo,
        ambiguous: &mut Vec<(Key, T)>,
    ) -> Option<ReceiptMatch<T>> {
        let group = self.groups.get_mut(&key.0)?;
        let own = group.members.binary_search_by_key(&session, |m| m.session);
        let place = own.unwrap_or(0);
        let member = group.members.get_mut(place)?;
        let (value, mark) = (member.value, member.value.mark());
        if notice.intermediate {
            return Some(ReceiptMatch::Intermediate(mark));
        }
        let standing = member.standing;
        if own.is_ok() && standing == Standing::Awaited {
            let is_late = notice.received > value.since().after(self.deadline);
            member.standing = if is_late { Standing::Expired } else { Standing::Finished };
            group.awaited -= 1;
            self.awaited -= 1;
            return Some(if is_late {
                ReceiptMatch::MissingThenLate(value)
            } else {
                ReceiptMatch::Final(value)
            });
        }
        // it may be any other's that still waits: of none of those can be told any more
        let was_awaited = std::mem::take(&mut group.awaited);
        if was_awaited > 0 {
            self.awaited -= was_awaited;
            for member in group.members.iter_mut().filter(|m| m.standing == Standing::Awaited) {
                member.standing = Standing::Ambiguous;
                ambiguous.push((key, member.value));
            }
            return Some(ReceiptMatch::Ambiguous(mark));
        }
        Some(match standing {
            Standing::Expired if own.is_ok() => ReceiptMatch::Late(value),
            Standing::Finished if own.is_ok() => ReceiptMatch::Duplicate(mark),
            Standing::Awaited | Standing::Finished | Standing::Expired | Standing::Ambiguous => {
                ReceiptMatch::Ambiguous(mark)
            }
        })
    }

    /// Tells which messages are missing by now, and forgets members a deadline after that. At most `max` at once. True:
    /// there may be more to do.
    pub(super) fn expire(&mut self, now: Nanos, max: usize, missing: &mut Vec<(Key, T)>) -> bool {
        for _ in 0..max {
            let Some(&(at, key, session)) = self.order.front() else { return false };
            if at >= now {
                return false;
            }
            self.order.pop_front();
            let deadline = self.deadline;
            let Some((group, place)) = self.member(key, session) else { continue };
            let member = &mut group.members[place];
            let due = member.value.since().after(deadline);
            if member.standing == Standing::Awaited && due < now {
                missing.push((key, member.value));
                member.standing = Standing::Expired;
                group.awaited -= 1;
                self.awaited -= 1;
                self.order.push_back((due.after(deadline), key, session));
            } else if due.after(deadline) >= now {
                // another message of its session took the place meanwhile, or it is kept to know what comes late
                let next = if due < now { due.after(deadline) } else { due };
                self.order.push_back((next, key, session));
            } else {
                self.remove(key, place);
            }
        }
        !self.order.is_empty()
    }

    fn member(&mut self, key: Key, session: u32) -> Option<(&mut Group<T>, usize)> {
        let group = self.groups.get_mut(&key.0)?;
        let place = group.members.binary_search_by_key(&session, |m| m.session).ok()?;
        Some((group, place))
    }

    fn remove(&mut self, key: Key, place: usize) {
        let Some(group) = self.groups.get_mut(&key.0) else { return };
        group.members.remove(place);
        if group.members.is_empty() {
            self.groups.remove(&key.0);
        }
    }

    /// No room: the oldest goes, and if it waits nobody will be able to tell its receipt.
    fn forget_oldest(&mut self, ambiguous: &mut Vec<(Key, T)>) {
        let Some((_, key, session)) = self.order.pop_front() else { return };
        let Some((group, place)) = self.member(key, session) else { return };
        let member = group.members[place];
        if member.standing == Standing::Awaited {
            group.awaited -= 1;
            self.awaited -= 1;
            ambiguous.push((key, member.value));
        }
        self.remove(key, place);
    }

    /// Everything that is still awaited, as it was accepted; nothing is kept.
    pub(super) fn drain(&mut self) -> Vec<(Key, T)> {
        self.awaited = 0;
        self.order.clear();
        let mut left: Vec<(Key, T)> = Vec::new();
        for (key, group) in self.groups.drain() {
            let awaited = group.members.iter().filter(|m| m.standing == Standing::Awaited);
            left.extend(awaited.map(|m| (Key(key), m.value)));
        }
        left.sort_by_key(|(key, value)| (value.since(), key.0));
        left
    }
}
