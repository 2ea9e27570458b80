//! What waits to be written on a session: the octets, which requests they hold, and since when.
use crate::kit::Nanos;
use crate::measure::{Recorder, Ticket, WriteBatch};
use crate::session::Window;
use bytes::BytesMut;
use std::collections::VecDeque;

/// Requests whose last octets have not been written yet: numbered one after the other, equally long, and
/// nothing between them.
#[derive(Clone, Copy, Debug)]
struct UnwrittenRun {
    /// sequence_number of the first.
    first: u32,
    count: u32,
    /// Octets of each.
    octets: u32,
    /// Octets of this connection up to and with the last octet of the last.
    end: u64,
}

impl UnwrittenRun {
    /// Extends the run if these continue it. False: they do not.
    #[inline]
    fn extend(&mut self, number: u32, count: u32, octets: u32, end: u64) -> bool {
        let next = number == self.first + self.count
            && octets == self.octets
            && end == self.end + u64::from(octets) * u64::from(count);
        if next {
            self.count += count;
            self.end = end;
        }
        next
    }

    /// Takes those off that are complete once `written` octets are: (number of the first, how many).
    #[inline]
    fn take_written(&mut self, written: u64) -> (u32, u32) {
        let first = self.first;
        let left = self.end.saturating_sub(written).div_ceil(u64::from(self.octets.max(1)));
        let left = (left as u32).min(self.count);
        let done = self.count - left;
        self.first += done;
        self.count = left;
        (first, done)
    }
}

/// Output buffers of a worker that are not in use. A session holds one while something waits to be written: most
/// take turns with the few that are warm in the caches, and an idle session has none.
#[derive(Debug, Default)]
pub(super) struct BufferPool(Vec<BytesMut>);

