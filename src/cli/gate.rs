//! `smppbench gate`: saved runs held to gates. And the gates that end a run that is hopeless while it goes on.
use super::args::GateArgs;
use super::exit::{Exit, fail, put};
use super::{folder, github, load};
use crate::coordinator::RunError;
use crate::judge::compare::{self, Comparison, Settings, Side};
use crate::judge::{self, Abort, Baseline, GateOutcome, GateResult, GateValue, RelativeGate};
use crate::measure::{CutReason, Observer, Phase, Progress};
use crate::plan::{self, Plan, PlanError};
use crate::report::{self, Saved};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A gate as it is written: metric and expression.
type Written = (String, Value);

/// Runs the verb.
pub(super) fn run(args: &GateArgs) -> Exit {
    // what is there would pass for the outcome of gates that cannot be decided
    if let Some(out) = &args.out
        && let Err(e) = folder::clear_names(out, folder::GATE)
    {
        return fail(Exit::Internal, &e);
    }
    match decide(args) {
        Ok(decided) => show(args, &decided),
        Err(e) => fail(Exit::Usage, &e),
    }
}

/// Outcomes of one run's gates; the relative ones are of all runs together and stand with the last.
struct Decided {
    saved: Saved,
    gates: Vec<GateResult>,
}

fn decide(args: &GateArgs) -> Result<Vec<Decided>, String> {
    let runs: Vec<Saved> = args.results.iter().map(|p| load::saved(p)).collect::<Result<_, _>>()?;
    let written = match &args.gates {
        Some(path) => plan::load_gates(path).map_err(|e| e.to_string())?,
        None => own_gates(&runs)?,
    };
    if written.is_empty() {
        return Err("there is no gate: give --gates FILE.toml, or runs of a profile with [gates]"
            .to_owned());
    }
    let (mut fixed, mut relative): (Vec<Written>, Vec<RelativeGate>) = (Vec::new(), Vec::new());
    for (name, value) in written {
        match RelativeGate::read(&name, &value)? {
            Some(gate) => relative.push(gate),
            None => fixed.push((name, value)),
        }
    }
    let against = if relative.is_empty() { None } else { against(&args.baseline, &runs)? };
    let mut decided = Vec::new();
    for saved in runs {
        let rebuilt = saved.rebuild(fixed.clone())?;
        judge::check_gates(&rebuilt.plan)?;
        let gates = judge::evaluate(&rebuilt.plan, &rebuilt.record, &rebuilt.judgement);
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
fn own_gates(runs: &[Saved]) -> Result<Vec<Written>, String> {
    let of = |saved: &Saved| -> Vec<Written> {
        let gates = saved.document.profile.get("gates").and_then(Value::as_object);
        gates.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let Some((first, rest)) = runs.split_first() else { return Ok(Vec::new()) };
    let gates = of(first);
    match rest.iter().find(|other| of(other) != gates) {
        Some(other) => Err(format!(
            "{} and {} were made with different gates: give --gates FILE.toml",
            first.document.run.id, other.document.run.id
        )),
        None => Ok(gates),
    }
}

/// The runs against their baseline, and what is known of its noise. None: no baseline was given.
fn against(
    baseline: &[PathBuf],
    runs: &[Saved],
) -> Result<Option<(Comparison, Option<Baseline>)>, String> {
    if baseline.is_empty() {
        return Ok(None);
    }
    let settings = Settings::default();
    let side = |runs: &[Saved]| -> Result<Side, String> {
        let evidence: Vec<_> = runs.iter().map(Saved::evidence).collect::<Result<_, _>>()?;
        Side::of(&evidence, settings.resamples, settings.seed).map_err(|e| e.to_string())
    };
    let kept = match baseline {
        [one] if !one.is_dir() => calibrated(one)?,
        _ => None,
    };
    let base = match &kept {
        Some(kept) => kept.side.clone(),
        None => {
            let runs: Vec<Saved> =
                baseline.iter().map(|p| load::saved(p)).collect::<Result<_, _>>()?;
            side(&runs)?
        }
    };
    let comparison = compare::compare(&base, &side(runs)?, &settings).map_err(|e| e.to_string())?;
    Ok(Some((comparison, kept)))
}

/// A baseline file; None where it is another document.
fn calibrated(path: &Path) -> Result<Option<Baseline>, String> {
    let octets =
        std::fs::read(path).map_err(|e| format!("{}: cannot be read ({e})", path.display()))?;
    let value: Value = serde_json::from_slice(&octets).unwrap_or(Value::Null);
    let schema = value.get("schema").and_then(Value::as_str).unwrap_or_default();
    if !schema.starts_with("smppbench.baseline/") {
        return Ok(None);
    }
    Baseline::from_json(&octets).map(Some).map_err(|e| format!("{}: {e}", path.display()))
}

fn show(args: &GateArgs, decided: &[Decided]) -> Exit {
    let shown = put(&if args.json { as_json(decided) } else { as_text(decided) });
    if let Err(e) = publish(args, decided) {
        return fail(Exit::Internal, &e);
    }
    if let Err(exit) = shown {
        return exit;
    }
    let any = |outcome| decided.iter().flat_map(|d| &d.gates).any(|g| g.outcome == outcome);
    if any(GateOutcome::Fail) {
        Exit::GateFailed
    } else if any(GateOutcome::Undecided) {
        Exit::NotTrustworthy
    } else {
        Exit::Done
    }
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
fn publish(args: &GateArgs, decided: &[Decided]) -> Result<(), String> {
    for (number, one) in decided.iter().enumerate() {
        let mut saved = one.saved.clone();
        saved.document.gates = one.gates.iter().map(Into::into).collect();
        github::tell(&saved.document.gates, &summary(&saved));
        if let Some(out) = &args.out {
            let path = if decided.len() > 1 {
                out.join(format!("{:02}", number + 1))
            } else {
                out.clone()
            };
            folder::make(&path)?;
            folder::clear_names(&path, folder::GATE)?;
            super::run::keep(&saved, &path, &["junit", "markdown"])?;
        }
    }
    Ok(())
}

/// The Markdown of a run.
pub(super) fn summary(saved: &Saved) -> String {
    let made = report::format("markdown").and_then(|format| (format.render)(saved).ok());
    String::from_utf8_lossy(&made.unwrap_or_default()).into_owned()
}

/// `pass       response.p99 < 50ms: 12.3 ms`.
fn line(gate: &GateResult) -> String {
    let word = match gate.outcome {
        GateOutcome::Pass => "pass",
        GateOutcome::Fail => "FAIL",
        GateOutcome::Undecided => "UNDECIDED",
    };
    let value = match &gate.value {
        Some(GateValue::Number(v)) => gate.unit.show(*v),
        Some(GateValue::Word(word)) => word.clone(),
        None => "undefined".to_owned(),
    };
    let why = gate.why.as_ref().map_or(String::new(), |why| format!(" ({why})"));
    let says = format!("{} {}: {value}{why}", gate.name, gate.expression);
    format!("  {word:<9}  {}\n", report::printable(&says))
}

/// Ends a run that a gate with `abort_after` has decided.
pub(super) struct Watchdog<'a> {
    plan: &'a Plan,
    abort: Abort,
}

impl<'a> Watchdog<'a> {
    /// The gates of a plan.
    ///
    /// # Errors
    /// A gate that does not read; `judge::check_gates` says the same before a run.
    pub(super) fn new(plan: &'a Plan) -> Result<Watchdog<'a>, RunError> {
        let abort = Abort::of(plan).map_err(|e| RunError::Plan(PlanError::about("gates", e)))?;
        Ok(Watchdog { plan, abort })
    }
}

impl Observer for Watchdog<'_> {
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
        if progress.phase != Phase::Load || self.abort.is_empty() {
            return None;
        }
        self.abort.check(self.plan, progress.record, progress.at).map(CutReason::Gate)
    }
}
