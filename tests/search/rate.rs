//! `find rate` against simulators with a planted rate.
use super::common::*;
use smppbench::kit::Nanos;
use smppbench::search::{Ended, Lengths};

const NOISE: &str = "response.latency = { lognormal = { median = \"10ms\", p99 = \"80ms\" } }\n\
                     response.errors = [{ status = \"ESME_RSUBMITFAIL\", share = 0.001 }]\n";

fn limited(rate: u32, seed: u64, rest: &str, embedded: &str) -> smppbench::plan::Plan {
    plan(&format!(
        r#"
            seed = {seed}
            binds = {{ count = 2, window = 4000 }}
            {rest}[[messages]]
            registered_delivery = 0
            [embedded]
            seed = {seed}
            limits.rate = {rate}
            {embedded}"#
    ))
}

#[test]
fn a_limiter_of_50_a_second_is_found_whether_it_refuses_or_only_slows() {
    for on_rate in ["throttle", "delay"] {
        for seed in seeds(3) {
            let embedded = format!("limits.on_rate = \"{on_rate}\"\n{NOISE}");
            let plan = limited(50, seed, "", &embedded);
            let found = find_rate(&plan, &settings(&plan, 11.0, &[]));
            brackets(&found, 50.0, 0.0);
        }
    }
}

#[test]
fn a_limiter_of_5000_a_second_is_found_whether_it_refuses_or_only_slows() {
    for on_rate in ["throttle", "delay"] {
        for seed in seeds(2) {
            let embedded = format!("limits.on_rate = \"{on_rate}\"\n{NOISE}");
            let plan = limited(5_000, seed, "", &embedded);
            let found = find_rate(&plan, &settings(&plan, 900.0 + 130.0 * seed as f64, &[]));
            brackets(&found, 5_000.0, 0.0);
        }
    }
}

#[test]
fn a_limiter_of_200000_a_second_is_found_whether_it_refuses_or_only_slows() {
    let ms = Nanos::from_millis;
    for on_rate in ["throttle", "delay"] {
        for seed in seeds(3).take(3) {
            let embedded = format!("limits.on_rate = \"{on_rate}\"\nlimits.burst = 400\n");
            let plan = limited(200_000, seed, "", &embedded);
            let mut settings = settings(&plan, 110_000.0 + 9_000.0 * seed as f64, &[]);
            settings.lengths = Lengths { settle: ms(20), measure: ms(80), confirm: ms(160) };
            let found = find_rate(&plan, &settings);
            brackets(&found, 200_000.0, 0.0);
        }
    }
}

#[test]
fn a_bucket_with_a_burst_is_not_mistaken_for_its_sustained_rate() {
    for on_rate in ["throttle", "delay"] {
        for burst in [0, 500, 2_500] {
            let embedded = format!("limits.burst = {burst}\nlimits.on_rate = \"{on_rate}\"\n");
            let plan = limited(500, 3, "", &embedded);
            brackets(&find_rate(&plan, &settings(&plan, 170.0, &[])), 500.0, 0.0);
        }
    }
}

#[test]
fn several_objectives_share_their_trials() {
    // 10 ms for each of 40 slots: beyond 4,000/s messages wait for one
    let plan = plan(
        r#"
            binds = { count = 2, window = 4000 }
            [[messages]]
            registered_delivery = 0
            [embedded]
            limits.rate = 2000
            response.latency = "10ms"
        "#,
    );
    let of = |objectives: &[&str]| {
        let found = find_rate(&plan, &settings(&plan, 300.0, objectives));
        (found.cost.trials, found)
    };
    let (zero, _) = of(&["zero loss and throttling"]);
    let (share, _) = of(&["throttled<=5%"]);
    let (both, found) = of(&["zero loss and throttling", "throttled<=5%"]);
    assert!(both < zero + share, "{both} together, {zero} and {share} alone");
    brackets(&found, 2_000.0, 0.0);
    // 5 % of what is sent may be refused: 2,000 / 0.95
    let second = &found.objectives[1];
    let (lower, upper) = (second.lower.unwrap(), second.upper.unwrap());
    assert!(lower <= 2_105.3 && 2_105.3 <= upper && upper / lower <= 1.0201, "{lower} {upper}");
    assert_eq!(found.latency_at.len(), 3);
    assert_eq!(found.latency_at[1].response_p50_ns.map(|ns| ns / 1_000_000), Some(10));
    assert!(
        found.recommendation_toml.contains("hold = \"1")
            && found.recommendation.contains("throttling")
    );
    assert_eq!(found.objectives[0].limiter.as_deref(), Some("smsc_throttle"));
}

