//! The baseline for later runs (docs/comparing.md): the figures of several runs of the same build, and their noise from
//! run to run. A baseline never changes by itself.
use super::compare::{CompareError, Evidence, Proportion, RunSet};
use super::statistics::{spread, t_quantile};
use serde::{Deserialize, Serialize};

/// The version of the document. Keys are only added to one.
pub const BASELINE_SCHEMA: &str = "smppbench.baseline/1";

/// `smppbench.baseline/1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// [`BASELINE_SCHEMA`].
    pub schema: String,
    /// The runs, and their figures.
    pub side: RunSet,
    /// Noise of each figure from run to run.
    pub noise: Vec<Noise>,
}

/// Noise of a figure between runs of the same build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// The figure.
    pub name: String,
    /// Runs that have it.
    pub runs: usize,
    /// Standard deviation of its ln from run to run; null below three runs, or where it was 0 in one.
    pub spread: Option<f64>,
    /// How far a single further run may differ, as a share: half the width of the 95 % interval of the ratio. One run
    /// cannot decide a tighter limit.
    pub floor: Option<f64>,
}

/// Fewest runs for an estimate of the noise between them.
const RUNS_MIN: usize = 3;

impl Noise {
    /// The floor for a number of further runs together.
    pub fn floor_for(&self, runs: usize) -> Option<f64> {
        let (own, further) = (self.runs as f64, runs.max(1) as f64);
        let t = t_quantile(0.05, own - 1.0);
        Some((t * self.spread? * (1.0 / own + 1.0 / further).sqrt()).exp_m1())
    }
}

/// Why a baseline could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaselineError {
    /// Not JSON, or a key of another type.
    #[error("not a baseline of smppbench: {0}")]
    Malformed(String),
    /// Another document.
    #[error("its schema is {0:?}; this build reads {BASELINE_SCHEMA:?}")]
    Schema(String),
}

impl Baseline {
    /// Makes a baseline from runs of the same build.
    ///
    /// # Errors
    /// [`CompareError`]: there is no run, one is empty, or they differ in settings or machine.
    pub fn of(runs: &[Evidence], resamples: usize, seed: u64) -> Result<Baseline, CompareError> {
        let mut side = RunSet::of(runs, resamples, seed)?;
        let whole = |d: &super::statistics::Deviation| d.low.is_finite() && d.high.is_finite();
        for reading in side.figures.iter_mut().flat_map(|f| f.1.iter_mut().flatten()) {
            // JSON has no infinity: an unbounded error becomes unknown
            reading.ln_error = reading.ln_error.filter(whole);
            reading.error = reading.error.filter(whole);
        }
        let noise = side.figures.iter().map(|(name, readings)| {
            let values: Option<Vec<f64>> = readings
                .iter()
                .flatten()
                .map(|r| r.value.filter(|v| *v > 0.0).map(f64::ln))
                .collect();
            let runs = readings.iter().flatten().count();
            let spread = values.filter(|v| v.len() >= RUNS_MIN).and_then(|v| spread(&v));
            let mut noise = Noise { name: name.clone(), runs, spread, floor: None };
            noise.floor = noise.floor_for(1);
            noise
        });
        let noise = noise.collect();
        Ok(Baseline { schema: BASELINE_SCHEMA.to_owned(), noise, side })
    }

    /// Reads a document.
    ///
    /// # Errors
    /// [`BaselineError`].
    pub fn from_json(octets: &[u8]) -> Result<Baseline, BaselineError> {
        let value: serde_json::Value =
            serde_json::from_slice(octets).map_err(|e| BaselineError::Malformed(e.to_string()))?;
        let schema = value.get("schema").and_then(serde_json::Value::as_str).unwrap_or("");
        if schema != BASELINE_SCHEMA {
            return Err(BaselineError::Schema(schema.to_owned()));
        }
        serde_json::from_value(value).map_err(|e| BaselineError::Malformed(e.to_string()))
    }

