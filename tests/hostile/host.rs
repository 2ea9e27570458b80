//! The host: signals, descriptors, memory, folders, standard streams, names and ports.
use crate::pdus::OK;
use crate::peer::{Flow, Script};
use crate::row::{Row, call, embedded, run};

pub(crate) fn rows() -> Vec<Row> {
    [
        signals(),
        stopped_at_once(),
        killed(),
        streams(),
        limits(),
        folders(),
        addresses(),
        surroundings(),
    ]
    .concat()
}

const SIGHUP: i32 = 1;
const SIGINT: i32 = 2;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;
const SIGCONT: i32 = 18;
const SIGSTOP: i32 = 19;

const ALL: [(&str, i32); 3] = [("SIGINT", SIGINT), ("SIGTERM", SIGTERM), ("SIGHUP", SIGHUP)];

/// Sends a signal at the twentieth submit_sm, and again so many milliseconds later.
fn at_twenty(number: i32, again_ms: Option<u64>, answers: bool) -> Script {
    Script::polite().submit(move |c, p| {
        if c.count() == 20 {
            c.signal(number);
            if let Some(ms) = again_ms {
                c.later(ms, move |c| {
                    c.signal(number);
                });
            }
        }
        if answers || c.count() < 10 { c.accept(p) } else { Flow::On }
    })
}

fn signals() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, number) in ALL {
        rows.push(
            run(&format!("{name} in the load"), at_twenty(number, None, true), "--duration 20s")
                .exit(&[130])
                .that("peer.unbinds = 1")
                .that("ledger.accepted >= 19")
                .that("ledger.lost = 0")
                .within(8),
        );
        rows.push(
            run(
                &format!("{name} while a bind waits"),
                Script::polite().bind(move |c, _| {
                    c.later(300, move |c| {
                        c.signal(number);
                    });
                    Flow::On
                }),
                "--set timeouts.bind=30s",
            )
            .exit(&[130])
            .either_result()
            .within(8),
        );
        let in_drain = Script::polite().submit(move |c, p| {
            if c.count() == 100 {
                c.later(500, move |c| {
                    c.signal(number);
                });
            }
            if c.count() < 90 { c.accept(p) } else { Flow::On }
        });
        rows.push(
            run(&format!("{name} in the drain"), in_drain, "--window 1000")
                .exit(&[130])
                .that("ledger.accepted = 89")
                .within(8),
        );
    }
    let in_unbind = Script::polite().unbind(|c, _| {
        c.later(100, |c| {
            c.signal(SIGINT);
        });
        Flow::On
    });
    rows.push(
        run("SIGINT in unbind", in_unbind, "--set timeouts.unbind=2s")
            .exit(&[0, 130])
            .that("ledger.accepted = 100")
            .within(8),
    );
    rows.push(
        run(
            "SIGINT while a connection is made",
            Script::polite().full_backlog(),
            "--set timeouts.connect=30s",
        )
        .signal(1_000, SIGINT)
        .exit(&[130])
        .either_result()
        .within(8),
    );
    rows.push(
        embedded("SIGINT in a run against the embedded simulator", "--duration 20s --receipts on")
            .signal(1_200, SIGINT)
            .exit(&[130])
            .within(8),
    );
    rows.push(
        run("SIGSTOP for a second in the load", Script::polite(), "--duration 2s")
            .signal(800, SIGSTOP)
            .signal(1_800, SIGCONT)
            .that("ledger.planned = 200"),
    );
    rows.push(
        run(
            "a hundred signals",
            Script::polite().submit(|c, p| {
                if c.count() == 20 {
                    (0..100).for_each(|_| {
                        c.signal(SIGTERM);
                    });
                }
                c.accept(p)
            }),
            "--duration 20s",
        )
        .exit(&[130])
        .either_result()
        .within(8),
    );
    rows
}

/// The second signal ends it within a second, and what is known is written down (fault 8).
fn stopped_at_once() -> Vec<Row> {
    let mut rows: Vec<Row> = ALL
        .map(|(name, number)| {
            run(
                &format!("{name} twice in the load"),
                at_twenty(number, Some(500), false),
                "--duration 20s --window 100 --set timeouts.response=20s --set timeouts.drain=20s",
            )
            .exit(&[130])
            .result_without_report()
            .within(5)
        })
        .to_vec();
    let unbinding = Script::polite().unbind(|c, _| {
        c.later(100, |c| {
            c.signal(SIGINT);
            c.later(400, |c| {
                c.signal(SIGINT);
            });
        });
        Flow::On
    });
    rows.push(
        run("SIGINT twice in unbind", unbinding, "--set timeouts.unbind=20s")
            .exit(&[130])
            .result_without_report()
            .within(7),
    );
    let binding = Script::polite().bind(|c, _| {
        c.later(200, |c| {
            c.signal(SIGINT);
            c.later(300, |c| {
                c.signal(SIGINT);
            });
        });
        Flow::On
    });
    rows.push(
        run("SIGINT twice while a bind waits", binding, "--set timeouts.bind=30s")
            .exit(&[130])
            .either_result()
            .within(6),
    );
    rows
}

