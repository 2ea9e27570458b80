//! For tests: a plan with one warm-up and one measured hold, and records of it built through the
//! recorder, message by message.
use crate::kit::{Nanos, Rate};
use crate::measure::{
    CellKey, Gauges, LatencyRange, Metric, Outcome, Recorder, RunRecord, SessionRecord, Ticket,
};
use crate::plan::behaviour::Behaviour;
use crate::plan::{
    Accept, Account, AddressPolicy, Arrival, Binds, Deliver, Guard, Load, Message, Metrics,
    NumberFiles, OnThrottle, Per, Plan, Receipts, Secret, Shape, Stage, Target, Timeouts,
    WindowFull,
};

/// Two binds of window 20 at `rate` for so many seconds of warm-up and of measuring.
pub(crate) fn plan(rate: u64, warmup_s: u64, measured_s: u64) -> Plan {
    let stage = |name: &str, seconds: u64, measure: bool| Stage {
        name: name.to_owned(),
        shape: Shape::Hold(Rate::per_second(rate)),
        length: Nanos::from_secs(seconds),
        measure,
    };
    let mut stages = vec![stage("hold", measured_s, true)];
    if warmup_s > 0 {
        stages.insert(0, stage("warm-up", warmup_s, false));
    }
    Plan {
        name: "sample".to_owned(),
        seed: 7,
        target: target(),
        embedded: Behaviour::default(),
        guard: Guard::default(),
        accounts: vec![account("main")],
        load: load(),
        stages,
        receive_only_for: Nanos::from_secs(10),
        messages: vec![message("otp")],
        number_files: NumberFiles::new(),
        receipts: Receipts {
            id_mode: Default::default(),
            final_states: vec!["DELIVRD".to_owned()],
            deadline: Nanos::from_secs(30),
            outstanding_max: 1_000_000,
            accept: Accept::EsmClass,
            per: Per::Part,
        },
        deliver: Deliver::default(),
        timeouts: Timeouts {
            connect: Nanos::from_secs(5),
            bind: Nanos::from_secs(5),
            response: Nanos::from_secs(5),
            drain: Nanos::from_secs(5),
            unbind: Nanos::from_secs(5),
        },
        events: Vec::new(),
        allow_exec: false,
        gates: Vec::new(),
        metrics: Metrics::default(),
        observe: Vec::new(),
        upstream: None,
        marker: None,
        trace_failed: None,
        ladder: None,
        fleet: crate::plan::Fleet::default(),
        warnings: Vec::new(),
    }
}

fn target() -> Target {
    Target {
        embedded: true,
        addresses: vec!["127.0.0.1:2775".to_owned()],
        policy: AddressPolicy::All,
        tls: None,
        source_addresses: Vec::new(),
        nodelay: true,
        send_buffer: None,
        receive_buffer: None,
        keepalive: false,
    }
}

/// Two transceivers of window 20.
pub(crate) fn account(name: &str) -> Account {
    Account {
        name: name.to_owned(),
        system_id: "smppbench".to_owned(),
        password: Secret("secret".to_owned()),
        weight: 1,
        binds: Binds { enquire_link: None, rebind: None, ..Binds::default() },
        ..Account::default()
    }
}

fn load() -> Load {
    Load {
        arrival: Arrival::Constant,
        window_full: WindowFull::Delay,
        catch_up: None,
        on_throttle: OnThrottle::Count,
        attempts_max: 1,
        age_max: Nanos::ZERO,
        retryable: Vec::new(),
        precise: false,
        busy_poll: false,
        workers: Some(1),
        pin: false,
        ..Load::default()
    }
}

/// A message of one part.
pub(crate) fn message(label: &str) -> Message {
    Message {
        label: label.to_owned(),
        text: Some("hello".to_owned()),
        data_coding: Some(0),
        ..Message::default()
    }
}

/// What becomes of one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fate {
    /// For a window slot.
    pub(crate) wait: Nanos,
    /// The tool's lateness.
    pub(crate) lag: Nanos,
    /// From the write to its end.
    pub(crate) service: Nanos,
    /// None: never written.
    pub(crate) outcome: Option<Outcome>,
    /// From the answer to the receipt; None: missing.
    pub(crate) receipt: Option<Nanos>,
}

/// Answered after 10 ms, receipted 200 ms later, the tool 50 µs late.
pub(crate) const GOOD: Fate = Fate {
    wait: Nanos::ZERO,
    lag: Nanos::from_micros(50),
    service: Nanos::from_millis(10),
    outcome: Some(Outcome::Accepted),
    receipt: Some(Nanos::from_millis(200)),
};