    /// The document.
    pub fn to_json(&self) -> Vec<u8> {
        let mut octets = serde_json::to_vec_pretty(self).expect("finite numbers serialise");
        octets.push(b'\n');
        octets
    }

    /// The noise of one figure.
    pub fn noise(&self, name: &str) -> Option<&Noise> {
        self.noise.iter().find(|n| n.name == name)
    }

    /// The counts of a share over all runs; None: it is not a share.
    pub fn share(&self, name: &str) -> Option<Proportion> {
        let (_, readings) = self.side.figures.iter().find(|f| f.0 == name)?;
        readings
            .iter()
            .flatten()
            .filter_map(|r| r.share)
            .reduce(|a, b| Proportion { part: a.part + b.part, of: a.of + b.of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::compare::simulate::{MINUTE, World, run};
    use crate::judge::compare::{Settings, compare};

    const SHORT: World = World { seconds: 12, between_runs: 0.02, ..MINUTE };

    fn runs(count: u64, from: u64) -> Vec<Evidence> {
        (from..from + count).map(|seed| run(&SHORT, seed)).collect()
    }

    #[test]
    fn a_baseline_comes_back_from_json_as_it_was_and_compares_as_its_runs_do() {
        let (base, candidate) = (runs(4, 1), RunSet::of(&runs(1, 50), 400, 1).unwrap());
        let baseline = Baseline::of(&base, 400, 1).unwrap();
        let octets = baseline.to_json();
        assert!(octets.len() < 200_000, "{} octets", octets.len());
        let back = Baseline::from_json(&octets).unwrap();
        assert_eq!(back, baseline);
        let settings = Settings::default();
        assert_eq!(
            compare(&back.side, &candidate, &settings).unwrap(),
            compare(&RunSet::of(&base, 400, 1).unwrap(), &candidate, &settings).unwrap()
        );
    }

    #[test]
    fn a_baseline_of_an_earlier_version_still_reads_although_it_holds_histograms() {
        let baseline = Baseline::of(&runs(2, 1), 100, 1).unwrap();
        let mut document: serde_json::Value = serde_json::from_slice(&baseline.to_json()).unwrap();
        document["histograms"] = serde_json::json!([["response", "HISTFAAA"]]);
        let octets = serde_json::to_vec(&document).unwrap();
        assert_eq!(Baseline::from_json(&octets).unwrap(), baseline);
    }

    #[test]
    fn a_single_run_of_the_same_stays_within_the_noise_floor_about_19_times_of_20() {
        let (mut within, mut asked) = (0, 0);
        for seed in 0..150u64 {
            let baseline = Baseline::of(&runs(6, seed * 100), 100, 1).unwrap();
            let further = RunSet::of(&runs(1, seed * 100 + 50), 100, 1).unwrap();
            let m = compare(&baseline.side, &further, &Settings::default()).unwrap();
            let m = m.metric("receipt.p50").unwrap();
            let floor = baseline.noise("receipt.p50").unwrap().floor.unwrap();
            asked += 1;
            within += u32::from(m.change.unwrap().ln().abs() <= floor.ln_1p());
        }
        assert!(
            (0.90..=0.99).contains(&(f64::from(within) / f64::from(asked))),
            "{within} of {asked}"
        );
    }

    #[test]
    fn two_runs_say_nothing_of_the_noise_and_another_document_is_refused() {
        let baseline = Baseline::of(&runs(2, 1), 100, 1).unwrap();
        assert!(baseline.noise.iter().all(|n| n.floor.is_none()));
        assert_eq!(baseline.share("ratio.rejected").unwrap().of, 2 * 1200);
        let says = |text: &str| Baseline::from_json(text.as_bytes()).unwrap_err().to_string();
        assert!(says("{\"schema\":\"smppbench.result/1\"}").contains("smppbench.result/1"));
        assert!(says("{").starts_with("not a baseline"));
        assert!(says("{\"schema\":\"smppbench.baseline/1\"}").contains("missing field"));
        assert_eq!(Baseline::of(&[], 10, 1).unwrap_err(), CompareError::Empty);
    }
}
