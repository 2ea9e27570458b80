//! The simulators behind a gateway, and who has bound to them.
use super::books::LOOK_EVERY;
use crate::coordinator::{RunError, Signals};
use crate::kit::{Clock, words};
use crate::net::Witness;
use crate::plan::{PlanError, Upstream};
use crate::smpp::CommandStatus;
use crate::smsc::{self, RunningServer, SmscEvent};
use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs};
use tokio::sync::mpsc;

/// Rare events of a simulator that may wait to be looked at.
const EVENTS_MAX: usize = 1_024;

/// The simulators behind the gateway.
#[derive(Debug)]
pub(super) struct Behind {
    servers: Vec<(RunningServer, mpsc::Receiver<SmscEvent>)>,
    bound: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
}

fn address_of(listen: &str) -> Result<SocketAddr, RunError> {
    let cannot = |why: String| RunError::Plan(PlanError::about("upstream.listen", why));
    let mut found = listen.to_socket_addrs().map_err(|e| cannot(format!("{listen}: {e}")))?;
    found.next().ok_or_else(|| cannot(format!("{listen} has no address")))
}

impl Behind {
    pub(super) fn start(
        upstream: &Upstream,
        witnesses: Vec<Witness>,
        run: u32,
    ) -> Result<Behind, RunError> {
        let mut servers = Vec::new();
        for (number, (listen, witness)) in upstream.listen.iter().zip(witnesses).enumerate() {
            let (events, heard) = mpsc::channel(EVENTS_MAX);
            let mut behaviour = upstream.behaviour.clone();
            behaviour.seed = behaviour.seed.wrapping_add(number as u64) & i64::MAX as u64;
            let address = address_of(listen)?;
            let server = smsc::Server::start_witnessed(&behaviour, address, events, (witness, run))
                .map_err(|e| {
                    let why = format!("cannot listen on {listen}: {e}");
                    RunError::Plan(PlanError::about("upstream.listen", why))
                })?;
            servers.push((server, heard));
        }
        Ok(Behind { servers, bound: BTreeMap::new(), refused: BTreeMap::new() })
    }

    pub(super) fn addresses(&self) -> String {
        let all: Vec<String> = self.servers.iter().map(|(s, _)| s.address.to_string()).collect();
        all.join(", ")
    }

    fn hear(&mut self) {
        for (_, events) in &mut self.servers {
            while let Ok(event) = events.try_recv() {
                match event {
                    SmscEvent::Bound { system_id, .. } => {
                        *self.bound.entry(system_id).or_default() += 1;
                    }
                    SmscEvent::SessionEnded { system_id, .. } => {
                        let bound = self.bound.entry(system_id).or_default();
                        *bound = bound.saturating_sub(1);
                    }
                    SmscEvent::BindRefused { system_id, status, .. } => {
                        let who = system_id.unwrap_or_default();
                        *self.refused.entry(refusal(&who, status)).or_default() += 1;
                    }
                    SmscEvent::Fault { .. } | SmscEvent::Lost(_) => {}
                }
            }
        }
    }

    fn bound_count(&self) -> u64 {
        self.bound.values().sum()
    }

    /// What was seen of the gateway's binds, in words.
    pub(super) fn seen(&self) -> String {
        let bound = self.bound.iter().filter(|(_, count)| **count > 0);
        let bound = bound.map(|(who, count)| format!("{count} bound as {who:?}"));
        let refused = self
            .refused
            .iter()
            .map(|(what, count)| format!("{what} {}", words::counted(*count, "time")));
        let all: Vec<String> = bound.chain(refused).collect();
        if all.is_empty() { "nothing has connected and bound".to_owned() } else { all.join("; ") }
    }

    /// What to do about binds that did not come.
    fn remedy(&self) -> &'static str {
        if !self.refused.is_empty() {
            "give the gateway an account of upstream.accounts"
        } else if self.bound_count() > 0 {
            "set upstream.sessions to the number of its binds, or raise upstream.wait"
        } else {
            "start the gateway and point its SMPP client there, or raise upstream.wait"
        }
    }

    pub(super) fn wait_for_binds(
        &mut self,
        upstream: &Upstream,
        signals: &Signals,
    ) -> Result<(), RunError> {
        let until = Clock::now() + upstream.wait;
        loop {
            self.hear();
            if self.bound_count() >= upstream.sessions {
                return Ok(());
            }
            if signals.count() > 0 {
                let seen = self.seen();
                let why = format!("while it waited for the gateway to bind; {seen}");
                return Err(RunError::Interrupted(why));
            }
            if Clock::now() > until {
                return Err(RunError::Upstream(format!(
                    "upstream: waited {} on {} for {} of the gateway, and {}; {}",
                    words::duration(upstream.wait.0),
                    self.addresses(),
                    words::counted(upstream.sessions, "bind"),
                    self.seen(),
                    self.remedy()
                )));
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

fn refusal(who: &str, status: CommandStatus) -> String {
    match status.name() {
        Some(name) => format!("{who:?} was refused with {name}"),
        None => format!("{who:?} was refused with 0x{:08X}", status.0),
    }
}
