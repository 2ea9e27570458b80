//! One PDU that was read on a session.
use crate::kit::Nanos;
use crate::smpp::Header;

/// One PDU that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received<'a> {
    /// The session, as this worker numbers it.
    pub(super) session: usize,
    pub(super) header: Header,
    /// The whole PDU.
    pub(super) frame: &'a [u8],
    /// Stamp of the read that held it.
    pub(super) at: Nanos,
}
