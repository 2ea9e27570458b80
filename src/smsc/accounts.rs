//! Accounts: who may bind, how many at once, where deliveries can go. Knows no PDU but the bind's fields.
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
}

/// Longest password of OpenMarket's v4 service (FACTS A.1).
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
        };
        for known in &behaviour.accounts {
            let own = known.rate.and_then(|rate| Bucket::new(rate, limits.burst));
            accounts.open(known.system_id.as_bytes(), Some(known.clone()), own);
        }
        accounts
    }

    fn open(&mut self, system_id: &[u8], known: Option<SmscAccount>, own: Option<Bucket>) -> u32 {
        let scoped = self.scoped.clone();
        self.list.push(Account { known, own, scoped, ..Account::default() });
        let index = u32::try_from(self.list.len() - 1).expect("accounts are fewer than binds");
        self.by_id.insert(system_id.to_vec(), index);
        index
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
        let index = match self.by_id.get(system_id) {
            Some(index) => *index,
            None if self.open_house => self.open(system_id, None, None),
            // none at all is told apart from a wrong one (FACTS A.1)
            None if system_id.is_empty() => return Err(CommandStatus::ESME_RINVSYSID),
            None => return Err(self.wrong(CommandStatus::ESME_RINVSYSID)),
        };
        self.check_password(index, password)?;
        let account = &mut self.list[index as usize];
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

    fn check_password(&self, index: u32, password: &[u8]) -> Result<(), CommandStatus> {
        let known = self.list[index as usize].known.as_ref();
        let expected = known.and_then(|known| known.password.as_deref());
        // where the account is listed without a password, any will do, and none too
        let any = known.is_some() && expected.is_none();
        let fits = !password.is_empty() && password.len() <= OPENMARKET_PASSWORD_MAX;
        if self.openmarket && !any && !fits {
            return Err(CommandStatus::ESME_RINVPASWD);
        }
        match expected {
            Some(expected) if expected.as_bytes() != password => {
                Err(self.wrong(CommandStatus::ESME_RINVPASWD))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// OpenMarket says ESME_RBINDFAIL to whoever is not who they say (FACTS A.1).
    fn wrong(&self, status: CommandStatus) -> CommandStatus {
        if self.openmarket { CommandStatus::ESME_RBINDFAIL } else { status }
    }

    /// May this account's password be longer than the specification's 8 characters.
    pub(super) fn takes_long_passwords(&self, system_id: &[u8]) -> bool {
        let known = self.by_id.get(system_id).and_then(|i| self.list[*i as usize].known.as_ref());
        let password = known.and_then(|known| known.password.as_ref());
        self.openmarket || password.is_some_and(|password| password.len() > 8)
    }

    /// A session that held a place is gone; `dropped`: without an unbind.
    pub(super) fn leave(&mut self, index: u32, dropped: bool, now: Nanos) {
        let account = &mut self.list[index as usize];
        account.places = account.places.saturating_sub(1);
        if let (true, Some(span)) = (dropped, self.ghost) {
            account.ghosts.push(now.after(span));
        }
    }

    /// The window that this account's sessions have, where it has one of its own.
    pub(super) fn window(&self, index: u32) -> Option<usize> {
        self.list[index as usize].known.as_ref().and_then(|known| known.window)
    }

    /// One account.
    #[inline]
    pub(super) fn get(&mut self, index: u32) -> &mut Account {
        &mut self.list[index as usize]
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

    /// Keeps a delivery until somebody can receive it; says whether there was a place for it.
    pub(super) fn wait(&mut self, place: u32, again: bool) -> bool {
        if self.waiting.len() >= WAITING_MAX {
            return false;
        }
        if again {
            self.waiting.push_front(place);
        } else {
            self.waiting.push_back(place);
        }
        true
    }
}

/// Deliveries that wait per account; beyond they are dropped, and counted.
pub(super) const WAITING_MAX: usize = 1_000_000;

/// Counts a bind that was answered.
pub(super) fn count_bind(tally: &mut Tally, status: CommandStatus) {
    if status.is_ok() {
        tally.binds.accepted += 1;
    } else {
        tally.binds.refused.add(status);
    }
}
