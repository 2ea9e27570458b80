//! Striping: which account and which bind class carries message i, and which worker owns it
//! (docs/measuring.md, "Schedule"). A pure function of the plan and the number of workers; it knows no time and no
//! session.
mod counts;

pub(super) use counts::{OwnCount, OwnCounts, is_countable, joint_period};

use super::model::Plan;
use super::schedule::gcd;
use std::sync::Arc;

/// Longest period of the accounts' weights.
pub(crate) const PATTERN_MAX: u64 = 1 << 20;
/// Up to this many messages a period of all classes is kept as a table of each worker's own.
const TABLE_MAX: u64 = 1 << 16;

/// The accounts that send, with their share of the messages and their binds.
#[derive(Clone, Debug)]
struct AccountShare {
    /// Index of the account in the plan.
    account: u16,
    /// Number of its first sender.
    first: u32,
    /// Its senders; not 0.
    senders: u32,
    /// Its messages in one period of the pattern.
    weight: u64,
}

/// Message number -> (account, sender) -> worker.
#[derive(Clone, Debug)]
pub struct Striping {
    shares: Vec<AccountShare>,
    /// One period: the account of each message (by its share), and its number among the account's messages.
    pattern: Vec<(u16, u32)>,
    workers: usize,
}

impl Striping {
    /// Senders are numbered 0..S over the accounts in order; accounts that only receive have none.
    /// `workers_count` is what may run; min(workers_count, S) do (without any sender: min with sessions).
    pub fn new(plan: &Plan, workers_count: usize) -> Striping {
        let mut shares = Vec::new();
        let mut first = 0u32;
        for (number, account) in plan.accounts.iter().enumerate() {
            let senders = u32::try_from(account.binds.senders_count()).unwrap_or(u32::MAX);
            if senders > 0 && account.weight > 0 {
                let weight = account.weight;
                shares.push(AccountShare { account: number as u16, first, senders, weight });
            }
            first = first.saturating_add(senders);
        }
        shorten(&mut shares);
        let useful = if first > 0 { first as usize } else { plan.sessions_count() };
        let workers = workers_count.min(useful).max(1);
        Striping { pattern: spread(&shares), shares, workers }
    }

    /// The account and the class of bind that carry message `index`; (0, 0) if no bind may send.
    pub fn sender(&self, index: u64) -> (u16, u32) {
        if self.pattern.is_empty() {
            return (0, 0);
        }
        let period = self.pattern.len() as u64;
        let (share, rank) = self.pattern[(index % period) as usize];
        let share = &self.shares[usize::from(share)];
        // the account's own count of messages before this one, modulo its senders and without overflow
        let senders = u64::from(share.senders);
        let turn = u128::from(index / period) * u128::from(share.weight) + u128::from(rank);
        let turn = (turn % u128::from(senders)) as u32;
        (share.account, share.first + turn)
    }

    /// The worker that owns `sender`.
    #[inline]
    pub const fn worker_of(&self, sender: u32) -> usize {
        sender as usize % self.workers
    }

    /// Workers that run.
    pub const fn workers_count(&self) -> usize {
        self.workers
    }

    /// The place of message `from` in the pattern, and whose turn it is then in each account.
    fn turns_at(&self, from: u64) -> (usize, Vec<u32>) {
        let period = self.pattern.len() as u64;
        let slot = (from % period) as usize;
        let mut before = vec![0u64; self.shares.len()];
        self.pattern[..slot].iter().for_each(|p| before[usize::from(p.0)] += 1);
        let turns = self.shares.iter().zip(before).map(|(share, before)| {
            let turn = u128::from(from / period) * u128::from(share.weight) + u128::from(before);
            (turn % u128::from(share.senders)) as u32
        });
        (slot, turns.collect())
    }

