//! Timers of the SMSC, where they are declared.
use super::deliver::{Take, is_of, receipt};
use crate::conform::case::Case;
use crate::conform::case::Level::{Observed, Should};
use crate::conform::examiner::{Acknowledge, Examiner};
use crate::conform::line::Event;
use crate::conform::steps::{fail, inconclusive, pass};
use crate::conform::verdict::{Found, Outcome, Verdict};
use crate::kit::{Clock, Nanos};
use crate::smpp::CommandId;

/// A timer that ends sooner than declared by more than this is another one.
const EARLY: Nanos = Nanos::from_millis(50);

pub(super) const CASES: &[Case] = &[
    Case::smsc("2.9-01", Should, &["timers"], |x| Box::pin(session_init(x))).says(
        "A connection without a bind is closed when session_init_timer ends",
        "a close when the declared time has passed",
        "connections that never bind use up the SMSC",
    ),
    Case::smsc("2.9-02", Should, &["timers", "enquire_link"], |x| Box::pin(enquires(x))).says(
        "On an idle session the SMSC sends enquire_link when enquire_link_timer ends",
        "an enquire_link when the declared time has passed",
        "a dead client is not noticed, and its receipts are lost",
    ),
    Case::smsc("2.9-03", Should, &["timers"], |x| Box::pin(inactivity(x))).says(
        "A session without traffic is dropped or unbound when inactivity_timer ends",
        "unbind or a close when the declared time has passed",
        "sessions of dead clients count against the bind limit",
    ),
    Case::smsc("2.9-04", Observed, &["timers", "receipts"], |x| Box::pin(unacknowledged(x)))
        .says(
            "A deliver_sm that is not acknowledged comes again, or ends the session, when response_timer ends",
            "the deliver_sm again, unbind or a close when the declared time has passed",
            "a receipt whose acknowledgement was lost is lost too, or holds up those behind it",
        )
        .costs(1),
    Case::smsc("2.9-05", Should, &["timers", "enquire_link"], |x| Box::pin(unanswered_enquiry(x)))
        .says(
            "A session whose client leaves enquire_link unanswered is ended when response_timer ends",
            "unbind or a close when the declared time has passed",
            "sessions of dead clients are kept, and their receipts sent to nobody",
        ),
];

fn undeclared() -> Verdict {
    Verdict::of(Outcome::Skipped, "the peer's timer is not declared; declare it with --timer")
}

async fn session_init(x: &mut Examiner) -> Found {
    let declared = x.settings.timers.session_init.ok_or_else(undeclared)?;
    x.connect().await?;
    let began = Clock::now();
    let ended = x.end_within(declared.after(x.settings.waits.late)).await;
    timed(ended.map(|end| end.to_string()), began, declared)
}

/// Judges what came, and when: `declared` after `began`.
fn timed(seen: Option<String>, began: Nanos, declared: Nanos) -> Found {
    let after = Clock::now().since(began);
    let at = format!("after {:.2} s of {:.2} s", after.as_secs_f64(), declared.as_secs_f64());
    match seen {
        None => fail(format!("nothing within {:.2} s", after.as_secs_f64())),
        Some(seen) if after.after(EARLY) < declared => fail(format!("{seen} {at}")),
        Some(seen) => pass(format!("{seen} {at}")),
    }
}

async fn enquires(x: &mut Examiner) -> Found {
    let declared = x.settings.timers.enquire_link.ok_or_else(undeclared)?;
    x.bound().await?;
    let began = Clock::now();
    let until = began.after(declared).after(x.settings.waits.late);
    loop {
        match x.event(until).await {
            Event::Pdu(pdu) if pdu.command() == CommandId::ENQUIRE_LINK => {
                x.attend(pdu).await;
                return timed(Some("an enquire_link came".to_owned()), began, declared);
            }
            Event::Pdu(pdu) => x.attend(pdu).await,
            Event::Silence => return timed(None, began, declared),
            Event::Ended(end) => return fail(end.to_string()),
        }
    }
}

async fn inactivity(x: &mut Examiner) -> Found {
    let declared = x.settings.timers.inactivity.ok_or_else(undeclared)?;
    x.bound().await?;
    let began = Clock::now();
    let until = began.after(declared).after(x.settings.waits.late);
    let mut was_enquired = false;
    loop {
        let seen = match x.event(until).await {
            Event::Pdu(pdu) if pdu.command() == CommandId::UNBIND => {
                x.attend(pdu).await;
                "an unbind came".to_owned()
            }
            // an answer would be traffic
            Event::Pdu(pdu) => {
                was_enquired |= pdu.command() == CommandId::ENQUIRE_LINK;
                continue;
            }
            Event::Silence => return timed(None, began, declared),
            Event::Ended(end) => end.to_string(),
        };
        let after = Clock::now().since(began);
        if was_enquired && after.after(EARLY) < declared {
            let after = after.as_secs_f64();
            return inconclusive(format!(
                "{seen} after {after:.2} s: an enquire_link was not answered before, which ends a session too"
            ));
        }
        return timed(Some(seen), began, declared);
    }
}

async fn unacknowledged(x: &mut Examiner) -> Found {
    let declared = x.settings.timers.response.ok_or_else(undeclared)?;
    x.acknowledge = Acknowledge::Never;
    // the connection that received it is the current one
    let first = receipt(x, Take::Own).await?;
    let began = Clock::now();
    let until = began.after(declared).after(x.settings.waits.late);
    loop {
        let seen = match x.event(until).await {
            Event::Pdu(pdu) if is_of(x, &pdu, &first.id, Take::Own).is_some() => {
                "the receipt came again".to_owned()
            }
            Event::Pdu(pdu) => {
                let is_unbind = pdu.command() == CommandId::UNBIND;
                x.attend(pdu).await;
                if !is_unbind {
                    continue;
                }
                "an unbind came".to_owned()
            }
            Event::Silence => return timed(None, began, declared),
            Event::Ended(end) => end.to_string(),
        };
        return timed(Some(seen), began, declared);
    }
}

async fn unanswered_enquiry(x: &mut Examiner) -> Found {
    let timers = x.settings.timers;
    let enquires = timers.enquire_link.ok_or_else(undeclared)?;
    let declared = timers.response.ok_or_else(undeclared)?;
    x.bound().await?;
    let (seen, came) = x.unanswered_enquiry(enquires, declared).await?;
    timed(seen, came, declared)
}
