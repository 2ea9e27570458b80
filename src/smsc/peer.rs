//! The simulator's state of one connection. Each part owns its fields.
use super::pending_delivery::DeliveryKind;
use super::pending_delivery::DeliverySlab;
use super::rate_limits::TokenBucket;
use crate::kit::Nanos;
use crate::net::ConnAction;
use crate::plan::behaviour::FaultKind;
use crate::session::{Session, SessionState};
use bytes::BytesMut;
use std::collections::BTreeMap;

/// What is written to a connection.
#[derive(Debug, Default)]
pub(super) struct PeerOutput {
    buffer: BytesMut,
    /// Once the write side is closed: the octets to write before that. `buffer` is then discarded.
    final_octets: BytesMut,
    /// Whether the write side is closed, or is to be closed after `final_octets`.
    is_closed: bool,
}

impl PeerOutput {
    /// Where PDUs are appended, also once the write side is closed.
    #[inline]
    pub(super) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Number of octets in the buffer.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.buffer.len()
    }

    /// The octets to write next.
    #[inline]
    pub(super) fn unwritten(&mut self) -> &mut BytesMut {
        if self.is_closed { &mut self.final_octets } else { &mut self.buffer }
    }

    /// Discards what was appended after the write side was closed.
    #[inline]
    pub(super) fn discard_if_closed(&mut self) {
        if self.is_closed {
            self.buffer.clear();
        }
    }

    /// Closes the write side once the octets in the buffer are written.
    pub(super) fn close_write(&mut self) {
        if !self.is_closed {
            self.is_closed = true;
            std::mem::swap(&mut self.buffer, &mut self.final_octets);
        }
    }
}

/// The window that the simulator enforces on the submit_sm of a session.
#[derive(Debug)]
pub(super) struct SubmitWindow {
    unanswered: usize,
    /// Answered during the present read or stall: the ESME cannot know yet.
    settling: usize,
    /// Maximum of both together.
    limit: usize,
}

impl SubmitWindow {
    /// Whether one more submit_sm exceeds the window.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.free_count() == 0
    }
    /// Number of submit_sm that fit into it yet.
    #[inline]
    pub(super) fn free_count(&self) -> usize {
        self.limit.saturating_sub(self.unanswered.saturating_add(self.settling))
    }
    /// Share of the window that is taken, from 0 to 1; 0 where it has no limit.
    pub(super) fn used_share(&self) -> f64 {
        let taken = self.unanswered.saturating_add(self.settling);
        (taken as f64 / self.limit.max(1) as f64).min(1.0)
    }
    /// Number of submit_sm that are not answered yet.
    #[inline]
    pub(super) fn unanswered(&self) -> usize {
        self.unanswered
    }
    /// Replaces the limit.
    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }
    /// Counts a submit_sm whose answer is delayed.
    #[inline]
    pub(super) fn delay(&mut self) {
        self.unanswered += 1;
    }
    /// Counts that a delayed answer is due.
    #[inline]
    pub(super) fn end_delay(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
    }
    /// Counts answers. `unseen`: the ESME cannot know of them yet.
    #[inline]
    pub(super) fn answer(&mut self, count: usize, unseen: bool) {
        self.settling += if unseen { count } else { 0 };
    }
    /// The read or stall is over: the ESME can know all answers.
    #[inline]
    pub(super) fn settle(&mut self) {
        self.settling = 0;
    }
}

/// A delivery that was sent and is not answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct SentDelivery {
    /// Its handle in the slab; [`DeliverySlab::NONE`]: it is abandoned or will be sent again under another number.
    pub(super) handle: u32,
    /// What it is.
    pub(super) kind: DeliveryKind,
}

/// Maximum number of deliveries that a session remembers until they are answered. Beyond it the oldest is forgotten
/// and its answer counts as an unknown response.
const TRACKED_MAX: usize = 1 << 18;

/// The deliveries that a session has not answered.
#[derive(Debug, Default)]
pub(super) struct Unacknowledged {
    count: usize,
    /// By sequence_number; only where deliveries are tracked.
    tracked: BTreeMap<u32, SentDelivery>,
}

impl Unacknowledged {
    /// Counts deliveries that were sent.
    #[inline]
    pub(super) fn add(&mut self, count: usize) {
        self.count += count;
    }

    /// How many there are.
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Whether any delivery is remembered by its sequence_number.
    #[inline]
    pub(super) fn tracks_any(&self) -> bool {
        !self.tracked.is_empty()
    }

    /// Remembers a delivery that was counted. Returns the handle of one that is forgotten for it.
    #[inline]
    pub(super) fn track(&mut self, sequence: u32, delivery: SentDelivery) -> Option<u32> {
        let mut forgotten = None;
        if self.tracked.len() >= TRACKED_MAX
            && let Some((_, oldest)) = self.tracked.pop_first()
            && oldest.handle != DeliverySlab::NONE
        {
            self.count = self.count.saturating_sub(1);
            forgotten = Some(oldest.handle);
        }
        self.tracked.insert(sequence, delivery);
        forgotten
    }

