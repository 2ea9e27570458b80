//! enquire_link of the ESME.
use crate::conform::case::Case;
use crate::conform::case::Level::Must;
use crate::conform::examiner::{Answer, Examiner};
use crate::conform::octets;
use crate::conform::steps::{accepted, fail, pass};
use crate::conform::verdict::Found;
use crate::smpp::CommandId;

pub(super) const CASES: &[Case] = &[
    Case::smsc("4.11.1-01", Must, &["enquire_link"], |x| Box::pin(answered(x))).says(
        "An enquire_link is answered by enquire_link_resp with ESME_ROK and the same sequence_number",
        "enquire_link_resp, ESME_ROK",
        "a client takes the session for dead, and drops it",
    ),
    Case::smsc("4.11.2-01", Must, &["enquire_link", "lengths"], |x| Box::pin(has_no_body(x))).says(
        "An enquire_link_resp has no body: 16 octets",
        "enquire_link_resp of 16 octets",
        "a strict client refuses the answer",
    ),
    Case::smsc("4.11.1-02", Must, &["enquire_link", "state"], |x| Box::pin(on_a_receiver(x))).says(
        "An enquire_link is answered on a receiver session too",
        "enquire_link_resp, ESME_ROK",
        "a client takes its receiver for dead, and misses receipts while it binds anew",
    ),
    Case::smsc("4.11.1-03", Must, &["enquire_link"], |x| Box::pin(several(x))).says(
        "Five enquire_link in flight are each answered",
        "five enquire_link_resp",
        "a client that asks again before the answer takes the session for dead",
    ),
];

async fn answered(x: &mut Examiner) -> Found {
    x.bound().await?;
    accepted(&x.ask(CommandId::ENQUIRE_LINK, &[]).await)
}

async fn has_no_body(x: &mut Examiner) -> Found {
    x.bound().await?;
    let answer = x.ask(CommandId::ENQUIRE_LINK, &[]).await;
    match &answer {
        Answer::Pdu(pdu) if pdu.body().is_empty() => accepted(&answer),
        Answer::Pdu(pdu) => fail(format!("{} of {} octets", pdu.says(), pdu.length())),
        Answer::Silence(_) | Answer::Ended(_) => fail(answer.says()),
    }
}

async fn on_a_receiver(x: &mut Examiner) -> Found {
    x.connect().await?;
    if let Err(verdict) = x.bind(CommandId::BIND_RECEIVER).await {
        x.trouble = None;
        return Err(verdict);
    }
    accepted(&x.ask(CommandId::ENQUIRE_LINK, &[]).await)
}

async fn several(x: &mut Examiner) -> Found {
    x.bound().await?;
    let numbers: Vec<u32> = (0..5).map(|_| x.take_sequence()).collect();
    for number in &numbers {
        x.send(&octets::pdu(CommandId::ENQUIRE_LINK, 0, *number, &[])).await;
    }
    for number in numbers {
        let answer = x.answer(CommandId::ENQUIRE_LINK, number).await;
        if !matches!(&answer, Answer::Pdu(pdu) if pdu.is_ok()) {
            return fail(format!("sequence_number {number}: {}", answer.says()));
        }
    }
    pass("all five were answered")
}
