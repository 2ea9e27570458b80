//! Measurement: the five times of a message, what became of it, and where both are counted (docs/measuring.md and
//! docs/ledger.md).
//!
//! One [`Recorder`] per worker, without locks. It hands up an [`Interval`] each second; [`RunRecord`] is
//! the sum of them. Nothing here knows a plan, a socket or a clock.
mod cell;
mod counters;
mod cut;
mod down;
mod failed;
mod fleet;
mod interval;
mod latency;
mod load;
mod merge;
mod metric;
mod observer;
mod packed;
mod record;
mod recorder;
mod row;
mod shelf;
mod ticket;

pub use cell::CellInterval;
pub use counters::{Counters, Counts, ID_RULES, StateCounts};
pub use cut::CutReason;
pub use down::DownCause;
pub use failed::{FAILED_MAX, MissingReceipt, Rejection};
pub use fleet::{AgentLoss, AgentRecord, ClockFix, FleetRecord};
pub use interval::{
    ANSWERED_AS, Anomaly, Exchange, Gauges, Interval, Messages, Outage, SessionRecord, Transport,
    WorkerUse,
};
pub use latency::{Latency, LatencyBrief, LatencyRange};
pub use load::WorkerLoad;
pub use metric::{LATENCY_METRICS, Metric, MetricRow};
pub use observer::{NoObserver, Observer, Phase, Progress, Steer};
pub use packed::HistogramError;
pub use record::{CellKey, RunRecord};
pub use recorder::{Recorder, WriteBatch};
pub use row::IntervalRow;
pub use shelf::{ROW_METRICS, Shelf};
pub use ticket::{CellId, Outcome, Ticket};
