//! The books against a plain model: whatever becomes of each message, they say so, and every sum adds up.
use crate::kit::Nanos;
use crate::measure::LatencyRange;
use crate::measure::through::{ExampleClass, ReceiptBooks, SubmitBooks, ThroughRecord};
use crate::net::{Sighting, SightingKind};
use crate::smpp::marker::{Carrier, Marker, MarkerKind, MessageKey};
use crate::smpp::pdu::{self, DeliverSm, SubmitSm};
use crate::smpp::receipt::{FinalStates, IdRule};
use crate::smpp::{CommandStatus, Tag, Tlvs, put_tlv};
use crate::through::{Ledger, Settings};
use bytes::BytesMut;
use proptest::prelude::*;

pub(super) const RUN: u32 = 7;
const DEADLINE: Nanos = Nanos::from_secs(2);
pub(super) const FRONT: u32 = 0;
pub(super) const BEHIND: u32 = 1;

/// What becomes of one message.
#[derive(Clone, Debug)]
struct Fate {
    /// Its answer in front: 0 accepts; None: none.
    answer: Option<u32>,
    /// When it is sent, in milliseconds, and how long its answer takes.
    sent_ms: u64,
    answer_ms: u64,
    /// How long each copy takes to come out, and what our SMSC answers to it.
    copies: Vec<(u64, u32)>,
    /// Receipts that our SMSC sends, and those that come in front.
    receipts_sent: usize,
    receipts_came: usize,
    /// How long they take from the accept and the first copy on: further copies may come out after them.
    receipts_ms: u64,
}

fn fate() -> impl Strategy<Value = Fate> {
    let answer = prop_oneof![4 => Just(Some(0)), 1 => Just(Some(0x58)), 1 => Just(None)];
    let status = prop_oneof![3 => Just(0), 1 => Just(0x58)];
    let copies = prop::collection::vec((0..3_000_u64, status), 0..4);
    (answer, 0..500_u64, 0..100_u64, copies, 0..2_usize, 0..3_usize, 0..1_000_u64).prop_map(
        |(answer, sent_ms, answer_ms, copies, sent, came, receipts_ms)| {
            let is_taken = copies.iter().any(|(_, status)| *status == 0);
            let is_accepted = answer == Some(0);
            Fate {
                answer,
                sent_ms,
                answer_ms,
                copies,
                receipts_sent: if is_taken { sent } else { 0 },
                receipts_came: if is_accepted { came } else { 0 },
                receipts_ms,
            }
        },
    )
}

/// What the books must say, counted in the plainest way. `end`: when they are closed, in milliseconds.
fn model(fates: &[Fate], end: u64) -> (SubmitBooks, ReceiptBooks) {
    let (mut submits, mut receipts) = (SubmitBooks::default(), ReceiptBooks::default());
    let deadline = DEADLINE.0 / 1_000_000;
    for fate in fates {
        let mut copies = fate.copies.clone();
        copies.sort_by_key(|(ms, _)| *ms);
        let first = copies.first().map(|(ms, _)| *ms);
        submits.sent += 1;
        submits.came_out += copies.len() as u64;
        // a copy is tried again where all before it were refused
        let refused = copies.iter().take_while(|(_, status)| *status != 0).count();
        let retries = refused.min(copies.len().saturating_sub(1)) as u64;
        let is_taken = refused < copies.len();
        let out = copies.len() as u64 - retries;
        submits.retries += retries;
        submits.copies += out.saturating_sub(1);
        match fate.answer {
            Some(0) => {
                submits.accepted += 1;
                match first {
                    Some(first) if first.saturating_sub(fate.answer_ms) <= deadline => {
                        *(if out == 1 { &mut submits.once } else { &mut submits.duplicate }) += 1;
                    }
                    Some(_) => {
                        submits.lost += 1;
                        submits.late += 1;
                    }
                    None if end - fate.sent_ms - fate.answer_ms > deadline => submits.lost += 1,
                    None => submits.pending += 1,
                }
            }
            Some(_) => {
                submits.rejected += 1;
                submits.ghost += u64::from(is_taken);
            }
            None => {
                submits.unanswered += 1;
                submits.maybe += 1;
                submits.maybe_out += u64::from(out > 0);
            }
        }
        let (sent, came) = (fate.receipts_sent as u64, fate.receipts_came as u64);
        receipts.sent += sent;
        receipts.came += came;
        receipts.once += sent.min(came);
        receipts.lost += sent - sent.min(came);
        if sent == 0 {
            receipts.by_gateway += came;
        } else {
            receipts.duplicate += came.saturating_sub(sent);
        }
    }
    let rejected = submits.rejected;
    submits.rejected_by = if rejected > 0 { vec![(0x58, rejected)] } else { Vec::new() };
    (submits, receipts)
}

