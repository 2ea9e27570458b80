//! Refusals in reports: times of their own, and what they do not withhold.
use super::*;

#[test]
fn where_only_errors_broke_the_rate_the_response_time_is_printed() {
    let refused = Fate { outcome: Some(Outcome::Rejected(0x45)), ..GOOD };
    let made = Made::new(plan(200, 0, 10), |i, _| if i % 100 == 0 { refused } else { GOOD });
    let text = made.text();
    assert!(text.contains("NOT SUSTAINED"), "{text}");
    assert!(text.contains("response time (from intended send)"), "{text}");
    assert!(!text.contains("not printed") && !text.contains("They differ"), "{text}");
}

#[test]
fn refusals_stand_apart_from_the_times_of_what_was_accepted() {
    let refused = Fate {
        outcome: Some(Outcome::Rejected(0x58)),
        service: crate::kit::Nanos::from_micros(100),
        ..GOOD
    };
    let made = Made::new(plan(200, 0, 10), |i, _| if i % 3 == 0 { GOOD } else { refused });
    let doc = made.json();
    assert!(doc["latency"]["response"]["p50"].as_u64() > Some(9_000_000), "{}", doc["latency"]);
    assert_eq!(doc["latency"]["rejected"]["count"], 1_333);
    let group = doc["groups"].as_array().unwrap().iter().find(|g| g["by"] == "status").unwrap();
    assert_eq!(
        (&group["name"], &group["ledger"]["rejected"]),
        (&json!("ESME_RTHROTTLED"), &json!(1_333))
    );
    assert!(group["latency"]["rejected"]["p50"].as_u64() < Some(200_000), "{group}");
    assert!(made.text().contains("refusals (from actual send)"), "{}", made.text());
    // a result of an earlier version says what its times are
    let mut old = doc.clone();
    old["latency"].as_object_mut().unwrap().remove("rejected");
    let document = Document::from_json(old.to_string().as_bytes()).unwrap();
    let text = text(&Saved { document, seconds: None }, Style::default());
    assert!(text.contains("An earlier version saved this run"), "{text}");
}
