//! Accounts: who may bind, how many at once, where deliveries can go. Knows no PDU but the bind's fields.
//!
//! Where no accounts are listed, every system_id that binds becomes one. There are at most [`SEEN_MAX`] of those;
//! one more takes the slot of one that has no session.
use super::limits::Bucket;
use super::tally::Tally;
use crate::kit::Nanos;
use crate::plan::behaviour::{Behaviour, Scope, SmscAccount};
use crate::smpp::CommandStatus;
use std::collections::{HashMap, VecDeque};

/// One system_id and what belongs to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    known: Option<SmscAccount>,
    system_id: Vec<u8>,
    /// Counts the accounts that have had this slot.
    generation: u8,
    /// Sessions that hold a place.
    places: usize,
    /// The most there ever were.
    places_max: usize,
    /// Places of dropped sessions, and until when they stay taken.
    ghosts: Vec<Nanos>,
    /// Sessions that receive, in order of their binds.
    pub(super) receivers: Vec<u32>,
    /// Whose turn it is.
    turn: usize,
    /// The account's own rate.
    own: Option<Bucket>,
    /// Its share of `limits.rate` with scope "account".
    scoped: Option<Bucket>,
    /// Deliveries that wait for somebody to receive them (places in the outbox's letters).
    pub(super) waiting: VecDeque<u32>,
}

/// All accounts.
#[derive(Clone, Debug)]
pub(super) struct Accounts {
    list: Vec<Account>,
    by_id: HashMap<Vec<u8>, u32>,
    open_house: bool,
    openmarket: bool,
    ghost: Option<Nanos>,
    scoped: Option<Bucket>,
    /// Where the search for a slot to use again goes on.
    hand: usize,
    /// What waited for accounts that were forgotten (places in the outbox's letters).
    evicted: VecDeque<u32>,
}

/// Accounts that became one by a bind. Their handles are (generation, slot), so that a letter for an account
/// that was forgotten does not go to its successor.
const SEEN_MAX: usize = 10_000;
const SLOT_BITS: u32 = 24;

fn slot(handle: u32) -> usize {
    (handle & ((1 << SLOT_BITS) - 1)) as usize
}

/// Longest password of OpenMarket's v4 service (docs/smpp/openmarket.md, "Connection and bind").
const OPENMARKET_PASSWORD_MAX: usize = 100;

impl Accounts {
    pub(super) fn new(behaviour: &Behaviour) -> Accounts {
        let limits = &behaviour.limits;
        let by_account = limits.scope == Scope::Account;
        let scoped = limits.rate.filter(|_| by_account);
        let mut accounts = Accounts {
            list: Vec::new(),
            by_id: HashMap::new(),
            open_house: behaviour.accounts.is_empty(),
            openmarket: behaviour.habits.openmarket,
            ghost: limits.ghost_bind,
            scoped: scoped.and_then(|rate| Bucket::new(rate, limits.burst)),
            hand: 0,
            evicted: VecDeque::new(),
        };
        for known in &behaviour.accounts {
            let own = known.rate.and_then(|rate| Bucket::new(rate, limits.burst));
            accounts.open(known.system_id.as_bytes(), Some(known.clone()), own);
        }
        accounts
    }

    fn open(&mut self, system_id: &[u8], known: Option<SmscAccount>, own: Option<Bucket>) -> u32 {
        let (scoped, system_id) = (self.scoped.clone(), system_id.to_vec());
        let index = u32::try_from(self.list.len()).expect("accounts are fewer than four billion");
        self.by_id.insert(system_id.clone(), index);
        self.list.push(Account { known, system_id, own, scoped, ..Account::default() });
        index
    }

    /// An account for a system_id that is seen for the first time. None: there are too many, and all have
    /// sessions.
    fn open_seen(&mut self, system_id: &[u8]) -> Option<u32> {
        if self.list.len() < SEEN_MAX {
            return Some(self.open(system_id, None, None));
        }
        let count = self.list.len();
        let free = (0..count).map(|step| (self.hand + step) % count);
        let at = free.into_iter().find(|at| self.list[*at].places == 0)?;
        self.hand = at + 1;
        let Account { system_id: old, waiting, generation, .. } =
            std::mem::take(&mut self.list[at]);
        self.by_id.remove(&old);
        self.evicted.extend(waiting);
        let generation = generation.wrapping_add(1);
        let (scoped, system_id) = (self.scoped.clone(), system_id.to_vec());
        let handle = u32::from(generation) << SLOT_BITS | at as u32;
        self.by_id.insert(system_id.clone(), handle);
        self.list[at] = Account { system_id, generation, scoped, ..Account::default() };
        Some(handle)
    }

    /// What waited for accounts that were forgotten since this was asked last.
    pub(super) fn take_evicted(&mut self) -> VecDeque<u32> {
        std::mem::take(&mut self.evicted)
    }

