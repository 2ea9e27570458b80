//! `smppbench duel`: two sides measured by one generator, in blocks that alternate or at the same time, and compared
//! pair by pair. For receipt times of two routes, accounts or builds.
use super::args::{DuelArgs, KeepArgs};
use super::exit::{Exit, Failure, say, warn};
use super::facts::Facts;
use super::fleet::{self, AnyTrial};
use super::folder::{self, RunFolder};
use super::once::{Done, Ended, HostMeter, once};
use super::{kept, live, verdict};
use crate::coordinator::RunError;
use crate::judge::compare;
use crate::measure::RunRecord;
use crate::plan::{self, DuelSide, Overrides, Plan, Schedule, Source};
use crate::report::Saved;
use crate::trial::Trial;
use crate::trial::duel::{block_plan, order, simultaneous};
use std::path::Path;

/// Both sides, resolved.
struct Sides {
    a: Facts,
    b: Facts,
}

impl Sides {
    fn facts(&self, side: DuelSide) -> &Facts {
        match side {
            DuelSide::A => &self.a,
            DuelSide::B => &self.b,
        }
    }

    /// Names the duel.
    fn id(&self) -> String {
        let stamp = self.a.id.rsplit('-').next().unwrap_or_default();
        format!("{}-duel-{stamp}", self.a.plan.name)
    }
}

/// Runs the verb.
pub(super) fn run(args: &DuelArgs) -> Result<Exit, Failure> {
    folder::clear(args.load.keep.out.as_deref())?;
    let settings = verdict::settings(&args.min_effect, &args.primary)?;
    let sides = sides(args)?;
    let folder = RunFolder::open(args.load.keep.out.as_deref(), &sides.id())?;
    let measured = measured(&sides, folder.path(), args);
    let Measured { a, b, ended } = measured.inspect_err(|_| folder.abandon())?;
    let pairs = a.len().min(b.len());
    if pairs == 0 {
        let why = "no pair of blocks was measured";
        return ended.unwrap_or_else(|| Err(Failure::Of(Exit::EndedEarly, why.to_owned())));
    }
    let (a, b) = trusted_pairs(&a[..pairs], &b[..pairs]);
    let evidence = (verdict::evidence(&a)?, verdict::evidence(&b)?);
    let comparison = compare::compare_paired(&evidence.0, &evidence.1, &settings)?;
    let shown = verdict::show(&comparison, (&a, &b), Some(folder.path()), args.load.keep.json);
    if let Some(ended) = ended {
        return ended;
    }
    shown?;
    Ok(match verdict::gate(&comparison) {
        exit if args.gate => exit,
        Exit::NotTrustworthy if args.load.keep.strict => Exit::NotTrustworthy,
        _ => Exit::Done,
    })
}

fn measured(sides: &Sides, path: &Path, args: &DuelArgs) -> Result<Measured, Failure> {
    let mut field = fleet::field(&args.fleet, &sides.a.plan)?;
    if args.simultaneous {
        Ok(at_once(sides, path, args, &field)?)
    } else {
        Ok(in_blocks(sides, path, args, &mut field)?)
    }
}

/// Loads and checks both sides; the guard counts the whole duel.
fn sides(args: &DuelArgs) -> Result<Sides, Failure> {
    let (source, overrides) = args.load.source();
    let one = |side: DuelSide, settings: &[String]| {
        one_side(&source, &overrides, side, settings, &args.load.keep)
    };
    let (a, b) = (one(DuelSide::A, &args.a)?, one(DuelSide::B, &args.b)?);
    let runs = if args.simultaneous { 1 } else { u64::from(args.blocks) };
    guard(&[&a.plan, &b.plan], runs)?;
    Ok(Sides { a, b })
}

fn one_side(
    source: &Source,
    overrides: &Overrides,
    side: DuelSide,
    settings: &[String],
    keep: &KeepArgs,
) -> Result<Facts, Failure> {
    let plan = plan::load_side(source, overrides, side, settings)?;
    let plan = Plan { trace_failed: keep.trace, ..plan };
    let mut repro = plan::repro("duel", source, overrides, &plan);
    for setting in settings {
        let shown = plan::shown_setting(setting).replace('\'', r"'\''");
        repro += &format!(" --{} '{shown}'", side.name());
    }
    Facts::of(plan, repro, keep.show_content)
}

/// What both sides send over all their runs must stay within the guard of either.
fn guard(plans: &[&Plan], runs: u64) -> Result<(), Failure> {
    let mut messages = 0u64;
    for plan in plans {
        let schedule = Schedule::new(&plan.stages, plan.load.arrival, plan.seed);
        messages += schedule.map_err(Failure::usage)?.len().saturating_mul(runs);
    }
    match plans.iter().filter_map(|plan| plan.guard.messages_max).min() {
        Some(max) if messages > max => Err(Failure::usage(format!(
            "guard.messages_max: the duel would send {messages} submit_sm in all, more than {max}; \
             raise --max-messages, or take fewer or shorter blocks"
        ))),
        Some(_) | None => Ok(()),
    }
}

/// Runs by side, in the order of their pairs; and how it ended, where not as planned.
struct Measured {
    a: Vec<Saved>,
    b: Vec<Saved>,
    ended: Option<Ended>,
}

impl Measured {
    fn none() -> Measured {
        Measured { a: Vec::new(), b: Vec::new(), ended: None }
    }

