//! Whole runs against an SMSC that says how loaded it is: congestion_state in its responses, and sessions that heed it.
use super::{judged, profile, reported, run};
use crate::judge::Limiter;
use crate::measure::{CongestionStates, RunRecord};
use crate::trial::Memory;

fn seen(record: &RunRecord) -> CongestionStates {
    let mut all = CongestionStates::default();
    record.intervals.iter().for_each(|row| all.merge(&row.congestion));
    all
}

#[test]
fn each_response_says_its_congestion_state_also_a_rejection_and_that_is_no_anomaly() {
    let toml = profile(
        r#"stages = [{ hold = 500, for = "4s" }]"#,
        r#"[embedded.response]
latency = "2ms"
congestion = 85
errors = [{ status = "ESME_RSUBMITFAIL", share = 0.1 }]
"#,
    );
    let (plan, record) = run(&mut Memory::default(), &toml);
    let (t, all) = (record.ledger(), seen(&record));
    assert!(t.rejected > 100 && t.accepted > 1_500, "{t:?}");
    assert_eq!((all.count, all.mean(), all.max()), (t.answered(), Some(85.0), Some(85)));
    assert!(record.anomalies.is_empty(), "{:?}", record.anomalies);
    assert!(record.sessions.iter().all(|s| s.congestion_state == Some(85)));
    let (json, text) = reported(&plan, &record);
    assert_eq!(json["congestion"]["responses"], t.answered());
    assert_eq!(json["intervals"][1]["congestion_max"], 85);
    assert!(text.contains("congestion_state 85 of 100 on average, at most 85, in 2,000"), "{text}");
}

#[test]
fn a_run_whose_responses_say_nothing_has_no_congestion_at_all() {
    let (plan, record) =
        run(&mut Memory::default(), &profile(r#"stages = [{ hold = 100, for = "2s" }]"#, ""));
    assert_eq!(seen(&record), CongestionStates::default());
    let (json, text) = reported(&plan, &record);
    assert!(json["congestion"].is_null() && json["intervals"][0]["congestion_mean"].is_null());
    assert!(!text.contains("congestion"), "{text}");
}

/// More than the SMSC takes, which says how full its token bucket is.
fn overloaded(reaction: &str) -> String {
    profile(
        &format!("stages = [{{ hold = 1200, for = \"5s\" }}]\n{reaction}"),
        r#"[binds]
count = 2
window = 10
[timeouts]
drain = "100ms"
[embedded.response]
latency = "2ms"
congestion = "load"
[embedded.limits]
rate = 1000
burst = 100
"#,
    )
}

#[test]
fn sessions_that_heed_the_congestion_state_are_not_throttled_and_keep_most_of_the_rate() {
    let (_, count, judgement) = judged(&overloaded(""));
    let t = count.ledger();
    assert!(t.throttled > 500, "a sixth is too much: {}", t.throttled);
    assert_eq!((seen(&count).max(), seen(&count).pauses), (Some(100), 0));
    assert_eq!(judgement.limiter, Some(Limiter::SmscThrottle));
    let says = judgement.evidence.join("; ");
    assert!(
        says.contains("in the seconds with throttling the SMSC said congestion_state"),
        "{says}"
    );

    let heed = "on_congestion = \"backoff\"\ncongestion = { slow = 70, stop = 95 }";
    let (_, backoff, judgement) = judged(&overloaded(heed));
    let (b, all) = (backoff.ledger(), seen(&backoff));
    assert_eq!(b.throttled, 0, "it slows down before the bucket is empty");
    assert!(all.pauses > 10 && all.max().is_some_and(|max| (70..95).contains(&max)), "{all:?}");
    assert!(b.accepted > 3_200, "it goes on below the threshold: {}", b.accepted);
    assert_eq!(judgement.limiter, Some(Limiter::Window));
    let says = judgement.evidence.join("; ");
    assert!(says.contains("times for it (load.on_congestion)"), "{says}");
}

#[test]
fn an_smsc_that_stays_congested_is_asked_ever_less_often() {
    let toml = profile(
        "stages = [{ hold = 200, for = \"12s\" }]\non_congestion = \"backoff\"",
        r#"[binds]
count = 1
window = 1
[timeouts]
drain = "100ms"
[embedded.response]
congestion = 100
"#,
    );
    let (_, record) = run(&mut Memory::default(), &toml);
    let written: Vec<u64> = record.intervals.iter().map(|row| row.tally.written).collect();
    // after 0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3 and 11.3 s
    assert_eq!(written[..12], [4, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1]);
    assert_eq!(seen(&record).pauses, 8);
}
