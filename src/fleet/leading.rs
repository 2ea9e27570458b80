//! Leads a fleet from a thread of its own: carries letters between NATS and [`Lead`], so that clocks are read and
//! heartbeats sent whatever whoever conducts a run is busy with.
use super::FleetError;
use super::lead::{Lead, LeadEvent};
use super::link::{Access, identity, is_connected, send};
use super::wire::{Subjects, Who};
use crate::coordinator::{Distance, RunError, WorkerPool};
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

/// How far away a fleet is: its orders travel, and wait for claims to be settled.
const FAR: Distance = Distance {
    lead: Nanos::from_millis(1_000),
    steer_ahead: Nanos::from_millis(500),
    last_word: Nanos::from_secs(15),
};

/// How often time passes.
const TICK: Duration = Duration::from_millis(20);

/// Whoever conducts a run waits so long for the last word on its fleet.
const RECORD_WITHIN: Duration = Duration::from_secs(6);

/// What a fleet to be led is like.
#[derive(Clone, Debug)]
pub struct Led {
    /// How NATS is reached.
    pub access: Access,
    /// Which agents are ours.
    pub group: String,
    /// So many of them.
    pub agents: usize,
    /// They must have come within this.
    pub timeout: Nanos,
    /// Their clocks must be known to this.
    pub clock_max: Nanos,
}

/// One line, or the run's number and its pool.
type Opened = Result<(u32, WorkerPool), RunError>;

enum Command {
    Open(Arc<Plan>, mpsc::Sender<Opened>),
    Close(u32, mpsc::Sender<FleetRecord>),
    Release,
}

/// A fleet that has come. Clones lead the same agents; with the last of them they are let go.
#[derive(Clone, Debug)]
pub struct Leader {
    thread: Arc<Thread>,
}

#[derive(Debug)]
struct Thread {
    commands: UnboundedSender<Command>,
    handle: Option<JoinHandle<()>>,
}

impl Drop for Thread {
    fn drop(&mut self) {
        // a thread that has failed takes no command, and has said why
        let _ = self.commands.send(Command::Release);
        if let Some(handle) = self.handle.take() {
            let _ = handle.join();
        }
    }
}

impl Leader {
    /// Calls until all agents have come, and relates their clocks to ours.
    ///
    /// # Errors
    /// One line: no NATS, too few agents, agents that do not go together.
    pub fn muster(led: &Led) -> Result<Leader, FleetError> {
        let subjects = Subjects::of(&led.group)?;
        let (commands, inbox) = unbounded_channel();
        let (ready, mustered) = mpsc::channel();
        let led = led.clone();
        let handle = std::thread::Builder::new()
            .name("fleet".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                match runtime {
                    Ok(runtime) => runtime.block_on(lead_on(&led, subjects, inbox, &ready)),
                    Err(e) => tell(&ready, Err(FleetError::kernel("reactor", &e))),
                }
            })
            .map_err(|e| FleetError::kernel("thread", &e))?;
        let leader = Leader { thread: Arc::new(Thread { commands, handle: Some(handle) }) };
        let ended = || Err(FleetError::ThreadEnded);
        mustered.recv().unwrap_or_else(|_| ended())?;
        Ok(leader)
    }

    /// Offers a plan to all agents. When they have accepted it: the run's number, and its pool.
    ///
    /// # Errors
    /// [`RunError::Refused`] where an agent or the plan will not do, [`RunError::Fleet`] where one is gone.
    pub fn open(&self, plan: &Arc<Plan>) -> Opened {
        let (reply, opened) = mpsc::channel();
        let gone = || RunError::Fleet("the fleet's thread has ended".to_owned());
        self.thread.commands.send(Command::Open(plan.clone(), reply)).map_err(|_| gone())?;
        opened.recv().map_err(|_| gone())?
    }

    /// The run is over: what its fleet was.
    pub fn close(&self, run: u32) -> Option<FleetRecord> {
        let (reply, record) = mpsc::channel();
        self.thread.commands.send(Command::Close(run, reply)).ok()?;
        record.recv_timeout(RECORD_WITHIN).ok()
    }
}

fn tell<T>(to: &mpsc::Sender<T>, what: T) {
    // whoever asked and went away needs no answer
    let _ = to.send(what);
}

/// One run, as this thread knows it.
struct Here {
    opened: Option<mpsc::Sender<Opened>>,
    events: Option<UnboundedSender<Event>>,
    record: Option<FleetRecord>,
    asked: Option<mpsc::Sender<FleetRecord>>,
}

struct LeadRuntime {
    client: Client,
    lead: Lead,
    runs: BTreeMap<u32, Here>,
    orders: UnboundedSender<(u32, Order)>,
}

