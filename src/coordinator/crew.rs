//! A crew of workers: orders go down one queue, events come up another. Whether the workers are threads of
//! this process or live on other machines is not seen from here.
use crate::esme::{Event, Handed, Order, Share, Wires, run};
use crate::kit::Nanos;
use crate::measure::Interval;
use crate::plan::Plan;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Workers, near or far.
#[derive(Debug)]
pub struct Crew {
    orders: Vec<UnboundedSender<Order>>,
    spares: Vec<UnboundedSender<Box<Interval>>>,
    /// What the workers tell.
    pub events: UnboundedReceiver<Event>,
    threads: Vec<JoinHandle<Result<(), String>>>,
}

impl Crew {
    /// Workers as threads of this process, each with its own runtime.
    ///
    /// # Errors
    /// What the kernel says when it grants no thread.
    pub fn local(plan: &Arc<Plan>, workers: u32) -> io::Result<Crew> {
        let (told, events) = unbounded_channel();
        let mut crew = Crew { orders: Vec::new(), spares: Vec::new(), events, threads: Vec::new() };
        let mut inboxes: Vec<UnboundedReceiver<Vec<Handed>>> = Vec::new();
        let mut hand: Vec<UnboundedSender<Vec<Handed>>> = Vec::new();
        for _ in 0..workers {
            let (to, from) = unbounded_channel();
            hand.push(to);
            inboxes.push(from);
        }
        let cores = affinity();
        for (worker, handed) in (0..workers).zip(inboxes) {
            let (order, orders) = unbounded_channel();
            let (spare, spares) = unbounded_channel();
            let share = Share { plan: plan.clone(), worker, workers };
            let wires = Wires { orders, events: told.clone(), handed, hand: hand.clone(), spares };
            let pin =
                plan.load.pin.then(|| cores.get(worker as usize % cores.len().max(1)).copied());
            let thread =
                std::thread::Builder::new().name(format!("esme-{worker}")).spawn(move || {
                    if let Some(core) = pin.flatten() {
                        pin_to(core);
                    }
                    run(share, wires).map_err(|e| e.to_string())
                })?;
            crew.orders.push(order);
            crew.spares.push(spare);
            crew.threads.push(thread);
        }
        Ok(crew)
    }

    /// How many.
    pub fn workers(&self) -> u32 {
        self.orders.len() as u32
    }

    /// Tells all of them.
    pub fn tell(&self, order: &Order) {
        for worker in &self.orders {
            // a worker that has ended needs no order
            let _ = worker.send(order.clone());
        }
    }

    /// Gives an interval back, cleared, to be filled again.
    pub fn recycle(&self, mut interval: Box<Interval>) {
        interval.clear();
        if let Some(worker) = self.spares.get(interval.worker as usize) {
            let _ = worker.send(interval);
        }
    }

    /// Waits for the threads. The first fault of theirs, if any.
    pub fn join(self) -> Result<(), String> {
        let Crew { orders, spares, events, threads } = self;
        drop((orders, spares, events));
        let mut fault = Ok(());
        for thread in threads {
            let ended = thread.join().unwrap_or_else(|_| Err("a worker panicked".to_owned()));
            if fault.is_ok() {
                fault = ended;
            }
        }
        fault
    }

    /// Whether a thread has ended (before its last word: by a fault).
    pub fn any_ended(&self) -> bool {
        self.threads.iter().any(JoinHandle::is_finished)
    }
}

/// How long a worker may take to say its last word once it was told to stop, beyond `timeouts.unbind`.
pub(super) const LAST_WORD: Nanos = Nanos::from_secs(3);

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
