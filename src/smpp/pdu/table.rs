//! The macro that turns a table of fields, in the order of the wire (docs/smpp/protocol.md, "PDU bodies"), into a
//! struct that reads, writes and lists them. One row a field; the kinds are `int1`, `cstr(octets_max, status)`,
//! `time(short, status)`, `short_message`, `dests`, `unsuccessful` and `tlvs`.

macro_rules! field_type {
    ($a:lifetime int1) => { u8 };
    ($a:lifetime cstr) => { &$a [u8] };
    ($a:lifetime time) => { &$a [u8] };
    ($a:lifetime short_message) => { &$a [u8] };
    ($a:lifetime dests) => { $crate::smpp::pdu::Dests<$a> };
    ($a:lifetime unsuccessful) => { $crate::smpp::pdu::Unsuccessful<$a> };
    ($a:lifetime tlvs) => { $crate::smpp::Tlvs<$a> };
}

/// `Name = COMMAND_ID { rows }` also gets `encode`; `Name { rows }`, whose rows several PDUs share,
/// gets one that is told the `command_id`.
macro_rules! wire {
    (@rows $(#[$doc:meta])* $name:ident { $($field:ident: $kind:ident $(($($arg:expr),*))?;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct $name<'a> {
            $(
                #[doc = concat!("`", stringify!($field), "`: ", stringify!($kind $(($($arg),*))?), ".")]
                pub $field: field_type!('a $kind),
            )*
        }

        impl<'a> $name<'a> {
            pub(crate) fn read(
                reader: &mut $crate::smpp::octets::Reader<'a>,
            ) -> Result<Self, $crate::smpp::pdu::Malformed> {
                Ok($name { $($field: reader.$kind(stringify!($field) $(, $($arg),*)?)?,)* })
            }

            pub(crate) fn write(&self, out: &mut bytes::BytesMut) {
                $($crate::smpp::octets::put::$kind(out, self.$field);)*
            }

            #[cfg(test)]
            pub(crate) fn sample(source: &mut $crate::smpp::pdu::tests::Source<'a>) -> Self {
                $name { $($field: source.$kind($($($arg),*)?),)* }
            }

            /// Reads a body (the octets after the header); oddities are passed over.
            ///
            /// # Errors
            /// [`Malformed`](crate::smpp::pdu::Malformed) where a field cannot be read at all.
            pub fn decode(body: &'a [u8]) -> Result<Self, $crate::smpp::pdu::Malformed> {
                Self::read(&mut $crate::smpp::octets::Reader::new(
                    body,
                    $crate::smpp::Header::OCTETS,
                    false,
                ))
            }

            /// The fields by name, in the order of the wire.
            pub fn fields(&self, visit: &mut dyn FnMut(&'static str, $crate::smpp::pdu::Field<'a>)) {
                $(visit(stringify!($field), $crate::smpp::pdu::Field::$kind(self.$field));)*
            }
        }
    };
    ($(#[$doc:meta])* $name:ident = $id:ident { $($rows:tt)* }) => {
        wire! { @rows $(#[$doc])* $name { $($rows)* } }

        impl $name<'_> {
            /// Appends the whole PDU.
            pub fn encode(
                &self,
                status: $crate::smpp::CommandStatus,
                sequence_number: u32,
                out: &mut bytes::BytesMut,
            ) {
                let id = $crate::smpp::CommandId::$id;
                $crate::smpp::pdu::encode_with(id, status, sequence_number, out, |out| self.write(out));
            }
        }
    };
    ($(#[$doc:meta])* $name:ident { $($rows:tt)* }) => {
        wire! { @rows $(#[$doc])* $name { $($rows)* } }

        impl $name<'_> {
            /// Appends the whole PDU under the `command_id` that is given.
            pub fn encode(
                &self,
                id: $crate::smpp::CommandId,
                status: $crate::smpp::CommandStatus,
                sequence_number: u32,
                out: &mut bytes::BytesMut,
            ) {
                $crate::smpp::pdu::encode_with(id, status, sequence_number, out, |out| self.write(out));
            }
        }
    };
}
