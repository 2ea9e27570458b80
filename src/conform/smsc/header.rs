//! The header: lengths that cannot be, unknown commands, sequence numbers, statuses in requests, and generic_nack.
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Observed, Should};
use crate::conform::examiner::{Answer, Examiner};
use crate::conform::line::{End, Event};
use crate::conform::octets;
use crate::conform::steps::{
    Status, accepted, fail, lenient, pass, refused, refused_or_closed, refused_or_harmless,
    unsupported,
};
use crate::conform::verdict::Found;
use crate::kit::Clock;
use crate::smpp::CommandId;

/// A command_id that SMPP v3.4 and v5.0 reserve.
const RESERVED: CommandId = CommandId(0x0000_00FE);
/// One of the range for vendors.
const VENDOR: CommandId = CommandId(0x0001_0200);

pub(super) const CASES: &[Case] = &[
    Case::smsc("5.1.1-01", Must, &["header", "lengths"], |x| Box::pin(bad_length(x, 15)))
        .says(
            "A command_length below the 16 octets of a header is answered by generic_nack, or the connection is closed",
            "generic_nack with ESME_RINVCMDLEN (or ESME_RINVMSGLEN), or a close",
            "one fault in the framing leaves both sides waiting for ever",
        )
        .disturbing(),
    Case::smsc("5.1.1-02", Should, &["header", "lengths"], |x| Box::pin(bad_length(x, u32::MAX)))
        .says(
            "A command_length of 4 GiB is answered by generic_nack, or the connection is closed",
            "generic_nack with ESME_RINVCMDLEN (or ESME_RINVMSGLEN), or a close",
            "the SMSC waits, or reserves memory, for a PDU that never comes",
        )
        .disturbing(),
    Case::smsc("5.1.1-03", Must, &["header", "lengths"], |x| Box::pin(bad_length(x, 0)))
        .says(
            "A command_length of 0 is answered by generic_nack, or the connection is closed",
            "generic_nack with ESME_RINVCMDLEN (or ESME_RINVMSGLEN), or a close",
            "the SMSC may read the same octets for ever",
        )
        .disturbing(),
    Case::smsc("5.1.2-01", Must, &["header", "generic_nack"], |x| Box::pin(unknown(x, RESERVED)))
        .says(
            "A request with an unknown command_id is answered by generic_nack with ESME_RINVCMDID and its sequence_number",
            "generic_nack, ESME_RINVCMDID, the same sequence_number",
            "a client that uses a newer command waits for its answer until its timer ends",
        ),
    Case::smsc("5.1.2-02", Should, &["header", "generic_nack"], |x| Box::pin(goes_on(x))).says(
        "The session goes on after an unknown command_id",
        "an enquire_link after it is answered",
        "one unknown command ends a session with everything in flight on it",
    ),
    Case::smsc("5.1.2-03", Must, &["header", "generic_nack"], |x| Box::pin(unknown_response(x)))
        .says(
            "A response with an unknown command_id is ignored or answered by generic_nack, and the session goes on",
            "silence or generic_nack; an enquire_link after it is answered",
            "one answer that cannot be placed ends a session with everything in flight on it",
        ),
    Case::smsc("5.1.2-04", Should, &["header", "generic_nack"], |x| Box::pin(unknown(x, VENDOR)))
        .says(
            "A request with a command_id of the range for vendors that the SMSC does not know is answered by generic_nack with ESME_RINVCMDID",
            "generic_nack, ESME_RINVCMDID, the same sequence_number",
            "a client that tries an extension waits for its answer until its timer ends",
        ),
    Case::smsc("5.1.4-01", Must, &["header", "sequence"], |x| Box::pin(echoes(x, 0x7FFF_FFFF)))
        .says(
            "The highest sequence_number, 0x7FFFFFFF, comes back in the response",
            "enquire_link_resp with sequence_number 0x7FFFFFFF",
            "a session that lasts long enough stops at the end of its numbers",
        ),
    Case::smsc("5.1.4-02", Should, &["header", "sequence"], |x| Box::pin(jumps(x))).says(
        "sequence_numbers need not follow each other: 1000 and then 5 both come back",
        "both requests answered with their own sequence_number",
        "clients that draw numbers for several threads are refused",
    ),
    Case::smsc("5.1.4-03", Observed, &["header", "sequence"], |x| Box::pin(odd_number(x, 0)))
        .says(
            "A request with sequence_number 0 is answered: with 0 again, or refused",
            "enquire_link_resp with sequence_number 0",
            "clients that begin at 0 get no answer",
        ),
    Case::smsc("5.1.4-04", Observed, &["header", "sequence"], |x| Box::pin(odd_number(x, 0xA285_9F22)))
        .says(
            "A request with a sequence_number above 0x7FFFFFFF is answered: with the same number, or refused",
            "enquire_link_resp with sequence_number 0xA2859F22",
            "clients that count in unsigned numbers get no answer",
        ),
    Case::smsc("5.1.4-05", Observed, &["header", "sequence"], |x| Box::pin(repeated(x))).says(
        "Two requests with the same sequence_number are both answered",
        "two responses with that sequence_number",
        "a client that repeats a number waits for an answer that does not come",
    ),
    Case::smsc("5.1.3-01", Observed, &["header"], |x| Box::pin(status_in_request(x))).says(
        "The command_status of a request means nothing: a request in which it is set is answered like another",
        "enquire_link_resp with ESME_ROK",
        "a client that leaves an old status in the field is refused",
    ),
    Case::smsc("4.3.1-01", Must, &["generic_nack"], |x| Box::pin(nack_is_not_answered(x))).says(
        "A generic_nack is not answered, and the session goes on",
        "silence; an enquire_link after it is answered",
        "two sides that answer each other's generic_nack never stop",
    ),
    Case::smsc("4.3.1-02", Must, &["generic_nack"], |x| Box::pin(orphan_response(x))).says(
        "A response to no request of the SMSC is not answered, and the session goes on",
        "silence; an enquire_link after it is answered",
        "a late deliver_sm_resp ends the session",
    ),
    Case::smsc("3.2-01", Must, &["header", "lengths"], |x| Box::pin(cut_submit(x)))
        .says(
            "A submit_sm whose body ends within its fields is not accepted",
            "an error, or a close",
            "the SMSC reads beyond the PDU: messages with fields of other messages",
        )
        .costs(1)
        .disturbing(),
    Case::smsc("3.2-02", Must, &["header", "lengths"], |x| Box::pin(endless_address(x)))
        .says(
            "A submit_sm whose destination_addr has no NUL is not accepted",
            "an error, or a close",
            "the SMSC reads beyond the PDU: messages with fields of other messages",
        )
        .costs(1)
        .disturbing(),
    Case::smsc("3.2-03", Observed, &["header", "lengths"], |x| Box::pin(enquire_with_body(x)))
        .says(
            "An enquire_link with a body is refused, or its body ignored",
            "an answer; the session goes on",
            "one odd PDU ends a session",
        )
        .disturbing(),
    Case::smsc("3.2-04", Observed, &["header", "lengths"], |x| Box::pin(stray_octet(x)))
        .says(
            "A submit_sm with one octet too many behind its short_message is refused, or the octet ignored",
            "an error, or acceptance; the session goes on",
            "clients that end short_message with a NUL lose the session",
        )
        .costs(1)
        .disturbing(),
    Case::smsc("3.2-05", Should, &["header", "lengths"], |x| Box::pin(whole_frame_is_skipped(x)))
        .says(
            "After a malformed PDU whose command_length was right, the session goes on with the next one, or the connection is closed",
            "an answer to the enquire_link behind it, or a close",
            "octets of a bad PDU are taken for the next header: all later answers are wrong",
        )
        .costs(1)
        .disturbing(),
];

