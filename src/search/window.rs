//! `find window`: the largest number of open submit_sm that one bind may have, found exactly by bursts; and, apart
//! from it, the window beyond which throughput stops growing, by a sweep in closed loop.
use super::advice;
use super::budget::Budget;
use super::document::{Ended, Kind, Limit, Search, TrialRow};
use super::enforced::{Enforced, How, Probe, Turn};
use super::knee::{self, Load};
use super::shape::{self, Shaped};
use super::sweep::{Sweep, Swept};
use super::trial_runner::{Done, SearchEnv, Stop, TrialRunner};
use crate::kit::{
    Nanos,
    words::{self, counted},
};
use crate::measure::{DownCause, Metric};
use crate::plan::Plan;
use crate::smpp::CommandStatus;

/// How `find window` looks.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowSettings {
    /// Largest window tried.
    pub ceiling: u64,
    /// Before a point of the sweep is measured.
    pub settle: Nanos,
    /// Measured at each point.
    pub measure: Nanos,
    /// What it may cost.
    pub budget: Budget,
}

/// Shortest time after which an unanswered submit_sm of a probe is called silence.
const SILENCE_MIN: Nanos = Nanos::from_secs(1);
/// Bursts in a row, to tell a window from a rate.
const BURSTS: u64 = 4;
/// In even gaps so many times a doubted window are to be open, sent by so many messages at least, at no higher rate than
/// this one, and tried with twice the rate so often.
const OPEN: f64 = 1.25;
const GAPS_MIN: u64 = 20;
const GAPS_RATE_MAX: f64 = 50_000.0;
const GAPS_MAX: u32 = 3;
/// Trials that look for the shortest gaps, and how near the two sides of it may come.
const BISECTIONS_MAX: u32 = 24;
const GAPS_WIDTH: f64 = 1.02;
/// Share of a rate that is offered where the rate itself must not refuse.
const BELOW: f64 = 0.75;

struct Window<'s, 'w> {
    settings: &'s WindowSettings,
    plan: Plan,
    lab: TrialRunner<'w>,
    /// Longest answer of the largest burst that was accepted: (messages, response).
    slowest: (u64, Nanos),
    /// Answers of the last probe: the quickest, their mean, the longest.
    quickest: Nanos,
    mean: Nanos,
    longest: Nanos,
    /// Gaps between its messages as they were written: the shortest, and their mean.
    shortest_gap: Nanos,
    mean_gap: Nanos,
    /// A limit whose check was refused, until the rate is known that may have refused it.
    doubted: Option<Doubted>,
    search: Search,
}

/// A window, or what a rate lets through at once.
struct Doubted {
    limit: Limit,
    doubt: Doubt,
    /// Longest answer of a burst: a rate lets through more by so much time.
    response: Nanos,
}

/// Why it may be a rate.
#[derive(Clone, Copy, PartialEq)]
enum Doubt {
    /// A second burst was refused once the first was answered; so many were accepted beyond the first burst, of
    /// which never more were open.
    SecondBurst { beyond: u64 },
    /// In even gaps more were open at once, and none was refused.
    EvenGaps,
}

impl Doubted {
    /// Whether a rate of so much a second cannot have let that through.
    fn is_window(&self, rate: f64) -> bool {
        match self.doubt {
            Doubt::SecondBurst { beyond } => {
                beyond as f64 > 2.0 * rate * self.response.as_secs_f64() + 3.0
            }
            Doubt::EvenGaps => false,
        }
    }

    /// Whether the rate is to be told by gaps: in a closed loop what is refused for coming at once hides it.
    fn is_strict(&self) -> bool {
        self.doubt == Doubt::EvenGaps || self.limit.value == 1
    }

