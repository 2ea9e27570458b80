//! Whole judgements of synthetic records.
mod fitness;
pub(crate) mod sample;

use self::sample::{Fate, GOOD, plan, quiet, record};
use super::verdict::work_piled_up;
use super::*;
use crate::kit::{HostUse, Nanos, Rate};
use crate::measure::{Gauges, Outcome as Ended, RunRecord};
use crate::plan::{Plan, Ramp, Shape, Sine, Spike, Stage, Stairs};
use serde_json::json;

const fn ms(n: u64) -> Nanos {
    Nanos::from_millis(n)
}

fn judged(plan: &Plan, fate: impl FnMut(u64, Nanos) -> Fate) -> (RunRecord, Judgement) {
    let record = record(plan, fate, quiet);
    let judgement = judge(plan, &record, &HostUse::default());
    (record, judgement)
}

fn gate(plan: &mut Plan, name: &str, value: &str) {
    plan.gates.push((name.to_owned(), json!(value)));
}

#[test]
fn a_run_that_goes_well_is_sustained_and_nothing_limits_it() {
    let plan = plan(200, 5, 40);
    let (_, j) = judged(&plan, |_, _| GOOD);
    assert_eq!(j.books.failures, Vec::<String>::new());
    assert!(j.books.balanced);
    assert_eq!(j.health.state, HealthState::Valid, "{:?}", j.health);
    assert_eq!(j.health.adherence, Some(1.0));
    assert_eq!((j.steady.steady, j.steady.samples), (Some(true), 40));
    assert_eq!(j.outcome, Some(Outcome::Sustained), "{:?}", j.reasons);
    assert_eq!(j.limiter, Some(Limiter::None));
    assert_eq!(j.explanation, None);
    assert_eq!(j.measured.tally().planned, 8_000);
    assert_eq!(j.measured.target, Some(200.0));
    assert!(j.warnings.is_empty(), "{:?}", j.warnings);
}

#[test]
fn a_short_run_is_sustained_with_a_note_that_steadiness_was_not_judged() {
    let plan = plan(200, 2, 8);
    let (_, j) = judged(&plan, |_, _| GOOD);
    assert_eq!(j.outcome, Some(Outcome::Sustained));
    assert_eq!(j.steady.steady, None);
    assert!(j.notes.iter().any(|n| n.contains("30 s are needed")), "{:?}", j.notes);
}

#[test]
fn throttling_is_not_sustained_and_is_named_as_the_limiter() {
    let plan = plan(200, 0, 10);
    let throttled = Fate { outcome: Some(Ended::Rejected(0x58)), ..GOOD };
    let (_, j) = judged(&plan, |i, _| if i % 5 == 0 { throttled } else { GOOD });
    assert!(j.books.balanced);
    assert_eq!(j.outcome, Some(Outcome::NotSustained));
    assert_eq!(j.limiter, Some(Limiter::SmscThrottle));
    assert!(j.evidence[0].contains("400 of 2,000"), "{:?}", j.evidence);
    assert!(!work_piled_up(j.outcome, &j.reasons), "nothing piled up");
}

#[test]
fn a_late_harness_is_inconclusive_and_not_the_smscs_fault() {
    let plan = plan(200, 0, 10);
    let late = Fate { lag: ms(80), ..GOOD };
    let (_, j) = judged(&plan, |i, _| if i % 10 == 0 { late } else { GOOD });
    assert_eq!(j.health.state, HealthState::Invalid);
    assert_eq!(j.outcome, Some(Outcome::InconclusiveHarness));
    assert_eq!(j.limiter, Some(Limiter::Harness));
    assert!((j.health.adherence.unwrap() - 0.9).abs() < 1e-9);
    assert!(j.explanation.unwrap().cause.contains("harness itself was late"));
}

