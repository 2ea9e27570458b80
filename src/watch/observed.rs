//! The latest values of what is observed beside the run.
use crate::judge::Unit;
use crate::kit::Nanos;
use crate::measure::Progress;

/// Age up to which a value is the latest; a source that fails for longer has none.
const LATELY: Nanos = Nanos::from_secs(10);

/// The latest value of one series.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LatestValue {
    /// `source.series`.
    pub(super) name: String,
    pub(super) unit: Unit,
    pub(super) value: f64,
}

impl LatestValue {
    /// `gw.rss 12.3 MiB`.
    pub(super) fn says(&self) -> String {
        format!("{} {}", self.name, self.unit.show(self.value))
    }
}

/// The latest value of each series that was sampled lately.
pub(super) fn latest(p: &Progress<'_>) -> Vec<LatestValue> {
    let series = p.record.observed.series.iter();
    let latest = series.filter_map(|series| {
        let last = series.points.last()?;
        let name = format!("{}.{}", series.source, series.series);
        let is_fresh = last.at + series.length + LATELY >= p.at;
        is_fresh.then(|| LatestValue { name, unit: series.unit.into(), value: last.mean })
    });
    latest.collect()
}
