//! What never came stays in the sample (docs/measuring.md, "Missing answers").
use super::*;

#[test]
fn one_percent_of_lost_receipts_is_reported_as_one_percent_and_the_tail_as_at_least_the_deadline() {
    let toml = profile(
        r#"stages = [{ hold = "1000", for = "20s" }]"#,
        r#"[binds]
count = 2
window = 50
[receipts]
deadline = "2s"
[embedded.response]
latency = "2ms"
[embedded.receipts]
delay = "100ms"
lost = 0.01
"#,
    );
    let mut memory = Memory::default();
    let (plan, record) = run(&mut memory, &toml);
    let withheld = tally_view(memory.tally().unwrap()).receipts_withheld;
    let t = record.ledger();
    assert_eq!((t.receipts_expected, t.receipts_missing), (20_000, withheld));
    // binomial: 200, with a standard deviation of √(20,000 · 0.01 · 0.99) = 14.07
    assert!(withheld.abs_diff(200) < 43, "{withheld}");

    let (result, text) = reported(&plan, &record);
    let missing = result["ratio"]["missing"].as_f64().unwrap();
    assert!((missing - withheld as f64 / 20_000.0).abs() < 1e-12);
    let receipt = &result["latency"]["receipt"];
    assert_eq!(receipt["censored"].as_u64(), Some(withheld));
    // seen: 2 ms in the SMSC, 100 ms to the receipt, 0.1 ms on the way
    let p50 = receipt["p50"].as_u64().unwrap();
    assert!(p50.abs_diff(102_100_000) < 102_100, "{p50}");
    // the last 0.1 % lie among the 1 % that never came: no number, a bound
    assert!(receipt["p99_9"].is_null());
    let bound = receipt["p99_9_at_least"].as_u64().unwrap();
    assert!((2_000_000_000..2_100_000_000).contains(&bound), "{bound}");
    assert!(receipt["max"].as_u64().unwrap() < 110_000_000, "the longest that was seen");
    assert!(text.contains("≥ 2"), "{text}");
}

#[test]
fn answers_that_never_come_leave_the_99th_percentile_without_a_number() {
    let toml = profile(
        r#"stages = [{ hold = "1000", for = "10s" }]"#,
        &format!(
            r#"[binds]
count = 2
window = 200
{PLAIN}[timeouts]
response = "1s"
[embedded.response]
latency = "2ms"
lost = 0.03
"#
        ),
    );
    let mut memory = Memory::default();
    let (plan, record) = run(&mut memory, &toml);
    let withheld = tally_view(memory.tally().unwrap()).responses_withheld;
    assert_eq!(record.ledger().timed_out, withheld);
    assert!(withheld.abs_diff(300) < 52, "3 standard deviations of a binomial: {withheld}");
    let (result, text) = reported(&plan, &record);
    let response = &result["latency"]["response"];
    assert!(response["p99"].is_null() && response["p99_9"].is_null());
    assert!(response["p90"].as_u64().is_some_and(|p| p.abs_diff(2_100_000) < 4_000));
    // a deadline is looked at every 10 ms
    let bound = response["p99_at_least"].as_u64().unwrap();
    assert!((1_000_000_000..1_020_000_000).contains(&bound), "{bound}");
    assert_eq!(result["verdict"]["outcome"], "not_sustained", "{text}");
    let answered = result["ratio"]["timed_out"].as_f64().unwrap();
    assert!((answered - withheld as f64 / 10_000.0).abs() < 1e-12);
}

#[test]
fn a_wrong_id_mode_is_told_with_the_one_that_would_have_matched() {
    let toml = profile(
        r#"stages = [{ hold = "100", for = "2s" }]"#,
        r#"[receipts]
deadline = "1s"
[timeouts]
response = "1s"
[embedded.response]
id = "hex"
[embedded.receipts]
id = "decimal"
delay = "20ms"
"#,
    );
    let plan = plan(&toml);
    let record = Memory::default().run(&plan, &mut NoObserver).unwrap();
    let t = record.ledger();
    assert_eq!((t.receipts_missing, record.receipts_unknown, t.receipts_final), (200, 200, 0));
    let judgement = judge::judge(&plan, &record, &HostUse::default());
    let note = judgement.notes.iter().find(|n| n.contains("id_mode")).unwrap();
    assert!(note.contains("response_hex 200") && note.contains("\"response_hex\""), "{note}");
}
