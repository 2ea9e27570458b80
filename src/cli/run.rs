//! `smppbench run`: load the plan, run it over TCP, judge it, report it, and end with the code it earned.
use super::args::RunArgs;
use super::exit::{Exit, fail, put};
use super::facts::Facts;
use super::fleet::{self, Field};
use super::folder::{self, RunFolder};
use super::gate::{self, Watchdog};
use super::journal::{self, Journal};
use super::once::{Done, once, refuse};
use super::{github, live, terminal};
use crate::coordinator::RunError;
use crate::judge;
use crate::measure::RunRecord;
use crate::plan::{self, Plan, Recipe, Source};
use crate::report::{self, Saved, Style};
use std::io::IsTerminal;
use std::path::Path;

/// Runs the verb.
pub(super) fn run(args: &RunArgs) -> Exit {
    // also for a run that does not begin: what is there would pass for its result
    if let Err(e) = folder::clear(args.keep.out.as_deref()) {
        return fail(Exit::Internal, &e);
    }
    let source = Source::of(args.profile.clone());
    let overrides = args.keep.over(args.overrides.overrides());
    let plan = match plan::load(&source, &overrides) {
        Ok(plan) => Plan { trace_failed: args.keep.trace, ..plan },
        Err(e) => return fail(Exit::Usage, &e.to_string()),
    };
    if let Err(e) = judge::check_gates(&plan) {
        return fail(Exit::Usage, &e);
    }
    let recipe = match Recipe::new(&plan) {
        Ok(recipe) => recipe,
        Err(e) => return fail(Exit::Usage, &e.to_string()),
    };
    let repro = plan::repro("run", &source, &overrides, &plan) + &fleet::repro(&args.fleet);
    let mut facts = Facts::of(plan, &recipe, repro, args.keep.show_content);
    let folder = match RunFolder::open(args.keep.out.as_deref(), &facts.id) {
        Ok(folder) => folder,
        Err(e) => return fail(Exit::Internal, &e),
    };
    facts.folder = Some(folder.path().display().to_string());
    let mut field = match fleet::field(&args.fleet, &facts.plan) {
        Ok(field) => field,
        Err(exit) => {
            folder.abandon();
            return exit;
        }
    };
    match measure(&facts, &mut field, args, folder.path()) {
        Ok(done) => finish(&facts, &done, args, folder.path()),
        Err(e) => {
            folder.abandon();
            refuse(&e)
        }
    }
}

fn measure(
    facts: &Facts,
    field: &mut Field,
    args: &RunArgs,
    path: &Path,
) -> Result<Done, RunError> {
    let mut observers = live::observers(args.keep.live, &facts.plan)?;
    observers.push(Journal::new(facts, path));
    observers.push(Watchdog::new(&facts.plan)?);
    // the terminal is the user's again, with the observers' end, before anything else is said
    once(facts, field, &mut observers)
}

fn finish(facts: &Facts, done: &Done, args: &RunArgs, path: &Path) -> Exit {
    let saved = done.saved(facts);
    let written = write_folder(&saved, &done.record, path);
    github::tell(&saved.document.gates, &gate::summary(&saved));
    let shown = if args.keep.json {
        let line = serde_json::to_string(&saved.document).expect("a document serialises");
        put(&format!("{line}\n"))
    } else {
        let style = Style { colour: terminal::colours_on_stdout() };
        let mut text = report::text(&saved, style);
        if std::io::stdout().is_terminal() {
            text += &report::verdict_line(&saved, style, terminal::columns());
        }
        put(&text)
    };
    if let Err(e) = written {
        return fail(Exit::Internal, &e);
    }
    let exit = done.exit(args.keep.strict);
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
    keep_exchanges(record, path)?;
    journal::close(path);
    Ok(())
}

/// Writes failed.pcapng, where exchanges were kept.
pub(super) fn keep_exchanges(record: &RunRecord, path: &Path) -> Result<(), String> {
    if record.exchanges.is_empty() {
        return Ok(());
    }
    folder::write(&path.join("failed.pcapng"), &report::pcapng::render(&record.exchanges))
}
