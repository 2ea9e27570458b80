//! Text from a peer, made fit for a terminal; and addresses, masked. It knows no report.

pub use crate::kit::words::printable;
pub(super) use crate::kit::words::{is_steering, spelled};
use serde_json::Value;

/// An address of which only the beginning is left: `447700******`.
pub fn mask_address(address: &str) -> String {
    const SHOWN: usize = 6;
    let count = address.chars().count();
    let shown = SHOWN.min(count / 2);
    let mut masked: String = address.chars().take(shown).collect();
    masked.extend(std::iter::repeat_n('*', count - shown));
    printable(&masked)
}

/// A PDU in hex of which only the header is left: what follows may hold addresses and texts.
pub(super) fn mask_pdu(hex: &str) -> String {
    const HEADER_DIGITS: usize = 32;
    hex.chars().enumerate().map(|(at, c)| if at < HEADER_DIGITS { c } else { '*' }).collect()
}

/// A resolved profile without the addresses and texts of its messages: their shape stays.
pub(super) fn mask_profile(profile: &Value) -> Value {
    let mut masked = profile.clone();
    for message in masked["messages"].as_array_mut().into_iter().flatten() {
        for (key, value) in message.as_object_mut().into_iter().flatten() {
            match key.as_str() {
                "source" | "destination" => mask_strings(value, &mask_address),
                "text" | "octets" | "tlvs" => mask_strings(value, &mask_text),
                _ => {}
            }
        }
    }
    mask_strings(&mut masked["embedded"]["mo"]["texts"], &mask_text);
    masked
}

/// A text of which only the length is left.
pub(super) fn mask_text(text: &str) -> String {
    format!("<{} characters>", text.chars().count())
}

fn mask_strings(value: &mut Value, mask: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = mask(text),
        Value::Array(all) => all.iter_mut().for_each(|v| mask_strings(v, mask)),
        Value::Object(all) => {
            // the name of a file or of a tag is neither an address nor a text
            let named = |key: &str| matches!(key, "file" | "tag" | "name");
            all.iter_mut().filter(|(k, _)| !named(k)).for_each(|(_, v)| mask_strings(v, mask));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_at_most_half_of_its_digits() {
        assert_eq!(mask_address("447700900123"), "447700******");
        assert_eq!(mask_address("1234"), "12**");
        assert_eq!(mask_address(""), "");
    }

    #[test]
    fn a_profile_shows_neither_addresses_nor_texts_and_keeps_everything_else() {
        let profile = serde_json::json!({
            "name": "n",
            "messages": [{
                "label": "otp", "text": "Your code is 1234",
                "source": { "fixed": "447700900000", "ton": 1 },
                "destination": { "range": ["447700900000", "447700900999"] },
                "tlvs": [{ "tag": "0x2157", "text": "program" }],
            }],
            "embedded": { "mo": { "texts": ["hi"] } },
        });
        let masked = mask_profile(&profile);
        let text = masked.to_string();
        assert!(!text.contains("900000") && !text.contains("code") && !text.contains("program"));
        let message = &masked["messages"][0];
        assert_eq!(message["source"]["fixed"], "447700******");
        assert_eq!(
            (&message["text"], &message["label"]),
            (&"<17 characters>".into(), &"otp".into())
        );
        assert_eq!(message["tlvs"][0]["tag"], "0x2157");
        assert_eq!(masked["embedded"]["mo"]["texts"][0], "<2 characters>");
    }

    #[test]
    fn a_pdu_keeps_its_header() {
        assert_eq!(mask_pdu(&"ab".repeat(18)), format!("{}****", "ab".repeat(16)));
    }
}
