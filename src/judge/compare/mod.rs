//! Is the candidate better or worse than the base (docs/comparing.md)? Runs in, one verdict a metric out. The execution
//! is the unit: runs are compared with runs, and seconds within a run only where a side has no
//! more than one. Pure: chance comes from a seed.
//!
//! Every figure is compared as the ratio candidate to base, on a logarithmic scale; of several runs, the geometric
//! mean stands for the side. Where a figure is 0 in any run no ratio exists, and the difference is taken.
mod decide;
mod evidence;
mod metrics;
mod reading;
mod settle;
mod side;
#[cfg(test)]
pub(crate) mod simulate;
#[cfg(test)]
mod tests;

pub use evidence::{Difference, Evidence, Fingerprint, Second, SecondCounts, Share};
pub use metrics::{
    Direction, PRIMARY, compared_names, compared_rates, compared_shares, compared_unit,
};
pub use reading::Reading;
pub use side::RunSet;

use super::check::Unit;
use crate::kit::words;
use decide::Estimate;
use serde::{Deserialize, Serialize};

/// The version of the document.
pub const SCHEMA: &str = "smppbench.comparison/1";

/// What is asked of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Smallest change that matters, as a part of the base: 0.05 is 5 %.
    pub effect_min: f64,
    /// The same for single metrics, by name.
    pub effects: Vec<(String, f64)>,
    /// Smallest change of a share that matters where a side has none: 0.001 is a tenth of a percentage point.
    pub share_effect_min: f64,
    /// The metrics whose verdicts make the verdict; Holm's correction goes over them.
    pub primary: Vec<String>,
    /// How often to call a difference where there is none.
    pub alpha: f64,
    /// Resamples.
    pub resamples: usize,
    /// Seed of the resampling.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            effect_min: 0.05,
            effects: Vec::new(),
            share_effect_min: 0.001,
            primary: PRIMARY.map(str::to_owned).to_vec(),
            alpha: 0.05,
            resamples: 2_000,
            seed: 1,
        }
    }
}

impl Settings {
    /// Checks names and sizes.
    ///
    /// # Errors
    /// [`Refused::Metric`], with near names, and [`Refused::Effect`].
    pub fn check(&self) -> Result<(), Refused> {
        let known = compared_names();
        for name in self.primary.iter().chain(self.effects.iter().map(|e| &e.0)) {
            if !known.contains(name) {
                return Err(Refused::Metric { name: name.clone(), near: near(name, &known) });
            }
        }
        let sizes =
            self.effects.iter().map(|e| e.1).chain([self.effect_min, self.share_effect_min]);
        for size in sizes {
            if !(size > 0.0 && size <= 10.0) {
                return Err(Refused::Effect(size));
            }
        }
        Ok(())
    }

    fn effect_of(&self, name: &str) -> f64 {
        self.effects.iter().find(|e| e.0 == name).map_or(self.effect_min, |e| e.1)
    }
}

fn near(name: &str, known: &[String]) -> String {
    let mut near: Vec<(f64, &String)> =
        known.iter().map(|k| (strsim::jaro_winkler(name, k), k)).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.iter().take(3).map(|n| n.1.as_str()).collect::<Vec<_>>().join(", ")
}

/// Why nothing was compared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refused {
    /// A side without a run.
    #[error("a side without a run: give at least one on either side")]
    Empty,
    /// A run in which nothing was measured.
    #[error("{0}: nothing was sent in its measured time, so there is nothing to compare")]
    NothingMeasured(String),
    /// Runs of one side that were made with different things.
    #[error("{first} and {other} stand on one side but were made with different things: {}", list(.differences))]
    Mixed {
        /// A run.
        first: String,
        /// One unlike it.
        other: String,
        /// In what.
        differences: Vec<Difference>,
    },
    /// Sides of a duel with different numbers of runs.
    #[error("a duel pairs its runs: {base} on one side, {candidate} on the other")]
    Unpaired {
        /// Runs of the base.
        base: usize,
        /// Of the candidate.
        candidate: usize,
    },
    /// A metric that is not compared.
    #[error("{name:?} is not compared; near: {near}")]
    Metric {
        /// As it was written.
        name: String,
        /// Those that are spelled like it.
        near: String,
    },
    /// An effect that is none, or larger than any.
    #[error("a smallest effect of {0} will not do; write one such as 0.05 or 5%")]
    Effect(f64),
}

