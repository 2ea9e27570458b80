//! Which PDU may come in which state of a session.
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Observed, Should};
use crate::conform::examiner::{Answer, Examiner};
use crate::conform::line::Event;
use crate::conform::octets::cstring;
use crate::conform::steps::{
    Status, fail, inconclusive, lenient, pass, refused, refused_or_closed, refused_or_harmless,
};
use crate::conform::verdict::{Found, Outcome, Verdict};
use crate::kit::Clock;
use crate::smpp::CommandId;

pub(super) const CASES: &[Case] = &[
    Case::smsc("2.2-01", Must, &["state"], |x| Box::pin(submit_before_bind(x)))
        .says(
            "A submit_sm before the bind is not accepted",
            "submit_sm_resp with ESME_RINVBNDSTS, generic_nack, or a close",
            "anybody who reaches the port may send messages",
        )
        .costs(1),
    Case::smsc("2.2-02", Should, &["state"], |x| Box::pin(status_before_bind(x)))
        .says(
            "A submit_sm before the bind earns submit_sm_resp with ESME_RINVBNDSTS",
            "submit_sm_resp with ESME_RINVBNDSTS",
            "a client cannot tell a lost bind from another error",
        )
        .costs(1),
    Case::smsc("2.2-03", Must, &["state"], |x| Box::pin(submit_on_receiver(x)))
        .says(
            "A submit_sm on a receiver session is refused with ESME_RINVBNDSTS",
            "submit_sm_resp with ESME_RINVBNDSTS",
            "a session that only receives may send",
        )
        .costs(1),
    Case::smsc("2.2-04", Observed, &["state", "enquire_link"], |x| {
        Box::pin(enquire_before_bind(x))
    })
    .says(
        "An enquire_link before the bind is answered (v5.0), or refused, or the connection closed",
        "enquire_link_resp",
        "a health check that does not bind sees a dead port",
    ),
    Case::smsc("2.2-05", Should, &["state"], |x| Box::pin(query_before_bind(x))).says(
        "A query_sm before the bind earns query_sm_resp with ESME_RINVBNDSTS",
        "query_sm_resp with ESME_RINVBNDSTS",
        "states of messages can be read without credentials, or a client is left without an answer",
    ),
    Case::smsc("2.2-06", Should, &["state"], |x| Box::pin(delivery_from_esme(x))).says(
        "A deliver_sm that an ESME sends is refused: only an SMSC sends it",
        "deliver_sm_resp with an error such as ESME_RINVBNDSTS, generic_nack, or a close",
        "a client whose directions are mixed up believes that its messages were taken",
    ),
    Case::smsc("2.2-07", Should, &["state", "receipts"], |x| Box::pin(transmitter_gets_none(x)))
        .says(
            "A transmitter session is sent no deliver_sm",
            "no deliver_sm on a transmitter session",
            "a client that only sends drops the session, or never acknowledges the receipt",
        )
        .costs(1),
];

async fn submit_before_bind(x: &mut Examiner) -> Found {
    x.connect().await?;
    let answer = x.submit(&x.message()).await;
    refused_or_closed(&answer)
}

async fn status_before_bind(x: &mut Examiner) -> Found {
    x.connect().await?;
    let answer = x.submit(&x.message()).await;
    refused(&answer, &[Status::ESME_RINVBNDSTS])
}

async fn submit_on_receiver(x: &mut Examiner) -> Found {
    x.connect().await?;
    if x.bind(CommandId::BIND_RECEIVER).await.is_err() {
        x.trouble = None;
        let why = "bind_receiver was not accepted";
        return Err(Verdict::of(Outcome::PreconditionFailed, why));
    }
    let answer = x.submit(&x.message()).await;
    match &answer {
        Answer::Pdu(pdu) if pdu.is_ok() => fail(answer.says()),
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => {
            refused(&answer, &[Status::ESME_RINVBNDSTS])
        }
    }
}

async fn enquire_before_bind(x: &mut Examiner) -> Found {
    x.connect().await?;
    let answer = x.ask(CommandId::ENQUIRE_LINK, &[]).await;
    match &answer {
        Answer::Pdu(pdu) if pdu.is_ok() => pass(answer.says()),
        Answer::Pdu(_) | Answer::Ended(_) => {
            pass(format!("{}: not answered before the bind", answer.says()))
        }
        Answer::Silence(_) => fail(answer.says()),
    }
}

async fn query_before_bind(x: &mut Examiner) -> Found {
    x.connect().await?;
    let body = [cstring(b"1"), vec![1, 1], cstring(b"447700900000")].concat();
    let answer = x.ask(CommandId::QUERY_SM, &body).await;
    match &answer {
        Answer::Pdu(pdu) if pdu.is_ok() => fail(answer.says()),
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => {
            refused(&answer, &[Status::ESME_RINVBNDSTS, Status::ESME_RINVCMDID])
        }
    }
}

async fn delivery_from_esme(x: &mut Examiner) -> Found {
    x.bound().await?;
    refused_or_harmless(&x.ask(CommandId::DELIVER_SM, &x.message().body()).await)
}

async fn transmitter_gets_none(x: &mut Examiner) -> Found {
    x.connect().await?;
    if x.bind(CommandId::BIND_TRANSMITTER).await.is_err() {
        x.trouble = None;
        let why = "bind_transmitter was not accepted";
        return Err(Verdict::of(Outcome::PreconditionFailed, why));
    }
    let message = crate::conform::octets::Message { registered_delivery: 1, ..x.message() };
    x.accepted_id(&message).await?;
    let until = Clock::now().after(x.settings.waits.receipt);
    match x.next(until).await {
        Event::Pdu(pdu) => inconclusive(format!("the peer sent {}", pdu.says())),
        Event::Ended(end) => lenient(end.to_string()),
        Event::Silence => {
            let came = x.requests.iter().any(|(_, pdu)| pdu.command() == CommandId::DELIVER_SM);
            if came {
                fail("a deliver_sm came on the transmitter session")
            } else {
                pass("no deliver_sm came")
            }
        }
    }
}
