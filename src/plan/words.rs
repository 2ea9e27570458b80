//! The wire's words in a profile: statuses, message states and TLV tags by name or by number.
use super::section::{Item, Read};
use crate::smpp::receipt::MessageState;
use crate::smpp::{CommandStatus, Tag};

impl Item<'_> {
    /// A command_status: `"ESME_RTHROTTLED"`, `"RTHROTTLED"`, `"0x58"` or `0x58`.
    pub(super) fn status(&self) -> Read<u32> {
        let Some(name) = self.as_text() else { return self.whole(0..=u32::MAX) };
        let known: Vec<&str> = CommandStatus::NAMED.iter().map(|(_, name)| *name).collect();
        let unknown = || self.unknown(name, &known, "command_status; write ESME_... or 0x..");
        name.parse::<CommandStatus>().map(|status| status.0).map_err(|_| unknown())
    }

    /// `{ status = "...", share = 0.01 }`.
    pub(super) fn status_share(&self) -> Read<(u32, f64)> {
        let s = self.section(&["status", "share"])?;
        let need = |key: &str| s.need(key);
        Ok((need("status")?.status()?, need("share")?.share()?))
    }

    /// A message_state by the word of a receipt's `stat`.
    pub(super) fn message_state(&self, word: &str) -> Read<u8> {
        let known: Vec<&str> = MessageState::ALL.iter().map(|state| state.stat()).collect();
        MessageState::known_stat(word.as_bytes())
            .map(MessageState::wire)
            .ok_or_else(|| self.unknown(word, &known, "state"))
    }

    /// A TLV's tag by name or number.
    pub(super) fn tag(&self) -> Read<u16> {
        let Some(name) = self.as_text() else { return self.whole(0..=u16::MAX) };
        let hex = name.strip_prefix("0x").and_then(|hex| u16::from_str_radix(hex, 16).ok());
        let known: Vec<&str> = Tag::KNOWN.iter().filter_map(|info| info.tag.name()).collect();
        hex.or_else(|| Tag::by_name(name).map(|tag| tag.0))
            .ok_or_else(|| self.unknown(name, &known, "TLV; write its tag as a number"))
    }
}