#[test]
fn a_slightly_late_harness_is_degraded_and_still_gives_a_verdict() {
    let plan = plan(200, 0, 10);
    let late = Fate { lag: ms(2), ..GOOD };
    let (_, j) = judged(&plan, |i, _| if i % 50 == 0 { late } else { GOOD });
    assert_eq!(j.health.state, HealthState::Degraded, "{:?}", j.health);
    assert_eq!(j.outcome, Some(Outcome::Sustained));
}

#[test]
fn messages_without_a_slot_do_not_count_against_the_harness() {
    let plan = plan(200, 0, 10);
    let unsent = Fate { outcome: None, service: ms(6_000), ..GOOD };
    let full = |second| Gauges { window_full_ns: 900_000_000, ..quiet(second) };
    let record = record(&plan, |i, _| if i % 2 == 0 { unsent } else { GOOD }, full);
    let j = judge(&plan, &record, &HostUse::default());
    assert_eq!(j.health.state, HealthState::Valid, "{:?}", j.health.checks);
    assert_eq!(j.outcome, Some(Outcome::NotSustained));
    assert_eq!(j.limiter, Some(Limiter::Window));
    assert!(j.books.balanced, "{:?}", j.books);
}

#[test]
fn messages_left_unsent_with_slots_free_count_against_the_harness() {
    let plan = plan(200, 0, 10);
    let unsent = Fate { outcome: None, service: ms(6_000), ..GOOD };
    let (_, j) = judged(&plan, |i, _| if i % 2 == 0 { unsent } else { GOOD });
    assert_eq!(j.health.state, HealthState::Invalid);
    assert_eq!(j.outcome, Some(Outcome::InconclusiveHarness));
}

#[test]
fn a_window_too_small_shows_littles_law_with_the_window_that_would_do() {
    let mut plan = plan(200, 0, 10);
    plan.accounts[0].binds.window = 1;
    let waited = Fate { wait: ms(500), service: ms(40), ..GOOD };
    let full = |second| Gauges { window_full_ns: 950_000_000, ..quiet(second) };
    let record = record(&plan, |_, _| waited, full);
    let j = judge(&plan, &record, &HostUse::default());
    assert_eq!(j.limiter, Some(Limiter::Window));
    // N = 200/s × 40 ms = 8 open; a fifth to spare over 2 binds: 5 each
    let law = j.littles_law.unwrap();
    assert!((law.open - 8.0).abs() < 0.01, "{law:?}");
    assert_eq!((law.slots, law.window), (2, 5));
    assert!(j.notes.iter().any(|n| n.contains("a window of 5 per bind is enough")));
    let why = j.explanation.unwrap().to_string();
    assert!(why.contains("window is too small"), "{why}");
}

#[test]
fn a_stall_is_explained_as_the_smscs_slow_spell() {
    let plan = plan(200, 0, 10);
    let stalled = Fate { wait: ms(900), ..GOOD };
    let (_, j) = judged(&plan, |i, _| if i % 20 == 0 { stalled } else { GOOD });
    let why = j.explanation.unwrap().to_string();
    assert!(why.contains("slow periods"), "{why}");
}

#[test]
fn a_growing_backlog_is_not_sustained_by_its_slope() {
    let plan = plan(200, 0, 20);
    let growing = |second| Gauges { backlog: 50 * second, ..quiet(second) };
    let record = record(&plan, |_, _| GOOD, growing);
    let j = judge(&plan, &record, &HostUse::default());
    assert_eq!(j.outcome, Some(Outcome::NotSustained));
    assert!(j.steady.growths.iter().any(|c| c.check == "backlog_growth" && c.failed()));
}

#[test]
fn a_gate_on_a_rate_that_counts_the_drain_says_so_where_the_rate_was_not_sustained() {
    let mut plan = plan(200, 0, 20);
    gate(&mut plan, "rate.accepted", ">= 199/s");
    gate(&mut plan, "rate.scheduled", ">= 199/s");
    let why = |growth: u64| {
        let growing = move |second| Gauges { backlog: growth * second, ..quiet(second) };
        let record = record(&plan, |_, _| GOOD, growing);
        let j = judge(&plan, &record, &HostUse::default());
        evaluate(&plan, &record, &j).into_iter().map(|g| g.why).collect::<Vec<_>>()
    };
    let piled_up = why(50);
    assert!(piled_up[0].as_ref().unwrap().contains("in the drain"), "{piled_up:?}");
    assert_eq!((piled_up[1].clone(), why(0)), (None, vec![None, None]));
}

