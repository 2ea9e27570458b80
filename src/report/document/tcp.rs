//! TCP statistics of the sessions of one role.
use serde::{Deserialize, Serialize};

/// TCP statistics of one role, in the environment's `tcp`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RoleTcp {
    pub(crate) role: String,
    pub(crate) sessions: usize,
    /// The median round trip of its sessions.
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
