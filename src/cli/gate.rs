//! `smppbench gate`: checks saved runs against gates.
use super::args::GateArgs;
use super::exit::{Exit, Failure, put};
use super::run_context::RunContext;
use super::run_once::{FinishedRun, exit_of_gates};
use super::{folder, github, load, run_files, verdict};
use crate::judge::compare::{self, Comparison, RunSet, Settings};
use crate::judge::{Baseline, GateOutcome, GateResult, RelativeGate};
use crate::kit::words;
use crate::plan;
use crate::report::{self, Saved};
use serde_json::{Value, json};
use std::path::PathBuf;

/// A gate as it is written: metric and expression.
type WrittenGate = (String, Value);

/// Runs the verb.
pub(super) fn run(args: &GateArgs) -> Result<Exit, Failure> {
    // old files would look like the outcome of gates that cannot be decided
    if let Some(out) = &args.out {
        folder::clear_names(out, folder::GATE)?;
    }
    let decided = decide(args)?;
    let shown = put(&if args.json { as_json(&decided) } else { as_text(&decided) });
    publish(args, &decided)?;
    shown?;
    Ok(exit_of_gates(decided.iter().flat_map(|d| &d.gates).map(|gate| gate.outcome)))
}

/// One run with the outcomes of its gates; relative gates are decided for all runs together, and are with the last.
struct DecidedRun {
    saved: Saved,
    gates: Vec<GateResult>,
}

fn decide(args: &GateArgs) -> Result<Vec<DecidedRun>, Failure> {
    let runs = load::all(&args.results)?;
    let written = written(args, &runs)?;
    if written.is_empty() {
        let why = "no gates: give --gate 'METRIC < LIMIT' or --gates FILE.toml, or runs of a profile with [gates]";
        return Err(Failure::usage(why));
    }
    let (mut fixed, mut relative): (Vec<WrittenGate>, Vec<RelativeGate>) = (Vec::new(), Vec::new());
    for (name, value) in written {
        match RelativeGate::read(&name, &value).map_err(Failure::usage)? {
            Some(gate) => relative.push(gate),
            None => fixed.push((name, value)),
        }
    }
    let base = if relative.is_empty() { None } else { Base::load(&args.baseline)? };
    let comparison = base.as_ref().map(|base| base.compare(&runs)).transpose()?;
    let mut decided = Vec::new();
    for saved in runs {
        let input = saved.gate_input(&fixed).map_err(Failure::usage)?;
        input.check(&fixed).map_err(Failure::usage)?;
        let gates = input.evaluate(&fixed);
        decided.push(DecidedRun { saved, gates });
    }
    if let Some(last) = decided.last_mut() {
        let decide = |gate| decide_relative(gate, base.as_ref(), comparison.as_ref());
        last.gates.extend(relative.iter().map(decide));
    }
    Ok(decided)
}

/// The gates of the file or else of the runs' profile, with those of flags beside them or, for the same metric, instead.
fn written(args: &GateArgs, runs: &[Saved]) -> Result<Vec<WrittenGate>, Failure> {
    let mut gates = match &args.gates {
        Some(path) => plan::load_gates(path)?,
        None => own_gates(runs)?,
    };
    let (flags, mistakes) = plan::read_gates(&args.gate);
    if !mistakes.is_empty() {
        return Err(Failure::Mistakes(mistakes.iter().map(ToString::to_string).collect()));
    }
    for (metric, limit) in flags {
        gates.retain(|(known, _)| known != metric);
        gates.push((metric.to_owned(), Value::String(limit.trim().to_owned())));
    }
    Ok(gates)
}