fn killed() -> Vec<Row> {
    vec![
        run("SIGKILL after a quarter of a minute", Script::polite(), "--duration 60s")
            .signal(13_000, SIGKILL)
            .killed()
            .result_without_report()
            .that("state = partial")
            .that("rate.written >= 97")
            .that("rate.written <= 103")
            .within(20),
        run(
            "SIGKILL in the load",
            Script::polite().submit(|c, p| {
                if c.count() == 50 {
                    c.signal(SIGKILL);
                }
                c.accept(p)
            }),
            "--duration 60s",
        )
        .killed()
        .either_result()
        .within(8),
    ]
}

fn streams() -> Vec<Row> {
    let to = |name: &str, line: &str, args: &str| run(name, Script::polite(), args).in_shell(line);
    vec![
        to("stdout is full", "exec \"$0\" \"$@\" > /dev/full", "")
            .exit(&[1])
            .says("standard output"),
        to("stdout is full, with --json", "exec \"$0\" \"$@\" > /dev/full", "--json")
            .exit(&[1])
            .says("standard output"),
        to("stdout is closed", "exec \"$0\" \"$@\" >&-", "").exit(&[0, 1]),
        to("stdout is a broken pipe", "\"$0\" \"$@\" | true; exit ${PIPESTATUS[0]}", ""),
        to(
            "stdout is a broken pipe, with --json",
            "\"$0\" \"$@\" | true; exit ${PIPESTATUS[0]}",
            "--json",
        ),
        to(
            "stdout is a pipe that nobody reads",
            "{ \"$0\" \"$@\"; echo $? >&3; } 3>code | sleep 3; exit $(cat code)",
            "",
        ),
        to("stderr is full", "exec \"$0\" \"$@\" 2> /dev/full", "").that("ledger.accepted = 100"),
        to("stderr is closed", "exec \"$0\" \"$@\" 2>&-", "--live line")
            .that("ledger.accepted = 100"),
        to(
            "stderr is a broken pipe",
            "{ \"$0\" \"$@\"; echo $? >&3; } 2>&1 3>code | true; exit $(cat code)",
            "--live line",
        )
        .that("ledger.accepted = 100"),
        to("stdin is closed", "exec \"$0\" \"$@\" <&-", "").that("ledger.accepted = 100"),
        call("stdout is full, of check", "check")
            .in_shell("exec \"$0\" \"$@\" > /dev/full")
            .exit(&[1])
            .says("standard output"),
        call("stdout is full, of schema", "schema result")
            .in_shell("exec \"$0\" \"$@\" > /dev/full")
            .exit(&[1]),
        call("stdout is full, of decode", "decode 00000010000000150000000000000001")
            .in_shell("exec \"$0\" \"$@\" > /dev/full")
            .exit(&[1]),
    ]
}

fn limits() -> Vec<Row> {
    vec![
        run("40 descriptors for 100 binds", Script::polite(), "--binds 100")
            .under("ulimit -n 40;")
            .exit(&[2, 3]),
        run("9 descriptors", Script::polite(), "")
            .under("ulimit -n 9;")
            .exit(&[0, 1, 2, 3])
            .either_result(),
        run("40 descriptors for one bind", Script::polite(), "")
            .under("ulimit -n 40;")
            .exit(&[0, 2]),
        run("100 descriptors for one bind", Script::polite(), "")
            .under("ulimit -n 100;")
            .that("ledger.accepted = 100"),
        run("an address space of 400 MB", Script::polite(), "")
            .under("ulimit -v 400000;")
            .that("ledger.accepted = 100"),
        run("a stack of 1 MB", Script::polite(), "")
            .under("ulimit -s 1024;")
            .that("ledger.accepted = 100"),
    ]
}

