//! The page of a comparison against its document and its runs.
use super::super::tests::{EVIL, assert_harmless, figure};
use super::*;
use crate::judge::Outcome;
use crate::kit::Nanos;
use crate::measure::LatencyRange;
use crate::report::Document;
use crate::report::comparison::tests::sample;

/// A run whose times of one metric are so many of one length.
fn run(metric: Metric, count: u64, ms: u64) -> Saved {
    let mut document =
        Document::from_json(include_bytes!("../../../../reports/sample/result.json")).unwrap();
    let mut latency = Latency::new(LatencyRange::for_deadline(Nanos::from_secs(60)));
    latency.record_n(Nanos(ms * 1_000_000), count);
    let row = document.latency.0.iter_mut().find(|(name, _)| name == metric.row().name);
    let row = row.and_then(|(_, row)| row.as_mut()).unwrap();
    (row.count, row.censored, row.hdr) = (count, 0, Some(latency.to_base64()));
    Saved { document, seconds: None }
}

fn place(html: &str, words: &str) -> usize {
    html.find(words).unwrap_or_else(|| panic!("no {words}\n{html}"))
}

fn both() -> (Vec<Saved>, Vec<Saved>) {
    let of = |runs: [(u64, u64); 2]| runs.map(|(n, ms)| run(Metric::Receipt, n, ms)).to_vec();
    (of([(500, 100), (500, 400)]), of([(900, 200), (100, 800)]))
}

#[test]
fn the_verdict_stands_on_top_and_the_numbers_are_those_of_the_document() {
    let (base, candidate) = both();
    let html = page(&sample(), &base, &candidate);
    let top = place(
        &html,
        "<strong>WORSE</strong> <span>response.p50 (+5.1 %), ratio.missing (+0.2 points); inconclusive: receipt.p99 (+5.1 %)</span>",
    );
    let warning = place(&html, "one run a side");
    assert!(top < warning && warning < place(&html, "<svg class=\"chart\""));
    for m in &sample().metrics {
        let from = place(&html, &format!("<th scope=\"row\">{}<", m.name));
        let cells = &html[from..from + html[from..].find("</tr>").unwrap()];
        let table = &ComparisonModel::of(&sample()).metrics[usize::from(!m.primary)];
        let row = table.rows.iter().find(|row| row[0].to_string() == m.name).unwrap();
        for cell in &row[1..] {
            let text = cell.to_string().replace('<', "&#60;");
            assert!(cells.contains(&format!(">{text}</td>")), "{text} is not in {cells}");
        }
    }
    place(&html, "receipt.p99: about 4 more runs a side would settle it");
    let from = place(&html, "environment.kernel");
    assert!(html[from..].contains("6.1</td>") && html[from..].contains("nothing</td>"));
}

#[test]
fn each_ratio_is_drawn_with_its_interval_receipts_first() {
    let (base, candidate) = both();
    let html = page(&sample(), &base, &candidate);
    let counted = figure(&html, "ratios");
    assert!(place(counted, ">receipt.p99<") < place(counted, ">response.p50<"));
    assert!(counted.contains("+5.1 %, inconclusive") && counted.contains("+5.1 %, worse"));
    assert!(counted.contains("k-warn") && counted.contains("k-bad"));
    assert!(
        counted.contains("ratio.missing (+0.2 points)") && !counted.contains(">ratio.missing<")
    );
    assert!(figure(&html, "ratios-besides").contains(">service.p50<"));
    let mut open = sample();
    for m in &mut open.metrics {
        (m.change, m.low, m.high) = (Some(12.0), Some(7.5), None);
    }
    let html = page(&open, &base, &candidate);
    assert!(figure(&html, "ratios").contains("×12.0, worse"));
    assert!(figure(&html, "ratios").contains("candidate / base, logarithmic"));
}

#[test]
fn each_side_is_one_distribution_of_all_its_runs() {
    let (base, candidate) = both();
    let html = page(&sample(), &base, &candidate);
    let receipts = figure(&html, "spectrum-receipt");
    let json = receipts.split("application/json\">").nth(1).unwrap();
    let data: serde_json::Value =
        serde_json::from_str(json.split("</script>").next().unwrap()).unwrap();
    for (number, name, half, tail) in [(0, "base", 100e6, 400e6), (1, "candidate", 200e6, 800e6)] {
        let series = &data["series"][number];
        assert_eq!(series["name"], name);
        let places: Vec<f64> =
            series["x"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        for (share, wanted) in [(0.4, half), (0.95, tail)] {
            let at = places.iter().position(|x| *x >= share).unwrap();
            let value = series["v"][at].as_f64().unwrap();
            assert!((value / wanted - 1.0).abs() < 0.02, "{name} at {share}: {value}");
        }
    }
    let order = ["spectrum-receipt", "spectrum-response", "spectrum-service"]
        .map(|id| place(&html, &format!("<figure id=\"{id}\"")));
    assert!(order.is_sorted(), "receipts first");
    for id in ["spectrum-receipt", "spectrum-response", "spectrum-service"] {
        assert!(figure(&html, id).contains(" d=\"M"), "{id} is not drawn");
    }
}

#[test]
fn times_that_say_only_how_long_a_run_was_are_not_drawn() {
    let (mut base, candidate) = both();
    base[1].document.verdict.outcome = Some(Outcome::NotSustained);
    base[1]
        .document
        .verdict
        .reasons
        .iter_mut()
        .for_each(|r| r.ok = Some(r.check != "answered_of_sent"));
    let html = page(&sample(), &base, &candidate);
    assert!(figure(&html, "spectrum-response").contains("work piled up in a run"));
    assert!(figure(&html, "spectrum-receipt").contains(Metric::ReceiptFromWrite.row().title));
    base[1].document.verdict.harness.state = crate::judge::HealthState::Invalid;
    let mut untrusted = sample();
    untrusted.trusted = false;
    untrusted.warnings = vec!["run-2: the harness did not keep up".to_owned()];
    let html = page(&untrusted, &base, &candidate);
    assert!(html.contains("run-2: the harness did not keep up"));
    assert!(!figure(&html, "spectrum-service").contains("<svg"));
}

#[test]
fn nothing_that_a_run_says_becomes_markup_and_nothing_is_loaded() {
    let (base, candidate) = both();
    let mut comparison = sample();
    let evil = || EVIL.to_owned();
    (comparison.base, comparison.candidate) = (vec![evil()], vec![evil()]);
    comparison.warnings = vec![evil()];
    for d in &mut comparison.differences {
        (d.key, d.base) = (evil(), Some(evil()));
    }
    for m in &mut comparison.metrics {
        (m.name, m.note) = (format!("{}.p50", evil()), Some(evil()));
    }
    let html = page(&comparison, &base, &candidate);
    assert_harmless(&html);
}