async fn bad_length(x: &mut Examiner, length: u32) -> Found {
    x.bound().await?;
    let sequence = x.take_sequence();
    let mut octets = octets::pdu(CommandId::ENQUIRE_LINK, 0, sequence, &[]);
    octets[..4].copy_from_slice(&length.to_be_bytes());
    x.send(&octets).await;
    let until = Clock::now().after(x.settings.waits.answer);
    match x.next(until).await {
        Event::Pdu(pdu) if pdu.is_nack() => {
            let wanted = [Status::ESME_RINVCMDLEN, Status::ESME_RINVMSGLEN];
            let seen = format!("the peer answered {}", pdu.says());
            if wanted.contains(&pdu.status()) { pass(seen) } else { fail(seen) }
        }
        Event::Pdu(pdu) if !pdu.is_ok() => pass(format!("the peer answered {}", pdu.says())),
        Event::Pdu(pdu) => fail(format!("the peer answered {}", pdu.says())),
        Event::Silence => fail("the peer neither answered nor closed the connection"),
        Event::Ended(end) => ended(end),
    }
}

fn ended(end: End) -> Found {
    match end {
        End::Closed | End::Reset => pass(end.to_string()),
        End::Unreadable(_) | End::Flooded | End::NotRead => fail(end.to_string()),
    }
}

