//! `find window`: the largest number of submit_sm in flight that the SMSC accepts on one bind, found exactly by bursts;
//! and the window beyond which throughput stops growing, found by a sweep in closed loop.
use super::advice;
use super::budget::Budget;
use super::document::{Ended, Kind, Limit, Search, TrialRow};
use super::enforced::{How, LimitSearch, NextProbe, ProbeResult};
use super::knee::{self, LoadPoint};
use super::shape::{self, TrialPlan};
use super::sweep::{StepLengths, Sweep, doublings};
use super::trial_runner::{FinishedTrial, SearchEnv, Stop, TrialRunner};
use crate::kit::{
    Nanos,
    words::{self, counted},
};
use crate::measure::{DownCause, Metric};
use crate::plan::Plan;
use crate::smpp::CommandStatus;

/// Settings of `find window`.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowSettings {
    /// Largest window tried.
    pub ceiling: u64,
    /// Settling time before a point of the sweep.
    pub settle: Nanos,
    /// Measured time of each point.
    pub measure: Nanos,
    /// Limits on its cost.
    pub budget: Budget,
}

/// Shortest time after which a submit_sm of a probe counts as unanswered.
const SILENCE_MIN: Nanos = Nanos::from_secs(1);
/// Bursts in a row, to distinguish a window from a rate.
const BURSTS: u64 = 4;
/// Messages in even gaps: how many times an unsure window are to be in flight, the least number of messages, the highest
/// rate, and the number of attempts, each at twice the rate.
const OPEN: f64 = 1.25;
const GAPS_MIN: u64 = 20;
const GAPS_RATE_MAX: f64 = 50_000.0;
const GAPS_MAX: u32 = 3;
/// Most trials that look for the shortest accepted gap, and the ratio of its bounds at the end.
const BISECTIONS_MAX: u32 = 24;
const GAPS_WIDTH: f64 = 1.02;
/// Points around a knee, as parts of it.
const KNEE_FACTORS: [f64; 3] = [0.75, 1.0, 1.5];
/// Share of a rate limit that is offered, so that the rate itself refuses nothing.
const BELOW: f64 = 0.75;

struct WindowSearch<'s, 'w> {
    settings: &'s WindowSettings,
    plan: Plan,
    runner: TrialRunner<'w>,
    /// Longest response of the largest accepted burst: (messages, response).
    slowest: (u64, Nanos),
    /// Response times of the last probe.
    quickest: Nanos,
    mean: Nanos,
    longest: Nanos,
    /// GapResult between its messages as they were written: the shortest, and their mean.
    shortest_gap: Nanos,
    mean_gap: Nanos,
    /// A limit that may be one of the rate, until the rate is known.
    unsure: Option<UnsureLimit>,
    search: Search,
}

/// A limit on a burst: of the window, or of the rate.
struct UnsureLimit {
    limit: Limit,
    reason: DoubtReason,
    /// Longest response of a burst: a rate limit accepts more in that time.
    response: Nanos,
}

/// Why it may be a limit of the rate.
#[derive(Clone, Copy, PartialEq)]
enum DoubtReason {
    /// A second burst was refused after the first was answered; `beyond`: messages accepted beyond the first burst.
    SecondBurst { beyond: u64 },
    /// In even gaps more were in flight at once, and none was refused.
    EvenGaps,
}

impl UnsureLimit {
    /// Whether a limit of this rate cannot have accepted that much.
    fn is_window(&self, rate: f64) -> bool {
        match self.reason {
            DoubtReason::SecondBurst { beyond } => {
                beyond as f64 > 2.0 * rate * self.response.as_secs_f64() + 3.0
            }
            DoubtReason::EvenGaps => false,
        }
    }

    /// Whether the rate is found by gaps: in a closed loop, refusals of simultaneous messages would hide it.
    fn is_strict(&self) -> bool {
        self.reason == DoubtReason::EvenGaps || self.limit.value == 1
    }

