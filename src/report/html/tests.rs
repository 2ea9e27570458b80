//! The page against its document: the same numbers, nothing unescaped, every chart, and not too large.
use super::live::{LIVE, LIVE_SHA256};
use super::page::{SCRIPT, SCRIPT_SHA256};
use super::*;
use crate::judge::{GateOutcome, GateResult, GateValue, ObservedFigures, Unit};
use crate::kit::{Nanos, words};
use crate::measure::{Anomaly, Latency, LatencyRange, Metric};
use crate::report::Saved;
use crate::report::document::{
    Absent, ByState, IntervalRow, ManualRateChange, Outage, SessionRow, StageRow, StatusCount,
    Table,
};
use crate::report::model::Value;
use crate::report::{Document, PackedHistogram, Second};

pub(super) const EVIL: &str = "</script><img src=x onerror=alert(1)>\u{1b}[31m\u{202e}'\"&\u{7}";

fn sample() -> Document {
    Document::from_json(include_bytes!("../../../reports/sample/result.json")).unwrap()
}

fn page(document: Document) -> String {
    page_of(&[Saved { document, seconds: None }])
}

fn page_of(runs: &[Saved]) -> String {
    String::from_utf8(render(runs)).unwrap()
}

/// The words of a row of a table, by its name.
fn row<'a>(html: &'a str, name: &str) -> &'a str {
    let head = format!("<th scope=\"row\">{name}<");
    let from = html.find(&head).unwrap_or_else(|| panic!("no row {name}"));
    &html[from..from + html[from..].find("</tr>").unwrap()]
}

pub(super) fn figure<'a>(html: &'a str, id: &str) -> &'a str {
    let from =
        html.find(&format!("<figure id=\"{id}\"")).unwrap_or_else(|| panic!("no figure {id}"));
    &html[from..from + html[from..].find("</figure>").unwrap()]
}

/// Nothing became markup, nothing steers a terminal, nothing is loaded, and what the script reads is JSON.
pub(super) fn assert_harmless(html: &str) {
    assert!(!html.contains("<img"), "an element came through");
    assert!(!html.contains(" style="), "a strict content policy drops inline styles");
    let steering = html.contains(['\u{1b}', '\u{202e}', '\u{7}']);
    assert!(!steering, "a control character came through");
    let scripts = html.matches("<script").count();
    let data = html.matches("<script type=\"application/json\">").count();
    assert_eq!((scripts, html.matches("</script>").count()), (data + 1, scripts));
    for json in html.split("application/json\">").skip(1) {
        let json = json.split("</script>").next().unwrap();
        serde_json::from_str::<serde_json::Value>(json).expect("what the script reads is JSON");
    }
    assert!(html.contains(SCRIPT_SHA256));
    let hosts = html.replace("http://www.w3.org/2000/svg", "");
    assert!(!hosts.contains("http:") && !hosts.contains("https:") && !hosts.contains("url("));
}

