//! submit_sm answered late, wrongly, twice, out of order, by another command, with every status and odd ids.
use crate::pdus::{
    DATA, DELIVER, NACK, OK, QUERY, QUEUE_FULL, RESP, STATUSES, SUBMIT, SUBMIT_FAILED,
};
use crate::pdus::{ENQUIRE, THROTTLED, UNBIND, many, noise, pdu, tlv};
use crate::peer::{Conn, Flow, Pdu, Script};
use crate::row::{Row, run};
use std::sync::Arc;

pub(crate) fn rows() -> Vec<Row> {
    [no_answer(), late(), wrong_answers(), statuses(), throttles(), ids(), unsolicited()].concat()
}

fn no_answer() -> Vec<Row> {
    let ten =
        || Script::polite().submit(|c, p| if c.count() <= 10 { c.accept(p) } else { Flow::On });
    let full =
        |row: Row| row.outcome("not_sustained").limiter("window").that("ratio.window_full >= 0.5");
    let slow = |row: Row| row.outcome("not_sustained").limiter("smsc_latency");
    vec![
        full(run("it answers ten and nothing more, with a window of 10", ten(), "--duration 2s"))
            .that("ledger.accepted = 10")
            .that("ledger.timed_out >= 20"),
        full(run(
            "it answers ten and nothing more, with a window of 1",
            ten(),
            "--window 1 --duration 2s",
        ))
        .that("ledger.timed_out >= 2"),
        slow(run(
            "it answers ten and nothing more, with a window of 1000",
            ten(),
            "--window 1000 --duration 2s",
        ))
        .that("ledger.accepted = 10")
        .that("ledger.timed_out = 190"),
        run(
            "it answers nothing, in a closed loop",
            Script::polite().submit(|_, _| Flow::On),
            "--rate max --duration 2s",
        )
        .that("ledger.accepted = 0")
        .that("ledger.timed_out >= 20"),
        run(
            "it answers nothing, with receipts asked",
            Script::polite().submit(|_, _| Flow::On),
            "--receipts on --window 1000",
        )
        .that("ledger.timed_out = 100")
        .that("ledger.receipts.final = 0"),
        run(
            "one session of three answers nothing",
            Script::polite().submit(|c, p| if c.n == 1 { Flow::On } else { c.accept(p) }),
            "--binds 3 --window 100 --duration 2s --rate 99",
        )
        .outcome("not_sustained")
        .that("ledger.timed_out >= 60"),
    ]
}

/// Keeps all and answers them so many milliseconds after the first.
fn all_after(ms: u64, order: fn(Vec<Pdu>) -> Vec<Pdu>) -> Script {
    Script::polite().submit(move |c, p| {
        if c.keep(p) == 1 {
            c.later(ms, move |c| {
                let octets: Vec<u8> = order(c.take_kept())
                    .iter()
                    .flat_map(|p| {
                        pdu(SUBMIT | RESP, OK, p.sequence, format!("{}\0", c.id()).as_bytes())
                    })
                    .collect();
                c.say(&octets);
            });
        }
        Flow::On
    })
}

fn late() -> Vec<Row> {
    let plain = |all: Vec<Pdu>| all;
    let slow = Script::polite().submit(|c, p| {
        let p = p.clone();
        c.later(1300, move |c| {
            c.accept(&p);
        });
        Flow::On
    });
    vec![
        run(
            "it answers all at once after a second and a half",
            all_after(1500, plain),
            "--window 1000 --set timeouts.response=4s --set timeouts.drain=5s",
        )
        .that("ledger.accepted = 100"),
        run(
            "it answers all at once, later than their time",
            all_after(2600, plain),
            "--window 1000 --set timeouts.drain=3s --duration 3s --rate 40",
        )
        .that("ledger.late_responses >= 40")
        .that("ledger.timed_out >= 40")
        .outcome("not_sustained"),
        run(
            "each answer comes after its time",
            slow,
            "--window 1000 --duration 2s --set timeouts.drain=2s",
        )
        .that("ledger.timed_out = 200")
        .that("ledger.accepted = 0")
        .that("ledger.late_responses >= 100"),
        run(
            "it answers in reverse, twenty at a time",
            all_after(200, |mut all| {
                all.reverse();
                all
            }),
            "--window 1000",
        )
        .that("ledger.accepted = 100"),
        run(
            "it answers in no order",
            all_after(300, |mut all| {
                fastrand::Rng::with_seed(5).shuffle(&mut all);
                all
            }),
            "--window 1000 --binds 3 --rate 300",
        )
        .that("ledger.accepted = 300"),
    ]
}

