//! The simulator behind a socket: a thread, a runtime, a listener, a pump per connection, one timer.
//!
//! [`Core`] decides what is sent and when.
use super::command::{Command, CommandOutcome};
use super::events::SmscEvent;
use super::{Core, Tally};
use crate::kit::{Clock, Nanos, Timer};
use crate::net::{ConnAction, End, Endpoint, ReadBuffer, ServerTls, Wake, Witness, pump};
use crate::plan::behaviour::Behaviour;
use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit};
use socket2::SockRef;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::rc::Rc;
use std::sync::mpsc as sync;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// Minimum time between two wakes of the timer. Whatever becomes due in between is sent in one batch.
const WAKE_EVERY: Nanos = Nanos::from_micros(50);
/// How long ESMEs have to answer an unbind when the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(2);
/// Maximum duration of a TLS handshake.
const HANDSHAKE_WITHIN: Nanos = Nanos::from_secs(10);
/// Maximum number of concurrent TLS handshakes; one more ends the oldest.
const HANDSHAKES_MAX: usize = 1024;
/// File descriptors that connections leave free, so that the tally can be written.
const SPARE_FILES: u64 = 8;
/// Pause after an accept that failed: without it the loop would fail again at once.
const ACCEPT_RETRY_AFTER: Duration = Duration::from_millis(10);
/// How long a caller waits for the tally or the outcome of a command. The simulator's thread answers between two wakes.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How long a caller waits for the simulator's thread to end, and how often it checks.
const END_WITHIN: Duration = Duration::from_secs(5);
const END_CHECK_EVERY: Duration = Duration::from_millis(1);

/// Starts simulators.
#[derive(Clone, Copy, Debug)]
pub struct Server;

/// A running simulator, on a thread of its own. Dropping this stops it.
#[derive(Debug)]
pub struct RunningServer {
    /// The address it listens on.
    pub address: SocketAddr,
    requests: mpsc::UnboundedSender<Request>,
    thread: Option<JoinHandle<Tally>>,
}

/// What a caller requests of the simulator's thread.
enum Request {
    Tally(sync::Sender<Tally>),
    Command(Command, sync::Sender<CommandOutcome>),
    Stop,
}

impl Server {
    /// Listens on `listen` (port 0: any) and serves until it is stopped.
    ///
    /// # Errors
    /// Binding the address or starting the thread or its runtime failed; `InvalidInput`: a file of `[tls]` is not valid
    /// (checked before anything is bound).
    pub fn start(behaviour: &Behaviour, listen: SocketAddr) -> io::Result<RunningServer> {
        Server::start_with(behaviour, listen, None, None)
    }

    /// As [`Server::start`], and sends rare events to the channel. While the channel is full up to 1,024 of them are
    /// kept; further ones are only counted ([`SmscEvent::Lost`]).
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_logged(
        behaviour: &Behaviour,
        listen: SocketAddr,
        events: mpsc::Sender<SmscEvent>,
    ) -> io::Result<RunningServer> {
        Server::start_with(behaviour, listen, Some(events), None)
    }

    /// As [`Server::start_logged`], and tells `witness` all octets. MO carry the marker of `run`.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_witnessed(
        behaviour: &Behaviour,
        listen: SocketAddr,
        events: mpsc::Sender<SmscEvent>,
        (witness, run): (Witness, u32),
    ) -> io::Result<RunningServer> {
        Server::start_with(behaviour, listen, Some(events), Some((witness, run)))
    }

    fn start_with(
        behaviour: &Behaviour,
        listen: SocketAddr,
        events: Option<mpsc::Sender<SmscEvent>>,
        witness: Option<(Witness, u32)>,
    ) -> io::Result<RunningServer> {
        let tls = server_tls(behaviour)?;
        let listener = crate::net::listen(listen)?;
        let address = listener.local_addr()?;
        let (requests, received) = mpsc::unbounded_channel();
        let (ready, started) = sync::channel();
        let behaviour = behaviour.clone();
        let thread = Builder::new().name("smsc".to_owned()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(e) => {
                    // fails only where the caller is gone
                    let _ = ready.send(Err(e));
                    return Tally::default();
                }
            };
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime, async move {
                let state = match ServerState::new(&behaviour, tls, events, witness) {
                    Ok(state) => Rc::new(state),
                    Err(e) => {
                        let _ = ready.send(Err(e));
                        return Tally::default();
                    }
                };
                let listener = match TcpListener::from_std(listener) {
                    Ok(listener) => listener,
                    Err(e) => {
                        let _ = ready.send(Err(e));
                        return Tally::default();
                    }
                };
                let _ = ready.send(Ok(()));
                serve(state, listener, received).await
            })
        })?;
        started.recv().unwrap_or_else(|_| Err(io::Error::other("the simulator's thread ended")))?;
        Ok(RunningServer { address, requests, thread: Some(thread) })
    }
}

