//! Whole reports of synthetic runs.
mod brief;
mod refusals;
mod saved;
mod through;

use super::{Document, FORMATS, LabelTraits, Run, Saved, Style, format, text};
use crate::judge::sample::{Fate, GOOD, plan, quiet, record};
use crate::judge::{GateResult, Judgement, TallyCheck, evaluate, judge};
use crate::kit::{Environment, HostUse, Nanos};
use crate::measure::{Anomaly, CutReason, Outage, Outcome, RunRecord};
use crate::plan::{Plan, Shape};
use serde_json::{Value, json};

/// A run with everything a report needs.
struct Made {
    plan: Plan,
    record: RunRecord,
    judgement: Judgement,
    gates: Vec<GateResult>,
    profile: Value,
    environment: Environment,
    labels: Vec<LabelTraits>,
    tally: TallyCheck,
}

impl Made {
    fn new(plan: Plan, fate: impl FnMut(u64, Nanos) -> Fate) -> Made {
        Made::with(plan, fate, |_| {})
    }
    fn with(
        plan: Plan,
        fate: impl FnMut(u64, Nanos) -> Fate,
        change: impl FnOnce(&mut RunRecord),
    ) -> Made {
        let mut record = record(&plan, fate, quiet);
        change(&mut record);
        let judgement = judge(&plan, &record, &HostUse::default());
        let gates = evaluate(&plan, &record, &judgement);
        let labels = plan
            .messages
            .iter()
            .map(|_| LabelTraits { coding: "gsm".to_owned(), parts: 1 })
            .collect();
        Made {
            profile: json!({ "name": plan.name }),
            environment: Environment { kernel: Some("6.1".to_owned()), ..Environment::default() },
            tally: TallyCheck {
                agrees: true,
                exact: true,
                lines: vec!["submits: 5".to_owned().into()],
            },
            plan,
            record,
            judgement,
            gates,
            labels,
        }
    }
    fn run(&self) -> Run<'_> {
        Run {
            plan: &self.plan,
            profile: &self.profile,
            record: &self.record,
            judgement: &self.judgement,
            gates: &self.gates,
            environment: &self.environment,
            id: "sample-20260101T000000Z",
            version: "0.1.0",
            commit: None,
            target: "embedded",
            repro: "smppbench run sample.toml --seed 7",
            tally: Some(&self.tally),
            warnings: &[],
            labels: &self.labels,
            folder: Some("reports/sample"),
            show_content: false,
        }
    }
    fn text(&self) -> String {
        text(&self.saved(), Style::default())
    }
    fn saved(&self) -> Saved {
        Saved::of(&self.run())
    }
    fn json(&self) -> Value {
        value(&self.run())
    }
    fn bytes(&self, name: &str) -> Vec<u8> {
        (format(name).unwrap().render)(&self.saved()).unwrap()
    }
}

