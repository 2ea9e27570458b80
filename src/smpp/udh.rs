//! The user data header of a message (3GPP TS 23.040 9.2.3.24): its elements, and what is odd about it. Knows
//! no PDU: whether there is one is said by `esm_class`.

/// A header as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Udh<'a> {
    /// All of it, its length among it.
    pub octets: &'a [u8],
    /// Its elements, as far as they can be read.
    pub elements: Vec<Element<'a>>,
    /// The anomaly and its octet. None: there is none.
    pub odd: Option<(usize, &'static str)>,
}

/// One information element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// Which.
    pub id: u8,
    /// Its data.
    pub data: &'a [u8],
}

/// Which part of which message, in an element that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartOf {
    /// The same in all parts.
    pub reference: u16,
    /// Parts of the message.
    pub total: u8,
    /// This part, from 1.
    pub part: u8,
}

impl<'a> Udh<'a> {
    /// Reads the header at the front of a message's octets.
    pub fn read(message: &'a [u8]) -> Udh<'a> {
        let mut udh = Udh { octets: &[], elements: Vec::new(), odd: None };
        let Some(length) = message.first() else {
            udh.odd = Some((0, "a user data header is announced, and there is no octet"));
            return udh;
        };
        let end = usize::from(*length) + 1;
        udh.octets = &message[..end.min(message.len())];
        if end > message.len() {
            udh.odd = Some((0, "the user data header is longer than the message"));
        }
        let mut at = 1;
        while at < udh.octets.len() {
            let element = udh.octets.get(at..at + 2).and_then(|head| {
                let data = udh.octets.get(at + 2..at + 2 + usize::from(head[1]))?;
                Some(Element { id: head[0], data })
            });
            let Some(element) = element else {
                let why = "an element goes beyond the end of the user data header";
                udh.odd = udh.odd.or(Some((at, why)));
                break;
            };
            if let Some(why) = element.oddity() {
                udh.odd = udh.odd.or(Some((at, why)));
            }
            udh.elements.push(element);
            at += 2 + element.data.len();
        }
        udh
    }
}

impl Element<'_> {
    /// Its name. None: it is not known.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.id {
            0x00 => "concatenation_8bit",
            0x01 => "special_sms",
            0x04 => "ports_8bit",
            0x05 => "ports_16bit",
            0x08 => "concatenation_16bit",
            0x0A => "text_formatting",
            0x20 => "rfc822_header",
            0x21 => "hyperlink",
            0x22 => "reply_address",
            0x24 => "single_shift_language",
            0x25 => "locking_shift_language",
            0x70 => "sim_toolkit",
            _ => return None,
        })
    }

    /// The part of a long message, where it says one.
    pub const fn part(self) -> Option<PartOf> {
        match (self.id, self.data) {
            (0x00, [reference, total, part]) => {
                Some(PartOf { reference: *reference as u16, total: *total, part: *part })
            }
            (0x08, [high, low, total, part]) => {
                let reference = u16::from_be_bytes([*high, *low]);
                Some(PartOf { reference, total: *total, part: *part })
            }
            _ => None,
        }
    }

    /// (destination port, originating port).
    pub const fn ports(self) -> Option<(u16, u16)> {
        match (self.id, self.data) {
            (0x04, [to, from]) => Some((*to as u16, *from as u16)),
            (0x05, [a, b, c, d]) => {
                Some((u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d])))
            }
            _ => None,
        }
    }

    const fn oddity(self) -> Option<&'static str> {
        match (self.id, self.part(), self.ports()) {
            (0x00 | 0x08, None, _) => Some("a concatenation element of the wrong length"),
            (0x04 | 0x05, _, None) => Some("a port element of the wrong length"),
            (0x24 | 0x25, _, _) if self.data.len() != 1 => {
                Some("a language element of the wrong length")
            }
            (_, Some(part), _) if part.part == 0 || part.part > part.total => {
                Some("a part number that is 0 or above the number of parts")
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_with_their_parts_and_ports() {
        let message = [11, 0, 3, 42, 2, 1, 5, 4, 0x0B, 0x84, 0x23, 0xF0, b'x'];
        let udh = Udh::read(&message);
        assert_eq!((udh.octets.len(), udh.odd), (12, None));
        assert_eq!(udh.elements[0].part(), Some(PartOf { reference: 42, total: 2, part: 1 }));
        assert_eq!(udh.elements[1].ports(), Some((2948, 9200)));
        assert_eq!(udh.elements[1].name(), Some("ports_16bit"));
        let wide = Udh::read(&[6, 8, 4, 1, 2, 3, 3]);
        assert_eq!(wide.elements[0].part(), Some(PartOf { reference: 258, total: 3, part: 3 }));
        assert_eq!(Udh::read(&[0, b'x']), Udh { octets: &[0], elements: Vec::new(), odd: None });
    }

    #[test]
    fn what_is_odd_is_named_with_its_octet() {
        for (message, at, why) in [
            (&[][..], 0, "there is no octet"),
            (&[9, 0, 3, 1, 2, 1], 0, "longer than the message"),
            (&[4, 0, 3, 1, 2, b'x'], 1, "beyond the end"),
            (&[1, 0, b'x'], 1, "beyond the end"),
            (&[5, 0, 3, 1, 2, 3], 1, "part number"),
            (&[5, 0, 3, 1, 2, 0], 1, "part number"),
            (&[4, 0, 2, 1, 2], 1, "concatenation element"),
            (&[8, 0, 3, 1, 2, 1, 5, 1, 9], 6, "port element"),
        ] {
            let odd = Udh::read(message).odd.unwrap();
            assert!(odd.0 == at && odd.1.contains(why), "{message:?}: {odd:?}");
        }
        for length in 0..=255u8 {
            let mut message = [7; 40];
            message[0] = length;
            let udh = Udh::read(&message);
            assert!(udh.octets.len() <= 40 && udh.elements.len() <= 20);
        }
    }
}
