//! How the ESME answers what an SMSC delivers: mobile-originated messages and receipts.
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Should};
use crate::conform::examiner::{Answer, Examiner};
use crate::conform::octets::{MESSAGE_PAYLOAD, MESSAGE_STATE, Message, RECEIPTED_MESSAGE_ID, tlv};
use crate::conform::steps::{accepted, fail, pass};
use crate::conform::verdict::Found;
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
    x.session().await?;
    let mut message = mo();
    change(&mut message);
    let answer = x.ask(CommandId::DELIVER_SM, &message.body()).await;
    match &answer {
        Answer::Pdu(pdu) if pdu.is_nack() => fail(answer.says()),
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => accepted(&answer),
    }
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
