//! One side of a comparison: runs of the same build, figure by figure.
use super::error::CompareError;
use super::evidence::{Evidence, Fingerprint};
use super::metrics;
use super::reading::{Reading, Resampling};
use crate::judge::check::Unit;
use crate::judge::health::HealthState;
use crate::kit::{Nanos, Rng, stream_seed};
use crate::measure::Metric;
use serde::{Deserialize, Serialize};

/// Runs of one side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSet {
    /// Which runs.
    pub runs: Vec<String>,
    /// The settings and machine of all of them.
    pub fingerprint: Fingerprint,
    /// Runs in which the harness did not keep up.
    pub invalid: Vec<String>,
    /// The harness's largest lag at p99 in those runs; MAX: unknown.
    #[serde(default = "unknown_lateness")]
    pub lateness: Nanos,
    /// Runs in which work piled up, so that their response times only reflect their length.
    #[serde(rename = "not_sustained")]
    pub piled_up: Vec<String>,
    /// Runs of an earlier version, whose response and service times include rejections.
    #[serde(rename = "counts_refusals", default, skip_serializing_if = "Vec::is_empty")]
    pub latency_includes_rejected: Vec<String>,
    /// Figures by name, run by run; None: undefined, or the sample is too small. Figures that no run has are absent.
    pub figures: Vec<(String, Vec<Option<Reading>>)>,
    /// Figures without a verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<BesideRuns>,
}

/// The same figure of all runs of a side, which is not judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BesideRuns {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// Run by run; null: unknown.
    pub runs: Vec<Option<f64>>,
}

impl RunSet {
    /// Makes a side. The seconds of a single run are resampled this many times, from this seed.
    ///
    /// # Errors
    /// [`CompareError`]: there is no run, one measured no message, or they differ in settings or machine.
    pub fn of(runs: &[Evidence], resamples: usize, seed: u64) -> Result<RunSet, CompareError> {
        let [first, rest @ ..] = runs else { return Err(CompareError::Empty) };
        for run in rest {
            let differences = first.fingerprint.differences(&run.fingerprint);
            if !differences.is_empty() {
                let (first, other) = (first.id.clone(), run.id.clone());
                return Err(CompareError::Mixed { first, other, differences });
            }
        }
        let sent = |run: &Evidence| run.rate("rate.written").unwrap_or(0.0) > 0.0;
        if let Some(empty) = runs.iter().find(|run| !sent(run)) {
            return Err(CompareError::NothingMeasured(empty.id.clone()));
        }
        let figures: Vec<(String, Vec<Option<Reading>>)> = metrics::all()
            .into_iter()
            .enumerate()
            .map(|(number, row)| {
                let mut rng = Rng::new(stream_seed(seed, SIDE, number as u64));
                let mut draw = Resampling { resamples, rng: &mut rng };
                let single = rest.is_empty();
                let readings = runs
                    .iter()
                    .map(|run| Reading::of(run, &row, if single { Some(&mut draw) } else { None }));
                (row.name.clone(), readings.collect::<Vec<_>>())
            })
            .filter(|(_, readings)| readings.iter().any(Option::is_some))
            .collect();
        let named = |which: &dyn Fn(&Evidence) -> bool| {
            runs.iter().filter(|r| which(r)).map(|r| r.id.clone()).collect()
        };
        Ok(RunSet {
            runs: runs.iter().map(|r| r.id.clone()).collect(),
            fingerprint: first.fingerprint.clone(),
            invalid: named(&|r| r.harness == HealthState::Invalid),
            lateness: runs
                .iter()
                .filter(|r| r.harness == HealthState::Invalid)
                .map(|r| {
                    let lag = r.latency(Metric::HarnessLag).and_then(|lag| lag.quantile(0.99));
                    lag.unwrap_or_else(unknown_lateness)
                })
                .max()
                .unwrap_or_default(),
            piled_up: named(&|r| r.work_piled_up),
            latency_includes_rejected: named(&|r| r.latency_includes_rejected),
            figures,
            beside: beside(runs),
        })
    }

    /// Whether a run of it went through a gateway.
    pub(super) fn is_through(&self) -> bool {
        let mut of_a_gateway = metrics::all().into_iter().filter(|row| row.is_of_a_gateway());
        of_a_gateway.any(|row| !self.readings(&row.name).is_empty())
    }

    /// The readings of one figure, run by run; empty where no run has it.
    pub(super) fn readings(&self, name: &str) -> &[Option<Reading>] {
        self.figures.iter().find(|(known, _)| known == name).map_or(&[], |(_, r)| r.as_slice())
    }
}

/// The figures of the runs of a side, by name, in the order of the first run.
fn beside(runs: &[Evidence]) -> Vec<BesideRuns> {
    let mut all: Vec<BesideRuns> = Vec::new();
    for figure in runs.iter().flat_map(|run| &run.beside) {
        if all.iter().any(|known| known.name == figure.name) {
            continue;
        }
        let of = |run: &Evidence| run.beside.iter().find(|own| own.name == figure.name)?.value;
        let runs = runs.iter().map(of).collect();
        all.push(BesideRuns { name: figure.name.clone(), unit: figure.unit, runs });
    }
    all
}

const fn unknown_lateness() -> Nanos {
    Nanos::MAX
}

/// Number of the random stream.
const SIDE: u64 = 0xC0;
