//! Choosing cases, and files of expectations.
use crate::conform::runner::CaseResult;
use crate::conform::{
    Choice, Document, Expectations, Head, Level, Outcome, Role, Run, SCHEMA, Verdict, cases,
};
use crate::kit::Nanos;
use serde_json::json;

fn result(id: &str, outcome: Outcome) -> CaseResult {
    let case = cases(Role::Smsc).into_iter().find(|case| case.id == id).unwrap();
    let verdict = Verdict::of(outcome, "it \"took\" it");
    CaseResult { case, verdict, exchange: Vec::new(), took: Nanos::ZERO }
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn cases_are_chosen_by_pattern_level_and_tag() {
    let all = cases(Role::Smsc);
    let ids = |choice: Choice| -> Vec<&str> {
        choice.of(&all).unwrap().iter().map(|case| case.id).collect()
    };
    assert_eq!(ids(Choice::default()).len(), all.len());
    let of =
        ids(Choice { cases: words(&["4.4.2*"]), skip: words(&["4.4.2-03"]), ..Choice::default() });
    assert_eq!(of, ["4.4.2-01", "4.4.2-02", "4.4.2-04"]);
    let must = Choice { level: Some(Level::Must), ..Choice::default() }.of(&all).unwrap();
    assert!(!must.is_empty() && must.iter().all(|case| case.level == Level::Must));
    let receipts = Choice { tags: words(&["receipts"]), ..Choice::default() }.of(&all).unwrap();
    assert!(receipts.iter().all(|case| case.tags.contains(&"receipts")));
}

#[test]
fn an_unknown_case_or_tag_is_refused_with_a_suggestion() {
    let all = cases(Role::Smsc);
    let case = Choice { cases: words(&["4.4.1-99"]), ..Choice::default() }.of(&all).unwrap_err();
    assert!(case.to_string().contains("did you mean \"4.4.1-0"), "{case}");
    let skip = Choice { skip: words(&["nothing"]), ..Choice::default() }.of(&all).unwrap_err();
    assert!(skip.to_string().contains("--dry-run lists all"), "{skip}");
    let tag = Choice { tags: words(&["receipt"]), ..Choice::default() }.of(&all).unwrap_err();
    assert_eq!(tag.to_string(), "\"receipt\": no tag is called so; did you mean \"receipts\"?");
}

#[test]
fn expectations_are_read_as_they_were_written_and_reasons_stay() {
    let all = cases(Role::Smsc);
    let results = [
        result("4.4.1-01", Outcome::Pass),
        result("4.4.1-05", Outcome::Lenient),
        result("2.9-01", Outcome::Skipped),
    ];
    let written = Expectations::of(&results, &Expectations::default());
    let read = Expectations::read(&written.text(), &all).unwrap();
    assert_eq!(read, written);
    assert_eq!(read.expected.keys().collect::<Vec<_>>(), ["4.4.1-05"]);
    let known = "[expected]\n\"4.4.1-05\" = { outcome = \"lenient\", reason = \"ticket 7\" }";
    let known = Expectations::read(known, &all).unwrap();
    assert_eq!(Expectations::of(&results, &known).expected["4.4.1-05"].reason, "ticket 7");
}

#[test]
fn an_unexpected_failure_and_an_unexpected_pass_are_both_surprises() {
    let all = cases(Role::Smsc);
    let text = "[expected]\n\"4.4.1-05\" = { outcome = \"lenient\" }\n\"4.4.1-06\" = { outcome = \"fail\" }\n\
                \"2.9-01\" = { outcome = \"fail\" }";
    let expected = Expectations::read(text, &all).unwrap();
    let results = [
        result("4.4.1-01", Outcome::Fail),
        result("4.4.1-05", Outcome::Lenient),
        result("4.4.1-06", Outcome::Pass),
        result("2.9-01", Outcome::Skipped),
    ];
    let surprises = expected.surprises(&results);
    let told: Vec<(&str, Outcome, Outcome)> =
        surprises.iter().map(|one| (one.id, one.expected, one.found)).collect();
    let wanted =
        [("4.4.1-01", Outcome::Pass, Outcome::Fail), ("4.4.1-06", Outcome::Fail, Outcome::Pass)];
    assert_eq!(told, wanted);
}

#[test]
fn a_file_with_an_unknown_case_or_key_is_refused_in_one_line() {
    let all = cases(Role::Smsc);
    let told = |text: &str| Expectations::read(text, &all).unwrap_err().to_string();
    let line = told("[expected]\n\"4.4.1-5\" = { outcome = \"fail\" }");
    assert!(line.contains("did you mean \"4.4.1-05\"?"), "{line}");
    let line = told("[expected]\n\"4.4.1-05\" = { outcome = \"fails\" }");
    assert!(line.contains("fails") && !line.contains('\n'), "{line}");
    assert!(told("[expcted]").contains("expcted"));
}

#[test]
fn the_document_counts_every_outcome_and_names_what_was_not_expected() {
    let run = Run {
        results: vec![result("4.4.1-01", Outcome::Pass), result("4.4.1-05", Outcome::Fail)],
        stopped: None,
        submits_count: 2,
        further_sessions_count: 0,
    };
    let head = || Head {
        role: Role::Smsc,
        target: "127.0.0.1:2775".to_owned(),
        started_at: "2026-01-01T00:00:00Z".to_owned(),
        duration_s: 1.0,
    };
    let decode = |_: &[u8]| vec![json!({})];
    let document = Document::of(&run, head(), Some(&Expectations::default()), &decode, &|_| None);
    assert_eq!(document.schema, SCHEMA);
    assert_eq!((document.count(Outcome::Pass), document.count(Outcome::Fail)), (1, 1));
    assert_eq!(document.summary.levels["SHOULD"]["fail"], 1);
    assert_eq!(document.summary.unexpected, Some(vec!["4.4.1-05".to_owned()]));
    assert_eq!(document.cases[1].expectation, Some(Outcome::Pass));
    let text = serde_json::to_string(&document).unwrap();
    let read: Document = serde_json::from_str(&text).unwrap();
    assert_eq!(read, document);
    let without = Document::of(&run, head(), None, &decode, &|_| None);
    assert_eq!((without.summary.unexpected, without.cases[1].expectation), (None, None));
}
