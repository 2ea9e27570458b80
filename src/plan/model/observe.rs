//! `[[observe]]`: what is sampled beside a run: the target's own figures, on the time axis of the load.
use super::Plan;
use crate::kit::Nanos;
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::values::{
    As, FilePath, HttpUrl, ObserveName, Pairs, Selector, SeriesSelector, Span, Whole, span_text,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// A source that is sampled beside the run. It has exactly one of `url`, `pid`, `pid_file`, `command` and `tally`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Observe {
    /// Its name in reports and gates: letters, digits, `_` and `-`.
    #[serde(with = "As::<ObserveName>")]
    pub name: String,
    /// A page in the text format of Prometheus or in OpenMetrics, as `http://host:port/path`.
    #[serde(with = "As::<Option<HttpUrl>>")]
    pub url: Option<String>,
    /// The series to take from `url`: names for them, and which they are. Counters become rates; where several series
    /// match, it is their sum.
    #[serde(with = "As::<Pairs<SeriesSelector>>")]
    pub series: Vec<(String, Selector)>,
    /// A process of this machine, by its number, from 1 on.
    #[serde(with = "As::<Option<Whole<u32, 1, PID_MAX>>>")]
    pub pid: Option<u32>,
    /// A process of this machine, by a file that holds its number; read again when the process has ended.
    #[serde(with = "As::<Option<FilePath>>")]
    pub pid_file: Option<String>,
    /// The newest process of this machine and user with this name, as `ps -o comm` shows it (at most 15 characters).
    pub command: Option<String>,
    /// The file that `smppbench smsc --tally FILE` writes.
    #[serde(with = "As::<Option<FilePath>>")]
    pub tally: Option<String>,
    /// Time from sample to sample, from 100ms to 1h; 1s by default.
    #[serde(with = "As::<Span>")]
    pub every: Nanos,
}

const PID_MAX: u64 = 4_194_304;

impl Default for Observe {
    fn default() -> Observe {
        Observe {
            name: String::new(),
            url: None,
            series: Vec::new(),
            pid: None,
            pid_file: None,
            command: None,
            tally: None,
            every: Nanos::from_secs(1),
        }
    }
}

/// What a process is watched for, in the order of the reports.
pub const PROCESS_SERIES: [&str; 6] =
    ["rss", "cpu", "threads", "open_files", "voluntary_switches", "involuntary_switches"];

/// What the tally of a simulator is watched for, likewise. All but `receipts_pending` are rates.
pub const TALLY_SERIES: [&str; 6] = [
    "submits_accepted",
    "submits_refused",
    "responses_sent",
    "receipts_sent",
    "receipts_pending",
    "binds_accepted",
];

/// The name of this tool's own process among the sources: long runs watch it.
pub const OWN: &str = "smppbench";

/// Measured time from which a run watches the memory of its own process too.
const LONG: Nanos = Nanos::from_secs(600);

impl Plan {
    /// Whether the run is long enough to watch this tool's own process beside the sources of the profile.
    pub fn watches_itself(&self) -> bool {
        let measured = self.stages.iter().filter(|stage| stage.measure);
        let sum = measured.fold(Nanos::ZERO, |sum, stage| sum + stage.length);
        sum >= LONG || (self.stages.is_empty() && self.receive_only_for >= LONG)
    }

    /// Every series that is sampled, as (source, series).
    pub fn observed_series(&self) -> Vec<(String, String)> {
        let of = |one: &Observe| -> Vec<(String, String)> {
            let names = one.series_names().into_iter();
            names.map(|series| (one.name.clone(), series.to_owned())).collect()
        };
        let own = self.watches_itself().then(|| (OWN.to_owned(), PROCESS_SERIES[0].to_owned()));
        self.observe.iter().flat_map(of).chain(own).collect()
    }
}

const EVERY_MIN: Nanos = Nanos::from_millis(100);
const EVERY_MAX: Nanos = Nanos::from_secs(3_600);
const SOURCES_MAX: usize = 32;
const SERIES_MAX: usize = 64;

impl Observe {
    /// The names of its series, in the order of the reports.
    pub fn series_names(&self) -> Vec<&str> {
        match (&self.url, &self.tally) {
            (Some(_), _) => self.series.iter().map(|(name, _)| name.as_str()).collect(),
            (None, Some(_)) => TALLY_SERIES.to_vec(),
            (None, None) => PROCESS_SERIES.to_vec(),
        }
    }

