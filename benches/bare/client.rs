//! The bare ESME: one thread, one epoll, `window` open on each bind. A read's responses are counted and as
//! many messages follow in one write. Two timerfds say when counting begins and ends, so that the clock
//! is not read in between.
use super::wire::{self, Sheet};
use super::{READ_OCTETS, epoll};
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use smppbench::kit::{Clock, Nanos, ThreadUse};
use smppbench::plan::Plan;
use smppbench::smpp::CommandId;
use std::io::{self, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const SUBMIT_SM_RESP: u32 = CommandId::SUBMIT_SM_RESP.0;
const DELIVER_SM: u32 = CommandId::DELIVER_SM.0;
/// A server may take this long to answer a bind, the last messages or an unbind; then it hangs, which is an error.
const PATIENCE: Duration = Duration::from_secs(10);
const TIMER: u64 = u64::MAX;
const PACER: u64 = u64::MAX - 1;

/// What the client is to do.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// Gives the octets, the binds and their window.
    pub plan: &'a Plan,
    /// Whom to connect to.
    pub address: SocketAddr,
    /// Messages a second; None: closed loop.
    pub rate: Option<u64>,
    /// Not counted.
    pub warmup: Duration,
    /// Counted.
    pub measured: Duration,
    /// Paced only: keep how late each message was written.
    pub lateness: bool,
}

/// What it did while it counted.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// Answered.
    pub messages: u64,
    /// Receipts that came.
    pub receipts: u64,
    /// Time that this took.
    pub elapsed: Nanos,
    /// This thread's processor time.
    pub cpu_ns: u64,
    /// System calls.
    pub calls: u64,
    /// Write stamp − intended time, by message.
    pub lateness: Vec<u32>,
}

impl Done {
    /// Answered messages a second.
    pub fn per_second(&self) -> f64 {
        self.messages as f64 / self.elapsed.as_secs_f64()
    }
    /// The share of its core that this thread used.
    pub fn busy(&self) -> f64 {
        self.cpu_ns as f64 / self.elapsed.0.max(1) as f64
    }
    /// Processor nanoseconds a message.
    pub fn cpu_per_message(&self) -> f64 {
        self.cpu_ns as f64 / self.messages.max(1) as f64
    }
}

struct Line {
    stream: TcpStream,
    carry: Vec<u8>,
    pending: Vec<u8>,
    sequence_number: u32,
    open_count: usize,
}

struct Client {
    epoll: Epoll,
    lines: Vec<Line>,
    window: usize,
    closed_loop: bool,
    buffer: Vec<u8>,
    submits: Sheet,
    acks: Sheet,
    control: Vec<u8>,
    answered: u64,
    receipts: u64,
    written: u64,
    calls: u64,
}

/// When messages are due in an open loop.
struct Pacer {
    timer: TimerFd,
    rate: u64,
    start: Nanos,
    next: u64,
    lateness: Option<Vec<u32>>,
}

/// Runs the task to its end, drained and unbound.
pub fn run(task: &Task<'_>) -> io::Result<Done> {
    let mut client = Client::connect(task)?;
    let timer = timer()?;
    client.epoll.add(&timer, EpollEvent::new(EpollFlags::EPOLLIN, TIMER))?;
    let mut pacer = task.rate.map(|rate| Pacer::new(rate, task.lateness)).transpose()?;
    if let Some(pacer) = &mut pacer {
        // an edge: arming it again is all it takes, it is never read
        let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLET;
        client.epoll.add(&pacer.timer, EpollEvent::new(flags, PACER))?;
        pacer.start = Clock::now() + Nanos::from_millis(1);
        pacer.arm()?;
    } else {
        client.fill_windows()?;
    }
    arm(&timer, Clock::now() + task.warmup.into())?;
    client.turn_until_timer(&timer, &mut pacer)?;
    if let Some(lateness) = pacer.as_mut().and_then(|p| p.lateness.as_mut()) {
        lateness.clear();
    }
    let (from, before) = (Clock::now(), client.counts());
    let mut used = ThreadUse::of_this_thread();
    arm(&timer, from + task.measured.into())?;
    client.turn_until_timer(&timer, &mut pacer)?;
    let mut done = Done { elapsed: Clock::now().since(from), ..Done::default() };
    used.since_last(&mut done.cpu_ns, &mut 0);
    let after = client.counts();
    [done.messages, done.receipts, done.calls] =
        [after[0] - before[0], after[1] - before[1], after[2] - before[2]];
    done.lateness = pacer.and_then(|p| p.lateness).unwrap_or_default();
    client.drain_and_unbind()?;
    Ok(done)
}

