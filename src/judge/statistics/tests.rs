//! The same numbers as scipy, statsmodels and arch on shared fixtures; how they were made is in
//! `tests/fixtures/statistics/make.py`.
use super::*;
use crate::kit::{Nanos, Rng};
use crate::measure::{Latency, LatencyRange};
use serde_json::Value;

macro_rules! fixture {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!(
            "../../../tests/fixtures/statistics/",
            $name,
            ".json"
        )))
        .unwrap()
    };
}

fn rows(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    rows(value).iter().map(number).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn near(found: f64, wanted: f64, part: f64) -> bool {
    (found - wanted).abs() <= part * wanted.abs() + 1e-14
}

#[test]
fn students_t_and_wilsons_interval_agree_with_scipy() {
    let all = fixture!("student");
    for row in rows(&all["two_sided"]) {
        let found = t_two_sided(number(&row["t"]), number(&row["df"]));
        assert!(near(found, number(&row["p"]), 1e-8), "{row}: {found}");
    }
    for row in rows(&all["quantiles"]) {
        let found = t_quantile(number(&row["alpha"]), number(&row["df"]));
        assert!(near(found, number(&row["t"]), 1e-8), "{row}: {found}");
    }
    for row in rows(&all["wilson"]) {
        let (low, high) = wilson(row["part"].as_u64().unwrap(), row["of"].as_u64().unwrap());
        assert!(near(low, number(&row["low"]), 1e-9), "{row}: {low}");
        assert!(near(high, number(&row["high"]), 1e-9), "{row}: {high}");
    }
}

#[test]
fn mann_and_whitneys_test_agrees_with_scipy_exact_tied_and_large() {
    for row in rows(&fixture!("mann_whitney")) {
        let found = mann_whitney(&numbers(&row["a"]), &numbers(&row["b"])).unwrap();
        assert!(near(found.u, number(&row["u"]), 1e-12), "{row}: {found:?}");
        assert!(near(found.p, number(&row["p"]), 1e-9), "{row}: {found:?}");
    }
}

#[test]
fn holms_correction_agrees_with_statsmodels() {
    for row in rows(&fixture!("holm")) {
        let found = holm(&numbers(&row["p"]));
        for (found, wanted) in found.iter().zip(numbers(&row["corrected"])) {
            assert!(near(*found, wanted, 1e-12), "{row}: {found}");
        }
    }
}

#[test]
fn the_length_of_blocks_agrees_with_arch() {
    for row in rows(&fixture!("blocks")) {
        let found = block_length(&numbers(&row["series"]));
        assert!(near(found, number(&row["circular"]), 1e-9), "{found} for {}", row["circular"]);
    }
}

#[test]
fn the_bootstrap_over_runs_agrees_with_scipys_and_with_welchs_interval() {
    for row in rows(&fixture!("bootstrap")["runs"]) {
        let (a, b) = (numbers(&row["a"]), numbers(&row["b"]));
        let mut rng = Rng::new(1);
        let centre = mean(&a).unwrap();
        let n = a.len() as f64;
        let stretched = of_runs(&a, 100_000, &mut rng).unwrap();
        // ours is stretched for the few runs: without that, it is scipy's percentile interval
        let plain = stretched.times(((n - 1.0) / n).sqrt());
        let found = (centre - Z95 * plain.low, centre + Z95 * plain.high);
        let wanted = numbers(&row["a_mean"]);
        let width = wanted[1] - wanted[0];
        assert!((found.0 - wanted[0]).abs() < 0.02 * width, "{found:?} for {wanted:?}");
        assert!((found.1 - wanted[1]).abs() < 0.02 * width, "{found:?} for {wanted:?}");

        let error = Deviation::difference(stretched, of_runs(&b, 100_000, &mut rng).unwrap());
        let effect = Effect { estimate: mean(&b).unwrap() - centre, error };
        let (low, high) = effect.interval(0.05);
        let welch = numbers(&row["welch"]);
        let width = welch[1] - welch[0];
        assert!((low - welch[0]).abs() < 0.08 * width, "{low}..{high} for {welch:?}");
        assert!((high - welch[1]).abs() < 0.08 * width, "{low}..{high} for {welch:?}");
        assert!((effect.p() - number(&row["welch_p"])).abs() < 0.05);
    }
}

#[test]
fn the_bootstrap_over_seconds_agrees_with_scipys() {
    let all = fixture!("bootstrap");
    let range = LatencyRange { max: Nanos::from_secs(60), digits: 3 };
    let seconds: Vec<BucketCounts> = rows(&all["seconds"])
        .iter()
        .map(|second| {
            let mut latency = Latency::new(range);
            numbers(second).iter().for_each(|ms| latency.record(Nanos((ms * 1e6) as u64)));
            BucketCounts::of(&latency)
        })
        .collect();
    let layers = Layers::of(&seconds.iter().collect::<Vec<_>>(), 0).unwrap();
    for row in rows(&all["quantiles"]) {
        let (q, value) = (number(&row["q"]), number(&row["value"]));
        let mut rng = Rng::new(7);
        let mut weights = vec![1; layers.spans()];
        let point = layers.ln_quantile(&weights, q).unwrap().exp() / 1e6;
        assert!(near(point, value, 0.002), "{point} for {value}");
        // seconds are independent here: blocks of one, as scipy draws them
        let draws: Vec<f64> = (0..4000)
            .map(|_| {
                draw(&mut rng, 1, &mut weights);
                layers.ln_quantile(&weights, q).unwrap() - point.ln() - 1e6f64.ln()
            })
            .collect();
        let found = Deviation::of_draws(draws).unwrap();
        let wanted = numbers(&row["interval"]);
        let (low, high) = (point * (-Z95 * found.low).exp(), point * (Z95 * found.high).exp());
        let width = wanted[1] - wanted[0];
        assert!((low - wanted[0]).abs() < 0.08 * width, "q {q}: {low}..{high} for {wanted:?}");
        assert!((high - wanted[1]).abs() < 0.08 * width, "q {q}: {low}..{high} for {wanted:?}");
    }
}
