//! The other verbs: SMSCs against `dial`, `find`, `calibrate`, `duel` and `selfcheck`; odd calls of the rest.
use crate::pdus::{
    ALREADY_BOUND, OK, QUEUE_FULL, RESP, SUBMIT, SUBMIT_FAILED, SYSTEM_ERROR, THROTTLED, UNBIND,
};
use crate::pdus::{BIND_TRANSCEIVER, noise, pdu, receipt, with_length};
use crate::peer::{Conn, Flow, Pdu, Script};
use crate::row::{Row, call};
use std::sync::Arc;

pub(crate) fn rows() -> Vec<Row> {
    // each trial of a search has threads of its own, and the allocator keeps some pages of those that ended
    let searches =
        [find(), limits()].concat().into_iter().map(|row| row.memory(SEARCH_MB)).collect();
    [dial(), searches, calibrate(), duel(), selfcheck(), smsc(), saved()].concat()
}

/// The bound on what a search has resident. It holds 55 MB; 97 to 121 MB were seen.
const SEARCH_MB: u64 = 200;

const TIMES: &str = "--set timeouts.connect=1s --set timeouts.bind=1s --set timeouts.response=500ms --set timeouts.drain=1s --set timeouts.unbind=500ms";

fn dial() -> Vec<Row> {
    let to = |name: &str, script: Script, more: &str, exits: &[i32]| {
        call(&format!("dial: {name}"), &format!("dial --target {{target}} {TIMES} {more}"))
            .against(script)
            .exit(exits)
            .within(8)
    };
    let hello = "--text hello --to 447700900001 --receipts off";
    let asked = "--text hello --to 447700900001 --receipts on --wait 600ms";
    let submit = |f: fn(&Arc<Conn>, &Pdu) -> Flow| Script::polite().submit(f);
    vec![
        to("a polite SMSC", Script::polite(), hello, &[0]),
        to("nothing is said", Script::polite(), "", &[0]).that("peer.unbinds = 1"),
        to("the bind is never answered", Script::polite().bind(|_, _| Flow::On), hello, &[3]),
        to(
            "the bind is refused",
            Script::polite().bind(|c, p| c.refuse(p, ALREADY_BOUND)),
            hello,
            &[3],
        )
        .says("ESME_RALYBND"),
        to("closed at once", Script::polite().connected(|_| Flow::End), hello, &[3]),
        to("reset instead of bind_resp", Script::polite().bind(|c, _| c.reset()), hello, &[3]),
        to(
            "noise instead of bind_resp",
            Script::polite().bind(|c, _| c.say(&noise(70, 3_000))),
            hello,
            &[3],
        ),
        to(
            "bind_resp of another kind",
            Script::polite().bind(|c, p| c.say(&pdu(1 | RESP, OK, p.sequence, b""))),
            hello,
            &[3],
        ),
        to(
            "bind_resp says a length of 4 GB",
            Script::polite().bind(|c, p| {
                c.say(&with_length(u32::MAX, BIND_TRANSCEIVER | RESP, OK, p.sequence, b""))
            }),
            hello,
            &[3],
        ),
        to("submit_sm is never answered", submit(|_, _| Flow::On), hello, &[1]),
        to("submit_sm is refused", submit(|c, p| c.refuse(p, SUBMIT_FAILED)), hello, &[0])
            .says("ESME_RSUBMITFAIL"),
        to(
            "submit_sm_resp has another number",
            submit(|c, p| c.say(&pdu(SUBMIT | RESP, OK, p.sequence + 9, b"1\0"))),
            hello,
            &[1],
        ),
        to(
            "submit_sm_resp says a length of 0",
            submit(|c, p| c.say(&with_length(0, SUBMIT | RESP, OK, p.sequence, b"1\0"))),
            hello,
            &[1, 6],
        ),
        to("closed instead of submit_sm_resp", submit(|_, _| Flow::End), hello, &[6]),
        to("reset instead of submit_sm_resp", submit(|c, _| c.reset()), hello, &[6]),
        to(
            "unbind instead of submit_sm_resp",
            submit(|c, _| c.say(&pdu(UNBIND, OK, 3, b""))),
            hello,
            &[1, 6],
        ),
        to("unbind_resp is withheld", Script::polite().unbind(|_, _| Flow::Deaf), hello, &[0, 1]),
        to("a receipt that never comes", Script::polite(), asked, &[1]),
        to(
            "a receipt of another message",
            submit(|c, p| {
                c.accept(p);
                c.say(&receipt(1, "another"))
            }),
            asked,
            &[1, 6],
        ),
        to("a receipt", submit(|c, p| c.accept_with_receipt(p, 50)), asked, &[0]).says("DELIVRD"),
        to(
            "a receipt a thousand times",
            submit(|c, p| {
                c.accept_as(p, b"1");
                c.say(&crate::pdus::many(1_000, |n| receipt(n, "1")))
            }),
            asked,
            &[0],
        ),
        to(
            "closed before the receipt",
            submit(|c, p| {
                c.accept(p);
                Flow::End
            }),
            asked,
            &[6],
        ),
        to(
            "a flood without end",
            submit(|c, p| {
                c.accept(p);
                c.flood(crate::pdus::many(500, crate::pdus::mo), 10)
            }),
            "--text hello --to 447700900001 --receipts off --wait 1s",
            &[0, 6],
        )
        .within(20),
        to("SIGINT while it listens", Script::polite(), "--wait 20s", &[130]).signal(800, 2),
        to(
            "SIGINT while a bind waits",
            Script::polite().bind(|_, _| Flow::On),
            "--set timeouts.bind=20s --set timeouts.response=20s",
            &[130],
        )
        .signal(800, 2),
        to(
            "the bind is answered late, and in time",
            Script::polite().bind(|c, p| {
                let p = p.clone();
                c.later(800, move |c| {
                    c.answer(&p, OK, b"smsc\0");
                });
                Flow::On
            }),
            "--set timeouts.bind=3s",
            &[0],
        ),
        to("octets that are no hex", Script::polite(), "--send xyz", &[2]),
        to("octets that are half a PDU", Script::polite(), "--send 0000001000000015", &[0, 1, 2]),
        to(
            "octets that say 4 GB",
            Script::polite(),
            "--send ffffffff000000150000000000000001",
            &[0, 1, 2],
        ),
        to("a TLV that is none", Script::polite(), "--text hello --tlv nonsense", &[2]),
        to(
            "a text with a placeholder that nobody knows",
            Script::polite(),
            "--text {nosuch} --receipts off",
            &[2],
        ),
        to("TLS with a plain SMSC", Script::polite().connected(|c| c.say(b"hello")), "--tls", &[3]),
    ]
}