impl BufferPool {
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
    fn give_back(&mut self, buffer: &mut BytesMut) {
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

/// What one session has to write.
#[derive(Debug, Default)]
pub(super) struct Output {
    octets: BytesMut,
    /// Octets of this connection that were written.
    written: u64,
    /// The socket took less than it was offered; what is stamped now is offered at once, and waits for the socket.
    socket_full: bool,
    /// Octets at the front that the stream took and has not wholly passed on, and when it last tried.
    taken: (usize, Nanos),
    unwritten: VecDeque<UnwrittenRun>,
    /// Octets of requests of ours; the rest is answers to the peer.
    request_octets: usize,
    /// Since when the first of `unwritten` has waited without progress.
    unwritten_since: Nanos,
    /// deliver_sm_resp waiting to be written: (end, read stamp, how many).
    acks: VecDeque<(u64, Nanos, u32)>,
}

impl Output {
    /// A new connection: nothing of an earlier one is written any more.
    pub(super) fn clear(&mut self) {
        self.octets.clear();
        self.written = 0;
        self.socket_full = false;
        self.taken = (0, Nanos::ZERO);
        self.unwritten.clear();
        self.request_octets = 0;
        self.acks.clear();
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.octets.len()
    }
    #[inline]
    pub(super) fn octets(&mut self) -> &mut BytesMut {
        &mut self.octets
    }

    /// Where something is stamped: takes a buffer of the worker's where the session has none.
    #[inline]
    pub(super) fn with_buffer(&mut self, buffers: &mut BufferPool) -> &mut BytesMut {
        if self.octets.capacity() == 0 {
            self.octets = buffers.take();
        }
        &mut self.octets
    }

    /// Octets of this connection, written or not.
    #[inline]
    fn end(&self) -> u64 {
        self.written + self.octets.len() as u64
    }

    /// `count` requests, equally long and numbered from `first` on, were stamped; their octets are those from `start` on.
    #[inline]
    pub(super) fn stamped(&mut self, first: u32, count: u32, start: usize, now: Nanos) {
        self.request_octets += self.octets.len() - start;
        let octets = (self.octets.len() - start) as u32 / count.max(1);
        let end = self.end();
        match self.unwritten.back_mut() {
            Some(run) => {
                if run.extend(first, count, octets, end) {
                    return;
                }
            }
            None => self.unwritten_since = now,
        }
        self.unwritten.push_back(UnwrittenRun { first, count, octets, end });
    }

    /// `count` deliver_sm of a read at `read` are answered by what was stamped so far.
    #[inline]
    pub(super) fn acknowledge(&mut self, read: Nanos, count: u32) {
        self.acks.push_back((self.end(), read, count));
    }

    /// When a request that is stamped `now` is offered to the socket: now, where the socket is full already;
    /// 0, not yet, else.
    #[inline]
    pub(super) fn offered_at(&self, now: Nanos) -> Nanos {
        if self.socket_full { now } else { Nanos::ZERO }
    }

    /// A write at `stamp` took `octets`, which are gone from the buffer. Returns how many requests it completed.
    #[inline]
    pub(super) fn wrote(
        &mut self,
        octets: usize,
        stamp: Nanos,
        window: &mut Window<Ticket>,
        recorder: &mut Recorder,
        buffers: &mut BufferPool,
    ) -> u64 {
        self.written += octets as u64;
        self.taken.0 = 0;
        self.unwritten_since = stamp;
        let mut requests = 0;
        let mut batch = WriteBatch::default();
        while let Some(run) = self.unwritten.front_mut() {
            let (first, count) = run.take_written(self.written);
            self.request_octets = self.request_octets.saturating_sub((count * run.octets) as usize);
            window.stamp_run(first, count, |ticket, count| {
                ticket.write_at(stamp);
                requests += u64::from(count);
                recorder.add_written(ticket, count, &mut batch);
            });
            if run.count > 0 {
                break;
            }
            self.unwritten.pop_front();
        }
        recorder.count_written_batch(&batch);
        if self.octets.is_empty() {
            self.socket_full = false;
            buffers.give_back(&mut self.octets);
        } else {
            self.mark_offered(stamp, window);
        }
        while let Some((end, read, count)) = self.acks.front().copied() {
            if end > self.written {
                break;
            }
            recorder.acknowledged(stamp.since(read), count);
            self.acks.pop_front();
        }
        requests
    }

    /// A write at `stamp` did not take everything. The stream (TLS) has taken the first `taken` octets.
    pub(super) fn blocked(&mut self, taken: usize, stamp: Nanos, window: &mut Window<Ticket>) {
        self.taken = (taken, stamp);
        self.mark_offered(stamp, window);
    }

    /// The socket took less than it was offered by a write at `stamp`: what waits has been offered then, and what
    /// is stamped before the socket has taken all of it is offered when it is stamped.
    #[cold]
    fn mark_offered(&mut self, stamp: Nanos, window: &mut Window<Ticket>) {
        if std::mem::replace(&mut self.socket_full, true) {
            return;
        }
        for run in &self.unwritten {
            window.stamp_run(run.first, run.count, |ticket, _| {
                if ticket.offered == Nanos::ZERO {
                    ticket.offered = stamp;
                }
            });
        }
    }

    /// When the stream last took octets of this unwritten request and passed some of what it took on; None: it has not
    /// taken all of them.
    #[cold]
    pub(super) fn passed_on_at(&self, number: u32) -> Option<Nanos> {
        let (octets, at) = self.taken;
        let upto = self.written + octets as u64;
        let run = self.unwritten.iter().find(|run| number.wrapping_sub(run.first) < run.count)?;
        let behind = u64::from(run.count - 1 - (number - run.first)) * u64::from(run.octets);
        (octets > 0 && run.end - behind <= upto).then_some(at)
    }

    /// Since when the first unwritten request has waited without progress.
    pub(super) fn unwritten_since(&self) -> Nanos {
        self.unwritten_since
    }

    /// The requests that were not written are settled otherwise.
    pub(super) fn forget_requests(&mut self) {
        self.unwritten.clear();
    }

    /// Octets that wait to be written and are no request of ours: answers that the peer asked for.
    #[inline]
    pub(super) fn answer_octets(&self) -> usize {
        self.octets.len().saturating_sub(self.request_octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{LatencyRange, Metric};
    use crate::session::Sequence;

    #[test]
    fn a_request_is_written_with_its_last_octet_and_offered_with_the_first_write_that_held_it() {
        let range = LatencyRange::for_deadline(Nanos::from_secs(1));
        let mut recorder = Recorder::new(0, 1, range);
        let (mut buffers, mut output) = (BufferPool::default(), Output::default());
        let (mut sequence, mut window) = (Sequence::default(), Window::new(4));
        let (first, count) = window.open_run(&mut sequence, Ticket::default(), 3).unwrap();
        output.with_buffer(&mut buffers).extend_from_slice(&[0; 30]);
        output.stamped(first, count, 0, Nanos(5));
        output.acknowledge(Nanos(4), 2);
        drop(output.octets().split_to(15));
        let written = output.wrote(15, Nanos(6), &mut window, &mut recorder, &mut buffers);
        assert_eq!((written, output.offered_at(Nanos(7))), (1, Nanos(7)), "the socket is full");
        let tickets: Vec<_> = (first..first + 3).map(|n| window.get(n).unwrap()).collect();
        let times = tickets.iter().map(|t| (t.offered, t.written));
        let waits = (Nanos(6), Nanos::ZERO);
        assert_eq!(times.collect::<Vec<_>>(), [(Nanos(6), Nanos(6)), waits, waits]);
        drop(output.octets().split_to(15));
        let written = output.wrote(15, Nanos(9), &mut window, &mut recorder, &mut buffers);
        assert_eq!((written, output.offered_at(Nanos(9))), (2, Nanos::ZERO));
        assert_eq!(recorder.whole(Metric::DeliverAck).count(), 2);
        assert_eq!(
            (output.octets().capacity(), buffers.0.len()),
            (0, 1),
            "its buffer is given back"
        );
    }
}
