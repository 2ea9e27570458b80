//! `smppbench calibrate N PROFILE`: the same run N times. How much each figure varies by itself is the noise floor,
//! below which no gate can decide; it is saved with the figures in a baseline, a file that people commit.
use super::args::CalibrateArgs;
use super::exit::{Exit, Failure, put, put_octets, say, talk};
use super::run_context::{RunContext, check_total};
use super::run_once::{VerbResult, is_inconclusive, once};
use super::{folder, live, run_files, verdict};
use crate::judge::Baseline;
use crate::kit::words;
use crate::plan::Plan;
use crate::report::Saved;
use crate::trial::Tcp;
use crate::trial::duel::block_plan;
use std::path::{Path, PathBuf};

/// Flags that have an effect here; all but the first only with --out.
const KEPT: [&str; 3] = ["--live tui", "--show-content", "--trace"];
/// Resamples of the error within a run.
const RESAMPLES: usize = 2_000;

/// Runs the verb.
pub(super) fn run(args: &CalibrateArgs) -> Result<Exit, Failure> {
    let out = args.load.keep.out.as_deref();
    folder::clear(out)?;
    let effect: &[&str] = if out.is_some() { &KEPT } else { &KEPT[..1] };
    args.load.keep.without_effect("calibrate", effect).iter().for_each(talk);
    let context = RunContext::from_args(&format!("calibrate {}", args.runs), &args.load, &[])?;
    check_total(&[&context.plan], u64::from(args.runs), &format!("{} runs", args.runs))?;
    let path = args.output.clone().unwrap_or_else(|| default_path(&context.plan));
    if path.exists() && !args.replace {
        let path = path.display();
        return Err(Failure::usage(format!(
            "{path}: the file exists; overwrite it with --replace"
        )));
    }
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    [Some(parent), out].into_iter().flatten().try_for_each(folder::writable)?;
    let runs = match measure(&context, args)? {
        MeasuredRuns::Whole(runs) => runs,
        MeasuredRuns::Cut(ended) => return ended,
    };
    let baseline = Baseline::of(&verdict::evidence(&runs)?, RESAMPLES, context.plan.seed)?;
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

/// All runs; one that ended early ends the calibration.
enum MeasuredRuns {
    Whole(Vec<Saved>),
    Cut(VerbResult),
}

fn measure(context: &RunContext, args: &CalibrateArgs) -> Result<MeasuredRuns, Failure> {
    let mut runs = Vec::new();
    for number in 1..=args.runs as usize {
        say(&format!("run {number} of {}", args.runs));
        let block =
            context.for_block(block_plan(&context.plan, number - 1), &format!("{number:02}"));
        let mut observers = live::observers(args.load.keep.live(), &block.plan)?;
        let done = once(&block, &mut Tcp::default(), &mut observers)?;
        drop(observers);
        if let Some(ended) = done.ended_early() {
            return Ok(MeasuredRuns::Cut(ended));
        }
        let saved = done.saved(&block);
        if let Some(out) = &args.load.keep.out {
            run_files::write_one_of_several(
                &saved,
                &done.record,
                &out.join(format!("{number:02}")),
            )?;
        }
        runs.push(saved);
    }
    Ok(MeasuredRuns::Whole(runs))
}

fn shown(baseline: &Baseline, path: &Path) -> String {
    let mut text = format!(
        "smppbench calibrate  {} runs kept in {}\n\n",
        baseline.side.runs.len(),
        path.display()
    );
    text += "  how far one more run of the same profile may differ by noise alone:\n";
    for noise in &baseline.noise {
        if let Some(floor) = noise.floor {
            text += &format!("  {:<28}{:>9}\n", noise.name, words::percent_up(floor));
        }
    }
    text + "\n  A gate against this baseline that allows less is UNDECIDED.\n"
}
