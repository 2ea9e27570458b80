//! Two releases of a gateway, compared: their transit times and what went wrong inside, and gates against a baseline.
use super::plants::Plant;
use super::relay::Habits;
use super::simulation::Setup;
use super::{delays, profile};
use crate::judge::compare::{
    self, Comparison, Evidence, MetricComparison, Proportion, RunSet, Settings, ThroughSides,
    Verdict,
};
use crate::judge::{GateOutcome, HealthState, RelativeGate, judge};
use crate::kit::{Environment, HostUse, Nanos};
use crate::plan::resolved_json;
use crate::report::{self, Document, Run, Saved, Style, format, hlog};
use serde_json::Value;
use std::sync::Arc;

/// A run of 2,000 messages through a relay with these habits.
fn saved(habits: Habits) -> Saved {
    saved_of(&profile(2_000, 100), habits)
}

fn saved_of(profile: &str, habits: Habits) -> Saved {
    let setup = Setup::with(profile, habits);
    let plan = setup.plan();
    let outcome = setup.run();
    let mut record = outcome.record;
    record.through = Some(Arc::new(outcome.through));
    let judgement = judge(&plan, &record, &HostUse::default());
    Saved::of(&Run {
        plan: &plan,
        profile: &resolved_json(&plan),
        record: &record,
        judgement: &judgement,
        gates: &[],
        environment: &Environment::default(),
        id: "run-1",
        version: "0.1.0",
        commit: None,
        target: "127.0.0.1:2775",
        repro: "smppbench through",
        tally: None,
        warnings: &[],
        labels: &[],
        folder: None,
        show_content: false,
    })
}

/// One message in a hundred is lost, and the others take 2 ms longer to come out.
fn worse() -> Habits {
    let forward = delays().forward + Nanos::from_millis(2);
    Habits { forward, plants: vec![Plant::Lose], ..delays() }
}

fn compared(base: Evidence, candidate: Evidence) -> Comparison {
    let settings = Settings { resamples: 200, ..Settings::default() };
    let side = |run: Evidence| RunSet::of(&[run], settings.resamples, 1).unwrap();
    compare::compare(&side(base), &side(candidate), &settings).unwrap()
}

fn releases() -> [Saved; 2] {
    [saved(delays()), saved(worse())]
}

fn of<'c>(comparison: &'c Comparison, name: &str) -> &'c MetricComparison {
    comparison.metric(name).unwrap_or_else(|| panic!("no {name}"))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_release_of_a_gateway_that_loses_messages_and_takes_longer_is_worse_by_both() {
    let [old, new] = releases();
    let found = compared(old.evidence().unwrap(), new.evidence().unwrap());
    assert_eq!((found.through, found.verdict), (ThroughSides::Both, Verdict::Worse));
    let lost = of(&found, "ratio.lost_inside");
    assert!(lost.primary && lost.verdict == Verdict::Worse, "{lost:?}");
    assert_eq!(lost.base_counts, Some(Proportion { part: 0, of: 2_000 }));
    assert_eq!(lost.candidate_counts, Some(Proportion { part: 20, of: 2_000 }));
    let forward = of(&found, "through.forward.p50");
    assert!(forward.primary && forward.verdict == Verdict::Worse, "{forward:?}");
    let truth = 9.04 / 7.04;
    assert!((forward.change.unwrap() - truth).abs() < 0.01, "{forward:?}");
    assert_eq!(forward.note, None, "its seconds are in the log");
    assert_eq!(of(&found, "through.receipt_return.p50").verdict, Verdict::Equivalent);
    let doubled = of(&found, "ratio.duplicated");
    assert!(doubled.is_zero_on_both_sides() && doubled.verdict == Verdict::Equivalent);
    // and the other way round
    let back = compared(new.evidence().unwrap(), old.evidence().unwrap());
    for name in ["ratio.lost_inside", "through.forward.p50"] {
        assert_eq!(of(&back, name).verdict, Verdict::Better, "{name}");
    }
}

#[test]
fn a_release_of_a_gateway_that_loses_mo_is_worse_by_its_count_of_them() {
    let profile = profile(400, 100) + "mo.rate = 500\n";
    let wrong = Habits { mo_wrong_every: 50, ..delays() };
    let [old, new] = [delays(), wrong].map(|habits| saved_of(&profile, habits));
    let found = compared(old.evidence().unwrap(), new.evidence().unwrap());
    let mo = &new.document.through.as_ref().unwrap().mo;
    assert!(mo.lost > 0 && mo.duplicate > 0 && mo.altered > 0, "{mo:?}");
    for (name, part, of_all) in [
        ("ratio.mo_lost_inside", mo.lost, mo.sent - mo.pending),
        ("ratio.mo_duplicated", mo.duplicate, mo.sent),
        ("ratio.mo_altered", mo.altered, mo.came),
    ] {
        let row = of(&found, name);
        assert_eq!(row.candidate_counts, Some(Proportion { part, of: of_all }), "{name}");
        assert_eq!(row.base_counts.map(|counts| counts.part), Some(0), "{name}");
        assert_eq!(row.verdict, Verdict::Worse, "{name}: {row:?}");
    }
}

