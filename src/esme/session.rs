//! One session of a worker: its state machine, its window, what waits to be written, what it counted.
use super::setup::SessionPlan;
use super::state::State;
use crate::kit::Nanos;
use crate::measure::{DownCause, Latency, LatencyRange, SessionRecord, Ticket, Transport};
use crate::net::ConnAction;
use crate::session::{Numbered, Session, Timers, Window};
use crate::smpp::CommandStatus;
use bytes::BytesMut;
use hashbrown::HashMap;
use std::collections::VecDeque;

/// Where a link stands between connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionStatus {
    /// Not yet tried, or waiting to be tried again.
    Down,
    /// Connected, bind on its way.
    Binding,
    /// Bound.
    Up,
    /// Gone for good.
    Gone,
}

/// submit_sm whose last octets have not been written yet: numbered one after the other, equally long, and
/// nothing between them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unwritten {
    /// sequence_number of the first.
    pub(super) first: u32,
    pub(super) count: u32,
    /// Octets of each.
    pub(super) octets: u32,
    /// Octets of this connection up to and with the last octet of the last.
    pub(super) end: u64,
}

impl Unwritten {
    /// The run goes on with these.
    #[inline]
    fn takes(&mut self, number: u32, count: u32, octets: u32, end: u64) -> bool {
        let next = number == self.first + self.count
            && octets == self.octets
            && end == self.end + u64::from(octets) * u64::from(count);
        if next {
            self.count += count;
            self.end = end;
        }
        next
    }

    /// Takes those off that are written when so many octets are: (number of the first, how many).
    #[inline]
    pub(super) fn take_written(&mut self, written: u64) -> (u32, u32) {
        let first = self.first;
        let left = self.end.saturating_sub(written).div_ceil(u64::from(self.octets.max(1)));
        let left = (left as u32).min(self.count);
        let done = self.count - left;
        self.first += done;
        self.count = left;
        (first, done)
    }
}

/// Out-buffers of a worker that are not in use. A session holds one while something waits to be written: most
/// take turns with the few that are warm in the caches, and an idle session has none.
#[derive(Debug, Default)]
pub(super) struct OutSpares(Vec<BytesMut>);

impl OutSpares {
    /// Buffers kept, and what each may hold: many that are small, and a few that are not.
    const MAX: usize = 64;
    const OCTETS_MAX: usize = 16 * 1024;
    const LARGE_MAX: usize = 8;
    const LARGE_OCTETS_MAX: usize = 256 * 1024;
    /// A new one: some dozens of submit_sm, so that what was written at its front is seldom in the way.
    const OCTETS: usize = 4 * 1024;

    #[inline]
    fn take(&mut self) -> BytesMut {
        self.0.pop().unwrap_or_else(|| BytesMut::with_capacity(Self::OCTETS))
    }

    /// Takes a buffer back that is empty.
    #[inline]
    pub(super) fn give(&mut self, buffer: &mut BytesMut) {
        let octets_max = match self.0.len() {
            0..Self::LARGE_MAX => Self::LARGE_OCTETS_MAX,
            Self::LARGE_MAX..Self::MAX => Self::OCTETS_MAX,
            _ => 0,
        };
        let buffer = std::mem::take(buffer);
        if buffer.capacity() <= octets_max {
            self.0.push(buffer);
        }
    }
}

/// Response times that are in no histogram yet: a session's own is in no cache when its turn comes, so several
/// go there at once.
#[derive(Debug, Default)]
struct Recent {
    /// Each with how many answers in a row had it; 0: free.
    times: [(Nanos, u32); 8],
    /// The last one.
    last: usize,
}

impl Recent {
    /// Adds so many answers. False: there is no room.
    #[inline]
    fn takes(&mut self, response: Nanos, count: u32) -> bool {
        let Some((last, answers)) = self.times.get_mut(self.last) else { return false };
        if *answers == 0 || *last == response {
            *last = response;
            *answers += count;
            return true;
        }
        let next = self.times.get_mut(self.last + 1);
        self.last += usize::from(next.is_some());
        next.map(|next| *next = (response, count)).is_some()
    }
}

impl Numbered for Ticket {
    #[inline]
    fn nth(self, n: u32) -> Ticket {
        let index = self.index + u64::from(self.step) * u64::from(n);
        Ticket { index, ..self }
    }
}

