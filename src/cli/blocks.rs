//! Two sides measured in blocks that alternate, and compared pair by pair: a duel, and the overhead of a gateway.
use super::args::{KeepArgs, Live};
use super::exit::{Exit, Failure, say, warn};
use super::run_context::{RunContext, check_total};
use super::run_once::{VerbResult, once};
use super::{live, run_files, verdict};
use crate::coordinator::RunError;
use crate::judge::compare::{self, Settings};
use crate::measure::RunRecord;
use crate::plan::{DuelSide, Plan};
use crate::report::Saved;
use crate::trial::Trial;
use crate::trial::duel::{block_plan, order};
use std::path::Path;

/// Both sides, with their resolved plans.
pub(super) struct Sides {
    pub(super) a: RunContext,
    pub(super) b: RunContext,
    /// What the runs of each side are named; reports call the sides by it.
    pub(super) names: [&'static str; 2],
    /// The sides whose messages the guard counts.
    pub(super) guarded: &'static [DuelSide],
    /// Sections of the profile in which the sides differ by what they are: such differences are not told.
    pub(super) apart: &'static [&'static str],
}

impl Sides {
    pub(super) fn context(&self, side: DuelSide) -> &RunContext {
        match side {
            DuelSide::A => &self.a,
            DuelSide::B => &self.b,
        }
    }

    const fn name(&self, side: DuelSide) -> &'static str {
        match side {
            DuelSide::A => self.names[0],
            DuelSide::B => self.names[1],
        }
    }

    /// `a-01`.
    pub(super) fn block_name(&self, side: DuelSide, number: usize) -> String {
        format!("{}-{number:02}", self.name(side))
    }

    /// Whether the guard allows what its sides send in `runs` runs of each. `label`: what sends it.
    pub(super) fn check_total(&self, runs: u64, label: &str) -> Result<(), Failure> {
        let plans: Vec<&Plan> = self.guarded.iter().map(|side| &self.context(*side).plan).collect();
        check_total(&plans, runs, label)
    }

    /// Whether the sides differ in this key by what they are.
    fn is_apart(&self, key: &str) -> bool {
        let key = key.strip_prefix("profile.").unwrap_or(key);
        self.apart.iter().any(|section| key.split('.').next() == Some(section))
    }

    /// Names the whole, as `kind`.
    pub(super) fn id(&self, kind: &str) -> String {
        let stamp = self.a.id.rsplit('-').next().unwrap_or_default();
        format!("{}-{kind}-{stamp}", self.a.plan.name)
    }

    /// Keeps a block: what `compare` and `render` need of it. The rest goes on where it cannot be written.
    pub(super) fn keep(
        &self,
        (side, number): (DuelSide, usize),
        path: &Path,
        saved: &Saved,
        record: &RunRecord,
    ) {
        let path = path.join(self.block_name(side, number));
        if let Err(e) = run_files::write_one_of_several(saved, record, &path) {
            warn(e);
        }
    }
}

/// What runs the blocks.
pub(super) enum SideTrials<'a> {
    /// Those of both sides.
    Both(&'a mut dyn Trial),
    /// Those of each side.
    Each([&'a mut dyn Trial; 2]),
}

impl SideTrials<'_> {
    fn of(&mut self, side: DuelSide) -> &mut dyn Trial {
        match (self, side) {
            (SideTrials::Both(trial), DuelSide::A | DuelSide::B) => &mut **trial,
            (SideTrials::Each([a, _]), DuelSide::A) => &mut **a,
            (SideTrials::Each([_, b]), DuelSide::B) => &mut **b,
        }
    }
}

/// Runs by side, in the order of their pairs; and how the duel ended, where not as planned.
#[derive(Default)]
pub(super) struct MeasuredPairs {
    pub(super) a: Vec<Saved>,
    pub(super) b: Vec<Saved>,
    pub(super) ended: Option<VerbResult>,
}

impl MeasuredPairs {
    pub(super) fn side(&mut self, side: DuelSide) -> &mut Vec<Saved> {
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

/// Blocks of both sides in turns.
pub(super) struct Blocks<'a> {
    pub(super) sides: &'a Sides,
    pub(super) path: &'a Path,
    pub(super) live: Live,
    /// Blocks of each side.
    pub(super) count: u32,
    pub(super) trials: SideTrials<'a>,
}

impl Blocks<'_> {
    pub(super) fn in_turns(&mut self) -> Result<MeasuredPairs, RunError> {
        let order = order(self.count as usize, self.sides.a.plan.seed);
        let mut measured = MeasuredPairs::default();
        for (number, side) in order.iter().enumerate() {
            say(&format!(
                "block {} of {}: side {}",
                number + 1,
                order.len(),
                self.sides.name(*side)
            ));
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
        let block = context
            .for_block(block_plan(&context.plan, pair), &self.sides.block_name(side, pair + 1));
        let result = {
            let mut observers = live::observers(self.live, &block.plan)?;
            once(&block, self.trials.of(side), &mut observers)?
        };
        let saved = result.saved(&block);
        self.sides.keep((side, pair + 1), self.path, &saved, &result.record);
        Ok((saved, result.ended_early()))
    }

    /// Measures pairs again; how a block ended, where not as planned.
    fn measure_again(
        &mut self,
        measured: &mut MeasuredPairs,
    ) -> Result<Option<VerbResult>, RunError> {
        let allows = |runs| self.sides.check_total(runs, "all blocks").is_ok();
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
}

/// Compares what was measured, prints and saves the comparison, and says how the command ends. `gates`: whether the verdict
/// is a gate.
///
/// # Errors
/// Nothing was measured, or the comparison cannot be made or written.
pub(super) fn conclude(
    sides: &Sides,
    measured: MeasuredPairs,
    settings: &Settings,
    path: &Path,
    (keep, gates): (&KeepArgs, bool),
) -> VerbResult {
    let MeasuredPairs { a, b, ended } = measured;
    let pairs = a.len().min(b.len());
    if pairs == 0 {
        let why = "no pair of blocks was measured";
        return ended.unwrap_or_else(|| Err(Failure::Of(Exit::EndedEarly, why.to_owned())));
    }
    let (a, b) = trusted_pairs(&a[..pairs], &b[..pairs]);
    let evidence = (verdict::evidence(&a)?, verdict::evidence(&b)?);
    let mut comparison = compare::compare_paired(&evidence.0, &evidence.1, settings)?;
    comparison.differences.retain(|differs| !sides.is_apart(&differs.key));
    let shown = verdict::show(&comparison, (&a, &b), Some(path), keep.json);
    if let Some(ended) = ended {
        return ended;
    }
    shown?;
    Ok(match verdict::gate(&comparison) {
        exit if gates => exit,
        Exit::NotTrustworthy if keep.strict => Exit::NotTrustworthy,
        _ => Exit::Done,
    })
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
