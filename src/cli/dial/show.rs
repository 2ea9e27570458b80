//! A PDU for a person, field by field, or as a JSON line. Pure: octets and a time in, text out. A password
//! never leaves this file.
use crate::cli::decode::{pdu_json, tlv_holds_content, tlvs_behind_header};
use crate::kit::{Nanos, utc_rfc3339};
use crate::report::{counted, mask_address};
use crate::smpp::coding::Coding;
use crate::smpp::pdu::{self, Body, Dest, Field, Pdu};
use crate::smpp::receipt::{self, MessageState};
use crate::smpp::udh::{PartOf, Udh};
use crate::smpp::{CommandId, Header, Tag, TlvType, Tlvs, without_passwords};
use bytes::BytesMut;
use serde_json::json;
use std::borrow::Cow;
use std::fmt::Write;

/// Stands where a password was.
const MASK: &[u8] = b"***";
/// Columns of a field's name.
const NAME: usize = 26;

/// Which way a PDU went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From us.
    Sent,
    /// To us.
    Received,
}

/// How PDUs are shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Show {
    /// JSON lines.
    pub(super) json: bool,
    /// The octets too.
    pub(super) hex: bool,
    /// When the connection was there: times count from it.
    pub(super) began: Nanos,
    /// The wall clock (nanoseconds since 1970) at the zero of the clock that times come from.
    pub(super) wall_at_zero: u64,
}

impl Show {
    /// A whole PDU; or octets that are none.
    pub(super) fn pdu(&self, way: Way, octets: &[u8], now: Nanos) -> String {
        let octets = &masked(octets)[..];
        if self.json {
            return self.json_line(way, octets, now);
        }
        let mut out = String::new();
        let arrow = match way {
            Way::Sent => '>',
            Way::Received => '<',
        };
        let at = now.since(self.began).as_secs_f64();
        // writing into a String cannot fail, here and below
        let _ = write!(out, "{arrow} {at:10.6} s  ");
        match Header::read(octets) {
            Some(header) => describe(header, octets, true, &mut out),
            None => _ = writeln!(out, "{} octets that are no PDU", octets.len()),
        }
        if self.hex || Header::read(octets).is_none() {
            field(&mut out, "hex", &hex(octets));
        }
        out
    }

    fn json_line(&self, way: Way, octets: &[u8], now: Nanos) -> String {
        let mut line = pdu_json(octets);
        let direction = match way {
            Way::Sent => "sent",
            Way::Received => "received",
        };
        if let Some(line) = line.as_object_mut() {
            line.insert("direction".into(), json!(direction));
            line.insert("time".into(), json!(utc_rfc3339(self.wall_at_zero + now.0)));
            line.insert("after_ns".into(), json!(now.since(self.began).0));
            if self.hex {
                line.insert("hex".into(), json!(hex(octets)));
            }
        }
        format!("{line}\n")
    }
}

/// A PDU, or octets that are none, as `decode` shows them on a terminal: without their way and time, and
/// without addresses and texts unless `content`.
pub(in crate::cli) fn layout(octets: &[u8], content: bool) -> String {
    let octets = &masked(octets)[..];
    let mut out = String::new();
    match Header::read(octets).filter(|header| header.command_length as usize <= octets.len()) {
        Some(header) => describe(header, octets, content, &mut out),
        None => {
            let _ = writeln!(out, "{} octets that are no whole PDU", octets.len());
            let shown = if content { octets } else { &octets[..octets.len().min(Header::OCTETS)] };
            field(&mut out, "hex", &hex(shown));
        }
    }
    out
}

