//! A saved run as `judge::compare` takes it.
use super::document::{Document, IntervalRow, LatencyRow, Table, leaves};
use super::saved::{PackedHistogram, Saved, Second};
use crate::judge::compare::{
    self, BesideFigure, Evidence, Fingerprint, Proportion, compared_rates, compared_shares,
};
use crate::judge::statistics::BucketCounts;
use crate::judge::{PERCENTILES, ThroughRatio, Unit, work_piled_up};
use crate::kit::Nanos;
use crate::measure::through::TRANSITS;
use crate::measure::{LATENCY_METRICS, Latency, LatencyRange, Timed};

/// A histogram of a saved run that does not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{id}: latency.{name}: {why}")]
pub struct HistogramError {
    id: String,
    name: String,
    why: String,
}

impl Saved {
    /// What a comparison needs of the run. Without latency.hlog it has no seconds.
    ///
    /// # Errors
    /// [`HistogramError`]: a histogram that does not read.
    pub fn evidence(&self) -> Result<Evidence, HistogramError> {
        let document = &self.document;
        let mut latencies = Vec::new();
        for row in LATENCY_METRICS.iter().filter(|row| row.per_message) {
            if let Some(latency) = distribution(&document.run.id, &document.latency, row.name)? {
                latencies.push((row.metric.into(), latency));
            }
        }
        for row in &TRANSITS {
            let times = &document.latency.through;
            if let Some(latency) = distribution(&document.run.id, times, row.name)? {
                latencies.push((row.transit.into(), latency));
            }
        }
        let rates = compared_rates().filter_map(|name| {
            let value = document.rate.get(name.strip_prefix("rate.")?)?;
            Some((name.to_owned(), (*value)?))
        });
        let shares =
            compared_shares().filter_map(|name| Some((name.to_owned(), share(document, name)?)));
        Ok(Evidence {
            id: document.run.id.clone(),
            fingerprint: fingerprint(document),
            rates: rates.collect(),
            shares: shares.chain(insides(document)).collect(),
            latencies,
            seconds: match &self.seconds {
                // the distributions of the same seconds
                Some(seconds) => document.measured_rows().map(|row| second(row, seconds)).collect(),
                None => Vec::new(),
            },
            transits: transits(document, self.seconds.as_deref().unwrap_or_default()),
            harness: document.verdict.harness.state,
            work_piled_up: work_piled_up(document.verdict.outcome, &document.verdict.reasons),
            beside: beside(document),
            latency_includes_rejected: document.latency_includes_rejected(),
        })
    }
}

/// Recoveries of events and observed series, which a comparison shows and does not judge.
fn beside(document: &Document) -> Vec<BesideFigure> {
    let figure = |name: String, unit: Unit, value: Option<f64>| BesideFigure { name, unit, value };
    let events = document.recoveries.iter().flat_map(|event| {
        let name = |what: &str| format!("event.{}.{what}", event.name);
        [
            figure(name("recovery"), Unit::Seconds, event.recovery.median),
            figure(name("lost"), Unit::Count, Some(event.lost as f64)),
        ]
    });
    let observed = document.observe.iter().flat_map(|series| {
        let name = |what: &str| format!("observe.{}.{what}", series.path());
        [
            figure(name("mean"), series.unit, series.mean),
            figure(name("max"), series.unit, series.max),
        ]
    });
    events.chain(observed).collect()
}

/// The distribution of one metric with its censored values; None where there is neither.
pub(super) fn distribution(
    id: &str,
    table: &Table<Option<LatencyRow>>,
    name: &str,
) -> Result<Option<Latency>, HistogramError> {
    let Some(Some(row)) = table.get(name) else { return Ok(None) };
    let hdr = row.hdr.as_deref().map(Latency::from_base64).transpose();
    let unread = |why: String| HistogramError { id: id.to_owned(), name: name.to_owned(), why };
    let mut latency = match hdr.map_err(|why| unread(why.to_string()))? {
        Some(latency) => latency.exactly(row.max.map(Nanos), row.mean),
        None if row.censored > 0 => Latency::new(LatencyRange::for_deadline(Nanos::ZERO)),
        None => return Ok(None),
    };
    // the document has the number of censored values, and bounds of the percentiles among them
    let bounds = PERCENTILES.iter().filter_map(|(name, _)| row.percentile(name).1);
    let bound = bounds.min().or(row.max).unwrap_or(0);
    latency.censor_n(Nanos(bound), row.censored);
    Ok(Some(latency))
}

