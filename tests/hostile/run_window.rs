//! The window: full whatever is read meanwhile, and what comes behind a message that waited.
use crate::pdus::{ENQUIRE, OK, RESP, SUBMIT, mo, pdu};
use crate::peer::{Conn, Flow, Script};
use crate::row::{Row, run};
use std::sync::Arc;

pub(crate) fn rows() -> Vec<Row> {
    [window_full(), behind_one_that_waited()].concat()
}

/// The window is full nearly all the time, whatever else is read meanwhile (fault 1).
fn window_full() -> Vec<Row> {
    let slow = |chatter: Option<fn(u32) -> Vec<u8>>| {
        Script::polite().submit(move |c, p| {
            if let Some(chatter) = chatter.filter(|_| c.count() == 1) {
                chat(c, chatter);
            }
            let p = p.clone();
            c.later(900, move |c| {
                c.accept(&p);
            });
            Flow::On
        })
    };
    let unasked = Script::polite().submit(|c, p| {
        c.say(&pdu(SUBMIT | RESP, OK, p.sequence + 100_000, b"1\0"));
        let p = p.clone();
        c.later(900, move |c| {
            c.accept(&p);
        });
        Flow::On
    });
    let full = |name: &str, script: Script| {
        run(name, script, "--duration 3s --set timeouts.response=3s")
            .that("ratio.window_full > 0.85")
            .limiter("window")
            .outcome("not_sustained")
            .within(15)
    };
    vec![
        full("the window is full, in silence", slow(None)),
        full(
            "the window is full, and enquire_link comes",
            slow(Some(|n| pdu(ENQUIRE, OK, n, b""))),
        ),
        full("the window is full, and messages come", slow(Some(mo))),
        full(
            "the window is full, and receipts of others come",
            slow(Some(|n| crate::pdus::receipt(n, "77"))),
        ),
        full(
            "the window is full, and unknown commands come",
            slow(Some(|n| pdu(0x0001_0200, OK, n, b""))),
        ),
        full("the window is full, and answers to nothing come", unasked),
    ]
}

/// A message that is due behind one that waited for a slot leaves at its time (fault 4).
fn behind_one_that_waited() -> Vec<Row> {
    let third = || {
        Script::polite().submit(|c, p| {
            if c.count() % 3 == 1 {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            c.accept(p)
        })
    };
    let row = |name: &str, window: &str| {
        run(name, third(), &format!("--rate 250 --duration 3s --window {window}"))
            .that("ledger.accepted = 750")
            .that("latency.harness_lag.p90 < 1500000")
            .alone()
    };
    vec![
        row("every third message waits for a slot of one", "1"),
        row("every third answer takes longer, and no message waits", "50"),
    ]
}

/// Says something every 70 ms.
fn chat(c: &Arc<Conn>, chatter: fn(u32) -> Vec<u8>) {
    if c.say(&chatter(c.next())) == Flow::On {
        c.later(70, move |c| chat(c, chatter));
    }
}