    /// Note for the report where it is not a window.
    fn says(&self) -> String {
        let value = words::count(self.limit.value);
        let but = match self.reason {
            DoubtReason::SecondBurst { .. } => {
                "so is a second one once the first is answered".to_owned()
            }
            DoubtReason::EvenGaps => {
                format!("more than {value} that are sent in even gaps and open at once are not")
            }
        };
        format!(
            "a burst of more than {value} is refused, but {but}: that is a rate (see `find rate`), not a window"
        )
    }
}

/// Finds the window.
///
/// # Errors
/// [`Stop::Failed`] where no trial at all could be run.
pub fn window(plan: &Plan, settings: &WindowSettings, env: SearchEnv<'_>) -> Result<Search, Stop> {
    let plan = shape::base(plan);
    let search = Search::new(Kind::Window, &plan.name, &advice::target(&plan));
    let runner = TrialRunner::new(env, settings.budget);
    let mut window = WindowSearch {
        settings,
        plan,
        runner,
        slowest: (1, Nanos::ZERO),
        quickest: Nanos::ZERO,
        mean: Nanos::ZERO,
        longest: Nanos::ZERO,
        shortest_gap: Nanos::ZERO,
        mean_gap: Nanos::ZERO,
        unsure: None,
        search,
    };
    let ended = window.run();
    let WindowSearch { mut search, runner, plan, slowest: (largest, longest), .. } = window;
    runner.finish(ended, &mut search)?;
    advice::window(&mut search, &plan, (longest > Nanos::ZERO).then_some(largest));
    Ok(search)
}

/// Rate limit by messages in even gaps.
enum GapResult {
    /// Its messages a second.
    Rate(f64),
    /// None was refused in the shortest gaps.
    NoneRefused,
    /// GapResult that refuse, or gaps that do not, were not met.
    Unknown,
}

impl WindowSearch<'_, '_> {
    fn run(&mut self) -> Result<Ended, Stop> {
        let mut ended = self.enforce()?;
        if let Some(unsure) = self.unsure.take_if(|unsure| unsure.is_strict()) {
            match self.gaps(unsure.limit.value)? {
                // a rate limit would refuse some gap: more seemed to be in flight than were
                GapResult::NoneRefused => {
                    self.search.limit = Some(unsure.limit);
                    ended = Ended::Found;
                }
                GapResult::Rate(rate) => {
                    self.search.rate_limit = Some(rate);
                    return self.decide(unsure, ended);
                }
                GapResult::Unknown => return self.decide(unsure, ended),
            }
        }
        let most = self.search.limit.as_ref().map_or(self.settings.ceiling, |l| l.value);
        if most > 0 {
            self.sweep(most)?;
        }
        match self.unsure.take() {
            Some(unsure) => self.decide(unsure, ended),
            None => Ok(ended),
        }
    }

    /// Once the rate is known: whether the unsure limit is a window, and else whether there is another one.
    fn decide(&mut self, unsure: UnsureLimit, ended: Ended) -> Result<Ended, Stop> {
        let rate = self.search.rate_limit;
        if rate.is_some_and(|rate| unsure.is_window(rate)) {
            self.search.limit = Some(unsure.limit);
            return Ok(Ended::Found);
        }
        self.search.notes.push(unsure.says());
        match rate {
            Some(rate) => self.beside(rate, ended),
            None => Ok(ended),
        }
    }

    /// Finds the enforced limit.
    fn enforce(&mut self) -> Result<Ended, Stop> {
        let mut enforced = LimitSearch::new(self.settings.ceiling);
        let turn = self.exactly(&mut enforced, |window, n| window.burst(n, n, "burst"))?;
        match turn {
            NextProbe::Found(value) => self.found(value, enforced.how()),
            NextProbe::Unclear => {
                let said = "bursts of one size were accepted whole and refused in turn";
                self.search.notes.push(format!("no enforced window could be told: {said}"));
                Ok(Ended::InconclusiveNoise)
            }
            NextProbe::Unlimited | NextProbe::Probe(_) => Ok(Ended::Ceiling),
        }
    }

