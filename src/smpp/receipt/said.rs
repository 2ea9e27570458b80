//! Whether two receipts say the same of a message, without reading what they say.
use super::tlvs::{ReceiptTlvs, TlvState};
use super::{Carrier, DeliveryKind, choose_id};
use crate::smpp::find;

/// What a receipt says besides its id and its addresses, as it is spelled. Two that are equal have the same state, err,
/// dates and text; two that differ may have them too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Said<'a> {
    is_final: bool,
    state: TlvState,
    /// The text from the end of its id on.
    behind_id: &'a [u8],
}

/// Reads the id of a receipt and what it says out of a whole PDU. `None`: its text does not begin with an id, or it is no
/// receipt.
#[inline]
pub fn read_said(frame: &[u8]) -> Option<(&[u8], Said<'_>)> {
    let Carrier { esm_class, short_message, tlvs, .. } = Carrier::of(frame)?;
    let is_final = match DeliveryKind::of(esm_class) {
        DeliveryKind::Mo => return None,
        DeliveryKind::Final => true,
        DeliveryKind::Intermediate => false,
    };
    let tlvs = ReceiptTlvs::of(tlvs);
    let text = tlvs.body(short_message).strip_prefix(b"id:")?;
    // a text that has an id is in plain octets, and an id that is not empty ends at a blank
    let end = find(text, b' ').filter(|end| *end > 0)?;
    let (text_id, behind_id) = text.split_at(end);
    let (id, _) = choose_id(tlvs.id, Some(text_id));
    Some((id, Said { is_final, state: tlvs.state, behind_id }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::pdu::{self, DeliverSm};
    use crate::smpp::receipt::{read_body, text_of};
    use crate::smpp::{CommandStatus, Tag, Tlvs, put_tlv};
    use bytes::BytesMut;
    use proptest::prelude::*;

    fn said_of(frame: &[u8]) -> Option<Said<'_>> {
        read_said(frame).map(|(_, said)| said)
    }

    fn frame(esm_class: u8, text: &[u8], state: Option<u8>) -> Vec<u8> {
        let (mut tlvs, mut out) = (BytesMut::new(), BytesMut::new());
        if let Some(state) = state {
            put_tlv(Tag::MESSAGE_STATE, &[state], &mut tlvs);
        }
        let sm =
            DeliverSm { esm_class, short_message: text, tlvs: Tlvs(&tlvs), ..DeliverSm::default() };
        sm.encode(CommandStatus::ESME_ROK, 1, &mut out);
        out.to_vec()
    }

    /// Everything that [`read_body`] reads but the ids.
    fn read(frame: &[u8]) -> Option<String> {
        let pdu = pdu::decode(frame).ok()?;
        let text = text_of(&pdu.body);
        let receipt = read_body(&pdu.body, &text)?;
        let rest = crate::smpp::receipt::Receipt {
            id: b"",
            text_id: None,
            id_in: crate::smpp::receipt::IdIn::Absent,
            ..receipt
        };
        Some(format!("{rest:?}"))
    }

    #[test]
    fn a_receipt_under_another_id_says_the_same_and_one_of_another_state_does_not() {
        let text = |id, stat| format!("id:{id} sub:001 dlvrd:001 stat:{stat} err:000 text:x");
        let of = |text: &str, state| frame(0x04, text.as_bytes(), state);
        let sent = of(&text("1", "DELIVRD"), Some(2));
        let same = of(&text("F-77", "DELIVRD"), Some(2));
        assert!(said_of(&sent).is_some() && said_of(&sent) == said_of(&same));
        for other in [of(&text("1", "UNDELIV"), Some(2)), of(&text("1", "DELIVRD"), Some(5))] {
            assert_ne!(said_of(&sent), said_of(&other));
        }
        assert_eq!(said_of(&of("stat:DELIVRD id:1", None)), None, "the id does not come first");
        assert_eq!(said_of(&of("id: stat:DELIVRD", None)), None, "there is no id");
    }

    proptest! {
        #[test]
        fn receipts_that_say_the_same_are_read_the_same(
            ids in ["[!-~]{1,12}", "[!-~]{1,12}"],
            behind in "( (id|sub|stat|err|text|submit date|done date|stat):[ A-Z0-9:]{0,8}){0,6}",
            esm_class in prop::sample::select(vec![0x04_u8, 0x20, 0x44]),
            state in prop::option::of(0_u8..11),
        ) {
            let [one, other] =
                ids.map(|id| frame(esm_class, format!("id:{id}{behind} ").as_bytes(), state));
            prop_assert!(said_of(&one).is_some() && said_of(&one) == said_of(&other));
            prop_assert_eq!(read(&one), read(&other));
            let id = read_said(&one).map(|(id, _)| id.to_vec());
            let pdu = pdu::decode(&one).unwrap();
            let text = text_of(&pdu.body);
            prop_assert_eq!(id, read_body(&pdu.body, &text).map(|receipt| receipt.id.to_vec()));
        }
    }
}
