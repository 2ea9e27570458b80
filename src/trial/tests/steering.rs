//! The operator's hand on the rate, and on the end of the run.
use super::{EMBEDDED, balanced, plan, profile};
use crate::judge;
use crate::kit::{HostUse, Nanos};
use crate::measure::{CutReason, Observer, Progress, RunRecord, Steer};
use crate::plan::Plan;
use crate::trial::{Memory, Trial};

/// Asks for each of these, once the run is so far.
struct Hand {
    asks: Vec<(Nanos, Steer)>,
    at: Nanos,
}

impl Observer for Hand {
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
        self.at = progress.at;
        None
    }
    fn steer(&mut self) -> Option<Steer> {
        let next =
            self.asks.iter().position(|(when, _)| self.at + Nanos::from_millis(100) >= *when)?;
        Some(self.asks.remove(next).1)
    }
}

fn steered(toml: &str, asks: &[(u64, Steer)]) -> (Plan, RunRecord) {
    let plan = plan(toml);
    let asks = asks.iter().map(|(s, steer)| (Nanos::from_secs(*s), steer.clone())).collect();
    let mut memory = Memory { workers: 2, ..Memory::default() };
    let mut hand = Hand { asks, at: Nanos::ZERO };
    let record = memory.run(&plan, &mut hand).unwrap();
    balanced(&plan, &record, memory.tally().unwrap());
    (plan, record)
}

const HOLD: &str = r#"[[load.stages]]
hold = 1000
for = "10s"
"#;

#[test]
fn a_rate_changed_by_hand_is_sent_recorded_and_judged_by_what_it_became() {
    let asks = [(2, Steer::Rate { percent: 150 }), (6, Steer::Rate { percent: 80 })];
    let (plan, record) = steered(&profile("", HOLD), &asks);
    let changes: Vec<(u64, u32)> =
        record.rate_changes.iter().map(|c| (c.at.0 / 1_000_000_000, c.percent)).collect();
    assert_eq!(changes, [(2, 150), (6, 80)]);
    let planned = record.ledger().planned;
    let expected = 2_050 + 4_000 * 3 / 2 + 3_950 * 4 / 5;
    assert!(planned.abs_diff(expected) < 60, "{planned}, expected {expected}");
    let fourth = &record.intervals[4];
    assert_eq!((fourth.tally.written, fourth.scheduled), (1500, 1500));
    let judgement = judge::judge(&plan, &record, &HostUse::default());
    let target = judgement.measured.target.unwrap();
    assert!((target - planned as f64 / 10.0).abs() < 0.2, "{target}");
    assert!(judgement.notes.iter().any(|n| n.contains("the operator changed the rate: 150 %")));
}

#[test]
fn more_than_the_guard_allows_and_a_closed_loop_are_not_steered() {
    let guard = format!(
        r"{EMBEDDED}[guard]
messages_max = 10000
{HOLD}"
    );
    let (_, record) = steered(&guard, &[(2, Steer::Rate { percent: 150 })]);
    assert!(record.rate_changes.is_empty());
    assert_eq!(record.ledger().planned, 10_000);
    let closed = r#"[embedded.response]
latency = "20ms"
[[load.stages]]
max = true
for = "4s"
"#;
    let closed = format!("{EMBEDDED}{closed}");
    let (_, record) = steered(&closed, &[(2, Steer::Rate { percent: 150 })]);
    assert!(record.rate_changes.is_empty());
}

#[test]
fn the_operator_ends_the_run_which_drains_and_says_so() {
    let (_, record) = steered(&profile("", HOLD), &[(3, Steer::End(CutReason::Operator))]);
    assert_eq!(record.cut_reason, Some(CutReason::Operator));
    let t = record.ledger();
    assert!(t.planned < 3_100 && t.receipts_final == t.planned, "{t:?}");
}