/// The PDU with `***` for a password, whose length is not told either. Of a bind that cannot be read, only
/// the header is shown; a bind that stands inside other octets is shown without its password.
fn masked(octets: &[u8]) -> Cow<'_, [u8]> {
    let Some(header) = Header::read(octets) else { return without_passwords(octets) };
    if !header.command_id.is_bind() && header.command_id != CommandId::OUTBIND {
        return without_passwords(octets);
    }
    let Ok(mut pdu) = pdu::decode(octets) else {
        return Cow::Borrowed(&octets[..Header::OCTETS]);
    };
    match &mut pdu.body {
        Body::BindReceiver(bind) | Body::BindTransmitter(bind) | Body::BindTransceiver(bind) => {
            bind.password = MASK;
        }
        Body::Outbind(outbind) => outbind.password = MASK,
        _ => {}
    }
    let mut out = BytesMut::new();
    pdu.encode(&mut out);
    Cow::Owned(out.to_vec())
}

fn describe(header: Header, octets: &[u8], content: bool, out: &mut String) {
    let Header { command_length, command_id, command_status, sequence_number } = header;
    let _ = write!(out, "{command_id}  seq {sequence_number}");
    if command_id.is_response() || !command_status.is_ok() {
        let _ = write!(out, "  {command_status}");
        if command_status.name().is_some() && !command_status.is_ok() {
            let _ = write!(out, " (0x{:02X})", command_status.0);
        }
    }
    let _ = writeln!(out, "  {command_length} octets");
    if let Some(tlvs) = tlvs_behind_header(header, octets) {
        return optional(tlvs, (0, 0), content, out);
    }
    match pdu::decode(octets) {
        Ok(pdu) => {
            body(&pdu, content, out);
            for odd in &pdu.anomalies {
                let _ = writeln!(out, "      ! {} at {}: {}", odd.kind.name(), odd.at, odd.why());
            }
        }
        Err(fault) => _ = writeln!(out, "      ! cannot be read: {fault}"),
    }
}

fn body(pdu: &Pdu<'_>, content: bool, out: &mut String) {
    let (esm_class, data_coding) = message_traits(&pdu.body);
    pdu.body.fields(&mut |name, value| match value {
        Field::Int(value) => field(out, name, &int(name, value)),
        Field::Text(value) if name.ends_with("_addr") => field(out, name, &address(value, content)),
        Field::Text(value) => field(out, name, &quoted(value)),
        Field::ShortMessage(value) => short_message(esm_class, data_coding, value, content, out),
        Field::Dests(dests) => {
            for dest in dests.iter() {
                let shown = match dest {
                    Dest::Sme { dest_addr_ton, dest_addr_npi, destination_addr } => {
                        format!(
                            "{} (ton {dest_addr_ton}, npi {dest_addr_npi})",
                            address(destination_addr, content)
                        )
                    }
                    Dest::List { dl_name } => format!("list {}", address(dl_name, content)),
                };
                field(out, name, &shown);
            }
        }
        Field::Unsuccessful(list) => {
            for sme in list.iter() {
                let to = address(sme.destination_addr, content);
                let shown = format!("{to} {}", sme.error_status_code);
                field(out, name, &shown);
            }
        }
        Field::Tlvs(tlvs) => optional(tlvs, (esm_class, data_coding), content, out),
    });
    if let Body::Unknown(octets) = pdu.body
        && !octets.is_empty()
    {
        let shown = if content { hex(octets) } else { hidden(octets) };
        field(out, "octets", &shown);
    }
    let text = receipt::text_of(&pdu.body);
    if let Some(read) = receipt::read_body(&pdu.body, &text) {
        let kind = if read.intermediate { "notification" } else { "receipt" };
        let state = MessageState::stat(read.state);
        let line = format!("id {} state {state} err {}", quoted(read.id), quoted(read.err));
        field(out, kind, &line);
    }
}

/// `esm_class` and `data_coding`, where the PDU has them.
fn message_traits(body: &Body<'_>) -> (u8, u8) {
    match body {
        Body::SubmitSm(sm) => (sm.esm_class, sm.data_coding),
        Body::DeliverSm(sm) => (sm.esm_class, sm.data_coding),
        Body::SubmitMulti(sm) => (sm.esm_class, sm.data_coding),
        Body::DataSm(sm) => (sm.esm_class, sm.data_coding),
        _ => (0, 0),
    }
}

