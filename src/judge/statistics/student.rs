//! Student's t and the normal distribution, and Wilson's interval of a share. Its values are held to scipy's in
//! `tests/fixtures/statistics`.
use super::Z95;

/// ln Γ(x) for x > 0 (Lanczos, g = 7, nine terms): fifteen digits.
fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        let pi = std::f64::consts::PI;
        return (pi / (pi * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let t = x + 7.5;
    let sum: f64 = TERMS[0]
        + TERMS[1..].iter().zip(1u32..).map(|(term, n)| term / (x + f64::from(n))).sum::<f64>();
    0.5 * std::f64::consts::TAU.ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// ln Γ(a+½) − ln Γ(a), which for large a must not be taken as a difference.
fn ln_gamma_half_step(a: f64) -> f64 {
    if a < 1e4 {
        return ln_gamma(a + 0.5) - ln_gamma(a);
    }
    0.5 * a.ln() - 1.0 / (8.0 * a) + 1.0 / (192.0 * a.powi(3))
}

/// The regularised incomplete beta function I_x(a, ½) with y = 1 − x, each exact where it is small.
fn student_tail(a: f64, x: f64, y: f64) -> f64 {
    // 1/B(a, ½) = Γ(a+½) / (Γ(a) Γ(½))
    let ln_front = ln_gamma_half_step(a) - 0.5 * std::f64::consts::PI.ln();
    let ln_x = if y < 0.5 { (-y).ln_1p() } else { x.ln() };
    let front = (ln_front + a * ln_x + 0.5 * y.ln()).exp();
    // the fraction converges fast only on its own side of the mean
    if x > (a + 1.0) / (a + 2.5) {
        1.0 - front * fraction(0.5, a, y) / 0.5
    } else {
        front * fraction(a, 0.5, x) / a
    }
}

/// The continued fraction of the incomplete beta function (Lentz).
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let keep = |v: f64| if v.abs() < TINY { TINY } else { v };
    let (mut c, mut d) = (1.0, 1.0 / keep(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for m in 1..=1000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / keep(1.0 + even * d);
        c = keep(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / keep(1.0 + odd * d);
        c = keep(1.0 + odd / c);
        let step = d * c;
        fraction *= step;
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

/// Beyond so many degrees of freedom Student's t is the normal distribution to six digits.
const NORMAL_FROM: f64 = 1e7;

/// The probability that Student's t with `df` degrees of freedom lies further from 0 than `t`.
pub fn t_two_sided(t: f64, df: f64) -> f64 {
    if t.is_nan() || t.is_infinite() {
        return if t.is_nan() { 1.0 } else { 0.0 };
    }
    if t == 0.0 {
        return 1.0;
    }
    if df > NORMAL_FROM {
        return normal_two_sided(t);
    }
    let df = df.max(1e-3);
    student_tail(df / 2.0, df / (df + t * t), t * t / (df + t * t))
}

/// The t beyond which (either way) lies `alpha` of Student's distribution.
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
    let z = z.abs();
    let density = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt();
    if z < 3.0 {
        // 2 φ(z) (z + z³/3 + z⁵/(3·5) + …) lies within
        let (mut term, mut sum) = (z, z);
        for k in 1..200 {
            term *= z * z / f64::from(2 * k + 1);
            sum += term;
        }
        return (1.0 - 2.0 * density * sum).max(0.0);
    }
    // Laplace's fraction: φ(z) / (z + 1/(z + 2/(z + 3/(z + …))))
    let below = (1..=60).rev().fold(z, |below, k| z + f64::from(k) / below);
    2.0 * density / below
}

/// Wilson's 95 % interval of a share of which `part` of `of` were seen; of nothing, all is possible.
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
    fn the_normal_distribution_has_its_known_values_on_both_sides_of_the_seam() {
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