/// One session. What each read and write touches stands together: with a thousand sessions, none of it is in a
/// cache when its turn comes.
#[derive(Debug)]
#[repr(C)]
pub(super) struct EsmeSession {
    pub(super) standing: SessionStatus,
    pub(super) wish: ConnAction,
    pub(super) dirty: bool,
    /// Throttles in a row, under `backoff`.
    pub(super) throttles: u32,
    pub(super) plan: SessionPlan,
    /// Carries nothing before then: backing off, or at its own cap.
    pub(super) hold: Option<Nanos>,
    pub(super) window: Window<Ticket>,
    pub(super) session: Session,
    pub(super) counts: LinkCounts,
    recent: Recent,
    /// Response times, the recent ones apart.
    pub(super) response: Option<Box<Latency>>,
    pub(super) out: BytesMut,
    /// Octets put into `out` on this connection.
    pub(super) stamped: u64,
    /// Octets of them written.
    pub(super) written: u64,
    /// The socket took less than it was offered; what is stamped now is ready and waits for it.
    pub(super) socket_full: bool,
    /// Octets at the front of `out` that the stream took and has not wholly passed on, and when it last tried.
    pub(super) taken: (usize, Nanos),
    pub(super) unwritten: VecDeque<Unwritten>,
    /// Octets of submit_sm in `out`; the rest of it is answers to the peer.
    pub(super) submit_octets: usize,
    /// Since when the first of them has waited without progress.
    pub(super) unwritten_since: Nanos,
    /// deliver_sm_resp waiting to be written: (end, read stamp, how many).
    pub(super) acks: VecDeque<(u64, Nanos, u32)>,
    /// Timed-out requests, to know a late answer when it comes.
    pub(super) late: LateRequests,
    /// Counts connections, so that what belongs to an earlier one is known.
    pub(super) connection: u32,
    /// A bind_resp that has not come by then will not.
    pub(super) bind_by: Nanos,
    /// When its own cap lets it send again.
    pub(super) next_turn: Nanos,
    /// Its first attempt has been told to the coordinator.
    pub(super) tried: bool,
    /// It has been bound before: it is bound again as the profile says, also before the load.
    pub(super) was_bound: bool,
    /// By then what is left to be written before a close has been written, or is given up.
    pub(super) close_by: Nanos,
    /// Refused for its credentials: never tried again.
    pub(super) banned: bool,
    pub(super) state: State,
    /// When it went down, and why: the outage that is open.
    pub(super) down: Option<(Nanos, DownCause, u64)>,
    pub(super) attempts: u32,
    pub(super) reconnects: u32,
    pub(super) congestion_state: Option<u8>,
    pub(super) transport: Option<Box<Transport>>,
}

/// An answer to a deliver_sm or data_sm that waits for `deliver.delay`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deferred {
    pub(super) due: Nanos,
    /// Stamp of the read that held the request.
    pub(super) read: Nanos,
    pub(super) link: u32,
    pub(super) connection: u32,
    pub(super) number: u32,
    pub(super) status: CommandStatus,
    pub(super) data_sm: bool,
}

/// What a session counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LinkCounts {
    pub(super) written: u64,
    pub(super) accepted: u64,
    pub(super) rejected: u64,
    pub(super) delivered: u64,
}

/// The last timed-out requests of a connection. A peer may ask for any sequence_number any number of times: each
/// look takes the same time.
#[derive(Debug, Default)]
pub(super) struct LateRequests {
    tickets: HashMap<u32, Ticket, foldhash::fast::FixedState>,
    /// sequence_numbers, oldest first; those that were answered are still among them.
    order: VecDeque<u32>,
}

impl LateRequests {
    /// Remembered per session.
    const MAX: usize = 4096;

    pub(super) fn remember(&mut self, sequence_number: u32, ticket: Ticket) {
        if self.order.len() == Self::MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.tickets.remove(&oldest);
        }
        self.order.push_back(sequence_number);
        self.tickets.insert(sequence_number, ticket);
    }

    pub(super) fn take(&mut self, sequence_number: u32) -> Option<Ticket> {
        self.tickets.remove(&sequence_number)
    }
}

impl EsmeSession {
    pub(super) fn new(plan: SessionPlan, window: usize, timers: Timers) -> EsmeSession {
        EsmeSession {
            plan,
            session: Session::esme(plan.role, timers, Nanos::ZERO),
            window: Window::new(if plan.sender.is_some() { window } else { 0 }),
            standing: SessionStatus::Down,
            wish: ConnAction::Stay,
            out: BytesMut::new(),
            stamped: 0,
            written: 0,
            socket_full: false,
            taken: (0, Nanos::ZERO),
            unwritten: VecDeque::new(),
            submit_octets: 0,
            unwritten_since: Nanos::ZERO,
            acks: VecDeque::new(),
            late: LateRequests::default(),
            dirty: false,
            connection: 0,
            bind_by: Nanos::MAX,
            hold: None,
            throttles: 0,
            next_turn: Nanos::ZERO,
            tried: false,
            was_bound: false,
            close_by: Nanos::MAX,
            banned: false,
            state: State::NeverConnected,
            down: None,
            attempts: 0,
            reconnects: 0,
            counts: LinkCounts::default(),
            response: None,
            recent: Recent::default(),
            congestion_state: None,
            transport: None,
        }
    }

    /// Before something is stamped into `out`: takes a buffer of the worker's where it has none, and says
    /// where in it the stamp begins.
    #[inline]
    pub(super) fn begin(&mut self, spares: &mut OutSpares) -> usize {
        if self.out.capacity() == 0 {
            self.out = spares.take();
        }
        self.out.len()
    }

