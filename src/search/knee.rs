//! Where more in flight no longer brings more throughput (docs/search.md): the knee of a sweep by operational analysis
//! (where the light-load line meets the highest throughput), and the universal scalability law fitted to it.
use serde::{Deserialize, Serialize};

/// One point of a sweep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadPoint {
    /// What was swept (window per bind, or binds).
    pub n: f64,
    /// Messages a second.
    pub throughput: f64,
    /// Standard error of it, as a share.
    pub error: f64,
}

/// Where it bends, in the unit of the sweep.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knee {
    /// Best guess.
    pub value: f64,
    /// 95 %: at least.
    pub low: f64,
    /// 95 %: at most.
    pub high: f64,
}

/// The universal scalability law: X(N) = λN / (1 + σ(N−1) + κN(N−1)).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Usl {
    /// λ: throughput of one.
    pub lambda: f64,
    /// σ: contention.
    pub sigma: f64,
    /// κ: coherency; above 0 throughput falls beyond the peak.
    pub kappa: f64,
    /// N of the highest throughput, where there is one.
    pub peak: Option<f64>,
}

/// Throughput must grow by this much for double the load, or it has stopped growing.
pub const GAIN_MIN: f64 = 0.05;
/// Points whose throughput per unit is within so much of the best are on the light-load line.
const LINE: f64 = 0.05;

/// True where the last two doublings brought nothing: the sweep is past the peak.
pub fn is_past(points: &[LoadPoint]) -> bool {
    let gains = |a: &LoadPoint, b: &LoadPoint| b.throughput >= a.throughput * (1.0 + GAIN_MIN);
    match points {
        [.., a, b, c] => !gains(a, b) && !gains(b, c),
        _ => false,
    }
}

/// Where the line of light load meets the highest throughput. None where the sweep has not flattened.
pub fn knee(points: &[LoadPoint]) -> Option<Knee> {
    let best = points.iter().map(|p| p.throughput / p.n).fold(0.0, f64::max);
    let line: Vec<&LoadPoint> =
        points.iter().filter(|p| p.throughput / p.n >= best * (1.0 - LINE)).collect();
    let slope = line.iter().map(|p| p.throughput / p.n).sum::<f64>() / line.len().max(1) as f64;
    let top = points.iter().map(|p| p.throughput).fold(0.0, f64::max);
    let flat: Vec<&LoadPoint> =
        points.iter().filter(|p| p.throughput >= top * (1.0 - LINE)).collect();
    let top = flat.iter().map(|p| p.throughput).sum::<f64>() / flat.len().max(1) as f64;
    let bends = points.iter().any(|p| p.n * slope > top * (1.0 + 2.0 * LINE));
    if slope <= 0.0 || !bends {
        return None;
    }
    let value = top / slope;
    let error = |of: &[&LoadPoint]| {
        let sum: f64 = of.iter().map(|p| p.error * p.error).sum();
        // the spread among the points counts as well as that within each
        let mean = of.iter().map(|p| p.throughput / p.n).sum::<f64>() / of.len() as f64;
        let spread: f64 = of.iter().map(|p| (p.throughput / p.n / mean - 1.0).powi(2)).sum();
        (sum, spread / of.len() as f64, of.len() as f64)
    };
    let (sum, spread, count) = error(&line);
    let of_line = sum / (count * count) + spread / count;
    let tops = flat.iter().map(|p| (p.throughput / top - 1.0).powi(2)).sum::<f64>();
    let count = flat.len() as f64;
    let of_top = flat.iter().map(|p| p.error * p.error).sum::<f64>() / (count * count)
        + tops / (count * count);
    let wide = 1.96 * (of_line + of_top).sqrt();
    Some(Knee { value, low: value / (1.0 + wide), high: value * (1.0 + wide) })
}

/// Least squares of N/X = (1 + σ(N−1) + κN(N−1)) / λ. None with fewer than four points, or where they will not fit.
pub fn usl(points: &[LoadPoint]) -> Option<Usl> {
    if points.len() < 4 {
        return None;
    }
    let mut sums = [[0.0f64; 4]; 3];
    for p in points.iter().filter(|p| p.throughput > 0.0) {
        let y = p.n / p.throughput;
        // relative errors: each equation is weighted by what it should give
        let row = [1.0 / y, (p.n - 1.0) / y, p.n * (p.n - 1.0) / y];
        for i in 0..3 {
            for j in 0..3 {
                sums[i][j] += row[i] * row[j];
            }
            sums[i][3] += row[i];
        }
    }
    let [a, b, c] = solve(sums)?;
    if a <= 0.0 {
        return None;
    }
    let (lambda, sigma, kappa) = (1.0 / a, b / a, c / a);
    let peak = (kappa > 1e-9 && sigma < 1.0).then(|| ((1.0 - sigma) / kappa).sqrt());
    Some(Usl { lambda, sigma, kappa, peak })
}

/// Gauss with pivots.
fn solve(mut m: [[f64; 4]; 3]) -> Option<[f64; 3]> {
    for column in 0..3 {
        let pivot =
            (column..3).max_by(|a, b| m[*a][column].abs().total_cmp(&m[*b][column].abs()))?;
        if m[pivot][column].abs() < 1e-30 {
            return None;
        }
        m.swap(column, pivot);
        for row in 0..3 {
            if row != column {
                let factor = m[row][column] / m[column][column];
                let from = m[column];
                for (mine, theirs) in m[row].iter_mut().zip(from) {
                    *mine -= factor * theirs;
                }
            }
        }
    }
    Some([m[0][3] / m[0][0], m[1][3] / m[1][1], m[2][3] / m[2][2]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep(x: impl Fn(f64) -> f64) -> Vec<LoadPoint> {
        let point = |n: f64| LoadPoint { n, throughput: x(n), error: 0.005 };
        (0..8).map(|power| point(f64::from(1 << power))).collect()
    }

    #[test]
    fn servers_without_contention_bend_exactly_at_their_number() {
        for servers in [1.0, 4.0, 10.0, 37.0] {
            let points = sweep(|n| n.min(servers) * 125.0);
            let knee = knee(&points).unwrap();
            assert!((knee.value / servers - 1.0).abs() < 1e-9, "{servers}: {knee:?}");
            assert!(knee.low <= servers && servers <= knee.high);
        }
    }

    #[test]
    fn a_sweep_that_still_grows_has_no_knee() {
        assert_eq!(knee(&sweep(|n| n * 10.0)), None);
        assert!(!is_past(&sweep(|n| n * 10.0)));
        assert!(is_past(&sweep(|n| n.min(4.0))));
    }

    #[test]
    fn the_scalability_law_is_found_again_with_its_peak() {
        let points = sweep(|n| 1000.0 * n / (1.0 + 0.05 * (n - 1.0) + 0.001 * n * (n - 1.0)));
        let usl = usl(&points).unwrap();
        assert!((usl.lambda - 1000.0).abs() < 1e-6 && (usl.sigma - 0.05).abs() < 1e-9);
        assert!((usl.peak.unwrap() - (0.95f64 / 0.001).sqrt()).abs() < 1e-6, "{usl:?}");
    }
}
