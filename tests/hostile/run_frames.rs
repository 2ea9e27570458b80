//! How octets come and go: cut anywhere, lengths that cannot be, readers that are slow or gone.
use crate::pdus::{OK, RESP, SUBMIT, UNBIND, many, noise, pdu, with_length};
use crate::peer::{Conn, Flow, Script};
use crate::row::{NO_REBIND, Row, embedded, run};
use std::sync::Arc;
use std::time::Duration;

pub(crate) fn rows() -> Vec<Row> {
    [
        pieces(),
        lengths(),
        noise_in_mid_load(),
        slow_readers(),
        buffers(),
        answers_in_advance(),
        large_windows(),
    ]
    .concat()
}

fn pieces() -> Vec<Row> {
    let gathered = Script::polite().submit(|c, p| {
        if c.keep(p) == 1 {
            c.later(120, |c| {
                let all: Vec<u8> = c
                    .take_kept()
                    .iter()
                    .flat_map(|p| {
                        pdu(SUBMIT | RESP, OK, p.sequence, format!("{}\0", c.id()).as_bytes())
                    })
                    .collect();
                // the last PDU comes in two pieces, with a pause between
                let cut = all.len() - 9;
                c.say(&all[..cut]);
                std::thread::sleep(Duration::from_millis(5));
                c.say(&all[cut..]);
            });
        }
        Flow::On
    });
    vec![
        run("every PDU in writes of one octet", Script::polite().pieces(1), "")
            .that("ledger.accepted = 100"),
        run(
            "every PDU in writes of one octet, on five binds",
            Script::polite().pieces(1),
            "--binds 5 --rate 200",
        )
        .that("ledger.accepted = 200"),
        run("every PDU in writes of 15 octets", Script::polite().pieces(15), "--rate 300")
            .that("ledger.accepted = 300"),
        run("many PDUs in one write, cut anywhere", gathered, "--window 1000 --rate 400")
            .that("ledger.accepted = 400"),
        run(
            "a PDU stops in the middle for ever",
            Script::polite().submit(|c, p| match c.count() {
                10 => c.say(&pdu(SUBMIT | RESP, OK, p.sequence, b"0000000010\0")[..19]),
                11.. => Flow::On,
                _ => c.accept(p),
            }),
            "--window 1000",
        )
        .that("ledger.accepted = 9")
        .that("ledger.timed_out >= 90"),
    ]
}

/// At the thirtieth submit_sm of the first connection: these octets.
fn at_thirty(octets: impl Fn(&Arc<Conn>, u32) -> Vec<u8> + Send + Sync + 'static) -> Script {
    Script::polite().submit(move |c, p| match (c.first(), c.count()) {
        (true, 30) => c.say(&octets(c, p.sequence)),
        (true, 31..) => Flow::On,
        _ => c.accept(p),
    })
}

fn lengths() -> Vec<Row> {
    let mut rows = Vec::new();
    let broken =
        |length: u32| at_thirty(move |_, n| with_length(length, SUBMIT | RESP, OK, n, b"1\0"));
    for length in [0, 4, 15, 1 << 20, u32::MAX] {
        let name = format!("command_length {length} in mid-load");
        rows.push(
            run(&name, broken(length), "")
                .that("outages.len = 1")
                .that("peer.conns = 2")
                .that("ledger.accepted >= 80")
                .limiter("connection"),
        );
        rows.push(run(&name, broken(length), NO_REBIND).named("without rebind").exit(&[6]));
    }
    let headers = Script::polite().submit(|c, p| c.say(&pdu(SUBMIT | RESP, OK, p.sequence, b"")));
    rows.push(
        run("command_length 16: answers of a header alone", headers, "")
            .that("ledger.accepted = 100"),
    );
    // what it promises never comes: nothing may be kept for it beyond a PDU's bound
    let promise = at_thirty(|_, n| {
        let mut octets = with_length(69_000, SUBMIT | RESP, OK, n, b"1\0");
        octets.extend(noise(4, 40_000));
        octets
    });
    rows.push(
        run("a PDU of 69,000 octets that never ends", promise, "")
            .that("ledger.accepted = 29")
            .that("ledger.timed_out >= 10"),
    );
    rows
}

fn noise_in_mid_load() -> Vec<Row> {
    let back =
        |row: Row| row.that("outages.len = 1").that("peer.conns = 2").that("ledger.accepted >= 80");
    vec![
        back(run("noise in mid-load", at_thirty(|_, _| noise(11, 2_000)), "")),
        back(run(
            "text in mid-load",
            at_thirty(|_, _| b"HTTP/1.1 500 Internal Server Error\r\n\r\n".to_vec()),
            "",
        )),
        back(run("zeroes in mid-load", at_thirty(|_, _| vec![0; 70_000]), "")),
        run(
            "noise in mid-load, one of five sessions",
            at_thirty(|_, _| noise(12, 2_000)),
            "--binds 5 --rate 250 --duration 2s",
        )
        .that("outages.len = 1")
        .that("ledger.accepted >= 400"),
        run(
            "noise on every connection",
            Script::polite().submit(|c, p| match c.count() {
                20 => c.say(&noise(c.n as u64, 500)),
                21.. => Flow::On,
                _ => c.accept(p),
            }),
            "",
        )
        .that("outages.len >= 2"),
    ]
}

