//! Every format: the octets it writes are its vector's, and reading gives back what was written.
use super::*;
use crate::smpp::pdu;
use crate::smpp::receipt::{Delivered, read_frame};

const FORMATS: [ReceiptFormat; 5] = [
    ReceiptFormat::AppendixB,
    ReceiptFormat::Openmarket,
    ReceiptFormat::TlvOnly,
    ReceiptFormat::Payload,
    ReceiptFormat::DataSm,
];

/// A message of 2018-01-22T23:09:57Z, delivered a minute and two seconds later.
fn with_sample<T>(test: impl FnOnce(ReceiptPdu<'_>) -> T) -> T {
    let (mut id, mut source, mut destination) = ([0; 40], [0; 20], [0; 20]);
    id[..10].copy_from_slice(b"1234567890");
    source[..4].copy_from_slice(b"4477");
    destination[..7].copy_from_slice(b"1234567");
    test(ReceiptPdu {
        sequence_number: 9,
        service_type: b"\0",
        source: ReceiptAddress { ton: 1, npi: 1, digits: (&source, 4) },
        destination: ReceiptAddress { ton: 5, npi: 0, digits: (&destination, 7) },
        esm_class: 0x04,
        id: (&id, 10),
        submitted: b"180122230957",
        done: b"180122231059",
        state: MessageState::Delivered,
        err: None,
    })
}

fn written(receipt: &ReceiptPdu<'_>, format: ReceiptFormat) -> BytesMut {
    let mut out = BytesMut::new();
    receipt.write(format, &mut out);
    out
}

#[test]
fn each_format_writes_its_vector_behind_the_addresses() {
    with_sample(|receipt| {
        for format in FORMATS {
            let frame = written(&receipt, format);
            let header =
                [&(frame.len() as u32).to_be_bytes()[..], &format.row().command_id.0.to_be_bytes()];
            assert_eq!(frame[..8], header.concat(), "{format:?}");
            let head = b"\0\0\0\0\0\0\0\x09\0\x01\x014477\0\x05\x001234567\0";
            assert_eq!(&frame[8..8 + head.len()], head, "{format:?}");
            let rest = &frame[8 + head.len()..];
            assert_eq!(rest, format.row().vector, "{format:?}: {}", String::from_utf8_lossy(rest));
        }
    });
}

#[test]
fn each_format_reads_back_in_every_state_as_a_final_receipt_or_an_intermediate_notification() {
    with_sample(|receipt| {
        for format in FORMATS {
            for state in MessageState::ALL.into_iter().skip(1) {
                for (esm_class, intermediate) in [(0x04, false), (0x20, true)] {
                    let frame = written(&ReceiptPdu { state, esm_class, ..receipt }, format);
                    assert!(pdu::decode(&frame).unwrap().anomalies.is_empty(), "{format:?}");
                    let Some(Delivered::Receipt(brief)) = read_frame(&frame) else {
                        panic!("{format:?} {state:?}")
                    };
                    assert_eq!((brief.id, brief.state), (&b"1234567890"[..], state), "{format:?}");
                    assert_eq!(brief.intermediate, intermediate);
                }
            }
        }
    });
}

#[test]
fn openmarket_writes_zeros_where_nothing_was_done_and_its_own_err() {
    with_sample(|receipt| {
        let rejected = ReceiptPdu { state: MessageState::Rejected, ..receipt };
        let frame = written(&rejected, ReceiptFormat::Openmarket);
        let text = String::from_utf8_lossy(&frame);
        assert!(text.ends_with("donedate:000000000000 stat:REJECTD err:375 text:"), "{text}");
    });
}

#[test]
fn an_err_of_its_own_is_written_and_cut_to_sixteen_octets() {
    with_sample(|receipt| {
        let ruled = ReceiptPdu { err: Some("0123456789abcdefgh"), ..receipt };
        for format in [ReceiptFormat::AppendixB, ReceiptFormat::Openmarket, ReceiptFormat::Payload]
        {
            let frame = written(&ruled, format);
            let Some(Delivered::Receipt(brief)) = read_frame(&frame) else { panic!("{format:?}") };
            assert_eq!(brief.err, b"0123456789abcdef", "{format:?}");
        }
    });
}
