//! Ids that an SMSC gave to several messages while the first of them was awaited: SMSC nodes that number alike, or one id
//! for all. A receipt of such an id belongs to its own session, where exactly one message of that session has the id;
//! otherwise it is ambiguous and credited to no message.
//!
//! Each message that becomes ambiguous is appended once to the list that the caller passes.
//!
//! The memory is bounded: one member for each session of an id, and a maximum number of members.
//!
//! Invariant: each member is in `order` once; `awaited` is the number of members in that state.
use super::Key;
use super::receipt_info::{Awaits, ReceiptInfo, ReceiptMatch};
use crate::kit::Nanos;
use hashbrown::HashMap;
use std::collections::VecDeque;

/// State of the messages of one session that have the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MemberState {
    /// One message, whose final receipt has not come.
    Awaited,
    /// One message, whose final receipt has come.
    Finished,
    /// One message, whose deadline passed.
    Expired,
    /// All its messages have been reported as ambiguous.
    Ambiguous,
}

/// The messages of one session that have an id.
#[derive(Clone, Copy, Debug)]
struct Member<T> {
    session: u32,
    state: MemberState,
    /// Value of the last of them.
    value: T,
}

/// The members of an id.
#[derive(Debug)]
struct IdGroup<T> {
    /// By session, ascending.
    members: Vec<Member<T>>,
    /// Number of awaited members.
    awaited: usize,
}

/// Ids with more than one message.
#[derive(Debug)]
pub(super) struct SharedIds<T> {
    groups: HashMap<u64, IdGroup<T>, foldhash::fast::FixedState>,
    /// When each member is checked next, with its key and session.
    order: VecDeque<(Nanos, Key, u32)>,
    awaited: usize,
    members_max: usize,
    deadline: Nanos,
}

