//! Before the load: SMSCs that are not there, let nobody in, or say something else than bind_resp.
use crate::pdus::{
    ALERT, BAD_PASSWORD, BIND_FAILED, BIND_RECEIVER, BIND_TRANSCEIVER, ENQUIRE, NACK, OK,
};
use crate::pdus::{ALREADY_BOUND, OUTBIND, RESP, SYSTEM_ERROR, THROTTLED, UNBIND};
use crate::pdus::{mo, noise, pdu, receipt, tlv, with_length};
use crate::peer::{Flow, Script};
use crate::row::{NO_REBIND, Row, call, run};

pub(crate) fn rows() -> Vec<Row> {
    [
        unreachable(),
        silent(),
        lenient(),
        wrong(),
        refused(),
        broken_frames(),
        lost_before_the_load(),
    ]
    .concat()
}

const BIND_RESP: u32 = BIND_TRANSCEIVER | RESP;

/// Never begins: exit 3.
fn fails(name: &str, script: Script, args: &str) -> Row {
    run(name, script, args).exit(&[3]).within(8)
}

fn unreachable() -> Vec<Row> {
    let mut nobody = run("nobody listens", Script::polite(), "").exit(&[3]).says("refused");
    nobody.target = crate::row::Target::Nobody;
    vec![
        nobody,
        fails("the backlog is full and nobody is let in", Script::polite().full_backlog(), ""),
        fails("it closes every connection at once", Script::polite().connected(|_| Flow::End), ""),
        fails("it resets every connection at once", Script::polite().connected(|c| c.reset()), ""),
        fails(
            "it half-closes every connection at once",
            Script::polite().connected(|c| c.half_close()).bind(|_, _| Flow::On),
            "",
        ),
        fails(
            "it closes every connection at once, for ten binds",
            Script::polite().connected(|_| Flow::End),
            "--binds 10",
        ),
        fails(
            "the name does not resolve",
            Script::polite(),
            "--allow-target no-such-host.invalid:2775 --max-messages 10 --rate 5",
        )
        .retargeted("no-such-host.invalid:2775")
        .exit(&[2, 3]),
    ]
}

fn silent() -> Vec<Row> {
    let never = || Script::polite().bind(|_, _| Flow::On);
    vec![
        fails("a bind is never answered", never(), "").that("peer.binds = 1"),
        fails(
            "a bind is never answered and nothing is read any more",
            Script::polite().bind(|_, _| Flow::Deaf),
            "",
        ),
        fails("ten binds are never answered", never(), "--binds 10"),
        fails("a bind of a pair is never answered", never(), "--bind-type pair"),
        fails(
            "a bind is answered after its time",
            Script::polite().bind(|c, p| {
                let p = p.clone();
                c.later(1500, move |c| {
                    c.answer(&p, OK, b"smsc\0");
                });
                Flow::On
            }),
            "",
        ),
        run(
            "a bind is answered late, and in time",
            Script::polite().bind(|c, p| {
                let p = p.clone();
                c.later(600, move |c| {
                    c.answer(&p, OK, b"smsc\0");
                });
                Flow::On
            }),
            "",
        )
        .that("ledger.accepted = 100"),
        fails(
            "the connection is closed instead of bind_resp",
            Script::polite().bind(|_, _| Flow::End),
            "",
        ),
        fails(
            "the connection is reset instead of bind_resp",
            Script::polite().bind(|c, _| c.reset()),
            "",
        ),
        fails(
            "the connection is half-closed instead of bind_resp",
            Script::polite().bind(|c, _| c.half_close()),
            "",
        ),
        fails(
            "the connection is closed in the middle of bind_resp",
            Script::polite().bind(|c, p| {
                c.say(&pdu(BIND_RESP, OK, p.sequence, b"smsc\0")[..9]);
                Flow::End
            }),
            "",
        ),
        fails(
            "bind_resp stops in the middle",
            Script::polite().bind(|c, p| c.say(&pdu(BIND_RESP, OK, p.sequence, b"smsc\0")[..9])),
            "",
        ),
    ]
}

