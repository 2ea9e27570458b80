//! Runs [`Lead`] on a thread of its own and carries its messages over NATS, so that clocks are read and heartbeats sent
//! while the caller is busy.
use super::FleetError;
use super::lead::{Lead, LeadEvent};
use super::link::{Access, identity, is_connected, send};
use super::wire::{Subjects, Who};
use crate::coordinator::{PoolTiming, RunError, WorkerPool};
use crate::esme::{Event, Order};
use crate::kit::{Clock, Nanos};
use crate::measure::FleetRecord;
use crate::plan::Plan;
use async_nats::Client;
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Timing of a fleet: orders travel over the network, and the end waits for claims.
const REMOTE: PoolTiming = PoolTiming {
    start_ahead: Nanos::from_millis(1_000),
    steer_ahead: Nanos::from_millis(500),
    final_report_max: Nanos::from_secs(15),
};

/// Time between two ticks of the lead.
const TICK: Duration = Duration::from_millis(20);

/// Longest wait for the record of a fleet at the end of a run.
const RECORD_WITHIN: Duration = Duration::from_secs(6);

/// Settings of a fleet.
#[derive(Clone, Debug)]
pub struct FleetSettings {
    /// Access to NATS.
    pub access: Access,
    /// Group of the agents.
    pub group: String,
    /// Number of agents.
    pub agents: usize,
    /// Longest wait for the agents to join.
    pub timeout: Nanos,
    /// Largest uncertainty of their clocks.
    pub clock_max: Nanos,
}

/// Number of an opened run and its pool, or why there is none.
type Opened = Result<(u32, WorkerPool), RunError>;

enum Command {
    Open(Arc<Plan>, mpsc::Sender<Opened>),
    Close(u32, mpsc::Sender<FleetRecord>),
    Release,
}

/// Handle of a fleet whose agents have joined. Clones share the agents; the last one releases them.
#[derive(Clone, Debug)]
pub struct Leader {
    thread: Arc<LeadThread>,
}

#[derive(Debug)]
struct LeadThread {
    commands: UnboundedSender<Command>,
    handle: Option<JoinHandle<()>>,
}

impl Drop for LeadThread {
    fn drop(&mut self) {
        // a thread that has failed takes no command, and has reported why
        let _ = self.commands.send(Command::Release);
        if let Some(handle) = self.handle.take() {
            let _ = handle.join();
        }
    }
}

impl Leader {
    /// Waits until all agents have joined, and measures their clocks.
    ///
    /// # Errors
    /// No NATS, too few agents, or agents of different versions.
    pub fn gather(settings: &FleetSettings) -> Result<Leader, FleetError> {
        let subjects = Subjects::of(&settings.group)?;
        let (commands, inbox) = unbounded_channel();
        let (ready, gathered) = mpsc::channel();
        let settings = settings.clone();
        let handle = std::thread::Builder::new()
            .name("fleet".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                match runtime {
                    Ok(runtime) => runtime.block_on(lead_on(&settings, subjects, inbox, &ready)),
                    Err(e) => tell(&ready, Err(FleetError::kernel("reactor", &e))),
                }
            })
            .map_err(|e| FleetError::kernel("thread", &e))?;
        let leader = Leader { thread: Arc::new(LeadThread { commands, handle: Some(handle) }) };
        let ended = || Err(FleetError::ThreadEnded);
        gathered.recv().unwrap_or_else(|_| ended())?;
        Ok(leader)
    }

    /// Offers a plan to all agents. When they have accepted it: the run's number, and its pool.
    ///
    /// # Errors
    /// [`RunError::Refused`] where an agent refuses or the plan does not fit, [`RunError::Fleet`] where an agent is lost.
    pub fn open(&self, plan: &Arc<Plan>) -> Opened {
        let (reply, opened) = mpsc::channel();
        let gone = || RunError::Fleet("the fleet's thread has ended".to_owned());
        self.thread.commands.send(Command::Open(plan.clone(), reply)).map_err(|_| gone())?;
        opened.recv().map_err(|_| gone())?
    }

    /// Ends a run; the record of its fleet.
    pub fn close(&self, run: u32) -> Option<FleetRecord> {
        let (reply, record) = mpsc::channel();
        self.thread.commands.send(Command::Close(run, reply)).ok()?;
        record.recv_timeout(RECORD_WITHIN).ok()
    }
}

fn tell<T>(to: &mpsc::Sender<T>, what: T) {
    // the receiver may have gone
    let _ = to.send(what);
}

/// An open run, as this thread tracks it.
struct OpenRun {
    opened: Option<mpsc::Sender<Opened>>,
    events: Option<UnboundedSender<Event>>,
    record: Option<FleetRecord>,
    asked: Option<mpsc::Sender<FleetRecord>>,
}

struct LeadRuntime {
    client: Client,
    lead: Lead,
    runs: BTreeMap<u32, OpenRun>,
    orders: UnboundedSender<(u32, Order)>,
}

