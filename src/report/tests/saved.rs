//! Runs read back from what was written, and what a document says beyond the old result.
use super::{Made, ms};
use crate::judge::sample::{Fate, GOOD, plan};
use crate::kit::{Nanos, RateChange};
use crate::measure::{CutReason, Outcome};
use crate::report::{Document, FORMATS, Saved, format, hlog, render};
use serde_json::json;
use std::sync::Arc;

/// The run as its folder holds it, read back.
fn read_back(saved: &Saved) -> Saved {
    let folder = |name: &str| (format(name).unwrap().render)(saved).unwrap();
    Saved {
        document: Document::from_json(&folder("json")).unwrap(),
        seconds: Some(hlog::read(&folder("hlog")).unwrap()),
    }
}

#[test]
fn every_format_of_a_run_read_back_is_the_same_to_the_byte() {
    let throttled = Fate { outcome: Some(Outcome::Rejected(0x58)), ..GOOD };
    let silent = Fate { outcome: Some(Outcome::TimedOut), service: ms(5_000), ..GOOD };
    let late = Fate { wait: ms(300), lag: Nanos(123_456_789), ..GOOD };
    let mut plan = plan(200, 1, 5);
    plan.gates.push(("response.p99".to_owned(), json!("< 5ms")));
    plan.gates.push(("verdict.outcome".to_owned(), json!("= sustained")));
    for fates in [[GOOD; 4], [throttled, GOOD, silent, GOOD], [late, GOOD, late, GOOD]] {
        let made = Made::new(plan.clone(), |i, _| Fate {
            service: fates[(i % 4) as usize].service + Nanos(i * 1_237),
            ..fates[(i % 4) as usize]
        });
        let saved = made.saved();
        let back = read_back(&saved);
        assert_eq!(back, saved);
        for row in FORMATS {
            let (first, again) = ((row.render)(&saved), (row.render)(&back));
            assert!(first == again, "{}", row.name);
        }
    }
}

#[test]
fn without_its_log_a_run_has_every_format_but_the_log_and_the_refusal_says_what_would_do() {
    let mut plan = plan(200, 0, 5);
    plan.gates.push(("response.p50".to_owned(), json!("< 50ms")));
    let made = Made::new(plan, |_, _| GOOD);
    let alone = Saved { seconds: None, ..made.saved() };
    for row in FORMATS.iter().filter(|row| row.name != "hlog") {
        assert!(render(std::slice::from_ref(&alone), row.name).is_ok(), "{}", row.name);
    }
    let says = render(std::slice::from_ref(&alone), "hlog").unwrap_err().to_string();
    assert!(says.contains("name the run folder that holds latency.hlog"), "{says}");
    let two = [alone.clone(), alone];
    let says = render(&two, "csv").unwrap_err().to_string();
    assert_eq!(says, "csv holds one run; 2 were given");
    let says = render(&two, "pdf").unwrap_err().to_string();
    assert!(says.starts_with("there is no format \"pdf\"; there are text, json"), "{says}");
    assert!(FORMATS.iter().all(|row| says.contains(row.name)), "{says}");
}

#[test]
fn the_ledger_holds_every_line_of_the_catalogue_under_its_name() {
    let mut made = Made::new(plan(200, 0, 5), |_, _| GOOD);
    // every counter another number, so that no two can be taken for each other
    let tally = &mut made.record.cells[0].1.tally;
    let lines: [&mut u64; 12] = [
        &mut tally.planned,
        &mut tally.retries,
        &mut tally.written,
        &mut tally.dropped,
        &mut tally.unsent,
        &mut tally.accepted,
        &mut tally.rejected,
        &mut tally.timed_out,
        &mut tally.lost,
        &mut tally.open_at_end,
        &mut tally.late_responses,
        &mut tally.self_inflicted_throttles,
    ];
    lines.into_iter().enumerate().for_each(|(number, line)| *line = 1_000 + number as u64);
    let (doc, tally) = (made.json(), made.record.ledger());
    for (name, count) in crate::judge::LEDGER {
        assert_eq!(doc["ledger"][name], count(&tally), "{name}");
        assert_eq!(doc["groups"][0]["ledger"][name], count(&tally), "{name}");
    }
}

