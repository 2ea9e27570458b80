//! Plays the table: many rows at a time, what every row must hold to checked without being told, and the rows
//! in which the machine was too busy once more with less beside them.
use crate::books;
use crate::peer::Peer;
use crate::process::{self, Call, Ended, Simulator};
use crate::row::{Leaves, Row, Target};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};

/// Held for writing while a row runs that nothing may run beside.
pub(crate) static QUIET: RwLock<()> = RwLock::new(());

/// What a row left behind.
pub(crate) struct Seen<'a> {
    pub(crate) ended: &'a Ended,
    /// result.json, with `peer`, `process`, `status` and `anomaly` beside it.
    pub(crate) facts: &'a Value,
    pub(crate) place: &'a Path,
    pub(crate) peer: Option<&'a Peer>,
}

/// How a row came out.
#[derive(Debug)]
enum Came {
    Held,
    Failed(Vec<String>),
    /// Its verdict is not the row's, and the machine was too busy for the harness: that says little.
    Noisy,
}

/// Rows whose verdict may stay unknown because the machine had no time for the harness: one in so many.
const UNKNOWN_ONE_IN: usize = 10;

/// Plays all rows; a line for each that failed.
pub(crate) fn play(rows: &[Row]) -> Vec<String> {
    let (together, alone): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| !row.alone);
    let of_verdicts = rows.iter().filter(|row| row.asks_for_a_verdict()).count();
    let mut failures = Vec::new();
    let noisy = at_once(&together, 20, &mut failures);
    let noisy = at_once(&noisy, 5, &mut failures);
    let _quiet = QUIET.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    let noisy = at_once(&noisy, 2, &mut failures);
    let (strict, mut unknown): (Vec<&Row>, Vec<&Row>) =
        noisy.into_iter().partition(|row| row.strict);
    let last: Vec<&Row> = strict.into_iter().chain(alone).collect();
    let (strict, more): (Vec<&Row>, Vec<&Row>) =
        at_once(&last, 1, &mut failures).into_iter().partition(|row| row.strict);
    failures.extend(strict.iter().map(|row| format!("{}\n    the harness is blamed", row.name)));
    unknown.extend(more);
    if unknown.len() * UNKNOWN_ONE_IN > of_verdicts {
        let names =
            unknown.iter().map(|row| format!("{}\n    the harness did not keep up", row.name));
        failures.extend(names);
    }
    failures.sort();
    failures
}

/// So many at a time. Gives back those that were disturbed.
#[expect(clippy::print_stderr, reason = "how long it took is for whoever reads the test's output")]
fn at_once<'a>(rows: &[&'a Row], wide: usize, failures: &mut Vec<String>) -> Vec<&'a Row> {
    let next = AtomicUsize::new(0);
    let began = std::time::Instant::now();
    let (failed, noisy) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..wide.min(rows.len()) {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::SeqCst)) {
                    match play_one(row) {
                        Came::Held => {}
                        Came::Noisy => noisy.lock().unwrap().push(*row),
                        Came::Failed(why) => {
                            let line = format!("{}\n    {}", row.name, why.join("\n    "));
                            failed.lock().unwrap().push(line);
                        }
                    }
                }
            });
        }
    });
    failures.extend(failed.into_inner().unwrap());
    let noisy = noisy.into_inner().unwrap();
    let (count, seconds) = (rows.len(), began.elapsed().as_secs());
    eprintln!(
        "hostile: {count} rows, {wide} at once, in {seconds} s; {} to be tried with less beside them",
        noisy.len()
    );
    if std::env::var_os("HOSTILE_NOISY").is_some() {
        noisy.iter().for_each(|row| eprintln!("    {}", row.name));
    }
    noisy
}

