//! How many of a worker's own messages have a number below a bound, by account and label, without walking
//! them: by arithmetic over one period of the striping and the mix together. It knows no time.
use super::{AccountShare, Striping};
use crate::plan::schedule::gcd;

/// Longest joint period for which [`OwnCounts`] is made: memory and time grow with it. Longer ones are walked message by
/// message.
const PERIOD_MAX: u64 = 1 << 20;

/// The period, in messages, after which account and label of a message repeat together.
pub(in crate::plan) fn joint_period(striping: &Striping, labels: &[u16]) -> u64 {
    let (a, b) = (striping.pattern.len().max(1) as u64, collapse_uniform(labels).len() as u64);
    (a / gcd(a, b)).saturating_mul(b)
}

/// Whether [`OwnCounts`] can be made.
pub(in crate::plan) fn is_countable(striping: &Striping, labels: &[u16]) -> bool {
    joint_period(striping, labels) <= PERIOD_MAX
}

/// A mix with one label only, as a period of 1.
fn collapse_uniform(labels: &[u16]) -> &[u16] {
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

/// Counts a worker's own messages, period by period.
#[derive(Debug)]
pub(in crate::plan) struct OwnCounts {
    period: u64,
    shares: Vec<AccountCounts>,
}

/// The counts of one account.
#[derive(Debug)]
struct AccountCounts {
    account: u16,
    /// (position in the joint period, label) of each of the account's messages, in order.
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
        let labels = collapse_uniform(labels);
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

    /// Counts the worker's own messages numbered below `bound`: one entry per account and label that occurs, always in
    /// the same order. Time is linear in the number of these accounts' messages in one joint period.
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

/// Counts a worker's senders among turn, turn + step, turn + 2·step, … (modulo the senders). Such walks form
/// gcd(senders, step) cycles of equal length; prefix sums over them answer in O(1).
#[derive(Debug)]
struct SenderTurns {
    cycle_length: usize,
    /// Position of each turn in the concatenated cycles.
    position_of: Vec<u32>,
    /// Prefix sums in that order: senders of the worker before each position.
    owned_before: Vec<u32>,
}

impl SenderTurns {
    fn new(striping: &Striping, share: &AccountShare, worker: usize, step: u64) -> SenderTurns {
        let senders = u64::from(share.senders);
        let cycles = gcd(senders, step);
        let cycle_length = (senders / cycles) as usize;
        let mut position_of = vec![0; share.senders as usize];
        let mut owned_before = Vec::with_capacity(position_of.len() + 1);
        let mut owned = 0;
        owned_before.push(owned);
        for cycle in 0..cycles {
            let mut turn = cycle;
            for _ in 0..cycle_length {
                position_of[turn as usize] = owned_before.len() as u32 - 1;
                owned += u32::from(striping.worker_of(share.first + turn as u32) == worker);
                owned_before.push(owned);
                turn = (turn + step % senders) % senders;
            }
        }
        SenderTurns { cycle_length, position_of, owned_before }
    }

    /// How many of `visits` visits, starting at turn `from` (modulo the senders), go to the worker's senders.
    fn owned(&self, from: u64, visits: u64) -> u64 {
        let position = self.position_of[(from % self.position_of.len() as u64) as usize] as usize;
        let length = self.cycle_length;
        let start = position - position % length;
        let between = |a: usize, b: usize| u64::from(self.owned_before[b] - self.owned_before[a]);
        let rest = (visits % length as u64) as usize;
        let end = position + rest;
        let over = end.saturating_sub(start + length);
        visits / length as u64 * between(start, start + length)
            + between(position, end - over)
            + between(start, start + over)
    }
}
