use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::smpp::{Tag, put_tlv};

/// Draws values for every field type out of a pool of octets.
pub(crate) struct Source<'a> {
    pool: &'a [u8],
    at: usize,
    dests: Dests<'a>,
    unsuccessful: Unsuccessful<'a>,
    tlvs: Tlvs<'a>,
}

impl<'a> Source<'a> {
    fn octets(&mut self, max: usize) -> &'a [u8] {
        let count = usize::from(self.int1()) % (max + 1);
        let at = self.at % self.pool.len();
        let taken = &self.pool[at..self.pool.len().min(at + count)];
        self.at += count;
        taken
    }
    pub(crate) fn int1(&mut self) -> u8 {
        self.at += 1;
        self.pool[self.at % self.pool.len()]
    }
    pub(crate) fn cstr(&mut self, octets_max: usize, _status: CommandStatus) -> &'a [u8] {
        let octets = self.octets(octets_max - 1);
        let end = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
        &octets[..end]
    }
    pub(crate) fn time(&mut self, _short: bool, _status: CommandStatus) -> &'a [u8] {
        if self.int1() < 128 { b"" } else { b"020610233429000R" }
    }
    pub(crate) fn short_message(&mut self) -> &'a [u8] {
        self.octets(255)
    }
    pub(crate) fn dests(&mut self) -> Dests<'a> {
        self.dests
    }
    pub(crate) fn unsuccessful(&mut self) -> Unsuccessful<'a> {
        self.unsuccessful
    }
    pub(crate) fn tlvs(&mut self) -> Tlvs<'a> {
        self.tlvs
    }
}

fn encoded(body: &Body<'_>, status: CommandStatus, sequence_number: u32) -> BytesMut {
    let command_id = body.command_id().unwrap();
    let header = Header { command_length: 0, command_id, command_status: status, sequence_number };
    let mut out = BytesMut::new();
    Pdu { header, body: *body, anomalies: Vec::new() }.encode(&mut out);
    out
}

proptest! {
    #[test]
    fn any_pdu_value_round_trips(
        pool in vec(any::<u8>(), 1..400),
        vendor_tlvs in vec((0x1400_u16..0x4000, vec(any::<u8>(), 0..40)), 0..4),
        sequence_number in any::<u32>(),
        dest_count in 0_u8..5,
    ) {
        let mut run = BytesMut::new();
        for (tag, value) in &vendor_tlvs {
            put_tlv(Tag(*tag), value, &mut run);
        }
        let dest = b"\x01\x01\x01447700900001\0\x02list\0";
        let dests = dest.repeat(usize::from(dest_count));
        let failed = b"\x01\x01447700900001\0\0\0\0\x0B".repeat(usize::from(dest_count));
        let mut source = Source {
            pool: &pool,
            at: 0,
            dests: Dests { count: 2 * dest_count, octets: &dests },
            unsuccessful: Unsuccessful { count: dest_count, octets: &failed },
            tlvs: Tlvs(&run),
        };
        for body in Body::samples(&mut source) {
            let out = encoded(&body, CommandStatus::ESME_ROK, sequence_number);
            let pdu = decode(&out).unwrap();
            prop_assert_eq!(pdu.header.sequence_number, sequence_number);
            let mut again = BytesMut::new();
            pdu.encode(&mut again);
            prop_assert_eq!(&again, &out);
            // An empty body and none are the same on the wire, save for header-only responses.
            if out.len() > Header::OCTETS || !pdu.header.command_id.is_response() {
                prop_assert_eq!(pdu.body, body);
            }
            let odd = pdu.anomalies.iter().find(|odd| odd.kind != BodyFault::NoMessageId);
            prop_assert_eq!(odd, None);
        }
    }

    #[test]
    fn any_octets_under_any_command_never_panic_and_reencode_to_themselves(
        body in vec(any::<u8>(), 0..200),
        status in prop_oneof![Just(0), any::<u32>()],
    ) {
        for (id, _) in CommandId::NAMED {
            let frame = framed(*id, CommandStatus(status), &body);
            let _ = crate::smpp::receipt::read_frame(&frame);
            let _ = message_id(&frame);
            let _ = congestion_state(&frame);
            match decode(&frame) {
                Ok(pdu) => {
                    pdu.body.fields(&mut |_, field| match field {
                        Field::Dests(dests) => {
                            assert_eq!(dests.iter().count(), usize::from(dests.count));
                        }
                        Field::Unsuccessful(list) => {
                            assert_eq!(list.iter().count(), usize::from(list.count));
                        }
                        Field::Tlvs(tlvs) => assert!(tlvs.iter().count() <= body.len() + 1),
                        Field::Int(_) | Field::Text(_) | Field::ShortMessage(_) => {}
                    });
                    let unterminated =
                        pdu.anomalies.iter().any(|odd| odd.kind == BodyFault::UnterminatedCstring);
                    let mut again = BytesMut::new();
                    pdu.encode(&mut again);
                    prop_assert!(again == frame || unterminated, "{pdu:?}");
                }
                Err(fault) => {
                    prop_assert!(!id.is_response());
                    prop_assert!(fault.at <= frame.len());
                    prop_assert!(!fault.status.is_ok());
                }
            }
        }
    }
}

