//! Role, state and timers of one session, and how each PDU of its control plane changes them.
use super::Sequence;
use crate::kit::Nanos;
use crate::smpp::{CommandId, CommandStatus, Header, pdu};
use bytes::BytesMut;

/// Role of a session, by its bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// bind_transmitter.
    Transmitter,
    /// bind_receiver.
    Receiver,
    /// bind_transceiver.
    Transceiver,
}

impl Role {
    /// The command_id of its bind.
    pub fn command_id(self) -> CommandId {
        match self {
            Role::Transmitter => CommandId::BIND_TRANSMITTER,
            Role::Receiver => CommandId::BIND_RECEIVER,
            Role::Transceiver => CommandId::BIND_TRANSCEIVER,
        }
    }
    /// The role of a bind. None: the command_id is not a bind.
    pub fn of(command_id: CommandId) -> Option<Role> {
        [Role::Transmitter, Role::Receiver, Role::Transceiver]
            .into_iter()
            .find(|r| r.command_id() == command_id)
    }
    /// Whether the ESME may send submit_sm.
    pub fn transmits(self) -> bool {
        self != Role::Receiver
    }
    /// Whether the ESME may receive deliver_sm.
    pub fn receives(self) -> bool {
        self != Role::Transmitter
    }
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Role::Transmitter => "transmitter",
            Role::Receiver => "receiver",
            Role::Transceiver => "transceiver",
        }
    }
}

/// State of a session (v3.4 section 2.2; UNBOUND as in v5.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// Connected, not bound.
    Open,
    /// Bound in this role.
    Bound(Role),
    /// We sent unbind and wait for the response.
    Unbinding(Role),
    /// Unbound, the connection not yet closed.
    Unbound,
}

/// Timers of a session (docs/smpp/protocol.md, "Timers").
#[derive(Clone, Copy, Debug)]
pub struct Timers {
    /// Idle time after which enquire_link is sent. MAX: never.
    pub enquire_link: Nanos,
    /// How long the response to our bind, enquire_link or unbind is awaited.
    pub response: Nanos,
}

/// What a PDU of the peer means for the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// It is handled; nothing is left to do.
    None,
    /// Our bind was accepted, this long after it was sent.
    Bound(Nanos),
    /// Our bind was refused.
    BindRefused(CommandStatus),
    /// The peer sent a bind (SMSC side). The caller answers it, and calls [`Session::accept`] where it accepts it.
    BindAsked(Role),
    /// Our enquire_link was answered, this long after it was sent.
    EnquireAnswered(Nanos),
    /// The peer sent unbind, and it is answered. The caller closes once the answer is written.
    PeerUnbound,
    /// Our unbind was answered. The caller closes.
    Unbound,
    /// A request of ours other than bind, enquire_link and unbind was answered by generic_nack: its sequence_number and
    /// the status.
    Nacked(u32, CommandStatus),
    /// A response to no pending request of the control plane.
    UnknownResponse,
    /// A data-plane PDU that is legal in this state. The caller handles it.
    Data,
    /// A PDU that is illegal in this state; it is answered.
    Illegal(CommandStatus),
    /// An unknown command_id; generic_nack is sent.
    UnknownCommand,
}

/// A request of the control plane whose response is awaited.
#[derive(Clone, Copy, Debug)]
struct Pending {
    command_id: CommandId,
    sequence_number: u32,
    sent: Nanos,
}

/// One session, on the ESME or the SMSC side.
#[derive(Clone, Debug)]
pub struct Session {
    /// Whether this is the ESME side.
    esme: bool,
    role: Role,
    state: SessionState,
    /// Numbers of our own requests, those of the window included.
    pub sequence: Sequence,
    timers: Timers,
    /// Our bind or unbind without a response.
    pending: Option<Pending>,
    /// Our enquire_link without a response.
    enquiry: Option<Pending>,
    /// When octets were last read.
    heard: Nanos,
}

impl Session {
    /// The ESME side of a new connection.
    pub fn esme(role: Role, timers: Timers, now: Nanos) -> Session {
        Session::new(true, role, timers, now)
    }
    /// The SMSC side of a new connection; the bind will set its role.
    pub fn smsc(timers: Timers, now: Nanos) -> Session {
        Session::new(false, Role::Transceiver, timers, now)
    }
    fn new(esme: bool, role: Role, timers: Timers, now: Nanos) -> Session {
        Session {
            esme,
            role,
            state: SessionState::Open,
            sequence: Sequence::default(),
            timers,
            pending: None,
            enquiry: None,
            heard: now,
        }
    }

    /// Its state.
    #[inline]
    pub fn state(&self) -> SessionState {
        self.state
    }
    /// Its role.
    pub fn role(&self) -> Role {
        self.role
    }
    /// Whether it is bound and not unbinding.
    #[inline]
    pub fn is_bound(&self) -> bool {
        matches!(self.state, SessionState::Bound(_))
    }

