//! Who carries which share, and the split of docs/measuring.md, "Times of a message" in each of them.
use super::*;
use crate::measure::{CellInterval, CellKey};

/// Three accounts of 50, 30 and 20 %, two messages of 3 to 1, three stages.
fn toml() -> String {
    format!(
        r#"{EMBEDDED}[load]
stages = [{{ hold = "2000", for = "2s", measure = false }}, {{ hold = "2000", for = "5s" }}, {{ ramp = ["100", "4000"], for = "2s" }}]
[binds]
count = 2
window = 4
[[accounts]]
name = "gold"
system_id = "gold"
share = "50%"
[[accounts]]
name = "silver"
system_id = "silver"
share = "30%"
[[accounts]]
name = "bronze"
system_id = "bronze"
share = "20%"
[[messages]]
label = "otp"
weight = 3
[[messages]]
label = "alert"
registered_delivery = 0
[embedded.response]
latency = {{ uniform = ["1ms", "9ms"] }}
"#
    )
}

fn splits(cell: &CellInterval, what: &str) {
    let sum = |m: Metric| cell.metric(m).sum_ns();
    let parts = sum(Metric::WindowWait)
        + sum(Metric::HarnessLag)
        + sum(Metric::WriteWait)
        + sum(Metric::Service);
    assert!(sum(Metric::Response) > 0, "{what}");
    assert_eq!(sum(Metric::Response), parts, "{what}");
}

#[test]
fn the_split_adds_up_in_every_stage_account_label_and_whole() {
    for workers in [1, 3] {
        let (plan, record) = run(&mut Memory { workers, ..Memory::default() }, &toml());
        splits(&record.sum(|_| true), "whole");
        type Of = fn(&CellKey) -> u16;
        let kinds: [(&str, usize, Of); 3] = [
            ("stage", plan.stages.len(), |k| k.stage),
            ("account", plan.accounts.len(), |k| k.account),
            ("label", plan.messages.len(), |k| k.label),
        ];
        for (kind, count, of) in kinds {
            for number in 0..count as u16 {
                splits(&record.sum(|k| of(k) == number), &format!("{kind} {number}"));
            }
        }
        assert_eq!(record.cells.len(), 3 * 3 * 2);
        record.cells.iter().for_each(|(key, cell)| splits(cell, &format!("{key:?}")));
    }
}

#[test]
fn accounts_of_fifty_thirty_and_twenty_percent_keep_their_shares_to_the_message() {
    for workers in [1, 2, 3] {
        let (plan, record) = run(&mut Memory { workers, ..Memory::default() }, &toml());
        let names: Vec<&str> = plan.accounts.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(names, ["gold", "silver", "bronze"]);
        let of = |stage: u16, account: u16| {
            record.sum(|k| k.stage == stage && k.account == account).tally.written
        };
        assert_eq!([0, 1, 2].map(|a| of(0, a)), [2_000, 1_200, 800]);
        assert_eq!([0, 1, 2].map(|a| of(1, a)), [5_000, 3_000, 2_000]);
        // both sessions of an account carry the same
        for pair in record.sessions.chunks(2) {
            assert_eq!(pair[0].account, pair[1].account);
        }
    }
}

#[test]
fn groups_of_the_result_add_up_to_the_whole() {
    let (plan, record) = run(&mut Memory { workers: 2, ..Memory::default() }, &toml());
    let (result, _) = reported(&plan, &record);
    let whole = &result["ledger"];
    for kind in ["account", "label", "stage"] {
        let groups: Vec<_> =
            result["groups"].as_array().unwrap().iter().filter(|g| g["by"] == kind).collect();
        assert!(groups.len() >= 2, "{kind}");
        for key in ["planned", "written", "accepted"] {
            let sum: u64 = groups.iter().map(|g| g["ledger"][key].as_u64().unwrap()).sum();
            assert_eq!(whole[key].as_u64(), Some(sum), "{kind} {key}");
        }
    }
}
