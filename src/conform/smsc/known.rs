//! query_sm, cancel_sm and replace_sm of a message that the SMSC still has: submitted just before, for an hour later.
use crate::conform::case::Case;
use crate::conform::case::Level::Observed;
use crate::conform::examiner::{Answer, Examiner};
use crate::conform::octets::{Fields, Message, cstring};
use crate::conform::steps::{
    Status, accepted, fail, is_unsupported, pass, precondition, unsupported,
};
use crate::conform::verdict::{Found, Verdict};
use crate::smpp::CommandId;

/// schedule_delivery_time: an hour from now (section 7.1.1). One that cannot be cancelled is not there for long.
const IN_AN_HOUR: &[u8] = b"000000010000000R";
/// validity_period: two hours.
const TWO_HOURS: &[u8] = b"000000020000000R";
/// message_state of a message that is under way, and of one that is scheduled (v5.0).
const ENROUTE: u8 = 1;
const SCHEDULED: u8 = 0;
/// message_state of a message that was cancelled.
const DELETED: u8 = 4;

pub(super) const CASES: &[Case] = &[
    Case::smsc("4.8.1-03", Observed, &["query_sm", "known"], |x| Box::pin(query(x)))
        .says(
            "A query_sm for a message that is scheduled for an hour later says that it is under way, with an empty final_date",
            "query_sm_resp with the message_id, an empty final_date and message_state ENROUTE, or ESME_RINVCMDID",
            "a client takes a message that waits for one that is over",
        )
        .costs(1),
    Case::smsc("4.9.1-02", Observed, &["cancel_sm", "known"], |x| Box::pin(cancel(x)))
        .says(
            "A cancel_sm for a message that is scheduled for an hour later is accepted, or said not to be supported",
            "cancel_sm_resp with ESME_ROK, or ESME_RCANCELFAIL or ESME_RINVCMDID",
            "a client cannot call back a message, and is not told so",
        )
        .costs(1),
    Case::smsc("4.9.1-03", Observed, &["cancel_sm", "query_sm", "known"], |x| {
        Box::pin(cancelled_is_deleted(x))
    })
    .says(
        "A message that was cancelled is DELETED, or not known any more",
        "query_sm_resp with message_state DELETED, or ESME_RQUERYFAIL",
        "a message that was called back may still be delivered",
    )
    .costs(1),
    Case::smsc("4.10.1-02", Observed, &["replace_sm", "known"], |x| Box::pin(replace(x)))
        .says(
            "A replace_sm for a message that is scheduled for an hour later is accepted, or said not to be supported",
            "replace_sm_resp with ESME_ROK, or ESME_RREPLACEFAIL or ESME_RINVCMDID",
            "a client cannot correct a message, and is not told so",
        )
        .costs(1),
];

/// What is known of a message that the SMSC has.
struct Known {
    id: Vec<u8>,
    message: Message,
}

/// Submits a message for an hour later. `Err`: the SMSC does not take one, or does not schedule.
async fn scheduled(x: &mut Examiner) -> Result<Known, Verdict> {
    x.bound().await?;
    let message =
        Message { schedule: IN_AN_HOUR.to_vec(), validity: TWO_HOURS.to_vec(), ..x.message() };
    let answer = x.submit(&message).await;
    match &answer {
        Answer::Pdu(pdu) if pdu.is_ok() && !pdu.is_nack() => {
            let id = Fields(pdu.body()).cstring().unwrap_or_default().to_vec();
            Ok(Known { id, message })
        }
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => {
            let why = format!("a submit_sm for an hour later was not accepted: {}", answer.says());
            Err(precondition(why))
        }
    }
}

impl Known {
    /// source_addr_ton, source_addr_npi and source_addr.
    fn source(&self) -> Vec<u8> {
        let (ton, npi) = self.message.source_kind;
        [vec![ton, npi], cstring(&self.message.source)].concat()
    }

    /// The body of a query_sm for it.
    fn query(&self) -> Vec<u8> {
        [cstring(&self.id), self.source()].concat()
    }

