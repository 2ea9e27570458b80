//! Optional parameters: tag, length, value (v3.4 3.2.4 and 5.3; v5.0 4.8). The table of known tags
//! stands here; a tag that it does not hold is kept as raw octets. Knows no PDU.

use std::fmt;

use bytes::{BufMut, BytesMut};

/// A TLV tag: any `u16`, some of which are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u16);

/// How a known tag's value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlvType {
    /// One octet (integer or bit mask).
    Int1,
    /// Two octets, big-endian.
    Int2,
    /// Four octets, big-endian.
    Int4,
    /// ASCII with a NUL, which some leave away.
    Cstr,
    /// Octets.
    Octets,
}

/// One row of the table of known tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagInfo {
    /// The tag.
    pub tag: Tag,
    /// The name as the specification spells it.
    pub name: &'static str,
    /// How the value is written.
    pub tlv_type: TlvType,
    /// Fewest octets of a value.
    pub octets_min: u16,
    /// Most octets of a value (the NUL of a C-string counts).
    pub octets_max: u16,
    /// The greatest value of an integer that is no fault.
    pub value_max: u32,
}

macro_rules! row {
    ($tag:expr, $text:literal, int1) => {
        row!($tag, $text, Int1, 1, 1, 0xFF)
    };
    ($tag:expr, $text:literal, int1, $max:literal) => {
        row!($tag, $text, Int1, 1, 1, $max)
    };
    // One octet in v3.4; v5.0 lets more follow.
    ($tag:expr, $text:literal, int1_v50, $octets_max:literal) => {
        row!($tag, $text, Int1, 1, $octets_max, 0xFF)
    };
    ($tag:expr, $text:literal, int2) => {
        row!($tag, $text, Int2, 2, 2, 0xFFFF)
    };
    ($tag:expr, $text:literal, int4) => {
        row!($tag, $text, Int4, 4, 4, u32::MAX)
    };
    ($tag:expr, $text:literal, cstr, $max:literal) => {
        row!($tag, $text, Cstr, 1, $max, u32::MAX)
    };
    ($tag:expr, $text:literal, octets, $min:literal, $max:literal) => {
        row!($tag, $text, Octets, $min, $max, u32::MAX)
    };
    ($tag:expr, $text:literal, $type:ident, $min:expr, $max:expr, $value_max:expr) => {
        TagInfo {
            tag: $tag,
            name: $text,
            tlv_type: TlvType::$type,
            octets_min: $min,
            octets_max: $max,
            value_max: $value_max,
        }
    };
}

macro_rules! known_tags {
    ($($number:literal $name:ident $text:literal ($($shape:tt)*);)*) => {
        impl Tag {
            $(#[doc = concat!("`", $text, "` (", stringify!($number), ").")]
            pub const $name: Tag = Tag($number);)*
        }
        /// The known tags, in order of number (docs/smpp/codes.md, "TLVs").
        const KNOWN: &[TagInfo] = &[$(row!(Tag::$name, $text, $($shape)*),)*];
    };
}

