//! The reports of a small document, in which every kind of outcome occurs and a peer writes what it should not.
use super::*;
use crate::conform::{
    CaseRow, Comparison, Direction, Document, ExchangeRow, Level, Outcome, PicsRow, Role, SCHEMA,
    Summary, Support, Tool, Turn,
};
use serde_json::json;

fn case(id: &str, level: Level, outcome: Outcome, seen: &str) -> CaseRow {
    CaseRow {
        id: id.to_owned(),
        section: id.split('-').next().unwrap().to_owned(),
        level,
        tags: Vec::new(),
        title: format!("the clause of {id}"),
        outcome,
        expected: "submit_sm_resp, ESME_ROK".to_owned(),
        seen: seen.to_owned(),
        consequence: "messages are lost".to_owned(),
        expectation: None,
        took_s: 0.25,
        capture: None,
        exchange: vec![ExchangeRow {
            direction: Direction::Received,
            connection: 0,
            at_s: 0.5,
            pdus: vec![
                json!({"command": "submit_sm_resp", "sequence_number": 7, "command_status": {"code": 11, "name": "ESME_RINVDSTADR"}}),
            ],
            hex: "ab".repeat(600),
        }],
    }
}

fn document(cases: Vec<CaseRow>) -> Document {
    let mut summary = Summary { cases: cases.len() as u64, submits: 3, ..Summary::default() };
    for case in &cases {
        *summary.outcomes.entry(case.outcome.word().to_owned()).or_default() += 1;
    }
    let (feature, case) = ("submit_multi".to_owned(), "4.5.1-01".to_owned());
    Document {
        schema: SCHEMA.to_owned(),
        tool: Tool { name: "smppbench".to_owned(), version: "9.9.9".to_owned() },
        role: Role::Smsc,
        target: "127.0.0.1:2775".to_owned(),
        started_at: "2026-01-01T00:00:00Z".to_owned(),
        duration_s: 12.5,
        stopped: None,
        cases,
        pics: vec![PicsRow { feature, support: Support::No, case }],
        summary,
    }
}

fn every() -> Document {
    document(vec![
        case("4.1.1-01", Level::Must, Outcome::Pass, "fine"),
        case("4.4.1-01", Level::Must, Outcome::Fail, "<b>it said | no</b>"),
        case("4.4.1-02", Level::Should, Outcome::Lenient, "it took it"),
        case("4.5.1-01", Level::Should, Outcome::Unsupported, "it has none"),
        case("4.6.1-01", Level::Should, Outcome::Inconclusive, "throttled"),
        case("4.6.1-02", Level::Observed, Outcome::Fail, "as it likes"),
        case("5.1.1-01", Level::Must, Outcome::Skipped, "not asked for"),
    ])
}

#[test]
fn sessions_beside_the_examined_one_and_reasons_of_the_simulator_are_told_in_every_report() {
    let mut document =
        document(vec![case("4.6.2-02", Level::Observed, Outcome::Fail, "it did not come again")]);
    let all = |document: &Document| {
        [conform_page(document), conform_markdown(document), conform_text(document)]
    };
    for report in all(&document) {
        assert!(
            !report.contains("further session") && !report.contains("receipts.retry"),
            "{report}"
        );
    }
    document.summary.further_sessions = 2;
    document.target = "embedded".to_owned();
    for report in all(&document) {
        assert!(report.contains("2 further sessions at once"), "{report}");
        assert!(report.contains("receipts.retry"), "{report}");
    }
}

#[test]
fn what_a_peer_does_not_support_is_told_with_its_reason_in_every_report() {
    let document = every();
    let reports = [conform_page(&document), conform_markdown(&document), conform_text(&document)];
    for report in reports {
        let heading = report.find("Not supported").unwrap_or_else(|| panic!("{report}"));
        assert!(report[heading..].contains("it has none"), "{report}");
    }
    let pass = vec![case("4.1.1-01", Level::Must, Outcome::Pass, "fine")];
    assert!(!conform_text(&self::document(pass)).contains("Not supported"));
}

#[test]
fn the_page_to_sign_has_deviations_with_octets_features_and_a_place_for_signatures() {
    let page = conform_page(&every());
    for part in [
        "SMPP v3.4 conformance of 127.0.0.1:2775 as an SMSC",
        "1 pass · 2 fail · 1 lenient · 1 unsupported · 1 inconclusive · 1 skipped",
        "4.4.1-01 MUST fail",
        "messages are lost",
        "submit_sm_resp #7 ESME_RINVDSTADR",
        "(600 octets)",
        "submit_multi",
        "signature",
        "break-before:page",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("<b>it said"), "what a peer said is not escaped");
    // what is only observed violates nothing
    assert_eq!(page.matches("messages are lost").count(), 2);
}

#[test]
fn the_markdown_says_the_same_and_escapes_what_a_peer_said() {
    let page = conform_markdown(&every());
    assert!(page.contains("### 4.4.1-01 MUST fail"), "{page}");
    assert!(page.contains("&lt;b&gt;it said \\| no&lt;/b&gt;"), "{page}");
    assert!(page.contains("| submit\\_multi | no | 4.5.1-01 |"), "{page}");
    assert!(page.contains("| signature | | |"));
    // each table row has as many cells as its heading
    let rows = page.lines().filter(|line| line.starts_with("| 4.") && line.contains(" | 1 |"));
    assert!(rows.clone().count() > 0);
    assert!(rows.into_iter().all(|row| row.matches(" |").count() == 8), "{page}");
}

