//! `smppbench run`: load the plan, run it over TCP, judge it, report it, and end with the code it earned.
use super::args::RunArgs;
use super::exit::{Exit, fail, put, say};
use super::{folder, live, selfcheck};
use crate::coordinator::RunError;
use crate::judge::{self, GateOutcome, GateResult, Judgement, Outcome, TallyCheck};
use crate::kit::{Clock, Environment, HostCounters, HostUse};
use crate::measure::RunRecord;
use crate::plan::{self, Plan, Recipe, Source};
use crate::report::{self, LabelTraits, Run, Style};
use crate::trial::{Tcp, Trial};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// A run that has a record, and all that is said of it.
struct Done {
    plan: Plan,
    profile: serde_json::Value,
    record: RunRecord,
    judgement: Judgement,
    gates: Vec<GateResult>,
    environment: Environment,
    tally: Option<TallyCheck>,
    id: String,
    repro: String,
    warnings: Vec<String>,
    labels: Vec<LabelTraits>,
}

/// Runs the verb.
pub(super) fn run(args: &RunArgs) -> Exit {
    let source = Source::of(args.profile.clone());
    let overrides = args.overrides.overrides();
    let plan = match plan::load(&source, &overrides) {
        Ok(plan) => Plan { trace_failed: args.trace, ..plan },
        Err(e) => return fail(Exit::Usage, &e.to_string()),
    };
    if let Err(e) = judge::check_gates(&plan) {
        return fail(Exit::Usage, &e);
    }
    let recipe = match Recipe::new(&plan) {
        Ok(recipe) => recipe,
        Err(e) => return fail(Exit::Usage, &e.to_string()),
    };
    let out = args.out.clone();
    if let Some(path) = &out
        && let Err(e) = folder::make(path)
    {
        return fail(Exit::Internal, &e);
    }
    let repro = plan::repro("run", &source, &overrides, &plan);
    let labels = labels(&recipe, &plan);
    match measure(plan, args, repro, labels) {
        Ok(done) => finish(&done, args, out),
        Err(e) => refuse(&e),
    }
}

pub(super) fn refuse(e: &RunError) -> Exit {
    let exit = match e {
        RunError::Plan(_) => Exit::Usage,
        RunError::CannotBind(_) => Exit::CannotBind,
        RunError::Io(_) | RunError::Worker(_) => Exit::Internal,
        RunError::Killed => Exit::Interrupted,
    };
    let text = e.to_string();
    let lines = gathered(&text);
    for line in lines.iter().take(5) {
        fail(exit, line);
    }
    if lines.len() > 5 {
        say(&format!("smppbench: … and {} more sessions", lines.len() - 5));
    }
    exit
}

/// A line a session, or one for all where all say the same: thousands may.
fn gathered(text: &str) -> Vec<String> {
    let reason = |line: &str| {
        let told = line.strip_prefix("session ").and_then(|rest| rest.split_once(": "));
        told.map(|(_, why)| why.to_owned())
    };
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.first().and_then(|line| reason(line));
    match first {
        Some(why) if lines.len() > 1 && lines.iter().all(|l| reason(l).as_ref() == Some(&why)) => {
            vec![format!("all {} sessions: {why}", lines.len())]
        }
        Some(_) | None => lines.into_iter().map(str::to_owned).collect(),
    }
}

fn labels(recipe: &Recipe, plan: &Plan) -> Vec<LabelTraits> {
    (0..plan.messages.len() as u16)
        .map(|label| {
            let (coding, parts) = recipe.traits_of(label);
            LabelTraits { coding: coding_name(coding), parts }
        })
        .collect()
}

/// A data_coding as a person calls it.
fn coding_name(data_coding: u8) -> String {
    match data_coding {
        0 => "gsm".to_owned(),
        1 => "ascii".to_owned(),
        2 | 4 => "binary".to_owned(),
        3 => "latin1".to_owned(),
        8 => "ucs2".to_owned(),
        other => format!("0x{other:02X}"),
    }
}

fn measure(
    plan: Plan,
    args: &RunArgs,
    repro: String,
    labels: Vec<LabelTraits>,
) -> Result<Done, RunError> {
    let mut environment = Environment::read();
    environment.selfcheck = selfcheck::kept(&environment);
    let mut warnings = plan.warnings.clone();
    warnings.extend(environment.warnings(crate::trial::workers(&plan) as usize));
    for warning in &warnings {
        say(&format!("smppbench: warning: {warning}"));
    }
    let id = format!("{}-{}", plan.name, utc_stamp(Clock::wall_ns()));
    let before = HostCounters::read();
    let began = Clock::now();
    let mut trial = Tcp::default();
    let mut observer = live::observer(args.live, &plan);
    let record = trial.run(&plan, &mut observer);
    observer.finish();
    let record = record?;
    let host = HostUse::between(&before, &HostCounters::read(), Clock::now().since(began));
    let judgement = judge::judge(&plan, &record, &host);
    let gates = judge::evaluate(&plan, &record, &judgement);
    let tally = trial.tally().map(|t| judge::against_tally(&record, &crate::trial::tally_view(t)));
    let profile = plan::resolved_json(&plan);
    Ok(Done {
        plan,
        profile,
        record,
        judgement,
        gates,
        environment,
        tally,
        id,
        repro,
        warnings,
        labels,
    })
}

