//! Masks a decoded PDU: addresses keep their beginning, texts their length. Passwords were removed before.
use crate::report::mask_address;
use serde_json::Value;

/// Fields whose value is an address.
const ADDRESSES: [&str; 4] = ["source_addr", "destination_addr", "esme_addr", "dl_name"];
/// Fields whose value is a text, or holds one.
const TEXTS: [&str; 2] = ["text", "short_message_ascii"];
/// Fields of hexadecimal digits that hold a text or an unknown body.
const HEXES: [&str; 2] = ["short_message_hex", "octets_hex"];
/// TLVs that hold an address or a text.
const TLVS: [&str; 8] = [
    "message_payload",
    "callback_num",
    "callback_num_atag",
    "source_subaddress",
    "dest_subaddress",
    "broadcast_area_identifier",
    "broadcast_content_type_info",
    "vendor",
];

/// Whether the TLV of that name (`vendor` where it has none) may hold an address or a text.
pub(super) fn tlv_holds_content(name: &str) -> bool {
    TLVS.contains(&name)
}

/// Masks a line of JSON.
pub(super) fn line(line: &mut Value) {
    body(&mut line["body"]);
    for tlv in line["tlvs"].as_array_mut().into_iter().flatten() {
        if !tlv["name"].as_str().is_some_and(tlv_holds_content) {
            continue;
        }
        for (key, value) in tlv.as_object_mut().into_iter().flatten() {
            match key.as_str() {
                "value_hex" => text(value, &hex),
                "value" | "ascii" => text(value, &characters),
                _ => {}
            }
        }
    }
}

fn body(value: &mut Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(body),
        Value::Object(all) => {
            // the user data header before the text is not masked
            let header = all.get("user_data_header").and_then(|udh| udh["octets_hex"].as_str());
            let header = header.map(str::to_owned).unwrap_or_default();
            for (key, value) in all.iter_mut() {
                match key.as_str() {
                    "user_data_header" | "receipt" => {}
                    key if ADDRESSES.contains(&key) => text(value, &mask_address),
                    key if TEXTS.contains(&key) => text(value, &characters),
                    key if HEXES.contains(&key) => text(value, &|digits: &str| {
                        let open = digits.strip_prefix(&header).map_or(0, |_| header.len());
                        format!("{}{}", &digits[..open], hex(&digits[open..]))
                    }),
                    _ => body(value),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn text(value: &mut Value, mask: &dyn Fn(&str) -> String) {
    if let Value::String(text) = value {
        *text = mask(text);
    }
}

fn characters(text: &str) -> String {
    match text.chars().count() {
        1 => "<1 character>".to_owned(),
        count => format!("<{count} characters>"),
    }
}

fn hex(digits: &str) -> String {
    "*".repeat(digits.len())
}
