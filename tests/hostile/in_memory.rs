//! Situations on the virtual clock: exact, and with a hundred thousand of what a peer can send.
use crate::pdus::{
    self, BIND_TRANSCEIVER, ENQUIRE, OK, RESP, STATUSES, SUBMIT, THROTTLED, UNBIND, pdu,
};
use crate::play::QUIET;
use crate::world::{Deed, Deeds, Smsc, World, unbalanced};
use smppbench::judge::{self, Judgement, Limiter, Outcome};
use smppbench::kit::{HostUse, Nanos};
use smppbench::measure::{Metric, RunRecord};
use smppbench::plan::{self, Overrides, Plan, Source};
use std::sync::Arc;

/// A plan for loopback: hold a rate so long, on one bind.
fn plan(rate: &str, seconds: u32, window: u32, more: &str) -> Arc<Plan> {
    let text = format!(
        r#"
            name = "memory"
            [target]
            address = "127.0.0.1:2775"
            [binds]
            count = 1
            window = {window}
            [timeouts]
            response = "8s"
            drain = "5s"
            [receipts]
            deadline = "2s"
            {more}
            [[load.stages]]
            hold = "{rate}"
            for = "{seconds}s"
        "#
    );
    let source = Source::Text { name: "memory.toml".into(), text };
    Arc::new(plan::load(&source, &Overrides::default()).unwrap_or_else(|e| panic!("{e}")))
}

const RECEIPTS: &str = "[[messages]]\nregistered_delivery = 1\n";
const PLAIN: &str = "[[messages]]\nregistered_delivery = 0\n";

/// A PDU that came.
struct Came {
    link: u32,
    command: u32,
    number: u32,
    octets: Vec<u8>,
}

type Play = Box<dyn FnMut(&Came, Nanos, &mut Deeds)>;

/// Answers bind, unbind and enquire_link; a function plays the rest.
struct Scripted {
    /// By link: what is no whole PDU yet.
    carry: Vec<Vec<u8>>,
    submit: Play,
    /// The submit_sm that came, and their answers that went: times and how many more are open.
    log: Vec<(Nanos, i64)>,
}

impl Scripted {
    fn new(submit: impl FnMut(&Came, Nanos, &mut Deeds) + 'static) -> Scripted {
        Scripted { carry: vec![Vec::new(); 8], submit: Box::new(submit), log: Vec::new() }
    }
}

impl Smsc for Scripted {
    fn connected(&mut self, link: u32, _: Nanos, _: &mut Deeds) {
        self.carry[link as usize].clear();
    }

    fn heard(&mut self, link: u32, octets: &[u8], now: Nanos, deeds: &mut Deeds) {
        let carry = &mut self.carry[link as usize];
        carry.extend_from_slice(octets);
        while carry.len() >= 16 {
            let word = |at: usize| u32::from_be_bytes(carry[at..at + 4].try_into().unwrap());
            let (length, command, number) = (word(0) as usize, word(4), word(12));
            if carry.len() < length {
                return;
            }
            let octets: Vec<u8> = carry.drain(..length).collect();
            match command {
                BIND_TRANSCEIVER | UNBIND | ENQUIRE => {
                    let body: &[u8] = if command == BIND_TRANSCEIVER { b"smsc\0" } else { b"" };
                    let answer = pdu(command | RESP, OK, number, body);
                    deeds.push((Nanos::from_micros(50), link, Deed::Say(answer)));
                }
                _ => {
                    let from = deeds.len();
                    (self.submit)(&Came { link, command, number, octets }, now, deeds);
                    if command == SUBMIT {
                        self.log.push((now, 1));
                    }
                    let answers = deeds[from..].iter().filter_map(|(after, _, deed)| match deed {
                        Deed::Say(said)
                            if said.get(4..8) == Some(&(SUBMIT | RESP).to_be_bytes()[..])
                                && said.len() >= 16 =>
                        {
                            let own =
                                u32::from_be_bytes(said[12..16].try_into().unwrap()) == number;
                            own.then_some((now + *after, -1))
                        }
                        _ => None,
                    });
                    self.log.extend(answers);
                }
            }
        }
    }
}

fn answer(came: &Came, status: u32, id: &str) -> Vec<u8> {
    pdu(SUBMIT | RESP, status, came.number, format!("{id}\0").as_bytes())
}

fn say(deeds: &mut Deeds, after_us: u64, octets: Vec<u8>) {
    deeds.push((Nanos::from_micros(after_us), 0, Deed::Say(octets)));
}

