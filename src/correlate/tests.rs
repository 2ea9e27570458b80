use super::*;
use crate::kit::{Nanos, Rng, mix64};
use proptest::prelude::*;
use std::collections::BTreeMap;

const DEADLINE: Nanos = Nanos(100);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Sent {
    index: u64,
    due: Nanos,
    session: u32,
}
impl Awaits for Sent {
    fn since(&self) -> Nanos {
        self.due.since(DEADLINE)
    }
    fn mark(&self) -> u16 {
        self.index as u16
    }
    fn session(&self) -> u32 {
        self.session
    }
}

fn info(received: u64) -> ReceiptInfo {
    ReceiptInfo {
        received: Nanos(received),
        session: 0,
        state: 2,
        intermediate: false,
        err: *b"000\0",
        rule: 0,
    }
}
fn sent(index: u64, due: u64) -> Sent {
    Sent { index, due: Nanos(due), session: 0 }
}
fn same(rule: IdRule, response: &str, receipt: &str) -> bool {
    rule.key(response.as_bytes(), IdSource::Response, 9).0
        == rule.key(receipt.as_bytes(), IdSource::Receipt, 9).0
}

#[test]
fn each_rule_equates_the_spellings_it_names_and_no_others() {
    assert!(same(IdRule::Exact, "00Ab", "00Ab") && !same(IdRule::Exact, "00Ab", "00aB"));
    assert!(!same(IdRule::Exact, "7", "07"));
    assert!(same(IdRule::CaseInsensitive, "AB-1", "ab-1"));
    assert!(same(IdRule::Number, "0000000042", "42") && !same(IdRule::Number, "42", "43"));
    assert!(same(IdRule::Number, "AbC", "aBc"));
    assert!(same(IdRule::ResponseHex, "70BA8A69", "1891273321"));
    assert!(same(IdRule::ResponseHex, "1d305b4c", "0489708364"));
    assert!(same(IdRule::ResponseHex, "38601fa", "0059113978"));
    assert!(same(IdRule::ReceiptHex, "1891273321", "70ba8a69"));
    // a receipt that spells the id as the response did is not the number it looks like
    assert!(!same(IdRule::ResponseHex, "10", "10"));
}

#[test]
fn an_id_that_is_not_a_number_under_a_numeric_rule_is_matched_as_text_and_says_so() {
    let ticket = b"0118Z-0122I-2309U-57DGB";
    let (key, rule) = IdRule::ResponseHex.key(ticket, IdSource::Response, 1);
    assert_eq!(rule, IdRule::CaseInsensitive);
    assert_eq!(key, IdRule::ResponseHex.key(ticket, IdSource::Receipt, 1).0);
}

#[test]
fn a_receipt_before_its_response_waits_for_it() {
    let mut c = Correlator::new(100, DEADLINE);
    let mut met = Vec::new();
    assert_eq!(c.receipt(Key(7), info(5)), ReceiptMatch::Early);
    assert_eq!(c.accepted(Key(7), sent(1, 100), &mut met), Tracking::Awaited);
    assert_eq!(met, vec![(info(5), ReceiptMatch::Final(sent(1, 100)))]);
    assert_eq!((c.awaited(), c.early_count()), (0, 0));
}

#[test]
fn repeats_intermediates_late_and_unknown_receipts_are_classes_of_their_own() {
    let mut c = Correlator::new(100, DEADLINE);
    let mut met = Vec::new();
    c.accepted(Key(1), sent(1, 100), &mut met);
    c.accepted(Key(2), sent(2, 100), &mut met);
    let enroute = ReceiptInfo { intermediate: true, state: 1, ..info(10) };
    assert_eq!(c.receipt(Key(1), enroute), ReceiptMatch::Intermediate(1));
    assert_eq!(c.receipt(Key(1), info(20)), ReceiptMatch::Final(sent(1, 100)));
    assert_eq!(c.receipt(Key(1), info(21)), ReceiptMatch::Duplicate(1));
    let mut missing = Vec::new();
    c.expire(Nanos(101), 100, &mut missing);
    assert_eq!(missing, vec![(Key(2), sent(2, 100))]);
    assert_eq!(c.receipt(Key(2), info(120)), ReceiptMatch::Late(sent(2, 100)));
    let mut unknown = Vec::new();
    assert_eq!(c.receipt(Key(9), info(130)), ReceiptMatch::Early);
    c.give_up_early(Nanos(129), &mut unknown);
    assert!(unknown.is_empty());
    c.give_up_early(Nanos(130), &mut unknown);
    assert_eq!(unknown.len(), 1);
}

