//! The examiner: opens the connections of a case, sends octets, waits for octets, answers what the peer asks in between,
//! and records all of it. The cases say what is sent and what an answer means.
mod connections;

use super::further::{self, FurtherSessions};
use super::line::{End, Event, Line};
use super::memory::{Memory, Witnessed};
use super::octets::{self, Message, Pdu};
use super::receipts::mentions;
use super::settings::Settings;
use super::verdict::{Outcome, Verdict};
use crate::kit::{Clock, Nanos};
use crate::plan::BindType;
use crate::smpp::{CommandId, CommandStatus, without_passwords};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

/// Before each submit_sm_resp to an examined ESME, which would fill the exchange otherwise.
const PAUSE: Duration = Duration::from_millis(5);

/// A PDU, or a part of one, that was sent or received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchanged {
    /// The connection: its number within the case, from 0 on.
    pub connection: u32,
    /// True: we sent it.
    pub is_sent: bool,
    /// When, in nanoseconds since 1970.
    pub wall_ns: u64,
    /// Its octets, without passwords.
    pub octets: Vec<u8>,
}

/// How deliver_sm are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acknowledge {
    /// With this status.
    With(CommandStatus),
    /// Not at all.
    Never,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// A response, or a generic_nack.
    Pdu(Pdu),
    /// Nothing within the time; with what came instead.
    Silence(Vec<Pdu>),
    /// The end of the connection.
    Ended(End),
}

/// Why the bind of a case did not come about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No connection, or it was dropped at the bind, or the bind was not answered.
    Lost(String),
    /// The credentials of the profile were refused.
    Credentials(String),
}

/// What holds for the whole run.
#[derive(Debug, Default)]
struct RunState {
    /// The message PDUs sent.
    submits_count: u32,
    /// When the next may be sent.
    next_submit: Nanos,
    /// Whether a receipt was awaited in vain: no further case waits.
    no_receipts: bool,
    /// The ids that the peer gave.
    ids: Vec<Vec<u8>>,
}

/// Runs the steps of cases, one case at a time.
pub struct Examiner {
    pub(super) settings: Settings,
    /// In the role `esme`: where the peer connects.
    listener: Option<TcpListener>,
    lines: Vec<Line>,
    current: usize,
    log: Vec<Exchanged>,
    /// The peer's requests of this case, with their connection.
    pub(super) requests: Vec<(usize, Pdu)>,
    pub(super) acknowledge: Acknowledge,
    pub(super) trouble: Option<Trouble>,
    /// Whether a bind of the case was answered; known at its end.
    pub(super) was_reached: bool,
    /// In the role `esme`: what the peer sent.
    pub(super) memory: Memory,
    /// In the role `esme`: its sessions beside the examined one.
    further: FurtherSessions,
    run: RunState,
}

impl Examiner {
    /// Examines an SMSC, to which it connects.
    pub fn of_smsc(settings: Settings) -> Examiner {
        Examiner {
            settings,
            listener: None,
            lines: Vec::new(),
            current: 0,
            log: Vec::new(),
            requests: Vec::new(),
            acknowledge: Acknowledge::With(CommandStatus::ESME_ROK),
            trouble: None,
            was_reached: false,
            memory: Memory::default(),
            further: FurtherSessions::default(),
            run: RunState::default(),
        }
    }

    /// Examines an ESME, which connects to `listener`.
    pub fn of_esme(settings: Settings, listener: TcpListener) -> Examiner {
        Examiner { listener: Some(listener), ..Examiner::of_smsc(settings) }
    }

    /// The message PDUs sent in this run.
    pub fn submits_count(&self) -> u32 {
        self.run.submits_count
    }

    /// The most sessions that an examined ESME had at once beside the examined one.
    pub fn further_sessions_count(&self) -> u32 {
        self.further.most_count()
    }

    /// Whether a receipt or MO of other traffic came in this case, where that ends the run.
    pub(super) fn must_stop(&self) -> bool {
        self.settings.stops_on_foreign && self.has_foreign()
    }

    /// Whether a receipt was awaited in vain before.
    pub(super) fn gets_no_receipts(&self) -> bool {
        self.run.no_receipts
    }

    pub(super) fn note_no_receipts(&mut self) {
        self.run.no_receipts = true;
    }

    /// The last PDU that was received in this case.
    pub(super) fn last_received(&self) -> Option<Pdu> {
        let last = self.log.iter().rev().find(|one| !one.is_sent);
        last.map(|one| Pdu(one.octets.clone()))
    }

