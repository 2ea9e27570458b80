//! `smppbench calibrate N PROFILE`: the same run N times. How much each figure differs by itself is the noise floor, below
//! which no gate can hold; it is kept with the figures in a baseline, a file that people commit.
use super::args::CalibrateArgs;
use super::exit::{Exit, fail, put, put_octets, say};
use super::facts::Facts;
use super::once::{once, refuse};
use super::{folder, live};
use crate::judge::{self, Baseline, words};
use crate::plan::{self, Plan, Recipe, Schedule, Source};
use crate::report::Saved;
use crate::trial::Tcp;
use crate::trial::duel::block_plan;
use std::path::{Path, PathBuf};

/// Flags that have an effect here; all but the first where the runs are kept.
const KEPT: [&str; 3] = ["--live tui", "--show-content", "--trace"];
/// Resamples of the error within a run.
const RESAMPLES: usize = 2_000;

/// Runs the verb.
pub(super) fn run(args: &CalibrateArgs) -> Exit {
    if let Err(e) = folder::clear(args.keep.out.as_deref()) {
        return fail(Exit::Internal, &e);
    }
    let effect: &[&str] = if args.keep.out.is_some() { &KEPT } else { &KEPT[..1] };
    args.keep.without_effect("calibrate", effect).iter().for_each(|line| say(line));
    let facts = match facts(args) {
        Ok(facts) => facts,
        Err(e) => return fail(Exit::Usage, &e),
    };
    let path = args.output.clone().unwrap_or_else(|| default_path(&facts.plan));
    if path.exists() && !args.replace {
        let path = path.display();
        return fail(Exit::Usage, &format!("{path}: there is a baseline; --replace replaces it"));
    }
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folders = [Some(parent), args.keep.out.as_deref()];
    if let Err(e) = folders.into_iter().flatten().try_for_each(folder::writable) {
        return fail(Exit::Internal, &e);
    }
    let runs = match measure(&facts, args) {
        Ok(runs) => runs,
        Err(exit) => return exit,
    };
    let evidence: Result<Vec<_>, String> = runs.iter().map(Saved::evidence).collect();
    let made = evidence.and_then(|evidence| {
        Baseline::of(&evidence, RESAMPLES, facts.plan.seed).map_err(|e| e.to_string())
    });
    let baseline = match made {
        Ok(baseline) => baseline,
        Err(e) => return fail(Exit::Usage, &e),
    };
    if let Err(e) = folder::write(&path, &baseline.to_json()) {
        return fail(Exit::Internal, &e);
    }
    let shown = if args.keep.json {
        put_octets(&baseline.to_json())
    } else {
        put(&shown(&baseline, &path))
    };
    let inconclusive = args.keep.strict && !runs.iter().all(is_conclusive);
    shown.err().unwrap_or(if inconclusive { Exit::NotTrustworthy } else { Exit::Done })
}

fn facts(args: &CalibrateArgs) -> Result<Facts, String> {
    let source = Source::of(args.profile.clone());
    let overrides = args.keep.over(args.overrides.overrides());
    let plan = plan::load(&source, &overrides).map_err(|e| e.to_string())?;
    judge::check_gates(&plan)?;
    let recipe = Recipe::new(&plan).map_err(|e| e.to_string())?;
    let schedule = Schedule::new(&plan.stages, plan.load.arrival, plan.seed);
    let messages = schedule.map_err(|e| e.to_string())?.len().saturating_mul(u64::from(args.runs));
    if let Some(max) = plan.guard.messages_max.filter(|max| messages > *max) {
        return Err(format!(
            "guard.messages_max: {} runs would send {messages} submit_sm in all, more than {max}; raise --max-messages",
            args.runs
        ));
    }
    let repro = plan::repro("calibrate", &source, &overrides, &plan);
    let plan = Plan { trace_failed: args.keep.trace, ..plan };
    Ok(Facts::of(plan, &recipe, repro, args.keep.show_content))
}

fn default_path(plan: &Plan) -> PathBuf {
    Path::new("reports/baseline").join(format!("{}.json", plan.name))
}

fn measure(facts: &Facts, args: &CalibrateArgs) -> Result<Vec<Saved>, Exit> {
    let mut runs = Vec::new();
    for number in 1..=args.runs as usize {
        say(&format!("run {number} of {}", args.runs));
        let again = facts.again(block_plan(&facts.plan, number - 1), &format!("{number:02}"));
        let done = live::observers(args.keep.live, &again.plan)
            .and_then(|mut observers| once(&again, &mut Tcp::default(), &mut observers))
            .map_err(|e| refuse(&e))?;
        // a baseline of runs that were cut would be none
        if let Some(exit) = done.bug().or_else(|| done.cut()) {
            return Err(exit);
        }
        let saved = done.saved(&again);
        if let Some(out) = &args.keep.out {
            let path = out.join(format!("{number:02}"));
            folder::make(&path)
                .and_then(|()| super::run::keep(&saved, &path, &["json", "hlog"]))
                .and_then(|()| super::run::keep_exchanges(&done.record, &path))
                .map_err(|e| fail(Exit::Internal, &e))?;
        }
        runs.push(saved);
    }
    Ok(runs)
}

fn is_conclusive(run: &Saved) -> bool {
    use crate::judge::Outcome::{InconclusiveHarness, InconclusiveNoise};
    !matches!(run.document.verdict.outcome, Some(InconclusiveHarness | InconclusiveNoise))
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
