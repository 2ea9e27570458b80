use super::*;

/// Rows of docs/smpp/protocol.md, "Session states": the PDU, who may receive it (Smsc, Esme), and in which states
/// (Open, Tx, Rx, Both, Unbound).
const LEGAL: [(CommandId, &str, &str); 14] = [
    (CommandId::BIND_RECEIVER, "S", "O"),
    (CommandId::BIND_TRANSMITTER, "S", "O"),
    (CommandId::BIND_TRANSCEIVER, "S", "O"),
    (CommandId::OUTBIND, "E", "O"),
    (CommandId::SUBMIT_SM, "S", "TB"),
    (CommandId::SUBMIT_MULTI, "S", "TB"),
    (CommandId::QUERY_SM, "S", "TB"),
    (CommandId::CANCEL_SM, "S", "TB"),
    (CommandId::REPLACE_SM, "S", "TB"),
    (CommandId::DATA_SM, "SE", "TRB"),
    (CommandId::DELIVER_SM, "E", "RB"),
    (CommandId::ALERT_NOTIFICATION, "E", "RB"),
    (CommandId::UNBIND, "SE", "TRB"),
    (CommandId::ENQUIRE_LINK, "SE", "OTRBU"),
];

const STATES: [(State, char); 5] = [
    (State::Open, 'O'),
    (State::BoundTx, 'T'),
    (State::BoundRx, 'R'),
    (State::BoundTrx, 'B'),
    (State::Unbound, 'U'),
];

#[test]
fn every_row_of_the_table_of_states_holds_in_every_state_and_for_both_ends() {
    for (id, receivers, states) in LEGAL {
        for (role, receiver) in [(Role::Smsc, 'S'), (Role::Esme, 'E')] {
            for (state, letter) in STATES {
                let legal = receivers.contains(receiver) && states.contains(letter);
                let found = illegal(id, role, state);
                assert_eq!(found.is_none(), legal, "{id} to {role:?} in {state:?}");
                let again = id.is_bind() && role == Role::Smsc && "TRB".contains(letter);
                if let Some(status) = found {
                    assert_eq!(status == CommandStatus::ESME_RALYBND, again, "{id} in {state:?}");
                }
            }
        }
    }
}

#[test]
fn no_response_and_no_generic_nack_is_ever_answered() {
    for (id, _) in CommandId::NAMED.iter().filter(|(id, _)| id.is_response()) {
        for status in [CommandStatus::ESME_ROK, CommandStatus::ESME_RINVCMDID] {
            let mut frame = BytesMut::new();
            pdu::header_only(*id, status, 1, &mut frame);
            frame.extend_from_slice(&[0xFF; 5]);
            frame[3] += 5;
            for role in [Role::Smsc, Role::Esme] {
                assert_eq!(answer(&frame, role, State::Open), Answer::default(), "{id}");
            }
        }
    }
}

#[test]
fn an_esme_takes_a_delivery_that_an_smsc_would_refuse() {
    let mut frame = BytesMut::new();
    // A message_state of 9 octets, of which one is there.
    let tlvs = Tlvs(&[0x04, 0x27, 0x00, 0x09, 0x02]);
    pdu::DeliverSm { esm_class: 4, tlvs, ..pdu::DeliverSm::default() }.encode(
        CommandStatus::ESME_ROK,
        9,
        &mut frame,
    );
    let status = |frame: &[u8], role, state| {
        Header::read(&answer(frame, role, state).octets.unwrap()).unwrap().command_status
    };
    assert_eq!(status(&frame, Role::Esme, State::BoundRx), CommandStatus::ESME_ROK);
    // The same octets as a submit_sm.
    frame[7] = 4;
    let refused = status(&frame, Role::Smsc, State::BoundTx);
    assert_eq!(refused, CommandStatus::ESME_RINVOPTPARSTREAM);
}

#[test]
fn a_bind_is_answered_with_the_name_that_it_gave() {
    let mut frame = BytesMut::new();
    pdu::Bind { system_id: b"me", ..pdu::Bind::default() }.encode(
        CommandId::BIND_TRANSMITTER,
        CommandStatus::ESME_ROK,
        5,
        &mut frame,
    );
    let octets = answer(&frame, Role::Smsc, State::Open).octets.unwrap();
    let Body::BindTransmitterResp(Some(resp)) = pdu::decode(&octets).unwrap().body else {
        panic!()
    };
    assert_eq!(resp.system_id, b"me");
    assert_eq!(resp.tlvs.get_int1(Tag::SC_INTERFACE_VERSION), Some(0x34));
}

#[test]
fn each_value_that_may_not_stand_where_it_does_has_its_status_and_its_place() {
    let good = SubmitSm { short_message: b"x", ..SubmitSm::default() };
    assert_eq!(check(&good), None);
    let payload = Tlvs(&[0x04, 0x24, 0x00, 0x01, b'y']);
    let (month, hour) = (&b"261301000000000+"[..], &b"000000250000000R"[..]);
    for (sm, status, at) in [
        (SubmitSm { esm_class: 0x04, ..good }, CommandStatus::ESME_RINVESMCLASS, 23),
        (SubmitSm { priority_flag: 4, ..good }, CommandStatus::ESME_RINVPRTFLG, 25),
        (SubmitSm { schedule_delivery_time: month, ..good }, CommandStatus::ESME_RINVSCHED, 26),
        (SubmitSm { validity_period: hour, ..good }, CommandStatus::ESME_RINVEXPIRY, 27),
        (SubmitSm { registered_delivery: 0x20, ..good }, CommandStatus::ESME_RINVREGDLVFLG, 28),
        (SubmitSm { replace_if_present_flag: 2, ..good }, CommandStatus::ESME_RINVREPFLAG, 29),
        (SubmitSm { sm_default_msg_id: 1, ..good }, CommandStatus::ESME_RINVDFTMSGID, 31),
        (SubmitSm { tlvs: payload, ..good }, CommandStatus::ESME_RINVMSGLEN, 32),
    ] {
        assert_eq!(check(&sm), Some(status), "{sm:?}");
        let mut frame = BytesMut::new();
        sm.encode(CommandStatus::ESME_ROK, 1, &mut frame);
        let fault = strict_fault(&pdu::decode(&frame).unwrap()).unwrap();
        assert_eq!((fault.kind, fault.at, fault.status), (BodyFault::Semantic, at, status));
    }
}
