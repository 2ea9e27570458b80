//! Optional parameters (TLVs): unknown, repeated, of a wrong length, and beside short_message.
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Observed, Should};
use crate::conform::examiner::{Answer, Examiner};
use crate::conform::octets::{
    MESSAGE_PAYLOAD, Message, RECEIPTED_MESSAGE_ID, USER_MESSAGE_REFERENCE, tlv,
};
use crate::conform::steps::{Status, accepted_submit, pass, refused, refused_or_harmless};
use crate::conform::verdict::Found;

/// A tag that is reserved in v3.4 and v5.0.
const RESERVED_TAG: u16 = 0x13F7;
/// A tag of the range for vendors.
const VENDOR_TAG: u16 = 0x3FFE;

/// What may be said of TLVs that cannot be read.
const STREAM: &[Status] = &[
    Status::ESME_RINVOPTPARSTREAM,
    Status::ESME_RINVPARLEN,
    Status::ESME_RINVOPTPARAMVAL,
    Status::ESME_RINVMSGLEN,
    Status::ESME_RINVCMDLEN,
];

pub(super) const CASES: &[Case] = &[
    Case::smsc("3.3-01", Must, &["tlv"], |x| Box::pin(takes(x, tlv(RESERVED_TAG, &[1, 2, 3]))))
        .says(
            "A TLV with an unknown tag is ignored",
            "submit_sm_resp, ESME_ROK",
            "a client that sends one parameter more than the SMSC knows cannot send at all",
        )
        .costs(1),
    Case::smsc("3.3-02", Must, &["tlv"], |x| Box::pin(takes(x, tlv(VENDOR_TAG, b"vendor"))))
        .says(
            "A TLV of another vendor is ignored",
            "submit_sm_resp, ESME_ROK",
            "a client that sends another vendor's parameter cannot send at all",
        )
        .costs(1),
    Case::smsc("3.3-03", Should, &["tlv"], |x| Box::pin(takes(x, unordered()))).says(
        "TLVs may stand in any order",
        "submit_sm_resp, ESME_ROK",
        "clients that write TLVs in another order are refused",
    )
    .costs(1),
    Case::smsc("3.3-04", Must, &["tlv"], |x| {
        Box::pin(takes(x, tlv(RECEIPTED_MESSAGE_ID, b"1\0")))
    })
    .says(
        "A known TLV that does not belong in a submit_sm is ignored",
        "submit_sm_resp, ESME_ROK",
        "a client that sends one parameter too many cannot send at all",
    )
    .costs(1),
    Case::smsc("3.3-05", Should, &["tlv", "lengths"], |x| Box::pin(refuses(x, vec![2, 4, 0, 200, 1], STREAM)))
        .says(
            "A TLV that is longer than its PDU is refused",
            "submit_sm_resp with ESME_RINVOPTPARSTREAM, ESME_RINVPARLEN or ESME_RINVMSGLEN",
            "the SMSC reads beyond the PDU, or drops what it could not read",
        )
        .costs(1)
        .disturbing(),
    Case::smsc("3.3-06", Should, &["tlv", "lengths"], |x| Box::pin(refuses(x, vec![2, 4, 0], STREAM)))
        .says(
            "A TLV whose tag and length are cut is refused, or its octets ignored",
            "submit_sm_resp with ESME_RINVOPTPARSTREAM, ESME_RINVPARLEN or ESME_RINVMSGLEN",
            "the SMSC reads beyond the PDU",
        )
        .costs(1)
        .disturbing(),
    Case::smsc("3.3-07", Observed, &["tlv", "lengths"], |x| {
        let wanted =
            &[Status::ESME_RINVPARLEN, Status::ESME_RINVOPTPARAMVAL, Status::ESME_RINVOPTPARSTREAM];
        Box::pin(refuses(x, tlv(USER_MESSAGE_REFERENCE, &[1, 2, 3]), wanted))
    })
    .says(
        "A known TLV of a wrong length is refused with ESME_RINVPARLEN",
        "submit_sm_resp with ESME_RINVPARLEN",
        "a value is read from the wrong octets",
    )
    .costs(1),
    Case::smsc("3.3-08", Observed, &["tlv"], |x| Box::pin(repeated(x)))
        .says(
            "A TLV that comes twice is refused, or one of the two taken",
            "an answer",
            "a client waits for its answer until its timer ends",
        )
        .costs(1),
    Case::smsc("5.3.2.32-01", Should, &["tlv", "payload"], |x| Box::pin(payload(x)))
        .says(
            "A text in message_payload, with an empty short_message, is accepted",
            "submit_sm_resp, ESME_ROK",
            "long texts can be sent in parts only",
        )
        .costs(1),
    Case::smsc("5.3.2.32-02", Should, &["tlv", "payload"], |x| Box::pin(payload_and_text(x)))
        .says(
            "message_payload beside a short_message is refused: only one of them may hold the text",
            "submit_sm_resp with ESME_RINVMSGLEN, ESME_ROPTPARNOTALLWD or another error",
            "one of two texts is sent, and the client does not know which",
        )
        .costs(1),
    Case::smsc("5.3.2.22-01", Should, &["tlv", "sar"], |x| Box::pin(sar(x)))
        .says(
            "Two parts of a long message with sar_msg_ref_num, sar_total_segments and sar_segment_seqnum are accepted",
            "submit_sm_resp, ESME_ROK, for each part",
            "long messages can be sent with a user data header only",
        )
        .costs(2),
];