const SEARCH: &str =
    "--quiet --out {out} --settle 100ms --measure 300ms --confirm 300ms --max-trials 6";

/// Connections from this one on are treated so.
fn from(first: usize, f: fn(&Arc<Conn>) -> Flow) -> Script {
    Script::polite().connected(move |c| if c.n >= first { f(c) } else { Flow::On })
}

fn find() -> Vec<Row> {
    let find = |name: &str, what: &str, script: Script, exits: &[i32]| {
        let more = match what {
            "rate" => {
                "--rate 100 --min-rate 50 --max-rate 400 --binds 1 --window 50 --receipts off"
            }
            "window" => "--max-window 32 --receipts off",
            _ => "--max-binds 6 --receipts off",
        };
        call(
            &format!("find {what}: {name}"),
            &format!("find {what} --target {{target}} {more} {SEARCH} {TIMES}"),
        )
        .against(script)
        .exit(exits)
        .within(40)
    };
    let mut rows = Vec::new();
    for what in ["rate", "window", "binds"] {
        let nobody = call(
            &format!("find {what}: nobody listens"),
            &format!("find {what} --target {{target}} {SEARCH} {TIMES}"),
        );
        rows.push(nobody.exit(&[3]).within(15));
        rows.push(find("no bind is answered", what, Script::polite().bind(|_, _| Flow::On), &[3]));
        rows.push(find(
            "the bind is refused",
            what,
            Script::polite().bind(|c, p| c.refuse(p, SYSTEM_ERROR)),
            &[0, 3],
        ));
        rows.push(find("it dies in mid-search", what, from(3, |_| Flow::End), &[0, 3, 6]));
        rows.push(find(
            "it bears nothing: all is throttled",
            what,
            Script::polite().submit(|c, p| c.refuse(p, THROTTLED)),
            &[0],
        ));
        rows.push(find(
            "it bears nothing: nothing is answered",
            what,
            Script::polite().submit(|_, _| Flow::On),
            &[0],
        ));
        rows.push(find(
            "it bears nothing: each submit_sm ends the session",
            what,
            Script::polite().submit(|_, _| Flow::End),
            &[0, 6],
        ));
        rows.push(find(
            "it changes its limit in mid-search",
            what,
            Script::polite().submit(|c, p| {
                if c.n > 2 && c.count() > 5 { c.refuse(p, QUEUE_FULL) } else { c.accept(p) }
            }),
            &[0],
        ));
        rows.push(find(
            "it refuses all but the first bind",
            what,
            Script::polite().bind(|c, p| {
                if c.first() { c.answer(p, OK, b"smsc\0") } else { c.refuse(p, ALREADY_BOUND) }
            }),
            &[0, 3, 6],
        ));
        rows.push(find("SIGINT in mid-search", what, Script::polite(), &[0, 130]).signal(1_500, 2));
        rows.push(
            find(
                "SIGINT twice in mid-search",
                what,
                Script::polite().submit(|_, _| Flow::On),
                &[0, 130],
            )
            .signal(1_500, 2)
            .signal(2_000, 2)
            .within(8),
        );
    }
    rows.push(
        call("find rate: an objective that nobody knows", "find rate --objective nonsense<=5")
            .exit(&[2]),
    );
    rows.push(
        call("find rate: an objective without number", "find rate --objective response.p99<=")
            .exit(&[2]),
    );
    rows.push(call("find rate: a width of nothing", "find rate --width 0%").exit(&[2]));
    rows.push(
        call("find rate: from high to low", "find rate --min-rate 1000 --max-rate 10 --dry-run")
            .exit(&[2]),
    );
    rows
}

