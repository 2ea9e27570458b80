//! The difference of two sides, on a logarithmic or a linear scale, with how uncertain it is: intervals, p, and the
//! runs that would settle it. It knows no metric.
use super::Z95;
use super::student::{t_quantile, t_two_sided};
use super::{mean, quantile_of_sorted};
use crate::kit::Rng;
use serde::{Deserialize, Serialize};

/// How far an estimate may be off, either way: a standard error to each side, and its degrees of freedom.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deviation {
    /// The truth may lie so far below …
    pub low: f64,
    /// … or above the estimate.
    pub high: f64,
    /// Degrees of freedom of Student's t.
    pub df: f64,
}

impl Deviation {
    /// Nothing is uncertain.
    pub const NONE: Deviation = Deviation { low: 0.0, high: 0.0, df: 1e6 };

    /// Alike to both sides.
    pub fn even(error: f64, df: f64) -> Deviation {
        Deviation { low: error, high: error, df }
    }

    /// From an interval of 95 % around an estimate, taken for a normal one.
    pub fn of_interval(low: f64, estimate: f64, high: f64) -> Deviation {
        let part = |reach: f64| reach.max(0.0) / Z95;
        Deviation { low: part(estimate - low), high: part(high - estimate), df: 1e6 }
    }

    /// From the middle 95 % of resamples minus the estimate. None: there are none.
    pub fn of_draws(mut draws: Vec<f64>) -> Option<Deviation> {
        if draws.is_empty() {
            return None;
        }
        draws.sort_by(f64::total_cmp);
        let at = |q| quantile_of_sorted(&draws, q);
        Some(Deviation::of_interval(at(0.025), 0.0, at(0.975)))
    }

    /// Stretched, with other degrees of freedom (Hesterberg's expanded percentile interval).
    #[must_use]
    pub fn widened(self, by: f64, df: f64) -> Deviation {
        Deviation { low: self.low * by, high: self.high * by, df }
    }

    /// On another scale.
    #[must_use]
    pub fn times(self, by: f64) -> Deviation {
        self.widened(by, self.df)
    }

    /// The standard error, either way taken together.
    pub fn middle(&self) -> f64 {
        f64::midpoint(self.low, self.high)
    }

    /// At least as uncertain as `other`, to each side; the larger one's degrees of freedom.
    #[must_use]
    pub fn or_wider(self, other: Deviation) -> Deviation {
        let df = if self.middle() >= other.middle() { self.df } else { other.df };
        Deviation { low: self.low.max(other.low), high: self.high.max(other.high), df }
    }

    /// Of `to` less `from`, independent of each other (Welch and Satterthwaite).
    pub fn difference(from: Deviation, to: Deviation) -> Deviation {
        let part = |d: &Deviation| d.middle().powi(4) / d.df;
        let (a, b) = (from.middle(), to.middle());
        let parts = part(&from) + part(&to);
        let df = if parts > 0.0 { (a * a + b * b).powi(2) / parts } else { 1e6 };
        Deviation { low: to.low.hypot(from.high), high: to.high.hypot(from.low), df }
    }
}

/// What several runs say of their mean: the execution is the unit, so only whole runs are drawn anew (drawing
/// seconds within them as well would count their noise twice). Below five runs, Student's own.
/// None below two.
pub fn of_runs(values: &[f64], resamples: usize, rng: &mut Rng) -> Option<Deviation> {
    let spread = spread(values)?;
    let n = values.len() as f64;
    if values.len() < RESAMPLED_FROM || spread <= 0.0 {
        return Some(Deviation::even(spread / n.sqrt(), n - 1.0));
    }
    let centre = mean(values)?;
    let draws = (0..resamples)
        .map(|_| {
            let sum: f64 =
                values.iter().map(|_| values[rng.below(values.len() as u64) as usize]).sum();
            sum / n - centre
        })
        .collect();
    Some(Deviation::of_draws(draws)?.widened((n / (n - 1.0)).sqrt(), n - 1.0))
}

const RESAMPLED_FROM: usize = 5;

