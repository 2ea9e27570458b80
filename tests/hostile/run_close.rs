//! Connections that end: by whom, how, and when.
use crate::pdus::{
    ALREADY_BOUND, BAD_PASSWORD, ENQUIRE, OK, RESP, SUBMIT, SYSTEM_ERROR, UNBIND, pdu,
};
use crate::peer::{Conn, Flow, Script};
use crate::row::{NO_REBIND, Row, run};
use std::sync::Arc;

pub(crate) fn rows() -> Vec<Row> {
    [in_mid_load(), in_the_drain(), in_unbind(), by_unbind(), again_and_again(), silent_links()]
        .concat()
}

/// A way to end a connection.
type End = fn(&Arc<Conn>) -> Flow;

const WAYS: [(&str, End); 4] = [
    ("closed", |_| Flow::End),
    ("reset", |c| c.reset()),
    ("half-closed", |c| c.half_close()),
    ("closed in the middle of a PDU", |c| {
        c.say(&pdu(SUBMIT | RESP, OK, 1, b"0000000000\0")[..20]);
        Flow::End
    }),
];

/// The first connection ends so at its thirtieth submit_sm.
fn at_thirty(end: End) -> Script {
    Script::polite().submit(move |c, p| match (c.first(), c.count()) {
        (true, 30) => end(c),
        (true, 31..) => Flow::On,
        _ => c.accept(p),
    })
}

fn in_mid_load() -> Vec<Row> {
    let mut rows = Vec::new();
    for (way, end) in WAYS {
        let script = at_thirty(end);
        let name = |what: &str| format!("a session is {way} in mid-load{what}");
        let rebound = |row: Row| {
            row.that("outages.len = 1")
                .that("peer.conns = 2")
                .that("ledger.accepted >= 80")
                .limiter("connection")
        };
        rows.push(rebound(run(&name(""), script.clone(), "")));
        rows.push(
            run(&name(", without rebind"), script.clone(), NO_REBIND)
                .exit(&[6])
                .that("peer.conns = 1")
                .that("ledger.accepted < 40")
                .says("every bind lost"),
        );
        rows.push(rebound(run(
            &name(", of a transmitter"),
            script.clone(),
            "--bind-type transmitter",
        )));
        rows.push(
            run(&name(", with a window of 1000"), script.clone(), "--window 1000 --rate 500")
                .that("outages.len = 1")
                .that("ledger.accepted >= 300"),
        );
        rows.push(
            run(&name(", one of five"), script, "--binds 5 --rate 250 --duration 2s")
                .that("outages.len = 1")
                .that("peer.conns = 6")
                .that("ledger.accepted >= 400"),
        );
    }
    rows
}

/// Answers so many, then ends the connection when the load is over.
fn in_the_drain() -> Vec<Row> {
    let mut rows = Vec::new();
    for (way, end) in &WAYS[..3] {
        let end = *end;
        let script = Script::polite().submit(move |c, p| {
            if c.first() && c.count() == 95 {
                c.later(600, move |c| {
                    if end(c) == Flow::End {
                        c.line.shut();
                    }
                });
            }
            if c.first() && c.count() > 95 { Flow::On } else { c.accept(p) }
        });
        let name = format!("a session is {way} in the drain with five open");
        rows.push(
            run(&name, script.clone(), "")
                .exit(&[0, 6])
                .that("ledger.lost = 5")
                .that("ledger.accepted = 95"),
        );
        rows.push(
            run(&name, script, NO_REBIND)
                .named("without rebind")
                .exit(&[0, 6])
                .that("ledger.lost = 5")
                .that("ledger.accepted = 95"),
        );
    }
    rows
}

fn in_unbind() -> Vec<Row> {
    let unbind =
        |end: fn(&Arc<Conn>, u32) -> Flow| Script::polite().unbind(move |c, p| end(c, p.sequence));
    let polite =
        |name: &str, script: Script| run(name, script, "").that("ledger.accepted = 100").within(8);
    vec![
        polite("unbind is answered by closing", unbind(|_, _| Flow::End)),
        polite("unbind is answered by a reset", unbind(|c, _| c.reset())),
        polite("unbind is answered by half-closing", unbind(|c, _| c.half_close())),
        polite("unbind_resp is withheld", unbind(|_, _| Flow::On)),
        polite("unbind_resp is withheld and nothing is read any more", unbind(|_, _| Flow::Deaf)),
        polite("unbind_resp is withheld on ten sessions", unbind(|_, _| Flow::On)).more_binds(10),
        polite(
            "unbind_resp stops in the middle",
            unbind(|c, n| c.say(&pdu(UNBIND | RESP, OK, n, b"")[..7])),
        ),
        polite(
            "unbind_resp has another number",
            unbind(|c, n| c.say(&pdu(UNBIND | RESP, OK, n + 99, b""))),
        ),
        polite(
            "unbind_resp has a status",
            unbind(|c, n| c.say(&pdu(UNBIND | RESP, SYSTEM_ERROR, n, b""))),
        ),
        polite(
            "unbind_resp comes and the connection stays open",
            unbind(|c, n| {
                c.say(&pdu(UNBIND | RESP, OK, n, b""));
                Flow::Deaf
            }),
        ),
        polite("unbind is answered with unbind", unbind(|c, n| c.say(&pdu(UNBIND, OK, n, b"")))),
        polite(
            "unbind is answered with requests without end",
            unbind(|c, _| c.flood(pdu(ENQUIRE, OK, 9, b""), 50_000)),
        ),
    ]
}

