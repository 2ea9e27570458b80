//! The stream below: octets one by one, many PDUs in one segment, a PDU in two, and a half close.
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Observed};
use crate::conform::examiner::{Answer, Examiner};
use crate::conform::octets::{self, MESSAGE_PAYLOAD, Message, tlv};
use crate::conform::steps::{accepted, accepted_submit, bind_command, fail, pass};
use crate::conform::verdict::Found;
use crate::smpp::CommandId;
use std::time::Duration;
use tokio::time::sleep;

/// Octets of the largest message_payload that is tried.
const LARGE: usize = 60_000;
const PAUSE: Duration = Duration::from_millis(20);

pub(super) const CASES: &[Case] = &[
    Case::smsc("2.4-01", Must, &["tcp"], |x| Box::pin(octet_by_octet(x))).says(
        "A bind that comes octet by octet is answered like one that comes whole",
        "bind_resp, ESME_ROK",
        "on a slow line a client cannot bind",
    ),
    Case::smsc("2.4-02", Must, &["tcp"], |x| Box::pin(many_at_once(x))).says(
        "Twenty PDUs in one segment are each answered",
        "twenty enquire_link_resp",
        "a client that writes several PDUs at once loses some of them",
    ),
    Case::smsc("2.4-03", Must, &["tcp"], |x| Box::pin(in_two(x)))
        .says(
            "A submit_sm that comes in two segments is answered once it is whole",
            "submit_sm_resp, ESME_ROK",
            "long messages are lost wherever the network cuts them",
        )
        .costs(1),
    Case::smsc("2.4-04", Must, &["tcp"], |x| Box::pin(one_and_a_half(x))).says(
        "A PDU with half of the next one in the same segment is answered, and the next once it is whole",
        "both enquire_link_resp",
        "the framing is lost wherever the network cuts the stream",
    ),
    Case::smsc("2.4-05", Observed, &["tcp"], |x| Box::pin(half_close(x)))
        .says(
            "Where the client has closed its direction, requests that it sent before are still answered",
            "enquire_link_resp, then a close",
            "the answers to a client's last requests are lost",
        )
        .disturbing(),
    Case::smsc("2.4-06", Observed, &["tcp", "payload", "lengths"], |x| Box::pin(large(x)))
        .says(
            "A submit_sm of 60,000 octets in message_payload is accepted or refused, and the session goes on",
            "an answer; an enquire_link after it is answered",
            "one large message ends a session with everything in flight on it",
        )
        .costs(1)
        .disturbing(),
];

async fn octet_by_octet(x: &mut Examiner) -> Found {
    x.connect().await?;
    let command = bind_command(x.settings.account.binds.bind_type);
    let sequence = x.take_sequence();
    let octets = octets::pdu(command, 0, sequence, &x.bind_body(&x.credentials()));
    for octet in &octets {
        x.send(&[*octet]).await;
    }
    accepted(&x.answer(command, sequence).await)
}

/// Twenty enquire_link in one write.
pub(super) async fn many_at_once(x: &mut Examiner) -> Found {
    x.bound().await?;
    let numbers: Vec<u32> = (0..20).map(|_| x.take_sequence()).collect();
    let all: Vec<u8> = numbers
        .iter()
        .flat_map(|number| octets::pdu(CommandId::ENQUIRE_LINK, 0, *number, &[]))
        .collect();
    x.send(&all).await;
    for number in numbers {
        let answer = x.answer(CommandId::ENQUIRE_LINK, number).await;
        if !matches!(&answer, Answer::Pdu(pdu) if pdu.is_ok()) {
            return fail(format!("sequence_number {number}: {}", answer.says()));
        }
    }
    pass("all twenty were answered")
}

async fn in_two(x: &mut Examiner) -> Found {
    x.bound().await?;
    let sequence = x.take_sequence();
    let octets = octets::pdu(CommandId::SUBMIT_SM, 0, sequence, &x.message().body());
    let (first, second) = octets.split_at(octets.len() / 2);
    x.send(first).await;
    sleep(PAUSE).await;
    x.send(second).await;
    accepted_submit(&x.answer(CommandId::SUBMIT_SM, sequence).await)
}

async fn one_and_a_half(x: &mut Examiner) -> Found {
    x.bound().await?;
    let (one, two) = (x.take_sequence(), x.take_sequence());
    let enquire = |sequence| octets::pdu(CommandId::ENQUIRE_LINK, 0, sequence, &[]);
    let both = [enquire(one), enquire(two)].concat();
    let (first, second) = both.split_at(16 + 7);
    x.send(first).await;
    let answer = x.answer(CommandId::ENQUIRE_LINK, one).await;
    if !matches!(&answer, Answer::Pdu(pdu) if pdu.is_ok()) {
        return fail(format!("the first: {}", answer.says()));
    }
    x.send(second).await;
    accepted(&x.answer(CommandId::ENQUIRE_LINK, two).await)
}

async fn half_close(x: &mut Examiner) -> Found {
    x.bound().await?;
    let sequence = x.send_request(CommandId::ENQUIRE_LINK, &[]).await;
    x.half_close().await;
    let answer = x.answer(CommandId::ENQUIRE_LINK, sequence).await;
    if !matches!(&answer, Answer::Pdu(pdu) if pdu.is_ok()) {
        return fail(answer.says());
    }
    match x.end_within(x.settings.waits.answer).await {
        Some(end) => pass(format!("{}, then {end}", answer.says())),
        None => fail(format!("{}, and then the connection stayed open", answer.says())),
    }
}

async fn large(x: &mut Examiner) -> Found {
    x.bound().await?;
    let tlvs = tlv(MESSAGE_PAYLOAD, &vec![b'x'; LARGE]);
    let message = Message { text: Vec::new(), tlvs, ..x.message() };
    let answer = x.submit(&message).await;
    match &answer {
        Answer::Pdu(_) => {
            x.check_alive().await?;
            pass(answer.says())
        }
        Answer::Silence(_) | Answer::Ended(_) => fail(answer.says()),
    }
}