async fn unknown(x: &mut Examiner, command: CommandId) -> Found {
    x.bound().await?;
    let answer = x.ask(command, &[]).await;
    match &answer {
        Answer::Pdu(pdu) if !pdu.is_nack() => fail(answer.says()),
        Answer::Pdu(pdu) if pdu.sequence() == 0 => {
            fail(format!("{}, with sequence_number 0", answer.says()))
        }
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => {
            refused(&answer, &[Status::ESME_RINVCMDID])
        }
    }
}

async fn goes_on(x: &mut Examiner) -> Found {
    x.bound().await?;
    let _ = x.ask(RESERVED, &[]).await;
    x.check_alive().await?;
    pass("an enquire_link after it was answered")
}

async fn unanswered(x: &mut Examiner, octets: &[u8]) -> Found {
    x.send(octets).await;
    x.silence().await?;
    x.check_alive().await?;
    pass("nothing came, and an enquire_link after it was answered")
}

async fn unknown_response(x: &mut Examiner) -> Found {
    x.bound().await?;
    x.send(&octets::pdu(RESERVED.response(), 0, 77, &[])).await;
    x.silence_or_nack().await
}

async fn nack_is_not_answered(x: &mut Examiner) -> Found {
    x.bound().await?;
    let nack = octets::pdu(CommandId::GENERIC_NACK, Status::ESME_RINVCMDID.0, 77, &[]);
    unanswered(x, &nack).await
}

async fn orphan_response(x: &mut Examiner) -> Found {
    x.bound().await?;
    unanswered(x, &octets::pdu(CommandId::DELIVER_SM_RESP, 0, 77, &[0])).await
}

/// Sends an enquire_link with this number, and waits for its answer.
async fn enquire(x: &mut Examiner, sequence: u32, status: u32) -> Answer {
    x.send(&octets::pdu(CommandId::ENQUIRE_LINK, status, sequence, &[])).await;
    x.answer(CommandId::ENQUIRE_LINK, sequence).await
}

async fn echoes(x: &mut Examiner, sequence: u32) -> Found {
    x.bound().await?;
    accepted(&enquire(x, sequence, 0).await)
}

async fn jumps(x: &mut Examiner) -> Found {
    x.bound().await?;
    for sequence in [1000, 5] {
        let answer = enquire(x, sequence, 0).await;
        if !matches!(&answer, Answer::Pdu(pdu) if pdu.is_ok()) {
            return fail(format!("sequence_number {sequence}: {}", answer.says()));
        }
    }
    pass("both were answered")
}