impl RunningServer {
    /// The counts so far. None: the simulator has ended, or does not answer within two seconds.
    pub fn tally(&self) -> Option<Tally> {
        let (answer, answered) = sync::channel();
        self.requests.send(Request::Tally(answer)).ok()?;
        answered.recv_timeout(ANSWER_WITHIN).ok()
    }

    /// Does a command. None: the simulator has ended, or does not answer within two seconds.
    pub fn command(&self, command: Command) -> Option<CommandOutcome> {
        let (answer, answered) = sync::channel();
        self.requests.send(Request::Command(command, answer)).ok()?;
        answered.recv_timeout(ANSWER_WITHIN).ok()
    }

    /// Whether its thread has ended.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Unbinds all sessions, stops, and returns the final counts; zeros: the thread did not end in time.
    pub fn stop(self) -> Tally {
        self.try_stop().unwrap_or_default()
    }

    /// Unbinds all sessions, stops, and returns the final counts. None: the thread did not end in time.
    pub fn try_stop(mut self) -> Option<Tally> {
        self.end()
    }

    fn end(&mut self) -> Option<Tally> {
        let thread = self.thread.take()?;
        // sending fails only where the thread has ended already
        let _ = self.requests.send(Request::Stop);
        for _ in 0..END_WITHIN.as_millis() / END_CHECK_EVERY.as_millis() {
            if thread.is_finished() {
                return thread.join().ok();
            }
            std::thread::sleep(END_CHECK_EVERY);
        }
        // a thread that hangs must not block its owner
        None
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.end();
    }
}

/// State shared by the simulator's tasks.
struct ServerState {
    core: RefCell<Core>,
    /// Where events go. None: they are not logged.
    events: Option<mpsc::Sender<SmscEvent>>,
    buffer: ReadBuffer,
    /// How to wake the pump of a session.
    wakes: RefCell<HashMap<u32, Wake>>,
    timer: Timer,
    /// When the timer fired last.
    woken: RefCell<Nanos>,
    /// Scratch buffer for the sessions whose pump must be woken.
    changed: RefCell<Vec<u32>>,
    tls: Option<ServerTls>,
    /// The tasks of TLS handshakes by connection number, oldest first.
    handshakes: RefCell<BTreeMap<u64, AbortHandle>>,
    /// Maximum number of file descriptors of this process.
    files_max: u64,
}

fn server_tls(behaviour: &Behaviour) -> io::Result<Option<ServerTls>> {
    let Some(tls) = &behaviour.tls else { return Ok(None) };
    let (certificate, key) = (Path::new(&tls.certificate), Path::new(&tls.key));
    let client_ca = tls.client_ca.as_deref().map(Path::new);
    let wrong = |e| io::Error::new(io::ErrorKind::InvalidInput, format!("tls: {e}"));
    ServerTls::new(certificate, key, client_ca).map(Some).map_err(wrong)
}

impl ServerState {
    fn new(
        behaviour: &Behaviour,
        tls: Option<ServerTls>,
        events: Option<mpsc::Sender<SmscEvent>>,
        witness: Option<(Witness, u32)>,
    ) -> io::Result<ServerState> {
        let wall_at_zero = Clock::wall_ns().saturating_sub(Clock::now().0);
        let mut core = Core::new(behaviour, wall_at_zero);
        if events.is_some() {
            core.log_events();
        }
        if let Some((witness, run)) = witness {
            core.witnessed(witness, run);
        }
        Ok(ServerState {
            core: RefCell::new(core),
            events,
            buffer: ReadBuffer::default(),
            wakes: RefCell::default(),
            timer: Timer::new()?,
            woken: RefCell::new(Nanos::ZERO),
            changed: RefCell::default(),
            tls,
            handshakes: RefCell::default(),
            files_max: getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft),
        })
    }

    /// Whether this connection has one of the last descriptors: a new one always gets the lowest free number.
    fn is_short_of_files(&self, stream: &TcpStream) -> bool {
        let number = u64::try_from(stream.as_raw_fd()).unwrap_or(0);
        number.saturating_add(SPARE_FILES) >= self.files_max
    }

    /// Ends the oldest TLS handshake or unbound connection. False: all connections are bound.
    fn drop_oldest_unbound(&self) -> bool {
        let mut core = self.core.borrow_mut();
        if let Some((_, handshake)) = self.handshakes.borrow_mut().pop_first() {
            handshake.abort();
            core.turned_away();
            return true;
        }
        let is_dropped = core.drop_oldest_unbound(Clock::now());
        self.flush_changes(&mut core);
        is_dropped
    }

    /// Wakes the pumps of the sessions that changed, arms the timer for the work that is due next, and hands on events
    /// as far as their channel has capacity.
    fn flush_changes(&self, core: &mut Core) {
        if let Some(events) = &self.events {
            while let Ok(slot) = events.try_reserve()
                && let Some(event) = core.take_event()
            {
                slot.send(event);
            }
        }
        let mut changed = self.changed.borrow_mut();
        core.take_dirty(&mut changed);
        if !changed.is_empty() {
            let wakes = self.wakes.borrow();
            for session in changed.drain(..) {
                if let Some(wake) = wakes.get(&session) {
                    wake.wake();
                }
            }
        }
        let due = core.next_due();
        let at = if due == Nanos::MAX { due } else { due.max(*self.woken.borrow() + WAKE_EVERY) };
        // arming fails only for a timer that could not have been created
        let _ = self.timer.arm(at);
    }

    fn tick(&self) {
        let now = Clock::now();
        *self.woken.borrow_mut() = now;
        let mut core = self.core.borrow_mut();
        core.tick(now);
        self.flush_changes(&mut core);
    }
}

