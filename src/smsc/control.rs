//! The life of a session: binds, unbinds, enquire_link, and every request that is not a submit_sm.
use super::context::Context;
use super::events::{SessionEnd, SmscEvent, shown};
use super::faults::FaultTrigger;
use crate::kit::Nanos;
use crate::plan::behaviour::{Behaviour, FaultKind};
use crate::session::{Role, SessionEvent};
use crate::smpp::answer::strict_fault;
use crate::smpp::pdu::{self, Bind, BindResp, Body, BodyFault, Malformed, Pdu};
use crate::smpp::{CommandId, CommandStatus, Header, Tag, Tlvs, put_tlv};
use bytes::BytesMut;

/// Whether OpenMarket supports a command (docs/smpp/openmarket.md, "Connection and bind"); it answers all others with
/// generic_nack 0x03.
fn openmarket_supports(id: CommandId) -> bool {
    id.is_response()
        || id.is_bind()
        || matches!(id, CommandId::UNBIND | CommandId::SUBMIT_SM | CommandId::ENQUIRE_LINK)
}

/// What is left to do for a PDU that [`Control::receive`] was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Followup {
    /// Nothing, and the session's timers are as before.
    Ignored,
    /// Nothing; the session's timers may have changed.
    None,
    /// It is a lawful submit_sm.
    Submit,
    /// It answers the delivery with this sequence_number.
    Acknowledged(u32, CommandStatus),
    /// A bind was answered. `receives`: the session is bound now and receives deliveries.
    BindAnswered {
        /// Whether the session may be sent deliveries.
        receives: bool,
    },
}

/// Handles the control plane of all sessions.
#[derive(Debug)]
pub(super) struct Control {
    /// The TLV of bind responses. None: it is left out.
    sc_interface_version: Option<u8>,
}

impl Control {
    pub(super) fn new(behaviour: &Behaviour) -> Control {
        Control { sc_interface_version: behaviour.habits.sc_interface_version }
    }

    /// Handles any PDU, except a submit_sm on a session that may send it and the answer to a delivery.
    pub(super) fn receive(
        &mut self,
        context: &mut Context,
        session: u32,
        frame: &[u8],
        header: &Header,
        now: Nanos,
    ) -> Followup {
        let id = header.command_id;
        if context.openmarket && !openmarket_supports(id) {
            nack(context, session, header.sequence_number);
            return Followup::Ignored;
        }
        if id == CommandId::ENQUIRE_LINK && ignores_enquiry(context, session) {
            return Followup::Ignored;
        }
        let Context { connections, tally, .. } = &mut *context;
        let Some(peer) = connections.get_mut(session) else { return Followup::Ignored };
        let count = &mut tally.sessions;
        match peer.session.on_header(header, now, peer.output.buffer()) {
            SessionEvent::None => {
                count.enquire_links_answered += u64::from(id == CommandId::ENQUIRE_LINK);
            }
            SessionEvent::BindAsked(role) => {
                let receives = self.bind(context, session, role, frame, header, now);
                return Followup::BindAnswered { receives };
            }
            SessionEvent::PeerUnbound => {
                count.unbound_by_esme += 1;
                context.end(session, SessionEnd::UnboundByEsme, now);
            }
            SessionEvent::Unbound => {
                count.unbound_by_smsc += 1;
                context.end(session, SessionEnd::UnboundBySmsc, now);
            }
            SessionEvent::EnquireAnswered(_) => count.enquire_links_confirmed += 1,
            SessionEvent::Nacked(sequence, status) => {
                return Followup::Acknowledged(sequence, status);
            }
            SessionEvent::UnknownResponse
            | SessionEvent::Bound(_)
            | SessionEvent::BindRefused(_) => {
                count.unknown_responses += 1;
            }
            SessionEvent::Data if id == CommandId::SUBMIT_SM => return Followup::Submit,
            SessionEvent::Data if id.is_response() => count.unknown_responses += 1,
            SessionEvent::Data => answer_other(context, session, frame, header),
            SessionEvent::Illegal(status) => {
                count.illegal += 1;
                if id == CommandId::SUBMIT_SM {
                    tally.count_refused_by_session(status);
                }
            }
            SessionEvent::UnknownCommand => count.unknown_commands += 1,
        }
        Followup::None
    }

    /// Answers a bind. True: the session is bound and receives deliveries.
    fn bind(
        &self,
        context: &mut Context,
        session: u32,
        role: Role,
        frame: &[u8],
        header: &Header,
        now: Nanos,
    ) -> bool {
        let decoded = pdu::decode(frame);
        let bind = checked_bind(context, &decoded);
        let admitted = match bind {
            Err(status) => Err(status),
            Ok(_) if refuses_bind(context) => Err(CommandStatus::ESME_RBINDFAIL),
            Ok(bind) => context.accounts.admit(bind.system_id, bind.password, now),
        };
        let status = admitted.err().unwrap_or(CommandStatus::ESME_ROK);
        context.tally.binds.add(status);
        log_bind(context, session, role, &decoded, status);
        let Some(peer) = context.connections.get_mut(session) else { return false };
        let response = header.command_id.response();
        let (sequence, out) = (header.sequence_number, peer.output.buffer());
        let (Ok(account), Ok(bind)) = (admitted, bind) else {
            pdu::header_only(response, status, sequence, out);
            return false;
        };
        let mut tlvs = BytesMut::new();
        if let Some(version) = self.sc_interface_version {
            put_tlv(Tag::SC_INTERFACE_VERSION, &[version], &mut tlvs);
        }
        let body = BindResp { system_id: bind.system_id, tlvs: Tlvs(&tlvs) };
        body.encode(response, status, sequence, out);
        peer.session.accept(role);
        bound(context, session, account, role, now);
        role.receives()
    }
}

