//! The other operations: data_sm, submit_multi, query_sm, cancel_sm, replace_sm. Many peers lack them, and should say so.
use crate::conform::case::Case;
use crate::conform::case::Level::{Observed, Should};
use crate::conform::examiner::{Answer, Examiner};
use crate::conform::octets::{Fields, MESSAGE_PAYLOAD, cstring, tlv};
use crate::conform::steps::{
    Status, accepted, fail, is_unsupported, lenient, pass, refused, unsupported,
};
use crate::conform::verdict::Found;
use crate::smpp::CommandId;

/// A message_id that no SMSC gives.
const NO_ID: &[u8] = b"no-such-message";

pub(super) const CASES: &[Case] = &[
    Case::smsc("4.7.1-01", Should, &["data_sm"], |x| Box::pin(data_sm(x)))
        .says(
            "A data_sm with a text in message_payload is answered by data_sm_resp with a message_id, or said not to be supported",
            "data_sm_resp with ESME_ROK and a message_id, or ESME_RINVCMDID",
            "a client waits for its answer until its timer ends",
        )
        .costs(1),
    Case::smsc("4.5.1-01", Should, &["submit_multi"], |x| Box::pin(submit_multi(x)))
        .says(
            "A submit_multi to two destinations is answered by submit_multi_resp with a message_id, or said not to be supported",
            "submit_multi_resp with ESME_ROK, or ESME_RINVCMDID",
            "a client waits for its answer until its timer ends",
        )
        .costs(1),
    Case::smsc("4.5.1-02", Should, &["submit_multi"], |x| Box::pin(no_destination(x)))
        .says(
            "A submit_multi to no destination is refused with ESME_RINVNUMDESTS",
            "submit_multi_resp with ESME_RINVNUMDESTS, or ESME_RINVCMDID",
            "a client is told that its message was taken, which goes to nobody",
        )
        .costs(1),
    Case::smsc("4.8.1-01", Observed, &["query_sm"], |x| Box::pin(query_known(x)))
        .says(
            "A query_sm for an accepted message is answered with its state, or said not to be supported",
            "query_sm_resp with the message_id and a message_state, or ESME_RQUERYFAIL or ESME_RINVCMDID",
            "a client that has missed a receipt cannot learn what became of its message",
        )
        .costs(1),
    Case::smsc("4.8.1-02", Should, &["query_sm"], |x| {
        Box::pin(unknown_id(x, CommandId::QUERY_SM, &[Status::ESME_RQUERYFAIL, Status::ESME_RINVMSGID]))
    })
    .says(
        "A query_sm for an unknown message_id is refused with ESME_RQUERYFAIL or ESME_RINVMSGID",
        "query_sm_resp with ESME_RQUERYFAIL or ESME_RINVMSGID, or ESME_RINVCMDID",
        "a client believes in a message that does not exist",
    ),
    Case::smsc("4.9.1-01", Should, &["cancel_sm"], |x| {
        let wanted = &[Status::ESME_RCANCELFAIL, Status::ESME_RINVMSGID];
        Box::pin(unknown_id(x, CommandId::CANCEL_SM, wanted))
    })
    .says(
        "A cancel_sm for an unknown message_id is refused with ESME_RCANCELFAIL or ESME_RINVMSGID",
        "cancel_sm_resp with ESME_RCANCELFAIL or ESME_RINVMSGID, or ESME_RINVCMDID",
        "a client believes that a message was cancelled",
    ),
    Case::smsc("4.10.1-01", Should, &["replace_sm"], |x| {
        let wanted = &[Status::ESME_RREPLACEFAIL, Status::ESME_RINVMSGID];
        Box::pin(unknown_id(x, CommandId::REPLACE_SM, wanted))
    })
    .says(
        "A replace_sm for an unknown message_id is refused with ESME_RREPLACEFAIL or ESME_RINVMSGID",
        "replace_sm_resp with ESME_RREPLACEFAIL or ESME_RINVMSGID, or ESME_RINVCMDID",
        "a client believes that a message was replaced",
    ),
];

/// source_addr_ton, source_addr_npi and source_addr of the profile's messages.
fn source(x: &Examiner) -> Vec<u8> {
    let message = x.message();
    let mut octets = vec![message.source_kind.0, message.source_kind.1];
    octets.extend(cstring(&message.source));
    octets
}

