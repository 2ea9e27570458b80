//! The page of a search against its document.
use super::super::tests::{EVIL, assert_harmless, figure};
use super::*;
use crate::kit::words;
use crate::search::Ended;
use crate::search::document::{Cost, TrialRow};
use crate::search::document::{LadderResult, LatencyAt, Limit, ObjectiveResult, Point};
use crate::search::enforced::How;
use crate::search::knee::{Knee, Usl};

/// What the script reads out of a figure.
fn data(html: &str, id: &str) -> serde_json::Value {
    let json = figure(html, id).split("application/json\">").nth(1).unwrap();
    serde_json::from_str(json.split("</script>").next().unwrap()).unwrap()
}

/// (name, places, values) of a series of a figure.
fn series(html: &str, id: &str, name: &str) -> serde_json::Value {
    let data = data(html, id);
    let all = data["series"].as_array().unwrap();
    all.iter().find(|s| s["name"] == name).unwrap_or_else(|| panic!("no {name}: {data}")).clone()
}

fn trial(number: u32, rate: f64, kept: Option<bool>, ends: (Option<f64>, Option<f64>)) -> TrialRow {
    TrialRow {
        number,
        kind: "probe".into(),
        rate: Some(rate),
        kept: vec![kept],
        lower: ends.0,
        upper: ends.1,
        says: format!("probe {} told", words::rate(rate)),
        ..TrialRow::default()
    }
}

fn rate() -> Search {
    let mut search = Search::new(Kind::Rate, "evening", "smsc.example:2775");
    search.cost = Cost { trials: 5, messages: 123_456, seconds: 65.4 };
    (search.lower, search.upper) = (Some(4_000.0), Some(5_000.0));
    search.objectives.push(ObjectiveResult {
        name: "zero loss".into(),
        lower: Some(4_000.0),
        upper: Some(5_000.0),
        confirmed: true,
        broken_by: Some("ratio.throttled 0.8 %".into()),
        limiter: Some("smsc_throttle".into()),
    });
    search.trials = vec![
        trial(1, 2_000.0, Some(true), (Some(2_000.0), None)),
        trial(2, 8_000.0, Some(false), (Some(2_000.0), Some(8_000.0))),
        trial(3, 4_000.0, Some(true), (Some(4_000.0), Some(8_000.0))),
        trial(4, 5_000.0, None, (Some(4_000.0), Some(8_000.0))),
        trial(5, 5_000.0, Some(false), (Some(4_000.0), Some(5_000.0))),
        TrialRow { number: 6, kind: "latency".into(), rate: Some(400.0), ..TrialRow::default() },
    ];
    search.latency_at = [(0.1, 20), (0.5, 22), (0.9, 31)]
        .map(|(share, ms)| LatencyAt {
            share,
            rate: 4_000.0 * share,
            response_p50_ns: Some(ms * 1_000_000),
            response_p99_ns: Some(ms * 3_000_000),
            receipt_p50_ns: Some(ms * 20_000_000),
            receipt_p99_ns: None,
            forward_p50_ns: None,
            forward_p99_ns: None,
        })
        .into();
    search.recommendation = "Run at 3,600/s.".into();
    search.recommendation_toml = "# why\n[load]\nstages = []\n".into();
    search.repro = "smppbench find rate --width 2%".into();
    search
}

