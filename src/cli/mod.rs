//! The command line: arguments in, exit code out. One file per verb. Verbs compose what the other folders do;
//! those know no flags.
mod args;
mod blocks;
mod browser;
mod calibrate;
pub mod check;
mod compare;
mod conform;
pub mod decode;
mod dial;
mod duel;
mod examples;
mod exit;
mod explain;
mod find;
mod fleet;
mod folder;
mod gate;
mod github;
mod init;
mod journal;
mod live;
mod load;
mod manual;
#[cfg(feature = "nats")]
mod nats;
mod overhead;
mod render;
mod run;
mod run_context;
mod run_files;
mod run_once;
mod schema;
mod selfcheck;
mod smsc;
mod terminal;
mod through;
mod verdict;

use crate::judge::{gate_mistakes, names_a_group};
use crate::plan;
use args::{Cli, Verb};
use clap::FromArgMatches;
use exit::{Exit, Failure};
use std::io::Write;
use std::process::ExitCode;

/// Runs the command line and returns the exit code of docs/reference/exit-codes.md.
pub fn main() -> ExitCode {
    crate::kit::small_pages_only();
    raise_descriptors();
    let typed = examples::with_verb(std::env::args_os().collect());
    let parsed = examples::command()
        .try_get_matches_from(typed)
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .and_then(Cli::agreeing);
    let ended = match parsed {
        Ok(cli) => run(cli.verb.unwrap_or_default()),
        Err(e) if e.use_stderr() => {
            // where stderr cannot be written to, the exit code still tells
            let _ = e.print();
            Ok(Exit::Usage)
        }
        // help and version are results, not errors; with colours on a terminal
        Err(e) => {
            let shown = e.print().and_then(|()| std::io::stdout().flush());
            exit::written(shown).map(|()| Exit::Done)
        }
    };
    ended.unwrap_or_else(|failure| failure.print()).into()
}

fn run(verb: Verb) -> Result<Exit, Failure> {
    end_at_the_second_signal(&verb)
        .map_err(|e| Failure::internal(format!("cannot listen to signals: {e}")))?;
    match verb {
        Verb::Run(args) => run::run(&args),
        Verb::Through(args) => through::run(&args),
        Verb::Find(args) => find::run(&args),
        Verb::Smsc(args) => smsc::run(&args),
        Verb::Dial(args) => dial::run(&args),
        Verb::Decode(args) => decode::run(&args),
        Verb::Conform(args) => conform::run(&args),
        Verb::Check(args) => checked(&args),
        Verb::Selfcheck(args) => selfcheck::run(&args),
        Verb::Duel(args) => duel::run(&args),
        Verb::Agent(args) => fleet::agent(&args),
        Verb::Gate(args) => gate::run(&args),
        Verb::Calibrate(args) => calibrate::run(&args),
        Verb::Render(args) => render::run(&args),
        Verb::Compare(args) => compare::run(&args),
        Verb::Schema(args) => schema::run(&args),
        Verb::Explain(args) => explain::run(&args),
        Verb::Init(args) => init::run(&args),
        Verb::Completions(args) => manual::completions(&args),
        Verb::Man(args) => manual::man(&args),
    }
}

/// The first signal drains and reports; the second ends these verbs within a second, whatever they are doing.
fn end_at_the_second_signal(verb: &Verb) -> std::io::Result<()> {
    const PATIENCE: std::time::Duration = std::time::Duration::from_millis(800);
    match verb {
        Verb::Run(_)
        | Verb::Through(_)
        | Verb::Find(_)
        | Verb::Smsc(_)
        | Verb::Selfcheck(_)
        | Verb::Duel(_)
        | Verb::Conform(_)
        | Verb::Calibrate(_) => crate::coordinator::Signals::listen()?
            .end_at_the_second(Exit::Interrupted as i32, PATIENCE),
        Verb::Dial(_)
        | Verb::Decode(_)
        | Verb::Check(_)
        | Verb::Agent(_)
        | Verb::Gate(_)
        | Verb::Render(_)
        | Verb::Compare(_)
        | Verb::Schema(_)
        | Verb::Explain(_)
        | Verb::Init(_)
        | Verb::Completions(_)
        | Verb::Man(_) => Ok(()),
    }
}

fn checked(args: &args::CheckArgs) -> Result<Exit, Failure> {
    let source = plan::Source::of(args.profile.clone());
    let overrides = args.overrides.overrides();
    match plan::preview(&source, &overrides) {
        Ok(plan::Preview { plan, origins }) => {
            let mistakes: Vec<String> = gate_mistakes(&plan).map(|e| e.to_string()).collect();
            if !mistakes.is_empty() {
                return Err(Failure::Mistakes(mistakes));
            }
            exit::print(&check::render(&plan, &origins))
        }
        Err(_) if args.profile.as_deref().is_some_and(plan::behaviour_file::is_one) => {
            let path = args.profile.as_deref().expect("it has been read");
            plan::behaviour_file::load(path)?;
            let path = path.display();
            exit::print(&format!(
                "{path}: the behaviour of a simulator, and valid; start it with: smppbench smsc --behaviour {path}\n"
            ))
        }
        Err(plan::Mistakes { errors, rest, has_all_groups }) => {
            let mut mistakes: Vec<String> = errors.iter().map(ToString::to_string).collect();
            if let Some(rest) = rest {
                let mut plan = rest.plan;
                // a name of what was taken out is not a mistake of the gate
                plan.gates.retain(|(name, gate)| has_all_groups || !names_a_group(name, gate));
                mistakes.extend(gate_mistakes(&plan).map(|e| e.to_string()));
            }
            Err(Failure::Mistakes(mistakes))
        }
    }
}

/// Raises the soft limit on file descriptors to the hard one: each session needs one.
fn raise_descriptors() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // if this fails, the guard refuses more binds than the soft limit allows
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}
