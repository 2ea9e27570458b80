//! What is sampled beside a run (`[[observe]]`): a page of metrics, a process of this machine, the tally of a simulator.
//! Each source has a thread of its own; values reach the run over a channel, as an [`crate::measure::Observer`]. A source
//! that fails is a gap with its reason, and never ends or delays a run. It knows nothing of messages.
//!
//! [`Polled`] asks its sources on the thread of the run instead: for tests and trials in memory, whose sources say what
//! they say by the virtual time.
//!
//! ```
//! use smppbench::kit::Nanos;
//! use smppbench::measure::{Reading, SeriesUnit};
//! use smppbench::observe::{Polled, Sampled, Source};
//! use smppbench::plan::{self, Overrides};
//! use smppbench::trial::{Memory, Trial};
//!
//! /// A queue that grows by one a second.
//! struct Queue;
//! impl Source for Queue {
//!     fn sample(&mut self, now: Nanos) -> Sampled {
//!         let value = now.as_secs_f64();
//!         let reading = Reading { series: "size".into(), unit: SeriesUnit::Number, value };
//!         Sampled { readings: vec![reading], fault: None }
//!     }
//! }
//! let flags = Overrides {
//!     rate: Some("10".into()),
//!     duration: Some("5s".into()),
//!     warmup: Some("0s".into()),
//!     ..Overrides::default()
//! };
//! let plan = plan::load(&plan::Source::bare(), &flags)?;
//! let mut observer = Polled::default();
//! observer.add("queue", Nanos::from_secs(1), Queue);
//! let record = Memory::default().run(&plan, &mut observer)?;
//! assert_eq!(record.observed.series[0].source, "queue");
//! assert!(record.observed.series[0].points.len() >= 5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
mod exposition;
mod fault;
mod http;
mod page;
mod process;
mod rates;
mod sampler;
mod tally;
#[cfg(test)]
mod tests;

pub use fault::Fault;
pub use page::Page;
pub use process::{Process, Which};
pub use sampler::{Polled, Sampler};
pub use tally::TallyFile;

use crate::kit::Nanos;
use crate::measure::Reading;
use crate::plan::{OWN, Observe, Plan};
use std::io;
use std::path::PathBuf;

/// What one look at a source found.
#[derive(Debug, Default)]
pub struct Sampled {
    /// Its values.
    pub readings: Vec<Reading>,
    /// Why values are missing; None: none are.
    pub fault: Option<Fault>,
}

impl From<Fault> for Sampled {
    fn from(fault: Fault) -> Sampled {
        Sampled { readings: Vec::new(), fault: Some(fault) }
    }
}

/// A thing whose figures are sampled.
pub trait Source {
    /// Looks at it once. May wait, but not for ever: a thread of its own does nothing else.
    fn sample(&mut self, now: Nanos) -> Sampled;
}

/// A source with its name and its time from sample to sample.
pub(crate) struct Named {
    name: String,
    every: Nanos,
    source: Box<dyn Source + Send>,
}

/// The sources of a plan.
fn sources(plan: &Plan) -> io::Result<Vec<Named>> {
    let mut all: Vec<Named> = plan.observe.iter().map(named).collect::<io::Result<_>>()?;
    if plan.watches_itself() {
        let own = Process::new(Which::Pid(std::process::id())).only_memory();
        let every = Nanos::from_secs(1);
        all.push(Named { name: OWN.to_owned(), every, source: Box::new(own) });
    }
    Ok(all)
}

fn named(observe: &Observe) -> io::Result<Named> {
    let Observe { name, url, series, pid, pid_file, command, tally, every } = observe;
    let source: Box<dyn Source + Send> = if let Some(url) = url {
        Box::new(Page::new(url, series, *every)?)
    } else if let Some(path) = tally {
        Box::new(TallyFile::new(PathBuf::from(path)))
    } else {
        let which = match (pid, pid_file) {
            (Some(pid), _) => Which::Pid(*pid),
            (None, Some(path)) => Which::File(PathBuf::from(path)),
            (None, None) => Which::Command(command.clone().unwrap_or_default()),
        };
        Box::new(Process::new(which))
    };
    Ok(Named { name: name.clone(), every: *every, source })
}