/// Odd, and good enough: the run takes place.
fn lenient() -> Vec<Row> {
    let odd = |name: &str, script: Script| run(name, script, "").that("ledger.accepted = 100");
    let before = |octets: fn() -> Vec<u8>| {
        Script::polite().bind(move |c, p| {
            c.say(&octets());
            c.answer(p, OK, b"smsc\0")
        })
    };
    vec![
        odd("bind_resp has no body", Script::polite().bind(|c, p| c.answer(p, OK, b""))),
        odd(
            "bind_resp has a system_id without NUL",
            Script::polite().bind(|c, p| c.answer(p, OK, b"smsc")),
        ),
        odd(
            "bind_resp has a system_id of 60,000 octets",
            Script::polite().bind(|c, p| c.answer(p, OK, &[&[b'x'; 60_000][..], b"\0"].concat())),
        ),
        odd(
            "bind_resp has TLVs of nonsense",
            Script::polite().bind(|c, p| {
                let tlvs =
                    [tlv(0x210, b""), tlv(0x9999, &noise(1, 300)), vec![0xFF, 0xFF, 0xFF]].concat();
                c.answer(p, OK, &[b"smsc\0".to_vec(), tlvs].concat())
            }),
        ),
        odd(
            "outbind comes before the bind is read",
            Script::polite().connected(|c| c.say(&pdu(OUTBIND, OK, 1, b"smsc\0pw\0"))),
        ),
        odd("enquire_link comes before bind_resp", before(|| pdu(ENQUIRE, OK, 7, b""))),
        odd("a message comes before bind_resp", before(|| mo(7))),
        odd("a receipt comes before bind_resp", before(|| receipt(7, "1"))),
        odd(
            "alert_notification comes before bind_resp",
            before(|| pdu(ALERT, OK, 7, b"\0\0\0\0\0\0")),
        ),
        odd("bind_resp comes octet by octet", Script::polite().pieces(1)),
        odd(
            "bind_resp comes twice",
            Script::polite().bind(|c, p| {
                c.answer(p, OK, b"smsc\0");
                c.answer(p, OK, b"smsc\0")
            }),
        )
        .that("ledger.unknown_responses = 1"),
        odd(
            "bind_resp comes twice, the second with a status",
            Script::polite().bind(|c, p| {
                c.answer(p, OK, b"smsc\0");
                c.answer(p, SYSTEM_ERROR, b"")
            }),
        ),
    ]
}

