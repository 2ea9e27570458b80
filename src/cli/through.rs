//! `smppbench through`: a run through a gateway, with our ESME in front of it and our SMSC behind it.
use super::args::ThroughArgs;
use super::exit::{Exit, Failure, say};
use super::folder::{self, RunFolder};
use super::journal::Journal;
use super::run::{GateAbortObserver, finish};
use super::run_context::RunContext;
use super::run_once::{FinishedRun, once};
use super::{gate, live, overhead, run_files};
use crate::trial::Through;
use std::path::Path;

/// Runs the verb.
pub(super) fn run(args: &ThroughArgs) -> Result<Exit, Failure> {
    if args.overhead {
        return overhead::run(args);
    }
    folder::clear(args.load.keep.out.as_deref())?;
    let base = gate::Base::load(&args.baseline)?;
    let mut context = RunContext::from_args("through", &args.load, &args.gate)?;
    context.repro += &gate::repro(&args.baseline);
    let folder = RunFolder::open(args.load.keep.out.as_deref(), &context.id)?;
    context.folder = Some(folder.path().display().to_string());
    let measured = measure(&context, args, folder.path());
    let mut done = measured.inspect_err(|_| folder.abandon())?;
    if let Some(base) = base {
        base.decide(&context, &mut done);
    }
    let saved = done.saved(&context);
    let written = run_files::write_all(&saved, &done.record, folder.path());
    finish(&saved, &done, &args.load.keep, args.verbose, written)
}

fn measure(context: &RunContext, args: &ThroughArgs, path: &Path) -> Result<FinishedRun, Failure> {
    let mut observers = live::observers(args.load.keep.live(), &context.plan)?;
    observers.push(Journal::new(context, path));
    observers.push(GateAbortObserver::new(&context.plan)?);
    Ok(once(context, &mut Through::heard_by(say), &mut observers)?)
}
