//! Runs of PDUs against the same PDUs one by one.
use super::*;
use crate::kit::Rng;
use crate::plan::behaviour::{IdFormat, ReceiptId};

/// A pair of simulators that behave alike; the second one decides every message by itself: it may send a receipt twice, by a
/// chance that never comes.
fn pair(change: impl Fn(&mut Behaviour)) -> [Bench; 2] {
    [0.0, 1e-300].map(|duplicate| {
        Bench::new(|behaviour| {
            change(behaviour);
            behaviour.receipts.duplicate = duplicate;
        })
    })
}

/// One PDU of an ESME: mostly submit_sm and answers to receipts.
fn any_pdu(rng: &mut Rng, sequence: u32, out: &mut BytesMut) {
    let destinations: [&[u8]; 4] = [b"447700900123", b"447700900124", b"12345", b""];
    match rng.below(20) {
        0 => pdu::header_only(CommandId::ENQUIRE_LINK, CommandStatus::ESME_ROK, sequence, out),
        1 => pdu::deliver_sm_resp(CommandStatus::ESME_RX_T_APPN, sequence, out),
        2..7 => pdu::deliver_sm_resp(CommandStatus::ESME_ROK, sequence, out),
        7 => {
            // longer than its PDU says
            let start = out.len();
            SubmitSm { short_message: b"x", ..SubmitSm::default() }.encode(
                CommandStatus::ESME_ROK,
                sequence,
                out,
            );
            let last = out.len() - 2;
            out[last] = 200;
            assert!(start < last);
        }
        _ => SubmitSm {
            source_addr: b"SENDER",
            destination_addr: destinations[rng.below(4) as usize],
            registered_delivery: rng.below(4) as u8,
            validity_period: if rng.chance(0.05) { b"020610233429000R" } else { b"" },
            priority_flag: if rng.chance(0.05) { 9 } else { 0 },
            short_message: &[b'x'; 200][..rng.below(200) as usize],
            ..SubmitSm::default()
        }
        .encode(CommandStatus::ESME_ROK, sequence, out),
    }
}

fn same_octets_and_counts(change: impl Fn(&mut Behaviour), seed: u64) {
    let mut benches = pair(change);
    let mut rng = Rng::new(seed);
    let sessions: Vec<[u32; 2]> =
        [TRX, TRX, TX].iter().map(|role| benches.each_mut().map(|b| b.bind(*role))).collect();
    let mut sequence = 1_000;
    let mut held = vec![BytesMut::new(); sessions.len()];
    for step in 0..300 {
        let at = rng.below(sessions.len() as u64) as usize;
        for _ in 0..rng.below(40) {
            sequence += 1;
            any_pdu(&mut rng, sequence, &mut held[at]);
        }
        // a read may end within a PDU
        let whole = rng.chance(0.5);
        let octets =
            if whole { held[at].len() } else { rng.below(held[at].len() as u64 + 1) as usize };
        let mut used = [0; 2];
        let clears = rng.chance(0.7);
        for bench in &mut benches {
            bench.now += Nanos::from_millis(400);
        }
        let [one, other] = &mut benches;
        for (n, bench) in [one, other].into_iter().enumerate() {
            used[n] = bench.core.on_octets(sessions[at][n], &held[at][..octets], bench.now);
            bench.core.tick(bench.now);
        }
        assert_eq!(used[0], used[1], "step {step}");
        held[at].advance(used[0]);
        for of in &sessions {
            let [one, other] = &mut benches;
            assert_eq!(one.core.out(of[0]), other.core.out(of[1]), "step {step}");
            if clears {
                one.core.out(of[0]).clear();
                other.core.out(of[1]).clear();
            }
        }
        assert_eq!(benches[0].core.tally(), benches[1].core.tally(), "step {step}");
    }
    let tally = benches[0].core.tally();
    assert!(tally.balanced(), "{tally:?}");
}

#[test]
fn a_run_of_pdus_is_answered_octet_by_octet_as_each_of_them_alone() {
    for seed in 0..6 {
        same_octets_and_counts(|_| {}, seed);
        same_octets_and_counts(|b| b.limits.window = Some(7), seed);
        same_octets_and_counts(|b| b.response.id = IdFormat::Uuid, seed);
        same_octets_and_counts(|b| b.receipts.id = ReceiptId::Hex, seed);
        same_octets_and_counts(|b| b.receipts.window = Some(3), seed);
        same_octets_and_counts(|b| b.habits.openmarket = true, seed + 100);
    }
}

#[test]
fn the_receipts_of_a_run_wait_where_too_many_are_unanswered() {
    let (mut bench, session) = Bench::bound(|_| {});
    let mut octets = BytesMut::new();
    for sequence in 0..12_000 {
        SubmitSm { destination_addr: b"4477", registered_delivery: 1, ..SubmitSm::default() }
            .encode(CommandStatus::ESME_ROK, 100 + sequence, &mut octets);
    }
    bench.feed(session, &octets);
    let tally = bench.core.tally().receipts.clone();
    assert_eq!((tally.by_state.total(), tally.pending), (10_000, 2_000));
    assert_eq!(bench.frames(session).len(), 22_000);
    let mut answers = BytesMut::new();
    for sequence in 1..=5_000 {
        pdu::deliver_sm_resp(CommandStatus::ESME_ROK, sequence, &mut answers);
    }
    bench.feed(session, &answers);
    assert_eq!(bench.core.tally().receipts.pending, 0);
    assert_eq!(bench.frames(session).len(), 2_000);
}
