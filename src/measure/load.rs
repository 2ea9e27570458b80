//! Processor use of each worker by second, in bounded memory.
use super::interval::WorkerUse;
use serde::{Deserialize, Serialize};

/// Processor use of one worker over the load, in equal steps of time: of a second, doubled each time there are more than
/// [`WorkerLoad::STEPS_MAX`] of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkerLoad {
    /// Number of the worker.
    pub worker: u32,
    /// Number of seconds reported.
    pub seconds: u64,
    /// How often the steps were doubled.
    pub doubled: u32,
    /// Processor time of each step.
    pub cpu_ns: Vec<u64>,
    /// Time ready and not running, of each step.
    pub run_delay_ns: Vec<u64>,
    /// Time in which the event loop woke late, in delays of more than a millisecond, of each step.
    pub held_ns: Vec<u64>,
    /// Longest iteration of the event loop.
    pub loop_max_ns: u64,
}

impl WorkerLoad {
    /// Maximum number of steps; beyond it neighbours are added up.
    pub const STEPS_MAX: usize = 3_600;

    /// A worker that has reported nothing.
    pub(super) fn new(worker: u32) -> WorkerLoad {
        WorkerLoad { worker, ..WorkerLoad::default() }
    }

    /// Length of a step in seconds.
    pub fn step_s(&self) -> u64 {
        1 << self.doubled
    }

    /// Adds a second.
    pub(super) fn add(&mut self, used: &WorkerUse) {
        let starts_step = self.seconds.is_multiple_of(self.step_s());
        let figures = [
            (&mut self.cpu_ns, used.cpu_ns),
            (&mut self.run_delay_ns, used.run_delay_ns),
            (&mut self.held_ns, used.loop_held_ns),
        ];
        for (steps, value) in figures {
            match steps.last_mut().filter(|_| !starts_step) {
                Some(last) => *last += value,
                None => steps.push(value),
            }
        }
        self.seconds += 1;
        self.loop_max_ns = self.loop_max_ns.max(used.loop_max_ns);
        if self.cpu_ns.len() > Self::STEPS_MAX {
            for steps in [&mut self.cpu_ns, &mut self.run_delay_ns, &mut self.held_ns] {
                *steps = steps.chunks(2).map(|pair| pair.iter().sum()).collect();
            }
            self.doubled += 1;
        }
    }

    /// The value of a second in `steps`, which is one of this worker's lists: the mean of its step. None: the second was
    /// not reported.
    pub fn in_second(&self, steps: &[u64], second: usize) -> Option<u64> {
        let step = second as u64 / self.step_s();
        let all = *steps.get(step as usize)?;
        // the last step may be incomplete
        let covered = (self.seconds.saturating_sub(step * self.step_s())).clamp(1, self.step_s());
        Some(all / covered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_of_many_hours_keeps_at_most_3600_steps_and_no_processor_time_is_lost() {
        let mut load = WorkerLoad::new(0);
        for second in 0..100_001u64 {
            let used = WorkerUse { cpu_ns: second, run_delay_ns: 7, ..WorkerUse::default() };
            load.add(&used);
            assert!(load.cpu_ns.len() <= WorkerLoad::STEPS_MAX);
        }
        assert_eq!((load.seconds, load.step_s()), (100_001, 32));
        assert_eq!(load.cpu_ns.iter().sum::<u64>(), 100_000 * 100_001 / 2);
        assert_eq!(load.in_second(&load.run_delay_ns, 5), Some(7));
        assert_eq!(load.in_second(&load.run_delay_ns, 100_000), Some(7));
        assert_eq!(load.in_second(&load.cpu_ns, 40), Some((32..64).sum::<u64>() / 32));
        assert_eq!(load.in_second(&load.cpu_ns, 200_000), None);
    }
}
