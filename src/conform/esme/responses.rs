//! What the ESME does with answers: refusals, odd ones, ones out of order, and none.
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Observed, Should};
use crate::conform::examiner::Examiner;
use crate::conform::line::Event;
use crate::conform::octets::{self, Pdu, cstring, tlv};
use crate::conform::steps::{Status, fail, pass};
use crate::conform::verdict::{Found, Outcome, Verdict};
use crate::kit::{Clock, Nanos};
use crate::smpp::CommandId;

/// submit_sm that are left unanswered at most, to see the ESME's window.
const WINDOW_MAX: usize = 500;

pub(super) const CASES: &[Case] = &[
    Case::esme("4.4.2-51", Must, &["submit", "throttled"], |x| {
        Box::pin(answered(x, Status::ESME_RTHROTTLED, Vec::new()))
    })
    .says(
        "The session goes on where the SMSC throttles a submit_sm",
        "the ESME keeps its session and answers an enquire_link",
        "at every peak the client loses its session, and binds again under load",
    ),
    Case::esme("4.4.2-52", Must, &["submit"], |x| {
        Box::pin(answered(x, Status::ESME_RINVDSTADR, vec![0]))
    })
    .says(
        "The session goes on where the SMSC refuses a submit_sm for good",
        "the ESME keeps its session and answers an enquire_link",
        "one wrong number ends the session of all messages",
    ),
    Case::esme("4.4.2-53", Must, &["submit"], |x| {
        Box::pin(answered(x, Status::ESME_ROK, cstring(&[b'f'; 64])))
    })
    .says(
        "The ESME takes a message_id of 64 characters",
        "the session goes on",
        "receipts of an SMSC with long ids are never matched",
    ),
    Case::esme("4.4.2-54", Should, &["submit", "tlv"], |x| {
        let body = [cstring(b"tlv"), tlv(0x1413, b"ignored")].concat();
        Box::pin(answered(x, Status::ESME_ROK, body))
    })
    .says(
        "The ESME ignores a TLV in a submit_sm_resp",
        "the session goes on",
        "an SMSC with an extension cannot be used",
    ),
    Case::esme("4.4.2-55", Should, &["submit"], |x| {
        Box::pin(answered(x, Status(0x0000_0455), Vec::new()))
    })
    .says(
        "The ESME takes a command_status of the range that is left to vendors",
        "the session goes on",
        "a refusal of which only the SMSC knows the meaning ends the session",
    ),
    Case::esme("4.3.1-52", Must, &["submit", "generic_nack"], |x| Box::pin(nacked(x))).says(
        "The ESME takes a generic_nack for the answer to its submit_sm, and the session goes on",
        "the ESME keeps its session and answers an enquire_link",
        "a submit_sm that the SMSC could not read holds its place in the window for ever",
    ),
    Case::esme("4.4.2-56", Must, &["submit", "sequence"], |x| Box::pin(answered_twice(x))).says(
        "The ESME ignores a second answer to a submit_sm",
        "the session goes on, and nothing is sent in return",
        "an SMSC that repeats itself ends the session, or is answered for ever",
    ),
    Case::esme("5.1.4-55", Must, &["submit", "sequence"], |x| Box::pin(unknown_number(x))).says(
        "The ESME ignores a submit_sm_resp with a sequence_number that it did not use",
        "the session goes on, and nothing is sent in return",
        "a late answer of an earlier request ends the session",
    ),
    Case::esme("2.9-51", Observed, &["submit", "window"], |x| Box::pin(window(x))).says(
        "How many submit_sm the ESME sends before it waits for an answer (its window)",
        "a number that stands still while nothing is answered",
        "an SMSC throttles the ESME, or closes the session, where the window is above its own",
    ),
    Case::esme("2.9-52", Must, &["submit", "window"], |x| Box::pin(out_of_order(x))).says(
        "The ESME takes answers in another order than that of its submit_sm",
        "the session goes on, and new submit_sm follow",
        "an SMSC that answers as each message is stored cannot be used with a window",
    ),
    Case::esme("2.9-54", Should, &["submit", "timers"], |x| Box::pin(gives_up(x))).says(
        "The ESME gives up a submit_sm that is not answered when its response_timer ends: it goes on, or ends the session",
        "a further submit_sm, unbind or a close when the declared time has passed (--timer response=TIME)",
        "one lost answer holds its place in the window for ever, and in the end the client stands still",
    ),
];

/// One that gives up sooner than declared by more than this has another timer.
const EARLY: Nanos = Nanos::from_millis(50);

async fn answered(x: &mut Examiner, status: Status, body: Vec<u8>) -> Found {
    let submit = x.next_submit().await?;
    x.reply(&submit, status, &body).await;
    x.alive_or("the session went on").await
}

