//! The sums of docs/ledger.md, worked out from the numbers of a result.json alone: nothing of the program's own is
//! used.
use serde_json::Value;

/// A count at a path, 0 where it is not there.
fn count(of: &Value, path: &str) -> i64 {
    let found = path.split('.').try_fold(of, |value, key| value.get(key));
    found.and_then(Value::as_i64).unwrap_or(0)
}

/// What does not add up.
pub(crate) fn faults(result: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut same = |what: &str, left: i64, right: i64| {
        if left != right {
            faults.push(format!("books: {what}: {left} is not {right}"));
        }
    };
    let ledger = &result["ledger"];
    let n = |key: &str| count(ledger, key);
    same(
        "planned + retries",
        n("planned") + n("retries"),
        n("written") + n("dropped") + n("unsent"),
    );
    let ends = n("accepted") + n("rejected") + n("timed_out") + n("lost") + n("open_at_end");
    same("written", n("written"), ends);
    let r = |key: &str| count(ledger, &format!("receipts.{key}"));
    let found = r("final") + r("missing") + r("untracked") + r("ambiguous") + r("silent");
    same("receipts asked", r("asked"), found);
    let states: i64 = of_all(&ledger["receipts"]["by_state"], "count");
    same("final receipts by state", states, r("final"));
    let answers: i64 = of_all(&result["statuses"], "count");
    same("answers by status", answers, n("accepted") + n("rejected"));
    let taken = result["statuses"].as_array().into_iter().flatten();
    let taken: i64 = taken.filter(|s| s["code"] == 0).map(|s| count(s, "count")).sum();
    same("answers with ESME_ROK", taken, n("accepted"));
    for key in ["written", "accepted", "rejected"] {
        same(&format!("{key} by session"), of_all(&result["sessions"], key), n(key));
        same(&format!("{key} by interval"), of_all(&result["intervals"], key), n(key));
    }
    for key in ["timed_out", "lost"] {
        same(&format!("{key} by interval"), of_all(&result["intervals"], key), n(key));
    }
    if ledger["balanced"] != true {
        faults.push(format!("books: ledger.balanced is {}", ledger["balanced"]));
    }
    if result["books"].as_array().is_none_or(|lines| !lines.is_empty()) {
        faults.push(format!("books: {}", result["books"]));
    }
    faults
}

fn of_all(rows: &Value, key: &str) -> i64 {
    rows.as_array().into_iter().flatten().map(|row| count(row, key)).sum()
}