    /// Probes until a number is found, or cannot be.
    fn exactly(
        &mut self,
        enforced: &mut LimitSearch,
        probe: impl Fn(&mut Self, u64) -> Result<ProbeResult, Stop>,
    ) -> Result<NextProbe, Stop> {
        loop {
            let NextProbe::Probe(n) = enforced.next() else { return Ok(enforced.next()) };
            let probe = probe(self, n)?;
            enforced.learn(n, probe);
            let (low, high) = enforced.bracket();
            let high = high.map_or(String::new(), |h| format!(", less than {}", words::count(h)));
            (self.runner.env.told)(&format!(
                "enforced window: at least {}{high}",
                words::count(low)
            ));
        }
    }

    fn found(&mut self, value: u64, how: Option<(How, Option<u32>)>) -> Result<Ended, Stop> {
        let Some((how, status)) = how else { return Ok(Ended::InconclusiveNoise) };
        let limit = limit_of(value, how, status);
        if how == How::Status && value > 0 {
            // a window is free again after the responses; the allowance of a rate is not
            let again = self.burst(value, value * BURSTS, "check")?;
            let reason = if let ProbeResult::Exceeded { how: How::Status, accepted, .. } = again {
                Some(DoubtReason::SecondBurst {
                    beyond: accepted.unwrap_or(0).saturating_sub(value),
                })
            } else {
                self.more_in_even_gaps(value)?.then_some(DoubtReason::EvenGaps)
            };
            if let Some(reason) = reason {
                self.unsure = Some(UnsureLimit { limit, reason, response: self.slowest.1 });
                return Ok(Ended::Ceiling);
            }
        }
        self.search.limit = Some(limit);
        Ok(Ended::Found)
    }

    /// Whether more than `value` can be in flight when sent in even gaps: then the burst was not refused by a window,
    /// but by a rate limit that refuses simultaneous messages.
    fn more_in_even_gaps(&mut self, value: u64) -> Result<bool, Stop> {
        let mean = self.mean.as_secs_f64();
        let mut open = OPEN * value as f64;
        // responses to a steady load may be faster than to bursts
        for _ in 0..GAPS_MAX {
            let rate = open / mean;
            if !(rate.is_finite() && rate < GAPS_RATE_MAX) {
                return Ok(false);
            }
            let messages = (BURSTS * value).max(GAPS_MIN);
            if self.even(messages, rate)? != ProbeResult::Accepted {
                // late messages came together: no result
                if self.shortest_gap.as_secs_f64() * rate < 0.5 {
                    continue;
                }
                return Ok(false);
            }
            if rate * self.mean.as_secs_f64() > (1.0 + OPEN) / 2.0 * value as f64 {
                return Ok(true);
            }
            open *= 2.0;
        }
        Ok(false)
    }

    /// The rate of a limiter with a burst of `value`, by the gaps at which a few more than that are accepted.
    fn gaps(&mut self, value: u64) -> Result<GapResult, Stop> {
        let messages = value + (value / 4).max(1);
        let start = (value as f64 / self.mean.as_secs_f64()).clamp(1.0, GAPS_RATE_MAX);
        let (mut low, mut high) = (None, None);
        for _ in 0..BISECTIONS_MAX {
            let rate = match (low, high) {
                (None, None) => start,
                (Some(low), None) => low * 2.0,
                (None, Some(high)) => high / 2.0,
                (Some(low), Some(high)) if high > low * GAPS_WIDTH => f64::sqrt(low * high),
                (Some(_), Some(_)) => break,
            };
            if rate > GAPS_RATE_MAX * messages as f64 {
                return Ok(GapResult::NoneRefused);
            }
            let probe = self.even(messages, rate)?;
            if self.mean_gap == Nanos::ZERO {
                continue;
            }
            // by the gaps as written: a late message is close to the next
            let rate = 1.0 / self.mean_gap.as_secs_f64();
            match probe {
                ProbeResult::Accepted => low = Some(low.unwrap_or(0.0).max(rate)),
                ProbeResult::Exceeded { .. } => high = Some(high.unwrap_or(f64::MAX).min(rate)),
                ProbeResult::Invalid => {}
            }
        }
        // the burst is accepted at once; the gaps must have refilled the rest
        let refill = (messages - value) as f64 / (messages - 1) as f64;
        Ok(match (low, high) {
            (Some(rate), Some(_)) => GapResult::Rate(rate * refill),
            _ => GapResult::Unknown,
        })
    }