known_tags! {
    0x0005 DEST_ADDR_SUBUNIT "dest_addr_subunit" (int1, 4);
    0x0006 DEST_NETWORK_TYPE "dest_network_type" (int1);
    0x0007 DEST_BEARER_TYPE "dest_bearer_type" (int1);
    0x0008 DEST_TELEMATICS_ID "dest_telematics_id" (int2);
    0x000D SOURCE_ADDR_SUBUNIT "source_addr_subunit" (int1, 4);
    0x000E SOURCE_NETWORK_TYPE "source_network_type" (int1);
    0x000F SOURCE_BEARER_TYPE "source_bearer_type" (int1);
    0x0010 SOURCE_TELEMATICS_ID "source_telematics_id" (int1);
    0x0017 QOS_TIME_TO_LIVE "qos_time_to_live" (int4);
    0x0019 PAYLOAD_TYPE "payload_type" (int1);
    0x001D ADDITIONAL_STATUS_INFO_TEXT "additional_status_info_text" (cstr, 256);
    0x001E RECEIPTED_MESSAGE_ID "receipted_message_id" (cstr, 65);
    0x0030 MS_MSG_WAIT_FACILITIES "ms_msg_wait_facilities" (int1);
    0x0201 PRIVACY_INDICATOR "privacy_indicator" (int1);
    0x0202 SOURCE_SUBADDRESS "source_subaddress" (octets, 2, 23);
    0x0203 DEST_SUBADDRESS "dest_subaddress" (octets, 2, 23);
    0x0204 USER_MESSAGE_REFERENCE "user_message_reference" (int2);
    0x0205 USER_RESPONSE_CODE "user_response_code" (int1);
    0x020A SOURCE_PORT "source_port" (int2);
    0x020B DESTINATION_PORT "destination_port" (int2);
    0x020C SAR_MSG_REF_NUM "sar_msg_ref_num" (int2);
    0x020D LANGUAGE_INDICATOR "language_indicator" (int1);
    0x020E SAR_TOTAL_SEGMENTS "sar_total_segments" (int1);
    0x020F SAR_SEGMENT_SEQNUM "sar_segment_seqnum" (int1);
    0x0210 SC_INTERFACE_VERSION "sc_interface_version" (int1);
    0x0302 CALLBACK_NUM_PRES_IND "callback_num_pres_ind" (int1);
    0x0303 CALLBACK_NUM_ATAG "callback_num_atag" (octets, 0, 65);
    0x0304 NUMBER_OF_MESSAGES "number_of_messages" (int1, 99);
    0x0381 CALLBACK_NUM "callback_num" (octets, 4, 19);
    0x0420 DPF_RESULT "dpf_result" (int1);
    0x0421 SET_DPF "set_dpf" (int1);
    0x0422 MS_AVAILABILITY_STATUS "ms_availability_status" (int1);
    0x0423 NETWORK_ERROR_CODE "network_error_code" (octets, 3, 3);
    0x0424 MESSAGE_PAYLOAD "message_payload" (octets, 0, 0xFFFF);
    0x0425 DELIVERY_FAILURE_REASON "delivery_failure_reason" (int1);
    0x0426 MORE_MESSAGES_TO_SEND "more_messages_to_send" (int1);
    0x0427 MESSAGE_STATE "message_state" (int1);
    0x0428 CONGESTION_STATE "congestion_state" (int1, 100);
    0x0501 USSD_SERVICE_OP "ussd_service_op" (int1);
    0x0600 BROADCAST_CHANNEL_INDICATOR "broadcast_channel_indicator" (int1);
    0x0601 BROADCAST_CONTENT_TYPE "broadcast_content_type" (octets, 3, 3);
    0x0602 BROADCAST_CONTENT_TYPE_INFO "broadcast_content_type_info" (octets, 1, 255);
    0x0603 BROADCAST_MESSAGE_CLASS "broadcast_message_class" (int1);
    0x0604 BROADCAST_REP_NUM "broadcast_rep_num" (int2);
    0x0605 BROADCAST_FREQUENCY_INTERVAL "broadcast_frequency_interval" (octets, 3, 3);
    0x0606 BROADCAST_AREA_IDENTIFIER "broadcast_area_identifier" (octets, 0, 0xFFFF);
    0x0607 BROADCAST_ERROR_STATUS "broadcast_error_status" (int4);
    0x0608 BROADCAST_AREA_SUCCESS "broadcast_area_success" (int1);
    0x0609 BROADCAST_END_TIME "broadcast_end_time" (cstr, 17);
    0x060A BROADCAST_SERVICE_GROUP "broadcast_service_group" (octets, 1, 255);
    0x060B BILLING_IDENTIFICATION "billing_identification" (octets, 1, 1024);
    0x060D SOURCE_NETWORK_ID "source_network_id" (cstr, 65);
    0x060E DEST_NETWORK_ID "dest_network_id" (cstr, 65);
    0x060F SOURCE_NODE_ID "source_node_id" (octets, 6, 6);
    0x0610 DEST_NODE_ID "dest_node_id" (octets, 6, 6);
    0x0611 DEST_ADDR_NP_RESOLUTION "dest_addr_np_resolution" (int1);
    0x0612 DEST_ADDR_NP_INFORMATION "dest_addr_np_information" (octets, 10, 10);
    0x0613 DEST_ADDR_NP_COUNTRY "dest_addr_np_country" (octets, 1, 5);
    0x1201 DISPLAY_TIME "display_time" (int1);
    0x1203 SMS_SIGNAL "sms_signal" (int2);
    0x1204 MS_VALIDITY "ms_validity" (int1_v50, 4);
    0x130C ALERT_ON_MESSAGE_DELIVERY "alert_on_message_delivery" (octets, 0, 1);
    0x1380 ITS_REPLY_TYPE "its_reply_type" (int1);
    0x1383 ITS_SESSION_INFO "its_session_info" (octets, 2, 2);
}

impl Tag {
    /// The known tags, in order of number.
    pub const KNOWN: &'static [TagInfo] = KNOWN;

    /// The row of this tag in the table.
    pub fn info(self) -> Option<&'static TagInfo> {
        let found = KNOWN.binary_search_by_key(&self, |info| info.tag).ok()?;
        Some(&KNOWN[found])
    }

    /// The name as the specification spells it, if the tag is known.
    pub fn name(self) -> Option<&'static str> {
        self.info().map(|info| info.name)
    }

    /// The tag of a name, as the specification spells it.
    pub fn by_name(name: &str) -> Option<Tag> {
        KNOWN.iter().find(|info| info.name == name).map(|info| info.tag)
    }
}

/// The name, or `0x%04X`.
impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "0x{:04X}", self.0),
        }
    }
}

/// Where a run of TLVs cannot be read on; what stands before it is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlvFault {
    /// One to three octets are left: no room for a tag and a length.
    HeaderTruncated {
        /// Offset in the run.
        at: usize,
    },
    /// The length goes beyond the PDU.
    LengthBeyond {
        /// Offset of the TLV in the run.
        at: usize,
        /// Its tag.
        tag: Tag,
        /// Its length, as it stood on the wire.
        length: u16,
    },
}

