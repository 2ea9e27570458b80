//! `find rate`: the highest rate that keeps each objective, as an interval, with its trail of trials.
use super::advice;
use super::bracket::{Bounds, Bracket, BracketStep, SearchGoal, TrialRequest};
use super::budget::Budget;
use super::document::{Ended, Kind, LatencyAt, ObjectiveResult, Search, SearchedThrough, TrialRow};
use super::evidence::{self, TrialEvidence};
use super::objective::Objective;
use super::shape::{self, Lengths};
use super::trial_runner::{SearchEnv, Stop, TrialRunner};
use crate::judge::{Limiter, statistics};
use crate::kit::words;
use crate::measure::{Metric, RunRecord};
use crate::plan::Plan;

/// Settings of `find rate`.
#[derive(Clone, Debug, PartialEq)]
pub struct RateSettings {
    /// At least one; the first gives `lower` and `upper`.
    pub objectives: Vec<Objective>,
    /// Largest width of the interval, as a share of its lower end.
    pub width: f64,
    /// First rate tried.
    pub start: f64,
    /// Lowest rate tried.
    pub floor: f64,
    /// Highest rate tried.
    pub ceiling: f64,
    /// Longer trials that the lower end must pass, net of those it fails.
    pub confirmations: u32,
    /// Lengths of the parts of a trial.
    pub lengths: Lengths,
    /// Limits on its cost.
    pub budget: Budget,
}

/// Shares of the found rate at which latency is told (docs/search.md): never at all of it.
const SHARES: [f64; 3] = [0.1, 0.5, 0.9];

struct RateSearch<'s, 'w> {
    settings: &'s RateSettings,
    plan: Plan,
    runner: TrialRunner<'w>,
    bracket: Bracket,
    /// By objective: the trials that broke it.
    broken: Vec<Vec<Broken>>,
    /// The gateway that the last trial went through.
    through: Option<SearchedThrough>,
}

/// A trial that broke an objective.
#[derive(Clone, Debug)]
struct Broken {
    rate: f64,
    why: String,
    limiter: Option<Limiter>,
}

/// Finds the rate.
///
/// # Errors
/// [`Stop::Failed`] where no trial at all could be run; else there is always something to report.
pub fn rate(plan: &Plan, settings: &RateSettings, env: SearchEnv<'_>) -> Result<Search, Stop> {
    let goal = SearchGoal {
        width: settings.width,
        start: settings.start,
        floor: settings.floor,
        ceiling: settings.ceiling,
        confirmations: settings.confirmations,
        timed: settings.objectives.iter().map(Objective::is_timed).collect(),
        whole: settings.objectives.iter().map(Objective::is_whole).collect(),
    };
    let mut search = RateSearch {
        settings,
        plan: shape::base(plan),
        runner: TrialRunner::new(env, settings.budget),
        bracket: Bracket::new(goal),
        broken: vec![Vec::new(); settings.objectives.len()],
        through: None,
    };
    let ended = search.run();
    search.report(ended)
}

/// The gateway that a run of a plan went through. None: it went through none.
fn through_of(plan: &Plan, record: &RunRecord) -> Option<SearchedThrough> {
    let through = record.through.as_ref()?;
    let upstream = plan.upstream.as_ref().map(|upstream| upstream.listen.clone());
    Some(SearchedThrough {
        upstream: upstream.unwrap_or_default(),
        marker: through.marker.used.iter().map(|carrier| carrier.name().to_owned()).collect(),
        answers: through.answers.by().name().to_owned(),
    })
}

impl RateSearch<'_, '_> {
    fn run(&mut self) -> Result<Ended, Stop> {
        loop {
            match self.bracket.next() {
                BracketStep::Trial(ask) => self.trial(&ask)?,
                BracketStep::Done => break,
                BracketStep::Harness => return Ok(Ended::InconclusiveHarness),
            }
        }
        let Bounds { lower, upper, .. } = self.bracket.bounds(0);
        Ok(match (lower, upper) {
            (None, _) => Ended::Floor,
            (Some(_), None) => Ended::Ceiling,
            (Some(_), Some(_)) => Ended::Found,
        })
    }

    fn trial(&mut self, ask: &TrialRequest) -> Result<(), Stop> {
        let TrialEvidence { seen, row, broken_by, limiter } = self.measure(ask)?;
        if !seen.spoiled {
            for (broken, why) in self.broken.iter_mut().zip(broken_by) {
                broken.extend(why.map(|why| Broken { rate: ask.rate, why, limiter }));
            }
        }
        self.bracket.learn(seen);
        let outlook = self.outlook();
        let Bounds { lower, upper, .. } = self.bracket.bounds(0);
        self.runner.add_row(TrialRow { lower, upper, ..row }, &outlook);
        Ok(())
    }

    fn measure(&mut self, ask: &TrialRequest) -> Result<TrialEvidence, Stop> {
        let objectives = &self.settings.objectives;
        let samples = objectives.iter().map(Objective::samples_min).max().unwrap_or(0);
        let gates = objectives.iter().flat_map(Objective::gates).collect();
        let shaped = shape::at_rate(&self.plan, ask, &self.settings.lengths, samples, gates);
        let queues = self.bracket.capacity().is_some_and(|c| c.queues);
        let done = self.runner.run(&shaped.plan, shaped.messages)?;
        self.through = through_of(&self.plan, &done.record).or(self.through.take());
        Ok(evidence::read(ask, &shaped, &done, objectives, self.settings.width, queues))
    }

