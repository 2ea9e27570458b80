//! The submit_sm of the ESME, field by field. Each case judges every one that came since the run began.
use super::bind::{is_npi, is_ton};
use super::steps::Deviation;
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Should};
use crate::conform::examiner::Examiner;
use crate::conform::octets::{Fields, MESSAGE_PAYLOAD, Message};
use crate::conform::steps::{fail, pass, precondition};
use crate::conform::verdict::Found;
use std::collections::BTreeSet;

const SUBMIT: &[&str] = &["submit"];

pub(super) const CASES: &[Case] = &[
    Case::esme("4.4.1-51", Must, SUBMIT, |x| Box::pin(x.judge_submits(|_| Ok(())))).says(
        "A submit_sm of the ESME has every mandatory field, and short_message of sm_length octets",
        "fields that end within the PDU",
        "an SMSC refuses the message, or reads one field for another",
    ),
    Case::esme("4.4.1-52", Must, SUBMIT, |x| Box::pin(x.judge_submits(lengths))).says(
        "In a submit_sm of the ESME service_type has at most 5 characters, each address 20, and short_message 254 octets",
        "no field longer than that",
        "an SMSC refuses the message, or cuts the field",
    ),
    Case::esme("5.2.5-52", Must, &["submit", "addresses"], |x| Box::pin(x.judge_submits(kinds)))
        .says(
            "The types of number and numbering plans in a submit_sm are among the values of sections 5.2.5 and 5.2.6",
            "values that are listed there",
            "an SMSC refuses the message with ESME_RINVSRCTON, ESME_RINVDSTTON or the like",
        ),
    Case::esme("5.2.12-51", Must, SUBMIT, |x| Box::pin(x.judge_submits(esm_class))).says(
        "The message type in esm_class of a submit_sm is one that an ESME may send: default, delivery or user acknowledgement",
        "bits 5 to 2 are 0000, 0010 or 0100",
        "an SMSC refuses the message with ESME_RINVESMCLASS",
    ),
    Case::esme("5.2.12-52", Must, &["submit", "udh"], |x| Box::pin(x.judge_submits(header))).says(
        "A submit_sm with the UDHI bit in esm_class begins its text with a user data header that fits in it",
        "a header whose length is within the text",
        "phones show octets of a header as text, or drop the message",
    ),
    Case::esme("5.2.14-51", Must, SUBMIT, |x| Box::pin(x.judge_submits(priority))).says(
        "priority_flag in a submit_sm is 0 to 3",
        "0 to 3",
        "an SMSC refuses the message with ESME_RINVPRTFLG",
    ),
    Case::esme("5.2.15-51", Must, &["submit", "times"], |x| Box::pin(x.judge_submits(times))).says(
        "schedule_delivery_time and validity_period in a submit_sm are empty or 16 characters of the form YYMMDDhhmmsstnnp",
        "empty, or of that form",
        "an SMSC refuses the message with ESME_RINVSCHED or ESME_RINVEXPIRY",
    ),
    Case::esme("5.2.17-51", Must, &["submit", "receipts"], |x| {
        Box::pin(x.judge_submits(registered))
    })
    .says(
        "registered_delivery in a submit_sm has no reserved bit, and not both kinds of receipt",
        "bits 7 to 5 are 0, bits 1 and 0 are not 11",
        "an SMSC refuses the message with ESME_RINVREGDLVFLG, or sends no receipt",
    ),
    Case::esme("5.2.18-51", Must, SUBMIT, |x| Box::pin(x.judge_submits(replace))).says(
        "replace_if_present_flag in a submit_sm is 0 or 1",
        "0 or 1",
        "an SMSC replaces a message that should stay, or refuses the new one",
    ),
    Case::esme("5.2.19-51", Should, &["submit", "data_coding"], |x| {
        Box::pin(x.judge_submits(coding))
    })
    .says(
        "data_coding in a submit_sm is not a reserved value",
        "0 to 10, 13, 14, or 192 to 255",
        "an SMSC refuses the message, or phones show other characters",
    ),
    Case::esme("3.3-52", Must, &["submit", "tlv"], |x| Box::pin(x.judge_submits(tlvs))).says(
        "What follows short_message in a submit_sm is whole TLVs, each known one of its length",
        "TLVs that end where the PDU does",
        "an SMSC refuses the message with ESME_RINVOPTPARSTREAM or ESME_RINVPARLEN",
    ),
    Case::esme("5.3.2.22-51", Must, &["submit", "tlv"], |x| Box::pin(x.judge_submits(segments)))
        .says(
            "sar_msg_ref_num, sar_total_segments and sar_segment_seqnum come together, with a number within the total",
            "all three or none of them",
            "an SMSC refuses the message, or phones never put it together",
        ),
    Case::esme("5.3.2.32-52", Must, &["submit", "payload"], |x| {
        Box::pin(x.judge_submits(one_text))
    })
    .says(
        "The text of a submit_sm is in short_message or in message_payload, not in both",
        "sm_length 0 beside message_payload",
        "an SMSC refuses the message, or drops one of the texts",
    ),
    Case::esme("5.1.4-53", Must, &["header", "sequence"], |x| Box::pin(numbers(x))).says(
        "The ESME's requests have sequence_numbers from 1 to 0x7FFFFFFF, none of them twice in a session",
        "a number of its own for each request",
        "answers are taken for those of another request",
    ),
    Case::esme("5.1.4-54", Should, &["header", "sequence"], |x| Box::pin(monotonic(x))).says(
        "The ESME's sequence_numbers increase from one request to the next",
        "each number above the one before; after 0x7FFFFFFF from 1 on again",
        "an SMSC that relies on the order takes a request for a repetition",
    ),
    Case::esme("5.1.3-52", Must, &["header"], |x| Box::pin(statuses(x))).says(
        "command_status is 0 in every request of the ESME",
        "command_status 0",
        "an SMSC may take the request for an error",
    ),
];

