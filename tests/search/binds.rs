//! `find binds` against simulators with a limit of binds.
use super::common::*;
use smppbench::kit::Nanos;
use smppbench::plan::BindType;
use smppbench::search::enforced::How;
use smppbench::search::{BindsSettings, Ended, Stop};

fn settings(types: &[BindType]) -> BindsSettings {
    BindsSettings {
        ceiling: 100,
        pause: Nanos::from_millis(20),
        types: types.to_vec(),
        sweep: false,
        settle: Nanos::from_millis(50),
        measure: Nanos::from_millis(400),
        budget: BUDGET,
    }
}

fn limited(binds: u64, rest: &str) -> smppbench::plan::Plan {
    plan(&format!(
        r#"
            accounts = [{{ system_id = "test" }}]
            binds = {{ count = 1, window = 20 }}
            [[messages]]
            registered_delivery = 0
            [embedded]
            accounts = [{{ system_id = "test", binds_max = {binds} }}]
            {rest}"#
    ))
}

#[test]
fn the_number_of_binds_is_found_exactly_for_each_type() {
    let types = [BindType::Transceiver, BindType::Transmitter, BindType::Receiver, BindType::Pair];
    for binds in [1, 7, 64] {
        let found = find_binds(&limited(binds, ""), &settings(&types)).unwrap();
        let limit = found.limit.clone().unwrap();
        assert_eq!((limit.value, limit.how), (binds, How::Status));
        assert!(limit.status.unwrap().contains("ESME_RALYBND"));
        for ladder in &found.ladders[..3] {
            assert_eq!((ladder.bound, ladder.attempts), (binds, binds + 1), "{ladder:?}");
            assert_eq!(ladder.place_free_at_once, Some(true), "{ladder:?}");
        }
        // a pair takes two places
        assert_eq!(found.ladders[3].limit.as_ref().unwrap().value, binds / 2);
    }
}

#[test]
fn a_lost_bind_that_keeps_its_place_for_a_while_is_told_apart() {
    let plan = limited(7, "limits.ghost_bind = \"60s\"\n");
    let found = find_binds(&plan, &settings(&[BindType::Transceiver])).unwrap();
    assert_eq!(found.limit.as_ref().unwrap().value, 7);
    assert_eq!(found.ladders[0].place_free_at_once, Some(false));
    assert!(found.recommendation.contains("stays taken"), "{}", found.recommendation);
}

#[test]
fn no_limit_below_the_ceiling_is_told_as_none() {
    let found = find_binds(&limited(500, ""), &settings(&[BindType::Transceiver])).unwrap();
    assert_eq!((found.limit.clone(), found.ended), (None, Ended::Ceiling));
    assert_eq!((found.ladders[0].bound, found.ladders[0].attempts), (100, 100));
}

#[test]
fn a_connection_that_is_dropped_before_its_answer_is_no_refusal() {
    // each connection is dropped with one chance in eight: sooner or later one is
    let rest = r#"
        [[embedded.faults]]
        kind = "accept_then_drop"
        share = 0.125
    "#;
    let mut dropped = 0;
    for seed in 0..8 {
        let mut plan = limited(500, rest);
        plan.embedded.seed = seed;
        match find_binds(&plan, &settings(&[BindType::Transceiver])) {
            Ok(found) => {
                let limit = found.limit.unwrap();
                assert_eq!((limit.how, limit.status), (How::Disconnect, None));
                dropped += 1;
            }
            Err(Stop::Failed(e)) => assert!(e.to_string().contains("before bind_resp"), "{e}"),
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(dropped >= 4, "{dropped}");
}

#[test]
fn nothing_bound_at_all_is_a_failure_not_a_limit() {
    let plan = plan(
        r#"
            accounts = [{ system_id = "test" }]
            [embedded]
            accounts = [{ system_id = "other" }]
        "#,
    );
    let failed = find_binds(&plan, &settings(&[BindType::Transceiver]));
    assert!(matches!(failed, Err(Stop::Failed(_))), "{failed:?}");
}

#[test]
fn throughput_against_binds_stops_growing_where_the_servers_are_busy() {
    // 20 slots a bind at 10 ms are 2,000/s; the SMSC does 8,000/s: four binds are enough
    let plan = limited(
        64,
        r#"
            limits.rate = 8000
            limits.burst = 0
            limits.on_rate = "delay"
            response.latency = "9900us"
        "#,
    );
    let mut settings = settings(&[BindType::Transceiver]);
    settings.sweep = true;
    let found = find_binds(&plan, &settings).unwrap();
    assert!(found.recommendation_toml.contains("count = 4"), "{}", found.recommendation);
    let knee = found.knee.unwrap();
    assert!((knee.value / 4.0 - 1.0).abs() < 0.1, "{knee:?} {:#?}", found.points);
}

#[test]
fn a_rate_limit_is_not_taken_for_enough_binds_and_is_not_flooded() {
    for (binds, rate) in [(5, 700), (3, 60), (8, 2_500)] {
        let plan = limited(binds, &format!("limits.rate = {rate}\nresponse.latency = \"2ms\"\n"));
        let mut settings = settings(&[BindType::Transceiver]);
        settings.sweep = true;
        let found = find_binds(&plan, &settings).unwrap();
        let trail: Vec<&str> = found.trials.iter().map(|t| t.says.as_str()).collect();
        assert_eq!(found.limit.as_ref().unwrap().value, binds);
        let limit = found.rate_limit.unwrap_or_else(|| panic!("{trail:#?}"));
        assert!((limit / f64::from(rate) - 1.0).abs() < 0.05, "{limit} {trail:#?}");
        assert!(found.cost.messages < 20_000, "{} {trail:#?}", found.cost.messages);
        assert!(
            found.recommendation.contains("not by the number of binds: run `find rate` first"),
            "{}",
            found.recommendation
        );
        assert!(!found.recommendation_toml.contains("\ncount ="), "{}", found.recommendation_toml);
    }
}

#[test]
fn advice_of_one_bind_speaks_of_one() {
    let found = find_binds(&limited(1, ""), &settings(&[BindType::Transceiver])).unwrap();
    assert!(found.recommendation.starts_with("Use 1 bind; beyond 1, "), "{}", found.recommendation);
    let mut one = settings(&[BindType::Transceiver]);
    one.ceiling = 1;
    let found = find_binds(&limited(5, ""), &one).unwrap();
    assert!(
        found.recommendation.contains("1 bind was bound, and none was refused"),
        "{}",
        found.recommendation
    );
}
