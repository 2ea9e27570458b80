//! `smppbench selfcheck`: the highest rate of this machine against the embedded simulator, and how exactly it paces.
//! Takes about 20 s. The result is saved, so that later runs are shown as a share of it.
use super::args::SelfcheckArgs;
use super::exit::{Exit, Failure, put, talk, warn};
use super::folder;
use crate::coordinator::RunError;
use crate::judge::{self, Judgement};
use crate::kit::{
    Ceiling, Clock, Environment, HostSelfcheck, HostUse, Pacing, Selfcheck, state_folder, words,
};
use crate::measure::{CutReason, Metric, NoObserver};
use crate::plan::{self, Overrides, Source};
use crate::trial::{Tcp, Trial};
use std::path::{Path, PathBuf};

/// Shapes of the closed loop: (binds, window).
const SHAPES: [(u32, u32); 2] = [(1, 1000), (8, 64)];
/// Rates at which pacing is measured.
const RATES: [u64; 3] = [1_000, 10_000, 50_000];

/// Runs the verb.
pub(super) fn run(args: &SelfcheckArgs) -> Result<Exit, Failure> {
    let environment = Environment::read();
    for warning in environment.warnings(0) {
        warn(warning);
    }
    let found = measure().map_err(|e| match e {
        RunError::Killed => Failure::from(e),
        // the profile is built in: no mistake of the user
        _ => Failure::internal(e),
    })?;
    let text = if args.json { format!("{}\n", serde_json::json!(found)) } else { table(&found) };
    let shown = put(&text);
    let no_folder = "no folder to save the result in; set XDG_STATE_HOME or HOME";
    let path = here().ok_or_else(|| Failure::internal(no_folder))?;
    save(&path, &environment, found)?;
    talk(format!("saved in {}", path.display()));
    shown.map(|()| Exit::Done)
}

fn measure() -> Result<Selfcheck, RunError> {
    let mut found = Selfcheck {
        measured_at: crate::kit::utc_rfc3339(Clock::wall_ns()),
        ..Selfcheck::default()
    };
    for receipts in [false, true] {
        for (binds, window) in SHAPES {
            talk(format!("closed loop, {binds} × {window}, receipts {}", on(receipts)));
            let stages =
                "{ max = true, for = \"500ms\", measure = false }, { max = true, for = \"2s\" }";
            let judgement = trial(stages, binds, window, receipts)?;
            let measured = &judgement.measured;
            let per_second = measured.tally().accepted as f64 / measured.seconds().max(1e-9);
            found.ceilings.push(Ceiling { binds, window, receipts, per_second });
        }
    }
    for per_second in RATES {
        talk(format!("pacing at {per_second}/s"));
        let stages = format!(
            "{{ hold = \"{per_second}\", for = \"500ms\", measure = false }}, \
             {{ hold = \"{per_second}\", for = \"2s\" }}"
        );
        let judgement = trial(&stages, 2, 1000, false)?;
        let lag = judgement.measured.latency(Metric::HarnessLag);
        found.pacing.push(Pacing {
            per_second,
            adherence: judgement.health.adherence,
            lag_p50_ns: lag.quantile(0.5),
            lag_p99_ns: lag.quantile(0.99),
        });
    }
    Ok(found)
}

fn on(receipts: bool) -> &'static str {
    if receipts { "on" } else { "off" }
}

/// One run against the embedded simulator, judged.
fn trial(stages: &str, binds: u32, window: u32, receipts: bool) -> Result<Judgement, RunError> {
    let text = format!(
        "name = \"selfcheck\"\n[target]\naddress = \"embedded\"\n\
         [binds]\ncount = {binds}\nwindow = {window}\n[load]\nstages = [{stages}]\n\
         [timeouts]\ndrain = \"1s\"\n"
    );
    let source = Source::Text { name: "selfcheck".to_owned(), text };
    let overrides = Overrides { receipts: Some(receipts), ..Overrides::default() };
    let plan = plan::load(&source, &overrides)?;
    let record = Tcp::default().run(&plan, &mut NoObserver)?;
    match &record.cut_reason {
        Some(CutReason::Interrupted) => Err(RunError::Killed),
        Some(reason) => Err(RunError::Worker(format!("the self-check ended early: {reason}"))),
        None => Ok(judge::judge(&plan, &record, &HostUse::default())),
    }
}

