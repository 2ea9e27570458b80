//! `smppbench calibrate N PROFILE`: the same run N times. How much each figure differs by itself is the noise floor, below
//! which no gate can hold; it is kept with the figures in a baseline, a file that people commit.
use super::args::CalibrateArgs;
use super::exit::{Exit, fail, print, say};
use super::facts::Facts;
use super::once::{once, refuse};
use super::{folder, live};
use crate::judge::{self, Baseline, words};
use crate::plan::{self, Plan, Recipe, Schedule, Source};
use crate::report::Saved;
use crate::trial::Tcp;
use crate::trial::duel::block_plan;
use std::path::{Path, PathBuf};

/// Resamples of the error within a run.
const RESAMPLES: usize = 2_000;

/// Runs the verb.
pub(super) fn run(args: &CalibrateArgs) -> Exit {
    let facts = match facts(args) {
        Ok(facts) => facts,
        Err(e) => return fail(Exit::Usage, &e),
    };
    let path = args.output.clone().unwrap_or_else(|| default_path(&facts.plan));
    if path.exists() && !args.replace {
        let path = path.display();
        return fail(Exit::Usage, &format!("{path}: there is a baseline; --replace replaces it"));
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
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    let written = parent.map_or(Ok(()), folder::make);
    if let Err(e) = written.and_then(|()| folder::write(&path, &baseline.to_json())) {
        return fail(Exit::Internal, &e);
    }
    print(&shown(&baseline, &path))
}

fn facts(args: &CalibrateArgs) -> Result<Facts, String> {
    let source = Source::of(args.profile.clone());
    let overrides = args.overrides.overrides();
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
    Ok(Facts::of(plan, &recipe, repro, false))
}

fn default_path(plan: &Plan) -> PathBuf {
    Path::new("reports/baseline").join(format!("{}.json", plan.name))
}

fn measure(facts: &Facts, args: &CalibrateArgs) -> Result<Vec<Saved>, Exit> {
    let mut runs = Vec::new();
    for number in 1..=args.runs as usize {
        say(&format!("run {number} of {}", args.runs));
        let again = facts.again(block_plan(&facts.plan, number - 1), &format!("{number:02}"));
        let done = live::observers(args.live, &again.plan)
            .and_then(|mut observers| once(&again, &mut Tcp::default(), &mut observers))
            .map_err(|e| refuse(&e))?;
        // a baseline of runs that were cut would be none
        if let Some(exit) = done.bug().or_else(|| done.cut()) {
            return Err(exit);
        }
        runs.push(done.saved(&again));
    }
    Ok(runs)
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
