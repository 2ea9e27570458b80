//! The largest number that an SMSC bears, found exactly: doubling, then bisection, led by how many it accepted
//! where it bore no more; both ends are tried twice. What is counted (open submit_sm) is not known here.
use super::votes::{Vote, VoteResult, standing};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How an SMSC enforces a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It answers with a status that says so.
    Status,
    /// It drops the connection.
    Disconnect,
    /// It unbinds.
    Unbind,
    /// It does not answer.
    Silence,
}

/// What one probe of `n` showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// All were borne.
    Borne,
    /// Not all.
    Broken {
        /// How that was told.
        how: How,
        /// command_status, where one was given.
        status: Option<u32>,
        /// Accepted all the same; None: it cannot be known.
        accepted: Option<u64>,
    },
    /// The probe itself failed: it says nothing.
    Void,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Probe this many.
    Probe(u64),
    /// It bears this many and not one more.
    Found(u64),
    /// It bears the ceiling.
    Unlimited,
    /// Probes contradict each other, or fail.
    Unclear,
}

/// A search under way.
#[derive(Clone, Debug)]
pub struct Enforced {
    ceiling: u64,
    votes: BTreeMap<u64, Vec<Vote>>,
    hint: Option<u64>,
    broken: BTreeMap<(How, Option<u32>), u64>,
    void: u32,
}

/// Probes that may say nothing.
const VOID_MAX: u32 = 5;
/// Probes of one number.
const VOTES_MAX: usize = 5;

impl Enforced {
    /// Up to `ceiling`.
    pub fn new(ceiling: u64) -> Enforced {
        Enforced { ceiling, votes: BTreeMap::new(), hint: None, broken: BTreeMap::new(), void: 0 }
    }

    /// Takes in a probe.
    pub fn learn(&mut self, n: u64, probe: Probe) {
        let passed = match probe {
            Probe::Borne => true,
            Probe::Broken { how, status, accepted } => {
                *self.broken.entry((how, status)).or_default() += 1;
                self.hint = accepted.filter(|a| *a < n);
                false
            }
            Probe::Void => {
                self.void += 1;
                return;
            }
        };
        self.votes.entry(n).or_default().push(Vote { passed, long: false });
    }

    /// The commonest way in which it was told.
    pub fn how(&self) -> Option<(How, Option<u32>)> {
        self.broken.iter().max_by_key(|(_, count)| **count).map(|(how, _)| *how)
    }

    /// Largest that is borne, smallest that is not.
    pub fn bracket(&self) -> (u64, Option<u64>) {
        let of = |wanted: VoteResult| {
            self.votes.iter().filter(move |(_, v)| standing(v) == wanted).map(|(n, _)| *n)
        };
        let high = of(VoteResult::Fails).min();
        let low = of(VoteResult::Passes).filter(|n| high.is_none_or(|high| *n < high)).max();
        (low.unwrap_or(0), high)
    }

    fn votes_of(&self, n: u64) -> usize {
        self.votes.get(&n).map_or(0, Vec::len)
    }

    /// What comes next.
    pub fn next(&self) -> Turn {
        if self.void > VOID_MAX {
            return Turn::Unclear;
        }
        let open = self.votes.iter().find(|(_, v)| standing(v) == VoteResult::Open);
        if let Some((n, votes)) = open {
            return if votes.len() < VOTES_MAX { Turn::Probe(*n) } else { Turn::Unclear };
        }
        let (low, high) = self.bracket();
        let Some(high) = high else {
            return match low {
                n if n >= self.ceiling => Turn::Unlimited,
                0 => Turn::Probe(1),
                n => Turn::Probe((n * 2).min(self.ceiling)),
            };
        };
        if high > low + 1 {
            // what it accepted is the limit, if it counts as we do
            let hints = self.hint.into_iter().flat_map(|h| [h, h + 1]);
            let hinted = hints.filter(|n| *n > low && *n < high).find(|n| self.votes_of(*n) == 0);
            return Turn::Probe(hinted.unwrap_or(low + (high - low) / 2));
        }
        for n in [low, high] {
            if n > 0 && self.votes_of(n) < 2 {
                return Turn::Probe(n);
            }
        }
        Turn::Found(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(
        limit: u64,
        ceiling: u64,
        tells: bool,
        noise: impl Fn(u64, u64) -> bool,
    ) -> (Turn, u64) {
        let mut search = Enforced::new(ceiling);
        for count in 0..100 {
            match search.next() {
                Turn::Probe(n) => {
                    let borne = (n <= limit) != noise(n, count);
                    let broken = Probe::Broken {
                        how: How::Status,
                        status: Some(0x58),
                        accepted: tells.then_some(limit.min(n - 1)),
                    };
                    search.learn(n, if borne { Probe::Borne } else { broken });
                }
                end => return (end, count),
            }
        }
        panic!("it goes on for ever");
    }

    #[test]
    fn every_limit_is_found_exactly_and_one_that_counts_aloud_in_few_probes() {
        for limit in (1..=70).chain([499, 500, 501, 1023]) {
            assert_eq!(found(limit, 1024, false, |_, _| false).0, Turn::Found(limit));
            let (turn, probes) = found(limit, 1024, true, |_, _| false);
            assert_eq!(turn, Turn::Found(limit));
            assert!(probes <= 16, "{limit}: {probes}");
        }
    }

    #[test]
    fn no_limit_below_the_ceiling_is_said_to_be_none_and_the_ceiling_itself_is_tried() {
        assert_eq!(found(u64::MAX - 1, 1000, false, |_, _| false).0, Turn::Unlimited);
        assert_eq!(found(999, 1000, false, |_, _| false).0, Turn::Found(999));
        assert_eq!(found(0, 1000, false, |_, _| false).0, Turn::Found(0));
    }

    #[test]
    fn one_probe_that_breaks_by_accident_does_not_move_the_limit() {
        for at in 0..12 {
            let (turn, _) = found(37, 1024, false, |_, count| count == at);
            // a false break of a lower number is met again as the upper end, and tried twice
            assert_eq!(turn, Turn::Found(37), "noise in probe {at}");
        }
    }

    #[test]
    fn probes_that_say_nothing_end_it() {
        let mut search = Enforced::new(10);
        for _ in 0..6 {
            assert_eq!(search.next(), Turn::Probe(1));
            search.learn(1, Probe::Void);
        }
        assert_eq!(search.next(), Turn::Unclear);
    }
}
