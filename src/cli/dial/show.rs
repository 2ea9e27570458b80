//! Prints a PDU of the session with its direction and time: field by field or as a JSON line. Pure: octets and a
//! time in, text out.
use crate::cli::decode::{describe, field, hex, masked, pdu_json};
use crate::kit::{Nanos, utc_rfc3339};
use crate::smpp::Header;
use serde_json::json;
use std::fmt::Write;

/// Direction of a PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// From us.
    Sent,
    /// To us.
    Received,
}

/// How PDUs are printed.
#[derive(Clone, Copy, Debug)]
pub(super) struct PduPrinter {
    /// Whether to print JSON lines.
    pub(super) json: bool,
    /// Whether to print the octets too.
    pub(super) hex: bool,
    /// When the connection was established: printed times count from it.
    pub(super) began: Nanos,
    /// The wall clock (nanoseconds since 1970) at the zero of the clock that times come from.
    pub(super) wall_at_zero: u64,
}

impl PduPrinter {
    /// Prints a whole PDU, or octets that are not one.
    pub(super) fn pdu(&self, way: Direction, octets: &[u8], now: Nanos) -> String {
        let octets = &masked(octets)[..];
        if self.json {
            return self.json_line(way, octets, now);
        }
        let mut out = String::new();
        let arrow = match way {
            Direction::Sent => '>',
            Direction::Received => '<',
        };
        let at = now.since(self.began).as_secs_f64();
        // writing into a String cannot fail, here and below
        let _ = write!(out, "{arrow} {at:10.6} s  ");
        match Header::read(octets) {
            Some(header) => describe(header, octets, true, &mut out),
            None => _ = writeln!(out, "{} octets that are not a PDU", octets.len()),
        }
        if self.hex || Header::read(octets).is_none() {
            field(&mut out, "hex", &hex(octets));
        }
        out
    }

    fn json_line(&self, way: Direction, octets: &[u8], now: Nanos) -> String {
        let mut line = pdu_json(octets);
        let direction = match way {
            Direction::Sent => "sent",
            Direction::Received => "received",
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

/// Milliseconds for a person, to the microsecond.
pub(super) fn millis(span: Nanos) -> String {
    format!("{:.3} ms", span.0 as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::pdu::{self, Bind, Body, DeliverSm, Pdu, SubmitSm};
    use crate::smpp::{CommandId, CommandStatus, Tlvs};
    use bytes::BytesMut;

    fn show(json: bool, hex: bool) -> PduPrinter {
        let wall_at_zero = 1_767_225_600_000_000_000;
        PduPrinter { json, hex, began: Nanos::from_secs(1), wall_at_zero }
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
                .map(|(json, hex)| {
                    show(json, hex).pdu(Direction::Sent, octets, Nanos::from_secs(2))
                })
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
        let text = show(false, false).pdu(Direction::Sent, &octets, Nanos::from_millis(1500));
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
        let text = show(false, false).pdu(Direction::Received, &octets, Nanos::from_secs(1));
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
    fn statuses_and_octets_that_are_not_a_pdu_are_shown_too() {
        let mut octets = BytesMut::new();
        pdu::header_only(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RTHROTTLED, 9, &mut octets);
        let text = show(false, false).pdu(Direction::Received, &octets, Nanos::from_secs(1));
        assert!(
            text.contains("submit_sm_resp  seq 9  ESME_RTHROTTLED (0x58)  16 octets"),
            "{text}"
        );
        let text = show(false, false).pdu(Direction::Sent, &[0xAB; 3], Nanos::from_secs(1));
        assert!(text.contains("3 octets that are not a PDU") && text.contains("ababab"), "{text}");
        let line = show(true, false).pdu(Direction::Received, &octets, Nanos::from_millis(1250));
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["direction"], "received");
        assert_eq!(line["time"], "2026-01-01T00:00:01.250Z");
        assert_eq!(line["after_ns"], 250_000_000);
        assert_eq!(line["command_status"]["name"], "ESME_RTHROTTLED");
    }
}