    /// The body of a cancel_sm for it.
    fn cancel(&self) -> Vec<u8> {
        let (ton, npi) = self.message.destination_kind;
        let destination = [vec![ton, npi], cstring(&self.message.destination)].concat();
        let service_type = cstring(&self.message.service_type);
        [service_type, cstring(&self.id), self.source(), destination].concat()
    }

    /// The body of a replace_sm for it, with both of its times.
    fn replace(&self) -> Vec<u8> {
        let times = [cstring(IN_AN_HOUR), cstring(TWO_HOURS)].concat();
        // registered_delivery, sm_default_msg_id, sm_length
        [cstring(&self.id), self.source(), times, vec![0, 0, 8], b"replaced".to_vec()].concat()
    }
}

/// Takes the message back where the SMSC can, so that it is not delivered.
async fn take_back(x: &mut Examiner, known: &Known) {
    let _ = x.ask(CommandId::CANCEL_SM, &known.cancel()).await;
}

/// Judges the answer to an operation that an SMSC may lack: `failed` is how it says so of a message that it has.
fn done(answer: &Answer, failed: Status) -> Found {
    match answer {
        Answer::Pdu(pdu) if is_unsupported(pdu) || pdu.status() == failed => {
            unsupported(answer.says())
        }
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => accepted(answer),
    }
}

async fn query(x: &mut Examiner) -> Found {
    let known = scheduled(x).await?;
    let answer = x.ask(CommandId::QUERY_SM, &known.query()).await;
    take_back(x, &known).await;
    let verdict = done(&answer, Status::ESME_RQUERYFAIL);
    let Answer::Pdu(pdu) = &answer else { return verdict };
    if !pdu.is_ok() {
        return verdict;
    }
    let mut fields = Fields(pdu.body());
    let (Some(id), Some(date), Some(state)) = (fields.cstring(), fields.cstring(), fields.octet())
    else {
        return fail(format!("{}, and a body that ends too early", answer.says()));
    };
    let seen = format!("{}, and message_state {state}", answer.says());
    match state {
        _ if id != known.id => fail(format!("{}, and another message_id", answer.says())),
        ENROUTE | SCHEDULED if !date.is_empty() => fail(format!("{seen} with a final_date")),
        ENROUTE | SCHEDULED => pass(seen),
        _ => fail(seen),
    }
}

async fn cancel(x: &mut Examiner) -> Found {
    let known = scheduled(x).await?;
    done(&x.ask(CommandId::CANCEL_SM, &known.cancel()).await, Status::ESME_RCANCELFAIL)
}

async fn cancelled_is_deleted(x: &mut Examiner) -> Found {
    let known = scheduled(x).await?;
    let cancelled = x.ask(CommandId::CANCEL_SM, &known.cancel()).await;
    if !matches!(&cancelled, Answer::Pdu(pdu) if pdu.is_ok()) {
        let why = format!("the message was not cancelled: {}", cancelled.says());
        return match &cancelled {
            Answer::Pdu(pdu) if is_unsupported(pdu) => unsupported(why),
            Answer::Pdu(pdu) if pdu.status() == Status::ESME_RCANCELFAIL => unsupported(why),
            Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => Err(precondition(why)),
        };
    }
    let answer = x.ask(CommandId::QUERY_SM, &known.query()).await;
    let Answer::Pdu(pdu) = &answer else { return fail(answer.says()) };
    if is_unsupported(pdu) {
        return unsupported(answer.says());
    }
    if !pdu.is_ok() {
        return pass(format!("cancelled, and then {}", answer.says()));
    }
    let mut fields = Fields(pdu.body());
    match (fields.cstring(), fields.cstring(), fields.octet()) {
        (Some(_), Some(_), Some(DELETED)) => pass("message_state DELETED"),
        (Some(_), Some(_), Some(state)) => fail(format!("message_state {state}")),
        _ => fail(format!("{}, and a body that ends too early", answer.says())),
    }
}

async fn replace(x: &mut Examiner) -> Found {
    let known = scheduled(x).await?;
    let answer = x.ask(CommandId::REPLACE_SM, &known.replace()).await;
    take_back(x, &known).await;
    done(&answer, Status::ESME_RREPLACEFAIL)
}