#[test]
fn a_receipt_after_its_deadline_is_late_even_before_anybody_looked() {
    let mut c = Correlator::new(100, DEADLINE);
    c.accepted(Key(1), sent(1, 100), &mut Vec::new());
    assert_eq!(c.receipt(Key(1), info(101)), ReceiptMatch::MissingThenLate(sent(1, 100)));
    assert_eq!(c.receipt(Key(1), info(102)), ReceiptMatch::Late(sent(1, 100)));
    assert_eq!(c.awaited(), 0);
}

#[test]
fn a_full_store_gives_up_finished_entries_and_never_an_awaited_one() {
    let mut c = Correlator::new(3, DEADLINE);
    let mut met = Vec::new();
    for k in 1..=3 {
        assert_eq!(c.accepted(Key(k), sent(k, 1_000), &mut met), Tracking::Awaited);
    }
    let kept = c.accepted(Key(4), sent(4, 1_000), &mut met);
    assert_eq!(kept, Tracking::Untracked, "all three are awaited");
    assert_eq!(c.receipt(Key(2), info(5)), ReceiptMatch::Final(sent(2, 1_000)));
    assert_eq!(c.accepted(Key(5), sent(5, 1_000), &mut met), Tracking::Awaited);
    for k in [1, 3, 5] {
        assert_eq!(c.receipt(Key(k), info(6)), ReceiptMatch::Final(sent(k, 1_000)));
    }
}

#[test]
fn an_entry_of_the_size_the_esme_keeps_takes_28_octets() {
    assert_eq!(AwaitedReceipts::<[u32; 5]>::entry_octets(), 28);
}

proptest! {
    #[test]
    fn every_message_ends_exactly_once_whatever_the_order(seed in any::<u64>(), kept in 1usize..200) {
        let mut rng = Rng::new(seed);
        let mut c = Correlator::new(kept, DEADLINE);
        let (mut finals, mut missing, mut untracked) = (0u64, 0u64, 0u64);
        let n = 2_000u64;
        let mut met = Vec::new();
        let mut lost = Vec::new();
        for i in 0..n {
            let now = i * 10;
            if rng.chance(0.3) {
                let other = rng.below(i + 3);
                match c.receipt(Key(other << 50 | other), info(now)) {
                    ReceiptMatch::Final(_) => finals += 1,
                    ReceiptMatch::MissingThenLate(_) => missing += 1,
                    ReceiptMatch::Intermediate(_) | ReceiptMatch::Duplicate(_) | ReceiptMatch::Late(_) | ReceiptMatch::Ambiguous(_) | ReceiptMatch::Early | ReceiptMatch::Unknown => {}
                }
            }
            if c.accepted(Key(i << 50 | i), sent(i, now + 500), &mut met) == Tracking::Untracked {
                untracked += 1;
            }
            for (_, found) in met.drain(..) {
                match found {
                    ReceiptMatch::Final(_) => finals += 1,
                    ReceiptMatch::MissingThenLate(_) => missing += 1,
                    ReceiptMatch::Intermediate(_) | ReceiptMatch::Duplicate(_) | ReceiptMatch::Late(_) | ReceiptMatch::Ambiguous(_) | ReceiptMatch::Early | ReceiptMatch::Unknown => {}
                }
            }
            c.expire(Nanos(now), usize::MAX, &mut lost);
            missing += lost.drain(..).count() as u64;
            prop_assert_eq!(finals + missing + untracked + c.awaited() as u64, i + 1);
        }
        missing += c.drain().count() as u64;
        prop_assert_eq!(finals + missing + untracked, n);
    }

    #[test]
    fn numbers_match_whatever_their_padding(n in any::<u64>(), zeros in 0usize..10) {
        let pad = "0".repeat(zeros);
        let padded = format!("{pad}{n}");
        prop_assert!(same(IdRule::Number, &n.to_string(), &padded));
        let hex = format!("{pad}{n:X}");
        let dec = n.to_string();
        prop_assert!(same(IdRule::ResponseHex, &hex, &dec));
        let hex = format!("{n:x}");
        prop_assert!(same(IdRule::ReceiptHex, &dec, &hex));
    }
}

