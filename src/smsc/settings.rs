//! What a behaviour says that is looked up as it stands.
use super::limits::Bucket;
use crate::kit::Nanos;
use crate::plan::behaviour::{Behaviour, OnRate, OnWindow, Retry, Scope, SmscTimers};

/// The keys of a behaviour that the core asks for while it runs.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) window: usize,
    pub(super) on_window: OnWindow,
    pub(super) on_rate: OnRate,
    pub(super) session_bucket: Option<Bucket>,
    /// Whether any rate is limited: the hot path asks nothing else.
    pub(super) rated: bool,
    pub(super) other_bind: bool,
    pub(super) retry: Option<Retry>,
    /// How long the answer to a delivery is waited for.
    pub(super) patience: Option<Nanos>,
    /// Whether deliveries are kept until they are answered.
    pub(super) tracked: bool,
    pub(super) timers: SmscTimers,
    pub(super) openmarket: bool,
    pub(super) sc_interface_version: Option<u8>,
}

impl Settings {
    pub(super) fn new(behaviour: &Behaviour) -> Settings {
        let Behaviour { limits, receipts, timers, habits, .. } = behaviour;
        let session_rate = limits.rate.filter(|_| limits.scope == Scope::Session);
        Settings {
            window: limits.window.unwrap_or(usize::MAX),
            on_window: limits.on_window,
            on_rate: limits.on_rate,
            session_bucket: session_rate.and_then(|rate| Bucket::new(rate, limits.burst)),
            rated: limits.rate.is_some() || behaviour.accounts.iter().any(|a| a.rate.is_some()),
            other_bind: receipts.other_bind,
            retry: receipts.retry,
            patience: timers.response.or(receipts.retry.map(|retry| retry.after)),
            tracked: receipts.retry.is_some()
                || receipts.window.is_some()
                || timers.response.is_some()
                || behaviour.mo.rate.is_some(),
            timers: *timers,
            openmarket: habits.openmarket,
            sc_interface_version: habits.sc_interface_version,
        }
    }
}
