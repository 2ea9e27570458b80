//! The simulator behind a socket: a thread, a runtime, a listener, a pump per connection, one timer.
//!
//! It decides nothing: what goes out and when is the [`Core`]'s.
use super::{Core, Tally};
use crate::kit::{Clock, Nanos, Timer};
use crate::net::{ConnAction, End, Endpoint, ReadBuffer, ServerTls, Wake, pump};
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

/// The timer is armed for no sooner than so long after the last wake: what comes due in between goes out in
/// one batch.
const WAKE_EVERY: Nanos = Nanos::from_micros(50);
/// ESMEs have so long to answer our unbind when the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(2);
/// Who has not agreed on TLS within this is hung up on.
const SHAKE_WITHIN: Nanos = Nanos::from_secs(10);
/// TLS handshakes that go on at once; one more ends the oldest.
const SHAKING_MAX: usize = 1024;
/// Descriptors that connections leave free, so that the tally can be written.
const SPARE_FILES: u64 = 8;
/// After an accept that failed. A loop without a pause would only fail again.
const ACCEPT_AGAIN: Duration = Duration::from_millis(10);
/// How long a caller waits for the tally. The simulator's thread answers between two wakes.
const TALLY_WITHIN: Duration = Duration::from_secs(2);
/// How long a caller waits for the simulator's thread to end, and how often it looks.
const END_WITHIN: Duration = Duration::from_secs(5);
const END_LOOK: Duration = Duration::from_millis(1);

/// Starts simulators.
#[derive(Clone, Copy, Debug)]
pub struct Server;

/// A simulator that runs on a thread of its own. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    asks: mpsc::UnboundedSender<Ask>,
    thread: Option<JoinHandle<Tally>>,
}

enum Ask {
    Tally(sync::Sender<Tally>),
    Stop,
}

impl Server {
    /// Listens on `listen` (port 0: any) and serves until it is stopped.
    ///
    /// # Errors
    /// What binding the address, starting the thread or its runtime said; `InvalidInput` where `[tls]`
    /// names a file that will not do (before anything is bound).
    pub fn start(behaviour: &Behaviour, listen: SocketAddr) -> io::Result<Running> {
        let tls = server_tls(behaviour)?;
        let listener = crate::net::listen(listen)?;
        let address = listener.local_addr()?;
        let (asks, asked) = mpsc::unbounded_channel();
        let (ready, started) = sync::channel();
        let behaviour = behaviour.clone();
        let thread = Builder::new().name("smsc".to_owned()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(e) => {
                    // whoever waits gets the error; if nobody does any more, nobody minds
                    let _ = ready.send(Err(e));
                    return Tally::default();
                }
            };
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime, async move {
                let house = match ServerState::new(&behaviour, tls) {
                    Ok(house) => Rc::new(house),
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
                serve(house, listener, asked).await
            })
        })?;
        started.recv().unwrap_or_else(|_| Err(io::Error::other("the simulator's thread ended")))?;
        Ok(Running { address, asks, thread: Some(thread) })
    }
}

impl Running {
    /// What it has counted so far; None: it has ended, or does not answer within two seconds.
    pub fn tally(&self) -> Option<Tally> {
        let (answer, answered) = sync::channel();
        self.asks.send(Ask::Tally(answer)).ok()?;
        answered.recv_timeout(TALLY_WITHIN).ok()
    }

    /// Whether its thread has ended.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Unbinds everybody, closes, and gives what was counted.
    pub fn stop(self) -> Tally {
        self.try_stop().unwrap_or_default()
    }

    /// The same; None: its thread did not end in time.
    pub fn try_stop(mut self) -> Option<Tally> {
        self.end()
    }

