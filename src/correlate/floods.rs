//! A hundred thousand of whatever a peer may choose to repeat. None of these asserts a time: with a step that grows
//! with the number of those before it, they would not end.
use super::*;
use crate::kit::{Nanos, mix64};

const MANY: u64 = 100_000;
const DEADLINE: Nanos = Nanos(1_000_000);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Sent {
    at: Nanos,
    session: u32,
}
impl Awaits for Sent {
    fn since(&self) -> Nanos {
        self.at
    }
    fn mark(&self) -> u16 {
        self.session as u16
    }
    fn session(&self) -> u32 {
        self.session
    }
}

fn sent(at: u64, session: u32) -> Sent {
    Sent { at: Nanos(at), session }
}
fn info(at: u64, session: u32) -> ReceiptInfo {
    let err = *b"000\0";
    ReceiptInfo { received: Nanos(at), session, state: 2, intermediate: false, err, rule: 0 }
}
fn key(n: u64) -> Key {
    Key::within(mix64(n))
}
fn correlator(kept_max: usize) -> Correlator<Sent> {
    Correlator::new(kept_max, DEADLINE)
}

#[test]
fn early_receipts_of_one_id_wait_and_are_given_up_in_small_steps() {
    let mut c = correlator(8 * MANY as usize);
    for n in 0..MANY {
        assert_eq!(c.receipt(key(7), info(n, 0)), ReceiptMatch::Early);
    }
    let mut unknown = Vec::new();
    let mut steps = 0;
    while c.give_up_some_early(Nanos::MAX, 1_000, &mut unknown) {
        steps += 1;
    }
    assert_eq!((unknown.len() as u64, c.early_count()), (MANY, 0));
    assert!(steps >= MANY / 1_000 - 1, "{steps}");
    assert!(unknown.windows(2).all(|w| w[0].receipt.received < w[1].receipt.received));
}

#[test]
fn early_receipts_of_one_id_meet_their_message_once_and_repeat_it_then() {
    let mut c = correlator(8 * MANY as usize);
    let mut met = Vec::new();
    for n in 0..MANY {
        c.receipt(key(7), info(n, 0));
    }
    c.accepted(key(7), sent(MANY, 0), &mut met);
    let finals = met.iter().filter(|(_, found)| matches!(found, ReceiptMatch::Final(_))).count();
    let repeats =
        met.iter().filter(|(_, found)| matches!(found, ReceiptMatch::Duplicate(_))).count();
    assert_eq!((finals, repeats as u64), (1, MANY - 1));
}

#[test]
fn repeats_of_one_receipt_and_late_ones_of_one_message_are_told_each() {
    let mut c = correlator(1_000);
    let mut met = Vec::new();
    c.accepted(key(1), sent(0, 0), &mut met);
    c.accepted(key(2), sent(0, 0), &mut met);
    assert_eq!(c.receipt(key(1), info(1, 0)), ReceiptMatch::Final(sent(0, 0)));
    for n in 0..MANY {
        assert_eq!(c.receipt(key(1), info(n, 0)), ReceiptMatch::Duplicate(0));
    }
    c.expire(DEADLINE.after(Nanos(1)), 10, &mut Vec::new());
    for n in 0..MANY {
        assert_eq!(c.receipt(key(2), info(DEADLINE.0 + 2 + n, 0)), ReceiptMatch::Late(sent(0, 0)));
    }
}

#[test]
fn one_id_for_all_messages_of_many_sessions_is_ambiguous_and_keeps_one_place_a_session() {
    let mut c = correlator(1 << 20);
    let (mut met, mut ambiguous) = (Vec::new(), Vec::new());
    let sessions = 1_000;
    let mut twice = 0;
    for n in 0..MANY {
        let kept = c.accepted(key(7), sent(n, (n % sessions) as u32), &mut met);
        twice += u64::from(matches!(kept, Tracking::IdGivenTwice(_)));
        c.take_ambiguous(&mut ambiguous);
        if n % 10 == 0 {
            let found = c.receipt(key(7), info(n, 5_000));
            assert!(n == 0 || matches!(found, ReceiptMatch::Ambiguous(_)), "{found:?}");
        }
    }
    c.take_ambiguous(&mut ambiguous);
    let left = c.drain().count();
    // the first had its receipt while it was alone
    assert_eq!((ambiguous.len() + left + 1) as u64, MANY);
    assert!(twice > MANY * 9 / 10);
}

