//! The observers of a run: the live view or the progress line, by `--live` and the kind of stderr; and the metrics.
use super::args::Live;
use super::browser::Browser;
use super::exit::{say, warn};
use super::run_context::RunContext;
use super::terminal;
use crate::coordinator::RunError;
use crate::observe::Sampler;
use crate::plan::{Plan, PlanError};
use crate::watch::{LineMode, Metrics, Observers, ProgressLine, RunPage};
use std::io::{Error, ErrorKind, Stderr, stderr};

/// All observers that the flags and the plan ask for.
///
/// # Errors
/// Where one that is asked for by name is not available: before anything is sent.
pub(super) fn observers(live: Live, plan: &Plan) -> Result<Observers<'static>, RunError> {
    let mut observers = metrics(plan)?;
    watch(live, plan, &mut observers)?;
    sample(plan, &mut observers)?;
    Ok(observers)
}

/// All observers that the flags and the plan ask for, and the page in a browser where metrics are served.
///
/// # Errors
/// As [`observers`].
pub(super) fn observers_and_page(
    live: Live,
    context: &RunContext,
) -> Result<(Observers<'_>, Option<RunPage>), RunError> {
    let mut observers = Observers::new();
    let metrics = served(&context.plan)?;
    let page = metrics.as_ref().map(Metrics::page);
    if let (Some(metrics), Some(page)) = (metrics, &page) {
        // there before it is said where
        let browser = Browser::new(context, page.clone());
        say_where(&metrics);
        say(&format!("the run in a browser on {}", page.url()));
        observers.push(metrics);
        observers.push(browser);
    }
    watch(live, &context.plan, &mut observers)?;
    sample(&context.plan, &mut observers)?;
    Ok((observers, page))
}

/// Samples what the plan observes beside the run.
fn sample(plan: &Plan, observers: &mut Observers<'_>) -> Result<(), RunError> {
    if let Some(sampler) = Sampler::start(plan, |line| warn(line))? {
        observers.push(sampler);
    }
    Ok(())
}

/// The metrics alone, where the plan asks for them.
///
/// # Errors
/// Where they cannot be served.
pub(super) fn metrics(plan: &Plan) -> Result<Observers<'static>, RunError> {
    let mut observers = Observers::new();
    if let Some(metrics) = served(plan)? {
        say_where(&metrics);
        observers.push(metrics);
    }
    Ok(observers)
}

fn served(plan: &Plan) -> Result<Option<Metrics>, RunError> {
    let listen =
        |address: &String| Metrics::listen(plan, address).map_err(|e| cannot_serve(address, &e));
    plan.metrics.listen.as_ref().map(listen).transpose()
}

fn say_where(metrics: &Metrics) {
    say(&format!("metrics on http://{}/metrics", metrics.address()));
}

fn cannot_serve(address: &str, e: &Error) -> RunError {
    match e.kind() {
        ErrorKind::PermissionDenied => {
            RunError::Plan(PlanError::about("metrics.listen", format!("{address}: {e}")))
        }
        kind => RunError::Io(Error::new(kind, format!("cannot serve metrics on {address}: {e}"))),
    }
}

fn watch(live: Live, plan: &Plan, observers: &mut Observers<'_>) -> Result<(), RunError> {
    let mode = match live {
        Live::Off => LineMode::Off,
        Live::Auto | Live::Tui if terminal::rewrites_lines() => {
            LineMode::Bar { columns: terminal::columns(), colour: terminal::colours() }
        }
        Live::Auto | Live::Line | Live::Tui => LineMode::Plain,
    };
    let line = ProgressLine::new(plan, mode, stderr());
    match live {
        Live::Tui => observers.push(view(plan, line)?),
        Live::Auto if fits_view() => match view(plan, line) {
            Ok(view) => observers.push(view),
            // the terminal cannot show it, and it was not asked for by name
            Err(_) => observers.push(ProgressLine::new(plan, mode, stderr())),
        },
        Live::Auto | Live::Line | Live::Off => observers.push(line),
    }
    Ok(())
}

/// Whether the terminal is large enough for the live view.
#[cfg(feature = "tui")]
fn fits_view() -> bool {
    let (least_columns, least_rows) = crate::watch::tui::SMALLEST;
    crate::watch::tui::terminal_size()
        .is_some_and(|(columns, rows)| columns >= least_columns && rows >= least_rows)
}

#[cfg(not(feature = "tui"))]
fn fits_view() -> bool {
    false
}

#[cfg(feature = "tui")]
fn view(plan: &Plan, line: ProgressLine<Stderr>) -> Result<crate::watch::Tui, RunError> {
    if crate::watch::tui::terminal_size().is_none() {
        let why = "stderr is not a terminal with this process in the foreground";
        return Err(RunError::Plan(PlanError::about("--live tui", why)));
    }
    Ok(crate::watch::Tui::start(plan, terminal::colours(), line)?)
}

#[cfg(not(feature = "tui"))]
fn view(_plan: &Plan, _line: ProgressLine<Stderr>) -> Result<ProgressLine<Stderr>, RunError> {
    Err(RunError::Plan(PlanError::about("--live tui", "built without the feature tui")))
}
