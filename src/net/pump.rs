//! The pump: one task per connection, one read per readiness, many PDUs per read, one write per batch.
//!
//! It is generic over `AsyncRead + AsyncWrite`, so TCP, TLS and an in-memory pipe are the same to it. It knows
//! no PDU: it hands what was read to an [`Endpoint`] and writes what that left in the session's out-buffer.
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

/// What an endpoint wants of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnAction {
    /// Go on.
    Stay,
    /// Write what is left, then close.
    CloseWhenFlushed,
    /// Close now, whatever is left.
    Close,
    /// Close with a reset.
    Reset,
    /// Write what is left, close our direction, go on reading.
    HalfClose,
    /// Stop reading for now; go on writing.
    HoldReads,
}

/// One side of many sessions, without I/O: `esme::Core`, `smsc::Core`. Time comes as an argument.
pub trait Endpoint {
    /// A longer read is given in slices of about so many octets, and what they leave to be written goes out
    /// early: the peer works on it while we work on the rest. All of a read at once, unless said otherwise.
    const SLICE: usize = usize::MAX;
    /// Takes in what one read brought, stamped when it returned. Says how many octets (whole PDUs) it used;
    /// the rest comes again, with more behind it.
    fn on_octets(&mut self, session: u32, octets: &[u8], now: Nanos) -> usize;
    /// What is to be written on this session.
    fn out(&mut self, session: u32) -> &mut BytesMut;
    /// So many octets of it were written by a write that began at `stamp`; they are gone from `out`.
    fn wrote(&mut self, session: u32, octets: usize, stamp: Nanos);
    /// The socket did not take all that is to be written on this session, which a write at `stamp` offered to it. The
    /// stream (TLS) has taken the first `taken` octets of it, and passed some of them on.
    fn blocked(&mut self, _session: u32, _taken: usize, _stamp: Nanos) {}
    /// Whether this session may be read now. Where it may not, what waits to be written must be bounded by what the
    /// peer has asked for, and this session is dirty, or its socket full, until it may again.
    fn reads(&self, _session: u32) -> bool {
        true
    }
    /// What is to become of the connection.
    fn wish(&self, session: u32) -> ConnAction;
    /// Does what is due, and says when it wants to be called next.
    fn tick(&mut self, now: Nanos) -> Nanos;
    /// Moves the sessions whose out-buffer or wish changed outside their own read into `into`.
    fn take_dirty(&mut self, into: &mut Vec<u32>);
}

/// How a connection ended.
#[derive(Debug)]
pub enum End {
    /// The endpoint wished it.
    Wished(ConnAction),
    /// The peer closed.
    PeerClosed,
    /// An I/O error: reset, broken pipe, TLS failure.
    Failed(io::Error),
}

/// What is told to the endpoint's owner when a connection is gone.
#[derive(Debug)]
pub struct Gone {
    /// How.
    pub end: End,
    /// When.
    pub at: Nanos,
}

/// Wakes a session's pump from outside its task (the pacer has stamped something into its out-buffer).
#[derive(Clone, Debug, Default)]
pub struct Wake(Rc<RefCell<Option<Waker>>>);

impl Wake {
    /// Polls the pump again.
    pub fn wake(&self) {
        if let Some(waker) = self.0.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }
    /// Whoever is polled with this context is woken from now on.
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
    /// 256 KiB: room for thousands of responses in one read.
    pub const OCTETS: usize = 256 * 1024;
}

impl Default for ReadBuffer {
    fn default() -> Self {
        ReadBuffer(Rc::new(RefCell::new(vec![0; Self::OCTETS])))
    }
}

/// How long a TLS close_notify may wait for a socket that takes nothing.
const GOODBYE_MAX: Nanos = Nanos::from_millis(500);
/// What keeps the rest of a read keeps at most this much memory while it holds none.
const CARRY_IDLE: usize = 64 * 1024;

/// Between two slices of a read, so many octets are worth a write.
const WRITE_EARLY: usize = 32 * 1024;

struct State<'a, S> {
    stream: S,
    session: u32,
    buffer: &'a ReadBuffer,
    /// Octets of a PDU that has not wholly come yet.
    carry: Vec<u8>,
    half_closed: bool,
    /// Octets at the front of the out-buffer that the stream took and has not passed on: TLS keeps some when the
    /// socket is full. They count as written when it has.
    unflushed: usize,
}

/// So many octets of what is to be written on this session are gone, by a write that began at `stamp`.
#[inline]
pub fn wrote<E: Endpoint>(core: &mut E, session: u32, octets: usize, stamp: Nanos) {
    core.out(session).advance(octets);
    core.wrote(session, octets, stamp);
}

