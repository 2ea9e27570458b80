//! What one PDU costs to write and to read, in the forms that the hot path uses and in full.

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use smppbench::smpp::pdu::{self, DeliverSm, SubmitSm};
use smppbench::smpp::receipt::{self, MessageState, ReceiptAddress, ReceiptFormat, ReceiptPdu};
use smppbench::smpp::{CommandStatus, Tag, TemplateBuilder, TemplatePart, Tlvs, put_tlv};

const OK: CommandStatus = CommandStatus::ESME_ROK;
const TEXT: &[u8] = b"Sixty-three octets of text, as the quick profile sends it to all";

fn submit_sm() -> SubmitSm<'static> {
    SubmitSm {
        service_type: b"CMT",
        source_addr_ton: 1,
        source_addr: b"447700900000",
        dest_addr_ton: 1,
        destination_addr: b"447700900123",
        registered_delivery: 1,
        short_message: &TEXT[..63],
        ..SubmitSm::default()
    }
}

const RECEIPT: &[u8] =
    b"id:0123456789 sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 \
    stat:DELIVRD err:000 text:Sixty-three octets o";

/// Writes a receipt of Appendix B with both TLVs.
fn write_receipt(out: &mut BytesMut) {
    let (mut id, mut digits) = ([0; 40], [0; 20]);
    id[..10].copy_from_slice(b"0123456789");
    digits[..12].copy_from_slice(b"447700900123");
    let address = ReceiptAddress { ton: 1, npi: 1, digits: (&digits, 12) };
    let receipt = ReceiptPdu {
        sequence_number: 7,
        service_type: b"\0",
        source: address,
        destination: address,
        esm_class: 4,
        id: (&id, 10),
        submitted: b"260101000000",
        done: b"260101000001",
        state: MessageState::Delivered,
        err: None,
    };
    black_box(receipt).write(ReceiptFormat::AppendixB, out);
}

fn receipt_frame(with_tlvs: bool) -> BytesMut {
    let (mut run, mut frame) = (BytesMut::new(), BytesMut::new());
    if with_tlvs {
        put_tlv(Tag::RECEIPTED_MESSAGE_ID, b"0123456789\0", &mut run);
        put_tlv(Tag::MESSAGE_STATE, &[2], &mut run);
    }
    DeliverSm {
        source_addr: b"447700900123",
        destination_addr: b"447700900000",
        esm_class: 4,
        short_message: RECEIPT,
        tlvs: Tlvs(&run),
        ..DeliverSm::default()
    }
    .encode(OK, 1, &mut frame);
    frame
}

fn write(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("write");
    group.throughput(Throughput::Elements(1));
    let mut out = BytesMut::with_capacity(1 << 16);
    group.bench_function("submit_sm", |bench| {
        bench.iter(|| {
            out.clear();
            black_box(submit_sm()).encode(OK, 7, &mut out);
        });
    });
    let var = |index, nominal_octets| TemplatePart::Var { index, nominal_octets };
    let template = TemplateBuilder::new(&submit_sm())
        .destination_addr(vec![TemplatePart::Fixed(b"4477009".to_vec()), var(0, 5)])
        .build()
        .expect("the fields fit");
    group.bench_function("template stamp", |bench| {
        bench.iter(|| {
            out.clear();
            template.stamp(black_box(7), &[b"00123"], &mut out);
        });
    });
    group.bench_function("template stamp of another length", |bench| {
        bench.iter(|| {
            out.clear();
            template.stamp(black_box(7), &[b"123"], &mut out);
        });
    });
    group.bench_function("submit_sm_resp", |bench| {
        bench.iter(|| {
            out.clear();
            pdu::submit_sm_resp(OK, black_box(7), b"0123456789", &mut out);
        });
    });
    group.bench_function("deliver_sm_resp", |bench| {
        bench.iter(|| {
            out.clear();
            pdu::deliver_sm_resp(OK, black_box(7), &mut out);
        });
    });
    group.bench_function("receipt", |bench| {
        bench.iter(|| {
            out.clear();
            write_receipt(&mut out);
        });
    });
    group.finish();
}

fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Elements(1));
    let (mut submit, mut resp) = (BytesMut::new(), BytesMut::new());
    submit_sm().encode(OK, 7, &mut submit);
    pdu::submit_sm_resp(OK, 7, b"0123456789", &mut resp);
    let (text, tlvs) = (receipt_frame(false), receipt_frame(true));
    group.bench_function("submit_sm in full", |bench| {
        bench.iter(|| pdu::decode(black_box(&submit)))
    });
    group.bench_function("submit_sm_resp in full", |bench| {
        bench.iter(|| pdu::decode(black_box(&resp)))
    });
    group.bench_function("message_id", |bench| {
        bench.iter(|| pdu::message_id(black_box(&resp)).map(<[u8]>::len))
    });
    group.bench_function("receipt by text", |bench| {
        bench.iter(|| receipt::read_frame(black_box(&text)).is_some());
    });
    group.bench_function("receipt by TLV", |bench| {
        bench.iter(|| receipt::read_frame(black_box(&tlvs)).is_some());
    });
    group.finish();
}

criterion_group!(codec, write, read);
criterion_main!(codec);
