use super::*;
use crate::judge::sample::{Fate, GOOD, plan, quiet, record};
use crate::kit::Nanos;
use crate::measure::{Outcome, Phase, RunRecord};
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;

fn progress(record: &RunRecord, second: u64) -> Progress<'_> {
    let load_ends = Nanos::from_secs(10);
    let at = Nanos::from_secs(second);
    Progress { phase: Phase::Load, at, load_ends, record, sessions: (2, 2) }
}

fn scrape(slot: &Arc<LatestSnapshot>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(table::Scrape(slot.clone())));
    let mut text = String::new();
    text::encode(&mut text, &registry).unwrap();
    text
}

fn shown(plan: &Plan, record: &RunRecord, second: u64) -> String {
    let snapshot = SnapshotBuilder::new(plan).snapshot(&progress(record, second));
    scrape(&Arc::new(LatestSnapshot::new(snapshot)))
}

/// Every sample: its name with its labels, and its value.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|l| !l.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

fn one_in_ten_throttled(index: u64) -> Fate {
    let outcome =
        if index.is_multiple_of(10) { Outcome::Rejected(0x58) } else { Outcome::Accepted };
    Fate { outcome: Some(outcome), ..GOOD }
}

#[test]
fn a_scrape_holds_what_the_record_counted() {
    let plan = plan(200, 2, 8);
    let record = record(&plan, |index, _| one_in_ten_throttled(index), quiet);
    let text = shown(&plan, &record, 5);
    let found = samples(&text);
    for (name, value) in [
        ("smppbench_submit_sm_written_total", 2_000.0),
        ("smppbench_submit_sm_answered_total{command_status=\"ESME_ROK\"}", 1_800.0),
        ("smppbench_submit_sm_answered_total{command_status=\"ESME_RTHROTTLED\"}", 200.0),
        ("smppbench_receipts_total{state=\"DELIVRD\"}", 1_800.0),
        ("smppbench_sessions_up", 2.0),
        ("smppbench_in_flight", 10.0),
        ("smppbench_target_rate", 200.0),
        ("smppbench_phase{phase=\"load\"}", 1.0),
        ("smppbench_phase{phase=\"drain\"}", 0.0),
        ("smppbench_stage{stage=\"hold\"}", 1.0),
        ("smppbench_load_seconds", 5.0),
        ("smppbench_response_seconds_bucket{le=\"0.01\"}", 0.0),
        ("smppbench_response_seconds_bucket{le=\"0.025\"}", 1_800.0),
        ("smppbench_response_seconds_bucket{le=\"+Inf\"}", 1_800.0),
        ("smppbench_response_seconds_count", 1_800.0),
        ("smppbench_harness_lag_seconds_bucket{le=\"0.0001\"}", 1_800.0),
    ] {
        assert_eq!(found.get(name), Some(&value), "{name}\n{text}");
    }
    let sum = found["smppbench_response_seconds_sum"];
    assert!((sum - 1_800.0 * 0.010_05).abs() < 1e-6, "{sum}");
    assert!(text.contains("# TYPE smppbench_response_seconds histogram"));
    assert!(text.contains("# UNIT smppbench_response_seconds seconds"));
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn the_latest_value_of_an_observed_series_is_a_gauge_until_it_is_old() {
    use crate::measure::{Observed, ObservedSample, Reading, SeriesUnit};
    let plan = plan(200, 0, 10);
    let mut record = record(&plan, |_, _| GOOD, quiet);
    let mut observed = Observed::default();
    for (second, value) in [(1, 5.0), (3, 7.5)] {
        let reading = Reading { series: "rss".to_owned(), unit: SeriesUnit::Octets, value };
        let at = Nanos::from_secs(second);
        let sample =
            ObservedSample { source: "gw".to_owned(), at, readings: vec![reading], fault: None };
        observed.absorb(&sample, at);
    }
    record.observed = Arc::new(observed);
    let at = |second| {
        let found = samples(&shown(&plan, &record, second));
        found.get("smppbench_observed{series=\"gw.rss\"}").copied()
    };
    assert_eq!((at(4), at(40)), (Some(7.5), None));
}

#[test]
fn buckets_hold_every_value_once_wherever_the_bounds_fall() {
    let plan = plan(500, 0, 4);
    // a value on each bound, one just above, and one beyond them all
    let values: Vec<u64> = snapshot::BOUNDS_NS.iter().flat_map(|b| [*b, b + b / 100]).collect();
    let fate = |index: u64, _| Fate {
        lag: Nanos::ZERO,
        service: Nanos(values[index as usize % values.len()]),
        ..GOOD
    };
    let record = record(&plan, fate, quiet);
    let found = samples(&shown(&plan, &record, 4));
    let mut last = 0.0;
    let mut buckets: Vec<(f64, f64)> = found
        .iter()
        .filter_map(|(name, n)| {
            let le =
                name.strip_prefix("smppbench_service_seconds_bucket{le=\"")?.strip_suffix("\"}")?;
            Some((le.replace("+Inf", "inf").parse().unwrap(), *n))
        })
        .collect();
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert_eq!(buckets.len(), snapshot::BOUNDS_NS.len() + 1);
    for (place, (le, n)) in buckets.iter().enumerate() {
        assert!(*n >= last, "{le}");
        last = *n;
        let below = (0..2_000).filter(|i| values[i % values.len()] as f64 <= le * 1e9).count();
        assert_eq!(*n, below as f64, "bucket {place}, at most {le} s");
    }
    assert_eq!(last, found["smppbench_service_seconds_count"]);
}

#[test]
fn no_counter_goes_backwards_while_a_record_grows_and_a_peer_makes_up_statuses() {
    let plan = plan(500, 0, 6);
    let mut builder = SnapshotBuilder::new(&plan);
    let mut before: BTreeMap<String, f64> = BTreeMap::new();
    for seconds in 1..=6 {
        let so_far = Plan {
            stages: vec![crate::plan::Stage {
                length: Nanos::from_secs(seconds),
                ..plan.stages[0].clone()
            }],
            ..plan.clone()
        };
        let fate =
            |index: u64, _| Fate { outcome: Some(Outcome::Rejected(0x400 + index as u32)), ..GOOD };
        let record = record(&so_far, fate, quiet);
        let slot = Arc::new(LatestSnapshot::new(builder.snapshot(&progress(&record, seconds))));
        let now = samples(&scrape(&slot));
        for (name, value) in
            before.iter().filter(|(name, _)| name.contains("_total") || name.contains("_bucket"))
        {
            assert!(
                now.get(name).is_some_and(|n| n >= value),
                "{name}: {value} → {:?}",
                now.get(name)
            );
        }
        let answered =
            now.iter().filter(|(name, _)| name.starts_with("smppbench_submit_sm_answered_total"));
        assert_eq!(answered.map(|(_, n)| n).sum::<f64>(), 500.0 * seconds as f64);
        before = now;
    }
    assert!(before["smppbench_submit_sm_answered_total{command_status=\"other\"}"] > 2_000.0);
}

#[test]
fn labels_from_a_profile_and_from_a_peer_cannot_break_out_of_their_quotes() {
    let mut plan = plan(100, 0, 2);
    plan.name = "a\"b\\c\nd".to_owned();
    let mut record = record(&plan, |_, _| GOOD, quiet);
    record.cells[0].1.by_err.add(b"\"}\n\xff", 3);
    let text = shown(&plan, &record, 1);
    assert!(text.contains(r#"name="a\"b\\c\nd""#), "{text}");
    let line = text.lines().find(|l| l.starts_with("smppbench_receipts_by_err_total{")).unwrap();
    assert_eq!(line, r#"smppbench_receipts_by_err_total{err="\\\"}\\n\\xff"} 3"#);
}

#[test]
fn a_closed_loop_has_no_target_and_before_the_first_look_there_are_zeros() {
    let mut plan = plan(100, 0, 2);
    let good = record(&plan, |_, _| GOOD, quiet);
    plan.stages[0].shape = crate::plan::Shape::Max;
    let found = samples(&shown(&plan, &good, 1));
    assert!(!found.contains_key("smppbench_target_rate"));
    let nothing = SnapshotBuilder::new(&plan).nothing_yet();
    let found = samples(&scrape(&Arc::new(LatestSnapshot::new(nothing))));
    assert_eq!(found["smppbench_submit_sm_written_total"], 0.0);
    assert_eq!(found["smppbench_response_seconds_count"], 0.0);
}

#[test]
fn every_metric_stands_in_the_documents_table_and_in_the_scrape_and_nothing_else_does() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/metrics.md");
    let document = std::fs::read_to_string(path).unwrap();
    let rows: Vec<&str> = document.lines().filter(|l| l.starts_with("| `smppbench")).collect();
    let expected: Vec<String> = METRICS
        .iter()
        .map(|line| {
            let labels = line.labels();
            let labels = if labels.is_empty() {
                "–".to_owned()
            } else {
                format!("`{}`", labels.join("`, `"))
            };
            let unit = if line.unit.is_empty() { "–" } else { line.unit };
            let (name, kind, help) = (line.sample_name(), line.kind().name(), line.help);
            format!("| `{name}` | {kind} | {unit} | {labels} | {help} |")
        })
        .collect();
    assert_eq!(rows, expected, "reports/metrics.md; the rows should be:\n{}", expected.join("\n"));

    let plan = plan(100, 0, 2);
    let good = record(&plan, |_, _| GOOD, quiet);
    let text = shown(&plan, &good, 1);
    let families: Vec<&str> =
        text.lines().filter_map(|l| l.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let named: Vec<String> = METRICS
        .iter()
        .map(|l| l.sample_name().trim_end_matches("_total").trim_end_matches("_info").to_owned())
        .collect();
    assert_eq!(families, named);
}
