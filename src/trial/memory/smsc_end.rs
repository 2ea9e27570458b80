//! The SMSC's end of the pipes.
use super::{SimEvent, Simulation};
use crate::net::{ConnAction, Endpoint};
use bytes::Buf;

impl Simulation {
    pub(super) fn after_smsc(&mut self) {
        let mut dirty = std::mem::take(&mut self.dirty);
        self.smsc.take_dirty(&mut dirty);
        for session in dirty.drain(..) {
            self.flush_smsc(session);
        }
        self.dirty = dirty;
    }

    pub(super) fn flush_smsc(&mut self, session: u32) {
        let Some(&pair) = self.pair_of_session.get(session as usize) else { return };
        if self.pairs[pair as usize].smsc != Some(session) {
            return;
        }
        let connection = self.pairs[pair as usize].connection;
        let wish = self.smsc.wish(session);
        if !matches!(wish, ConnAction::Close | ConnAction::Reset) {
            let length = self.smsc.out(session).len();
            self.smsc.witness_write(session, length, self.now);
            let out = self.smsc.out(session);
            let octets = out.to_vec();
            out.clear();
            if !octets.is_empty() {
                self.smsc.wrote(session, octets.len(), self.now);
                self.deliver(pair, connection, octets, true);
            }
        }
        if matches!(wish, ConnAction::Close | ConnAction::Reset | ConnAction::CloseWhenFlushed) {
            self.pairs[pair as usize].smsc = None;
            self.smsc.closed(session, self.now);
            let reset = wish == ConnAction::Reset;
            let later = self.now + self.between.network.latency;
            self.at(later, SimEvent::EsmeSeesEnd { pair, connection, reset });
            self.smsc_tick = self.now;
            return;
        }
        if wish == ConnAction::HalfClose
            && !std::mem::replace(&mut self.pairs[pair as usize].half_closed, true)
        {
            let later = self.now + self.between.network.latency;
            self.at(later, SimEvent::EsmeSeesEnd { pair, connection, reset: false });
        }
        // what was just flushed may have been the reason not to read
        let reads = self.smsc.wish(session) != ConnAction::HoldReads;
        if reads && std::mem::take(&mut self.pairs[pair as usize].reads_paused) {
            self.smsc_processes(pair, session);
        }
    }

    /// Connects a pair of pipes to a new session of the SMSC, whose number it returns.
    pub(super) fn open_pipes(&mut self, pair: u32) -> u32 {
        let session = self.smsc.connected(self.now);
        let places = session as usize + 1;
        if self.pair_of_session.len() < places {
            self.pair_of_session.resize(places, u32::MAX);
        }
        self.pair_of_session[session as usize] = pair;
        let w = &mut self.pairs[pair as usize];
        w.connection += 1;
        w.smsc = Some(session);
        w.esme_up = true;
        w.to_esme.clear();
        w.to_smsc.clear();
        (w.reads_paused, w.half_closed, w.esme_half_closed) = (false, false, false);
        w.end_waits = None;
        session
    }

    pub(super) fn smsc_reads(&mut self, pair: u32, connection: u32, octets: &[u8]) {
        let w = &mut self.pairs[pair as usize];
        let Some(session) = w.smsc.filter(|_| w.connection == connection) else { return };
        w.to_smsc.extend_from_slice(octets);
        if self.smsc.wish(session) == ConnAction::HoldReads {
            w.reads_paused = true;
            return;
        }
        self.smsc_processes(pair, session);
    }

    pub(super) fn smsc_processes(&mut self, pair: u32, session: u32) {
        let w = &mut self.pairs[pair as usize];
        let used = self.smsc.on_octets(session, &w.to_smsc, self.now);
        w.to_smsc.advance(used);
        self.flush_smsc(session);
        self.smsc_tick = self.now;
        self.after_smsc();
    }
}
