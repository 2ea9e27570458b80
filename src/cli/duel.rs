//! `smppbench duel`: two sides measured by one generator, in blocks that alternate or at the same time, and compared
//! pair by pair. For receipt times of two routes, accounts or builds.
use super::args::{DuelArgs, KeepArgs};
use super::exit::{Exit, Failure, say, warn};
use super::fleet::{self, AnyTrial};
use super::folder::{self, RunFolder};
use super::run_context::{RunContext, check_total};
use super::run_once::{FinishedRun, HostMeter, VerbResult, once};
use super::{live, run_files, verdict};
use crate::coordinator::RunError;
use crate::judge::compare;
use crate::measure::RunRecord;
use crate::plan::{self, DuelSide, Overrides, Plan, Source};
use crate::report::Saved;
use crate::trial::Trial;
use crate::trial::duel::{block_plan, order, simultaneous};
use std::path::Path;

/// Both sides of a duel, with their resolved plans.
struct Sides {
    a: RunContext,
    b: RunContext,
}

impl Sides {
    fn context(&self, side: DuelSide) -> &RunContext {
        match side {
            DuelSide::A => &self.a,
            DuelSide::B => &self.b,
        }
    }

    /// Whether the guard of either side allows what both send in `runs` runs of each.
    fn check_total(&self, runs: u64) -> Result<(), Failure> {
        check_total(&[&self.a.plan, &self.b.plan], runs, "the duel")
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
    let MeasuredPairs { a, b, ended } = measured.inspect_err(|_| folder.abandon())?;
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

fn measured(sides: &Sides, path: &Path, args: &DuelArgs) -> Result<MeasuredPairs, Failure> {
    let trial = fleet::trial(&args.fleet, &sides.a.plan)?;
    let mut duel = Duel { sides, path, args, trial };
    let measured = if args.simultaneous { duel.at_once() } else { duel.in_blocks() };
    Ok(measured?)
}

/// Loads and checks both sides; the guard counts the whole duel.
fn sides(args: &DuelArgs) -> Result<Sides, Failure> {
    let (source, overrides) = args.load.source();
    let one = |side: DuelSide, settings: &[String]| {
        one_side(&source, &overrides, side, settings, &args.load.keep)
    };
    let sides = Sides { a: one(DuelSide::A, &args.a)?, b: one(DuelSide::B, &args.b)? };
    sides.check_total(if args.simultaneous { 1 } else { u64::from(args.blocks) })?;
    Ok(sides)
}

fn one_side(
    source: &Source,
    overrides: &Overrides,
    side: DuelSide,
    settings: &[String],
    keep: &KeepArgs,
) -> Result<RunContext, Failure> {
    let plan = plan::load_side(source, overrides, side, settings)?;
    let plan = Plan { trace_failed: keep.trace, ..plan };
    let mut repro = plan::repro("duel", source, &overrides.shown(keep.show_content), &plan);
    for setting in settings {
        let shown = plan::shown_setting(setting).replace('\'', r"'\''");
        repro += &format!(" --{} '{shown}'", side.name());
    }
    RunContext::of(plan, repro, keep.show_content)
}

/// Runs by side, in the order of their pairs; and how the duel ended, where not as planned.
#[derive(Default)]
struct MeasuredPairs {
    a: Vec<Saved>,
    b: Vec<Saved>,
    ended: Option<VerbResult>,
}

impl MeasuredPairs {
    fn side(&mut self, side: DuelSide) -> &mut Vec<Saved> {
        match side {
            DuelSide::A => &mut self.a,
            DuelSide::B => &mut self.b,
        }
    }

    /// By pair: whether the harness kept up on both sides.
    fn kept_up(&self) -> Vec<bool> {
        self.a.iter().zip(&self.b).map(|(a, b)| kept_up(a) && kept_up(b)).collect()
    }
}

/// A duel that is measured.
struct Duel<'a> {
    sides: &'a Sides,
    path: &'a Path,
    args: &'a DuelArgs,
    trial: AnyTrial,
}

impl Duel<'_> {
    fn in_blocks(&mut self) -> Result<MeasuredPairs, RunError> {
        let order = order(self.args.blocks as usize, self.sides.a.plan.seed);
        let mut measured = MeasuredPairs::default();
        for (number, side) in order.iter().enumerate() {
            say(&format!("block {} of {}: side {}", number + 1, order.len(), side.name()));
            let pair = measured.side(*side).len();
            match self.block(*side, pair) {
                Ok((saved, None)) => measured.side(*side).push(saved),
                Ok((_, ended)) => return Ok(MeasuredPairs { ended, ..measured }),
                // what was measured before a side failed is still worth comparing
                Err(e) if number >= 2 => {
                    return Ok(MeasuredPairs { ended: Some(Err(e.into())), ..measured });
                }
                Err(e) => return Err(e),
            }
        }
        measured.ended = self.measure_again(&mut measured).unwrap_or_else(|e| Some(Err(e.into())));
        Ok(measured)
    }

