//! A PDU found in an input, and its two outputs.
use super::json::decode_json;
use super::layout::layout;
use crate::smpp::without_passwords;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// A PDU, or octets at the end of a stream that are not one; without passwords, which are never printed, although the
/// user has the octets.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FoundPdu {
    pub(super) octets: Vec<u8>,
    /// In a capture: source, destination, and time in seconds.
    pub(super) place: Option<(SocketAddr, SocketAddr, Option<f64>)>,
}

impl FoundPdu {
    pub(super) fn of(octets: &[u8]) -> FoundPdu {
        FoundPdu { octets: without_passwords(octets).into_owned(), place: None }
    }

    /// JSON lines of docs/reference/commands.md, "decode"; with `from`, `to` and `time_s` in a capture.
    pub(super) fn json(&self) -> Vec<Value> {
        let mut lines = decode_json(&self.octets);
        if let Some((from, to, time_s)) = self.place {
            for line in &mut lines {
                line["from"] = json!(from.to_string());
                line["to"] = json!(to.to_string());
                line["time_s"] = json!(time_s);
            }
        }
        lines
    }

    /// Field by field, as `dial` shows it.
    pub(super) fn text(&self, show_content: bool) -> String {
        let place = self.place.map(|(from, to, time_s)| {
            let time = time_s.map_or(String::new(), |time| format!("{time:.6} s  "));
            format!("{time}{from} > {to}\n")
        });
        place.unwrap_or_default() + &layout(&self.octets, show_content)
    }
}
