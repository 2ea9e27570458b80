//! Measurement: the times of a message, its outcome, and the cells that count them (docs/measuring.md and
//! docs/ledger.md).
//!
//! Each worker has one [`Recorder`], without locks, and reports an [`Interval`] each second; [`RunRecord`] is the sum of
//! them. Nothing here knows plans, sockets or clocks.
mod cell;
mod congestion;
mod counters;
mod cut;
mod disturbed;
mod down;
mod event;
mod failed;
mod fleet;
mod histogram_codec;
mod interval;
mod latency;
mod load;
mod merge;
mod metric;
mod observed;
mod observer;
mod record;
mod recorder;
mod recovery;
mod row;
mod slots;
mod spill;
pub mod through;
mod ticket;
mod timed;

pub use cell::CellInterval;
pub use congestion::CongestionStates;
pub use counters::{Counters, Counts, StateCounts, id_rule_name};
pub use cut::CutReason;
pub use disturbed::DisturbedTime;
pub use down::DownCause;
pub use event::EventOccurrence;
pub use failed::{FAILED_MAX, MissingReceipt, Rejection};
pub use fleet::{AgentLoss, AgentRecord, ClockFix, FleetRecord};
pub use histogram_codec::HistogramError;
pub use interval::{
    ANSWERED_AS, Anomaly, Exchange, Gauges, Interval, Messages, Outage, SessionRecord, Transport,
    WorkerUse,
};
pub use latency::{Latency, LatencyRange, LatencySummary};
pub use load::WorkerLoad;
pub use metric::{LATENCY_METRICS, Metric, MetricRow};
pub use observed::{
    Observed, ObservedPoint, ObservedSample, ObservedSeries, Reading, SeriesUnit, SourceGaps,
};
pub use observer::{NoObserver, Observer, Phase, Progress, Steer};
pub use record::{CellKey, RunRecord};
pub use recorder::{Recorder, WriteBatch};
pub use recovery::{
    Recovery, RecoveryBands, RecoveryTracker, Reference, SlotCounts, UndisturbedSecond,
    UndisturbedSeconds, Unseen,
};
pub use row::IntervalRow;
pub use slots::{Slot, SlotRow, Slots};
pub use spill::{ROW_METRICS, SpillStore};
pub use ticket::{CellId, Outcome, Ticket};
pub use timed::Timed;