fn unless(wrong: bool, why: impl FnOnce() -> String) -> Result<(), Deviation> {
    if wrong { Err(Deviation(why())) } else { Ok(()) }
}

fn lengths(message: &Message) -> Result<(), Deviation> {
    let fields = [
        ("service_type", message.service_type.len(), 5),
        ("source_addr", message.source.len(), 20),
        ("destination_addr", message.destination.len(), 20),
        ("short_message", message.text.len(), 254),
    ];
    let long = fields.iter().find(|(_, length, most)| length > most);
    long.map_or(Ok(()), |(name, length, most)| {
        Err(Deviation(format!("{name} has {length} octets, not {most}")))
    })
}

fn kinds(message: &Message) -> Result<(), Deviation> {
    for (name, (ton, npi)) in [("source", message.source_kind), ("dest", message.destination_kind)]
    {
        unless(!is_ton(ton), || format!("{name}_addr_ton is {ton}"))?;
        unless(!is_npi(npi), || format!("{name}_addr_npi is {npi}"))?;
    }
    Ok(())
}

fn esm_class(message: &Message) -> Result<(), Deviation> {
    let kind = message.esm_class & 0x3C;
    unless(![0x00, 0x08, 0x10].contains(&kind), || {
        format!("esm_class is 0x{:02X}", message.esm_class)
    })
}

fn header(message: &Message) -> Result<(), Deviation> {
    if message.esm_class & 0x40 == 0 {
        return Ok(());
    }
    let text = message.content();
    let length = text.first().map_or(0, |length| usize::from(*length));
    unless(length + 1 > text.len(), || {
        format!("a header of {length} octets in a text of {}", text.len())
    })
}

fn priority(message: &Message) -> Result<(), Deviation> {
    unless(message.priority > 3, || format!("priority_flag is {}", message.priority))
}

fn times(message: &Message) -> Result<(), Deviation> {
    for (name, time) in
        [("schedule_delivery_time", &message.schedule), ("validity_period", &message.validity)]
    {
        let is_time = time.len() == 16
            && time[..15].iter().all(u8::is_ascii_digit)
            && b"+-R".contains(&time[15]);
        unless(!time.is_empty() && !is_time, || {
            format!("{name} is {:?}", String::from_utf8_lossy(time))
        })?;
    }
    Ok(())
}

fn registered(message: &Message) -> Result<(), Deviation> {
    let flags = message.registered_delivery;
    unless(flags & 0xE0 != 0 || flags & 0x03 == 0x03, || {
        format!("registered_delivery is 0x{flags:02X}")
    })
}

fn replace(message: &Message) -> Result<(), Deviation> {
    unless(message.replace > 1, || format!("replace_if_present_flag is {}", message.replace))
}

fn coding(message: &Message) -> Result<(), Deviation> {
    let is_known = matches!(message.data_coding, 0..=10 | 13 | 14 | 0xC0..);
    unless(!is_known, || format!("data_coding is 0x{:02X}", message.data_coding))
}

