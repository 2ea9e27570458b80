//! Accounts: checks credentials and bind limits, and picks the session that a delivery goes to.
//!
//! Where no accounts are configured, every system_id that binds becomes one. There are at most [`SEEN_MAX`] of those;
//! one more takes the slot of one that has no session.
use super::rate_limits::TokenBucket;
use crate::kit::Nanos;
use crate::plan::behaviour::{Behaviour, Scope, SmscAccount};
use crate::smpp::CommandStatus;
use std::collections::{HashMap, VecDeque};

/// One system_id and its state.
#[derive(Clone, Debug, Default)]
pub(super) struct AccountState {
    /// As configured. None: the account was made by a bind.
    configured: Option<SmscAccount>,
    system_id: Vec<u8>,
    /// Number of accounts that had this slot before, modulo 256.
    generation: u8,
    /// Binds in use by sessions.
    binds: usize,
    /// The most binds ever in use at once.
    binds_peak: usize,
    /// Binds of dropped sessions that are still in use (`limits.ghost_bind`), each with its end.
    ghosts: Vec<Nanos>,
    /// Sessions that receive, in the order of their binds.
    receivers: Vec<u32>,
    /// Index in `receivers` of the next one to use.
    next_receiver: usize,
    /// The account's own `rate`.
    own: Option<TokenBucket>,
    /// Its `limits.rate` with scope "account".
    scoped: Option<TokenBucket>,
    /// Handles of the deliveries that wait for a receiver, oldest first.
    waiting: VecDeque<u32>,
}

/// All accounts. A handle is a generation and a slot, so that a delivery for a forgotten account does not go to the
/// account that has its slot now.
#[derive(Clone, Debug)]
pub(super) struct Accounts {
    list: Vec<AccountState>,
    /// Handles by system_id.
    by_id: HashMap<Vec<u8>, u32>,
    /// Whether any system_id may bind: no account is configured.
    accepts_any: bool,
    openmarket: bool,
    /// How long the bind of a dropped session stays in use.
    ghost: Option<Nanos>,
    /// What each account gets of `limits.rate` with scope "account".
    scoped: Option<TokenBucket>,
    /// Where the search for a slot to reuse continues.
    next_reuse: usize,
    /// Handles of the deliveries that waited for accounts which were forgotten.
    evicted: VecDeque<u32>,
}

/// Maximum number of accounts made by binds.
const SEEN_MAX: usize = 10_000;
const SLOT_BITS: u32 = 24;

