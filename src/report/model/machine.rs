//! The run and the machine it ran on, in words.
use super::table::{Table, text};
use crate::kit::words;
use crate::report::document::{Document, leaves};

/// What a key of the environment is called.
const NAMES: [(&str, &str); 24] = [
    ("cpu", "processor"),
    ("affinity", "cores it may use"),
    ("nofile", "open files, maximum"),
    ("cgroup.path", "control group"),
    ("cgroup.version", "version of control groups"),
    ("cgroup.cpu_quota", "CPU quota, in cores"),
    ("cgroup.memory_max", "memory limit"),
    ("cgroup.reasons.cpu_quota", "CPU quota"),
    ("cgroup.reasons.memory_max", "memory limit"),
    ("clocksource", "clock source"),
    ("governor", "frequency governor"),
    ("virtualised", "virtual machine"),
    ("local_ports", "local ports"),
    ("rtt_ns", "round trip, median of the sessions"),
    ("rtt_min_ns", "round trip, shortest"),
    ("rtt_max_ns", "round trip, longest of the sessions"),
    ("retransmits", "segments sent again"),
    ("segments_out", "segments sent"),
    ("rwnd_limited_ratio", "receive window full, of the busy time"),
    ("sndbuf_limited_ratio", "send buffer full, of the busy time"),
    ("nodelay", "TCP_NODELAY"),
    ("send_buffer", "send buffer"),
    ("receive_buffer", "receive buffer"),
    ("share_of_ceiling", "share of the ceiling"),
];

/// The run and the machine it ran on.
pub(crate) fn environment(d: &Document) -> Table {
    const LEAVES_MAX: usize = 120;
    let commit = d.tool.commit.as_deref().unwrap_or("unknown");
    let mut rows = vec![
        ("run".to_owned(), d.run.id.clone()),
        ("target".to_owned(), d.run.target.clone()),
        ("seed".to_owned(), d.run.seed.to_string()),
        ("smppbench".to_owned(), format!("{}, commit {commit}", d.tool.version)),
    ];
    rows.extend(d.run.folder.iter().map(|f| ("folder".to_owned(), f.clone())));
    let mut found = Vec::new();
    leaves("", &d.environment, &mut found);
    rows.extend(found.iter().filter_map(|(key, value)| worded(d, key, value)));
    let mut table = Table::new("environment", "Environment", " | <value");
    let shown = rows.into_iter().take(LEAVES_MAX);
    table.rows = shown.map(|(name, value)| vec![text(name), text(value)]).collect();
    table
}

/// Name and value of a key; None: the table says it elsewhere, or it means nothing here.
fn worded(d: &Document, key: &str, value: &str) -> Option<(String, String)> {
    let last = key.rsplit('.').next().unwrap_or(key);
    let named = |key: &str| NAMES.iter().find(|(name, _)| *name == key).map(|(_, words)| *words);
    let name = named(key).or_else(|| named(last)).map_or(last.replace('_', " "), str::to_owned);
    let value = shown(last, value);
    let Some(place) = key.strip_prefix("tcp[") else {
        let of = if key.starts_with("selfcheck.") { "self-check: " } else { "" };
        return Some((format!("{of}{name}"), value));
    };
    // on loopback an acknowledgement waits for the answer of the peer, and only the shortest round trip tells the way
    let delayed = d.on_loopback() && matches!(last, "rtt_ns" | "rtt_max_ns");
    if last == "role" || delayed {
        return None;
    }
    let number: Option<usize> = place.split(']').next().and_then(|n| n.parse().ok());
    let role = number.and_then(|n| d.environment["tcp"][n]["role"].as_str()).unwrap_or("session");
    Some((format!("TCP of each {role}: {name}"), value))
}

/// A value with its unit.
fn shown(key: &str, value: &str) -> String {
    let number = value.parse::<f64>().ok();
    match (value, number) {
        ("true", _) => "yes".to_owned(),
        ("false", _) => "no".to_owned(),
        (_, Some(n))
            if matches!(key, "memory" | "memory_max" | "send_buffer" | "receive_buffer") =>
        {
            words::octets(n)
        }
        (_, Some(n)) if key.ends_with("_ns") => words::duration(n as u64),
        (_, Some(n)) if key.ends_with("_ratio") || key.starts_with("share_") => words::percent(n),
        (_, Some(n)) if n >= 1_000.0 && n.fract() == 0.0 && n < 1e15 => words::count(n as u64),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_machine_have_units() {
        for (key, value, wanted) in [
            ("memory", "25276510208", "23.5 GiB"),
            ("receive_buffer", "131072", "128 KiB"),
            ("rtt_min_ns", "7000", "7 µs"),
            ("rwnd_limited_ratio", "0.25", "25 %"),
            ("virtualised", "true", "yes"),
            ("nofile", "20000", "20,000"),
            ("kernel", "6.18", "6.18"),
            ("cores", "2", "2"),
        ] {
            assert_eq!(shown(key, value), wanted, "{key}");
        }
    }

    #[test]
    fn on_loopback_only_the_shortest_round_trip_is_shown() {
        let octets = include_bytes!("../../../reports/sample/result.json");
        let mut d = Document::from_json(octets).unwrap();
        d.environment = serde_json::json!({
            "tcp": [{ "role": "transceiver", "rtt_ns": 11_750_000, "rtt_min_ns": 7_000 }]
        });
        let rows = |d: &Document| -> String {
            environment(d).rows.iter().map(|row| format!("{} {}\n", row[0], row[1])).collect()
        };
        assert!(
            rows(&d).contains("TCP of each transceiver: round trip, shortest 7 µs"),
            "{}",
            rows(&d)
        );
        assert!(!rows(&d).contains("11.8 ms"));
        d.run.target = "smsc.example:2775".to_owned();
        assert!(rows(&d).contains("median of the sessions 11.8 ms"), "{}", rows(&d));
    }
}
