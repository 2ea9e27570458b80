//! `find window` against simulators that enforce one, in each way they know.
use super::common::*;
use smppbench::kit::Nanos;
use smppbench::search::Ended;
use smppbench::search::enforced::How;

const NOISE: &str = "response.errors = [{ status = \"ESME_RSUBMITFAIL\", share = 0.001 }]\n";

fn enforcing(window: u64, on_window: &str, seed: u64, rest: &str) -> smppbench::plan::Plan {
    plan(&format!(
        r#"
            seed = {seed}
            binds = {{ count = 1, window = 20 }}
            [[messages]]
            registered_delivery = 0
            [embedded]
            seed = {seed}
            limits.window = {window}
            limits.on_window = "{on_window}"
            {rest}"#
    ))
}

#[test]
fn an_enforced_window_is_found_exactly_whichever_way_it_is_enforced() {
    for (on_window, how, status) in [
        ("throttle", How::Status, Some("ESME_RTHROTTLED")),
        ("queue_full", How::Status, Some("ESME_RMSGQFUL")),
        ("disconnect", How::Disconnect, None),
        ("unbind", How::Unbind, None),
        ("silence", How::Silence, None),
    ] {
        for window in [1, 10, 37, 500] {
            for (seed, latency) in seeds(3).zip(
                [
                    "response.latency = \"5ms\"\n",
                    "response.latency = { lognormal = { median = \"10ms\", p99 = \"80ms\" } }\n",
                    "",
                ]
                .into_iter()
                .cycle(),
            ) {
                let plan = enforcing(window, on_window, seed, &format!("{latency}{NOISE}"));
                let found = find_window(&plan, 1024, Nanos::from_millis(80));
                let trail: Vec<&str> = found.trials.iter().map(|t| t.says.as_str()).collect();
                let limit = found
                    .limit
                    .clone()
                    .unwrap_or_else(|| panic!("{on_window} {window}: {trail:#?}"));
                assert_eq!(limit.value, window, "{on_window}, seed {seed}: {trail:#?}");
                assert_eq!(limit.how, how);
                let told = limit.status.unwrap_or_default();
                assert!(status.is_none_or(|s| told.contains(s)), "{told}");
                assert!(
                    found.recommendation_toml.contains("window = "),
                    "{}",
                    found.recommendation
                );
            }
        }
    }
}

#[test]
fn a_rate_that_refuses_a_burst_is_not_called_a_window() {
    let plan = plan(
        r#"
            binds = { count = 1, window = 20 }
            [[messages]]
            registered_delivery = 0
            [embedded]
            limits.rate = 500
            limits.burst = 60
            response.latency = "5ms"
        "#,
    );
    let found = find_window(&plan, 1024, Nanos::from_millis(100));
    assert_eq!(found.limit, None);
    assert!(found.notes.iter().any(|n| n.contains("that is a rate")), "{:?}", found.notes);
}

#[test]
fn without_an_enforced_window_none_is_told_and_the_sweep_still_is() {
    let plan = plan(
        r#"
            binds = { count = 1, window = 20 }
            [[messages]]
            registered_delivery = 0
            [embedded]
            limits.rate = 2000
            limits.on_rate = "delay"
            response.latency = "10ms"
        "#,
    );
    let found = find_window(&plan, 256, Nanos::from_secs(2));
    assert_eq!((found.limit.clone(), found.ended), (None, Ended::Ceiling));
    // 2,000/s × 10.1 ms: about 20 open are enough
    let knee = found.knee.unwrap();
    assert!((knee.value / 20.2 - 1.0).abs() < 0.1, "{knee:?} {:#?}", found.points);
}

/// A simulator that refuses beyond a rate, at once; its answers take 2 ms.
fn rated(window: u64, rate: u64) -> smppbench::plan::Plan {
    plan(&format!(
        r#"
            binds = {{ count = 1, window = 10 }}
            [[messages]]
            registered_delivery = 0
            [embedded]
            limits.window = {window}
            limits.rate = {rate}
            response.latency = "2ms"
        "#
    ))
}

#[test]
fn a_rate_limit_is_not_taken_for_a_knee_of_the_window_and_is_not_flooded() {
    for (window, rate) in [(12, 700), (30, 2_000), (4, 300), (20, 300), (8, 60)] {
        let found = find_window(&rated(window, rate), 1024, Nanos::from_secs(1));
        let trail: Vec<&str> = found.trials.iter().map(|t| t.says.as_str()).collect();
        let limit = found.rate_limit.unwrap_or_else(|| panic!("{rate}: {trail:#?}"));
        assert!((limit / rate as f64 - 1.0).abs() < 0.05, "{rate}: {limit}");
        assert_eq!(found.knee, None);
        assert!(found.cost.messages < 20_000, "{rate}: {} {trail:#?}", found.cost.messages);
        assert!(found.recommendation.contains("limited by a rate of about"), "{found:?}");
        assert!(found.recommendation.contains("not by the window: run `find rate` first"));
        assert!(!found.recommendation_toml.contains("\nwindow ="), "{}", found.recommendation_toml);
        assert!(found.points.last().unwrap().throttled_share > 0.05, "{:?}", found.points);
        if window <= rate / 10 {
            assert_eq!(found.limit.unwrap().value, window, "{trail:#?}");
        }
    }
}