    /// Records that octets were read: the connection is alive.
    #[inline]
    pub fn heard(&mut self, now: Nanos) {
        self.heard = now;
    }
    /// When octets were last read.
    pub fn last_heard(&self) -> Nanos {
        self.heard
    }

    /// Sends our bind.
    pub fn bind(&mut self, bind: &pdu::Bind<'_>, now: Nanos, out: &mut BytesMut) {
        let sequence_number = self.sequence.take();
        let command_id = self.role.command_id();
        bind.encode(command_id, CommandStatus::ESME_ROK, sequence_number, out);
        self.pending = Some(Pending { command_id, sequence_number, sent: now });
    }

    /// Sends our unbind, unless the session is not bound or is unbinding already.
    pub fn unbind(&mut self, now: Nanos, out: &mut BytesMut) {
        if let SessionState::Bound(role) = self.state {
            self.request(CommandId::UNBIND, now, out);
            self.state = SessionState::Unbinding(role);
        }
    }

    /// Sends an enquire_link, unless one is unanswered.
    pub fn enquire(&mut self, now: Nanos, out: &mut BytesMut) {
        if self.enquiry.is_none() {
            let sequence_number = self.sequence.take();
            pdu::header_only(
                CommandId::ENQUIRE_LINK,
                CommandStatus::ESME_ROK,
                sequence_number,
                out,
            );
            let command_id = CommandId::ENQUIRE_LINK;
            self.enquiry = Some(Pending { command_id, sequence_number, sent: now });
        }
    }

    fn request(&mut self, command_id: CommandId, now: Nanos, out: &mut BytesMut) {
        let sequence_number = self.sequence.take();
        pdu::header_only(command_id, CommandStatus::ESME_ROK, sequence_number, out);
        self.pending = Some(Pending { command_id, sequence_number, sent: now });
    }

    /// Accepts the peer's bind (SMSC side).
    pub fn accept(&mut self, role: Role) {
        self.role = role;
        self.state = SessionState::Bound(role);
    }

    /// When [`Session::tick`] has something to do; MAX: never.
    pub fn next_tick(&self) -> Nanos {
        let answer = self.timers.response;
        let pending = self.pending.map_or(Nanos::MAX, |p| p.sent.after(answer));
        let enquiry = self.enquiry.map_or(Nanos::MAX, |p| p.sent.after(answer));
        let idle = if self.is_bound() && self.enquiry.is_none() {
            self.heard.after(self.timers.enquire_link)
        } else {
            Nanos::MAX
        };
        pending.min(enquiry).min(idle)
    }

    /// Probes an idle connection. Some: this request of ours was not answered in time, and the caller closes the
    /// connection.
    pub fn tick(&mut self, now: Nanos, out: &mut BytesMut) -> Option<CommandId> {
        let overdue = |p: &Pending| now >= p.sent.after(self.timers.response);
        if let Some(late) = self.pending.iter().chain(self.enquiry.iter()).find(|p| overdue(p)) {
            return Some(late.command_id);
        }
        if self.is_bound() && now >= self.heard.after(self.timers.enquire_link) {
            self.enquire(now, out);
        }
        None
    }

    /// Handles the header of a PDU. Legal data-plane PDUs are returned as [`SessionEvent::Data`]; to all others the answer that the
    /// specification requires is appended to `out`.
    pub fn on_header(&mut self, header: &Header, now: Nanos, out: &mut BytesMut) -> SessionEvent {
        if header.command_id.is_response() {
            return self.on_response(header, now);
        }
        match header.command_id {
            CommandId::ENQUIRE_LINK => {
                answer(header, CommandStatus::ESME_ROK, out);
                SessionEvent::None
            }
            CommandId::UNBIND => match self.state {
                SessionState::Bound(_) | SessionState::Unbinding(_) => {
                    answer(header, CommandStatus::ESME_ROK, out);
                    self.state = SessionState::Unbound;
                    SessionEvent::PeerUnbound
                }
                SessionState::Open | SessionState::Unbound => self.illegal(header, out),
            },
            id if id.is_bind() => self.on_bind(header, out),
            CommandId::OUTBIND | CommandId::ALERT_NOTIFICATION => self.on_notice(header, out),
            id if id.name().is_none() => {
                nack(header, CommandStatus::ESME_RINVCMDID, out);
                SessionEvent::UnknownCommand
            }
            id if self.is_legal(id) => SessionEvent::Data,
            _ => self.illegal(header, out),
        }
    }

