//! One connection of a case: octets out, octets in, cut into PDUs by their length. Decides nothing.
use super::octets::Pdu;
use crate::smpp::frame::{self, Desync};
use bytes::BytesMut;
use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// PDUs that a case reads from one connection at most: a peer that floods ends the connection's part in it.
const PDUS_MAX: usize = 1_000;
/// The same of an examined ESME, which sends messages all the time.
const PDUS_OF_ESME_MAX: usize = 20_000;
/// Longest PDU that is taken for one.
const OCTETS_MAX: usize = frame::OCTETS_MAX_DEFAULT;

/// Both ends of a connection, plain or TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The peer closed it.
    Closed,
    /// The peer reset it, or the network failed.
    Reset,
    /// What came cannot be cut into PDUs.
    Unreadable(Desync),
    /// More PDUs came than a case reads.
    Flooded,
    /// The peer does not read what is sent.
    NotRead,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Closed => f.write_str("the peer closed the connection"),
            End::Reset => f.write_str("the peer reset the connection"),
            End::Unreadable(desync) => {
                write!(f, "the peer sent octets that are not a PDU: {desync}")
            }
            End::Flooded => write!(f, "the peer sent more than {PDUS_MAX} PDUs"),
            End::NotRead => f.write_str("the peer does not read what is sent"),
        }
    }
}

/// What came next on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A PDU.
    Pdu(Pdu),
    /// Nothing, within the time.
    Silence,
    /// The end of the connection.
    Ended(End),
}

/// One connection.
pub(super) struct Line {
    stream: Box<dyn Stream>,
    inbox: BytesMut,
    ended: Option<End>,
    read_count: usize,
    last_sequence: u32,
    pdus_max: usize,
    is_cut_off: bool,
    /// Whether a bind was accepted on it, and no unbind was sent since.
    pub(super) is_bound: bool,
    /// Whether a bind was sent on it that should be answered.
    pub(super) is_bind_sent: bool,
}

impl Line {
    pub(super) fn new(stream: Box<dyn Stream>) -> Line {
        Line {
            stream,
            inbox: BytesMut::new(),
            ended: None,
            read_count: 0,
            last_sequence: 0,
            pdus_max: PDUS_MAX,
            is_cut_off: false,
            is_bound: false,
            is_bind_sent: false,
        }
    }

    /// A connection of an ESME, which sends of its own.
    pub(super) fn of_esme(stream: Box<dyn Stream>) -> Line {
        Line { pdus_max: PDUS_OF_ESME_MAX, ..Line::new(stream) }
    }

    /// The next sequence_number of our own requests.
    pub(super) fn take_sequence(&mut self) -> u32 {
        self.last_sequence += 1;
        self.last_sequence
    }

    /// Whether any PDU was read from it.
    pub(super) fn has_read(&self) -> bool {
        self.read_count > 0
    }

    /// Counts what is read from here on: a session is kept from one case to the next.
    pub(super) fn begin_case(&mut self) {
        self.read_count = 0;
    }

    /// How it ended; None: it has not.
    pub(super) fn ended(&self) -> Option<End> {
        self.ended
    }

    /// Whether a TLS connection ended without the peer's close_notify.
    pub(super) fn is_cut_off(&self) -> bool {
        self.is_cut_off
    }

    /// Writes octets within a time. A failure ends the connection once what was read before is taken.
    pub(super) async fn write(&mut self, octets: &[u8], within: Duration) {
        let written = async {
            self.stream.write_all(octets).await?;
            self.stream.flush().await
        };
        match timeout(within, written).await {
            Ok(Ok(())) => {}
            // the read tells how it ended
            Ok(Err(_)) => {}
            Err(_) => self.ended = self.ended.or(Some(End::NotRead)),
        }
    }

    /// Closes our direction: the peer reads an end, and may still write.
    pub(super) async fn half_close(&mut self, within: Duration) {
        // a connection that has ended already says so when it is read
        let _ = timeout(within, self.stream.shutdown()).await;
    }

    /// What comes next within a time.
    pub(super) async fn event(&mut self, within: Duration) -> Event {
        timeout(within, self.next()).await.unwrap_or(Event::Silence)
    }

    /// What comes next. Nothing is lost where this future is dropped.
    async fn next(&mut self) -> Event {
        loop {
            match frame::cut(&self.inbox, OCTETS_MAX) {
                Ok(Some(_)) if self.read_count >= self.pdus_max => self.ended = Some(End::Flooded),
                Ok(Some(octets)) => {
                    self.read_count += 1;
                    return Event::Pdu(Pdu(self.inbox.split_to(octets).to_vec()));
                }
                Ok(None) => {}
                Err(desync) => self.ended = Some(End::Unreadable(desync)),
            }
            if let Some(end) = self.ended {
                return Event::Ended(end);
            }
            match self.stream.read_buf(&mut self.inbox).await {
                Ok(0) => self.ended = Some(End::Closed),
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::UnexpectedEof => {
                    self.is_cut_off = true;
                    self.ended = Some(End::Closed);
                }
                Err(_) => self.ended = Some(End::Reset),
            }
        }
    }

    /// The octets that were read and are no PDU.
    pub(super) fn rest(&self) -> &[u8] {
        &self.inbox
    }
}
