//! The search for a rate as a state machine: results of trials in, the next trial out. Several objectives share all
//! trials. It runs nothing, and knows neither plan nor record.
//!
//! It doubles a rate that passes; then tries rates between the highest that passes and the lowest that fails, by the
//! throughput of the overloaded SMSC, else by halving on a logarithmic scale; then confirms the lower end by longer
//! trials, and steps down after a failed one. Once throughput has failed, every trial first uses up the burst that the
//! limiter allows, so that a pass is one of the sustained rate.
#[cfg(test)]
mod tests;

use super::votes::{Vote, VoteResult, vote_result};

/// Goal of the search.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchGoal {
    /// Largest width of the interval, as a share of its lower end.
    pub width: f64,
    /// First rate tried.
    pub start: f64,
    /// Lowest rate tried.
    pub floor: f64,
    /// Highest rate tried.
    pub ceiling: f64,
    /// Longer trials that the lower end must pass.
    pub confirmations: u32,
    /// By objective: whether it limits latencies, which the queue after an overload would spoil.
    pub timed: Vec<bool>,
    /// By objective: whether it is judged on all of a trial, so that no overload may come before it.
    pub whole: Vec<bool>,
}

/// A trial to run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrialRequest {
    /// submit_sm a second.
    pub rate: f64,
    /// Whether it is a longer, confirming trial.
    pub long: bool,
    /// Overload before the trial.
    pub overload: Option<Overload>,
    /// Number of the objective that it is for.
    pub objective: usize,
}

/// A short overload, to use up the burst of a limiter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overload {
    /// submit_sm a second.
    pub rate: f64,
    /// Duration.
    pub seconds: f64,
    /// submit_sm beyond the capacity that it sends.
    pub beyond: f64,
}

/// Capacity that an overloaded SMSC showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capacity {
    /// Sustained submit_sm a second.
    pub rate: f64,
    /// submit_sm beyond that rate which it accepted at first.
    pub burst: f64,
    /// Whether it queued rather than refused.
    pub queues: bool,
}

/// Result of a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialResult {
    /// The request.
    pub ask: TrialRequest,
    /// By objective: whether it passed; None: unknown from this trial.
    pub marks: Vec<Option<bool>>,
    /// Seconds at the trial's rate, including settling.
    pub at_rate_s: f64,
    /// Whether the harness did not keep up, so that no result counts.
    pub spoiled: bool,
    /// Where throughput failed: the capacity.
    pub capacity: Option<Capacity>,
}

/// Interval of one objective.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// Highest rate that passes.
    pub lower: Option<f64>,
    /// Lowest that fails.
    pub upper: Option<f64>,
    /// Whether the lower end passed its longer trials.
    pub confirmed: bool,
}

/// Next step of the search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BracketStep {
    /// Run this trial.
    Trial(TrialRequest),
    /// End: every objective is settled.
    Done,
    /// End: the harness does not keep up with the rates that are left.
    Harness,
}

/// A search for a rate.
#[derive(Clone, Debug)]
pub struct Bracket {
    goal: SearchGoal,
    seen: Vec<TrialResult>,
}

/// Most trials at one rate that the harness spoils.
const SPOILED_MAX: usize = 3;
/// Smallest step up below the harness's own ceiling.
const HEADROOM: f64 = 1.25;
/// Factor below the lowest failing rate, where the capacity is unknown.
const STEP_DOWN: f64 = 4.0;
/// Most trials at one rate to settle a contradiction.
const VOTES_MAX: usize = 3;

impl Bracket {
    /// Begins a search.
    pub fn new(goal: SearchGoal) -> Bracket {
        Bracket { goal, seen: Vec::new() }
    }

    /// Goal of the search.
    pub fn goal(&self) -> &SearchGoal {
        &self.goal
    }

    /// Takes in the result of a trial.
    pub fn learn(&mut self, seen: TrialResult) {
        self.seen.push(seen);
    }

