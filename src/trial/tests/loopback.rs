//! Bounded runs over real sockets and the real clock. No time is asserted from above: machines are shared.
use super::*;
use crate::judge::{HealthState, Limiter, Outcome};
use crate::trial::Tcp;

/// Runs it over loopback, and holds it to its books and the simulator's tally.
fn over_tcp(toml: &str) -> (Plan, RunRecord) {
    let plan = plan(toml);
    let mut tcp = Tcp::default();
    let record = tcp.run(&plan, &mut NoObserver).unwrap_or_else(|e| panic!("{e}"));
    let books = Books::of(&plan, &record);
    assert!(books.balanced, "{:#?}\n{:#?}", books.failures, record.ledger());
    let check = judge::against_tally(&record, &tally_view(tcp.tally().unwrap()));
    assert!(check.agrees, "{:#?}\n{:#?}", check.lines, record.ledger());
    (plan, record)
}

#[test]
fn twenty_milliseconds_in_the_simulator_are_never_measured_as_less() {
    let toml = profile(
        r#"workers = 1
stages = [{ hold = "1000", for = "2s" }]"#,
        &format!(
            r#"[binds]
count = 2
window = 200
{PLAIN}[embedded.response]
latency = "20ms"
"#
        ),
    );
    let (plan, record) = over_tcp(&toml);
    let all = record.sum(|_| true);
    let service = all.metric(Metric::Service);
    assert_eq!(service.count(), 2_000);
    assert!(service.quantile(0.5).unwrap() >= Nanos::from_millis(20));
    // to the histogram's three digits
    assert!(service.min().unwrap() >= Nanos::from_micros(19_980), "{:?}", service.min());
    let sum = |m: Metric| all.metric(m).sum_ns();
    let parts = sum(Metric::WindowWait)
        + sum(Metric::HarnessLag)
        + sum(Metric::WriteWait)
        + sum(Metric::Service);
    assert_eq!(sum(Metric::Response), parts);
    let (result, _) = reported(&plan, &record);
    let class = &result["environment"]["tcp"][0];
    assert_eq!((&class["role"], &class["sessions"]), (&"transceiver".into(), &2.into()));
    assert_eq!(class["nodelay"], true);
    assert!(class["rtt_ns"].as_u64().is_some_and(|n| n > 0), "{class}");
    for session in result["sessions"].as_array().unwrap() {
        assert_eq!(session["tcp"]["connections"], 1);
        assert!(session["tcp"]["rtt_ns"].as_u64().is_some_and(|n| n > 0), "{session}");
    }
    // what response adds to service is explained by the two figures beside it, no gap is left
    assert!(sum(Metric::Response) >= sum(Metric::Service));
}

#[test]
fn a_rate_beyond_the_harness_is_inconclusive_and_offered_to_nobody() {
    // Slots for 80 ms of it are free at the start and are filled far quicker than octets can leave: what is sent
    // is late by the harness, not by the window.
    let toml = profile(
        r#"workers = 1
stages = [{ hold = "5000000", for = "1s" }]"#,
        &format!(
            r#"[binds]
count = 2
window = 200000
{PLAIN}[timeouts]
drain = "100ms"
"#
        ),
    );
    let (plan, record) = over_tcp(&toml);
    let j = judge::judge(&plan, &record, &HostUse::default());
    assert_eq!(j.health.state, HealthState::Invalid, "{:#?}", j.health);
    assert_eq!(j.outcome, Some(Outcome::InconclusiveHarness));
    assert_eq!(j.limiter, Some(Limiter::Harness));
    let (result, text) = reported(&plan, &record);
    assert_eq!(result["verdict"]["outcome"], "inconclusive_harness");
    assert!(text.contains("Rates and latencies are withheld"), "{text}");
    assert!(!text.contains("response time (from intended send)"), "{text}");
    assert!(text.contains("harness   invalid: "), "it says what it could not keep up with: {text}");
}
