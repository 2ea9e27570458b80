//! One worker on its thread: a current-thread runtime, one pump per session, one pacer. Only octets and
//! wake-ups move here; [`Core`] decides.
use super::Core;
use super::connecting::{ClientConnection, connect};
use super::deferred_writes::{Deferral, DirectWrites};
use super::flooding;
use super::mailbox::WorkerMessage;
use super::orders::{Event, Order, WorkerAssignment};
use super::secure;
use crate::kit::{Clock, Nanos, ThreadUse, Timer};
use crate::measure::{Interval, Transport};
use crate::net::{
    ClientTls, ConnAction, End, Endpoint, ReadBuffer, Wake, Witness, granted, pump, reset_on_close,
    tcp_info,
};
use crate::plan::PlanError;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// The ends of the queues that a worker holds.
#[derive(Debug)]
pub struct Wires {
    /// From the coordinator.
    pub orders: UnboundedReceiver<Order>,
    /// To the coordinator.
    pub events: UnboundedSender<Event>,
    /// From the other workers of this process.
    pub handed: UnboundedReceiver<Vec<WorkerMessage>>,
    /// To the workers of this process, by place (this worker's own queue included).
    pub hand: Vec<UnboundedSender<Vec<WorkerMessage>>>,
    /// Intervals that come back to be filled again.
    pub spares: UnboundedReceiver<Box<Interval>>,
    /// Who is told all octets. None: nobody.
    pub witness: Option<Witness>,
}

/// The shortest pause between two wakes of the pacer: below it, wake-ups cost more than they time.
const WAKE_MIN: Nanos = Nanos::from_micros(50);

/// A loop that wakes later than this has read and sent late: as late as docs/verdict.md, "Was the harness fit" no
/// longer calls on time.
const LATE_MIN: Nanos = Nanos::from_millis(1);

/// Sessions written directly per turn; the others are woken, so that reads do not wait for all of them.
const DIRECT_MAX: usize = 32;

struct WorkerRuntime {
    core: RefCell<Core>,
    wakes: Vec<Wake>,
    direct_writes: DirectWrites,
    /// Wakes the task that writes what was deferred.
    deferred: Wake,
    /// Notified when the pacer must ask again when it is due.
    nudge: Notify,
    finished: Notify,
    outputs: RefCell<WorkerOutputs>,
    buffer: ReadBuffer,
    over: Cell<bool>,
    assignment: WorkerAssignment,
    tls: Option<ClientTls>,
}

/// Channels out of this worker, and reusable buffers.
struct WorkerOutputs {
    events: UnboundedSender<Event>,
    hand: Vec<UnboundedSender<Vec<WorkerMessage>>>,
    moving: Vec<Event>,
    dirty: Vec<u32>,
    used: ThreadUse,
    /// The longest that the pacer was woken after the time it had asked for, since the last interval.
    late_max: Nanos,
    /// Total time that the loop woke late, where it was more than [`LATE_MIN`] at once.
    loop_late: Nanos,
}

/// Runs a worker to its end on this thread.
///
/// # Errors
/// Where the plan cannot be worked out, or the kernel grants no reactor or timer.
pub fn run(assignment: WorkerAssignment, wires: Wires) -> Result<(), WorkerError> {
    let now = Clock::now();
    let wall_at_zero = Clock::wall_ns().saturating_sub(now.0);
    let mut core = Core::new(&assignment, wall_at_zero).map_err(WorkerError::Plan)?;
    if let Some(witness) = &wires.witness {
        core.witnessed(witness.clone());
    }
    let tls = secure::client_tls(&assignment.plan.target).map_err(WorkerError::Plan)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .event_interval(31)
        .build_local(tokio::runtime::LocalOptions::default())
        .map_err(WorkerError::Io)?;
    let ended = runtime.block_on(drive(assignment, core, tls, wires)).map_err(WorkerError::Io);
    // a name that is still being resolved is not awaited
    runtime.shutdown_background();
    ended
}

