//! Why response and service time differ: a sentence that names window, harness, socket, connection or SMSC.
use super::{LittlesLaw, answered_none, is_capped};
use crate::judge::health::HealthState;
use crate::judge::measured::Measured;
use crate::judge::outcome::Limiter;
use crate::kit::words;
use crate::measure::{Metric, RunRecord};
use crate::plan::Plan;

/// Why response and service time differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Both times, at p99 or the longest.
    pub figures: String,
    /// The cause: window, harness, socket, connection or SMSC.
    pub cause: String,
}

/// A sentence.
impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}.", self.figures, self.cause)
    }
}

/// The quantile at which two distributions are compared: p99 if ten or more messages lie beyond it
/// (docs/measuring.md, "Percentiles"), else the longest time.
#[derive(Clone, Copy)]
struct ComparedAt {
    quantile: f64,
    says: &'static str,
}

impl ComparedAt {
    fn of(sample_count: u64) -> ComparedAt {
        if sample_count >= 1_000 {
            ComparedAt { quantile: 0.99, says: " at p99" }
        } else {
            ComparedAt { quantile: 1.0, says: "" }
        }
    }

    /// `12.3 ms at p99`, `12.3 ms`.
    fn up_to(self, ns: u64) -> String {
        format!("up to {}{}", words::duration(ns), self.says)
    }

    fn figures(self, response: &str, service: &str) -> String {
        if self.quantile < 1.0 {
            format!("At p99 the response time is {response} and the service time {service}")
        } else {
            format!(
                "The longest response time is {response} and the longest service time {service}"
            )
        }
    }
}

/// Why the response time exceeds the service time by more than 10 %: window, harness, socket, connection or SMSC caused
/// it. None: they agree, or the cause is unknown.
pub(in crate::judge) fn explanation(
    plan: &Plan,
    record: &RunRecord,
    measured: &Measured,
    law: Option<&LittlesLaw>,
    (limiter, harness): (Option<Limiter>, HealthState),
) -> Option<Explanation> {
    const DIFFERS: f64 = 1.10;
    if measured.closed {
        return None;
    }
    let at = ComparedAt::of(measured.latency(Metric::Response).sample_count());
    let longest = |metric: Metric| {
        let latency = measured.latency(metric);
        let seen = latency.quantile(at.quantile).map(|n| (n.0, ""));
        seen.or_else(|| latency.quantile_at_least(at.quantile).map(|n| (n.0, "at least ")))
    };
    let (response, service) = (longest(Metric::Response)?, longest(Metric::Service)?);
    if response.0 as f64 <= service.0 as f64 * DIFFERS {
        return None;
    }
    let show = |(ns, bound): (u64, &str)| format!("{bound}{}", words::duration(ns));
    let figures = at.figures(&show(response), &show(service));
    let silent = answered_none(record, measured).filter(|_| {
        !matches!(limiter, Some(Limiter::Harness | Limiter::Connection | Limiter::Backpressure))
    });
    let cause = match silent {
        Some(silent) => silent,
        None => cause(plan, measured, at, law, (limiter, harness))?,
    };
    Some(Explanation { figures, cause })
}

fn cause(
    plan: &Plan,
    measured: &Measured,
    at: ComparedAt,
    law: Option<&LittlesLaw>,
    (limiter, harness): (Option<Limiter>, HealthState),
) -> Option<String> {
    let quantile = |metric| measured.latency(metric).quantile(at.quantile).map(|n| n.0);
    let (wait, lag) = (quantile(Metric::WindowWait)?, quantile(Metric::HarnessLag)?);
    let socket = quantile(Metric::WriteWait).unwrap_or(0);
    Some(if lag > wait.max(socket) && harness == HealthState::Valid {
        format!(
            "the harness is valid, but times this short show its own lag ({}): read the service time as the SMSC's",
            at.up_to(lag)
        )
    } else if lag > wait.max(socket) {
        format!(
            "the harness itself was late ({}): do not read the response time as the SMSC's",
            at.up_to(lag)
        )
    } else if socket > wait || limiter == Some(Limiter::Backpressure) {
        let slots = if wait > 0 {
            format!(", and for a window slot (up to {})", words::duration(wait))
        } else {
            String::new()
        };
        format!(
            "messages waited for sockets that took no octets ({}){slots}: the SMSC read too slowly",
            at.up_to(socket)
        )
    } else if wait > 0 && limiter == Some(Limiter::Connection) {
        format!("messages waited while sessions were down ({})", at.up_to(wait))
    } else if wait > 0 && is_capped(plan) {
        format!(
            "messages waited for a session that could send ({}): sessions were at their rate_max, or their windows were full",
            at.up_to(wait)
        )
    } else if law.is_some_and(|l| l.open * 1.05 >= l.slots as f64) {
        format!(
            "messages waited for a window slot ({}): the window is too small for this rate and service time",
            at.up_to(wait)
        )
    } else if wait == 0 {
        "messages were never written and count as at least their age".to_owned()
    } else {
        format!(
            "messages waited for a window slot ({}) while the SMSC answered too slowly: its slow periods filled the \
             window, and service time hides that wait",
            at.up_to(wait)
        )
    })
}