async fn lead_on(
    settings: &FleetSettings,
    subjects: Subjects,
    mut commands: UnboundedReceiver<Command>,
    ready: &mpsc::Sender<Result<(), FleetError>>,
) {
    let id = identity();
    let me = Who {
        name: format!("lead-{}", &id[..6]),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        id,
    };
    let connected = connect(settings, &subjects, &me).await;
    let (client, mut joins, mut messages) = match connected {
        Ok(connected) => connected,
        Err(e) => return tell(ready, Err(e)),
    };
    let (orders, mut ordered) = unbounded_channel();
    let lead = Lead::new(me, subjects, settings.agents, settings.timeout, settings.clock_max);
    let mut runtime = LeadRuntime { client, lead, runs: BTreeMap::new(), orders };
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            Some(message) = messages.next() => {
                runtime.lead.on_message(&message.payload, Clock::now());
            }
            Some(message) = joins.next() => {
                runtime.lead.on_message(&message.payload, Clock::now());
            }
            Some((run, order)) = ordered.recv() => {
                runtime.lead.order(run, order, Clock::now());
            }
            command = commands.recv() => match command {
                Some(Command::Open(plan, reply)) => runtime.open(&plan, reply),
                Some(Command::Close(run, reply)) => runtime.close(run, reply),
                Some(Command::Release) | None => {
                    runtime.lead.release();
                    runtime.send().await;
                    // the messages must be sent before the connection ends
                    let _ = tokio::time::timeout(Duration::from_secs(1), runtime.client.flush()).await;
                    return;
                }
            },
            _ = tick.tick() => {
                let connected = is_connected(&runtime.client);
                runtime.lead.tick(Clock::now(), connected);
            }
        }
        runtime.send().await;
        runtime.dispatch_events(ready);
    }
}

type Connected = (Client, async_nats::Subscriber, async_nats::Subscriber);

async fn connect(
    settings: &FleetSettings,
    subjects: &Subjects,
    me: &Who,
) -> Result<Connected, FleetError> {
    let client = settings.access.connect(&format!("smppbench {}", me.name)).await?;
    let subscribe = |subject: String| client.subscribe(subject);
    let failed = |e: async_nats::SubscribeError| FleetError::Nats(e.to_string());
    let joins = subscribe(subjects.join()).await.map_err(failed)?;
    let messages = subscribe(subjects.lead(&me.id)).await.map_err(failed)?;
    Ok((client, joins, messages))
}

impl LeadRuntime {
    async fn send(&mut self) {
        send(&self.client, self.lead.take_out()).await;
    }

    fn open(&mut self, plan: &Arc<Plan>, reply: mpsc::Sender<Opened>) {
        let run = self.lead.open(plan, Clock::now());
        let run_handle = OpenRun { opened: Some(reply), events: None, record: None, asked: None };
        self.runs.insert(run, run_handle);
    }

    fn close(&mut self, run: u32, reply: mpsc::Sender<FleetRecord>) {
        let Some(run_handle) = self.runs.get_mut(&run) else { return };
        run_handle.events = None;
        match run_handle.record.take() {
            Some(record) => {
                self.runs.remove(&run);
                tell(&reply, record);
            }
            None => run_handle.asked = Some(reply),
        }
        self.lead.close(run, Clock::now());
    }

    fn dispatch_events(&mut self, ready: &mpsc::Sender<Result<(), FleetError>>) {
        for event in self.lead.take_events() {
            match event {
                LeadEvent::AgentsReady => tell(ready, Ok(())),
                LeadEvent::Failed(why) => tell(ready, Err(FleetError::AgentsMissing(why))),
                LeadEvent::Accepted(run, workers) => self.accepted(run, workers),
                LeadEvent::Refused(run, why) => self.not_opened(run, RunError::Refused(why)),
                LeadEvent::Broken(run, why) => self.not_opened(run, RunError::Fleet(why)),
                LeadEvent::Event(run, event) => {
                    if let Some(events) = self.runs.get(&run).and_then(|h| h.events.as_ref()) {
                        let _ = events.send(event);
                    }
                }
                LeadEvent::Over(run, record) => {
                    let Some(run_handle) = self.runs.get_mut(&run) else { continue };
                    match run_handle.asked.take() {
                        Some(asked) => {
                            tell(&asked, record);
                            self.runs.remove(&run);
                        }
                        None => run_handle.record = Some(record),
                    }
                }
            }
        }
    }

    fn accepted(&mut self, run: u32, workers: u32) {
        let Some(run_handle) = self.runs.get_mut(&run) else { return };
        let (order, mut ordered) = unbounded_channel();
        let (events, received) = unbounded_channel();
        run_handle.events = Some(events);
        let orders = self.orders.clone();
        tokio::task::spawn(async move {
            while let Some(order) = ordered.recv().await {
                if orders.send((run, order)).is_err() {
                    return;
                }
            }
        });
        if let Some(opened) = run_handle.opened.take() {
            tell(&opened, Ok((run, WorkerPool::remote(order, received, workers, REMOTE))));
        }
    }

    fn not_opened(&mut self, run: u32, why: RunError) {
        if let Some(opened) = self.runs.remove(&run).and_then(|run_handle| run_handle.opened) {
            tell(&opened, Err(why));
        }
    }
}