fn wrong_answers() -> Vec<Row> {
    let with = |f: fn(&Arc<Conn>, &Pdu) -> Flow| Script::polite().submit(f);
    let all_time_out = |row: Row| {
        row.that("ledger.timed_out = 100").that("ledger.accepted = 0").outcome("not_sustained")
    };
    let wide = "--window 1000";
    let instead = |name: &str, command: u32, body: &'static [u8]| {
        let script =
            Script::polite().submit(move |c, p| c.say(&pdu(command | RESP, OK, p.sequence, body)));
        all_time_out(run(&format!("submit_sm is answered with {name}"), script, wide))
            .that("ledger.unknown_responses = 100")
    };
    vec![
        all_time_out(run(
            "answers have numbers that nobody used",
            with(|c, p| c.say(&pdu(SUBMIT | RESP, OK, p.sequence + 100_000, b"1\0"))),
            wide,
        ))
        .that("ledger.unknown_responses = 100"),
        all_time_out(run(
            "all answers have the number 0",
            with(|c, _| c.say(&pdu(SUBMIT | RESP, OK, 0, b"1\0"))),
            wide,
        ))
        .that("ledger.unknown_responses = 100"),
        all_time_out(run(
            "all answers have the highest number",
            with(|c, _| c.say(&pdu(SUBMIT | RESP, OK, u32::MAX, b"1\0"))),
            wide,
        )),
        run(
            "each answer comes twice",
            with(|c, p| {
                c.accept(p);
                c.accept(p)
            }),
            "",
        )
        .that("ledger.accepted = 100")
        .that("ledger.unknown_responses = 100"),
        run(
            "each answer comes a hundred times",
            with(|c, p| {
                let one = pdu(SUBMIT | RESP, OK, p.sequence, b"1\0");
                c.say(&many(100, |_| one.clone()))
            }),
            "",
        )
        .that("ledger.accepted = 100")
        .that("ledger.unknown_responses = 9900"),
        run(
            "an acceptance and a refusal of the same",
            with(|c, p| {
                c.accept(p);
                c.refuse(p, SUBMIT_FAILED)
            }),
            "",
        )
        .that("ledger.accepted = 100")
        .that("ledger.unknown_responses = 100"),
        instead("data_sm_resp", DATA, b"1\0"),
        instead("deliver_sm_resp", DELIVER, b"\0"),
        instead("query_sm_resp", QUERY, b"x\0\0\x02\0"),
        instead("enquire_link_resp", ENQUIRE, b""),
        run("submit_sm is echoed", with(|c, p| c.say(&p.octets())), wide)
            .that("ledger.timed_out = 100")
            .that("peer.submits = 100"),
        run(
            "submit_sm is answered with generic_nack",
            with(|c, p| c.say(&pdu(NACK, 3, p.sequence, b""))),
            "",
        )
        .that("ledger.rejected = 100")
        .outcome("not_sustained"),
        run(
            "submit_sm is answered with generic_nack of status 0",
            with(|c, p| c.say(&pdu(NACK, OK, p.sequence, b""))),
            "",
        )
        .that("ledger.rejected = 100"),
        all_time_out(run(
            "submit_sm is answered with generic_nack without number",
            with(|c, _| c.say(&pdu(NACK, 2, 0, b""))),
            wide,
        )),
        run(
            "answers come for what was not sent yet",
            with(|c, p| c.say(&many(50, |n| pdu(SUBMIT | RESP, OK, p.sequence + n - 1, b"1\0")))),
            "",
        )
        .that("ledger.accepted = 100"),
    ]
}