proptest! {
    #[test]
    fn receipts_taken_in_together_are_those_taken_in_one_by_one(seed in any::<u64>(), jumble in 0u64..4) {
        let mut rng = Rng::new(seed);
        let mut together: Correlator<Sent> = Correlator::new(40_000, DEADLINE);
        let mut one_by_one: Correlator<Sent> = Correlator::new(40_000, DEADLINE);
        let (mut accepted, mut met) = (0u64, Vec::new());
        let key = |n: u64| Key::within(mix64(n));
        let mut waiting: Vec<u64> = Vec::new();
        for turn in 0..200 {
            for _ in 0..rng.below(8) {
                // neighbours share their value
                let value = sent(accepted / 50, 10 * turn + 500);
                let run: Vec<u64> = (accepted..accepted + rng.below(51)).collect();
                let keys: Vec<Key> = run.iter().map(|n| key(*n)).collect();
                let early = together.early_count() > 0;
                let count = together.accepted_run(&keys, value);
                prop_assert_eq!(count, if early { 0 } else { keys.len() });
                for key in &keys[count..] {
                    prop_assert_eq!(together.accepted(*key, value, &mut met), Tracking::Awaited);
                }
                for key in &keys {
                    prop_assert_eq!(one_by_one.accepted(*key, value, &mut met), Tracking::Awaited);
                }
                accepted += run.len() as u64;
                waiting.extend(run);
            }
            let mut count = rng.below(waiting.len() as u64 + 1) as usize;
            for _ in 0..jumble * 10 {
                if waiting.len() > 1 {
                    let at = rng.below(waiting.len() as u64 - 1) as usize;
                    waiting.swap(at, at + 1);
                }
            }
            if rng.chance(0.1) {
                // far behind the oldest, which waits on
                let at = waiting.len() / 3;
                waiting.rotate_left(at);
                count = count.min(waiting.len() - at);
            }
            let mut keys: Vec<Key> = waiting.drain(..count).map(key).collect();
            if turn > 100 && rng.chance(0.2) {
                keys.push(key(rng.below(accepted + 5)));
            }
            let now = info(10 * turn + 5);
            let expected: Vec<_> = keys.iter().map(|key| one_by_one.receipt(*key, now)).collect();
            let (mut rest, mut at) = (&keys[..], 0);
            while let Some((first, others)) = rest.split_first() {
                let found = together.receipt(*first, now);
                prop_assert_eq!(found, expected[at]);
                (rest, at) = (others, at + 1);
                if let ReceiptMatch::Final(value) = found {
                    let more = together.receipts_of_next(rest, &value, now.received);
                    prop_assert!(expected[at..at + more].iter().all(|f| *f == found));
                    (rest, at) = (&rest[more..], at + more);
                }
            }
            prop_assert_eq!(together.awaited(), one_by_one.awaited());
            prop_assert_eq!(together.early_count(), one_by_one.early_count());
        }
        let left: Vec<_> = together.drain().collect();
        prop_assert_eq!(left, one_by_one.drain().collect::<Vec<_>>());
    }
}

#[test]
fn a_rule_is_known_by_its_number() {
    for (number, rule) in (0u8..).zip(IdRule::ALL) {
        assert_eq!(rule.number(), number, "{rule:?}");
    }
}

#[test]
fn both_indexes_together_are_one_map() {
    let mut rng = Rng::new(11);
    let mut store: AwaitedReceipts<u32> = AwaitedReceipts::new(60_000);
    let mut model: BTreeMap<u64, (u32, bool)> = BTreeMap::new();
    let key = |n: u64| Key::within(mix64(n));
    let mut overflow_used = false;
    // three times beyond the hot index and down again
    for step in 0..240_000u32 {
        let grows = step % 80_000 < 45_000;
        if rng.chance(if grows { 0.8 } else { 0.05 }) {
            let n = rng.below(50_000);
            let awaited = model.get(&n).is_some_and(|(_, awaited)| *awaited);
            assert_eq!(store.insert(key(n), step), !awaited, "{n}");
            if !awaited {
                model.insert(n, (step, true));
            }
        } else if let Some((&n, &(value, awaited))) = model.range(rng.below(50_000)..).next() {
            if rng.chance(0.1) && awaited {
                store.expire_at(store.find(key(n)).unwrap());
                model.insert(n, (value, false));
                continue;
            }
            let finish = rng.chance(0.9);
            let (_, state, found) = store.lookup(key(n), |_, _| finish).unwrap();
            assert_eq!((found, state == EntryState::Awaited), (value, awaited));
            if finish {
                model.remove(&n);
                assert_eq!(store.find(key(n)), None);
            }
        }
        overflow_used |= store.kept() > 20_000;
        assert_eq!(store.kept(), model.len());
        if step % 10_000 == 0 {
            assert_eq!(store.awaited(), model.values().filter(|v| v.1).count());
        }
    }
    assert!(overflow_used, "the overflow index was never needed");
    for (n, (value, _)) in &model {
        assert_eq!(store.find(key(*n)).map(|handle| *store.at(handle)), Some(*value));
    }
}

