//! submit_sm that should be accepted, and its response.
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Observed, Should};
use crate::conform::examiner::{Answer, Examiner};
use crate::conform::octets::{Fields, Message};
use crate::conform::steps::{accepted_submit, fail, pass, precondition};
use crate::conform::verdict::Found;

/// Room for a message_id and its NUL (v3.4 4.4.2).
const MESSAGE_ID_MAX: usize = 65;

pub(super) const CASES: &[Case] = &[
    Case::smsc("4.4.1-01", Must, &["submit"], |x| Box::pin(takes(x, |_| {})))
        .says(
            "A plain submit_sm is answered by submit_sm_resp with ESME_ROK and the same sequence_number",
            "submit_sm_resp, ESME_ROK",
            "no message can be sent",
        )
        .costs(1),
    Case::smsc("4.4.2-01", Must, &["submit", "ids"], |x| Box::pin(resp_has_an_id(x)))
        .says(
            "A submit_sm_resp with ESME_ROK carries a message_id: a C-octet string of 1 to 64 characters",
            "a message_id that ends with a NUL within 65 octets",
            "the receipt cannot be matched with its message",
        )
        .costs(1),
    Case::smsc("4.4.2-02", Should, &["submit", "ids"], |x| Box::pin(ids_differ(x)))
        .says(
            "Two messages have two message_ids",
            "two different message_ids",
            "the receipt of one message is taken for that of another",
        )
        .costs(2),
    Case::smsc("4.4.2-03", Observed, &["submit"], |x| Box::pin(refusal_has_no_body(x)))
        .says(
            "A submit_sm_resp with an error has no body: 16 octets (v5.0 asks clients to ignore one)",
            "submit_sm_resp of 16 octets",
            "a client that expects no body after an error loses the framing, or drops the session",
        )
        .costs(1),
    Case::smsc("4.4.2-04", Should, &["submit", "tlv", "lengths"], |x| Box::pin(resp_ends_well(x)))
        .says(
            "Behind the message_id of a submit_sm_resp stand TLVs or nothing",
            "octets that can be read as TLVs, or none",
            "a client loses the answer, or the session",
        )
        .costs(1),
    Case::smsc("4.4.1-02", Should, &["submit", "lengths"], |x| {
        Box::pin(takes(x, |m| {
            m.data_coding = 4;
            m.text = vec![b'x'; 254];
        }))
    })
    .says(
        "A short_message of 254 octets, the longest of v3.4, is accepted",
        "submit_sm_resp, ESME_ROK",
        "long texts are refused that the specification allows",
    )
    .costs(1),
    Case::smsc("5.2.5-03", Observed, &["submit", "addresses"], |x| {
        Box::pin(takes(x, |m| {
            m.source_kind = (5, 0);
            m.source = b"smppbench".to_vec();
        }))
    })
    .says(
        "An alphanumeric source_addr (TON 5, NPI 0) is accepted, or refused where the account may not use one",
        "submit_sm_resp, ESME_ROK",
        "messages cannot carry a sender's name",
    )
    .costs(1),
    Case::smsc("5.2.12-02", Should, &["submit", "udh"], |x| Box::pin(two_parts(x)))
        .says(
            "Two parts of a long message, each with a user data header and UDHI set, are accepted",
            "submit_sm_resp, ESME_ROK, for each part",
            "long messages cannot be sent in parts",
        )
        .costs(2),
    Case::smsc("5.2.12-04", Should, &["submit", "esm_class"], |x| Box::pin(takes(x, |m| m.esm_class = 3)))
        .says(
            "esm_class 0x03, store and forward, is accepted: it names the default of an SMSC",
            "submit_sm_resp, ESME_ROK",
            "gateways that say store and forward (Kannel does) cannot send",
        )
        .costs(1),
    Case::smsc("5.2.14-02", Should, &["submit"], |x| Box::pin(takes(x, |m| m.priority = 3)))
        .says(
            "priority_flag 3, the highest, is accepted",
            "submit_sm_resp, ESME_ROK",
            "urgent messages are refused",
        )
        .costs(1),
    Case::smsc("5.2.16-02", Should, &["submit", "times"], |x| {
        Box::pin(takes(x, |m| m.validity = b"370101000000000+".to_vec()))
    })
    .says(
        "An absolute validity_period of 16 characters is accepted",
        "submit_sm_resp, ESME_ROK",
        "messages cannot be given an end of validity",
    )
    .costs(1),
    Case::smsc("5.2.16-03", Should, &["submit", "times"], |x| {
        Box::pin(takes(x, |m| m.validity = b"000001000000000R".to_vec()))
    })
    .says(
        "A relative validity_period of 16 characters is accepted",
        "submit_sm_resp, ESME_ROK",
        "messages cannot be given a span of validity",
    )
    .costs(1),
    Case::smsc("5.2.19-01", Should, &["submit", "data_coding"], |x| {
        Box::pin(takes(x, |m| {
            m.data_coding = 8;
            m.text = vec![0x04, 0x16, 0x20, 0xAC];
        }))
    })
    .says(
        "A message in UCS-2 (data_coding 8) is accepted",
        "submit_sm_resp, ESME_ROK",
        "texts beyond the default alphabet cannot be sent",
    )
    .costs(1),
    Case::smsc("5.2.19-02", Should, &["submit", "data_coding"], |x| {
        Box::pin(takes(x, |m| {
            m.data_coding = 4;
            m.text = vec![0, 0x7F, 0xFF];
        }))
    })
    .says(
        "A binary message (data_coding 4) with NUL and 0xFF in it is accepted",
        "submit_sm_resp, ESME_ROK",
        "binary messages cannot be sent",
    )
    .costs(1),
    Case::smsc("5.2.17-03", Should, &["submit"], |x| Box::pin(takes(x, |m| m.registered_delivery = 0x11)))
        .says(
            "registered_delivery 0x11, a receipt and an intermediate notification, is accepted",
            "submit_sm_resp, ESME_ROK",
            "gateways that ask for notifications (Kannel does) cannot send",
        )
        .costs(1),
    Case::smsc("4.4.1-03", Observed, &["submit", "lengths"], |x| Box::pin(empty_text(x)))
        .says(
            "A submit_sm without a text is accepted, or refused with an error",
            "an answer",
            "a client without a text waits for its answer until its timer ends",
        )
        .costs(1),
];

