//! Several requests in flight: each is answered once, with its own number, in whatever order.
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Observed, Should};
use crate::conform::examiner::Examiner;
use crate::conform::line::Event;
use crate::conform::octets::{self, Pdu};
use crate::conform::steps::{Status, fail, inconclusive, pass};
use crate::conform::verdict::Found;
use crate::kit::Clock;
use crate::smpp::CommandId;

/// In flight at once at most: what v3.4 gives as a guideline.
const WINDOW: u32 = 10;

pub(super) const CASES: &[Case] = &[
    Case::smsc("2.5.2-01", Must, &["window"], |x| Box::pin(all_answered(x)))
        .says(
            "Ten submit_sm in flight (or binds.window, where that is smaller) are all answered, each once and with its own sequence_number",
            "a submit_sm_resp for each",
            "the client must wait for each answer: the round trip bounds its rate",
        )
        .costs(WINDOW),
    Case::smsc("2.5.2-02", Should, &["window", "enquire_link"], |x| Box::pin(enquire_between(x)))
        .says(
            "An enquire_link is answered while submit_sm are in flight",
            "enquire_link_resp",
            "a busy session looks dead, and its client drops it",
        )
        .costs(5),
    Case::smsc("2.5.2-03", Should, &["window", "sequence"], |x| Box::pin(own_numbers(x)))
        .says(
            "The SMSC numbers its own requests: a number that it has in flight does not keep the ESME's request with the same number from being answered",
            "every request with the sequence_number 1 of either side is answered",
            "requests of both sides are taken for each other",
        )
        .costs(1),
    Case::smsc("2.5.2-04", Observed, &["window"], |x| Box::pin(none_twice(x)))
        .says(
            "No submit_sm is answered twice",
            "one submit_sm_resp, and nothing for it afterwards",
            "the second answer is counted as one of another message",
        )
        .costs(1),
];

/// Sends so many submit_sm without waiting, and returns their numbers.
async fn submit_many(x: &mut Examiner, count: u32) -> Vec<u32> {
    let body = x.message().body();
    let mut numbers = Vec::new();
    for _ in 0..count {
        numbers.push(x.send_request(CommandId::SUBMIT_SM, &body).await);
    }
    numbers
}

/// The responses that come until so many have come, or time is up.
async fn responses(x: &mut Examiner, count: usize) -> (Vec<Pdu>, Option<Event>) {
    let until = Clock::now().after(x.settings.waits.answer);
    let mut all = Vec::new();
    while all.len() < count {
        match x.next(until).await {
            Event::Pdu(pdu) => {
                x.learn_id(&pdu);
                all.push(pdu);
            }
            other => return (all, Some(other)),
        }
    }
    (all, None)
}

async fn all_answered(x: &mut Examiner) -> Found {
    x.bound().await?;
    let count = WINDOW.min(u32::try_from(x.settings.account.binds.window).unwrap_or(WINDOW));
    let numbers = submit_many(x, count).await;
    let (all, ended) = responses(x, numbers.len()).await;
    if let Some(Event::Ended(end)) = ended {
        return fail(format!("{} of {count} answered, then {end}", all.len()));
    }
    let mut answered: Vec<u32> = all.iter().map(Pdu::sequence).collect();
    answered.sort_unstable();
    let throttled = [Status::ESME_RTHROTTLED, Status::ESME_RMSGQFUL];
    if answered != numbers {
        let own = matching(&answered, &numbers);
        return fail(format!("{own} of {count} answered with their own number"));
    }
    if let Some(pdu) = all.iter().find(|pdu| throttled.contains(&pdu.status())) {
        return inconclusive(format!("all were answered, some {}", pdu.says()));
    }
    match all.iter().find(|pdu| !pdu.is_ok()) {
        Some(pdu) => fail(format!("all were answered, some {}", pdu.says())),
        None => pass(format!("all {count} were answered with ESME_ROK")),
    }
}

fn matching(answered: &[u32], numbers: &[u32]) -> usize {
    numbers.iter().filter(|number| answered.contains(number)).count()
}

async fn enquire_between(x: &mut Examiner) -> Found {
    x.bound().await?;
    submit_many(x, 5).await;
    x.check_alive().await?;
    pass("the enquire_link was answered")
}

async fn own_numbers(x: &mut Examiner) -> Found {
    x.bound().await?;
    // the SMSC's own first request, a receipt or an enquire_link, has number 1 too
    let body = x.message().body();
    x.send(&octets::pdu(CommandId::SUBMIT_SM, 0, 1, &body)).await;
    let answer = x.answer(CommandId::SUBMIT_SM, 1).await;
    crate::conform::steps::accepted_submit(&answer)
}

async fn none_twice(x: &mut Examiner) -> Found {
    x.bound().await?;
    x.accepted_id(&x.message()).await?;
    x.silence().await?;
    pass("one answer, and nothing after it")
}
