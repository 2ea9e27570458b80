use super::*;
use crate::kit::{NS_PER_S, Rate, RateChange};

fn stage(shape: Shape, length: Nanos) -> Stage {
    Stage { name: "s".into(), shape, length, measure: true }
}

fn one(shape: Shape, length: Nanos) -> Schedule {
    Schedule::new(&[stage(shape, length)], Arrival::Constant, 1).unwrap()
}

fn secs(s: u64) -> Nanos {
    Nanos::from_secs(s)
}

fn rate(text: &str) -> Rate {
    Rate::parse(text).unwrap()
}

fn refusal(shape: Shape, length: Nanos) -> String {
    Schedule::new(&[stage(shape, length)], Arrival::Constant, 1).unwrap_err().to_string()
}

#[test]
fn a_hold_does_not_drift_over_a_thousand_million_messages() {
    for text in ["7/s", "90/min", "333333", "4999999", "1234567.891", "5M"] {
        let r = rate(text);
        let s = one(Shape::Hold(r), secs(1_000_000_000));
        for i in [0u64, 1, 6, 7, 999, 1_000_000_000, 1_000_000_007] {
            let exact =
                u128::from(i) * u128::from(NS_PER_S) * u128::from(r.den) / u128::from(r.num);
            assert_eq!(s.intended(i), Some((Nanos(exact as u64), 0)), "{text} {i}");
        }
    }
}

#[test]
fn a_hold_plans_every_message_before_its_end_and_none_at_it() {
    let s = one(Shape::Hold(rate("1000")), secs(8));
    assert_eq!(s.len(), 8000);
    assert_eq!(s.intended(7999), Some((Nanos::from_millis(7999), 0)));
    assert_eq!(s.intended(8000), None);
    assert_eq!(one(Shape::Hold(rate("1/min")), secs(60)).len(), 1);
    let s = one(Shape::Hold(rate("1/min")), Nanos(60 * NS_PER_S + 1));
    assert_eq!((s.len(), s.intended(1)), (2, Some((secs(60), 0))));
    assert_eq!(one(Shape::Hold(rate("5M")), secs(3600)).len(), 18_000_000_000);
}

#[test]
fn stages_are_anchored_at_their_own_start() {
    let stages = [
        stage(Shape::Hold(rate("7/s")), Nanos::from_millis(1001)),
        stage(Shape::Max, secs(3)),
        stage(Shape::Hold(rate("3/s")), secs(1)),
    ];
    let s = Schedule::new(&stages, Arrival::Constant, 1).unwrap();
    assert_eq!((s.stage_count(0), s.stage_count(1), s.stage_count(2)), (8, 0, 3));
    assert_eq!(s.intended(7), Some((Nanos(1_000_000_000), 0)));
    assert_eq!(s.intended(8), Some((Nanos(4_001_000_000), 2)));
    assert_eq!(s.intended(9), Some((Nanos(4_334_333_333), 2)));
    assert_eq!(s.bounds(1), (Nanos(1_001_000_000), Nanos(4_001_000_000)));
    assert_eq!(s.closed_at(Nanos(1_001_000_000)), Some((1, Nanos(4_001_000_000))));
    assert_eq!(s.closed_at(Nanos(4_001_000_000)), None);
    assert_eq!(s.next_closed_after(Nanos::ZERO), Some(Nanos(1_001_000_000)));
    assert_eq!(s.next_closed_after(Nanos(1_001_000_000)), None);
    assert_eq!(s.rate_at(Nanos::ZERO), Some(7.0));
    assert_eq!(s.rate_at(secs(2)), None);
    assert_eq!(s.ends_at(), Nanos(5_001_000_000));
}

/// The integral of a ramp after t ns is (2·n0·L·t + (n1 − n0)·t²) / (2·L·10⁹) messages.
fn ramped(from: u64, to: u64, length: u64, t: u64) -> (i128, i128) {
    let (f, d) = (i128::from(from), i128::from(to) - i128::from(from));
    let (l, t) = (i128::from(length), i128::from(t));
    (2 * f * l * t + d * t * t, 2 * l * 1_000_000_000)
}

#[test]
fn a_ramp_sends_each_message_at_the_nanosecond_where_the_integral_passes_it() {
    for (from, to, seconds) in
        [(0u64, 5000u64, 10u64), (5000, 0, 10), (10, 11, 3600), (0, 5_000_000, 60), (3, 700, 7)]
    {
        let s = one(Shape::Ramp(Ramp(Rate::per_second(from), Rate::per_second(to))), secs(seconds));
        assert_eq!(s.len(), ((from + to) * seconds).div_ceil(2), "{from} {to}");
        let length = seconds * NS_PER_S;
        for i in (0..s.len()).step_by((s.len() / 997 + 1) as usize).chain([s.len() - 1]) {
            let at = s.intended(i).unwrap().0.0;
            let (now, per) = ramped(from, to, length, at);
            let (next, _) = ramped(from, to, length, at + 1);
            assert!(now <= i128::from(i) * per, "{from} {to} {i}: {at} is late");
            assert!(next > i128::from(i) * per || at + 1 > length, "{from} {to} {i}: {at} early");
        }
    }
}