#[expect(clippy::print_stderr, reason = "how long each row took is for whoever asks for it")]
fn play_one(row: &Row) -> Came {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    for (name, content) in &row.files {
        std::fs::write(place.join(name), content).unwrap();
    }
    let (mut peer, mut simulator) = (None, None);
    let target = match &row.target {
        Target::Script(script) => peer.insert(Peer::start(script.clone())).address.to_string(),
        Target::Simulator(behaviour) => {
            simulator.insert(Simulator::start(behaviour, place)).address.clone()
        }
        Target::Nobody => free_address(),
    };
    let nobody = AtomicI32::new(0);
    let call = Call {
        args: row.resolved(place, &target),
        env: row.env.clone(),
        stdin: row.stdin.clone(),
        shell: row.shell.clone(),
        within: row.within,
        signals: row.signals.clone(),
    };
    let ended = process::call(&call, place, peer.as_ref().map_or(&nobody, Peer::pid));
    let facts = facts(place, &ended, peer.as_ref());
    let seen = Seen { ended: &ended, facts: &facts, place, peer: peer.as_ref() };
    let mut why = judge(row, &seen);
    if std::env::var_os("HOSTILE_TIMES").is_some() {
        eprintln!(
            "{:6.2} s {:4} MB {}",
            ended.wall.as_secs_f64(),
            ended.memory_kb / 1024,
            row.name
        );
    }
    if why.is_empty() {
        return Came::Held;
    }
    // what the harness could not keep up with is a matter of the verdict, and of what is said of it
    let of_the_verdict =
        |line: &String| line.starts_with("verdict.") || line.starts_with("does not say");
    let disturbed =
        why.iter().all(of_the_verdict) && facts["verdict"]["harness"]["state"] == "invalid";
    why.push(format!(
        "exit {:?} after {:.1} s; stderr: {}",
        ended.code,
        ended.wall.as_secs_f64(),
        tail(&ended.err)
    ));
    if disturbed { Came::Noisy } else { Came::Failed(why) }
}

/// An address on loopback where nobody listens.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Its last words.
fn tail(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words[words.len().saturating_sub(60)..].join(" ")
}

fn facts(place: &Path, ended: &Ended, peer: Option<&Peer>) -> Value {
    let octets = std::fs::read(place.join("out/result.json")).unwrap_or_default();
    let mut facts: Value = serde_json::from_slice(&octets).unwrap_or_else(|_| json!({}));
    let by_name = |list: &str, key: &str| -> Value {
        let rows = facts[list].as_array().into_iter().flatten();
        rows.filter_map(|row| Some((row[key].as_str()?.to_owned(), row["count"].clone())))
            .collect::<serde_json::Map<String, Value>>()
            .into()
    };
    let (statuses, anomalies) = (by_name("statuses", "name"), by_name("anomalies", "kind"));
    let printed: Value = serde_json::from_str(&ended.out).unwrap_or(Value::Null);
    if let Some(root) = facts.as_object_mut() {
        root.insert("status".into(), statuses);
        root.insert("anomaly".into(), anomalies);
        root.insert("stdout".into(), printed);
        root.insert("peer".into(), peer.map_or(Value::Null, Peer::figures));
        root.insert(
            "process".into(),
            json!({ "wall_s": ended.wall.as_secs_f64(), "memory_mb": ended.memory_kb / 1024,
                    "lines": ended.err.lines().count() }),
        );
    }
    facts
}

/// What is wrong with what a row left behind.
fn judge(row: &Row, seen: &Seen<'_>) -> Vec<String> {
    let ended = seen.ended;
    let mut why = Vec::new();
    if ended.hung {
        why.push(format!("still there after {} s", row.within.as_secs()));
    } else if !row.exits.contains(&ended.code) {
        why.push(format!("exit {:?}, expected {:?}", ended.code, row.exits));
    }
    let both = format!("{} {}", ended.out, ended.err);
    if both.contains("panicked at") || both.contains("RUST_BACKTRACE") {
        why.push("it panicked".to_owned());
    }
    if matches!(ended.code, Some(1..=3)) && ended.err.trim().is_empty() {
        why.push("it failed and said nothing".to_owned());
    }
    if ended.err.len() > 20_000 {
        why.push(format!("it said {} octets on stderr", ended.err.len()));
    }
    if ended.memory_kb / 1024 > row.memory_mb {
        why.push(format!("{} MB resident, bound {}", ended.memory_kb / 1024, row.memory_mb));
    }
    if row.is_run {
        why.extend(left_behind(row, seen));
    }
    let flat = both.split_whitespace().collect::<Vec<_>>().join(" ");
    let unsaid = row.says.iter().filter(|words| !flat.contains(words.as_str()));
    why.extend(unsaid.map(|words| format!("does not say {words:?}")));
    why.extend(row.never_says.iter().flat_map(|secret| where_said(secret, seen)));
    why.extend(row.facts.iter().filter_map(|fact| untrue(fact, seen.facts)));
    why.extend(row.checks.iter().filter_map(|check| check(seen).err()));
    why
}