async fn lead_on(
    led: &Led,
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
    let connected = connect(led, &subjects, &me).await;
    let (client, mut joins, mut letters) = match connected {
        Ok(connected) => connected,
        Err(e) => return tell(ready, Err(e)),
    };
    let (orders, mut ordered) = unbounded_channel();
    let lead = Lead::new(me, subjects, led.agents, led.timeout, led.clock_max);
    let mut shell = LeadRuntime { client, lead, runs: BTreeMap::new(), orders };
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            Some(letter) = letters.next() => {
                shell.lead.on_letter(&letter.payload, Clock::now());
            }
            Some(letter) = joins.next() => {
                shell.lead.on_letter(&letter.payload, Clock::now());
            }
            Some((run, order)) = ordered.recv() => {
                shell.lead.order(run, order, Clock::now());
            }
            command = commands.recv() => match command {
                Some(Command::Open(plan, reply)) => shell.open(&plan, reply),
                Some(Command::Close(run, reply)) => shell.close(run, reply),
                Some(Command::Release) | None => {
                    shell.lead.release();
                    shell.send().await;
                    // the letters must have left before the connection goes
                    let _ = tokio::time::timeout(Duration::from_secs(1), shell.client.flush()).await;
                    return;
                }
            },
            _ = tick.tick() => {
                let connected = is_connected(&shell.client);
                shell.lead.tick(Clock::now(), connected);
            }
        }
        shell.send().await;
        shell.news(ready);
    }
}

type Connected = (Client, async_nats::Subscriber, async_nats::Subscriber);

async fn connect(led: &Led, subjects: &Subjects, me: &Who) -> Result<Connected, FleetError> {
    let client = led.access.connect(&format!("smppbench {}", me.name)).await?;
    let subscribe = |subject: String| client.subscribe(subject);
    let failed = |e: async_nats::SubscribeError| FleetError::Nats(e.to_string());
    let joins = subscribe(subjects.join()).await.map_err(failed)?;
    let letters = subscribe(subjects.lead(&me.id)).await.map_err(failed)?;
    Ok((client, joins, letters))
}

impl LeadRuntime {
    async fn send(&mut self) {
        send(&self.client, self.lead.take_out()).await;
    }

    fn open(&mut self, plan: &Arc<Plan>, reply: mpsc::Sender<Opened>) {
        let run = self.lead.open(plan, Clock::now());
        let here = Here { opened: Some(reply), events: None, record: None, asked: None };
        self.runs.insert(run, here);
    }

    fn close(&mut self, run: u32, reply: mpsc::Sender<FleetRecord>) {
        let Some(here) = self.runs.get_mut(&run) else { return };
        here.events = None;
        match here.record.take() {
            Some(record) => {
                self.runs.remove(&run);
                tell(&reply, record);
            }
            None => here.asked = Some(reply),
        }
        self.lead.close(run, Clock::now());
    }

    fn news(&mut self, ready: &mpsc::Sender<Result<(), FleetError>>) {
        for news in self.lead.take_news() {
            match news {
                LeadEvent::Mustered => tell(ready, Ok(())),
                LeadEvent::Failed(why) => tell(ready, Err(FleetError::NotMustered(why))),
                LeadEvent::Accepted(run, workers) => self.accepted(run, workers),
                LeadEvent::Refused(run, why) => self.not_opened(run, RunError::Refused(why)),
                LeadEvent::Broken(run, why) => self.not_opened(run, RunError::Fleet(why)),
                LeadEvent::Event(run, event) => {
                    if let Some(events) = self.runs.get(&run).and_then(|h| h.events.as_ref()) {
                        let _ = events.send(event);
                    }
                }
                LeadEvent::Over(run, record) => {
                    let Some(here) = self.runs.get_mut(&run) else { continue };
                    match here.asked.take() {
                        Some(asked) => {
                            tell(&asked, record);
                            self.runs.remove(&run);
                        }
                        None => here.record = Some(record),
                    }
                }
            }
        }
    }

    fn accepted(&mut self, run: u32, workers: u32) {
        let Some(here) = self.runs.get_mut(&run) else { return };
        let (order, mut ordered) = unbounded_channel();
        let (events, told) = unbounded_channel();
        here.events = Some(events);
        let orders = self.orders.clone();
        tokio::task::spawn(async move {
            while let Some(order) = ordered.recv().await {
                if orders.send((run, order)).is_err() {
                    return;
                }
            }
        });
        if let Some(opened) = here.opened.take() {
            tell(&opened, Ok((run, WorkerPool::far(order, told, workers, FAR))));
        }
    }

    fn not_opened(&mut self, run: u32, why: RunError) {
        if let Some(opened) = self.runs.remove(&run).and_then(|here| here.opened) {
            tell(&opened, Err(why));
        }
    }
}