/// `20261123T161200Z`.
pub(super) fn utc_stamp(wall_ns: u64) -> String {
    let text = crate::kit::utc_rfc3339(wall_ns);
    let digits: String = text.chars().take(19).filter(|c| *c != '-' && *c != ':').collect();
    format!("{digits}Z")
}

fn finish(done: &Done, args: &RunArgs, out: Option<PathBuf>) -> Exit {
    let path = out.unwrap_or_else(|| folder::default_path(&done.id));
    let shown = path.display().to_string();
    let target = if done.plan.target.embedded {
        "embedded".to_owned()
    } else {
        done.plan.target.addresses.join(", ")
    };
    let run = Run {
        plan: &done.plan,
        profile: &done.profile,
        record: &done.record,
        judgement: &done.judgement,
        gates: &done.gates,
        environment: &done.environment,
        id: &done.id,
        version: env!("CARGO_PKG_VERSION"),
        commit: option_env!("SMPPBENCH_COMMIT"),
        target: &target,
        repro: &done.repro,
        tally: done.tally.as_ref(),
        warnings: &done.warnings,
        labels: &done.labels,
        folder: Some(&shown),
        show_content: args.show_content,
    };
    let written = write_folder(&run, &path);
    if args.json {
        put(&format!("{}\n", report::result(&run)));
    } else {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        put(&report::text(&run, Style { colour }));
    }
    if let Err(e) = written {
        return fail(Exit::Internal, &e);
    }
    exit_of(done, args.strict)
}

fn write_folder(run: &Run<'_>, path: &Path) -> Result<(), String> {
    folder::make(path)?;
    for format in &report::FORMATS {
        if let Some(name) = format.file {
            folder::write(&path.join(name), &(format.render)(run))?;
        }
    }
    if !run.record.exchanges.is_empty() {
        let capture = report::pcapng::render(&run.record.exchanges);
        folder::write(&path.join("failed.pcapng"), &capture)?;
    }
    Ok(())
}

/// The exit code that a run earned: what went wrong most comes first.
fn exit_of(done: &Done, strict: bool) -> Exit {
    let books = &done.judgement.books;
    if !books.balanced {
        for failure in &books.failures {
            say(&format!("smppbench: the books do not balance: {failure}"));
        }
        return fail(Exit::Internal, "the books do not balance: this is a bug, please report it");
    }
    if let Some(check) = done.tally.as_ref().filter(|t| !t.agrees) {
        for line in &check.lines {
            say(&format!("smppbench: {line}"));
        }
        return fail(Exit::Internal, "the run does not agree with the simulator's tally: a bug");
    }
    match done.record.cut_reason.as_deref() {
        Some("interrupted") => return Exit::Interrupted,
        Some(reason) if reason.starts_with("abort_on_fail") => return Exit::GateFailed,
        Some(reason) => return fail(Exit::EndedEarly, &format!("ended early: {reason}")),
        None => {}
    }
    if done.gates.iter().any(|g| g.outcome == GateOutcome::Fail) {
        return Exit::GateFailed;
    }
    if done.gates.iter().any(|g| g.outcome == GateOutcome::Undecided) {
        return Exit::NotTrustworthy;
    }
    let inconclusive = matches!(
        done.judgement.outcome,
        Some(Outcome::InconclusiveHarness | Outcome::InconclusiveNoise)
    );
    if strict && inconclusive { Exit::NotTrustworthy } else { Exit::Done }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sessions_that_all_say_the_same_share_one_line() {
        let gathered = super::gathered;
        let same = "session 0: refused\nsession 1: refused";
        assert_eq!(gathered(same), ["all 2 sessions: refused"]);
        let mixed = "session 0: refused\nsession 1: closed";
        assert_eq!(gathered(mixed), ["session 0: refused", "session 1: closed"]);
        assert_eq!(gathered("session 7: refused"), ["session 7: refused"]);
        assert_eq!(gathered("profile: no"), ["profile: no"]);
    }

    #[test]
    fn a_run_is_named_after_its_second_in_utc() {
        assert_eq!(super::utc_stamp(1_767_225_600_123_456_789), "20260101T000000Z");
    }
}