#[test]
fn all_ids_given_twice_are_matched_by_session() {
    let mut c = correlator(1 << 22);
    let mut met = Vec::new();
    let all = 100_000;
    for n in 0..all {
        assert_eq!(c.accepted(key(n), sent(0, 0), &mut met), Tracking::Awaited);
    }
    for n in 0..all {
        assert_eq!(c.accepted(key(n), sent(1, 1), &mut met), Tracking::IdGivenTwice(0));
    }
    assert_eq!(c.awaited() as u64, 2 * all);
    for n in 0..all {
        assert_eq!(c.receipt(key(n), info(5, 1)), ReceiptMatch::Final(sent(1, 1)));
        assert_eq!(c.receipt(key(n), info(5, 0)), ReceiptMatch::Final(sent(0, 0)));
        assert_eq!(c.receipt(key(n), info(6, 0)), ReceiptMatch::Duplicate(0));
    }
    let (mut missing, mut ambiguous) = (Vec::new(), Vec::new());
    c.take_ambiguous(&mut ambiguous);
    while c.expire(Nanos(10 * DEADLINE.0), 1_000, &mut missing) {}
    assert_eq!((c.awaited(), missing.len(), ambiguous.len()), (0, 0, 0));
    assert!(!c.knows(key(0)), "kept for good");
}

#[test]
fn a_full_store_takes_one_entry_for_each_that_is_finished_at_its_newest_end() {
    let kept_max = 100_000;
    let mut c = correlator(kept_max as usize);
    let mut met = Vec::new();
    for n in 0..kept_max {
        assert_eq!(c.accepted(key(n), sent(0, 0), &mut met), Tracking::Awaited);
    }
    for n in kept_max..kept_max + 100_000 {
        // the newest finishes each time, and all those before it wait on
        assert_eq!(c.accepted(key(n), sent(0, 0), &mut met), Tracking::Untracked);
        assert_eq!(c.receipt(key(n - 1), info(1, 0)), ReceiptMatch::Final(sent(0, 0)));
        assert_eq!(c.accepted(key(n), sent(0, 0), &mut met), Tracking::Awaited);
    }
    assert_eq!(c.awaited() as u64, kept_max);
}

#[test]
fn a_full_store_drops_its_expired_entries_wherever_they_are() {
    let kept_max = 100_000;
    let mut c = correlator(kept_max as usize);
    let mut met = Vec::new();
    // half of them will wait for longer
    for n in 0..kept_max {
        c.accepted(key(n), sent(if n % 2 == 0 { 0 } else { 1_000 }, 0), &mut met);
    }
    let mut missing = Vec::new();
    while c.expire(DEADLINE.after(Nanos(1)), 1_000, &mut missing) {}
    for n in (0..kept_max).step_by(2) {
        if missing.len() < kept_max as usize / 2 {
            c.receipt(key(n), info(DEADLINE.0 + 1, 0));
            missing.push((key(n), sent(0, 0)));
        }
    }
    let mut taken = 0;
    for n in kept_max..2 * kept_max {
        taken += u64::from(c.accepted(key(n), sent(1_000, 0), &mut met) == Tracking::Awaited);
    }
    assert!(taken >= kept_max / 2 - 2, "{taken}");
    for n in (1..kept_max).step_by(2) {
        assert_eq!(c.receipt(key(n), info(1_001, 0)), ReceiptMatch::Final(sent(1_000, 0)), "{n}");
    }
}

#[test]
fn one_id_finished_over_and_over_leaves_others_of_its_bucket_quick_to_find() {
    let mut c = correlator(1 << 20);
    let mut met = Vec::new();
    for n in 0..MANY {
        assert_eq!(c.accepted(Key(7), sent(n, 0), &mut met), Tracking::Awaited);
        assert_eq!(c.receipt(Key(7), info(n, 0)), ReceiptMatch::Final(sent(n, 0)));
        // another print in the bucket that the first has filled
        assert!(!c.knows(Key(8)));
    }
}

#[test]
fn a_note_is_found_among_as_many_that_were_taken_at_one_instant() {
    let count = 1 << 18;
    let mut notes = Notes::new(count as usize);
    let id = |n: u64| IdText::of(format!("{n:010}").as_bytes());
    for n in 0..count {
        notes.add(Nanos(5), key(n), Note { sequence_number: n as u32, id: id(n) });
    }
    for n in (0..count).rev().take(10_000) {
        assert_eq!(notes.find(Nanos(5), key(n)).map(|note| note.id), Some(id(n)));
        assert_eq!(notes.find(Nanos(5), key(n + count)), None);
    }
}
