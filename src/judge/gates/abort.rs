//! Gates that end a run (`abort_after = "5s"`), because it would fail anyway. They are checked once a second on the rows
//! so far; the result is the reason that an observer returns.
use super::expression::Limit;
use super::fault::GateError;
use super::read::{Gate, read};
use super::window::{RowSample, SpanContext, breaks, place, samples, shown, stretches};
use crate::judge::name::Names;
use crate::kit::{Nanos, words};
use crate::measure::RunRecord;
use crate::plan::{Plan, Shape};

/// How a run's `cut_reason` begins where a gate ended it; the gate's name follows.
pub const ABORTED: &str = "abort_on_fail: ";

/// How long to wait for the workers' reports of a second after its end.
const LATE: Nanos = Nanos::from_secs(1);

/// The gates of a plan that may end its run.
#[derive(Clone, Debug)]
pub struct Abort {
    names: Names,
    /// Whether there is no schedule.
    closed: bool,
    gates: Vec<(String, Gate)>,
    /// End of the last second checked.
    checked_until: Nanos,
}

impl Abort {
    /// The gates of a plan with `abort_after`.
    ///
    /// # Errors
    /// As [`super::check_gates`].
    pub fn of(plan: &Plan) -> Result<Abort, GateError> {
        let names = Names::of(plan);
        let mut gates = Vec::new();
        for (name, value) in &plan.gates {
            let gate = read(&names, name, value)?;
            if gate.abort_after.is_some() {
                gates.push((name.clone(), gate));
            }
        }
        let closed = plan.stages.iter().any(|s| s.measure && s.shape == Shape::Max);
        Ok(Abort { names, closed, gates, checked_until: Nanos::ZERO })
    }

    /// True where no gate may end the run.
    pub fn is_empty(&self) -> bool {
        self.gates.is_empty()
    }

    /// Checks the seconds that ended before `at` (from the start of the load). Returns the reason to end the run, if any: a
    /// gate ends it if the last `abort_after` fails, and every second of it that can be judged alone fails too. The record's
    /// rows must be settled.
    pub fn check(&mut self, record: &RunRecord, at: Nanos) -> Option<String> {
        let over = Nanos(at.0.saturating_sub(LATE.0));
        let until = record
            .intervals
            .iter()
            .map(|row| row.at + row.length)
            .filter(|end| *end <= over)
            .max()
            .filter(|end| *end > self.checked_until)?;
        self.checked_until = until;
        let context = SpanContext::new(self.closed, record.workers.len());
        self.gates.iter().find_map(|(name, gate)| self.broken(record, &context, until, name, gate))
    }

    fn broken(
        &self,
        record: &RunRecord,
        context: &SpanContext,
        until: Nanos,
        name: &str,
        gate: &Gate,
    ) -> Option<String> {
        let length = gate.abort_after?;
        let Limit::Number(limit) = gate.expression.limit else { return None };
        let from = until.0.checked_sub(length.0).map(Nanos)?;
        let (begins, ends) =
            stretches(&self.names.stages, gate.named.group, until, &record.disturbed)
                .into_iter()
                .next_back()?;
        // only consecutive seconds, up to now, in measured time
        if ends != until || begins > from {
            return None;
        }
        let last = samples(&record.intervals, gate, (from, until));
        let broken = |samples: &[RowSample<'_>]| breaks(samples, gate, limit, context);
        let (found, whole) = broken(&last);
        let each = last.iter().all(|m| broken(std::slice::from_ref(m)).1 != Some(false));
        (whole == Some(true) && each && !last.is_empty()).then(|| {
            format!(
                "{ABORTED}{name} {} failed for {}, {}: {}",
                gate.text,
                words::seconds(length.as_secs_f64()),
                place(&last),
                shown(&found, gate)
            )
        })
    }
}