/// Plays it; its books must balance.
fn run(plan: &Arc<Plan>, smsc: &mut dyn Smsc) -> (RunRecord, Judgement, Nanos) {
    let (record, start) = World::new(plan, smsc).run();
    let record = record.unwrap_or_else(|e| panic!("{e}"));
    let judgement = judge::judge(plan, &record, &HostUse::default());
    assert!(judgement.books.balanced, "{:#?}", judgement.books.failures);
    assert_eq!(unbalanced(&record), Vec::<String>::new());
    (record, judgement, start.expect("it began"))
}

fn lag_max(record: &RunRecord) -> Nanos {
    record.sum(|_| true).metric(Metric::HarnessLag).max().unwrap_or_default()
}

/// Something that frees no slot.
fn chatter(kind: u64, number: u32) -> Vec<u8> {
    match kind % 5 {
        0 => pdu(ENQUIRE, OK, number, b""),
        1 => pdus::mo(number),
        2 => pdus::receipt(number, "77"),
        3 => pdu(SUBMIT | RESP, OK, 0x0100_0000 + number, b"1\0"),
        _ => pdu(0x0001_0200, OK, number, b""),
    }
}

#[test]
fn the_time_without_a_free_slot_is_that_of_a_naive_model_whatever_is_read_meanwhile() {
    let _beside = QUIET.read();
    for seed in 1..=40u64 {
        let mut random = fastrand::Rng::with_seed(seed);
        let window = random.u32(1..=12);
        let rate = random.u32(50..400);
        let plan = plan(&rate.to_string(), 4, window, PLAIN);
        let mut spoken = 0;
        let mut smsc = Scripted::new(move |came, _, deeds| {
            if came.command != SUBMIT {
                return;
            }
            // every fifth SMSC says nothing else: the model itself is tried
            for _ in 0..random.usize(..4) * usize::from(!seed.is_multiple_of(5)) {
                spoken += 1;
                say(deeds, random.u64(1..60_000), chatter(random.u64(..), spoken));
            }
            say(deeds, random.u64(1_000..80_000), answer(came, OK, "1"));
        });
        let (record, judgement, start) = run(&plan, &mut smsc);
        let end = start + record.load_ended;
        let naive = full_ns(smsc.log, i64::from(window), start, end);
        let told: u64 = record
            .intervals
            .iter()
            .filter(|r| r.at < record.load_ended)
            .map(|r| r.gauges.window_full_ns)
            .sum();
        let span = record.load_ended.0;
        let off = naive.abs_diff(told) as f64 / span as f64;
        assert!(
            off < 0.005,
            "seed {seed}: window {window}, {rate}/s: {told} ns of {span}, naive {naive}"
        );
        if naive as f64 / span as f64 > 0.5 && judgement.outcome == Some(Outcome::NotSustained) {
            assert_eq!(judgement.limiter, Some(Limiter::Window), "seed {seed}");
        }
    }
}

/// How long so many were open, between two times.
fn full_ns(mut log: Vec<(Nanos, i64)>, window: i64, from: Nanos, to: Nanos) -> u64 {
    log.sort();
    let (mut open, mut full, mut since) = (0, 0, from);
    for (at, more) in log {
        let at = at.max(from).min(to);
        if open >= window {
            full += at.since(since).0;
        }
        since = at;
        open += more;
    }
    full + if open >= window { to.since(since).0 } else { 0 }
}

#[test]
fn a_message_that_is_due_behind_one_that_waited_leaves_at_its_time() {
    let _beside = QUIET.read();
    for window in [1, 50] {
        let plan = plan("100", 10, window, &format!("{PLAIN}[load]\narrival = \"poisson\"\n"));
        let mut smsc = Scripted::new(|came, _, deeds| say(deeds, 5_000, answer(came, OK, "1")));
        let (record, ..) = run(&plan, &mut smsc);
        assert!(
            lag_max(&record) <= Nanos::from_micros(20),
            "window {window}: {:?}",
            lag_max(&record)
        );
    }
}

#[test]
fn a_message_that_is_due_behind_a_rebind_leaves_at_its_time() {
    let _beside = QUIET.read();
    let plan = plan("100", 6, 10, PLAIN);
    let mut count = 0;
    let mut smsc = Scripted::new(move |came, _, deeds| {
        count += 1;
        if count % 100 == 0 {
            deeds.push((Nanos::from_micros(100), 0, Deed::Close));
        } else {
            say(deeds, 500, answer(came, OK, "1"));
        }
    });
    let (record, ..) = run(&plan, &mut smsc);
    assert!(record.outages.len() >= 4, "{}", record.outages.len());
    assert!(lag_max(&record) <= Nanos::from_micros(20), "{:?}", lag_max(&record));
}