/// Why a worker could not run.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The plan cannot be worked out.
    #[error("{0}")]
    Plan(PlanError),
    /// The kernel granted no reactor or timer.
    #[error("cannot start a worker: {0}")]
    Io(std::io::Error),
}

async fn drive(
    assignment: WorkerAssignment,
    core: Core,
    tls: Option<ClientTls>,
    wires: Wires,
) -> std::io::Result<()> {
    let sessions = core.sessions_count();
    let Wires { orders, events, handed, hand, spares, witness: _ } = wires;
    let outputs = WorkerOutputs {
        events,
        hand,
        moving: Vec::new(),
        dirty: Vec::new(),
        used: ThreadUse::of_this_thread(),
        late_max: Nanos::ZERO,
        loop_late: Nanos::ZERO,
    };
    let runtime = Rc::new(WorkerRuntime {
        core: RefCell::new(core),
        wakes: (0..sessions).map(|_| Wake::default()).collect(),
        direct_writes: DirectWrites::new(sessions),
        deferred: Wake::default(),
        nudge: Notify::new(),
        finished: Notify::new(),
        outputs: RefCell::new(outputs),
        buffer: ReadBuffer::default(),
        over: Cell::new(false),
        assignment,
        tls,
    });
    if runtime.core.borrow().is_ladder() {
        tokio::task::spawn_local(bind_one_by_one(runtime.clone()));
    } else {
        for session in 0..sessions as u32 {
            tokio::task::spawn_local(run_session(runtime.clone(), session));
        }
    }
    tokio::task::spawn_local(write_deferred(runtime.clone()));
    tokio::task::spawn_local(listen_to_orders(runtime.clone(), orders));
    tokio::task::spawn_local(listen_to_workers(runtime.clone(), handed));
    tokio::task::spawn_local(take_spares(runtime.clone(), spares));
    pace(&runtime).await
}

/// The pacer: a timerfd armed for what the core says is due next.
async fn pace(runtime: &Rc<WorkerRuntime>) -> std::io::Result<()> {
    let timer = Timer::new()?;
    let precise = runtime.assignment.plan.load.precise;
    let busy = runtime.assignment.plan.load.busy_poll;
    let has_events = !runtime.assignment.plan.events.is_empty();
    loop {
        let now = Clock::now();
        let next = runtime.core.borrow_mut().tick(now);
        let woken = runtime.after(u32::MAX);
        if has_events {
            runtime.core.borrow_mut().take_resumed(|session| {
                runtime.wakes[session as usize].wake();
            });
            start_attempts(runtime);
        }
        if runtime.over.get() {
            // the events must have been sent before the runtime ends
            tokio::task::yield_now().await;
            return Ok(());
        }
        if busy {
            tokio::task::yield_now().await;
            continue;
        }
        if woken {
            // what was stamped goes out before the timer costs its system calls
            tokio::task::yield_now().await;
        }
        let at = if precise { next.since(WAKE_MIN) } else { next };
        let at = at.max(now + WAKE_MIN);
        timer.arm(at)?;
        tokio::select! {
            fired = timer.fired() => {
                fired?;
                runtime.woken_for(at);
            }
            () = runtime.nudge.notified() => {}
            () = runtime.finished.notified() => {}
        }
        if precise {
            while Clock::now() < next && next.since(Clock::now()) < WAKE_MIN + WAKE_MIN {
                std::hint::spin_loop();
            }
        }
    }
}

impl WorkerRuntime {
    /// After the core has done something: writes what sessions have to write, or wakes them to do it, and
    /// passes on what is to be told. `here`: the session in whose task this runs, which needs neither. Returns whether
    /// some session was woken.
    fn after(&self, here: u32) -> bool {
        self.after_core(&mut self.core.borrow_mut(), here)
    }

    /// The timer fired for `at`: records how much later its turn came.
    fn woken_for(&self, at: Nanos) {
        let outputs = &mut *self.outputs.borrow_mut();
        let late = Clock::now().since(at);
        outputs.late_max = outputs.late_max.max(late);
        if late > LATE_MIN {
            outputs.loop_late += late;
        }
    }

