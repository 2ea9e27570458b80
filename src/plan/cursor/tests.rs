mod skipping;

use super::*;
use crate::kit::{Nanos, Rate, RateChange};
use crate::plan::schedule::{Arrival, Ramp, Shape, Sine, Spike, Stage, Stairs};
use crate::plan::striping::tests::striping;

fn schedule(stages: &[(Shape, u64)], arrival: Arrival) -> Arc<Schedule> {
    let stages: Vec<Stage> = stages
        .iter()
        .map(|(shape, ms)| Stage {
            name: "s".into(),
            shape: shape.clone(),
            length: Nanos::from_millis(*ms),
            measure: true,
        })
        .collect();
    Arc::new(Schedule::new(&stages, arrival, 11).unwrap())
}

fn per_second(n: u64) -> Rate {
    Rate::per_second(n)
}

fn walk(schedule: &Arc<Schedule>, striping: &Arc<Striping>, worker: usize) -> Vec<Due> {
    let mut cursor = Cursor::new(schedule.clone(), striping, worker);
    let mut all = Vec::new();
    while let Some(due) = cursor.peek() {
        all.push(*due);
        cursor.advance();
    }
    assert_eq!(cursor.peek(), None);
    all
}

/// Every index once over all workers, each at its intended time and in its class.
fn check(schedule: &Arc<Schedule>, striping: &Arc<Striping>) -> Vec<usize> {
    let mut seen = vec![0u32; schedule.len() as usize];
    let mut shares = Vec::new();
    for worker in 0..striping.workers_count() {
        let own = walk(schedule, striping, worker);
        for due in &own {
            seen[due.index as usize] += 1;
            assert_eq!(schedule.intended(due.index), Some((due.at, due.stage)), "{due:?}");
            assert_eq!(striping.sender(due.index), (due.account, due.sender), "{due:?}");
            assert_eq!(striping.worker_of(due.sender), worker);
        }
        assert!(own.windows(2).all(|w| w[0].index < w[1].index && w[0].at <= w[1].at));
        shares.push(own.len());
    }
    assert!(seen.iter().all(|n| *n == 1));
    shares
}

#[test]
fn the_workers_together_are_the_schedule() {
    let spike = Shape::Spike(Spike {
        base: per_second(70),
        peak: per_second(1100),
        at: Nanos(333_333_333),
        length: Nanos(100_000_001),
    });
    let sine = Shape::Sine(Sine {
        mean: per_second(300),
        amplitude: per_second(300),
        period: Nanos::from_millis(900),
    });
    let stairs = Shape::Stairs(Stairs {
        from: per_second(10),
        to: per_second(1000),
        step: per_second(70),
        each: Nanos(77_777_777),
    });
    let stages = [
        (Shape::Hold(per_second(333)), 1001),
        (Shape::Ramp(Ramp(per_second(0), per_second(900))), 700),
        (Shape::Max, 100),
        (spike, 1000),
        (stairs, 2000),
        (sine, 1500),
        (Shape::Hold(Rate { num: 1_234_567, den: 1000 }), 777),
    ];
    for arrival in [Arrival::Constant, Arrival::Poisson] {
        let schedule = schedule(&stages, arrival);
        for (accounts, workers) in [
            (vec![(1, 1)], 1),
            (vec![(3, 1)], 2),
            (vec![(7, 1)], 3),
            (vec![(2, 5), (3, 3), (5, 2)], 4),
            (vec![(101, 333), (103, 334), (107, 333)], 3),
        ] {
            check(&schedule, &Arc::new(striping(&accounts, workers)));
        }
    }
}

#[test]
fn three_binds_on_two_workers_carry_a_third_each() {
    let schedule = schedule(&[(Shape::Hold(per_second(3000)), 1000)], Arrival::Constant);
    let striping = Arc::new(striping(&[(3, 1)], 2));
    assert_eq!(check(&schedule, &striping), [2000, 1000]);
    let mut by_sender = [0; 3];
    for worker in 0..2 {
        for due in walk(&schedule, &striping, worker) {
            by_sender[due.sender as usize] += 1;
        }
    }
    assert_eq!(by_sender, [1000; 3]);
}