fn list(differences: &[Difference]) -> String {
    const SHOWN: usize = 5;
    let word = |v: &Option<String>| v.clone().unwrap_or_else(|| "nothing".to_owned());
    let all: Vec<String> = differences
        .iter()
        .take(SHOWN)
        .map(|d| format!("{} ({} and {})", d.key, word(&d.base), word(&d.candidate)))
        .collect();
    let more = differences.len().saturating_sub(SHOWN);
    if more > 0 { format!("{} and {more} more", all.join(", ")) } else { all.join(", ") }
}

/// How the candidate stands to the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Certainly better, and perhaps by more than the smallest effect.
    Better,
    /// Certainly worse, and perhaps by more than the smallest effect.
    Worse,
    /// Certainly within the smallest effect, either way.
    Equivalent,
    /// None of these can be said.
    Inconclusive,
}

impl Verdict {
    /// As JSON spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::Equivalent => "equivalent",
            Verdict::Inconclusive => "inconclusive",
        }
    }
}

/// On which scale two sides are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Candidate divided by base; 1: the same.
    Ratio,
    /// Candidate less base, in the metric's unit; 0: the same.
    Difference,
}

/// What p was found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// Mann and Whitney's, of the runs: from five a side.
    MannWhitney,
    /// The interval's own: where it just touches no change.
    Interval,
}

/// One metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricComparison {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// Which way is better.
    pub better: Direction,
    /// True where it counts for the verdict of the whole.
    pub primary: bool,
    /// The base: of several runs, their geometric mean (on a scale of differences, the mean); null: among what was never seen.
    pub base: Option<f64>,
    /// The candidate.
    pub candidate: Option<f64>,
    /// Run by run.
    pub base_runs: Vec<Option<f64>>,
    /// Run by run.
    pub candidate_runs: Vec<Option<f64>>,
    /// What the change is measured on.
    pub scale: Scale,
    /// The change: a ratio, or a difference in the metric's unit; null: unknown.
    pub change: Option<f64>,
    /// Lower end of its 95 % interval; null: unbounded or unknown.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Smallest change that matters: a part of the base, or on a scale of differences in the metric's unit.
    pub effect_min: f64,
    /// How likely a change so large would be if there were none; null: unknown.
    pub p: Option<f64>,
    /// Corrected for the number of metrics asked at once.
    pub p_holm: Option<f64>,
    /// What p was found by.
    pub test: Test,
    /// How the candidate stands.
    pub verdict: Verdict,
    /// Where inconclusive: about so many further runs a side would settle it; null: unknown, or too many to tell.
    pub runs_needed: Option<u64>,
    /// What a reader should know besides.
    pub note: Option<String>,
}

impl MetricComparison {
    /// A change on its scale: `+5.1 %`, `×12.3`, `-0.2 points`.
    pub fn says(&self, change: f64) -> String {
        const MANIFOLD: f64 = 3.0;
        let (sign, size) = (if change < 0.0 { "-" } else { "+" }, change.abs());
        match (self.scale, self.unit) {
            (Scale::Ratio, _) if change >= MANIFOLD => format!("×{change:.1}"),
            (Scale::Ratio, _) => {
                let percent = ((change - 1.0) * 1000.0).round() / 10.0;
                // no minus before a zero
                let percent = if percent == 0.0 { 0.0 } else { percent };
                format!("{percent:+.1} %")
            }
            (Scale::Difference, Unit::Ratio) => {
                format!("{sign}{} points", words::percent(size).trim_end_matches(" %"))
            }
            (Scale::Difference, Unit::Nanoseconds | Unit::PerSecond | Unit::Count | Unit::Word) => {
                format!("{sign}{}", self.unit.show(size))
            }
        }
    }
}

/// Base and candidate, figure by figure: `smppbench.comparison/1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`SCHEMA`].
    pub schema: String,
    /// Runs of the base.
    pub base: Vec<String>,
    /// Runs of the candidate.
    pub candidate: Vec<String>,
    /// True where the runs, or their seconds, were made at the same time and are paired.
    pub paired: bool,
    /// What was asked.
    pub settings: Settings,
    /// False where the harness did not keep up in a run: then only what its lateness does not explain is concluded.
    pub trusted: bool,
    /// Worse if any primary metric is; else inconclusive if any is; else better if any is; else equivalent.
    pub verdict: Verdict,
    /// Where the sides were made with different things.
    pub differences: Vec<Difference>,
    /// What a reader should beware of.
    pub warnings: Vec<String>,
    /// Metric by metric, the primary ones first.
    pub metrics: Vec<MetricComparison>,
}