pub(super) fn submit(message: u64, sequence: u32) -> Vec<u8> {
    let key = MessageKey { kind: MarkerKind::Load, message, part: 0 };
    let (mut run, mut out) = (BytesMut::new(), BytesMut::new());
    put_tlv(Marker::TLV, &Marker::new(RUN, key).tlv(), &mut run);
    let sm = SubmitSm {
        destination_addr: b"447700900000",
        short_message: b"hello",
        registered_delivery: 1,
        tlvs: Tlvs(&run),
        ..SubmitSm::default()
    };
    sm.encode(CommandStatus::ESME_ROK, sequence, &mut out);
    out.to_vec()
}

pub(super) fn response(status: u32, sequence: u32, id: &str) -> Vec<u8> {
    let mut out = BytesMut::new();
    let id = if status == 0 { id } else { "" };
    pdu::submit_sm_resp(CommandStatus(status), sequence, id.as_bytes(), &mut out);
    out.to_vec()
}

pub(super) fn receipt(id: &str) -> Vec<u8> {
    let text = format!(
        "id:{id} sub:001 dlvrd:001 submit date:2601010000 done date:2601010001 stat:DELIVRD err:000 text:"
    );
    let sm = DeliverSm { esm_class: 4, short_message: text.as_bytes(), ..DeliverSm::default() };
    let mut out = BytesMut::new();
    sm.encode(CommandStatus::ESME_ROK, 1, &mut out);
    out.to_vec()
}

pub(super) fn settings(outstanding_max: usize) -> Settings {
    Settings {
        run: RUN,
        mo_run: RUN,
        carriers: vec![Carrier::Tlv],
        fronts_count: 1,
        deadline: DEADLINE,
        outstanding_max,
        rewrites: Vec::new(),
        routes: Vec::new(),
        upstreams: Vec::new(),
        front_ids: IdRule::Exact,
        upstream_ids: IdRule::Exact,
        finals: FinalStates::of(["DELIVRD"]),
        range: LatencyRange::for_deadline(DEADLINE),
    }
}

/// Everything that both witnesses see of a message.
fn sightings(number: usize, fate: &Fate) -> Vec<Sighting> {
    let mut all = Vec::new();
    let mut add = |witness, ms: u64, kind| {
        all.push(Sighting { witness, session: 0, at: Nanos::from_millis(1_000 + ms), kind });
    };
    let (read, wrote) = (SightingKind::Read, SightingKind::Wrote);
    let sequence = number as u32 + 1;
    add(FRONT, fate.sent_ms, wrote(submit(number as u64, sequence)));
    if let Some(status) = fate.answer {
        let octets = response(status, sequence, &format!("F{number}"));
        add(FRONT, fate.sent_ms + fate.answer_ms, read(octets));
    }
    for (copy, (ms, status)) in fate.copies.iter().enumerate() {
        let (at, sequence) = (fate.sent_ms + ms, sequence + 1_000 * (copy as u32 + 1));
        add(BEHIND, at, read(submit(number as u64, sequence)));
        add(BEHIND, at, wrote(response(*status, sequence, &format!("U{number}.{copy}"))));
    }
    // of the copy that was taken first
    let taken = fate.copies.iter().enumerate().filter(|(_, (_, status))| *status == 0);
    let (copy, first) =
        taken.map(|(copy, (ms, _))| (copy, *ms)).min_by_key(|(_, ms)| *ms).unwrap_or_default();
    let sent_at = fate.sent_ms + first.max(fate.answer_ms) + fate.receipts_ms;
    for _ in 0..fate.receipts_sent {
        add(BEHIND, sent_at, wrote(receipt(&format!("U{number}.{copy}"))));
    }
    for _ in 0..fate.receipts_came {
        add(FRONT, sent_at + 10, read(receipt(&format!("F{number}"))));
    }
    all
}