fn statuses() -> Vec<Row> {
    let each = Script::polite().submit(|c, p| {
        let status = STATUSES[(c.count() as usize - 1) % STATUSES.len()];
        c.refuse(p, status)
    });
    let any =
        Script::polite().submit(|c, p| c.refuse(p, fastrand::Rng::with_seed(c.count()).u32(1..)));
    let share = |of: u64, status: u32| {
        Script::polite().submit(move |c, p| {
            if c.count().is_multiple_of(of) { c.refuse(p, status) } else { c.accept(p) }
        })
    };
    vec![
        run("every status of the table", each.clone(), "--rate 480")
            .that("ledger.rejected = 480")
            .that("status.ESME_RINVSRCADR = 10")
            .outcome("not_sustained"),
        run(
            "every status of the table, on five transmitters",
            each,
            "--rate 480 --binds 5 --bind-type transmitter",
        )
        .that("ledger.rejected = 480"),
        run("a status at random each time", any, "--rate 300").that("ledger.rejected = 300"),
        run("one in a hundred is refused", share(100, SUBMIT_FAILED), "--rate 200 --duration 2s")
            .that("ledger.rejected = 4")
            .outcome("not_sustained")
            .says("response time"),
        run(
            "every second is refused, with receipts asked",
            share(2, SUBMIT_FAILED),
            "--receipts on --rate 50",
        )
        .that("ledger.rejected = 25")
        .that("ledger.receipts.expected = 25")
        .that("ledger.receipts.missing = 25"),
        run(
            "a refusal has the body of an acceptance",
            Script::polite().submit(|c, p| c.answer(p, SUBMIT_FAILED, b"0000000001\0")),
            "",
        )
        .that("ledger.rejected = 100"),
        run(
            "a refusal has a body of noise",
            Script::polite().submit(|c, p| c.answer(p, SUBMIT_FAILED, &noise(c.count(), 900))),
            "",
        )
        .that("ledger.rejected = 100"),
    ]
}

fn throttles() -> Vec<Row> {
    let of = |in_hundred: u64, status: u32| {
        Script::polite().submit(move |c, p| {
            if c.count() % 100 < in_hundred { c.refuse(p, status) } else { c.accept(p) }
        })
    };
    let throttled = |row: Row| row.outcome("not_sustained").limiter("smsc_throttle");
    vec![
        throttled(run("1 % is throttled", of(1, THROTTLED), "--rate 200"))
            .that("ratio.throttled = 0.01"),
        throttled(run("50 % is throttled", of(50, THROTTLED), "--rate 200"))
            .that("ledger.rejected = 100"),
        throttled(run("all is throttled", of(100, THROTTLED), "--rate 200"))
            .that("ledger.accepted = 0"),
        throttled(run("its queue is always full", of(100, QUEUE_FULL), "--rate 200"))
            .that("status.ESME_RMSGQFUL = 200"),
        throttled(run(
            "50 % is throttled, on ten binds",
            of(50, THROTTLED),
            "--rate 1000 --binds 10",
        ))
        .that("ledger.rejected >= 400"),
        run(
            "all is throttled, and is tried again",
            of(100, THROTTLED),
            "--set load.on_throttle=retry --set load.attempts_max=3 --rate 50",
        )
        .that("ledger.accepted = 0")
        .that("ledger.retries > 0"),
        run(
            "50 % is throttled, and is tried again",
            of(50, THROTTLED),
            "--set load.on_throttle=retry --set load.attempts_max=3 --rate 50",
        )
        .that("ledger.planned = 50"),
        run(
            "all is throttled, and it backs off",
            of(100, THROTTLED),
            "--set load.on_throttle=backoff --rate 200",
        )
        .that("ledger.accepted = 0")
        .that("ledger.rejected < 100"),
        run("all is throttled, in a closed loop", of(100, THROTTLED), "--rate max --window 1")
            .limiter("smsc_throttle,harness")
            .that("ledger.accepted = 0"),
    ]
}

