//! Measurement: the five times of a message, what became of it, and where both are counted (METHOD.md §1, §3, §4).
//!
//! One [`Recorder`] per worker, without locks. It hands up an [`Interval`] each second; [`RunRecord`] is
//! the sum of them. Nothing here knows a plan, a socket or a clock.
mod interval;
mod latency;
mod metric;
mod record;
mod recorder;
mod tally;
mod ticket;

pub use interval::{
    Anomaly, CellInterval, Exchange, Gauges, Interval, Messages, Outage, SessionRecord, Transport,
};
pub use latency::{Latency, LatencyBrief, LatencyRange};
pub use metric::{LATENCY_METRICS, Metric, MetricRow};
pub use record::{
    CellKey, IntervalRow, NoObserver, Observer, Phase, Progress, RunRecord, WorkerLoad,
};
pub use recorder::Recorder;
pub use tally::{Counts, ID_RULES, StateCounts, Tally};
pub use ticket::{CellId, Outcome, Ticket};