fn books(fates: &[Fate], end_ms: u64, outstanding_max: usize, shift: usize) -> ThroughRecord {
    let mut ledger = Ledger::new(settings(outstanding_max));
    let mut all: Vec<Sighting> =
        fates.iter().enumerate().flat_map(|(number, fate)| sightings(number, fate)).collect();
    // witnesses tell in any order; what one tells of one time is in order
    all.sort_by_key(|sighting| (sighting.at.0 / 1_000_000 % (shift as u64 + 1), sighting.at));
    all.into_iter().for_each(|sighting| ledger.take(sighting));
    ledger.finish(Nanos::from_millis(1_000 + end_ms))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_books_say_what_the_plain_model_says(
        fates in prop::collection::vec(fate(), 1..60), shift in 0..4_usize,
    ) {
        let end = 8_000;
        let record = books(&fates, end, 1_000, shift);
        let (submits, receipts) = model(&fates, end);
        prop_assert_eq!(&record.submits, &submits);
        prop_assert_eq!(&record.receipts, &receipts);
        prop_assert!(record.balanced);
    }

    #[test]
    fn the_books_balance_however_few_messages_may_be_kept(
        fates in prop::collection::vec(fate(), 1..60), outstanding_max in 1..20_usize,
    ) {
        let record = books(&fates, 8_000, outstanding_max, 0);
        prop_assert!(record.balanced, "{:?} {:?}", record.submits, record.receipts);
        let (submits, receipts) = model(&fates, 8_000);
        let wrong = |books: &SubmitBooks| {
            [books.lost, books.duplicate, books.ghost, books.late, books.maybe_out, books.unexpected]
        };
        // a further receipt of a message that was forgotten names none that is known
        let wrong_receipts = |books: &ReceiptBooks| {
            let ReceiptBooks { lost, duplicate, unknown, altered, by_gateway, .. } = *books;
            [lost, duplicate, altered, by_gateway, unknown + duplicate + by_gateway]
        };
        let pairs = wrong(&record.submits).into_iter().zip(wrong(&submits));
        let of_receipts =
            wrong_receipts(&record.receipts).into_iter().zip(wrong_receipts(&receipts));
        for (said, is) in pairs.chain(of_receipts) {
            prop_assert!(said <= is, "{:?} {:?}, and not {submits:?} {receipts:?}", record.submits, record.receipts);
        }
    }
}

#[test]
fn a_message_that_was_not_kept_is_untracked_and_never_lost() {
    let fate = Fate {
        answer: Some(0),
        sent_ms: 0,
        answer_ms: 1,
        copies: vec![(5, 0)],
        receipts_sent: 1,
        receipts_came: 1,
        receipts_ms: 0,
    };
    let record = books(&vec![fate; 50], 8_000, 10, 0);
    assert!(record.balanced);
    let SubmitBooks { sent, once, untracked, lost, unexpected, .. } = record.submits;
    assert_eq!((sent, once, untracked, lost, unexpected), (50, 10, 40, 0, 0));
    let ReceiptBooks { sent, once, untracked, lost, unknown, untracked_in_front, .. } =
        record.receipts;
    assert_eq!((sent, once, untracked, lost), (50, 10, 40, 0));
    assert_eq!((unknown, untracked_in_front), (0, 40), "the ids are known to nobody");
}

#[test]
fn what_comes_of_a_finished_message_is_still_told_apart() {
    let fate = |copies_ms: &[u64], receipts_came| Fate {
        answer: Some(0),
        sent_ms: 0,
        answer_ms: 1,
        copies: copies_ms.iter().map(|ms| (*ms, 0)).collect(),
        receipts_sent: 1,
        receipts_came,
        receipts_ms: 0,
    };
    // three go through, and then one comes out again, and another's receipt comes again
    let fates = [fate(&[5], 1), fate(&[5, 1_500], 1), fate(&[5], 2)];
    let mut ledger = Ledger::new(settings(10));
    for (number, fate) in fates.iter().enumerate() {
        let all = sightings(number, fate).into_iter();
        all.for_each(|sighting| ledger.take(sighting));
    }
    let record = ledger.finish(Nanos::from_secs(9));
    let SubmitBooks { once, duplicate, copies, accepted, .. } = record.submits;
    assert_eq!((accepted, once, duplicate, copies), (3, 2, 1, 1));
    let ReceiptBooks { sent, once, duplicate, unknown, .. } = record.receipts;
    assert_eq!((sent, once, duplicate, unknown), (3, 3, 1, 0));
    assert!(record.balanced);
    let again = record.examples.of(ExampleClass::Duplicate).next().expect("one came out again");
    assert_eq!((again.front_id.as_str(), again.upstream_id.as_str()), ("F1", "U1.0"));
    assert_eq!(again.what, "again after 1495.000 ms");
}

