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
    /// Whether a submit_sm was awaited in vain, and none came since: no further case waits as long.
    pub(super) sends_nothing: bool,
}

impl Memory {
    /// Keeps a PDU that is a request.
    pub(super) fn note(&mut self, pdu: &Pdu, wall_ns: u64) {
        if pdu.command() == CommandId::SUBMIT_SM {
            self.sends_nothing = false;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conform::octets::pdu;

    #[test]
    fn an_esme_that_paused_and_sends_again_is_waited_for_again() {
        let mut memory = Memory { sends_nothing: true, ..Memory::default() };
        memory.note(&Pdu(pdu(CommandId::ENQUIRE_LINK, 0, 1, &[])), 0);
        assert!(memory.sends_nothing);
        memory.note(&Pdu(pdu(CommandId::SUBMIT_SM, 0, 2, &[])), 0);
        assert!(!memory.sends_nothing);
    }
}
