//! SMSCs under TLS that close, stop, or change their certificate.
use crate::pdus::{OK, noise};
use crate::peer::{Conn, Flow, Script};
use crate::row::{NO_REBIND, Row, run};
use crate::tls::VAULT;
use std::sync::Arc;

pub(crate) fn rows() -> Vec<Row> {
    [certificates(), handshakes(), ends(), unread()].concat()
}

fn good() -> Script {
    Script::polite().tls(vec![VAULT.good.clone()])
}

fn certificates() -> Vec<Row> {
    let of = |first: &Arc<_>, then: &Arc<_>| {
        Script::polite().tls(vec![Arc::clone(first), Arc::clone(then)])
    };
    let drops = |script: Script| {
        script.submit(|c, p| if c.first() && c.count() == 30 { Flow::End } else { c.accept(p) })
    };
    vec![
        run("a polite SMSC under TLS", good(), "").that("ledger.accepted = 100"),
        run(
            "a polite SMSC under TLS, with ten binds and receipts",
            good().submit(|c, p| c.accept_with_receipt(p, 10)),
            "--binds 10 --receipts on",
        )
        .that("ledger.receipts.final = 100"),
        run("its certificate has expired", Script::polite().tls(vec![VAULT.expired.clone()]), "")
            .exit(&[3])
            .says("expired"),
        run(
            "its certificate is signed by nobody known",
            Script::polite().tls(vec![VAULT.stranger.clone()]),
            "",
        )
        .exit(&[3])
        .says("UnknownIssuer")
        .that("peer.binds = 0"),
        run(
            "its certificate has expired at the second connection",
            drops(of(&VAULT.good, &VAULT.expired)),
            "",
        )
        .exit(&[6])
        .that("peer.binds = 1")
        .says("every bind lost"),
        run(
            "its certificate is another's at the second connection",
            drops(of(&VAULT.good, &VAULT.stranger)),
            "",
        )
        .exit(&[6])
        .that("peer.binds = 1"),
    ]
}

/// Whoever we speak TLS to, and it is none.
fn handshakes() -> Vec<Row> {
    let plain = |name: &str, script: Script| {
        run(name, script, "--tls --tls-ca {dir}/ca.pem")
            .file("ca.pem", VAULT.ca.as_bytes())
            .exit(&[3])
            .within(8)
    };
    vec![
        plain("a TLS client meets silence", Script::polite().connected(|_| Flow::Deaf)),
        plain(
            "a TLS client meets a plain greeting",
            Script::polite().connected(|c| c.say(b"220 smsc ready\r\n")),
        ),
        plain("a TLS client meets a plain SMSC that waits for more", Script::polite()),
        plain("a TLS client is hung up on", Script::polite().connected(|_| Flow::End)),
        plain("a TLS client is reset", Script::polite().connected(|c| c.reset())),
        plain(
            "a TLS client meets half a record",
            Script::polite().connected(|c| {
                c.say(b"\x16\x03\x03\x40\x00\x02\x00");
                Flow::Deaf
            }),
        ),
        plain(
            "a TLS client meets noise",
            Script::polite().connected(|c| {
                c.say(&noise(8, 5_000));
                Flow::Deaf
            }),
        ),
        plain(
            "a TLS client meets an alert",
            Script::polite().connected(|c| {
                c.say(b"\x15\x03\x03\x00\x02\x02\x28");
                Flow::Deaf
            }),
        ),
        run("a plain client meets TLS", good(), "").no_tls().exit(&[3]).within(8),
        run(
            "a TLS handshake is never answered on ten binds",
            Script::polite().connected(|_| Flow::Deaf),
            "--binds 10 --tls --tls-ca {dir}/ca.pem",
        )
        .file("ca.pem", VAULT.ca.as_bytes())
        .exit(&[3])
        .within(8),
    ]
}

/// At the thirtieth submit_sm of the first connection.
fn at_thirty(end: fn(&Arc<Conn>) -> Flow) -> Script {
    good().submit(move |c, p| match (c.first(), c.count()) {
        (true, 30) => end(c),
        (true, 31..) => Flow::On,
        _ => c.accept(p),
    })
}

/// A way to end a connection.
type End = fn(&Arc<Conn>) -> Flow;

fn ends() -> Vec<Row> {
    let ways: [(&str, End); 6] = [
        ("a TLS session is closed without close_notify", |_| Flow::End),
        ("a TLS session is closed with close_notify", |c| {
            c.line.close_notify();
            Flow::End
        }),
        ("a TLS session says close_notify and nothing more", |c| {
            c.line.close_notify();
            Flow::Deaf
        }),
        ("a TLS session is half-closed beneath TLS", |c| c.half_close()),
        ("a TLS session is reset", |c| c.reset()),
        ("noise comes beneath TLS", |c| {
            c.line.write_raw(&noise(21, 3_000));
            Flow::Deaf
        }),
    ];
    let mut rows = Vec::new();
    for (name, end) in ways {
        rows.push(
            run(name, at_thirty(end), "")
                .that("outages.len = 1")
                .that("peer.conns = 2")
                .that("ledger.accepted >= 80")
                .limiter("connection"),
        );
        rows.push(
            run(name, at_thirty(end), NO_REBIND)
                .named("without rebind")
                .exit(&[6])
                .that("peer.conns = 1"),
        );
    }
    rows.push(
        run("unbind is answered by silence under TLS", good().unbind(|_, _| Flow::Deaf), "")
            .that("ledger.accepted = 100")
            .within(8),
    );
    rows.push(
        run(
            "unbind is answered by closing without close_notify",
            good().unbind(|_, _| Flow::End),
            "",
        )
        .that("ledger.accepted = 100")
        .within(8),
    );
    rows.push(
        run(
            "unbind is answered by close_notify and silence",
            good().unbind(|c, p| {
                c.answer(p, OK, b"");
                c.line.close_notify();
                Flow::Deaf
            }),
            "",
        )
        .that("ledger.accepted = 100")
        .within(8),
    );
    rows
}

/// A TLS peer that reads no more: close_notify cannot be written (fault 8).
fn unread() -> Vec<Row> {
    let narrow = "--rate 2000 --duration 1s --window 4000 --set target.send_buffer=4096";
    let deaf = |then: fn(&Arc<Conn>)| {
        good().rcvbuf(2048).submit(move |c, _| {
            std::thread::sleep(std::time::Duration::from_millis(300));
            then(c);
            Flow::Deaf
        })
    };
    let fin = |c: &Arc<Conn>| {
        c.half_close();
    };
    let hangs = |row: Row| row.that("ledger.accepted = 0").within(18);
    vec![
        hangs(run("a TLS peer reads no more", deaf(|_| {}), narrow)),
        hangs(run("a TLS peer reads no more and half-closes beneath TLS", deaf(fin), narrow)),
        hangs(
            run(
                "a TLS peer reads no more and half-closes beneath TLS, on five binds",
                deaf(fin),
                narrow,
            )
            .more_binds(5),
        ),
        run(
            "a TLS peer reads no more and half-closes beneath TLS, without rebind",
            deaf(fin),
            &format!("{narrow}{NO_REBIND}"),
        )
        .exit(&[0, 6])
        .within(18),
        hangs(run(
            "a TLS peer reads no more and says close_notify",
            deaf(|c| c.line.close_notify()),
            narrow,
        )),
        run("a TLS peer reads no more and half-closes, and two SIGINTs come", deaf(fin), narrow)
            .signal(2_500, 2)
            .signal(3_500, 2)
            .exit(&[0, 130])
            .either_result()
            .within(8),
    ]
}