#[test]
fn octets_that_no_witness_could_tell_leave_the_books_unbalanced() {
    let mut ledger = Ledger::new(settings(10));
    let kind = SightingKind::Missed(77);
    ledger.take(Sighting { witness: 0, session: 0, at: Nanos(1), kind });
    let record = ledger.finish(Nanos(2));
    assert_eq!((record.missed_octets, record.balanced), (77, false));
}

#[test]
fn a_copy_over_a_reconnect_is_told_apart() {
    let mut ledger = Ledger::new(settings(10));
    ledger.begin(Nanos(1));
    let fate = Fate {
        answer: Some(0),
        sent_ms: 0,
        answer_ms: 1,
        copies: vec![(5, 0), (50, 0)],
        receipts_sent: 0,
        receipts_came: 0,
        receipts_ms: 0,
    };
    sightings(0, &fate).into_iter().for_each(|sighting| ledger.take(sighting));
    let at = Nanos::from_millis(1_020);
    ledger.take(Sighting { witness: 1, session: 0, at, kind: SightingKind::Connected });
    let record = ledger.finish(Nanos::from_secs(9));
    assert_eq!((record.submits.copies, record.submits.copies_over_reconnect), (1, 1));
}

/// A PDU of a message: with a part's header, in message_payload, or plain.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Part(u8),
    Payload,
    Plain,
}

/// A submit_sm of this text, with the marker of this key in the TLV. Parts are two, with reference 9.
pub(super) fn formed(
    marker: Option<MessageKey>,
    form: Form,
    text: &[u8],
    sequence: u32,
) -> Vec<u8> {
    let (mut run, mut out, mut octets) = (BytesMut::new(), BytesMut::new(), Vec::new());
    match form {
        Form::Part(part) => octets = [&[5, 0, 3, 9, 2, part + 1], text].concat(),
        Form::Payload => put_tlv(Tag::MESSAGE_PAYLOAD, text, &mut run),
        Form::Plain => octets = text.to_vec(),
    }
    if let Some(key) = marker {
        put_tlv(Marker::TLV, &Marker::new(RUN, key).tlv(), &mut run);
    }
    let sm = SubmitSm {
        esm_class: if matches!(form, Form::Part(_)) { 0x40 } else { 0 },
        destination_addr: b"447700900000",
        short_message: &octets,
        tlvs: Tlvs(&run),
        ..SubmitSm::default()
    };
    sm.encode(CommandStatus::ESME_ROK, sequence, &mut out);
    out.to_vec()
}

/// A submit_sm of `part` of a message of two parts, or, with `part` None, of both in one message_payload.
fn of_two_parts(message: u64, part: Option<u8>, sequence: u32) -> Vec<u8> {
    let text = |part| {
        let key = MessageKey { kind: MarkerKind::Load, message, part };
        [b"part of a text ".to_vec(), Marker::new(RUN, key).token().to_vec()].concat()
    };
    match part {
        Some(part) => formed(None, Form::Part(part), &text(part), sequence),
        None => formed(None, Form::Payload, &[text(0), text(1)].concat(), sequence),
    }
}

#[test]
fn parts_that_come_out_as_one_payload_are_each_once_and_their_text_is_whole() {
    let mut ledger = Ledger::new(Settings { carriers: vec![Carrier::Text], ..settings(10) });
    let mut take = |witness, ms, kind| {
        ledger.take(Sighting { witness, session: 0, at: Nanos::from_millis(ms), kind });
    };
    for part in 0..2 {
        let sequence = u32::from(part) + 1;
        take(FRONT, 1, SightingKind::Wrote(of_two_parts(3, Some(part), sequence)));
        take(FRONT, 2, SightingKind::Read(response(0, sequence, &format!("F{part}"))));
    }
    take(BEHIND, 3, SightingKind::Read(of_two_parts(3, None, 1)));
    take(BEHIND, 3, SightingKind::Wrote(response(0, 1, "U")));
    let record = ledger.finish(Nanos::from_secs(9));
    let SubmitBooks { once, resegmented, came_out, lost, .. } = record.submits;
    assert_eq!((once, resegmented, came_out, lost, record.balanced), (2, 2, 2, 0, true));
    let names: Vec<&str> = record.fields.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["submit.segmentation"]);
}