#[test]
fn a_short_run_whose_backlog_grows_every_second_is_not_sustained_although_the_drain_clears_it() {
    let plan = plan(1_000, 0, 4);
    let waiting = |step: fn(u64) -> u64| {
        let backlog = move |second| Gauges { backlog: step(second), ..quiet(second) };
        let record = record(&plan, |_, _| GOOD, backlog);
        judge(&plan, &record, &HostUse::default()).outcome
    };
    assert_eq!(waiting(|second| 600 * second), Some(Outcome::NotSustained));
    assert_eq!(
        waiting(|second| [0, 600, 0, 600][second as usize]),
        Some(Outcome::InconclusiveNoise)
    );
    assert_eq!(waiting(|second| [600, 0, 600, 0][second as usize]), Some(Outcome::Sustained));
}

#[test]
fn a_drift_of_the_median_is_noise_and_a_slow_start_asks_for_a_longer_warm_up() {
    let plan = plan(100, 2, 40);
    let (_, j) = judged(&plan, |_, at| Fate { service: ms(10 + at.0 / 4_000_000_000), ..GOOD });
    assert_eq!(j.outcome, Some(Outcome::InconclusiveNoise), "{:?}", j.steady);
    let slow_start =
        |_: u64, at: Nanos| Fate { service: ms(if at < ms(12_000) { 60 } else { 10 }), ..GOOD };
    let (_, j) = judged(&plan, slow_start);
    assert_eq!(j.steady.warmup_needed_s, Some(12.0), "{:?}", j.steady);
    assert!(j.warnings.iter().any(|w| w == "the warm-up was too short; use at least 12 s"));
}

#[test]
fn a_closed_loop_has_no_verdict_no_adherence_and_no_target() {
    let plan = plan(200, 0, 10);
    let (record, _) = judged(&plan, |_, _| GOOD);
    let mut closed = plan;
    closed.stages[0].shape = Shape::Max;
    let j = judge(&closed, &record, &HostUse::default());
    assert_eq!((j.outcome, j.health.adherence, j.health.lag_p99), (None, None, None));
    assert_eq!(j.measured.target, None);
    let scope = Scope::whole(&j.measured, j.measured.mo(&record));
    assert_eq!(FIGURES.iter().find(|f| f.name == "scheduled").and_then(|f| (f.of)(&scope)), None);
}

#[test]
fn quota_and_hypervisor_degrade_the_harness() {
    let plan = plan(200, 0, 10);
    let record = record(&plan, |_, _| GOOD, quiet);
    let host = HostUse { throttled: Some(0.2), steal: Some(0.3) };
    let j = judge(&plan, &record, &host);
    assert_eq!(j.health.state, HealthState::Degraded);
    assert_eq!(j.health.failures().count(), 2);
}

#[test]
fn a_message_counted_twice_breaks_the_books_and_is_named_with_both_sides() {
    let plan = plan(100, 0, 5);
    let mut record = record(&plan, |_, _| GOOD, quiet);
    record.cells[0].1.tally.accepted += 1;
    let books = Books::of(&plan, &record);
    assert!(!books.balanced);
    assert!(books.failures[0].contains("written = 500"), "{:?}", books.failures);
    assert!(books.failures[0].contains("difference -1"), "{:?}", books.failures);
}

#[test]
fn two_errors_in_different_cells_do_not_cancel() {
    let plan = plan(100, 3, 5);
    let mut record = record(&plan, |_, _| GOOD, quiet);
    record.cells[0].1.tally.accepted += 1;
    record.cells[1].1.tally.accepted -= 1;
    let books = Books::of(&plan, &record);
    assert!(books.failures[0].starts_with("stage warm-up, account main, label otp"), "{books:?}");
}