/// A run of so many intervals and sessions with something of everything.
fn busy(intervals: u32, length_s: f64, sessions: u32) -> Document {
    let mut d = sample();
    let end = f64::from(intervals) * length_s;
    d.window.from_s = length_s;
    d.window.to_s = end - length_s;
    d.intervals = (0..intervals)
        .map(|n| {
            let wave = u64::from(n * 7919 % 97);
            IntervalRow {
                t_s: f64::from(n) * length_s,
                length_s,
                stage: Some(if n == 0 { "warm-up" } else { "measured" }.to_owned()),
                scheduled: 1_000 + wave,
                written: 990 + wave,
                accepted: 950 + wave,
                rejected: 40,
                answered: 990 + wave,
                receipts: 900 + wave,
                receipts_missing: wave % 3,
                mo: wave % 5,
                timed_out: wave % 2,
                lost: u64::from(n % 50 == 0),
                in_flight: 20 + wave,
                backlog: wave % 11,
                awaited: 300 + wave * 3,
                sessions_up: u64::from(sessions) - u64::from(n % 40 == 0),
                window_full_ratio: f64::from(n % 10) / 20.0,
                cpu_worst: f64::from(n % 13) / 20.0,
                statuses: [
                    ("ESME_ROK", 950 + wave),
                    ("ESME_RTHROTTLED", 30),
                    ("ESME_RMSGQFUL", 10),
                ]
                .map(|(name, count)| (name.to_owned(), count))
                .into_iter()
                .collect(),
                anomalies: Table(vec![("trailing_octets".to_owned(), wave % 4)]),
                response_p50_ns: Some(8_000_000 + wave * 10_000),
                response_p90_ns: Some(20_000_000 + wave * 90_000),
                response_p99_ns: Some(60_000_000 + wave * 900_000),
                response_max_ns: Some(200_000_000 + wave * 1_900_000),
                service_p50_ns: Some(7_000_000 + wave * 11_000),
                service_p99_ns: Some(50_000_000 + wave * 800_000),
                receipt_p50_ns: Some(400_000_000 + wave * 5_000_000),
                receipt_p99_ns: Some(900_000_000 + wave * 7_000_000),
                harness_lag_p99_ns: Some(100_000 + wave * 1_000),
                write_wait_p99_ns: Some(0),
                ..IntervalRow::default()
            }
        })
        .collect();
    d.stages = [("warm-up", 0.0, length_s, false), ("measured", length_s, end, true)]
        .map(|(name, from_s, to_s, measure)| StageRow {
            name: name.to_owned(),
            rate: "1,000/s".to_owned(),
            from_s,
            to_s,
            measure,
            ran_s: to_s - from_s,
            written: 1,
            accepted: 1,
            rejected: 0,
            service_p50_ns: None,
            service_p99_ns: None,
        })
        .into();
    d.sessions = (0..sessions)
        .map(|id| SessionRow {
            id,
            account: Some("gold".to_owned()),
            role: "transceiver".to_owned(),
            state: "unbound".to_owned(),
            written: 1_000 + u64::from(id % 7),
            accepted: 990 + u64::from(id % 7),
            rejected: u64::from(id % 3),
            delivered: 900,
            response_p50_ns: Some(8_000_000),
            response_p99_ns: Some(50_000_000 + u64::from(id * 7919 % 1_000) * 60_000),
            reconnects: 0,
            congestion_state: None,
            tcp: None,
        })
        .collect();
    d
}

/// The distributions of each interval: sixteen different ones in turn.
fn seconds(intervals: u32, length_s: f64) -> Vec<Second> {
    const KINDS: u32 = 16;
    let range = LatencyRange { digits: 2, ..LatencyRange::for_deadline(Nanos::from_secs(60)) };
    let kinds: Vec<PackedHistogram> = (0..KINDS)
        .map(|kind| {
            let mut latency = Latency::new(range);
            for message in 0..200u64 {
                let spread = (message * 7919 + u64::from(kind) * 104_729) % 1_000;
                latency.record(Nanos(1_000_000 + spread * spread * 300));
            }
            PackedHistogram::of(Metric::Response, &latency).unwrap()
        })
        .collect();
    (0..intervals)
        .map(|n| Second {
            at: Nanos((f64::from(n) * length_s * 1e9) as u64),
            length: Nanos((length_s * 1e9) as u64),
            latencies: vec![kinds[(n % KINDS) as usize].clone()],
        })
        .collect()
}

#[test]
fn the_numbers_of_the_page_are_those_of_the_document() {
    let d = sample();
    let html = page(d.clone());
    for metric in &crate::measure::LATENCY_METRICS {
        let Some(latency) = d.latency.get(metric.name).and_then(Option::as_ref) else { continue };
        // sockets that always took octets have no row
        let is_left_out = metric.metric == Metric::WriteWait && latency.max == Some(0);
        if latency.count == 0 || is_left_out {
            continue;
        }
        let row = row(&html, metric.title);
        for value in [latency.p50, latency.p90, latency.p99, latency.p99_9, latency.max]
            .into_iter()
            .flatten()
        {
            let text = format!("<td>{}<", Value::Time(value)).replace("< 1", "&#60; 1");
            assert!(row.contains(&text), "{text} is not in {row}");
        }
        assert!(row.contains(&format!("<td>{}</td>", words::count(latency.count))));
    }
    let lines = &d.ledger.lines;
    assert!(row(&html, "planned").contains(&format!("= {} written", words::count(lines.written))));
    assert!(
        row(&html, "written").contains(&format!("= {} accepted", words::count(lines.accepted)))
    );
    assert!(html.contains("<strong>SUSTAINED</strong> <span>1,000/s for 8 s</span>"));
    let data = figure(&html, "rate").split("application/json\">").nth(1).unwrap();
    let data: serde_json::Value =
        serde_json::from_str(data.split("</script>").next().unwrap()).unwrap();
    let written: Vec<u64> = d.intervals.iter().map(|r| r.written).collect();
    let shown = &data["series"][0];
    assert_eq!(shown["name"], "sent");
    for (n, count) in written.iter().enumerate().filter(|(n, _)| d.intervals[*n].length_s == 1.0) {
        assert_eq!(shown["v"][n], *count);
    }
}

