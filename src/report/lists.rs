//! missing.csv and rejected.csv: message by message, what a provider's support asks for first. Times in UTC to
//! the microsecond. What the peer wrote is printable and no spreadsheet's formula.
use super::document::{Document, ThroughExample};
use super::escape::printable;
use crate::kit::utc_rfc3339_micros;
use crate::measure::through::ExampleClass;
use crate::measure::{MissingReceipt, Rejection};
use crate::smpp::CommandStatus;

/// Accepted messages whose final receipt did not come by its deadline; None where there are none.
pub fn missing_csv(missing: &[MissingReceipt]) -> Option<Vec<u8>> {
    let header =
        ["message_id", "sequence_number", "session", "intended", "written", "answered", "status"];
    let rows = missing.iter().map(|m| {
        [
            m.message_id.as_deref().map_or(String::new(), cell),
            m.sequence_number.map_or(String::new(), |n| n.to_string()),
            m.session.to_string(),
            utc_rfc3339_micros(m.intended_wall_ns),
            utc_rfc3339_micros(m.written_wall_ns),
            utc_rfc3339_micros(m.answered_wall_ns),
            "no receipt".to_owned(),
        ]
    });
    table(&header, rows)
}

/// submit_sm that were rejected; None where there are none.
pub fn rejected_csv(rejections: &[Rejection]) -> Option<Vec<u8>> {
    let header =
        ["sequence_number", "session", "intended", "written", "answered", "status", "code"];
    let rows = rejections.iter().map(|r| {
        [
            r.sequence_number.to_string(),
            r.session.to_string(),
            utc_rfc3339_micros(r.intended_wall_ns),
            utc_rfc3339_micros(r.written_wall_ns),
            utc_rfc3339_micros(r.answered_wall_ns),
            CommandStatus(r.status).name().unwrap_or("").to_owned(),
            format!("0x{:08X}", r.status),
        ]
    });
    table(&header, rows)
}

/// Messages of a class that a gateway lost, doubled or altered, with both ids; None where there are none.
pub fn through_csv(document: &Document, classes: &[ExampleClass]) -> Option<Vec<u8>> {
    let header = ["class", "front_id", "upstream_id", "session", "sent", "came_out", "what"];
    let examples = document.through.iter().flat_map(|through| &through.examples);
    let of: Vec<&ThroughExample> = examples.filter(|e| classes.contains(&e.class)).collect();
    let rows = of.into_iter().map(|example| {
        [
            example.class.name().to_owned(),
            cell(&example.front_id),
            cell(&example.upstream_id),
            example.session.map_or(String::new(), |session| session.to_string()),
            example.sent_at.clone(),
            example.came_at.clone().unwrap_or_default(),
            cell(&example.what),
        ]
    });
    table(&header, rows)
}

fn table<const N: usize>(
    header: &[&str; N],
    rows: impl ExactSizeIterator<Item = [String; N]>,
) -> Option<Vec<u8>> {
    if rows.len() == 0 {
        return None;
    }
    let into_memory = "writing into memory cannot fail";
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).expect(into_memory);
    for row in rows {
        writer.write_record(&row).expect(into_memory);
    }
    Some(writer.into_inner().expect(into_memory))
}

/// A peer's word: a spreadsheet must not take it for a formula.
fn cell(text: &str) -> String {
    let clean = printable(text);
    if clean.starts_with(['=', '+', '-', '@']) { format!("'{clean}") } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NS: u64 = 1_790_000_000_123_456_789;

    #[test]
    fn a_missing_receipt_is_one_line_with_its_id_and_times_in_utc() {
        let missing = |message_id: Option<&str>, sequence_number| MissingReceipt {
            session: 3,
            sequence_number,
            message_id: message_id.map(str::to_owned),
            intended_wall_ns: NS,
            written_wall_ns: NS + 1_000_000,
            answered_wall_ns: NS + 2_000_000,
        };
        let rows = [
            missing(Some("0a1b"), Some(17)),
            missing(None, None),
            missing(Some("=1\u{1b}[2J,\""), Some(1)),
        ];
        let text = String::from_utf8(missing_csv(&rows).unwrap()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "message_id,sequence_number,session,intended,written,answered,status");
        assert_eq!(
            lines[1],
            "0a1b,17,3,2026-09-21T14:13:20.123456Z,2026-09-21T14:13:20.124456Z,\
             2026-09-21T14:13:20.125456Z,no receipt"
        );
        assert!(lines[2].starts_with(",,3,"));
        assert!(lines[3].starts_with("\"'=1\\u{1b}[2J,\"\"\",1,3,"), "{}", lines[3]);
        assert_eq!(missing_csv(&[]), None);
    }

    #[test]
    fn a_rejection_is_one_line_with_its_status_by_name_and_code() {
        let rejection = |status| Rejection {
            session: 0,
            sequence_number: 9,
            intended_wall_ns: NS,
            written_wall_ns: NS,
            answered_wall_ns: NS,
            status,
        };
        let text = String::from_utf8(rejected_csv(&[rejection(0x58), rejection(0x499)]).unwrap());
        let text = text.unwrap();
        assert!(text.contains(",ESME_RTHROTTLED,0x00000058\n"), "{text}");
        assert!(text.contains(",,0x00000499\n"), "{text}");
        assert_eq!(rejected_csv(&[]), None);
    }
}