/// The TLVs of a PDU as they stood on the wire, read lazily and in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tlvs<'a>(pub &'a [u8]);

impl<'a> Tlvs<'a> {
    /// The TLVs in order, duplicates among them; after a fault there is nothing more.
    pub fn iter(&self) -> TlvIter<'a> {
        TlvIter { run: self.0, at: 0 }
    }

    /// The first value of `tag`. A fault further on does not hide it.
    #[inline]
    pub fn get(&self, tag: Tag) -> Option<&'a [u8]> {
        self.iter().map_while(Result::ok).find(|(found, _)| *found == tag).map(|(_, value)| value)
    }

    /// The first value of a C-string `tag`, without its one trailing NUL where it has one.
    #[inline]
    pub fn get_cstr(&self, tag: Tag) -> Option<&'a [u8]> {
        self.get(tag).map(|value| value.strip_suffix(&[0]).unwrap_or(value))
    }

    /// The first value of a one-octet integer `tag`; `None` where it has another length.
    #[inline]
    pub fn get_int1(&self, tag: Tag) -> Option<u8> {
        match self.get(tag) {
            Some([value]) => Some(*value),
            Some(_) | None => None,
        }
    }

    /// Whether there are no octets at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for Tlvs<'a> {
    type Item = Result<(Tag, &'a [u8]), TlvFault>;
    type IntoIter = TlvIter<'a>;

    fn into_iter(self) -> TlvIter<'a> {
        self.iter()
    }
}

/// Walks a run of TLVs.
#[derive(Debug, Clone)]
pub struct TlvIter<'a> {
    run: &'a [u8],
    at: usize,
}

impl TlvIter<'_> {
    /// Offset in the run of the TLV that `next` will give.
    pub fn at(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for TlvIter<'a> {
    type Item = Result<(Tag, &'a [u8]), TlvFault>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.run[self.at..];
        if rest.is_empty() {
            return None;
        }
        let at = self.at;
        let Some((head, rest)) = rest.split_first_chunk::<4>() else {
            self.at = self.run.len();
            return Some(Err(TlvFault::HeaderTruncated { at }));
        };
        let tag = Tag(u16::from_be_bytes([head[0], head[1]]));
        let length = u16::from_be_bytes([head[2], head[3]]);
        let Some(value) = rest.get(..usize::from(length)) else {
            self.at = self.run.len();
            return Some(Err(TlvFault::LengthBeyond { at, tag, length }));
        };
        self.at = at + 4 + value.len();
        Some(Ok((tag, value)))
    }
}

/// Appends one TLV; a value beyond 65,535 octets is cut there (`plan` refuses it long before).
pub fn put_tlv(tag: Tag, value: &[u8], out: &mut BytesMut) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    out.put_u16(tag.0);
    out.put_u16(length);
    out.put_slice(&value[..usize::from(length)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_every_row_is_found_by_number_and_name() {
        assert!(KNOWN.is_sorted_by_key(|info| info.tag));
        for info in KNOWN {
            assert_eq!(info.tag.info(), Some(info));
            assert_eq!(Tag::by_name(info.name), Some(info.tag));
            assert!(info.octets_min <= info.octets_max, "{}", info.name);
        }
        assert_eq!(Tag(0x2157).name(), None);
        assert_eq!(Tag(0x2157).to_string(), "0x2157");
    }

    #[test]
    fn the_first_of_two_equal_tags_counts_and_a_later_fault_does_not_hide_it() {
        let mut run = BytesMut::new();
        put_tlv(Tag::USER_MESSAGE_REFERENCE, &[0, 7], &mut run);
        put_tlv(Tag::USER_MESSAGE_REFERENCE, &[0, 8], &mut run);
        put_tlv(Tag::RECEIPTED_MESSAGE_ID, b"id1\0", &mut run);
        run.put_slice(&[0x04, 0x27, 0x00, 0x09, 2]);
        let tlvs = Tlvs(&run);
        assert_eq!(tlvs.get(Tag::USER_MESSAGE_REFERENCE), Some(&[0, 7][..]));
        assert_eq!(tlvs.get_cstr(Tag::RECEIPTED_MESSAGE_ID), Some(&b"id1"[..]));
        assert_eq!(tlvs.get(Tag::MESSAGE_STATE), None);
        let last = tlvs.iter().last();
        assert_eq!(
            last,
            Some(Err(TlvFault::LengthBeyond { at: 20, tag: Tag::MESSAGE_STATE, length: 9 }))
        );
    }

    #[test]
    fn stray_octets_are_a_fault_at_their_place() {
        let tlvs = Tlvs(&[0x02, 0x04, 0x00]);
        assert_eq!(tlvs.iter().collect::<Vec<_>>(), vec![Err(TlvFault::HeaderTruncated { at: 0 })]);
        assert_eq!(Tlvs(&[]).iter().next(), None);
    }
}
