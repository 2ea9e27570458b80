//! How faults are done to sessions. When is in `faults`.
use super::context::Context;
use super::events::{FaultReach, SmscEvent};
use super::faults::FaultTrigger;
use super::peer::Peer;
use crate::kit::Nanos;
use crate::net::ConnAction;
use crate::plan::behaviour::FaultKind;
use crate::smpp::{CommandId, CommandStatus, Header, pdu};

/// Does the timed fault that is due.
pub(super) fn timed_fault(context: &mut Context, now: Nanos) {
    if let Some((kind, all)) = context.faults.pop(now) {
        fault(context, kind, all, now);
    }
}

/// Does a fault to one session or to all.
pub(super) fn fault(context: &mut Context, kind: FaultKind, all: bool, now: Nanos) -> FaultReach {
    let reach = match FaultTrigger::of(kind) {
        FaultTrigger::Bind => {
            context.faults.refuse_binds(all);
            if all { FaultReach::AllBinds } else { FaultReach::NextBind }
        }
        FaultTrigger::Connection => {
            context.faults.drop_connections(all);
            if all { FaultReach::AllConnections } else { FaultReach::NextConnection }
        }
        FaultTrigger::EnquireLink | FaultTrigger::Submit => {
            FaultReach::Sessions(fault_sessions(context, kind, all, now))
        }
    };
    if reach == FaultReach::Sessions(0) {
        context.tally.faults_without_target.add(kind);
    }
    context.events.add(|| SmscEvent::Fault { kind, reach });
    reach
}

/// Does a fault to one bound session, drawn at random, or to all. Returns to how many.
fn fault_sessions(context: &mut Context, kind: FaultKind, all: bool, now: Nanos) -> usize {
    let can_have =
        |session: &u32| context.connections.get(*session).is_some_and(|peer| may_have(peer, kind));
    let bound = context.connections.bound().iter().copied();
    let mut targets: Vec<u32> = bound.filter(can_have).collect();
    if !all && !targets.is_empty() {
        let one = context.rng.below(targets.len() as u64) as usize;
        targets = vec![targets[one]];
    }
    for session in &targets {
        inject_fault(context, kind, *session, now);
    }
    targets.len()
}

/// Whether a fault can be done to a session: it can be written to, and does not have the fault already.
fn may_have(peer: &Peer, kind: FaultKind) -> bool {
    peer.can_write()
        && match kind {
            FaultKind::Unbind => peer.session.is_bound(),
            FaultKind::SlowReader => !peer.faults.reads_slowly,
            _ => true,
        }
}

/// Does a fault to a bound session, unless the session has it already.
pub(super) fn inject_fault(context: &mut Context, kind: FaultKind, session: u32, now: Nanos) {
    let peer = context.connections.get_mut(session).filter(|peer| may_have(peer, kind));
    let Some(peer) = peer else { return };
    match kind {
        // counted when they are done
        FaultKind::OversizeTlv | FaultKind::GenericNack => {
            return peer.faults.next_response = Some(kind);
        }
        FaultKind::NoEnquireAnswer => return peer.faults.ignores_enquiries = true,
        FaultKind::BindRefuse | FaultKind::AcceptThenDrop => return,
        FaultKind::Unbind => context.unbind(session, now),
        FaultKind::Close => context.connections.close(session, ConnAction::CloseWhenFlushed, now),
        FaultKind::Reset => context.connections.close(session, ConnAction::Reset, now),
        FaultKind::HalfClose => {
            peer.output.close_write();
            peer.action = ConnAction::HalfClose;
            if let Some(account) = peer.account {
                context.stop_deliveries(session, account);
            }
            context.connections.mark_changed(session);
        }
        FaultKind::Garbage => {
            peer.output.buffer().extend_from_slice(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            context.connections.mark_changed(session);
        }
        FaultKind::Truncated => {
            let out = peer.output.buffer();
            let whole = out.len();
            pdu::header_only(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 1, out);
            out.truncate(whole + Header::OCTETS / 2);
            context.connections.close(session, ConnAction::CloseWhenFlushed, now);
        }
        FaultKind::SlowReader => {
            peer.faults.reads_slowly = true;
            peer.reads_paused_until = now.after(Nanos(1));
            context.connections.mark_changed(session);
            context.connections.arm(session);
        }
    }
    context.tally.faults.add(kind);
}
