//! One receipt for all parts of a text, over several workers: the parts of a message go out on sessions of different
//! workers, their ids belong to others again, and the message is counted by one.
use super::*;

fn profile(embedded: &str) -> String {
    let text = "x".repeat(400);
    format!(
        r#"binds = {{ count = 6, window = 10 }}
receipts = {{ deadline = "3s", per = "message" }}
[[load.stages]]
hold = 300
for = "2s"
[[messages]]
text = "{text}"
[embedded]
response.latency = {{ uniform = ["1ms", "30ms"] }}
{embedded}"#
    )
}

/// Text of three parts, 200 times, over so many workers.
fn played(workers: u32, embedded: &str) -> RunRecord {
    let mut memory = Memory { workers, ..Memory::default() };
    let (_, record) = run(&mut memory, &profile(embedded));
    assert_eq!(record.workers.len() as u32, workers);
    let t = record.ledger();
    assert_eq!((t.accepted, record.messages.complete), (600, 200), "{workers}: {t:?}");
    assert_eq!((t.receipts_expected, t.ids_given_twice), (200, 0), "{workers}: {t:?}");
    record
}

#[test]
fn a_message_whose_parts_went_out_on_different_workers_has_one_receipt_not_three() {
    let bindings = [
        "",
        r"receipts.other_bind = true
",
        r"receipts.before_response = 0.3
",
    ];
    for workers in [1, 2, 3, 6] {
        for more in bindings {
            let embedded = format!(
                r#"receipts.delay = {{ uniform = ["1ms", "200ms"] }}
{more}"#
            );
            let record = played(workers, &embedded);
            let t = record.ledger();
            assert_eq!((t.receipts_final, t.receipts_missing), (200, 0), "{workers} {more}: {t:?}");
            // the simulator sends one for each part, until the run has what it awaits
            assert!((300..=400).contains(&t.receipts_duplicate), "{workers} {more}: {t:?}");
            assert_eq!(record.messages.delivered, 200, "{workers} {more}");
            assert_eq!(record.receipts_unknown, 0, "{workers} {more}");
        }
    }
}

#[test]
fn messages_none_of_whose_parts_had_a_receipt_are_missing_once_whatever_worker_owns_them() {
    for workers in [1, 3, 6] {
        let record = played(
            workers,
            r"receipts.lost = 0.6
",
        );
        let t = record.ledger();
        assert_eq!(t.receipts_final + t.receipts_missing, 200, "{workers}: {t:?}");
        // three of three were lost for a fifth of them
        assert!((20..70).contains(&t.receipts_missing), "{workers}: {t:?}");
        assert_eq!(record.receipts_unknown, 0, "{workers}");
    }
}