fn framed(command_id: CommandId, command_status: CommandStatus, body: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    encode_with(command_id, command_status, 7, &mut out, |out| out.extend_from_slice(body));
    out
}

fn kinds(frame: &[u8]) -> Vec<(BodyFault, Option<CommandStatus>)> {
    decode(frame).unwrap().anomalies.iter().map(|odd| (odd.kind, odd.status)).collect()
}

#[test]
fn a_normal_pdu_is_decoded_without_allocating_for_anomalies() {
    let mut out = BytesMut::new();
    submit_sm_resp(CommandStatus::ESME_ROK, 1, b"42", &mut out);
    assert_eq!(decode(&out).unwrap().anomalies.capacity(), 0);
}

#[test]
fn octets_that_are_not_as_many_as_the_length_says_are_malformed() {
    let mut out = BytesMut::new();
    header_only(CommandId::UNBIND, CommandStatus::ESME_ROK, 1, &mut out);
    assert_eq!(decode(&out[..15]).unwrap_err().kind, BodyFault::CommandLength);
    out.extend_from_slice(b"x");
    assert_eq!(decode(&out).unwrap_err().kind, BodyFault::CommandLength);
}

#[test]
fn a_response_is_read_as_far_as_it_goes() {
    let unterminated = framed(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, b"9");
    assert_eq!(kinds(&unterminated), vec![(BodyFault::UnterminatedCstring, None)]);
    assert_eq!(message_id(&unterminated), Some(&b"9"[..]));
    let bare = framed(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, b"");
    assert_eq!(kinds(&bare), vec![(BodyFault::NoMessageId, None)]);
    assert_eq!(message_id(&bare), None);
    let empty = framed(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, b"\0");
    assert_eq!(kinds(&empty), vec![(BodyFault::NoMessageId, None)]);
    assert_eq!(message_id(&empty), Some(&b""[..]));
    let error = framed(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RINVDSTADR, b"id\0");
    assert_eq!(kinds(&error), vec![(BodyFault::BodyOnError, None)]);
    let broken = framed(CommandId::QUERY_SM_RESP, CommandStatus::ESME_ROK, b"id\0");
    assert_eq!(kinds(&broken), vec![(BodyFault::TruncatedBody, None)]);
}

#[test]
fn congestion_state_is_found_after_a_string_and_right_after_the_header() {
    let tlv = [0x04, 0x28, 0x00, 0x01, 85];
    let id = CommandId::SUBMIT_SM_RESP;
    for body in
        [[b"42\0".as_slice(), &tlv].concat(), [b"\0".as_slice(), &tlv].concat(), tlv.to_vec()]
    {
        assert_eq!(congestion_state(&framed(id, CommandStatus::ESME_ROK, &body)), Some(85));
    }
    assert_eq!(congestion_state(&framed(id, CommandStatus::ESME_ROK, b"42\0")), None);
    assert_eq!(congestion_state(&framed(id, CommandStatus::ESME_ROK, b"")), None);
}

#[test]
fn a_response_that_only_adds_its_congestion_state_is_no_odd_one() {
    let (ok, throttled) = (CommandStatus::ESME_ROK, CommandStatus::ESME_RTHROTTLED);
    let tlv = |state: u8| [0x04, 0x28, 0x00, 0x01, state];
    let id = CommandId::SUBMIT_SM_RESP;
    for (status, before, state, adds) in [
        (ok, b"42\0".as_slice(), 100, true),
        (ok, b"42\0", 101, false),
        (ok, b"\0", 85, false),
        (ok, b"4\x002\0", 85, false),
        (throttled, b"\0", 0, true),
        (throttled, b"", 85, true),
        (throttled, b"42\0", 85, false),
    ] {
        let body = [before, &tlv(state)].concat();
        assert_eq!(adds_only_congestion_state(status, &body), adds, "{status} {body:?}");
        if before.is_empty() {
            // read as a message_id, which no v5.0 response of an error needs
            continue;
        }
        let frame = framed(id, status, &body);
        let decoded = decode(&frame).unwrap();
        assert_eq!(decoded.anomalies.is_empty(), adds, "{:?}", decoded.anomalies);
    }
    assert!(!adds_only_congestion_state(ok, b"42\0"));
}