#[test]
fn junit_fails_what_failed_and_never_what_is_only_observed() {
    let text = String::from_utf8(conform_junit(&every())).unwrap();
    let suite = "tests=\"7\" skipped=\"1\" errors=\"1\" failures=\"1\"";
    assert!(text.contains(suite), "{text}");
    assert_eq!(text.matches(" skipped=").count(), 1, "{text}");
    assert!(text.contains("classname=\"smppbench.conform.4.4.1\""), "{text}");
}

#[test]
fn junit_judges_by_the_expectations_where_there_are_any() {
    let mut cases = every().cases;
    for case in &mut cases {
        case.expectation = Some(Outcome::Pass);
    }
    cases[1].expectation = Some(Outcome::Fail);
    cases[0].expectation = Some(Outcome::Lenient);
    let text = String::from_utf8(conform_junit(&document(cases))).unwrap();
    // the unexpected pass is a failure, the expected failure is none
    assert!(text.contains("skipped=\"1\" errors=\"0\" failures=\"5\""), "{text}");
}

#[test]
fn a_comparison_tells_better_from_worse_and_names_cases_that_only_one_run_has() {
    let before = every();
    let mut after = every();
    after.cases[1].outcome = Outcome::Pass;
    after.cases[2].outcome = Outcome::Fail;
    after.cases[4].outcome = Outcome::Pass;
    after.cases.remove(6);
    after.pics[0].support = Support::Yes;
    let comparison = Comparison::of(&before, &after).unwrap();
    let counts = [Turn::Better, Turn::Worse, Turn::Other].map(|turn| comparison.count(turn));
    assert_eq!((counts, comparison.unchanged_count), ([1, 1, 2], 3));
    let text = conform_changes(&comparison);
    for part in
        ["Worse\n  4.4.1-02", "after   not run", "submit_multi: no, now yes", "3 cases unchanged"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let same = Comparison::of(&before, &before).unwrap();
    assert!(same.changes.is_empty() && same.features.is_empty());
    let esme = Document { role: Role::Esme, ..every() };
    assert!(Comparison::of(&before, &esme).unwrap_err().to_string().contains("same role"));
}

#[test]
fn the_matrix_has_a_column_for_each_peer_and_what_each_failed() {
    let peer = |name: &str, document| Peer { name: name.to_owned(), document };
    let mut good = every();
    good.cases[1].outcome = Outcome::Pass;
    let esme = Document { role: Role::Esme, ..every() };
    let page = conform_matrix(&[peer("one", every()), peer("two", good), peer("client", esme)]);
    assert!(
        page.contains("| case | level | clause | one | two |\n| :-- | :-- | :-- | :-- | :-- |")
    );
    assert!(page.contains("| 4.4.1-01 | MUST | the clause of 4.4.1-01 | fail | pass |"), "{page}");
    assert!(page.contains("Every peer passes 1 case.") && page.contains("## ESMEs"), "{page}");
    assert!(page.contains("### one\n\n- 4.4.1-01: &lt;b&gt;it said"), "{page}");
}

#[test]
fn the_matrix_as_a_page_has_the_same_cells_and_no_mark_up_of_a_peer() {
    let peer = |name: &str, document| Peer { name: name.to_owned(), document };
    let mut cases = every().cases;
    cases[1].outcome = Outcome::Pass;
    let good = document(cases);
    let page = conform_matrix_page(&[peer("one", every()), peer("<i>two</i>", good)]);
    for part in [
        "<h2>SMSCs</h2>",
        "<td>4.4.1-01</td><td>MUST</td><td>the clause of 4.4.1-01</td><td class=\"fail\">fail</td><td class=\"pass\">pass</td>",
        "<td>pass</td><td class=\"n\">1</td><td class=\"n\">2</td>",
        "Every peer passes 1 case.",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("<i>") && !page.contains("<b>"), "{page}");
    assert!(!page.contains("<h2>ESMEs"), "{page}");
}

#[test]
fn the_messages_of_a_busy_esme_do_not_hide_what_a_case_is_about() {
    let mut case = case("5.1.2-51", Level::Should, Outcome::Fail, "no answer");
    let row = |command: &str| ExchangeRow {
        pdus: vec![json!({"command": command, "sequence_number": 7})],
        ..case.exchange[0].clone()
    };
    let pair = || [row("submit_sm"), row("submit_sm_resp")];
    let mut rows: Vec<ExchangeRow> = (0..50).flat_map(|_| pair()).collect();
    let all = rows.clone();
    rows.extend([row("enquire_link"), row("submit_sm")]);
    case.exchange = rows;
    let (shown, more) = parts::exchange(&case);
    let names: Vec<&str> = shown.iter().map(|row| row.pdus.as_str()).collect();
    assert_eq!((names, more), (vec!["enquire_link #7"], 101));
    // a case that is about messages shows the first of them
    case.exchange = all;
    let (shown, more) = parts::exchange(&case);
    assert_eq!((shown.len(), more), (24, 76));
}