impl<T: Awaits> SharedIds<T> {
    pub(super) fn new(members_max: usize, deadline: Nanos) -> SharedIds<T> {
        let groups = HashMap::with_hasher(foldhash::fast::FixedState::with_seed(4));
        SharedIds { groups, order: VecDeque::new(), awaited: 0, members_max, deadline }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
    /// Number of messages whose final receipt is awaited.
    #[inline]
    pub(super) fn awaited(&self) -> usize {
        self.awaited
    }
    pub(super) fn has(&self, key: Key) -> bool {
        self.groups.contains_key(&key.0)
    }

    /// Adds the first message of an id, which was the only one so far.
    pub(super) fn move_in(&mut self, key: Key, value: T, ambiguous: &mut Vec<(Key, T)>) {
        self.add(key, value, MemberState::Awaited, ambiguous);
    }

    /// Adds a message that was accepted under a shared key. Returns a session with an awaited or ambiguous message of the
    /// same id; None: there is no such message.
    pub(super) fn accept(
        &mut self,
        key: Key,
        value: T,
        ambiguous: &mut Vec<(Key, T)>,
    ) -> Option<u32> {
        let group = self.groups.get(&key.0)?;
        let own = group.members.binary_search_by_key(&value.session(), |m| m.session);
        let is_open =
            |m: &&Member<T>| matches!(m.state, MemberState::Awaited | MemberState::Ambiguous);
        let own = own.ok().map(|index| &group.members[index]).filter(is_open);
        let other = own.or_else(|| group.members.iter().find(is_open)).map(|m| m.session);
        self.add(key, value, MemberState::Awaited, ambiguous);
        other
    }

    /// Adds a message whose response came after its deadline: receipts of it are late.
    pub(super) fn accept_late(&mut self, key: Key, value: T, ambiguous: &mut Vec<(Key, T)>) {
        self.add(key, value, MemberState::Expired, ambiguous);
    }

    fn add(&mut self, key: Key, value: T, state: MemberState, ambiguous: &mut Vec<(Key, T)>) {
        if self.order.len() >= self.members_max {
            self.forget_oldest(ambiguous);
        }
        let group = self
            .groups
            .entry(key.0)
            .or_insert_with(|| IdGroup { members: Vec::with_capacity(2), awaited: 0 });
        let session = value.session();
        let is_awaited = state == MemberState::Awaited;
        match group.members.binary_search_by_key(&session, |m| m.session) {
            Err(index) => {
                group.members.insert(index, Member { session, state, value });
                self.order.push_back((value.since().after(self.deadline), key, session));
                group.awaited += usize::from(is_awaited);
                self.awaited += usize::from(is_awaited);
            }
            Ok(index) => {
                let member = &mut group.members[index];
                let before = std::mem::replace(&mut member.value, value);
                match member.state {
                    MemberState::Finished | MemberState::Expired => {
                        member.state = state;
                        group.awaited += usize::from(is_awaited);
                        self.awaited += usize::from(is_awaited);
                        return;
                    }
                    MemberState::Awaited => {
                        member.state = MemberState::Ambiguous;
                        group.awaited -= 1;
                        self.awaited -= 1;
                        ambiguous.push((key, before));
                    }
                    MemberState::Ambiguous => {}
                }
                if is_awaited {
                    ambiguous.push((key, value));
                }
            }
        }
    }

    /// Matches a receipt of a message of this session. None: the key is not shared.
    pub(super) fn receipt(
        &mut self,
        key: Key,
        session: u32,
        receipt: &ReceiptInfo,
        ambiguous: &mut Vec<(Key, T)>,
    ) -> Option<ReceiptMatch<T>> {
        let group = self.groups.get_mut(&key.0)?;
        let own = group.members.binary_search_by_key(&session, |m| m.session);
        let index = own.unwrap_or(0);
        let member = group.members.get_mut(index)?;
        let (value, mark) = (member.value, member.value.mark());
        if receipt.intermediate {
            return Some(ReceiptMatch::Intermediate(mark));
        }
        let state = member.state;
        if own.is_ok() && state == MemberState::Awaited {
            let is_late = receipt.received > value.since().after(self.deadline);
            member.state = if is_late { MemberState::Expired } else { MemberState::Finished };
            group.awaited -= 1;
            self.awaited -= 1;
            return Some(if is_late {
                ReceiptMatch::MissingThenLate(value)
            } else {
                ReceiptMatch::Final(value)
            });
        }
        // it may belong to any awaited message: all of them become ambiguous
        let was_awaited = std::mem::take(&mut group.awaited);
        if was_awaited > 0 {
            self.awaited -= was_awaited;
            for member in group.members.iter_mut().filter(|m| m.state == MemberState::Awaited) {
                member.state = MemberState::Ambiguous;
                ambiguous.push((key, member.value));
            }
            return Some(ReceiptMatch::Ambiguous(mark));
        }
        Some(match state {
            MemberState::Expired if own.is_ok() => ReceiptMatch::Late(value),
            MemberState::Finished if own.is_ok() => ReceiptMatch::Duplicate(mark),
            MemberState::Awaited
            | MemberState::Finished
            | MemberState::Expired
            | MemberState::Ambiguous => ReceiptMatch::Ambiguous(mark),
        })
    }

    /// Moves the messages whose deadline has passed into `missing`, and forgets members one deadline later. Checks at most
    /// `max` members. True: there may be more to do.
    pub(super) fn expire(&mut self, now: Nanos, max: usize, missing: &mut Vec<(Key, T)>) -> bool {
        for _ in 0..max {
            let Some(&(at, key, session)) = self.order.front() else { return false };
            if at >= now {
                return false;
            }
            self.order.pop_front();
            let deadline = self.deadline;
            let Some((group, index)) = self.member(key, session) else { continue };
            let member = &mut group.members[index];
            let due = member.value.since().after(deadline);
            if member.state == MemberState::Awaited && due < now {
                missing.push((key, member.value));
                member.state = MemberState::Expired;
                group.awaited -= 1;
                self.awaited -= 1;
                self.order.push_back((due.after(deadline), key, session));
            } else if due.after(deadline) >= now {
                // it has a newer message of its session, or is kept so that a late receipt is known
                let next = if due < now { due.after(deadline) } else { due };
                self.order.push_back((next, key, session));
            } else {
                self.remove(key, index);
            }
        }
        !self.order.is_empty()
    }

    /// The group of a key, and the index of a session in it.
    fn member(&mut self, key: Key, session: u32) -> Option<(&mut IdGroup<T>, usize)> {
        let group = self.groups.get_mut(&key.0)?;
        let index = group.members.binary_search_by_key(&session, |m| m.session).ok()?;
        Some((group, index))
    }

    fn remove(&mut self, key: Key, index: usize) {
        let Some(group) = self.groups.get_mut(&key.0) else { return };
        group.members.remove(index);
        if group.members.is_empty() {
            self.groups.remove(&key.0);
        }
    }

    /// Makes room: forgets the oldest member, which becomes ambiguous if it is awaited.
    fn forget_oldest(&mut self, ambiguous: &mut Vec<(Key, T)>) {
        let Some((_, key, session)) = self.order.pop_front() else { return };
        let Some((group, index)) = self.member(key, session) else { return };
        let member = group.members[index];
        if member.state == MemberState::Awaited {
            group.awaited -= 1;
            self.awaited -= 1;
            ambiguous.push((key, member.value));
        }
        self.remove(key, index);
    }

    /// Empties the store. Returns the messages still awaited in the order of acceptance.
    pub(super) fn drain(&mut self) -> Vec<(Key, T)> {
        self.awaited = 0;
        self.order.clear();
        let mut left: Vec<(Key, T)> = Vec::new();
        for (key, group) in self.groups.drain() {
            let awaited = group.members.iter().filter(|m| m.state == MemberState::Awaited);
            left.extend(awaited.map(|m| (Key(key), m.value)));
        }
        left.sort_by_key(|(key, value)| (value.since(), key.0));
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Copy, Debug)]
    struct Sent {
        at: Nanos,
        session: u32,
    }
    impl Awaits for Sent {
        fn since(&self) -> Nanos {
            self.at
        }
        fn mark(&self) -> u16 {
            0
        }
        fn session(&self) -> u32 {
            self.session
        }
    }

