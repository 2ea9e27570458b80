//! docs/hot-path.md, "Rules": after warm-up, fewer than one allocation per 1,000 messages on the load side. Counted
//! over a whole run in memory, whose simulator and pipes allocate too, by what a longer run allocates more.
#![expect(unsafe_code, reason = "a counting allocator has to implement GlobalAlloc")]
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

struct Counting;
static COUNT: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator unchanged; counting touches no memory of the caller.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's contract is System's.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is System's.
        unsafe { System.dealloc(ptr, layout) }
    }
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's contract is System's.
        unsafe { System.realloc(ptr, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

use bytes::{Buf, BufMut, BytesMut};
use smppbench::esme::{Core, Order, WorkerAssignment};
use smppbench::kit::Nanos;
use smppbench::net::Endpoint;
use smppbench::plan::{self, Overrides, Source};
use smppbench::smpp::{CommandId, CommandStatus, Header, frame, pdu};
use std::sync::Arc;

/// Answers what the core sends, with receipts, without allocating: only the core's own allocations count.
fn answer(core: &mut Core, replies: &mut BytesMut, now: Nanos, next_id: &mut u64) -> u64 {
    replies.clear();
    let mut submits = 0;
    let sent = core.out(0).to_vec();
    core.out(0).advance(sent.len());
    core.wrote(0, sent.len(), now);
    let mut rest = &sent[..];
    while let Ok(Some(length)) = frame::cut(rest, 70_000) {
        let header = Header::read(rest).expect("cut");
        if header.command_id == CommandId::BIND_TRANSCEIVER {
            pdu::header_only(
                CommandId::BIND_TRANSCEIVER_RESP,
                CommandStatus::ESME_ROK,
                header.sequence_number,
                replies,
            );
        } else if header.command_id == CommandId::SUBMIT_SM {
            submits += 1;
            *next_id += 1;
            let mut id = *b"0000000000";
            let mut n = *next_id;
            for digit in id.iter_mut().rev() {
                *digit = b'0' + (n % 10) as u8;
                n /= 10;
            }
            pdu::submit_sm_resp(CommandStatus::ESME_ROK, header.sequence_number, &id, replies);
            let at = replies.len();
            replies.put_slice(&[0; 16]);
            replies.put_slice(&[0, 1, 1, b'1', 0, 1, 1, b'2', 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 30]);
            replies.put_slice(b"id:");
            replies.put_slice(&id);
            replies.put_slice(b" stat:DELIVRD err");
            let length = (replies.len() - at) as u32;
            replies[at..at + 4].copy_from_slice(&length.to_be_bytes());
            replies[at + 4..at + 8].copy_from_slice(&CommandId::DELIVER_SM.0.to_be_bytes());
            replies[at + 12..at + 16].copy_from_slice(&header.sequence_number.to_be_bytes());
        }
        rest = &rest[length..];
    }
    submits
}

#[test]
fn after_warm_up_the_load_side_allocates_less_than_once_per_thousand_messages() {
    let overrides = Overrides {
        binds: Some(1),
        window: Some(100),
        rate: Some("max".into()),
        duration: Some("1000s".into()),
        warmup: Some("0s".into()),
        // the ledger has its final size after so many messages: growing it is warm-up
        set: vec!["receipts.outstanding_max=50000".into()],
        ..Overrides::default()
    };
    let plan = plan::load(&Source::bare(), &overrides).expect("quick is a profile");
    let share = WorkerAssignment { plan: Arc::new(plan), worker: 0, workers: 1, near: 0..1 };
    let mut core = Core::new(&share, 0).expect("quick is a plan");
    let mut now = Nanos::from_secs(1);
    let mut replies = BytesMut::with_capacity(1 << 20);
    let mut next_id = 0;
    core.connected(0, now);
    answer(&mut core, &mut replies, now, &mut next_id);
    core.on_octets(0, &replies, now);
    core.order(&Order::Start { at: now }, now);
    core.tick(now);
    let (mut submits, mut counted_from, mut allocated) = (0u64, 0u64, 0u64);
    let mut events = Vec::new();
    while submits < 400_000 {
        now += Nanos::from_micros(20);
        submits += answer(&mut core, &mut replies, now, &mut next_id);
        let before = COUNT.load(Ordering::Relaxed);
        let used = core.on_octets(0, &replies, now);
        core.tick(now);
        if submits > 200_000 {
            if counted_from == 0 {
                counted_from = submits;
            } else {
                allocated += COUNT.load(Ordering::Relaxed) - before;
            }
        }
        assert_eq!(used, replies.len());
        core.take_events(&mut events);
        for event in events.drain(..) {
            if let smppbench::esme::Event::Interval(mut interval) = event {
                interval.clear();
                core.recycle(interval);
            }
        }
    }
    let messages = submits - counted_from;
    println!("{allocated} allocations over {messages} messages with a receipt each");
    assert!(allocated * 1000 < messages, "{allocated} allocations over {messages} messages");
}
