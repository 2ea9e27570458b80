//! The pump: one task per connection, one read per readiness, many PDUs per read, one write per batch.
//!
//! It is generic over `AsyncRead + AsyncWrite`: TCP, TLS or an in-memory pipe. It knows no PDUs: it passes octets that it
//! reads to an [`Endpoint`] and writes the session's out-buffer.
use crate::kit::{Clock, Nanos};
use crate::smpp::Header;
use bytes::{Buf, BytesMut};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What an endpoint wants done with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnAction {
    /// Read and write.
    Stay,
    /// Write the out-buffer, then close.
    CloseWhenFlushed,
    /// Close now and discard the out-buffer.
    Close,
    /// Reset the connection now.
    Reset,
    /// Write the out-buffer, close the write side, keep reading.
    HalfClose,
    /// Do not read for now; keep writing.
    HoldReads,
    /// Read, and write no more than [`Endpoint::slice`] says.
    Slice,
}

/// One side of many sessions, without I/O: `esme::Core` or `smsc::Core`. Time is an argument.
pub trait Endpoint {
    /// A longer read is passed in slices of about this number of octets, and the output of each slice is written early: the
    /// peer handles it while the rest of the read is handled here. MAX: reads are not sliced.
    const SLICE: usize = usize::MAX;
    /// Handles the octets of one read, which returned at `now`. Returns the number of octets used (whole PDUs); the rest is
    /// passed again, with more octets after it.
    fn on_octets(&mut self, session: u32, octets: &[u8], now: Nanos) -> usize;
    /// The out-buffer of a session.
    fn out(&mut self, session: u32) -> &mut BytesMut;
    /// A write that began at `stamp` wrote this number of octets; they are removed from `out` already.
    fn wrote(&mut self, session: u32, octets: usize, stamp: Nanos);
    /// A write that began at `stamp` wrote this number of octets, which are still at the front of `out`: for a witness.
    fn witness_write(&mut self, _session: u32, _octets: usize, _stamp: Nanos) {}
    /// A write at `stamp` offered the whole out-buffer to the socket, which did not accept all of it. The stream (TLS) has
    /// taken the first `taken` octets, and passed some of them on.
    fn blocked(&mut self, _session: u32, _taken: usize, _stamp: Nanos) {}
    /// Whether this session may be read now. As long as it may not, its out-buffer must be bounded by what the peer has
    /// requested, and the session must be listed as changed or its socket be full.
    fn reads(&self, _session: u32) -> bool {
        true
    }
    /// Takes the number of octets that may be written now under [`ConnAction::Slice`]; the session is listed as changed when
    /// there are more.
    fn slice(&mut self, _session: u32) -> usize {
        usize::MAX
    }
    /// What to do with a connection.
    fn wish(&self, session: u32) -> ConnAction;
    /// Does the work that is due. Returns when it must be called next.
    fn tick(&mut self, now: Nanos) -> Nanos;
    /// Moves the sessions whose out-buffer or action changed outside their own read into `into`.
    fn take_dirty(&mut self, into: &mut Vec<u32>);
}

/// How a connection ended.
#[derive(Debug)]
pub enum End {
    /// The endpoint ended it.
    Wished(ConnAction),
    /// The peer closed.
    PeerClosed,
    /// An I/O error: reset, broken pipe, TLS failure.
    Failed(io::Error),
}

/// The end of a connection.
#[derive(Debug)]
pub struct ConnectionClosed {
    /// How it ended.
    pub end: End,
    /// When it ended.
    pub at: Nanos,
}

/// Wakes a session's pump from outside its task: its out-buffer has changed.
#[derive(Clone, Debug, Default)]
pub struct Wake(Rc<RefCell<Option<Waker>>>);

impl Wake {
    /// Wakes the pump.
    pub fn wake(&self) {
        if let Some(waker) = self.0.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }
    /// Wakes the task of this context from now on.
    pub fn register(&self, context: &Context<'_>) {
        let mut slot = self.0.borrow_mut();
        match slot.as_ref() {
            Some(waker) if waker.will_wake(context.waker()) => {}
            Some(_) | None => *slot = Some(context.waker().clone()),
        }
    }
}

