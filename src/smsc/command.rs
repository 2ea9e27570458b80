//! Commands to a running simulator: a mobile-originated message, a receipt, a fault.
use super::events::{FaultReach, shown};
use super::id_generator::{ID_MAX, SpelledId};
use super::mo_content::MoText;
use super::pending_delivery::Address;
use crate::plan::behaviour::FaultKind;
use crate::smpp::receipt::MessageState;

/// Maximum length of an MO's text in octets, as encoded: as that of `mo.lengths`.
const MO_OCTETS_MAX: usize = 60_000;
/// Maximum number of digits of a short code; a longer number is international.
const SHORT_CODE_DIGITS_MAX: usize = 6;

/// A command to a running simulator. Its values are valid.
#[derive(Clone, Debug)]
pub struct Command(pub(super) CommandKind);

#[derive(Clone, Debug)]
pub(super) enum CommandKind {
    Mo { from: Address, to: Address, text: MoText },
    Receipt { id: SpelledId, state: MessageState },
    Fault { kind: FaultKind, all: bool },
}

/// Why a command is not valid. No address and no text is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// An address is empty, too long, or not ASCII.
    #[error("{0} has {1} characters; write 1 to 20 printable ASCII characters")]
    Address(&'static str, usize),
    /// The text of an MO is too long.
    #[error("TEXT has {0} octets; write at most {MO_OCTETS_MAX}")]
    Text(usize),
    /// The message id is empty, too long, or not ASCII.
    #[error("ID has {0} characters; write 1 to {ID_MAX} printable ASCII characters")]
    Id(usize),
    /// Not a final state of a message.
    #[error("{0:?} is not a final state; write one of {words}", words = final_states())]
    State(String),
    /// Not a kind of fault.
    #[error("{0:?} is not a kind of fault; write one of {words}", words = fault_kinds())]
    Fault(String),
    /// Neither `one` nor `all`.
    #[error("{0:?} is not valid; write one or all")]
    Sessions(String),
}

/// What a command did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandOutcome {
    /// The delivery was written to a session.
    Sent {
        /// Number of the connection.
        session: u32,
        /// The system_id of its bind.
        system_id: String,
    },
    /// No session can receive: none is bound as receiver or transceiver, or the windows of all are full.
    NoReceiver,
    /// The fault was done.
    Fault(FaultReach),
}

impl CommandOutcome {
    pub(super) fn sent(session: u32, system_id: &[u8]) -> CommandOutcome {
        CommandOutcome::Sent { session, system_id: shown(system_id) }
    }
}

fn final_states() -> String {
    let all = MessageState::ALL.iter().filter(|state| state.is_final());
    all.map(|state| state.stat()).collect::<Vec<_>>().join(", ")
}

fn fault_kinds() -> String {
    FaultKind::ALL.map(FaultKind::word).join(", ")
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|octet| octet.is_ascii_graphic())
}

/// An address with the type of number that its form suggests: of letters alphanumeric, of at most six digits a short
/// code, else international.
fn address(name: &'static str, text: &str) -> Result<Address, CommandError> {
    let (ton, npi, digits) = match text.strip_prefix('+') {
        Some(digits) => (1, 1, digits),
        None if !text.bytes().all(|octet| octet.is_ascii_digit()) => (5, 0, text),
        None if text.len() <= SHORT_CODE_DIGITS_MAX => (3, 0, text),
        None => (1, 1, text),
    };
    if !(1..=Address::OCTETS_MAX).contains(&digits.len()) || !is_printable(digits) {
        return Err(CommandError::Address(name, text.chars().count()));
    }
    Ok(Address::new(ton, npi, digits.as_bytes(), 0, digits.len()))
}

impl Command {
    /// Its first word.
    pub fn name(&self) -> &'static str {
        match self.0 {
            CommandKind::Mo { .. } => "mo",
            CommandKind::Receipt { .. } => "receipt",
            CommandKind::Fault { .. } => "fault",
        }
    }

    /// Sends a mobile-originated message with this text.
    ///
    /// # Errors
    /// An address or the text is not valid.
    pub fn mo(from: &str, to: &str, text: &str) -> Result<Command, CommandError> {
        let (from, to, text) = (address("FROM", from)?, address("TO", to)?, MoText::new(text));
        match text.octets.len() {
            length if length > MO_OCTETS_MAX => Err(CommandError::Text(length)),
            _ => Ok(Command(CommandKind::Mo { from, to, text })),
        }
    }

    /// Sends a final receipt for the message with this id, which is written as given. `state` is its `stat`.
    ///
    /// # Errors
    /// The id or the state is not valid.
    pub fn receipt(id: &str, state: &str) -> Result<Command, CommandError> {
        let spelled = SpelledId::of(id.as_bytes()).filter(|_| is_printable(id));
        let id = spelled.ok_or_else(|| CommandError::Id(id.chars().count()))?;
        let known = MessageState::known_stat(state.as_bytes()).filter(|state| state.is_final());
        let state = known.ok_or_else(|| CommandError::State(state.to_owned()))?;
        Ok(Command(CommandKind::Receipt { id, state }))
    }

    /// Does a fault to `one` session, chosen at random, or to `all`.
    ///
    /// # Errors
    /// The kind is not one of the keys' kinds, or `sessions` is neither word.
    pub fn fault(kind: &str, sessions: &str) -> Result<Command, CommandError> {
        let known = FaultKind::ALL.into_iter().find(|known| known.word() == kind);
        let kind = known.ok_or_else(|| CommandError::Fault(kind.to_owned()))?;
        let all = match sessions {
            "one" => false,
            "all" => true,
            other => return Err(CommandError::Sessions(other.to_owned())),
        };
        Ok(Command(CommandKind::Fault { kind, all }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_an_address_gives_its_type_of_number() {
        for (text, ton, npi, octets) in [
            ("60601", 3, 0, "60601"),
            ("447700900001", 1, 1, "447700900001"),
            ("+447700900001", 1, 1, "447700900001"),
            ("Bank", 5, 0, "Bank"),
        ] {
            let found = address("FROM", text).unwrap();
            let (raw, length) = found.raw();
            assert_eq!((found.ton, found.npi, &raw[..length]), (ton, npi, octets.as_bytes()));
        }
    }

    #[test]
    fn what_is_not_valid_is_refused_with_a_remedy_and_without_an_address_or_text() {
        let long = "4".repeat(21);
        let error = |command: Result<Command, CommandError>| command.unwrap_err().to_string();
        assert_eq!(
            error(Command::mo(&long, "1", "hi")),
            "FROM has 21 characters; write 1 to 20 printable ASCII characters"
        );
        assert!(error(Command::mo("1", "é", "hi")).starts_with("TO has 1 "));
        assert!(error(Command::mo("1", "+", "hi")).starts_with("TO has 1 "));
        assert_eq!(
            error(Command::mo("1", "2", &"ä".repeat(30_001))),
            "TEXT has 60002 octets; write at most 60000"
        );
        assert!(error(Command::receipt(&long.repeat(2), "DELIVRD")).starts_with("ID has 42 "));
        assert!(error(Command::receipt("", "DELIVRD")).starts_with("ID has 0 "));
        let state = error(Command::receipt("1", "ENROUTE"));
        assert!(state.starts_with("\"ENROUTE\" is not a final state; write one of DELIVRD, "));
        let kind = error(Command::fault("closed", "one"));
        assert!(kind.contains("\"closed\"") && kind.contains("unbind, close, reset"), "{kind}");
        assert_eq!(
            error(Command::fault("close", "some")),
            "\"some\" is not valid; write one or all"
        );
    }
}
