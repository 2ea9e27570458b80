//! response.hgrm: the percentile distribution of the response time as HdrHistogram's own tools plot it,
//! in milliseconds. Values seen only: the form has no word for a censored one, so a comment says how many.
use super::document::{Document, LatencyRow};
use super::unavailable::Unavailable;
use crate::kit::Nanos;
use crate::measure::{Latency, LatencyRange, Metric};
use std::fmt::Write;

/// Steps for each halving of the distance to 100 %, as HdrHistogram's tools have it.
const STEPS: u32 = 5;
const NS_PER_MS: f64 = 1e6;

/// The file; without a value seen it is an empty table.
pub(super) fn render(document: &Document) -> Result<Vec<u8>, Unavailable> {
    let name = Metric::Response.name();
    let row = document.latency.get(name).and_then(Option::as_ref);
    let latency = match row.filter(|row| row.hdr.is_some()) {
        Some(row) => row
            .distribution()
            .map_err(|why| Unavailable::Histogram { name: format!("latency.{name}"), why })?,
        None => Latency::new(LatencyRange::for_deadline(Nanos::ZERO)),
    };
    Ok(distribution(&row.cloned().unwrap_or_default(), &latency).into_bytes())
}

fn distribution(row: &LatencyRow, latency: &Latency) -> String {
    let mut text = String::from("       Value     Percentile TotalCount 1/(1-Percentile)\n\n");
    let histogram = latency.histogram();
    let mut total = 0;
    for step in histogram.iter_quantiles(STEPS) {
        total += step.count_since_last_iteration();
        let q = step.quantile_iterated_to();
        let value = step.value_iterated_to().min(histogram.max()) as f64 / NS_PER_MS;
        write!(text, "{value:12.3} {q:2.12} {total:10}").expect("a String takes all");
        if q < 1.0 {
            write!(text, " {:14.2}", 1.0 / (1.0 - q)).expect("a String takes all");
        }
        text.push('\n');
    }
    let ms = |ns: Option<u64>| ns.unwrap_or(0) as f64 / NS_PER_MS;
    write!(
        text,
        "#[Mean    = {:12.3}, StdDeviation   = {:12.3}]\n\
         #[Max     = {:12.3}, Total count    = {:12}]\n\
         #[Buckets = {:12}, SubBuckets     = {:12}]\n",
        ms(row.mean),
        ms(row.stddev),
        ms(row.max),
        row.count,
        histogram.buckets(),
        (2 * 10u64.pow(u32::from(histogram.sigfig()))).next_power_of_two(),
    )
    .expect("a String takes all");
    if row.censored > 0 {
        writeln!(text, "#[Censored = {}]", row.censored).expect("a String takes all");
    }
    text
}
