//! What reports say of a run through a gateway.
use super::*;
use crate::judge::sample::Fate;
use crate::measure::through::{
    Answers, Example, ExampleClass, Examples, FieldChange, MarkerUse, MoBooks, ReceiptBooks,
    SubmitBooks, ThroughRecord, Transit, TransitTimes,
};
use crate::measure::{LatencyRange, RunRecord};
use std::sync::Arc;

/// Of 1,000 messages, 3 were lost and 2 altered; one receipt came twice. Every second one came out after 7 ms.
fn books() -> ThroughRecord {
    let mut times = TransitTimes::new(LatencyRange::for_deadline(ms(60_000)), Nanos::ZERO);
    for second in 0..5 {
        times.record(Transit::Forward, ms(7), ms(second * 1_000 + 500));
    }
    times.close();
    let mut examples = Examples::default();
    for (class, what) in [
        (ExampleClass::ReceiptAltered, "err: \"000\" became \"077\""),
        (ExampleClass::Altered, "source_addr: \"447700900123\" became \"1\""),
    ] {
        examples.add(class, || Example {
            class,
            message: Some(1),
            part: 0,
            front_id: "F1".to_owned(),
            upstream_id: "U1".to_owned(),
            session: Some(0),
            sent: ms(1_500),
            came: None,
            what: what.to_owned(),
        });
    }
    let submits = SubmitBooks {
        sent: 1_000,
        accepted: 1_000,
        once: 997,
        lost: 3,
        altered: 2,
        came_out: 997,
        ..SubmitBooks::default()
    };
    let receipts =
        ReceiptBooks { sent: 997, once: 997, came: 998, duplicate: 1, ..ReceiptBooks::default() };
    ThroughRecord {
        marker: MarkerUse { used: Vec::new(), tried: Vec::new() },
        answers: Answers::default(),
        submits,
        receipts,
        mo: MoBooks::default(),
        probes: SubmitBooks::default(),
        probe_receipts: ReceiptBooks::default(),
        fields: Vec::new(),
        order: Vec::new(),
        statuses: Vec::new(),
        examples,
        times,
        wall_at_zero_ns: 0,
        missed_octets: 0,
        balanced: true,
    }
}

fn made(gates: &[(&str, &str)], change: impl FnOnce(&mut ThroughRecord)) -> Made {
    let mut plan = plan(200, 0, 5);
    plan.gates = gates.iter().map(|(name, demand)| ((*name).to_owned(), json!(demand))).collect();
    let mut books = books();
    change(&mut books);
    Made::with(plan, |_, _| GOOD, |record| record.through = Some(Arc::new(books)))
}

fn junit(made: &Made) -> String {
    String::from_utf8(made.bytes("junit")).unwrap()
}

#[test]
fn junit_has_a_case_for_each_demand_on_the_books_and_skips_what_no_gate_judges() {
    let xml = junit(&made(&[], |_| {}));
    assert!(xml.contains("failures=\"0\"") && xml.contains("errors=\"0\""), "{xml}");
    let case = |says: &str, then: &str| {
        let start = format!("<testcase name=\"{says}\" classname=\"smppbench.through\"");
        let at = xml.find(&start).unwrap_or_else(|| panic!("no {says}\n{xml}"));
        assert!(xml[at + start.len()..].trim_start().starts_with(then), "{says}\n{xml}");
    };
    case("the books of both sides balance", "/>");
    case("no MO was lost", "/>");
    let lost = "found 3; a gate on ratio.lost_inside would judge it";
    case("no submit_sm was lost", &format!(">\n            <skipped message=\"{lost}\"/>"));
    let doubled = "found 1; a gate on ratio.receipts_duplicated would judge it";
    case(
        "no receipt came more than once",
        &format!(">\n            <skipped message=\"{doubled}\"/>"),
    );
}

#[test]
fn the_summary_says_what_was_lost_and_changed_and_how_long_messages_were_inside() {
    let made = made(&[], |books| {
        books.submits = SubmitBooks { late: 1, maybe: 4, maybe_out: 3, ..books.submits.clone() };
        books.answers = Answers { itself: 1_000, upstream: 0 };
        for (name, declared) in [("submit.text", false), ("submit.source_addr", true)] {
            books.fields.push(FieldChange {
                name: name.to_owned(),
                altered: 2,
                declared,
                sent: "a".to_owned(),
                came: "b".to_owned(),
            });
        }
    });
    let brief = super::super::brief(&made.saved(), Style { columns: 400, ..Style::default() });
    let line = |label: &str| brief.lines().find(|line| line.starts_with(label)).unwrap().to_owned();
    assert_eq!(
        line("  gateway"),
        "  gateway       997 of 1,000 accepted came out once · 3 LOST (1 of them came out after the deadline) · \
         2 altered (text) · 4 unanswered in front (3 of them came out) · 1 receipt duplicated"
    );
    let transit = line("  transit");
    assert!(transit.contains("to our SMSC: p50 –, p99 –, max 7"), "{transit}");
    assert!(
        transit.ends_with("the gateway answers by itself: response times are its own"),
        "{transit}"
    );
    assert!(brief.contains("lost.csv in the run folder") && !brief.contains("id_mode"), "{brief}");
}

