//! `smppbench through --overhead`: what a gateway adds. The direct way, to an SMSC of our own that behaves as `[upstream]`, and
//! the way through the gateway, in blocks that alternate, compared pair by pair.
use super::args::ThroughArgs;
use super::blocks::{Blocks, SideTrials, Sides, conclude};
use super::exit::{Exit, Failure, say, warn};
use super::folder::{self, RunFolder};
use super::run_context::{RunContext, check_total};
use super::verdict;
use crate::coordinator::RunError;
use crate::plan::{self, DuelSide, Plan, RunMarker};
use crate::trial::{Tcp, Through, direct};

/// Blocks of each side, unless told otherwise.
const BLOCKS: u32 = 6;

/// Runs the verb.
pub(super) fn run(args: &ThroughArgs) -> Result<Exit, Failure> {
    let keep = &args.load.keep;
    folder::clear(keep.out.as_deref())?;
    let settings = verdict::settings(&args.min_effect, &args.primary)?;
    let count = args.blocks.unwrap_or(BLOCKS);
    let (source, overrides) = args.load.source();
    let plan = plan::load(&source, &overrides)?;
    let plan = compared(Plan { trace_failed: keep.trace, ..plan });
    Through::check(&plan).map_err(RunError::Plan)?;
    let mut repro = plan::repro("through", &source, &overrides.shown(keep.show_content), &plan);
    repro += &format!(" --overhead --blocks {count}");
    // before the gateway is asked: what the guard does not allow is not begun
    check_total(&[&plan], u64::from(count), "all blocks")?;
    let mut through = Through::heard_by(say).staying_open();
    let marker = through.open(&plan)?;
    let sides = sides(&plan, marker, (&repro, keep.show_content))?;
    let folder = RunFolder::open(keep.out.as_deref(), &sides.id("overhead"))?;
    let mut directly = Tcp::default();
    let trials = SideTrials::Each([&mut directly, &mut through]);
    let blocks =
        Blocks { sides: &sides, path: folder.path(), live: keep.live(), count, trials }.in_turns();
    let measured = blocks.inspect_err(|_| folder.abandon())?;
    conclude(&sides, measured, &settings, folder.path(), (keep, false))
}

/// The plan without what does not belong to a comparison with the direct way.
fn compared(mut plan: Plan) -> Plan {
    let left_out = [("[gates]", plan.gates.is_empty()), ("[[events]]", plan.events.is_empty())];
    for (section, _) in left_out.iter().filter(|(_, is_empty)| !is_empty) {
        warn(format!("{section} is without effect with --overhead"));
    }
    plan.gates.clear();
    plan.events.clear();
    // the probes count too
    let probes = Through::probes_count(&plan);
    let most = plan.guard.messages_max.as_mut();
    most.into_iter().for_each(|most| *most = most.saturating_sub(probes));
    plan
}

fn sides(plan: &Plan, marker: RunMarker, (repro, shows): (&str, bool)) -> Result<Sides, Failure> {
    let of = |plan: Plan| RunContext::of(plan, repro.to_owned(), shows);
    let direct = direct(plan, marker.clone());
    let mut through = Plan { marker: Some(marker), ..plan.clone() };
    // as many either way, and said so
    through.load.workers = direct.load.workers;
    Ok(Sides {
        a: of(direct)?,
        b: of(through)?,
        names: ["direct", "through"],
        guarded: &[DuelSide::B],
        apart: &["target", "embedded", "upstream"],
    })
}