/// The counts of a share over the measured messages: for receipts from the sample, for others from rate, ratio and time,
/// which were made from whole numbers.
fn share(document: &Document, name: &str) -> Option<Proportion> {
    let name = name.strip_prefix("ratio.")?;
    let value = (*document.ratio.get(name)?)?;
    let of = if name == "missing" {
        let row = document.latency.get("receipt")?.as_ref()?;
        row.count + row.censored
    } else {
        let seconds = document.window.measured_seconds();
        ((*document.rate.get("written")?)? * seconds).round() as u64
    };
    Some(Proportion { part: (value * of as f64).round() as u64, of })
}

/// The counts of what went wrong inside the gateway; none: the run was through none.
fn insides(document: &Document) -> impl Iterator<Item = (String, Proportion)> {
    let through = document.through.iter();
    through.flat_map(|through| ThroughRatio::ALL.map(|ratio| (ratio, through))).map(
        |(ratio, through)| {
            let (part, of) = ratio.counts(through.books());
            (ratio.metric(), Proportion { part, of })
        },
    )
}

/// All seconds with their transit times: these count from the start of the load on, and not in measured stages only. Empty:
/// the run was through no gateway, or they were not saved.
fn transits(document: &Document, seconds: &[Second]) -> Vec<compare::Second> {
    let is_transit = |packed: &&PackedHistogram| matches!(packed.timed, Timed::Transit(_));
    if !seconds.iter().flat_map(|second| &second.latencies).any(|packed| is_transit(&packed)) {
        return Vec::new();
    }
    let all = document.intervals.iter().map(|row| {
        let (at, length) = (nanos(row.t_s), nanos(row.length_s));
        let packed = distributions(seconds, at).iter().filter(is_transit);
        let latencies = packed.filter_map(counted).collect();
        compare::Second { at, length, latencies, ..compare::Second::default() }
    });
    all.collect()
}

/// The distributions of the second that begins at this time; empty: none was saved.
fn distributions(seconds: &[Second], at: Nanos) -> &[PackedHistogram] {
    let found = seconds.binary_search_by_key(&at, |second| second.at);
    found.map_or(&[], |number| &seconds[number].latencies)
}

fn counted(packed: &PackedHistogram) -> Option<(Timed, BucketCounts)> {
    Some((packed.timed, BucketCounts::of(&packed.latency()?)))
}

fn nanos(seconds: f64) -> Nanos {
    const MILLISECOND: u64 = 1_000_000;
    Nanos((seconds * 1e3).round().max(0.0) as u64 * MILLISECOND)
}

fn second(row: &IntervalRow, seconds: &[Second]) -> compare::Second {
    let at = nanos(row.t_s);
    let is_per_message = |packed: &&PackedHistogram| match packed.timed {
        Timed::Metric(metric) => metric.row().per_message,
        Timed::Transit(_) => false,
    };
    let packed = distributions(seconds, at).iter().filter(is_per_message);
    compare::Second {
        at,
        length: nanos(row.length_s),
        counts: row.counters(),
        latencies: packed.filter_map(counted).collect(),
    }
}

