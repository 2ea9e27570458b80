//! The text format of Prometheus, and OpenMetrics: the values of some series out of a page. Lines of other metrics are
//! passed over by their name.
use crate::kit::read_labels;
use crate::measure::SeriesUnit;
use crate::plan::Selector;

/// What a page has of a selector.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Found {
    /// Sum of the values of all series that match.
    pub(super) sum: f64,
    /// How many match.
    pub(super) count: usize,
    /// Whether it only grows.
    pub(super) is_counter: bool,
}

/// The values of these selectors, in their order. None: no line of the page is a sample.
pub(super) fn read(page: &str, selectors: &[(String, Selector)]) -> Option<Vec<Found>> {
    let mut found = vec![Found::default(); selectors.len()];
    let mut typed = vec![false; selectors.len()];
    let mut is_metrics = false;
    for line in page.lines() {
        let line = line.trim_start();
        if let Some(rest) = line.strip_prefix('#') {
            let mut words = rest.split_ascii_whitespace();
            if let (Some("TYPE"), Some(family), Some(kind)) =
                (words.next(), words.next(), words.next())
            {
                for (n, (_, selector)) in selectors.iter().enumerate() {
                    if let Some(is_counter) = counts(&selector.metric, family, kind) {
                        (found[n].is_counter, typed[n]) = (is_counter, true);
                    }
                }
            }
            continue;
        }
        let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
        let Some(end) = end.filter(|end| *end > 0) else { continue };
        let (name, rest) = line.split_at(end);
        let wanted = selectors.iter().any(|(_, selector)| selector.metric == name);
        if is_metrics && !wanted {
            continue;
        }
        let Some((labels, value)) = sample(rest) else { continue };
        is_metrics = true;
        for (found, (_, selector)) in found.iter_mut().zip(selectors) {
            let label = |name: &str| labels.iter().find(|l| l.name == name).map(|l| &*l.value);
            if selector.metric == name && value.is_finite() && selector.matches(label) {
                found.sum += value;
                found.count += 1;
            }
        }
    }
    for ((found, typed), (_, selector)) in found.iter_mut().zip(typed).zip(selectors) {
        // a page may leave types out
        found.is_counter |= !typed && selector.metric.ends_with("_total");
    }
    is_metrics.then_some(found)
}

/// Labels and value of a sample's line behind its name.
fn sample(rest: &str) -> Option<(Vec<crate::kit::Label<'_>>, f64)> {
    let rest = rest.trim_start();
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => read_labels(rest)?,
        None => (Vec::new(), rest),
    };
    let value = rest.split_ascii_whitespace().next()?;
    Some((labels, value.parse().ok()?))
}

/// Whether a metric only grows, by the type of its family. None: it is not of this family.
fn counts(metric: &str, family: &str, kind: &str) -> Option<bool> {
    match metric.strip_prefix(family)? {
        "" => Some(kind == "counter"),
        "_total" if kind == "counter" => Some(true),
        "_count" | "_sum" if matches!(kind, "histogram" | "summary") => Some(true),
        "_bucket" if kind == "histogram" => Some(true),
        _ => None,
    }
}

/// What a series is measured in, by the endings that Prometheus recommends.
pub(super) fn unit(metric: &str, is_counter: bool) -> SeriesUnit {
    match is_counter {
        true if metric.ends_with("_bytes_total") => SeriesUnit::OctetsPerSecond,
        true if metric.ends_with("cpu_seconds_total") => SeriesUnit::Cores,
        true => SeriesUnit::PerSecond,
        false if metric.ends_with("_bytes") => SeriesUnit::Octets,
        false if metric.ends_with("_seconds") => SeriesUnit::Seconds,
        false => SeriesUnit::Number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Matcher;

    fn selector(metric: &str, labels: &[(&str, bool, &str)]) -> (String, Selector) {
        let matchers = labels.iter().map(|(name, is_not, value)| Matcher {
            name: (*name).into(),
            is_not: *is_not,
            value: (*value).into(),
        });
        let selector = Selector { metric: metric.into(), matchers: matchers.collect() };
        (metric.into(), selector)
    }

    const PAGE: &str = r#"# HELP queue_size Messages that wait.
# TYPE queue_size gauge
queue_size{queue="live",path="/a,b={c}"} 12
queue_size{queue="dead"} 3 1700000000000
# TYPE sent_total counter
sent_total 4.5e3 # {trace_id="x"} 1
# TYPE wait_seconds histogram
wait_seconds_bucket{le="+Inf"} 7
wait_seconds_sum 2.5
wait_seconds_count 7
nothing NaN
untyped_total 9
# EOF
"#;

    #[test]
    fn series_are_taken_by_name_and_labels_and_several_are_summed() {
        let wanted = [
            selector("queue_size", &[]),
            selector("queue_size", &[("queue", true, "dead")]),
            selector("sent_total", &[]),
            selector("wait_seconds_count", &[]),
            selector("nothing", &[]),
            selector("untyped_total", &[]),
            selector("absent", &[]),
        ];
        let found = read(PAGE, &wanted).unwrap();
        let seen: Vec<_> = found.iter().map(|f| (f.sum, f.count, f.is_counter)).collect();
        assert_eq!(
            seen,
            [
                (15.0, 2, false),
                (12.0, 1, false),
                (4500.0, 1, true),
                (7.0, 1, true),
                (0.0, 0, false),
                (9.0, 1, true),
                (0.0, 0, false),
            ]
        );
    }

    #[test]
    fn a_counter_of_openmetrics_has_the_type_of_its_family() {
        let page = "# TYPE sent counter\nsent_total 5\n# EOF\n";
        assert!(read(page, &[selector("sent_total", &[])]).unwrap()[0].is_counter);
        let page = "# TYPE odd_total gauge\nodd_total 5\n";
        assert!(!read(page, &[selector("odd_total", &[])]).unwrap()[0].is_counter);
    }

    #[test]
    fn a_page_without_a_sample_is_no_page_of_metrics() {
        for page in [
            "",
            "<html><body>a b</body></html>",
            "# only a remark\n",
            "hello there\n",
            "{\"a\": 1}",
        ] {
            assert_eq!(read(page, &[selector("a", &[])]), None, "{page}");
        }
    }

    #[test]
    fn units_follow_the_endings_of_names() {
        assert_eq!(unit("process_resident_memory_bytes", false), SeriesUnit::Octets);
        assert_eq!(unit("process_cpu_seconds_total", true), SeriesUnit::Cores);
        assert_eq!(unit("net_bytes_total", true), SeriesUnit::OctetsPerSecond);
        assert_eq!(unit("sent_total", true), SeriesUnit::PerSecond);
        assert_eq!(unit("age_seconds", false), SeriesUnit::Seconds);
        assert_eq!(unit("queue_size", false), SeriesUnit::Number);
    }
}