    /// After a read: whether what it left to be written waits for what others leave.
    fn try_defer(&self, core: &mut Core, here: u32) -> bool {
        let is_closed_loop = core.is_closed_loop();
        match self.direct_writes.try_defer(core, is_closed_loop, here) {
            Deferral::No => return false,
            // its turn comes behind all that are ready to be read now
            Deferral::First => self.deferred.wake(),
            Deferral::Behind => {}
            Deferral::Enough => self.write_deferred(core),
        }
        true
    }

    fn write_deferred(&self, core: &mut Core) {
        self.direct_writes.write_deferred(core, |session| self.wakes[session as usize].wake());
    }

    fn after_core(&self, core: &mut Core, here: u32) -> bool {
        let outputs = &mut *self.outputs.borrow_mut();
        let mut woken = false;
        core.take_dirty(&mut outputs.dirty);
        for (place, session) in outputs.dirty.drain(..).enumerate() {
            let is_direct = place < DIRECT_MAX;
            if session != here && !(is_direct && self.direct_writes.write(core, session)) {
                self.wakes[session as usize].wake();
                woken = true;
            }
        }
        core.take_messages(|worker, batch| {
            // a worker whose queue is closed has reported, and counted what it owned
            let _ = outputs.hand[worker].send(batch);
        });
        core.take_events(&mut outputs.moving);
        for mut event in outputs.moving.drain(..) {
            if let Event::Interval(interval) = &mut event {
                outputs
                    .used
                    .since_last(&mut interval.gauges.cpu_ns, &mut interval.gauges.run_delay_ns);
                interval.loop_max_ns = std::mem::take(&mut outputs.late_max).0;
                interval.loop_held_ns = std::mem::take(&mut outputs.loop_late).0;
            }
            let _ = outputs.events.send(event);
        }
        if core.take_rearm() {
            self.nudge.notify_one();
        }
        if core.finished() && !self.over.replace(true) {
            self.finished.notify_one();
        }
        woken
    }
}

/// On a ladder: connects sessions one after the other, when the core says so.
async fn bind_one_by_one(runtime: Rc<WorkerRuntime>) {
    while !runtime.over.get() && !runtime.core.borrow().is_stopping() {
        let next = runtime.core.borrow_mut().next_bind();
        let Some((session, pause)) = next else {
            tokio::time::sleep(Nanos::from_millis(1).into()).await;
            continue;
        };
        tokio::time::sleep(pause.into()).await;
        if runtime.core.borrow().is_stopping() {
            return;
        }
        tokio::task::spawn_local(run_session(runtime.clone(), session));
    }
}

