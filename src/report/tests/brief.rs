//! The twenty lines at the end of a run.
use super::super::brief;
use super::super::model::{RunModel, Tone};
use super::{Made, Style, ms};
use crate::judge::sample::{Fate, GOOD, plan};
use crate::measure::Outcome;
use serde_json::json;

fn lines(made: &Made, columns: usize) -> Vec<String> {
    let text = brief(&made.saved(), Style { columns, fits_screen: true, ..Style::default() });
    text.lines().map(str::to_owned).collect()
}

/// The same without line breaks.
fn flat(made: &Made) -> String {
    lines(made, 100).join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn where_a_line_has_no_room_for_the_ends_of_a_histogram_its_bars_stand_alone() {
    let made = Made::new(plan(200, 1, 8), |i, _| Fate { service: ms(100 + i % 900), ..GOOD });
    let accepted = |columns: usize| {
        let lines = lines(&made, columns);
        lines.into_iter().find(|line| line.starts_with("  accepted")).unwrap()
    };
    let (narrow, wide) = (accepted(76), accepted(120));
    assert!(narrow.contains('█') && !narrow.trim_end().ends_with('s'), "{narrow}");
    assert!(wide.contains('█') && wide.ends_with('s'), "{wide}");
}

#[test]
fn the_brief_summary_has_at_most_twenty_lines_within_the_width_and_ends_in_the_verdict() {
    let throttled = Fate { outcome: Some(Outcome::Rejected(0x58)), ..GOOD };
    let lost = Fate { outcome: Some(Outcome::Lost), ..GOOD };
    let silent = Fate { outcome: Some(Outcome::TimedOut), service: ms(5_000), ..GOOD };
    let unsent = Fate { outcome: None, service: ms(5_000), ..GOOD };
    let mut plan = plan(200, 1, 4);
    for (name, value) in [
        ("response.p99", "< 5ms"),
        ("verdict.outcome", "= sustained"),
        ("ratio.missing", "= 0"),
        ("ratio.rejected", "= 0"),
        ("rate.accepted", ">= 190"),
        ("service.p50", "< 1ms"),
    ] {
        plan.gates.push((name.to_owned(), json!(value)));
    }
    for fate in [
        [GOOD; 6],
        [throttled, GOOD, lost, silent, unsent, GOOD],
        [Fate { lag: ms(90), ..GOOD }; 6],
        [Fate { wait: ms(300), ..GOOD }, GOOD, GOOD, GOOD, GOOD, GOOD],
        [Fate { receipt: None, ..GOOD }, GOOD, GOOD, GOOD, GOOD, GOOD],
    ] {
        let made = Made::new(plan.clone(), |i, _| fate[(i % 6) as usize]);
        for columns in [80, 120] {
            let lines = lines(&made, columns);
            let text = lines.join("\n");
            assert!(lines.len() <= 20, "{}\n{text}", lines.len());
            assert!(lines.iter().all(|line| line.chars().count() <= columns), "{text}");
            let words = ["SUSTAINED  ", "NOT SUSTAINED  ", "INCONCLUSIVE  "];
            let last = lines.last().unwrap();
            assert!(words.iter().any(|word| last.starts_with(word)), "{text}");
            for label in ["  accepted", "  ledger", "  harness", "  files", "  next"] {
                assert_eq!(
                    lines.iter().filter(|line| line.starts_with(label)).count(),
                    1,
                    "{text}"
                );
            }
            assert!(text.contains("and 2 more gates") && text.contains("FAIL"), "{text}");
        }
    }
}

#[test]
fn where_the_summary_is_piped_every_reason_and_every_gate_is_said_whole() {
    let throttled = Fate { outcome: Some(Outcome::Rejected(0x58)), ..GOOD };
    let silent = Fate { outcome: Some(Outcome::TimedOut), service: ms(5_000), ..GOOD };
    let mut plan = plan(200, 1, 4);
    for (number, name) in ["p50", "p90", "p95", "p99", "max", "mean"].into_iter().enumerate() {
        plan.gates.push((format!("response.{name}"), json!(format!("< {}ms", number + 1))));
    }
    let made = Made::new(plan, |i, _| [throttled, GOOD, silent, GOOD][(i % 4) as usize]);
    let piped = brief(&made.saved(), Style::default());
    assert!(!piped.contains('…') && !piped.contains("more gate"), "{piped}");
    assert!(lines(&made, 80).iter().any(|line| line.ends_with('…')), "a screen cuts");
    let words = piped.split_whitespace().collect::<Vec<_>>().join(" ");
    let saved = made.saved();
    let failed = RunModel::of(&saved.document).top.checks;
    for check in failed.iter().filter(|check| check.tone == Tone::Bad) {
        assert!(words.contains(&check.says), "{}\n{piped}", check.says);
    }
    assert!(piped.lines().last().unwrap().contains("SUSTAINED  "), "{piped}");
    for name in ["p50", "p90", "p95", "p99", "max", "mean"] {
        assert!(words.contains(&format!("response.{name} < ")), "{name}: {piped}");
    }
    assert!(piped.lines().all(|line| line.chars().count() <= 100 || line.contains("  files")));
}

#[test]
fn a_good_run_shows_rates_times_and_histograms_and_what_to_do_next() {
    let made = Made::new(plan(200, 2, 8), |i, _| Fate { service: ms(5 + i % 50), ..GOOD });
    let lines = lines(&made, 120);
    let of = |label: &str| lines.iter().find(|line| line.starts_with(label)).unwrap().clone();
    let accepted = of("  accepted");
    assert!(accepted.contains("200/s · 1,600 · p50 ") && accepted.contains('█'), "{accepted}");
    assert!(of("  receipts").contains("200/s · 1,600 · p50"), "{lines:?}");
    assert!(of("  ledger").contains("balanced: 2,000 planned, 2,000 accepted, 2,000 final"));
    assert_eq!(lines.last().unwrap(), "SUSTAINED  200/s for 8 s");
    let text = lines.join("\n");
    assert!(text.contains("smppbench find rate sample.toml --seed 7"), "{text}");
    assert!(text.contains("smppbench render reports/sample --verbose"), "{text}");
}

#[test]
fn the_next_step_depends_on_what_the_run_showed() {
    let late = flat(&Made::new(plan(200, 0, 10), |_, _| Fate { lag: ms(80), ..GOOD }));
    assert!(
        late.contains("close other programs") && late.contains("smppbench selfcheck"),
        "{late}"
    );
    assert!(!late.contains("p50") || late.contains("lag p50"), "{late}");
    let silent = Fate { outcome: Some(Outcome::TimedOut), ..GOOD };
    let missed = Made::new(plan(200, 0, 10), |i, _| if i % 4 == 0 { silent } else { GOOD });
    assert!(flat(&missed).contains("next smppbench find rate sample.toml"), "{}", flat(&missed));
    let lost = Fate { receipt: None, ..GOOD };
    let unmatched = Made::new(plan(200, 0, 10), |i, _| if i % 4 == 0 { lost } else { GOOD });
    let text = flat(&unmatched);
    assert!(text.contains("MISSING") && text.contains("docs/tasks/receipts.md"), "{text}");
}

#[test]
fn a_rate_that_was_not_kept_is_told_beside_the_one_that_was_accepted() {
    let throttled = Fate { outcome: Some(Outcome::Rejected(0x58)), ..GOOD };
    let made = Made::new(plan(200, 0, 10), |i, _| if i % 4 == 0 { throttled } else { GOOD });
    let last = lines(&made, 120).pop().unwrap();
    assert_eq!(last, "NOT SUSTAINED  150/s accepted of 200/s for 10 s");
    // what failed is not the rate
    let lost = Fate { receipt: None, ..GOOD };
    let made = Made::new(plan(200, 0, 10), |i, _| if i % 4 == 0 { lost } else { GOOD });
    assert_eq!(lines(&made, 120).pop().unwrap(), "NOT SUSTAINED  200/s for 10 s");
}

#[test]
fn counts_on_one_line_are_of_the_same_time_and_those_of_the_whole_run_say_so() {
    let throttled = Fate { outcome: Some(Outcome::Rejected(0x58)), ..GOOD };
    let lost = Fate { receipt: None, ..GOOD };
    let made = Made::new(plan(200, 2, 10), |i, _| [lost, throttled, GOOD, GOOD][(i % 4) as usize]);
    let (document, text) = (made.saved().document, flat(&made));
    let whole = document.ledger.receipts.missing;
    assert!(whole > 500, "{whole}");
    assert!(text.contains(&format!("500 MISSING ({whole} in the whole run)")), "{text}");
    let whole = document.ledger.lines.rejected;
    let refused = format!("refused {whole} × ESME_RTHROTTLED in the whole run because");
    assert!(text.contains(&refused), "{text}");
}

#[test]
fn rates_are_those_of_the_document_unless_work_piled_up() {
    let lost = Fate { receipt: None, ..GOOD };
    let made = Made::new(plan(200, 0, 10), |i, _| if i % 4 == 0 { lost } else { GOOD });
    let text = made.text();
    assert!(text.contains("NOT SUSTAINED") && !text.contains("while the load was on"), "{text}");
    assert!(!flat(&made).contains("with the drain"), "{text}");
    // what asks for another rate is not what receipts ask for first
    assert!(flat(&made).contains("next docs/tasks/receipts.md"), "{}", flat(&made));
    let silent = Fate { outcome: Some(Outcome::TimedOut), ..GOOD };
    let made = Made::new(plan(200, 0, 10), |i, _| if i % 4 == 0 { silent } else { GOOD });
    assert!(flat(&made).contains("accepted 150/s · 1,500 with the drain"), "{}", flat(&made));
}

#[test]
fn a_target_that_an_event_left_broken_is_not_headed_as_if_it_were_back() {
    use crate::judge::RecoverySummary;
    let mut saved = Made::new(plan(200, 0, 10), |_, _| GOOD).saved();
    saved.document.window.disturbed_s = 6.0;
    let recovered = |recovered: u64| RecoverySummary {
        name: "crash".to_owned(),
        occurrences: 1,
        recovered,
        ..RecoverySummary::default()
    };
    for (count, tone, says) in [
        (1, Tone::Good, "SUSTAINED  200/s for 10 s undisturbed"),
        (0, Tone::Warn, "SUSTAINED  200/s for 10 s undisturbed, recovery from crash not seen"),
    ] {
        saved.document.recoveries = vec![recovered(count)];
        assert_eq!(brief(&saved, Style::default()).lines().last().unwrap(), says);
        assert_eq!(RunModel::of(&saved.document).headline.tone, tone);
    }
}

#[test]
fn a_harness_that_is_valid_is_not_called_late_two_lines_above() {
    let late = Fate { lag: ms(1), service: ms(2), ..GOOD };
    let text = flat(&Made::new(plan(200, 0, 10), |i, _| {
        if i % 50 == 0 { late } else { Fate { service: ms(2), ..GOOD } }
    }));
    assert!(text.contains("harness valid"), "{text}");
    assert!(text.contains("the harness is valid, but times this short show its own lag"), "{text}");
    assert!(!text.contains("the harness itself was late"), "{text}");
}

#[test]
fn the_next_step_of_a_calibration_takes_its_profile_and_not_its_number_of_runs() {
    let made = Made::new(plan(200, 0, 10), |_, _| GOOD);
    let mut saved = made.saved();
    saved.document.run.repro = "smppbench calibrate 5 sample.toml --seed 7".to_owned();
    let text = brief(&saved, Style { columns: 200, ..Style::default() });
    assert!(text.contains("smppbench find rate sample.toml --seed 7"), "{text}");
    saved.document.run.repro = "smppbench run sample.toml --baseline old.json --seed 7".to_owned();
    let text = brief(&saved, Style { columns: 200, ..Style::default() });
    assert!(text.contains("smppbench find rate sample.toml --seed 7"), "{text}");
}

#[test]
fn a_few_missing_receipts_are_looked_up_and_many_ask_for_another_id_mode() {
    let lost = Fate { receipt: None, ..GOOD };
    let few = flat(&Made::new(plan(200, 0, 10), |i, _| if i == 700 { lost } else { GOOD }));
    assert!(few.contains("1 MISSING") && few.contains("next missing.csv"), "{few}");
    assert!(!few.contains("receipts.id_mode"), "{few}");
}

#[test]
fn unknown_receipts_that_lost_messages_explain_ask_for_no_other_id_mode() {
    let made = Made::new(plan(200, 0, 10), |_, _| GOOD);
    let asks = |unknown: u64, lost: u64| {
        let mut saved = made.saved();
        saved.document.ledger.receipts.unknown = Some(unknown);
        saved.document.ledger.lines.lost = lost;
        let text = brief(&saved, Style { columns: 120, fits_screen: true, ..Style::default() });
        text.contains("receipts.id_mode")
    };
    assert_eq!([asks(0, 4), asks(1, 4), asks(1, 0), asks(5, 4)], [false, false, true, true]);
}

#[test]
fn the_run_of_a_side_names_no_search_that_could_not_have_its_settings() {
    let silent = Fate { outcome: Some(Outcome::TimedOut), ..GOOD };
    let made = Made::new(plan(200, 0, 10), |i, _| if i % 4 == 0 { silent } else { GOOD });
    let next = |repro: &str| {
        let mut saved = made.saved();
        saved.document.run.repro = repro.to_owned();
        brief(&saved, Style { columns: 200, fits_screen: true, ..Style::default() })
    };
    for side in [
        "smppbench duel sample.toml --seed 7 --b 'account.binds.window=2'",
        "smppbench duel sample.toml",
        "smppbench through sample.toml --overhead --blocks 6",
    ] {
        let text = next(side);
        assert!(!text.contains("find rate") && text.contains("smppbench render"), "{text}");
    }
    let text = next("smppbench through sample.toml --rate 200");
    assert!(text.contains("smppbench find rate sample.toml --through"), "{text}");
}

#[test]
fn where_the_window_delays_messages_both_times_are_shown() {
    let waits = Fate { wait: ms(900), ..GOOD };
    let text = flat(&Made::new(plan(200, 0, 10), |i, _| if i % 20 == 0 { waits } else { GOOD }));
    assert!(text.contains("response time from plan p50") && text.contains("from the send p50"));
    assert!(flat(&Made::new(plan(200, 0, 10), |_, _| GOOD)).contains("the same within 5 %"));
}

#[test]
fn what_was_planted_stands_beside_what_was_measured() {
    let mut made = Made::new(plan(200, 0, 10), |_, _| GOOD);
    made.profile["embedded"] = json!({ "response": { "latency": "10ms" } });
    let text = flat(&made);
    assert!(text.contains("planted response always 10 ms; measured 10 ms"), "{text}");
}
