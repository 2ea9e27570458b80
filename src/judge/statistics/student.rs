//! Student's t and the normal distribution, as `statrs` has them, and Wilson's interval of a share. Its values are held
//! to scipy's in `tests/fixtures/statistics`.
use super::Z95;
use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::erf::erfc;

/// Degrees of freedom from which on Student's t equals the normal distribution to six digits.
const NORMAL_FROM: f64 = 1e7;

/// The probability that Student's t with `df` degrees of freedom lies further from 0 than `t`.
pub fn t_two_sided(t: f64, df: f64) -> f64 {
    if t.is_nan() {
        return 1.0;
    }
    let df = if df > NORMAL_FROM { f64::INFINITY } else { df.max(1e-3) };
    StudentsT::new(0.0, 1.0, df).map_or(1.0, |student| 2.0 * student.sf(t.abs()))
}

/// The t beyond which (either way) lies `alpha` of Student's distribution. By halving: `StudentsT::inverse_cdf` is
/// off in the fourth digit where there are many degrees of freedom.
pub fn t_quantile(alpha: f64, df: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while t_two_sided(high, df) > alpha && high < 1e12 {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if t_two_sided(middle, df) > alpha { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// The probability that a standard normal value lies further from 0 than `z`.
pub fn normal_two_sided(z: f64) -> f64 {
    erfc(z.abs() * std::f64::consts::FRAC_1_SQRT_2)
}

/// Wilson's 95 % interval of the share `part` of `of`; of 0 it is the whole range.
pub fn wilson(part: u64, of: u64) -> (f64, f64) {
    if of == 0 {
        return (0.0, 1.0);
    }
    let (n, p, zz) = (of as f64, part.min(of) as f64 / of as f64, Z95 * Z95);
    let centre = (p + zz / (2.0 * n)) / (1.0 + zz / n);
    let half = Z95 / (1.0 + zz / n) * (p * (1.0 - p) / n + zz / (4.0 * n * n)).sqrt();
    // at the ends the bound is exact; rounding must not move it
    let low = if part == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if part >= of { 1.0 } else { (centre + half).min(1.0) };
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_distribution_has_its_known_values() {
        for (z, p) in [
            (0.0, 1.0),
            (1.0, 0.317_310_507_862_914_04),
            (Z95, 0.05),
            (2.999_999, 0.002_699_804_926_970_31),
            (3.000_001, 0.002_699_787_199_576_66),
            (6.0, 1.973_175_290_075_396e-9),
        ] {
            assert!((normal_two_sided(z) / p - 1.0).abs() < 1e-9, "{z}: {}", normal_two_sided(z));
        }
        assert!((t_two_sided(2.0, 1e9) / normal_two_sided(2.0) - 1.0).abs() < 1e-9);
        assert_eq!(t_two_sided(f64::INFINITY, 3.0), 0.0);
    }
}