    fn end(&mut self) -> Option<Tally> {
        let thread = self.thread.take()?;
        // a thread that has ended needs no telling
        let _ = self.asks.send(Ask::Stop);
        for _ in 0..END_WITHIN.as_millis() / END_LOOK.as_millis() {
            if thread.is_finished() {
                return thread.join().ok();
            }
            std::thread::sleep(END_LOOK);
        }
        // a thread that hangs must not hang its owner
        None
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// What the tasks share.
struct ServerState {
    core: RefCell<Core>,
    buffer: ReadBuffer,
    wakes: RefCell<HashMap<u32, Wake>>,
    timer: Timer,
    woken: RefCell<Nanos>,
    dirty: RefCell<Vec<u32>>,
    tls: Option<ServerTls>,
    /// TLS handshakes that go on, oldest first.
    shaking: RefCell<BTreeMap<u64, AbortHandle>>,
    /// Descriptors this process may have.
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
    fn new(behaviour: &Behaviour, tls: Option<ServerTls>) -> io::Result<ServerState> {
        let wall_at_zero = Clock::wall_ns().saturating_sub(Clock::now().0);
        Ok(ServerState {
            core: RefCell::new(Core::new(behaviour, wall_at_zero)),
            buffer: ReadBuffer::default(),
            wakes: RefCell::default(),
            timer: Timer::new()?,
            woken: RefCell::new(Nanos::ZERO),
            dirty: RefCell::default(),
            tls,
            shaking: RefCell::default(),
            files_max: getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft),
        })
    }

    /// Whether this connection has one of the last descriptors. Descriptors are numbered from the lowest free.
    fn is_short_of_files(&self, stream: &TcpStream) -> bool {
        let number = u64::try_from(stream.as_raw_fd()).unwrap_or(0);
        number.saturating_add(SPARE_FILES) >= self.files_max
    }

    /// Ends the oldest connection that is not bound. False: all are bound.
    fn make_room(&self) -> bool {
        let mut core = self.core.borrow_mut();
        if let Some((_, handshake)) = self.shaking.borrow_mut().pop_first() {
            handshake.abort();
            core.turned_away();
            return true;
        }
        let made = core.drop_oldest_unbound(Clock::now());
        self.settle(&mut core);
        made
    }

    /// Wakes the pumps of sessions that have something new, and arms the timer for what is due next.
    fn settle(&self, core: &mut Core) {
        let mut dirty = self.dirty.borrow_mut();
        core.take_dirty(&mut dirty);
        if !dirty.is_empty() {
            let wakes = self.wakes.borrow();
            for session in dirty.drain(..) {
                if let Some(wake) = wakes.get(&session) {
                    wake.wake();
                }
            }
        }
        let due = core.next_due();
        let at = if due == Nanos::MAX { due } else { due.max(*self.woken.borrow() + WAKE_EVERY) };
        // a timer that cannot be armed was one that could never be made
        let _ = self.timer.arm(at);
    }

    fn tick(&self) {
        let now = Clock::now();
        *self.woken.borrow_mut() = now;
        let mut core = self.core.borrow_mut();
        core.tick(now);
        self.settle(&mut core);
    }
}

async fn serve(
    house: Rc<ServerState>,
    listener: TcpListener,
    mut asked: mpsc::UnboundedReceiver<Ask>,
) -> Tally {
    let accepts = tokio::task::spawn_local(accept(house.clone(), listener));
    let ticks = tokio::task::spawn_local({
        let house = house.clone();
        async move {
            while house.timer.fired().await.is_ok() {
                house.tick();
            }
        }
    });
    while let Some(Ask::Tally(answer)) = asked.recv().await {
        // whoever asked may have gone
        let _ = answer.send(house.core.borrow().tally().clone());
    }
    accepts.abort();
    {
        let mut core = house.core.borrow_mut();
        core.stop(Clock::now());
        house.settle(&mut core);
    }
    let gone = async {
        while house.core.borrow().connections_count() > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    // who does not answer our unbind is left behind
    let _ = tokio::time::timeout(STOP_WITHIN, gone).await;
    ticks.abort();
    house.core.borrow().tally().clone()
}

async fn accept(house: Rc<ServerState>, listener: TcpListener) {
    for number in 0.. {
        match listener.accept().await {
            Ok((stream, _)) => {
                if house.is_short_of_files(&stream) && !house.make_room() {
                    house.core.borrow_mut().turned_away();
                    continue;
                }
                if house.tls.is_some() && house.shaking.borrow().len() >= SHAKING_MAX {
                    house.make_room();
                }
                let task = tokio::task::spawn_local(connection(house.clone(), stream, number));
                if house.tls.is_some() {
                    house.shaking.borrow_mut().insert(number, task.abort_handle());
                }
            }
            Err(e) => {
                // without a free descriptor the next one fails too, unless one is given back
                if matches!(
                    e.raw_os_error().map(Errno::from_raw),
                    Some(Errno::EMFILE | Errno::ENFILE)
                ) {
                    house.make_room();
                }
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

async fn connection(house: Rc<ServerState>, stream: TcpStream, number: u64) {
    // a socket that refuses an option is one that is gone already; the pump will say so
    let _ = stream.set_nodelay(true);
    match &house.tls {
        None => converse(&house, stream, |stream| SockRef::from(stream)).await,
        // who cannot agree on TLS never was a connection of the simulator's: its own side says why
        Some(tls) => {
            let shaken = tls.accept(stream, SHAKE_WITHIN).await;
            house.shaking.borrow_mut().remove(&number);
            if let Ok(stream) = shaken {
                converse(&house, Box::new(stream), |stream| SockRef::from(stream.get_ref().0))
                    .await;
            }
        }
    }
}

async fn converse<S>(house: &Rc<ServerState>, mut stream: S, socket: impl Fn(&S) -> SockRef<'_>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let wake = Wake::default();
    let session = {
        let mut core = house.core.borrow_mut();
        let session = core.connected(Clock::now());
        house.wakes.borrow_mut().insert(session, wake.clone());
        house.settle(&mut core);
        session
    };
    let after = |core: &mut Core, _: u32| {
        house.settle(core);
        false
    };
    let gone = pump(&mut stream, session, &house.core, &house.buffer, &wake, &after).await;
    if matches!(gone.end, End::Wished(ConnAction::Reset)) {
        let _ = socket(&stream).set_linger(Some(Duration::ZERO));
    }
    house.wakes.borrow_mut().remove(&session);
    let mut core = house.core.borrow_mut();
    core.closed(session, gone.at);
    house.settle(&mut core);
}