#[test]
fn plain_answers_are_counted_up_to_the_first_that_differs_in_more_than_its_number() {
    let answer = |number: u32, id: &[u8]| {
        let mut out = BytesMut::new();
        submit_sm_resp(CommandStatus::ESME_ROK, number, id, &mut out);
        out.to_vec()
    };
    let three = [answer(7, b"abc"), answer(8, b"abd"), answer(9, b"abe")].concat();
    let found = Some(PlainAnswers { first: 7, count: 3, octets: 20 });
    assert_eq!(plain_answers(&three), found);
    let mut rejected = BytesMut::new();
    submit_sm_resp(CommandStatus::ESME_RTHROTTLED, 10, b"", &mut rejected);
    let mut with_status = answer(10, b"abc");
    with_status[11] = 8;
    let mut other_command = answer(10, b"abc");
    other_command[3] = 20;
    other_command[7] = 3;
    for other in [
        answer(11, b"abc"),
        answer(9, b"abc"),
        answer(10, b"abcd"),
        answer(10, b"a\0c"),
        answer(10, b"\0\0\0"),
        answer(10, b""),
        rejected.to_vec(),
        with_status,
        other_command,
        answer(10, b"abc")[..19].to_vec(),
    ] {
        assert_eq!(plain_answers(&[&three[..], &other].concat()), found, "{other:?}");
        let alone = plain_answers(&other).map(|a| a.count);
        assert!(alone.is_none() || alone == Some(1), "{other:?}");
    }
    let mut no_nul = answer(7, b"abc");
    no_nul[19] = b'x';
    for none in
        [&no_nul[..], &three[..19], &three[..15], b"", &answer(7, b""), &answer(7, &[b'x'; 65])]
    {
        assert_eq!(plain_answers(none), None, "{none:?}");
    }
    let last = answer(u32::MAX, b"1");
    let found = plain_answers(&[&last[..], &answer(0, b"1")].concat());
    assert_eq!(found.map(|a| a.count), Some(1));
}

#[test]
fn an_answer_is_plain_only_if_its_ids_one_nul_is_the_last_octet_whatever_its_length() {
    for length in 1..=64 {
        let mut out = BytesMut::new();
        submit_sm_resp(CommandStatus::ESME_ROK, 7, &vec![b'9'; length], &mut out);
        assert_eq!(plain_answers(&out).map(|a| a.count), Some(1), "{length}");
        for at in 16..out.len() {
            for octet in [0, 1, 0x80, 0xFF] {
                let was = std::mem::replace(&mut out[at], octet);
                let still = (octet == 0) == (at == out.len() - 1);
                assert_eq!(plain_answers(&out).is_some(), still, "{octet} at {at} of {length}");
                out[at] = was;
            }
        }
    }
}

#[test]
fn the_quick_responses_are_the_octets_of_the_full_encoders() {
    let (mut quick, mut full) = (BytesMut::new(), BytesMut::new());
    submit_sm_resp(CommandStatus::ESME_ROK, 5, b"abc", &mut quick);
    SubmitSmResp { message_id: b"abc", ..SubmitSmResp::default() }.encode(
        CommandStatus::ESME_ROK,
        5,
        &mut full,
    );
    deliver_sm_resp(CommandStatus::ESME_RX_T_APPN, 6, &mut quick);
    DeliverSmResp::default().encode(CommandStatus::ESME_RX_T_APPN, 6, &mut full);
    submit_sm_resp(CommandStatus::ESME_RTHROTTLED, 7, b"abc", &mut quick);
    header_only(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RTHROTTLED, 7, &mut full);
    assert_eq!(quick, full);
}

#[test]
fn thousands_of_broken_tlvs_do_not_cost_more_memory_than_the_pdu() {
    let body = [&b"\0"[..], &[0x02, 0x04, 0, 0].repeat(10_000)].concat();
    let frame = framed(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, &body);
    let pdu = decode(&frame).unwrap();
    assert!(pdu.anomalies.len() * size_of::<Anomaly>() < 1024, "{}", pdu.anomalies.len());
}

#[test]
fn every_kind_of_fault_has_a_name_of_its_own() {
    let mut names: Vec<_> = BodyFault::ALL.iter().map(|kind| kind.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), BodyFault::ALL.len());
}