#[test]
fn receipts_that_come_too_late_or_not_at_all_break_an_objective_of_receipts() {
    let of = |embedded: &str| {
        let plan = plan(&format!(
            r#"
                binds = {{ count = 2, window = 4000 }}
                receipts.deadline = "10s"
                [embedded]
                {embedded}"#
        ));
        let mut settings = settings(&plan, 200.0, &["receipt.p99<=1s"]);
        settings.floor = 20.0;
        find_rate(&plan, &settings)
    };
    // 500 receipts a second: beyond, they queue, and a trial of 3 s makes them late at once
    let found = of("receipts.rate = 500\n");
    let lower = found.lower.unwrap();
    assert!((490.0..700.0).contains(&lower), "{lower}");
    let found = of("receipts.lost = 0.05\n");
    assert_eq!((found.ended, found.lower), (Ended::Floor, None));
    assert!(found.recommendation.contains("receipt.p99 at least 10 s"), "{}", found.recommendation);
}

#[test]
fn an_objective_that_even_the_lowest_rate_misses_has_no_lower_end_and_says_what_failed() {
    let plan = limited(5_000, 1, "", "response.latency = \"80ms\"\n");
    let mut settings = settings(&plan, 100.0, &["response.p99<=50ms"]);
    settings.floor = 10.0;
    let found = find_rate(&plan, &settings);
    assert_eq!((found.ended, found.lower), (Ended::Floor, None));
    let said = found.objectives[0].broken_by.clone().unwrap();
    assert!(
        said.contains("response.p99") && found.recommendation.contains("response.p99"),
        "{said}"
    );
    assert!(found.recommendation_toml.is_empty());
}

#[test]
fn a_budget_ends_the_search_with_the_bracket_so_far() {
    let plan = limited(5_000, 1, "", "");
    let mut settings = settings(&plan, 900.0, &[]);
    settings.budget.trials_max = 4;
    let found = find_rate(&plan, &settings);
    assert_eq!((found.ended, found.cost.trials), (Ended::Budget, 4));
    assert_eq!((found.lower, found.upper), (Some(3_600.0), Some(7_200.0)));
    settings.budget.trials_max = 100;
    settings.budget.messages_max = Some(20_000);
    let found = find_rate(&plan, &settings);
    assert!(found.ended == Ended::Budget && found.cost.messages <= 20_000, "{:?}", found.cost);
    assert!(found.why.unwrap().contains("--max-messages"));
}

#[test]
fn a_search_whose_trials_wait_for_lost_receipts_ends_within_its_minutes() {
    let receipts = "[[messages]]\nregistered_delivery = 1\n";
    let embedded = "[embedded]\nlimits.rate = 5000\nreceipts.lost = 0.05\n";
    let plan = plan(&format!("receipts.deadline = \"30s\"\n{receipts}{embedded}"));
    let mut settings = settings(&plan, 900.0, &["throttled<=1%"]);
    settings.budget.seconds_max = 120.0;
    let found = find_rate(&plan, &settings);
    assert_eq!(found.ended, Ended::Budget);
    assert!(found.cost.trials > 1 && found.cost.seconds <= 120.0, "{:?}", found.cost);
}

#[test]
fn a_window_that_is_too_small_is_named_as_what_limits() {
    let plan = plan(
        r#"
            binds = { count = 1, window = 10 }
            [[messages]]
            registered_delivery = 0
            [embedded]
            response.latency = "9900us"
        "#,
    );
    // 10 slots of 10 ms
    let found = find_rate(&plan, &settings(&plan, 300.0, &[]));
    brackets(&found, 1_000.0, 0.0);
    assert_eq!(found.objectives[0].limiter.as_deref(), Some("window"));
    assert!(found.recommendation.contains("larger"), "{}", found.recommendation);
}
