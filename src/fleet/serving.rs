//! An agent at work: carries letters between NATS and [`Agent`], and runs the workers that it asks for.
use super::FleetError;
use super::agent::{Agent, AgentAction};
use super::link::{Access, identity, is_connected, send};
use super::secrets::examine;
use super::wire::{Ability, Subjects, Who};
use crate::coordinator::{Signals, WorkerPool};
use crate::esme::{Event, Order};
use crate::kit::{Clock, Environment};
use async_nats::Client;
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// How often time passes.
const TICK: Duration = Duration::from_millis(20);
/// Open files that are no sessions.
const SPARE_FILES: u64 = 64;

/// What an agent is like.
#[derive(Clone, Debug)]
pub struct Serving {
    /// How NATS is reached.
    pub access: Access,
    /// Whose calls it hears.
    pub group: String,
    /// Its name; None: the host's, and the process's number.
    pub name: Option<String>,
    /// Targets beside loopback that it may be pointed at.
    pub allowed: Vec<String>,
}

enum Heard {
    Event(u32, Event),
    /// All workers of a run have ended.
    Over(u32),
}

struct AgentRuntime {
    client: Client,
    agent: Agent,
    crews: BTreeMap<u32, WorkerPool>,
    heard: UnboundedSender<Heard>,
}

/// Waits for work and does it, until it is told to go (SIGINT or SIGTERM; a second one ends it at once). `told` is
/// for whoever watches.
///
/// # Errors
/// One line: no NATS, no reactor.
pub fn serve(serving: &Serving, told: &mut dyn FnMut(&str)) -> Result<(), FleetError> {
    let no_reactor = |e: std::io::Error| FleetError::kernel("reactor", &e);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(no_reactor)?.block_on(work(serving, told))
}

async fn work(serving: &Serving, told: &mut dyn FnMut(&str)) -> Result<(), FleetError> {
    let subjects = Subjects::of(&serving.group)?;
    let mut signals = Signals::listen().map_err(|e| FleetError::kernel("signals", &e))?;
    let environment = Environment::read();
    let me = me(serving, &environment);
    let client = serving.access.connect(&format!("smppbench agent {}", me.name)).await?;
    let failed = |e: async_nats::SubscribeError| FleetError::Nats(e.to_string());
    let mut calls = client.subscribe(subjects.call()).await.map_err(failed)?;
    let mut letters = client.subscribe(subjects.agent(&me.id)).await.map_err(failed)?;
    let (heard, mut hears) = unbounded_channel();
    told(&format!("agent {} waits for work in group {}", me.name, serving.group));
    let agent = Agent::new(me, subjects, ability(environment), serving.allowed.clone());
    let mut shell = AgentRuntime { client, agent, crews: BTreeMap::new(), heard };
    shell.agent.hello();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut asked_to_go = false;
    loop {
        shell.act(told);
        shell.send().await;
        if shell.agent.may_go() {
            // the last word must have left before the connection goes
            let _ = tokio::time::timeout(Duration::from_secs(1), shell.client.flush()).await;
            return Ok(());
        }
        let go = tokio::select! {
            biased;
            Some(letter) = letters.next() => {
                shell.agent.on_letter(&letter.payload, Clock::now());
                false
            }
            Some(letter) = calls.next() => {
                shell.agent.on_letter(&letter.payload, Clock::now());
                false
            }
            Some(heard) = hears.recv() => {
                shell.hear(heard).await;
                false
            }
            _ = tick.tick() => {
                shell.tick();
                false
            }
            () = signals.more_than(u32::from(asked_to_go)) => true,
        };
        if go && std::mem::replace(&mut asked_to_go, true) {
            return Err(FleetError::Killed);
        }
        if go {
            shell.agent.leave(Clock::now());
        }
    }
}

fn me(serving: &Serving, environment: &Environment) -> Who {
    let host = environment.host.as_deref().unwrap_or("agent");
    let name = serving.name.clone().unwrap_or_else(|| format!("{host}-{}", std::process::id()));
    Who { id: identity(), name, version: env!("CARGO_PKG_VERSION").to_owned() }
}

fn ability(environment: Environment) -> Ability {
    Ability {
        cores: std::thread::available_parallelism().map_or(1, usize::from) as u32,
        sessions_max: environment.nofile.unwrap_or(u64::MAX).saturating_sub(SPARE_FILES),
        environment,
    }
}

impl AgentRuntime {
    async fn send(&mut self) {
        send(&self.client, self.agent.take_out()).await;
    }

    fn act(&mut self, told: &mut dyn FnMut(&str)) {
        loop {
            let deeds = self.agent.take_deeds();
            if deeds.is_empty() {
                return;
            }
            for deed in deeds {
                self.do_it(deed, told);
            }
        }
    }

    fn do_it(&mut self, deed: AgentAction, told: &mut dyn FnMut(&str)) {
        match deed {
            AgentAction::Examine(run, plan) => {
                self.agent.examined(run, examine(*plan), Clock::now());
            }
            AgentAction::Begin(run, plan, near, workers) => {
                match WorkerPool::part(&plan, near, workers) {
                    Ok(mut pool) => {
                        let mut events = pool.take_events();
                        let heard = self.heard.clone();
                        tokio::task::spawn(async move {
                            while let Some(event) = events.recv().await {
                                if heard.send(Heard::Event(run, event)).is_err() {
                                    return;
                                }
                            }
                            let _ = heard.send(Heard::Over(run));
                        });
                        self.crews.insert(run, pool);
                    }
                    Err(e) => self.agent.ended(run, Some(format!("no thread: {e}")), Clock::now()),
                }
            }
            AgentAction::Tell(run, order) => {
                if let Some(pool) = self.crews.get(&run) {
                    pool.tell(&order);
                }
            }
            AgentAction::TellOne(run, worker, order) => {
                if let Some(pool) = self.crews.get(&run) {
                    pool.tell_one(worker, order);
                }
            }
            AgentAction::Recycle(run, interval) => {
                if let Some(pool) = self.crews.get(&run) {
                    pool.recycle(interval);
                }
            }
            AgentAction::Log(line) => told(&line),
        }
    }

    async fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Event(run, event) => self.agent.on_event(run, event, Clock::now()),
            Heard::Over(run) => {
                if let Some(pool) = self.crews.remove(&run) {
                    let joined = pool.join(std::future::pending()).await;
                    let fault = joined.and_then(Result::err).map(|fault| fault.to_string());
                    self.agent.ended(run, fault, Clock::now());
                }
            }
        }
    }

    fn tick(&mut self) {
        for (run, pool) in &self.crews {
            if pool.any_ended() && !self.agent.is_stopped(*run) {
                // a worker that ended before its time failed: the others say their last word, and its fault follows
                pool.tell(&Order::Stop);
            }
        }
        let connected = is_connected(&self.client);
        self.agent.tick(Clock::now(), connected);
    }
}
