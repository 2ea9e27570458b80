//! Gates in spans, gates that end a run, gates against a baseline.
use super::*;
use crate::judge::baseline::Noise;
use crate::judge::compare::simulate::{MINUTE, World, run};
use crate::judge::compare::{Comparison, RunSet, Settings, compare};
use crate::judge::sample::{Fate, GOOD, plan, quiet, record};
use crate::judge::{HealthState, judge};
use crate::kit::{HostUse, Nanos};
use crate::measure::CutReason;
use serde_json::json;

const SLOW: Fate = Fate { service: Nanos::from_millis(80), ..GOOD };

/// A run of 20 s at 200/s in which the given seconds are slow, and its gates decided.
fn decided(
    gates: &[(&str, Value)],
    slow: impl Fn(u64) -> bool,
) -> (Plan, RunRecord, Vec<GateResult>) {
    let mut plan = plan(200, 0, 20);
    plan.gates = gates.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
    let fate = |_, at: Nanos| if slow(at.0 / 1_000_000_000) { SLOW } else { GOOD };
    let record = record(&plan, fate, quiet);
    let judgement = judge(&plan, &record, &HostUse::default());
    let results = evaluate(&plan, &record, &judgement);
    (plan, record, results)
}

fn why(result: &GateResult) -> &str {
    result.why.as_deref().unwrap_or("")
}

#[test]
fn a_gate_in_every_span_fails_where_one_second_is_slow_and_says_where() {
    let gates = [
        ("response.p90", json!({ "is": "< 50ms", "for": "2s" })),
        ("response.p95", json!("< 50ms")),
        ("response.max", json!({ "is": "< 50ms", "for": "1s", "stage": "hold" })),
        ("rate.accepted", json!({ "is": ">= 190/s", "for": "5s" })),
        ("ledger.rejected", json!({ "is": "= 0", "for": "1s" })),
    ];
    let (_, _, results) = decided(&gates, |second| second == 7);
    let outcomes: Vec<GateOutcome> = results.iter().map(|r| r.outcome).collect();
    use GateOutcome::{Fail, Pass};
    // one second of twenty: the whole run's 95th percentile may be either, the spans' may not
    assert_eq!([outcomes[0], outcomes[2], outcomes[3], outcomes[4]], [Fail, Fail, Pass, Pass]);
    assert!(why(&results[0]).starts_with("failed from 6 s to 8 s: 8"), "{:?}", results[0]);
    assert!(why(&results[0]).ends_with("2 of 19 spans failed"), "{:?}", results[0]);
    assert!(why(&results[2]).starts_with("failed from 7 s to 8 s"), "{:?}", results[2]);
    assert_eq!(why(&results[3]), "in each of 16 spans of 5 s");
    let (_, _, results) = decided(&gates[..1], |_| false);
    assert_eq!(results[0].outcome, Pass);
}

#[test]
fn spans_that_are_too_short_too_long_or_too_empty_are_undecided() {
    let gates = [
        ("response.p99", json!({ "is": "< 50ms", "for": "1s" })),
        ("response.p50", json!({ "is": "< 50ms", "for": "21s" })),
        ("receipt.p50", json!({ "is": "< 50ms", "for": "1s" })),
    ];
    let (_, _, results) = decided(&gates, |_| false);
    assert_eq!(why(&results[0]), "from 0 s to 1 s: too few samples: 200, needed 1000");
    assert_eq!(why(&results[1]), "no 21 s were measured without a gap");
    assert!(results[..2].iter().all(GateResult::undecided), "{results:?}");
    assert!(results[2].failed(), "receipts take 200 ms: {:?}", results[2]);
}

/// A run of 20 s at 200/s, of whose messages one in ten has this fate.
fn with_some(gates: &[(&str, Value)], some: Fate) -> (Plan, RunRecord, Vec<GateResult>) {
    let mut plan = plan(200, 0, 20);
    plan.gates = gates.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
    let record = record(&plan, |i, _| if i % 10 == 0 { some } else { QUICK }, quiet);
    let judgement = judge(&plan, &record, &HostUse::default());
    assert_ne!(judgement.health.state, HealthState::Invalid);
    let results = evaluate(&plan, &record, &judgement);
    (plan, record, results)
}

const QUICK: Fate = Fate { service: Nanos::from_micros(200), lag: Nanos::from_micros(20), ..GOOD };

