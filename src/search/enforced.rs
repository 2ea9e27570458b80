//! The largest number that an SMSC accepts, found exactly: doubling, then bisection, led by how many it accepted of too
//! many; both ends are tried twice. What is counted (submit_sm in flight) is not known here.
use super::votes::{Vote, VoteResult, vote_result};
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

/// Result of one probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeResult {
    /// All were accepted.
    Accepted,
    /// Not all were accepted.
    Exceeded {
        /// How the SMSC enforced its limit.
        how: How,
        /// command_status, where one was given.
        status: Option<u32>,
        /// Number accepted; None: unknown.
        accepted: Option<u64>,
    },
    /// The probe itself failed, and has no result.
    Invalid,
}

/// Next step of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextProbe {
    /// ProbeResult this many.
    Probe(u64),
    /// The SMSC accepts this many and not one more.
    Found(u64),
    /// The SMSC accepts the ceiling.
    Unlimited,
    /// Probes contradict each other, or fail.
    Unclear,
}

/// Search for the largest accepted number.
#[derive(Clone, Debug)]
pub struct LimitSearch {
    ceiling: u64,
    votes: BTreeMap<u64, Vec<Vote>>,
    hint: Option<u64>,
    broken: BTreeMap<(How, Option<u32>), u64>,
    void: u32,
}

/// Most probes without a result.
const VOID_MAX: u32 = 5;
/// Most probes of one number.
const VOTES_MAX: usize = 5;

impl LimitSearch {
    /// Up to `ceiling`.
    pub fn new(ceiling: u64) -> LimitSearch {
        LimitSearch {
            ceiling,
            votes: BTreeMap::new(),
            hint: None,
            broken: BTreeMap::new(),
            void: 0,
        }
    }

    /// Takes in a probe.
    pub fn learn(&mut self, n: u64, probe: ProbeResult) {
        let passed = match probe {
            ProbeResult::Accepted => true,
            ProbeResult::Exceeded { how, status, accepted } => {
                *self.broken.entry((how, status)).or_default() += 1;
                self.hint = accepted.filter(|a| *a < n);
                false
            }
            ProbeResult::Invalid => {
                self.void += 1;
                return;
            }
        };
        self.votes.entry(n).or_default().push(Vote { passed, long: false });
    }

    /// The commonest way in which the limit was enforced.
    pub fn how(&self) -> Option<(How, Option<u32>)> {
        self.broken.iter().max_by_key(|(_, count)| **count).map(|(how, _)| *how)
    }

    /// Largest accepted number, smallest that is not.
    pub fn bracket(&self) -> (u64, Option<u64>) {
        let of = |wanted: VoteResult| {
            self.votes.iter().filter(move |(_, v)| vote_result(v) == wanted).map(|(n, _)| *n)
        };
        let high = of(VoteResult::Fails).min();
        let low = of(VoteResult::Passes).filter(|n| high.is_none_or(|high| *n < high)).max();
        (low.unwrap_or(0), high)
    }

    fn votes_of(&self, n: u64) -> usize {
        self.votes.get(&n).map_or(0, Vec::len)
    }

    /// Next step of the search.
    pub fn next(&self) -> NextProbe {
        if self.void > VOID_MAX {
            return NextProbe::Unclear;
        }
        let open = self.votes.iter().find(|(_, v)| vote_result(v) == VoteResult::Open);
        if let Some((n, votes)) = open {
            return if votes.len() < VOTES_MAX { NextProbe::Probe(*n) } else { NextProbe::Unclear };
        }
        let (low, high) = self.bracket();
        let Some(high) = high else {
            return match low {
                n if n >= self.ceiling => NextProbe::Unlimited,
                0 => NextProbe::Probe(1),
                n => NextProbe::Probe((n * 2).min(self.ceiling)),
            };
        };
        if high > low + 1 {
            // the number it accepted is the limit, if it counts as we do
            let hints = self.hint.into_iter().flat_map(|h| [h, h + 1]);
            let hinted = hints.filter(|n| *n > low && *n < high).find(|n| self.votes_of(*n) == 0);
            return NextProbe::Probe(hinted.unwrap_or(low + (high - low) / 2));
        }
        for n in [low, high] {
            if n > 0 && self.votes_of(n) < 2 {
                return NextProbe::Probe(n);
            }
        }
        NextProbe::Found(low)
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
    ) -> (NextProbe, u64) {
        let mut search = LimitSearch::new(ceiling);
        for count in 0..100 {
            match search.next() {
                NextProbe::Probe(n) => {
                    let borne = (n <= limit) != noise(n, count);
                    let broken = ProbeResult::Exceeded {
                        how: How::Status,
                        status: Some(0x58),
                        accepted: tells.then_some(limit.min(n - 1)),
                    };
                    search.learn(n, if borne { ProbeResult::Accepted } else { broken });
                }
                end => return (end, count),
            }
        }
        panic!("it goes on for ever");
    }

    #[test]
    fn every_limit_is_found_exactly_and_in_few_probes_where_refusals_show_it() {
        for limit in (1..=70).chain([499, 500, 501, 1023]) {
            assert_eq!(found(limit, 1024, false, |_, _| false).0, NextProbe::Found(limit));
            let (turn, probes) = found(limit, 1024, true, |_, _| false);
            assert_eq!(turn, NextProbe::Found(limit));
            assert!(probes <= 16, "{limit}: {probes}");
        }
    }

    #[test]
    fn without_a_limit_below_the_ceiling_there_is_none_and_the_ceiling_itself_is_tried() {
        assert_eq!(found(u64::MAX - 1, 1000, false, |_, _| false).0, NextProbe::Unlimited);
        assert_eq!(found(999, 1000, false, |_, _| false).0, NextProbe::Found(999));
        assert_eq!(found(0, 1000, false, |_, _| false).0, NextProbe::Found(0));
    }

    #[test]
    fn one_probe_that_fails_by_accident_does_not_move_the_limit() {
        for at in 0..12 {
            let (turn, _) = found(37, 1024, false, |_, count| count == at);
            // a false break of a lower number is met again as the upper end, and tried twice
            assert_eq!(turn, NextProbe::Found(37), "noise in probe {at}");
        }
    }

    #[test]
    fn probes_without_a_result_end_the_search() {
        let mut search = LimitSearch::new(10);
        for _ in 0..6 {
            assert_eq!(search.next(), NextProbe::Probe(1));
            search.learn(1, ProbeResult::Invalid);
        }
        assert_eq!(search.next(), NextProbe::Unclear);
    }
}
