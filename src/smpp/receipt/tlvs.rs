//! The TLVs that a receipt may have.
use crate::smpp::{Tag, Tlvs};

/// The value of TLV `message_state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) enum TlvState {
    /// It is not there.
    #[default]
    Nothing,
    /// A state.
    State(u8),
    /// Nothing that v3.4 or v5.0 knows for a final or intermediate state: 0, or a number beyond.
    Odd(u8),
    /// Its length is wrong.
    OddLength,
}

impl TlvState {
    #[inline]
    pub(super) fn of(value: &[u8]) -> TlvState {
        match value {
            [state @ 1..=9] => TlvState::State(*state),
            [number] => TlvState::Odd(*number),
            _ => TlvState::OddLength,
        }
    }
    #[inline]
    pub(super) fn is_odd(self) -> bool {
        matches!(self, TlvState::Odd(_) | TlvState::OddLength)
    }
}

/// The three TLVs that a receipt may have, found in one walk.
#[derive(Default)]
pub(super) struct ReceiptTlvs<'a> {
    pub(super) id: Option<&'a [u8]>,
    pub(super) state: TlvState,
    pub(super) payload: Option<&'a [u8]>,
}

impl<'a> ReceiptTlvs<'a> {
    #[inline]
    pub(super) fn of(tlvs: Tlvs<'a>) -> Self {
        let mut wanted = ReceiptTlvs::default();
        for (tag, value) in tlvs.iter().map_while(Result::ok) {
            match tag {
                Tag::RECEIPTED_MESSAGE_ID => {
                    wanted.id.get_or_insert(value.strip_suffix(&[0]).unwrap_or(value));
                }
                Tag::MESSAGE_STATE if wanted.state == TlvState::Nothing => {
                    wanted.state = TlvState::of(value);
                }
                Tag::MESSAGE_PAYLOAD => {
                    wanted.payload.get_or_insert(value);
                }
                _ => {}
            }
        }
        wanted
    }

    /// The receipt's text: `short_message`, or where that is empty `message_payload`.
    #[inline]
    pub(super) fn body(&self, short_message: &'a [u8]) -> &'a [u8] {
        if short_message.is_empty() { self.payload.unwrap_or_default() } else { short_message }
    }
}