    fn info(received: Nanos) -> ReceiptInfo {
        let err = *b"000\0";
        ReceiptInfo { received, session: 0, state: 2, intermediate: false, err, rule: 0 }
    }

    proptest! {
        #[test]
        fn every_message_is_receipted_missing_ambiguous_or_left_and_only_once(
            steps in proptest::collection::vec((0u8..8, 0u64..6, 0u32..4, 0u64..30), 0..400),
            members_max in 1usize..30,
        ) {
            let mut shared = SharedIds::new(members_max, Nanos(100));
            let (mut ambiguous, mut missing) = (Vec::new(), Vec::new());
            let (mut added, mut receipted, mut now) = (0, 0, 0);
            for (step, key, session, wait) in steps {
                now += wait;
                let (key, value) = (Key(key), Sent { at: Nanos(now), session });
                match step {
                    0..4 => {
                        added += 1;
                        if shared.has(key) {
                            shared.accept(key, value, &mut ambiguous);
                        } else {
                            shared.move_in(key, value, &mut ambiguous);
                        }
                    }
                    4..7 => {
                        let found = shared.receipt(key, session, &info(Nanos(now)), &mut ambiguous);
                        receipted += usize::from(matches!(
                            found,
                            Some(ReceiptMatch::Final(_) | ReceiptMatch::MissingThenLate(_))
                        ));
                    }
                    _ => _ = shared.expire(Nanos(now), 10, &mut missing),
                }
                let settled = receipted + ambiguous.len() + missing.len();
                prop_assert_eq!(added, settled + shared.awaited());
                prop_assert!(shared.order.len() <= members_max);
                let members: usize = shared.groups.values().map(|group| group.members.len()).sum();
                prop_assert_eq!(members, shared.order.len());
            }
            let left = shared.drain().len();
            prop_assert_eq!(added, receipted + ambiguous.len() + missing.len() + left);
            prop_assert_eq!(shared.awaited(), 0);
        }
    }
}
