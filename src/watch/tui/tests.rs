//! The picture of real runs: the load side against the simulator on the virtual clock, drawn at chosen seconds.
use super::keys::Keys;
use super::panels;
use super::snapshot::{Snapshot, SnapshotBuilder};
use super::view::View;
use crate::judge::{HealthState, Outcome};
use crate::kit::Nanos;
use crate::measure::{CutReason, Observer, Phase, Progress, Steer};
use crate::plan::{self, Overrides, Plan, Source};
use crate::trial::{Memory, Trial};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::sync::Arc;

const SIZES: [(u16, u16); 2] = [(80, 24), (160, 50)];

/// Keeps a snapshot of each look; presses a key at one.
struct Film {
    builder: SnapshotBuilder,
    shots: Vec<Snapshot>,
    keys: Keys,
    press: fn(&Keys, Nanos),
}

impl Observer for Film {
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
        let shot = self.builder.snapshot(progress, progress.at);
        self.keys.in_force(shot.percent);
        (self.press)(&self.keys, progress.at);
        self.shots.push(shot);
        None
    }
    fn steer(&mut self) -> Option<Steer> {
        self.keys.take()
    }
}

fn plan(toml: &str) -> Plan {
    let source = Source::Text { name: "live.toml".into(), text: toml.into() };
    plan::load(&source, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"))
}

fn filmed(toml: &str, press: fn(&Keys, Nanos)) -> (Plan, Vec<Snapshot>) {
    let plan = plan(toml);
    let mut film =
        Film { builder: SnapshotBuilder::new(&plan), shots: Vec::new(), keys: Keys::new(), press };
    let mut memory = Memory::default();
    memory.run(&plan, &mut film).unwrap_or_else(|e| panic!("{e}"));
    (plan, film.shots)
}

fn view_of(plan: &Plan, shot: &Snapshot) -> View {
    let mut view = View::new(plan, false);
    view.look(Some(Arc::new(shot.clone())), Keys::new().asked());
    view
}

/// The rows of the screen.
fn screen(view: &View, now: Nanos, (columns, rows): (u16, u16)) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| panels::draw(view, frame, view.at(now))).unwrap();
    let buffer = terminal.backend().buffer();
    let row = |y: u16| (0..columns).map(|x| buffer[(x, y)].symbol().to_owned()).collect::<String>();
    (0..rows).map(row).collect()
}

fn shown(plan: &Plan, shot: &Snapshot, size: (u16, u16)) -> Vec<String> {
    screen(&view_of(plan, shot), shot.taken, size)
}