    fn side(&mut self, side: DuelSide) -> &mut Vec<Saved> {
        match side {
            DuelSide::A => &mut self.a,
            DuelSide::B => &mut self.b,
        }
    }
}

fn in_blocks(
    sides: &Sides,
    path: &Path,
    args: &DuelArgs,
    field: &mut AnyTrial,
) -> Result<Measured, RunError> {
    let order = order(args.blocks as usize, sides.a.plan.seed);
    let mut measured = Measured::none();
    for (number, side) in order.iter().enumerate() {
        say(&format!("block {} of {}: side {}", number + 1, order.len(), side.name()));
        let pair = measured.side(*side).len();
        match block(sides, *side, pair, path, args, field) {
            Ok((saved, None)) => measured.side(*side).push(saved),
            Ok((_, ended)) => {
                measured.ended = ended;
                return Ok(measured);
            }
            // what was measured before a side went away is still worth comparing
            Err(e) if number >= 2 => {
                measured.ended = Some(Err(e.into()));
                return Ok(measured);
            }
            Err(e) => return Err(e),
        }
    }
    measure_again(sides, path, args, field, &mut measured);
    Ok(measured)
}

/// One block of a side, kept in its folder; and how it ended, where not as planned.
fn block(
    sides: &Sides,
    side: DuelSide,
    pair: usize,
    path: &Path,
    args: &DuelArgs,
    field: &mut AnyTrial,
) -> Result<(Saved, Option<Ended>), RunError> {
    let facts = sides.facts(side);
    let block = facts.again(block_plan(&facts.plan, pair), &block_name(side, pair + 1));
    let result = {
        let mut observers = live::observers(args.load.keep.live, &block.plan)?;
        once(&block, field, &mut observers)?
    };
    let saved = result.saved(&block);
    keep(path, side, pair + 1, &saved, &result.record);
    Ok((saved, result.cut()))
}

/// A pair in which the harness did not keep up is measured again: each once, no more than half of all pairs, and
/// only as far as the guard allows.
fn measure_again(
    sides: &Sides,
    path: &Path,
    args: &DuelArgs,
    field: &mut AnyTrial,
    measured: &mut Measured,
) {
    let pairs = measured.a.len().min(measured.b.len());
    let late = (0..pairs).filter(|n| !kept_up(&measured.a[*n]) || !kept_up(&measured.b[*n]));
    let late: Vec<usize> = late.take(pairs.div_ceil(2)).collect();
    for (count, pair) in late.into_iter().enumerate() {
        let runs = u64::from(args.blocks) + count as u64 + 1;
        if guard(&[&sides.a.plan, &sides.b.plan], runs).is_err() {
            return;
        }
        say(&format!("pair {} again: the harness did not keep up", pair + 1));
        for side in [DuelSide::A, DuelSide::B] {
            match block(sides, side, pair, path, args, field) {
                Ok((saved, None)) => measured.side(side)[pair] = saved,
                Ok((_, ended)) => {
                    measured.ended = ended;
                    return;
                }
                Err(e) => {
                    measured.ended = Some(Err(e.into()));
                    return;
                }
            }
        }
    }
}

fn at_once(
    sides: &Sides,
    path: &Path,
    args: &DuelArgs,
    field: &AnyTrial,
) -> Result<Measured, RunError> {
    let mut trials = [field.again(), field.again()];
    let host = HostMeter::start();
    let records = {
        let mut observers = live::observers(args.load.keep.live, &sides.a.plan)?;
        simultaneous(&mut trials, [&sides.a.plan, &sides.b.plan], &mut observers)?
    };
    let host = host.stop();
    let mut measured = Measured::none();
    let all = [DuelSide::A, DuelSide::B].into_iter().zip(records).zip(&trials);
    for ((side, record), trial) in all {
        let facts = sides.facts(side);
        let facts = facts.again(facts.plan.clone(), &block_name(side, 1));
        let result = Done::of(&facts, record, trial.tally(), &host);
        let saved = result.saved(&facts);
        keep(path, side, 1, &saved, &result.record);
        measured.ended = measured.ended.or_else(|| result.cut());
        measured.side(side).push(saved);
    }
    Ok(measured)
}

/// The pairs in which the harness kept up. All of them where it never did: the comparison says what follows.
fn trusted_pairs(a: &[Saved], b: &[Saved]) -> (Vec<Saved>, Vec<Saved>) {
    let kept: Vec<usize> = (0..a.len()).filter(|n| kept_up(&a[*n]) && kept_up(&b[*n])).collect();
    if kept.is_empty() {
        return (a.to_vec(), b.to_vec());
    }
    for left_out in (0..a.len()).filter(|n| !kept.contains(n)) {
        warn(format!("pair {} is left out: the harness did not keep up", left_out + 1));
    }
    let of = |side: &[Saved]| kept.iter().map(|n| side[*n].clone()).collect();
    (of(a), of(b))
}

fn kept_up(saved: &Saved) -> bool {
    saved.document.verdict.allows_headline()
}

/// `a-01`.
fn block_name(side: DuelSide, number: usize) -> String {
    format!("{}-{number:02}", side.name())
}

/// Keeps a block: what `compare` and `render` need of it. The duel goes on where it cannot be written.
fn keep(path: &Path, side: DuelSide, number: usize, saved: &Saved, record: &RunRecord) {
    let kept = kept::one_of_several(saved, record, &path.join(block_name(side, number)));
    if let Err(e) = kept {
        warn(e);
    }
}
