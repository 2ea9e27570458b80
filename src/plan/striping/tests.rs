use super::*;

/// A striping over accounts given as (binds, weight).
pub(in crate::plan) fn striping(accounts: &[(u32, u64)], workers: usize) -> Striping {
    let mut first = 0;
    let mut shares = Vec::new();
    for (account, (senders, weight)) in accounts.iter().enumerate() {
        shares.push(AccountShare {
            account: account as u16,
            first,
            senders: *senders,
            weight: *weight,
        });
        first += senders;
    }
    shorten(&mut shares);
    Striping { pattern: spread(&shares), shares, workers: workers.min(first as usize) }
}

#[test]
fn one_account_sends_message_i_on_bind_i_mod_s() {
    let s = striping(&[(5, 3)], 2);
    for i in 0..100u64 {
        assert_eq!(s.sender(i), (0, (i % 5) as u32));
    }
    assert_eq!(s.sender(u64::MAX), (0, (u64::MAX % 5) as u32));
}

#[test]
fn shares_are_exact_over_each_period_and_spread_within_it() {
    let s = striping(&[(1, 50), (2, 30), (1, 20)], 4);
    for start in [0u64, 10, 3_000_000_000] {
        let mut counts = [0; 3];
        for i in start..start + 10 {
            counts[usize::from(s.sender(i).0)] += 1;
        }
        assert_eq!(counts, [5, 3, 2]);
    }
    let accounts: Vec<u16> = (0..10).map(|i| s.sender(i).0).collect();
    assert!(accounts.windows(3).all(|w| !(w[0] == w[1] && w[1] == w[2])), "{accounts:?}");
}

#[test]
fn within_an_account_its_binds_take_turns() {
    let s = striping(&[(2, 2), (3, 1)], 5);
    let of_second: Vec<u32> =
        (0..18).map(|i| s.sender(i)).filter(|x| x.0 == 1).map(|x| x.1).collect();
    assert_eq!(of_second, [2, 3, 4, 2, 3, 4]);
}

#[test]
fn the_table_and_the_walk_agree_from_any_number_on() {
    let s = Arc::new(striping(&[(2, 5), (3, 3), (5, 2)], 3));
    assert!(s.period().is_some());
    for worker in 0..3 {
        for from in [0, 1, 7, 1000, 123_456_789_012] {
            let mut table = OwnMessages::new(&s, worker, from);
            let mut all = OwnMessages::all(&s, worker, None, from);
            for _ in 0..500 {
                assert_eq!(table.next(), all.next());
            }
        }
    }
}

#[test]
fn a_period_too_long_for_a_table_is_walked() {
    let s = Arc::new(striping(&[(101, 333), (103, 334), (107, 333)], 2));
    assert_eq!(s.period(), None);
    assert!(matches!(OwnMessages::new(&s, 0, 0), OwnMessages::All { .. }));
}

#[test]
fn no_more_workers_run_than_there_are_senders() {
    assert_eq!(striping(&[(3, 1)], 8).workers_count(), 3);
}

#[test]
fn weights_beyond_the_longest_pattern_are_coarsened_not_refused() {
    let s = striping(&[(1, 3 << 40), (1, (1 << 40) + 1)], 1);
    assert!(s.pattern.len() as u64 <= PATTERN_MAX);
    let first = (0..1000).filter(|i| s.sender(*i).0 == 0).count();
    assert!((749..=751).contains(&first), "{first}");
}
