//! What planned events do to the network in memory: sessions that are read again, and bind attempts beyond the sessions
//! of the plan.
use super::{PipePair, SimEvent, Simulation};
use crate::coordinator::CommandEnd;
use crate::esme::{FloodAttempt, FloodBind};
use crate::net::{ConnAction, Endpoint};
use bytes::Buf;

impl Simulation {
    /// A command is not run: it would take real time.
    pub(super) fn pass_over_commands(&mut self) {
        for command in self.controller.take_commands() {
            let (occurrence, ran) = (command.occurrence, (self.now, self.now));
            let fault = Some("not run: the run is in memory".to_owned());
            self.controller.command_ended(&CommandEnd { occurrence, ran, fault });
        }
    }

    /// After a worker's core has done something, in a plan with events.
    pub(super) fn after_planned_events(&mut self, worker: usize) {
        let (mut resumed, mut attempts) = (Vec::new(), Vec::new());
        self.esmes[worker].take_resumed(|link| resumed.push(link));
        self.esmes[worker].take_attempts(|attempt| attempts.push(attempt));
        for link in resumed {
            self.resume_reads(worker, link);
        }
        for attempt in attempts {
            self.make_attempt(worker, attempt);
        }
    }

    /// A session is read again: what waited is read now.
    fn resume_reads(&mut self, worker: usize, link: u32) {
        let pair = self.pair_of[worker][link as usize];
        let connection = self.pairs[pair as usize].connection;
        self.at(self.now, SimEvent::ToEsme { pair, connection, octets: Vec::new() });
        if let Some(reset) = self.pairs[pair as usize].end_waits.take() {
            self.at(self.now, SimEvent::EsmeSeesEnd { pair, connection, reset });
        }
    }

    /// A connection of its own for a bind attempt.
    fn make_attempt(&mut self, worker: usize, attempt: FloodAttempt) {
        let pair = self.pairs.len() as u32;
        let plan = self.esmes[worker].plan().clone();
        let mut bind = FloodBind::new(&attempt, &plan, self.now);
        let octets = std::mem::take(bind.out(0)).to_vec();
        let flood = Some((attempt, bind));
        self.pairs.push(PipePair { worker: worker as u32, flood, ..PipePair::default() });
        let session = self.open_pipes(pair);
        let connection = self.pairs[pair as usize].connection;
        self.deliver(pair, connection, octets, false);
        self.flush_smsc(session);
        let late = self.now + plan.timeouts.bind;
        self.at(late, SimEvent::AttemptLate { pair });
    }

    /// A bind attempt reads its answer, and closes.
    pub(super) fn attempt_reads(&mut self, pair: u32) {
        let now = self.now;
        let w = &mut self.pairs[pair as usize];
        let Some((_, bind)) = &mut w.flood else { return };
        let used = bind.on_octets(0, &w.to_esme, now);
        w.to_esme.advance(used);
        if bind.wish(0) == ConnAction::Close {
            self.end_attempt(pair);
        }
    }

    /// A bind attempt has ended, with an answer or without.
    pub(super) fn end_attempt(&mut self, pair: u32) {
        let w = &mut self.pairs[pair as usize];
        let Some((attempt, bind)) = w.flood.take() else { return };
        w.esme_up = false;
        let (worker, connection) = (w.worker as usize, w.connection);
        self.esmes[worker].attempt_ended(&attempt, bind.status());
        let later = self.now + self.between.network.latency;
        self.at(later, SimEvent::SmscSeesEnd { pair, connection });
    }
}
