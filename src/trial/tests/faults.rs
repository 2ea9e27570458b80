//! Everything that the simulator can do wrong, done to a whole run: the books balance, agree with the tally,
//! the session comes back, and the outage says why.
use super::{profile, run};
use crate::measure::{Counters, Outage, RunRecord};
use crate::plan::behaviour::FaultKind;
use crate::trial::Memory;

/// What a fault leaves behind.
struct Left {
    kind: FaultKind,
    /// How the outage that it makes begins; None: the session stays.
    cause: Option<&'static str>,
    /// Whether the session is bound again at the end.
    back: bool,
    /// Messages a minute: a link that is never idle is never probed.
    per_minute: u32,
    /// A further fault that the first one needs to show.
    with: &'static str,
}

const SURE: Left =
    Left { kind: FaultKind::Close, cause: None, back: true, per_minute: 12_000, with: "" };

const CLOSE_AT_3: &str = r#"[[embedded.faults]]
kind = "close"
at = "3s"
"#;

/// Every kind, in the order of its declaration.
const ALL: [Left; 12] = [
    Left { kind: FaultKind::Unbind, cause: Some("unbind"), ..SURE },
    Left { kind: FaultKind::Close, cause: Some("closed"), ..SURE },
    Left { kind: FaultKind::Reset, cause: Some("reset"), ..SURE },
    Left { kind: FaultKind::HalfClose, cause: Some("closed"), ..SURE },
    Left { kind: FaultKind::Garbage, cause: Some("desync"), ..SURE },
    Left { kind: FaultKind::Truncated, cause: Some("closed"), ..SURE },
    Left { kind: FaultKind::OversizeTlv, ..SURE },
    Left { kind: FaultKind::GenericNack, ..SURE },
    Left {
        kind: FaultKind::NoEnquireAnswer,
        cause: Some("enquire_link unanswered"),
        per_minute: 20,
        ..SURE
    },
    Left { kind: FaultKind::SlowReader, ..SURE },
    Left {
        kind: FaultKind::BindRefuse,
        cause: Some("closed"),
        back: false,
        with: CLOSE_AT_3,
        ..SURE
    },
    Left { kind: FaultKind::AcceptThenDrop, cause: Some("closed"), with: CLOSE_AT_3, ..SURE },
];

fn word(kind: FaultKind) -> String {
    serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned()
}

fn struck(left: &Left, when: &str, more: &str) -> (RunRecord, Memory) {
    let toml = profile(
        &format!(r#"stages = [{{ hold = "{}/min", for = "10s" }}]"#, left.per_minute),
        &format!(
            r#"[binds]
count = 2
window = 20
enquire_link = "1s"
rebind = {{ attempts_max = 0, min = "100ms", max = "1s" }}
[timeouts]
response = "2s"
unbind = "1s"
[receipts]
deadline = "4s"
[embedded]
seed = 5
[embedded.response]
latency = "5ms"
[embedded.receipts]
delay = "100ms"
[[embedded.faults]]
kind = "{}"
{when}
{}{more}"#,
            word(left.kind),
            left.with
        ),
    );
    let mut memory = Memory::default();
    let (_, record) = run(&mut memory, &toml);
    (record, memory)
}

fn causes(record: &RunRecord) -> Vec<String> {
    record.outages.iter().map(|o| o.cause.to_string()).collect()
}

fn up_at_the_end(record: &RunRecord) -> u64 {
    record.intervals[9].gauges.sessions_up
}

#[test]
fn every_fault_at_a_time_balances_and_its_outage_says_why() {
    for left in &ALL {
        for workers in [1, 2] {
            let (record, memory) = struck(left, r#"at = "2s""#, "");
            let name = word(left.kind);
            let done = memory.last_tally.as_ref().unwrap().faults.get(left.kind);
            assert!(done >= 1, "{name} on {workers}: it was not done");
            match left.cause {
                None => assert_eq!(causes(&record), Vec::<String>::new(), "{name}"),
                Some(cause) => {
                    assert!(
                        causes(&record).iter().all(|c| c.starts_with(cause)),
                        "{name}: {:?}",
                        record.outages
                    );
                    assert!(!record.outages.is_empty(), "{name}");
                }
            }
            assert_eq!(up_at_the_end(&record), if left.back { 2 } else { 1 }, "{name}");
            for Outage { from, to, lost, .. } in &record.outages {
                assert!(from.as_secs_f64() >= 1.9, "{name}: {from:?}");
                assert_eq!(to.is_some(), left.back, "{name}");
                assert!(*lost <= 20, "{name}");
            }
            let lost: u64 = record.outages.iter().map(|o| o.lost).sum();
            assert_eq!(record.ledger().lost, lost, "{name}: lost, and no outage says where");
        }
    }
}

#[test]
fn every_fault_by_share_of_submits_balances_and_the_run_goes_on() {
    for left in ALL.iter().filter(|l| {
        !matches!(
            l.kind,
            FaultKind::BindRefuse | FaultKind::AcceptThenDrop | FaultKind::NoEnquireAnswer
        )
    }) {
        let (record, memory) = struck(left, "share = 0.004", "");
        let name = word(left.kind);
        let done = memory.last_tally.as_ref().unwrap().faults.get(left.kind);
        let least = if left.kind == FaultKind::SlowReader { 1 } else { 3 };
        assert!(done >= least, "{name}: {done}");
        let Counters { planned, accepted, rejected, timed_out, lost, unsent, .. } = record.ledger();
        assert_eq!(planned, accepted + rejected + timed_out + lost + unsent, "{name}");
        assert!(accepted > 1_500 || left.kind == FaultKind::SlowReader, "{name}: {accepted}");
        assert!(
            causes(&record).iter().all(|c| left.cause.is_some_and(|w| c.starts_with(w))),
            "{name}"
        );
    }
}

#[test]
fn refused_and_dropped_connects_by_share_are_tried_again_until_they_hold() {
    let drop = Left { kind: FaultKind::AcceptThenDrop, cause: Some("closed"), ..SURE };
    // every second connection is dropped, and every bound one is closed each second
    let storm = r#"[[embedded.faults]]
kind = "close"
every = "1s"
sessions = "all"
"#;
    let toml_share = r#"every = "900ms""#;
    let (record, memory) = struck(&drop, toml_share, storm);
    let tally = memory.last_tally.as_ref().unwrap();
    assert!(tally.faults.get(FaultKind::AcceptThenDrop) >= 8);
    assert!(record.outages.len() >= 16 && record.outages.iter().any(|o| o.attempts > 1));
    let reconnects: u64 = record.sessions.iter().map(|s| u64::from(s.reconnects)).sum();
    assert_eq!(tally.binds.accepted, 2 + reconnects);
}

#[test]
fn a_bind_refused_for_its_credentials_is_never_tried_again() {
    let left = &ALL[FaultKind::BindRefuse as usize];
    let (record, memory) = struck(left, r#"at = "2s""#, "");
    let tally = memory.last_tally.as_ref().unwrap();
    assert_eq!(tally.binds.refused.total(), 1);
    let outage = &record.outages[0];
    assert_eq!((outage.to, outage.attempts), (None, 1));
    assert_eq!(record.cut_reason, None, "the other session carries on");
}

#[test]
fn the_table_has_every_kind_once() {
    for (number, left) in ALL.iter().enumerate() {
        assert_eq!(left.kind as usize, number);
    }
    assert_eq!(ALL.len(), FaultKind::AcceptThenDrop as usize + 1);
}
