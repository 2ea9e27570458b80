//! Searches against queues of which theory knows the answer.
use super::common::*;
use smppbench::kit::Nanos;
use smppbench::search::Lengths;

#[test]
fn a_latency_objective_finds_the_rate_of_the_mm1_formula() {
    // M/M/1: the response time is exponential with mean 1 / (μ − λ); its p90 is ln 10 times that. With μ = 1,000/s
    // and p90 at most 4.605 ms: λ = 1000 − ln 10 / 4.605 ms = 500/s. The network adds its 0.1 ms.
    for seed in seeds(2) {
        let plan = plan(&format!(
            r#"
                seed = {seed}
                load.arrival = "poisson"
                binds = {{ count = 2, window = 4000 }}
                [[messages]]
                registered_delivery = 0
                [embedded]
                seed = {seed}
                response.latency = {{ servers = 1, mean = "1ms" }}
            "#
        ));
        let mut settings = settings(&plan, 90.0, &["response.p90<=4.705ms"]);
        settings.lengths = Lengths {
            settle: Nanos::from_secs(1),
            measure: Nanos::from_secs(40),
            confirm: Nanos::from_secs(60),
        };
        let found = find_rate(&plan, &settings);
        let (lower, upper) = (found.lower.unwrap(), found.upper.unwrap());
        assert!((lower / 500.0 - 1.0).abs() < 0.05, "{seed}: {lower} {upper}");
    }
}

#[test]
fn the_knee_of_an_mmc_queue_stands_where_theory_puts_it() {
    // closed loop without think time: X(N) = min(N, c) / S, but for the network's 0.1 ms, so N* = c (1 + Z / S)
    for (servers, binds) in [(4, 1), (16, 1), (24, 2)] {
        for seed in seeds(2) {
            let plan = plan(&format!(
                r#"
                    seed = {seed}
                    binds = {{ count = {binds}, window = 20 }}
                    [[messages]]
                    registered_delivery = 0
                    [embedded]
                    seed = {seed}
                    response.latency = {{ servers = {servers}, mean = "8ms" }}
                "#
            ));
            let found = find_window(&plan, 256, Nanos::from_secs(8));
            let truth = f64::from(servers) * (1.0 + 0.1 / 8.0) / f64::from(binds);
            let knee = found.knee.unwrap();
            assert!((knee.value / truth - 1.0).abs() < 0.08, "{truth}: {knee:?}");
            assert!(knee.low < knee.value && knee.value < knee.high);
            assert_eq!(found.limit, None);
            // Little's law at every point, the network's part left out
            for point in &found.points {
                let share = point.littles_share.unwrap();
                assert!((share - 1.0).abs() < 0.03, "{point:?}");
            }
        }
    }
}