fn wrong() -> Vec<Row> {
    let says =
        |octets: fn(u32) -> Vec<u8>| Script::polite().bind(move |c, p| c.say(&octets(p.sequence)));
    vec![
        fails(
            "a bind is answered as another kind of bind",
            says(|n| pdu(BIND_RECEIVER | RESP, OK, n, b"smsc\0")),
            "",
        ),
        fails(
            "a bind is answered with enquire_link_resp",
            says(|n| pdu(ENQUIRE | RESP, OK, n, b"")),
            "",
        ),
        fails("a bind is answered with unbind_resp", says(|n| pdu(UNBIND | RESP, OK, n, b"")), ""),
        fails("a bind is answered with unbind", says(|n| pdu(UNBIND, OK, n, b"")), ""),
        fails("a bind is answered with outbind", says(|n| pdu(OUTBIND, OK, n, b"a\0b\0")), ""),
        fails("a bind is answered with generic_nack", says(|n| pdu(NACK, 3, n, b"")), ""),
        fails(
            "a bind is answered with generic_nack without number",
            says(|_| pdu(NACK, 3, 0, b"")),
            "",
        ),
        fails("a bind is echoed", Script::polite().bind(|c, p| c.say(&p.octets())), ""),
        fails(
            "it greets like a mail server",
            Script::polite().connected(|c| c.say(b"220 mail.example ESMTP\r\n")),
            "",
        ),
        fails(
            "it answers like a web server",
            says(|_| b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
            "",
        ),
        fails("a bind is answered with noise", says(|_| noise(3, 65_536)), ""),
        fails("a bind is answered with zeroes", says(|_| vec![0; 100_000]), "").memory(60),
        fails(
            "enquire_link instead of bind_resp, without end",
            Script::polite().bind(|c, _| c.flood(pdu(ENQUIRE, OK, 1, b""), 20_000)),
            "",
        ),
    ]
}

fn refused() -> Vec<Row> {
    let with = |status: u32| Script::polite().bind(move |c, p| c.refuse(p, status));
    let mut rows = Vec::new();
    for (status, name) in [
        (ALREADY_BOUND, "ESME_RALYBND"),
        (BIND_FAILED, "ESME_RBINDFAIL"),
        (BAD_PASSWORD, "ESME_RINVPASWD"),
        (SYSTEM_ERROR, "ESME_RSYSERR"),
        (THROTTLED, "ESME_RTHROTTLED"),
        (0xDEAD_BEEF, "0xDEADBEEF"),
    ] {
        let row = fails(&format!("a bind is refused with {name}"), with(status), "");
        rows.push(row.says(name).that("peer.binds = 1"));
    }
    rows.push(
        fails("a hundred binds are refused", with(SYSTEM_ERROR), "--binds 100")
            .that("process.lines < 10"),
    );
    let four = Script::polite()
        .bind(|c, p| if c.n < 4 { c.answer(p, OK, b"smsc\0") } else { c.refuse(p, ALREADY_BOUND) });
    rows.push(fails("four of ten binds are let in", four, "--binds 10").says("ESME_RALYBND"));
    let half = Script::polite().bind(|c, p| {
        if p.command == BIND_RECEIVER {
            c.refuse(p, BIND_FAILED)
        } else {
            c.answer(p, OK, b"smsc\0")
        }
    });
    rows.push(
        fails("of a pair only the transmitter is let in", half, "--bind-type pair")
            .says("ESME_RBINDFAIL"),
    );
    let refused_and_read = Script::polite().bind(|c, p| {
        c.refuse(p, SYSTEM_ERROR);
        Flow::Deaf
    });
    rows.push(fails(
        "a bind is refused and the connection stays open unread",
        refused_and_read,
        "",
    ));
    rows
}

/// command_length that cannot be, instead of bind_resp.
fn broken_frames() -> Vec<Row> {
    let mut rows = Vec::new();
    for length in [0, 4, 15, 17, 1 << 20, u32::MAX] {
        let script = Script::polite()
            .bind(move |c, p| c.say(&with_length(length, BIND_RESP, OK, p.sequence, b"")));
        rows.push(fails(&format!("bind_resp says a length of {length}"), script, ""));
    }
    rows
}

/// Bound, and lost before the load begins (fault 5).
fn lost_before_the_load() -> Vec<Row> {
    let unbinds_first = || {
        Script::polite().bind(|c, p| {
            let unbind = if c.first() { pdu(UNBIND, OK, 1, b"") } else { Vec::new() };
            c.say(&[pdu(p.command | RESP, OK, p.sequence, b"smsc\0"), unbind].concat())
        })
    };
    let closes_first = || {
        Script::polite().bind(|c, p| {
            c.answer(p, OK, b"smsc\0");
            if c.first() { Flow::End } else { Flow::On }
        })
    };
    let resets_first = || {
        Script::polite().bind(|c, p| {
            c.answer(p, OK, b"smsc\0");
            if c.first() { c.reset() } else { Flow::On }
        })
    };
    let two_of_five = Script::polite().bind(|c, p| {
        c.answer(p, OK, b"smsc\0");
        if c.n == 2 {
            if let Some(first) = c.of(0) {
                first.say(&pdu(UNBIND, OK, 1, b""));
            }
            if let Some(second) = c.of(1) {
                second.line.shut();
            }
        }
        Flow::On
    });
    let back =
        |row: Row| row.that("outages.len >= 1").that("ledger.written > 0").that("peer.conns >= 2");
    vec![
        back(run("unbind stands behind bind_resp, once", unbinds_first(), "")),
        back(run("the connection is closed behind bind_resp, once", closes_first(), "")),
        back(run("the connection is reset behind bind_resp, once", resets_first(), "")),
        back(run(
            "the connection is closed behind bind_resp, once, of a pair",
            closes_first(),
            "--bind-type pair",
        )),
        run("unbind stands behind bind_resp, without rebind", unbinds_first(), NO_REBIND)
            .exit(&[6]),
        run("the connection is closed behind bind_resp, without rebind", closes_first(), NO_REBIND)
            .exit(&[6]),
        run(
            "the connection is closed behind every bind_resp",
            Script::polite().bind(|c, p| {
                c.answer(p, OK, b"smsc\0");
                Flow::End
            }),
            "",
        )
        .exit(&[0, 6])
        .that("ledger.accepted = 0"),
        run(
            "two of five sessions are lost before the load",
            two_of_five,
            "--binds 5 --set binds.connect_rate=10 --duration 2s",
        )
        .that("outages.len >= 2")
        .that("peer.conns >= 7")
        .that("intervals.1.sessions_up = 5"),
        call(
            "a run against itself: the port is closed meanwhile",
            "run --target {target} --out {out} --live off --duration 1s",
        )
        .exit(&[3]),
    ]
}
