//! Percentiles that theory knows beforehand: a window in front of a constant server, a stall, a ramp, M/M/1.
//!
//! One session with a window of W, an SMSC that takes L for each, and a network that takes `way` in each
//! direction are a queue of which everything is known. For message j, intended at t(j):
//!   sent(j)     = max(t(j), answered(j − W))               the slot that the answer to j − W frees
//!   ready(j)    = sent(j) + way + L                         or the end of the silence in which that falls
//!   answered(j) = ready(j) + way
//!   response = answered − t, service = answered − sent, window_wait = sent − t, harness_lag = 0
use super::*;
use crate::measure::Latency;

/// One way through [`Network::default`].
const WAY: u64 = 50_000;

/// What theory says of one message.
#[derive(Clone, Copy, Debug)]
struct Fate {
    intended: u64,
    sent: u64,
    answered: u64,
}

/// The recursion above. `spoken`: when an answer that is ready at a time gets out.
fn fates(
    intended: impl Iterator<Item = u64>,
    window: usize,
    latency: u64,
    spoken: impl Fn(u64) -> u64,
) -> Vec<Fate> {
    let mut all: Vec<Fate> = Vec::new();
    for intended in intended {
        let freed = all.len().checked_sub(window).map_or(0, |j| all[j].answered);
        let sent = intended.max(freed);
        let answered = spoken(sent + WAY + latency) + WAY;
        all.push(Fate { intended, sent, answered });
    }
    all
}

fn buckets(latency: &Latency) -> Vec<(u64, u64)> {
    let recorded = latency.histogram().iter_recorded();
    recorded.map(|v| (v.value_iterated_to(), v.count_at_value())).collect()
}

/// The record's distributions are those of theory: every bucket, the sum and the maximum to the nanosecond.
fn agrees(record: &RunRecord, stage: u16, fates: &[Fate]) {
    let cell = record.sum(|k| k.stage == stage);
    let check = |metric: Metric, of: fn(&Fate) -> u64| {
        let mut theory = Latency::new(record.range);
        fates.iter().for_each(|f| theory.record(Nanos(of(f))));
        let measured = cell.metric(metric);
        assert_eq!(measured.count(), theory.count(), "{metric:?}");
        assert_eq!(measured.max(), theory.max(), "{metric:?}");
        assert_eq!(measured.sum_ns(), theory.sum_ns(), "{metric:?}");
        for q in [0.01, 0.1, 0.5, 0.9, 0.99, 0.999] {
            assert_eq!(measured.quantile(q), theory.quantile(q), "{metric:?} at {q}");
        }
        assert_eq!(buckets(measured), buckets(&theory), "{metric:?}");
    };
    check(Metric::Response, |f| f.answered - f.intended);
    check(Metric::Service, |f| f.answered - f.sent);
    check(Metric::WindowWait, |f| f.sent - f.intended);
    check(Metric::HarnessLag, |_| 0);
}

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;

#[test]
fn a_stall_shows_in_response_as_theory_says_and_service_hides_it() {
    let toml = profile(
        r#"stages = [{ hold = "2000", for = "10s", measure = false }, { hold = "2000", for = "40s" }]"#,
        &format!(
            r#"[binds]
count = 1
window = 10
{PLAIN}[embedded.response]
latency = "1ms"
stall = {{ every = "10s", for = "1400ms" }}
"#
        ),
    );
    let (_, record, judgement) = judged(&toml);
    // The SMSC's silences begin 10, 20, … s after its first bind; bind_resp takes WAY, and the load begins
    // 1 ms after it: the SMSC's clock is WAY + 1 ms ahead of the load's.
    let ahead = WAY + MS;
    let spoken = |ready: u64| {
        let at = ready + ahead;
        let (cycle, into) = (at / (10 * SECOND), at % (10 * SECOND));
        if cycle > 0 && into < 1_400 * MS {
            cycle * 10 * SECOND + 1_400 * MS - ahead
        } else {
            ready
        }
    };
    let all = fates((0..100_000).map(|i| i * SECOND / 2_000), 10, MS, spoken);
    agrees(&record, 0, &all[..20_000]);
    agrees(&record, 1, &all[20_000..]);

    // The same in closed form. During the silence of D = 1.4 s messages pile up at λ = 2,000/s; afterwards W = 10
    // go out per round of R = 1.1 ms, C = W/R = 9,091/s. Message τ after its beginning has a response of
    // D − τ·(1 − λ/C), so that the share 1 − q of all (10 s a cycle) that lies above the quantile q gives
    // response(q) = D − 10 s · (1 − q) · (1 − λ/C), to within one round.
    let cell = record.sum(|k| k.stage == 1);
    let (response, service) = (cell.metric(Metric::Response), cell.metric(Metric::Service));
    let slope = 1.0 - 2_000.0 / (10.0 / 1.1e-3);
    for q in [0.85, 0.9, 0.95, 0.99, 0.999] {
        let theory = 1.4 - 10.0 * (1.0 - q) * slope;
        let found = response.quantile(q).unwrap().as_secs_f64();
        assert!((found - theory).abs() < 1.1e-3 + 1e-3 * theory, "{q}: {found} {theory}");
    }
    // 10 of 20,000 were out when it fell silent: service hides it beyond the 99.9th percentile
    assert!(service.quantile(0.999).unwrap() < Nanos::from_micros(1_102));
    assert_eq!(response.quantile(0.5), service.quantile(0.5));
    assert!(
        judgement.explanation.is_some_and(|e| e.cause.contains("window")),
        "named in one sentence"
    );
}