proptest! {
    #[test]
    fn few_entries_are_a_list_with_and_without_an_index(
        seed in any::<u64>(), ids in 2u64..2_000
    ) {
        let mut rng = Rng::new(seed);
        let mut store: AwaitedReceipts<u32> = AwaitedReceipts::new(10_000);
        // id, value, awaited; oldest first
        let mut model: Vec<(u64, u32, bool)> = Vec::new();
        let key = |n: u64| Key::within(mix64(n));
        for step in 0..300u32 {
            match rng.below(10) {
                0..4 => {
                    let run: Vec<u64> = (0..rng.below(90)).map(|_| rng.below(ids)).collect();
                    let keys: Vec<Key> = run.iter().map(|n| key(*n)).collect();
                    let is_awaited = |model: &[(u64, u32, bool)], n| model.iter().any(|m| m.0 == n && m.2);
                    let mut wanted = 0;
                    for n in run {
                        if is_awaited(&model, n) {
                            break;
                        }
                        model.retain(|m| m.0 != n);
                        model.push((n, step, true));
                        wanted += 1;
                    }
                    prop_assert_eq!(store.insert_run(&keys, step), wanted);
                }
                4..6 => {
                    // some in a row, from anywhere
                    let at = rng.below(model.len() as u64 + 1) as usize;
                    let count = rng.below(60) as usize;
                    let Some(&(first, value, awaited)) = model.get(at) else { continue };
                    let found = store.lookup(key(first), |_, _| true).map(|(_, s, v)| (s == EntryState::Awaited, v));
                    prop_assert_eq!(found, Some((awaited, value)));
                    model.remove(at);
                    let row: Vec<Key> = model[at..].iter().take(count).map(|m| key(m.0)).collect();
                    let taken = store.take_next(&row, &value);
                    // holes between them, which a list has not, may end a row early
                    let alike = model[at..].iter().take(row.len()).take_while(|m| m.1 == value && m.2).count();
                    prop_assert!(taken <= alike);
                    model.drain(at..at + taken);
                }
                6 => {
                    let popped = store.pop_oldest().map(|(k, s, v)| (k, v, s == EntryState::Awaited));
                    let oldest = (!model.is_empty()).then(|| model.remove(0));
                    prop_assert_eq!(popped, oldest.map(|(n, v, awaited)| (key(n), v, awaited)));
                }
                7 => {
                    let n = rng.below(ids);
                    let handle = store.find(key(n));
                    let known = model.iter_mut().find(|m| m.0 == n);
                    prop_assert_eq!(handle.is_some(), known.is_some());
                    if let (Some(handle), Some(known)) = (handle, known) {
                        store.expire_at(handle);
                        known.2 = false;
                    }
                }
                8 => {
                    let n = rng.below(ids);
                    let found = store.lookup(key(n), |_, _| false).map(|(_, _, value)| value);
                    prop_assert_eq!(found, model.iter().find(|m| m.0 == n).map(|m| m.1));
                }
                _ => {
                    // all are finished, so that the ring starts again
                    for (n, ..) in model.drain(..) {
                        prop_assert!(store.lookup(key(n), |_, _| true).is_some());
                    }
                }
            }
            prop_assert_eq!(store.kept(), model.len());
            prop_assert_eq!(store.awaited(), model.iter().filter(|m| m.2).count());
        }
        let left: Vec<(Key, u32)> = store.take_all().collect();
        let wanted = model.iter().filter(|m| m.2).map(|m| (key(m.0), m.1));
        prop_assert_eq!(left, wanted.collect::<Vec<_>>());
    }
}

#[test]
fn keys_of_ids_in_a_row_are_spread_evenly_whichever_bits_are_taken() {
    for rule in [IdRule::Exact, IdRule::Number, IdRule::CaseInsensitive] {
        for format in [|n: u32| format!("{n:010}"), |n| format!("{n:x}"), |n| format!("a-{n:09}-z")]
        {
            let keys: Vec<u64> = (0..64_000)
                .map(|n| rule.key(format(n * 3).as_bytes(), IdSource::Response, 7).0.0)
                .collect();
            for shift in [0, 6, 16, 28, 32, 40, 52] {
                let mut counts = [0f64; 64];
                keys.iter().for_each(|key| counts[(key >> shift) as usize % 64] += 1.0);
                // chi-square with 63 degrees of freedom: above 130 once in a million
                let chi: f64 = counts.iter().map(|n| (n - 1000.0).powi(2) / 1000.0).sum();
                assert!(chi < 130.0, "{rule:?} {} >> {shift}: {chi}", format(7));
            }
        }
    }
}
