//! How many of a worker's own messages have a number below a bound, by account and label, without walking
//! them: by arithmetic over one period of the striping and the mix together. It knows no time.
use super::{AccountShare, Striping};
use crate::plan::schedule::gcd;

/// Longest period of striping and mix together that is counted by arithmetic; one of at most so many
/// messages is laid out as a table.
const PERIOD_MAX: u64 = 1 << 20;

/// The period, in messages, after which account and label of a message repeat together.
pub(in crate::plan) fn joint_period(striping: &Striping, labels: &[u16]) -> u64 {
    let (a, b) = (striping.pattern.len().max(1) as u64, shortest(labels).len() as u64);
    (a / gcd(a, b)).saturating_mul(b)
}

/// Whether [`OwnCounts`] can be made.
pub(in crate::plan) fn is_countable(striping: &Striping, labels: &[u16]) -> bool {
    joint_period(striping, labels) <= PERIOD_MAX
}

/// One label stands for a whole mix that has no other.
fn shortest(labels: &[u16]) -> &[u16] {
    match labels {
        [first, rest @ ..] if rest.iter().any(|label| label != first) => labels,
        [_, ..] => &labels[..1],
        [] => &[0],
    }
}

/// Messages below a bound, of one account and label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::plan) struct OwnCount {
    pub(in crate::plan) account: u16,
    pub(in crate::plan) label: u16,
    pub(in crate::plan) count: u64,
}

/// Counts a worker's own messages.
#[derive(Debug)]
pub(in crate::plan) struct OwnCounts {
    period: u64,
    shares: Vec<AccountCounts>,
}

/// Those of one account.
#[derive(Debug)]
struct AccountCounts {
    account: u16,
    /// (place in the joint period, label) of each of the account's messages, in order.
    slots: Vec<(u32, u16)>,
    /// The labels among them, each once, in order.
    labels: Vec<u16>,
    turns: SenderTurns,
}

impl OwnCounts {
    /// Counts for `worker`, of one account only where one is named; `labels`: one period of the mix. None
    /// where the period of striping and mix together is too long.
    pub(in crate::plan) fn new(
        striping: &Striping,
        worker: usize,
        account: Option<u16>,
        labels: &[u16],
    ) -> Option<OwnCounts> {
        if !is_countable(striping, labels) {
            return None;
        }
        let labels = shortest(labels);
        let period = joint_period(striping, labels);
        let mut slots: Vec<Vec<(u32, u16)>> = vec![Vec::new(); striping.shares.len()];
        if !striping.pattern.is_empty() {
            for place in 0..period {
                let share = striping.pattern[(place % striping.pattern.len() as u64) as usize].0;
                let label = labels[(place % labels.len() as u64) as usize];
                slots[usize::from(share)].push((place as u32, label));
            }
        }
        let shares = striping
            .shares
            .iter()
            .zip(slots)
            .filter(|(share, slots)| {
                account.is_none_or(|a| a == share.account) && !slots.is_empty()
            })
            .map(|(share, slots)| {
                let mut labels: Vec<u16> = slots.iter().map(|slot| slot.1).collect();
                labels.sort_unstable();
                labels.dedup();
                let turns = SenderTurns::new(striping, share, worker, slots.len() as u64);
                AccountCounts { account: share.account, slots, labels, turns }
            })
            .collect();
        Some(OwnCounts { period, shares })
    }

    /// OwnMessage messages with a number below `bound`: one entry for each account and label that occur, always in
    /// the same order. Takes as many steps as the joint period has messages of these accounts.
    pub(in crate::plan) fn below(&self, bound: u64) -> Vec<OwnCount> {
        let (periods, rest) = (bound / self.period, bound % self.period);
        let mut counts = Vec::new();
        for share in &self.shares {
            let first = counts.len();
            counts.extend(share.labels.iter().map(|label| OwnCount {
                account: share.account,
                label: *label,
                count: 0,
            }));
            let mut at = 0;
            for (number, (place, label)) in share.slots.iter().enumerate() {
                if share.labels[at] != *label {
                    at = share.labels.binary_search(label).expect("made of these labels");
                }
                let rounds = periods + u64::from(u64::from(*place) < rest);
                counts[first + at].count += share.turns.owned(number as u64, rounds);
            }
        }
        counts
    }
}

/// The turns of an account's senders, visited `step` apart: how many of the first visits the worker owns.
/// The visits from a turn on go round in a cycle; all cycles are equally long.
#[derive(Debug)]
struct SenderTurns {
    /// Length of a cycle.
    cycle: usize,
    /// Where a turn stands when the cycles are laid end to end.
    place: Vec<u32>,
    /// Of that order: how many before each place the worker owns.
    before: Vec<u32>,
}

impl SenderTurns {
    fn new(striping: &Striping, share: &AccountShare, worker: usize, step: u64) -> SenderTurns {
        let senders = u64::from(share.senders);
        let classes = gcd(senders, step);
        let cycle = (senders / classes) as usize;
        let mut place = vec![0; share.senders as usize];
        let mut before = Vec::with_capacity(place.len() + 1);
        let mut owned = 0;
        before.push(owned);
        for class in 0..classes {
            let mut turn = class;
            for _ in 0..cycle {
                place[turn as usize] = before.len() as u32 - 1;
                owned += u32::from(striping.worker_of(share.first + turn as u32) == worker);
                before.push(owned);
                turn = (turn + step % senders) % senders;
            }
        }
        SenderTurns { cycle, place, before }
    }

    /// Of `visits`, the first at turn `from` (modulo the senders).
    fn owned(&self, from: u64, visits: u64) -> u64 {
        let place = self.place[(from % self.place.len() as u64) as usize] as usize;
        let (cycle, start) = (self.cycle, place - place % self.cycle);
        let between = |a: usize, b: usize| u64::from(self.before[b] - self.before[a]);
        let rest = (visits % cycle as u64) as usize;
        let end = place + rest;
        let over = end.saturating_sub(start + cycle);
        visits / cycle as u64 * between(start, start + cycle)
            + between(place, end - over)
            + between(start, start + over)
    }
}