    /// Begins a case. The session of an examined ESME is kept from one case to the next.
    pub(super) fn begin(&mut self) {
        if self.listener.is_some() {
            self.lines.retain(|line| line.is_bound && line.ended().is_none());
            self.lines.iter_mut().for_each(Line::begin_case);
        } else {
            self.lines.clear();
        }
        self.current = 0;
        self.log.clear();
        self.requests.clear();
        self.acknowledge = Acknowledge::With(CommandStatus::ESME_ROK);
        self.trouble = None;
        self.was_reached = false;
    }

    /// Ends a case within a time: unbinds what is bound, and returns what was exchanged. An examined ESME keeps its
    /// session.
    pub(super) async fn leave(&mut self, within: Nanos) -> Vec<Exchanged> {
        self.acknowledge = Acknowledge::With(CommandStatus::ESME_ROK);
        self.was_reached = self.lines.iter().any(|line| line.is_bind_sent && line.has_read());
        if self.listener.is_none() {
            // a peer that does not let itself be left is dropped
            let _ = timeout(Duration::from(within), self.unbind_all()).await;
            self.lines.clear();
        }
        std::mem::take(&mut self.log)
    }

    async fn unbind_all(&mut self) {
        for line in 0..self.lines.len() {
            self.current = line;
            if self.lines[line].is_bound && self.lines[line].ended().is_none() {
                let command = CommandId::UNBIND;
                let sequence = self.send_request(command, &[]).await;
                let _ = self.answer(command, sequence).await;
            }
        }
    }

    /// Sends octets as they are, in one write.
    pub(super) async fn send(&mut self, octets: &[u8]) {
        if octets::carries_message(octets) {
            self.pace().await;
        }
        self.record(true, octets);
        let wait = self.settings.waits.answer;
        if let Some(line) = self.lines.get_mut(self.current) {
            line.write(octets, wait.into()).await;
        }
    }

    async fn pace(&mut self) {
        let pause = self.run.next_submit.since(Clock::now());
        if pause > Nanos::ZERO {
            sleep(pause.into()).await;
        }
        self.run.next_submit = Clock::now().after(self.settings.pace);
        self.run.submits_count += 1;
    }

    /// Sends a request with the next sequence_number, which it returns.
    pub(super) async fn send_request(&mut self, command: CommandId, body: &[u8]) -> u32 {
        let sequence = self.take_sequence();
        if command == CommandId::UNBIND
            && let Some(line) = self.lines.get_mut(self.current)
        {
            line.is_bound = false;
        }
        self.send(&octets::pdu(command, 0, sequence, body)).await;
        sequence
    }

