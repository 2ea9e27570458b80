//! What the kernel says of the connections of one role.
use serde::{Deserialize, Serialize};

/// What is said of one role's connections, in the environment's `tcp`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RoleTcp {
    pub(crate) role: String,
    pub(crate) sessions: usize,
    /// The middle session's round trip.
    pub(crate) rtt_ns: Option<u64>,
    pub(crate) rtt_min_ns: Option<u64>,
    pub(crate) rtt_max_ns: Option<u64>,
    pub(crate) retransmits: u64,
    pub(crate) segments_out: Option<u64>,
    pub(crate) rwnd_limited_ratio: Option<f64>,
    pub(crate) sndbuf_limited_ratio: Option<f64>,
    pub(crate) nodelay: bool,
    pub(crate) send_buffer: Option<u64>,
    pub(crate) receive_buffer: Option<u64>,
}
