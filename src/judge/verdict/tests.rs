use super::super::judge;
use super::super::sample::{Fate, GOOD, plan, quiet, record};
use super::*;
use crate::kit::HostUse;
use crate::measure::{Gauges, Outcome as Ended};

/// Times out after 5 s; what waited for its slot waited for 2 s.
const UNANSWERED: Fate = Fate {
    outcome: Some(Ended::TimedOut),
    wait: Nanos::from_secs(2),
    service: Nanos::from_secs(5),
    ..GOOD
};

#[test]
fn an_smsc_that_answers_nothing_is_not_said_to_answer_too_slowly() {
    let full = |_| Gauges { window_full_ns: 900_000_000, ..quiet(0) };
    let plan = plan(100, 0, 10);
    let record = record(&plan, |_, _| UNANSWERED, full);
    let j = judge(&plan, &record, &HostUse::default());
    assert_eq!((j.outcome, j.limiter), (Some(Outcome::NotSustained), Some(Limiter::Window)));
    let said = j.explanation.map(|e| e.to_string()).unwrap_or_default();
    let none = "1,000 messages were sent and the SMSC answered none";
    assert!(said.ends_with(&format!(": {none}.")), "{said}");
    assert!(said.contains("the service time at least 5 s"), "{said}");
    assert!(j.evidence.contains(&none.to_owned()), "{:?}", j.evidence);
}

#[test]
fn an_smsc_that_was_silent_from_the_start_is_the_limiter_though_nothing_was_written_any_more() {
    let full = |_| Gauges { window_full_ns: 1_000_000_000, ..quiet(0) };
    let plan = plan(100, 2, 10);
    let waiting = Fate { outcome: None, ..UNANSWERED };
    let fate = |i, _| if i < 40 { UNANSWERED } else { waiting };
    let record = record(&plan, fate, full);
    let j = judge(&plan, &record, &HostUse::default());
    assert_eq!((j.outcome, j.limiter), (Some(Outcome::NotSustained), Some(Limiter::Window)));
    let none = "40 messages were sent and the SMSC answered none";
    assert!(j.evidence.contains(&none.to_owned()), "{:?}", j.evidence);
}

#[test]
fn binds_at_their_own_rate_with_free_slots_are_not_limited_by_the_window() {
    let full = |_| Gauges { window_full_ns: 160_000_000, ..quiet(0) };
    let mut plan = plan(100, 0, 10);
    plan.accounts[0].binds.rate_max = Some(crate::kit::Rate::per_second(60));
    let record_of = |fate| record(&plan, |_, _| fate, full);
    let j = judge(&plan, &record_of(GOOD), &HostUse::default());
    assert_eq!((j.outcome, j.limiter), (Some(Outcome::Sustained), Some(Limiter::None)));
    let waited = Fate { wait: Nanos::from_millis(20), ..GOOD };
    let j = judge(&plan, &record_of(waited), &HostUse::default());
    assert_eq!(j.limiter, Some(Limiter::Window));
    assert!(j.evidence[0].contains("rate_max"), "{:?}", j.evidence);
    assert!(j.explanation.is_some_and(|e| e.cause.contains("rate_max")));
    assert!(j.notes.iter().all(|n| !n.contains("Little")), "{:?}", j.notes);
}

#[test]
fn a_rate_that_was_kept_and_refused_in_part_is_not_said_to_have_been_kept_from_nothing() {
    let plan = plan(100, 0, 10);
    let refused = Fate { outcome: Some(Ended::Rejected(0x45)), ..GOOD };
    let record = record(&plan, |i, _| if i % 100 == 0 { refused } else { GOOD }, quiet);
    let j = judge(&plan, &record, &HostUse::default());
    assert_eq!((j.outcome, j.limiter), (Some(Outcome::NotSustained), Some(Limiter::None)));
    assert!(
        j.evidence[0].contains("the verdict comes from rejected of sent 1 %"),
        "{:?}",
        j.evidence
    );
}

#[test]
fn six_messages_are_not_explained_by_a_percentile_that_six_do_not_have() {
    let plan = plan(1, 0, 6);
    let late = Fate { lag: Nanos::from_millis(15), ..GOOD };
    let record = record(&plan, |i, _| if i == 3 { late } else { GOOD }, quiet);
    let said = judge(&plan, &record, &HostUse::default()).explanation.unwrap().to_string();
    assert_eq!(
        said,
        "The longest response time is 25 ms and the longest service time 10 ms: the harness itself was late \
         (up to 15 ms): do not read the response time as the SMSC's."
    );
}

#[test]
fn messages_that_waited_while_sessions_were_down_are_not_said_to_have_waited_for_a_slow_smsc() {
    let full = |_| Gauges { window_full_ns: 300_000_000, ..quiet(0) };
    let plan = plan(200, 0, 10);
    let waited = Fate { wait: Nanos::from_secs(1), ..GOOD };
    let fate = |_, at: Nanos| if at < Nanos::from_secs(3) { waited } else { GOOD };
    let mut record = record(&plan, fate, full);
    record.outages.push(Outage {
        session: 0,
        from: Nanos::ZERO,
        to: Some(Nanos::from_secs(3)),
        cause: crate::measure::DownCause::Closed,
        lost: 0,
        attempts: 1,
    });
    let j = judge(&plan, &record, &HostUse::default());
    assert_eq!(j.limiter, Some(Limiter::Connection));
    // one of two sessions, for 3 of 10 s
    let said = ["sessions had 1 outage", "sessions were missing for 15 % of the time"];
    assert_eq!(j.evidence, said);
    let cause = j.explanation.unwrap().cause;
    assert!(cause.starts_with("messages waited while sessions were down"), "{cause}");
}

#[test]
fn an_id_mode_is_advised_only_where_it_would_match_more_than_the_one_that_is_set() {
    let plan = plan(200, 0, 10);
    let missing = Fate { receipt: None, ..GOOD };
    let mut record = record(&plan, |_, _| missing, quiet);
    let mut said = |modes: [(&str, u64); 2]| {
        record.id_modes = modes.map(|(name, n)| (name.to_owned(), n)).to_vec();
        let notes = judge(&plan, &record, &HostUse::default()).notes;
        notes.into_iter().find(|note| note.contains("id_mode")).unwrap()
    };
    let exact = said([("exact", 40), ("number", 40)]);
    assert!(exact.ends_with("none would match more than \"exact\", which is set"), "{exact}");
    let none = said([("exact", 0), ("number", 0)]);
    assert!(none.ends_with("no id_mode matches: they may be foreign traffic"), "{none}");
    let number = said([("exact", 0), ("number", 40)]);
    assert!(number.ends_with("set receipts.id_mode = \"number\""), "{number}");
}
