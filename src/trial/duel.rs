//! A duel: two sides measured by one generator, so that what disturbs one disturbs the other (docs/comparing.md).
//! Either in blocks, A B B A in an order drawn from the seed, or both at the same time, second by second.
use super::Trial;
use crate::coordinator::RunError;
use crate::kit::{Nanos, Rng, stream_seed};
use crate::measure::{CutReason, NoObserver, ObservedSample, Observer, Progress, RunRecord, Steer};
use crate::plan::{DuelSide, Plan, Shape};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The order of the blocks: by fours A B B A or B A A B, so that a drift affects both sides alike.
pub fn order(blocks_per_side: usize, seed: u64) -> Vec<DuelSide> {
    let mut rng = Rng::new(stream_seed(seed, 0xD0, 0));
    let mut order = Vec::with_capacity(2 * blocks_per_side);
    while order.len() < 2 * blocks_per_side {
        let (first, second) =
            if rng.below(2) == 0 { (DuelSide::A, DuelSide::B) } else { (DuelSide::B, DuelSide::A) };
        let left = 2 * blocks_per_side - order.len();
        order.extend([first, second, second, first].iter().take(left.min(4)));
    }
    order
}

/// The plan of block `number` of a side: the same messages for the n-th block of either side, others for the next.
pub fn block_plan(plan: &Plan, number: usize) -> Plan {
    let mut plan = plan.clone();
    plan.seed = plan.seed.wrapping_add(number as u64) & i64::MAX as u64;
    plan.embedded.seed = plan.embedded.seed.wrapping_add(number as u64) & i64::MAX as u64;
    plan
}

/// Both sides at once, each with a trial of its own: they start at the same instant, half a message apart.
/// The observer watches side A; what ends one side ends both.
///
/// # Errors
/// [`RunError`] of the side that could not run.
pub fn simultaneous<T: Trial + Send>(
    trials: &mut [T; 2],
    plans: [&Plan; 2],
    observer: &mut dyn Observer,
) -> Result<[RunRecord; 2], RunError> {
    let barrier = StartBarrier::default();
    let [trial_a, trial_b] = trials;
    let side = |delay| SyncedObserver {
        barrier: &barrier,
        delay,
        at: None,
        told: false,
        shown: NoObserver,
    };
    let mut beside = side(half_gap(plans[1]));
    let mut watched = side(Nanos::ZERO).watched_by(observer);
    let (a, b) = std::thread::scope(|scope| {
        let barrier = &barrier;
        let b = scope.spawn(move || {
            let record = trial_b.run(plans[1], &mut beside);
            barrier.over(&record);
            record
        });
        let a = trial_a.run(plans[0], &mut watched);
        barrier.over(&a);
        let b = b.join().unwrap_or_else(|_| Err(RunError::Worker("side b panicked".to_owned())));
        (a, b)
    });
    Ok([a?, b?])
}

/// Half the time between two messages at the plan's first rate: the sides' messages alternate.
fn half_gap(plan: &Plan) -> Nanos {
    let rate = plan.stages.iter().find_map(|stage| match stage.shape {
        Shape::Hold(rate) if rate.num > 0 => Some(rate),
        _ => None,
    });
    rate.map_or(Nanos::ZERO, |rate| {
        Nanos(
            (u128::from(crate::kit::NS_PER_S) * u128::from(rate.den) / u128::from(2 * rate.num))
                as u64,
        )
    })
}

/// From the moment both sides are bound to their common start, so that both know it in time.
const LEAD: Nanos = Nanos::from_millis(300);

/// State shared by the two sides.
#[derive(Debug, Default)]
struct StartBarrier(Mutex<BarrierState>);

#[derive(Debug, Default)]
struct BarrierState {
    ready: usize,
    start: Nanos,
    /// Why one side ended early.
    ended: Option<String>,
}

impl StartBarrier {
    fn state(&self) -> MutexGuard<'_, BarrierState> {
        // three plain values, valid after a panic too
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn over(&self, record: &Result<RunRecord, RunError>) {
        let why = match record {
            Ok(record) => record.cut_reason.as_ref().map(ToString::to_string),
            Err(e) => Some(e.to_string()),
        };
        if let Some(why) = why {
            self.state().ended.get_or_insert(why);
        }
    }
}

/// Observer of one side; both sides start together.
struct SyncedObserver<'m, O> {
    barrier: &'m StartBarrier,
    delay: Nanos,
    /// Earliest start of this side; None: it is not ready.
    at: Option<Nanos>,
    told: bool,
    shown: O,
}

