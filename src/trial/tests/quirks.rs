//! Every quirk of a simulator in a whole run: however it spells, delays, loses, repeats or refuses, the books
//! balance and agree with its tally.
use super::{profile, run};
use crate::measure::{Counters, DownCause, RunRecord};
use crate::smsc;
use crate::trial::Memory;

type Holds = fn(&RunRecord, &Counters, &smsc::Tally) -> bool;

fn quirk(load: &str, toml: &str) -> (RunRecord, smsc::Tally) {
    let base = r#"[binds]
count = 2
window = 20
rebind = { attempts_max = 0, min = "50ms", max = "500ms" }
[timeouts]
response = "1s"
unbind = "1s"
"#;
    let stages = format!(r#"stages = [{{ hold = {load}, for = "3s" }}]"#);
    let mut memory = Memory { workers: 2, ..Memory::default() };
    let (_, record) = run(&mut memory, &profile(&stages, &format!("{base}{toml}")));
    (record, memory.last_tally.unwrap())
}

fn walk(rows: &[(&str, &str, Holds)]) {
    for (load, toml, holds) in rows {
        let (record, tally) = quirk(load, toml);
        let ledger = record.ledger();
        assert!(
            holds(&record, &ledger, &tally),
            "{toml}\n{ledger:#?}\n{tally:#?}\n{:?}",
            record.outages
        );
    }
}

fn all_receipted(_: &RunRecord, t: &Counters, _: &smsc::Tally) -> bool {
    (t.accepted, t.receipts_final, t.receipts_missing) == (600, 600, 0)
}

#[test]
fn every_spelling_of_an_id_is_matched_by_the_mode_that_names_it() {
    let mut rows: Vec<(String, String, String)> = Vec::new();
    for response in ["decimal", "hex", "uuid", "ticket"] {
        rows.push((response.into(), "same".into(), "exact".into()));
        rows.push((response.into(), "upper".into(), "case_insensitive".into()));
    }
    for (response, receipt, mode) in [
        ("hex", "decimal", "response_hex"),
        ("decimal", "hex", "receipt_hex"),
        ("decimal", "decimal", "number"),
        ("decimal", "zero_padded", "number"),
        ("hex", "zero_padded", "case_insensitive"),
    ] {
        if (response, receipt) != ("hex", "zero_padded") {
            rows.push((response.into(), receipt.into(), mode.into()));
        }
    }
    for (response, receipt, mode) in rows {
        let toml = format!(
            r#"[receipts]
id_mode = "{mode}"
[embedded.response]
id = "{response}"
[embedded.receipts]
id = "{receipt}"
delay = "50ms"
"#
        );
        let (record, tally) = quirk("200", &toml);
        assert!(all_receipted(&record, &record.ledger(), &tally), "{toml}{:#?}", record.ledger());
    }
}

#[test]
fn every_shape_and_timing_of_a_receipt_is_told_apart() {
    let with = |line: &str| {
        format!(
            r#"[receipts]
deadline = "2s"
[embedded.receipts]
delay = "50ms"
{line}
"#
        )
    };
    let rows: [(&str, Holds); 16] = [
        (r#"format = "appendix_b""#, all_receipted),
        (r#"format = "openmarket""#, all_receipted),
        (r#"format = "tlv_only""#, all_receipted),
        (r#"format = "payload""#, all_receipted),
        (r#"format = "data_sm""#, all_receipted),
        ("other_bind = true", |_, t, _| t.receipts_other_bind > 300 && t.receipts_final == 600),
        ("lost = 0.1", |_, t, s| {
            t.receipts_missing == s.receipts.withheld && t.receipts_missing > 30
        }),
        ("duplicate = 0.1", |_, t, s| {
            t.receipts_duplicate == s.receipts.duplicated && t.receipts_duplicate > 30
        }),
        ("before_response = 0.5", |_, t, _| {
            t.receipts_before_response > 100 && t.receipts_final == 600
        }),
        ("intermediate = 0.3", |_, t, _| t.receipts_intermediate > 100 && t.receipts_final == 600),
        ("states = { UNDELIV = 0.5, EXPIRED = 0.2, REJECTD = 0.1 }", |_, t, _| {
            t.by_state[5] > 200
                && t.by_state[3] > 60
                && t.by_state[8] > 20
                && t.receipts_final == 600
        }),
        ("window = 1", all_receipted),
        ("rate = 1000", all_receipted),
        ("rate = 100", |_, t, _| {
            t.receipts_final + t.receipts_missing == 600 && t.receipts_missing > 0
        }),
        (
            r#"retry = { after = "200ms", max = 3 }
[deliver]
no_answer = 0.2"#,
            |_, t, s| {
                t.receipts_duplicate > 50 && s.receipts.retried > 50 && t.receipts_final == 600
            },
        ),
        (
            r#"retry = { after = "200ms", max = 3 }
[deliver]
answers = [{ status = "ESME_RX_T_APPN", share = 0.2 }]"#,
            |r, t, s| r.deliver_refused > 50 && s.receipts.retried > 50 && t.receipts_final == 600,
        ),
    ];
    for (line, holds) in rows {
        let toml = with(line);
        let (record, tally) = quirk("200", &toml);
        let ledger = record.ledger();
        assert!(holds(&record, &ledger, &tally), "{toml}\n{ledger:#?}\n{tally:#?}");
    }
}

#[test]
fn every_way_of_answering_late_wrongly_or_never_is_counted_alike_on_both_sides() {
    walk(&[
        (
            "200",
            r#"[embedded.response]
latency = { uniform = ["1ms", "20ms"] }
"#,
            all_receipted,
        ),
        (
            "200",
            r#"[embedded.response]
latency = { lognormal = { median = "5ms", p99 = "60ms" } }
"#,
            all_receipted,
        ),
        (
            "200",
            r#"[embedded.response]
latency = { servers = 4, mean = "8ms" }
"#,
            all_receipted,
        ),
        (
            "200",
            r#"[embedded.response]
stall = { every = "1s", for = "300ms" }
"#,
            all_receipted,
        ),
        (
            "200",
            r"[embedded.response]
lost = 0.1
",
            |_, t, s| t.timed_out == s.responses.withheld && t.timed_out > 30,
        ),
        (
            "200",
            r#"[embedded.response]
errors = [{ status = "ESME_RSUBMITFAIL", share = 0.1 }, { status = "ESME_RSYSERR", share = 0.1 }]
"#,
            |_, t, s| t.rejected == s.submits.refused.total() && t.rejected > 80,
        ),
        (
            "200",
            r#"[embedded]
rules = [{ destination = "*1", status = "ESME_RINVDSTADR" }, { destination = "*2", state = "UNDELIV", err = "007" }]
"#,
            |_, t, _| t.rejected > 20 && t.by_state[5] > 20,
        ),
    ]);
}

const REFUSED: Holds = |_, t, s| t.rejected == s.submits.refused.total() && t.rejected > 50;

#[test]
fn every_reaction_to_a_full_window_is_counted_alike_on_both_sides() {
    let slow = r#"[embedded.response]
latency = "100ms"
[embedded.limits]
window = 5
"#;
    let on = |word: &str| format!("{slow}on_window = \"{word}\"\n");
    let (queue_full, disconnect) = (on("queue_full"), on("disconnect"));
    let (silence, unbind) = (on("silence"), on("unbind"));
    let dropped: Holds = |r, t, s| !r.outages.is_empty() && t.lost > 0 && s.submits.ignored > 0;
    walk(&[
        ("200", slow, REFUSED),
        ("200", &queue_full, REFUSED),
        ("200", &disconnect, dropped),
        ("200", &unbind, dropped),
        ("200", &silence, |_, t, s| t.timed_out == s.submits.ignored && t.timed_out > 50),
    ]);
}

#[test]
fn every_limit_of_a_rate_a_queue_or_an_account_is_counted_alike_on_both_sides() {
    walk(&[
        (
            "200",
            r"[embedded.limits]
rate = 100
",
            REFUSED,
        ),
        (
            "200",
            r#"[embedded.limits]
rate = 100
burst = 0
scope = "account"
"#,
            REFUSED,
        ),
        (
            "200",
            r#"[embedded.limits]
rate = 50
scope = "session"
"#,
            REFUSED,
        ),
        (
            "200",
            r#"[embedded.limits]
rate = 150
on_rate = "delay"
"#,
            |_, t, _| t.accepted + t.unsent + t.timed_out == 600 && t.rejected == 0,
        ),
        (
            "200",
            r"[embedded.limits]
queue = { size = 50, drain = 100 }
",
            REFUSED,
        ),
        (
            "200",
            r#"[embedded]
accounts = [{ system_id = "smppbench", password = "", rate = 100, window = 10, binds_max = 2 }]
"#,
            REFUSED,
        ),
        (
            "200",
            r#"[embedded]
accounts = [{ system_id = "smppbench", binds_max = 2 }]
[embedded.limits]
ghost_bind = "1s"
[[embedded.faults]]
kind = "close"
at = "1s"
"#,
            |r, _, s| {
                s.binds.refused.total() > 0
                    && r.outages.iter().all(|o| o.to.is_some())
                    && r.outages[0].attempts > 1
            },
        ),
    ]);
}

#[test]
fn mo_timers_and_habits_disturb_no_books() {
    walk(&[
        (
            "200",
            r"[embedded.mo]
rate = 50
lengths = [10, 200, 700]
ticket_tlv = true
",
            |r, t, s| r.mo_received == s.mo.sent && r.mo_received >= 140 && t.receipts_final == 600,
        ),
        (
            "\"20/min\"",
            r#"[embedded.timers]
enquire_link = "500ms"
response = "400ms"
"#,
            |r, _, s| s.sessions.enquire_links_confirmed >= 4 && r.outages.is_empty(),
        ),
        (
            "\"20/min\"",
            r#"[embedded.timers]
inactivity = "800ms"
"#,
            |r, _, s| {
                s.sessions.inactivity_timeouts >= 2
                    && r.outages.iter().all(|o| o.cause == DownCause::Closed)
            },
        ),
        (
            "200",
            r#"[embedded.timers]
session_init = "1s"
"#,
            all_receipted,
        ),
        (
            "200",
            r#"[embedded.habits]
service_type = "OMV4"
sc_interface_version = 0x34
[[messages]]
source = "12345"
text = "x"
registered_delivery = 1
"#,
            all_receipted,
        ),
    ]);
}

#[test]
fn an_mo_that_was_refused_or_not_answered_is_recognised_when_it_comes_again() {
    let again = r#"[embedded.mo]
rate = 50
ticket_tlv = true
[embedded.receipts]
retry = { after = "200ms", max = 3 }
[deliver]
"#;
    for answer in ["no_answer = 0.3", r#"answers = [{ status = "ESME_RX_T_APPN", share = 0.3 }]"#] {
        let (record, tally) = quirk("\"20/min\"", &format!("{again}{answer}\n"));
        assert!(record.redelivered > 20, "{answer}: {}", record.redelivered);
        // what went out as the run ended may not have been read
        let retried = tally.mo.retried;
        assert!(
            record.redelivered.abs_diff(retried) <= 2,
            "{answer}: {} {retried}",
            record.redelivered
        );
    }
    let (record, _) = quirk(
        "\"20/min\"",
        r#"[embedded.mo]
rate = 50
texts = ["the same"]
"#,
    );
    assert_eq!(record.redelivered, 0, "what was accepted is new when it comes again");
}