async fn serve(
    state: Rc<ServerState>,
    listener: TcpListener,
    mut received: mpsc::UnboundedReceiver<Request>,
) -> Tally {
    let accepts = tokio::task::spawn_local(accept(state.clone(), listener));
    let ticks = tokio::task::spawn_local({
        let state = state.clone();
        async move {
            while state.timer.fired().await.is_ok() {
                state.tick();
            }
        }
    });
    loop {
        // the caller may have stopped waiting for an answer
        match received.recv().await {
            Some(Request::Tally(answer)) => {
                let mut core = state.core.borrow_mut();
                state.flush_changes(&mut core);
                let _ = answer.send(core.tally().clone());
            }
            Some(Request::Command(command, answer)) => {
                let mut core = state.core.borrow_mut();
                let _ = answer.send(core.command(&command, Clock::now()));
                state.flush_changes(&mut core);
            }
            Some(Request::Stop) | None => break,
        }
    }
    accepts.abort();
    {
        let mut core = state.core.borrow_mut();
        core.stop(Clock::now());
        state.flush_changes(&mut core);
    }
    let all_closed = async {
        while state.core.borrow().connections_count() > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    // an ESME that does not answer the unbind is not waited for any longer
    let _ = tokio::time::timeout(STOP_WITHIN, all_closed).await;
    ticks.abort();
    state.core.borrow().tally().clone()
}

async fn accept(state: Rc<ServerState>, listener: TcpListener) {
    for number in 0.. {
        match listener.accept().await {
            Ok((stream, _)) => {
                if state.is_short_of_files(&stream) && !state.drop_oldest_unbound() {
                    state.core.borrow_mut().turned_away();
                    continue;
                }
                if state.tls.is_some() && state.handshakes.borrow().len() >= HANDSHAKES_MAX {
                    state.drop_oldest_unbound();
                }
                let task = tokio::task::spawn_local(connection(state.clone(), stream, number));
                if state.tls.is_some() {
                    state.handshakes.borrow_mut().insert(number, task.abort_handle());
                }
            }
            Err(e) => {
                // without a free descriptor the next accept fails too
                if matches!(
                    e.raw_os_error().map(Errno::from_raw),
                    Some(Errno::EMFILE | Errno::ENFILE)
                ) {
                    state.drop_oldest_unbound();
                }
                tokio::time::sleep(ACCEPT_RETRY_AFTER).await;
            }
        }
    }
}

async fn connection(state: Rc<ServerState>, stream: TcpStream, number: u64) {
    // setting an option fails only on a closed socket, which the pump reports
    let _ = stream.set_nodelay(true);
    match &state.tls {
        None => run_session(&state, stream, |stream| SockRef::from(stream)).await,
        // a failed handshake is not counted: the client reports it
        Some(tls) => {
            let handshake = tls.accept(stream, HANDSHAKE_WITHIN).await;
            state.handshakes.borrow_mut().remove(&number);
            if let Ok(stream) = handshake {
                run_session(&state, Box::new(stream), |stream| SockRef::from(stream.get_ref().0))
                    .await;
            }
        }
    }
}

async fn run_session<S>(state: &Rc<ServerState>, mut stream: S, socket: impl Fn(&S) -> SockRef<'_>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let wake = Wake::default();
    let session = {
        let mut core = state.core.borrow_mut();
        let session = core.connected(Clock::now());
        state.wakes.borrow_mut().insert(session, wake.clone());
        state.flush_changes(&mut core);
        session
    };
    let after = |core: &mut Core, _: u32| {
        state.flush_changes(core);
        false
    };
    let closed = pump(&mut stream, session, &state.core, &state.buffer, &wake, &after).await;
    if matches!(closed.end, End::Wished(ConnAction::Reset)) {
        let _ = socket(&stream).set_linger(Some(Duration::ZERO));
    }
    state.wakes.borrow_mut().remove(&session);
    let mut core = state.core.borrow_mut();
    core.closed(session, closed.at);
    state.flush_changes(&mut core);
}
