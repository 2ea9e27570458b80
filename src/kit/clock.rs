//! The only reader of the machine's clocks. Everything else gets `now` as an argument.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::{Add, AddAssign, Sub};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Nanoseconds in a second.
pub const NS_PER_S: u64 = 1_000_000_000;

/// A point on CLOCK_MONOTONIC, or a span between two such points, in nanoseconds.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct Nanos(pub u64);

impl Nanos {
    /// Zero: the start of a virtual clock, or an empty span.
    pub const ZERO: Nanos = Nanos(0);
    /// Later than everything: "never".
    pub const MAX: Nanos = Nanos(u64::MAX);

    /// A span of whole seconds.
    pub const fn from_secs(s: u64) -> Nanos {
        Nanos(s * NS_PER_S)
    }
    /// A span of whole milliseconds.
    pub const fn from_millis(ms: u64) -> Nanos {
        Nanos(ms * 1_000_000)
    }
    /// A span of whole microseconds.
    pub const fn from_micros(us: u64) -> Nanos {
        Nanos(us * 1_000)
    }
    /// A span of seconds as a report has them, rounded; 0 for negative ones.
    pub fn from_secs_f64(s: f64) -> Nanos {
        Nanos((s * NS_PER_S as f64).round().max(0.0) as u64)
    }
    /// Seconds as a float, for reports.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NS_PER_S as f64
    }
    /// `self − earlier`, 0 where `earlier` is later.
    pub const fn since(self, earlier: Nanos) -> Nanos {
        Nanos(self.0.saturating_sub(earlier.0))
    }
    /// `self + span`, stopping at [`Nanos::MAX`].
    pub const fn after(self, span: Nanos) -> Nanos {
        Nanos(self.0.saturating_add(span.0))
    }
}

impl From<Duration> for Nanos {
    fn from(d: Duration) -> Nanos {
        Nanos(u64::try_from(d.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Nanos> for Duration {
    fn from(n: Nanos) -> Duration {
        Duration::from_nanos(n.0)
    }
}

impl Add for Nanos {
    type Output = Nanos;
    fn add(self, span: Nanos) -> Nanos {
        self.after(span)
    }
}

impl AddAssign for Nanos {
    fn add_assign(&mut self, span: Nanos) {
        *self = self.after(span);
    }
}

impl Sub for Nanos {
    type Output = Nanos;
    fn sub(self, earlier: Nanos) -> Nanos {
        self.since(earlier)
    }
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock;

impl Clock {
    /// CLOCK_MONOTONIC now, comparable between the threads of one machine.
    #[inline]
    pub fn now() -> Nanos {
        let t = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC)
            .expect("CLOCK_MONOTONIC exists on every Linux");
        Nanos(t.tv_sec() as u64 * NS_PER_S + t.tv_nsec() as u64)
    }

    /// Wall clock now, in nanoseconds since 1970 (UTC). For names and printed times only.
    pub fn wall_ns() -> u64 {
        Nanos::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()).0
    }
}

/// Measures the processor time of a thread between two readings.
#[derive(Clone, Copy, Debug)]
pub struct ThreadUse {
    cpu_ns: u64,
    delay_ns: u64,
}

impl ThreadUse {
    /// Starts measuring the calling thread.
    pub fn of_this_thread() -> ThreadUse {
        let (cpu_ns, delay_ns) = thread_use();
        ThreadUse { cpu_ns, delay_ns }
    }
    /// Reads the processor time, and the time ready but not running, since the last reading. Call it on the same thread.
    pub fn since_last(&mut self, cpu_ns: &mut u64, delay_ns: &mut u64) {
        let (cpu, delay) = thread_use();
        *cpu_ns = cpu.saturating_sub(self.cpu_ns);
        *delay_ns = delay.saturating_sub(self.delay_ns);
        (self.cpu_ns, self.delay_ns) = (cpu, delay);
    }
}

/// CLOCK_THREAD_CPUTIME_ID, and the run-queue delay of `/proc/thread-self/schedstat` (0: the kernel does not count it).
fn thread_use() -> (u64, u64) {
    let cpu = nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID)
        .map_or(0, |t| t.tv_sec() as u64 * NS_PER_S + t.tv_nsec() as u64);
    let delay = std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|s| s.split_whitespace().nth(1).and_then(|d| d.parse().ok()))
        .unwrap_or(0);
    (cpu, delay)
}

/// A wall-clock time in RFC 3339 with milliseconds, UTC.
pub fn utc_rfc3339(wall_ns: u64) -> String {
    humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_nanos(wall_ns)).to_string()
}

/// A wall-clock time in RFC 3339 with microseconds, UTC.
pub fn utc_rfc3339_micros(wall_ns: u64) -> String {
    humantime::format_rfc3339_micros(UNIX_EPOCH + Duration::from_nanos(wall_ns)).to_string()
}