fn swept(kind: Kind) -> Search {
    let mut search = Search::new(kind, "evening", "smsc.example:2775");
    search.limit =
        Some(Limit { value: 37, how: How::Status, status: Some("ESME_RTHROTTLED".into()) });
    search.knee = Some(Knee { value: 10.2, low: 9.5, high: 10.9 });
    search.usl = Some(Usl { lambda: 100.0, sigma: 0.02, kappa: 0.000_1, peak: None });
    // as `find window` leaves them: the refinement around the knee comes last
    search.points = [(1, 100.0), (4, 390.0), (16, 980.0), (32, 1_000.0), (10, 900.0)]
        .map(|(n, throughput)| Point {
            window: if kind == Kind::Window { n } else { 20 },
            binds: if kind == Kind::Window { 1 } else { n },
            throughput,
            error: 0.01,
            service_mean_ns: Some(10_000_000 + n * 100_000),
            service_p99_ns: Some(30_000_000 + n * 900_000),
            littles_share: Some(0.98),
            throttled_share: 0.0,
            harness_limited: n == 32,
        })
        .into();
    search.ladders.push(LadderResult {
        bind_type: "transceiver".into(),
        bound: 37,
        attempts: 38,
        limit: search.limit.clone(),
        displaced: 0,
        place_free_at_once: Some(false),
        why: Some("session 38: bind refused".into()),
    });
    search.trials.push(TrialRow {
        number: 1,
        kind: "sweep".into(),
        window: Some(4),
        says: "1 × 4".into(),
        ..TrialRow::default()
    });
    search
}

#[test]
fn the_answer_and_what_to_run_at_stand_above_all_charts() {
    let html = page(&rate());
    let place = |words: &str| html.find(words).unwrap_or_else(|| panic!("no {words}\n{html}"));
    let answer = place("<strong>RATE</strong> <span>between 4,000/s and 5,000/s</span>");
    let kept = place(
        "zero loss: met at 4,000/s (confirmed), missed at 5,000/s: ratio.throttled 0.8 %; limiter: smsc_throttle",
    );
    let advice = place("Run at 3,600/s.");
    let toml = place("# why\n[load]\nstages = []</pre>");
    let chart = place("<svg class=\"chart\"");
    assert!(answer < kept && kept < advice && advice < toml && toml < chart);
    place("<dt>width of the interval</dt><dd>25 %</dd>");
    place("5 trials</span>");
    place("123,456 submit_sm</span>");
}

#[test]
fn the_bracket_closes_in_step_by_step_and_each_trial_is_a_dot_of_its_outcome() {
    let html = page(&rate());
    let lower = series(&html, "closing-in", "highest rate that met the objective");
    assert_eq!(lower["v"], serde_json::json!([2_000, 2_000, 2_000, 4_000, 4_000]));
    assert_eq!(lower["w"], serde_json::json!([2_000, 2_000, 4_000, 4_000, 4_000]));
    let upper = series(&html, "closing-in", "lowest rate that missed it");
    assert_eq!(upper["v"], serde_json::json!([null, 8_000, 8_000, 8_000, 5_000]));
    assert_eq!(upper["w"], serde_json::json!([null, 8_000, 8_000, 8_000, 8_000]));
    for (name, colour, places, rates) in [
        ("trial: met", "k-good", vec![1, 3], vec![2_000, 4_000]),
        ("trial: missed", "k-bad", vec![2, 5], vec![8_000, 5_000]),
        ("trial: undecided", "k-warn", vec![4], vec![5_000]),
    ] {
        let dots = series(&html, "closing-in", name);
        assert_eq!((&dots["x"], &dots["v"]), (&places.into(), &rates.into()), "{name}");
        assert!(figure(&html, "closing-in").contains(colour));
    }
}

#[test]
fn latency_below_the_rate_is_drawn_and_listed_as_it_was_found() {
    let html = page(&rate());
    let p99 = series(&html, "latency-by-rate", "response p99");
    assert_eq!(p99["v"], serde_json::json!([60_000_000, 66_000_000, 93_000_000]));
    assert_eq!(p99["x"], serde_json::json!({ "from": 400.0, "step": 1_600.0 }), "evenly apart");
    assert!(figure(&html, "latency-by-rate").contains(">met 4,000/s<"));
    // no value of receipts' p99 was supported: neither a line nor a number
    assert!(!figure(&html, "latency-by-rate").contains("receipt p99"));
    for cell in ["<td>620 ms</td><td>–</td><td>31 ms</td><td>93 ms</td>", "<td>3,600/s</td>"] {
        assert!(html.contains(cell), "{cell}");
    }
}