/// user_message_reference behind a TLV with a higher tag.
fn unordered() -> Vec<u8> {
    // callback_num: digits in ASCII, type of number and numbering plan before them
    let callback = tlv(0x0381, b"\x01\x01\x01447700900000");
    [callback, tlv(USER_MESSAGE_REFERENCE, &[0, 7]), tlv(0x0005, &[0])].concat()
}

async fn takes(x: &mut Examiner, tlvs: Vec<u8>) -> Found {
    x.bound().await?;
    let message = Message { tlvs, ..x.message() };
    accepted_submit(&x.submit(&message).await)
}

async fn refuses(x: &mut Examiner, tlvs: Vec<u8>, wanted: &[Status]) -> Found {
    x.bound().await?;
    let message = Message { tlvs, ..x.message() };
    let answer = x.submit(&message).await;
    match &answer {
        // a close keeps the octets from doing harm
        Answer::Ended(_) => refused_or_harmless(&answer),
        Answer::Pdu(_) | Answer::Silence(_) => refused(&answer, wanted),
    }
}

async fn repeated(x: &mut Examiner) -> Found {
    x.bound().await?;
    let twice =
        [tlv(USER_MESSAGE_REFERENCE, &[0, 1]), tlv(USER_MESSAGE_REFERENCE, &[0, 2])].concat();
    let message = Message { tlvs: twice, ..x.message() };
    let answer = x.submit(&message).await;
    match &answer {
        Answer::Pdu(_) => pass(answer.says()),
        Answer::Silence(_) | Answer::Ended(_) => accepted_submit(&answer),
    }
}

async fn payload(x: &mut Examiner) -> Found {
    x.bound().await?;
    let tlvs = tlv(MESSAGE_PAYLOAD, &[b'x'; 300]);
    let message = Message { text: Vec::new(), tlvs, ..x.message() };
    accepted_submit(&x.submit(&message).await)
}

async fn payload_and_text(x: &mut Examiner) -> Found {
    x.bound().await?;
    let message = Message { tlvs: tlv(MESSAGE_PAYLOAD, b"another text"), ..x.message() };
    let answer = x.submit(&message).await;
    refused_or_harmless(&answer)
}

async fn sar(x: &mut Examiner) -> Found {
    x.bound().await?;
    let mut last = pass("");
    for part in [1, 2] {
        let tlvs = [tlv(0x020C, &[0, 0x5A]), tlv(0x020E, &[2]), tlv(0x020F, &[part])].concat();
        let message = Message { tlvs, ..x.message() };
        let answer = x.submit(&message).await;
        let verdict = accepted_submit(&answer)?;
        if !matches!(&answer, Answer::Pdu(pdu) if pdu.is_ok()) {
            return Ok(verdict);
        }
        last = Ok(verdict);
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conform::octets::Fields;

    #[test]
    fn the_callback_num_that_is_sent_has_a_digit_mode_a_type_of_number_and_a_numbering_plan() {
        let octets = unordered();
        let all = Fields(&octets).tlvs().unwrap();
        let (_, value) = all.into_iter().find(|(tag, _)| *tag == 0x0381).unwrap();
        assert_eq!(value[..3], [1, 1, 1]);
        assert!(value[3..].iter().all(u8::is_ascii_digit), "{value:?}");
    }
}