#[test]
fn nothing_that_a_peer_or_a_profile_says_becomes_markup() {
    let mut d = busy(20, 1.0, 3);
    let evil = || EVIL.to_owned();
    d.run.name = evil();
    d.run.id = evil();
    d.run.target = evil();
    d.run.repro = evil();
    d.run.binds = vec![evil()];
    d.window.cut_reason = Some(evil());
    d.verdict.evidence = vec![evil()];
    d.verdict.explanation = Some(evil());
    d.verdict.steady.reason = evil();
    d.verdict.reasons[0].check = evil();
    d.statuses = vec![StatusCount { code: Some(7), name: Some(evil()), count: 3 }];
    d.anomalies = vec![Anomaly { kind: evil(), count: 1, example_hex: evil() }];
    let outage =
        Outage { session: 1, from_s: 1.0, to_s: None, cause: evil(), lost: 1, attempts: 1 };
    d.outages = vec![outage];
    d.operator = vec![ManualRateChange { t_s: 3.0, what: evil(), factor: 1.1 }];
    let none = Absent::default();
    d.ledger.receipts.by_state = vec![ByState {
        state: None,
        name: evil(),
        count: 10_000,
        receipt_p50_ns: none,
        receipt_p99_ns: none,
        receipt_max_ns: none,
    }];
    d.stages[1].name = evil();
    d.stages[1].rate = evil();
    for row in &mut d.intervals {
        row.statuses = Table(vec![(evil(), 3)]);
        row.anomalies = Table(vec![(evil(), 3)]);
    }
    for session in &mut d.sessions {
        session.account = Some(evil());
        session.state = evil();
        session.role = evil();
    }
    for group in &mut d.groups {
        group.name = evil();
    }
    d.observe = vec![seen(EVIL, Unit::Octets)];
    d.intervals[3].observe = Table(vec![(format!("gw.{EVIL}"), 4.0)]);
    d.notes = vec![evil()];
    d.warnings = vec![evil()];
    d.books = vec![evil()];
    d.profile = serde_json::json!({ EVIL: EVIL });
    d.environment = serde_json::json!({ EVIL: [EVIL] });
    let two = vec![
        Saved { document: d.clone(), seconds: None },
        Saved { document: d.clone(), seconds: None },
    ];
    for html in [page(d), page_of(&two)] {
        assert_harmless(&html);
    }
}

#[test]
fn every_chart_is_a_drawing_that_needs_no_script_and_no_style() {
    let document = busy(120, 1.0, 12);
    let html = page_of(&[Saved { document, seconds: Some(seconds(120, 1.0)) }]);
    for id in [
        "rate",
        "response",
        "service",
        "heat",
        "spectrum",
        "in-flight",
        "window",
        "awaited",
        "completeness",
        "statuses",
        "anomalies-over-time",
        "sessions-up",
        "processor",
        "flow",
        "by-session",
        "p99-by-session",
    ] {
        let figure = figure(&html, id);
        assert!(figure.contains("<svg class=\"chart\""), "{id} is not drawn: {figure}");
        assert!(figure.contains(" d=\"M"), "{id} has no marks");
        assert!(
            figure.contains("fill=\"#") || figure.contains("stroke=\"#"),
            "{id} has no colour of its own"
        );
    }
    assert_harmless(&html);
    // the warm-up is shaded, and the measured time begins at a broken line
    let rate = figure(&html, "rate");
    assert!(rate.contains("f-shade") && rate.contains("stroke-dasharray=\"5 4\""));
    assert!(rate.contains(">measured<"));
}

