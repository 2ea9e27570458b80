//! Receipts that can or cannot be told apart, in whole runs against a scripted SMSC.
use super::scripted::{Smsc, play};
use crate::judge::{self, GateOutcome, Judgement, Outcome};
use crate::kit::HostUse;
use crate::measure::{Metric, RunRecord};
use crate::plan::Plan;

fn profile(rate: u32, more: &str) -> String {
    format!(
        "load.stages = [{{ hold = {rate}, for = \"2s\" }}]\nbinds = {{ count = 2, window = 50 }}\n\
         timeouts = {{ response = \"1s\" }}\nmessages = [{{ registered_delivery = 1, text = \"a\" }}]\n{more}"
    )
}

fn judged(plan: &Plan, record: &RunRecord) -> Judgement {
    let j = judge::judge(plan, record, &HostUse::default());
    assert!(j.books.balanced, "{:?}", j.books);
    j
}

fn gate(plan: &Plan, record: &RunRecord, j: &Judgement) -> GateOutcome {
    judge::evaluate(plan, record, j)[0].outcome
}

const GATE: &str = "receipts.deadline = \"1s\"\ngates = { \"ratio.missing\" = \"<= 0.5%\" }";

#[test]
fn receipts_that_nobody_could_match_pass_no_gate_and_no_check() {
    let ten_ids = |smsc: &mut Smsc, session: u32, n: u32, _: &[u8]| {
        smsc.accept(session, n, &format!("ID{}", n % 10));
        if n.is_multiple_of(20) {
            (0..10).for_each(|id| smsc.receipt(session, 1, &format!("ID{id}")));
        }
    };
    let no_id = |smsc: &mut Smsc, session: u32, n: u32, _: &[u8]| smsc.accept(session, n, "");
    let (plan, record) = play(&profile(100, GATE), no_id);
    let j = judged(&plan, &record);
    let t = record.ledger();
    assert_eq!((t.receipts_expected, t.receipts_untracked, t.receipts_without_id), (200, 200, 200));
    assert_ne!(j.outcome, Some(Outcome::Sustained));
    assert_eq!(gate(&plan, &record, &j), GateOutcome::Undecided);
    assert!(j.warnings.iter().any(|w| w.contains("without a message_id")), "{:?}", j.warnings);
    assert!(!j.warnings.iter().any(|w| w.contains("outstanding_max")), "{:?}", j.warnings);

    let (plan, record) = play(&profile(100, GATE), ten_ids);
    let j = judged(&plan, &record);
    let t = record.ledger();
    assert!(t.receipts_ambiguous > 150 && t.ids_given_twice > 150, "{t:?}");
    assert!(t.receipts_for_ambiguous > 0 && record.receipts_unknown == 0);
    assert_ne!(j.outcome, Some(Outcome::Sustained));
    assert_ne!(gate(&plan, &record, &j), GateOutcome::Pass);
}

#[test]
fn what_is_beyond_the_table_is_named_as_that_and_a_gate_that_fails_anyway_fails() {
    let silent = |smsc: &mut Smsc, session: u32, n: u32, _: &[u8]| {
        smsc.accept(session, n, &format!("{session}-{n}"))
    };
    let more = "receipts = { deadline = \"1s\", outstanding_max = 20 }\ngates = { \"ratio.missing\" = \"<= 0.5%\" }";
    let (plan, record) = play(&profile(100, more), silent);
    let j = judged(&plan, &record);
    let t = record.ledger();
    assert!(t.receipts_missing >= 20 && t.receipts_untracked > 100, "{t:?}");
    assert_eq!(gate(&plan, &record, &j), GateOutcome::Fail);
    assert!(j.warnings.iter().any(|w| w.contains("outstanding_max (20)")), "{:?}", j.warnings);
}

#[test]
fn two_nodes_that_number_alike_have_their_receipts_by_session() {
    let nodes = |slow: u32| {
        let mut sent = [0; 2];
        move |smsc: &mut Smsc, session: u32, n: u32, _: &[u8]| {
            sent[session as usize] += 1;
            let id = format!("{:010}", sent[session as usize]);
            smsc.accept(session, n, &id);
            smsc.receipt(session, if session == slow { 400 } else { 50 }, &id);
        }
    };
    for slow in [0, 1] {
        let (plan, record) = play(&profile(100, GATE), nodes(slow));
        let j = judged(&plan, &record);
        let t = record.ledger();
        assert_eq!((t.receipts_final, t.receipts_ambiguous, t.receipts_other_bind), (200, 0, 0));
        assert!(t.ids_given_twice > 90, "{t:?}");
        let cell = record.sum(|_| true);
        let receipt = cell.metric(Metric::ReceiptFromWrite);
        for q in [0.25, 0.45, 0.55, 0.75] {
            let ms = receipt.quantile(q).unwrap().0 / 1_000_000;
            let near = if q < 0.5 { 48..56 } else { 398..410 };
            assert!(near.contains(&ms), "{q}: {ms}");
        }
        let said = j.warnings.iter().find(|w| w.contains("given twice, to two messages,")).unwrap();
        assert!(said.contains("sessions 0 and 1"), "{said}");
        assert_eq!(gate(&plan, &record, &j), GateOutcome::Pass);
    }
}

