//! A pool of workers: orders in one queue, events in another. Callers do not see whether the workers are threads of
//! this process or on other machines.
use crate::esme::{
    Event, Order, Wires, Witness, WorkerAssignment, WorkerError, WorkerMessage, run,
};
use crate::kit::{Clock, Nanos};
use crate::measure::Interval;
use crate::plan::Plan;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long orders and reports of a pool take at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolTiming {
    /// From the last bind to the start of the load, so that every worker knows it in time.
    pub start_ahead: Nanos,
    /// From the order to change the rate to the change.
    pub steer_ahead: Nanos,
    /// Longest wait for the final reports after the order to stop, in addition to `timeouts.unbind`.
    pub final_report_max: Nanos,
}

impl PoolTiming {
    /// Threads of this process.
    pub const LOCAL: PoolTiming = PoolTiming {
        start_ahead: Nanos::from_millis(20),
        steer_ahead: Nanos::from_millis(50),
        final_report_max: Nanos::from_secs(3),
    };
}

/// Why the thread of a worker ended early.
#[derive(Debug, thiserror::Error)]
pub enum WorkerFault {
    /// It could not run.
    #[error("{0}")]
    Failed(#[from] WorkerError),
    /// A bug.
    #[error("a worker panicked")]
    Panicked,
}

/// Workers, local or remote.
#[derive(Debug)]
pub struct WorkerPool {
    /// By worker; a remote pool has one queue for all.
    orders: Vec<UnboundedSender<Order>>,
    spares: Vec<UnboundedSender<Box<Interval>>>,
    /// Events of the workers.
    pub events: UnboundedReceiver<Event>,
    threads: Vec<JoinHandle<Result<(), WorkerFault>>>,
    workers: u32,
    /// Workers of this process.
    near: Range<u32>,
    timing: PoolTiming,
}

impl WorkerPool {
    /// How long a worker's thread may take to end after its last report.
    const JOIN_MAX: Nanos = Nanos::from_secs(2);

    /// All workers as threads of this process, each with its own runtime.
    ///
    /// # Errors
    /// What the kernel says when it grants no thread.
    pub fn local(plan: &Arc<Plan>, workers: u32) -> io::Result<WorkerPool> {
        WorkerPool::part(plan, 0..workers, workers)
    }

    /// As [`WorkerPool::local`], a worker for each witness, which it tells all octets.
    ///
    /// # Errors
    /// As [`WorkerPool::local`].
    pub fn witnessed(plan: &Arc<Plan>, witnesses: &[Witness]) -> io::Result<WorkerPool> {
        let workers = witnesses.len() as u32;
        let mut witnesses = witnesses.iter().cloned();
        WorkerPool::start(plan, 0..workers, workers, || witnesses.next())
    }

    /// Workers on other machines: `orders` reaches all of them, `events` is what they tell.
    pub fn remote(
        orders: UnboundedSender<Order>,
        events: UnboundedReceiver<Event>,
        workers: u32,
        timing: PoolTiming,
    ) -> WorkerPool {
        let (orders, spares, threads) = (vec![orders], Vec::new(), Vec::new());
        WorkerPool { orders, spares, events, threads, workers, near: 0..0, timing }
    }

    /// Those of `workers` that this process runs, as [`WorkerPool::local`] does.
    ///
    /// # Errors
    /// What the kernel says when it grants no thread.
    pub fn part(plan: &Arc<Plan>, near: Range<u32>, workers: u32) -> io::Result<WorkerPool> {
        WorkerPool::start(plan, near, workers, || None)
    }

