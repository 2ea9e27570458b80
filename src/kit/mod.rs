//! Time, rates, random numbers, facts about the host, and figures as text. Imports no other folder.
mod cgroup;
mod clock;
mod digits;
mod files;
mod hangup;
mod host;
mod labels;
mod near;
mod rate;
mod rng;
mod selfcheck;
mod socket;
mod timer;
pub mod words;

pub use cgroup::Cgroup;
pub use clock::{Clock, NS_PER_S, Nanos, ThreadUse, utc_rfc3339, utc_rfc3339_micros};
pub use digits::{Digits, decimal};
pub use files::{MIB, read_at_most, read_stream, read_text_at_most, without_mark};
pub use hangup::{Hangup, hangup_is_ignored};
pub use host::{Environment, HostCounters, HostSelfcheck, HostUse, small_pages_only};
pub use labels::{Label, is_label_name, is_metric_name, read_labels};
pub use near::nearest;
pub use rate::{Rate, RateChange, RateError};
pub use rng::{Rng, mix64, stream_seed};
pub use selfcheck::{Ceiling, Pacing, Selfcheck, state_folder};
pub use socket::SocketOptions;
pub use timer::Timer;