/// Facts of the machine that affect a run and stay the same from run to run.
const MACHINE: [&str; 13] = [
    "host",
    "kernel",
    "cpu",
    "cores",
    "affinity",
    "memory",
    "cpu_quota",
    "memory_max",
    "clocksource",
    "governor",
    "virtualised",
    "build",
    "architecture",
];
/// Settings of the connection to the target, not its identity.
const TARGET: [&str; 5] = ["tls", "nodelay", "send_buffer", "receive_buffer", "keepalive"];
/// Parts of the profile that do not change the load, or that are compared.
const LEFT_OUT: [&str; 8] = ["name", "seed", "out", "guard", "gates", "metrics", "observe", "duel"];

fn fingerprint(document: &Document) -> Fingerprint {
    let mut keys = vec![("tool.version".to_owned(), document.tool.version.clone())];
    let mut machine = Vec::new();
    leaves("environment", &document.environment, &mut machine);
    keys.extend(machine.into_iter().filter(|(key, _)| {
        let own = key.strip_prefix("environment.").map(|k| k.strip_prefix("cgroup.").unwrap_or(k));
        own.is_some_and(|own| MACHINE.contains(&own))
    }));
    let empty = serde_json::Map::new();
    for (name, value) in document.profile.as_object().unwrap_or(&empty) {
        let key = format!("profile.{name}");
        match name.as_str() {
            left_out if LEFT_OUT.contains(&left_out) => {}
            "target" => {
                for name in TARGET {
                    leaves(&format!("{key}.{name}"), &value[name], &mut keys);
                }
            }
            // accounts may differ between compared runs; their binds may not
            "accounts" => {
                for (number, account) in value.as_array().into_iter().flatten().enumerate() {
                    for part in ["binds", "weight"] {
                        leaves(&format!("{key}[{number}].{part}"), &account[part], &mut keys);
                    }
                }
            }
            "embedded" => {
                let mut behaviour = Vec::new();
                leaves(&key, value, &mut behaviour);
                behaviour.retain(|(key, _)| key != "profile.embedded.seed");
                keys.extend(behaviour);
            }
            // where a gateway binds may differ, as the target may; how it is answered there may not
            "upstream" => {
                let mut upstream = Vec::new();
                leaves(&key, value, &mut upstream);
                upstream.retain(|(key, _)| !is_of_a_place(key));
                keys.extend(upstream);
            }
            _ => leaves(&key, value, &mut keys),
        }
    }
    Fingerprint(keys)
}

