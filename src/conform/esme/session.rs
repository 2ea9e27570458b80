//! How the ESME answers enquire_link and what it cannot expect, while its session is kept.
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Should};
use crate::conform::examiner::{Answer, Examiner};
use crate::conform::line::Event;
use crate::conform::octets::{self, cstring};
use crate::conform::steps::{Status, accepted, fail, pass, refused};
use crate::conform::verdict::{Found, Outcome, Verdict};
use crate::kit::Clock;
use crate::smpp::CommandId;

pub(super) const CASES: &[Case] = &[
    Case::esme("4.11.1-51", Must, &["enquire_link"], |x| Box::pin(answers_enquire_link(x))).says(
        "The ESME answers enquire_link with enquire_link_resp, ESME_ROK and the same sequence_number",
        "enquire_link_resp, ESME_ROK",
        "an SMSC takes the session for dead, and drops it",
    ),
    Case::esme("5.1.2-51", Should, &["header", "generic_nack"], |x| Box::pin(unknown_command(x)))
        .says(
            "The ESME answers an unknown command_id with generic_nack, ESME_RINVCMDID and the same sequence_number",
            "generic_nack, ESME_RINVCMDID",
            "an SMSC waits for an answer until its timer ends",
        ),
    Case::esme("4.3.1-51", Must, &["generic_nack"], |x| Box::pin(nack_is_not_answered(x))).says(
        "The ESME does not answer a generic_nack, and the session goes on",
        "silence; an enquire_link after it is answered",
        "two sides that answer each other's generic_nack never stop",
    ),
    Case::esme("5.1.4-51", Must, &["header", "sequence"], |x| Box::pin(highest_number(x))).says(
        "The highest sequence_number, 0x7FFFFFFF, comes back in the ESME's response",
        "enquire_link_resp with sequence_number 0x7FFFFFFF",
        "a session that lasts long enough stops at the end of its numbers",
    ),
    Case::esme("2.4-51", Must, &["tcp"], |x| Box::pin(octet_by_octet(x))).says(
        "An enquire_link that comes octet by octet is answered like one that comes whole",
        "enquire_link_resp, ESME_ROK",
        "on a slow line the session fails",
    ),
    Case::esme("2.4-52", Must, &["tcp"], |x| Box::pin(one_segment(x))).says(
        "Many enquire_link that come in one segment are each answered",
        "as many enquire_link_resp, each with its sequence_number",
        "an SMSC takes the session for dead when traffic is dense",
    ),
    Case::esme("2.4-53", Must, &["tcp"], |x| Box::pin(cut_in_two(x))).says(
        "An enquire_link cut in two within its header is answered once it is whole",
        "enquire_link_resp, ESME_ROK",
        "on a busy line the session fails",
    ),
    Case::esme("4.3.1-53", Should, &["header"], |x| Box::pin(orphan_response(x))).says(
        "The ESME ignores a response with a command_id that it does not know, or answers generic_nack, and the session goes on",
        "silence or generic_nack; an enquire_link after it is answered",
        "one answer that cannot be placed ends a session with everything in flight on it",
    ),
    Case::esme("4.12.1-51", Must, &["alert_notification"], |x| Box::pin(alert(x))).says(
        "The ESME does not answer an alert_notification, which has no response, and the session goes on",
        "silence, or generic_nack from one that lacks it; an enquire_link after it is answered",
        "an SMSC gets an answer that it cannot place, or loses the session",
    ),
    Case::esme("5.1.1-51", Should, &["header"], |x| Box::pin(too_long(x))).says(
        "The ESME answers an enquire_link with octets behind its header, or refuses it",
        "enquire_link_resp, or generic_nack",
        "an SMSC waits for an answer until its timer ends",
    ),
    Case::esme("4.11.1-52", Must, &["enquire_link", "timers"], |x| Box::pin(enquires(x))).says(
        "The ESME sends enquire_link after the idle time that it is said to have",
        "an enquire_link within the declared time (--timer enquire_link=TIME)",
        "a session that is dead is not noticed, and messages wait on it",
    ),
];

async fn answers_enquire_link(x: &mut Examiner) -> Found {
    x.session().await?;
    accepted(&x.ask(CommandId::ENQUIRE_LINK, &[]).await)
}

async fn unknown_command(x: &mut Examiner) -> Found {
    x.session().await?;
    let answer = x.ask(CommandId(0x0000_00FE), &[]).await;
    match &answer {
        Answer::Pdu(pdu) if !pdu.is_nack() => fail(answer.says()),
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => {
            refused(&answer, &[Status::ESME_RINVCMDID])
        }
    }
}

async fn nack_is_not_answered(x: &mut Examiner) -> Found {
    x.session().await?;
    x.send(&octets::pdu(CommandId::GENERIC_NACK, Status::ESME_RINVCMDID.0, 0x7777, &[])).await;
    x.silence().await?;
    x.check_alive().await?;
    pass("nothing came, and an enquire_link after it was answered")
}