/// An observed series of gw.
fn seen(series: &str, unit: Unit) -> ObservedFigures {
    ObservedFigures {
        name: "gw".to_owned(),
        series: series.to_owned(),
        unit,
        max: Some(2e8),
        mean: Some(1e8),
        growth: Some(0.02),
        ci: Some([0.01, 0.03]),
        points: 3_600,
        samples: 3_600,
        failed: 2,
    }
}

/// A run with as many intervals as there are at most, and a dozen observed series with a gap.
fn soak() -> Document {
    let mut d = busy(3_600, 16.0, 4);
    let units = [Unit::Octets, Unit::Cores, Unit::Number, Unit::PerSecond, Unit::Seconds];
    d.observe = (0..12).map(|n| seen(&format!("series-{n}"), units[n % units.len()])).collect();
    for (n, row) in d.intervals.iter_mut().enumerate().filter(|(n, _)| !(1_000..1_200).contains(n))
    {
        let values = d.observe.iter().enumerate();
        let value = |series: usize| 1e8 + (n * 7_919 % (97 + series)) as f64 * 123_457.25;
        row.observe = values.map(|(number, o)| (o.path(), value(number))).collect();
    }
    d
}

#[test]
fn what_was_observed_is_a_table_and_a_chart_for_each_unit_with_its_gaps() {
    let html = page(soak());
    for id in ["observed-0", "observed-4"] {
        let figure = figure(&html, id);
        assert!(figure.contains("<svg class=\"chart\""), "{id} is not drawn");
        // a line that is broken once begins twice
        let lines = figure.split(" d=\"").skip(1).filter_map(|d| d.split('"').next());
        let broken = lines.filter(|d| d.contains('L') && d.matches('M').count() == 2);
        assert!(broken.count() >= 2, "{id} has no gap");
    }
    assert!(!html.contains("observed-5"));
    let row = row(&html, "gw.series-0");
    assert!(row.contains("190.7 MiB") && row.contains("1 %/h to 3 %/h"), "{row}");
    assert!(!page(busy(20, 1.0, 3)).contains("Observed beside the load"));
    assert_harmless(&html);
}

#[test]
fn the_page_of_hours_with_what_was_observed_is_below_3_mb() {
    let seconds = Some(seconds(3_600, 16.0));
    let octets = render(&[Saved { document: soak(), seconds }]);
    assert!(octets.len() < 3_000_000, "{}", octets.len());
}

#[test]
fn what_cannot_be_drawn_says_why() {
    let html = page(sample());
    let heat = figure(&html, "heat");
    assert!(heat.contains("latency.hlog") && !heat.contains("<svg"));
    assert!(figure(&html, "statuses").contains("Every answer was ESME_ROK"));
    assert!(figure(&html, "sessions-up").contains("sessions were bound from the first"));
}

#[test]
fn where_work_piled_up_no_times_from_the_intended_send_are_shown() {
    let mut d = sample();
    d.verdict.outcome = Some(crate::judge::Outcome::NotSustained);
    d.verdict.reasons.iter_mut().for_each(|r| r.ok = Some(r.check != "answered_of_sent"));
    let html = page(d);
    assert!(html.contains("NOT SUSTAINED"));
    assert!(!html.contains("<th scope=\"row\">response time (from intended send)"));
    assert!(html.contains("<th scope=\"row\">service time (from actual send)"));
    assert!(!figure(&html, "spectrum").contains("response time (from intended send)</li>"));
    assert!(!row(&html, "accepted a second").is_empty());
    assert!(!html.contains("<th scope=\"row\">response p99"));
}

#[test]
fn an_unfit_harness_has_no_headline() {
    let mut d = sample();
    d.verdict.harness.state = crate::judge::HealthState::Invalid;
    d.verdict.outcome = Some(crate::judge::Outcome::InconclusiveHarness);
    let html = page(d);
    assert!(html.contains("INCONCLUSIVE") && html.contains("they show the harness, not the SMSC"));
    assert!(!html.contains("<th scope=\"row\">service time"));
    assert!(html.contains("<th scope=\"row\">harness lag"));
    assert!(!html.contains("<dl class=\"rates\">"));
}