/// A submit_sm that differs from a plain one, and should be accepted.
async fn takes(x: &mut Examiner, change: fn(&mut Message)) -> Found {
    x.bound().await?;
    let mut message = x.message();
    change(&mut message);
    accepted_submit(&x.submit(&message).await)
}

async fn resp_has_an_id(x: &mut Examiner) -> Found {
    x.bound().await?;
    let answer = x.submit(&x.message()).await;
    let Answer::Pdu(resp) = &answer else { return Err(precondition(answer.says())) };
    if !resp.is_ok() || resp.is_nack() {
        return Err(precondition(answer.says()));
    }
    match Fields(resp.body()).cstring() {
        Some([]) => fail("the message_id is empty"),
        Some(id) if id.len() < MESSAGE_ID_MAX => pass(format!("{} characters", id.len())),
        Some(id) => fail(format!("a message_id of {} characters", id.len())),
        None if resp.body().is_empty() => fail("the submit_sm_resp has no body"),
        None => fail("the message_id has no NUL"),
    }
}

async fn resp_ends_well(x: &mut Examiner) -> Found {
    x.bound().await?;
    let answer = x.submit(&x.message()).await;
    let Answer::Pdu(resp) = &answer else { return Err(precondition(answer.says())) };
    if !resp.is_ok() || resp.is_nack() {
        return Err(precondition(answer.says()));
    }
    let mut fields = Fields(resp.body());
    if fields.cstring().is_none() {
        return Err(precondition("the message_id has no NUL"));
    }
    match fields.tlvs() {
        Some(tlvs) => pass(format!("{} TLVs", tlvs.len())),
        None => fail(format!("{} octets that are no TLVs", fields.0.len())),
    }
}

async fn ids_differ(x: &mut Examiner) -> Found {
    x.bound().await?;
    let message = x.message();
    let first = x.accepted_id(&message).await?;
    let second = x.accepted_id(&message).await?;
    if first == second {
        fail("both messages have the same message_id")
    } else {
        pass("they differ")
    }
}

async fn refusal_has_no_body(x: &mut Examiner) -> Found {
    x.bound().await?;
    // nearly every SMSC refuses an address that is too long, or one of the next
    let message = Message { destination: vec![b'7'; 30], ..x.message() };
    let answer = x.submit(&message).await;
    match &answer {
        Answer::Pdu(pdu) if pdu.is_ok() => Err(precondition("the peer took an over-long address")),
        Answer::Pdu(pdu) if pdu.body().is_empty() => pass(format!("{} of 16 octets", pdu.says())),
        Answer::Pdu(pdu) => fail(format!("{} of {} octets", pdu.says(), pdu.length())),
        Answer::Silence(_) | Answer::Ended(_) => Err(precondition(answer.says())),
    }
}

async fn two_parts(x: &mut Examiner) -> Found {
    x.bound().await?;
    let mut last = pass("");
    for part in [1, 2] {
        let mut message = x.message();
        message.esm_class = 0x40;
        message.text = [&[5, 0, 3, 0x5A, 2, part][..], b"part"].concat();
        let answer = x.submit(&message).await;
        let verdict = accepted_submit(&answer)?;
        if !matches!(&answer, Answer::Pdu(pdu) if pdu.is_ok()) {
            return Ok(verdict);
        }
        last = Ok(verdict);
    }
    last
}

async fn empty_text(x: &mut Examiner) -> Found {
    x.bound().await?;
    let message = Message { text: Vec::new(), ..x.message() };
    let answer = x.submit(&message).await;
    match &answer {
        Answer::Pdu(_) => pass(answer.says()),
        Answer::Silence(_) | Answer::Ended(_) => fail(answer.says()),
    }
}