async fn highest_number(x: &mut Examiner) -> Found {
    x.session().await?;
    let sequence = 0x7FFF_FFFF;
    x.send(&octets::pdu(CommandId::ENQUIRE_LINK, 0, sequence, &[])).await;
    accepted(&x.answer(CommandId::ENQUIRE_LINK, sequence).await)
}

async fn octet_by_octet(x: &mut Examiner) -> Found {
    x.session().await?;
    let sequence = x.take_sequence();
    for octet in octets::pdu(CommandId::ENQUIRE_LINK, 0, sequence, &[]) {
        x.send(&[octet]).await;
    }
    accepted(&x.answer(CommandId::ENQUIRE_LINK, sequence).await)
}

async fn one_segment(x: &mut Examiner) -> Found {
    x.session().await?;
    let numbers: Vec<u32> = (0..10).map(|_| x.take_sequence()).collect();
    let all: Vec<u8> = numbers
        .iter()
        .flat_map(|number| octets::pdu(CommandId::ENQUIRE_LINK, 0, *number, &[]))
        .collect();
    x.send(&all).await;
    for number in &numbers {
        let verdict = accepted(&x.answer(CommandId::ENQUIRE_LINK, *number).await)?;
        if verdict.outcome != Outcome::Pass {
            return fail(format!("of ten, number {number}: {}", verdict.seen));
        }
    }
    pass("ten enquire_link_resp")
}

async fn cut_in_two(x: &mut Examiner) -> Found {
    x.session().await?;
    let sequence = x.take_sequence();
    let whole = octets::pdu(CommandId::ENQUIRE_LINK, 0, sequence, &[]);
    let (first, second) = whole.split_at(6);
    x.send(first).await;
    // an answer in between would stand within the PDU
    let until = Clock::now().after(x.settings.waits.silence);
    let mut held = Vec::new();
    while let Event::Pdu(pdu) = x.event(until).await {
        held.push(pdu);
    }
    x.send(second).await;
    for request in held.into_iter().filter(|pdu| !pdu.command().is_response()) {
        x.attend(request).await;
    }
    accepted(&x.answer(CommandId::ENQUIRE_LINK, sequence).await)
}

async fn orphan_response(x: &mut Examiner) -> Found {
    x.session().await?;
    x.send(&octets::pdu(CommandId(0x8000_00FE), 0, 0x7778, &[])).await;
    x.silence_or_nack().await
}

async fn alert(x: &mut Examiner) -> Found {
    x.session().await?;
    let sequence = x.take_sequence();
    let body = [&[1, 1][..], &cstring(b"447700900123"), &[1, 1], &cstring(b"60601")].concat();
    x.send(&octets::pdu(CommandId::ALERT_NOTIFICATION, 0, sequence, &body)).await;
    let until = Clock::now().after(x.settings.waits.silence);
    match x.next(until).await {
        Event::Silence => x.alive_or("nothing came").await,
        Event::Pdu(pdu) if pdu.is_nack() && pdu.status() == Status::ESME_RINVCMDID => {
            x.check_alive().await?;
            Ok(Verdict::of(Outcome::Unsupported, format!("the ESME answered {}", pdu.says())))
        }
        Event::Pdu(pdu) => fail(format!("the ESME answered {}", pdu.says())),
        Event::Ended(end) => fail(end.to_string()),
    }
}

async fn too_long(x: &mut Examiner) -> Found {
    x.session().await?;
    let answer = x.ask(CommandId::ENQUIRE_LINK, &[0; 4]).await;
    match &answer {
        Answer::Pdu(_) => pass(answer.says()),
        Answer::Silence(_) | Answer::Ended(_) => fail(answer.says()),
    }
}

async fn enquires(x: &mut Examiner) -> Found {
    let Some(declared) = x.settings.timers.enquire_link else {
        let why = "the timer is not declared: --timer enquire_link=TIME";
        return Ok(Verdict::of(Outcome::Skipped, why));
    };
    x.session().await?;
    let until = Clock::now().after(declared).after(x.settings.waits.late);
    let mut is_busy = false;
    while Clock::now() < until {
        match x.event(until).await {
            Event::Pdu(pdu) if pdu.command() == CommandId::ENQUIRE_LINK => {
                x.attend(pdu).await;
                return pass("an enquire_link came");
            }
            Event::Pdu(pdu) => {
                is_busy = true;
                x.attend(pdu).await;
            }
            Event::Silence => {}
            Event::Ended(end) => return fail(end.to_string()),
        }
    }
    if is_busy {
        // the timer runs between PDUs
        let seen = "no enquire_link came, but other PDUs did; let the ESME send nothing while this case waits";
        return Ok(Verdict::of(Outcome::Inconclusive, seen));
    }
    fail("no enquire_link came")
}