#[test]
fn several_runs_stand_side_by_side_each_in_its_colour() {
    let mut runs = Vec::new();
    for number in 0..3 {
        let mut document = busy(60, 1.0, 4);
        document.run.id = format!("run-{number}");
        runs.push(Saved { document, seconds: None });
    }
    let html = page_of(&runs);
    for id in ["rate-accepted", "response", "service", "spectrum-response", "spectrum-service"] {
        let figure = figure(&html, id);
        for number in 0..3 {
            assert!(figure.contains(&format!("run-{number}</li>")), "{id} lacks run {number}");
            assert!(
                figure.contains(&format!("k-c{number}")),
                "{id} lacks the colour of run {number}"
            );
        }
    }
    assert_eq!(html.matches("<th scope=\"row\">service time (from actual send)").count(), 3);
    assert_eq!(html.matches("<section class=\"verdict").count(), 3);
    assert!(render(&[]).is_empty());
}

#[test]
fn ten_minutes_over_a_thousand_sessions_take_less_than_a_megabyte() {
    let document = busy(600, 1.0, 1_000);
    let octets = render(&[Saved { document, seconds: Some(seconds(600, 1.0)) }]);
    assert!(octets.len() < 1_000_000, "{}", octets.len());
    let html = String::from_utf8(octets).unwrap();
    assert!(html.contains("the worst 60 and the best 20"));
}

#[test]
fn a_day_takes_less_than_three_megabytes() {
    let document = busy(3_600, 24.0, 10);
    let octets = render(&[Saved { document, seconds: Some(seconds(3_600, 24.0)) }]);
    assert!(octets.len() < 3_000_000, "{}", octets.len());
    assert!(String::from_utf8(octets).unwrap().contains("If several intervals share one point"));
}

#[test]
fn the_pages_policy_lets_its_own_script_run_and_no_other() {
    use base64::Engine as _;
    let suite = tokio_rustls::rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
    let sha256 = suite.tls13().expect("it is a suite of TLS 1.3").common.hash_provider;
    let digest = |script: &str| {
        base64::engine::general_purpose::STANDARD.encode(sha256.hash(script.as_bytes()).as_ref())
    };
    let (report, live) = (digest(SCRIPT), digest(LIVE));
    assert_eq!(SCRIPT_SHA256, report, "script.js was changed: its digest goes to SCRIPT_SHA256");
    assert_eq!(LIVE_SHA256, live, "live.js was changed: its digest goes to LIVE_SHA256");
    assert!(page(sample()).contains(&format!("script-src 'sha256-{report}'")));
    // and the page that follows a run, both
    let follows = super::live::page("run", &[]);
    assert!(follows.contains(&format!("script-src 'sha256-{report}' 'sha256-{live}'")));
}

#[test]
fn a_gate_on_a_rate_stands_beside_the_rate_and_says_which_figure_it_was_decided_on() {
    let mut d = sample();
    let gate = |name: &str, value: f64| GateResult {
        name: name.to_owned(),
        expression: ">= 900/s".to_owned(),
        value: Some(GateValue::Number(value)),
        outcome: GateOutcome::Pass,
        unit: Unit::PerSecond,
        why: None,
    };
    d.gates = vec![gate("rate.accepted", 1000.0), gate("rate.written", 950.0)];
    let html = page(d);
    let beside = |name: &str| {
        let from = html.find(&format!("<dt>{name}</dt>")).unwrap();
        html[from..from + html[from..].find("</div>").unwrap()].to_owned()
    };
    assert!(beside("accepted").contains(">gate &#62;= 900/s: pass<"), "{}", beside("accepted"));
    let written = beside("written");
    assert!(written.contains(">gate &#62;= 900/s: pass, of 950/s<"), "{written}");
    assert!(!beside("answered").contains("against"));
}

#[test]
fn a_head_without_checks_has_no_empty_list_beside_its_lines() {
    let mut d = sample();
    d.verdict.reasons.clear();
    assert!(!page(d).contains("<ul class=\"checks\">"));
    assert!(page(sample()).contains("<ul class=\"checks\">"));
}

#[test]
fn what_is_left_at_the_end_of_a_second_is_not_drawn_before_what_happened_in_it() {
    let d = busy(3, 1.0, 2);
    let points = super::time::Timeline::of(&d).at_end(|row| row.sessions_up);
    let drawn: Vec<f64> = points.iter().map(|point| point.x).collect();
    assert_eq!(drawn, [1.0, 2.0, 3.0]);
}
