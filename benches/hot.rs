//! The hot path's own pieces: window, ledger, recorder. `cargo bench --bench hot`.
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use smppbench::correlate::{Awaits, Correlator, IdRule, IdSource, ReceiptInfo};
use smppbench::kit::{Nanos, Rng};
use smppbench::measure::{LatencyRange, Outcome, Recorder, Ticket};
use smppbench::session::{Sequence, Window};
use std::hint::black_box;

#[derive(Clone, Copy)]
struct Sent([u32; 5]);
impl Awaits for Sent {
    fn since(&self) -> Nanos {
        Nanos(u64::from(self.0[0]))
    }
    fn mark(&self) -> u16 {
        self.0[1] as u16
    }
    fn session(&self) -> u32 {
        self.0[2]
    }
}

fn window(c: &mut Criterion) {
    let mut group = c.benchmark_group("window");
    group.throughput(Throughput::Elements(1000));
    group.bench_function("open and settle 1000 in order", |b| {
        let mut sequence = Sequence::default();
        let mut w: Window<Ticket> = Window::new(1000);
        let mut numbers = Vec::with_capacity(1000);
        b.iter(|| {
            numbers.clear();
            while let Some(n) = w.open(&mut sequence, Ticket::default()) {
                numbers.push(n);
            }
            for n in &numbers {
                black_box(w.settle(*n));
            }
        });
    });
    group.finish();
}

fn ledger(c: &mut Criterion) {
    let mut group = c.benchmark_group("ledger");
    for outstanding in [1_000u64, 1_000_000] {
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("accept and receipt, {outstanding} awaited"), |b| {
            let mut ledger: Correlator<Sent> = Correlator::new(4_000_000, Nanos(u64::MAX / 4));
            let mut met = Vec::new();
            let key = |n: u64| {
                let text = format!("{n:010}");
                IdRule::Exact.key(text.as_bytes(), IdSource::Response, 7).0
            };
            let keys: Vec<_> = (0..outstanding * 2).map(key).collect();
            for k in &keys[..outstanding as usize] {
                ledger.accepted(*k, Sent([1; 5]), &mut met);
            }
            let notice = ReceiptInfo {
                received: Nanos(5),
                session: 0,
                state: 2,
                intermediate: false,
                err: *b"000\0",
                rule: 0,
            };
            let mut n = 0usize;
            b.iter(|| {
                let (old, new) = (keys[n % keys.len()], keys[(n + keys.len() / 2) % keys.len()]);
                n += 1;
                ledger.accepted(new, Sent([1; 5]), &mut met);
                black_box(ledger.receipt(old, notice));
            });
        });
    }
    group.bench_function("key of a ten-digit id", |b| {
        b.iter(|| IdRule::Exact.key(black_box(b"0123456789"), IdSource::Response, 7));
    });
    group.finish();
}

fn recorder(c: &mut Criterion) {
    let mut group = c.benchmark_group("recorder");
    group.throughput(Throughput::Elements(1));
    let mut rng = Rng::new(1);
    let tickets: Vec<(Ticket, Nanos)> = (0..4096)
        .map(|index| {
            let intended = Nanos(1 + index * 1000);
            let slot_free = intended + Nanos(rng.below(100_000));
            let written = slot_free + Nanos(rng.below(50_000));
            let answered = written + Nanos(rng.below(20_000_000));
            (
                Ticket {
                    index,
                    intended,
                    slot_free,
                    offered: written,
                    written,
                    ..Ticket::default()
                },
                answered,
            )
        })
        .collect();
    group.bench_function("written and settled, all histograms", |b| {
        let mut r = Recorder::new(0, 1, LatencyRange::for_deadline(Nanos::from_secs(30)));
        let mut n = 0usize;
        b.iter(|| {
            let (ticket, answered) = &tickets[n & 4095];
            n += 1;
            r.written(ticket);
            r.settled(ticket, Outcome::Accepted, *answered);
        });
    });
    group.bench_function("counting alone", |b| {
        let mut r = Recorder::new(0, 1, LatencyRange::for_deadline(Nanos::from_secs(30)));
        b.iter(|| {
            let tally = r.tally(black_box(0));
            tally.written += 1;
            tally.accepted += 1;
        });
    });
    group.finish();
}

criterion_group!(benches, window, ledger, recorder);
criterion_main!(benches);