    /// Counts an answer where deliveries are not tracked. False: no delivery is unanswered.
    #[inline]
    pub(super) fn answer_any(&mut self) -> bool {
        let is_some = self.count > 0;
        self.count -= usize::from(is_some);
        is_some
    }

    /// Removes the delivery that was answered. None: no such delivery is tracked.
    #[inline]
    pub(super) fn answer(&mut self, sequence: u32) -> Option<SentDelivery> {
        let delivery = self.tracked.remove(&sequence)?;
        if delivery.handle != DeliverySlab::NONE {
            self.count = self.count.saturating_sub(1);
        }
        Some(delivery)
    }

    /// Whether the answer to this delivery is still awaited.
    pub(super) fn awaits(&self, sequence: u32) -> bool {
        self.tracked.get(&sequence).is_some_and(|sent| sent.handle != DeliverySlab::NONE)
    }

    /// Stops awaiting an answer and returns the delivery's handle. Its entry stays, so that a late answer is known.
    pub(super) fn stop_awaiting(&mut self, sequence: u32) -> Option<u32> {
        let sent = self.tracked.get_mut(&sequence).filter(|s| s.handle != DeliverySlab::NONE)?;
        self.count = self.count.saturating_sub(1);
        Some(std::mem::replace(&mut sent.handle, DeliverySlab::NONE))
    }

    /// Forgets all deliveries. Returns the handles of those awaited, latest first.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = u32> + use<> {
        let all = std::mem::take(&mut self.tracked).into_values().rev();
        all.map(|sent| sent.handle).filter(|handle| *handle != DeliverySlab::NONE)
    }
}

/// Faults that a session has from now on.
#[derive(Debug, Default)]
pub(super) struct PeerFaults {
    /// Whether it is read slowly.
    pub(super) reads_slowly: bool,
    /// Whether its enquire_link stay unanswered.
    pub(super) ignores_enquiries: bool,
    /// Fault to apply to its next response.
    pub(super) next_response: Option<FaultKind>,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Peer {
    /// Its session.
    pub(super) session: Session,
    /// What is written to it.
    pub(super) output: PeerOutput,
    /// What the pump must do with the connection.
    pub(super) action: ConnAction,
    /// Handle of its account. None: it is not bound.
    pub(super) account: Option<u32>,
    /// Whether it is bound and may be sent deliveries.
    pub(super) receives: bool,
    /// Its submit_sm.
    pub(super) window: SubmitWindow,
    /// Its own `limits.rate` with scope "session".
    pub(super) bucket: Option<TokenBucket>,
    /// Its deliveries.
    pub(super) unacknowledged: Unacknowledged,
    /// Its lasting faults.
    pub(super) faults: PeerFaults,
    /// When the connection is closed unless its deadline is moved; MAX: never.
    pub(super) deadline: Nanos,
    /// When its timers are checked next; MAX: never.
    pub(super) timer_at: Nanos,
    /// Until when it is not read; ZERO: it is read.
    pub(super) reads_paused_until: Nanos,
    /// Whether it is listed for its pump to be woken.
    pub(super) is_changed: bool,
}

impl Peer {
    /// A new connection. `window`: maximum number of unanswered submit_sm.
    pub(super) fn new(session: Session, window: usize, bucket: Option<TokenBucket>) -> Peer {
        Peer {
            session,
            output: PeerOutput::default(),
            action: ConnAction::Stay,
            account: None,
            receives: false,
            window: SubmitWindow { unanswered: 0, settling: 0, limit: window },
            bucket,
            unacknowledged: Unacknowledged::default(),
            faults: PeerFaults::default(),
            deadline: Nanos::MAX,
            timer_at: Nanos::MAX,
            reads_paused_until: Nanos::ZERO,
            is_changed: false,
        }
    }

    /// Whether PDUs of the ESME are still handled.
    #[inline]
    pub(super) fn handles_input(&self) -> bool {
        match self.action {
            ConnAction::Stay
            | ConnAction::HalfClose
            | ConnAction::HoldReads
            | ConnAction::Slice => true,
            ConnAction::CloseWhenFlushed | ConnAction::Close | ConnAction::Reset => false,
        }
    }

    /// Whether it may be sent a delivery, with at most `window` of them unacknowledged.
    #[inline]
    pub(super) fn can_receive(&self, window: usize) -> bool {
        self.receives && self.unacknowledged.count < window && self.can_write()
    }

    /// Whether a response can still be sent.
    #[inline]
    pub(super) fn can_write(&self) -> bool {
        !self.output.is_closed && self.handles_input()
    }

    /// Whether it may send submit_sm.
    #[inline]
    pub(super) fn may_submit(&self) -> bool {
        match self.session.state() {
            SessionState::Bound(role) => role.transmits(),
            SessionState::Open | SessionState::Unbinding(_) | SessionState::Unbound => false,
        }
    }
}