#[test]
fn with_fewer_messages_than_workers_some_have_none() {
    let schedule = schedule(&[(Shape::Hold(Rate { num: 1, den: 60 }), 120_000)], Arrival::Constant);
    let striping = Arc::new(striping(&[(8, 1)], 8));
    assert_eq!(check(&schedule, &striping), [1, 1, 0, 0, 0, 0, 0, 0]);
    let due = walk(&schedule, &striping, 1);
    assert_eq!(due[0].at, Nanos::from_secs(60));
}

#[test]
fn five_million_a_second_are_two_hundred_nanoseconds_apart_over_a_thousand_million() {
    let schedule = schedule(&[(Shape::Hold(per_second(5_000_000)), 300_000)], Arrival::Constant);
    let striping = Arc::new(striping(&[(2, 1)], 2));
    let mut cursor = Cursor::new(schedule.clone(), &striping, 1);
    for _ in 0..2_000_000 {
        let due = *cursor.peek().unwrap();
        assert_eq!(due.at.0, due.index * 200);
        cursor.advance();
    }
    assert_eq!(schedule.intended(1_400_000_000), Some((Nanos::from_secs(280), 0)));
}

#[test]
fn closed_loop_numbers_follow_the_schedule_and_keep_the_striping() {
    let stages = [(Shape::Hold(per_second(10)), 1000), (Shape::Max, 1000)];
    let schedule = schedule(&stages, Arrival::Constant);
    let striping = Arc::new(striping(&[(2, 2), (3, 1)], 2));
    let mut numbers = Vec::new();
    for worker in 0..2 {
        let mut cursor = Cursor::new(schedule.clone(), &striping, worker);
        for _ in 0..60 {
            let (index, step) = cursor.closed_peek().unwrap();
            assert_eq!(step, 0, "accounts of unequal weight do not alternate evenly");
            cursor.closed_take(1);
            assert_eq!(striping.worker_of(striping.sender(index).1), worker);
            numbers.push(index);
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 120);
    assert_eq!(numbers[..20], (10..30).collect::<Vec<u64>>()[..]);
}

#[test]
fn closed_loop_numbers_that_are_equally_far_apart_are_told_as_such() {
    let schedule = schedule(&[(Shape::Max, 1000)], Arrival::Constant);
    for (binds, workers) in [(1u32, 1usize), (8, 2), (9, 3), (7, 2)] {
        let striping = Arc::new(striping(&[(binds, 1)], workers));
        for worker in 0..workers {
            let mut walk = OwnMessages::of(&striping, worker, Some(0), 0);
            let mut cursor = Cursor::of_account(schedule.clone(), &striping, worker, 0);
            for taken in [1, 5, 0, 2, 40] {
                let (index, step) = cursor.closed_peek().unwrap();
                let even = (binds as usize).is_multiple_of(workers);
                assert_eq!(step, if even { workers as u32 } else { 0 }, "{binds} of {workers}");
                cursor.closed_take(taken);
                for n in 0..u64::from(taken) {
                    let own = walk.next().unwrap().index;
                    assert!(!even || own == index + n * u64::from(step));
                }
            }
        }
    }
}

#[test]
fn a_change_of_the_rate_loses_no_message_and_takes_none_twice_even_where_a_worker_hears_of_it_late()
{
    let stages = [Stage {
        name: "s".into(),
        shape: Shape::Hold(per_second(1000)),
        length: Nanos::from_secs(4),
        measure: true,
    }];
    let with = |changes: &[RateChange]| {
        Arc::new(Schedule::steered(&stages, Arrival::Constant, 11, changes).unwrap())
    };
    let striping = Arc::new(striping(&[(3, 1)], 2));
    for percent in [10, 50, 100, 130, 1000] {
        let changed = with(&[RateChange { at: Nanos::from_secs(2), percent }]);
        let mut seen = vec![0; changed.len() as usize];
        // heard in time; after its time; after all of the old schedule was taken
        for (worker, heard) in [(0, 1500u64), (1, if percent < 100 { 2100 } else { 4000 })] {
            let mut cursor = Cursor::new(with(&[]), &striping, worker);
            while cursor.peek().is_some_and(|d| d.at < Nanos::from_millis(heard)) {
                seen[cursor.peek().unwrap().index as usize] += 1;
                cursor.advance();
            }
            cursor.steer(changed.clone());
            while let Some(due) = cursor.peek() {
                seen[due.index as usize] += 1;
                cursor.advance();
            }
        }
        assert!(seen.iter().all(|n| *n == 1), "{percent}");
    }
}