/// The fields of a bind, or the status that refuses it for its form.
fn checked_bind<'a>(
    context: &Context,
    decoded: &Result<Pdu<'a>, Malformed>,
) -> Result<Bind<'a>, CommandStatus> {
    let pdu = decoded.as_ref().map_err(|fault| fault.status)?;
    let Some(bind) = bind_of(pdu) else { return Err(CommandStatus::ESME_RBINDFAIL) };
    let long_password = context.accounts.takes_long_passwords(bind.system_id);
    let refused = pdu.anomalies.iter().find_map(|anomaly| {
        let lenient = anomaly.kind == BodyFault::CstringTooLong
            && anomaly.field == "password"
            && long_password;
        anomaly.status.filter(|_| !lenient)
    });
    refused.map_or(Ok(bind), Err)
}

/// The fields of a bind. None: the PDU is another one.
fn bind_of<'a>(pdu: &Pdu<'a>) -> Option<Bind<'a>> {
    match pdu.body {
        Body::BindReceiver(bind) | Body::BindTransmitter(bind) | Body::BindTransceiver(bind) => {
            Some(bind)
        }
        _ => None,
    }
}

/// Logs the answer to a bind.
fn log_bind(
    context: &mut Context,
    session: u32,
    role: Role,
    decoded: &Result<Pdu<'_>, Malformed>,
    status: CommandStatus,
) {
    context.events.add(|| {
        let bind = decoded.as_ref().ok().and_then(bind_of);
        let system_id = bind.map(|bind| shown(bind.system_id));
        match system_id {
            Some(system_id) if status.is_ok() => SmscEvent::Bound { session, system_id, role },
            system_id => SmscEvent::BindRefused { session, system_id, status },
        }
    });
}

/// Whether a fault refuses the bind.
fn refuses_bind(context: &mut Context) -> bool {
    let refused = context.faults.refuses_bind(&mut context.rng);
    if refused {
        context.tally.faults.add(FaultKind::BindRefuse);
    }
    refused
}

/// Records that a session is bound.
fn bound(context: &mut Context, session: u32, account: u32, role: Role, now: Nanos) {
    let Context { connections, accounts, faults, .. } = context;
    if connections.bind(session, role, now) {
        faults.start(now);
    }
    let Some(peer) = connections.get_mut(session) else { return };
    peer.account = Some(account);
    peer.receives = role.receives();
    if let Some(window) = accounts.window(account) {
        peer.window.set_limit(window);
    }
    if role.receives() {
        accounts.get(account).add_receiver(session);
    }
}

fn nack(context: &mut Context, session: u32, sequence: u32) {
    context.tally.sessions.unknown_commands += 1;
    if let Some(peer) = context.connections.get_mut(session) {
        let status = CommandStatus::ESME_RINVCMDID;
        pdu::header_only(CommandId::GENERIC_NACK, status, sequence, peer.output.buffer());
    }
}

/// Whether a fault leaves an enquire_link unanswered.
fn ignores_enquiry(context: &mut Context, session: u32) -> bool {
    let Some(peer) = context.connections.get(session) else { return true };
    let ignored =
        peer.faults.ignores_enquiries || context.draw_fault(FaultTrigger::EnquireLink).is_some();
    if ignored {
        context.tally.faults.add(FaultKind::NoEnquireAnswer);
    }
    ignored
}

/// Answers a request other than submit_sm, as an SMSC does that stores no messages.
fn answer_other(context: &mut Context, session: u32, frame: &[u8], header: &Header) {
    context.tally.sessions.other_requests += 1;
    let Context { connections, ids, .. } = context;
    let Some(peer) = connections.get_mut(session) else { return };
    let (sequence, out) = (header.sequence_number, peer.output.buffer());
    let response = header.command_id.response();
    let decoded = pdu::decode(frame);
    let fault = match &decoded {
        Ok(pdu) => strict_fault(pdu).map(|fault| fault.status),
        Err(fault) => Some(fault.status),
    };
    if let Some(status) = fault {
        return pdu::header_only(response, status, sequence, out);
    }
    let ok = CommandStatus::ESME_ROK;
    let status = match header.command_id {
        CommandId::DATA_SM => {
            let id = ids.take();
            let id = ids.in_response(id);
            return pdu::data_sm_resp(ok, sequence, id.as_slice(), out);
        }
        CommandId::SUBMIT_MULTI => {
            let id = ids.take();
            let id = ids.in_response(id);
            let body = pdu::SubmitMultiResp { message_id: id.as_slice(), ..Default::default() };
            return body.encode(ok, sequence, out);
        }
        CommandId::QUERY_SM => CommandStatus::ESME_RQUERYFAIL,
        CommandId::CANCEL_SM => CommandStatus::ESME_RCANCELFAIL,
        CommandId::REPLACE_SM => CommandStatus::ESME_RREPLACEFAIL,
        CommandId::BROADCAST_SM => CommandStatus::ESME_RBCASTFAIL,
        CommandId::QUERY_BROADCAST_SM => CommandStatus::ESME_RBCASTQUERYFAIL,
        CommandId::CANCEL_BROADCAST_SM => CommandStatus::ESME_RBCASTCANCELFAIL,
        _ => CommandStatus::ESME_RINVCMDID,
    };
    pdu::header_only(response, status, sequence, out);
}
