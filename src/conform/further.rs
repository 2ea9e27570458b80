//! Further sessions of an examined ESME. They are served as a plain SMSC serves them, beside the examined one, and are
//! not judged.
use super::octets::{self, Pdu};
use crate::kit::Nanos;
use crate::smpp::{CommandId, CommandStatus, frame};
use bytes::BytesMut;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

/// Connections that are served at once at most; further ones are closed.
const CONNECTIONS_MAX: usize = 1_000;
/// Before each write with a submit_sm_resp: one that sends as fast as it is answered must not take the time of the
/// examined session.
const PAUSE: Duration = Duration::from_millis(5);
/// How long one that does not read what is sent keeps its connection.
const WRITE: Duration = Duration::from_secs(2);

/// The body with which a plain SMSC accepts a request. None: it has none for it.
pub(super) fn accepting(request: &Pdu) -> Option<Vec<u8>> {
    match request.command() {
        CommandId::ENQUIRE_LINK | CommandId::UNBIND => Some(Vec::new()),
        CommandId::SUBMIT_SM => Some(octets::cstring(request.sequence().to_string().as_bytes())),
        command if command.is_bind() => {
            let version = octets::tlv(octets::SC_INTERFACE_VERSION, &[0x34]);
            Some([octets::cstring(b"conform"), version].concat())
        }
        _ => None,
    }
}

/// How long the examined session is looked at before a connection that came is taken for a further one: it may be that
/// of an ESME which has ended its session and binds again.
const GRACE: Nanos = Nanos::from_millis(20);

/// The sessions.
#[derive(Debug, Default)]
pub(super) struct FurtherSessions {
    /// Connections that came while a session was examined, with when, the oldest first.
    arrived: VecDeque<(Nanos, TcpStream)>,
    tasks: JoinSet<()>,
    /// Ends a session each, the latest last.
    handles: Vec<AbortHandle>,
    counts: Arc<Counts>,
}

/// Bound sessions.
#[derive(Debug, Default)]
struct Counts {
    now: AtomicU32,
    most: AtomicU32,
}

impl FurtherSessions {
    /// Keeps a connection that came.
    pub(super) fn arrive(&mut self, stream: TcpStream, now: Nanos) {
        if self.arrived.len() < CONNECTIONS_MAX {
            self.arrived.push_back((now, stream));
        }
    }

    /// The oldest connection that came and is not served yet.
    pub(super) fn take_arrived(&mut self) -> Option<TcpStream> {
        self.arrived.pop_front().map(|(_, stream)| stream)
    }

    /// When the next connection that came is to be served. None: there is none.
    pub(super) fn due(&self) -> Option<Nanos> {
        self.arrived.front().map(|(since, _)| since.after(GRACE))
    }

    /// Serves the connection that is due until it ends, or the run does.
    pub(super) fn serve_due(&mut self) {
        let Some(stream) = self.take_arrived() else { return };
        while self.tasks.try_join_next().is_some() {}
        self.handles.retain(|handle| !handle.is_finished());
        if self.handles.len() < CONNECTIONS_MAX {
            self.handles.push(self.tasks.spawn(serve(stream, self.counts.clone())));
        }
    }

    /// Closes the latest session.
    pub(super) fn close_one(&mut self) {
        self.handles.retain(|handle| !handle.is_finished());
        if let Some(handle) = self.handles.pop() {
            handle.abort();
        }
    }

    /// The most that were bound at once.
    pub(super) fn most_count(&self) -> u32 {
        self.counts.most.load(Ordering::Relaxed)
    }
}

/// Counts a bound session while it lives.
struct Bound(Arc<Counts>);

impl Bound {
    fn new(counts: &Arc<Counts>) -> Bound {
        let now = counts.now.fetch_add(1, Ordering::Relaxed) + 1;
        counts.most.fetch_max(now, Ordering::Relaxed);
        Bound(counts.clone())
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn serve(mut stream: TcpStream, counts: Arc<Counts>) {
    let _ = stream.set_nodelay(true); // one that refuses this still works
    let mut inbox = BytesMut::new();
    let mut bound = None;
    loop {
        let mut out = Vec::new();
        let (mut submits, mut is_over) = (false, false);
        loop {
            match frame::cut(&inbox, frame::OCTETS_MAX_DEFAULT) {
                Ok(Some(length)) => {
                    let request = Pdu(inbox.split_to(length).to_vec());
                    out.extend(answer(&request));
                    submits |= request.command() == CommandId::SUBMIT_SM;
                    is_over |= request.command() == CommandId::UNBIND;
                    if request.command().is_bind() {
                        bound.get_or_insert_with(|| Bound::new(&counts));
                    }
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
        if submits {
            sleep(PAUSE).await;
        }
        let written = timeout(WRITE, stream.write_all(&out)).await;
        if is_over || !matches!(written, Ok(Ok(()))) {
            return;
        }
        // an idle session may be silent for as long as the run lasts
        match stream.read_buf(&mut inbox).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return,
        }
    }
}

/// The answer to a request; empty for a response.
fn answer(request: &Pdu) -> Vec<u8> {
    let (command, sequence) = (request.command(), request.sequence());
    if command.is_response() {
        return Vec::new();
    }
    match accepting(request) {
        Some(body) => octets::pdu(command.response(), 0, sequence, &body),
        None => {
            let status = CommandStatus::ESME_RINVCMDID.0;
            octets::pdu(CommandId::GENERIC_NACK, status, sequence, &[])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(command: CommandId) -> Pdu {
        Pdu(answer(&Pdu(octets::pdu(command, 0, 7, &[]))))
    }

    #[test]
    fn what_an_esme_needs_is_accepted_and_the_rest_refused() {
        let accepted = [
            CommandId::BIND_TRANSCEIVER,
            CommandId::BIND_RECEIVER,
            CommandId::SUBMIT_SM,
            CommandId::ENQUIRE_LINK,
            CommandId::UNBIND,
        ];
        for command in accepted {
            let answer = answered(command);
            let found = (answer.command(), answer.is_ok(), answer.sequence());
            assert_eq!(found, (command.response(), true, 7));
        }
        assert!(answered(CommandId::QUERY_SM).is_nack());
        assert!(answered(CommandId::DELIVER_SM_RESP).0.is_empty());
    }
}