    /// One block of a side, kept in its folder; and how it ended, where not as planned.
    fn block(
        &mut self,
        side: DuelSide,
        pair: usize,
    ) -> Result<(Saved, Option<VerbResult>), RunError> {
        let context = self.sides.context(side);
        let block = context.for_block(block_plan(&context.plan, pair), &block_name(side, pair + 1));
        let result = {
            let mut observers = live::observers(self.args.load.keep.live(), &block.plan)?;
            once(&block, &mut self.trial, &mut observers)?
        };
        let saved = result.saved(&block);
        self.keep(side, pair + 1, &saved, &result.record);
        Ok((saved, result.ended_early()))
    }

    /// Measures pairs again; how a block ended, where not as planned.
    fn measure_again(
        &mut self,
        measured: &mut MeasuredPairs,
    ) -> Result<Option<VerbResult>, RunError> {
        let allows = |runs| self.sides.check_total(runs).is_ok();
        for pair in pairs_again(&measured.kept_up(), allows) {
            say(&format!("pair {} again: the harness did not keep up", pair + 1));
            for side in [DuelSide::A, DuelSide::B] {
                let (saved, ended) = self.block(side, pair)?;
                if ended.is_some() {
                    return Ok(ended);
                }
                measured.side(side)[pair] = saved;
            }
        }
        Ok(None)
    }

    fn at_once(&self) -> Result<MeasuredPairs, RunError> {
        let plans = [&self.sides.a.plan, &self.sides.b.plan];
        let mut trials = [self.trial.again(), self.trial.again()];
        let host = HostMeter::start();
        let records = {
            let mut observers = live::observers(self.args.load.keep.live(), plans[0])?;
            simultaneous(&mut trials, plans, &mut observers)?
        };
        let host = host.stop();
        let mut measured = MeasuredPairs::default();
        let all = [DuelSide::A, DuelSide::B].into_iter().zip(records).zip(&trials);
        for ((side, record), trial) in all {
            let context = self.sides.context(side);
            let context = context.for_block(context.plan.clone(), &block_name(side, 1));
            let result = FinishedRun::of(&context, record, trial.tally(), &host);
            let saved = result.saved(&context);
            self.keep(side, 1, &saved, &result.record);
            measured.ended = measured.ended.or_else(|| result.ended_early());
            measured.side(side).push(saved);
        }
        Ok(measured)
    }

    /// Keeps a block: what `compare` and `render` need of it. The duel goes on where it cannot be written.
    fn keep(&self, side: DuelSide, number: usize, saved: &Saved, record: &RunRecord) {
        let path = self.path.join(block_name(side, number));
        if let Err(e) = run_files::write_one_of_several(saved, record, &path) {
            warn(e);
        }
    }
}

/// The pairs to measure again, once each: those in which the harness did not keep up, in order, no more than half of
/// all pairs, and only while the guard `allows` that many runs of each side.
fn pairs_again(kept_up: &[bool], allows: impl Fn(u64) -> bool) -> Vec<usize> {
    let late = (0..kept_up.len()).filter(|pair| !kept_up[*pair]);
    let most = kept_up.len().div_ceil(2);
    let runs = kept_up.len() as u64 + 1..;
    late.take(most).zip(runs).take_while(|(_, runs)| allows(*runs)).map(|(pair, _)| pair).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_in_which_the_harness_did_not_keep_up_is_measured_again_once() {
        let any = |_| true;
        assert!(pairs_again(&[true; 6], any).is_empty());
        assert_eq!(pairs_again(&[true, false, true, true], any), [1]);
        assert_eq!(pairs_again(&[false, true, true, false], any), [0, 3]);
    }

    #[test]
    fn no_more_than_half_of_the_pairs_are_measured_again() {
        assert_eq!(pairs_again(&[false; 6], |_| true), [0, 1, 2]);
        assert_eq!(pairs_again(&[false; 5], |_| true), [0, 1, 2]);
        assert_eq!(pairs_again(&[false], |_| true), [0]);
    }

    #[test]
    fn pairs_are_measured_again_only_as_far_as_the_guard_allows() {
        let late = [false, true, false, false, true, true];
        for (runs_max, again) in [(6, vec![]), (7, vec![0]), (8, vec![0, 2]), (99, vec![0, 2, 3])] {
            assert_eq!(pairs_again(&late, |runs| runs <= runs_max), again, "{runs_max}");
        }
    }
}