#[test]
fn a_ramp_from_zero_starts_with_a_message_and_accelerates() {
    let s = one(Shape::Ramp(Ramp(Rate::ZERO, rate("2"))), secs(2));
    // N(t) = t²/2: messages at 0 and sqrt(2) s
    assert_eq!(s.len(), 2);
    assert_eq!(s.intended(0), Some((Nanos::ZERO, 0)));
    assert_eq!(s.intended(1), Some((Nanos(1_414_213_562), 0)));
}

#[test]
fn stairs_hold_each_step_and_the_last_to_the_end() {
    let (from, to, step) = (rate("100"), rate("300"), rate("90"));
    let s = one(Shape::Stairs(Stairs { from, to, step, each: secs(2) }), secs(9));
    // 100, 190, 280 for 2 s each, then 300 for 3 s
    assert_eq!(s.len(), 200 + 380 + 560 + 900);
    let offsets = [0u64, 2, 4, 6, 8];
    let rates: Vec<f64> = offsets.iter().map(|o| s.rate_at(secs(*o)).unwrap()).collect();
    assert_eq!(rates, [100.0, 190.0, 280.0, 300.0, 300.0]);
    assert_eq!(s.intended(200), Some((secs(2), 0)));
    assert_eq!(s.intended(580), Some((secs(4), 0)));
    let down = one(Shape::Stairs(Stairs { from: to, to: from, step, each: secs(1) }), secs(4));
    assert_eq!(down.len(), 300 + 210 + 120 + 100);
}

#[test]
fn a_spike_on_nothing_sends_in_the_spike_only() {
    let shape =
        Shape::Spike(Spike { base: Rate::ZERO, peak: rate("10"), at: secs(3), length: secs(2) });
    let s = one(shape, secs(10));
    assert_eq!(s.len(), 20);
    assert_eq!(s.intended(0), Some((secs(3), 0)));
    assert_eq!(s.intended(19), Some((Nanos::from_millis(4900), 0)));
}

#[test]
fn a_spike_carries_the_fraction_of_a_message_over_its_edges() {
    let shape = Shape::Spike(Spike {
        base: rate("1"),
        peak: rate("10"),
        at: Nanos(2_500_000_000),
        length: secs(1),
    });
    let s = one(shape, secs(5));
    // 2.5 + 10 + 1.5
    assert_eq!(s.len(), 14);
    assert_eq!(s.intended(2), Some((secs(2), 0)));
    assert_eq!(s.intended(3), Some((Nanos(2_550_000_000), 0)));
    assert_eq!(s.intended(12), Some((Nanos(3_450_000_000), 0)));
    assert_eq!(s.intended(13), Some((secs(4), 0)));
}

#[test]
fn a_sine_has_its_mean_over_a_period_and_its_peak_at_a_quarter() {
    let shape = Shape::Sine(Sine { mean: rate("1000"), amplitude: rate("500"), period: secs(8) });
    let s = one(shape.clone(), secs(16));
    assert_eq!(s.len(), 16_000);
    assert!((s.rate_at(secs(2)).unwrap() - 1500.0).abs() < 1e-6);
    assert!((s.rate_at(secs(6)).unwrap() - 500.0).abs() < 1e-6);
    // half a period: 1000·4 + 500·(8/2π)·2, less what 64 chords miss (under 1 in 1,000 of the swing)
    let half = (0..s.len()).take_while(|i| s.intended(*i).unwrap().0 < secs(4)).count() as f64;
    let arc = 4000.0 + 500.0 * 8.0 / std::f64::consts::PI;
    assert!((half - arc).abs() < 1.5, "{half} {arc}");
    assert_eq!(one(shape, secs(3)).ends_at(), secs(3));
}

#[test]
fn intended_times_never_go_backwards() {
    let stages = [
        stage(Shape::Ramp(Ramp(rate("1"), rate("700"))), secs(3)),
        stage(
            Shape::Sine(Sine {
                mean: rate("500"),
                amplitude: rate("500"),
                period: Nanos(700_000_001),
            }),
            secs(3),
        ),
        stage(Shape::Ramp(Ramp(rate("900"), Rate::ZERO)), secs(2)),
    ];
    for arrival in [Arrival::Constant, Arrival::Poisson] {
        let s = Schedule::new(&stages, arrival, 3).unwrap();
        let mut last = Nanos::ZERO;
        for i in 0..s.len() {
            let (at, stage) = s.intended(i).unwrap();
            let (from, to) = s.bounds(stage);
            assert!(at >= last && at >= from && at < to, "{arrival:?} {i} {at:?}");
            last = at;
        }
    }
}