async fn odd_number(x: &mut Examiner, sequence: u32) -> Found {
    x.bound().await?;
    let answer = enquire(x, sequence, 0).await;
    match &answer {
        Answer::Pdu(pdu) if pdu.is_ok() => pass(answer.says()),
        Answer::Pdu(_) | Answer::Ended(_) => unsupported(format!("refused: {}", answer.says())),
        Answer::Silence(_) => fail(answer.says()),
    }
}

async fn repeated(x: &mut Examiner) -> Found {
    x.bound().await?;
    let one = octets::pdu(CommandId::ENQUIRE_LINK, 0, 9, &[]);
    x.send(&[one.clone(), one].concat()).await;
    for nth in ["first", "second"] {
        let answer = x.answer(CommandId::ENQUIRE_LINK, 9).await;
        if !matches!(answer, Answer::Pdu(_)) {
            return fail(format!("the {nth} of two: {}", answer.says()));
        }
    }
    pass("both were answered")
}

async fn status_in_request(x: &mut Examiner) -> Found {
    x.bound().await?;
    accepted(&enquire(x, 9, Status::ESME_RALYBND.0).await)
}

async fn cut_submit(x: &mut Examiner) -> Found {
    x.bound().await?;
    let body = x.message().body();
    let answer = x.ask(CommandId::SUBMIT_SM, &body[..4]).await;
    refused_or_closed(&answer)
}

async fn endless_address(x: &mut Examiner) -> Found {
    x.bound().await?;
    let mut body = vec![0, 1, 1, 0, 1, 1];
    body.extend([b'7'; 30]);
    let answer = x.ask(CommandId::SUBMIT_SM, &body).await;
    refused_or_closed(&answer)
}

async fn enquire_with_body(x: &mut Examiner) -> Found {
    x.bound().await?;
    let answer = x.ask(CommandId::ENQUIRE_LINK, b"odd!").await;
    answered_and_alive(x, &answer).await
}

async fn stray_octet(x: &mut Examiner) -> Found {
    x.bound().await?;
    let mut body = x.message().body();
    body.push(0);
    let answer = x.ask(CommandId::SUBMIT_SM, &body).await;
    let verdict = refused_or_harmless(&answer)?;
    answered_and_alive(x, &answer).await?;
    // the octet is ignored by many, and harms nobody
    let taken = matches!(&answer, Answer::Pdu(pdu) if pdu.is_ok());
    if taken { lenient(verdict.seen) } else { Ok(verdict) }
}

/// Passes where the octets were answered and the session goes on.
async fn answered_and_alive(x: &mut Examiner, answer: &Answer) -> Found {
    match answer {
        Answer::Pdu(pdu) => {
            let seen = format!("the peer answered {}", pdu.says());
            x.check_alive().await?;
            pass(seen)
        }
        Answer::Silence(_) | Answer::Ended(_) => fail(answer.says()),
    }
}

async fn whole_frame_is_skipped(x: &mut Examiner) -> Found {
    x.bound().await?;
    let body = x.message().body();
    let cut = octets::pdu(CommandId::SUBMIT_SM, 0, x.take_sequence(), &body[..4]);
    let sequence = x.take_sequence();
    let enquire = octets::pdu(CommandId::ENQUIRE_LINK, 0, sequence, &[]);
    x.send(&[cut, enquire].concat()).await;
    let mut answer = x.answer(CommandId::ENQUIRE_LINK, sequence).await;
    if matches!(&answer, Answer::Pdu(pdu) if pdu.is_nack() && pdu.sequence() == 0) {
        // that of the malformed PDU, whose number was not read
        answer = x.answer(CommandId::ENQUIRE_LINK, sequence).await;
    }
    match &answer {
        Answer::Pdu(pdu) if pdu.command() == CommandId::ENQUIRE_LINK_RESP => pass(answer.says()),
        Answer::Ended(end) => ended(*end),
        Answer::Pdu(_) | Answer::Silence(_) => fail(answer.says()),
    }
}
