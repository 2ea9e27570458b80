//! What the parts of the books share while they look at one PDU.
use super::findings::Findings;
use super::ids::Ids;
use super::settings::Settings;
use super::streams::Sessions;
use crate::kit::Nanos;

/// What a part of the books works with.
pub(super) struct Scene<'a> {
    pub(super) settings: &'a Settings,
    pub(super) sessions: &'a mut Sessions,
    pub(super) findings: &'a mut Findings,
    pub(super) ids: &'a mut Ids,
    /// Place of the session of the PDU.
    pub(super) session: u32,
    pub(super) at: Nanos,
}