impl Client {
    fn connect(task: &Task<'_>) -> io::Result<Client> {
        let account = &task.plan.accounts[0];
        let submit_sm = wire::submit_sm(task.plan).map_err(io::Error::other)?;
        let bind = wire::bind(task.plan);
        let epoll = epoll()?;
        let mut lines = Vec::new();
        for token in 0..account.binds.count {
            let mut stream = TcpStream::connect_timeout(&task.address, PATIENCE)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            stream.write_all(&bind)?;
            let mut resp = [0; 64];
            let came = stream.read(&mut resp)?;
            let bound = came >= wire::HEADER && resp[8..12] == [0; 4];
            if !bound {
                return Err(io::Error::other("the bind was refused"));
            }
            stream.set_nonblocking(true)?;
            let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLET;
            epoll.add(&stream, EpollEvent::new(flags, token as u64))?;
            let (carry, pending) = (Vec::new(), Vec::new());
            lines.push(Line { stream, carry, pending, sequence_number: 1, open_count: 0 });
        }
        Ok(Client {
            epoll,
            lines,
            window: account.binds.window,
            closed_loop: task.rate.is_none(),
            buffer: vec![0; READ_OCTETS],
            submits: Sheet::new(&submit_sm, 1024),
            acks: Sheet::new(&wire::deliver_sm_resp(), 1024),
            control: Vec::new(),
            answered: 0,
            receipts: 0,
            written: 0,
            calls: 0,
        })
    }

    fn counts(&self) -> [u64; 3] {
        [self.answered, self.receipts, self.calls]
    }

    fn fill_windows(&mut self) -> io::Result<()> {
        for token in 0..self.lines.len() {
            self.acks.clear();
            self.open(token, self.window);
            self.send(token)?;
        }
        Ok(())
    }

    /// Stamps so many messages for a line; [`Client::send`] sends them.
    #[inline]
    fn open(&mut self, token: usize, count: usize) {
        let line = &mut self.lines[token];
        self.submits.clear();
        let mut number = line.sequence_number;
        for _ in 0..count {
            number = number % 0x7FFF_FFFF + 1;
            self.submits.stamp(number);
        }
        line.sequence_number = number;
        line.open_count += count;
        self.written += count as u64;
    }