/// What the simulator grants is found.
fn limits() -> Vec<Row> {
    let grants = "accounts = [{ system_id = \"smppbench\", password = \"\", binds_max = 5 }]\n[limits]\nwindow = 12\nrate = 700\n[response]\nlatency = \"2ms\"\n";
    vec![
        call("find window: a window of 12 beside a limit of the rate", &format!("find window --target {{target}} --quiet --json --out {{out}} --max-window 64 --settle 200ms --measure 500ms {TIMES}"))
            .simulator(grants)
            .that("stdout.limit.value = 12")
            .within(60),
        call("find binds: 5 binds beside a limit of the rate", &format!("find binds --target {{target}} --quiet --json --out {{out}} --max-binds 10 --settle 200ms --measure 500ms {TIMES}"))
            .simulator(grants)
            .that("stdout.limit.value = 5")
            .within(60),
    ]
}

const SHORT: &str = "--rate 50 --duration 400ms --warmup 0s --binds 1 --receipts off --live off";

fn calibrate() -> Vec<Row> {
    let row = |name: &str, script: Script, exits: &[i32]| {
        call(
            &format!("calibrate: {name}"),
            &format!("calibrate 3 --target {{target}} {SHORT} {TIMES} --output {{dir}}/base.json"),
        )
        .against(script)
        .exit(exits)
        .within(20)
    };
    vec![
        row("a polite SMSC", Script::polite(), &[0]).check(|seen| {
            if seen.place.join("base.json").exists() {
                Ok(())
            } else {
                Err("no baseline".to_owned())
            }
        }),
        row("nobody is let in", Script::polite().bind(|_, _| Flow::On), &[3]),
        row("the second run finds nobody", from(1, |_| Flow::End), &[3, 6]),
        row("each session is lost", Script::polite().submit(|_, _| Flow::End), &[3, 6])
            .more("--set binds.rebind=\"off\""),
        row(
            "SIGINT in the first run",
            Script::polite().submit(|c, p| {
                if c.first() && c.count() == 5 {
                    c.signal(2);
                }
                c.accept(p)
            }),
            &[130],
        ),
        row("the baseline is there already", Script::polite(), &[1, 2]).file("base.json", b"{}"),
        call(
            "calibrate: its output is nowhere",
            &format!(
                "calibrate 2 --target {{target}} {SHORT} {TIMES} --output /proc/none/base.json"
            ),
        )
        .against(Script::polite())
        .exit(&[1, 2]),
        call("calibrate: once is not enough", "calibrate 1").exit(&[2]),
    ]
}