    /// The trial to run next.
    pub fn next(&self) -> BracketStep {
        let mut end = BracketStep::Done;
        for objective in 0..self.goal.timed.len() {
            match self.step(objective) {
                BracketStep::Done => {}
                BracketStep::Harness => end = BracketStep::Harness,
                BracketStep::Trial(ask) => return BracketStep::Trial(ask),
            }
        }
        end
    }

    /// Interval of an objective.
    pub fn bounds(&self, objective: usize) -> Bounds {
        let rates = self.rates(objective);
        let upper = rates.iter().filter(|r| r.1 == VoteResult::Fails).map(|r| r.0).next();
        let below = |rate: f64| upper.is_none_or(|upper| rate < upper);
        let lower = rates.iter().rfind(|r| r.1 == VoteResult::Passes && below(r.0)).map(|r| r.0);
        let confirmed = lower.is_some_and(|rate| self.confirmed(objective, rate));
        Bounds { lower, upper, confirmed }
    }

    /// Capacity of the SMSC, by the best trial for it.
    pub fn capacity(&self) -> Option<Capacity> {
        let failed = |s: &&TrialResult| s.capacity.is_some();
        // after an overload it is the sustained rate; before, the burst may be in it
        let prepared = self.seen.iter().rev().filter(failed).find(|s| s.ask.overload.is_some());
        let any = self.seen.iter().filter(failed).min_by(|a, b| rate_of(a).total_cmp(&rate_of(b)));
        let burst =
            self.seen.iter().filter_map(|s| s.capacity).map(|c| c.burst).fold(0.0, f64::max);
        let best = prepared.or(any)?.capacity?;
        Some(Capacity { burst, ..best })
    }

    /// Rates with evidence for an objective, lowest first, and how each stands.
    fn rates(&self, objective: usize) -> Vec<(f64, VoteResult)> {
        let mut rates: Vec<f64> = self.valid(objective).map(|(s, _)| s.ask.rate).collect();
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        rates.into_iter().map(|rate| (rate, vote_result(&self.votes(objective, rate)))).collect()
    }

    fn votes(&self, objective: usize, rate: f64) -> Vec<Vote> {
        self.valid(objective)
            .filter(|(s, _)| s.ask.rate == rate)
            .map(|(s, passed)| Vote { passed, long: s.ask.long })
            .collect()
    }

    /// Trials that say something of an objective. A pass of a rate beyond the capacity that was found later
    /// only says that the limiter had saved up enough for it.
    fn valid(&self, objective: usize) -> impl Iterator<Item = (&TrialResult, bool)> {
        let capacity = self.capacity();
        let width = self.goal.width;
        self.seen.iter().filter(|s| !s.spoiled).filter_map(move |s| {
            let passed = s.marks.get(objective).copied().flatten()?;
            let saved = capacity.is_some_and(|c| {
                // a queue is not used up before a trial of times: there a longer trial must tell
                let never = self.is_never_overloaded(c, objective);
                let prepared = s.ask.overload.map_or(0.0, |o| o.beyond);
                // more than was saved up cannot have come from there: then it is the capacity that misleads
                let beyond = (s.ask.rate - c.rate) * s.at_rate_s;
                !never
                    && s.ask.rate > c.rate * (1.0 + width)
                    && prepared < 0.9 * c.burst
                    && beyond <= 1.2 * c.burst
            });
            (!(passed && saved)).then_some((s, passed))
        })
    }

    fn confirmed(&self, objective: usize, rate: f64) -> bool {
        let votes = self.votes(objective, rate);
        let (passed, failed): (Vec<&Vote>, Vec<&Vote>) =
            votes.iter().filter(|v| v.long).partition(|v| v.passed);
        passed.len() as u32 >= self.goal.confirmations && passed.len() > failed.len()
    }

    /// Rates at which the harness failed as often as it may: the lowest.
    fn harness_ceiling(&self) -> Option<f64> {
        let spoiled = self.seen.iter().filter(|s| s.spoiled).map(|s| &s.ask);
        spoiled.filter(|a| self.spoiled(a) >= SPOILED_MAX).map(|a| a.rate).min_by(f64::total_cmp)
    }