#[test]
fn stages_tell_what_they_came_to_and_a_cut_one_how_long_it_was_on() {
    let made = Made::with(
        plan(200, 2, 8),
        |_, _| GOOD,
        |record| record.load_ended = Nanos::from_millis(9_500),
    );
    let doc = made.json();
    let stages = doc["stages"].as_array().unwrap();
    assert_eq!((&stages[0]["name"], &stages[0]["rate"]), (&json!("warm-up"), &json!("200/s")));
    assert_eq!((&stages[0]["ran_s"], &stages[1]["ran_s"]), (&json!(2.0), &json!(7.5)));
    assert_eq!((&stages[1]["from_s"], &stages[1]["to_s"]), (&json!(2.0), &json!(10.0)));
    assert_eq!((&stages[0]["written"], &stages[1]["written"]), (&json!(400), &json!(1600)));
    assert_eq!(doc["run"]["binds"], json!(["2 transceivers, window 20"]));
    // seconds 2 to 8 lie wholly in what was measured; the tenth was cut
    let saved = made.saved();
    let measured: Vec<f64> = saved.document.measured_rows().map(|r| r.t_s).collect();
    assert_eq!(measured, [2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
}

#[test]
fn the_rows_of_a_document_that_are_measured_are_those_of_the_judgement() {
    for (warmup, measured) in [(0, 5), (2, 5), (3, 1)] {
        let made = Made::new(plan(20, warmup, measured), |_, _| GOOD);
        let rows = made.judgement.measured.rows(&made.record);
        let wanted: Vec<f64> = rows.map(|row| row.at.as_secs_f64()).collect();
        let saved = made.saved();
        let found: Vec<f64> = saved.document.measured_rows().map(|row| row.t_s).collect();
        assert_eq!(found, wanted);
    }
}

#[test]
fn a_run_of_more_than_an_hour_is_told_by_the_hour_and_none_is_lost() {
    const SECOND_HOUR: usize = 5;
    let slow = Nanos::from_secs(SECOND_HOUR as u64);
    let made = Made::with(
        plan(20, 0, 10),
        |_, intended| Fate { service: ms(if intended >= slow { 40 } else { 10 }), ..GOOD },
        // the second half of it an hour later: a row belongs to the hour in which it starts
        |record| {
            let rows = Arc::make_mut(&mut record.intervals);
            let later = rows[SECOND_HOUR..].iter_mut();
            later.for_each(|row| row.at += Nanos::from_secs(3_600));
        },
    );
    let doc = made.json();
    let hours = doc["hours"].as_array().unwrap();
    let spans: Vec<(f64, f64)> = hours
        .iter()
        .map(|h| (h["from_s"].as_f64().unwrap(), h["to_s"].as_f64().unwrap()))
        .collect();
    assert_eq!(spans, [(0.0, 5.0), (3_605.0, 3_610.0)]);
    let written: u64 = hours.iter().map(|h| h["written"].as_u64().unwrap()).sum();
    assert_eq!(written, made.record.ledger().written);
    let p50 = |hour: usize| hours[hour]["service_p50_ns"].as_u64().unwrap();
    assert!(p50(0).abs_diff(10_000_000) < 100_000, "{}", p50(0));
    assert!(p50(1).abs_diff(40_000_000) < 400_000, "{}", p50(1));
    assert_eq!(hours[1]["accepted_per_s"], 20.0);
    assert_eq!(Made::new(plan(2, 0, 60), |_, _| GOOD).json()["hours"], json!([]));
}

#[test]
fn a_result_that_is_written_row_by_row_is_the_same_to_the_byte() {
    for seconds in [1, 5] {
        let made = Made::new(plan(20, 0, seconds), |_, _| GOOD);
        let whole = made.saved().document;
        let without = Document { intervals: Vec::new(), ..whole.clone() };
        let mut octets = Vec::new();
        without.write_json(whole.intervals.iter().cloned(), &mut octets).unwrap();
        assert_eq!(octets, whole.to_json());
        let mut octets = Vec::new();
        without.write_json(std::iter::empty(), &mut octets).unwrap();
        assert_eq!(octets, without.to_json());
    }
}

#[test]
fn outages_that_were_only_counted_are_told() {
    let made = Made::with(plan(20, 0, 5), |_, _| GOOD, |record| record.outages_more = 1_234);
    assert_eq!(made.json()["outages_more"], 1_234);
    let text = String::from_utf8(made.bytes("text")).unwrap();
    assert!(text.contains("1,234 more outages, which were only counted"), "{text}");
}

#[test]
fn checks_say_whom_they_speak_of() {
    let made = Made::new(plan(200, 0, 40), |_, _| GOOD);
    let doc = made.json();
    let about = |name: &str| {
        let reasons = doc["verdict"]["reasons"].as_array().unwrap();
        reasons.iter().find(|r| r["check"] == name).map(|r| r["about"].clone())
    };
    assert_eq!(about("sent_of_scheduled"), Some(json!("smsc")));
    assert_eq!(about("in_flight_growth"), Some(json!("growth")));
    assert_eq!(about("adherence"), Some(json!("harness")));
}

#[test]
fn what_the_operator_did_and_the_anomalies_of_each_second_are_told() {
    let made = Made::with(
        plan(200, 0, 5),
        |_, _| GOOD,
        |record| {
            record.rate_changes.push(RateChange { at: ms(1_500), percent: 110 });
            Arc::make_mut(&mut record.intervals)[2]
                .anomalies
                .push(("trailing_octets".to_owned(), 3));
        },
    );
    let doc = made.json();
    let wanted = json!([{ "t_s": 1.5, "what": "rate 110 % of the plan", "factor": 1.1 }]);
    assert_eq!(doc["operator"], wanted);
    assert_eq!(doc["intervals"][2]["anomalies"], json!({ "trailing_octets": 3 }));
    assert_eq!(doc["intervals"][3]["anomalies"], json!({}));
}

#[test]
fn gates_are_test_cases_and_an_undecided_one_is_an_error_and_no_failure() {
    let mut plan = plan(200, 0, 5);
    for (name, limit) in [
        ("response.p50", "< 50ms"),
        ("response.p99", "< 5ms"),
        ("response.p99_99", "< 5s"),
        ("verdict.outcome", "= sustained"),
    ] {
        plan.gates.push((name.to_owned(), json!(limit)));
    }
    let made = Made::new(plan, |_, _| GOOD);
    let doc = made.json();
    let gates = doc["gates"].as_array().unwrap();
    let outcomes: Vec<&str> = gates.iter().map(|g| g["outcome"].as_str().unwrap()).collect();
    assert_eq!(&outcomes[..3], ["pass", "fail", "undecided"]);
    let failed = outcomes.iter().filter(|o| **o == "fail").count();
    let xml = String::from_utf8(made.bytes("junit")).unwrap();
    let suite = format!("tests=\"4\" skipped=\"0\" errors=\"1\" failures=\"{failed}\"");
    assert!(xml.contains(&suite), "{xml}");
    assert!(xml.contains("<testcase name=\"response.p50 &lt; 50ms\""), "{xml}");
    assert!(xml.contains("<error message=\"found undefined"), "{xml}");
    let page = String::from_utf8(made.bytes("markdown")).unwrap();
    assert!(page.contains("| response.p99 | &lt; 5ms |"), "{page}");
    assert!(page.contains("❌ FAIL") && page.contains("⚠️ UNDECIDED") && page.contains("✅ pass"));
    assert!(page.contains("| written | 1,000 | = 1,000 accepted | ✅ |"), "{page}");
}

#[test]
fn without_gates_there_is_no_junit_file_and_asking_for_one_says_so() {
    let saved = Made::new(plan(200, 0, 5), |_, _| GOOD).saved();
    let mut files: Vec<&str> = FORMATS.iter().filter_map(|row| row.file(&saved)).collect();
    files.sort_unstable();
    let always = ["intervals.csv", "latency.hlog", "report.html", "response.hgrm", "result.json"];
    assert_eq!(files, always);
    let says = render(std::slice::from_ref(&saved), "junit").unwrap_err().to_string();
    assert_eq!(says, "junit cannot be made: the run had no gates");
    assert!(render(&[saved], "markdown").is_ok());
}

#[test]
fn what_a_peer_wrote_breaks_neither_the_xml_nor_the_page() {
    let nasty = "\u{1b}[2J</script><img src=x onerror=alert(1)>|]]>\r\n\u{7}\u{0}".to_owned();
    let mut plan = plan(200, 0, 5);
    plan.name = nasty.clone();
    plan.gates.push(("response.p99".to_owned(), json!("< 5ms")));
    let made = Made::with(
        plan,
        |_, _| GOOD,
        |record| record.cut_reason = Some(CutReason::Said(nasty.clone())),
    );
    for name in ["junit", "markdown"] {
        let text = String::from_utf8(made.bytes(name)).unwrap();
        assert!(!text.contains("<img") && !text.contains("</script"), "{name}: {text}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{name}: {text:?}");
    }
}

#[test]
fn the_csv_has_one_row_an_interval_under_stable_columns() {
    let made = Made::new(plan(200, 2, 8), |_, _| GOOD);
    let text = String::from_utf8(made.bytes("csv")).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(&header[..4], &["t_s", "length_s", "stage", "scheduled"]);
    let rows: Vec<Vec<&str>> = lines.map(|l| l.split(',').collect()).collect();
    assert_eq!(rows.len(), 10);
    assert!(rows.iter().all(|r| r.len() == header.len()));
    assert_eq!(&rows[2][..4], &["2", "1", "hold", "200"]);
}

#[test]
fn the_percentile_distribution_ends_at_all_and_counts_all() {
    let made = Made::new(plan(200, 0, 10), |i, _| Fate { service: ms(5 + i % 50), ..GOOD });
    let text = String::from_utf8(made.bytes("hgrm")).unwrap();
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(2)
        .take_while(|l| !l.starts_with('#'))
        .map(|l| l.split_whitespace().map(|f| f.parse().unwrap()).collect())
        .collect();
    assert_eq!(rows.last().unwrap()[1..], [1.0, 2000.0]);
    assert!(rows.windows(2).all(|w| w[0][0] <= w[1][0] && w[0][2] <= w[1][2]));
    assert!((rows.last().unwrap()[0] - 54.05).abs() < 0.1, "milliseconds");
}
