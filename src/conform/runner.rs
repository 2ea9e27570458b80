//! Runs cases one after the other: each within its time, and none any more once the peer is lost.
use super::case::{Case, Role};
use super::examiner::{Examiner, Exchanged, Trouble};
use super::verdict::{Outcome, Verdict};
use crate::kit::{Clock, Nanos};
use std::fmt;
use tokio::time::{sleep, timeout};

/// Cases in a row that lose their connection at the bind, after which the run stops.
pub const LOST_MAX: u32 = 3;
/// How often a peer that is gone is looked for, each time after the wait for its recovery.
const RESTART_LOOKS: u32 = 10;
/// What ending a case takes at most, on top of the case's time.
const LEAVE: Nanos = Nanos::from_secs(3);

/// What one case found, and what was exchanged for it.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// The case.
    pub case: &'static Case,
    /// What it found.
    pub verdict: Verdict,
    /// What was sent and received, in order.
    pub exchange: Vec<Exchanged>,
    /// How long it took.
    pub took: Nanos,
}

/// Why a run ended before its last case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Connections were lost in a row; what happened to the last one.
    Lost(String),
    /// The credentials of the profile were refused.
    Credentials(String),
    /// A receipt or MO of other traffic came.
    Foreign,
    /// A signal came.
    Interrupted,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stopped::Lost(why) => {
                write!(f, "stopped after {LOST_MAX} lost connections in a row: {why}")
            }
            Stopped::Credentials(why) => {
                write!(f, "stopped: the peer refused the profile's bind: {why}")
            }
            Stopped::Foreign => f.write_str(
                "stopped: a receipt or MO of other traffic came; set guard.foreign = \"ack\" to go on",
            ),
            Stopped::Interrupted => f.write_str("stopped by a signal"),
        }
    }
}

/// A run.
#[derive(Clone, Debug)]
pub struct Run {
    /// The results, in the order of the cases.
    pub results: Vec<CaseResult>,
    /// Why it ended early. None: it did not.
    pub stopped: Option<Stopped>,
    /// The message PDUs sent.
    pub submits_count: u32,
    /// The most sessions of an examined ESME at once beside the examined one; they are served, and not judged.
    pub further_sessions_count: u32,
}

/// What a run may do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Whether cases run that may disturb a live session or an account.
    pub disturb: bool,
}

/// Runs the cases. `is_interrupted` is asked before each; `on_result` is told each result.
pub async fn run(
    examiner: &mut Examiner,
    cases: &[&'static Case],
    limits: Limits,
    is_interrupted: &dyn Fn() -> bool,
    on_result: &mut dyn FnMut(&CaseResult),
) -> Run {
    let mut results = Vec::with_capacity(cases.len());
    let mut stopped = None;
    let mut lost_count = 0;
    for case in cases {
        if stopped.is_none() && is_interrupted() {
            stopped = Some(Stopped::Interrupted);
        }
        let result = if stopped.is_some() {
            skipped(case, "the run had ended")
        } else if case.disturbs && !limits.disturb {
            skipped(case, "may disturb a live session or account; run it with --disturb")
        } else {
            let result = one(examiner, case).await;
            stopped = trouble(examiner, &mut lost_count);
            if lost_count > 0 && stopped.is_none() {
                sleep(examiner.settings.waits.recovery.into()).await;
            }
            result
        };
        on_result(&result);
        results.push(result);
    }
    Run {
        results,
        stopped,
        submits_count: examiner.submits_count(),
        further_sessions_count: examiner.further_sessions_count(),
    }
}

fn skipped(case: &'static Case, why: &str) -> CaseResult {
    let verdict = Verdict::of(Outcome::Skipped, why);
    CaseResult { case, verdict, exchange: Vec::new(), took: Nanos::ZERO }
}

/// Whether the run goes on after a case.
fn trouble(examiner: &Examiner, lost_count: &mut u32) -> Option<Stopped> {
    if examiner.must_stop() {
        return Some(Stopped::Foreign);
    }
    match &examiner.trouble {
        Some(Trouble::Credentials(why)) => return Some(Stopped::Credentials(why.clone())),
        Some(Trouble::Lost(why)) => {
            *lost_count += 1;
            if *lost_count >= LOST_MAX {
                return Some(Stopped::Lost(why.clone()));
            }
        }
        None if examiner.was_reached => *lost_count = 0,
        None => {}
    }
    None
}

/// Runs one case within its time.
async fn one(examiner: &mut Examiner, case: &'static Case) -> CaseResult {
    let began = Clock::now();
    examiner.begin();
    let waits = examiner.settings.waits;
    let mut within = waits.case;
    if case.tags.contains(&"receipts") {
        within = within.after(waits.receipt);
    }
    if case.tags.contains(&"timers") {
        // two at most follow one another
        within =
            within.after(examiner.settings.timers.together()).after(waits.late).after(waits.late);
    }
    if case.role == Role::Esme {
        within = within.after(waits.peer);
    }
    // messages wait for their turn
    within = within.after(Nanos(examiner.settings.pace.0 * u64::from(case.cost)));
    let found = timeout(within.into(), (case.steps)(examiner)).await;
    let verdict = match found {
        Ok(Ok(verdict) | Err(verdict)) => verdict,
        Err(_) => {
            let why = format!("the case did not end within {:.1} s", within.as_secs_f64());
            Verdict::of(Outcome::Inconclusive, why)
        }
    };
    let verdict = if case.role == Role::Esme { settled(examiner, verdict).await } else { verdict };
    let was_ended = examiner.was_ended();
    let exchange = examiner.leave(LEAVE).await;
    let verdict =
        if case.disturbs && was_ended { survived(examiner, verdict).await } else { verdict };
    CaseResult { case, verdict, exchange, took: Clock::now().since(began) }
}

/// The verdict of a case of an ESME. Where the session did not survive the case, the next one begins with another.
async fn settled(examiner: &mut Examiner, verdict: Verdict) -> Verdict {
    match verdict.outcome {
        Outcome::Fail | Outcome::Inconclusive | Outcome::PreconditionFailed => {
            if !examiner.give_up_dead_session().await {
                return verdict;
            }
            let seen = format!("{}; nor is an enquire_link after it answered", verdict.seen);
            Verdict::of(verdict.outcome, seen)
        }
        Outcome::Pass | Outcome::Lenient | Outcome::Unsupported | Outcome::Skipped => verdict,
    }
}

/// The verdict of a case whose octets made the peer close the connection: it fails where the peer is gone.
async fn survived(examiner: &mut Examiner, verdict: Verdict) -> Verdict {
    if examiner.is_reachable().await {
        return verdict;
    }
    // one that is started again by its supervisor is not lost
    for _ in 0..RESTART_LOOKS {
        sleep(examiner.settings.waits.recovery.into()).await;
        if examiner.is_reachable().await {
            break;
        }
    }
    let seen = format!("{}; after it the peer accepts no connection any more", verdict.seen);
    Verdict::of(Outcome::Fail, seen)
}