    /// Turns until the timer fires.
    fn turn_until_timer(&mut self, timer: &TimerFd, pacer: &mut Option<Pacer>) -> io::Result<()> {
        let mut events = vec![EpollEvent::empty(); 1024];
        loop {
            self.calls += 1;
            let count = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Ok(count) => count,
                Err(nix::errno::Errno::EINTR) => continue,
                Err(e) => return Err(e.into()),
            };
            let mut fired = false;
            for event in &events[..count] {
                match event.data() {
                    TIMER => fired = true,
                    PACER => {
                        if let Some(pacer) = pacer {
                            self.release(pacer)?;
                        }
                    }
                    token => self.converse(token as usize)?,
                }
            }
            if fired {
                timer.wait()?;
                return Ok(());
            }
        }
    }

    /// Writes all that is due, spread over the lines.
    fn release(&mut self, pacer: &mut Pacer) -> io::Result<()> {
        let due = pacer.due(Clock::now());
        let (lines, first) = (self.lines.len() as u64, pacer.next);
        for step in 0..due.min(lines) {
            let token = ((first + step) % lines) as usize;
            let count = (due - step).div_ceil(lines);
            self.acks.clear();
            self.open(token, count as usize);
            if pacer.lateness.is_some() {
                let stamp = Clock::now();
                for n in 0..count {
                    let late = stamp.since(pacer.at(first + step + n * lines));
                    let late = u32::try_from(late.0).unwrap_or(u32::MAX);
                    pacer.lateness.as_mut().map(|l| l.push(late)).unwrap_or_default();
                }
            }
            self.send(token)?;
        }
        pacer.next += due;
        self.calls += 1;
        pacer.arm()
    }

    fn converse(&mut self, token: usize) -> io::Result<()> {
        self.flush(token)?;
        loop {
            let line = &mut self.lines[token];
            let kept = line.carry.len();
            self.buffer[..kept].copy_from_slice(&line.carry);
            self.calls += 1;
            let came = match line.stream.read(&mut self.buffer[kept..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(came) => came,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            };
            self.take_in(token, kept + came);
            self.send(token)?;
            if kept + came < self.buffer.len() {
                // a short read has emptied the socket: what comes next is another edge
                return Ok(());
            }
        }
    }

    #[inline]
    fn take_in(&mut self, token: usize, octets: usize) {
        let Client { buffer, acks, control, .. } = self;
        acks.clear();
        let (mut answered, mut receipts) = (0, 0);
        let used = wire::walk(&buffer[..octets], |command, sequence_number| match command {
            SUBMIT_SM_RESP => answered += 1,
            DELIVER_SM => {
                acks.stamp(sequence_number);
                receipts += 1;
            }
            other => answer_control(CommandId(other), sequence_number, control),
        });
        let line = &mut self.lines[token];
        line.carry.clear();
        line.carry.extend_from_slice(&self.buffer[used..octets]);
        line.open_count -= answered.min(line.open_count);
        self.answered += answered as u64;
        self.receipts += receipts;
        let refill = if self.closed_loop { answered } else { 0 };
        self.open(token, refill);
    }

    /// One write for all that was stamped.
    fn send(&mut self, token: usize) -> io::Result<()> {
        let line = &mut self.lines[token];
        if !self.control.is_empty() {
            line.pending.append(&mut self.control);
        }
        let (acks, submits) = (self.acks.stamped(), self.submits.stamped());
        let total = acks.len() + submits.len();
        if total == 0 {
            return self.flush(token);
        }
        let mut written = 0;
        if line.pending.is_empty() {
            self.calls += 1;
            let wrote = if acks.is_empty() {
                line.stream.write(submits)
            } else {
                line.stream.write_vectored(&[IoSlice::new(acks), IoSlice::new(submits)])
            };
            written = match wrote {
                Ok(written) => written,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => 0,
                Err(e) => return Err(e),
            };
        }
        if written < total {
            let of_acks = written.min(acks.len());
            line.pending.extend_from_slice(&acks[of_acks..]);
            line.pending.extend_from_slice(&submits[written - of_acks..]);
            return self.flush(token);
        }
        Ok(())
    }

    fn flush(&mut self, token: usize) -> io::Result<()> {
        let line = &mut self.lines[token];
        while !line.pending.is_empty() {
            self.calls += 1;
            match line.stream.write(&line.pending) {
                Ok(written) => {
                    line.pending.drain(..written);
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Opens nothing more, waits until all is answered, unbinds.
    fn drain_and_unbind(mut self) -> io::Result<()> {
        self.closed_loop = false;
        let mut events = vec![EpollEvent::empty(); 1024];
        let until = Clock::now() + PATIENCE.into();
        while self.lines.iter().any(|l| l.open_count > 0) {
            let count = self.epoll.wait(&mut events, 2_000u16)?;
            if count == 0 || Clock::now() > until {
                let open: usize = self.lines.iter().map(|l| l.open_count).sum();
                return Err(io::Error::other(format!("{open} messages stayed unanswered")));
            }
            for event in &events[..count] {
                if event.data() < PACER {
                    self.converse(event.data() as usize)?;
                }
            }
        }
        for line in &mut self.lines {
            line.stream.set_nonblocking(false)?;
            let unbind = wire::header_only(CommandId::UNBIND, line.sequence_number + 1);
            line.stream.write_all(&[&line.pending[..], &unbind].concat())?;
        }
        for line in &mut self.lines {
            // each read is bounded, and so is their number: a server that goes on sending hangs too
            while line.stream.read(&mut self.buffer)? > 0 {
                if Clock::now() > until + PATIENCE.into() {
                    return Err(io::Error::other("the server does not close after the unbind"));
                }
            }
        }
        Ok(())
    }
}

#[cold]
fn answer_control(command: CommandId, sequence_number: u32, out: &mut Vec<u8>) {
    if matches!(command, CommandId::ENQUIRE_LINK | CommandId::UNBIND) {
        out.extend_from_slice(&wire::header_only(command.response(), sequence_number));
    }
}

impl Pacer {
    fn new(rate: u64, lateness: bool) -> io::Result<Pacer> {
        // touched now, so that no page is fetched while it counts
        let lateness = lateness.then(|| {
            let mut touched = vec![1; 1 << 21];
            touched.clear();
            touched
        });
        Ok(Pacer { timer: timer()?, rate, start: Nanos::ZERO, next: 0, lateness })
    }
    /// The intended time of message `n`.
    #[inline]
    fn at(&self, n: u64) -> Nanos {
        Nanos(self.start.0 + (u128::from(n) * 1_000_000_000 / u128::from(self.rate)) as u64)
    }
    /// Messages that are due by now and have not been released.
    #[inline]
    fn due(&self, now: Nanos) -> u64 {
        let elapsed = u128::from(now.since(self.start).0);
        let by_now = (elapsed * u128::from(self.rate) / 1_000_000_000) as u64 + 1;
        let by_now = if self.at(by_now) <= now { by_now + 1 } else { by_now };
        by_now.saturating_sub(self.next)
    }
    fn arm(&self) -> io::Result<()> {
        arm(&self.timer, self.at(self.next))
    }
}

fn timer() -> io::Result<TimerFd> {
    let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
    Ok(TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?)
}

fn arm(timer: &TimerFd, at: Nanos) -> io::Result<()> {
    let at = TimeSpec::from_duration(at.into());
    let flags = TimerSetTimeFlags::TFD_TIMER_ABSTIME;
    Ok(timer.set(Expiration::OneShot(at), flags)?)
}