fn folders() -> Vec<Row> {
    // the default folder: in the working directory
    let default = |name: &str, line: &str| {
        let mut row = run(name, Script::polite(), "")
            .in_shell(line)
            .exit(&[1, 2])
            .no_result()
            .that("peer.submits = 0");
        let place = row.args.iter().position(|word| word == "--out").unwrap();
        row.args.drain(place..place + 2);
        row
    };
    vec![
        run("--out is a file", Script::polite(), "").file("out", b"mine").exit(&[1, 2]).no_result().that("peer.submits = 0"),
        run("--out is below a file", Script::polite(), "").file("taken", b"mine").out_at("{dir}/taken/out").exit(&[1, 2]).no_result().that("peer.submits = 0"),
        run("--out is a device", Script::polite(), "").out_at("/dev/full").exit(&[1, 2]).no_result().that("peer.submits = 0"),
        run("--out is nowhere to be made", Script::polite(), "").out_at("/proc/none/out").exit(&[1, 2]).no_result().that("peer.submits = 0"),
        run("--out has a name of 300 letters", Script::polite(), "").out_at(&format!("{{dir}}/{}", "x".repeat(300))).exit(&[1, 2]).no_result().that("peer.submits = 0"),
        default("the working directory cannot be written to", "cd /proc && exec \"$0\" \"$@\""),
        default("reports is a file in the working directory", "touch reports; exec \"$0\" \"$@\""),
        default("the working directory is gone", "mkdir gone; cd gone; rmdir ../gone; exec \"$0\" \"$@\""),
        run("the run folder goes in mid-run", Script::polite(), "--duration 2s").under("(sleep 1; rm -rf out) & "),
        run("a file takes the run folder's place in mid-run", Script::polite(), "--duration 2s")
            .under("(sleep 1; rm -rf out; touch out) & ")
            .exit(&[1, 2])
            .no_result(),
        call("three runs at once in one folder", "run --rate 20 --duration 500ms --warmup 0s --live off")
            .in_shell("for n in 1 2 3; do \"$0\" \"$@\" >/dev/null & done; wait; ls reports/*/result.json; test $(ls -d reports/*/ | wc -l) = 3"),
    ]
}

fn addresses() -> Vec<Row> {
    let refused = |address: &str, exits: &[i32]| {
        let row = run(
            &format!(
                "the target is {}",
                if address.len() > 60 { "a name of 300 letters" } else { address }
            ),
            Script::polite(),
            "",
        );
        row.retargeted(address).exit(exits).within(8)
    };
    let long = format!("{}:2775", "a".repeat(300));
    let mut rows: Vec<Row> = [
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1",
        "127.0.0.1:",
        ":2775",
        "127.0.0.1:x",
        "[::1",
        "\u{20}",
        &long,
    ]
    .map(|address| refused(address, &[2]))
    .to_vec();
    rows.extend([
        refused("[::1]:1", &[3]),
        refused("127.0.0.1:1", &[3]),
        refused("no-such-host.invalid:2775", &[2]),
        refused("192.0.2.1:2775", &[2]).named("without permission"),
        run("the target is localhost by name", Script::polite(), "")
            .retargeted("localhost:{port}")
            .that("ledger.accepted = 100"),
    ]);
    rows
}

fn surroundings() -> Vec<Row> {
    vec![
        run("TERM is dumb", Script::polite(), "").env("TERM", "dumb").check(|seen| {
            let escapes = seen.ended.out.contains('\u{1b}') || seen.ended.err.contains('\u{1b}');
            if escapes { Err("escape sequences where no terminal is".to_owned()) } else { Ok(()) }
        }),
        run("there is no HOME", Script::polite(), "")
            .under("unset HOME;")
            .that("ledger.accepted = 100"),
        run("TMPDIR is nowhere", Script::polite(), "")
            .env("TMPDIR", "/nowhere")
            .that("ledger.accepted = 100"),
        run("the locale is none", Script::polite(), "")
            .env("LC_ALL", "xx_XX.nothing")
            .env("TZ", "Nowhere/None")
            .that("ledger.accepted = 100"),
        run("an argument is not UTF-8", Script::polite(), "")
            .in_shell("exec \"$0\" \"$@\" $'\\xff\\xfe'")
            .exit(&[2]),
        run(
            "its environment holds no password of that name",
            Script::polite(),
            "--password-env NO_SUCH_VARIABLE",
        )
        .exit(&[2]),
        run(
            "the bind answers while the host is busy",
            Script::polite().bind(|c, p| {
                std::thread::sleep(std::time::Duration::from_millis(300));
                c.answer(p, OK, b"smsc\0")
            }),
            "--binds 10",
        )
        .that("ledger.accepted = 100"),
    ]
}