#[test]
fn the_simulators_tally_must_agree_to_the_message() {
    let plan = plan(100, 0, 5);
    let rejected = Fate { outcome: Some(Ended::Rejected(8)), ..GOOD };
    let silent = Fate { outcome: Some(Ended::TimedOut), ..GOOD };
    let missing = Fate { receipt: None, ..GOOD };
    let record = record(
        &plan,
        |i, _| match i {
            0..10 => rejected,
            10..13 => silent,
            13..20 => missing,
            _ => GOOD,
        },
        quiet,
    );
    let mut tally = TallyView {
        submits_by_status: vec![(0, 490), (8, 10)],
        responses_sent: 497,
        responses_withheld: 3,
        receipts_withheld: 7,
        ..TallyView::default()
    };
    tally.receipts_by_state[2] = 480;
    let check = against_tally(&record, &tally);
    assert!(check.agrees && check.exact, "{:#?}", check.lines);
    for change in [
        |t: &mut TallyView| t.submits_by_status[0].1 -= 1,
        |t: &mut TallyView| t.submits_by_status[1].0 = 9,
        |t: &mut TallyView| t.responses_sent -= 1,
        |t: &mut TallyView| t.receipts_by_state[2] += 1,
        |t: &mut TallyView| t.receipts_withheld += 1,
        |t: &mut TallyView| t.receipts_duplicated += 1,
    ] {
        let mut other = tally.clone();
        change(&mut other);
        let check = against_tally(&record, &other);
        assert!(!check.agrees, "{other:?}");
        assert!(check.lines.iter().any(|l| matches!(l, TallyLine::Differs(_))));
    }
}

#[test]
fn where_a_connection_was_lost_the_tally_is_held_in_a_bracket() {
    let plan = plan(100, 0, 5);
    let lost = Fate { outcome: Some(Ended::Lost), ..GOOD };
    let record = record(&plan, |i, _| if i < 20 { lost } else { GOOD }, quiet);
    let tally = |submits| TallyView {
        submits_by_status: vec![(0, submits)],
        receipts_by_state: [0, 0, 480, 0, 0, 0, 0, 0, 0, 0, 0],
        ..TallyView::default()
    };
    for (submits, agrees) in [(479, false), (480, true), (493, true), (500, true), (501, false)] {
        let check = against_tally(&record, &tally(submits));
        assert_eq!((check.agrees, check.exact), (agrees, false), "{submits}: {check:?}");
    }
}

#[test]
fn gates_pass_and_fail_by_value_and_are_undecided_on_too_small_a_sample() {
    let mut plan = plan(200, 0, 10);
    for (name, value) in [
        ("response.p99", "< 50ms"),
        ("response.p50", "< 5ms"),
        ("response.p99_99", "< 50ms"),
        ("ratio.rejected", "<= 0.1%"),
        ("rate.accepted", ">= 199/s"),
        ("rate.accepted", ">= 201/s"),
        ("verdict.outcome", "= sustained"),
        ("label.otp.response.p99", "< 50ms"),
        ("account.main.receipt.p95", "< 1s"),
        ("stage.hold.ledger.written", "= 2000"),
        ("bind.p50", "< 1s"),
    ] {
        gate(&mut plan, name, value);
    }
    assert_eq!(check_gates(&plan), Ok(()));
    let (record, j) = judged(&plan, |_, _| GOOD);
    let outcomes: Vec<GateOutcome> =
        evaluate(&plan, &record, &j).into_iter().map(|g| g.outcome).collect();
    use GateOutcome::{Fail, Pass, Undecided};
    // the second is an objective that fails, so the outcome is not sustained
    let wanted = vec![Pass, Fail, Undecided, Pass, Pass, Fail, Fail, Pass, Pass, Pass, Undecided];
    assert_eq!(outcomes, wanted);
}

