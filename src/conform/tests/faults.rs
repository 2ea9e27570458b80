//! Every fault and quirk of the simulator flips exactly the cases that it should: a table over all of them.
use super::examined::{
    Found, Waiting, at_once, examine, examine_changed, examine_plan, only, plan_of,
};
use super::fault_table::{ROWS, Row};
use crate::conform::Outcome::{
    self, Fail, Lenient, Pass, PreconditionFailed, Skipped, Unsupported,
};
use crate::conform::{Choice, Role, Settings, Stopped, cases};
use crate::kit::Nanos;
use crate::plan::{self, Overrides, Source};
use std::collections::BTreeMap;

/// Whether an id fits a pattern of `*` and `[...]`.
fn fits(pattern: &str, id: &str) -> bool {
    match pattern.split_once('[') {
        None => crate::plan::matches(pattern, id),
        Some((front, rest)) => {
            let (any, behind) = rest.split_once(']').unwrap();
            let any: Vec<char> = match any.split_once('-') {
                Some((first, last)) => {
                    (first.chars().next().unwrap()..=last.chars().next().unwrap()).collect()
                }
                None => any.chars().collect(),
            };
            any.iter().any(|one| crate::plan::matches(&format!("{front}{one}{behind}"), id))
        }
    }
}

fn chosen(row: &Row) -> Choice {
    let ids = cases(Role::Smsc).into_iter().map(|case| case.id);
    let wanted: Vec<&str> =
        ids.filter(|id| row.only.iter().any(|pattern| fits(pattern, id))).collect();
    assert!(!wanted.is_empty() || row.only.is_empty(), "{}", row.behaviour);
    only(&wanted)
}

/// What is not as the row says.
fn faults(row: &Row, plain: &BTreeMap<&str, Outcome>, found: &Found) -> Vec<String> {
    let mut faults = Vec::new();
    for (id, outcome) in found.outcomes() {
        let flipped = row.flips.iter().find(|(pattern, _)| fits(pattern, id));
        let wanted = flipped.map_or(plain[id], |(_, outcome)| *outcome);
        if outcome != wanted {
            let seen = found.seen(id);
            faults.push(format!("{}: {id} wanted {}, {seen}", row.behaviour, wanted.word()));
        }
    }
    faults
}

/// A fault that occurs when the simulator chooses needs no time of its own: what is compared is the plain simulator.
fn plain() -> BTreeMap<&'static str, Outcome> {
    examine("", &Choice::default(), Waiting::Usual).outcomes()
}

#[test]
fn every_fault_and_quirk_of_the_simulator_flips_exactly_the_cases_that_it_should() {
    let examined = |row: &Row, waiting| examine(row.behaviour, &chosen(row), waiting);
    let (plain, found) = std::thread::scope(|scope| {
        let plain = scope.spawn(plain);
        let found = at_once(ROWS, |row| examined(row, Waiting::Brief));
        (plain.join().unwrap(), found)
    });
    let doubted: Vec<&Row> = ROWS
        .iter()
        .zip(&found)
        .filter(|(row, found)| !faults(row, &plain, found).is_empty())
        .map(|(row, _)| row)
        .collect();
    // what was seen may come from the short waits on a busy machine
    let again = at_once(&doubted, |row| faults(row, &plain, &examined(row, Waiting::Long)));
    let all: Vec<String> = again.into_iter().flatten().collect();
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}

#[test]
fn a_simulator_that_lets_everyone_in_fails_the_cases_of_credentials() {
    let found = examine_plan(
        {
            let mut plan = plan_of("");
            plan.accounts[0].password = crate::plan::Secret("conform".to_owned());
            plan
        },
        &only(&["4.1.1*", "4.1.2*"]),
        Waiting::Usual,
    );
    let outcomes = found.outcomes();
    assert_eq!((outcomes["4.1.1-01"], outcomes["4.1.2-01"]), (Pass, Pass));
    assert_eq!((outcomes["4.1.1-02"], outcomes["4.1.1-03"]), (Fail, Fail));
    assert_eq!(outcomes["4.1.2-03"], PreconditionFailed);
}

#[test]
fn a_simulator_that_refuses_every_bind_stops_the_run_at_its_first_case() {
    let found = examine(
        "faults = [{ kind = \"bind_refuse\", share = 1.0 }]",
        &Choice::default(),
        Waiting::Usual,
    );
    assert!(matches!(found.run.stopped, Some(Stopped::Credentials(_))), "{:?}", found.run.stopped);
    assert_eq!(found.run.results[0].verdict.outcome, Unsupported);
    let skipped = found.outcomes().values().filter(|outcome| **outcome == Skipped).count();
    assert!(skipped + 5 > found.run.results.len(), "{skipped}");
}

#[test]
fn a_simulator_that_drops_every_connection_stops_the_run_after_three() {
    let found = examine(
        "faults = [{ kind = \"accept_then_drop\", share = 1.0 }]",
        &Choice::default(),
        Waiting::Usual,
    );
    assert!(matches!(found.run.stopped, Some(Stopped::Lost(_))), "{:?}", found.run.stopped);
    let ran = found.outcomes().values().filter(|outcome| **outcome != Skipped).count();
    assert_eq!(ran, 3);
    assert!(!found.outcomes().values().any(|outcome| [Pass, Lenient].contains(outcome)));
}

#[test]
fn other_traffic_stops_the_run_where_it_should_and_early_receipts_are_not_taken_for_it() {
    let examined = |behaviour: &str| {
        let choice = only(&["4.6.1-0*", "4.11*"]);
        examine_changed(plan_of(behaviour), &choice, Waiting::Usual, |settings| {
            settings.stops_on_foreign = true;
        })
    };
    let quiet = examined("receipts.before_response = 1.0");
    assert_eq!(quiet.run.stopped, None);
    let foreign = examined("mo.rate = 200");
    assert_eq!(foreign.run.stopped, Some(Stopped::Foreign));
    assert!(foreign.outcomes().values().any(|outcome| *outcome == Skipped));
}

#[test]
fn off_loopback_messages_are_spaced_by_a_fifth_of_a_second_or_more() {
    let settings = |rate_max: Option<&str>| {
        let text = "[target]\naddress = \"192.0.2.1:2775\"\n[guard]\nallow_target = [\"192.0.2.1:2775\"]\n\
                    messages_max = 200\n";
        let rate_max = rate_max.map_or(String::new(), |rate| format!("rate_max = {rate}\n"));
        let source = Source::Text { name: "x.toml".into(), text: format!("{text}{rate_max}") };
        let flags = Overrides {
            rate: Some("1".into()),
            duration: Some("1s".into()),
            warmup: Some("0s".into()),
            ..Overrides::default()
        };
        Settings::of(&plan::load(&source, &flags).unwrap()).unwrap()
    };
    assert_eq!(settings(None).pace, Nanos::from_millis(200));
    assert_eq!(settings(Some("2")).pace, Nanos::from_millis(500));
    assert_eq!(settings(Some("50")).pace, Nanos::from_millis(200));
    assert!(settings(None).stops_on_foreign);
    assert_eq!(Settings::of(&plan_of("")).unwrap().pace, Nanos::ZERO);
}