fn duel() -> Vec<Row> {
    let row = |name: &str, script: Script, more: &str, exits: &[i32]| {
        call(&format!("duel: {name}"), &format!("duel --target {{target}} {SHORT} {TIMES} --out {{out}} --a message.text=one --b message.text=other {more}"))
            .against(script)
            .exit(exits)
            .within(25)
    };
    let drops_second = || from(2, |_| Flow::End);
    vec![
        row("a polite SMSC", Script::polite(), "--blocks 2", &[0]),
        row("a polite SMSC, both sides at once", Script::polite(), "--simultaneous", &[0]),
        row("nobody is let in", Script::polite().bind(|_, _| Flow::On), "--blocks 2", &[3]),
        row(
            "nobody is let in, both sides at once",
            Script::polite().bind(|_, _| Flow::On),
            "--simultaneous",
            &[3],
        ),
        row("the second block finds nobody", drops_second(), "--blocks 2", &[3, 6]),
        row(
            "one side's session is lost, both sides at once",
            Script::polite()
                .submit(|c, p| if c.first() && c.count() > 3 { Flow::End } else { c.accept(p) }),
            "--simultaneous --set binds.rebind=\"off\"",
            &[6],
        ),
        row("nothing is answered", Script::polite().submit(|_, _| Flow::On), "--blocks 1", &[0]),
        row(
            "side b is throttled",
            Script::polite()
                .submit(|c, p| if c.n % 2 == 1 { c.refuse(p, THROTTLED) } else { c.accept(p) }),
            "--blocks 2 --gate",
            &[0, 4, 5],
        ),
        row(
            "SIGINT in the first block",
            Script::polite().submit(|c, p| {
                if c.first() && c.count() == 5 {
                    c.signal(2);
                }
                c.accept(p)
            }),
            "--blocks 3",
            &[130],
        ),
        row("a key that nobody knows", Script::polite(), "--b no.such=1", &[2]),
    ]
}

fn selfcheck() -> Vec<Row> {
    vec![
        call("selfcheck: SIGINT", "selfcheck").signal(700, 2).exit(&[0, 1, 130]).within(45).alone(),
        call("selfcheck: SIGINT twice", "selfcheck")
            .signal(700, 2)
            .signal(1_000, 2)
            .exit(&[130])
            .within(6)
            .alone(),
    ]
}

