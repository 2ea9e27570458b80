//! What an examined ESME sent since the run began: cases judge its bind and its submit_sm whenever they came.
use super::octets::Pdu;
use crate::smpp::CommandId;

/// Requests that are kept at most; later ones are judged by the case in which they come.
const REQUESTS_MAX: usize = 2_000;

/// A request of the ESME.
#[derive(Clone, Debug)]
pub(super) struct Witnessed {
    /// When, in nanoseconds since 1970.
    pub(super) wall_ns: u64,
    /// Its octets.
    pub(super) pdu: Pdu,
}

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Its requests, in order; a bind begins a session.
    pub(super) requests: Vec<Witnessed>,
    /// Whether a submit_sm was awaited in vain: no further case waits as long.
    pub(super) sends_nothing: bool,
}

impl Memory {
    /// Keeps a PDU that is a request.
    pub(super) fn note(&mut self, pdu: &Pdu, wall_ns: u64) {
        if !pdu.command().is_response() && self.requests.len() < REQUESTS_MAX {
            self.requests.push(Witnessed { wall_ns, pdu: pdu.clone() });
        }
    }

    /// The binds.
    pub(super) fn binds(&self) -> impl Iterator<Item = &Witnessed> {
        self.requests.iter().filter(|one| one.pdu.command().is_bind())
    }

    /// The submit_sm.
    pub(super) fn submits(&self) -> impl Iterator<Item = &Witnessed> {
        self.requests.iter().filter(|one| one.pdu.command() == CommandId::SUBMIT_SM)
    }
}