    /// Messages after which (account, sender) repeats; None beyond `TABLE_MAX`.
    fn period(&self) -> Option<u64> {
        let mut period = self.pattern.len() as u64;
        for share in &self.shares {
            // the account's turn repeats when its messages are a multiple of its senders
            let senders = u64::from(share.senders);
            let rounds = senders / gcd(senders, share.weight);
            let unit = self.pattern.len() as u64;
            let have = period / unit;
            period = unit * (have / gcd(have, rounds)).checked_mul(rounds)?;
            if period > TABLE_MAX {
                return None;
            }
        }
        (period > 0).then_some(period)
    }
}

/// Divides the weights by their greatest common divisor and, should their sum still be above
/// `PATTERN_MAX` (a profile is refused for that), coarsens them.
fn shorten(shares: &mut [AccountShare]) {
    let common = shares.iter().fold(0, |g, share| gcd(share.weight, g)).max(1);
    shares.iter_mut().for_each(|share| share.weight /= common);
    while shares.iter().map(|share| u128::from(share.weight)).sum::<u128>()
        > u128::from(PATTERN_MAX)
    {
        shares.iter_mut().for_each(|share| share.weight = (share.weight / 2).max(1));
    }
}

/// One period of the pattern.
fn spread(shares: &[AccountShare]) -> Vec<(u16, u32)> {
    let weights: Vec<u64> = shares.iter().map(|share| share.weight).collect();
    let mut rank = vec![0u32; shares.len()];
    let ranked = interleave(&weights).into_iter().map(|number| {
        rank[number] += 1;
        (number as u16, rank[number] - 1)
    });
    ranked.collect()
}

/// Smooth weighted round robin: who is next, over one period of `weights`. Shares are exact, and nobody is next twice
/// in a row without need.
pub(super) fn interleave(weights: &[u64]) -> Vec<usize> {
    let total: u64 = weights.iter().sum();
    let mut credit = vec![0i64; weights.len()];
    let next = |_| {
        let mut best = 0;
        for (number, weight) in weights.iter().enumerate() {
            credit[number] += *weight as i64;
            if credit[number] > credit[best] {
                best = number;
            }
        }
        credit[best] -= total as i64;
        best
    };
    (0..total).map(next).collect()
}

/// One message of a worker's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OwnMessage {
    pub(super) index: u64,
    pub(super) account: u16,
    pub(super) sender: u32,
}

/// A worker's own messages in order, without end.
#[derive(Debug)]
pub(super) enum OwnMessages {
    /// Its messages within one period of all classes.
    Table { own: Vec<OwnMessage>, period: u64, base: u64, at: usize },
    /// All messages, one by one.
    All {
        striping: Arc<Striping>,
        worker: usize,
        account: Option<u16>,
        next: u64,
        slot: usize,
        turns: Vec<u32>,
    },
    /// It owns none.
    Nothing,
}

impl OwnMessages {
    /// Its messages from number `from` on.
    #[cfg(test)]
    pub(super) fn new(striping: &Arc<Striping>, worker: usize, from: u64) -> OwnMessages {
        OwnMessages::of(striping, worker, None, from)
    }

    /// The same, of one account only where one is named.
    pub(super) fn of(
        striping: &Arc<Striping>,
        worker: usize,
        account: Option<u16>,
        from: u64,
    ) -> OwnMessages {
        if worker >= striping.workers || striping.pattern.is_empty() {
            return OwnMessages::Nothing;
        }
        let Some(period) = striping.period() else {
            return OwnMessages::all(striping, worker, account, from);
        };
        let own: Vec<OwnMessage> = (0..period)
            .map(|index| (index, striping.sender(index)))
            .filter(|(_, (own, sender))| {
                striping.worker_of(*sender) == worker && account.is_none_or(|a| a == *own)
            })
            .map(|(index, (account, sender))| OwnMessage { index, account, sender })
            .collect();
        if own.is_empty() {
            return OwnMessages::Nothing;
        }
        let base = from - from % period;
        let at = own.partition_point(|o| o.index < from % period);
        OwnMessages::Table { own, period, base, at }
    }