fn table(found: &Selfcheck) -> String {
    let mut text = String::from("closed loop against the embedded simulator\n");
    for c in &found.ceilings {
        let shape = format!("{} × {}", c.binds, c.window);
        let rate = words::rate(c.per_second);
        text += &format!("  {shape:<10} receipts {:<4} {rate:>12}\n", on(c.receipts));
    }
    text += "pacing: how late messages were sent\n";
    for p in &found.pacing {
        let lag =
            |n: Option<crate::kit::Nanos>| n.map_or("–".to_owned(), |n| words::duration(n.0));
        let rate = words::rate(p.per_second as f64);
        let (p50, p99) = (lag(p.lag_p50_ns), lag(p.lag_p99_ns));
        let share = p.adherence.map_or("–".to_owned(), words::percent);
        text += &format!("  {rate:<10} p50 {p50:>9}  p99 {p99:>9}  sent on time {share}\n");
    }
    text
}

/// Where the result is saved. None: neither XDG_STATE_HOME nor HOME is set.
fn here() -> Option<PathBuf> {
    Some(state_folder()?.join("selfcheck.json"))
}

fn save(path: &Path, environment: &Environment, found: Selfcheck) -> Result<(), Failure> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)
            .map_err(|e| Failure::internal(format!("cannot make {}: {e}", parent.display())))?;
    }
    let kept = HostSelfcheck::new(environment, found);
    let text = serde_json::to_vec_pretty(&kept).map_err(Failure::internal)?;
    Ok(folder::write(path, &text)?)
}

/// The saved result of this machine and build; None: there is none.
pub(super) fn saved(environment: &Environment) -> Option<Selfcheck> {
    read_saved(&here()?, environment)
}

fn read_saved(path: &Path, environment: &Environment) -> Option<Selfcheck> {
    let octets = std::fs::read(path).ok()?;
    let kept: HostSelfcheck = serde_json::from_slice(&octets).ok()?;
    kept.is_of(environment).then_some(kept.found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_result_is_found_on_the_same_machine_only() {
        let folder = std::env::temp_dir().join(format!("smppbench-kept-{}", std::process::id()));
        let file = folder.join("smppbench/selfcheck.json");
        let here = Environment { host: Some("a".into()), cores: Some(2), ..Environment::default() };
        let ceilings = vec![Ceiling { binds: 1, window: 9, receipts: true, per_second: 1_234.5 }];
        let found = Selfcheck { ceilings, ..Selfcheck::default() };
        assert_eq!(read_saved(&file, &here), None);
        save(&file, &here, found.clone()).unwrap();
        assert_eq!(read_saved(&file, &here), Some(found));
        let there = Environment { cores: Some(64), ..here.clone() };
        assert_eq!(read_saved(&file, &there), None);
        std::fs::write(&file, b"{ half").unwrap();
        assert_eq!(read_saved(&file, &here), None);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_table_has_a_line_for_each_shape_and_rate() {
        let found = Selfcheck {
            ceilings: vec![Ceiling { binds: 8, window: 64, receipts: true, per_second: 123_456.0 }],
            pacing: vec![Pacing {
                per_second: 10_000,
                adherence: Some(0.999),
                lag_p50_ns: Some(crate::kit::Nanos(30_000)),
                lag_p99_ns: None,
            }],
            ..Selfcheck::default()
        };
        let text = table(&found);
        assert!(text.contains("8 × 64") && text.contains("receipts on"), "{text}");
        assert!(text.contains("p50") && text.contains("99.9 %") && text.contains('–'), "{text}");
    }
}
