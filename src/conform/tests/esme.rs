//! The cases of an ESME against one that behaves, and against ones that are broken in ways of their own.
use crate::conform::examiner::Examiner;
use crate::conform::octets::Pdu;
use crate::conform::tests::examined::{Waiting, at_once, only, parts, plan_of, with_waits};
use crate::conform::tests::manners::{Manner, RESPONSE, connects};
use crate::conform::{
    CaseResult, Choice, Exchanged, Level, Limits, Outcome, Role, Run, Settings, cases, run,
};
use crate::kit::Nanos;
use std::collections::BTreeSet;

/// Every broken manner, with the cases that are run; none: all.
const BROKEN: [(Manner, &[&str]); 19] = [
    (Manner::Mute, &[]),
    (Manner::BadBind, &["4.1.1*", "5.1*"]),
    (Manner::WrongBind, &["4.1.1*", "5.2*"]),
    (Manner::BadFields, FIELDS),
    (Manner::CutBody, &["4.4.1-51"]),
    (Manner::CountsDown, &["4.4.1-51", "5.1.4*"]),
    (Manner::Busy, &["4.2.1-51", "5.1.2-51"]),
    (Manner::Waits, &["5.1.1-5*", "2.4-54"]),
    (Manner::Hangs, &["4.6.1-51", "4.7.1-51"]),
    (Manner::HangsUp, &["2.4*", "4*", "5.1.4*"]),
    (Manner::Talkative, &[]),
    (Manner::Hasty, &["2.2*", "4.1.2*", "4.2.1-52"]),
    (Manner::Once, &["4.11.1-51", "2.2-51"]),
    (Manner::NoWindow, &["2.9-51"]),
    (Manner::LosesCount, &["2.9-52"]),
    (Manner::Refuses, &["4.6*", "3.3*", "5*", "B-*"]),
    (Manner::GivesIds, &["4.6.2-54"]),
    (Manner::DropsOut, &["4.2.1-53"]),
    (Manner::Patient, &["2.9-54", "4.11.1-53"]),
];

/// Cases of the fields of a submit_sm.
const FIELDS: &[&str] = &[
    "3.3-52",
    "4.4.1*",
    "5.1.3-52",
    "5.1.4-53",
    "5.1.4-54",
    "5.2.5-52",
    "5.2.12-51",
    "5.2.12-52",
    "5.2.14-51",
    "5.2.15-51",
    "5.2.17-51",
    "5.2.18-51",
    "5.2.19-51",
    "5.3.2.22-51",
    "5.3.2.32-52",
];
/// Parts of the cases that are run beside each other where all are.
const PARTS: usize = 4;

fn examine(manner: Manner, choice: &Choice) -> Run {
    examine_some(manner, 1, choice)
}

/// Examines an ESME with so many sessions.
fn examine_some(manner: Manner, sessions_count: usize, choice: &Choice) -> Run {
    let plan = plan_of("");
    let mut settings = with_waits(Settings::of(&plan).unwrap(), Waiting::Usual);
    settings.waits.answer = Nanos::from_millis(if manner == Manner::Mute { 60 } else { 500 });
    settings.waits.silence = Nanos::from_millis(60);
    settings.waits.peer = Nanos::from_millis(400);
    settings.waits.late = Nanos::from_millis(500);
    settings.waits.case = Nanos::from_secs(3);
    settings.timers.enquire_link = Some(Nanos::from_millis(50));
    settings.timers.response = Some(RESPONSE);
    let chosen = choice.of(&cases(Role::Esme)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for _ in 0..sessions_count {
            std::thread::spawn(move || connects(manner, address));
        }
        let mut examiner = Examiner::of_esme(settings, listener);
        run(&mut examiner, &chosen, Limits { disturb: true }, &|| false, &mut |_| {}).await
    })
}

#[test]
fn an_esme_that_behaves_passes_every_case() {
    let run = examine(Manner::Good, &Choice { skip: vec!["4.2.1-53".into()], ..Choice::default() });
    assert_eq!(run.stopped, None);
    for result in &run.results {
        let (id, verdict) = (result.case.id, &result.verdict);
        assert_eq!(verdict.outcome, Outcome::Pass, "{id}: {}", verdict.seen);
        assert!(!result.exchange.is_empty() || id.starts_with("5.1"), "{id} shows no octets");
    }
    let leaves = examine(Manner::Leaves, &only(&["4.2.1-53"]));
    assert_eq!(
        leaves.results[0].verdict.outcome,
        Outcome::Pass,
        "{}",
        leaves.results[0].verdict.seen
    );
}

#[test]
fn further_sessions_of_an_esme_are_served_beside_the_examined_one_and_change_no_outcome() {
    let all = Choice { skip: vec!["4.2.1-53".into()], ..Choice::default() };
    let run = examine_some(Manner::Good, 3, &all);
    assert_eq!((run.stopped, run.further_sessions_count), (None, 2));
    for result in &run.results {
        let (id, verdict) = (result.case.id, &result.verdict);
        assert_eq!(verdict.outcome, Outcome::Pass, "{id}: {}", verdict.seen);
    }
}

