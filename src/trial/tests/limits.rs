//! What kept a run from its rate, named (docs/verdict.md, "Verdict at a rate").
use super::*;
use crate::judge::{Limiter, Outcome};
use crate::kit::{Ceiling, Selfcheck};

/// A hold for 10 s on one bind.
fn hold(rate: u32, window: u32, rest: &str) -> String {
    profile(
        &format!(r#"stages = [{{ hold = "{rate}", for = "10s" }}]"#),
        &format!(
            r"[binds]
count = 1
window = {window}
{rest}"
        ),
    )
}

#[test]
fn a_window_too_small_for_the_latency_is_named_with_the_window_that_would_do() {
    let of = |window| {
        judged(&hold(
            1_200,
            window,
            &format!(
                r#"{PLAIN}[embedded.response]
latency = "10ms"
"#
            ),
        ))
    };
    let (plan, record, j) = of(10);
    assert_eq!((j.outcome, j.limiter), (Some(Outcome::NotSustained), Some(Limiter::Window)));
    // Little's law: N = X·R = 1,200/s · 10.1 ms = 12.12 open on the mean; a fifth to spare: 14.5 -> 15
    let law = j.littles_law.unwrap();
    assert!((law.open - 12.12).abs() < 0.001, "{law:?}");
    assert_eq!((law.slots, law.window), (10, 15));
    let said = j.notes.iter().find(|n| n.contains("Little's law")).unwrap();
    assert!(said.contains("a window of 15 per bind is enough"), "{said}");
    let (result, text) = reported(&plan, &record);
    assert_eq!(result["verdict"]["limiter"], "window");
    assert!(text.contains("the window:") && text.contains("a window of 15"), "{text}");
    // not sustained: no response percentile as a headline
    assert!(!text.contains("response time (from intended send)"), "{text}");
    // … and it does
    let (_, _, j) = of(15);
    assert_eq!((j.outcome, j.limiter), (Some(Outcome::Sustained), Some(Limiter::None)));
}

#[test]
fn a_simulator_that_throttles_is_named_with_the_share_throttled() {
    let rest = format!(
        r"{PLAIN}[embedded.limits]
rate = 500
burst = 0
"
    );
    let (_, record, j) = judged(&hold(1_000, 50, &rest));
    assert_eq!((j.outcome, j.limiter), (Some(Outcome::NotSustained), Some(Limiter::SmscThrottle)));
    // strictly one in 2 ms: every second message
    let t = record.ledger();
    assert_eq!((t.accepted, t.throttled), (5_000, 5_000));
    assert!(j.evidence[0].contains("50"), "{:?}", j.evidence);
}

#[test]
fn a_queue_that_fills_is_named_as_throttling_and_one_that_grows_by_its_receipts() {
    let queue = |size: u32, drain: u32| {
        judged(&hold(
            1_000,
            50,
            &format!(
                r"[embedded.limits]
queue = {{ size = {size}, drain = {drain} }}
"
            ),
        ))
    };
    let (_, record, j) = queue(1_000, 500);
    assert_eq!((j.outcome, j.limiter), (Some(Outcome::NotSustained), Some(Limiter::SmscThrottle)));
    assert!(record.ledger().throttled > 3_500, "1,000 fit, then every second is refused");
    // it accepts all, and delivers four fifths: 200 more receipts are awaited each second
    let (_, record, j) = queue(100_000, 800);
    assert_eq!(record.ledger().accepted, 10_000);
    assert_eq!((j.outcome, j.limiter), (Some(Outcome::NotSustained), Some(Limiter::Receipts)));
    assert!(j.evidence.iter().any(|e| e.contains("awaited")), "{:?}", j.evidence);
}

#[test]
fn a_latency_beyond_the_objective_is_the_smscs() {
    let rest = format!(
        r#"{PLAIN}[embedded.response]
latency = "10ms"
[gates]
"response.p99" = "< 5ms"
"#
    );
    let (_, _, j) = judged(&hold(500, 100, &rest));
    assert_eq!((j.outcome, j.limiter), (Some(Outcome::NotSustained), Some(Limiter::SmscLatency)));
    assert!(j.evidence.iter().any(|e| e.contains("response.p99")), "{:?}", j.evidence);
}

#[test]
fn connections_that_go_again_and_again_are_named() {
    let toml = profile(
        r#"stages = [{ hold = "400", for = "20s" }]"#,
        &format!(
            r#"[binds]
count = 2
window = 20
{PLAIN}[embedded.response]
latency = "5ms"
[[embedded.faults]]
kind = "close"
every = "2s"
sessions = "all"
"#
        ),
    );
    let (_, record, j) = judged(&toml);
    assert_eq!(j.limiter, Some(Limiter::Connection), "{:?}", j.evidence);
    assert!(record.outages.len() >= 10, "{}", record.outages.len());
    assert!(j.evidence.iter().any(|e| e.contains("outages")), "{:?}", j.evidence);
}

#[test]
fn a_run_is_shown_as_a_share_of_its_hosts_ceiling() {
    let (plan, record, _) = judged(&hold(1_000, 50, PLAIN));
    let ceiling = |receipts, per_second| Ceiling { receipts, per_second, ..Ceiling::default() };
    let ceilings = vec![ceiling(false, 40_000.0), ceiling(false, 10_000.0), ceiling(true, 5_000.0)];
    let selfcheck = Some(Selfcheck { ceilings, ..Selfcheck::default() });
    let environment = Environment { selfcheck, ..Environment::default() };
    let (result, text) = reported_on(&environment, &plan, &record);
    // no receipts were asked: 1,000 of 40,000
    assert_eq!(result["environment"]["selfcheck"]["share_of_ceiling"], 0.025);
    assert!(text.contains("2.5 % of this host's measured ceiling (40,000/s)"), "{text}");
    let (result, text) = reported(&plan, &record);
    assert!(result["environment"]["selfcheck"].is_null() && !text.contains("ceiling"), "{text}");
}
