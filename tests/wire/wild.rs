//! The PDUs and receipts of other projects' test suites, where `../shared/smpp` holds them (they are
//! not ours to keep): every well-formed one decodes and re-encodes, every malformed one shows its
//! fault, every receipt its fields. Each that is not right is printed with the reason.
#![allow(clippy::print_stdout, reason = "what is skipped, and what is not right, is said aloud")]

use bytes::BytesMut;
use serde_json::Value;
use smppbench::cli::decode::{decode_json, parse_hex};
use smppbench::smpp::pdu::{self, Body, DeliverSm};
use smppbench::smpp::receipt;

/// The file's content; `None`, said aloud, where it is not there.
fn shared(name: &str) -> Option<Value> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/smpp").join(name);
    match std::fs::read(&path) {
        Ok(octets) => Some(serde_json::from_slice(&octets).unwrap()),
        Err(error) => {
            println!("skipped: {}: {error}", path.display());
            None
        }
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// What is not right with a PDU; empty: all is.
fn faults_of_pdu(vector: &Value) -> Vec<String> {
    let wire = parse_hex(vector["hex"].as_str().unwrap()).unwrap();
    let lines = decode_json(&wire);
    let mut faults = Vec::new();
    let decoded = &vector["decoded"];
    if decoded.is_null() {
        check_malformed(vector, &lines, &mut faults);
        return faults;
    }
    let line = &lines[0];
    for key in ["command", "sequence_number"] {
        if line[key] != decoded[key] {
            faults.push(format!("{key} is {}, listed {}", line[key], decoded[key]));
        }
    }
    for (field, value) in decoded["body"].as_object().into_iter().flatten() {
        if &line["body"][field] != value {
            faults.push(format!("{field} is {}, listed {value}", line["body"][field]));
        }
    }
    let listed = decoded["tlvs"].as_array().map_or(0, Vec::len);
    if line["tlvs"].as_array().unwrap().len() != listed {
        faults.push(format!("tlvs are {}, listed {listed}", line["tlvs"]));
    }
    match pdu::decode(&wire) {
        Ok(pdu) => {
            let mut again = BytesMut::new();
            pdu.encode(&mut again);
            if again != wire {
                faults.push(format!("re-encodes to {}", hex(&again)));
            }
        }
        Err(fault) => faults.push(fault.to_string()),
    }
    faults
}

fn check_malformed(vector: &Value, lines: &[Value], faults: &mut Vec<String>) {
    let expected = &vector["expected"];
    let error = expected["error"].as_str().unwrap();
    let shows = |line: &Value| {
        let odd = line["anomalies"].as_array().unwrap();
        line["malformed"]["kind"] == error || odd.iter().any(|odd| odd["kind"] == error)
    };
    let shown = match error {
        "OK_THEN_NEED_MORE" => {
            lines[0]["malformed"].is_null() && lines[1]["malformed"]["kind"] == "NEED_MORE"
        }
        _ => lines.iter().any(shows),
    };
    if !shown {
        faults.push(format!("{error} is not shown: {lines:?}"));
    }
    let answers: String = lines.iter().filter_map(|line| line["answer_hex"].as_str()).collect();
    if let Some(reply) = expected["reply_hex"].as_str()
        && answers != reply
    {
        faults.push(format!("the answer is {answers}, listed {reply}"));
    }
    if expected["session"] == "close" && lines.last().unwrap()["session"] != "close" {
        faults.push("the session goes on".to_owned());
    }
}

/// What is not right with a receipt; empty: all is.
fn faults_of_receipt(row: &Value) -> Vec<String> {
    let text = row["text"].as_str().unwrap();
    let sm = DeliverSm { esm_class: 4, short_message: text.as_bytes(), ..DeliverSm::default() };
    let read = receipt::read(&sm).unwrap();
    let string = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
    let date = |date: Option<receipt::Date>| {
        date.map(|d| {
            format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
                d.year, d.month, d.day, d.hour, d.minute, d.second
            )
        })
    };
    let mut faults = Vec::new();
    for (field, listed) in row["expect"].as_object().unwrap() {
        let found = match field.as_str() {
            "id" => Some(string(read.id)),
            "stat" | "stat_lenient" => Some(string(read.stat)),
            "err" => Some(string(read.err)),
            "text" => Some(string(read.text)),
            "sub" => read.sub.map(|count| count.to_string()),
            "dlvrd" => read.dlvrd.map(|count| count.to_string()),
            "submit" => date(read.submit_date),
            "done" => date(read.done_date),
            other => panic!("{other}"),
        };
        let right = match listed {
            // A state without its label is taken all the same.
            Value::Null if field == "stat" => {
                row["expect"]["stat_lenient"].is_string() || read.stat.is_empty()
            }
            Value::Null => found.as_deref().unwrap_or_default().is_empty(),
            Value::String(listed) if listed.starts_with("ambiguous") => {
                found.as_deref() == Some("2019-06-19T07:20:00")
            }
            // A time without seconds is listed without them.
            Value::String(listed) => {
                found.is_some_and(|found| found == *listed || found == format!("{listed}:00"))
            }
            listed => found == Some(listed.to_string()),
        };
        if !right {
            faults.push(format!("{field}: listed {listed}, read {read:?}"));
        }
    }
    faults
}

fn report(what: &str, rows: &[Value], faults_of: impl Fn(&Value) -> Vec<String>) {
    let mut wrong = 0;
    for row in rows {
        let faults = faults_of(row);
        if !faults.is_empty() {
            wrong += 1;
            println!("{}: {}", row["name"].as_str().unwrap_or("?"), faults.join("; "));
        }
    }
    println!("{what}: {} of {} right", rows.len() - wrong, rows.len());
    assert_eq!(wrong, 0, "{what}: see above");
}

#[test]
fn the_pdus_of_other_projects_are_read_as_listed() {
    let Some(wild) = shared("wild.json") else { return };
    report("wild PDUs", wild.as_array().unwrap(), faults_of_pdu);
}

#[test]
fn the_receipts_of_other_projects_are_read_as_listed() {
    let Some(wild) = shared("wild_receipts.json") else { return };
    report("wild receipts", wild["receipts"].as_array().unwrap(), faults_of_receipt);
}

#[test]
fn no_wild_pdu_that_is_cut_or_altered_makes_anything_panic() {
    let Some(wild) = shared("wild.json") else { return };
    for vector in wild.as_array().unwrap() {
        let wire = parse_hex(vector["hex"].as_str().unwrap()).unwrap();
        for end in 0..wire.len() {
            let _ = decode_json(&wire[..end]);
            for octet in [0x00, 0x01, 0x7F, 0xFF] {
                let mut altered = wire.clone();
                altered[end] = octet;
                let _ = decode_json(&altered);
                let _ = receipt::read_frame(&altered);
                if let Ok(pdu) = pdu::decode(&altered)
                    && let Body::DeliverSm(sm) = pdu.body
                {
                    let _ = receipt::read(&sm);
                }
            }
        }
    }
}
