//! submit_sm that should be refused, field by field, each with the field's own status.
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Observed, Should};
use crate::conform::examiner::{Answer, Examiner};
use crate::conform::octets::Message;
use crate::conform::steps::{Status, refused, refused_or_harmless};
use crate::conform::verdict::Found;

const MISLED: &str =
    "a client is told that its message was taken, and does not learn of its mistake";

pub(super) const CASES: &[Case] = &[
    Case::smsc("4.4.1-04", Must, &["submit", "lengths"], |x| Box::pin(sm_length_too_large(x)))
        .says(
            "A submit_sm whose sm_length is larger than what follows is not accepted",
            "submit_sm_resp with ESME_RINVMSGLEN or another error, or a close",
            "the SMSC reads beyond the PDU: texts of other messages are sent",
        )
        .costs(1)
        .disturbing(),
    Case::smsc("4.4.1-05", Should, &["submit", "lengths"], |x| {
        let wanted = &[Status::ESME_RINVSERTYP, Status::ESME_RINVPARLEN];
        Box::pin(refuses(x, |m| m.service_type = b"TOOLONG".to_vec(), wanted))
    })
    .says(
        "A service_type of more than 5 characters is refused with ESME_RINVSERTYP",
        "submit_sm_resp with ESME_RINVSERTYP",
        MISLED,
    )
    .costs(1),
    Case::smsc("4.4.1-06", Should, &["submit", "lengths", "addresses"], |x| {
        let wanted = &[Status::ESME_RINVSRCADR, Status::ESME_RINVPARLEN];
        Box::pin(refuses(x, |m| m.source = vec![b'7'; 30], wanted))
    })
    .says(
        "A source_addr of more than 20 characters is refused with ESME_RINVSRCADR",
        "submit_sm_resp with ESME_RINVSRCADR",
        MISLED,
    )
    .costs(1),
    Case::smsc("4.4.1-07", Should, &["submit", "lengths", "addresses"], |x| {
        let wanted = &[Status::ESME_RINVDSTADR, Status::ESME_RINVPARLEN];
        Box::pin(refuses(x, |m| m.destination = vec![b'7'; 30], wanted))
    })
    .says(
        "A destination_addr of more than 20 characters is refused with ESME_RINVDSTADR",
        "submit_sm_resp with ESME_RINVDSTADR",
        MISLED,
    )
    .costs(1),
    Case::smsc("4.4.1-08", Observed, &["submit", "addresses"], |x| {
        Box::pin(refuses(x, |m| m.destination = Vec::new(), &[Status::ESME_RINVDSTADR]))
    })
    .says(
        "An empty destination_addr is refused with ESME_RINVDSTADR",
        "submit_sm_resp with ESME_RINVDSTADR",
        MISLED,
    )
    .costs(1),
    Case::smsc("5.2.5-01", Observed, &["submit", "addresses"], |x| {
        Box::pin(refuses(x, |m| m.source_kind.0 = 0x7F, &[Status::ESME_RINVSRCTON]))
    })
    .says(
        "A source_addr_ton that v3.4 reserves is refused with ESME_RINVSRCTON",
        "submit_sm_resp with ESME_RINVSRCTON",
        MISLED,
    )
    .costs(1),
    Case::smsc("5.2.5-02", Observed, &["submit", "addresses"], |x| {
        Box::pin(refuses(x, |m| m.destination_kind.0 = 0x7F, &[Status::ESME_RINVDSTTON]))
    })
    .says(
        "A dest_addr_ton that v3.4 reserves is refused with ESME_RINVDSTTON",
        "submit_sm_resp with ESME_RINVDSTTON",
        MISLED,
    )
    .costs(1),
    Case::smsc("5.2.6-01", Observed, &["submit", "addresses"], |x| {
        Box::pin(refuses(x, |m| m.source_kind.1 = 0x7F, &[Status::ESME_RINVSRCNPI]))
    })
    .says(
        "A source_addr_npi that v3.4 reserves is refused with ESME_RINVSRCNPI",
        "submit_sm_resp with ESME_RINVSRCNPI",
        MISLED,
    )
    .costs(1),
    Case::smsc("5.2.6-02", Observed, &["submit", "addresses"], |x| {
        Box::pin(refuses(x, |m| m.destination_kind.1 = 0x7F, &[Status::ESME_RINVDSTNPI]))
    })
    .says(
        "A dest_addr_npi that v3.4 reserves is refused with ESME_RINVDSTNPI",
        "submit_sm_resp with ESME_RINVDSTNPI",
        MISLED,
    )
    .costs(1),
    Case::smsc("5.2.12-01", Should, &["submit", "esm_class"], |x| {
        Box::pin(refuses(x, |m| m.esm_class = 0x04, &[Status::ESME_RINVESMCLASS]))
    })
    .says(
        "An esm_class that says delivery receipt is refused with ESME_RINVESMCLASS: an ESME sends none",
        "submit_sm_resp with ESME_RINVESMCLASS",
        "receipts can be forged",
    )
    .costs(1),
    Case::smsc("5.2.12-03", Observed, &["submit", "udh"], |x| Box::pin(udh_too_long(x)))
        .says(
            "A user data header that is longer than its short_message is refused",
            "submit_sm_resp with ESME_RINVMSGLEN, ESME_RINVESMCLASS or ESME_RSUBMITFAIL",
            "handsets get messages that they cannot read",
        )
        .costs(1),
    Case::smsc("5.2.14-01", Should, &["submit"], |x| {
        Box::pin(refuses(x, |m| m.priority = 4, &[Status::ESME_RINVPRTFLG]))
    })
    .says(
        "priority_flag 4, which v3.4 reserves, is refused with ESME_RINVPRTFLG",
        "submit_sm_resp with ESME_RINVPRTFLG",
        MISLED,
    )
    .costs(1),
    Case::smsc("5.2.15-01", Should, &["submit", "times"], |x| {
        let wanted = &[Status::ESME_RINVSCHED];
        Box::pin(refuses(x, |m| m.schedule = b"not-a-time-at-al".to_vec(), wanted))
    })
    .says(
        "A schedule_delivery_time of 16 characters that is no time is refused with ESME_RINVSCHED",
        "submit_sm_resp with ESME_RINVSCHED",
        "a message that was to be sent later is sent at once",
    )
    .costs(1),
    Case::smsc("5.2.15-02", Should, &["submit", "times", "lengths"], |x| {
        let wanted = &[Status::ESME_RINVSCHED, Status::ESME_RINVPARLEN];
        Box::pin(refuses(x, |m| m.schedule = b"37010100000000000000".to_vec(), wanted))
    })
    .says(
        "A schedule_delivery_time of 20 characters is refused with ESME_RINVSCHED (the example of v5.0)",
        "submit_sm_resp with ESME_RINVSCHED",
        "a message that was to be sent later is sent at once",
    )
    .costs(1),
    Case::smsc("5.2.16-01", Should, &["submit", "times"], |x| {
        let wanted = &[Status::ESME_RINVEXPIRY];
        Box::pin(refuses(x, |m| m.validity = b"371301000000000+".to_vec(), wanted))
    })
    .says(
        "A validity_period in the 13th month is refused with ESME_RINVEXPIRY",
        "submit_sm_resp with ESME_RINVEXPIRY",
        "a message lives longer or shorter than its sender meant",
    )
    .costs(1),
    Case::smsc("5.2.17-01", Should, &["submit"], |x| {
        Box::pin(refuses(x, |m| m.registered_delivery = 0xE0, &[Status::ESME_RINVREGDLVFLG]))
    })
    .says(
        "registered_delivery with reserved bits is refused with ESME_RINVREGDLVFLG",
        "submit_sm_resp with ESME_RINVREGDLVFLG",
        MISLED,
    )
    .costs(1),
    Case::smsc("5.2.18-01", Should, &["submit"], |x| {
        Box::pin(refuses(x, |m| m.replace = 2, &[Status::ESME_RINVREPFLAG]))
    })
    .says(
        "replace_if_present_flag 2 is refused with ESME_RINVREPFLAG",
        "submit_sm_resp with ESME_RINVREPFLAG",
        MISLED,
    )
    .costs(1),
    Case::smsc("5.2.20-01", Should, &["submit"], |x| {
        Box::pin(refuses(x, |m| m.default_message = 200, &[Status::ESME_RINVDFTMSGID]))
    })
    .says(
        "An unknown sm_default_msg_id is refused with ESME_RINVDFTMSGID",
        "submit_sm_resp with ESME_RINVDFTMSGID",
        "another text is sent than its sender meant",
    )
    .costs(1),
];

/// A submit_sm that differs from a plain one, and should be refused with one of these statuses.
async fn refuses(x: &mut Examiner, change: fn(&mut Message), wanted: &[Status]) -> Found {
    x.bound().await?;
    let mut message = x.message();
    change(&mut message);
    refused(&x.submit(&message).await, wanted)
}

async fn sm_length_too_large(x: &mut Examiner) -> Found {
    x.bound().await?;
    let message = Message { sm_length: Some(200), ..x.message() };
    let answer = x.submit(&message).await;
    crate::conform::steps::refused_or_closed(&answer)
}

async fn udh_too_long(x: &mut Examiner) -> Found {
    x.bound().await?;
    let message = Message { esm_class: 0x40, text: vec![200, 0, 3, 1, 2, 1], ..x.message() };
    let answer = x.submit(&message).await;
    match &answer {
        Answer::Pdu(pdu) if pdu.is_ok() => refused_or_harmless(&answer),
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => {
            let wanted =
                [Status::ESME_RINVMSGLEN, Status::ESME_RINVESMCLASS, Status::ESME_RSUBMITFAIL];
            refused(&answer, &wanted)
        }
    }
}
