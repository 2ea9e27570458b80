//! What it costs to cut a read buffer into PDUs.

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use smppbench::smpp::{CommandStatus, Header, frame, pdu};

fn cut(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    let mut buffer = BytesMut::new();
    let mut count = 0;
    while buffer.len() < 128 * 1024 - 64 {
        pdu::submit_sm_resp(CommandStatus::ESME_ROK, count, b"0123456789", &mut buffer);
        count += 1;
    }
    group.throughput(Throughput::Elements(u64::from(count)));
    group.bench_function("128 KiB of submit_sm_resp", |bench| {
        bench.iter(|| {
            let mut rest: &[u8] = black_box(&buffer);
            let mut sequences = 0_u64;
            while let Ok(Some(octets)) = frame::cut(rest, frame::OCTETS_MAX_DEFAULT) {
                let (pdu, after) = rest.split_at(octets);
                sequences +=
                    Header::read(pdu).map_or(0, |header| u64::from(header.sequence_number));
                rest = after;
            }
            sequences
        });
    });
    group.finish();
}

criterion_group!(frames, cut);
criterion_main!(frames);
