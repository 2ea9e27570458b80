//! A PDU as text, field by field. Pure: octets in, text out. A password never leaves this file.
use super::json::{hex, is_printable, message, number, text, tlvs_behind_header};
use super::mask::tlv_holds_content;
use crate::kit::words::counted;
use crate::report::mask_address;
use crate::smpp::coding::Coding;
use crate::smpp::pdu::{self, Body, Dest, Field, Pdu};
use crate::smpp::receipt::{self, MessageState};
use crate::smpp::udh::{PartOf, Udh};
use crate::smpp::{CommandId, Header, Tag, TlvType, Tlvs, without_passwords};
use bytes::BytesMut;
use std::borrow::Cow;
use std::fmt::Write;

/// Replaces a password.
const MASK: &[u8] = b"***";
/// Columns for the name of a field.
const NAME: usize = 26;

/// A PDU, or octets that are not one, as `decode` prints them on a terminal. `content`: with addresses and texts.
pub(super) fn layout(octets: &[u8], content: bool) -> String {
    let octets = &masked(octets)[..];
    let mut out = String::new();
    match Header::read(octets).filter(|header| header.command_length as usize <= octets.len()) {
        Some(header) => describe(header, octets, content, &mut out),
        None => {
            let _ = writeln!(out, "{} octets that are not a whole PDU", octets.len());
            let shown = if content { octets } else { &octets[..octets.len().min(Header::OCTETS)] };
            field(&mut out, "hex", &hex(shown));
        }
    }
    out
}

/// The PDU with `***` for a password of any length. Of a bind that cannot be read, only the header; a bind inside other
/// octets loses its password too.
pub(in crate::cli) fn masked(octets: &[u8]) -> Cow<'_, [u8]> {
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

/// Appends a whole PDU, field by field. `content`: with addresses and texts.
pub(in crate::cli) fn describe(header: Header, octets: &[u8], content: bool, out: &mut String) {
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
    let traits = message(&pdu.body).map_or((0, 0), |m| (m.esm_class, m.data_coding));
    pdu.body.fields(&mut |name, value| match value {
        Field::Int(value) => field(out, name, &int(name, value)),
        Field::Text(value) if name.ends_with("_addr") => field(out, name, &address(value, content)),
        Field::Text(value) => field(out, name, &quoted(value)),
        Field::ShortMessage(value) => short_message(traits, value, content, out),
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
        Field::Tlvs(tlvs) => optional(tlvs, traits, content, out),
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

/// Appends one line below a PDU.
pub(in crate::cli) fn field(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "      {name:NAME$} {value}");
}

/// `traits`: `esm_class` and `data_coding`.
fn short_message(traits: (u8, u8), octets: &[u8], content: bool, out: &mut String) {
    field(out, "sm_length", &octets.len().to_string());
    let shown = message_text(traits, octets, content, out);
    field(out, "short_message", &shown);
}

/// The text of a message, after its user data header, which is shown first.
fn message_text(traits: (u8, u8), octets: &[u8], content: bool, out: &mut String) -> String {
    let (esm_class, data_coding) = traits;
    let text = if esm_class & 0x40 != 0 { after_header(octets, out) } else { octets };
    if !content && !text.is_empty() {
        return hidden(text);
    }
    match Coding::of_data_coding(data_coding) {
        Some(coding) => format!("{:?}", coding.decode(text)),
        None => hex(text),
    }
}

/// Appends a user data header, and returns the octets after it.
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

/// An address in quotes; masked, its beginning.
fn address(octets: &[u8], content: bool) -> String {
    if content { quoted(octets) } else { mask_address(&text(octets)) }
}

/// Replaces octets that are not shown.
fn hidden(octets: &[u8]) -> String {
    format!("<{}>", counted(octets.len() as u64, "octet"))
}

fn optional(tlvs: Tlvs<'_>, traits: (u8, u8), content: bool, out: &mut String) {
    for (tag, value) in tlvs.iter().map_while(Result::ok) {
        let code = format!("0x{:04X}", tag.0);
        let name = tag.name().map_or_else(|| code.clone(), |name| format!("{name} ({code})"));
        let shown = match tag.info().map(|info| info.tlv_type) {
            _ if tag == Tag::MESSAGE_PAYLOAD => message_text(traits, value, content, out),
            _ if !content && tlv_holds_content(tag.name().unwrap_or("vendor")) => hidden(value),
            Some(TlvType::Cstr) => quoted(value.strip_suffix(&[0]).unwrap_or(value)),
            Some(TlvType::Int1 | TlvType::Int2 | TlvType::Int4 | TlvType::Octets) | None => {
                match number(tag, value) {
                    Some(number) => match (tag, value) {
                        (Tag::MESSAGE_STATE, [state]) => int("message_state", *state),
                        (Tag::SC_INTERFACE_VERSION, [version]) => {
                            int("interface_version", *version)
                        }
                        _ => number.to_string(),
                    },
                    None if value.is_empty() || !is_printable(value) => hex(value),
                    None => format!("{}  {}", hex(value), quoted(value)),
                }
            }
        };
        field(out, &name, &shown);
    }
}

/// An integer with the name of its value, where it has one.
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

/// Octets as text in quotes, with control characters escaped.
fn quoted(octets: &[u8]) -> String {
    format!("{:?}", text(octets))
}
