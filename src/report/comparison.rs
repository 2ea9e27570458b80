//! Reports of a comparison: `smppbench.comparison/1` as text, JSON, Markdown and HTML. Pure: the comparison in, octets
//! out.
use super::model::ComparisonModel;
use super::{Saved, Style, html as page, markdown as github, text as terminal};
use crate::judge::compare::Comparison;

/// The summary for a terminal.
pub fn text(comparison: &Comparison, style: Style) -> String {
    terminal::comparison(&ComparisonModel::of(comparison), style)
}

/// The page for GitHub.
pub fn markdown(comparison: &Comparison) -> String {
    github::comparison(&ComparisonModel::of(comparison))
}

/// `comparison.html`: the verdict, the ratios with their intervals, and the distributions of both sides, in one file.
/// `base` and `candidate` are the compared runs.
pub fn html(comparison: &Comparison, base: &[Saved], candidate: &[Saved]) -> String {
    page::comparison(comparison, base, candidate)
}

/// The document.
pub fn json(comparison: &Comparison) -> Vec<u8> {
    let mut octets = serde_json::to_vec_pretty(comparison).expect("a document serialises");
    octets.push(b'\n');
    octets
}

#[cfg(test)]
pub(in crate::report) mod tests {
    use super::*;
    use crate::judge::Unit;
    use crate::judge::compare::{
        Difference, Direction, MetricComparison, SCHEMA, Scale, Settings, Test, ThroughSides,
        Verdict,
    };

    fn metric(name: &str, unit: Unit, primary: bool) -> MetricComparison {
        MetricComparison {
            name: name.to_owned(),
            unit,
            better: Direction::Lower,
            primary,
            base: Some(20e6),
            candidate: Some(21.02e6),
            base_runs: vec![Some(20e6)],
            candidate_runs: vec![Some(21.02e6)],
            scale: Scale::Ratio,
            change: Some(1.051),
            low: Some(1.022),
            high: Some(1.081),
            effect_min: 0.05,
            p: Some(0.0004),
            p_holm: Some(0.0008),
            test: Test::Interval,
            verdict: Verdict::Worse,
            runs_needed: None,
            note: None,
            base_counts: None,
            candidate_counts: None,
        }
    }

    pub(in crate::report) fn sample() -> Comparison {
        let open = MetricComparison {
            verdict: Verdict::Inconclusive,
            runs_needed: Some(4),
            p_holm: Some(0.31),
            low: Some(0.96),
            ..metric("receipt.p99", Unit::Nanoseconds, true)
        };
        let missing = MetricComparison {
            base: Some(0.0),
            candidate: Some(0.002),
            scale: Scale::Difference,
            change: Some(0.002),
            low: Some(0.001),
            high: Some(0.003),
            ..metric("ratio.missing", Unit::Ratio, true)
        };
        Comparison {
            schema: SCHEMA.to_owned(),
            base: vec!["quick-1".to_owned()],
            candidate: vec!["quick|2".to_owned()],
            paired: false,
            settings: Settings::default(),
            trusted: true,
            verdict: Verdict::Worse,
            through: ThroughSides::Neither,
            differences: vec![Difference {
                key: "environment.kernel".to_owned(),
                base: Some("6.1".to_owned()),
                candidate: None,
            }],
            warnings: vec!["one run a side".to_owned()],
            metrics: vec![
                metric("response.p50", Unit::Nanoseconds, true),
                open,
                missing,
                metric("service.p50", Unit::Nanoseconds, false),
            ],
            beside: Vec::new(),
        }
    }

    #[test]
    fn the_text_says_the_verdict_the_change_and_what_would_settle_the_rest_in_100_columns() {
        let text = text(&sample(), Style::default());
        for wanted in [
            "worse: response.p50 (+5.1 %), ratio.missing (+0.2 points); inconclusive: receipt.p99 (+5.1 %)",
            "20 ms",
            "+2.2 % to +8.1 %",
            "+0.1 points to +0.3 points",
            "< 0.001",
            "receipt.p99: about 4 more runs a side would settle it",
            "environment.kernel: 6.1, and nothing",
            "one run a side",
        ] {
            let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(one_line.contains(wanted), "{wanted:?} is not in\n{text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }

    #[test]
    fn the_text_begins_with_one_sentence_and_0_against_0_is_equal() {
        let mut one = sample();
        let zero = MetricComparison {
            base: Some(0.0),
            candidate: Some(0.0),
            change: Some(0.0),
            verdict: Verdict::Inconclusive,
            ..one.metrics[2].clone()
        };
        one.metrics.push(MetricComparison { name: "ratio.lost".to_owned(), ..zero });
        let one_line = |one: &Comparison| -> String {
            let text = text(one, Style::default());
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let text = one_line(&one);
        let first = "The candidate's responses take 1.02 ms longer at p50 (+5.1 %; 95 % interval +2.2 % to +8.1 %): worse.";
        assert!(text.starts_with(first), "{text}");
        assert!(
            text.contains("ratio.lost 0 % 0 % equal") && !text.contains("ratio.lost ("),
            "{text}"
        );
        assert!(!text.contains("ratio.lost: "), "{text}");
        (one.base, one.candidate) = (vec!["quick-a-01".to_owned()], vec!["quick-b-01".to_owned()]);
        let duel = one_line(&one);
        assert!(
            duel.starts_with("B's responses take") && duel.contains("A 1 run: quick-a-01"),
            "{duel}"
        );
    }

    #[test]
    fn metrics_with_the_same_remark_share_a_line() {
        let mut one = sample();
        for metric in &mut one.metrics[..2] {
            metric.note = Some("messages count as independent".to_owned());
        }
        let text = text(&one, Style::default());
        assert_eq!(text.matches("count as independent").count(), 1, "{text}");
        assert!(text.contains("response.p50, receipt.p99: messages count"), "{text}");
    }

    #[test]
    fn the_document_comes_back_from_json_as_it_was() {
        let back: Comparison = serde_json::from_slice(&json(&sample())).unwrap();
        assert_eq!(back, sample());
    }

    #[test]
    fn markdown_is_a_table_in_which_no_text_of_a_run_marks_up() {
        let page = markdown(&sample());
        assert!(page.contains("| response.p50 | 20 ms | 21 ms | +5.1 % |"), "{page}");
        assert!(page.contains("quick\\|2"), "{page}");
        let row = page.lines().find(|l| l.starts_with("| :--")).unwrap();
        assert_eq!(row.matches('|').count(), 7 + 1);
    }
}
