//! Receipts: of nobody, too early, too often, on another bind, unreadable.
use crate::pdus::{DELIVER, OK, deliver, delivery, many, noise, pdu, receipt, said, tlv};
use crate::peer::{Conn, Flow, Script};
use crate::row::{Row, run};
use std::sync::Arc;

pub(crate) fn rows() -> Vec<Row> {
    [unknown(), timing(), forms(), unreadable(), floods()].concat()
}

const ON: &str = "--receipts on";

/// Accepts, and then says something with the id.
fn then(say: impl Fn(&Arc<Conn>, &str) + Send + Sync + 'static) -> Script {
    Script::polite().submit(move |c, p| {
        let id = c.id();
        c.accept_as(p, id.as_bytes());
        say(c, &id);
        Flow::On
    })
}

fn all_there(row: Row) -> Row {
    row.that("ledger.receipts.final = 100").that("ledger.receipts.missing = 0")
}

fn unknown() -> Vec<Row> {
    let beside = |once: fn(&Arc<Conn>)| {
        then(move |c, id| {
            if c.count() == 10 {
                once(c);
            }
            c.say(&receipt(c.next(), id));
        })
    };
    let different = |c: &Arc<Conn>| {
        c.flood(many(1_000, |n| receipt(n, &format!("9{n:09}"))), 2);
    };
    let all_one = |c: &Arc<Conn>| {
        c.flood(many(2_000, |n| receipt(n, "nobody")), 10);
    };
    vec![
        all_there(run("1,000 receipts of ids never issued, twice", beside(different), ON))
            .that("ledger.receipts.unknown = 2000"),
        all_there(run(
            "1,000 receipts of ids never issued, to five binds",
            beside(different),
            "--receipts on --binds 5",
        )),
        all_there(run(
            "20,000 receipts of one unknown id",
            beside(all_one),
            "--receipts on --duration 1s",
        ))
        .that("ledger.receipts.unknown = 20000"),
        run(
            "150,000 receipts of one unknown id",
            beside(|c| {
                c.flood(many(2_000, |n| receipt(n, "0000000000")), 75);
            }),
            "--receipts on --duration 2s",
        )
        .that("ledger.receipts.unknown >= 1")
        .that("verdict.harness.loop_max_ns < 1500000000")
        .within(25),
        run("receipts of ids never issued, where none were asked", beside(different), "")
            .that("ledger.accepted = 100"),
        run(
            "receipts come to a transmitter",
            then(|c, id| {
                c.say(&receipt(c.next(), id));
            }),
            "--receipts on --bind-type transmitter",
        )
        .that("ledger.accepted = 100")
        .that("ledger.receipts.final = 0"),
        run("no receipt comes", Script::polite(), ON)
            .that("ledger.receipts.missing = 100")
            .outcome("not_sustained")
            .limiter("receipts,smsc_latency,none"),
    ]
}

fn timing() -> Vec<Row> {
    let early = Script::polite().submit(|c, p| {
        let id = c.id();
        c.say(&receipt(c.next(), &id));
        let p = p.clone();
        c.later(30, move |c| {
            c.accept_as(&p, id.as_bytes());
        });
        Flow::On
    });
    let very_early = Script::polite().submit(|c, p| {
        let id = c.id();
        c.say(&receipt(c.next(), &id));
        let p = p.clone();
        c.later(700, move |c| {
            c.accept_as(&p, id.as_bytes());
        });
        Flow::On
    });
    let on_the_other = then(|c, id| {
        let other = c.of(1 - c.n.min(1)).unwrap();
        other.say(&receipt(other.next(), id));
    });
    vec![
        all_there(run("each receipt comes before its response", early, ON))
            .that("ledger.receipts.before_response = 100"),
        all_there(run(
            "each receipt comes long before its response",
            very_early,
            "--receipts on --window 200",
        )),
        all_there(run(
            "each receipt comes on the other bind",
            on_the_other,
            "--receipts on --binds 2",
        ))
        .that("ledger.receipts.other_bind = 100"),
        run(
            "each receipt comes after its deadline",
            then(|c, id| {
                let id = id.to_owned();
                c.later(1400, move |c| {
                    c.say(&receipt(c.next(), &id));
                });
            }),
            "--receipts on --duration 2s --set timeouts.drain=3s",
        )
        .that("ledger.receipts.missing = 200")
        .that("ledger.receipts.late >= 1")
        .outcome("not_sustained"),
        all_there(run(
            "one receipt comes 1,000 times over",
            then(|c, id| {
                let times = if c.count() == 10 { 1_001 } else { 1 };
                c.say(&many(times, |n| receipt(n, id)));
            }),
            ON,
        ))
        .that("ledger.receipts.duplicate = 1000"),
        all_there(run(
            "each receipt comes three times",
            then(|c, id| {
                c.say(&many(3, |n| receipt(n, id)));
            }),
            "--receipts on --binds 3",
        ))
        .that("ledger.receipts.duplicate = 200"),
        all_there(run(
            "all receipts come with one sequence_number",
            then(|c, id| {
                c.say(&receipt(1, id));
            }),
            ON,
        )),
    ]
}