/// Whether a key of `[upstream]` only says where the gateway binds.
fn is_of_a_place(key: &str) -> bool {
    let own = key.strip_prefix("profile.upstream.").unwrap_or(key);
    own.starts_with("listen")
        || own == "seed"
        || own.starts_with("routes[") && own.ends_with("].upstream")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn sample() -> Saved {
        let octets = include_bytes!("../../reports/sample/result.json");
        Saved { document: Document::from_json(octets).unwrap(), seconds: None }
    }

    #[test]
    fn the_counts_and_percentiles_of_a_saved_run_come_back() {
        let saved = sample();
        let run = saved.evidence().unwrap();
        let document = &saved.document;
        let row = document.latency.get("response").unwrap().as_ref().unwrap();
        let response = run.latency(crate::measure::Metric::Response).unwrap();
        assert_eq!(response.count(), row.count);
        assert_eq!(response.quantile(0.99).map(|n| n.0), row.p99);
        assert_eq!(run.rate("rate.accepted"), *document.rate.get("accepted").unwrap());
        let missing = run.share("ratio.missing").unwrap();
        assert_eq!((missing.part, missing.of), (0, 8000));
        assert_eq!(run.share("ratio.rejected").unwrap().of, 8000);
    }

    #[test]
    fn recoveries_and_observed_series_of_both_sides_stand_beside_the_comparison() {
        let run = |recovery: Option<f64>, rss: f64| {
            let mut saved = sample();
            let mut whole = serde_json::to_value(&saved.document).unwrap();
            whole["recoveries"] = serde_json::json!([{
                "name": "cut", "do": "close", "occurrences": 3, "recovered": 3, "lost": 4, "timed_out": 0,
                "missing": 0, "duplicated": 0,
                "recovery": { "unit": "s", "median": recovery }, "sessions": { "unit": "s" },
                "rate": { "unit": "s" }, "response": { "unit": "s" },
            }]);
            whole["observe"] = serde_json::json!([{
                "name": "gw", "series": "rss", "unit": "octets", "max": 2.0 * rss, "mean": rss,
                "growth": null, "ci": null, "points": 8, "samples": 8, "failed": 0,
            }]);
            saved.document = serde_json::from_value(whole).unwrap();
            saved.evidence().unwrap()
        };
        let settings = compare::Settings::default();
        let sides = |candidate: Option<f64>| {
            let of = |run: Evidence| compare::RunSet::of(&[run], 20, 1).unwrap();
            compare::compare(&of(run(Some(0.5), 1e6)), &of(run(candidate, 2e6)), &settings).unwrap()
        };
        let compared = sides(Some(0.6));
        let rows: Vec<_> =
            compared.beside.iter().map(|r| (r.name.as_str(), r.base, r.candidate)).collect();
        assert_eq!(
            rows,
            [
                ("event.cut.recovery", Some(0.5), Some(0.6)),
                ("event.cut.lost", Some(4.0), Some(4.0)),
                ("observe.gw.rss.mean", Some(1e6), Some(2e6)),
                ("observe.gw.rss.max", Some(2e6), Some(4e6)),
            ]
        );
        // one that was not seen to recover has no median
        assert_eq!(sides(None).beside[0].candidate, None);
        let text = crate::report::comparison::text(&compared, crate::report::Style::default());
        let line = text.lines().find(|line| line.contains("event.cut.recovery")).unwrap();
        assert!(
            line.contains("0.5 s") && line.contains("0.6 s") && line.contains("+20.0 %"),
            "{line}"
        );
        assert!(text.contains("observe.gw.rss.max"), "{text}");
    }

    #[test]
    fn names_targets_accounts_and_seeds_do_not_tell_runs_apart_but_machine_and_load_do() {
        let upstream = |address: &str, latency: &str| {
            let routes = serde_json::json!([{ "to": "44*", "upstream": address }]);
            serde_json::json!({
                "listen": [address], "seed": address.len(), "routes": routes, "response": { "latency": latency },
            })
        };
        let mut base = sample();
        base.document.profile["upstream"] = upstream("a:2776", "5ms");
        let one = base.evidence().unwrap().fingerprint;
        let changed = |path: &str, value: Value| {
            let mut saved = base.clone();
            let mut whole = serde_json::to_value(&saved.document).unwrap();
            *whole.pointer_mut(path).unwrap() = value;
            saved.document = serde_json::from_value(whole).unwrap();
            let other = saved.evidence().unwrap().fingerprint;
            one.differences(&other).into_iter().map(|d| d.key).collect::<Vec<_>>()
        };
        for (path, value) in [
            ("/profile/name", "other".into()),
            ("/profile/seed", 9.into()),
            ("/profile/embedded/seed", 9.into()),
            ("/profile/target/address", "b:2775".into()),
            ("/profile/accounts/0/system_id", "other".into()),
            ("/environment/local_ports", "1-2".into()),
            ("/environment/tcp", Value::Null),
        ] {
            assert_eq!(changed(path, value), Vec::<String>::new(), "{path}");
        }
        assert_eq!(changed("/profile/upstream", upstream("b:2776", "5ms")), Vec::<String>::new());
        assert_eq!(
            changed("/profile/upstream", upstream("a:2776", "9ms")),
            ["profile.upstream.response.latency"]
        );
        assert_eq!(changed("/environment/kernel", "7.0".into()), ["environment.kernel"]);
        assert_eq!(
            changed("/profile/accounts/0/binds/window", 5.into()),
            ["profile.accounts[0].binds.window"]
        );
        assert_eq!(
            changed("/profile/load/stages/1/hold", 5.into()),
            ["profile.load.stages[1].hold"]
        );
        assert_eq!(changed("/profile/target/tls", true.into()), ["profile.target.tls"]);
    }
}
