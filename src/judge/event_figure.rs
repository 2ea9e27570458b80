//! The figures of an event, as gates name them: `event.NAME.recovery`, `event.NAME.lost`.
use super::check::Unit;
use super::events::EventRow;

/// A figure of an event. Of several occurrences the worst counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventFigure {
    /// Time to recover.
    Recovery,
    /// Time until its sessions are bound.
    Sessions,
    /// Time until the rate is back.
    Rate,
    /// Time until the response time is back.
    Response,
    /// Time until the backlog is drained.
    Backlog,
    /// submit_sm lost.
    Lost,
    /// submit_sm timed out.
    TimedOut,
    /// Receipts missing.
    Missing,
    /// Receipts received twice.
    Duplicated,
}

impl EventFigure {
    /// Every figure, in the order of its declaration.
    pub const ALL: [EventFigure; 9] = [
        EventFigure::Recovery,
        EventFigure::Sessions,
        EventFigure::Rate,
        EventFigure::Response,
        EventFigure::Backlog,
        EventFigure::Lost,
        EventFigure::TimedOut,
        EventFigure::Missing,
        EventFigure::Duplicated,
    ];

    /// Its name after that of the event.
    pub const fn name(self) -> &'static str {
        match self {
            EventFigure::Recovery => "recovery",
            EventFigure::Sessions => "sessions",
            EventFigure::Rate => "rate",
            EventFigure::Response => "response",
            EventFigure::Backlog => "backlog",
            EventFigure::Lost => "lost",
            EventFigure::TimedOut => "timed_out",
            EventFigure::Missing => "missing",
            EventFigure::Duplicated => "duplicated",
        }
    }

    /// What it is, in one sentence.
    pub const fn says(self) -> &'static str {
        match self {
            EventFigure::Recovery => {
                "time from the end of an event until sessions, rate and response time are back"
            }
            EventFigure::Sessions => "time until the last of its sessions is bound again",
            EventFigure::Rate => {
                "time until the rate stays within its band of the undisturbed rate"
            }
            EventFigure::Response => {
                "time until the p99 response time of a second stays within its band"
            }
            EventFigure::Backlog => "time until the backlog is as small as before the event",
            EventFigure::Lost => "submit_sm in flight on the sessions that it ended",
            EventFigure::TimedOut => {
                "submit_sm that timed out after it began and before the next occurrence"
            }
            EventFigure::Missing => {
                "receipts that became missing after it began and before the next occurrence"
            }
            EventFigure::Duplicated => {
                "receipts received twice after it began and before the next occurrence"
            }
        }
    }

    /// The figure of that name.
    pub fn named(name: &str) -> Option<EventFigure> {
        EventFigure::ALL.into_iter().find(|figure| figure.name() == name)
    }

    /// Its unit.
    pub const fn unit(self) -> Unit {
        match self {
            EventFigure::Recovery
            | EventFigure::Sessions
            | EventFigure::Rate
            | EventFigure::Response
            | EventFigure::Backlog => Unit::Nanoseconds,
            EventFigure::Lost
            | EventFigure::TimedOut
            | EventFigure::Missing
            | EventFigure::Duplicated => Unit::Count,
        }
    }

    /// Its value in one occurrence, in its unit. None: it was not seen.
    pub fn of(self, row: &EventRow) -> Option<f64> {
        let recovery = &row.recovery;
        let nanoseconds = |seconds: Option<f64>| seconds.map(|s| (s * 1e9).round());
        match self {
            EventFigure::Recovery => nanoseconds(recovery.total_s),
            EventFigure::Sessions => nanoseconds(recovery.sessions_s),
            EventFigure::Rate => nanoseconds(recovery.rate_s),
            EventFigure::Response => nanoseconds(recovery.response_s),
            EventFigure::Backlog => nanoseconds(recovery.backlog_s),
            EventFigure::Lost => Some(row.lost as f64),
            EventFigure::TimedOut => Some(row.timed_out as f64),
            EventFigure::Missing => Some(row.missing as f64),
            EventFigure::Duplicated => Some(row.duplicated as f64),
        }
    }

    /// A lower bound where [`EventFigure::of`] is None.
    pub fn at_least(self, row: &EventRow) -> Option<f64> {
        (self == EventFigure::Recovery).then(|| (row.recovery.at_least_s * 1e9).round())
    }
}