fn forms() -> Vec<Row> {
    let coded = |coding: u8| {
        then(move |c, id| {
            let text = said(id, "DELIVRD");
            let text = match coding {
                8 => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
                _ => text.into_bytes(),
            };
            c.say(&deliver(c.next(), &text, 4, coding, &[]));
        })
    };
    let mut rows: Vec<Row> = [0, 1, 3, 4, 8, 0xF0]
        .map(|coding| {
            all_there(run(&format!("receipts with data_coding {coding:#04x}"), coded(coding), ON))
        })
        .to_vec();
    let payload = then(|c, id| {
        let tlvs = tlv(0x0424, said(id, "DELIVRD").as_bytes());
        c.say(&deliver(c.next(), b"", 4, 0, &tlvs));
    });
    let huge = then(|c, id| {
        let tlvs = tlv(0x1400, &noise(9, 40_000));
        c.say(&deliver(c.next(), said(id, "DELIVRD").as_bytes(), 4, 0, &tlvs));
    });
    let state_0 = then(|c, id| {
        let tlvs = [tlv(0x1E, format!("{id}\0").as_bytes()), tlv(0x427, &[0])].concat();
        c.say(&deliver(c.next(), said(id, "UNDELIV").as_bytes(), 4, 0, &tlvs));
    });
    let accepted_first = then(|c, id| {
        c.say(&deliver(c.next(), said(id, "ACKED  ").as_bytes(), 4, 0, &[]));
        c.say(&receipt(c.next(), id));
    });
    let undelivered = then(|c, id| {
        c.say(&deliver(c.next(), said(id, "UNDELIV").as_bytes(), 4, 0, &[]));
    });
    let octets = Script::polite().pieces(1).submit(|c, p| c.accept_with_receipt(p, 5));
    rows.extend([
        all_there(run("receipts in message_payload", payload, ON)),
        all_there(run("receipts with a TLV of 40,000 octets", huge, ON)),
        all_there(run("receipts with message_state 0 beside a text", state_0, ON)),
        all_there(run("ACKED comes before DELIVRD", accepted_first, ON))
            .that("ledger.receipts.intermediate = 100"),
        all_there(run("all receipts say UNDELIV", undelivered, ON)),
        run("receipts octet by octet", octets, "--receipts on --rate 30")
            .that("ledger.receipts.final = 30"),
    ]);
    rows
}