    /// The next sequence_number of the current connection.
    pub(super) fn take_sequence(&mut self) -> u32 {
        self.lines.get_mut(self.current).map_or(1, Line::take_sequence)
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn ask(&mut self, command: CommandId, body: &[u8]) -> Answer {
        let sequence = self.send_request(command, body).await;
        self.answer(command, sequence).await
    }

    /// Waits for the answer to a request.
    pub(super) async fn answer(&mut self, command: CommandId, sequence: u32) -> Answer {
        self.answer_within(command, sequence, self.settings.waits.answer).await
    }

    /// The same within a time of its own.
    pub(super) async fn answer_within(
        &mut self,
        command: CommandId,
        sequence: u32,
        within: Nanos,
    ) -> Answer {
        let until = Clock::now().after(within);
        let mut instead = Vec::new();
        loop {
            match self.next(until).await {
                Event::Pdu(pdu) => {
                    let is_own = pdu.command() == command.response() && pdu.sequence() == sequence;
                    let is_nack = pdu.is_nack() && [sequence, 0].contains(&pdu.sequence());
                    if is_own || is_nack {
                        self.learn_id(&pdu);
                        return Answer::Pdu(pdu);
                    }
                    instead.push(pdu);
                }
                Event::Silence => return Answer::Silence(instead),
                Event::Ended(end) => return Answer::Ended(end),
            }
        }
    }

    /// Remembers the id of an accepted message.
    pub(super) fn learn_id(&mut self, pdu: &Pdu) {
        let gives =
            [CommandId::SUBMIT_SM_RESP, CommandId::DATA_SM_RESP, CommandId::SUBMIT_MULTI_RESP];
        if pdu.is_ok()
            && gives.contains(&pdu.command())
            && let Some(id) = octets::Fields(pdu.body()).cstring()
        {
            self.run.ids.push(id.to_vec());
        }
    }

    /// The next PDU that is not a request of the peer; those are answered, and do not put off the end.
    pub(super) async fn next(&mut self, until: Nanos) -> Event {
        loop {
            match self.event(until).await {
                Event::Pdu(pdu) if !pdu.command().is_response() => self.attend(pdu).await,
                other => return other,
            }
            if Clock::now() >= until {
                return Event::Silence;
            }
        }
    }

    /// The next PDU on the current connection, whatever it is; nothing is answered.
    pub(super) async fn event(&mut self, until: Nanos) -> Event {
        let wait = until.since(Clock::now());
        let event = self.awaited(wait).await;
        match &event {
            Event::Pdu(pdu) => {
                if self.listener.is_some() {
                    self.memory.note(pdu, Clock::wall_ns());
                }
                self.record(false, &pdu.0);
            }
            Event::Ended(End::Unreadable(_)) => {
                let rest = self.lines.get(self.current).map_or(&[][..], Line::rest);
                let rest = rest[..rest.len().min(64)].to_vec();
                self.record(false, &rest);
            }
            Event::Silence | Event::Ended(_) => {}
        }
        event
    }

    /// Keeps a request of the peer, and answers it as a conforming side does.
    pub(super) async fn attend(&mut self, pdu: Pdu) {
        let (command, sequence) = (pdu.command(), pdu.sequence());
        let ok = CommandStatus::ESME_ROK;
        let answer = match command {
            CommandId::DELIVER_SM | CommandId::DATA_SM => match self.acknowledge {
                Acknowledge::With(status) => Some((status, vec![0])),
                Acknowledge::Never => None,
            },
            CommandId::UNBIND => {
                if let Some(line) = self.line() {
                    line.is_bound = false;
                }
                further::accepting(&pdu).map(|body| (ok, body))
            }
            CommandId::ENQUIRE_LINK => further::accepting(&pdu).map(|body| (ok, body)),
            _ if self.listener.is_some() => {
                if command == CommandId::SUBMIT_SM {
                    sleep(PAUSE).await;
                }
                if command.is_bind()
                    && let Some(line) = self.lines.get_mut(self.current)
                {
                    line.is_bound = true;
                }
                further::accepting(&pdu).map(|body| (ok, body))
            }
            _ => None,
        };
        self.requests.push((self.current, pdu));
        if let Some((status, body)) = answer {
            let body = if status.is_ok() { body } else { Vec::new() };
            self.send(&octets::pdu(command.response(), status.0, sequence, &body)).await;
        }
    }

    /// Whether a delivery of this case is one that none of our messages caused. It is asked when the case has ended: a
    /// receipt may come before the response that gives its id.
    fn has_foreign(&self) -> bool {
        let mut all = self.requests.iter().filter_map(|(_, pdu)| Message::of(pdu));
        all.any(|message| !self.names_another(&message, &[]))
    }

    /// Whether a delivery names a message of this run other than the one with this id.
    pub(super) fn names_another(&self, message: &Message, id: &[u8]) -> bool {
        let tlv = message.tlv(octets::RECEIPTED_MESSAGE_ID).unwrap_or_default();
        let (rule, text) = (self.settings.id_mode, message.content());
        self.run.ids.iter().any(|one| one != id && mentions(rule, one, tlv, text))
    }

    /// Puts a PDU of an earlier case among what was exchanged: it is what this case judges.
    pub(super) fn show(&mut self, one: &Witnessed) {
        let octets = without_passwords(&one.pdu.0).into_owned();
        self.log.push(Exchanged { connection: 0, is_sent: false, wall_ns: one.wall_ns, octets });
    }

    fn record(&mut self, is_sent: bool, octets: &[u8]) {
        if octets.is_empty() {
            return;
        }
        self.log.push(Exchanged {
            connection: self.current as u32,
            is_sent,
            wall_ns: Clock::wall_ns(),
            octets: without_passwords(octets).into_owned(),
        });
    }

    /// Which bind the cases use that send messages.
    pub(super) fn sender(&self) -> Result<BindType, Verdict> {
        let none = || {
            let why = "the profile's bind type is receiver: nothing can be sent";
            Verdict::of(Outcome::PreconditionFailed, why)
        };
        self.settings.sender().ok_or_else(none)
    }
}