#[test]
fn where_the_harness_was_late_transit_times_are_told_to_be_upper_bounds() {
    let late = Fate { lag: ms(80), ..GOOD };
    let change = |record: &mut RunRecord| record.through = Some(Arc::new(books()));
    let made = Made::with(plan(200, 0, 5), |i, _| if i % 4 == 0 { late } else { GOOD }, change);
    for style in [Style::default(), Style { fits_screen: true, ..Style::default() }] {
        let brief = super::super::brief(&made.saved(), style);
        assert!(brief.contains("withheld") && brief.contains("  gateway"), "{brief}");
        assert!(brief.contains("  transit       the harness was late, also in reading"), "{brief}");
    }
    let page = String::from_utf8(made.bytes("markdown")).unwrap();
    assert!(page.contains("The harness was late, also in reading"), "{page}");
}

#[test]
fn in_junit_a_gate_takes_the_place_of_the_demand_that_it_judges() {
    let xml = junit(&made(&[("ratio.lost_inside", "= 0")], |_| {}));
    assert!(xml.contains("<failure message=\"found 0.3 %\""), "{xml}");
    assert!(!xml.contains("no submit_sm was lost") && xml.contains("no submit_sm was altered"));
}

#[test]
fn books_that_do_not_balance_are_an_error_in_junit() {
    let xml = junit(&made(&[], |books| books.balanced = false));
    assert!(xml.contains("errors=\"1\"") && xml.contains("type=\"unbalanced\""), "{xml}");
}

#[test]
fn each_second_has_its_transit_times_in_the_result_and_in_the_table() {
    let made = made(&[], |_| {});
    let json = made.json();
    let forward = &json["intervals"][1]["through"]["forward"];
    assert_eq!(forward["count"], json!(1));
    let p99 = forward["p99_ns"].as_u64().unwrap();
    assert!(p99.abs_diff(7_000_000) < 70_000, "to two digits: {p99}");
    let csv = String::from_utf8(made.bytes("csv")).unwrap();
    let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let column = |name: &str| header.iter().position(|of| *of == name).unwrap();
    let row = lines.next().unwrap();
    assert_eq!((row.len(), row[column("through.forward_count")]), (header.len(), "1"));
    assert_eq!(row[column("through.gateway_p99_ms")], "");
    let html = String::from_utf8(made.bytes("html")).unwrap();
    assert!(html.contains("Transit times over time") && html.contains("forward p99"));
    let flows = ["From our ESME to our SMSC", "From our SMSC back to our ESME"];
    assert!(flows.iter().all(|flow| html.contains(flow)), "{html}");
    // each band is a part of its own sum: 3 of 1,000 were lost, and of 997 receipts all came back
    for band in ["3 lost: 0.3 % of 1,000 accepted", "997 came back once: 100 % of 997 sent"] {
        assert!(html.contains(band), "{band} is not in {html}");
    }
}

#[test]
fn a_run_through_no_gateway_has_no_transit_times() {
    let made = Made::new(plan(200, 0, 5), |_, _| GOOD);
    assert_eq!(made.json()["intervals"][1].get("through"), None);
    let csv = String::from_utf8(made.bytes("csv")).unwrap();
    assert!(!csv.contains("through."));
}

#[test]
fn examples_show_what_is_no_content_and_mask_what_is() {
    let text = made(&[], |_| {}).json()["through"]["examples"].to_string();
    assert!(text.contains(r#"err: \"000\" became \"077\""#), "{text}");
    assert!(text.contains("source_addr changed") && !text.contains("447700900123"), "{text}");
}

#[test]
fn what_is_pending_or_untracked_stands_in_the_summary_beside_what_came_out() {
    let made = made(&[("ratio.lost_inside", "= 0"), ("ratio.ghost", "= 0")], |record| {
        let SubmitBooks { sent, lost, once, pending, untracked, .. } = &mut record.submits;
        (*sent, *lost, *once, *pending, *untracked) = (1_002, 0, 990, 10, 2);
        record.receipts =
            ReceiptBooks { sent: 990, once: 987, came: 987, pending: 3, ..Default::default() };
    });
    let text = made.text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("990 of 1,000 accepted came out once"), "{text}");
    for says in
        ["10 not out yet, their deadline not over", "2 untracked", "3 receipts not back yet"]
    {
        assert!(text.contains(says), "{says}: {text}");
    }
    let undecided =
        "UNDECIDED ratio.lost_inside = 0: 0 % (12 pending or untracked could make it 1.2 %)";
    assert!(text.contains(undecided), "{text}");
}

#[test]
fn mo_that_were_lost_stand_in_the_summary_and_those_on_their_way_do_not() {
    let made = made(&[("ratio.mo_lost_inside", "= 0")], |record| {
        record.mo = MoBooks { sent: 50, once: 40, lost: 6, pending: 4, ..Default::default() };
    });
    let text = made.text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(" · 6 MO LOST"), "{text}");
    assert!(text.contains("FAIL ratio.mo_lost_inside = 0: 13 %"), "{text}");
}
