//! Answers to submit_sm: status, id, latency.
use super::*;
use crate::plan::behaviour::{IdFormat, Rule, Stall};

#[test]
fn a_batch_is_answered_in_one_batch_in_its_order() {
    let (mut bench, session) = Bench::bound(|_| {});
    bench.submit_batch(session, 500, 0);
    let heads = bench.heads(session);
    let numbers: Vec<u32> = heads.iter().map(|head| head.2).collect();
    assert_eq!(numbers, (2..502).collect::<Vec<u32>>());
    assert!(heads.iter().all(|head| (head.0, head.1) == (CommandId::SUBMIT_SM_RESP, 0)));
    let mut dirty = Vec::new();
    bench.core.take_dirty(&mut dirty);
    assert!(dirty.is_empty(), "its own pump writes without being woken");
    assert_eq!((bench.tally().submits.accepted, bench.tally().responses.sent_ok), (500, 500));
}

#[test]
fn ids_are_spelled_as_configured_and_all_sequence_numbers_are_echoed() {
    for (format, octets) in
        [(IdFormat::Decimal, 10), (IdFormat::Hex, 8), (IdFormat::Uuid, 36), (IdFormat::Ticket, 23)]
    {
        let (mut bench, session) = Bench::bound(|b| b.response.id = format);
        for sequence in [0, 0xA285_9F22] {
            bench.sequence = sequence;
            let (_, mut frame) = bench.submit_octets(|_| {});
            frame[12..16].copy_from_slice(&sequence.to_be_bytes());
            bench.feed(session, &frame);
            let frames = bench.frames(session);
            assert_eq!(Header::read(&frames[0]).unwrap().sequence_number, sequence);
            assert_eq!(message_ids(&frames)[0].len(), octets);
        }
    }
}

#[test]
fn a_malformed_submit_sm_is_refused_with_the_status_of_its_field() {
    let (mut bench, session) = Bench::bound(|_| {});
    bench.submit_with(session, |sm| sm.destination_addr = b"123456789012345678901");
    bench.submit_with(session, |sm| sm.validity_period = b"tomorrow");
    bench.say(session, CommandId::SUBMIT_SM, 0, 99);
    let statuses: Vec<u32> = bench.heads(session).iter().map(|head| head.1).collect();
    let expected = [
        CommandStatus::ESME_RINVDSTADR,
        CommandStatus::ESME_RINVEXPIRY,
        CommandStatus::ESME_RINVCMDLEN,
    ];
    assert_eq!(statuses, expected.map(|status| status.0));
    assert_eq!(bench.tally().submits.refused.total(), 3);
}

#[test]
fn a_constant_latency_is_kept_to_the_nanosecond() {
    let (mut bench, session) = Bench::bound(|b| b.response.latency = Latency::Constant(ms(20)));
    bench.submit_batch(session, 3, 0);
    bench.now += ms(5);
    bench.submit_batch(session, 2, 0);
    assert!(bench.heads(session).is_empty());
    assert_eq!(bench.tally().responses.pending, 5);
    assert_eq!(bench.core.next_due(), ms(1_020));
    bench.run_until(ms(1_020));
    assert_eq!(bench.heads(session).len(), 3);
    let mut dirty = Vec::new();
    bench.core.take_dirty(&mut dirty);
    assert_eq!(dirty, [session]);
    bench.run_until(ms(1_025));
    assert_eq!(bench.heads(session).len(), 2);
    assert_eq!(bench.core.next_due(), Nanos::MAX);
    assert_eq!((bench.tally().responses.pending, bench.tally().responses.sent), (0, 5));
}

/// Submits at these times. Returns when each was answered.
fn answered(latency: Latency, arrivals: &[Nanos]) -> Vec<u64> {
    let (mut bench, session) = Bench::bound(|b| b.response.latency = latency);
    let mut sent = std::collections::HashMap::new();
    let mut took = Vec::new();
    let mut collect = |bench: &mut Bench, sent: &std::collections::HashMap<u32, Nanos>| {
        let now = bench.now;
        for head in bench.heads(session) {
            took.push(now.since(sent[&head.2]).0);
        }
    };
    for at in arrivals {
        while bench.core.next_due() <= *at {
            bench.now = bench.core.next_due();
            bench.core.tick(bench.now);
            collect(&mut bench, &sent);
        }
        bench.now = *at;
        let sequence = bench.submit_with(session, |sm| sm.registered_delivery = 0);
        sent.insert(sequence, *at);
    }
    while bench.core.next_due() != Nanos::MAX {
        bench.now = bench.core.next_due();
        bench.core.tick(bench.now);
        collect(&mut bench, &sent);
    }
    took.sort_unstable();
    assert_eq!(took.len(), arrivals.len());
    took
}

#[test]
fn a_uniform_latency_stays_within_its_bounds() {
    let arrivals: Vec<Nanos> = (0..20_000).map(|n| ms(1_000) + Nanos(n * 100_000)).collect();
    let took = answered(Latency::Uniform(ms(5), ms(9)), &arrivals);
    assert!(took[0] >= ms(5).0 && *took.last().unwrap() <= ms(9).0);
    assert!(took[10_000].abs_diff(ms(7).0) < 100_000, "{}", took[10_000]);
}

#[test]
fn a_lognormal_latency_has_its_median_and_its_p99() {
    let arrivals: Vec<Nanos> = (0..50_000).map(|n| ms(1_000) + Nanos(n * 100_000)).collect();
    let took = answered(Latency::Lognormal { median: ms(10), p99: ms(80) }, &arrivals);
    assert!(took[25_000].abs_diff(ms(10).0) < 400_000, "{}", took[25_000]);
    assert!(took[49_500].abs_diff(ms(80).0) < 8_000_000, "{}", took[49_500]);
}