#[test]
fn steps_that_no_rate_limits_are_swept_up_to_the_ceiling() {
    let plan = plan(
        r#"
            binds = { count = 1, window = 10 }
            [[messages]]
            registered_delivery = 0
            [embedded]
            response.latency = { uniform = ["100us", "2ms"] }
        "#,
    );
    let found = find_window(&plan, 64, Nanos::from_secs(1));
    assert_eq!(found.rate_limit, None);
    let (first, last) = (&found.points[0], found.points.last().unwrap());
    assert_eq!((first.window, last.window), (1, 64));
    for point in [first, last] {
        assert!((point.littles_share.unwrap() - 1.0).abs() < 0.1, "{point:?}");
    }
}

/// A simulator that takes a message only in the gaps of its rate.
fn strict(window: u64, rate: u64, latency: &str) -> smppbench::plan::Plan {
    plan(&format!(
        r#"
            binds = {{ count = 1, window = 10 }}
            [[messages]]
            registered_delivery = 0
            [embedded]
            limits.window = {window}
            limits.rate = {rate}
            limits.burst = 0
            response.latency = {latency}
        "#
    ))
}

#[test]
fn a_strict_rate_that_refuses_two_at_once_is_not_told_as_a_window_of_one() {
    let lognormal = "{ lognormal = { median = \"12ms\", p99 = \"60ms\" } }";
    for latency in ["\"2ms\"", "\"12ms\"", "\"40ms\"", lognormal] {
        let found = find_window(&strict(20, 300, latency), 1024, Nanos::from_secs(1));
        let trail: Vec<&str> = found.trials.iter().map(|t| t.says.as_str()).collect();
        assert_eq!(found.limit, None, "{latency}: {trail:#?}");
        let rate = found.rate_limit.unwrap_or_else(|| panic!("{latency}: {trail:#?}"));
        assert!((rate / 300.0 - 1.0).abs() < 0.05, "{latency}: {rate} {trail:#?}");
        assert!(found.cost.messages < 20_000, "{latency}: {} {trail:#?}", found.cost.messages);
        assert!(found.recommendation.contains("not by the window: run `find rate` first"));
        assert!(found.notes.iter().any(|n| n.contains("that is a rate")), "{:?}", found.notes);
    }
}

#[test]
fn a_bucket_that_fills_again_while_the_first_burst_is_answered_is_not_told_as_a_window() {
    for (burst, latency) in [(1, "100ms"), (4, "30ms"), (69, "150ms")] {
        let plan = plan(&format!(
            r#"
                binds = {{ count = 1, window = 10 }}
                [[messages]]
                registered_delivery = 0
                [embedded]
                limits.rate = 700
                limits.burst = {burst}
                response.latency = "{latency}"
            "#
        ));
        let found = find_window(&plan, 1024, Nanos::from_secs(1));
        let trail: Vec<&str> = found.trials.iter().map(|t| t.says.as_str()).collect();
        assert_eq!(found.limit, None, "{burst}: {trail:#?}");
        let rate = found.rate_limit.unwrap_or_else(|| panic!("{burst}: {trail:#?}"));
        assert!((rate / 700.0 - 1.0).abs() < 0.1, "{burst}: {rate} {trail:#?}");
        assert!(found.cost.messages < 20_000, "{burst}: {} {trail:#?}", found.cost.messages);
    }
}

#[test]
fn a_window_beside_a_strict_rate_is_found_where_answers_take_long_enough_to_fill_it() {
    for (window, latency) in
        [(20, "\"100ms\""), (2, "\"12ms\""), (1, "\"12ms\""), (37, "\"250ms\"")]
    {
        let found = find_window(&strict(window, 300, latency), 1024, Nanos::from_secs(1));
        let trail: Vec<&str> = found.trials.iter().map(|t| t.says.as_str()).collect();
        assert_eq!(found.limit.map(|l| l.value), Some(window), "{latency}: {trail:#?}");
        assert!(found.cost.messages < 20_000, "{latency}: {} {trail:#?}", found.cost.messages);
        assert_eq!(found.ended, Ended::Found);
    }
}

#[test]
fn advice_of_one_bind_speaks_of_one() {
    let plan = enforcing(10, "throttle", 1, "response.latency = \"5ms\"\n");
    let found = find_window(&plan, 64, Nanos::from_millis(200));
    assert!(found.recommendation.contains("on 1 bind:"), "{}", found.recommendation);
}

#[test]
fn a_small_budget_is_shared_among_the_points_and_is_not_spent_on_looking() {
    let plan = plan(
        r#"
            binds = { count = 1, window = 10 }
            [[messages]]
            registered_delivery = 0
            [embedded]
            response.latency = "100us"
        "#,
    );
    for messages in [3_000, 20_000] {
        let settings = smppbench::search::WindowSettings {
            ceiling: 1024,
            settle: Nanos::from_millis(250),
            measure: Nanos::from_secs(1),
            budget: smppbench::search::Budget {
                trials_max: 200,
                messages_max: Some(messages),
                seconds_max: 900.0,
            },
        };
        let (found, lines) = in_memory(|env| smppbench::search::window(&plan, &settings, env));
        let found = found.unwrap();
        assert_eq!((found.limit.clone(), found.ended), (None, Ended::Budget), "{lines:#?}");
        assert!(found.trials.len() < 40 && found.cost.messages <= messages, "{lines:#?}");
        assert!(found.points.len() >= 2, "{messages}: {lines:#?}");
        for point in &found.points {
            // 200 µs to an answer
            let expected = point.window as f64 * 5_000.0;
            assert!((point.throughput / expected - 1.0).abs() < 0.15, "{point:?} {lines:#?}");
        }
        let advice = &found.recommendation;
        assert!(advice.contains("no enforced limit was met up to 1,024 in flight"), "{advice}");
    }
}