/// That each text stands on one row, from left to right.
fn has(rows: &[String], texts: &[&str]) {
    let found = rows.iter().any(|row| {
        let mut rest = row.as_str();
        texts.iter().all(|text| match rest.split_once(text) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    });
    assert!(found, "no row has {texts:?}:\n{}", rows.join("\n"));
}

/// How many cells of a chart hold dots.
fn dots(rows: &[String]) -> usize {
    rows.concat().chars().filter(|c| ('\u{2801}'..='\u{28ff}').contains(c)).count()
}

fn at(shots: &[Snapshot], second: u64) -> &Snapshot {
    let wanted = |s: &&Snapshot| s.phase == Phase::Load && s.at >= Nanos::from_secs(second);
    shots.iter().find(wanted).unwrap()
}

const RAMP: &str = r#"
name = "evening"
[binds]
count = 2
window = 20
[[load.stages]]
ramp = [0, 400]
for = "10s"
measure = false
name = "warm up"
[[load.stages]]
hold = 400
for = "20s"
[[messages]]
text = "hello"
[embedded.response]
latency = "20ms"
[embedded.receipts]
delay = "300ms"
"#;

#[test]
fn a_ramp_shows_its_rates_times_and_stages_at_both_sizes() {
    let (plan, shots) = filmed(RAMP, |_, _| {});
    for size in SIZES {
        let rows = shown(&plan, at(&shots, 6), size);
        has(&rows, &["smppbench · evening → embedded", "6 s of 30 s, 24 s left"]);
        has(&rows, &["target", "220/s"]);
        has(&rows, &["sent", "22", "/s"]);
        has(&rows, &["last 5 s", "p50", "p90", "p99", "max", "queues"]);
        has(&rows, &["response", "20.2 ms", "20.2 ms", "in flight", "/40"]);
        has(&rows, &["receipt", "321 ms", "receipts awaited"]);
        has(&rows, &["harness lag", "sessions", "2/2"]);
        has(&rows, &["▶ warm up", "4 s left", "ESME_ROK"]);
        has(&rows, &["hold", "20 s"]);
        has(&rows, &["not measured yet"]);
        has(&rows, &["p pause · + − rate · q drain and finish · Ctrl-C interrupt"]);

        let rows = shown(&plan, at(&shots, 25), size);
        has(&rows, &["✓ warm up", "done"]);
        has(&rows, &["▶ hold", "5 s left"]);
        has(&rows, &["harness valid"]);
        has(&rows, &["on time", "100 %"]);
    }
    let wide = shown(&plan, at(&shots, 25), (160, 50));
    has(&wide, &["✓ warm up", "0/s → 400/s", "done"]);
    let rising = shown(&plan, at(&shots, 9), (160, 50));
    assert!(dots(&rising) > 20, "{rising:?}");
    has(&rising, &["a second, the last 9, up to", "times, logarithmic, 2", " to 3"]);
    has(&rising, &["response p50", "20.", " ms"]);
    has(&rising, &["receipt p99", "32", " ms"]);
}

#[test]
fn throttling_shows_what_was_refused_and_how_much() {
    let toml = format!("{RAMP}[embedded.limits]\nrate = 100\nburst = 0\n");
    let (plan, shots) = filmed(&toml, |_, _| {});
    for size in SIZES {
        let rows = shown(&plan, at(&shots, 20), size);
        has(&rows, &["ESME_RTHROTTLED"]);
        has(&rows, &["accepted", "/s"]);
        has(&rows, &["400/s"]);
    }
    let wide = shown(&plan, at(&shots, 20), (160, 50));
    has(&wide, &["ESME_RTHROTTLED", "4,", " %"]);
}

#[test]
fn a_lost_session_is_missing_from_the_count_and_told_when_it_is_back() {
    let more = "[binds.rebind]\nmin = \"3s\"\nmax = \"3s\"\nattempts_max = 5\n\
                [[embedded.faults]]\nkind = \"close\"\nat = \"12s\"\nsessions = \"one\"\n";
    let (plan, shots) = filmed(&format!("{RAMP}{more}"), |_, _| {});
    for size in SIZES {
        let down = shown(&plan, at(&shots, 14), size);
        has(&down, &["sessions", "1/2"]);
        let back = shown(&plan, at(&shots, 25), size);
        has(&back, &["sessions", "2/2"]);
        has(&back, &["at 12 s session", "went down (closed", "bound again after "]);
        has(&back, &["lost with session"]);
    }
}

#[test]
fn a_drain_says_that_it_drains_and_why_the_load_was_cut() {
    let (plan, shots) = filmed(RAMP, |keys, at| {
        if at >= Nanos::from_secs(15) {
            keys.end();
        }
    });
    let drain = shots.iter().find(|s| s.phase == Phase::Drain).unwrap();
    assert!(drain.at < Nanos::from_secs(17), "{:?}", drain.at);
    for size in SIZES {
        let rows = shown(&plan, drain, size);
        has(&rows, &["draining for 0 s"]);
        has(&rows, &["✓ warm up", "done"]);
        has(&rows, &["✗ hold", "cut"]);
        // what was sent before the cut still stands
        assert!(dots(&rows) > 5, "{rows:?}");
        has(&rows, &["the load ended early: ended by the operator"]);
        has(&rows, &["draining, then the report · Ctrl-C interrupt"]);
    }
}

#[test]
fn a_step_of_the_rate_is_shown_as_asked_and_then_as_it_is() {
    let (plan, shots) = filmed(RAMP, |keys, at| {
        if at.0 / 1_000_000_000 == 12 {
            keys.slower();
            keys.slower();
        }
    });
    let later = at(&shots, 20);
    assert_eq!(later.percent, 80);
    let rows = shown(&plan, later, (80, 24));
    has(&rows, &["smppbench", "rate 80 → 100 %"]);
    has(&rows, &["target", "320/s"]);
    has(&rows, &["sent", "320/s"]);
    let mut view = view_of(&plan, later);
    let keys = Keys::new();
    keys.slower();
    keys.slower();
    view.look(None, keys.asked());
    has(&screen(&view, later.taken, (80, 24)), &[" rate 80 % ", "20 s of 30 s"]);
}

#[test]
fn a_closed_loop_has_no_target_and_no_rate_to_change() {
    let toml = RAMP.replace("hold = 400", "max = true");
    let (plan, shots) = filmed(&toml, |_, _| {});
    let shot = at(&shots, 15);
    let rows = shown(&plan, shot, (80, 24));
    has(&rows, &["target", "–"]);
    has(&rows, &["p pause · q drain and finish"]);
    assert!(!view_of(&plan, shot).may_steer());
}

#[test]
fn what_never_came_is_never_a_time() {
    let toml = RAMP.replace("latency = \"20ms\"", "lost = 0.3") + "[timeouts]\nresponse = \"1s\"\n";
    let (plan, shots) = filmed(&toml, |_, _| {});
    let rows = shown(&plan, at(&shots, 20), (80, 24));
    has(&rows, &["response", "never", "never"]);
    has(&rows, &["timed out"]);
}

#[test]
fn a_question_mark_explains_the_view_at_its_smallest_size_too() {
    let (plan, shots) = filmed(RAMP, |_, _| {});
    let shot = at(&shots, 20);
    let mut view = view_of(&plan, shot);
    for size in [(60, 15), (80, 24), (200, 50)] {
        view.help = true;
        let rows = screen(&view, shot.taken, size);
        has(&rows, &["what this shows"]);
        has(&rows, &["harness", "does smppbench keep up?"]);
        has(&rows, &["?", "back to the run"]);
        assert!(!rows.concat().contains('…'), "{rows:?}");
        view.help = false;
        has(&screen(&view, shot.taken, size), &["▶ hold"]);
    }
    has(&screen(&view, shot.taken, (80, 24)), &["? explains"]);
}

#[test]
fn a_late_harness_is_not_called_valid() {
    let plan = crate::judge::sample::plan(200, 0, 8);
    let late =
        crate::judge::sample::Fate { lag: Nanos::from_millis(8), ..crate::judge::sample::GOOD };
    for (fate, state) in
        [(crate::judge::sample::GOOD, HealthState::Valid), (late, HealthState::Invalid)]
    {
        let record = crate::judge::sample::record(&plan, |_, _| fate, crate::judge::sample::quiet);
        let at = Nanos::from_secs(8);
        let progress =
            Progress { phase: Phase::Load, at, load_ends: at, record: &record, sessions: (2, 2) };
        let shot = SnapshotBuilder::new(&plan).snapshot(&progress, at);
        let harness = &shot.judged.as_ref().unwrap().judgement.health;
        assert_eq!(harness.state, state);
        // as the judge says at the end
        let judged = crate::judge::judge(&plan, &record, &crate::kit::HostUse::default());
        assert_eq!(judged.health.state, state);
        assert_eq!(harness.adherence, judged.health.adherence);
        assert_eq!(harness.lag_p99, judged.health.lag_p99);
        let (shown_cpu, cpu) = (harness.cpu_max.unwrap(), judged.health.cpu_max.unwrap());
        assert!((shown_cpu - cpu).abs() < 1e-9, "{shown_cpu} {cpu}");
        has(&shown(&plan, &shot, (80, 24)), &[&format!("harness {}", state.name())]);
    }
}

#[test]
fn below_its_smallest_size_it_says_so_in_one_line_and_at_it_everything_has_its_place() {
    let (plan, shots) = filmed(RAMP, |_, _| {});
    let shot = at(&shots, 25);
    for small in [(59, 15), (59, 14), (60, 14), (30, 4), (1, 1)] {
        let rows = shown(&plan, shot, small);
        assert!(rows[1..].iter().all(|row| row.trim().is_empty()), "{rows:?}");
    }
    has(&shown(&plan, shot, (59, 14)), &["the live view needs 60×15, this terminal has 59×14"]);
    let rows = shown(&plan, shot, (60, 15));
    for text in
        ["target", "receipts", "harness lag", "sessions", "▶ hold", "ESME_ROK", "harness valid"]
    {
        has(&rows, &[text]);
    }
    has(&rows, &["in flight", "/40"]);
}

#[test]
fn no_two_panels_overlap_at_any_size() {
    let (plan, shots) = filmed(RAMP, |_, _| {});
    let shot = at(&shots, 25);
    for columns in (60..200).step_by(7) {
        for rows in (15..60).step_by(3) {
            let screen = shown(&plan, shot, (columns, rows));
            for text in
                ["target", "sent", "accepted", "response", "harness lag", "in flight", "sessions"]
            {
                let count = screen.iter().filter(|row| row.contains(&format!(" {text} "))).count();
                assert!(count >= 1, "{text} at {columns}×{rows}:\n{}", screen.join("\n"));
            }
            has(&screen[..1], &["smppbench", "s left"]);
            has(&screen[screen.len() - 1..], &["p pause"]);
        }
    }
}

const GATES: &str = r#"
[gates]
"response.p99" = "< 100ms"
"response.p50" = "< 10ms"
"rate.accepted" = ">= 399/s"
"ledger.planned" = ">= 7900"
"#;

#[test]
fn each_gate_is_shown_with_its_value_so_far_and_the_verdict_with_its_worst_check() {
    let (plan, shots) = filmed(&format!("{RAMP}{GATES}"), |_, _| {});
    let early = shown(&plan, at(&shots, 6), (120, 40));
    has(&early, &["── no verdict yet ──"]);
    let shot = at(&shots, 20);
    for size in [(60, 24), (80, 24), (120, 40), (200, 50)] {
        let rows = shown(&plan, shot, size);
        has(&rows, &["NOT SUSTAINED so far · 1 of 4 gates failing"]);
        has(&rows, &["✗ response.p50 < 10ms", "20.1 ms"]);
        if size.0 >= 80 {
            has(&rows, &["gates failing · response.p50"]);
            has(&rows, &["? ledger.planned >= 7900", "4,0"]);
        }
        if size.1 >= 40 {
            has(&rows, &["✓ rate.accepted >= 399/s"]);
            has(&rows, &["✓ response.p99 < 100ms", "20.1 ms"]);
        }
    }
    let small = shown(&plan, shot, (60, 15));
    has(&small, &["── gates 2/4 ok ─"]);
    has(&small, &["NOT SUSTAINED "]);
    has(&small, &["harness valid"]);
    let end = shots.iter().rev().find(|shot| shot.phase == Phase::Unbind).unwrap();
    has(&shown(&plan, end, (120, 40)), &["✓ ledger.planned >= 7900", "8,000"]);
}

#[test]
fn what_is_in_flight_or_awaited_is_no_failure_so_far() {
    let slow = RAMP
        .replace("latency = \"20ms\"", "latency = \"900ms\"")
        .replace("delay = \"300ms\"", "delay = \"4s\"")
        .replace("window = 20", "window = 1000");
    let gates = "[gates]\n\"rate.accepted\" = \">= 399/s\"\n";
    let (_, shots) = filmed(&format!("{slow}{gates}"), |_, _| {});
    for shot in shots.iter().filter(|shot| shot.phase == Phase::Load) {
        let Some(judged) = &shot.judged else { continue };
        assert_ne!(
            judged.judgement.outcome,
            Some(Outcome::NotSustained),
            "{:?} {judged:?}",
            shot.at
        );
        assert!(!judged.gates[0].failed(), "{:?} {judged:?}", shot.at);
    }
    assert!(at(&shots, 29).judged.is_some());
}

#[test]
fn a_costly_judgement_is_kept_for_a_hundred_times_its_cost() {
    let plan = crate::judge::sample::plan(200, 0, 8);
    let good = crate::judge::sample::GOOD;
    let record = crate::judge::sample::record(&plan, |_, _| good, crate::judge::sample::quiet);
    let end = Nanos::from_secs(8);
    let progress =
        Progress { phase: Phase::Load, at: end, load_ends: end, record: &record, sessions: (2, 2) };
    let mut builder = SnapshotBuilder::new(&plan);
    let mut judged = |second: u64, cost: u64| {
        let taken = Nanos::from_secs(second);
        let shot = builder.snapshot(&progress, taken);
        builder.took(taken, Nanos::from_millis(cost));
        shot.judged.unwrap()
    };
    let first = judged(1, 50);
    assert!(Arc::ptr_eq(&first, &judged(2, 50)));
    assert!(Arc::ptr_eq(&first, &judged(5, 50)));
    assert!(!Arc::ptr_eq(&first, &judged(6, 1)));
}

#[test]
fn observed_series_have_a_line_where_there_is_room() {
    use crate::judge::Unit;
    use crate::watch::observed::LatestValue;
    let (plan, shots) = filmed(RAMP, |_, _| {});
    let mut shot = at(&shots, 25).clone();
    let of = |name: &str, unit, value| LatestValue { name: name.to_owned(), unit, value };
    shot.observed = vec![of("gw.rss", Unit::Octets, 2_097_152.0), of("gw.cpu", Unit::Cores, 0.5)];
    let rows = shown(&plan, &shot, (120, 40));
    has(&rows, &["observed"]);
    has(&rows, &["gw.rss 2 MiB · gw.cpu 0.5 cores"]);
    let small = shown(&plan, &shot, (80, 24)).join("\n");
    assert!(!small.contains("gw.rss"), "{small}");
}

#[test]
fn text_from_a_peer_cannot_steer_the_terminal() {
    let (plan, shots) = filmed(RAMP, |_, _| {});
    let mut shot = at(&shots, 25).clone();
    shot.cut_reason = Some("foreign_traffic: \u{1b}[2J\u{202e}".to_owned());
    has(&shown(&plan, &shot, (160, 50)), &["foreign_traffic: \\u{1b}[2J\\u{202e}"]);
}

#[test]
fn a_picture_held_still_neither_moves_nor_counts_on() {
    let (plan, shots) = filmed(RAMP, |_, _| {});
    let half = Nanos::from_millis(12_500);
    let first = &Snapshot { at: half, taken: half, ..at(&shots, 12).clone() };
    let later = at(&shots, 20);
    let mut view = view_of(&plan, first);
    let asked = Keys::new().asked();
    assert!(view.changed(first.taken));
    assert!(!view.changed(first.taken + Nanos::from_millis(1)), "nothing is new");
    assert!(view.changed(first.taken + Nanos::from_secs(1)), "a second has passed");
    view.pause();
    view.look(Some(Arc::new(later.clone())), asked);
    let rows = screen(&view, later.taken, (80, 24));
    has(&rows, &["PAUSED", "13 s of 30 s"]);
    has(&rows, &["p go on"]);
    view.pause();
    view.look(Some(Arc::new(later.clone())), asked);
    has(&screen(&view, later.taken, (80, 24)), &["20 s of 30 s"]);
}

#[test]
fn without_colour_no_cell_has_one_and_with_it_some_do() {
    use ratatui::style::Color;
    let (plan, shots) = filmed(RAMP, |_, _| {});
    for colour in [false, true] {
        let mut view = View::new(&plan, colour);
        view.look(Some(Arc::new(at(&shots, 25).clone())), Keys::new().asked());
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| panels::draw(&view, frame, view.at(Nanos::from_secs(25)))).unwrap();
        let cells = terminal.backend().buffer().content();
        assert_eq!(cells.iter().any(|c| c.fg != Color::Reset || c.bg != Color::Reset), colour);
    }
}