    /// Finds a window in addition to a rate limit: by messages in gaps that the rate allows, as many as are sent before the
    /// first response.
    fn beside(&mut self, rate: f64, ended: Ended) -> Result<Ended, Stop> {
        let gap = 1.0 / rate;
        let rate = BELOW * rate;
        // the last is sent before the first is answered
        let most = (rate * self.quickest.as_secs_f64()).ceil() as u64;
        let most = most.min(self.settings.ceiling);
        if most > 1 {
            let mut enforced = LimitSearch::new(most);
            let turn = self.exactly(&mut enforced, |window, n| {
                let probe = window.even(n, rate)?;
                let apart = n < 2 || window.shortest_gap.as_secs_f64() >= gap;
                Ok(if apart || probe == ProbeResult::Accepted {
                    probe
                } else {
                    ProbeResult::Invalid
                })
            })?;
            if let (NextProbe::Found(value), Some((how, status))) = (turn, enforced.how()) {
                self.search.limit = Some(limit_of(value, how, status));
                return Ok(Ended::Found);
            }
        }
        self.search.notes.push(format!(
            "at that rate no more than {} can be open at once: a larger window cannot be told",
            counted(most.max(1), "message")
        ));
        Ok(ended)
    }

    /// Sends `messages` through a window of `n`, as fast as it lets them.
    fn burst(&mut self, n: u64, messages: u64, kind: &str) -> Result<ProbeResult, Stop> {
        let patience = self.patience(messages);
        let shaped = shape::burst(&self.plan, n, messages, patience);
        let what =
            format!("{kind} of {} through a window of {}", words::count(messages), words::count(n));
        let probe = self.probe(&shaped, n, kind, &what)?;
        if probe == ProbeResult::Accepted && n >= self.slowest.0 {
            self.slowest = (n, self.longest);
        }
        Ok(probe)
    }

    /// Sends `messages` at a rate, without a window.
    fn even(&mut self, messages: u64, rate: f64) -> Result<ProbeResult, Stop> {
        let shaped = shape::even(&self.plan, messages, rate, self.patience(messages));
        let what = format!("{} at {}", counted(messages, "message"), words::rate(rate));
        self.probe(&shaped, messages, "paced", &what)
    }

    /// Response timeout of a probe: in a queue, the last response takes longer in proportion to the messages.
    fn patience(&self, messages: u64) -> Nanos {
        let (before, response) = self.slowest;
        let times = messages.div_ceil(before.max(1));
        let patience = Nanos(response.0.saturating_mul(4).saturating_mul(times)) + SILENCE_MIN;
        patience.min(self.plan.timeouts.response)
    }

    fn probe(
        &mut self,
        shaped: &TrialPlan,
        n: u64,
        kind: &str,
        what: &str,
    ) -> Result<ProbeResult, Stop> {
        let done = self.runner.run(&shaped.plan, shaped.messages)?;
        let probe = outcome(&self.plan, &done, shaped.messages);
        let service = done.judgement.measured.latency(Metric::Service);
        self.longest = service.max().unwrap_or_default();
        self.quickest = service.min().unwrap_or_default();
        self.mean = Nanos(service.mean().unwrap_or_default() as u64);
        let gaps = &done.record.send_gaps;
        self.shortest_gap = gaps.min().unwrap_or_default();
        self.mean_gap = Nanos(gaps.mean().unwrap_or_default() as u64);
        let says = match probe {
            ProbeResult::Accepted => "all accepted".to_owned(),
            ProbeResult::Exceeded { how, status, accepted } => {
                let status = status.map(|code| CommandStatus(code).to_string());
                let says = how.says(status.as_deref());
                let kept =
                    accepted.map_or(String::new(), |a| format!("; {} accepted", words::count(a)));
                format!("the SMSC {says}{kept}")
            }
            ProbeResult::Invalid => "it could not be sent completely".to_owned(),
        };
        let t = done.record.ledger();
        let row = TrialRow {
            kind: kind.to_owned(),
            window: Some(n),
            binds: Some(1),
            took_s: done.took_s,
            messages: t.written,
            throttled: t.throttled,
            lost: t.lost + t.timed_out,
            says: format!("{what}: {says}"),
            ..TrialRow::default()
        };
        self.runner.add_row(row, "");
        Ok(probe)
    }