/// The read buffer of one worker, shared by its sessions.
#[derive(Clone, Debug)]
pub struct ReadBuffer(Rc<RefCell<Vec<u8>>>);

impl ReadBuffer {
    /// 256 KiB: thousands of responses fit into one read.
    pub const OCTETS: usize = 256 * 1024;

    /// A buffer of this number of octets.
    pub fn of_octets(octets: usize) -> ReadBuffer {
        ReadBuffer(Rc::new(RefCell::new(vec![0; octets])))
    }
}

impl Default for ReadBuffer {
    fn default() -> Self {
        ReadBuffer::of_octets(Self::OCTETS)
    }
}

/// How long a TLS close_notify may wait for a socket that accepts nothing.
const CLOSE_NOTIFY_WITHIN: Nanos = Nanos::from_millis(500);
/// Maximum capacity of an empty buffer for partial PDUs, in octets.
const PARTIAL_IDLE_MAX: usize = 64 * 1024;

/// Minimum octets of output to write between two slices of a read.
const EARLY_WRITE_MIN: usize = 32 * 1024;

/// The pump of one connection.
struct PumpState<'a, S> {
    stream: S,
    session: u32,
    buffer: &'a ReadBuffer,
    /// Octets of a PDU that has not been read completely.
    partial: Vec<u8>,
    half_closed: bool,
    /// Number of octets at the front of the out-buffer that the stream has taken and not passed on: TLS keeps some while
    /// the socket is full. They count as written once passed on.
    unflushed: usize,
}

/// Removes octets from the out-buffer that a write begun at `stamp` has written, and reports them to the endpoint.
#[inline]
pub fn wrote<E: Endpoint>(core: &mut E, session: u32, octets: usize, stamp: Nanos) {
    core.witness_write(session, octets, stamp);
    core.out(session).advance(octets);
    core.wrote(session, octets, stamp);
}

/// Moves octets until the connection ends. Calls `after` with this session's number after each read, which may have
/// changed other sessions too. True: `after` takes over this session's output, or wakes the pump for it.
pub async fn pump<S, E>(
    stream: S,
    session: u32,
    endpoint: &RefCell<E>,
    buffer: &ReadBuffer,
    wake: &Wake,
    after: &dyn Fn(&mut E, u32) -> bool,
) -> ConnectionClosed
where
    S: AsyncRead + AsyncWrite + Unpin,
    E: Endpoint,
{
    let mut state = PumpState {
        stream,
        session,
        buffer,
        partial: Vec::new(),
        half_closed: false,
        unflushed: 0,
    };
    let stop = Cell::new(false);
    let mut known: Option<Waker> = None;
    let end = poll_fn(|context| {
        if stop.get() {
            return Poll::Pending;
        }
        if known.as_ref().is_none_or(|known| !known.will_wake(context.waker())) {
            known = Some(context.waker().clone());
            wake.register(context);
        }
        let polled = state.poll(endpoint, context, after);
        stop.set(polled.is_ready());
        polled
    })
    .await;
    let at = Clock::now();
    if !matches!(end, End::Wished(ConnAction::Reset | ConnAction::Close)) && !state.half_closed {
        // fails where the peer has closed; a peer that does not read is not waited for
        let shutdown = tokio::io::AsyncWriteExt::shutdown(&mut state.stream);
        let _ = tokio::time::timeout(CLOSE_NOTIFY_WITHIN.into(), shutdown).await;
    }
    ConnectionClosed { end, at }
}

