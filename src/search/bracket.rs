//! The search for a rate as a state machine: what trials showed goes in, the next trial comes out. Several
//! objectives share all trials. It runs nothing, and knows neither plan nor record.
//!
//! Up by doubling from a rate that passes; then between the highest that passes and the lowest that fails, led by
//! what the SMSC let through where it was overloaded, else by halving on a logarithmic scale; then the lower end is
//! confirmed by longer trials, and a failed confirmation steps down. Where throughput failed once, every later
//! trial first takes away what the limiter had saved up (its burst), so that a pass is one of the sustained rate.
#[cfg(test)]
mod tests;

use super::votes::{Vote, VoteResult, standing};

/// What is looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Aim {
    /// The interval may be so wide, as a share of its lower end.
    pub width: f64,
    /// First rate tried.
    pub start: f64,
    /// Lowest rate tried.
    pub floor: f64,
    /// Highest rate tried.
    pub ceiling: f64,
    /// Longer trials that the lower end must pass, net of those it fails.
    pub confirmations: u32,
    /// By objective: it speaks of times, which a queue left over from an overload would spoil.
    pub timed: Vec<bool>,
}

/// A trial to run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ask {
    /// submit_sm a second.
    pub rate: f64,
    /// A confirmation.
    pub long: bool,
    /// Overload that comes first: (rate, submit_sm beyond the capacity).
    pub overload: Option<Overload>,
    /// The objective that it is for.
    pub objective: usize,
}

/// A short overload, to use up what a limiter has saved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overload {
    /// At this rate.
    pub rate: f64,
    /// For so many seconds.
    pub seconds: f64,
    /// submit_sm beyond the capacity that it sends.
    pub beyond: f64,
}

/// What an overloaded SMSC showed of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capacity {
    /// submit_sm a second that it let through.
    pub rate: f64,
    /// submit_sm beyond that which it let through at first.
    pub burst: f64,
    /// It queued, rather than refuse.
    pub queues: bool,
}

/// What a trial showed.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialResult {
    /// As asked.
    pub ask: Ask,
    /// By objective: passed, failed, or not to be told from this trial.
    pub marks: Vec<Option<bool>>,
    /// Seconds at the trial's rate, settling included.
    pub held_s: f64,
    /// The harness did not keep up: no mark counts.
    pub spoiled: bool,
    /// Throughput failed: what the SMSC let through.
    pub capacity: Option<Capacity>,
}

/// Where one objective stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// Highest rate that passes.
    pub lower: Option<f64>,
    /// Lowest that fails.
    pub upper: Option<f64>,
    /// The lower end passed its longer trials.
    pub confirmed: bool,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// This trial.
    Trial(Ask),
    /// Nothing: every objective is settled.
    Done,
    /// Nothing: the harness keeps up with no rate that would tell more.
    Harness,
}

/// A search under way.
#[derive(Clone, Debug)]
pub struct Bracket {
    aim: Aim,
    seen: Vec<TrialResult>,
}

/// A trial that the harness spoiled is run so often again at the same rate.
const SPOILED_MAX: usize = 3;
/// Room left to the harness's own ceiling in which another step up is worth a trial.
const HEADROOM: f64 = 1.25;
/// Below the lowest failing rate by so much where nothing better is known.
const STEP_DOWN: f64 = 4.0;
/// Trials at one rate that settle a contradiction.
const VOTES_MAX: usize = 3;

impl Bracket {
    /// Nothing seen yet.
    pub fn new(aim: Aim) -> Bracket {
        Bracket { aim, seen: Vec::new() }
    }

    /// What is looked for.
    pub fn aim(&self) -> &Aim {
        &self.aim
    }

    /// Takes in a trial.
    pub fn learn(&mut self, seen: TrialResult) {
        self.seen.push(seen);
    }

    /// The trial to run next.
    pub fn next(&self) -> Next {
        let mut end = Next::Done;
        for objective in 0..self.aim.timed.len() {
            match self.step(objective) {
                Next::Done => {}
                Next::Harness => end = Next::Harness,
                Next::Trial(ask) => return Next::Trial(ask),
            }
        }
        end
    }

    /// Where an objective stands.
    pub fn bounds(&self, objective: usize) -> Bounds {
        let rates = self.rates(objective);
        let upper = rates.iter().filter(|r| r.1 == VoteResult::Fails).map(|r| r.0).next();
        let below = |rate: f64| upper.is_none_or(|upper| rate < upper);
        let lower = rates.iter().rfind(|r| r.1 == VoteResult::Passes && below(r.0)).map(|r| r.0);
        let confirmed = lower.is_some_and(|rate| self.confirmed(objective, rate));
        Bounds { lower, upper, confirmed }
    }

