use super::*;
use crate::search::document::{Cost, Kind, LatencyAt, ObjectiveResult, Point, TrialRow};
use crate::search::document::{LadderResult, Limit};
use crate::search::enforced::How;
use crate::search::knee::Knee;
use crate::search::{Ended, Search};

fn found(kind: Kind) -> Search {
    let mut search = Search::new(kind, "evening", "smsc.example:2775");
    search.cost = Cost { trials: 17, messages: 123_456, seconds: 65.4 };
    search.recommendation = "Run at 4,500/s.".to_owned();
    search.recommendation_toml = "# why\n[load]\nstages = []\n".to_owned();
    search
}

#[test]
fn a_search_is_read_back_as_it_was_written_with_the_contracts_keys() {
    let mut search = found(Kind::Window);
    search.limit =
        Some(Limit { value: 37, how: How::Status, status: Some("ESME_RTHROTTLED".into()) });
    search.knee = Some(Knee { value: 10.0, low: 9.5, high: 10.5 });
    search.trials.push(TrialRow { number: 1, rate: Some(0.5), ..TrialRow::default() });
    let text = json(&search);
    assert_eq!(serde_json::from_str::<Search>(&text).unwrap(), search);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&value["schema"], &value["kind"]),
        (&"smppbench.search/1".into(), &"window".into())
    );
    assert_eq!((&value["limit"]["value"], &value["limit"]["how"]), (&37.into(), &"status".into()));
    assert_eq!(value["knee"]["low"], 9.5);
    for key in ["lower", "upper", "objectives", "trials", "recommendation_toml"] {
        assert!(value.get(key).is_some(), "{key}");
    }
}

#[test]
fn a_rate_is_told_with_its_interval_its_objectives_and_its_trail() {
    let mut search = found(Kind::Rate);
    (search.lower, search.upper) = (Some(4_950.0), Some(5_040.0));
    search.objectives.push(ObjectiveResult {
        name: "zero loss and throttling".into(),
        lower: Some(4_950.0),
        upper: Some(5_040.0),
        confirmed: true,
        broken_by: Some("ratio.throttled 0.8 %, wanted = 0".into()),
        limiter: Some("smsc_throttle".into()),
    });
    search.latency_at.push(LatencyAt {
        share: 0.5,
        rate: 2_475.0,
        response_p50_ns: Some(20_100_000),
        response_p99_ns: None,
        receipt_p50_ns: None,
        receipt_p99_ns: None,
        forward_p50_ns: None,
        forward_p99_ns: None,
    });
    search.trials.push(TrialRow {
        number: 1,
        says: "probe 1,000/s kept".into(),
        ..TrialRow::default()
    });
    let told = text(&search, Style::default());
    for words in [
        "RATE  between 4,950/s and 5,040/s",
        "met at 4,950/s (confirmed), missed at 5,040/s: ratio.throttled",
        "50 %        2,475/s",
        "20.1 ms",
        "–: withheld; too few samples, as a p99 needs 1,000 messages",
        "1  probe 1,000/s kept",
        "Run at 4,500/s.",
        "17 trials, 123,456 submit_sm, 65.4 s",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
}

#[test]
fn what_was_not_found_is_said_to_be_so() {
    let mut search = found(Kind::Rate);
    (search.lower, search.ended) = (Some(900.0), Ended::Interrupted);
    search.why = Some("by a signal".into());
    let told = text(&search, Style::default());
    assert!(told.contains("at least 900/s so far; ended: interrupted: by a signal"), "{told}");
    let mut search = found(Kind::Binds);
    search.ladders.push(LadderResult {
        bind_type: "transceiver".into(),
        bound: 7,
        attempts: 8,
        limit: Some(Limit { value: 7, how: How::Disconnect, status: None }),
        displaced: 0,
        place_free_at_once: Some(false),
        why: None,
    });
    search.points.push(Point {
        window: 20,
        binds: 1,
        throughput: 1_000.0,
        error: 0.01,
        service_mean_ns: Some(20_000_000),
        service_p99_ns: None,
        littles_share: Some(1.0),
        throttled_share: 0.0,
        harness_limited: false,
    });
    let told = text(&search, Style::default());
    let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
    let ladder = "transceiver: 7 bound; beyond it, the SMSC drops the connection; the bind of a lost session was not released";
    assert!(words.contains(ladder), "{told}");
    assert!(told.contains("1.00") && told.contains("20 ms"), "{told}");
}