#[test]
fn a_receipt_on_a_third_session_is_credited_to_nobody() {
    let mut sent = [0; 3];
    let third = |smsc: &mut Smsc, session: u32, n: u32, _: &[u8]| {
        sent[session as usize] += 1;
        let id = format!("{:010}", sent[session as usize]);
        smsc.accept(session, n, &id);
        smsc.receipt(2, 300, &id);
    };
    let profile = "receipts.deadline = \"1s\"\nmessages = [{ registered_delivery = 1, text = \"a\" }]\n\
        load.stages = [{ hold = 100, for = \"2s\" }]\n[[accounts]]\nname = \"a\"\nbinds = { count = 2, window = 50 }\n\
        [[accounts]]\nname = \"b\"\nbinds = { type = \"receiver\", count = 1 }\n";
    let (plan, record) = play(profile, third);
    judged(&plan, &record);
    let t = record.ledger();
    assert_eq!(t.receipts_final + t.receipts_ambiguous, 200, "{t:?}");
    assert!(t.receipts_ambiguous > 150, "{t:?}");
    assert_eq!(record.receipts_unknown, 0);
}

#[test]
fn whole_messages_of_ambiguous_parts_end_too() {
    let one_id = |smsc: &mut Smsc, session: u32, n: u32, _: &[u8]| {
        smsc.accept(session, n, "0001");
        if n.is_multiple_of(7) {
            smsc.receipt(session, 20, "0001");
        }
    };
    let text = "x".repeat(400);
    let profile = profile(20, "receipts.deadline = \"1s\"")
        .replace("text = \"a\"", &format!("text = \"{text}\""));
    let (plan, record) = play(&profile, one_id);
    let j = judged(&plan, &record);
    assert_eq!(
        (record.messages.planned, record.messages.complete),
        (14, 13),
        "{:?}",
        record.ledger()
    );
    assert!(j.warnings.iter().any(|w| w.contains("receipts.per")), "{:?}", j.warnings);
}

#[test]
fn one_receipt_for_all_parts_of_a_text_is_that_of_all_of_them_whichever_id_it_bears() {
    let part = |pdu: &[u8]| {
        let at = pdu.windows(5).position(|w| w[..3] == [5, 0, 3]).unwrap();
        (pdu[at + 3], pdu[at + 4], pdu[at + 5])
    };
    let text = "x".repeat(400);
    let more = "receipts = { deadline = \"1s\", per = \"message\" }";
    let profile = profile(30, more).replace("text = \"a\"", &format!("text = \"{text}\""));
    // the id that the answer to a part gives, and the id of the one receipt
    type Ids = fn(u8, u8) -> String;
    let one: Ids = |message, _| format!("{message:08}");
    let own: Ids = |message, part| format!("{message:04}{part:04}");
    let only_last: Ids =
        |message, part| if part == 3 { format!("{message:08}") } else { String::new() };
    for (number, (ids, receipted)) in
        [(one, 1), (own, 1), (own, 2), (own, 3), (only_last, 3)].into_iter().enumerate()
    {
        let submit = |smsc: &mut Smsc, session: u32, n: u32, pdu: &[u8]| {
            let (message, total, place) = part(pdu);
            smsc.accept(session, n, &ids(message, place));
            if place == total {
                smsc.receipt(session, 20, &ids(message, receipted));
            }
        };
        let (plan, record) = play(&profile, submit);
        let j = judged(&plan, &record);
        let t = record.ledger();
        assert_eq!((t.accepted, record.messages.complete), (60, 20), "{number}");
        assert_eq!(
            (t.receipts_expected, t.receipts_final, t.receipts_missing),
            (20, 20, 0),
            "{number}: {t:?}"
        );
        assert_eq!((t.ids_given_twice, record.receipts_unknown), (0, 0), "{number}");
        assert_eq!(record.messages.delivered, 20, "{number}: {:?}", record.messages);
        assert!(j.warnings.iter().all(|w| !w.contains("message_id")), "{:?}", j.warnings);
    }
    let nameless = |smsc: &mut Smsc, session: u32, n: u32, _: &[u8]| smsc.accept(session, n, "");
    let (plan, record) = play(&profile, nameless);
    judged(&plan, &record);
    let t = record.ledger();
    assert_eq!((t.receipts_expected, t.receipts_untracked, t.receipts_without_id), (20, 20, 20));
    // each id again and again, as first and as later part of messages in turn
    let round = |smsc: &mut Smsc, session: u32, n: u32, _: &[u8]| {
        smsc.accept(session, n, ["P", "Q", "R", "Q", "P", "R", "R"][n as usize % 7]);
        smsc.receipt(session, 20, ["P", "Q", "R"][n as usize % 3]);
    };
    let (plan, record) = play(&profile, round);
    judged(&plan, &record);
}
