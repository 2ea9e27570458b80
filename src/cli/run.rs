//! `smppbench run`: load the plan, run it over TCP, judge it, report it, and end with the code it earned.
use super::args::RunArgs;
use super::exit::{Exit, Failure, print, put};
use super::facts::Facts;
use super::folder::{self, RunFolder};
use super::journal::Journal;
use super::once::{Done, once};
use super::{fleet, gate, github, kept, live, terminal};
use crate::judge::{Abort, RelativeGate};
use crate::measure::{CutReason, Observer, Phase, Progress};
use crate::plan::{Plan, PlanError};
use crate::report;
use std::io::IsTerminal;
use std::path::Path;

/// Runs the verb.
pub(super) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    if args.list {
        return print(&listed());
    }
    // also for a run that does not begin: what is there would pass for its result
    folder::clear(args.load.keep.out.as_deref())?;
    let mut facts = Facts::load("run", &args.load)?;
    facts.repro += &fleet::repro(&args.fleet);
    let folder = RunFolder::open(args.load.keep.out.as_deref(), &facts.id)?;
    facts.folder = Some(folder.path().display().to_string());
    let measured = measure(&facts, args, folder.path());
    let mut done = measured.inspect_err(|_| folder.abandon())?;
    if let Some(base) = base {
        hold_against(&base, &facts, &mut done);
    }
    finish(&facts, &done, args, folder.path())
}

/// The built-in profiles, a line each.
fn listed() -> String {
    plan::BUILT_IN.iter().map(|one| format!("{:<12}  {}\n", one.name, one.says())).collect()
}

/// Decides the gates that name a baseline. Runs that cannot be compared leave them undecided, with the reason.
fn hold_against(base: &gate::Base, facts: &Facts, done: &mut Done) {
    let saved = done.saved(facts);
    let comparison = base.compare(std::slice::from_ref(&saved));
    for ((name, value), result) in facts.plan.gates.iter().zip(&mut done.gates) {
        let Ok(Some(relative)) = RelativeGate::read(name, value) else { continue };
        *result = gate::decide_relative(&relative, Some(base), comparison.as_ref().ok());
        if let Err(why) = &comparison {
            result.why = Some(why.to_string());
        }
    }
}

fn measure(facts: &Facts, args: &RunArgs, path: &Path) -> Result<Done, Failure> {
    let mut trial = fleet::trial(&args.fleet, &facts.plan)?;
    let mut observers = live::observers(args.load.keep.live, &facts.plan)?;
    observers.push(Journal::new(facts, path));
    observers.push(GateAbortObserver::new(&facts.plan)?);
    // the terminal is the user's again, with the observers' end, before anything else is said
    Ok(once(facts, &mut trial, &mut observers)?)
}

fn finish(facts: &Facts, done: &Done, args: &RunArgs, path: &Path) -> Result<Exit, Failure> {
    let saved = done.saved(facts);
    let written = kept::whole(&saved, &done.record, path);
    github::tell(&saved.document.gates, &kept::markdown(&saved));
    let shown = if args.load.keep.json {
        let line = serde_json::to_string(&saved.document).expect("a document serialises");
        put(&format!("{line}\n"))
    } else {
        let style = terminal::style();
        let mut text = report::text(&saved, style);
        if std::io::stdout().is_terminal() {
            text += &report::verdict_line(&saved, style);
        }
        put(&text)
    };
    written?;
    let exit = done.exit(args.load.keep.strict);
    shown.and(exit)
}

/// Ends a run that a gate with `abort_after` has decided.
struct GateAbortObserver {
    abort: Abort,
}

impl GateAbortObserver {
    /// The gates of a plan.
    ///
    /// # Errors
    /// A gate that does not read; `judge::check_gates` says the same before a run.
    fn new(plan: &Plan) -> Result<GateAbortObserver, PlanError> {
        let abort = Abort::of(plan).map_err(|e| PlanError::about("gates", e.to_string()))?;
        Ok(GateAbortObserver { abort })
    }
}

impl Observer for GateAbortObserver {
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
        if progress.phase != Phase::Load || self.abort.is_empty() {
            return None;
        }
        self.abort.check(progress.record, progress.at).map(CutReason::Gate)
    }
}