    /// What the SMSC let through, by the trial that says most of it.
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
        rates.into_iter().map(|rate| (rate, standing(&self.votes(objective, rate)))).collect()
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
        let width = self.aim.width;
        self.seen.iter().filter(|s| !s.spoiled).filter_map(move |s| {
            let passed = s.marks.get(objective).copied().flatten()?;
            let saved = capacity.is_some_and(|c| {
                // a queue is not used up before a trial of times: there a longer trial must tell
                let never = c.queues && self.aim.timed[objective];
                let prepared = s.ask.overload.map_or(0.0, |o| o.beyond);
                // more than was saved up cannot have come from there: then it is the capacity that misleads
                let beyond = (s.ask.rate - c.rate) * s.held_s;
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
        passed.len() as u32 >= self.aim.confirmations && passed.len() > failed.len()
    }

    /// Rates at which the harness failed as often as it may: the lowest.
    fn harness_ceiling(&self) -> Option<f64> {
        let spoiled = self.seen.iter().filter(|s| s.spoiled).map(|s| &s.ask);
        spoiled.filter(|a| self.spoiled(a) >= SPOILED_MAX).map(|a| a.rate).min_by(f64::total_cmp)
    }

    /// How often the harness spoiled such a trial.
    fn spoiled(&self, ask: &Ask) -> usize {
        let same = |s: &&TrialResult| s.spoiled && s.ask.rate == ask.rate && s.ask.long == ask.long;
        self.seen.iter().filter(same).count()
    }

    fn ask(&self, objective: usize, rate: f64, long: bool) -> Next {
        let rate = rounded(rate.clamp(self.aim.floor, self.aim.ceiling));
        if self.harness_ceiling().is_some_and(|ceiling| rate >= ceiling) {
            return Next::Harness;
        }
        let overload = self.overload(objective, rate);
        Next::Trial(Ask { rate, long, overload, objective })
    }

    /// The overload that goes before a trial, once throughput has failed.
    fn overload(&self, objective: usize, rate: f64) -> Option<Overload> {
        let capacity = self.capacity()?;
        if capacity.queues && self.aim.timed[objective] {
            return None;
        }
        let tried = self.seen.iter().filter(|s| s.capacity.is_some()).map(|s| s.ask.rate);
        let fast = tried.fold(capacity.rate * 1.5, f64::max).min(self.aim.ceiling);
        let fast = rounded(fast.max(rate));
        // a fifth more than was saved up, and 20 ms of its rate: enough to be seen, little enough to drain
        let beyond = 1.2 * capacity.burst + 0.02 * capacity.rate + 1.0;
        let surplus = fast - capacity.rate;
        if surplus <= 0.02 * capacity.rate {
            return None;
        }
        Some(Overload { rate: fast, seconds: beyond / surplus, beyond })
    }

    fn step(&self, objective: usize) -> Next {
        if self.seen.is_empty() {
            return self.ask(objective, self.aim.start, false);
        }
        if let Some(again) = self.spoiled_last(objective) {
            return again;
        }
        if let Some((rate, long)) = self.contradiction(objective) {
            return self.ask(objective, rate, long);
        }
        let Bounds { lower, upper, confirmed } = self.bounds(objective);
        match (lower, upper) {
            (None, None) => self.ask(objective, self.aim.start, false),
            (Some(lower), None) => self.up(objective, lower, confirmed),
            (None, Some(upper)) => self.down(objective, upper),
            (Some(lower), Some(upper)) => self.between(objective, lower, upper, confirmed),
        }
    }

    /// A trial that the harness spoiled is run again, where it may be its only fault.
    fn spoiled_last(&self, objective: usize) -> Option<Next> {
        let last = self.seen.last().filter(|s| s.spoiled && s.ask.objective == objective)?;
        (self.spoiled(&last.ask) < SPOILED_MAX).then_some(Next::Trial(last.ask))
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

    fn up(&self, objective: usize, lower: f64, confirmed: bool) -> Next {
        let at_ceiling = lower >= self.aim.ceiling * (1.0 - 1e-9);
        if at_ceiling && confirmed {
            return Next::Done;
        }
        if at_ceiling {
            return self.ask(objective, lower, true);
        }
        match self.harness_ceiling() {
            Some(ceiling) if ceiling / lower < HEADROOM && confirmed => Next::Harness,
            Some(ceiling) if ceiling / lower < HEADROOM => self.ask(objective, lower, true),
            Some(ceiling) if lower * 2.0 >= ceiling => {
                self.ask(objective, (lower * ceiling).sqrt(), false)
            }
            Some(_) | None => self.ask(objective, lower * 2.0, false),
        }
    }

    fn down(&self, objective: usize, upper: f64) -> Next {
        if upper <= self.aim.floor * (1.0 + 1e-9) {
            return Next::Done;
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
        (misled < 2).then_some(capacity.rate / (1.0 + self.aim.width / 2.0))
    }

    fn between(&self, objective: usize, lower: f64, upper: f64, confirmed: bool) -> Next {
        let step = 1.0 + self.aim.width;
        if upper / lower <= step * (1.0 + 1e-9) {
            let votes = self.votes(objective, upper);
            return match votes[..] {
                _ if !confirmed => self.ask(objective, lower, true),
                // an accident there would have kept the search from all that lies above
                [only] if !only.long => self.ask(objective, upper, false),
                _ => Next::Done,
            };
        }
        // just less than the width above: a failure there closes the bracket
        let above = lower * (1.0 + 0.98 * self.aim.width);
        if let Some(capacity) = self.capacity().filter(|c| c.rate > lower && c.rate < upper) {
            let hint =
                self.hint(objective).filter(|hint| *hint > lower * (1.0 + self.aim.width / 8.0));
            if let Some(hint) = hint {
                return self.ask(objective, hint, false);
            }
            if capacity.rate <= lower * step {
                return self.ask(objective, above, false);
            }
        }
        let below = upper / (1.0 + 0.98 * self.aim.width);
        let stepped = self.steps_down(objective, upper);
        if stepped > 0 {
            // the bracket below is wide, and the truth is near its upper end
            let near = upper / (1.0 + 0.98 * self.aim.width).powi(1 << (stepped - 1).min(6));
            if near > lower * (1.0 + self.aim.width / 8.0) {
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
