//! The tally of a simulator, as `smppbench smsc --tally FILE` writes it each second.
use super::fault::Fault;
use super::rates::Rates;
use super::{Sampled, Source};
use crate::kit::{Clock, MIB, Nanos, read_at_most};
use crate::measure::{Reading, SeriesUnit};
use crate::plan::TALLY_SERIES;
use serde_json::Value;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

/// A file with a tally.
#[derive(Debug)]
pub struct TallyFile {
    path: PathBuf,
    rates: Rates,
}

/// Where each of [`TALLY_SERIES`] stands in the file, and whether it is a counter.
const PLACES: [(&str, bool); TALLY_SERIES.len()] = [
    ("/submits/accepted", true),
    ("/submits/refused", true),
    ("/responses/sent", true),
    ("/receipts/by_state", true),
    ("/receipts/pending", false),
    ("/binds/accepted", true),
];

/// Age from which the file is taken for that of a simulator that has ended.
const STALE: Nanos = Nanos::from_secs(5);

impl TallyFile {
    /// That file.
    pub fn new(path: PathBuf) -> TallyFile {
        TallyFile { path, rates: Rates::default() }
    }

    fn read(&self) -> Result<Value, Fault> {
        let failed = |why| Fault::File { path: self.path.clone(), why };
        let not_such = |what| Fault::NotSuch { path: self.path.clone(), what };
        let written = std::fs::metadata(&self.path).and_then(|m| m.modified()).map_err(failed)?;
        let written = written.duration_since(UNIX_EPOCH).map_or(Nanos::ZERO, Nanos::from);
        if Nanos(Clock::wall_ns()).since(written) > STALE {
            return Err(not_such("not written for 5 s; is the simulator running?"));
        }
        let octets = read_at_most(&self.path, MIB).map_err(failed)?;
        serde_json::from_slice(&octets).map_err(|_| not_such("it holds no tally of smppbench smsc"))
    }
}

/// A count, or the sum of an object of counts.
fn count(value: &Value) -> Option<f64> {
    match value {
        Value::Object(counts) => Some(counts.values().filter_map(Value::as_f64).sum()),
        value => value.as_f64(),
    }
}

impl Source for TallyFile {
    fn sample(&mut self, now: Nanos) -> Sampled {
        let tally = match self.read() {
            Ok(tally) => tally,
            Err(fault) => return fault.into(),
        };
        let mut sampled = Sampled::default();
        for (series, (place, is_counter)) in TALLY_SERIES.into_iter().zip(PLACES) {
            let Some(value) = tally.pointer(place).and_then(count) else {
                let what = "it holds no tally of smppbench smsc";
                sampled.fault = Some(Fault::NotSuch { path: self.path.clone(), what });
                continue;
            };
            let (value, unit) = match is_counter {
                true => (self.rates.of(series, value, now), SeriesUnit::PerSecond),
                false => (Some(value), SeriesUnit::Number),
            };
            let reading = value.map(|value| Reading { series: series.to_owned(), unit, value });
            sampled.readings.extend(reading);
        }
        sampled
    }
}