/// The slot of a handle.
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
            accepts_any: behaviour.accounts.is_empty(),
            openmarket: behaviour.habits.openmarket,
            ghost: limits.ghost_bind,
            scoped: scoped.and_then(|rate| TokenBucket::new(rate, limits.burst)),
            next_reuse: 0,
            evicted: VecDeque::new(),
        };
        for account in &behaviour.accounts {
            let own = account.rate.and_then(|rate| TokenBucket::new(rate, limits.burst));
            accounts.add(account.system_id.as_bytes(), Some(account.clone()), own);
        }
        accounts
    }

    /// Adds an account and returns its handle.
    fn add(
        &mut self,
        system_id: &[u8],
        configured: Option<SmscAccount>,
        own: Option<TokenBucket>,
    ) -> u32 {
        let (scoped, system_id) = (self.scoped.clone(), system_id.to_vec());
        let handle = u32::try_from(self.list.len()).expect("accounts are fewer than four billion");
        self.by_id.insert(system_id.clone(), handle);
        self.list.push(AccountState {
            configured,
            system_id,
            own,
            scoped,
            ..AccountState::default()
        });
        handle
    }

    /// Adds an account for a system_id that binds for the first time. None: there are too many, and all have sessions.
    fn add_seen(&mut self, system_id: &[u8]) -> Option<u32> {
        if self.list.len() < SEEN_MAX {
            return Some(self.add(system_id, None, None));
        }
        let count = self.list.len();
        let free = (0..count).map(|step| (self.next_reuse + step) % count);
        let at = free.into_iter().find(|at| self.list[*at].binds == 0)?;
        self.next_reuse = at + 1;
        let AccountState { system_id: old, waiting, generation, .. } =
            std::mem::take(&mut self.list[at]);
        self.by_id.remove(&old);
        self.evicted.extend(waiting);
        let generation = generation.wrapping_add(1);
        let (scoped, system_id) = (self.scoped.clone(), system_id.to_vec());
        let handle = u32::from(generation) << SLOT_BITS | at as u32;
        self.by_id.insert(system_id.clone(), handle);
        self.list[at] = AccountState { system_id, generation, scoped, ..AccountState::default() };
        Some(handle)
    }

    /// Takes the handles of the deliveries that waited for accounts which were forgotten.
    pub(super) fn take_evicted(&mut self) -> VecDeque<u32> {
        std::mem::take(&mut self.evicted)
    }

    /// Checks a bind's credentials and the account's bind limit. Counts the bind and returns the account's handle.
    ///
    /// # Errors
    /// The status that refuses the bind.
    pub(super) fn admit(
        &mut self,
        system_id: &[u8],
        password: &[u8],
        now: Nanos,
    ) -> Result<u32, CommandStatus> {
        let seen = self.by_id.get(system_id).copied();
        let handle = match seen {
            Some(handle) => handle,
            None if self.accepts_any => {
                self.check_password(None, password)?;
                self.add_seen(system_id).ok_or(CommandStatus::ESME_RBINDFAIL)?
            }
            // an empty system_id has a status of its own (docs/smpp/openmarket.md, "Connection and bind")
            None if system_id.is_empty() => return Err(CommandStatus::ESME_RINVSYSID),
            None => return Err(self.refusal(CommandStatus::ESME_RINVSYSID)),
        };
        self.check_password(Some(slot(handle)), password)?;
        let account = &mut self.list[slot(handle)];
        account.ghosts.retain(|until| *until > now);
        let ghosts = account.ghosts.len();
        let limit = account.configured.as_ref().and_then(|account| account.binds_max);
        // no binds_max: while a ghost lasts, the most binds held so far is the limit
        let default = if ghosts == 0 { usize::MAX } else { account.binds_peak };
        if account.binds + ghosts >= limit.unwrap_or(default) {
            return Err(CommandStatus::ESME_RALYBND);
        }
        account.binds += 1;
        account.binds_peak = account.binds_peak.max(account.binds);
        Ok(handle)
    }

    fn check_password(&self, at: Option<usize>, password: &[u8]) -> Result<(), CommandStatus> {
        let configured = at.and_then(|at| self.list[at].configured.as_ref());
        let expected = configured.and_then(|account| account.password.as_ref());
        // an account that is configured without a password accepts any, also an empty one
        let any = configured.is_some() && expected.is_none();
        let fits = !password.is_empty() && password.len() <= OPENMARKET_PASSWORD_MAX;
        if self.openmarket && !any && !fits {
            return Err(CommandStatus::ESME_RINVPASWD);
        }
        match expected {
            Some(expected) if expected.0.as_bytes() != password => {
                Err(self.refusal(CommandStatus::ESME_RINVPASWD))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The status that refuses wrong credentials; OpenMarket always answers ESME_RBINDFAIL
    /// (docs/smpp/openmarket.md, "Connection and bind").
    fn refusal(&self, status: CommandStatus) -> CommandStatus {
        if self.openmarket { CommandStatus::ESME_RBINDFAIL } else { status }
    }

    /// Whether this account's password may be longer than the 8 characters of the specification.
    pub(super) fn takes_long_passwords(&self, system_id: &[u8]) -> bool {
        let at = self.by_id.get(system_id).map(|handle| slot(*handle));
        let configured = at.and_then(|at| self.list[at].configured.as_ref());
        let password = configured.and_then(|account| account.password.as_ref());
        self.openmarket || password.is_some_and(|password| password.0.len() > 8)
    }

    /// Frees the bind of a session that ended. `dropped`: without an unbind, so that `limits.ghost_bind` applies.
    pub(super) fn leave(&mut self, handle: u32, dropped: bool, now: Nanos) {
        let account = &mut self.list[slot(handle)];
        account.binds = account.binds.saturating_sub(1);
        if let (true, Some(span)) = (dropped, self.ghost) {
            account.ghosts.push(now.after(span));
        }
    }

    /// Number of accounts.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    /// The window of this account's sessions. None: `limits.window` applies.
    pub(super) fn window(&self, handle: u32) -> Option<usize> {
        self.list[slot(handle)].configured.as_ref().and_then(|account| account.window)
    }

    /// The system_id of an account.
    pub(super) fn system_id(&self, handle: u32) -> &[u8] {
        &self.list[slot(handle)].system_id
    }

    /// The account of a bound session.
    #[inline]
    pub(super) fn get(&mut self, handle: u32) -> &mut AccountState {
        &mut self.list[slot(handle)]
    }

    /// None: the account has been forgotten.
    #[inline]
    pub(super) fn live(&mut self, handle: u32) -> Option<&mut AccountState> {
        let account = self.list.get_mut(slot(handle))?;
        (u32::from(account.generation) == handle >> SLOT_BITS).then_some(account)
    }
}

impl AccountState {
    /// The token buckets that a message of this account must pass.
    #[inline]
    pub(super) fn buckets(&mut self) -> impl Iterator<Item = &mut TokenBucket> {
        self.own.iter_mut().chain(self.scoped.iter_mut())
    }

    /// Adds a session that receives.
    pub(super) fn add_receiver(&mut self, session: u32) {
        self.receivers.push(session);
    }

    /// Removes a session that receives no more.
    pub(super) fn remove_receiver(&mut self, session: u32) {
        self.receivers.retain(|other| *other != session);
    }

    /// The next session in turn that can receive. `except`: a session to skip.
    pub(super) fn next_receiver(
        &mut self,
        except: Option<u32>,
        can_receive: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let count = self.receivers.len();
        for step in 0..count {
            let at = (self.next_receiver + step) % count;
            let session = self.receivers[at];
            if Some(session) != except && can_receive(session) {
                self.next_receiver = (at + 1) % count;
                return Some(session);
            }
        }
        None
    }

    /// Number of deliveries that wait for a receiver.
    #[inline]
    pub(super) fn waiting_count(&self) -> usize {
        self.waiting.len()
    }

    /// Adds a delivery that waits for a receiver. `first`: it is sent before all others.
    pub(super) fn wait(&mut self, handle: u32, first: bool) {
        if first {
            self.waiting.push_front(handle);
        } else {
            self.waiting.push_back(handle);
        }
    }

    /// Takes the delivery that waits first. None: none waits.
    #[inline]
    pub(super) fn pop_waiting(&mut self) -> Option<u32> {
        self.waiting.pop_front()
    }
}