#[test]
fn poisson_arrivals_are_reproducible_and_have_the_mean_and_spread_of_theory() {
    let stages = [stage(Shape::Hold(rate("10k")), secs(20))];
    let a = Schedule::new(&stages, Arrival::Poisson, 7).unwrap();
    let b = Schedule::new(&stages, Arrival::Poisson, 7).unwrap();
    let c = Schedule::new(&stages, Arrival::Poisson, 8).unwrap();
    assert_eq!(a.len(), b.len());
    assert!((0..a.len()).step_by(1009).all(|i| a.intended(i) == b.intended(i)));
    assert_ne!(a.intended(0), c.intended(0));
    // the count is Poisson with mean 200,000: 5 standard deviations are 2,236
    assert!(a.len().abs_diff(200_000) < 2_236, "{}", a.len());
    let times: Vec<f64> = (0..20_000).map(|i| a.intended(i).unwrap().0.0 as f64).collect();
    let gaps: Vec<f64> = times.windows(2).map(|w| w[1] - w[0]).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
    // exponential: standard deviation = mean
    assert!((mean - 1e5).abs() < 4e3, "{mean}");
    assert!((variance.sqrt() / mean - 1.0).abs() < 0.05, "{variance}");
    let long = gaps.iter().filter(|g| **g > 1e5).count() as f64 / gaps.len() as f64;
    assert!((long - (-1f64).exp()).abs() < 0.02, "{long}");
}

#[test]
fn stages_that_no_schedule_can_hold_are_refused_with_the_remedy() {
    assert!(refusal(Shape::Hold(rate("1")), Nanos::ZERO).contains("no length"));
    assert!(refusal(Shape::Max, Nanos::ZERO).contains("no length"));
    assert!(refusal(Shape::Hold(Rate::ZERO), secs(1)).contains("rate is 0"));
    assert!(refusal(Shape::Ramp(Ramp(Rate::ZERO, Rate::ZERO)), secs(1)).contains("rate is 0"));
    let sine = Shape::Sine(Sine { mean: rate("1"), amplitude: rate("2"), period: secs(1) });
    assert!(refusal(sine, secs(1)).contains("below 0"));
    let fast = Shape::Ramp(Ramp(rate("1"), Rate { num: u64::MAX / 2, den: 1 }));
    assert!(refusal(fast, secs(1_000_000)).contains("no schedule can hold"));
    let stairs =
        Shape::Stairs(Stairs { from: rate("1"), to: rate("2"), step: Rate::ZERO, each: secs(1) });
    assert!(refusal(stairs, secs(1)).contains("step"));
}

#[test]
fn the_peak_of_a_shape_is_its_highest_rate() {
    assert_eq!(Shape::Ramp(Ramp(rate("90/min"), rate("1"))).peak(), Some(rate("90/min")));
    let sine = Shape::Sine(Sine { mean: rate("90/min"), amplitude: rate("0.25"), period: secs(1) });
    assert_eq!(sine.peak(), Some(rate("1.75")));
    assert_eq!(Shape::Max.peak(), None);
}

fn steered(stages: &[Stage], changes: &[(u64, u32)]) -> Schedule {
    let changes: Vec<RateChange> = changes
        .iter()
        .map(|(ms, percent)| RateChange { at: Nanos::from_millis(*ms), percent: *percent })
        .collect();
    Schedule::steered(stages, Arrival::Constant, 1, &changes).unwrap()
}

#[test]
fn a_rate_changed_by_hand_holds_from_its_time_on_and_what_was_before_stays() {
    let stages =
        [stage(Shape::Hold(rate("1000")), secs(4)), stage(Shape::Hold(rate("500")), secs(2))];
    let plain = steered(&stages, &[]);
    let s = steered(&stages, &[(1000, 150), (3000, 50)]);
    assert!((0..1000).all(|i| s.intended(i) == plain.intended(i)));
    let between = |from: u64, to: u64| s.count_before(secs(to)) - s.count_before(secs(from));
    assert_eq!((between(1, 3), between(3, 4), between(4, 6)), (3000, 500, 500));
    assert_eq!(s.intended(1000), Some((secs(1), 0)));
    assert_eq!(s.intended(1003).unwrap().0, Nanos::from_millis(1002));
    assert_eq!(s.peak_after(secs(0)), 1500.0);
    assert_eq!(s.peak_after(secs(3)), 500.0);
    assert_eq!(s.ends_at(), plain.ends_at());
}

#[test]
fn a_ramp_changed_by_hand_climbs_on_at_the_new_share() {
    let stages = [stage(Shape::Ramp(Ramp(rate("0"), rate("1000"))), secs(10))];
    let s = steered(&stages, &[(5000, 200)]);
    // half the ramp's first half is 1,250; the second half is 3,750 and counts twice
    assert_eq!(s.len(), 1250 + 2 * 3750);
    assert!((s.rate_at(secs(5)).unwrap() - 1000.0).abs() < 1.0);
    assert!((s.rate_at(Nanos::from_millis(9999)).unwrap() - 1999.8).abs() < 1.0);
}