/// What stands for a message_id; whether it can be tracked is another matter.
fn ids() -> Vec<Row> {
    let id = |body: &'static [u8]| Script::polite().submit(move |c, p| c.answer(p, OK, body));
    let long = |octets: usize| {
        Script::polite().submit(move |c, p| {
            let id = format!("{:0>octets$}", c.id());
            c.accept_as(p, id.as_bytes())
        })
    };
    let taken = |row: Row| row.that("ledger.accepted = 100");
    // the receipt of each could come and cannot be matched: nobody may call them missing, or all there
    let blind = |row: Row| {
        taken(row).outcome("not_sustained,inconclusive_noise").that("ledger.receipts.final = 0")
    };
    let mut rows = vec![
        taken(run("message_id is empty", id(b"\0"), "")),
        taken(run("message_id is absent", id(b""), "")),
        taken(run("message_id has no NUL", id(b"12345"), "")),
        taken(run("message_id is not ASCII", id(b"\xff\xfe\x80\0"), "")),
        taken(run(
            "message_id has TLVs behind it",
            Script::polite().submit(|c, p| {
                c.answer(p, OK, &[&b"1\0"[..], &tlv(0x428, b"\x63"), &noise(2, 3)].concat())
            }),
            "",
        )),
        blind(run("message_id is empty, with receipts asked", id(b"\0"), "--receipts on"))
            .that("ledger.receipts.untracked = 100"),
        blind(run("message_id is absent, with receipts asked", id(b""), "--receipts on"))
            .that("ledger.receipts.untracked = 100"),
        blind(run("message_id is one and the same for all", id(b"SAME\0"), "--receipts on")),
        blind(run(
            "ten message_ids come again and again",
            Script::polite()
                .submit(|c, p| c.accept_as(p, format!("ID{}", c.count() % 10).as_bytes())),
            "--receipts on",
        )),
        run("no id and no receipt, with a gate on missing ones", id(b"\0"), "--receipts on")
            .word("{dir}/gates.toml")
            .file(
                "gates.toml",
                br#"
                name = "gated"
                [gates]
                "ratio.missing" = "<= 0.5%"
            "#,
            )
            .exit(&[4, 5])
            .that("gates.0.outcome in fail,undecided"),
    ];
    for octets in [64, 65, 255, 65_000] {
        rows.push(taken(run(&format!("message_id has {octets} octets"), long(octets), "")));
    }
    rows.push(
        taken(run(
            "message_id has 255 octets, with receipts that say it",
            Script::polite().submit(|c, p| {
                let id = format!("{:0>255}", c.id());
                c.accept_as(p, id.as_bytes());
                let tlvs = tlv(0x1E, format!("{id}\0").as_bytes());
                c.say(&crate::pdus::deliver(
                    c.next(),
                    b"",
                    4,
                    0,
                    &[tlvs, tlv(0x427, &[2])].concat(),
                ))
            }),
            "--receipts on",
        ))
        .that("ledger.receipts.final = 100"),
    );
    rows
}

/// Responses that answer nothing, of every command: each is counted.
fn unsolicited() -> Vec<Row> {
    let kinds: [(&str, u32, &[u8]); 8] = [
        ("submit_sm_resp", SUBMIT, b"x\0"),
        ("data_sm_resp", DATA, b"x\0"),
        ("deliver_sm_resp", DELIVER, b"\0"),
        ("query_sm_resp", QUERY, b"x\0\0\x02\0"),
        ("submit_multi_resp", 0x21, b"x\0\0"),
        ("cancel_sm_resp", 8, b""),
        ("enquire_link_resp", ENQUIRE, b""),
        ("unbind_resp", UNBIND, b""),
    ];
    let row = |(name, command, body): (&str, u32, &'static [u8])| {
        let script = Script::polite().submit(move |c, p| {
            c.accept(p);
            if c.count() == 10 {
                c.say(&pdu(command | RESP, OK, 0x0700_0000, body))
            } else {
                Flow::On
            }
        });
        run(&format!("one {name} that answers nothing"), script, "--rate 40")
            .that("ledger.unknown_responses = 1")
            .that("ledger.accepted = 40")
    };
    kinds.map(row).to_vec()
}