/// Standard deviation of a sample; None below two values.
pub fn spread(values: &[f64]) -> Option<f64> {
    let centre = mean(values)?;
    let squares: f64 = values.iter().map(|v| (v - centre).powi(2)).sum();
    (values.len() >= 2).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// A difference with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// Second less first.
    pub estimate: f64,
    /// How far off it may be.
    pub error: Deviation,
}

impl Effect {
    /// The interval that misses the truth with `alpha`.
    pub fn interval(&self, alpha: f64) -> (f64, f64) {
        let t = t_quantile(alpha, self.error.df);
        (self.estimate - t * self.error.low, self.estimate + t * self.error.high)
    }

    /// How likely an estimate so far from 0 is where the truth is 0; at most alpha where the interval excludes 0.
    pub fn p(&self) -> f64 {
        let error = if self.estimate > 0.0 { self.error.low } else { self.error.high };
        if self.estimate == 0.0 {
            1.0
        } else if error <= 0.0 {
            0.0
        } else {
            t_two_sided(self.estimate / error, self.error.df)
        }
    }

    /// Further runs a side after which the question would be settled four times of five, if the truth is
    /// the estimate and the runs differ as these: the interval then excludes 0, or lies within ±`bound`. `runs`: of
    /// the side with fewer. None where more than [`RUNS_MAX`] would be needed.
    pub fn runs_needed(&self, alpha: f64, bound: f64, runs: usize) -> Option<u64> {
        const POWER_80: f64 = 0.841_621_233_572_914;
        let size = self.estimate.abs();
        let distance = size.max(bound - size);
        let error = self.error.middle() * (runs.max(1) as f64).sqrt();
        if distance <= 0.0 || !error.is_finite() {
            return None;
        }
        let enough = |n: &u64| {
            let n = *n as f64;
            let df = (2.0 * (n - 1.0)).max(1.0);
            error / n.sqrt() * (t_quantile(alpha, df) + POWER_80) <= distance
        };
        let first = (runs as u64 + 1).max(2);
        (first..first + RUNS_MAX).find(enough).map(|n| n - runs as u64)
    }
}

/// More further runs than these are not counted.
pub const RUNS_MAX: u64 = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_excludes_zero_exactly_where_p_is_below_alpha() {
        for (estimate, low, high, df) in [(0.05, 0.02, 0.04, 9.0), (-0.05, 0.04, 0.021, 4.0)] {
            let effect = Effect { estimate, error: Deviation { low, high, df } };
            let p = effect.p();
            let excludes = |alpha: f64| {
                let (low, high) = effect.interval(alpha);
                low > 0.0 || high < 0.0
            };
            assert!(excludes(p * 1.001) && !excludes(p * 0.999), "{effect:?}: {p}");
        }
        assert_eq!(Effect { estimate: 0.0, error: Deviation::NONE }.p(), 1.0);
        assert_eq!(Effect { estimate: 0.1, error: Deviation::NONE }.p(), 0.0);
    }

    #[test]
    fn the_mean_of_ten_runs_is_covered_about_19_times_of_20() {
        let mut covered = 0;
        for seed in 0..1000 {
            let mut rng = Rng::new(seed);
            let values: Vec<f64> = (0..10).map(|_| 3.0 + 0.5 * rng.normal()).collect();
            let error = of_runs(&values, 800, &mut rng).unwrap();
            let (low, high) = Effect { estimate: mean(&values).unwrap(), error }.interval(0.05);
            covered += u32::from(low <= 3.0 && 3.0 <= high);
        }
        assert!((930..=970).contains(&covered), "{covered} of 1000");
    }

    #[test]
    fn more_noise_needs_more_runs_and_no_number_of_runs_settles_what_has_no_distance() {
        let needed = |error: f64| {
            Effect { estimate: 0.02, error: Deviation::even(error, 8.0) }.runs_needed(0.05, 0.05, 5)
        };
        let (few, many) = (needed(0.01).unwrap(), needed(0.02).unwrap());
        assert!(few >= 1 && many > 2 * few, "{few}, {many}");
        assert_eq!(needed(10.0), None);
        assert_eq!(needed(f64::INFINITY), None);
    }
}