    /// How often the harness spoiled such a trial.
    fn spoiled(&self, ask: &TrialRequest) -> usize {
        let same = |s: &&TrialResult| s.spoiled && s.ask.rate == ask.rate && s.ask.long == ask.long;
        self.seen.iter().filter(same).count()
    }

    fn ask(&self, objective: usize, rate: f64, long: bool) -> BracketStep {
        let rate = rounded(rate.clamp(self.goal.floor, self.goal.ceiling));
        if self.harness_ceiling().is_some_and(|ceiling| rate >= ceiling) {
            return BracketStep::Harness;
        }
        let overload = self.overload(objective, rate);
        BracketStep::Trial(TrialRequest { rate, long, overload, objective })
    }

    /// Whether an overload before a trial would spoil what it tells of an objective.
    fn is_never_overloaded(&self, capacity: Capacity, objective: usize) -> bool {
        self.goal.whole[objective] || (capacity.queues && self.goal.timed[objective])
    }

    /// The overload that goes before a trial, once throughput has failed.
    fn overload(&self, objective: usize, rate: f64) -> Option<Overload> {
        let capacity = self.capacity()?;
        if self.is_never_overloaded(capacity, objective) {
            return None;
        }
        let tried = self.seen.iter().filter(|s| s.capacity.is_some()).map(|s| s.ask.rate);
        let fast = tried.fold(capacity.rate * 1.5, f64::max).min(self.goal.ceiling);
        let fast = rounded(fast.max(rate));
        // a fifth more than was saved up, and 20 ms of its rate: enough to be seen, little enough to drain
        let beyond = 1.2 * capacity.burst + 0.02 * capacity.rate + 1.0;
        let surplus = fast - capacity.rate;
        if surplus <= 0.02 * capacity.rate {
            return None;
        }
        Some(Overload { rate: fast, seconds: beyond / surplus, beyond })
    }

    fn step(&self, objective: usize) -> BracketStep {
        if self.seen.is_empty() {
            return self.ask(objective, self.goal.start, false);
        }
        if let Some(again) = self.spoiled_last(objective) {
            return again;
        }
        if let Some((rate, long)) = self.contradiction(objective) {
            return self.ask(objective, rate, long);
        }
        let Bounds { lower, upper, confirmed } = self.bounds(objective);
        match (lower, upper) {
            (None, None) => self.ask(objective, self.goal.start, false),
            (Some(lower), None) => self.up(objective, lower, confirmed),
            (None, Some(upper)) => self.down(objective, upper),
            (Some(lower), Some(upper)) => self.between(objective, lower, upper, confirmed),
        }
    }

    /// A trial that the harness spoiled is run again, where it may be its only fault.
    fn spoiled_last(&self, objective: usize) -> Option<BracketStep> {
        let last = self.seen.last().filter(|s| s.spoiled && s.ask.objective == objective)?;
        (self.spoiled(&last.ask) < SPOILED_MAX).then_some(BracketStep::Trial(last.ask))
    }

    /// A rate whose trials contradict each other, or that fails while a higher one passes, if more of them can
    /// settle it; and whether they are to be long.
    fn contradiction(&self, objective: usize) -> Option<(f64, bool)> {
        let rates = self.rates(objective);
        for (at, (rate, stands)) in rates.iter().enumerate() {
            let votes = self.votes(objective, *rate);
            let long = votes.iter().any(|v| v.long);
            let heard = votes.iter().filter(|v| v.long == long).count();
            let higher = rates[at..].iter().any(|r| r.1 == VoteResult::Passes);
            let doubted = match stands {
                VoteResult::Open => heard < VOTES_MAX,
                VoteResult::Fails => higher && !long && heard == 1,
                VoteResult::Passes => false,
            };
            if doubted {
                return Some((*rate, long));
            }
            if *stands == VoteResult::Fails {
                return None;
            }
        }
        None
    }

