//! Whether the harness was fit to measure, and what is decided although it was not.
use super::*;

fn slow_target(seconds: u64) -> Plan {
    let mut plan = plan(1, 0, seconds);
    plan.stages.iter_mut().for_each(|s| s.shape = Shape::Hold(Rate { num: 1, den: 1 }));
    plan
}

fn judged(plan: &Plan, fate: impl FnMut(u64, Nanos) -> Fate) -> (Judgement, Vec<GateOutcome>) {
    let record = record(plan, fate, quiet);
    let judgement = judge(plan, &record, &HostUse::default());
    let gates = evaluate(plan, &record, &judgement).iter().map(|g| g.outcome).collect();
    (judgement, gates)
}

#[test]
fn one_message_a_second_that_is_late_by_a_hundredth_of_its_answer_is_on_time() {
    let fate = Fate { lag: Nanos::from_micros(1_100), service: ms(100), ..GOOD };
    let (j, _) = judged(&slow_target(15), |_, _| fate);
    assert_eq!(j.health.adherence, Some(1.0));
    assert_eq!(j.health.state, HealthState::Valid, "{:?}", j.health.checks);
    assert_eq!(j.health.worst_second, None, "it is not known by this measure");
    // a twentieth of the answer and no more
    let fate = Fate { lag: ms(6), ..fate };
    let (j, _) = judged(&slow_target(15), |_, _| fate);
    assert_eq!(j.health.adherence, Some(0.0));
    assert_eq!(j.health.state, HealthState::Invalid);
}

#[test]
fn a_handful_of_late_messages_makes_nothing_invalid_whatever_share_they_are() {
    let late = Fate { lag: ms(30), service: ms(100), ..GOOD };
    let good = Fate { service: ms(100), ..GOOD };
    for (every, state) in [(3, HealthState::Degraded), (1, HealthState::Invalid)] {
        let (j, _) = judged(&slow_target(15), |i, _| if i % every == 0 { late } else { good });
        assert_eq!(j.health.state, state, "{:?}", j.health.checks);
    }
}

#[test]
fn a_share_of_errors_stays_broken_and_one_that_was_kept_under_the_whole_load_stays_kept() {
    let mut plan = plan(200, 0, 10);
    for (name, gate) in [
        ("ratio.rejected", "<= 0.1%"),
        ("ratio.throttled", "= 0"),
        ("ratio.timed_out", "< 0.1%"),
        ("ratio.missing", "<= 0.1%"),
        ("ratio.rejected", ">= 0.1%"),
        ("rate.accepted", ">= 1/s"),
    ] {
        plan.gates.push((name.to_owned(), json!(gate)));
    }
    plan.gates.push(("ratio.rejected".to_owned(), json!({ "is": "<= 0.1%", "for": "2s" })));
    plan.gates.push(("ratio.timed_out".to_owned(), json!({ "is": "<= 0.1%", "for": "2s" })));
    let late = Fate { lag: ms(80), ..GOOD };
    let refused = Fate { outcome: Some(Ended::Rejected(0x45)), ..late };
    let (j, gates) = judged(&plan, |i, _| if i % 20 == 0 { refused } else { late });
    use GateOutcome::{Fail, Pass, Undecided};
    assert_eq!(j.health.state, HealthState::Invalid);
    assert_eq!(gates, [Fail, Pass, Pass, Pass, Undecided, Undecided, Fail, Pass]);
    // a part of the load was never written: the rest says nothing of it
    let unsent = Fate { outcome: None, ..late };
    let (_, gates) = judged(&plan, |i, _| match i % 20 {
        0 => refused,
        1 => unsent,
        _ => late,
    });
    assert_eq!(gates[..4], [Fail, Undecided, Undecided, Undecided]);
}

#[test]
fn times_from_the_intended_send_stand_unless_work_piled_up() {
    let plan = plan(200, 0, 10);
    let refused = Fate { outcome: Some(Ended::Rejected(0x45)), ..GOOD };
    let (j, _) = judged(&plan, |i, _| if i % 100 == 0 { refused } else { GOOD });
    assert_eq!(j.outcome, Some(Outcome::NotSustained));
    assert!(!work_piled_up(j.outcome, &j.reasons));
    let silent = Fate { outcome: Some(Ended::TimedOut), ..GOOD };
    let (j, _) = judged(&plan, |i, _| if i % 100 == 0 { silent } else { GOOD });
    assert_eq!(j.outcome, Some(Outcome::NotSustained));
    assert!(work_piled_up(j.outcome, &j.reasons));
}