impl Comparison {
    /// A metric by its name.
    pub fn metric(&self, name: &str) -> Option<&MetricComparison> {
        self.metrics.iter().find(|m| m.name == name)
    }
}

/// Compares two sides that were measured one after the other, or in turns.
///
/// # Errors
/// [`Refused`]: the settings will not do.
pub fn compare(
    base: &RunSet,
    candidate: &RunSet,
    settings: &Settings,
) -> Result<Comparison, Refused> {
    settings.check()?;
    let estimates = decide::independent(base, candidate, settings);
    Ok(conclude(base, candidate, estimates, settings, false))
}

/// Compares two sides that were measured at the same time: run by run, and second by second where there is one run a side.
///
/// # Errors
/// [`Refused`]: the settings will not do, a side is empty or mixed, or the sides are not pairs.
pub fn compare_paired(
    base: &[Evidence],
    candidate: &[Evidence],
    settings: &Settings,
) -> Result<Comparison, Refused> {
    settings.check()?;
    if base.len() != candidate.len() {
        return Err(Refused::Unpaired { base: base.len(), candidate: candidate.len() });
    }
    let a = RunSet::of(base, settings.resamples, settings.seed)?;
    let b = RunSet::of(candidate, settings.resamples, settings.seed)?;
    let estimates = decide::paired(&a, &b, base, candidate, settings);
    Ok(conclude(&a, &b, estimates, settings, true))
}

fn conclude(
    base: &RunSet,
    candidate: &RunSet,
    estimates: Vec<Estimate>,
    settings: &Settings,
    paired: bool,
) -> Comparison {
    let invalid = !base.invalid.is_empty() || !candidate.invalid.is_empty();
    let lateness = invalid.then_some(base.lateness.max(candidate.lateness));
    let mut metrics = settle::verdicts(estimates, settings, base, candidate, lateness);
    metrics.sort_by_key(|m| !m.primary);
    let primary = || metrics.iter().filter(|m| m.primary).map(|m| m.verdict);
    let verdict = [Verdict::Worse, Verdict::Inconclusive, Verdict::Better]
        .into_iter()
        .find(|wanted| primary().any(|v| v == *wanted))
        .unwrap_or(if primary().next().is_some() {
            Verdict::Equivalent
        } else {
            Verdict::Inconclusive
        });
    Comparison {
        schema: SCHEMA.to_owned(),
        base: base.runs.clone(),
        candidate: candidate.runs.clone(),
        paired,
        settings: settings.clone(),
        trusted: !invalid,
        verdict,
        differences: base.fingerprint.differences(&candidate.fingerprint),
        warnings: warnings(base, candidate, &metrics, settings, paired),
        metrics,
    }
}

fn warnings(
    base: &RunSet,
    candidate: &RunSet,
    metrics: &[MetricComparison],
    settings: &Settings,
    paired: bool,
) -> Vec<String> {
    let mut warnings = Vec::new();
    for run in base.invalid.iter().chain(&candidate.invalid) {
        warnings
            .push(format!("{run}: the harness did not keep up; only what its lateness does not explain is concluded"));
    }
    for run in base.not_sustained.iter().chain(&candidate.not_sustained) {
        warnings.push(format!(
            "{run}: its rate was not sustained, so its response times say how long the run was"
        ));
    }
    let old: Vec<&str> =
        base.counts_refusals.iter().chain(&candidate.counts_refusals).map(String::as_str).collect();
    if !old.is_empty() && old.len() < base.runs.len() + candidate.runs.len() {
        warnings.push(format!(
            "{}: saved by an earlier version, whose response and service times count refused submit_sm too, which \
             mostly come sooner than accepted ones; those of the other runs do not",
            old.join(", ")
        ));
    }
    let fewest = base.runs.len().min(candidate.runs.len());
    if !paired && fewest == 1 {
        warnings.push(if base.runs.len() == candidate.runs.len() {
            "one run a side: the intervals hold the noise within the runs, not that between runs; \
             repeat them, or use duel"
                .to_owned()
        } else {
            "one run on one side: it is taken to differ between runs as those of the other side do"
                .to_owned()
        });
    }
    let absent: Vec<&str> = settings
        .primary
        .iter()
        .filter(|name| !metrics.iter().any(|m| m.name == **name))
        .map(String::as_str)
        .collect();
    if !absent.is_empty() {
        warnings.push(format!(
            "not measured, or with too few samples, on a side: {}",
            absent.join(", ")
        ));
    }
    warnings
}