fn smsc() -> Vec<Row> {
    vec![
        call("smsc: SIGTERM", "smsc --listen 127.0.0.1:0").signal(500, 15).within(5),
        call("smsc: SIGINT, with a tally", "smsc --listen 127.0.0.1:0 --tally {dir}/tally.json")
            .signal(1_500, 2)
            .within(6)
            .check(|seen| {
                if seen.place.join("tally.json").exists() {
                    Ok(())
                } else {
                    Err("no tally".to_owned())
                }
            }),
        call("smsc: its port is taken", "smsc --listen {target}")
            .against(Script::polite())
            .exit(&[1, 2])
            .within(5),
        call(
            "smsc: its tally cannot be written",
            "smsc --listen 127.0.0.1:0 --tally /proc/none/tally.json",
        )
        .exit(&[1, 2, 0])
        .signal(2_500, 15)
        .within(6),
        call("smsc: a port that is none", "smsc --listen 127.0.0.1:99999").exit(&[2]),
        call(
            "smsc: a behaviour that is not there",
            "smsc --listen 127.0.0.1:0 --behaviour {dir}/nowhere.toml",
        )
        .exit(&[2]),
        call("smsc: few descriptors", "smsc --listen 127.0.0.1:0")
            .under("ulimit -n 12;")
            .signal(700, 15)
            .exit(&[0, 1, 2])
            .within(5),
    ]
}

/// `render`, `gate`, `compare` and `check` of what is right and what is not.
fn saved() -> Vec<Row> {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/reports/sample");
    let gate = |name: &str, toml: &str, exits: &[i32]| {
        call(&format!("gate: {name}"), "gate --gates {dir}/g.toml")
            .word(sample)
            .file("g.toml", toml.as_bytes())
            .exit(exits)
    };
    let render = |name: &str, more: &str, exits: &[i32]| {
        call(&format!("render: {name}"), &format!("render {more}")).word(sample).exit(exits)
    };
    vec![
        gate("a file without heading", "\"response.p50\" = \"< 10s\"\n", &[0]),
        gate("a file under [gates]", "[gates]\n\"response.p50\" = \"< 10s\"\n", &[0]),
        gate("one that fails", "\"response.p50\" = \"< 1ns\"\n", &[5]),
        gate("a metric that nobody knows", "\"nosuch.p50\" = \"< 1s\"\n", &[2]),
        gate("a limit that is none", "\"response.p50\" = \"quick\"\n", &[2]),
        gate("a file of noise", "\u{1}\u{2}[[[", &[2]),
        gate("a baseline that is not given", "\"response.p50\" = \"<= baseline + 5%\"\n", &[2, 4]),
        call("gate: nothing to hold", "gate").word(sample).exit(&[0, 2]),
        render("a format that nobody knows", "--format pdf", &[2]),
        render(
            "into a folder that is not there",
            "--format html --output {dir}/no/where.html",
            &[1, 2],
        ),
        render("into a full device", "--format html --output /dev/full", &[1, 2]),
        render("to a full stdout", "--format json", &[1])
            .in_shell("exec \"$0\" \"$@\" > /dev/full"),
        render("to a reader that has gone", "--format html", &[0])
            .in_shell("\"$0\" \"$@\" | true; exit ${PIPESTATUS[0]}"),
        call("compare: with itself", "compare").word(sample).word("--with").word(sample),
        call("compare: to a full stdout", "compare")
            .word(sample)
            .word("--with")
            .word(sample)
            .in_shell("exec \"$0\" \"$@\" > /dev/full")
            .exit(&[1]),
        call("compare: with nothing", "compare").word(sample).exit(&[2]),
        call("check: to a reader that has gone", "check")
            .in_shell("\"$0\" \"$@\" | true; exit ${PIPESTATUS[0]}"),
        call("no such verb", "explode").exit(&[2]),
        call("agent: nobody answers at that URL", "agent --nats nats://127.0.0.1:1 --name x")
            .exit(&[3])
            .signal(6_000, 2)
            .within(10),
        call("man to a reader that has gone", "man")
            .in_shell("\"$0\" \"$@\" | true; exit ${PIPESTATUS[0]}"),
    ]
}
