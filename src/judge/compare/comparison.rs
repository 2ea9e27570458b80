//! `smppbench.comparison/1` as types: what was asked, and each metric's verdict.
use super::error::CompareError;
use super::evidence::Difference;
use super::metrics::{Direction, PRIMARY, compared_names};
use crate::judge::check::Unit;
use crate::kit::words;
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
    /// [`CompareError::Metric`], with near names, and [`CompareError::Effect`].
    pub fn check(&self) -> Result<(), CompareError> {
        let known = compared_names();
        for name in self.primary.iter().chain(self.effects.iter().map(|e| &e.0)) {
            if !known.contains(name) {
                return Err(CompareError::Metric { name: name.clone(), near: near(name, &known) });
            }
        }
        let sizes =
            self.effects.iter().map(|e| e.1).chain([self.effect_min, self.share_effect_min]);
        for size in sizes {
            if !(size > 0.0 && size <= 10.0) {
                return Err(CompareError::Effect(size));
            }
        }
        Ok(())
    }

    pub(super) fn effect_of(&self, name: &str) -> f64 {
        self.effects.iter().find(|e| e.0 == name).map_or(self.effect_min, |e| e.1)
    }
}

fn near(name: &str, known: &[String]) -> String {
    let mut near: Vec<(f64, &String)> =
        known.iter().map(|k| (strsim::jaro_winkler(name, k), k)).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.iter().take(3).map(|n| n.1.as_str()).collect::<Vec<_>>().join(", ")
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