#[test]
fn a_limit_below_the_harnesss_own_lag_is_undecided_and_the_smscs_slowness_still_fails() {
    use GateOutcome::{Fail, Pass, Undecided};
    let gates = [
        ("response.p99", json!("< 500us")),
        ("response.max", json!("< 500us")),
        ("service.p99", json!("< 500us")),
        ("response.p95", json!({ "is": "< 500us", "for": "2s" })),
        ("label.otp.response.p99", json!("< 500us")),
        ("response.p50", json!("< 100us")),
        ("response.p99", json!("> 2s")),
        ("harness_lag.p99", json!("< 500us")),
    ];
    let outcomes = |some: Fate| -> Vec<GateOutcome> {
        with_some(&gates, some).2.iter().map(|result| result.outcome).collect()
    };
    let late = Fate { lag: Nanos::from_micros(900), ..QUICK };
    let wanted = vec![Undecided, Undecided, Pass, Undecided, Undecided, Fail, Fail, Fail];
    assert_eq!(outcomes(late), wanted);
    let (plan, record, results) = with_some(&gates, late);
    let says = "the harness's own lag (90";
    assert!(why(&results[0]).starts_with(says), "{:?}", results[0]);
    assert!(
        why(&results[0]).ends_with("gate on service.p99, which leaves it out"),
        "{:?}",
        results[0]
    );
    assert!(why(&results[3]).contains("from 0 s to 2 s: the harness's own lag"), "{results:?}");
    let alone = Plan { gates: plan.gates[..1].to_vec(), ..plan };
    let judgement = judge(&alone, &record, &HostUse::default());
    assert_eq!(judgement.outcome, Some(Outcome::InconclusiveNoise), "not the SMSC's fault");
    // where the SMSC is slow too, or lets messages wait, the gate fails
    for slow in [
        Fate { service: Nanos::from_millis(1), ..late },
        Fate { wait: Nanos::from_millis(1), ..late },
    ] {
        assert_eq!(outcomes(slow)[0], Fail, "{slow:?}");
    }
    assert_eq!(outcomes(Fate { service: Nanos::from_millis(1), ..late })[3], Fail);
}

#[test]
fn a_run_is_not_ended_for_the_harnesss_own_lag() {
    let gate = ("response.p90", json!({ "is": "< 500us", "abort_after": "3s" }));
    let ended = |some: Fate| {
        let mut plan = plan(200, 0, 20);
        plan.gates = vec![(gate.0.to_owned(), gate.1.clone())];
        let record = record(&plan, |_, _| some, quiet);
        let mut abort = Abort::of(&plan).unwrap();
        (1..=21).any(|second| abort.check(&record, Nanos::from_secs(second)).is_some())
    };
    let late = Fate { lag: Nanos::from_micros(900), ..QUICK };
    assert!(!ended(late));
    assert!(ended(Fate { service: Nanos::from_millis(1), ..late }));
}

#[test]
fn what_cannot_go_into_a_table_is_refused_before_anything_is_sent() {
    for (name, value, wanted) in [
        ("response.p99", json!({ "is": "< 50ms", "for": "10" }), "at least 1s"),
        ("response.p99", json!({ "is": "< 50ms", "for": "100ms" }), "at least 1s"),
        ("response.p99", json!({ "is": "< 50ms", "fro": "10s" }), "unknown key \"fro\""),
        (
            "account.main.response.p99",
            json!({ "is": "< 50ms", "for": "10s" }),
            "kept by the second",
        ),
        ("response.mean", json!({ "is": "< 50ms", "for": "10s" }), "kept by the second"),
        ("bind.p99", json!({ "is": "< 50ms", "abort_after": "10s" }), "kept by the second"),
        (
            "verdict.outcome",
            json!({ "is": "= sustained", "abort_after": "5s" }),
            "kept by the second",
        ),
        (
            "response.p99",
            json!({ "is": "<= baseline + 5%", "for": "10s" }),
            "speaks of the whole run",
        ),
        ("account.main.response.p99", json!("<= baseline + 5%"), "speaks of the whole run"),
        ("response.max", json!("<= baseline + 5%"), "these have: response.p50"),
        ("ledger.rejected", json!("<= baseline + 5%"), "these have: response.p50"),
        ("response.p99", json!({ "for": "10s" }), "expected is ="),
    ] {
        let mut plan = plan(200, 0, 20);
        plan.gates.push((name.to_owned(), value.clone()));
        let says = check_gates(&plan).unwrap_err().to_string();
        assert!(says.contains(wanted), "{name} {value}: {says}");
    }
}