/// The run folder: there where a run began, and its books balance.
fn left_behind(row: &Row, seen: &Seen<'_>) -> Vec<String> {
    let leaves = match (row.leaves, seen.ended.code) {
        (Leaves::AsTheCodeSays, Some(2 | 3) | None) => Leaves::Nothing,
        (Leaves::AsTheCodeSays, Some(_)) => Leaves::Folder,
        (other, _) => other,
    };
    let size =
        |name: &str| std::fs::metadata(seen.place.join("out").join(name)).map_or(0, |m| m.len());
    let wanted: &[&str] = match leaves {
        Leaves::AsTheCodeSays | Leaves::Either => &[],
        Leaves::Folder => &["result.json", "report.html", "intervals.csv"],
        Leaves::ResultAlone => &["result.json"],
        Leaves::Nothing if size("result.json") > 0 => {
            return vec!["no run began, yet there is a result.json".to_owned()];
        }
        Leaves::Nothing => &[],
    };
    let missing = wanted.iter().filter(|name| size(name) == 0);
    let mut why: Vec<String> = missing.map(|name| format!("{name} is missing")).collect();
    // what was saved while a run went on, or when it was stopped at once, is not settled
    let settled = seen.facts["state"] != "partial" || !seen.facts["ledger"]["balanced"].is_null();
    if seen.facts.get("ledger").is_some() && settled {
        why.extend(books::faults(seen.facts));
    }
    why
}

/// Where a secret is found: plain, or in hex.
fn where_said(secret: &str, seen: &Seen<'_>) -> Vec<String> {
    let hex: String = secret.bytes().map(|octet| format!("{octet:02x}")).collect();
    let holds = |octets: &[u8]| {
        let text = String::from_utf8_lossy(octets);
        text.contains(secret) || text.to_lowercase().contains(&hex)
    };
    let mut places: Vec<(String, Vec<u8>)> = vec![
        ("stdout".to_owned(), seen.ended.out.clone().into_bytes()),
        ("stderr".to_owned(), seen.ended.err.clone().into_bytes()),
    ];
    for entry in std::fs::read_dir(seen.place.join("out")).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        places.push((name, std::fs::read(entry.path()).unwrap_or_default()));
    }
    let found = places.into_iter().filter(|(_, octets)| holds(octets));
    found.map(|(name, _)| format!("{name} holds the secret {secret:?}")).collect()
}

/// Why a fact does not hold; None: it does.
fn untrue(fact: &str, facts: &Value) -> Option<String> {
    let mut parts = fact.splitn(3, ' ');
    let (Some(path), Some(relation), Some(wanted)) = (parts.next(), parts.next(), parts.next())
    else {
        return Some(format!("{fact:?} is no fact"));
    };
    let is = at(facts, path);
    let shown = is.as_str().map_or_else(|| is.to_string(), str::to_owned);
    if relation == "in" {
        let any = wanted.split(',').any(|word| word == shown);
        return (!any).then(|| format!("{path} is {shown}, expected one of {wanted}"));
    }
    let other = at(facts, wanted);
    let numbers = is.as_f64().zip(other.as_f64().or_else(|| wanted.parse().ok()));
    let holds = match (relation, numbers) {
        ("=", Some((a, b))) => a == b,
        ("!=", Some((a, b))) => a != b,
        ("=", None) => shown == wanted,
        ("!=", None) => shown != wanted,
        (">=", Some((a, b))) => a >= b,
        ("<=", Some((a, b))) => a <= b,
        (">", Some((a, b))) => a > b,
        ("<", Some((a, b))) => a < b,
        _ => false,
    };
    (!holds).then(|| format!("{path} is {shown}, expected {relation} {wanted} {other}"))
}

/// The value at a path of keys, indices and `len`; null where there is none.
fn at(facts: &Value, path: &str) -> Value {
    let mut value = facts.clone();
    for key in path.split('.') {
        value = match (&value, key, key.parse::<usize>()) {
            (Value::Array(list), "len", _) => list.len().into(),
            (Value::Array(list), _, Ok(n)) => list.get(n).cloned().unwrap_or(Value::Null),
            (other, key, _) => other.get(key).cloned().unwrap_or(Value::Null),
        };
    }
    value
}

#[cfg(test)]
mod tests {
    use super::{json, untrue};

    #[test]
    fn facts_are_compared_with_numbers_words_lists_and_other_facts() {
        let facts = json!({ "a": { "n": 3, "m": 3, "w": "full", "l": [1, 2], "none": null } });
        for holds in [
            "a.n = 3",
            "a.n = a.m",
            "a.n >= 2",
            "a.w = full",
            "a.w in empty,full",
            "a.l.len = 2",
            "a.l.1 = 2",
            "a.none = null",
            "a.n != 4",
        ] {
            assert_eq!(untrue(holds, &facts), None, "{holds}");
        }
        for fails in ["a.n = 4", "a.n < a.m", "a.w = empty", "a.none = 0", "a.gone >= 0", "a.n"] {
            assert!(untrue(fails, &facts).is_some(), "{fails}");
        }
    }
}