    fn all(
        striping: &Arc<Striping>,
        worker: usize,
        account: Option<u16>,
        from: u64,
    ) -> OwnMessages {
        let owns = |share: &AccountShare| {
            account.is_none_or(|a| a == share.account)
                && (0..share.senders).any(|s| striping.worker_of(share.first + s) == worker)
        };
        if !striping.shares.iter().any(owns) {
            return OwnMessages::Nothing;
        }
        let (slot, turns) = striping.turns_at(from);
        OwnMessages::All { striping: striping.clone(), worker, account, next: from, slot, turns }
    }

    /// Goes to the first of its messages from number `from` on.
    pub(super) fn seek(&mut self, from: u64) {
        match self {
            OwnMessages::Table { own, period, base, at } => {
                *base = from - from % *period;
                *at = own.partition_point(|o| o.index < from % *period);
            }
            OwnMessages::All { striping, next, slot, turns, .. } => {
                (*slot, *turns) = striping.turns_at(from);
                *next = from;
            }
            OwnMessages::Nothing => {}
        }
    }

    /// (number of the next of its messages, distance from each to the one after it), where all are equally
    /// far from each other.
    pub(super) fn evenly(&self) -> Option<(u64, u32)> {
        let OwnMessages::Table { own, period, base, at } = self else { return None };
        let step = own.get(1).map_or(*period, |second| second.index - own[0].index);
        let around = own[0].index + period - own[own.len() - 1].index;
        let even = own.windows(2).all(|two| two[1].index - two[0].index == step) && around == step;
        let next = own.get(*at).map_or(base + period + own[0].index, |o| base + o.index);
        even.then(|| u32::try_from(step).ok().map(|step| (next, step))).flatten()
    }

    /// The next of its messages; None where it owns none.
    #[inline]
    pub(super) fn next(&mut self) -> Option<OwnMessage> {
        match self {
            OwnMessages::Table { own, period, base, at } => {
                if *at == own.len() {
                    *at = 0;
                    *base += *period;
                }
                let found = own[*at];
                *at += 1;
                Some(OwnMessage { index: *base + found.index, ..found })
            }
            OwnMessages::All { striping, worker, account, next, slot, turns } => loop {
                let share_number = usize::from(striping.pattern[*slot].0);
                let share = &striping.shares[share_number];
                let turn = turns[share_number];
                let found =
                    OwnMessage { index: *next, account: share.account, sender: share.first + turn };
                turns[share_number] = if turn + 1 == share.senders { 0 } else { turn + 1 };
                *slot = if *slot + 1 == striping.pattern.len() { 0 } else { *slot + 1 };
                *next += 1;
                let mine = account.is_none_or(|a| a == found.account);
                if mine && striping.worker_of(found.sender) == *worker {
                    return Some(found);
                }
            },
            OwnMessages::Nothing => None,
        }
    }
}

/// The numbers of a worker's own closed-loop messages: no account and no sender, which the session that has
/// a free slot settles.
#[derive(Debug)]
pub(super) enum ClosedLoopNumbers {
    /// Equally far from each other.
    Even { next: u64, step: u32 },
    /// One by one; the next, unless there is none.
    Walked { walk: OwnMessages, next: Option<u64> },
}

impl ClosedLoopNumbers {
    pub(super) fn new(mut walk: OwnMessages) -> ClosedLoopNumbers {
        match walk.evenly() {
            Some((next, step)) => ClosedLoopNumbers::Even { next, step },
            None => {
                let next = walk.next().map(|own| own.index);
                ClosedLoopNumbers::Walked { walk, next }
            }
        }
    }

    /// (the next number, distance to the one after it); distance 0: the next alone is known.
    #[inline]
    pub(super) fn peek(&self) -> Option<(u64, u32)> {
        match self {
            ClosedLoopNumbers::Even { next, step } => Some((*next, *step)),
            ClosedLoopNumbers::Walked { next, .. } => next.map(|next| (next, 0)),
        }
    }

    /// So many are used.
    #[inline]
    pub(super) fn take(&mut self, count: u32) {
        match self {
            ClosedLoopNumbers::Even { next, step } => *next += u64::from(*step) * u64::from(count),
            ClosedLoopNumbers::Walked { walk, next } => {
                for _ in 0..count {
                    *next = walk.next().map(|own| own.index);
                }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
