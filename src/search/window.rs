//! `find window`: the largest number of open submit_sm that one bind may have, found exactly by bursts; and, apart
//! from it, the window beyond which throughput stops growing, by a sweep in closed loop.
use super::advice;
use super::budget::Budget;
use super::document::{Ended, Kind, Limit, Search, TrialRow};
use super::enforced::{Enforced, How, Probe, Turn};
use super::knee::{self, Load};
use super::lab::{Done, Lab, Stop, World};
use super::shape;
use super::sweep::{Sweep, Swept};
use crate::judge::words;
use crate::kit::Nanos;
use crate::measure::Metric;
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

struct Window<'s, 'w> {
    settings: &'s WindowSettings,
    plan: Plan,
    lab: Lab<'w>,
    /// Longest answer of the largest burst that was borne: (messages, response).
    slowest: (u64, Nanos),
    /// A limit whose check was refused, until the rate is known that may have refused it.
    doubted: Option<Doubted>,
    search: Search,
}

/// A window, or what a rate lets through at once.
struct Doubted {
    limit: Limit,
    /// Accepted in the check beyond the first `limit`, of which never more were open.
    beyond: u64,
    /// Longest answer of a burst: a rate lets through more by so much time.
    response: Nanos,
}

impl Doubted {
    /// Whether a rate of so much a second cannot have let that through.
    fn is_window(&self, rate: f64) -> bool {
        self.beyond as f64 > 2.0 * rate * self.response.as_secs_f64() + 3.0
    }
}

/// Finds the window.
///
/// # Errors
/// [`Stop::Failed`] where no trial at all could be run.
pub fn window(plan: &Plan, settings: &WindowSettings, world: World<'_>) -> Result<Search, Stop> {
    let plan = shape::base(plan);
    let search = Search::new(Kind::Window, &plan.name, &advice::target(&plan));
    let slowest = (1, Nanos::ZERO);
    let lab = Lab::new(world, settings.budget);
    let mut window = Window { settings, plan, lab, slowest, doubted: None, search };
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

impl Window<'_, '_> {
    fn run(&mut self) -> Result<Ended, Stop> {
        let ended = self.enforce()?;
        let most = self.search.limit.as_ref().map_or(self.settings.ceiling, |l| l.value);
        if most > 0 {
            self.sweep(most)?;
        }
        Ok(self.decide(ended))
    }

    /// Once the rate is known: whether a limit that was doubted is a window.
    fn decide(&mut self, ended: Ended) -> Ended {
        let rate = self.search.rate_limit;
        match self.doubted.take() {
            Some(doubted) if rate.is_some_and(|rate| doubted.is_window(rate)) => {
                self.search.limit = Some(doubted.limit);
                Ended::Found
            }
            Some(doubted) => {
                self.search.notes.push(format!(
                    "a burst of more than {} is refused, but so is a second one once the first is \
                     answered: that is a rate (see `find rate`), not a window",
                    words::count(doubted.limit.value)
                ));
                ended
            }
            None => ended,
        }
    }

    /// The limit that is enforced.
    fn enforce(&mut self) -> Result<Ended, Stop> {
        let mut enforced = Enforced::new(self.settings.ceiling);
        loop {
            match enforced.next() {
                Turn::Probe(n) => {
                    let probe = self.probe(n, n, "burst")?;
                    enforced.learn(n, probe);
                    let (low, high) = enforced.bracket();
                    let high = high.map_or("?".to_owned(), words::count);
                    (self.lab.world.told)(&format!(
                        "enforced window: {} are borne, {high} are not",
                        words::count(low)
                    ));
                }
                Turn::Unlimited => return Ok(Ended::Ceiling),
                Turn::Unclear => {
                    let said = "bursts of one size were borne and broken in turn";
                    self.search.notes.push(format!("no enforced window could be told: {said}"));
                    return Ok(Ended::InconclusiveNoise);
                }
                Turn::Found(value) => {
                    let how = enforced.how();
                    return self.found(value, how);
                }
            }
        }
    }

    fn found(&mut self, value: u64, how: Option<(How, Option<u32>)>) -> Result<Ended, Stop> {
        let Some((how, status)) = how else { return Ok(Ended::InconclusiveNoise) };
        if how == How::Status && value > 0 {
            // a window is free again when it is answered; what a rate allows is not
            let again = self.probe(value, value * BURSTS, "check")?;
            if let Probe::Broken { how: How::Status, accepted, .. } = again {
                let beyond = accepted.unwrap_or(0).saturating_sub(value);
                let limit = limit_of(value, how, status);
                self.doubted = Some(Doubted { limit, beyond, response: self.slowest.1 });
                return Ok(Ended::Ceiling);
            }
        }
        self.search.limit = Some(limit_of(value, how, status));
        Ok(Ended::Found)
    }

    /// Sends `messages` through a window of `n`, as fast as it lets them.
    fn probe(&mut self, n: u64, messages: u64, kind: &str) -> Result<Probe, Stop> {
        let (before, response) = self.slowest;
        // queued one behind the other the last answer takes as many times longer as there are more of them
        let times = messages.div_ceil(before.max(1));
        let patience = Nanos(response.0.saturating_mul(4).saturating_mul(times)) + SILENCE_MIN;
        let patience = patience.min(self.plan.timeouts.response);
        let shaped = shape::burst(&self.plan, n, messages, patience);
        let done = self.lab.run(&shaped.plan, messages)?;
        let probe = outcome(&self.plan, &done, messages);
        let longest = done.judgement.measured.latency(Metric::Service).max();
        if probe == Probe::Borne && n >= before {
            self.slowest = (n, longest.unwrap_or_default());
        }
        let says = match probe {
            Probe::Borne => "borne".to_owned(),
            Probe::Broken { how, status, accepted } => {
                let how = said(how, status);
                let kept = accepted.map_or(String::new(), |a| format!(", {a} accepted"));
                format!("broken by {how}{kept}")
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
            says: format!(
                "{kind} of {} through a window of {}: {says}",
                words::count(messages),
                words::count(n)
            ),
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
        let how = if outage.cause.contains("unbind") { How::Unbind } else { How::Disconnect };
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

/// A way of enforcing for a person.
pub(super) fn said(how: How, status: Option<u32>) -> String {
    match (how, status) {
        (How::Status, Some(code)) => CommandStatus(code).to_string(),
        (How::Status, None) => "a refusal".to_owned(),
        (How::Disconnect, _) => "a dropped connection".to_owned(),
        (How::Unbind, _) => "an unbind".to_owned(),
        (How::Silence, _) => "silence".to_owned(),
    }
}