#[test]
fn a_gate_is_undecided_where_its_interval_straddles_the_limit() {
    let mut plan = plan(200, 0, 10);
    gate(&mut plan, "response.p50", "< 20ms");
    let (record, j) =
        judged(&plan, |i, _| Fate { service: Nanos(i * 7919 % 2000 * 20_000), ..GOOD });
    let g = &evaluate(&plan, &record, &j)[0];
    assert_eq!(g.outcome, GateOutcome::Undecided);
    assert!(g.why.as_ref().unwrap().contains("contains the limit"), "{g:?}");
    assert_eq!(j.outcome, Some(Outcome::InconclusiveNoise));
}

#[test]
fn with_an_invalid_harness_a_kept_gate_stays_kept_and_a_broken_one_needs_the_service_time() {
    let mut plan = plan(200, 0, 10);
    gate(&mut plan, "response.p50", "< 1s");
    gate(&mut plan, "response.p50", "< 50ms");
    gate(&mut plan, "response.p50", "< 5ms");
    gate(&mut plan, "ratio.rejected", "<= 1%");
    gate(&mut plan, "verdict.outcome", "= sustained");
    // how many there were does not depend on when
    gate(&mut plan, "response.count", "= 2000");
    gate(&mut plan, "response.count", "< 2000");
    let (record, j) = judged(&plan, |_, _| Fate { lag: ms(200), ..GOOD });
    assert_eq!(j.health.state, HealthState::Invalid);
    let outcomes: Vec<GateOutcome> =
        evaluate(&plan, &record, &j).into_iter().map(|g| g.outcome).collect();
    use GateOutcome::{Fail, Pass, Undecided};
    assert_eq!(outcomes, vec![Pass, Undecided, Fail, Pass, Undecided, Pass, Fail]);
}

#[test]
fn a_gate_among_unanswered_messages_fails_by_its_lower_bound() {
    let mut plan = plan(200, 0, 10);
    gate(&mut plan, "response.p99", "< 1s");
    let silent = Fate { outcome: Some(Ended::TimedOut), service: ms(5_000), ..GOOD };
    let (record, j) = judged(&plan, |i, _| if i % 20 == 0 { silent } else { GOOD });
    let g = &evaluate(&plan, &record, &j)[0];
    assert_eq!((g.outcome, &g.value), (GateOutcome::Fail, &None));
}

#[test]
fn unknown_metrics_list_near_names_and_unknown_forms_are_refused() {
    for (name, value, says) in [
        ("respons.p99", json!("< 5ms"), "near: response.p99"),
        ("response.p98", json!("< 5ms"), "response.p9"),
        ("account.silver.response.p99", json!("< 5ms"), "accounts are main"),
        ("account.main.rate.target", json!("> 1/s"), "account.main.rate."),
        ("response.p99", json!("<= baseline * 1.05"), "column 13"),
        ("response.p99", json!({"is": "< 5ms", "for": "10"}), "for: expected a duration"),
        ("response.p99", json!({"is": "< 5ms", "stage": "peak"}), "its stages are hold"),
        ("response.p99", json!({"stage": "hold"}), "expected is"),
        ("response.p99", json!({"is": "< 5ms", "fro": 1}), "unknown key"),
        ("response.p99", json!(5), "expected a text"),
    ] {
        let mut plan = plan(200, 0, 10);
        plan.gates.push((name.to_owned(), value));
        let why = check_gates(&plan).unwrap_err().to_string();
        assert!(why.contains(says) && !why.contains('\n'), "{name}: {why}");
    }
}

#[test]
fn every_name_of_the_catalogue_can_be_gated() {
    let plan = plan(200, 0, 10);
    let names = all_names();
    for name in &names {
        assert!(Named::find(name, &Names::of(&plan)).is_ok(), "{name}");
    }
    let mut unique = names.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), names.len());
}