fn field(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "      {name:NAME$} {value}");
}

/// The text after a user data header, and the header as it is.
fn short_message(esm_class: u8, data_coding: u8, octets: &[u8], content: bool, out: &mut String) {
    field(out, "sm_length", &octets.len().to_string());
    let text = if esm_class & 0x40 != 0 { after_header(octets, out) } else { octets };
    field(out, "short_message", &coded(data_coding, text, content));
}

/// Shows a user data header, and returns what stands behind it.
fn after_header<'a>(octets: &'a [u8], out: &mut String) -> &'a [u8] {
    let udh = Udh::read(octets);
    field(out, "user data header", &hex(udh.octets));
    for element in &udh.elements {
        let name = element.name().map_or_else(|| format!("0x{:02X}", element.id), str::to_owned);
        let mut says = hex(element.data);
        if let Some(PartOf { reference, total, part }) = element.part() {
            says += &format!("  (part {part} of {total}, reference {reference})");
        }
        if let Some((to, from)) = element.ports() {
            says += &format!("  (to port {to}, from port {from})");
        }
        field(out, &format!("  {name}"), &says);
    }
    if let Some((at, why)) = udh.odd {
        let _ = writeln!(out, "      ! ODD_USER_DATA_HEADER at its octet {at}: {why}");
    }
    &octets[udh.octets.len()..]
}

/// An address in quotes; of one that is hidden, its beginning.
fn address(octets: &[u8], content: bool) -> String {
    if content { quoted(octets) } else { mask_address(&Coding::Latin1.decode(octets)) }
}

/// Stands for octets that are not shown.
fn hidden(octets: &[u8]) -> String {
    format!("<{}>", counted(octets.len() as u64, "octet"))
}

/// Octets as the text that `data_coding` makes of them; in hex where it makes none.
fn coded(data_coding: u8, octets: &[u8], content: bool) -> String {
    if !content && !octets.is_empty() {
        return hidden(octets);
    }
    match Coding::of_data_coding(data_coding) {
        Some(coding) => format!("{:?}", coding.decode(octets)),
        None => hex(octets),
    }
}

fn optional(tlvs: Tlvs<'_>, (esm_class, data_coding): (u8, u8), content: bool, out: &mut String) {
    for (tag, value) in tlvs.iter().map_while(Result::ok) {
        let name = match tag.name() {
            Some(name) => format!("{name} (0x{:04X})", tag.0),
            None => format!("0x{:04X}", tag.0),
        };
        let shown = match tag.info().map(|info| info.tlv_type) {
            _ if tag == Tag::MESSAGE_PAYLOAD => {
                let text = if esm_class & 0x40 != 0 { after_header(value, out) } else { value };
                coded(data_coding, text, content)
            }
            _ if !content && tlv_holds_content(tag.name().unwrap_or("vendor")) => hidden(value),
            Some(TlvType::Int1 | TlvType::Int2 | TlvType::Int4)
                if (1..=8).contains(&value.len()) =>
            {
                let number =
                    value.iter().fold(0_u64, |number, octet| number << 8 | u64::from(*octet));
                match (tag, value) {
                    (Tag::MESSAGE_STATE, [state]) => {
                        format!("{number} ({})", MessageState::from_wire(*state).stat())
                    }
                    (Tag::SC_INTERFACE_VERSION, [version]) => int("interface_version", *version),
                    _ => number.to_string(),
                }
            }
            Some(TlvType::Cstr) => quoted(value.strip_suffix(&[0]).unwrap_or(value)),
            Some(TlvType::Int1 | TlvType::Int2 | TlvType::Int4 | TlvType::Octets) | None => {
                let printable = !value.is_empty() && value.iter().all(|o| matches!(o, b' '..=b'~'));
                if printable { format!("{}  {}", hex(value), quoted(value)) } else { hex(value) }
            }
        };
        field(out, &name, &shown);
    }
}