#[test]
fn four_servers_at_four_fifths_load_answer_as_erlang_c_says() {
    // M/M/4, S = 8 ms, lambda = 400/s, a = 3.2, rho = 0.8.
    // C = (a^4/4!)/(1-rho) / (sum_{k<4} a^k/k! + (a^4/4!)/(1-rho)) = 0.5964;
    // mean = S + C * S / (c * (1 - rho)) = 8 + 0.5964 * 8 / 0.8 = 13.96 ms.
    let mut rng = crate::kit::Rng::new(21);
    let mut at = ms(1_000);
    let arrivals: Vec<Nanos> = (0..200_000)
        .map(|_| {
            at += Nanos(rng.exponential(2.5e6) as u64);
            at
        })
        .collect();
    let took = answered(Latency::Servers { servers: 4, mean: ms(8) }, &arrivals);
    let mean = took.iter().sum::<u64>() as f64 / took.len() as f64 / 1e6;
    assert!((mean / 13.96 - 1.0).abs() < 0.03, "{mean}");
}

#[test]
fn errors_have_their_probabilities_and_follow_the_seed() {
    let run = || {
        let (mut bench, session) = Bench::bound(|b| {
            b.response.errors =
                vec![(CommandStatus::ESME_RSUBMITFAIL.0, 0.01), (CommandStatus(0x407).0, 0.1)];
        });
        for _ in 0..100 {
            bench.submit_batch(session, 1_000, 0);
        }
        let statuses: Vec<u32> = bench.heads(session).iter().map(|head| head.1).collect();
        let tally = bench.tally().clone();
        let said = |status: u32| statuses.iter().filter(|s| **s == status).count() as u64;
        assert_eq!(tally.submits.refused.get(CommandStatus(0x407)), said(0x407));
        assert_eq!(tally.submits.accepted, said(0));
        tally
    };
    let tally = run();
    let failed = tally.submits.refused.get(CommandStatus::ESME_RSUBMITFAIL);
    assert!(failed.abs_diff(1_000) < 120, "{failed}");
    let vendor = tally.submits.refused.get(CommandStatus(0x407));
    assert!(vendor.abs_diff(10_000) < 400, "{vendor}");
    assert_eq!(run(), tally, "the same seed, the same run");
}

#[test]
fn a_lost_response_is_withheld_but_its_message_is_delivered() {
    let (mut bench, session) = Bench::bound(|b| b.response.lost = 0.25);
    bench.submit_batch(session, 10_000, 1);
    let frames = bench.frames(session);
    let tally = bench.tally();
    assert!(tally.responses.withheld.abs_diff(2_500) < 200);
    assert_eq!(tally.submits.accepted, 10_000);
    assert_eq!(message_ids(&frames).len() as u64, tally.responses.sent);
    assert_eq!(deliveries(&frames).len(), 10_000);
}

#[test]
fn the_first_rule_that_matches_the_destination_decides() {
    let rule = |destination: &str, status: Option<u32>, state: Option<u8>| Rule {
        destination: destination.to_owned(),
        status,
        state,
        err: state.map(|_| "077".to_owned()),
    };
    let (mut bench, session) = Bench::bound(|b| {
        b.rules = vec![
            rule("*404", Some(CommandStatus::ESME_RINVDSTADR.0), None),
            rule("4477*", None, Some(5)),
        ];
        b.response.errors = vec![(CommandStatus::ESME_RSYSERR.0, 1.0)];
    });
    for destination in [&b"447700900404"[..], b"447700900405", b"4520"] {
        bench.submit_with(session, |sm| sm.destination_addr = destination);
    }
    let frames = bench.frames(session);
    let statuses: Vec<u32> =
        frames.iter().map(|f| Header::read(f).unwrap().command_status.0).collect();
    assert_eq!(statuses, [0x0B, 0, 0, 0x08], "refused; accepted and receipted; refused by chance");
    let receipt = receipt_in(&frames[2]).unwrap();
    assert_eq!((receipt.state.wire(), receipt.err), (5, &b"077"[..]));
}

#[test]
fn a_stall_answers_nothing_and_afterwards_everything_at_once() {
    let (mut bench, session) = Bench::bound(|b| {
        b.response.stall = Some(Stall { every: ms(10_000), length: ms(1_400) });
    });
    let mut answered = Vec::new();
    for n in 0..2_500 {
        bench.run_until(ms(1_000 + 10 * n));
        for head in bench.heads(session) {
            answered.push((bench.now, head.2));
        }
        bench.submit_with(session, |sm| sm.registered_delivery = 0);
        for head in bench.heads(session) {
            answered.push((bench.now, head.2));
        }
    }
    assert_eq!(answered.len(), 2_500);
    let in_order: Vec<u32> = answered.iter().map(|(_, number)| *number).collect();
    assert!(in_order.is_sorted());
    let silent = |at: &Nanos| {
        (11_000..12_400).contains(&(at.0 / 1_000_000))
            || (21_000..22_400).contains(&(at.0 / 1_000_000))
    };
    assert!(!answered.iter().any(|(at, _)| silent(at)));
    let burst = answered.iter().filter(|(at, _)| *at == ms(12_400)).count();
    assert_eq!(burst, 141, "140 during the stall, and the one at its end");
}

#[test]
fn answers_due_on_a_closed_session_are_counted_not_sent() {
    let (mut bench, session) = Bench::bound(|b| b.response.latency = Latency::Constant(ms(20)));
    bench.submit_batch(session, 10, 0);
    bench.core.closed(session, bench.now);
    bench.run_until(ms(2_000));
    assert_eq!((bench.tally().responses.undelivered, bench.tally().responses.sent), (10, 0));
}