    fn sources(&self) -> Vec<&'static str> {
        let all = [
            ("url", self.url.is_some()),
            ("pid", self.pid.is_some()),
            ("pid_file", self.pid_file.is_some()),
            ("command", self.command.is_some()),
            ("tally", self.tally.is_some()),
        ];
        all.into_iter().filter(|(_, given)| *given).map(|(key, _)| key).collect()
    }

    fn check(&self) -> PlanResult<()> {
        const CHOICE: &str = "url, pid, pid_file, command and tally";
        if self.name.is_empty() {
            let why = "is missing; write a name, which reports and gates use";
            return Err(PlanError::about("name", why));
        }
        if self.name == OWN {
            let why = format!("{OWN:?} is the name of this tool's own process; write another");
            return Err(PlanError::about("name", why));
        }
        match self.sources()[..] {
            [_] => {}
            [] => {
                let why = format!("nothing to observe; write one of {CHOICE}");
                return Err(PlanError::about("", why));
            }
            [first, second, ..] => {
                let why = format!("beside {first}; write only one of {CHOICE}");
                return Err(PlanError::about(second, why));
            }
        }
        self.check_series()?;
        if self.command.as_ref().is_some_and(|c| c.is_empty() || c.len() > 15 || c.contains('/')) {
            let why = "is not a name of a process; write 1 to 15 characters without /, as `ps -o comm` shows it";
            return Err(PlanError::about("command", why));
        }
        if self.every < EVERY_MIN || self.every > EVERY_MAX {
            let every = span_text(self.every);
            let why = format!("\"{every}\" is not valid; write a duration from 100ms to 1h");
            return Err(PlanError::about("every", why));
        }
        Ok(())
    }

    fn check_series(&self) -> PlanResult<()> {
        match (&self.url, self.series.len()) {
            (Some(_), 0) => {
                let why = "is missing; write which series to take, like { rss = \"process_resident_memory_bytes\" }";
                return Err(PlanError::about("series", why));
            }
            (None, 1..) => {
                let why = "goes with url only; leave it out: a process and a tally have series of their own";
                return Err(PlanError::about("series", why));
            }
            (Some(_), SERIES_MAX..) => {
                let (n, most) = (self.series.len(), SERIES_MAX - 1);
                let why = format!("{n} series; write at most {most}");
                return Err(PlanError::about("series", why));
            }
            (Some(_), _) | (None, 0) => {}
        }
        match self.series.iter().find(|(name, _)| !ObserveName::is_valid(name)) {
            Some((name, _)) => {
                let why =
                    format!("{name:?} is not a name of a series; write letters, digits, _ and -");
                Err(PlanError::about("series", why))
            }
            None => Ok(()),
        }
    }
}

/// `gw: rss, queue of http://10.0.0.7:9100/metrics every 1s`.
impl std::fmt::Display for Observe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let whose = [
            self.url.clone(),
            self.pid.map(|pid| format!("process {pid}")),
            self.pid_file.as_ref().map(|file| format!("the process in {file}")),
            self.command.as_ref().map(|command| format!("the process {command}")),
            self.tally.as_ref().map(|file| format!("the tally {file}")),
        ];
        let whose = whose.into_iter().flatten().next().unwrap_or_default();
        let (series, every) = (self.series_names().join(", "), span_text(self.every));
        write!(f, "{}: {series} of {whose} every {every}", self.name)
    }
}

/// Checks all sources of a plan.
pub(in crate::plan) fn check(all: &[Observe]) -> PlanResult<()> {
    if all.len() > SOURCES_MAX {
        let why = format!("{} sources; write at most {SOURCES_MAX}", all.len());
        return Err(PlanError::about("observe", why));
    }
    let mut names = HashSet::new();
    for (index, one) in all.iter().enumerate() {
        let about = |e: PlanError| e.under_item(index).under("observe");
        one.check().map_err(about)?;
        if !names.insert(&one.name) {
            let why = format!("two sources named {:?}; give each a `name` of its own", one.name);
            return Err(about(PlanError::about("name", why)));
        }
    }
    Ok(())
}
