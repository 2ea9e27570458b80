//! How the ESME answers what an SMSC delivers: mobile-originated messages and receipts.
use super::steps::Deviation;
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Should};
use crate::conform::examiner::{Answer, Examiner};
use crate::conform::octets::{
    self, MESSAGE_PAYLOAD, MESSAGE_STATE, Message, RECEIPTED_MESSAGE_ID, cstring, tlv,
};
use crate::conform::steps::{accepted, fail, pass, refused_or_harmless};
use crate::conform::verdict::{Found, Outcome};
use crate::smpp::CommandId;

pub(super) const CASES: &[Case] = &[
    Case::esme("4.6.2-51", Must, &["deliver"], |x| Box::pin(delivers(x, |_| {}))).says(
        "The ESME answers a deliver_sm with deliver_sm_resp, ESME_ROK and the same sequence_number",
        "deliver_sm_resp, ESME_ROK",
        "an SMSC sends the message again and again",
    ),
    Case::esme("4.6.2-52", Must, &["deliver", "receipts"], |x| Box::pin(receipt(x, true))).says(
        "The ESME acknowledges a receipt with the text of Appendix B and the TLVs of a receipt",
        "deliver_sm_resp, ESME_ROK",
        "an SMSC sends the receipt again and again",
    ),
    Case::esme("4.6.2-53", Should, &["deliver", "receipts"], |x| Box::pin(receipt(x, false))).says(
        "The ESME acknowledges a receipt of a message that it does not know",
        "deliver_sm_resp, ESME_ROK",
        "an SMSC sends the receipt again and again, and those behind it wait",
    ),
    Case::esme("3.3-51", Must, &["deliver", "tlv"], |x| {
        Box::pin(delivers(x, |m| m.tlvs = tlv(0x13F7, &[1, 2, 3])))
    })
    .says(
        "The ESME ignores a TLV with an unknown tag in a deliver_sm",
        "deliver_sm_resp, ESME_ROK",
        "messages of an SMSC with an extension are refused",
    ),
    Case::esme("5.3.2.32-51", Should, &["deliver", "payload"], |x| {
        Box::pin(delivers(x, |m| {
            m.text = Vec::new();
            m.tlvs = tlv(MESSAGE_PAYLOAD, &[b'x'; 300]);
        }))
    })
    .says(
        "The ESME takes a deliver_sm with its text in message_payload",
        "deliver_sm_resp, ESME_ROK",
        "long messages do not arrive",
    ),
    Case::esme("4.6.2-54", Must, &["deliver"], |x| Box::pin(unused_id(x))).says(
        "message_id in the ESME's deliver_sm_resp is not used: a single NUL",
        "a body of one octet, 0x00",
        "an SMSC that reads the field finds a message_id that it never gave",
    ),
    Case::esme("2.9-53", Must, &["deliver", "tcp", "window"], |x| Box::pin(many(x))).says(
        "The ESME answers each of ten deliver_sm that come in one segment",
        "ten deliver_sm_resp, each with its sequence_number",
        "an SMSC sends the others again and again",
    ),
    Case::esme("5.2.19-52", Should, &["deliver", "data_coding"], |x| {
        Box::pin(delivers(x, |m| {
            m.data_coding = 8;
            m.text = vec![0x04, 0x1F, 0x04, 0x40];
        }))
    })
    .says(
        "The ESME takes a deliver_sm in UCS2 (data_coding 8)",
        "deliver_sm_resp, ESME_ROK",
        "messages in other alphabets do not arrive",
    ),
    Case::esme("5.2.19-53", Should, &["deliver", "data_coding"], |x| {
        Box::pin(delivers(x, |m| m.data_coding = 4))
    })
    .says(
        "The ESME takes a deliver_sm of 8-bit data (data_coding 4)",
        "deliver_sm_resp, ESME_ROK",
        "binary messages do not arrive",
    ),
    Case::esme("5.2.12-53", Should, &["deliver", "udh"], |x| {
        Box::pin(delivers(x, |m| {
            m.esm_class = 0x40;
            m.text = [&[5, 0, 3, 0x7A, 2, 1][..], b"the first of two"].concat();
        }))
    })
    .says(
        "The ESME takes one part of a long message, with a user data header",
        "deliver_sm_resp, ESME_ROK",
        "long messages of phones do not arrive",
    ),
    Case::esme("5.2.12-54", Should, &["deliver", "receipts"], |x| {
        Box::pin(delivers(x, |m| {
            m.esm_class = 0x20;
            m.text = b"id:1234567890 stat:ENROUTE".to_vec();
        }))
    })
    .says(
        "The ESME acknowledges an intermediate notification (esm_class 0x20)",
        "deliver_sm_resp, ESME_ROK",
        "an SMSC sends the notification again and again",
    ),
    Case::esme("B-51", Should, &["deliver", "receipts"], |x| Box::pin(bare_receipt(x))).says(
        "The ESME acknowledges a receipt whose text is empty and whose TLVs tell all",
        "deliver_sm_resp, ESME_ROK",
        "an SMSC sends the receipt again and again, and those behind it wait",
    ),
    Case::esme("B-52", Should, &["deliver", "receipts"], |x| Box::pin(odd_receipt(x))).says(
        "The ESME acknowledges a receipt whose text is none of Appendix B",
        "deliver_sm_resp, ESME_ROK",
        "an SMSC sends the receipt again and again, and those behind it wait",
    ),
    Case::esme("4.6.1-51", Should, &["deliver"], |x| Box::pin(cut_short(x))).says(
        "The ESME refuses a deliver_sm whose body ends before its short_message, and the session goes on",
        "deliver_sm_resp with an error, or generic_nack; an enquire_link after it is answered",
        "an SMSC with one broken message waits for its timer, or loses the session",
    ),
    Case::esme("5.3.2-51", Should, &["deliver", "tlv"], |x| Box::pin(tlv_too_long(x))).says(
        "The ESME refuses a deliver_sm with a TLV longer than the PDU, and the session goes on",
        "deliver_sm_resp with an error, or generic_nack; an enquire_link after it is answered",
        "an SMSC with one broken message waits for its timer, or loses the session",
    ),
    Case::esme("4.7.1-51", Should, &["deliver", "data_sm"], |x| Box::pin(data_sm(x))).says(
        "The ESME answers a data_sm of the SMSC with data_sm_resp, or says ESME_RINVCMDID",
        "data_sm_resp, ESME_ROK",
        "an SMSC that delivers with data_sm waits for its timer",
    ),
];