/// TLVs of submit_sm and their octets (section 5.3.2).
const TLV_OCTETS: [(u16, usize); 19] = [
    (0x0005, 1),
    (0x000D, 1),
    (0x0017, 4),
    (0x0019, 1),
    (0x0030, 1),
    (0x0201, 1),
    (0x0204, 2),
    (0x0205, 1),
    (0x020A, 2),
    (0x020B, 2),
    (SAR_REFERENCE, 2),
    (0x020D, 1),
    (SAR_TOTAL, 1),
    (SAR_NUMBER, 1),
    (0x0302, 1),
    (0x0304, 1),
    (0x0426, 1),
    (0x1204, 1),
    (0x130C, 0),
];
const SAR_REFERENCE: u16 = 0x020C;
const SAR_TOTAL: u16 = 0x020E;
const SAR_NUMBER: u16 = 0x020F;

fn tlvs(message: &Message) -> Result<(), Deviation> {
    let all = Fields(&message.tlvs).tlvs().ok_or("a TLV is longer than the PDU")?;
    for (tag, value) in all {
        let wanted = TLV_OCTETS.iter().find(|(known, _)| *known == tag);
        if let Some((_, octets)) = wanted.filter(|(_, octets)| *octets != value.len()) {
            return Err(Deviation(format!(
                "TLV 0x{tag:04X} has {} octets, not {octets}",
                value.len()
            )));
        }
    }
    Ok(())
}

fn segments(message: &Message) -> Result<(), Deviation> {
    let parts = [SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER].map(|tag| message.tlv(tag));
    let [_, total, number] = parts;
    let count = parts.iter().flatten().count();
    unless(![0, 3].contains(&count), || format!("{count} of the three TLVs"))?;
    let value = |one: Option<&[u8]>| one.and_then(|one| one.first().copied()).unwrap_or(1);
    let (total, number) = (value(total), value(number));
    unless(number == 0 || number > total, || format!("segment {number} of {total}"))
}

fn one_text(message: &Message) -> Result<(), Deviation> {
    let both = !message.text.is_empty() && message.tlv(MESSAGE_PAYLOAD).is_some();
    unless(both, || "both short_message and message_payload".to_owned())
}

/// The sequence_numbers of the ESME's requests, session by session.
async fn sessions(x: &mut Examiner) -> Result<Vec<Vec<u32>>, crate::conform::verdict::Verdict> {
    x.session().await?;
    let mut sessions: Vec<Vec<u32>> = Vec::new();
    for one in &x.memory.requests {
        match sessions.last_mut().filter(|_| !one.pdu.command().is_bind()) {
            Some(session) => session.push(one.pdu.sequence()),
            None => sessions.push(vec![one.pdu.sequence()]),
        }
    }
    match sessions.iter().map(Vec::len).max() {
        Some(2..) => Ok(sessions),
        Some(_) | None => Err(precondition("the ESME sent no request but its bind")),
    }
}

async fn numbers(x: &mut Examiner) -> Found {
    let mut count = 0;
    for session in sessions(x).await? {
        let mut seen = BTreeSet::new();
        for number in session {
            if !(1..=0x7FFF_FFFF).contains(&number) {
                return fail(format!("sequence_number 0x{number:08X}"));
            }
            if !seen.insert(number) {
                return fail(format!("sequence_number {number} came twice"));
            }
            count += 1;
        }
    }
    pass(format!("{count} requests, each with a number of its own"))
}

/// Numbers from here on may be followed by the lowest: responses of some ESMEs take numbers of their requests.
const WRAP: u32 = 0x7FFF_FF00;

async fn monotonic(x: &mut Examiner) -> Found {
    for session in sessions(x).await? {
        if let Some(pair) = session.windows(2).find(|pair| pair[1] <= pair[0] && pair[0] < WRAP) {
            return fail(format!("sequence_number {} after {}", pair[1], pair[0]));
        }
    }
    pass("each number is above the one before")
}

async fn statuses(x: &mut Examiner) -> Found {
    x.session().await?;
    let wrong = x.memory.requests.iter().find(|one| !one.pdu.is_ok()).cloned();
    match wrong {
        Some(one) => {
            x.show(&one);
            fail(format!("{} with command_status 0x{:08X}", one.pdu.says(), one.pdu.status().0))
        }
        None => pass(format!("0 in each of {} requests", x.memory.requests.len())),
    }
}