#[test]
fn a_ramp_through_the_capacity_of_the_window_queues_as_theory_says() {
    let toml = profile(
        r#"stages = [{ ramp = ["0", "2000"], for = "10s" }]"#,
        &format!(
            r#"[binds]
count = 1
window = 10
{PLAIN}[embedded.response]
latency = "10ms"
"#
        ),
    );
    let (_, record) = run(&mut Memory::default(), &toml);
    // rate(t) = 200·t, so the integral is N(t) = 100·t²: message j is intended at √(j/100) s, 10,000 in all
    let intended = |j: u64| (u128::from(j) * 10_000_000_000_000_000).isqrt() as u64;
    let all = fates((0..10_000).map(intended), 10, 10 * MS, |ready| ready);
    agrees(&record, 0, &all);
    for (second, row) in record.intervals.iter().take(10).enumerate() {
        assert_eq!(row.scheduled, 100 * (2 * second as u64 + 1));
    }
    // The window carries C = 10 / 10.1 ms = 990/s, which the ramp reaches at 4.95 s with 2,451 sent; the other
    // 7,549 take 7.625 s from there: the last is answered at 12.575 s, 2.575 s after its time.
    let last = all.last().unwrap();
    assert!((last.answered - last.intended).abs_diff(2_575 * MS) < 15 * MS, "{last:?}");
}

#[test]
fn a_full_window_drops_what_theory_says() {
    let toml = profile(
        r#"window_full = "drop"
stages = [{ hold = "1200", for = "5s" }]"#,
        &format!(
            r#"[binds]
count = 1
window = 10
{PLAIN}[embedded.response]
latency = "10ms"
"#
        ),
    );
    let (_, record) = run(&mut Memory::default(), &toml);
    // a message goes out at its time if fewer than 10 were sent in the 10.1 ms before it, else it is dropped
    let mut sent: Vec<u64> = Vec::new();
    let mut dropped = 0;
    for at in (0..6_000u64).map(|i| i * SECOND / 1_200) {
        match sent.len().checked_sub(10) {
            Some(j) if sent[j] + 10 * MS + 2 * WAY > at => dropped += 1,
            Some(_) | None => sent.push(at),
        }
    }
    let t = record.ledger();
    assert_eq!((t.written, t.dropped), (sent.len() as u64, dropped));
    assert!(dropped > 900, "{dropped}");
}

#[test]
fn one_server_at_four_fifths_load_is_seen_as_an_mm1_queue() {
    let toml = profile(
        r#"arrival = "poisson"
stages = [{ hold = "1000", for = "400s" }]"#,
        &format!(
            r#"[binds]
count = 1
window = 5000
{PLAIN}[embedded]
seed = 5
[embedded.response]
latency = {{ servers = 1, mean = "800us" }}
"#
        ),
    );
    let (_, record) = run(&mut Memory::default(), &toml);
    let cell = record.sum(|_| true);
    let response = cell.metric(Metric::Response);
    // Arrivals are Poisson: the count of them has a standard deviation of √(1000 · 400) = 632.
    let n = response.count() as f64;
    assert!((n - 400_000.0).abs() < 3.0 * 632.0, "{n}");
    // The time in an M/M/1 system is exponential with mean S / (1 − ρ) = 0.8 ms / 0.2 = 4 ms, so its quantile q
    // is −4 ms · ln(1 − q); the network adds 0.1 ms to each.
    let mean = 4e6;
    let network = 2.0 * WAY as f64;
    // Successive times are correlated: the variance of the mean of n of them is, for the number in the system,
    // S² · ρ(2 + 5ρ − 4ρ² + ρ³) / (1 − ρ)⁴ / n, which is 44.5 · S / √n; three times that is allowed.
    let allowed = 3.0 * 44.5 * 800e3 / n.sqrt() / mean;
    assert!(allowed < 0.045, "{allowed}");
    let found = response.mean().unwrap() - network;
    assert!((found / mean - 1.0).abs() < allowed, "{found}");
    for q in [0.5f64, 0.9, 0.99] {
        let theory = -mean * (1.0 - q).ln();
        let found = response.quantile(q).unwrap().0 as f64 - network;
        // the tail is carried by fewer, longer busy periods: its error is about twice the mean's
        let allowed = if q > 0.95 { 2.0 * allowed } else { allowed };
        assert!((found / theory - 1.0).abs() < allowed, "{q}: {found} {theory}");
    }
    assert_eq!(cell.metric(Metric::WindowWait).max(), Some(Nanos::ZERO));
    // arrivals less than a microsecond apart leave together: the virtual timer has that step
    assert!(cell.metric(Metric::HarnessLag).max() < Some(Nanos::from_micros(1)));
}
