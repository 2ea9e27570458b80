//! Runs the trials of a search: counts their cost, keeps to the budget, and retries a target that does not bind.
use super::budget::Budget;
use super::document::{Cost, Ended, Search, TrialRow};
use crate::judge::{self, Judgement};
use crate::kit::{Clock, HostCounters, HostUse, Nanos};
use crate::measure::{CutReason, Observer, RunRecord};
use crate::plan::Plan;
use crate::trial::{RunError, Trial};

/// Callbacks of a search. Pauses are one of them, so that it can be run on a virtual clock.
pub struct SearchEnv<'a> {
    /// Runs trials.
    pub trial: &'a mut dyn Trial,
    /// Observes each trial.
    pub observer: &'a mut dyn Observer,
    /// Gets the lines of progress.
    pub told: &'a mut dyn FnMut(&str),
    /// Waits, before a target that did not bind is tried again.
    pub pause: &'a mut dyn FnMut(Nanos),
}

impl std::fmt::Debug for SearchEnv<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SearchEnv").finish_non_exhaustive()
    }
}

/// Why a search cannot go on.
#[derive(Debug)]
pub enum Stop {
    /// It ends early, with what was found so far: (how, why).
    Ended(Ended, String),
    /// No trial could be run: there is nothing to report.
    Failed(RunError),
}

/// Pauses before a target that did not bind is retried: binds may stay in use for a while after a drop.
const PAUSES: [Nanos; 3] = [Nanos::from_secs(1), Nanos::from_secs(4), Nanos::from_secs(10)];

/// The trials of one search.
#[derive(Debug)]
pub(super) struct TrialRunner<'a> {
    pub(super) env: SearchEnv<'a>,
    pub(super) budget: Budget,
    pub(super) spent: Cost,
    pub(super) rows: Vec<TrialRow>,
    /// The longest that a trial lasted beyond its load, in seconds: a receipt that does not come takes its whole deadline.
    drain_s: f64,
    began: Nanos,
}

/// A trial that has a record.
#[derive(Debug)]
pub(super) struct FinishedTrial {
    pub(super) record: RunRecord,
    pub(super) judgement: Judgement,
    pub(super) took_s: f64,
}

impl<'a> TrialRunner<'a> {
    pub(super) fn new(env: SearchEnv<'a>, budget: Budget) -> TrialRunner<'a> {
        let spent = Cost::default();
        TrialRunner { env, budget, spent, rows: Vec::new(), drain_s: 0.0, began: Clock::now() }
    }

    /// Runs one trial and judges it. `messages`: the most that it will send.
    pub(super) fn run(&mut self, plan: &Plan, messages: u64) -> Result<FinishedTrial, Stop> {
        let planned = plan.stages.iter().fold(Nanos::ZERO, |sum, s| sum + s.length).as_secs_f64();
        self.allowed(messages, planned + self.drain_s)?;
        let before = HostCounters::read();
        let began = Clock::now();
        let record = self.bound(plan)?;
        let elapsed = Clock::now().since(began);
        let host = HostUse::between(&before, &HostCounters::read(), elapsed);
        let took_s = record.ended.as_secs_f64();
        self.spend(record.ledger().written, took_s);
        self.drain_s = self.drain_s.max(took_s - planned);
        match &record.cut_reason {
            Some(CutReason::Interrupted) => {
                let why = "by a signal".to_owned();
                return Err(Stop::Ended(Ended::Interrupted, why));
            }
            Some(reason @ CutReason::ForeignTraffic(_)) => {
                return Err(Stop::Ended(Ended::ForeignTraffic, reason.to_string()));
            }
            Some(_) | None => {}
        }
        let judgement = judge::judge(plan, &record, &host);
        Ok(FinishedTrial { record, judgement, took_s })
    }

    /// Whether a trial of this size may be run.
    pub(super) fn allowed(&self, messages: u64, seconds: f64) -> Result<(), Stop> {
        let allowed = self.budget.allows(&self.spent, messages, seconds);
        allowed.map_err(|why| Stop::Ended(Ended::Budget, why.to_string()))
    }

    /// Counts a trial. Time is the trials' own or the clock's, whichever says more.
    pub(super) fn spend(&mut self, messages: u64, seconds: f64) {
        self.spent.trials += 1;
        self.spent.messages += messages;
        let clock = Clock::now().since(self.began).as_secs_f64();
        self.spent.seconds = (self.spent.seconds + seconds).max(clock);
    }

    fn bound(&mut self, plan: &Plan) -> Result<RunRecord, Stop> {
        let mut pauses = PAUSES.iter();
        loop {
            match self.env.trial.run(plan, self.env.observer) {
                Ok(record) => return Ok(record),
                Err(RunError::CannotBind(why)) if self.spent.trials > 0 => {
                    let Some(pause) = pauses.next() else {
                        let why = why.sessions.first().map(ToString::to_string);
                        return Err(Stop::Ended(Ended::TargetLost, why.unwrap_or_default()));
                    };
                    (self.env.told)("could not bind again; retrying");
                    (self.env.pause)(*pause);
                }
                // what was found before the gateway let go of our SMSC still holds
                Err(RunError::Upstream(why)) if self.spent.trials > 0 => {
                    return Err(Stop::Ended(Ended::TargetLost, why));
                }
                Err(e) => return Err(Stop::Failed(e)),
            }
        }
    }

    /// Numbers a trial's row, stores it and reports it.
    pub(super) fn add_row(&mut self, row: TrialRow, outlook: &str) {
        let number = self.rows.len() as u32 + 1;
        let row = TrialRow { number, ..row };
        (self.env.told)(&format!("trial {number} · {} · {outlook}", row.says));
        self.rows.push(row);
    }

    /// Writes the end of a search, its cost and its trials into its document.
    pub(super) fn finish(
        self,
        ended: Result<Ended, Stop>,
        search: &mut Search,
    ) -> Result<(), Stop> {
        match ended {
            Ok(ended) => search.ended = ended,
            Err(Stop::Ended(ended, why)) => (search.ended, search.why) = (ended, Some(why)),
            Err(failed @ Stop::Failed(_)) => return Err(failed),
        }
        search.cost = self.spent;
        search.cost_max = self.budget.cost(u64::MAX);
        search.trials = self.rows;
        Ok(())
    }
}