#[test]
fn throughput_and_latency_stand_against_the_window_with_the_knee_and_the_limit() {
    for (kind, title) in [(Kind::Window, "window of a bind"), (Kind::Binds, "binds, logarithmic")] {
        let html = page(&swept(kind));
        let throughput = series(&html, "throughput", "accepted a second");
        assert_eq!(throughput["x"], serde_json::json!([1, 4, 10, 16, 32]));
        assert_eq!(throughput["v"], serde_json::json!([100, 390, 900, 980, 1_000]));
        let interval = series(&html, "throughput", "its 95 % interval");
        assert_eq!((&interval["v"][0], &interval["w"][0]), (&98.04.into(), &101.96.into()));
        let limited = series(&html, "throughput", "its 95 % interval; the harness was the limit");
        assert_eq!(limited["x"], serde_json::json!([32]));
        let law = series(&html, "throughput", "scalability law");
        assert_eq!(law["v"][0], 100, "λ at one");
        let mean = series(&html, "latency", "mean");
        assert_eq!(mean["v"][2], 11_000_000);
        for id in ["throughput", "latency"] {
            let figure = figure(&html, id);
            for words in
                [title, ">knee 10.2<", ">limit 37<", "beyond it, the SMSC answers ESME_RTHROTTLED"]
            {
                assert!(figure.contains(words), "{id}: {words}");
            }
            assert_eq!(data(&html, id)["x"][2], "log");
            assert_eq!(data(&html, id)["x"][1], 64.0, "the limit is on the axis");
        }
        assert_eq!(html.contains("session 38: bind refused"), kind == Kind::Binds);
        assert_eq!(html.contains("not released at once"), kind == Kind::Binds);
    }
}

#[test]
fn what_was_not_found_is_said_and_what_does_not_belong_is_left_out() {
    let mut search = Search::new(Kind::Rate, "evening", "embedded");
    (search.ended, search.why) = (Ended::Budget, Some("5 trials were run".into()));
    search.recommendation = "Nothing can be recommended.".into();
    let html = page(&search);
    assert!(html.contains("verdict is-warn"));
    assert!(html.contains("none found so far; ended: budget: 5 trials were run"));
    assert!(html.contains("Nothing can be recommended."));
    assert!(figure(&html, "closing-in").contains("No trial at a rate was completed"));
    assert!(figure(&html, "latency-by-rate").contains("was not measured"));
    let html = page(&Search::new(Kind::Window, "evening", "embedded"));
    assert!(figure(&html, "throughput").contains("No load was measured"));
    let offered = "<th scope=\"col\">offered</th>";
    assert!(page(&rate()).contains(offered) && !page(&swept(Kind::Window)).contains(offered));
}

#[test]
fn nothing_that_a_profile_or_a_peer_says_becomes_markup_and_nothing_is_loaded() {
    let evil = || EVIL.to_owned();
    for mut search in [rate(), swept(Kind::Window), swept(Kind::Binds)] {
        (search.name, search.target, search.why) = (evil(), evil(), Some(evil()));
        search.ended = Ended::TargetLost;
        (search.recommendation, search.recommendation_toml) = (evil(), evil());
        (search.repro, search.notes) = (evil(), vec![evil()]);
        for limit in search.limit.iter_mut() {
            limit.status = Some(evil());
        }
        for objective in &mut search.objectives {
            (objective.name, objective.broken_by) = (evil(), Some(evil()));
            objective.limiter = Some(evil());
        }
        search.objectives.extend(search.objectives.clone());
        for trial in &mut search.trials {
            (trial.says, trial.kind, trial.harness) = (evil(), evil(), Some(evil()));
        }
        for ladder in &mut search.ladders {
            (ladder.bind_type, ladder.why) = (evil(), Some(evil()));
        }
        let html = page(&search);
        assert_harmless(&html);
    }
}
