//! `smppbench conform`: examines a peer case by case. Chooses the cases, says what they cost, runs them, and writes what
//! was found.
mod ask;
mod files;

use super::args::{ConformArgs, ConformWhat};
use super::exit::{Exit, Failure, print, put, say, talk, warn};
use super::folder::{self, RunFolder};
use crate::conform::{
    self, CaseResult, Document, Examiner, Expectations, Head, Limits, Role, Run, Settings, Stopped,
};
use crate::coordinator::Signals;
use crate::kit::{Clock, utc_rfc3339};
use crate::plan::Plan;
use crate::report;
use crate::smsc;
use crate::trial::client_tls;
use ask::Ask;
use std::io::{self, IsTerminal};
use std::net::{Ipv4Addr, SocketAddr};

/// Runs the verb.
pub(super) fn run(args: &ConformArgs) -> Result<Exit, Failure> {
    if args.what == ConformWhat::Compare {
        return compared(args);
    }
    let mut ask = ask::read(args)?;
    if args.dry_run {
        return print(&ask.list());
    }
    for warning in &ask.plan.warnings {
        warn(warning);
    }
    files::clear(args.out.as_deref())?;
    let id = format!("conform-{}-{}", ask.role.word(), files::stamp(Clock::wall_ns()));
    let folder = RunFolder::open(args.out.as_deref(), &id)?;
    say(&ask.announcement());
    let began = Clock::now();
    let started_at = utc_rfc3339(Clock::wall_ns());
    let ran = match examined(&mut ask) {
        Ok(ran) => ran,
        Err(e) => {
            folder.abandon();
            return Err(e);
        }
    };
    let head = Head {
        role: ask.role,
        target: ask.target.clone(),
        started_at,
        duration_s: Clock::now().since(began).as_secs_f64(),
    };
    let expected = ask.expectations.as_ref();
    let document = Document::of(&ran, head, expected, &super::decode::decode_json, &|result| {
        files::capture_name(result)
    });
    files::write(folder.path(), &document, &ran)?;
    if let Some(path) = &args.write_expected {
        let none = Expectations::default();
        let text = Expectations::of(&ran.results, expected.unwrap_or(&none)).text();
        folder::write(path, text.as_bytes())?;
    }
    told(args, &document, &folder)?;
    ended(&ran, &document)
}

/// Prints what changed between two results.
fn compared(args: &ConformArgs) -> Result<Exit, Failure> {
    let [before, after] = &args.named[..] else {
        return Err(Failure::usage("conform compare takes two results: conform compare A B"));
    };
    let [before, after] = [super::render::conformance(before)?, super::render::conformance(after)?];
    let comparison = conform::Comparison::of(&before, &after).map_err(Failure::usage)?;
    if args.json {
        return print(&report::conform_json(&comparison));
    }
    print(&report::conform_changes(&comparison))
}

/// Prints the result.
fn told(args: &ConformArgs, document: &Document, folder: &RunFolder) -> Result<(), Failure> {
    if args.json {
        put(&report::conform_json(document))?;
    } else {
        put(&report::conform_text(document))?;
    }
    talk(format!("results in {}", folder.path().display()));
    Ok(())
}

/// The exit code of a run.
fn ended(ran: &Run, document: &Document) -> Result<Exit, Failure> {
    match &ran.stopped {
        Some(why @ (Stopped::Lost(_) | Stopped::Credentials(_))) => {
            Err(Failure::Of(Exit::CannotBind, why.to_string()))
        }
        Some(why @ Stopped::Foreign) => Err(Failure::Of(Exit::EndedEarly, why.to_string())),
        Some(Stopped::Interrupted) => Ok(Exit::Interrupted),
        None => match &document.summary.unexpected {
            Some(unexpected) if !unexpected.is_empty() => {
                let why = format!("not as expected: {}", unexpected.join(", "));
                Err(Failure::Of(Exit::GateFailed, why))
            }
            Some(_) | None => Ok(Exit::Done),
        },
    }
}

/// Runs the cases, with a simulator where the target is embedded.
fn examined(ask: &mut Ask) -> Result<Run, Failure> {
    let simulator = simulator(&mut ask.plan, ask.role)?;
    let mut settings = Settings::of(&ask.plan).map_err(Failure::usage)?;
    settings.waits.case = ask.case_time;
    // what an ESME sends is what is examined
    settings.stops_on_foreign &= ask.role == Role::Smsc;
    ask.declare(&mut settings.timers);
    let signals = Signals::listen()
        .map_err(|e| Failure::internal(format!("cannot listen to signals: {e}")))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::internal)?;
    let shows = io::stderr().is_terminal();
    let mut on_result = |result: &CaseResult| {
        if shows {
            say(&progress(result));
        }
    };
    let ran = runtime.block_on(async {
        let mut examiner = match ask.listen {
            None => {
                settings.address.tls = client_tls(&ask.plan.target).map_err(Failure::usage)?;
                Examiner::of_smsc(settings)
            }
            Some(address) => {
                let listener = tokio::net::TcpListener::bind(address)
                    .await
                    .map_err(|e| Failure::internal(format!("cannot listen on {address}: {e}")))?;
                say(&format!("listening on {}", listener.local_addr().unwrap_or(address)));
                Examiner::of_esme(settings, listener)
            }
        };
        let limits = Limits { disturb: ask.disturb };
        let interrupted = || signals.count() > 0;
        let cases = &ask.cases;
        Ok(conform::run(&mut examiner, cases, limits, &interrupted, &mut on_result).await)
    });
    drop(simulator);
    ran
}

/// Starts the simulator where the target is embedded.
fn simulator(plan: &mut Plan, role: Role) -> Result<Option<smsc::RunningServer>, Failure> {
    if !plan.target.embedded || role == Role::Esme {
        return Ok(None);
    }
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = smsc::Server::start(&plan.embedded, any)
        .map_err(|e| Failure::internal(format!("cannot start the simulator: {e}")))?;
    plan.target.addresses = vec![server.address.to_string()];
    Ok(Some(server))
}

/// A line for a case that has ended.
fn progress(result: &CaseResult) -> String {
    let case = result.case;
    format!("{:12} {:8} {}", case.id, case.level.word(), result.verdict.outcome.word())
}
