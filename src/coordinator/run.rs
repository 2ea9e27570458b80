//! Runs a plan with a pool in real time: events, the clock, and the signals that end a run.
use super::processes::Processes;
use super::run_controller::{Failure, RunController};
use super::signals::Signals;
use super::worker_pool::WorkerPool;
use crate::kit::{Clock, Nanos};
use crate::measure::{CutReason, Observer, RunRecord};
use crate::plan::{Plan, PlanError};
use std::io;
use std::sync::Arc;

/// Why there is no record of a run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The plan cannot be carried out.
    #[error("{0}")]
    Plan(#[from] PlanError),
    /// Sessions could not be connected or bound.
    #[error("{0}")]
    CannotBind(Failure),
    /// The machine refused something.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// There is no fleet: agents are missing, of another version, or out of reach.
    #[error("{0}")]
    Fleet(String),
    /// An agent of the fleet will not run this plan.
    #[error("{0}")]
    Refused(String),
    /// The gateway did not bind behind, or nothing came out of it.
    #[error("{0}")]
    Upstream(String),
    /// A signal came before the load began: there is nothing to report.
    #[error("interrupted {0}")]
    Interrupted(String),
    /// A worker ended before its time.
    #[error("{0}")]
    Worker(String),
    /// A second signal: stopped at once.
    #[error("stopped at once by a second signal")]
    Killed,
}

/// Longest time between two checks for a rate change by the operator.
const STEER_EVERY: Nanos = Nanos::from_millis(100);

/// Runs `plan` with a local or remote pool, from connect to unbind. Call it within a current-thread runtime.
///
/// # Errors
/// [`RunError`]; a run that has begun always gives a record.
pub async fn conduct(
    plan: &Arc<Plan>,
    mut pool: WorkerPool,
    observer: &mut dyn Observer,
) -> Result<RunRecord, RunError> {
    let wall_at_zero = Clock::wall_ns().saturating_sub(Clock::now().0);
    let mut controller = RunController::new(plan, pool.workers(), wall_at_zero, pool.timing())?;
    let mut signals = Signals::listen()?;
    let mut processes = Processes::new();
    let mut ended = drive(&mut controller, &mut pool, &mut processes, &mut signals, observer).await;
    for end in processes.stop().await {
        controller.command_ended(&end);
    }
    if ended.is_ok() {
        ended = match pool.join(signals.more_than(1)).await {
            Some(joined) => joined.map_err(|fault| RunError::Worker(fault.to_string())),
            None => Err(RunError::Killed),
        };
    }
    if let (Ok(()), Some(silent)) = (&ended, controller.silent_workers()) {
        ended = Err(RunError::Worker(format!("{silent} made no final report in time")));
    }
    match ended {
        // the threads are left behind: the process ends
        Err(RunError::Killed) => {
            controller.stopped_at_once(Clock::now(), observer);
            Err(RunError::Killed)
        }
        // what the other workers measured is reported, with books that do not balance
        Err(RunError::Worker(fault)) if controller.has_begun() => {
            let mut record = controller.finish().map_err(RunError::CannotBind)?;
            record.cut_reason = Some(CutReason::WorkerFailed(Some(fault)));
            Ok(record)
        }
        Err(e) => Err(e),
        Ok(()) => controller.finish().map_err(RunError::CannotBind),
    }
}

async fn drive(
    controller: &mut RunController,
    pool: &mut WorkerPool,
    processes: &mut Processes,
    signals: &mut Signals,
    observer: &mut dyn Observer,
) -> Result<(), RunError> {
    let mut interrupted = false;
    loop {
        let now = Clock::now();
        let next = controller.tick(now, observer);
        for order in controller.take_orders() {
            pool.tell(&order);
        }
        controller.take_commands().into_iter().for_each(|command| processes.start(command));
        for spent in controller.take_spent() {
            pool.recycle(spent);
        }
        if controller.is_done(now) {
            return Ok(());
        }
        let pause = next.since(now).clamp(Nanos::from_millis(1), STEER_EVERY);
        tokio::select! {
            event = pool.events.recv() => match event {
                Some(event) => controller.on_event(event, Clock::now()),
                None => return Ok(()),
            },
            end = processes.next() => controller.command_ended(&end),
            () = tokio::time::sleep(pause.into()) => {
                if pool.any_ended() && pool.events.is_empty() {
                    // a thread that ended without a final report failed: join returns its fault
                    controller.cut(CutReason::WorkerFailed(None), Clock::now());
                }
            }
            () = signals.more_than(u32::from(interrupted)) => {
                if signals.count() > 1 {
                    return Err(RunError::Killed);
                }
                interrupted = true;
                controller.cut(CutReason::Interrupted, Clock::now());
            }
        }
    }
}
