//! `smppbench run`: load the plan, run it over TCP, judge it, report it, and end with the code it earned.
use super::args::RunArgs;
use super::exit::{Exit, fail, put, say};
use super::facts::Facts;
use super::journal::{self, Journal};
use super::{folder, live};
use crate::coordinator::RunError;
use crate::judge::{self, GateOutcome, GateResult, Judgement, Outcome, TallyCheck};
use crate::kit::{Clock, HostCounters, HostUse};
use crate::measure::{ENDED_BY_OPERATOR, RunRecord};
use crate::plan::{self, Plan, Recipe, Source};
use crate::report::{self, Saved, Style};
use crate::trial::{Tcp, Trial};
use std::io::IsTerminal;
use std::path::Path;

/// A run that has a record, and what it means.
struct Done {
    facts: Facts,
    record: RunRecord,
    judgement: Judgement,
    gates: Vec<GateResult>,
    tally: Option<TallyCheck>,
}

/// Runs the verb.
pub(super) fn run(args: &RunArgs) -> Exit {
    let source = Source::of(args.profile.clone());
    let overrides = args.overrides();
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
    if let Some(path) = &args.out
        && let Err(e) = folder::make(path)
    {
        return fail(Exit::Internal, &e);
    }
    let repro = plan::repro("run", &source, &overrides, &plan);
    let mut facts = Facts::of(plan, &recipe, repro, args.show_content);
    let path = args.out.clone().unwrap_or_else(|| folder::default_path(&facts.id));
    facts.folder = Some(path.display().to_string());
    match measure(facts, args, &path) {
        Ok(done) => finish(&done, args, &path),
        Err(e) => refuse(&e),
    }
}

fn refuse(e: &RunError) -> Exit {
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

fn measure(facts: Facts, args: &RunArgs, path: &Path) -> Result<Done, RunError> {
    let mut observers = live::observers(args.live, &facts.plan)?;
    observers.push(Journal::new(&facts, path));
    let before = HostCounters::read();
    let began = Clock::now();
    let mut trial = Tcp::default();
    let record = trial.run(&facts.plan, &mut observers);
    // the terminal is the user's again before anything else is said
    drop(observers);
    let record = record?;
    let host = HostUse::between(&before, &HostCounters::read(), Clock::now().since(began));
    let judgement = judge::judge(&facts.plan, &record, &host);
    let gates = judge::evaluate(&facts.plan, &record, &judgement);
    let tally = trial.tally().map(|t| judge::against_tally(&record, &crate::trial::tally_view(t)));
    Ok(Done { facts, record, judgement, gates, tally })
}

fn finish(done: &Done, args: &RunArgs, path: &Path) -> Exit {
    let run = done.facts.run(&done.record, &done.judgement, &done.gates, done.tally.as_ref());
    let saved = Saved::of(&run);
    let written = write_folder(&saved, &done.record, path);
    if args.json {
        let line = serde_json::to_string(&saved.document).expect("a document serialises");
        put(&format!("{line}\n"));
    } else {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        put(&report::text(&saved, Style { colour }));
    }
    if let Err(e) = written {
        return fail(Exit::Internal, &e);
    }
    exit_of(done, args.strict)
}

fn write_folder(saved: &Saved, record: &RunRecord, path: &Path) -> Result<(), String> {
    folder::make(path)?;
    for format in &report::FORMATS {
        if let Some(name) = format.file(saved) {
            let octets = (format.render)(saved).map_err(|e| format!("cannot make {name}: {e}"))?;
            folder::write(&path.join(name), &octets)?;
        }
    }
    let lists = [
        ("missing.csv", report::missing_csv(&record.missing)),
        ("rejected.csv", report::rejected_csv(&record.rejections)),
    ];
    for (name, list) in lists {
        if let Some(octets) = list {
            folder::write(&path.join(name), &octets)?;
        }
    }
    if !record.exchanges.is_empty() {
        let capture = report::pcapng::render(&record.exchanges);
        folder::write(&path.join("failed.pcapng"), &capture)?;
    }
    journal::close(path);
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
        // wanted so: what was measured until then counts
        Some(ENDED_BY_OPERATOR) => {}
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
}