#[test]
fn parts_of_an_uncut_message_that_never_become_whole_are_told_apart() {
    let mut ledger = Ledger::new(Settings { carriers: vec![Carrier::Text], ..settings(10) });
    let mut take = |witness, ms, kind| {
        ledger.take(Sighting { witness, session: 0, at: Nanos::from_millis(ms), kind });
    };
    take(FRONT, 1, SightingKind::Wrote(of_two_parts(3, None, 1)));
    take(FRONT, 2, SightingKind::Read(response(0, 1, "F")));
    take(BEHIND, 3, SightingKind::Read(of_two_parts(3, Some(1), 1)));
    let record = ledger.finish(Nanos::from_secs(9));
    let SubmitBooks { lost, unexpected, incomplete_parts, came_out, .. } = record.submits;
    assert_eq!((lost, unexpected, incomplete_parts, came_out), (1, 0, 1, 0));
    assert!(record.balanced);
}

/// A submit_sm of a probe with its reference, and with a whole marker in the TLV, or without.
fn probe(message: u64, reference: u16, is_whole: bool, sequence: u32) -> Vec<u8> {
    let key = MessageKey { kind: MarkerKind::Probe, message, part: 0 };
    let (mut tlvs, mut out) = (BytesMut::new(), BytesMut::new());
    put_tlv(Tag::USER_MESSAGE_REFERENCE, &reference.to_be_bytes(), &mut tlvs);
    if is_whole {
        put_tlv(Marker::TLV, &Marker::new(RUN, key).tlv(), &mut tlvs);
    }
    let sm = SubmitSm { destination_addr: b"1", tlvs: Tlvs(&tlvs), ..SubmitSm::default() };
    sm.encode(CommandStatus::ESME_ROK, sequence, &mut out);
    out.to_vec()
}

/// The books of ten probes that come out with the reference alone, as this gateway writes it.
fn of_probes(reference_of: impl Fn(u16) -> u16) -> Ledger {
    let mut ledger = Ledger::new(Settings { carriers: Carrier::ALL.to_vec(), ..settings(100) });
    let mut take = |witness, ms, kind| {
        ledger.take(Sighting { witness, session: 0, at: Nanos::from_millis(ms), kind });
    };
    for number in 0..10_u16 {
        let (sequence, at) = (u32::from(number) + 1, u64::from(number) * 10);
        let sent = probe(u64::from(number), number, true, sequence);
        take(FRONT, at, SightingKind::Wrote(sent));
        take(FRONT, at + 1, SightingKind::Read(response(0, sequence, &format!("F{number}"))));
        let out = probe(u64::from(number), reference_of(number), false, sequence);
        take(BEHIND, at + 2, SightingKind::Read(out));
        take(BEHIND, at + 2, SightingKind::Wrote(response(0, sequence, &format!("U{number}"))));
    }
    ledger.advance(Nanos::from_secs(1));
    ledger
}

#[test]
fn probes_that_keep_nothing_but_user_message_reference_leave_it_as_the_carrier() {
    let ledger = of_probes(|reference| reference);
    assert_eq!(ledger.survivors(), [Carrier::UserMessageReference]);
    let record = ledger.finish(Nanos::from_secs(9));
    assert_eq!((record.probes.once, record.submits.unexpected), (10, 0));
    assert!(record.balanced);
}

#[test]
fn a_reference_that_the_gateway_writes_itself_is_no_carrier() {
    let ledger = of_probes(|_| 0);
    assert_eq!(ledger.survivors(), []);
    let trials = ledger.carrier_trials();
    let of = |carrier| trials.iter().find(|trial| trial.carrier == carrier).expect("it was tried");
    assert_eq!(of(Carrier::Tlv).survived, 0);
    let shown = Some(("0009".to_owned(), "0000".to_owned()));
    assert_eq!(of(Carrier::UserMessageReference).became, shown);
    assert!(ledger.finish(Nanos::from_secs(9)).balanced);
}
