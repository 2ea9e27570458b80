//! What the embedded simulator was told to do with times, and how exactly it was measured.
use super::note::Withheld;
use super::tables;
use crate::kit::{Nanos, words};
use crate::measure::Metric;
use crate::plan::behaviour::Latency;
use crate::report::document::Document;

/// A sentence for response and receipts each; none for a target that is not the embedded simulator, and for times that
/// are withheld.
pub(super) fn lines(d: &Document) -> Vec<String> {
    if d.run.target != "embedded" {
        return Vec::new();
    }
    let embedded = &d.profile["embedded"];
    let after = Metric::ReceiptAfterResponse;
    let (responses, receipts) = (&embedded["response"]["latency"], &embedded["receipts"]["delay"]);
    [
        ("response", responses, "service", Metric::Service, "service"),
        ("receipts", receipts, "receipt_after_response", after, "after response"),
    ]
    .into_iter()
    .filter_map(|(what, planted, name, metric, from)| {
        let planted = wording(&serde_json::from_value(planted.clone()).ok()?)?;
        let row = d.latency.get(name)?.as_ref().filter(|row| row.count > 0)?;
        if Withheld::metric(&d.verdict, metric).is_some() {
            return None;
        }
        let [p50, p99] = ["p50", "p99"].map(|name| tables::percentile(row, name));
        Some(format!("{what} {planted}; measured {p50}, {p99} ({from})"))
    })
    .collect()
}

/// `lognormal 12 ms, p99 60 ms`; None: no latency.
fn wording(latency: &Latency) -> Option<String> {
    let time = |ns: Nanos| words::duration(ns.0);
    match *latency {
        Latency::Zero => None,
        Latency::Constant(span) => Some(format!("always {}", time(span))),
        Latency::Uniform(low, high) => Some(format!("uniform {} to {}", time(low), time(high))),
        Latency::Lognormal { median, p99 } => {
            Some(format!("lognormal {}, p99 {}", time(median), time(p99)))
        }
        Latency::Servers { servers, mean } => {
            let servers = words::counted(u64::from(servers), "server");
            Some(format!("{servers}, mean {}", time(mean)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_planted_latency_is_worded_with_its_figures() {
        let says = |value| wording(&serde_json::from_value(value).unwrap());
        for (value, wanted) in [
            (json!("20ms"), Some("always 20 ms")),
            (json!("0s"), None),
            (json!({ "uniform": ["1ms", "1s 600ms"] }), Some("uniform 1 ms to 1.6 s")),
            (
                json!({ "lognormal": { "median": "12ms", "p99": "60ms" } }),
                Some("lognormal 12 ms, p99 60 ms"),
            ),
            (json!({ "servers": 3, "mean": "2ms" }), Some("3 servers, mean 2 ms")),
        ] {
            assert_eq!(says(value).as_deref(), wanted);
        }
    }
}