/// The record of a plan of holds, one worker, all in the second of the intended time.
pub(crate) fn record(
    plan: &Plan,
    mut fate: impl FnMut(u64, Nanos) -> Fate,
    mut gauges: impl FnMut(u64) -> Gauges,
) -> RunRecord {
    let range = LatencyRange::for_deadline(Nanos::from_secs(30));
    let mut record = RunRecord::new(range, 1_790_000_000_000_000_000);
    let labels = plan.messages.len() as u16;
    let keys: Vec<CellKey> = (0..plan.stages.len() as u16)
        .flat_map(|stage| {
            (0..labels).map(move |label| CellKey { stage, account: 0, label, disturbed: false })
        })
        .collect();
    let mut recorder = Recorder::new(0, keys.len(), range);
    let spans = crate::judge::stage_spans(plan);
    let stage_at = |at: Nanos| spans.iter().position(|s| s.0 <= at && at < s.1).map(|n| n as u16);
    let mut index = 0u64;
    let end = spans.last().map_or(0, |s| s.1.0 / 1_000_000_000);
    for second in 0..end {
        let start = Nanos::from_secs(second);
        let stage = stage_at(start).unwrap();
        let Shape::Hold(rate) = plan.stages[usize::from(stage)].shape else { panic!("holds") };
        let count = rate.num / rate.den;
        for n in 0..count {
            let intended = start + Nanos(n * 1_000_000_000 / count);
            let cell = stage * labels + (index % u64::from(labels)) as u16;
            send(&mut recorder, cell, intended, index, fate(index, intended));
            index += 1;
        }
        let interval = recorder.take(second, gauges(second), None);
        record.absorb(&interval, &keys, &stage_at);
    }
    record.load_ended = Nanos::from_secs(end);
    record.ended = Nanos::from_secs(end + 1);
    record.sessions = (0..2).map(session).collect();
    for row in std::sync::Arc::make_mut(&mut record.intervals) {
        // each of them is sent in the second that it is meant for
        row.scheduled = row.tally.planned;
    }
    record.settle_rows();
    record
}

fn session(id: u32) -> SessionRecord {
    SessionRecord {
        id,
        account: 0,
        role: "transceiver".to_owned(),
        state: "unbound".to_owned(),
        written: 0,
        accepted: 0,
        rejected: 0,
        delivered: 0,
        reconnects: 0,
        response: None,
        congestion_state: None,
        transport: None,
    }
}

/// What stands open in a quiet second.
pub(crate) fn quiet(_second: u64) -> Gauges {
    Gauges { in_flight: 10, sessions_up: 2, slots: 40, cpu_ns: 200_000_000, ..Gauges::default() }
}

fn send(recorder: &mut Recorder, cell: u16, intended: Nanos, index: u64, fate: Fate) {
    recorder.tally(cell).planned += 1;
    let Some(outcome) = fate.outcome else {
        recorder.never_written(cell, intended, intended + fate.service, false, 1);
        return;
    };
    let slot_free = intended + fate.wait;
    let written = slot_free + fate.lag;
    let at = written + fate.service;
    let offered = written;
    let ticket = Ticket { index, intended, slot_free, offered, written, cell, ..Ticket::default() };
    recorder.written(&ticket);
    recorder.settled(&ticket, outcome, at);
    match outcome {
        Outcome::Rejected(0x58 | 0x14) => recorder.tally(cell).throttled += 1,
        Outcome::Rejected(_) | Outcome::TimedOut | Outcome::Lost | Outcome::OpenAtEnd => {}
        Outcome::Accepted => {
            let c = recorder.cell(cell);
            c.tally.receipts_expected += 1;
            let end_to_end = at.since(intended);
            if let Some(delay) = fate.receipt {
                c.tally.receipts_final += 1;
                c.tally.by_state[2] += 1;
                c.latency[Metric::Receipt as usize].record(end_to_end + delay);
                c.latency[Metric::ReceiptFromWrite as usize].record(fate.service + delay);
                c.latency[Metric::ReceiptAfterResponse as usize].record(delay);
            } else {
                c.tally.receipts_missing += 1;
                c.latency[Metric::Receipt as usize].censor(Nanos::from_secs(30));
                c.latency[Metric::ReceiptFromWrite as usize].censor(Nanos::from_secs(30));
            }
        }
    }
}