/// An integer, and what it says where that is worth a word.
fn int(name: &str, value: u8) -> String {
    let word = match name {
        "interface_version" => Some(format!("v{}.{}", value >> 4, value & 15)),
        "data_coding" => match value {
            2 | 4 => Some("binary".to_owned()),
            _ => Coding::of_data_coding(value).map(|coding| coding.name().to_owned()),
        },
        "esm_class" => esm_class(value),
        "registered_delivery" => registered_delivery(value),
        "message_state" => Some(MessageState::from_wire(value).stat().to_owned()),
        name if name.ends_with("_ton") => TONS.get(usize::from(value)).map(|w| (*w).to_owned()),
        name if name.ends_with("_npi") => {
            NPIS.iter().find(|(npi, _)| *npi == value).map(|(_, w)| (*w).to_owned())
        }
        _ => None,
    };
    match word {
        Some(word) => format!("{value} ({word})"),
        None => value.to_string(),
    }
}

/// v3.4 5.2.5.
const TONS: [&str; 7] = [
    "unknown",
    "international",
    "national",
    "network specific",
    "subscriber number",
    "alphanumeric",
    "abbreviated",
];
/// v3.4 5.2.6.
const NPIS: [(u8, &str); 10] = [
    (0, "unknown"),
    (1, "E.164"),
    (3, "X.121"),
    (4, "F.69"),
    (6, "E.212"),
    (8, "national"),
    (9, "private"),
    (10, "ERMES"),
    (14, "IP"),
    (18, "WAP client id"),
];

/// v3.4 5.2.12.
fn esm_class(value: u8) -> Option<String> {
    let mut words = Vec::new();
    match value & 0x3C {
        0x04 => words.push("delivery receipt"),
        0x08 => words.push("delivery acknowledgement"),
        0x10 => words.push("manual acknowledgement"),
        0x18 => words.push("conversation abort"),
        0x20 => words.push("intermediate notification"),
        _ => {}
    }
    if value & 0x40 != 0 {
        words.push("user data header");
    }
    if value & 0x80 != 0 {
        words.push("reply path");
    }
    (!words.is_empty()).then(|| words.join(", "))
}

/// v3.4 5.2.17.
fn registered_delivery(value: u8) -> Option<String> {
    let receipt = match value & 3 {
        0 => "no receipt",
        1 => "receipt of success and failure",
        2 => "receipt of failure",
        // v3.4 reserves it, v5.0 says so
        _ => "receipt of success",
    };
    let notified = if value & 0x10 != 0 { ", intermediate notification" } else { "" };
    Some(format!("{receipt}{notified}"))
}

/// Octets as text in quotes; what a terminal would obey is escaped.
fn quoted(octets: &[u8]) -> String {
    format!("{:?}", Coding::Latin1.decode(octets))
}

