//! The lists of failed messages name each of them once, with the ids and times that support asks for.
use super::*;
use crate::smpp::CommandStatus;
use std::collections::BTreeSet;

#[test]
fn every_missing_receipt_and_every_rejection_is_listed_once_over_all_workers() {
    let toml = profile(
        r#"stages = [{ hold = "1000", for = "10s" }]"#,
        r#"[binds]
count = 3
window = 50
[receipts]
deadline = "2s"
[embedded.response]
latency = "2ms"
errors = [{ status = "ESME_RSUBMITFAIL", share = 0.02 }]
[embedded.receipts]
delay = "100ms"
lost = 0.01
"#,
    );
    let mut memory = Memory { workers: 3, ..Memory::default() };
    let (_, record) = run(&mut memory, &toml);
    let t = record.ledger();
    assert_eq!(record.missing.len() as u64, t.receipts_missing);
    assert_eq!(record.rejections.len() as u64, t.rejected);
    assert!(t.receipts_missing > 50 && t.rejected > 100, "{t:?}");
    let ids: BTreeSet<&str> =
        record.missing.iter().map(|m| m.message_id.as_deref().unwrap()).collect();
    assert_eq!(ids.len(), record.missing.len(), "each id once");
    let numbers: BTreeSet<(u32, u32)> =
        record.missing.iter().map(|m| (m.session, m.sequence_number.unwrap())).collect();
    assert_eq!(numbers.len(), record.missing.len(), "each sequence_number once a session");
    for m in &record.missing {
        assert!(m.intended_wall_ns <= m.written_wall_ns && m.written_wall_ns < m.answered_wall_ns);
        assert!(
            (2_000_000..2_400_000).contains(&(m.answered_wall_ns - m.written_wall_ns)),
            "{m:?}"
        );
    }
    assert!(record.rejections.iter().all(|r| r.status == CommandStatus::ESME_RSUBMITFAIL.0));
    assert!(record.rejections.is_sorted_by_key(|r| r.answered_wall_ns));
}

#[test]
fn the_lists_end_at_ten_thousand_and_the_ledger_counts_on() {
    let toml = profile(
        r#"stages = [{ hold = "3000", for = "5s" }]"#,
        r#"[binds]
count = 2
window = 50
[embedded.response]
errors = [{ status = "ESME_RSUBMITFAIL", share = 1.0 }]
"#,
    );
    let (_, record) = run(&mut Memory::default(), &toml);
    assert_eq!((record.rejections.len(), record.ledger().rejected), (10_000, 15_000));
}