/// What says it is a receipt and is none.
fn unreadable() -> Vec<Row> {
    let none = |name: &str, say: fn(&Arc<Conn>, &str)| {
        run(name, then(say), ON)
            .that("ledger.accepted = 100")
            .that("ledger.receipts.final = 0")
            .that("ledger.receipts.missing = 100")
            .that("peer.delivered = 100")
    };
    vec![
        none("receipts of garbage", |c, _| {
            c.say(&deliver(c.next(), &noise(c.count(), 100), 4, 0, &[]));
        }),
        none("receipts of text that is none", |c, _| {
            c.say(&deliver(c.next(), b"Your message was delivered. Have a nice day!", 4, 0, &[]));
        }),
        none("receipts without id", |c, _| {
            c.say(&deliver(c.next(), said("", "DELIVRD").as_bytes(), 4, 0, &[]));
        }),
        none("receipts whose sm_length is too long", |c, id| {
            let text = said(id, "DELIVRD");
            c.say(&pdu(DELIVER, OK, c.next(), &delivery(text.as_bytes(), 254, 4, 0, &[])));
        }),
        none("receipts that stop behind their header", |c, _| {
            c.say(&pdu(DELIVER, OK, c.next(), b""));
        }),
        none("receipts of noise", |c, _| {
            c.say(&pdu(DELIVER, OK, c.next(), &noise(c.count(), 200)));
        }),
        none("receipts with a TLV that is longer than the PDU", |c, _| {
            let tlvs = [0x00, 0x1E, 0xFF, 0xFF, b'1'];
            c.say(&deliver(c.next(), b"", 4, 0, &tlvs));
        }),
        none("receipts with an id of 60,000 octets", |c, _| {
            let tlvs = [tlv(0x1E, &[b'7'; 60_000]), tlv(0x427, &[2])].concat();
            c.say(&deliver(c.next(), b"", 4, 0, &tlvs));
        }),
    ]
}

/// Much at once, read and unread.
fn floods() -> Vec<Row> {
    let flood = |of: fn(u32) -> Vec<u8>, at_once: usize, times: usize| {
        Script::polite().submit(move |c, p| {
            c.accept(p);
            if c.first() && c.count() == 5 { c.flood(many(at_once, of), times) } else { Flow::On }
        })
    };
    // reads no more: what it is answered with can go nowhere
    let unread = |of: fn(u32) -> Vec<u8>, times: usize| {
        Script::polite().rcvbuf(4096).submit(move |c, p| {
            c.accept(p);
            if c.first() && c.count() == 5 {
                c.flood(many(1_000, of), times);
                return Flow::Deaf;
            }
            Flow::On
        })
    };
    let stands = |row: Row| row.that("ledger.accepted >= 4").within(20);
    let enquiry = |n| pdu(0x15, OK, n, b"");
    let stranger = |n| pdu(0x0001_0200, OK, n, b"abc");
    vec![
        stands(run("a flood of enquire_link", flood(enquiry, 2_000, 20), ""))
            .that("peer.enquiry_answers >= 40000")
            .that("ledger.accepted = 100"),
        stands(run("a flood of messages", flood(crate::pdus::mo, 1_000, 20), ""))
            .that("ledger.mo.received = 20000")
            .that("ledger.accepted = 100"),
        stands(run("a flood of unknown commands", flood(stranger, 2_000, 20), ""))
            .that("peer.nacks = 40000")
            .that("ledger.accepted = 100"),
        stands(run(
            "a flood of generic_nack",
            flood(|n| pdu(0x8000_0000, 1, n + 50_000, b""), 2_000, 20),
            "",
        ))
        .that("ledger.unknown_responses = 40000"),
        stands(run(
            "a flood of answers to nothing",
            flood(|n| pdu(0x8000_0004, OK, n + 50_000, b"1\0"), 2_000, 20),
            "",
        ))
        .that("ledger.unknown_responses = 40000"),
        stands(run(
            "a flood of binds",
            flood(|n| pdu(9, OK, n, b"a\0b\0c\0\x34\0\0\0"), 1_000, 20),
            "",
        ))
        .that("ledger.accepted = 100"),
        stands(run(
            "a flood of submit_sm to us",
            flood(|n| pdu(4, OK, n, b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), 1_000, 20),
            "",
        ))
        .that("ledger.accepted = 100"),
        stands(run("a flood of enquire_link that reads no answers", unread(enquiry, 500), "")),
        stands(run("a flood of messages that reads no answers", unread(crate::pdus::mo, 300), "")),
        stands(run("a flood of unknown commands that reads no answers", unread(stranger, 500), "")),
        stands(
            run(
                "a flood of messages that reads no answers, without rebind",
                unread(crate::pdus::mo, 300),
                crate::row::NO_REBIND,
            )
            .exit(&[0, 6]),
        ),
    ]
}