/// The SMSC unbinds in mid-load.
fn by_unbind() -> Vec<Row> {
    let unbinds = |then: fn(&Arc<Conn>) -> Flow| {
        Script::polite().submit(move |c, p| match (c.first(), c.count()) {
            (true, 30) => {
                c.accept(p);
                c.say(&pdu(UNBIND, OK, 77, b""));
                then(c)
            }
            (true, 31..) => Flow::On,
            _ => c.accept(p),
        })
    };
    let rebound =
        |row: Row| row.that("outages.len = 1").that("peer.conns = 2").that("ledger.accepted >= 80");
    vec![
        rebound(run("it unbinds and reads on", unbinds(|_| Flow::On), ""))
            .that("peer.unbind_answers = 1"),
        rebound(run("it unbinds and closes", unbinds(|_| Flow::End), "")),
        rebound(run("it unbinds and reads no more", unbinds(|_| Flow::Deaf), "")),
        rebound(run("it unbinds and half-closes", unbinds(|c| c.half_close()), "")),
        run("it unbinds, without rebind", unbinds(|_| Flow::On), NO_REBIND).exit(&[6]),
        // what was written can neither be read nor answered: only a limit of our own ends it (fault 9)
        run(
            "it unbinds with a full socket and reads no more",
            Script::polite()
                .submit(|c, p| {
                    if !c.first() {
                        return c.accept(p);
                    }
                    c.later(300, |c| {
                        c.say(&pdu(UNBIND, OK, 77, b""));
                    });
                    Flow::Deaf
                })
                .rcvbuf(2048),
            "--rate 2000 --duration 4s --window 4000 --set target.send_buffer=4096",
        )
        .that("outages.len >= 1")
        .that("peer.conns >= 2")
        .that("ledger.accepted > 0")
        .within(20),
    ]
}

fn again_and_again() -> Vec<Row> {
    let every_ten = |row: Row| row.that("outages.len >= 4").limiter("connection");
    let drops = || {
        Script::polite().submit(|c, p| {
            c.accept(p);
            if c.count() == 10 { Flow::End } else { Flow::On }
        })
    };
    let then_refuses = |status: u32| {
        at_thirty(|_| Flow::End).bind(move |c, p| {
            if c.first() { c.answer(p, OK, b"smsc\0") } else { c.refuse(p, status) }
        })
    };
    vec![
        every_ten(run("each session is closed after ten messages", drops(), "")),
        every_ten(run("each session of five is closed after ten messages", drops(), "--binds 5")),
        run("after a drop it says ESME_RALYBND for ever", then_refuses(ALREADY_BOUND), "")
            .exit(&[6])
            .that("peer.binds = 6")
            .says("every bind lost"),
        run("after a drop the credentials are refused", then_refuses(BAD_PASSWORD), "")
            .exit(&[6])
            .that("peer.binds = 2")
            .says("every bind lost"),
        run(
            "after each drop it says ESME_RALYBND twice",
            at_thirty(|_| Flow::End).bind(|c, p| {
                if matches!(c.n, 1 | 2) {
                    c.refuse(p, ALREADY_BOUND)
                } else {
                    c.answer(p, OK, b"smsc\0")
                }
            }),
            "--duration 2s",
        )
        .that("outages.len = 1")
        .that("outages.0.attempts = 3")
        .that("ledger.accepted >= 100"),
        run(
            "after a drop binds are never answered",
            at_thirty(|_| Flow::End)
                .bind(|c, p| if c.first() { c.answer(p, OK, b"smsc\0") } else { Flow::On }),
            "--set timeouts.bind=100ms",
        )
        .exit(&[6])
        .within(15),
        run(
            "after a drop every connection is closed at once",
            at_thirty(|_| Flow::End).connected(|c| if c.first() { Flow::On } else { Flow::End }),
            "",
        )
        .exit(&[6]),
    ]
}

/// Links that stay and say nothing.
fn silent_links() -> Vec<Row> {
    let mute = || Script::polite().other(|_, _| Flow::On);
    vec![
        run("enquire_link is never answered", mute(), "--rate 60/min --duration 2s --set binds.enquire_link=\"200ms\" --set timeouts.response=400ms")
            .that("outages.len >= 1")
            .that("peer.conns >= 2"),
        run(
            "enquire_link is answered with a status and another number",
            Script::polite().other(|c, p| {
                if p.command == ENQUIRE { c.say(&pdu(ENQUIRE | RESP, SYSTEM_ERROR, 1 << 30, b"")) } else { Flow::On }
            }),
            "--rate 60/min --duration 2s --set binds.enquire_link=\"200ms\" --set timeouts.response=400ms",
        )
        .that("outages.len = 0")
        .that("peer.enquiries >= 3"),
        run(
            "enquire_link is answered twice",
            Script::polite().other(|c, p| {
                if p.command == ENQUIRE {
                    c.answer(p, OK, b"");
                    return c.answer(p, OK, b"");
                }
                Flow::On
            }),
            "--rate 60/min --duration 2s --set binds.enquire_link=\"200ms\" --set timeouts.response=400ms",
        )
        .that("outages.len = 0"),
    ]
}