/// A mobile-originated message.
fn mo() -> Message {
    Message {
        source_kind: (1, 1),
        source: b"447700900123".to_vec(),
        destination_kind: (3, 0),
        destination: b"60601".to_vec(),
        text: b"smppbench conform".to_vec(),
        ..Message::default()
    }
}

async fn delivers(x: &mut Examiner, change: fn(&mut Message)) -> Found {
    let mut message = mo();
    change(&mut message);
    delivered(x, &message).await
}

async fn receipt(x: &mut Examiner, with_tlvs: bool) -> Found {
    x.session().await?;
    let text = "id:1234567890 sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:";
    let tlvs = [tlv(RECEIPTED_MESSAGE_ID, b"1234567890\0"), tlv(MESSAGE_STATE, &[2])].concat();
    let message = Message {
        esm_class: 4,
        text: text.as_bytes().to_vec(),
        tlvs: if with_tlvs { tlvs } else { Vec::new() },
        ..mo()
    };
    let answer = x.ask(CommandId::DELIVER_SM, &message.body()).await;
    match &answer {
        Answer::Pdu(pdu) if pdu.is_ok() && !pdu.is_nack() => pass(answer.says()),
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => fail(answer.says()),
    }
}

async fn unused_id(x: &mut Examiner) -> Found {
    x.session().await?;
    let answer = x.ask(CommandId::DELIVER_SM, &mo().body()).await;
    match &answer {
        Answer::Pdu(pdu) if pdu.is_ok() && pdu.body() == [0] => pass("a body of one NUL"),
        Answer::Pdu(pdu) if pdu.is_ok() => {
            fail(format!("{}, with a body of {} octets", answer.says(), pdu.body().len()))
        }
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => fail(answer.says()),
    }
}

async fn many(x: &mut Examiner) -> Found {
    x.session().await?;
    let numbers: Vec<u32> = (0..10).map(|_| x.take_sequence()).collect();
    let body = mo().body();
    let all: Vec<u8> = numbers
        .iter()
        .flat_map(|number| octets::pdu(CommandId::DELIVER_SM, 0, *number, &body))
        .collect();
    x.send(&all).await;
    let mut open: Vec<u32> = numbers;
    // answers may come in any order
    while let Some(first) = open.first().copied() {
        match x.answer_of(CommandId::DELIVER_SM, &open).await {
            Ok(number) => open.retain(|one| *one != number),
            Err(Deviation(why)) => {
                return fail(format!("{} of 10 unanswered, such as {first}: {why}", open.len()));
            }
        }
    }
    pass("ten deliver_sm_resp")
}

async fn delivered(x: &mut Examiner, message: &Message) -> Found {
    x.session().await?;
    let answer = x.ask(CommandId::DELIVER_SM, &message.body()).await;
    match &answer {
        Answer::Pdu(pdu) if pdu.is_nack() => fail(answer.says()),
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => accepted(&answer),
    }
}

async fn bare_receipt(x: &mut Examiner) -> Found {
    let tlvs = [tlv(RECEIPTED_MESSAGE_ID, b"1234567891\0"), tlv(MESSAGE_STATE, &[5])].concat();
    delivered(x, &Message { esm_class: 4, text: Vec::new(), tlvs, ..mo() }).await
}

async fn odd_receipt(x: &mut Examiner) -> Found {
    let text = b"your message was delivered".to_vec();
    delivered(x, &Message { esm_class: 4, text, ..mo() }).await
}

/// Sends a body that must be refused, and looks whether the session goes on.
async fn broken(x: &mut Examiner, body: &[u8]) -> Found {
    let answer = x.ask(CommandId::DELIVER_SM, body).await;
    if let Answer::Ended(_) = answer {
        return fail(answer.says());
    }
    let verdict = refused_or_harmless(&answer)?;
    if verdict.outcome != Outcome::Fail {
        x.check_alive().await?;
    }
    Ok(verdict)
}

async fn cut_short(x: &mut Examiner) -> Found {
    x.session().await?;
    let whole = Message { text: Vec::new(), ..mo() }.body();
    broken(x, &whole[..whole.len() - 9]).await
}

async fn tlv_too_long(x: &mut Examiner) -> Found {
    x.session().await?;
    let mut message = mo();
    message.tlvs = vec![0x04, 0x24, 0xFF, 0xFF, b'x'];
    broken(x, &message.body()).await
}

async fn data_sm(x: &mut Examiner) -> Found {
    x.session().await?;
    let mut body = cstring(b"");
    body.extend([1, 1]);
    body.extend(cstring(b"447700900123"));
    body.extend([3, 0]);
    body.extend(cstring(b"60601"));
    body.extend([0, 0, 0]);
    body.extend(tlv(MESSAGE_PAYLOAD, b"smppbench conform"));
    accepted(&x.ask(CommandId::DATA_SM, &body).await)
}