/// result.json as a reader has it.
fn value(run: &Run<'_>) -> Value {
    serde_json::from_slice(&Document::of(run).to_json()).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn listed(names: &str) -> Vec<&str> {
    names.split_whitespace().collect()
}

const fn ms(n: u64) -> Nanos {
    Nanos::from_millis(n)
}

#[test]
fn the_result_has_every_key_of_the_contract_in_its_order() {
    let made = Made::new(plan(200, 2, 8), |_, _| GOOD);
    let doc = made.json();
    let starts = |value: &Value, wanted: &[&str]| {
        assert_eq!(&keys(value)[..wanted.len()], wanted);
    };
    starts(
        &doc,
        &[
            "schema",
            "state",
            "tool",
            "run",
            "profile",
            "environment",
            "window",
            "verdict",
            "ledger",
            "messages",
            "rate",
            "ratio",
            "statuses",
            "anomalies",
            "outages",
            "latency",
            "groups",
            "intervals",
            "sessions",
            "gates",
        ],
    );
    starts(&doc["tool"], &["name", "version", "commit"]);
    starts(&doc["run"], &["id", "name", "started_at", "duration_s", "target", "seed", "repro"]);
    starts(&doc["window"], &["from_s", "to_s", "cut_reason"]);
    for key in ["outcome", "limiter", "harness", "steady", "reasons"] {
        assert!(doc["verdict"].get(key).is_some(), "{key}");
    }
    for key in ["state", "adherence", "lag_p99_ns", "cpu_max"] {
        assert!(doc["verdict"]["harness"].get(key).is_some(), "{key}");
    }
    assert_eq!(
        keys(&doc["ledger"]),
        listed(
            "planned retries written dropped unsent accepted rejected timed_out lost \
                 open_at_end late_responses unknown_responses ids_given_twice self_inflicted_throttles \
                 receipts mo balanced"
        )
    );
    assert_eq!(
        keys(&doc["ledger"]["receipts"]),
        listed(
            "expected final missing untracked ambiguous silent intermediate duplicate \
                 before_response other_bind unknown late previous_run by_state by_err \
                 by_rule asked"
        )
    );
    assert_eq!(keys(&doc["ledger"]["mo"]), listed("received answered refused redelivered"));
    assert_eq!(keys(&doc["messages"]), listed("planned complete partial failed delivered"));
    assert_eq!(
        keys(&doc["rate"]),
        listed("target scheduled written accepted answered receipts mo")
    );
    assert_eq!(
        keys(&doc["ratio"]),
        listed("rejected throttled timed_out lost missing window_full")
    );
    // the contract's metrics first; the catalogue may hold more
    starts(
        &doc["latency"],
        &[
            "response",
            "service",
            "window_wait",
            "harness_lag",
            "write_wait",
            "rejected",
            "receipt",
            "receipt_from_write",
            "receipt_after_response",
            "receipt_before_response",
            "bind",
            "enquire_link",
            "deliver_ack",
        ],
    );
    let catalogue: Vec<&str> = crate::measure::LATENCY_METRICS.iter().map(|m| m.name).collect();
    assert_eq!(keys(&doc["latency"]), catalogue);
    starts(
        &doc["latency"]["response"],
        &[
            "unit", "count", "censored", "min", "mean", "stddev", "p50", "p90", "p95", "p99",
            "p99_9", "p99_99", "max", "ci", "hdr",
        ],
    );
    assert_eq!(keys(&doc["groups"][0]), listed("by name ledger rate ratio latency measured"));
    for key in "t_s stage scheduled written accepted rejected answered receipts mo timed_out lost \
                in_flight backlog sessions_up window_full_ratio statuses response_p50_ns \
                response_p99_ns receipt_p50_ns"
        .split_whitespace()
    {
        assert!(doc["intervals"][0].get(key).is_some(), "{key}");
    }
    for key in "id account role state written accepted rejected response_p99_ns reconnects"
        .split_whitespace()
    {
        assert!(doc["sessions"][0].get(key).is_some(), "{key}");
    }
}

#[test]
fn figures_in_the_result_are_those_of_the_measured_stages_and_the_ledger_is_of_all() {
    let made = Made::new(plan(200, 2, 8), |_, _| GOOD);
    let doc = made.json();
    assert_eq!(doc["ledger"]["planned"], 2000);
    assert_eq!(doc["rate"]["target"], 200.0);
    assert_eq!(doc["rate"]["accepted"], 200.0);
    assert_eq!(doc["latency"]["response"]["count"], 1600);
    assert_eq!((&doc["window"]["from_s"], &doc["window"]["to_s"]), (&json!(2.0), &json!(10.0)));
    let p50 = doc["latency"]["service"]["p50"].as_u64().unwrap();
    assert!(p50.abs_diff(10_000_000) < 10_000, "{p50}");
    // 1,600 values do not support p99.9
    assert_eq!(doc["latency"]["response"]["p99_9"], Value::Null);
    assert_eq!(doc["verdict"]["outcome"], "sustained");
    assert_eq!(doc["ledger"]["receipts"]["by_state"][0]["name"], "DELIVRD");
    assert_eq!(doc["messages"]["delivered"], 2000);
    let groups = doc["groups"].as_array().unwrap();
    let named: Vec<(&str, &str)> =
        groups.iter().map(|g| (g["by"].as_str().unwrap(), g["name"].as_str().unwrap())).collect();
    let wanted = [
        ("account", "main"),
        ("label", "otp"),
        ("stage", "warm-up"),
        ("stage", "hold"),
        ("coding", "gsm"),
        ("parts", "1"),
    ];
    assert_eq!(named, wanted);
    assert_eq!(groups[2]["latency"]["response"]["count"], 400);
    assert_eq!(groups[2]["rate"]["written"], 200.0);
}

#[test]
fn the_packed_histogram_of_the_result_reads_back_with_the_same_percentiles() {
    let made = Made::new(plan(200, 0, 10), |i, _| Fate { service: ms(5 + i % 50), ..GOOD });
    let doc = made.json();
    let entry = &doc["latency"]["service"];
    let back = crate::measure::Latency::from_base64(entry["hdr"].as_str().unwrap()).unwrap();
    assert_eq!(json!(back.count()), entry["count"]);
    // the packed form knows buckets only; the run knows its extremes exactly
    let (packed, told) = (back.quantile(0.99).unwrap().0, entry["p99"].as_u64().unwrap());
    assert!(back.histogram().equivalent(packed, told), "{packed} {told}");
    let ci = entry["ci"]["p50"].as_array().unwrap();
    let p50 = entry["p50"].as_u64().unwrap();
    assert!(ci[0].as_u64().unwrap() <= p50 && p50 <= ci[1].as_u64().unwrap());
}

#[test]
fn a_percentile_among_the_unanswered_is_null_with_a_bound_and_printed_as_one() {
    let silent = Fate { outcome: Some(Outcome::TimedOut), service: ms(5_000), ..GOOD };
    let mut one = plan(200, 0, 10);
    // a profile that bears timeouts keeps its headline
    one.gates.push(("ratio.rejected".to_owned(), json!("<= 1%")));
    let made = Made::new(one, |i, _| if i % 50 == 0 { silent } else { GOOD });
    let doc = made.json();
    let entry = &doc["latency"]["service"];
    assert_eq!((&entry["p99"], &entry["censored"]), (&Value::Null, &json!(40)));
    assert!(entry["p99_at_least"].as_u64().unwrap() >= 4_990_000_000);
    assert!(made.text().contains("≥ 5 s"), "{}", made.text());
}

#[test]
fn the_summary_of_a_good_run_leads_with_the_verdict_and_names_both_times() {
    let made = Made::new(plan(200, 2, 8), |_, _| GOOD);
    let text = made.text();
    assert!(text.lines().nth(2).unwrap().contains("SUSTAINED  200/s for 8 s"), "{text}");
    for words in [
        "response time (from intended send)",
        "service time (from actual send)",
        "balanced",
        "2,000 = 2,000 written",
        "2,000 DELIVRD",
        "agrees to the PDU",
        "valid: 100 % sent on time",
        "reports/sample",
        "--seed 7",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[test]
fn with_an_invalid_harness_no_rate_and_no_latency_is_printed() {
    let made = Made::new(plan(200, 0, 10), |_, _| Fate { lag: ms(80), ..GOOD });
    let text = made.text();
    assert!(text.contains("INCONCLUSIVE  the harness did not keep up"), "{text}");
    assert!(text.contains("adherence 0 % (wanted >= 95 %)"), "{text}");
    assert!(!text.contains("(from intended send)") && !text.contains("(from actual send)"));
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(words.join(" ").contains("result.json has them all"));
    let doc = made.json();
    assert!(doc["latency"]["response"]["p50"].is_u64(), "result.json keeps every figure");
}

#[test]
fn where_work_piled_up_no_time_from_the_intended_send_is_printed() {
    let silent = Fate { outcome: Some(Outcome::TimedOut), ..GOOD };
    let made = Made::new(plan(200, 0, 10), |i, _| if i % 4 == 0 { silent } else { GOOD });
    let text = made.text();
    assert!(text.contains("NOT SUSTAINED"), "{text}");
    assert!(!text.contains("response time (from intended send)"), "{text}");
    assert!(text.contains("service time (from actual send)"));
    assert!(text.contains("work piled up"), "{text}");
}

#[test]
fn the_longest_receipt_time_is_not_below_that_of_a_receipt_that_never_came() {
    let lost = Fate { receipt: None, ..GOOD };
    let text = Made::new(plan(200, 0, 10), |i, _| if i % 4 == 0 { lost } else { GOOD }).text();
    let line =
        text.lines().find(|line| line.contains("receipt time (from intended send)")).unwrap();
    // p90, p99 and the longest
    assert_eq!(line.matches("≥ ").count(), 3, "{line}");
}

#[test]
fn the_sentence_that_explains_a_difference_is_printed() {
    let made = Made::new(plan(200, 0, 10), |i, _| {
        if i % 20 == 0 { Fate { wait: ms(900), ..GOOD } } else { GOOD }
    });
    let text = made.text();
    assert!(text.contains("At p99 the response time is"), "{text}");
}

#[test]
fn what_is_not_sustained_shows_the_rates_under_load_and_the_cause_without_the_response_time() {
    let unanswered = Fate { outcome: Some(Outcome::TimedOut), wait: ms(900), ..GOOD };
    let made = Made::new(plan(200, 0, 10), |i, _| if i % 20 == 0 { unanswered } else { GOOD });
    let words: Vec<String> = made.text().split_whitespace().map(str::to_owned).collect();
    let text = words.join(" ");
    assert!(
        text.contains("while the load was on: scheduled 200/s · written 200/s · answered 190/s")
    );
    assert!(text.contains("Messages waited for a window slot"), "{text}");
    assert!(!text.contains("They differ from"), "{text}");
    assert!(!text.contains("At p99 the response time"));
}

#[test]
fn a_closed_loop_has_no_outcome_and_nulls_where_there_is_no_schedule() {
    let closed = plan(200, 0, 10);
    let mut made = Made::new(closed, |_, _| GOOD);
    made.plan.stages[0].shape = Shape::Max;
    made.judgement = judge(&made.plan, &made.record, &HostUse::default());
    let doc = made.json();
    for pointer in [
        "/verdict/outcome",
        "/verdict/harness/adherence",
        "/rate/target",
        "/rate/scheduled",
        "/latency/window_wait",
        "/latency/harness_lag",
    ] {
        assert_eq!(doc.pointer(pointer), Some(&Value::Null), "{pointer}");
    }
    assert!(made.text().contains("CLOSED LOOP  200/s accepted for 10 s"), "{}", made.text());
}

#[test]
fn a_run_without_receipts_has_null_and_not_nought() {
    let mut made = Made::with(
        plan(200, 0, 10),
        |_, _| GOOD,
        |record| {
            for (_, cell) in &mut record.cells {
                cell.tally.receipts_expected = 0;
                cell.tally.receipts_final = 0;
                cell.tally.by_state = Default::default();
            }
        },
    );
    made.judgement = judge(&made.plan, &made.record, &HostUse::default());
    let doc = made.json();
    assert_eq!((&doc["rate"]["receipts"], &doc["ratio"]["missing"]), (&Value::Null, &Value::Null));
}

#[test]
fn text_from_a_peer_cannot_steer_the_terminal_and_pdus_are_masked() {
    let nasty = "\u{1b}[2J</script><img src=x onerror=alert(1)>\r\n\u{7}".to_owned();
    let made = Made::with(
        plan(200, 0, 10),
        |_, _| GOOD,
        |record| {
            let hex = "41".repeat(40);
            record.anomalies.push(Anomaly { kind: nasty.clone(), count: 3, example_hex: hex });
            record.outages.push(Outage {
                session: 1,
                from: ms(1500),
                to: Some(ms(2500)),
                cause: nasty.clone().into(),
                lost: 2,
                attempts: 1,
            });
            record.cut_reason = Some(CutReason::Said(nasty.clone()));
        },
    );
    let text = made.text();
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    assert!(text.contains("session 1 went down at 1.5 s for 1 s"), "{text}");
    let bytes = made.bytes("json");
    assert!(!bytes.iter().any(|b| *b < 0x20 && *b != b'\n'));
    let doc = made.json();
    let hex = doc["anomalies"][0]["example_hex"].as_str().unwrap();
    assert_eq!(hex, format!("{}{}", "41".repeat(16), "*".repeat(48)));
    let open = Run { show_content: true, ..made.run() };
    assert_eq!(value(&open)["anomalies"][0]["example_hex"], "41".repeat(40));
}

#[test]
fn no_line_is_wider_than_100_columns_and_colours_come_only_when_asked_for() {
    let throttled = Fate { outcome: Some(Outcome::Rejected(0x58)), ..GOOD };
    let lost = Fate { outcome: Some(Outcome::Lost), ..GOOD };
    let silent = Fate { outcome: Some(Outcome::TimedOut), service: ms(5_000), ..GOOD };
    let unsent = Fate { outcome: None, service: ms(5_000), ..GOOD };
    let mut plan = plan(2_000, 1, 4);
    for (name, value) in [("response.p99", "< 5ms"), ("verdict.outcome", "= sustained")] {
        plan.gates.push((name.to_owned(), json!(value)));
    }
    for fate in [
        [GOOD; 6],
        [throttled, GOOD, lost, silent, unsent, GOOD],
        [Fate { lag: ms(90), ..GOOD }; 6],
        [Fate { wait: ms(300), ..GOOD }, GOOD, GOOD, GOOD, GOOD, GOOD],
        [Fate { receipt: None, ..GOOD }, GOOD, GOOD, GOOD, GOOD, GOOD],
    ] {
        let made = Made::new(plan.clone(), |i, _| fate[(i % 6) as usize]);
        assert!(made.judgement.books.balanced, "{:?}", made.judgement.books);
        let text = made.text();
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{}: {line}", line.chars().count());
        }
        assert!(!text.contains('\u{1b}'));
        let last =
            |columns| super::verdict_line(&made.saved(), Style { columns, ..Style::default() });
        assert!(last(40).trim_end().chars().count() < 40, "{}", last(40));
        assert!(last(100).contains("gate") && last(100).lines().count() == 1, "{}", last(100));
        let narrow = super::text(&made.saved(), Style { columns: 72, ..Style::default() });
        assert!(narrow.lines().all(|line| line.chars().count() <= 72), "{narrow}");
        assert!(
            super::text(&made.saved(), Style { colour: true, ..Style::default() })
                .contains("\u{1b}[")
        );
    }
}

#[test]
fn a_gate_on_a_latency_has_an_integer_of_nanoseconds_and_mo_is_told_from_receipts() {
    let mut plan = plan(200, 0, 10);
    plan.gates.push(("response.p50".to_owned(), json!("< 50ms")));
    let made = Made::with(
        plan,
        |_, _| GOOD,
        |record| {
            record.deliver_answered = 2_005;
            record.mo_received = 5;
        },
    );
    let doc = made.json();
    assert!(doc["gates"][0]["value"].is_u64(), "{}", doc["gates"][0]);
    assert_eq!(
        (&doc["gates"][0]["outcome"], &doc["ledger"]["mo"]["answered"]),
        (&json!("pass"), &json!(5))
    );
}

#[test]
fn every_format_renders_and_is_found_by_its_name() {
    let mut plan = plan(200, 2, 8);
    plan.gates.push(("response.p50".to_owned(), json!("< 50ms")));
    let made = Made::new(plan, |_, _| GOOD);
    for row in FORMATS {
        let bytes = made.bytes(row.name);
        assert!(!bytes.is_empty() && std::str::from_utf8(&bytes).is_ok(), "{}", row.name);
        assert_eq!(format(row.name).map(|r| r.name), Some(row.name));
    }
    assert!(format("pdf").is_none());
}
