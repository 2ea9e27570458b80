//! Drift is found where it was planted, and nowhere else.
use super::*;
use crate::judge::judge;
use crate::judge::sample::{Fate, GOOD, plan, quiet, record};
use crate::kit::{HostUse, Rng};
use crate::measure::{Observed, ObservedSample, Reading, SeriesUnit};
use std::sync::Arc;

const MIB: f64 = 1_048_576.0;
const MINUTES: u64 = 12;

/// Twelve measured minutes in which the service time grows by `growth`.
fn run(growth: f64, seed: u64) -> (Plan, RunRecord) {
    let plan = plan(10, 0, MINUTES * 60);
    let mut rng = Rng::new(seed);
    let end = (MINUTES * 60) as f64;
    let fate = |_: u64, intended: Nanos| {
        let grown = 20e6 * (1.0 + growth * intended.as_secs_f64() / end);
        Fate { service: Nanos((grown * (0.1 * rng.normal()).exp()) as u64), ..GOOD }
    };
    let record = record(&plan, fate, quiet);
    (plan, record)
}

/// Beside it, the memory of gw grows by `leak` MiB a minute.
fn with_leak(mut record: RunRecord, leak: f64, seed: u64) -> RunRecord {
    let mut rng = Rng::new(seed);
    let mut observed = Observed::default();
    let mut noise = 0.0;
    for second in 0..MINUTES * 60 {
        noise = 0.5 * noise + rng.normal();
        let value = MIB * (100.0 + 0.5 * noise + leak * second as f64 / 60.0);
        let reading = Reading { series: "rss".into(), unit: SeriesUnit::Octets, value };
        let at = Nanos::from_secs(second);
        let sample =
            ObservedSample { source: "gw".into(), at, readings: vec![reading], fault: None };
        observed.absorb(&sample, at);
    }
    record.observed = Arc::new(observed);
    record
}

fn rows(plan: &Plan, record: &RunRecord) -> Vec<DriftRow> {
    judge(plan, record, &HostUse::default()).drift
}

fn row<'r>(rows: &'r [DriftRow], metric: &str) -> &'r DriftRow {
    rows.iter().find(|row| row.metric == metric).unwrap()
}

#[test]
fn a_planted_drift_is_found_with_an_interval_that_holds_it() {
    let (plan, record) = run(0.3, 1);
    let record = with_leak(record, 1.0, 2);
    let rows = rows(&plan, &record);
    let response = row(&rows, "response.p50");
    assert!(response.drifted && (response.change - 0.26).abs() < 0.05, "{response:?}");
    let rss = row(&rows, "observe.gw.rss");
    // of the median, which is what it was after half of the time
    let leak = 60.0 / 106.0;
    assert!(rss.drifted && rss.ci[0] <= leak && leak <= rss.ci[1], "{rss:?}");
    assert!(!row(&rows, "rate.accepted").drifted);
    assert_eq!(rss.values as u64, MINUTES);
    let notes = judge(&plan, &record, &HostUse::default()).notes;
    assert!(
        notes.iter().any(|note| note.starts_with("drift: observe.gw.rss rose by")),
        "{notes:?}"
    );
}

#[test]
fn nothing_drifts_in_ten_runs_without_a_drift() {
    let runs = [run(0.0, 1), run(0.0, 2)];
    for seed in 10..20 {
        let (plan, record) = &runs[seed as usize % 2];
        let record = with_leak(record.clone(), 0.0, seed);
        let drifted: Vec<DriftRow> =
            rows(plan, &record).into_iter().filter(|row| row.drifted).collect();
        assert_eq!(drifted, [], "seed {seed}");
    }
}

#[test]
fn a_short_run_is_not_judged_for_drift() {
    let plan = plan(10, 0, 599);
    let record = record(&plan, |_, _| GOOD, quiet);
    assert_eq!(rows(&plan, &record), []);
}