    /// Whose bind this is, if it is let in. Takes a place.
    ///
    /// # Errors
    /// The status of the refusal.
    pub(super) fn admit(
        &mut self,
        system_id: &[u8],
        password: &[u8],
        now: Nanos,
    ) -> Result<u32, CommandStatus> {
        let seen = self.by_id.get(system_id).copied();
        let index = match seen {
            Some(index) => index,
            None if self.open_house => {
                self.check_password(None, password)?;
                self.open_seen(system_id).ok_or(CommandStatus::ESME_RBINDFAIL)?
            }
            // none at all is told apart from a wrong one (docs/smpp/openmarket.md, "Connection and bind")
            None if system_id.is_empty() => return Err(CommandStatus::ESME_RINVSYSID),
            None => return Err(self.wrong(CommandStatus::ESME_RINVSYSID)),
        };
        self.check_password(Some(slot(index)), password)?;
        let account = &mut self.list[slot(index)];
        account.ghosts.retain(|until| *until > now);
        let ghosts = account.ghosts.len();
        let stated = account.known.as_ref().and_then(|known| known.binds_max);
        // without a stated bound a ghost still keeps its own place from its successor
        let unstated = if ghosts == 0 { usize::MAX } else { account.places_max };
        if account.places + ghosts >= stated.unwrap_or(unstated) {
            return Err(CommandStatus::ESME_RALYBND);
        }
        account.places += 1;
        account.places_max = account.places_max.max(account.places);
        Ok(index)
    }

    fn check_password(&self, at: Option<usize>, password: &[u8]) -> Result<(), CommandStatus> {
        let known = at.and_then(|at| self.list[at].known.as_ref());
        let expected = known.and_then(|known| known.password.as_ref());
        // where the account is listed without a password, any will do, and none too
        let any = known.is_some() && expected.is_none();
        let fits = !password.is_empty() && password.len() <= OPENMARKET_PASSWORD_MAX;
        if self.openmarket && !any && !fits {
            return Err(CommandStatus::ESME_RINVPASWD);
        }
        match expected {
            Some(expected) if expected.0.as_bytes() != password => {
                Err(self.wrong(CommandStatus::ESME_RINVPASWD))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// OpenMarket says ESME_RBINDFAIL to whoever is not who they say (docs/smpp/openmarket.md, "Connection and bind").
    fn wrong(&self, status: CommandStatus) -> CommandStatus {
        if self.openmarket { CommandStatus::ESME_RBINDFAIL } else { status }
    }

    /// May this account's password be longer than the specification's 8 characters.
    pub(super) fn takes_long_passwords(&self, system_id: &[u8]) -> bool {
        let known = self.by_id.get(system_id).and_then(|i| self.list[slot(*i)].known.as_ref());
        let password = known.and_then(|known| known.password.as_ref());
        self.openmarket || password.is_some_and(|password| password.0.len() > 8)
    }

    /// A session that held a place is gone; `dropped`: without an unbind.
    pub(super) fn leave(&mut self, index: u32, dropped: bool, now: Nanos) {
        let account = &mut self.list[slot(index)];
        account.places = account.places.saturating_sub(1);
        if let (true, Some(span)) = (dropped, self.ghost) {
            account.ghosts.push(now.after(span));
        }
    }

    /// Accounts kept.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    /// The window that this account's sessions have, where it has one of its own.
    pub(super) fn window(&self, index: u32) -> Option<usize> {
        self.list[slot(index)].known.as_ref().and_then(|known| known.window)
    }

    /// The account of a session that is bound.
    #[inline]
    pub(super) fn get(&mut self, handle: u32) -> &mut Account {
        &mut self.list[slot(handle)]
    }

    /// An account, unless it has been forgotten.
    #[inline]
    pub(super) fn live(&mut self, handle: u32) -> Option<&mut Account> {
        let account = self.list.get_mut(slot(handle))?;
        (u32::from(account.generation) == handle >> SLOT_BITS).then_some(account)
    }
}

impl Account {
    /// The buckets that a message of this account has to pass.
    #[inline]
    pub(super) fn buckets(&mut self) -> impl Iterator<Item = &mut Bucket> {
        self.own.iter_mut().chain(self.scoped.iter_mut())
    }

    /// A session that receives and has room, in turn; `not` is passed over.
    pub(super) fn next_receiver(
        &mut self,
        not: Option<u32>,
        has_room: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let count = self.receivers.len();
        for step in 0..count {
            let at = (self.turn + step) % count;
            let session = self.receivers[at];
            if Some(session) != not && has_room(session) {
                self.turn = (at + 1) % count;
                return Some(session);
            }
        }
        None
    }

    /// Keeps a delivery until somebody can receive it.
    pub(super) fn wait(&mut self, place: u32, again: bool) {
        if again {
            self.waiting.push_front(place);
        } else {
            self.waiting.push_back(place);
        }
    }
}

/// Counts a bind that was answered.
pub(super) fn count_bind(tally: &mut Tally, status: CommandStatus) {
    if status.is_ok() {
        tally.binds.accepted += 1;
    } else {
        tally.binds.refused.add(status);
    }
}