    /// 1, 2, 4 … past the peak, then around the knee.
    fn sweep(&mut self, most: u64) -> Result<(), Stop> {
        let swept = StepLengths { settle: self.settings.settle, measure: self.settings.measure };
        let mut sweep = Sweep::new(swept, doublings(most) + KNEE_FACTORS.len() as u64);
        let mut n = 1;
        while self.point(&mut sweep, n)? && n < most && !knee::is_past(&self.loads()) {
            n = (n * 2).min(most);
        }
        if let Some(first) = knee::knee(&self.loads()) {
            for factor in KNEE_FACTORS {
                let n = ((first.value * factor).round() as u64).clamp(1, most);
                if !self.search.points.iter().any(|p| p.window == n) {
                    self.point(&mut sweep, n)?;
                }
            }
        }
        self.search.points.sort_by_key(|p| p.window);
        let loads = self.loads();
        self.search.knee = knee::knee(&loads);
        self.search.usl = knee::usl(&loads);
        Ok(())
    }

    fn loads(&self) -> Vec<LoadPoint> {
        let points = self.search.points.iter().filter(|p| !p.harness_limited && !p.is_throttled());
        points
            .map(|p| LoadPoint { n: p.window as f64, throughput: p.throughput, error: p.error })
            .collect()
    }

    /// Measures a point. False: the SMSC throttled it, and would throttle more.
    fn point(&mut self, sweep: &mut Sweep, n: u64) -> Result<bool, Stop> {
        let mut plan = self.plan.clone();
        shape::with_window(&mut plan, n as usize);
        let step = sweep.step(&mut self.runner, &plan)?;
        Ok(self.search.take(step))
    }
}

fn limit_of(value: u64, how: How, status: Option<u32>) -> Limit {
    Limit { value, how, status: status.map(|code| CommandStatus(code).to_string()) }
}

/// Result of a probe. Only refusals with a retryable status count: others do not come from the window.
fn outcome(plan: &Plan, done: &FinishedTrial, messages: u64) -> ProbeResult {
    let record = &done.record;
    let t = record.ledger();
    if let Some(outage) = record.outages.first() {
        let unbound = outage.cause == DownCause::Unbind;
        let how = if unbound { How::Unbind } else { How::Disconnect };
        return ProbeResult::Exceeded { how, status: None, accepted: None };
    }
    let whole = record.sum(|_| true);
    let refused = |code: u32| plan.load.retryable.contains(&code);
    let mut refusals: Vec<(u32, u64)> =
        whole.statuses.iter().map(|(code, n)| (*code, n)).filter(|r| refused(r.0)).collect();
    refusals.sort_by_key(|r| std::cmp::Reverse(r.1));
    // messages rejected for another reason took a window slot too
    let other = t.rejected.saturating_sub(refusals.iter().map(|r| r.1).sum());
    if let Some((code, _)) = refusals.first() {
        let accepted = Some(t.accepted + other);
        return ProbeResult::Exceeded { how: How::Status, status: Some(*code), accepted };
    }
    if t.timed_out > 0 {
        let accepted = Some(t.accepted + other);
        return ProbeResult::Exceeded { how: How::Silence, status: None, accepted };
    }
    if t.written < messages || t.lost > 0 { ProbeResult::Invalid } else { ProbeResult::Accepted }
}