#[test]
fn every_format_of_a_comparison_has_the_books_and_the_times_of_both_gateways() {
    let [old, new] = releases();
    let found = compared(old.evidence().unwrap(), new.evidence().unwrap());
    let text = report::comparison::text(&found, Style::default());
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let text = one_line(&text);
    for says in [
        "The candidate's ratio.lost_inside is 20 of 2,000, and was 0 of 2,000 (+1 points;",
        "worse: ratio.lost_inside (+1 points), through.forward.p50 (+28.",
        "lost inside 0 of 2,000 20 of 2,000 worse",
        "wrong upstream 0 of 2,000 0 of 1,980 equal",
        "through.gateway.p99",
    ] {
        assert!(text.contains(says), "{says:?} is not in {text}");
    }
    assert!(!text.contains("ratio.wrong_upstream"), "it is in the counts");
    let markdown = report::comparison::markdown(&found);
    assert!(markdown.contains("| lost inside | 0 of 2,000 | 20 of 2,000 | worse |"), "{markdown}");
    let json: Value = serde_json::from_slice(&report::comparison::json(&found)).unwrap();
    assert_eq!(json["through"], "both");
    assert_eq!(serde_json::from_value::<Comparison>(json).unwrap(), found);
    let html = report::comparison::html(&found, &[old], &[new]);
    for says in ["Inside the gateway, in counts", "20 of 2,000", "submit_sm, front to behind"] {
        assert!(html.contains(says), "{says}");
    }
}

#[test]
fn runs_that_were_saved_compare_as_they_did_when_they_had_just_ended() {
    let [old, new] = releases();
    let read_back = |saved: &Saved| {
        let file = |name: &str| (format(name).unwrap().render)(saved).unwrap();
        let document = Document::from_json(&file("json")).unwrap();
        Saved { document, seconds: Some(hlog::read(&file("hlog")).unwrap()) }
    };
    let evidence = |saved: &Saved| saved.evidence().unwrap();
    let fresh = compared(evidence(&old), evidence(&new));
    assert_eq!(compared(evidence(&read_back(&old)), evidence(&read_back(&new))), fresh);
}

#[test]
fn without_the_transit_times_of_each_second_it_says_that_messages_count_as_independent() {
    let alone = releases().map(|saved| Saved { seconds: None, ..saved }.evidence().unwrap());
    let [old, new] = alone;
    let forward = compared(old, new).metric("through.forward.p50").cloned().unwrap();
    assert!(forward.note.as_ref().unwrap().contains("transit times in latency.hlog"));
    assert!(forward.low.is_some() && forward.high.is_some(), "{forward:?}");
}

#[test]
fn where_one_side_went_through_no_gateway_one_line_says_so_and_nothing_is_judged_by_it() {
    let [mut direct, through] = releases();
    direct.document.through = None;
    direct.document.latency.through = report::document::Table::default();
    let found = compared(direct.evidence().unwrap(), through.evidence().unwrap());
    assert_eq!(found.through, ThroughSides::Candidate);
    assert_eq!(found.settings.primary, Settings::default().primary);
    let is_inside =
        |m: &MetricComparison| m.name.starts_with("through.") || m.name == "ratio.lost_inside";
    assert!(!found.metrics.iter().any(is_inside));
    let text = one_line(&report::comparison::text(&found, Style::default()));
    let says = "only the candidate went through a gateway: its transit times and the books of both sides are not compared";
    assert_eq!(text.matches("went through a gateway").count(), 1, "{text}");
    assert!(text.contains(says), "{text}");
    assert!(!text.contains("lost inside"), "{text}");
}

fn decided(comparison: &Comparison, name: &str, limit: &str) -> GateOutcome {
    let gate = RelativeGate::read(name, &Value::from(limit)).unwrap().unwrap();
    gate.decide(Some(comparison), None).outcome
}

#[test]
fn gates_on_times_and_books_of_a_gateway_are_decided_against_a_baseline() {
    let [old, new] = releases().map(|saved| saved.evidence().unwrap());
    let found = compared(old.clone(), new.clone());
    for (name, limit, outcome) in [
        ("through.forward.p99", "<= baseline + 5%", GateOutcome::Fail),
        ("through.forward.p99", "<= baseline + 40%", GateOutcome::Pass),
        ("through.receipt_return.p50", "<= baseline + 5%", GateOutcome::Pass),
        ("through.mo.p50", "<= baseline + 5%", GateOutcome::Undecided),
        ("ratio.lost_inside", "<= baseline", GateOutcome::Fail),
        ("ratio.lost_inside", "<= baseline + 5%", GateOutcome::Fail),
        ("ratio.duplicated", "<= baseline", GateOutcome::Pass),
        ("ratio.receipts_other_account", "<= baseline + 5%", GateOutcome::Pass),
    ] {
        assert_eq!(decided(&found, name, limit), outcome, "{name} {limit}");
    }
    // what was counted on both sides needs no harness that kept up; what was timed does
    let late = Evidence { harness: HealthState::Invalid, ..new };
    let found = compared(old, late);
    assert_eq!(of(&found, "ratio.lost_inside").verdict, Verdict::Worse);
    assert_eq!(decided(&found, "ratio.lost_inside", "<= baseline"), GateOutcome::Fail);
    assert_eq!(decided(&found, "through.forward.p99", "<= baseline + 5%"), GateOutcome::Undecided);
}

#[test]
fn a_difference_in_the_books_that_chance_makes_is_inconclusive_and_never_equivalent() {
    let [old, _] = releases().map(|saved| saved.evidence().unwrap());
    let mut new = old.clone();
    let lost = new.shares.iter_mut().find(|(name, _)| name == "ratio.lost_inside").unwrap();
    lost.1.part = 1;
    let found = compared(old, new);
    let lost = of(&found, "ratio.lost_inside");
    assert_eq!(lost.verdict, Verdict::Inconclusive, "{lost:?}");
    assert!(lost.runs_needed.is_some(), "{lost:?}");
}