    /// What a reader should know where it is none.
    fn says(&self) -> String {
        let value = words::count(self.limit.value);
        let but = match self.doubt {
            Doubt::SecondBurst { .. } => "so is a second one once the first is answered".to_owned(),
            Doubt::EvenGaps => {
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
pub fn window(
    plan: &Plan,
    settings: &WindowSettings,
    world: SearchEnv<'_>,
) -> Result<Search, Stop> {
    let plan = shape::base(plan);
    let search = Search::new(Kind::Window, &plan.name, &advice::target(&plan));
    let lab = TrialRunner::new(world, settings.budget);
    let mut window = Window {
        settings,
        plan,
        lab,
        slowest: (1, Nanos::ZERO),
        quickest: Nanos::ZERO,
        mean: Nanos::ZERO,
        longest: Nanos::ZERO,
        shortest_gap: Nanos::ZERO,
        mean_gap: Nanos::ZERO,
        doubted: None,
        search,
    };
    let ended = window.run();
    let Window { mut search, lab, plan, .. } = window;
    match ended {
        Ok(ended) => search.ended = ended,
        Err(Stop::Ended(ended, why)) => (search.ended, search.why) = (ended, Some(why)),
        Err(failed @ Stop::Failed(_)) => return Err(failed),
    }
    search.cost = lab.spent;
    search.cost_max = settings.budget.cost(u64::MAX);
    search.trials = lab.rows;
    advice::window(&mut search, &plan);
    Ok(search)
}

/// What messages in even gaps tell of a rate.
enum Gaps {
    /// It lets through so many a second.
    Rate(f64),
    /// Nothing was refused in the shortest gaps that are tried.
    NoneRefused,
    /// Gaps that refuse, or gaps that do not, were not met.
    Unknown,
}

impl Window<'_, '_> {
    fn run(&mut self) -> Result<Ended, Stop> {
        let mut ended = self.enforce()?;
        if let Some(doubted) = self.doubted.take_if(|doubted| doubted.is_strict()) {
            match self.gaps(doubted.limit.value)? {
                // what refuses no gap is no rate: more seemed to be open than were
                Gaps::NoneRefused => {
                    self.search.limit = Some(doubted.limit);
                    ended = Ended::Found;
                }
                Gaps::Rate(rate) => {
                    self.search.rate_limit = Some(rate);
                    return self.decide(doubted, ended);
                }
                Gaps::Unknown => return self.decide(doubted, ended),
            }
        }
        let most = self.search.limit.as_ref().map_or(self.settings.ceiling, |l| l.value);
        if most > 0 {
            self.sweep(most)?;
        }
        match self.doubted.take() {
            Some(doubted) => self.decide(doubted, ended),
            None => Ok(ended),
        }
    }

    /// Once the rate is known: whether a limit that was doubted is a window, and else whether there is one besides.
    fn decide(&mut self, doubted: Doubted, ended: Ended) -> Result<Ended, Stop> {
        let rate = self.search.rate_limit;
        if rate.is_some_and(|rate| doubted.is_window(rate)) {
            self.search.limit = Some(doubted.limit);
            return Ok(Ended::Found);
        }
        self.search.notes.push(doubted.says());
        match rate {
            Some(rate) => self.beside(rate, ended),
            None => Ok(ended),
        }
    }

    /// The limit that is enforced.
    fn enforce(&mut self) -> Result<Ended, Stop> {
        let mut enforced = Enforced::new(self.settings.ceiling);
        let turn = self.exactly(&mut enforced, |window, n| window.burst(n, n, "burst"))?;
        match turn {
            Turn::Found(value) => self.found(value, enforced.how()),
            Turn::Unclear => {
                let said = "bursts of one size were accepted whole and refused in turn";
                self.search.notes.push(format!("no enforced window could be told: {said}"));
                Ok(Ended::InconclusiveNoise)
            }
            Turn::Unlimited | Turn::Probe(_) => Ok(Ended::Ceiling),
        }
    }

    /// Probes until a number is found, or cannot be.
    fn exactly(
        &mut self,
        enforced: &mut Enforced,
        probe: impl Fn(&mut Self, u64) -> Result<Probe, Stop>,
    ) -> Result<Turn, Stop> {
        loop {
            let Turn::Probe(n) = enforced.next() else { return Ok(enforced.next()) };
            let probe = probe(self, n)?;
            enforced.learn(n, probe);
            let (low, high) = enforced.bracket();
            let high = high.map_or(String::new(), |h| format!(", less than {}", words::count(h)));
            (self.lab.world.told)(&format!(
                "enforced window: at least {}{high}",
                words::count(low)
            ));
        }
    }

    fn found(&mut self, value: u64, how: Option<(How, Option<u32>)>) -> Result<Ended, Stop> {
        let Some((how, status)) = how else { return Ok(Ended::InconclusiveNoise) };
        let limit = limit_of(value, how, status);
        if how == How::Status && value > 0 {
            // a window is free again when it is answered; what a rate allows is not
            let again = self.burst(value, value * BURSTS, "check")?;
            let doubt = if let Probe::Broken { how: How::Status, accepted, .. } = again {
                Some(Doubt::SecondBurst { beyond: accepted.unwrap_or(0).saturating_sub(value) })
            } else {
                self.more_in_even_gaps(value)?.then_some(Doubt::EvenGaps)
            };
            if let Some(doubt) = doubt {
                self.doubted = Some(Doubted { limit, doubt, response: self.slowest.1 });
                return Ok(Ended::Ceiling);
            }
        }
        self.search.limit = Some(limit);
        Ok(Ended::Found)
    }

    /// Whether more than `value` can be open where they are sent in even gaps: then no window refused the burst, but
    /// a rate that refuses what comes at once.
    fn more_in_even_gaps(&mut self, value: u64) -> Result<bool, Stop> {
        let mean = self.mean.as_secs_f64();
        let mut open = OPEN * value as f64;
        // at a steady load answers may come sooner than they do to bursts
        for _ in 0..GAPS_MAX {
            let rate = open / mean;
            if !(rate.is_finite() && rate < GAPS_RATE_MAX) {
                return Ok(false);
            }
            let messages = (BURSTS * value).max(GAPS_MIN);
            if self.even(messages, rate)? != Probe::Borne {
                // what came late came together: that says nothing
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

    /// The rate at which a limiter that lets `value` through at once lets through one more: by the gaps at which a few
    /// more than that are accepted.
    fn gaps(&mut self, value: u64) -> Result<Gaps, Stop> {
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
                return Ok(Gaps::NoneRefused);
            }
            let probe = self.even(messages, rate)?;
            if self.mean_gap == Nanos::ZERO {
                continue;
            }
            // by the gaps as they were: a late message comes near the next
            let rate = 1.0 / self.mean_gap.as_secs_f64();
            match probe {
                Probe::Borne => low = Some(low.unwrap_or(0.0).max(rate)),
                Probe::Broken { .. } => high = Some(high.unwrap_or(f64::MAX).min(rate)),
                Probe::Void => {}
            }
        }
        // what comes with the first is there at once; in the gaps behind it the others must have come back
        let refill = (messages - value) as f64 / (messages - 1) as f64;
        Ok(match (low, high) {
            (Some(rate), Some(_)) => Gaps::Rate(rate * refill),
            _ => Gaps::Unknown,
        })
    }

    /// The window besides a rate: messages in such gaps that the rate lets them through, as many of them as are sent
    /// before the first is answered.
    fn beside(&mut self, rate: f64, ended: Ended) -> Result<Ended, Stop> {
        let gap = 1.0 / rate;
        let rate = BELOW * rate;
        // the last is sent before the first is answered
        let most = (rate * self.quickest.as_secs_f64()).ceil() as u64;
        let most = most.min(self.settings.ceiling);
        if most > 1 {
            let mut enforced = Enforced::new(most);
            let turn = self.exactly(&mut enforced, |window, n| {
                let probe = window.even(n, rate)?;
                let apart = n < 2 || window.shortest_gap.as_secs_f64() >= gap;
                Ok(if apart || probe == Probe::Borne { probe } else { Probe::Void })
            })?;
            if let (Turn::Found(value), Some((how, status))) = (turn, enforced.how()) {
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
    fn burst(&mut self, n: u64, messages: u64, kind: &str) -> Result<Probe, Stop> {
        let patience = self.patience(messages);
        let shaped = shape::burst(&self.plan, n, messages, patience);
        let what =
            format!("{kind} of {} through a window of {}", words::count(messages), words::count(n));
        let probe = self.probe(&shaped, n, kind, &what)?;
        if probe == Probe::Borne && n >= self.slowest.0 {
            self.slowest = (n, self.longest);
        }
        Ok(probe)
    }

    /// Sends `messages` at a rate, however many are open.
    fn even(&mut self, messages: u64, rate: f64) -> Result<Probe, Stop> {
        let shaped = shape::even(&self.plan, messages, rate, self.patience(messages));
        let what = format!("{} at {}", counted(messages, "message"), words::rate(rate));
        self.probe(&shaped, messages, "paced", &what)
    }

    /// Queued one behind the other the last answer takes as many times longer as there are more of them.
    fn patience(&self, messages: u64) -> Nanos {
        let (before, response) = self.slowest;
        let times = messages.div_ceil(before.max(1));
        let patience = Nanos(response.0.saturating_mul(4).saturating_mul(times)) + SILENCE_MIN;
        patience.min(self.plan.timeouts.response)
    }

    fn probe(&mut self, shaped: &Shaped, n: u64, kind: &str, what: &str) -> Result<Probe, Stop> {
        let done = self.lab.run(&shaped.plan, shaped.messages)?;
        let probe = outcome(&self.plan, &done, shaped.messages);
        let service = done.judgement.measured.latency(Metric::Service);
        self.longest = service.max().unwrap_or_default();
        self.quickest = service.min().unwrap_or_default();
        self.mean = Nanos(service.mean().unwrap_or_default() as u64);
        let gaps = &done.record.send_gaps;
        self.shortest_gap = gaps.min().unwrap_or_default();
        self.mean_gap = Nanos(gaps.mean().unwrap_or_default() as u64);
        let says = match probe {
            Probe::Borne => "all accepted".to_owned(),
            Probe::Broken { how, status, accepted } => {
                let status = status.map(|code| CommandStatus(code).to_string());
                let says = how.says(status.as_deref());
                let kept =
                    accepted.map_or(String::new(), |a| format!("; {} accepted", words::count(a)));
                format!("the SMSC {says}{kept}")
            }
            Probe::Void => "it could not be sent whole".to_owned(),
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
        self.lab.keep(row, "");
        Ok(probe)
    }

    /// 1, 2, 4 … past the peak, then around the knee.
    fn sweep(&mut self, most: u64) -> Result<(), Stop> {
        let swept = Swept { settle: self.settings.settle, measure: self.settings.measure };
        let mut sweep = Sweep::new(swept);
        let mut n = 1;
        while self.point(&mut sweep, n)? && n < most && !knee::is_past(&self.loads()) {
            n = (n * 2).min(most);
        }
        if let Some(first) = knee::knee(&self.loads()) {
            for factor in [0.75, 1.0, 1.5] {
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

    fn loads(&self) -> Vec<Load> {
        let points = self.search.points.iter().filter(|p| !p.harness_limited && !p.is_throttled());
        points
            .map(|p| Load { n: p.window as f64, throughput: p.throughput, error: p.error })
            .collect()
    }

    /// False: the SMSC throttled it, and would throttle more.
    fn point(&mut self, sweep: &mut Sweep, n: u64) -> Result<bool, Stop> {
        let mut plan = self.plan.clone();
        shape::with_window(&mut plan, n as usize);
        let step = sweep.step(&mut self.lab, &plan)?;
        Ok(self.search.take(step))
    }
}

fn limit_of(value: u64, how: How, status: Option<u32>) -> Limit {
    Limit { value, how, status: status.map(|code| CommandStatus(code).to_string()) }
}

/// What a probe showed. Other refusals than those for want of room say nothing: they are no matter of the window.
fn outcome(plan: &Plan, done: &Done, messages: u64) -> Probe {
    let record = &done.record;
    let t = record.ledger();
    if let Some(outage) = record.outages.first() {
        let unbound = outage.cause == DownCause::Unbind;
        let how = if unbound { How::Unbind } else { How::Disconnect };
        return Probe::Broken { how, status: None, accepted: None };
    }
    let whole = record.sum(|_| true);
    let refused = |code: u32| plan.load.retryable.contains(&code);
    let mut refusals: Vec<(u32, u64)> =
        whole.statuses.iter().map(|(code, n)| (*code, n)).filter(|r| refused(r.0)).collect();
    refusals.sort_by_key(|r| std::cmp::Reverse(r.1));
    // what was refused for another reason had its place all the same
    let other = t.rejected.saturating_sub(refusals.iter().map(|r| r.1).sum());
    if let Some((code, _)) = refusals.first() {
        let accepted = Some(t.accepted + other);
        return Probe::Broken { how: How::Status, status: Some(*code), accepted };
    }
    if t.timed_out > 0 {
        let accepted = Some(t.accepted + other);
        return Probe::Broken { how: How::Silence, status: None, accepted };
    }
    if t.written < messages || t.lost > 0 { Probe::Void } else { Probe::Borne }
}