impl<S: AsyncRead + AsyncWrite + Unpin> PumpState<'_, S> {
    /// Reads and writes until neither makes progress. Ready: the connection has ended.
    fn poll<E: Endpoint>(
        &mut self,
        endpoint: &RefCell<E>,
        context: &mut Context<'_>,
        after: &dyn Fn(&mut E, u32) -> bool,
    ) -> Poll<End> {
        let mut output_taken_over = false;
        loop {
            let core = &mut *endpoint.borrow_mut();
            let wish = core.wish(self.session);
            if matches!(wish, ConnAction::Close | ConnAction::Reset) {
                return Poll::Ready(End::Wished(wish));
            }
            let mut moved = false;
            if wish != ConnAction::HoldReads && core.reads(self.session) {
                match self.read(core, context) {
                    Poll::Ready(Ok(true)) => {
                        moved = true;
                        output_taken_over |= after(core, self.session);
                    }
                    Poll::Ready(Ok(false)) => return Poll::Ready(End::PeerClosed),
                    // over TLS, a peer that closes without close_notify: many do
                    Poll::Ready(Err(e)) if e.kind() == io::ErrorKind::UnexpectedEof => {
                        return Poll::Ready(End::PeerClosed);
                    }
                    Poll::Ready(Err(e)) => return Poll::Ready(End::Failed(e)),
                    Poll::Pending => {}
                }
            }
            if !output_taken_over {
                match self.write(core, context) {
                    Ok(wrote) => moved |= wrote,
                    Err(e) => return Poll::Ready(End::Failed(e)),
                }
            }
            match core.wish(self.session) {
                w @ (ConnAction::Close | ConnAction::Reset) => return Poll::Ready(End::Wished(w)),
                w @ ConnAction::CloseWhenFlushed if core.out(self.session).is_empty() => {
                    return Poll::Ready(End::Wished(w));
                }
                ConnAction::HalfClose if core.out(self.session).is_empty() && !self.half_closed => {
                    let _ = Pin::new(&mut self.stream).poll_shutdown(context);
                    self.half_closed = true;
                }
                ConnAction::Stay
                | ConnAction::CloseWhenFlushed
                | ConnAction::HalfClose
                | ConnAction::HoldReads
                | ConnAction::Slice => {}
            }
            if !moved {
                return Poll::Pending;
            }
        }
    }

    /// Reads once. Ready(true): octets were read; Ready(false): the peer closed.
    fn read<E: Endpoint>(
        &mut self,
        core: &mut E,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<bool>> {
        let mut buffer = self.buffer.0.borrow_mut();
        let kept = self.partial.len();
        if kept + Header::OCTETS > buffer.len() {
            let longer = buffer.len() * 2;
            buffer.resize(longer, 0);
        }
        buffer[..kept].copy_from_slice(&self.partial);
        let mut into = ReadBuf::new(&mut buffer[kept..]);
        match Pin::new(&mut self.stream).poll_read(context, &mut into) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
            Poll::Ready(Ok(())) => {}
        }
        let received = into.filled().len();
        if received == 0 {
            return Poll::Ready(Ok(false));
        }
        let now = Clock::now();
        let all = &buffer[..kept + received];
        let mut used = 0;
        while used < all.len() {
            let end = used.saturating_add(E::SLICE).min(all.len());
            let mut took = core.on_octets(self.session, &all[used..end], now);
            if took == 0 && end < all.len() {
                // a PDU is longer than a slice
                took = core.on_octets(self.session, &all[used..], now);
            }
            used += took;
            if took == 0 {
                break;
            }
            if matches!(core.wish(self.session), ConnAction::Close | ConnAction::Reset) {
                // the rest of the read is discarded
                used = all.len();
            }
            if used < all.len() && core.out(self.session).len() >= EARLY_WRITE_MIN {
                self.write(core, context)?;
            }
        }
        self.partial.clear();
        self.partial.extend_from_slice(&all[used..]);
        if self.partial.is_empty() && self.partial.capacity() > PARTIAL_IDLE_MAX {
            self.partial = Vec::new();
        }
        Poll::Ready(Ok(true))
    }

    /// Writes the out-buffer as far as the socket accepts it. True: some octets were written.
    fn write<E: Endpoint>(&mut self, core: &mut E, context: &mut Context<'_>) -> io::Result<bool> {
        let mut any = false;
        let is_sliced = core.wish(self.session) == ConnAction::Slice;
        let mut left = usize::MAX;
        if is_sliced && !core.out(self.session).is_empty() {
            left = core.slice(self.session);
        }
        while !core.out(self.session).is_empty() && left > 0 {
            let stamp = Clock::now();
            if self.unflushed == 0 {
                let out = core.out(self.session);
                let out = &out[..out.len().min(left)];
                match Pin::new(&mut self.stream).poll_write(context, out) {
                    Poll::Pending => {
                        core.blocked(self.session, 0, stamp);
                        return Ok(any);
                    }
                    Poll::Ready(Err(e)) => return Err(e),
                    Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                    Poll::Ready(Ok(octets)) => self.unflushed = octets,
                }
            }
            match Pin::new(&mut self.stream).poll_flush(context) {
                Poll::Ready(Ok(())) => {
                    // an endpoint may have taken back what it had left to be written
                    let octets = self.unflushed.min(core.out(self.session).len());
                    self.unflushed = 0;
                    left = left.saturating_sub(octets);
                    wrote(core, self.session, octets, stamp);
                    any = true;
                }
                Poll::Ready(Err(e)) => return Err(e),
                Poll::Pending => {
                    core.blocked(self.session, self.unflushed, stamp);
                    return Ok(any);
                }
            }
        }
        Ok(any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Answers each PDU of 10 octets with one octet, and closes after `close_at` octets.
    #[derive(Default)]
    struct Echo {
        reads: Vec<usize>,
        out: BytesMut,
        taken: usize,
        close_at: usize,
    }

    impl Endpoint for Echo {
        const SLICE: usize = 1_005;

        fn on_octets(&mut self, _: u32, octets: &[u8], _: Nanos) -> usize {
            let used = octets.len() / 10 * 10;
            self.reads.push(octets.len());
            self.taken += used;
            self.out.extend_from_slice(&octets[..used / 10]);
            used
        }
        fn out(&mut self, _: u32) -> &mut BytesMut {
            &mut self.out
        }
        fn wrote(&mut self, _: u32, _: usize, _: Nanos) {}
        fn wish(&self, _: u32) -> ConnAction {
            if self.taken >= self.close_at { ConnAction::Close } else { ConnAction::Stay }
        }
        fn tick(&mut self, _: Nanos) -> Nanos {
            Nanos::MAX
        }
        fn take_dirty(&mut self, _: &mut Vec<u32>) {}
    }

    /// Sends octets in one piece. Returns the endpoint and the octets that it sent back.
    fn pumped(octets: usize, close_at: usize) -> (Echo, Vec<u8>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (mut near, far) = tokio::io::duplex(1 << 20);
            let sent: Vec<u8> = (0..octets).map(|n| n as u8).collect();
            near.write_all(&sent).await.unwrap();
            near.shutdown().await.unwrap();
            let echo = RefCell::new(Echo { close_at, ..Echo::default() });
            let (buffer, wake) = (ReadBuffer::default(), Wake::default());
            pump(far, 0, &echo, &buffer, &wake, &|_, _| false).await;
            let mut back = Vec::new();
            near.read_to_end(&mut back).await.unwrap();
            (echo.into_inner(), back)
        })
    }

    #[test]
    fn a_long_read_is_passed_in_slices_and_no_octet_is_lost_or_passed_twice() {
        let (echo, back) = pumped(4_995, usize::MAX);
        assert_eq!(echo.taken, 4_990);
        assert!(
            echo.reads.len() >= 5 && echo.reads.iter().all(|n| *n <= 1_005),
            "{:?}",
            echo.reads
        );
        assert_eq!(back.len(), 499);
        let firsts = (0..100).flat_map(|slice| (0..100).map(move |n| (slice * 1000 + n) as u8));
        assert!(back.iter().zip(firsts).take(100).all(|(a, b)| *a == b));
    }

    #[test]
    fn once_the_endpoint_closes_a_connection_the_rest_of_the_read_is_discarded() {
        let (echo, _) = pumped(50_000, 1_000);
        assert_eq!((echo.reads.len(), echo.taken), (1, 1_000));
    }
}
