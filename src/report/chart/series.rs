//! Values along an axis, and making them fewer without hiding an extreme.

/// One place of a series. None: no value there, and the line is broken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Where.
    pub x: f64,
    /// Smallest and largest value there; the same where there is one.
    pub span: Option<(f64, f64)>,
}

impl Point {
    /// One value.
    pub fn at(x: f64, value: f64) -> Point {
        Point { x, span: Some((value, value)) }
    }

    /// A value between bounds, or an interval.
    pub fn between(x: f64, low: f64, high: f64) -> Point {
        Point { x, span: Some((low, high)) }
    }

    /// No value.
    pub fn gap(x: f64) -> Point {
        Point { x, span: None }
    }
}

/// Neighbours taken together until at most `columns` points are left; each keeps its smallest and its largest
/// value, so that no spike is lost.
pub fn thin(points: &[Point], columns: usize) -> Vec<Point> {
    let each = points.len().div_ceil(columns.max(1)).max(1);
    if each == 1 {
        return points.to_vec();
    }
    points
        .chunks(each)
        .map(|chunk| {
            let x = chunk.iter().map(|p| p.x).sum::<f64>() / chunk.len() as f64;
            let span =
                chunk.iter().filter_map(|p| p.span).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
            Point { x, span }
        })
        .collect()
}

/// One series upon the other: each point's span goes from the sum of those before it to its own top. All have
/// the same places; where a series has no value it counts as nothing.
pub fn stack(series: &[Vec<Point>]) -> Vec<Vec<Point>> {
    let mut ground: Vec<f64> = vec![0.0; series.first().map_or(0, Vec::len)];
    series
        .iter()
        .map(|points| {
            points
                .iter()
                .zip(&mut ground)
                .map(|(point, ground)| {
                    let low = *ground;
                    *ground += point.span.map_or(0.0, |(_, high)| high);
                    Point::between(point.x, low, *ground)
                })
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_of_one_second_in_a_day_is_still_there() {
        let mut day: Vec<Point> = (0..86_400).map(|s| Point::at(f64::from(s), 10.0)).collect();
        day[40_000] = Point::at(40_000.0, 9_000.0);
        day[50_000] = Point::gap(50_000.0);
        let thin = thin(&day, 800);
        assert!(thin.len() <= 800);
        assert!(thin.iter().any(|p| p.span == Some((10.0, 9_000.0))));
        assert!(thin.iter().all(|p| p.span.is_some()));
        assert_eq!(super::thin(&day, 90_000), day, "what fits is left as it is");
    }

    #[test]
    fn a_stack_is_as_high_as_all_of_it() {
        let a = vec![Point::at(0.0, 1.0), Point::gap(1.0)];
        let b = vec![Point::at(0.0, 2.0), Point::at(1.0, 5.0)];
        let stacked = stack(&[a, b]);
        assert_eq!(stacked[1][0].span, Some((1.0, 3.0)));
        assert_eq!(stacked[1][1].span, Some((0.0, 5.0)));
    }
}
