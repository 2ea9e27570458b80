//! A run as its folder holds it: the document, and the distributions of each interval.
use super::Run;
use super::document::Document;
use crate::kit::Nanos;
use crate::measure::through::{TRANSITS, ThroughRecord};
use crate::measure::{IntervalRow, Latency, Metric, ROW_METRICS, Timed};

/// A saved run, or one that has just ended: what every format is rendered from.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// result.json.
    pub document: Document,
    /// latency.hlog; None: there is only result.json.
    pub seconds: Option<Vec<Second>>,
}

impl Saved {
    /// Of a run that has just ended.
    pub fn of(run: &Run<'_>) -> Saved {
        let through = run.record.through.as_deref();
        let seconds =
            run.record.intervals.iter().map(|row| Second::of(row).and_transits(through, row));
        // a second without observed values has no line in the log
        let seen = seconds.filter(|second| !second.latencies.is_empty());
        Saved { document: Document::of(run), seconds: Some(seen.collect()) }
    }
}

/// The distributions of one interval (values seen only, two significant digits).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Second {
    /// Its start, from the start of the load; to the millisecond, as the log has it.
    pub at: Nanos,
    /// How long; likewise.
    pub length: Nanos,
    /// Of what was answered, receipted or came through a gateway in it; what has no value is left out.
    pub latencies: Vec<PackedHistogram>,
}

/// The histogram of one latency or transit time in one interval, packed: an hour has thousands, and unpacked they are a hundred times
/// as large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedHistogram {
    /// Which.
    pub timed: Timed,
    /// Largest value seen, to the microsecond, as the log has it.
    pub max: Nanos,
    /// [`Latency::to_base64`].
    pub hdr: String,
}

impl PackedHistogram {
    /// An open distribution, packed; None without a value seen.
    pub fn of(timed: impl Into<Timed>, latency: &Latency) -> Option<PackedHistogram> {
        let max = latency.max().filter(|_| latency.count() > 0)?;
        let (timed, max) = (timed.into(), rounded(max.0, MICROSECOND));
        Some(PackedHistogram { timed, max, hdr: latency.to_base64() })
    }

    fn of_row(metric: Metric, row: &IntervalRow) -> Option<PackedHistogram> {
        let brief = row.summary(metric)?;
        let max = brief.max().filter(|_| brief.count > 0)?;
        let (timed, max) = (metric.into(), rounded(max, MICROSECOND));
        Some(PackedHistogram { timed, max, hdr: row.base64(metric)? })
    }

    /// The distribution; None: it is not readable.
    pub fn latency(&self) -> Option<Latency> {
        Latency::from_base64(&self.hdr).ok()
    }
}

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;

/// To the nearest whole `unit`.
pub(super) fn rounded(ns: u64, unit: u64) -> Nanos {
    Nanos(ns.saturating_add(unit / 2) / unit * unit)
}

impl Second {
    /// A row's distributions.
    pub fn of(row: &IntervalRow) -> Second {
        let kept = ROW_METRICS.into_iter();
        Second {
            at: rounded(row.at.0, MILLISECOND),
            length: rounded(row.length.0, MILLISECOND),
            latencies: kept.filter_map(|metric| PackedHistogram::of_row(metric, row)).collect(),
        }
    }

    /// The same with the transit times that ended in the row's time; None: the run was through no gateway.
    fn and_transits(mut self, through: Option<&ThroughRecord>, row: &IntervalRow) -> Second {
        let all = through.into_iter().flat_map(|through| TRANSITS.map(|of| (of.transit, through)));
        self.latencies.extend(all.filter_map(|(transit, through)| {
            let latency = through.times.between(transit, row.at, row.at + row.length);
            PackedHistogram::of(transit, &latency)
        }));
        self
    }

    /// The distribution of one latency or transit time; None where none of its values was seen in this interval.
    pub fn latency(&self, timed: impl Into<Timed>) -> Option<Latency> {
        let timed = timed.into();
        self.latencies.iter().find(|packed| packed.timed == timed)?.latency()
    }
}