#[test]
fn every_case_of_an_esme_has_a_broken_one_that_it_does_not_pass() {
    let of_manner = |(manner, patterns): (Manner, &[&str])| {
        let count = if patterns.is_empty() { PARTS } else { 1 };
        parts(Role::Esme, patterns, count).into_iter().map(move |choice| (manner, choice))
    };
    let all: Vec<(Manner, Choice)> = BROKEN.into_iter().flat_map(of_manner).collect();
    let mut found = BTreeSet::new();
    for run in at_once(&all, |(manner, choice)| examine(*manner, choice)) {
        let failed = run
            .results
            .iter()
            .filter(|result| matches!(result.verdict.outcome, Outcome::Fail | Outcome::Lenient));
        found.extend(failed.map(|result| result.case.id));
    }
    let blind: Vec<&str> =
        cases(Role::Esme).iter().map(|case| case.id).filter(|id| !found.contains(id)).collect();
    assert!(blind.is_empty(), "no broken ESME fails {blind:?}");
}

#[test]
fn each_broken_esme_fails_the_cases_of_its_fault_and_no_others() {
    let failed = |manner: Manner, patterns: &[&str]| -> Vec<&'static str> {
        let run = examine(manner, &only(patterns));
        let failed = run.results.iter().filter(|r| r.verdict.outcome == Outcome::Fail);
        failed.map(|r| r.case.id).collect()
    };
    assert_eq!(failed(Manner::GivesIds, &["4.6*"]), ["4.6.2-54"]);
    assert_eq!(failed(Manner::CountsDown, &["4.4.1*", "5.1*"]), ["5.1.4-54"]);
    assert_eq!(
        failed(Manner::WrongBind, &["4.1.1*", "5.2.4*", "5.2.5-51"]),
        ["4.1.1-52", "5.2.4-51", "5.2.5-51"]
    );
}

#[test]
fn gaps_between_sequence_numbers_and_a_generic_nack_of_an_unknown_response_are_allowed() {
    let run = examine(Manner::Gaps, &only(&["4.4.1*", "5.1.4*", "4.3.1-53"]));
    for result in &run.results {
        let (id, verdict) = (result.case.id, &result.verdict);
        assert_eq!(verdict.outcome, Outcome::Pass, "{id}: {}", verdict.seen);
    }
}

#[test]
fn an_esme_that_sends_all_the_time_does_not_put_off_the_end_of_a_case() {
    let run = examine(Manner::Busy, &only(&["5.1.2-51", "4.2.1-51"]));
    for result in &run.results {
        let (id, verdict) = (result.case.id, &result.verdict);
        assert_eq!(verdict.outcome, Outcome::Fail, "{id}: {}", verdict.seen);
        assert!(verdict.seen.starts_with("the peer did not answer in time"), "{}", verdict.seen);
    }
}

/// The outcome of each case, and whether the ESME bound for it.
fn outcomes(run: &Run) -> Vec<(&'static str, Outcome, bool)> {
    let binds = |one: &Exchanged| !one.is_sent && Pdu(one.octets.clone()).command().is_bind();
    let of = |r: &CaseResult| (r.case.id, r.verdict.outcome, r.exchange.iter().any(binds));
    run.results.iter().map(of).collect()
}

#[test]
fn an_esme_that_waits_for_ever_behind_a_bad_length_gets_a_new_session_for_the_next_case() {
    let run = examine(Manner::Waits, &only(&["4.11.1-51", "5.1.1-53", "2.4-54"]));
    let wanted = [("4.11.1-51", Outcome::Pass, true), ("5.1.1-53", Outcome::Fail, false)];
    assert_eq!(outcomes(&run), [&wanted[..], &[("2.4-54", Outcome::Fail, true)]].concat());
}

#[test]
fn a_session_that_died_of_one_case_is_not_held_against_the_next() {
    let run = examine(Manner::Hangs, &only(&["4.6.1-51", "5.3.2-51", "4.7.1-51", "4.2.1-51"]));
    let wanted = [("4.6.1-51", Outcome::Fail, true), ("5.3.2-51", Outcome::Pass, true)];
    let rest = [("4.7.1-51", Outcome::Pass, false), ("4.2.1-51", Outcome::Pass, false)];
    assert_eq!(outcomes(&run), [wanted, rest].concat());
    let seen = &run.results[0].verdict.seen;
    assert!(seen.ends_with("; nor is an enquire_link after it answered"), "{seen}");
}

#[test]
fn every_case_of_an_esme_says_how_much_it_matters() {
    let levels = cases(Role::Esme);
    assert!(levels.iter().filter(|case| case.level == Level::Must).count() >= 20);
    assert!(levels.iter().all(|case| case.cost == 0), "the ESME sends, not we");
}