    /// Interval so far, and the estimated time left.
    fn outlook(&self) -> String {
        let Bounds { lower, upper, .. } = self.bracket.bounds(0);
        let show = |rate: Option<f64>| rate.map_or("?".to_owned(), words::rate);
        let trials = match (lower, upper) {
            (Some(lower), Some(upper)) => {
                let halvings = ((upper / lower).ln() / self.settings.width).max(1.0).log2();
                halvings.ceil() + f64::from(self.settings.confirmations)
            }
            (Some(_) | None, None) | (None, Some(_)) => 8.0,
        } + SHARES.len() as f64;
        let spent = &self.runner.spent;
        let each = spent.seconds / f64::from(spent.trials.max(1));
        let left = (trials * each).min(self.settings.budget.seconds_max - spent.seconds);
        let bracket = format!("{} to {}", show(lower), show(upper));
        format!("between {bracket} · about {} left", words::seconds(left.max(0.0).round()))
    }

    /// Latency at shares of the found rate.
    fn latencies(&mut self, lower: f64) -> Result<Vec<LatencyAt>, Stop> {
        let mut all = Vec::new();
        for share in SHARES {
            let rate = super::bracket::rounded((lower * share).max(self.settings.floor * 0.1));
            let ask = TrialRequest { rate, long: false, overload: None, objective: 0 };
            let shaped =
                shape::at_rate(&self.plan, &ask, &self.settings.lengths, 1_010, Vec::new());
            let done = self.runner.run(&shaped.plan, shaped.messages)?;
            let mut row = evidence::read(&ask, &shaped, &done, &[], self.settings.width, false).row;
            row.kind = "latency".to_owned();
            row.says = format!("latency at {}", words::rate(rate));
            let measured = &done.judgement.measured;
            let at = |metric: Metric, q: f64| {
                statistics::quantile(measured.latency(metric), q).value.map(|n| n.0)
            };
            let trusted = done.judgement.health.allows_headline();
            let told = |value: Option<u64>| value.filter(|_| trusted);
            all.push(LatencyAt {
                share,
                rate,
                response_p50_ns: told(at(Metric::Response, 0.5)),
                response_p99_ns: told(at(Metric::Response, 0.99)),
                receipt_p50_ns: told(at(Metric::Receipt, 0.5)),
                receipt_p99_ns: told(at(Metric::Receipt, 0.99)),
                forward_p50_ns: told(evidence::forward(&done.record, 0.5)),
                forward_p99_ns: told(evidence::forward(&done.record, 0.99)),
            });
            self.runner.add_row(row, "");
        }
        Ok(all)
    }

    fn report(mut self, ended: Result<Ended, Stop>) -> Result<Search, Stop> {
        let target = advice::target(&self.plan);
        let mut search = Search::new(Kind::Rate, &self.plan.name, &target);
        let (mut ended, mut why) = match ended {
            Ok(ended) => (ended, None),
            Err(Stop::Ended(ended, why)) => (ended, Some(why)),
            Err(failed @ Stop::Failed(_)) => return Err(failed),
        };
        search.through = self.through.take();
        let first = self.bracket.bounds(0);
        let goes_on = matches!(ended, Ended::Found | Ended::Ceiling | Ended::InconclusiveHarness);
        if let (Some(lower), true) = (first.lower, goes_on) {
            match self.latencies(lower) {
                Ok(latencies) => search.latency_at = latencies,
                Err(Stop::Ended(Ended::Budget, said)) => {
                    search.notes.push(format!("latency below the limit was not measured: {said}"));
                }
                Err(Stop::Ended(other, said)) => (ended, why) = (other, Some(said)),
                Err(failed @ Stop::Failed(_)) => return Err(failed),
            }
        }
        search.objectives =
            (0..self.settings.objectives.len()).map(|o| self.objective(o)).collect();
        (search.lower, search.upper) = (first.lower, first.upper);
        (search.ended, search.why) = (ended, why);
        search.cost_max = self.settings.budget.cost(u64::MAX);
        search.cost = self.runner.spent;
        search.trials = std::mem::take(&mut self.runner.rows);
        if let Some(capacity) = self.bracket.capacity().filter(|c| c.burst >= 1.0) {
            search.notes.push(format!(
                "{} accepted about {} beyond its rate at first: a burst, not its sustained rate",
                advice::peer(&search),
                words::count(capacity.burst as u64)
            ));
        }
        let limiter = self.broken_at_upper(0).and_then(|broken| broken.limiter);
        advice::rate(&mut search, &self.plan, limiter);
        Ok(search)
    }

    /// The last trial that broke an objective at the lowest rate that breaks it.
    fn broken_at_upper(&self, number: usize) -> Option<&Broken> {
        let upper = self.bracket.bounds(number).upper?;
        self.broken[number].iter().rev().find(|broken| broken.rate == upper)
    }

    fn objective(&self, number: usize) -> ObjectiveResult {
        let Bounds { lower, upper, confirmed } = self.bracket.bounds(number);
        let broken = self.broken_at_upper(number);
        ObjectiveResult {
            name: self.settings.objectives[number].name.clone(),
            lower,
            upper,
            confirmed,
            broken_by: broken.map(|b| b.why.clone()),
            limiter: broken.and_then(|b| b.limiter).map(|l| l.name().to_owned()),
        }
    }
}
