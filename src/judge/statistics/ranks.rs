//! Tests by ranks, and the correction for asking several questions at once. Held to scipy in `tests/fixtures/statistics`.
use super::student::normal_two_sided;

/// Mann and Whitney's test of two independent samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannWhitney {
    /// U of the first sample: pairs in which its value is the larger, ties counted half.
    pub u: f64,
    /// Two-sided probability of a U as far from the middle, if both samples come from one distribution.
    pub p: f64,
}

/// Values in all up to which p is exact, ties included: the distribution of the rank sum over every way to
/// deal the ranks. Beyond, the normal approximation with tie and continuity corrections.
pub const EXACT_MAX: usize = 40;

/// Compares two samples by ranks. None where one is empty.
pub fn mann_whitney(a: &[f64], b: &[f64]) -> Option<MannWhitney> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (ranks, ties) = doubled_ranks(a, b);
    let sum: u64 = ranks[..a.len()].iter().sum();
    let (n, m) = (a.len() as f64, b.len() as f64);
    let u = sum as f64 / 2.0 - n * (n + 1.0) / 2.0;
    let p = if ranks.len() <= EXACT_MAX {
        exact(&ranks, a.len(), sum)
    } else {
        let total = n + m;
        let tied: f64 = ties.iter().map(|t| t * t * t - t).sum();
        let variance = n * m / 12.0 * ((total + 1.0) - tied / (total * (total - 1.0)));
        if variance <= 0.0 {
            1.0
        } else {
            normal_two_sided((((u - n * m / 2.0).abs() - 0.5) / variance.sqrt()).max(0.0))
        }
    };
    Some(MannWhitney { u, p })
}

/// Twice the midrank of every value (so that they are whole numbers), `a` first; and the sizes of the groups of equals.
fn doubled_ranks(a: &[f64], b: &[f64]) -> (Vec<u64>, Vec<f64>) {
    let values: Vec<f64> = a.iter().chain(b).copied().collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|x, y| values[*x].total_cmp(&values[*y]));
    let (mut ranks, mut ties) = (vec![0; values.len()], Vec::new());
    let mut from = 0;
    while from < order.len() {
        let same = |place: &usize| values[order[*place]] == values[order[from]];
        let to = (from..order.len()).take_while(same).count() + from;
        for place in &order[from..to] {
            ranks[*place] = (from + 1 + to) as u64;
        }
        ties.push((to - from) as f64);
        from = to;
    }
    (ranks, ties)
}

/// The rank of each value from 1 on; equal values share the middle of theirs.
pub(super) fn midranks(values: &[f64]) -> Vec<f64> {
    doubled_ranks(values, &[]).0.into_iter().map(|doubled| doubled as f64 / 2.0).collect()
}

/// Among all ways to pick `count` of the ranks: the share with a sum at most, or at least, `sum`; the smaller, doubled.
fn exact(ranks: &[u64], count: usize, sum: u64) -> f64 {
    let most = ranks.iter().sum::<u64>() as usize;
    // ways[k][s]: ways to pick k of the ranks seen so far with sum s
    let mut ways = vec![vec![0.0f64; most + 1]; count + 1];
    ways[0][0] = 1.0;
    for rank in ranks.iter().map(|r| *r as usize) {
        for k in (1..=count).rev() {
            let (less, more) = ways.split_at_mut(k);
            for (from, into) in less[k - 1].iter().zip(more[0].iter_mut().skip(rank)) {
                *into += from;
            }
        }
    }
    let all: f64 = ways[count].iter().sum();
    let at_most: f64 = ways[count][..=sum as usize].iter().sum();
    let at_least: f64 = ways[count][sum as usize..].iter().sum();
    (2.0 * at_most.min(at_least) / all).min(1.0)
}

/// Holm's correction: each p such that calling all those at most alpha errs in any with at most alpha.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut corrected = vec![1.0; p.len()];
    let mut largest: f64 = 0.0;
    for (place, index) in order.into_iter().enumerate() {
        largest = largest.max(p[index] * (p.len() - place) as f64).min(1.0);
        corrected[index] = largest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_far_apart_have_the_smallest_p_there_is_and_equal_ones_have_one() {
        let found = mann_whitney(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]).unwrap();
        assert_eq!((found.u, found.p), (0.0, 0.1));
        let same = mann_whitney(&[1.0; 30], &[1.0; 30]).unwrap();
        assert_eq!((same.u, same.p), (450.0, 1.0));
        assert_eq!(mann_whitney(&[], &[1.0]), None);
    }

    #[test]
    fn holm_never_reverses_an_order_and_never_exceeds_one() {
        let close = |found: &[f64], wanted: &[f64]| {
            found.iter().zip(wanted).all(|(f, w)| (f - w).abs() < 1e-12)
        };
        assert!(close(&holm(&[0.01, 0.04, 0.03, 0.5]), &[0.04, 0.09, 0.09, 0.5]));
        assert!(close(&holm(&[0.9, 0.8]), &[1.0, 1.0]));
        assert!(holm(&[]).is_empty());
    }
}