    /// So many submit_sm, equally long and numbered from `first` on, were put into `out`, where octets
    /// `start..` are theirs.
    #[inline]
    pub(super) fn stamped(&mut self, first: u32, count: u32, start: usize, now: Nanos) {
        self.submit_octets += self.out.len() - start;
        let octets = (self.out.len() - start) as u32 / count.max(1);
        let end = self.end();
        match self.unwritten.back_mut() {
            Some(run) => {
                if run.takes(first, count, octets, end) {
                    return;
                }
            }
            None => self.unwritten_since = now,
        }
        self.unwritten.push_back(Unwritten { first, count, octets, end });
    }

    /// A fresh connection.
    pub(super) fn connected(&mut self, timers: Timers, now: Nanos) {
        self.session = Session::esme(self.plan.role, timers, now);
        self.standing = SessionStatus::Binding;
        self.connection += 1;
        self.wish = ConnAction::Stay;
        self.close_by = Nanos::MAX;
        self.out.clear();
        self.stamped = 0;
        self.written = 0;
        self.socket_full = false;
        self.taken = (0, Nanos::ZERO);
        self.unwritten.clear();
        self.submit_octets = 0;
        self.acks.clear();
        self.late = LateRequests::default();
        self.hold = None;
        self.throttles = 0;
    }

    /// May carry a submit_sm now.
    #[inline]
    pub(super) fn room(&self) -> usize {
        if self.standing == SessionStatus::Up && self.hold.is_none() && self.session.is_bound() {
            self.window.room()
        } else {
            0
        }
    }

    /// When a submit_sm that is stamped `now` is offered to the socket: now, where the socket is full already;
    /// 0, not yet, else.
    #[inline]
    pub(super) fn ready_at(&self, now: Nanos) -> Nanos {
        if self.socket_full { now } else { Nanos::ZERO }
    }

    /// The socket took less than it was offered by a write at `stamp`: what waits has been offered then, and what
    /// is stamped before the socket has taken all of it is ready when it is stamped.
    #[cold]
    pub(super) fn mark_offered(&mut self, stamp: Nanos) {
        if std::mem::replace(&mut self.socket_full, true) {
            return;
        }
        for run in &self.unwritten {
            self.window.stamp_run(run.first, run.count, |ticket, _| {
                if ticket.offered == Nanos::ZERO {
                    ticket.offered = stamp;
                }
            });
        }
    }

    /// When the stream last took octets of this unwritten submit_sm and passed some of what it took on; None: it has not
    /// taken all of them.
    #[cold]
    pub(super) fn passed_on_at(&self, number: u32) -> Option<Nanos> {
        let (octets, at) = self.taken;
        let upto = self.written + octets as u64;
        let run = self.unwritten.iter().find(|run| number.wrapping_sub(run.first) < run.count)?;
        let behind = u64::from(run.count - 1 - (number - run.first)) * u64::from(run.octets);
        (octets > 0 && run.end - behind <= upto).then_some(at)
    }

    /// Octets that wait to be written and are no submit_sm: answers that the peer asked for.
    #[inline]
    pub(super) fn answers_octets(&self) -> usize {
        self.out.len().saturating_sub(self.submit_octets)
    }

    /// Brings `stamped` up to date with what was put into `out`, whoever put it.
    #[inline]
    pub(super) fn end(&mut self) -> u64 {
        self.stamped = self.written + self.out.len() as u64;
        self.stamped
    }

    /// Response time of so many answers on this session: one digit, made at its first answer.
    #[inline]
    pub(super) fn answered(&mut self, response: Nanos, count: u32, range: LatencyRange) {
        if !self.recent.takes(response, count) {
            self.record_recent(range);
            self.recent.takes(response, count);
        }
    }

    fn record_recent(&mut self, range: LatencyRange) {
        let recent = std::mem::take(&mut self.recent);
        for (response, count) in recent.times.into_iter().filter(|(_, count)| *count > 0) {
            let coarse = LatencyRange { max: range.max, digits: 1 };
            let all = self.response.get_or_insert_with(|| Box::new(Latency::new(coarse)));
            all.record_n(response, u64::from(count));
        }
    }

    pub(super) fn record(&mut self, range: LatencyRange) -> SessionRecord {
        self.record_recent(range);
        SessionRecord {
            id: self.plan.id,
            account: self.plan.account,
            role: self.plan.role.name().to_owned(),
            state: self.state.to_string(),
            written: self.counts.written,
            accepted: self.counts.accepted,
            rejected: self.counts.rejected,
            delivered: self.counts.delivered,
            reconnects: self.reconnects,
            response: self.response.as_deref().cloned(),
            congestion_state: self.congestion_state,
            transport: self.transport.as_deref().cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_response_times_are_kept_in_runs_until_eight_are_there() {
        let mut recent = Recent::default();
        for n in 0..8 {
            assert!(recent.takes(Nanos(n), 1) && recent.takes(Nanos(n), 2), "{n}");
        }
        assert!(!recent.takes(Nanos(8), 1) && recent.takes(Nanos(7), 1));
        let counts = recent.times.map(|(_, count)| count);
        assert_eq!((counts, recent.times[7].0), ([3, 3, 3, 3, 3, 3, 3, 4], Nanos(7)));
    }
}