impl<'m> SyncedObserver<'m, NoObserver> {
    fn watched_by<O: Observer>(self, shown: O) -> SyncedObserver<'m, O> {
        let SyncedObserver { barrier, delay, at, told, shown: NoObserver } = self;
        SyncedObserver { barrier, delay, at, told, shown }
    }
}

impl<O: Observer> Observer for SyncedObserver<'_, O> {
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
        self.shown.progress(progress)
    }
    fn stopped_at_once(&mut self, progress: &Progress<'_>) {
        self.shown.stopped_at_once(progress);
    }
    fn start(&mut self, earliest: Nanos) -> Option<Nanos> {
        let mut state = self.barrier.state();
        if self.at.is_none() {
            self.at = Some(earliest);
            state.ready += 1;
            state.start = state.start.max(earliest + LEAD);
        }
        // the last side that is ready sets the time; the first gets it when it asks again
        (state.ready == 2).then(|| state.start + self.delay)
    }
    fn steer(&mut self) -> Option<Steer> {
        let ended = self.barrier.state().ended.clone();
        match ended {
            Some(why) if !self.told => {
                self.told = true;
                Some(Steer::End(CutReason::OtherSide(why)))
            }
            Some(_) | None => self.shown.steer(),
        }
    }
    fn observed(&mut self, now: Nanos) -> Vec<ObservedSample> {
        self.shown.observed(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Metric;
    use crate::plan::{Overrides, Source, load_side};
    use crate::trial::{Memory, Tcp};

    fn sides(toml: &str) -> [Plan; 2] {
        [DuelSide::A, DuelSide::B].map(|side| {
            let source = Source::Text { name: "duel.toml".into(), text: toml.into() };
            load_side(&source, &Overrides::default(), side, &[]).unwrap()
        })
    }

    const PROFILE: &str = "\
        [target]\naddress = \"embedded\"\n\
        [load]\nworkers = 1\nstages = [{ hold = 400, for = \"1s\" }]\n\
        [duel.a]\nembedded = { response = { latency = \"5ms\" } }\n\
        [duel.b]\nembedded = { response = { latency = \"9ms\" } }\n";

    #[test]
    fn every_four_blocks_are_balanced_and_the_seed_draws_their_order() {
        for seed in 0..50 {
            let order = order(6, seed);
            let positions =
                |side: DuelSide| -> usize { (0..4).filter(|n| order[*n] == side).sum() };
            assert_eq!(
                positions(DuelSide::A),
                positions(DuelSide::B),
                "a drift falls on both alike"
            );
            assert_eq!(order.iter().filter(|s| **s == DuelSide::A).count(), 6);
        }
        assert!((0..20).any(|seed| order(2, seed)[0] == DuelSide::A));
        assert!((0..20).any(|seed| order(2, seed)[0] == DuelSide::B));
        assert_eq!(order(1, 3).len(), 2);
    }

    #[test]
    fn blocks_in_memory_measure_each_side_for_itself() {
        let plans = sides(PROFILE);
        let mut memory = Memory::default();
        for (number, plan) in plans.iter().enumerate() {
            let record = memory.run(&block_plan(plan, 3), &mut NoObserver).unwrap();
            let p50 = record.sum(|_| true).metric(Metric::Service).quantile(0.5).unwrap();
            let latency = [5_000_000u64, 9_000_000][number];
            assert!(p50.0.abs_diff(latency) < 300_000, "{p50:?}");
        }
    }

    #[test]
    fn two_sides_at_once_start_together_and_are_both_measured() {
        let plans = sides(PROFILE);
        let mut trials = [Tcp::default(), Tcp::default()];
        let [a, b] = simultaneous(&mut trials, [&plans[0], &plans[1]], &mut NoObserver).unwrap();
        for record in [&a, &b] {
            assert_eq!(record.ledger().accepted, 400);
        }
        assert!(a.started_wall_ns.abs_diff(b.started_wall_ns) < 1_000_000_000);
        let p50 = |r: &RunRecord| r.sum(|_| true).metric(Metric::Service).quantile(0.5).unwrap();
        assert!(p50(&a) < p50(&b), "5 ms against 9 ms");
    }

    #[test]
    fn a_side_that_cannot_bind_ends_the_other_before_it_sends() {
        let mut plans = sides(PROFILE);
        plans[1].target.embedded = false;
        plans[1].target.addresses = vec!["127.0.0.1:1".to_owned()];
        let mut trials = [Tcp::default(), Tcp::default()];
        let ended = simultaneous(&mut trials, [&plans[0], &plans[1]], &mut NoObserver);
        assert!(matches!(ended, Err(RunError::CannotBind(_))), "{ended:?}");
    }
}
