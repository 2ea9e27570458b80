//! `find binds`: sessions added one after the other until one is refused or dropped, by bind type; whether the bind of a
//! lost session is free at once; then throughput against the number of binds.
use super::advice;
use super::budget::Budget;
use super::document::{Ended, Kind, LadderResult, Limit, Search, TrialRow};
use super::enforced::How;
use super::knee::{self, GAIN_MIN, LoadPoint};
use super::shape;
use super::sweep::{StepLengths, Sweep, doublings};
use super::trial_runner::{SearchEnv, Stop, TrialRunner};
use crate::kit::{
    Nanos,
    words::{self, counted},
};
use crate::measure::CutReason;
use crate::plan::{BindType, Plan};
use crate::smpp::CommandStatus;
use crate::trial::{BindFault, DroppedBind, Failure, RunError};

/// Settings of `find binds`.
#[derive(Clone, Debug, PartialEq)]
pub struct BindsSettings {
    /// Most attempts on one ladder.
    pub ceiling: u64,
    /// From one bind to the next attempt.
    pub pause: Nanos,
    /// Bind types to run_ladder with; the first gives `limit`.
    pub types: Vec<BindType>,
    /// Whether throughput against binds is measured: it takes closed loops.
    pub sweep: bool,
    /// Settling time before a point of the sweep.
    pub settle: Nanos,
    /// Measured time of each point.
    pub measure: Nanos,
    /// Limits on its cost.
    pub budget: Budget,
}

/// Most binds of the sweep of throughput.
pub(super) const SWEEP_MAX: u64 = 64;

/// Finds the number of binds.
///
/// # Errors
/// [`Stop::Failed`] where nothing can be bound at all.
pub fn binds(plan: &Plan, settings: &BindsSettings, env: SearchEnv<'_>) -> Result<Search, Stop> {
    let plan = shape::base(plan);
    let mut search = Search::new(Kind::Binds, &plan.name, &advice::target(&plan));
    let mut runner = TrialRunner::new(env, settings.budget);
    let ended = run(&plan, settings, &mut runner, &mut search);
    runner.finish(ended, &mut search)?;
    advice::binds(&mut search, &plan);
    Ok(search)
}

fn run(
    plan: &Plan,
    settings: &BindsSettings,
    runner: &mut TrialRunner<'_>,
    search: &mut Search,
) -> Result<Ended, Stop> {
    for bind_type in &settings.types {
        let found = run_ladder(plan, settings, runner, *bind_type)?;
        search.ladders.push(found);
    }
    let first = &search.ladders[0];
    search.limit.clone_from(&first.limit);
    let ended = if first.limit.is_some() { Ended::Found } else { Ended::Ceiling };
    let most = first.bound.min(SWEEP_MAX);
    if settings.sweep && most > 0 && plan.senders_count() > 0 {
        throughput(plan, settings, runner, search, most)?;
    }
    Ok(ended)
}

/// As a profile spells a bind type.
pub(super) fn type_name(bind_type: BindType) -> &'static str {
    match bind_type {
        BindType::Transceiver => "transceiver",
        BindType::Transmitter => "transmitter",
        BindType::Receiver => "receiver",
        BindType::Pair => "pair",
    }
}

fn run_ladder(
    plan: &Plan,
    settings: &BindsSettings,
    runner: &mut TrialRunner<'_>,
    bind_type: BindType,
) -> Result<LadderResult, Stop> {
    let each = if bind_type == BindType::Pair { 2 } else { 1 };
    let shaped = shape::ladder(plan, bind_type, settings.ceiling as usize, settings.pause);
    let most_s = settings.pause.as_secs_f64() * settings.ceiling as f64;
    runner.allowed(0, most_s.min(60.0))?;
    let ran = runner.env.trial.run(&shaped, runner.env.observer);
    let found = match ran {
        Ok(record) => {
            if record.cut_reason == Some(CutReason::Interrupted) {
                return Err(Stop::Ended(Ended::Interrupted, "by a signal".to_owned()));
            }
            LadderResult {
                bind_type: type_name(bind_type).to_owned(),
                bound: settings.ceiling,
                attempts: settings.ceiling,
                limit: None,
                displaced: 0,
                place_free_at_once: None,
                why: None,
            }
        }
        Err(RunError::CannotBind(failure)) => {
            if failure.bound == 0 && runner.spent.trials == 0 {
                return Err(Stop::Failed(RunError::CannotBind(failure)));
            }
            told(&failure, bind_type, each)
        }
        Err(e) => return Err(Stop::Failed(e)),
    };
    runner.spend(0, 0.0);
    let how = found.why.clone().unwrap_or_else(|| "none failed".to_owned());
    let row = TrialRow {
        kind: "ladder".to_owned(),
        binds: Some(found.bound),
        says: format!("{}: {} bound; {how}", found.bind_type, words::count(found.bound)),
        ..TrialRow::default()
    };
    runner.add_row(row, "");
    Ok(found)
}

fn told(failure: &Failure, bind_type: BindType, each: u64) -> LadderResult {
    let first = failure.sessions.first();
    let tried = first.map_or(0, |f| u64::from(f.session));
    let bound = failure.bound / each;
    let limit = first.and_then(|f| {
        let (how, status) = match f.fault {
            BindFault::Refused(status) => (How::Status, Some(CommandStatus(status).to_string())),
            BindFault::Dropped => (How::Disconnect, None),
            BindFault::Silent => (How::Silence, None),
            // no SMSC listens: not a limit of binds, unless others are bound
            BindFault::Unreachable if bound > 0 => (How::Disconnect, None),
            BindFault::Unreachable => return None,
        };
        Some(Limit { value: bound, how, status })
    });
    LadderResult {
        bind_type: type_name(bind_type).to_owned(),
        bound,
        attempts: tried / each + 1,
        limit,
        displaced: tried.saturating_sub(failure.bound),
        place_free_at_once: failure.place.as_ref().map(|place| match place {
            DroppedBind::Released => true,
            DroppedBind::Occupied(_) => false,
        }),
        why: first.map(ToString::to_string),
    }
}

/// Throughput at 1, 2, 4 … binds, until doubling them twice brings nothing.
fn throughput(
    plan: &Plan,
    settings: &BindsSettings,
    runner: &mut TrialRunner<'_>,
    search: &mut Search,
    most: u64,
) -> Result<(), Stop> {
    let swept = StepLengths { settle: settings.settle, measure: settings.measure };
    let mut sweep = Sweep::new(swept, doublings(most));
    let mut n = 1;
    let mut loads: Vec<LoadPoint> = Vec::new();
    loop {
        let mut plan = plan.clone();
        plan.accounts.truncate(1);
        shape::with_binds(&mut plan, n as usize);
        let step = sweep.step(runner, &plan)?;
        if !search.take(step) {
            return Ok(());
        }
        let measured = search.points.last().map(|p| (p.throughput, p.error));
        let (throughput, error) = measured.unwrap_or_default();
        loads.push(LoadPoint { n: n as f64, throughput, error });
        if n >= most || knee::is_past(&loads) {
            break;
        }
        n = (n * 2).min(most);
    }
    let top = loads.iter().map(|l| l.throughput).fold(0.0, f64::max);
    search.knee = knee::knee(&loads);
    search.usl = knee::usl(&loads);
    if let Some(enough) = loads.iter().find(|l| l.throughput >= top * (1.0 - GAIN_MIN)) {
        search.notes.push(format!(
            "throughput grows up to about {} ({}), and not beyond, at this window",
            counted(enough.n as u64, "bind"),
            words::rate(enough.throughput)
        ));
    }
    Ok(())
}