#[test]
fn answers_in_reverse_or_twice_settle_each_message_once() {
    let _beside = QUIET.read();
    let plan = plan("1000", 4, 500, PLAIN);
    let mut held: Vec<Vec<u8>> = Vec::new();
    let mut smsc = Scripted::new(move |came, _, deeds| {
        held.push(answer(came, OK, "1"));
        if held.len() == 100 {
            let all: Vec<u8> = held.drain(..).rev().flatten().collect();
            say(deeds, 1_000, all.clone());
            say(deeds, 2_000, all);
        }
    });
    let (record, ..) = run(&plan, &mut smsc);
    assert_eq!(record.ledger().accepted, 4_000);
    assert_eq!(record.unknown_responses, 4_000);
}

#[test]
fn every_status_is_counted_by_its_number() {
    let _beside = QUIET.read();
    let plan = plan("480", 4, 100, PLAIN);
    let mut count = 0;
    let mut smsc = Scripted::new(move |came, _, deeds| {
        count += 1;
        say(deeds, 300, answer(came, STATUSES[count % STATUSES.len()], ""));
    });
    let (record, judgement, _) = run(&plan, &mut smsc);
    let cell = record.sum(|_| true);
    for status in STATUSES {
        assert_eq!(cell.statuses.get(&status), 40, "{status:#x}");
    }
    assert_eq!(judgement.outcome, Some(Outcome::NotSustained));
}

#[test]
fn throttles_of_one_of_fifty_and_of_a_hundred_percent_are_the_limiter() {
    let _beside = QUIET.read();
    for percent in [1, 50, 100] {
        let plan = plan("500", 10, 100, PLAIN);
        let mut count = 0;
        let mut smsc = Scripted::new(move |came, _, deeds| {
            count += 1;
            let status = if count % 100 < percent { THROTTLED } else { OK };
            say(deeds, 2_000, answer(came, status, "1"));
        });
        let (record, judgement, _) = run(&plan, &mut smsc);
        assert_eq!(record.ledger().throttled, 50 * percent);
        let came = (judgement.outcome, judgement.limiter);
        assert_eq!(came, (Some(Outcome::NotSustained), Some(Limiter::SmscThrottle)), "{percent} %");
    }
}

/// An SMSC that does this once, at its hundredth submit_sm, and sends the receipts of all messages.
fn once(deed: impl Fn(u32) -> Vec<u8> + 'static, times: u32) -> Scripted {
    let mut count = 0;
    Scripted::new(move |came, _, deeds| {
        if came.command != SUBMIT {
            return;
        }
        count += 1;
        let id = format!("{count:010}");
        say(deeds, 1_000, answer(came, OK, &id));
        say(deeds, 3_000, pdus::receipt(count, &id));
        if count == 100 {
            // in reads of some kilooctets, as a socket would bring them
            for first in (0..times).step_by(200) {
                let octets: Vec<u8> = (first..times.min(first + 200)).flat_map(&deed).collect();
                say(deeds, 5_000 + u64::from(first), octets);
            }
        }
    })
}

#[test]
fn a_hundred_thousand_receipts_of_nobody_leave_ours_as_they_are() {
    let _beside = QUIET.read();
    type Pdu = fn(u32) -> Vec<u8>;
    let all: [(&str, Pdu); 3] = [
        ("one id", |n| pdus::receipt(n, "0000000000")),
        ("all different", |n| pdus::receipt(n, &format!("x{n}"))),
        ("two in turns", |n| pdus::receipt(n, ["0000000000", "9999999999"][n as usize % 2])),
    ];
    for (name, deed) in all {
        let plan = plan("200", 4, 50, RECEIPTS);
        let (record, ..) = run(&plan, &mut once(deed, 100_000));
        let t = record.ledger();
        assert_eq!((t.receipts_final, t.receipts_missing), (800, 0), "{name}");
        assert_eq!(record.receipts_unknown, 100_000, "{name}");
    }
}

#[test]
fn a_hundred_thousand_repeats_of_one_receipt_are_duplicates() {
    let _beside = QUIET.read();
    let plan = plan("200", 3, 50, RECEIPTS);
    let (record, ..) = run(&plan, &mut once(|n| pdus::receipt(n, "0000000001"), 100_000));
    let t = record.ledger();
    assert_eq!((t.receipts_final, t.receipts_missing), (600, 0));
    assert_eq!(t.receipts_duplicate + t.receipts_late + record.receipts_unknown, 100_000);
}

