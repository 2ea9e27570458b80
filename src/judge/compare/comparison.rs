//! `smppbench.comparison/1` as types: what was asked, and each metric's verdict.
use super::beside::BesideRow;
use super::error::CompareError;
use super::evidence::{Difference, Proportion};
use super::metrics::{Direction, PRIMARY, compared_names, primary_of_a_gateway};
use super::side::RunSet;
use crate::judge::check::Unit;
use crate::kit::{nearest, words};
use serde::{Deserialize, Serialize};

/// The version of the document.
pub const SCHEMA: &str = "smppbench.comparison/1";

/// The settings of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Smallest change that matters, as a share of the base: 0.05 is 5 %.
    pub effect_min: f64,
    /// The same for single metrics, by name.
    pub effects: Vec<(String, f64)>,
    /// Smallest change of a share that matters if a side has 0: 0.001 is a tenth of a percentage point.
    pub share_effect_min: f64,
    /// The metrics that make the verdict of the whole; Holm's correction covers them.
    pub primary: Vec<String>,
    /// Probability of a false difference.
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
        self.own_effect_of(name).unwrap_or(self.effect_min)
    }

    /// The smallest change that matters of this metric; None: it has none of its own.
    pub(super) fn own_effect_of(&self, name: &str) -> Option<f64> {
        self.effects.iter().find(|e| e.0 == name).map(|e| e.1)
    }

    /// The settings for these sides: where both went through a gateway, and no other metrics were asked for, what happened
    /// inside makes the verdict too, as far as it was measured.
    pub(super) fn for_sides(&self, base: &RunSet, candidate: &RunSet) -> Settings {
        let mut own = self.clone();
        if self.primary == PRIMARY && ThroughSides::of(base, candidate) == ThroughSides::Both {
            let is_known = |name: &String| {
                [base, candidate].iter().any(|side| !side.readings(name).is_empty())
            };
            own.primary.extend(primary_of_a_gateway().filter(is_known));
        }
        own
    }
}

/// Which sides went through a gateway. Only where both did is compared what happened inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThroughSides {
    /// None.
    #[default]
    Neither,
    /// The base.
    Base,
    /// The candidate.
    Candidate,
    /// Both.
    Both,
}

impl ThroughSides {
    pub(super) fn of(base: &RunSet, candidate: &RunSet) -> ThroughSides {
        match (base.is_through(), candidate.is_through()) {
            (false, false) => ThroughSides::Neither,
            (true, false) => ThroughSides::Base,
            (false, true) => ThroughSides::Candidate,
            (true, true) => ThroughSides::Both,
        }
    }

    fn is_neither(&self) -> bool {
        *self == ThroughSides::Neither
    }
}

fn near(name: &str, known: &[String]) -> String {
    nearest(name, known).iter().take(3).map(|n| n.1.as_str()).collect::<Vec<_>>().join(", ")
}

/// The candidate compared with the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Certainly better, possibly by more than the smallest effect.
    Better,
    /// Certainly worse, possibly by more than the smallest effect.
    Worse,
    /// Certainly within the smallest effect, either way.
    Equivalent,
    /// Undecided.
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

/// The scale of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Candidate divided by base; 1: the same.
    Ratio,
    /// Candidate less base, in the metric's unit; 0: the same.
    Difference,
}

/// The test behind p.
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
    /// Whether it counts for the verdict of the whole.
    pub primary: bool,
    /// The base: the geometric mean of its runs (on a scale of differences, the mean); null: censored.
    pub base: Option<f64>,
    /// The candidate.
    pub candidate: Option<f64>,
    /// Run by run.
    pub base_runs: Vec<Option<f64>>,
    /// Run by run.
    pub candidate_runs: Vec<Option<f64>>,
    /// The scale of the change.
    pub scale: Scale,
    /// The change: a ratio, or a difference in the metric's unit; null: unknown.
    pub change: Option<f64>,
    /// Lower end of its 95 % interval; null: unbounded or unknown.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Smallest change that matters: a part of the base, or on a scale of differences in the metric's unit.
    pub effect_min: f64,
    /// Probability of such a change if there is no difference; null: unknown.
    pub p: Option<f64>,
    /// p corrected for the number of metrics; null: unknown, or 0 on both sides.
    pub p_holm: Option<f64>,
    /// The test behind p.
    pub test: Test,
    /// The verdict.
    pub verdict: Verdict,
    /// If inconclusive: estimated further runs per side to decide it; null: unknown, or too many.
    pub runs_needed: Option<u64>,
    /// A remark for the reader.
    pub note: Option<String>,
    /// Of a share: the counts of all runs of the base together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_counts: Option<Proportion>,
    /// Of a share: those of the candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_counts: Option<Proportion>,
}

impl MetricComparison {
    /// Whether it is 0 on both sides: equal, however few messages there were.
    pub fn is_zero_on_both_sides(&self) -> bool {
        self.scale == Scale::Difference && self.base == Some(0.0) && self.candidate == Some(0.0)
    }

    /// A change on its scale: `+5.1 %`, `×12.3`, `-0.2 points`.
    pub fn says(&self, change: f64) -> String {
        const MANIFOLD: f64 = 3.0;
        const MANIFOLD_MAX: f64 = 1_000.0;
        let (sign, size) = (if change < 0.0 { "-" } else { "+" }, change.abs());
        match (self.scale, self.unit) {
            (Scale::Ratio, _) if change > MANIFOLD_MAX => "more than ×1,000".to_owned(),
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
            (
                Scale::Difference,
                Unit::Nanoseconds
                | Unit::PerSecond
                | Unit::Count
                | Unit::Octets
                | Unit::OctetsPerSecond
                | Unit::Cores
                | Unit::Seconds
                | Unit::Number
                | Unit::PerHour
                | Unit::Word,
            ) => {
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
    /// Whether the runs, or their seconds, were made at the same time and are paired.
    pub paired: bool,
    /// The settings.
    pub settings: Settings,
    /// Whether the harness kept up in every run. False: only changes that its lateness does not explain count.
    pub trusted: bool,
    /// Worse if any primary metric is; else inconclusive if any is; else better if any is; else equivalent.
    pub verdict: Verdict,
    /// Which sides went through a gateway; absent: neither.
    #[serde(default, skip_serializing_if = "ThroughSides::is_neither")]
    pub through: ThroughSides,
    /// Keys in which the sides differ.
    pub differences: Vec<Difference>,
    /// Warnings for the reader.
    pub warnings: Vec<String>,
    /// Metric by metric, the primary ones first.
    pub metrics: Vec<MetricComparison>,
    /// Figures that both sides have and that are not judged: recoveries of events, and what was observed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<BesideRow>,
}

impl Comparison {
    /// A metric by its name.
    pub fn metric(&self, name: &str) -> Option<&MetricComparison> {
        self.metrics.iter().find(|m| m.name == name)
    }
}
