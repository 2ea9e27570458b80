//! Looks at sources again and again, and hands what it finds to the run.
use super::{Named, Sampled, Source, sources};
use crate::kit::{Clock, Nanos};
use crate::measure::{CutReason, ObservedSample, Observer, Progress};
use crate::plan::Plan;
use std::collections::HashSet;
use std::fmt;
use std::io;
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, channel, sync_channel,
};
use std::thread;

/// Most samples that wait for the run; more are dropped, and are gaps.
const QUEUE_MAX: usize = 8_192;
const STACK_OCTETS: usize = 256 * 1024;

/// Samples the sources of a plan, each on a thread of its own. Dropping it ends the threads: at once, or after the look
/// that is going on.
pub struct Sampler {
    samples: Receiver<ObservedSample>,
    /// Dropping one ends its thread.
    _stop: Vec<Sender<()>>,
    /// Sources whose first fault was told.
    told: HashSet<String>,
    tell: Box<dyn FnMut(&str)>,
}

impl fmt::Debug for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampler").field("told", &self.told).finish_non_exhaustive()
    }
}

impl Sampler {
    /// Starts to sample; None: the plan has no sources. `tell` gets a line for each source that fails, once.
    ///
    /// # Errors
    /// Where the machine has no thread or no descriptor left.
    pub fn start(plan: &Plan, tell: impl FnMut(&str) + 'static) -> io::Result<Option<Sampler>> {
        let all = sources(plan)?;
        if all.is_empty() {
            return Ok(None);
        }
        let (to_run, samples) = sync_channel(QUEUE_MAX);
        let mut stop = Vec::new();
        for one in all {
            let (keep, stopped) = channel();
            let to_run = to_run.clone();
            let thread = thread::Builder::new().name("observe".to_owned());
            thread.stack_size(STACK_OCTETS).spawn(move || repeat(one, &to_run, &stopped))?;
            stop.push(keep);
        }
        Ok(Some(Sampler { samples, _stop: stop, told: HashSet::new(), tell: Box::new(tell) }))
    }
}

impl Observer for Sampler {
    fn progress(&mut self, _: &Progress<'_>) -> Option<CutReason> {
        None
    }

    fn observed(&mut self, _: Nanos) -> Vec<ObservedSample> {
        let samples: Vec<ObservedSample> = self.samples.try_iter().collect();
        for sample in &samples {
            if let Some(fault) = &sample.fault
                && self.told.insert(sample.source.clone())
            {
                (self.tell)(&format!("observe {}: {fault}; its values have a gap", sample.source));
            }
        }
        samples
    }
}

fn sample_of(name: &str, at: Nanos, sampled: Sampled) -> ObservedSample {
    let Sampled { readings, fault } = sampled;
    ObservedSample {
        source: name.to_owned(),
        at,
        readings,
        fault: fault.map(|fault| fault.to_string()),
    }
}

/// Until the other end of `stopped` is dropped. What is due while a look lasts longer is left out.
fn repeat(mut one: Named, to_run: &SyncSender<ObservedSample>, stopped: &Receiver<()>) {
    let mut due = Clock::now();
    loop {
        let at = Clock::now();
        let sample = sample_of(&one.name, at, one.source.sample(at));
        match to_run.try_send(sample) {
            Ok(()) | Err(TrySendError::Full(_)) => {}
            Err(TrySendError::Disconnected(_)) => return,
        }
        let now = Clock::now();
        due = (due + one.every).max(now);
        match stopped.recv_timeout(due.since(now).into()) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// A source that is asked on the thread of the run.
struct PolledSource {
    name: String,
    every: Nanos,
    due: Nanos,
    source: Box<dyn Source>,
}

/// Asks its sources on the thread of the run, on the clock of the run: for tests and trials in memory. A source that
/// waits delays the run.
#[derive(Default)]
pub struct Polled(Vec<PolledSource>);

impl fmt::Debug for Polled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Polled").field("count", &self.0.len()).finish()
    }
}

impl Polled {
    /// Adds a source. It is asked about once a second, and no sooner than `every`.
    pub fn add(&mut self, name: &str, every: Nanos, source: impl Source + 'static) {
        let (name, source) = (name.to_owned(), Box::new(source));
        self.0.push(PolledSource { name, every, due: Nanos::ZERO, source });
    }
}

impl Observer for Polled {
    fn progress(&mut self, _: &Progress<'_>) -> Option<CutReason> {
        None
    }

    fn observed(&mut self, now: Nanos) -> Vec<ObservedSample> {
        let due = self.0.iter_mut().filter(|one| one.due <= now);
        due.map(|one| {
            one.due = now + one.every;
            sample_of(&one.name, now, one.source.sample(now))
        })
        .collect()
    }
}
