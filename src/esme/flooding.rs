//! Bind attempts beyond the sessions of the plan, over sockets: each has a connection of its own.
use super::connecting::{ClientConnection, connect};
use super::flood::{FloodAttempt, FloodBind};
use crate::kit::Clock;
use crate::net::{ClientTls, ReadBuffer, Wake, pump};
use crate::plan::Plan;
use std::cell::RefCell;

/// Connects, binds, and closes with the answer, or without one after `timeouts.bind`. Returns the command_status of
/// bind_resp.
pub(super) async fn attempt(
    attempt: &FloodAttempt,
    plan: &Plan,
    tls: Option<&ClientTls>,
) -> Option<u32> {
    let (mut line, _) = Box::pin(connect(plan, tls, attempt.like.id)).await.ok()?;
    let bind = RefCell::new(FloodBind::new(attempt, plan, Clock::now()));
    let (buffer, wake) = (ReadBuffer::of_octets(FloodBind::READ_OCTETS), Wake::default());
    let after = |_: &mut FloodBind, _: u32| false;
    let within = plan.timeouts.bind.into();
    // without an answer in time the connection is closed all the same
    let _ = match &mut line {
        ClientConnection::Plain(s) => {
            tokio::time::timeout(within, pump(s, 0, &bind, &buffer, &wake, &after)).await
        }
        ClientConnection::Tls(s) => {
            tokio::time::timeout(within, pump(s.as_mut(), 0, &bind, &buffer, &wake, &after)).await
        }
    };
    bind.into_inner().status()
}