    fn on_bind(&mut self, header: &Header, out: &mut BytesMut) -> SessionEvent {
        match (self.esme, self.state, Role::of(header.command_id)) {
            (false, SessionState::Open, Some(role)) => SessionEvent::BindAsked(role),
            (false, SessionState::Bound(_) | SessionState::Unbinding(_), Some(_)) => {
                answer(header, CommandStatus::ESME_RALYBND, out);
                SessionEvent::Illegal(CommandStatus::ESME_RALYBND)
            }
            (
                _,
                SessionState::Open
                | SessionState::Bound(_)
                | SessionState::Unbinding(_)
                | SessionState::Unbound,
                _,
            ) => self.illegal(header, out),
        }
    }

    /// outbind and alert_notification have no response: where they are illegal, generic_nack says so.
    fn on_notice(&mut self, header: &Header, out: &mut BytesMut) -> SessionEvent {
        let legal = self.esme
            && match self.state {
                SessionState::Open => header.command_id == CommandId::OUTBIND,
                SessionState::Bound(role) | SessionState::Unbinding(role) => {
                    header.command_id == CommandId::ALERT_NOTIFICATION && role.receives()
                }
                SessionState::Unbound => false,
            };
        if legal {
            return SessionEvent::Data;
        }
        nack(header, CommandStatus::ESME_RINVBNDSTS, out);
        SessionEvent::Illegal(CommandStatus::ESME_RINVBNDSTS)
    }

    /// Whether the peer may send this data-plane request in this state (docs/smpp/protocol.md, "Session states").
    fn is_legal(&self, id: CommandId) -> bool {
        let (SessionState::Bound(role) | SessionState::Unbinding(role)) = self.state else {
            return false;
        };
        let towards_esme = matches!(id, CommandId::DELIVER_SM);
        match id {
            CommandId::DATA_SM => true,
            _ if self.esme => towards_esme && role.receives(),
            _ => !towards_esme && role.transmits(),
        }
    }

    fn illegal(&mut self, header: &Header, out: &mut BytesMut) -> SessionEvent {
        answer(header, CommandStatus::ESME_RINVBNDSTS, out);
        SessionEvent::Illegal(CommandStatus::ESME_RINVBNDSTS)
    }

    fn on_response(&mut self, header: &Header, now: Nanos) -> SessionEvent {
        if header.command_id == CommandId::ENQUIRE_LINK_RESP {
            // python-smpplib and others answer with a number of their own: any answer proves the connection
            return match self.enquiry.take() {
                Some(p) => SessionEvent::EnquireAnswered(now.since(p.sent)),
                None => SessionEvent::UnknownResponse,
            };
        }
        if header.command_id == CommandId::GENERIC_NACK {
            return self.on_nack(header, now);
        }
        let Some(p) = self.pending else {
            return if is_data_response(header.command_id) {
                SessionEvent::Data
            } else {
                SessionEvent::UnknownResponse
            };
        };
        if header.command_id != p.command_id.response() {
            return if is_data_response(header.command_id) {
                SessionEvent::Data
            } else {
                SessionEvent::UnknownResponse
            };
        }
        self.pending = None;
        if p.command_id == CommandId::UNBIND {
            self.state = SessionState::Unbound;
            return SessionEvent::Unbound;
        }
        if header.command_status == CommandStatus::ESME_ROK {
            self.state = SessionState::Bound(self.role);
            SessionEvent::Bound(now.since(p.sent))
        } else {
            SessionEvent::BindRefused(header.command_status)
        }
    }

    /// A generic_nack answers the request with its sequence_number, or (number 0) the pending bind.
    fn on_nack(&mut self, header: &Header, now: Nanos) -> SessionEvent {
        let number = header.sequence_number;
        if self.enquiry.is_some_and(|p| p.sequence_number == number) {
            let sent = self.enquiry.take().map_or(now, |p| p.sent);
            return SessionEvent::EnquireAnswered(now.since(sent));
        }
        match self.pending {
            Some(p) if p.sequence_number == number || (number == 0 && p.command_id.is_bind()) => {
                self.pending = None;
                if p.command_id == CommandId::UNBIND {
                    self.state = SessionState::Unbound;
                    SessionEvent::Unbound
                } else {
                    SessionEvent::BindRefused(header.command_status)
                }
            }
            Some(_) | None => SessionEvent::Nacked(number, header.command_status),
        }
    }
}

fn is_data_response(id: CommandId) -> bool {
    !id.request().is_bind() && id != CommandId::UNBIND_RESP && id.name().is_some()
}

fn answer(header: &Header, status: CommandStatus, out: &mut BytesMut) {
    pdu::header_only(header.command_id.response(), status, header.sequence_number, out);
}

fn nack(header: &Header, status: CommandStatus, out: &mut BytesMut) {
    pdu::header_only(CommandId::GENERIC_NACK, status, header.sequence_number, out);
}
