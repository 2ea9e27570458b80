//! `smppbench run`: load the plan, run it over TCP, judge it, report it, and end with the code it earned.
use super::args::RunArgs;
use super::exit::{Exit, fail, put};
use super::facts::Facts;
use super::fleet::{self, Field};
use super::gate::{self, Watchdog};
use super::journal::{self, Journal};
use super::once::{Done, once, refuse};
use super::{folder, github, live};
use crate::coordinator::RunError;
use crate::judge;
use crate::measure::RunRecord;
use crate::plan::{self, Plan, Recipe, Source};
use crate::report::{self, Saved, Style};
use std::io::IsTerminal;
use std::path::Path;

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
    let repro = plan::repro("run", &source, &overrides, &plan) + &fleet::repro(&args.fleet);
    let mut field = match fleet::field(&args.fleet, &plan) {
        Ok(field) => field,
        Err(exit) => return exit,
    };
    let mut facts = Facts::of(plan, &recipe, repro, args.show_content);
    let path = args.out.clone().unwrap_or_else(|| folder::default_path(&facts.id));
    facts.folder = Some(path.display().to_string());
    match measure(&facts, &mut field, args, &path) {
        Ok(done) => finish(&facts, &done, args, &path),
        Err(e) => refuse(&e),
    }
}

fn measure(
    facts: &Facts,
    field: &mut Field,
    args: &RunArgs,
    path: &Path,
) -> Result<Done, RunError> {
    let mut observers = live::observers(args.live, &facts.plan)?;
    observers.push(Journal::new(facts, path));
    observers.push(Watchdog::new(&facts.plan)?);
    // the terminal is the user's again, with the observers' end, before anything else is said
    once(facts, field, &mut observers)
}

fn finish(facts: &Facts, done: &Done, args: &RunArgs, path: &Path) -> Exit {
    let saved = done.saved(facts);
    let written = write_folder(&saved, &done.record, path);
    github::tell(&saved.document.gates, &gate::summary(&saved));
    let shown = if args.json {
        let line = serde_json::to_string(&saved.document).expect("a document serialises");
        put(&format!("{line}\n"))
    } else {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        put(&report::text(&saved, Style { colour }))
    };
    if let Err(e) = written {
        return fail(Exit::Internal, &e);
    }
    let exit = done.exit(args.strict);
    shown.err().unwrap_or(exit)
}

/// Writes those formats that `names` lists, or all, into a run folder.
pub(super) fn keep(saved: &Saved, path: &Path, names: &[&str]) -> Result<(), String> {
    for format in report::FORMATS.iter().filter(|f| names.is_empty() || names.contains(&f.name)) {
        if let Some(name) = format.file(saved) {
            let octets = (format.render)(saved).map_err(|e| format!("cannot make {name}: {e}"))?;
            folder::write(&path.join(name), &octets)?;
        }
    }
    Ok(())
}

fn write_folder(saved: &Saved, record: &RunRecord, path: &Path) -> Result<(), String> {
    folder::make(path)?;
    keep(saved, path, &[])?;
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