#[test]
fn receipts_long_before_their_response_are_kept_for_it() {
    let _beside = QUIET.read();
    let plan = plan("5000", 2, 6_000, RECEIPTS);
    let mut count = 0;
    let mut smsc = Scripted::new(move |came, _, deeds| {
        if came.command != SUBMIT {
            return;
        }
        count += 1;
        let id = format!("{count:010}");
        say(deeds, 500, pdus::receipt(count, &id));
        say(deeds, 400_000, answer(came, OK, &id));
    });
    let (record, ..) = run(&plan, &mut smsc);
    let t = record.ledger();
    assert_eq!((t.receipts_final, t.receipts_before_response), (10_000, 10_000));
}

#[test]
fn a_hundred_thousand_of_anything_else_are_answered_and_counted() {
    let _beside = QUIET.read();
    for kind in 0..5 {
        let plan = plan("200", 3, 50, RECEIPTS);
        let (record, ..) = run(&plan, &mut once(move |n| chatter(kind, n), 100_000));
        assert_eq!(record.ledger().receipts_final, 600, "kind {kind}");
    }
}

#[test]
fn receipts_that_cannot_be_told_apart_sustain_nothing() {
    let _beside = QUIET.read();
    for (name, id) in [("no id", ""), ("one id", "SAME")] {
        let plan = plan("200", 40, 50, RECEIPTS);
        let mut smsc = Scripted::new(move |came, _, deeds| say(deeds, 1_000, answer(came, OK, id)));
        let (record, judgement, _) = run(&plan, &mut smsc);
        assert_eq!(record.ledger().receipts_final, 0, "{name}");
        assert_ne!(judgement.outcome, Some(Outcome::Sustained), "{name}");
    }
}

/// Any PDU, any order, any cut, pauses, ends: chosen by chance.
fn anything(seed: u64) -> Scripted {
    let mut random = fastrand::Rng::with_seed(seed);
    let wild = random.u32(..30);
    let mut count = 0u32;
    Scripted::new(move |came, _, deeds| {
        count += 1;
        let after = Nanos::from_micros(random.u64(1..300_000));
        let later = after + Nanos::from_micros(random.u64(..200_000));
        let id = format!("{}", random.u32(..50));
        // a strange link now and then: its own numbers may be open, or not even written
        let link = if random.u32(..20) == 0 { random.u32(..8) } else { came.link };
        if random.u32(..100) >= wild {
            deeds.push((after, link, Deed::Say(answer(came, OK, &id))));
            deeds.push((later, link, Deed::Say(pdus::receipt(count, &id))));
            return;
        }
        let octets = match random.u32(..11) {
            0 => answer(came, random.u32(..0x110), &id),
            1 => chatter(random.u64(..), count),
            2 => pdus::noise(random.u64(..), random.usize(1..200)),
            3 => [answer(came, OK, &id), answer(came, OK, &id)].concat(),
            4 => came.octets.clone(),
            5 => pdu(random.u32(..0x200) | RESP, random.u32(..3), came.number, b""),
            6 => pdus::with_length(random.u32(..40), SUBMIT | RESP, OK, came.number, b"1\0"),
            7 => pdu(UNBIND, OK, count, b""),
            8 => return deeds.push((after, link, Deed::Close)),
            9 => {
                deeds.push((after, link, Deed::Read(false)));
                return deeds.push((later, link, Deed::Read(true)));
            }
            _ => return deeds.push((after, link, Deed::Reset)),
        };
        let cut = random.usize(..=octets.len());
        deeds.push((after, link, Deed::Say(octets[..cut].to_vec())));
        deeds.push((after, link, Deed::Say(octets[cut..].to_vec())));
    })
}

#[test]
fn the_books_balance_against_two_hundred_smscs_of_chance() {
    let _beside = QUIET.read();
    for seed in 0..200 {
        let rebind = if seed % 3 == 0 {
            "rebind = \"off\""
        } else {
            "rebind = { attempts_max = 0, min = \"50ms\", max = \"200ms\" }"
        };
        let text = format!(
            r#"
                name = "chance"
                seed = {seed}
                [target]
                address = "127.0.0.1:2775"
                [binds]
                count = {}
                window = {}
                {rebind}
                [timeouts]
                response = "500ms"
                drain = "1s"
                unbind = "300ms"
                [receipts]
                deadline = "400ms"
                {RECEIPTS}
                [[load.stages]]
                hold = 200
                for = "2s"
            "#,
            1 + seed % 3,
            1 + seed % 40,
        );
        let source = Source::Text { name: "chance.toml".into(), text };
        let plan =
            Arc::new(plan::load(&source, &Overrides::default()).unwrap_or_else(|e| panic!("{e}")));
        let mut smsc = anything(seed);
        let (record, _) = World::new(&plan, &mut smsc).run();
        let Ok(record) = record else { continue };
        assert_eq!(unbalanced(&record), Vec::<String>::new(), "seed {seed}");
    }
}
