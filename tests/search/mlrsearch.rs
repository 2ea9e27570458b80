//! The same limiters as the reference implementation of MLRsearch was run on: `reports/mlrsearch/compare.py`.
use super::common::*;

const REFERENCE: &str = include_str!("../../reports/mlrsearch/reference.json");

#[test]
fn brackets_overlap_those_of_the_reference_of_mlrsearch_and_take_no_more_trial_time() {
    let reference: serde_json::Value = serde_json::from_str(REFERENCE).unwrap();
    let systems = reference["systems"].as_array().unwrap();
    assert_eq!(systems.len(), 6);
    for system in systems {
        let number = |key: &str| system[key].as_f64().unwrap();
        let (rate, burst) = (number("rate"), number("burst"));
        let plan = plan(&format!(
            r#"
                binds = {{ count = 2, window = 4000 }}
                [[messages]]
                registered_delivery = 0
                [embedded]
                limits.rate = {rate}
                limits.burst = {burst}
            "#
        ));
        let found = find_rate(&plan, &settings(&plan, 1_000.0, &[]));
        brackets(&found, rate, 0.0);
        let (lower, upper) = (found.lower.unwrap(), found.upper.unwrap());
        let searching = || found.trials.iter().filter(|t| t.kind != "latency");
        let measured: f64 = searching().map(|t| t.measured_s).sum();
        let took: f64 = searching().map(|t| t.took_s).sum();
        if std::env::var_os("SEARCH_TRAIL").is_some() {
            eprintln!(
                "| {rate} | {burst} | {:.1} to {:.1}, {} trials, {:.1} s | {lower} to {upper}, {} trials, {measured:.1} s ({took:.1} s) |",
                number("lower"),
                number("upper"),
                system["trials"],
                number("trial_time_s"),
                searching().count(),
            );
        }
        assert!(measured <= number("trial_time_s"), "{rate}, {burst}: {measured} s");
        if burst < 0.05 * rate {
            let overlap = lower <= number("upper") && number("lower") <= upper;
            assert!(overlap, "{rate}: {lower} {upper} {system}");
        } else {
            // the reference, in trials of seconds, counts the burst in; here it is used up first
            assert!(number("lower") > rate, "{system}");
        }
    }
}
