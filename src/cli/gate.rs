//! `smppbench gate`: saved runs held to gates.
use super::args::GateArgs;
use super::exit::{Exit, Failure, put};
use super::once::exit_of_gates;
use super::{folder, github, kept, load, verdict};
use crate::judge::compare::{self, Comparison, RunSet, Settings};
use crate::judge::{Baseline, GateOutcome, GateResult, RelativeGate};
use crate::plan;
use crate::report::document::GateRow;
use crate::report::{self, Saved};
use serde_json::{Value, json};
use std::path::PathBuf;

/// A gate as it is written: metric and expression.
type Written = (String, Value);

/// Runs the verb.
pub(super) fn run(args: &GateArgs) -> Result<Exit, Failure> {
    // what is there would pass for the outcome of gates that cannot be decided
    if let Some(out) = &args.out {
        folder::clear_names(out, folder::GATE)?;
    }
    let decided = decide(args)?;
    let shown = put(&if args.json { as_json(&decided) } else { as_text(&decided) });
    publish(args, &decided)?;
    shown?;
    Ok(exit_of_gates(decided.iter().flat_map(|d| &d.gates).map(|gate| gate.outcome)))
}

/// Outcomes of one run's gates; the relative ones are of all runs together and stand with the last.
struct Decided {
    saved: Saved,
    gates: Vec<GateResult>,
}

fn decide(args: &GateArgs) -> Result<Vec<Decided>, Failure> {
    let runs = load::all(&args.results)?;
    let written = match &args.gates {
        Some(path) => plan::load_gates(path)?,
        None => own_gates(&runs)?,
    };
    if written.is_empty() {
        let why = "there is no gate: give --gates FILE.toml, or runs of a profile with [gates]";
        return Err(Failure::usage(why));
    }
    let (mut fixed, mut relative): (Vec<Written>, Vec<RelativeGate>) = (Vec::new(), Vec::new());
    for (name, value) in written {
        match RelativeGate::read(&name, &value).map_err(Failure::usage)? {
            Some(gate) => relative.push(gate),
            None => fixed.push((name, value)),
        }
    }
    let against = if relative.is_empty() { None } else { against(&args.baseline, &runs)? };
    let mut decided = Vec::new();
    for saved in runs {
        let input = saved.gate_input(&fixed).map_err(Failure::usage)?;
        input.check(&fixed).map_err(Failure::usage)?;
        let gates = input.evaluate(&fixed);
        decided.push(Decided { saved, gates });
    }
    if let Some(last) = decided.last_mut() {
        let comparison = against.as_ref().map(|a| &a.0);
        let noise = |name: &str| against.as_ref().and_then(|a| a.1.as_ref()?.noise(name));
        last.gates.extend(relative.iter().map(|gate| {
            let mut decided = gate.decide(comparison, noise(&gate.name));
            let base = comparison.and_then(|c| c.metric(&gate.name)?.base);
            if let Some(base) = base.map(|base| format!("baseline {}", decided.unit.show(base))) {
                decided.why =
                    Some(decided.why.map_or(base.clone(), |why| format!("{base}; {why}")));
            }
            decided
        }));
    }
    Ok(decided)
}

/// The gates of the profile that the runs were made with: the same of all.
fn own_gates(runs: &[Saved]) -> Result<Vec<Written>, Failure> {
    let of = |saved: &Saved| -> Vec<Written> {
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

/// The runs against their baseline, and what is known of its noise. None: no baseline was given.
fn against(
    baseline: &[PathBuf],
    runs: &[Saved],
) -> Result<Option<(Comparison, Option<Baseline>)>, Failure> {
    if baseline.is_empty() {
        return Ok(None);
    }
    let settings = Settings::default();
    let side = |runs: &[Saved]| -> Result<RunSet, Failure> {
        Ok(RunSet::of(&verdict::evidence(runs)?, settings.resamples, settings.seed)?)
    };
    let kept = load::baseline(baseline)?;
    let base = match &kept {
        Some(kept) => kept.side.clone(),
        None => side(&load::all(baseline)?)?,
    };
    Ok(Some((compare::compare(&base, &side(runs)?, &settings)?, kept)))
}

fn as_json(decided: &[Decided]) -> String {
    let runs: Vec<Value> = decided
        .iter()
        .map(|d| json!({ "run": d.saved.document.run.id, "gates": d.gates }))
        .collect();
    format!("{}\n", json!({ "schema": "smppbench.gates/1", "runs": runs }))
}

fn as_text(decided: &[Decided]) -> String {
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

/// junit.xml and summary.md, of the last run a folder; and what a job on GitHub wants.
fn publish(args: &GateArgs, decided: &[Decided]) -> Result<(), Failure> {
    for (number, one) in decided.iter().enumerate() {
        let mut saved = one.saved.clone();
        saved.document.gates = one.gates.iter().map(Into::into).collect();
        github::tell(&saved.document.gates, &kept::markdown(&saved));
        if let Some(out) = &args.out {
            let path = if decided.len() > 1 {
                out.join(format!("{:02}", number + 1))
            } else {
                out.clone()
            };
            folder::make(&path)?;
            folder::clear_names(&path, folder::GATE)?;
            kept::formats(&saved, &path, &["junit", "markdown"])?;
        }
    }
    Ok(())
}

/// `pass       response.p99 < 50ms: 12.3 ms`.
fn line(gate: &GateResult) -> String {
    let gate = GateRow::from(gate);
    format!("  {:<9}  {}\n", gate.word(), report::printable(&gate.says()))
}