/// TCP's window is full: the peer's doing, and no lateness of ours (fault 3).
fn slow_readers() -> Vec<Row> {
    let socket = |script: Script| script.rcvbuf(2048);
    let deaf = || socket(Script::polite().submit(|_, _| Flow::Deaf));
    let blocked = |row: Row| {
        row.that("verdict.harness.state != invalid")
            .outcome("not_sustained")
            .limiter("backpressure")
            .strict()
    };
    let narrow = "--rate 1000 --duration 2s --window 4000 --set target.send_buffer=4096";
    vec![
        blocked(run("it reads nothing after the first submit_sm", deaf(), narrow)).within(20).that("ledger.accepted = 0"),
        run("it reads nothing after the first submit_sm, without rebind", deaf(), &format!("{narrow}{NO_REBIND}")).exit(&[0, 6]).within(20),
        run("it reads nothing on ten sessions", deaf(), &format!("{narrow} --binds 10")).within(20).outcome("not_sustained"),
        run("it reads nothing after the bind", socket(Script::polite().bind(|c, p| {
            c.answer(p, OK, b"smsc\0");
            Flow::Deaf
        })), narrow)
            .within(20)
            .outcome("not_sustained"),
        blocked(run("it reads and answers 300 a second", socket(Script::polite().sips().submit(|c, p| {
            std::thread::sleep(Duration::from_micros(3_300));
            c.accept(p)
        })), "--rate 1000 --duration 3s --window 2000 --set target.send_buffer=8192 --set timeouts.response=20s"))
            .within(20),
        run("it reads one octet in 20 ms", socket(Script::polite().submit(|c, _| {
            loop {
                let mut one = Vec::new();
                if !c.line.read(&mut one, 1) {
                    return Flow::End;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        })), narrow)
            .within(20)
            .outcome("not_sustained"),
        run("it reads nothing, in a closed loop", deaf(), "--rate max --duration 1s --window 100000 --set target.send_buffer=4096").within(20),
    ]
}

fn buffers() -> Vec<Row> {
    vec![
        run(
            "tiny socket buffers on both sides",
            Script::polite().rcvbuf(2048),
            "--rate 500 --set target.send_buffer=4096 --set target.receive_buffer=4096",
        )
        .that("ledger.accepted = 500"),
        run(
            "its answers go through a tiny send buffer",
            Script::polite().connected(|c| {
                c.small_buffers(2048);
                Flow::On
            }),
            "--rate 500 --set target.receive_buffer=4096",
        )
        .that("ledger.accepted = 500"),
        run(
            "it pauses for 600 ms and reads on",
            Script::polite().submit(|c, p| {
                if c.count() == 20 {
                    std::thread::sleep(Duration::from_millis(600));
                }
                c.accept(p)
            }),
            "--window 1000",
        )
        .that("ledger.accepted = 100"),
        run(
            "it unbinds while its socket is full and reads on later",
            Script::polite().rcvbuf(2048).submit(|c, p| {
                if c.first() && c.count() == 20 {
                    c.say(&pdu(UNBIND, OK, 5, b""));
                    std::thread::sleep(Duration::from_millis(500));
                }
                if c.first() && c.count() > 20 { Flow::On } else { c.accept(p) }
            }),
            "--rate 500 --duration 2s --window 1000 --set target.send_buffer=4096",
        )
        .that("outages.len = 1")
        .that("ledger.accepted > 100"),
    ]
}

/// It answers what it cannot have read: those messages still wait for its socket.
fn answers_in_advance() -> Vec<Row> {
    let script = |status: u32| {
        Script::polite().rcvbuf(2048).submit(move |c, p| {
            if !c.first() {
                return c.accept(p);
            }
            let first = p.sequence;
            c.later(600, move |c| {
                c.say(&many(900, |n| pdu(SUBMIT | RESP, status, first + n - 1, b"1\0")));
            });
            Flow::Deaf
        })
    };
    let args = "--rate 1000 --duration 2s --window 4000 --set target.send_buffer=4096";
    vec![
        run("it accepts what it has not read", script(OK), args).exit(&[0, 6]).within(20),
        run("it refuses what it has not read", script(0x45), args).exit(&[0, 6]).within(20),
        run(
            "it accepts what it has not read, with receipts asked",
            script(OK),
            &format!("{args} --receipts on"),
        )
        .exit(&[0, 6])
        .within(20),
        run(
            "it accepts what it has not read, in a closed loop",
            script(OK),
            "--rate max --duration 1s --window 4000 --set target.send_buffer=4096",
        )
        .exit(&[0, 6])
        .within(20),
    ]
}

/// More than 4 MiB unwritten at both ends (fault 7).
fn large_windows() -> Vec<Row> {
    vec![
        embedded(
            "a window of 300,000 in a closed loop, with receipts",
            "--window 300000 --rate max --duration 1s --set embedded.response.latency=300ms --receipts on --receipt-deadline 5s --set timeouts.response=4s --set timeouts.drain=5s",
        )
        .that("ledger.timed_out = 0")
        .memory(700)
        .within(60)
        .alone(),
        run("a window of 300,000 against a peer that answers each second", Script::polite().submit(|c, p| {
            if c.keep(p) == 1 {
                c.later(1_000, |c| {
                    let all: Vec<u8> = c.take_kept().iter().flat_map(|p| pdu(SUBMIT | RESP, OK, p.sequence, b"1\0")).collect();
                    c.say(&all);
                });
            }
            Flow::On
        }), "--window 300000 --rate max --duration 2s --set timeouts.response=6s --set timeouts.drain=8s")
            .that("ledger.timed_out = 0")
            .memory(400)
            .within(30)
            .alone(),
    ]
}
