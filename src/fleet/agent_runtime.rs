//! Runs [`Agent`]: carries its messages over NATS, and runs the workers that it asks for.
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

/// Time between two ticks of the agent.
const TICK: Duration = Duration::from_millis(20);
/// Open files that are not sessions.
const SPARE_FILES: u64 = 64;

/// Settings of an agent.
#[derive(Clone, Debug)]
pub struct AgentSettings {
    /// Access to NATS.
    pub access: Access,
    /// Group of its leads.
    pub group: String,
    /// Name in reports; None: host name and process number.
    pub name: Option<String>,
    /// Targets off loopback that it may send to.
    pub allowed: Vec<String>,
}

/// Event of the workers of a run.
enum PoolEvent {
    Event(u32, Event),
    /// All workers of a run have ended.
    Over(u32),
}

struct AgentRuntime {
    client: Client,
    agent: Agent,
    pools: BTreeMap<u32, WorkerPool>,
    heard: UnboundedSender<PoolEvent>,
}

/// Waits for work and does it, until SIGINT or SIGTERM (a second one ends it at once). `told` gets a line for each
/// change.
///
/// # Errors
/// No NATS, or no resources of the kernel.
pub fn serve(settings: &AgentSettings, told: &mut dyn FnMut(&str)) -> Result<(), FleetError> {
    let no_reactor = |e: std::io::Error| FleetError::kernel("reactor", &e);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(no_reactor)?.block_on(work(settings, told))
}

async fn work(settings: &AgentSettings, told: &mut dyn FnMut(&str)) -> Result<(), FleetError> {
    let subjects = Subjects::of(&settings.group)?;
    let mut signals = Signals::listen().map_err(|e| FleetError::kernel("signals", &e))?;
    let environment = Environment::read();
    let me = me(settings, &environment);
    let client = settings.access.connect(&format!("smppbench agent {}", me.name)).await?;
    let failed = |e: async_nats::SubscribeError| FleetError::Nats(e.to_string());
    let mut calls = client.subscribe(subjects.call()).await.map_err(failed)?;
    let mut messages = client.subscribe(subjects.agent(&me.id)).await.map_err(failed)?;
    let (heard, mut pool_events) = unbounded_channel();
    told(&format!("agent {} waits for work in group {}", me.name, settings.group));
    let agent = Agent::new(me, subjects, ability(environment), settings.allowed.clone());
    let mut runtime = AgentRuntime { client, agent, pools: BTreeMap::new(), heard };
    runtime.agent.announce();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut asked_to_go = false;
    loop {
        runtime.act(told);
        runtime.send().await;
        if runtime.agent.may_go() {
            // the last message must be sent before the connection ends
            let _ = tokio::time::timeout(Duration::from_secs(1), runtime.client.flush()).await;
            return Ok(());
        }
        let go = tokio::select! {
            biased;
            Some(message) = messages.next() => {
                runtime.agent.on_message(&message.payload, Clock::now());
                false
            }
            Some(message) = calls.next() => {
                runtime.agent.on_message(&message.payload, Clock::now());
                false
            }
            Some(heard) = pool_events.recv() => {
                runtime.on_pool_event(heard).await;
                false
            }
            _ = tick.tick() => {
                runtime.tick();
                false
            }
            () = signals.more_than(u32::from(asked_to_go)) => true,
        };
        if go && std::mem::replace(&mut asked_to_go, true) {
            return Err(FleetError::Killed);
        }
        if go {
            runtime.agent.leave(Clock::now());
        }
    }
}

fn me(settings: &AgentSettings, environment: &Environment) -> Who {
    let host = environment.host.as_deref().unwrap_or("agent");
    let name = settings.name.clone().unwrap_or_else(|| format!("{host}-{}", std::process::id()));
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
            let actions = self.agent.take_actions();
            if actions.is_empty() {
                return;
            }
            for action in actions {
                self.carry_out(action, told);
            }
        }
    }

    fn carry_out(&mut self, action: AgentAction, told: &mut dyn FnMut(&str)) {
        match action {
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
                                if heard.send(PoolEvent::Event(run, event)).is_err() {
                                    return;
                                }
                            }
                            let _ = heard.send(PoolEvent::Over(run));
                        });
                        self.pools.insert(run, pool);
                    }
                    Err(e) => self.agent.ended(run, Some(format!("no thread: {e}")), Clock::now()),
                }
            }
            AgentAction::Tell(run, order) => {
                if let Some(pool) = self.pools.get(&run) {
                    pool.tell(&order);
                }
            }
            AgentAction::TellOne(run, worker, order) => {
                if let Some(pool) = self.pools.get(&run) {
                    pool.tell_one(worker, order);
                }
            }
            AgentAction::Recycle(run, interval) => {
                if let Some(pool) = self.pools.get(&run) {
                    pool.recycle(interval);
                }
            }
            AgentAction::Log(line) => told(&line),
        }
    }

    async fn on_pool_event(&mut self, event: PoolEvent) {
        match event {
            PoolEvent::Event(run, event) => self.agent.on_event(run, event, Clock::now()),
            PoolEvent::Over(run) => {
                if let Some(pool) = self.pools.remove(&run) {
                    let joined = pool.join(std::future::pending()).await;
                    let fault = joined.and_then(Result::err).map(|fault| fault.to_string());
                    self.agent.ended(run, fault, Clock::now());
                }
            }
        }
    }

    fn tick(&mut self) {
        for (run, pool) in &self.pools {
            if pool.any_ended() && !self.agent.is_stopped(*run) {
                // a worker that ended early has failed: the others report, and its fault follows
                pool.tell(&Order::Stop);
            }
        }
        let connected = is_connected(&self.client);
        self.agent.tick(Clock::now(), connected);
    }
}
