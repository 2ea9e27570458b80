//! `smppbench run`: load the plan, run it over TCP, judge it, report it, and end with the code it earned.
use super::args::{KeepArgs, RunArgs};
use super::browser;
use super::exit::{Exit, Failure, print, put};
use super::folder::{self, RunFolder};
use super::journal::Journal;
use super::run_context::RunContext;
use super::run_once::{FinishedRun, once};
use super::{fleet, gate, github, live, run_files, terminal};
use crate::judge::Abort;
use crate::measure::{CutReason, Observer, Phase, Progress};
use crate::plan::{self, Plan, PlanError};
use crate::report::{self, Saved, Style};
use crate::watch::RunPage;
use std::io::IsTerminal;
use std::path::Path;

/// Runs the verb.
pub(super) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    if args.list {
        return print(&listed());
    }
    // also for a run that does not begin: old files would look like its result
    folder::clear(args.load.keep.out.as_deref())?;
    let base = gate::Base::load(&args.baseline)?;
    let mut context = RunContext::from_args("run", &args.load, &args.gate)?;
    context.repro += &gate::repro(&args.baseline);
    context.repro += &fleet::repro(&args.fleet);
    let folder = RunFolder::open(args.load.keep.out.as_deref(), &context.id)?;
    context.folder = Some(folder.path().display().to_string());
    let measured = measure(&context, args, folder.path());
    let (mut done, page) = measured.inspect_err(|_| folder.abandon())?;
    if let Some(base) = base {
        base.decide(&context, &mut done);
    }
    let saved = done.saved(&context);
    let written = run_files::write_all(&saved, &done.record, folder.path());
    if let Some(page) = page {
        browser::end(&page, &saved, folder.path());
    }
    finish(&saved, &done, &args.load.keep, args.verbose, written)
}

/// The built-in profiles, a line each.
fn listed() -> String {
    plan::BUILT_IN.iter().map(|one| format!("{:<12}  {}\n", one.name, one.says())).collect()
}

fn measure(
    context: &RunContext,
    args: &RunArgs,
    path: &Path,
) -> Result<(FinishedRun, Option<RunPage>), Failure> {
    let mut trial = fleet::trial(&args.fleet, &context.plan)?;
    let (mut observers, page) = live::observers_and_page(args.load.keep.live(), context)?;
    observers.push(Journal::new(context, path));
    observers.push(GateAbortObserver::new(&context.plan)?);
    // the observers restore the terminal before anything else is printed
    Ok((once(context, &mut trial, &mut observers)?, page))
}

/// Prints the result of a run whose files are `written`.
pub(super) fn finish(
    saved: &Saved,
    done: &FinishedRun,
    keep: &KeepArgs,
    verbose: bool,
    written: Result<(), Failure>,
) -> Result<Exit, Failure> {
    github::annotate(&saved.document.gates, &run_files::markdown(saved));
    let printed = if keep.json {
        let line = serde_json::to_string(&saved.document).expect("a document serialises");
        put(&format!("{line}\n"))
    } else {
        let style = terminal::style();
        put(&shown(saved, verbose, style))
    };
    written?;
    let exit = done.exit(keep.strict);
    printed.and(exit)
}

/// The summary of the run: brief, or every figure. On a terminal the verdict stands last in either.
fn shown(saved: &Saved, verbose: bool, style: Style) -> String {
    match (verbose, std::io::stdout().is_terminal()) {
        (false, _) => report::brief(saved, style),
        (true, true) => report::text(saved, style) + &report::verdict_line(saved, style),
        (true, false) => report::text(saved, style),
    }
}

/// Ends a run when a gate with `abort_after` has decided.
pub(super) struct GateAbortObserver {
    abort: Abort,
}

impl GateAbortObserver {
    /// The gates of a plan.
    ///
    /// # Errors
    /// A gate that does not read; `judge::check_gates` says the same before a run.
    pub(super) fn new(plan: &Plan) -> Result<GateAbortObserver, PlanError> {
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
