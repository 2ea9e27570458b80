//! `smppbench duel`: two sides measured by one generator, in blocks that alternate or at the same time, and compared
//! pair by pair. For receipt times of two routes, accounts or builds.
use super::args::DuelArgs;
use super::blocks::{Blocks, MeasuredPairs, SideTrials, Sides, conclude};
use super::exit::{Exit, Failure};
use super::fleet::{self, AnyTrial};
use super::folder::{self, RunFolder};
use super::run_context::RunContext;
use super::run_once::{FinishedRun, HostMeter};
use super::{live, verdict};
use crate::coordinator::RunError;
use crate::kit::words;
use crate::plan::{self, DuelSide, Overrides, Plan, Source};
use crate::trial::Trial;
use crate::trial::duel::simultaneous;
use std::path::Path;

/// Runs the verb.
pub(super) fn run(args: &DuelArgs) -> Result<Exit, Failure> {
    folder::clear(args.load.keep.out.as_deref())?;
    let settings = verdict::settings(&args.min_effect, &args.primary)?;
    let sides = sides(args)?;
    let folder = RunFolder::open(args.load.keep.out.as_deref(), &sides.id("duel"))?;
    let measured = measured(&sides, folder.path(), args);
    let measured = measured.inspect_err(|_| folder.abandon())?;
    conclude(&sides, measured, &settings, folder.path(), (&args.load.keep, args.gate))
}

fn measured(sides: &Sides, path: &Path, args: &DuelArgs) -> Result<MeasuredPairs, Failure> {
    let mut trial = fleet::trial(&args.fleet, &sides.a.plan)?;
    if args.simultaneous {
        return Ok(at_once(sides, path, args, &trial)?);
    }
    let live = args.load.keep.live();
    let trials = SideTrials::Both(&mut trial);
    Ok(Blocks { sides, path, live, count: args.blocks, trials }.in_turns()?)
}

/// Loads and checks both sides; the guard counts the whole duel.
fn sides(args: &DuelArgs) -> Result<Sides, Failure> {
    let (source, overrides) = args.load.source();
    let one = |side: DuelSide, settings: &[String]| {
        let plan = plan::load_side(&source, &overrides, side, settings)?;
        one_side(plan, &source, &overrides, args)
    };
    let sides = Sides {
        a: one(DuelSide::A, &args.a)?,
        b: one(DuelSide::B, &args.b)?,
        names: [DuelSide::A.name(), DuelSide::B.name()],
        guarded: &[DuelSide::A, DuelSide::B],
        apart: &[],
    };
    sides.check_total(if args.simultaneous { 1 } else { u64::from(args.blocks) }, "the duel")?;
    Ok(sides)
}

/// A side; its command makes the whole duel again.
fn one_side(
    plan: Plan,
    source: &Source,
    overrides: &Overrides,
    args: &DuelArgs,
) -> Result<RunContext, Failure> {
    let keep = &args.load.keep;
    let plan = Plan { trace_failed: keep.trace, ..plan };
    let mut repro = plan::repro("duel", source, &overrides.shown(keep.show_content), &plan);
    repro += &if args.simultaneous {
        " --simultaneous".to_owned()
    } else {
        format!(" --blocks {}", args.blocks)
    };
    for (side, settings) in [(DuelSide::A, &args.a), (DuelSide::B, &args.b)] {
        for setting in settings {
            let shown = words::in_quotes(&plan::shown_setting(setting));
            repro += &format!(" --{} {shown}", side.name());
        }
    }
    RunContext::of(plan, repro, keep.show_content)
}

/// Both sides at the same time, once.
fn at_once(
    sides: &Sides,
    path: &Path,
    args: &DuelArgs,
    trial: &AnyTrial,
) -> Result<MeasuredPairs, RunError> {
    let plans = [&sides.a.plan, &sides.b.plan];
    let mut trials = [trial.again(), trial.again()];
    let host = HostMeter::start();
    let records = {
        let mut observers = live::observers(args.load.keep.live(), plans[0])?;
        simultaneous(&mut trials, plans, &mut observers)?
    };
    let host = host.stop();
    let mut measured = MeasuredPairs::default();
    let all = [DuelSide::A, DuelSide::B].into_iter().zip(records).zip(&trials);
    for ((side, record), trial) in all {
        let context = sides.context(side);
        let context = context.for_block(context.plan.clone(), &sides.block_name(side, 1));
        let result = FinishedRun::of(&context, record, trial.tally(), &host);
        let saved = result.saved(&context);
        sides.keep((side, 1), path, &saved, &result.record);
        measured.ended = measured.ended.or_else(|| result.ended_early());
        measured.side(side).push(saved);
    }
    Ok(measured)
}