async fn nacked(x: &mut Examiner) -> Found {
    let submit = x.next_submit().await?;
    let status = Status::ESME_RINVCMDLEN.0;
    x.send(&octets::pdu(CommandId::GENERIC_NACK, status, submit.sequence(), &[])).await;
    x.alive_or("the session went on").await
}

async fn answered_twice(x: &mut Examiner) -> Found {
    let submit = x.next_submit().await?;
    for _ in 0..2 {
        x.reply(&submit, Status::ESME_ROK, &cstring(b"twice")).await;
    }
    x.silence().await?;
    x.alive_or("nothing came in return").await
}

async fn unknown_number(x: &mut Examiner) -> Found {
    x.session().await?;
    let number = 0x7FFF_0001;
    let body = cstring(b"nobody");
    x.send(&octets::pdu(CommandId::SUBMIT_SM_RESP, 0, number, &body)).await;
    x.silence().await?;
    x.alive_or("nothing came in return").await
}

/// The submit_sm that come until none has come for a while; none is answered.
async fn unanswered(x: &mut Examiner) -> Result<Vec<Pdu>, Verdict> {
    let mut submits = vec![x.next_submit().await?];
    let quiet = x.settings.waits.silence;
    // other requests do not put off the end
    let mut until = Clock::now().after(quiet);
    loop {
        match x.event(until).await {
            Event::Pdu(pdu) if pdu.command() == CommandId::SUBMIT_SM => {
                submits.push(pdu);
                until = Clock::now().after(quiet);
            }
            Event::Pdu(pdu) => x.attend(pdu).await,
            Event::Silence => return Ok(submits),
            Event::Ended(end) => return Err(Verdict::of(Outcome::Fail, end.to_string())),
        }
        if submits.len() >= WINDOW_MAX {
            return Ok(submits);
        }
    }
}

async fn window(x: &mut Examiner) -> Found {
    let submits = unanswered(x).await?;
    let count = submits.len();
    if count >= WINDOW_MAX {
        return fail(format!("{count} submit_sm without an answer, and no end of them"));
    }
    for submit in submits {
        x.attend(submit).await;
    }
    x.alive_or(&format!("{count} submit_sm without an answer, and no more for a while")).await
}

async fn out_of_order(x: &mut Examiner) -> Found {
    let submits = unanswered(x).await?;
    for submit in submits.iter().rev() {
        x.attend(submit.clone()).await;
    }
    if submits.len() < 2 {
        let seen = "one submit_sm came within the time: there is no order to change";
        return Ok(Verdict::of(Outcome::Inconclusive, seen));
    }
    x.check_alive().await?;
    // one that lost count sends no more
    match x.next_submit().await {
        Ok(next) => {
            x.attend(next).await;
            pass(format!("{} answers in reverse order, and then a new submit_sm", submits.len()))
        }
        Err(verdict) => fail(verdict.seen),
    }
}

async fn gives_up(x: &mut Examiner) -> Found {
    let Some(declared) = x.settings.timers.response else {
        let why = "the timer is not declared: --timer response=TIME";
        return Ok(Verdict::of(Outcome::Skipped, why));
    };
    x.next_submit().await?;
    let began = Clock::now();
    let until = began.after(declared).after(x.settings.waits.late);
    // an ESME whose window is not full sends on whether it gives up or not
    let (mut last, standstill) = (began, Nanos(declared.0 / 2));
    loop {
        let event = x.event(until).await;
        let now = Clock::now();
        let is_over = now.since(began).after(EARLY) >= declared;
        let at = format!("after {:.2} s", now.since(began).as_secs_f64());
        match event {
            Event::Pdu(pdu) if pdu.command() == CommandId::SUBMIT_SM => {
                if is_over && now.since(last) < standstill {
                    let seen =
                        "submit_sm came all the time: the window was not full when the timer ended";
                    return Ok(Verdict::of(Outcome::Inconclusive, seen));
                }
                last = now;
                if is_over {
                    x.attend(pdu).await;
                    return x.alive_or(&format!("a further submit_sm came {at}")).await;
                }
            }
            Event::Pdu(pdu) => {
                let is_unbind = pdu.command() == CommandId::UNBIND;
                x.attend(pdu).await;
                if is_unbind {
                    let seen = format!("an unbind came {at}");
                    return if is_over { pass(seen) } else { fail(seen) };
                }
            }
            Event::Silence => return fail(format!("nothing came {at}: the ESME still waits")),
            Event::Ended(end) => {
                let seen = format!("{end} {at}");
                return if is_over { pass(seen) } else { fail(seen) };
            }
        }
    }
}
