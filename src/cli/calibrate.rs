//! `smppbench calibrate N PROFILE`: the same run N times. How much each figure differs by itself is the noise floor, below
//! which no gate can hold; it is kept with the figures in a baseline, a file that people commit.
use super::args::CalibrateArgs;
use super::exit::{Exit, Failure, put, put_octets, say, talk};
use super::facts::{Facts, within_guard};
use super::once::{Ended, is_inconclusive, once};
use super::{folder, kept, live, verdict};
use crate::judge::Baseline;
use crate::kit::words;
use crate::plan::Plan;
use crate::report::Saved;
use crate::trial::Tcp;
use crate::trial::duel::block_plan;
use std::path::{Path, PathBuf};

/// Flags that have an effect here; all but the first where the runs are kept.
const KEPT: [&str; 3] = ["--live tui", "--show-content", "--trace"];
/// Resamples of the error within a run.
const RESAMPLES: usize = 2_000;

/// Runs the verb.
pub(super) fn run(args: &CalibrateArgs) -> Result<Exit, Failure> {
    let out = args.load.keep.out.as_deref();
    folder::clear(out)?;
    let effect: &[&str] = if out.is_some() { &KEPT } else { &KEPT[..1] };
    args.load.keep.without_effect("calibrate", effect).iter().for_each(talk);
    let facts = Facts::load("calibrate", &args.load)?;
    within_guard(&[&facts.plan], u64::from(args.runs), &format!("{} runs", args.runs))?;
    let path = args.output.clone().unwrap_or_else(|| default_path(&facts.plan));
    if path.exists() && !args.replace {
        let path = path.display();
        return Err(Failure::usage(format!(
            "{path}: the file exists; overwrite it with --replace"
        )));
    }
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    [Some(parent), out].into_iter().flatten().try_for_each(folder::writable)?;
    let runs = match measure(&facts, args)? {
        Measured::Whole(runs) => runs,
        Measured::Cut(ended) => return ended,
    };
    let baseline = Baseline::of(&verdict::evidence(&runs)?, RESAMPLES, facts.plan.seed)?;
    folder::write(&path, &baseline.to_json())?;
    if args.load.keep.json {
        put_octets(&baseline.to_json())?;
    } else {
        put(&shown(&baseline, &path))?;
    }
    let inconclusive = runs.iter().any(|run| is_inconclusive(run.document.verdict.outcome));
    Ok(if args.load.keep.strict && inconclusive { Exit::NotTrustworthy } else { Exit::Done })
}

fn default_path(plan: &Plan) -> PathBuf {
    Path::new("reports/baseline").join(format!("{}.json", plan.name))
}

/// All runs; a baseline of runs that were cut would be none.
enum Measured {
    Whole(Vec<Saved>),
    Cut(Ended),
}

fn measure(facts: &Facts, args: &CalibrateArgs) -> Result<Measured, Failure> {
    let mut runs = Vec::new();
    for number in 1..=args.runs as usize {
        say(&format!("run {number} of {}", args.runs));
        let again = facts.again(block_plan(&facts.plan, number - 1), &format!("{number:02}"));
        let mut observers = live::observers(args.load.keep.live, &again.plan)?;
        let done = once(&again, &mut Tcp::default(), &mut observers)?;
        drop(observers);
        if let Some(ended) = done.cut() {
            return Ok(Measured::Cut(ended));
        }
        let saved = done.saved(&again);
        if let Some(out) = &args.load.keep.out {
            kept::one_of_several(&saved, &done.record, &out.join(format!("{number:02}")))?;
        }
        runs.push(saved);
    }
    Ok(Measured::Whole(runs))
}

fn shown(baseline: &Baseline, path: &Path) -> String {
    let mut text = format!(
        "smppbench calibrate  {} runs kept in {}\n\n",
        baseline.side.runs.len(),
        path.display()
    );
    text += "  how far one further run of the same thing may be from these, by itself:\n";
    for noise in &baseline.noise {
        if let Some(floor) = noise.floor {
            text += &format!("  {:<28}{:>9}\n", noise.name, words::percent(floor));
        }
    }
    text + "\n  A gate against this baseline that allows less is refused as undecidable.\n"
}