#[test]
fn a_gate_broken_for_so_long_on_end_ends_the_run_and_one_slow_second_does_not() {
    let gate = ("response.p90", json!({ "is": "< 50ms", "abort_after": "3s" }));
    let ended = |slow: &dyn Fn(u64) -> bool| {
        let (plan, record, _) = decided(std::slice::from_ref(&gate), slow);
        let mut abort = Abort::of(&plan).unwrap();
        assert!(!abort.is_empty());
        (1..=21).find_map(|second| {
            let why = abort.check(&record, Nanos::from_secs(second))?;
            Some((second, why))
        })
    };
    assert_eq!(ended(&|second| second == 4 || second == 5 || second == 8), None);
    // slow from 10 s: three seconds are over at 13 s, and a second later all workers have told of them
    let (second, why) = ended(&|second| second >= 10).unwrap();
    assert_eq!(second, 14);
    let wanted = "abort_on_fail: response.p90 < 50ms failed for 3 s, from 10 s to 13 s: 8";
    assert!(why.starts_with(wanted), "{why}");
}

#[test]
fn the_gate_that_ended_a_run_has_failed_whatever_the_rest_of_the_run_was() {
    let gate = ("response.p50", json!({ "is": "< 50ms", "abort_after": "3s" }));
    let (plan, mut record, results) = decided(&[gate], |second| second >= 17);
    assert_eq!(results[0].outcome, GateOutcome::Pass);
    record.cut_reason =
        Some(CutReason::Gate(format!("{ABORTED}response.p50 < 50ms failed for 3 s")));
    let judgement = judge(&plan, &record, &HostUse::default());
    let result = &evaluate(&plan, &record, &judgement)[0];
    assert!(result.failed() && why(result).starts_with("it ended the run"), "{result:?}");
}

const SHORT: World = World { seconds: 12, between_runs: 0.01, ..MINUTE };

fn compared(slower: f64) -> Comparison {
    let candidate = World { receipts_slower: slower, ..SHORT };
    let side = |world: &World, from: u64| {
        let runs: Vec<_> = (from..from + 6).map(|seed| run(world, seed)).collect();
        RunSet::of(&runs, 500, 1).unwrap()
    };
    compare(&side(&SHORT, 10), &side(&candidate, 20), &Settings::default()).unwrap()
}

#[test]
fn a_limit_against_a_baseline_is_decided_by_the_interval() {
    let gate = |text: &str| RelativeGate::read("receipt.p50", &json!(text)).unwrap().unwrap();
    let (same, slower) = (compared(1.0), compared(1.2));
    let decide = |text: &str, c: &Comparison| gate(text).decide(Some(c), None).outcome;
    assert_eq!(decide("<= baseline + 5%", &same), GateOutcome::Pass);
    assert_eq!(decide("<= baseline + 5%", &slower), GateOutcome::Fail);
    assert_eq!(decide("<= baseline + 40%", &slower), GateOutcome::Pass);
    assert_eq!(decide(">= baseline + 10%", &slower), GateOutcome::Pass);
    let between = gate("<= baseline + 20%").decide(Some(&slower), None);
    assert!(between.undecided() && why(&between).contains("contains the limit"), "{between:?}");
    let alone = gate("<= baseline + 5%").decide(None, None);
    assert!(alone.undecided() && why(&alone).contains("gate --baseline"), "{alone:?}");
    assert_eq!(RelativeGate::read("receipt.p50", &json!("< 50ms")).unwrap(), None);
    assert!(RelativeGate::read("receipt.p50", &json!("< baseline + x")).is_err());
}

#[test]
fn a_limit_tighter_than_the_noise_is_refused_with_the_smallest_that_could_be_held() {
    let gate = |text: &str| RelativeGate::read("receipt.p50", &json!(text)).unwrap().unwrap();
    let noise = Noise { name: "receipt.p50".into(), runs: 6, spread: Some(0.03), floor: None };
    let same = compared(1.0);
    let tight = gate("<= baseline + 2%").decide(Some(&same), Some(&noise));
    assert!(tight.undecided() && why(&tight).contains("can be decided is + 4.6 %"), "{tight:?}");
    assert_eq!(
        gate("<= baseline + 5%").decide(Some(&same), Some(&noise)).outcome,
        GateOutcome::Pass
    );
    let untrusted = Comparison { trusted: false, ..same };
    assert!(gate("<= baseline + 50%").decide(Some(&untrusted), None).undecided());
}

#[test]
fn none_missing_on_either_side_keeps_any_limit_against_a_baseline() {
    let world = World { missing: 0.0, ..SHORT };
    let side = |from: u64| RunSet::of(&[run(&world, from), run(&world, from + 1)], 100, 1).unwrap();
    let compared = compare(&side(1), &side(5), &Settings::default()).unwrap();
    let gate = RelativeGate::read("ratio.missing", &json!("<= baseline + 10%")).unwrap().unwrap();
    assert_eq!(gate.decide(Some(&compared), None).outcome, GateOutcome::Pass);
    let missing = compared.metric("ratio.missing").unwrap();
    assert_eq!(missing.verdict, crate::judge::compare::Verdict::Equivalent);
}