/// The gates of the runs' profile, which must be the same for all.
fn own_gates(runs: &[Saved]) -> Result<Vec<WrittenGate>, Failure> {
    let of = |saved: &Saved| -> Vec<WrittenGate> {
        let gates = saved.document.profile.get("gates").and_then(Value::as_object);
        gates.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let Some((first, rest)) = runs.split_first() else { return Ok(Vec::new()) };
    let gates = of(first);
    match rest.iter().find(|other| of(other) != gates) {
        Some(other) => Err(Failure::usage(format!(
            "{} and {} were made with different gates: give --gates FILE.toml",
            first.document.run.id, other.document.run.id
        ))),
        None => Ok(gates),
    }
}

/// The flags of a baseline, for the command that makes a run again.
pub(super) fn repro(paths: &[PathBuf]) -> String {
    let flag =
        |path: &PathBuf| format!(" --baseline {}", words::quoted(&path.display().to_string()));
    paths.iter().map(flag).collect()
}

/// What relative gates are held against: runs, or a baseline file with its noise.
pub(super) struct Base {
    runs: RunSet,
    kept: Option<Baseline>,
}

impl Base {
    /// Reads a baseline. None: no path is given.
    ///
    /// # Errors
    /// A file that cannot be read, or runs that differ.
    pub(super) fn load(paths: &[PathBuf]) -> Result<Option<Base>, Failure> {
        if paths.is_empty() {
            return Ok(None);
        }
        let kept = load::baseline(paths)?;
        let runs = match &kept {
            Some(kept) => kept.side.clone(),
            None => run_set(&load::all(paths)?)?,
        };
        Ok(Some(Base { runs, kept }))
    }

    /// Compares runs with it.
    ///
    /// # Errors
    /// Runs that cannot be compared with it.
    fn compare(&self, runs: &[Saved]) -> Result<Comparison, Failure> {
        Ok(compare::compare(&self.runs, &run_set(runs)?, &Settings::default())?)
    }

    /// Decides the gates of a run that name a baseline. A run that cannot be compared with it leaves them undecided, with the
    /// reason.
    pub(super) fn decide(&self, context: &RunContext, done: &mut FinishedRun) {
        let comparison = self.compare(&[done.saved(context)]);
        for ((name, value), result) in context.plan.gates.iter().zip(&mut done.gates) {
            let Ok(Some(relative)) = RelativeGate::read(name, value) else { continue };
            *result = decide_relative(&relative, Some(self), comparison.as_ref().ok());
            if let Err(why) = &comparison {
                result.why = Some(why.to_string());
            }
        }
    }
}

fn run_set(runs: &[Saved]) -> Result<RunSet, Failure> {
    let Settings { resamples, seed, .. } = Settings::default();
    Ok(RunSet::of(&verdict::evidence(runs)?, resamples, seed)?)
}

/// Decides a relative gate, and adds the baseline's value to its reason. Without a comparison it is undecided.
fn decide_relative(
    gate: &RelativeGate,
    base: Option<&Base>,
    comparison: Option<&Comparison>,
) -> GateResult {
    let noise = base.and_then(|base| base.kept.as_ref()?.noise(&gate.name));
    let mut decided = gate.decide(comparison, noise);
    let value = comparison.and_then(|c| c.metric(&gate.name)?.base);
    if let Some(value) = value.map(|value| format!("baseline {}", decided.unit.show(value))) {
        decided.why = Some(decided.why.map_or(value.clone(), |why| format!("{value}; {why}")));
    }
    decided
}

fn as_json(decided: &[DecidedRun]) -> String {
    let runs: Vec<Value> = decided
        .iter()
        .map(|d| json!({ "run": d.saved.document.run.id, "gates": d.gates }))
        .collect();
    format!("{}\n", json!({ "schema": "smppbench.gates/1", "runs": runs }))
}

fn as_text(decided: &[DecidedRun]) -> String {
    let mut text = String::new();
    for one in decided {
        if decided.len() > 1 {
            text += &format!("{}\n", report::printable(&one.saved.document.run.id));
        }
        text.extend(one.gates.iter().map(line));
    }
    let outcomes: Vec<GateOutcome> =
        decided.iter().flat_map(|d| &d.gates).map(|gate| gate.outcome).collect();
    format!("{text}\n  {}\n", report::gates_in_all(&outcomes))
}

/// Writes junit.xml and summary.md, for several runs into a folder each, and annotations in a job on GitHub.
fn publish(args: &GateArgs, decided: &[DecidedRun]) -> Result<(), Failure> {
    for (number, one) in decided.iter().enumerate() {
        let mut saved = one.saved.clone();
        saved.document.gates.clone_from(&one.gates);
        github::annotate(&saved.document.gates, &run_files::markdown(&saved));
        if let Some(out) = &args.out {
            let path = if decided.len() > 1 {
                out.join(format!("{:02}", number + 1))
            } else {
                out.clone()
            };
            folder::make(&path)?;
            folder::clear_names(&path, folder::GATE)?;
            run_files::write_formats(&saved, &path, &["junit", "markdown"])?;
        }
    }
    Ok(())
}

/// `pass       response.p99 < 50ms: 12.3 ms`.
fn line(gate: &GateResult) -> String {
    format!("  {:<9}  {}\n", gate.word(), report::printable(&gate.says()))
}
