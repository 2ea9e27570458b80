//! The cases against our simulator, against its faults, and against peers that are broken in ways it cannot be.
mod allowed;
mod broken;
mod coverage;
mod esme;
mod examined;
mod fault_table;
mod faults;
mod files;
mod hostile;
mod manners;
mod own_load;
mod tls;

use super::embedded::EXPLANATIONS;
use super::{COST_MAX, Choice, Level, Outcome, Role, cases};
use crate::measure::NoObserver;
use crate::smsc::Server;
use crate::trial::{Tcp, Trial};
use examined::{Waiting, examine};
use std::collections::BTreeSet;

#[test]
fn every_case_has_an_id_of_its_own_and_all_its_words() {
    let mut ids = BTreeSet::new();
    for case in [Role::Smsc, Role::Esme].into_iter().flat_map(cases) {
        assert!(ids.insert(case.id), "{} is there twice", case.id);
        let words = [case.title, case.expected, case.consequence];
        assert!(words.iter().all(|word| !word.is_empty()), "{} lacks words", case.id);
        assert!(!case.tags.is_empty(), "{} has no tag", case.id);
        let number = case.id.rsplit('-').next().unwrap().parse::<u32>().unwrap();
        assert_eq!(number > 50, case.role == Role::Esme, "{}: from 51 on for an ESME", case.id);
    }
    assert!(ids.len() > 100, "{}", ids.len());
}

#[test]
fn the_cases_of_a_role_stay_within_the_cost() {
    let cost: u32 = cases(Role::Smsc).iter().map(|case| case.cost).sum();
    assert!(cost <= COST_MAX, "{cost}");
}

#[test]
fn every_feature_names_a_case_of_its_role() {
    for role in [Role::Smsc, Role::Esme] {
        for (feature, id) in super::pics::features(role) {
            assert!(cases(role).iter().any(|case| case.id == *id), "{feature}: {id}");
        }
    }
}

#[test]
fn our_simulator_passes_every_must_and_every_should_and_no_case_sends_more_than_it_says() {
    let found = examine("", &Choice::default(), Waiting::Usual);
    assert_eq!(found.run.stopped, None);
    for result in &found.run.results {
        let case = result.case;
        let sent = examined::messages(result);
        assert!(sent <= case.cost, "{} sent {sent}, and says {}", case.id, case.cost);
        let outcome = result.verdict.outcome;
        if case.level != Level::Observed && outcome != Outcome::Skipped {
            assert_eq!(outcome, Outcome::Pass, "{}: {}", case.id, result.verdict.seen);
        }
        assert_ne!(outcome, Outcome::Inconclusive, "{}: {}", case.id, result.verdict.seen);
        let is_explained = EXPLANATIONS.iter().any(|(id, _)| *id == case.id);
        let deviates = !matches!(outcome, Outcome::Pass | Outcome::Skipped);
        assert_eq!(is_explained, deviates, "{}: {}", case.id, result.verdict.seen);
    }
    assert!(found.run.submits_count <= COST_MAX);
}