#[test]
fn the_planned_messages_of_each_shape_are_its_integral() {
    let r = Rate::per_second;
    let s = Nanos::from_secs;
    for (shape, length, messages) in [
        (Shape::Hold(r(10)), 6, 60.0),
        (Shape::Ramp(Ramp(r(0), r(10))), 6, 30.0),
        (Shape::Stairs(Stairs { from: r(1), to: r(3), step: r(1), each: s(2) }), 6, 12.0),
        (Shape::Stairs(Stairs { from: r(3), to: r(1), step: r(1), each: s(2) }), 6, 12.0),
        (Shape::Spike(Spike { base: r(1), peak: r(10), at: s(2), length: s(1) }), 6, 15.0),
        (Shape::Sine(Sine { mean: r(5), amplitude: r(5), period: s(2) }), 6, 30.0),
    ] {
        let stage = Stage { name: String::new(), shape, length: s(length), measure: true };
        // a sine's knots are whole millionths of a message a second
        let off = stage_messages(&stage).unwrap() - messages;
        assert!(off.abs() < 1e-5, "{stage:?} {off}");
    }
}

#[test]
fn a_load_that_falls_behind_with_a_worker_never_idle_is_the_harnesss_even_when_the_window_was_full()
{
    let plan = plan(200, 0, 10);
    let gauges = |run_delay_ns| {
        move |_| Gauges {
            cpu_ns: 700_000_000,
            run_delay_ns,
            window_full_ns: 900_000_000,
            ..quiet(0)
        }
    };
    let unsent = Fate { outcome: None, ..GOOD };
    let fate = |i: u64, _| if i.is_multiple_of(2) { GOOD } else { unsent };
    let judged = |run_delay_ns| {
        let record = record(&plan, fate, gauges(run_delay_ns));
        judge(&plan, &record, &HostUse::default())
    };
    let j = judged(300_000_000);
    assert_eq!(j.health.state, HealthState::Invalid, "{:?}", j.health);
    assert_eq!(j.outcome, Some(Outcome::InconclusiveHarness));
    assert_eq!(j.limiter, Some(Limiter::Harness));
    assert!(
        j.evidence.iter().any(|e| e.contains("worker busy") || e.contains("worker_busy")),
        "{:?}",
        j.evidence
    );
    // with time to spare it is the window
    let j = judged(50_000_000);
    assert_eq!((j.outcome, j.limiter), (Some(Outcome::NotSustained), Some(Limiter::Window)));
}

#[test]
fn a_loop_that_was_held_up_for_seconds_is_no_slow_smsc() {
    // frozen for 6 of 40 s: what was open then was read late, and shows as service time
    let plan = plan(200, 0, 40);
    let frozen = Fate { service: ms(6_000), ..GOOD };
    let fate = |_, at: Nanos| if at < Nanos::from_secs(6) { frozen } else { GOOD };
    let mut record = record(&plan, fate, quiet);
    assert_eq!(judge(&plan, &record, &HostUse::default()).health.state, HealthState::Valid);
    record.workers[0].held_ns[6] = 6_000_000_000;
    let j = judge(&plan, &record, &HostUse::default());
    assert_eq!(j.outcome, Some(Outcome::InconclusiveHarness));
    assert!(j.evidence.iter().any(|e| e.contains("loop held up")), "{:?}", j.evidence);
    assert_eq!(j.health.held_max, Some(0.15));
}

#[test]
fn a_socket_buffer_that_the_kernel_made_smaller_is_said_with_what_was_granted() {
    let mut plan = plan(200, 2, 8);
    plan.target.send_buffer = Some(1_000_000);
    plan.target.receive_buffer = Some(100_000);
    let (mut record, _) = judged(&plan, |_, _| GOOD);
    record.sessions[0].transport = Some(crate::measure::Transport {
        send_buffer: 425_984,
        receive_buffer: 200_000,
        ..Default::default()
    });
    let said = judge(&plan, &record, &HostUse::default()).warnings;
    let said: Vec<_> = said.iter().filter(|w| w.contains("buffer")).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("target.send_buffer") && said[0].contains("212,992"), "{said:?}");
}