/// One session: connects, pumps, and connects again as long as the core wants it.
async fn run_session(runtime: Rc<WorkerRuntime>, session: u32) {
    let plan = runtime.assignment.plan.clone();
    let id = runtime.core.borrow().session_id(session);
    let connect_rate = runtime.core.borrow().connect_rate(session);
    if let Some(rate) = connect_rate {
        // a planned bind storm: this many connects a second over the account's sessions
        let wait =
            u128::from(id) * 1_000_000_000 * u128::from(rate.den) / u128::from(rate.num.max(1));
        tokio::time::sleep(Nanos(wait as u64).into()).await;
    }
    loop {
        // on the heap, and gone once connected: an idle bind must not carry what connecting takes
        let again = match Box::pin(connect(&plan, runtime.tls.as_ref(), id)).await {
            Ok((mut line, handshake)) => {
                if let Some(took) = handshake {
                    runtime.core.borrow_mut().on_tls_connected(took);
                }
                runtime.core.borrow_mut().connected(session, Clock::now());
                if let ClientConnection::Plain(line) = &line {
                    runtime.direct_writes.set(session, Some(line.clone()));
                }
                let after = |core: &mut Core, here: u32| {
                    runtime.after_core(core, here);
                    runtime.try_defer(core, here)
                };
                let (core, buffer) = (&runtime.core, &runtime.buffer);
                let wake = &runtime.wakes[session as usize];
                let gone = match &mut line {
                    ClientConnection::Plain(s) => {
                        pump(s, session, core, buffer, wake, &after).await
                    }
                    ClientConnection::Tls(s) => {
                        pump(s.as_mut(), session, core, buffer, wake, &after).await
                    }
                };
                // what the kernel counted is read before the socket is closed
                if let Some(transport) = transport(line.tcp()) {
                    runtime.core.borrow_mut().record_tcp_stats(session, &transport);
                }
                runtime.direct_writes.set(session, None);
                if matches!(gone.end, End::Wished(ConnAction::Reset)) {
                    // where it fails, the connection is closed
                    let _ = reset_on_close(line.tcp());
                }
                drop(line);
                runtime.core.borrow_mut().disconnected(session, &gone.end, gone.at)
            }
            Err(e) => {
                let why = e.to_string();
                runtime.core.borrow_mut().connect_failed(session, &why, Clock::now())
            }
        };
        runtime.after(u32::MAX);
        let Some(at) = again else { return };
        tokio::time::sleep(at.since(Clock::now()).into()).await;
        if runtime.core.borrow().is_stopping() {
            runtime.core.borrow_mut().connect_failed(session, "stopping", Clock::now());
            runtime.after(u32::MAX);
            return;
        }
    }
}

/// Starts the bind attempts that are to be made now.
fn start_attempts(runtime: &Rc<WorkerRuntime>) {
    runtime.core.borrow_mut().take_attempts(|attempt| {
        let runtime = runtime.clone();
        tokio::task::spawn_local(async move {
            let plan = &runtime.assignment.plan;
            let status = flooding::attempt(&attempt, plan, runtime.tls.as_ref()).await;
            runtime.core.borrow_mut().attempt_ended(&attempt, status);
        });
    });
}

/// What the kernel granted to a connection and counted on it.
fn transport(stream: &tokio::net::TcpStream) -> Option<Transport> {
    let info = tcp_info(stream)?;
    let granted = granted(stream);
    Some(Transport {
        connections: 1,
        rtt: info.rtt,
        rtt_min: info.rtt_min,
        retransmits: info.retransmits,
        segments_out: info.segments_out,
        busy: info.busy,
        rwnd_limited: info.rwnd_limited,
        sndbuf_limited: info.sndbuf_limited,
        nodelay: granted.nodelay,
        send_buffer: granted.send_buffer as u64,
        receive_buffer: granted.receive_buffer as u64,
    })
}

/// Writes what was deferred, whenever it is woken.
async fn write_deferred(runtime: Rc<WorkerRuntime>) {
    let forever = std::future::poll_fn(|context| {
        runtime.deferred.register(context);
        runtime.write_deferred(&mut runtime.core.borrow_mut());
        std::task::Poll::<()>::Pending
    });
    forever.await;
}

async fn listen_to_orders(runtime: Rc<WorkerRuntime>, mut orders: UnboundedReceiver<Order>) {
    while let Some(order) = orders.recv().await {
        runtime.core.borrow_mut().order(&order, Clock::now());
        runtime.after(u32::MAX);
        runtime.nudge.notify_one();
    }
    // without a coordinator there is nobody to report to: unbind and end
    runtime.core.borrow_mut().order(&Order::Stop, Clock::now());
    runtime.after(u32::MAX);
    runtime.nudge.notify_one();
}

async fn listen_to_workers(
    runtime: Rc<WorkerRuntime>,
    mut handed: UnboundedReceiver<Vec<WorkerMessage>>,
) {
    while let Some(batch) = handed.recv().await {
        runtime.core.borrow_mut().on_messages(&batch);
        runtime.after(u32::MAX);
    }
}

async fn take_spares(runtime: Rc<WorkerRuntime>, mut spares: UnboundedReceiver<Box<Interval>>) {
    while let Some(spare) = spares.recv().await {
        runtime.core.borrow_mut().recycle(spare);
    }
}
