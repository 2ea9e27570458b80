//! `decode` over every vector: the JSON is the vectors' own, and the answers are theirs.

use serde_json::Value;
use smppbench::cli::decode::{decode_json, parse_hex};

fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("../data/vectors.json")).unwrap()
}

#[test]
fn the_json_holds_every_field_that_a_vector_lists() {
    for vector in vectors() {
        let name = vector["name"].as_str().unwrap();
        let decoded =
            [&vector["decoded"], &vector["decoded_if_lenient"]].into_iter().find(|d| !d.is_null());
        let Some(decoded) = decoded else { continue };
        let lines = decode_json(&parse_hex(vector["hex"].as_str().unwrap()).unwrap());
        assert_eq!(lines.len(), 1, "{name}");
        let line = &lines[0];
        assert_eq!(line["command"], decoded["command"], "{name}");
        assert_eq!(line["sequence_number"], decoded["sequence_number"], "{name}");
        let code = line["command_status"]["code"].as_u64().unwrap();
        assert_eq!(format!("0x{code:08X}"), decoded["command_status"].as_str().unwrap(), "{name}");
        assert_eq!(line["body"].is_null(), decoded["body"].is_null(), "{name}");
        for (field, value) in decoded["body"].as_object().into_iter().flatten() {
            assert_eq!(&line["body"][field], value, "{name}: {field}");
        }
        let tlvs = decoded["tlvs"].as_array().cloned().unwrap_or_default();
        assert_eq!(line["tlvs"], Value::Array(tlvs), "{name}");
    }
}

#[test]
fn the_json_holds_every_fault_and_answer_that_a_vector_lists() {
    for vector in vectors().iter().filter(|vector| vector["category"] == "malformed") {
        let (name, expected) = (vector["name"].as_str().unwrap(), &vector["expected"]);
        let line = &decode_json(&parse_hex(vector["hex"].as_str().unwrap()).unwrap())[0];
        let (kind, error) =
            (line["malformed"]["kind"].as_str().unwrap(), expected["error"].as_str().unwrap());
        // A vector names the value beside the field, or both fields.
        let same =
            kind == error || (kind.starts_with("SEMANTIC:") && error.starts_with("SEMANTIC:"));
        assert!(same, "{name}: {kind} is not {error}");
        assert_eq!(line["session"], expected["session"], "{name}");
        if expected["basis"] != "vendor" {
            assert_eq!(line["answer_hex"], expected["reply_hex"], "{name}");
        }
    }
}
