//! The lists of failed messages name each of them once, with the ids and times that support asks for.
use super::*;
use crate::smpp::CommandStatus;
use std::collections::BTreeSet;

#[test]
fn every_missing_receipt_and_every_rejection_is_listed_once_over_all_workers() {
    let toml = profile(
        "stages = [{ hold = \"1000\", for = \"10s\" }]",
        "[binds]\ncount = 3\nwindow = 50\n[receipts]\ndeadline = \"2s\"\n\
         [embedded.response]\nlatency = \"2ms\"\n\
         errors = [{ status = \"ESME_RSUBMITFAIL\", share = 0.02 }]\n\
         [embedded.receipts]\ndelay = \"100ms\"\nlost = 0.01\n",
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
        "stages = [{ hold = \"3000\", for = \"5s\" }]",
        "[binds]\ncount = 2\nwindow = 50\n\
         [embedded.response]\nerrors = [{ status = \"ESME_RSUBMITFAIL\", share = 1.0 }]\n",
    );
    let (_, record) = run(&mut Memory::default(), &toml);
    assert_eq!((record.rejections.len(), record.ledger().rejected), (10_000, 15_000));
}