    fn start(
        plan: &Arc<Plan>,
        near: Range<u32>,
        workers: u32,
        mut witness: impl FnMut() -> Option<Witness>,
    ) -> io::Result<WorkerPool> {
        let (told, events) = unbounded_channel();
        let mut pool = WorkerPool {
            orders: Vec::new(),
            spares: Vec::new(),
            events,
            threads: Vec::new(),
            workers,
            near: near.clone(),
            timing: PoolTiming::LOCAL,
        };
        let mut inboxes: Vec<UnboundedReceiver<Vec<WorkerMessage>>> = Vec::new();
        let mut hand: Vec<UnboundedSender<Vec<WorkerMessage>>> = Vec::new();
        for _ in near.clone() {
            let (to, from) = unbounded_channel();
            hand.push(to);
            inboxes.push(from);
        }
        let cores = affinity();
        for (worker, handed) in near.clone().zip(inboxes) {
            let (order, orders) = unbounded_channel();
            let (spare, spares) = unbounded_channel();
            let share =
                WorkerAssignment { plan: plan.clone(), worker, workers, near: near.clone() };
            let (events, hand) = (told.clone(), hand.clone());
            let wires = Wires { orders, events, handed, hand, spares, witness: witness() };
            let place = (worker - near.start) as usize;
            let pin = plan.load.pin.then(|| cores.get(place % cores.len().max(1)).copied());
            let thread =
                std::thread::Builder::new().name(format!("esme-{worker}")).spawn(move || {
                    if let Some(core) = pin.flatten() {
                        pin_to(core);
                    }
                    run(share, wires).map_err(WorkerFault::from)
                })?;
            pool.orders.push(order);
            pool.spares.push(spare);
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// Number of workers, local and remote.
    pub fn workers(&self) -> u32 {
        self.workers
    }
    /// Timing of the pool.
    pub fn timing(&self) -> PoolTiming {
        self.timing
    }

    /// Sends an order to all workers.
    pub fn tell(&self, order: &Order) {
        for worker in &self.orders {
            // a worker that has ended needs no order
            let _ = worker.send(order.clone());
        }
    }

    /// Sends an order to one worker of this process.
    pub fn tell_one(&self, worker: u32, order: Order) {
        let place = worker.checked_sub(self.near.start);
        if let Some(worker) = place.and_then(|place| self.orders.get(place as usize)) {
            let _ = worker.send(order);
        }
    }

    /// Returns an interval, cleared, to its worker to be filled again, if that is in this process.
    pub fn recycle(&self, mut interval: Box<Interval>) {
        let place = interval.worker.checked_sub(self.near.start);
        if let Some(worker) = place.and_then(|place| self.spares.get(place as usize)) {
            interval.clear();
            let _ = worker.send(interval);
        }
    }

    /// Takes the queue of events, for a caller with several pools.
    pub fn take_events(&mut self) -> UnboundedReceiver<Event> {
        std::mem::replace(&mut self.events, unbounded_channel().1)
    }

    /// Waits for the threads, no longer than `JOIN_MAX`. The first fault of those that have ended, if any; None
    /// where `killed` came first. A thread that goes on is left behind: it has made its last report, or its figures are
    /// missing from the books.
    pub async fn join(self, killed: impl Future<Output = ()>) -> Option<Result<(), WorkerFault>> {
        let ended = async {
            let give_up_at = Clock::now() + Self::JOIN_MAX;
            while !self.all_ended() && Clock::now() < give_up_at {
                tokio::time::sleep(Nanos::from_millis(1).into()).await;
            }
        };
        tokio::select! {
            () = ended => {}
            () = killed => return None,
        }
        let WorkerPool { orders, spares, events, threads, workers: _, near: _, timing: _ } = self;
        drop((orders, spares, events));
        let mut fault = Ok(());
        for thread in threads.into_iter().filter(JoinHandle::is_finished) {
            let ended = thread.join().unwrap_or(Err(WorkerFault::Panicked));
            if fault.is_ok() {
                fault = ended;
            }
        }
        Some(fault)
    }

    /// Whether every thread of this process has ended.
    fn all_ended(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Whether a thread of this process has ended (before its final report: by a fault).
    pub fn any_ended(&self) -> bool {
        self.threads.iter().any(JoinHandle::is_finished)
    }
}

fn affinity() -> Vec<usize> {
    let Ok(set) = nix::sched::sched_getaffinity(nix::unistd::Pid::from_raw(0)) else {
        return Vec::new();
    };
    (0..nix::sched::CpuSet::count()).filter(|c| set.is_set(*c).unwrap_or(false)).collect()
}

fn pin_to(core: usize) {
    let mut set = nix::sched::CpuSet::new();
    if set.set(core).is_ok() {
        // not being pinned costs precision, not correctness: the report shows the affinity
        let _ = nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &set);
    }
}