    fn up(&self, objective: usize, lower: f64, confirmed: bool) -> BracketStep {
        let at_ceiling = lower >= self.goal.ceiling * (1.0 - 1e-9);
        if at_ceiling && confirmed {
            return BracketStep::Done;
        }
        if at_ceiling {
            return self.ask(objective, lower, true);
        }
        match self.harness_ceiling() {
            Some(ceiling) if ceiling / lower < HEADROOM && confirmed => BracketStep::Harness,
            Some(ceiling) if ceiling / lower < HEADROOM => self.ask(objective, lower, true),
            Some(ceiling) if lower * 2.0 >= ceiling => {
                self.ask(objective, (lower * ceiling).sqrt(), false)
            }
            Some(_) | None => self.ask(objective, lower * 2.0, false),
        }
    }

    fn down(&self, objective: usize, upper: f64) -> BracketStep {
        if upper <= self.goal.floor * (1.0 + 1e-9) {
            return BracketStep::Done;
        }
        let hint = self.hint(objective).filter(|rate| *rate < upper);
        self.ask(objective, hint.unwrap_or(upper / STEP_DOWN), false)
    }

    /// Just below the capacity; None where it is not known, or has misled twice.
    fn hint(&self, objective: usize) -> Option<f64> {
        let misled = self
            .seen
            .iter()
            .rev()
            .take_while(|s| s.marks.get(objective).copied().flatten() == Some(false))
            .filter(|s| s.ask.overload.is_some() && !s.ask.long)
            .count();
        let capacity = self.capacity()?;
        (misled < 2).then_some(capacity.rate / (1.0 + self.goal.width / 2.0))
    }

    fn between(&self, objective: usize, lower: f64, upper: f64, confirmed: bool) -> BracketStep {
        let step = 1.0 + self.goal.width;
        if upper / lower <= step * (1.0 + 1e-9) {
            let votes = self.votes(objective, upper);
            return match votes[..] {
                _ if !confirmed => self.ask(objective, lower, true),
                // an accident there would have kept the search from all that lies above
                [only] if !only.long => self.ask(objective, upper, false),
                _ => BracketStep::Done,
            };
        }
        // just less than the width above: a failure there closes the bracket
        let above = lower * (1.0 + 0.98 * self.goal.width);
        if let Some(capacity) = self.capacity().filter(|c| c.rate > lower && c.rate < upper) {
            let hint =
                self.hint(objective).filter(|hint| *hint > lower * (1.0 + self.goal.width / 8.0));
            if let Some(hint) = hint {
                return self.ask(objective, hint, false);
            }
            if capacity.rate <= lower * step {
                return self.ask(objective, above, false);
            }
        }
        let below = upper / (1.0 + 0.98 * self.goal.width);
        let stepped = self.steps_down(objective, upper);
        if stepped > 0 {
            // the bracket below is wide, and the truth is near its upper end
            let near = upper / (1.0 + 0.98 * self.goal.width).powi(1 << (stepped - 1).min(6));
            if near > lower * (1.0 + self.goal.width / 8.0) {
                return self.ask(objective, near, false);
            }
        }
        let middle =
            if upper / lower > step * step { (lower * upper).sqrt() } else { above.min(below) };
        self.ask(objective, middle, false)
    }

    /// Confirmations that failed one after the other, each lower than the one before, down to `upper`.
    fn steps_down(&self, objective: usize, upper: f64) -> i32 {
        let failed = |s: &&TrialResult| {
            s.ask.long && s.marks.get(objective).copied().flatten() == Some(false)
        };
        let ends_there = self.seen.iter().filter(failed).any(|s| s.ask.rate == upper);
        if ends_there { self.seen.iter().filter(failed).count() as i32 } else { 0 }
    }
}

fn rate_of(seen: &TrialResult) -> f64 {
    seen.capacity.map_or(f64::MAX, |c| c.rate)
}

/// A rate as it can be written: five significant digits.
pub fn rounded(rate: f64) -> f64 {
    let places = 4 - rate.max(1e-3).log10().floor() as i32;
    let scale = 10f64.powi(places.abs());
    if places >= 0 { (rate * scale).round() / scale } else { (rate / scale).round() * scale }
}
