//! Bounds on what a schedule may hold.

/// Maximum number of segments of a stage.
pub(super) const PIECES_MAX: u64 = 1 << 20;
/// Maximum number of messages of one Poisson stage: they are all walked when the schedule is made.
pub(super) const POISSON_MAX: u64 = 4_000_000_000;
