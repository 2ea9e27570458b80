//! The state that every part of the simulator uses, and what needs both connections and accounts.
use super::accounts::Accounts;
use super::connections::Connections;
use super::events::{EventLog, SessionEnd, SmscEvent, shown};
use super::faults::{FaultTrigger, Faults};
use super::id_generator::IdGenerator;
use super::tally::Tally;
use crate::kit::{Nanos, Rng, stream_seed};
use crate::net::ConnAction;
use crate::plan::behaviour::{Behaviour, FaultKind};

/// Connections, accounts, faults, message ids, chance, tally and events. Each of them owns its own state.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) connections: Connections,
    pub(super) accounts: Accounts,
    pub(super) faults: Faults,
    pub(super) ids: IdGenerator,
    pub(super) rng: Rng,
    pub(super) tally: Tally,
    pub(super) events: EventLog,
    /// Whether the simulator has the habits of OpenMarket.
    pub(super) openmarket: bool,
}

impl Context {
    pub(super) fn new(behaviour: &Behaviour) -> Context {
        let seed = behaviour.seed;
        Context {
            connections: Connections::new(behaviour),
            accounts: Accounts::new(behaviour),
            faults: Faults::new(&behaviour.faults),
            ids: IdGenerator::new(seed, behaviour.response.id, behaviour.receipts.id),
            rng: Rng::new(stream_seed(seed, 0x0053_4D53_4321, 0)),
            tally: Tally::default(),
            events: EventLog::default(),
            openmarket: behaviour.habits.openmarket,
        }
    }

    /// Draws a fault at an event. None: no fault happens.
    pub(super) fn draw_fault(&mut self, trigger: FaultTrigger) -> Option<FaultKind> {
        self.faults.draw(trigger, &mut self.rng)
    }

    /// Takes a session out of its account. `dropped`: its connection ended without an unbind, and `limits.ghost_bind`
    /// applies.
    pub(super) fn leave(&mut self, session: u32, dropped: bool, end: SessionEnd, now: Nanos) {
        let Some(peer) = self.connections.get_mut(session) else { return };
        let Some(account) = peer.account.take() else { return };
        self.accounts.leave(account, dropped, now);
        self.connections.unlist_bound(session);
        self.stop_deliveries(session, account);
        let system_id = self.accounts.system_id(account);
        self.events.add(|| {
            let system_id = shown(system_id);
            SmscEvent::SessionEnded { session, system_id, end }
        });
    }

    /// Sends no more deliveries to a session.
    pub(super) fn stop_deliveries(&mut self, session: u32, account: u32) {
        let Some(peer) = self.connections.get_mut(session) else { return };
        if std::mem::take(&mut peer.receives) {
            self.accounts.get(account).remove_receiver(session);
            self.connections.unlist_receiver(session);
        }
    }

    /// Closes a session that is unbound, once its last octets are written.
    pub(super) fn end(&mut self, session: u32, end: SessionEnd, now: Nanos) {
        self.leave(session, false, end, now);
        self.connections.close(session, ConnAction::CloseWhenFlushed, now);
    }

    /// Sends unbind, and no more deliveries.
    pub(super) fn unbind(&mut self, session: u32, now: Nanos) {
        let Some(peer) = self.connections.get(session) else { return };
        if let Some(account) = peer.account {
            self.stop_deliveries(session, account);
        }
        self.connections.unbind(session, now);
    }
}