/// Lower-case digits.
fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::CommandStatus;
    use crate::smpp::pdu::{Bind, DeliverSm, SubmitSm};

    fn show(json: bool, hex: bool) -> Show {
        let wall_at_zero = 1_767_225_600_000_000_000;
        Show { json, hex, began: Nanos::from_secs(1), wall_at_zero }
    }

    fn whole(id: CommandId, body: Body<'_>) -> BytesMut {
        let header = Header { command_id: id, sequence_number: 7, ..Header::default() };
        let mut out = BytesMut::new();
        Pdu { header, body, anomalies: Vec::new() }.encode(&mut out);
        out
    }

    fn bind(password: &[u8]) -> BytesMut {
        let bind =
            Bind { system_id: b"acme", password, interface_version: 0x34, ..Bind::default() };
        whole(CommandId::BIND_TRANSCEIVER, Body::BindTransceiver(bind))
    }

    #[test]
    fn a_password_is_shown_nowhere_not_even_its_length() {
        let shown = |octets: &[u8]| -> Vec<String> {
            [(false, true), (true, true)]
                .map(|(json, hex)| show(json, hex).pdu(Way::Sent, octets, Nanos::from_secs(2)))
                .to_vec()
        };
        let long = shown(&bind(b"s3cret78"));
        assert_eq!(long, shown(&bind(b"pw")));
        for text in &long {
            assert!(text.contains("***") && text.contains(&hex(b"***")), "{text}");
            assert!(!text.contains("s3cret") && !text.contains(&hex(b"s3cret")), "{text}");
        }
        // a bind that cannot be read may hold one anywhere
        let mut broken = bind(b"s3cret78");
        broken.truncate(30);
        broken[3] = 30;
        for text in shown(&broken) {
            assert!(!text.contains(&hex(b"s3cret")) && text.contains("bind_transceiver"), "{text}");
        }
    }

    #[test]
    fn a_submit_sm_is_shown_field_by_field() {
        let short_message = [&[5, 0, 3, 42, 2, 1][..], b"\x00 \x1B\x65 hi"].concat();
        let sm = SubmitSm {
            source_addr: b"Shop",
            source_addr_ton: 5,
            esm_class: 0x40,
            registered_delivery: 1,
            short_message: &short_message,
            tlvs: Tlvs(&[0x02, 0x04, 0x00, 0x02, 0x01, 0x00]),
            ..SubmitSm::default()
        };
        let octets = whole(CommandId::SUBMIT_SM, Body::SubmitSm(sm));
        let text = show(false, false).pdu(Way::Sent, &octets, Nanos::from_millis(1500));
        assert!(text.starts_with(">   0.500000 s  submit_sm  seq 7  "), "{text}");
        for line in [
            "source_addr_ton            5 (alphanumeric)",
            "source_addr                \"Shop\"",
            "esm_class                  64 (user data header)",
            "registered_delivery        1 (receipt of success and failure)",
            "user data header           0500032a0201",
            "  concatenation_8bit       2a0201  (part 1 of 2, reference 42)",
            "short_message              \"@ € hi\"",
            "user_message_reference (0x0204) 256",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        assert!(!text.contains("hex "), "{text}");
    }

    #[test]
    fn a_receipt_says_what_was_read_of_it_and_a_terminal_is_not_obeyed() {
        let text = b"id:00\x1B[31m7 sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:UNDELIV err:0A1 text:";
        let sm =
            DeliverSm { esm_class: 4, data_coding: 3, short_message: text, ..DeliverSm::default() };
        let octets = whole(CommandId::DELIVER_SM, Body::DeliverSm(sm));
        let text = show(false, false).pdu(Way::Received, &octets, Nanos::from_secs(1));
        assert!(text.starts_with("<   0.000000 s  deliver_sm"), "{text}");
        assert!(text.contains("4 (delivery receipt)"), "{text}");
        assert!(
            text.contains(
                "receipt                    id \"00\\u{1b}[31m7\" state UNDELIV err \"0A1\""
            ),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }

    #[test]
    fn statuses_and_octets_that_are_no_pdu_are_shown_too() {
        let mut octets = BytesMut::new();
        pdu::header_only(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RTHROTTLED, 9, &mut octets);
        let text = show(false, false).pdu(Way::Received, &octets, Nanos::from_secs(1));
        assert!(
            text.contains("submit_sm_resp  seq 9  ESME_RTHROTTLED (0x58)  16 octets"),
            "{text}"
        );
        let text = show(false, false).pdu(Way::Sent, &[0xAB; 3], Nanos::from_secs(1));
        assert!(text.contains("3 octets that are no PDU") && text.contains("ababab"), "{text}");
        let line = show(true, false).pdu(Way::Received, &octets, Nanos::from_millis(1250));
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["direction"], "received");
        assert_eq!(line["time"], "2026-01-01T00:00:01.250Z");
        assert_eq!(line["after_ns"], 250_000_000);
        assert_eq!(line["command_status"]["name"], "ESME_RTHROTTLED");
    }
}
