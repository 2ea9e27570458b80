//! unbind of the ESME, and what follows it.
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Observed, Should};
use crate::conform::examiner::{Answer, Examiner};
use crate::conform::line::Event;
use crate::conform::steps::{accepted, fail, pass, precondition, refused_or_closed};
use crate::conform::verdict::Found;
use crate::kit::Clock;
use crate::smpp::CommandId;

pub(super) const CASES: &[Case] = &[
    Case::smsc("4.2.1-01", Must, &["unbind"], |x| Box::pin(answered(x))).says(
        "An unbind is answered by unbind_resp with ESME_ROK and the same sequence_number",
        "unbind_resp, ESME_ROK",
        "a client waits for the answer until its timer ends, at every restart",
    ),
    Case::smsc("4.2.2-01", Must, &["unbind", "lengths"], |x| Box::pin(has_no_body(x))).says(
        "An unbind_resp has no body: 16 octets",
        "unbind_resp of 16 octets",
        "a strict client refuses the answer",
    ),
    Case::smsc("4.2.1-02", Must, &["unbind", "state"], |x| Box::pin(submit_after(x)))
        .says(
            "A submit_sm after the unbind is not accepted",
            "an error, or a close",
            "messages are taken on a session whose client has gone, and their receipts are lost",
        )
        .costs(1),
    Case::smsc("4.2.1-03", Observed, &["unbind"], |x| Box::pin(closes(x))).says(
        "After the unbind_resp the connection is closed, by either side",
        "the SMSC closes the connection",
        "connections stay open that nobody uses, where the client does not close them either",
    ),
    Case::smsc("4.2.1-04", Observed, &["unbind"], |x| Box::pin(answers_before(x)))
        .says(
            "submit_sm sent before the unbind are answered before the unbind_resp",
            "submit_sm_resp, then unbind_resp",
            "a client does not know what became of its last messages",
        )
        .costs(3),
    Case::smsc("4.2.1-05", Should, &["unbind", "bind"], |x| Box::pin(binds_again(x))).says(
        "After an unbind the account can bind again at once",
        "bind_resp with ESME_ROK",
        "a restart of the client takes as long as the SMSC keeps the old session",
    ),
    Case::smsc("2.2-08", Should, &["unbind", "bind"], |x| Box::pin(binds_after_a_drop(x))).says(
        "After a connection that was dropped without an unbind the account can bind again at once",
        "bind_resp with ESME_ROK",
        "a crash of the client locks it out for as long as the SMSC keeps the old session",
    ),
];

async fn answered(x: &mut Examiner) -> Found {
    x.bound().await?;
    accepted(&x.ask(CommandId::UNBIND, &[]).await)
}

async fn has_no_body(x: &mut Examiner) -> Found {
    x.bound().await?;
    let answer = x.ask(CommandId::UNBIND, &[]).await;
    match &answer {
        Answer::Pdu(pdu) if pdu.body().is_empty() => accepted(&answer),
        Answer::Pdu(pdu) => fail(format!("{} of {} octets", pdu.says(), pdu.length())),
        Answer::Silence(_) | Answer::Ended(_) => fail(answer.says()),
    }
}

/// Unbinds, as a step towards something else.
async fn unbind(x: &mut Examiner) -> Result<(), crate::conform::Verdict> {
    match x.ask(CommandId::UNBIND, &[]).await {
        Answer::Pdu(pdu) if pdu.is_ok() => Ok(()),
        other => Err(precondition(format!("the unbind failed: {}", other.says()))),
    }
}

async fn submit_after(x: &mut Examiner) -> Found {
    x.bound().await?;
    unbind(x).await?;
    let answer = x.submit(&x.message()).await;
    match &answer {
        // not read any more: nothing was accepted
        Answer::Silence(instead) if instead.is_empty() => pass("the submit_sm was not answered"),
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => refused_or_closed(&answer),
    }
}

async fn closes(x: &mut Examiner) -> Found {
    x.bound().await?;
    unbind(x).await?;
    match x.end_within(x.settings.waits.answer).await {
        Some(end) => pass(end.to_string()),
        None => fail("the connection stayed open"),
    }
}

async fn answers_before(x: &mut Examiner) -> Found {
    x.bound().await?;
    let body = x.message().body();
    let mut numbers = Vec::new();
    for _ in 0..3 {
        numbers.push(x.send_request(CommandId::SUBMIT_SM, &body).await);
    }
    x.send_request(CommandId::UNBIND, &[]).await;
    let until = Clock::now().after(x.settings.waits.answer);
    let mut count = 0;
    loop {
        match x.next(until).await {
            Event::Pdu(pdu) if pdu.command() == CommandId::UNBIND_RESP => {
                let seen = format!("{count} of 3 submit_sm were answered before the unbind_resp");
                return if count == numbers.len() { pass(seen) } else { fail(seen) };
            }
            Event::Pdu(pdu) => {
                x.learn_id(&pdu);
                count += usize::from(numbers.contains(&pdu.sequence()));
            }
            Event::Silence => return fail(format!("{count} of 3 answered, and no unbind_resp")),
            Event::Ended(end) => return fail(format!("{count} of 3 answered, then {end}")),
        }
    }
}

/// Judges the bind after the first session has gone.
async fn second_bind(x: &mut Examiner) -> Found {
    match x.bound().await {
        Ok(()) => pass("the second bind was accepted"),
        Err(verdict) => {
            x.trouble = None;
            fail(verdict.seen)
        }
    }
}

async fn binds_again(x: &mut Examiner) -> Found {
    x.bound().await?;
    unbind(x).await?;
    second_bind(x).await
}

async fn binds_after_a_drop(x: &mut Examiner) -> Found {
    x.bound().await?;
    x.drop_connection();
    second_bind(x).await
}