/// Moves octets until the connection ends. `after` is called when a read may have changed other sessions too, with
/// this session's number. True: what the read left to be written on this one is written by whoever was asked, or
/// this pump is woken to do it.
pub async fn pump<S, E>(
    stream: S,
    session: u32,
    endpoint: &RefCell<E>,
    buffer: &ReadBuffer,
    wake: &Wake,
    after: &dyn Fn(&mut E, u32) -> bool,
) -> Gone
where
    S: AsyncRead + AsyncWrite + Unpin,
    E: Endpoint,
{
    let mut state =
        State { stream, session, buffer, carry: Vec::new(), half_closed: false, unflushed: 0 };
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
        let polled = state.turn(endpoint, context, after);
        stop.set(polled.is_ready());
        polled
    })
    .await;
    let at = Clock::now();
    if !matches!(end, End::Wished(ConnAction::Reset | ConnAction::Close)) && !state.half_closed {
        // a peer that is gone already cannot be told goodbye, and one that takes nothing is not waited for
        let goodbye = tokio::io::AsyncWriteExt::shutdown(&mut state.stream);
        let _ = tokio::time::timeout(GOODBYE_MAX.into(), goodbye).await;
    }
    Gone { end, at }
}

impl<S: AsyncRead + AsyncWrite + Unpin> State<'_, S> {
    fn turn<E: Endpoint>(
        &mut self,
        endpoint: &RefCell<E>,
        context: &mut Context<'_>,
        after: &dyn Fn(&mut E, u32) -> bool,
    ) -> Poll<End> {
        let mut held = false;
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
                        held |= after(core, self.session);
                    }
                    Poll::Ready(Ok(false)) => return Poll::Ready(End::PeerClosed),
                    // over TLS, a peer that closes without a goodbye: many do, and it is no fault of the wire
                    Poll::Ready(Err(e)) if e.kind() == io::ErrorKind::UnexpectedEof => {
                        return Poll::Ready(End::PeerClosed);
                    }
                    Poll::Ready(Err(e)) => return Poll::Ready(End::Failed(e)),
                    Poll::Pending => {}
                }
            }
            if !held {
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
                | ConnAction::HoldReads => {}
            }
            if !moved {
                return Poll::Pending;
            }
        }
    }

    /// One read. Ready(true): octets came; Ready(false): the peer closed.
    fn read<E: Endpoint>(
        &mut self,
        core: &mut E,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<bool>> {
        let mut buffer = self.buffer.0.borrow_mut();
        let kept = self.carry.len();
        if kept + Header::OCTETS > buffer.len() {
            let longer = buffer.len() * 2;
            buffer.resize(longer, 0);
        }
        buffer[..kept].copy_from_slice(&self.carry);
        let mut into = ReadBuf::new(&mut buffer[kept..]);
        match Pin::new(&mut self.stream).poll_read(context, &mut into) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
            Poll::Ready(Ok(())) => {}
        }
        let came = into.filled().len();
        if came == 0 {
            return Poll::Ready(Ok(false));
        }
        let now = Clock::now();
        let all = &buffer[..kept + came];
        let mut used = 0;
        while used < all.len() {
            let end = used.saturating_add(E::SLICE).min(all.len());
            let mut took = core.on_octets(self.session, &all[used..end], now);
            if took == 0 && end < all.len() {
                // a PDU that is longer than a slice
                took = core.on_octets(self.session, &all[used..], now);
            }
            used += took;
            if took == 0 {
                break;
            }
            if matches!(core.wish(self.session), ConnAction::Close | ConnAction::Reset) {
                // whatever follows is nobody's any more
                used = all.len();
            }
            if used < all.len() && core.out(self.session).len() >= WRITE_EARLY {
                self.write(core, context)?;
            }
        }
        self.carry.clear();
        self.carry.extend_from_slice(&all[used..]);
        if self.carry.is_empty() && self.carry.capacity() > CARRY_IDLE {
            self.carry = Vec::new();
        }
        Poll::Ready(Ok(true))
    }

    /// Writes what is there, as far as the socket takes it. True: something went.
    fn write<E: Endpoint>(&mut self, core: &mut E, context: &mut Context<'_>) -> io::Result<bool> {
        let mut any = false;
        while !core.out(self.session).is_empty() {
            let stamp = Clock::now();
            if self.unflushed == 0 {
                let out = core.out(self.session);
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

    /// Takes PDUs of 10 octets and answers each with one; closes after so many octets.
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

    /// So many octets are sent in one piece; what the endpoint saw, and what came back.
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
    fn a_long_read_is_worked_through_in_slices_and_nothing_of_it_is_lost_or_seen_twice() {
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
    fn once_the_endpoint_gives_a_connection_up_the_rest_of_the_read_is_not_given_to_it() {
        let (echo, _) = pumped(50_000, 1_000);
        assert_eq!((echo.reads.len(), echo.taken), (1, 1_000));
    }
}