/// The same of the destination.
fn destination(x: &Examiner) -> Vec<u8> {
    let message = x.message();
    let mut octets = vec![message.destination_kind.0, message.destination_kind.1];
    octets.extend(cstring(&message.destination));
    octets
}

/// Judges an answer that should carry a message_id.
fn has_an_id(answer: &Answer) -> Found {
    let Answer::Pdu(pdu) = answer else { return fail(answer.says()) };
    if !pdu.is_ok() {
        return if is_unsupported(pdu) { unsupported(answer.says()) } else { accepted(answer) };
    }
    match Fields(pdu.body()).cstring() {
        Some(id) if !id.is_empty() => pass(answer.says()),
        Some(_) => fail(format!("{}, and an empty message_id", answer.says())),
        None => fail(format!("{}, and no message_id", answer.says())),
    }
}

async fn data_sm(x: &mut Examiner) -> Found {
    x.bound().await?;
    let mut body = cstring(&x.message().service_type);
    body.extend(source(x));
    body.extend(destination(x));
    // esm_class, registered_delivery, data_coding
    body.extend([0, 0, 0]);
    body.extend(tlv(MESSAGE_PAYLOAD, b"smppbench conform"));
    has_an_id(&x.ask(CommandId::DATA_SM, &body).await)
}

/// A submit_multi to the profile's destination, so many times.
fn multi(x: &Examiner, count: u8) -> Vec<u8> {
    let mut body = cstring(&x.message().service_type);
    body.extend(source(x));
    body.push(count);
    for _ in 0..count {
        // dest_flag 1: an address
        body.push(1);
        body.extend(destination(x));
    }
    // esm_class, protocol_id, priority_flag, both times, and six of what follows up to sm_length
    body.extend([0, 0, 0, 0, 0, 0, 0, 0, 0]);
    body.push(7);
    body.extend(b"conform");
    body
}

async fn submit_multi(x: &mut Examiner) -> Found {
    x.bound().await?;
    let body = multi(x, 2);
    has_an_id(&x.ask(CommandId::SUBMIT_MULTI, &body).await)
}

async fn no_destination(x: &mut Examiner) -> Found {
    x.bound().await?;
    let body = multi(x, 0);
    let answer = x.ask(CommandId::SUBMIT_MULTI, &body).await;
    match &answer {
        Answer::Pdu(pdu) if is_unsupported(pdu) => unsupported(answer.says()),
        Answer::Pdu(pdu) if pdu.is_ok() => lenient(answer.says()),
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => {
            refused(&answer, &[Status::ESME_RINVNUMDESTS, Status::ESME_RINVMSGLEN])
        }
    }
}

async fn query_known(x: &mut Examiner) -> Found {
    x.bound().await?;
    let id = x.accepted_id(&x.message()).await?;
    let body = [cstring(&id), source(x)].concat();
    let answer = x.ask(CommandId::QUERY_SM, &body).await;
    let Answer::Pdu(pdu) = &answer else { return fail(answer.says()) };
    if !pdu.is_ok() {
        return unsupported(answer.says());
    }
    let mut fields = Fields(pdu.body());
    let read = (fields.cstring(), fields.cstring(), fields.octet());
    match read {
        (Some(same), Some(_), Some(1..=9)) if same == id => pass(answer.says()),
        (Some(same), Some(_), Some(state)) if same == id => {
            fail(format!("{}, and message_state {state}", answer.says()))
        }
        (Some(_), Some(_), Some(_)) => fail(format!("{}, and another message_id", answer.says())),
        _ => fail(format!("{}, and a body that ends too early", answer.says())),
    }
}

async fn unknown_id(x: &mut Examiner, command: CommandId, wanted: &[Status]) -> Found {
    x.bound().await?;
    let service_type = cstring(&x.message().service_type);
    let body = if command == CommandId::CANCEL_SM {
        [service_type, cstring(NO_ID), source(x), destination(x)].concat()
    } else if command == CommandId::REPLACE_SM {
        // both times, registered_delivery, sm_default_msg_id, sm_length and a text
        [cstring(NO_ID), source(x), vec![0, 0, 0, 0, 1, b'x']].concat()
    } else {
        [cstring(NO_ID), source(x)].concat()
    };
    let answer = x.ask(command, &body).await;
    match &answer {
        Answer::Pdu(pdu) if is_unsupported(pdu) => unsupported(answer.says()),
        Answer::Pdu(pdu) if pdu.is_ok() => fail(answer.says()),
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => refused(&answer, wanted),
    }
}
