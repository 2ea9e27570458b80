//! Input that a machine wrote: PDUs, captures, saved results, and strangers' words and our secrets in what
//! is written of them.
use crate::pdus::{noise, pdu};
use crate::peer::Script;
use crate::row::{Row, call, embedded, run};
use std::sync::LazyLock;

pub(crate) fn rows() -> Vec<Row> {
    [pdus(), captures(), results(), markup(), secrets()].concat()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Random PDUs: whole frames, with random commands and bodies.
fn random_pdus(count: usize) -> String {
    let mut random = fastrand::Rng::with_seed(77);
    let commands = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0xB, 0x15, 0x21, 0x102, 0x103, 0x111, 0x112, 0x113];
    let mut text = String::new();
    for n in 0..count {
        let command = match n % 5 {
            0 => random.u32(..),
            _ => commands[random.usize(..commands.len())] | (random.u32(..2) << 31),
        };
        let length = random.usize(..80);
        let body: Vec<u8> = (0..length).map(|_| random.u8(..)).collect();
        text += &hex(&pdu(command, random.u32(..300), random.u32(..), &body));
        text.push('\n');
    }
    text
}

fn pdus() -> Vec<Row> {
    let lines = |wanted: usize| {
        move |seen: &crate::play::Seen<'_>| {
            let lines: Vec<&str> = seen.ended.out.lines().collect();
            let sound =
                lines.iter().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok());
            if lines.len() == wanted && sound {
                Ok(())
            } else {
                Err(format!("{} lines, sound: {sound}", lines.len()))
            }
        }
    };
    let bind = pdu(9, 0, 1, b"esme\0S3cr3t99\0\0\x34\0\0\0");
    vec![
        call("decode of 20,000 random PDUs", "decode -")
            .stdin(random_pdus(20_000).as_bytes())
            .check(lines(20_000))
            .within(30),
        call("decode of nothing", "decode -").exit(&[0, 2]),
        call("decode of noise", "decode -").stdin(&noise(40, 100_000)).exit(&[2]).within(10),
        call("decode of zeroes", "decode -").stdin(&[0; 100_000]).exit(&[2]).within(10),
        call("decode of one line of 4 MB", "decode -")
            .stdin("00".repeat(2_000_000).as_bytes())
            .exit(&[0, 2])
            .within(20)
            .memory(600),
        call("decode of 100,000 empty lines", "decode -")
            .stdin("\n".repeat(100_000).as_bytes())
            .exit(&[0, 2])
            .within(10),
        call("decode of 50,000 headers in one line", "decode -")
            .stdin("00000010000000150000000000000001".repeat(50_000).as_bytes())
            .check(lines(50_000))
            .within(30)
            .memory(500),
        call("decode of half a PDU", "decode 00000020000000040000").exit(&[0, 2]),
        call("decode of a length of 4 GB", "decode ffffffff000000040000000000000001"),
        call("decode of a length of 0", "decode 00000000000000040000000000000001"),
        call("decode of a word", "decode nonsense").exit(&[2]),
        call("decode of a folder", "decode {dir}").exit(&[2]),
        call("decode hides the password of a bind", "decode")
            .word(hex(&bind))
            .never_says("S3cr3t99"),
        call("decode hides the password of a bind that is cut short", "decode")
            .word(hex(&pdu(9, 0, 1, b"esme\0S3cr3t99")))
            .never_says("S3cr3t99"),
    ]
}

/// A classic capture of TCP segments over raw IP: (sequence number, octets) each.
fn capture(link_type: u32, segments: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut octets = Vec::new();
    for word in [0xA1B2_C3D4, 0x0002_0004, 0, 0, 65_535, link_type] {
        octets.extend_from_slice(&u32::to_be_bytes(word));
    }
    for (n, (sequence, payload)) in segments.iter().enumerate() {
        let length = 40 + payload.len() as u32;
        for word in [n as u32, 0, length, length] {
            octets.extend_from_slice(&u32::to_be_bytes(word));
        }
        octets.extend_from_slice(&[0x45, 0]);
        octets.extend_from_slice(&(length as u16).to_be_bytes());
        octets.extend_from_slice(&[0, 0, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 2]);
        octets.extend_from_slice(&[0x9C, 0x40, 0x0A, 0xD7]);
        octets.extend_from_slice(&sequence.to_be_bytes());
        octets.extend_from_slice(&[0, 0, 0, 0, 0x50, 0x10, 0xFF, 0xFF, 0, 0, 0, 0]);
        octets.extend_from_slice(payload);
    }
    octets
}

fn captures() -> Vec<Row> {
    let enquiry = |n: u32| pdu(0x15, 0, n, b"");
    let whole: Vec<(u32, Vec<u8>)> = (0..200).map(|n| (1 + n * 16, enquiry(n + 1))).collect();
    let raw = 101;
    let sound = capture(raw, &whole);
    let read = |name: &str, octets: &[u8]| {
        call(name, "decode {dir}/c.pcap").file("c.pcap", octets).within(20)
    };
    // one octet each, behind a gap
    let tiny = |count: u32, gap: u32| -> Vec<(u32, Vec<u8>)> {
        (0..count)
            .map(|n| {
                (1 + n + if n > 20 { gap } else { 0 }, vec![enquiry(n / 16 + 1)[n as usize % 16]])
            })
            .collect()
    };
    let reversed: Vec<_> = tiny(60_000, 0).into_iter().rev().collect();
    let flood: Vec<_> = (0..60_000u32).map(|n| (n * 100 + 1_000_000, vec![0])).collect();
    vec![
        read("a capture of 200 PDUs", &sound).check(|seen| {
            let lines = seen.ended.out.lines().count();
            if lines == 200 { Ok(()) } else { Err(format!("{lines} lines")) }
        }),
        read("a capture that ends behind its magic", &sound[..4]).exit(&[0, 2]),
        read("a capture that ends behind its header", &sound[..24]).exit(&[0, 2]),
        read("a capture that ends in a packet", &sound[..sound.len() - 30]),
        read("a capture of another link type", &capture(147, &whole)).exit(&[0, 2]),
        read("a capture of noise", &[&sound[..24], &noise(50, 200_000)].concat()).exit(&[0, 2]),
        read(
            "a capture whose packet says 4 GB",
            &[
                &sound[..24],
                &[0, 0, 0, 1, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            ]
            .concat(),
        )
        .exit(&[0, 2]),
        read("a capture of 100,000 tiny segments", &capture(raw, &tiny(100_000, 0))).memory(300),
        read(
            "a capture with a gap and 100,000 tiny segments behind it",
            &capture(raw, &tiny(100_000, 7)),
        )
        .memory(300),
        read("a capture of 60,000 tiny segments in reverse", &capture(raw, &reversed)).memory(300),
        read("a capture of 60,000 segments with a gap between each", &capture(raw, &flood))
            .exit(&[0, 2])
            .memory(300),
    ]
}

/// The sample of the README, as a saved result.
static SAMPLE: LazyLock<String> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/reports/sample/result.json");
    std::fs::read_to_string(path).unwrap()
});

fn results() -> Vec<Row> {
    let render = |name: &str, content: &[u8]| {
        call(name, "render {dir}/r.json --format html")
            .file("r.json", content)
            .exit(&[1, 2])
            .within(10)
    };
    let sample = SAMPLE.as_str();
    let mut rows: Vec<Row> = [1, 100, 5_000, sample.len() / 2, sample.len() - 3]
        .map(|cut| render(&format!("a result cut at {cut}"), &sample.as_bytes()[..cut]))
        .to_vec();
    let changed = |name: &str, change: fn(&mut serde_json::Value)| {
        let mut value: serde_json::Value = serde_json::from_str(&SAMPLE).unwrap();
        change(&mut value);
        render(name, value.to_string().as_bytes())
    };
    let inflating = bomb(300_000_000);
    let mut bombed: serde_json::Value = serde_json::from_str(sample).unwrap();
    bombed["latency"]["response"]["hdr"] = inflating.into();
    rows.extend([
        render("a result that is empty", b""),
        render("a result of noise", &noise(61, 10_000)),
        render("a result that is a list", b"[]"),
        render("a result that nests 100,000 deep", "[".repeat(100_000).as_bytes()),
        changed("a result with a negative count", |v| v["ledger"]["written"] = (-5).into()),
        changed("a result whose ledger is a word", |v| v["ledger"] = "full".into()),
        changed("a result of a newer schema", |v| v["schema"] = "smppbench.result/9".into()),
        changed("a result with a count of 10^30", |v| v["ledger"]["written"] = 1e30.into()),
        changed("a result whose histogram is no base64", |v| {
            v["latency"]["response"]["hdr"] = "!!!".into()
        })
        .exit(&[0, 1, 2]),
        changed("a result whose histogram is cut short", |v| {
            let hdr = v["latency"]["response"]["hdr"].as_str().unwrap()[..40].to_owned();
            v["latency"]["response"]["hdr"] = hdr.into();
        })
        .exit(&[0, 1, 2]),
        changed("a result whose times are beyond all", |v| v["window"]["to_s"] = 1e300.into())
            .exit(&[0, 1, 2]),
        changed("a result with 0 s measured", |v| v["window"]["measured_s"] = 0.into())
            .exit(&[0, 1, 2]),
        changed("a result without intervals", |v| v["intervals"] = serde_json::json!([]))
            .exit(&[0, 1, 2]),
        // 300 MB of counts in 300 kB of base64 (fault 14)
        render("a result whose histogram inflates to 300 MB", bombed.to_string().as_bytes())
            .exit(&[0, 1, 2])
            .memory(150),
        call(
            "a result whose histogram inflates, in a comparison",
            "compare {dir}/r.json --with {dir}/r.json",
        )
        .file("r.json", bombed.to_string().as_bytes())
        .exit(&[0, 1, 2])
        .memory(150)
        .within(20),
        call("a result that is not there", "render {dir}/nowhere --format text").exit(&[1, 2]),
        call("a folder without a result", "render {dir} --format text").exit(&[1, 2]),
        call("gate of noise", "gate {dir}/r.json").file("r.json", &noise(62, 1_000)).exit(&[1, 2]),
        call("compare of noise", "compare {dir}/r.json --with {dir}/r.json")
            .file("r.json", &noise(63, 1_000))
            .exit(&[1, 2]),
    ]);
    rows
}

/// A V2 compressed histogram that says so many octets of empty counts.
fn bomb(octets: usize) -> String {
    use base64::Engine;
    use flate2::{Compression, write::ZlibEncoder};
    use std::io::Write;
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    let mut header = 0x1C84_9303u32.to_be_bytes().to_vec();
    header.extend_from_slice(&(octets as u32).to_be_bytes());
    header.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 3]);
    header.extend_from_slice(&1u64.to_be_bytes());
    header.extend_from_slice(&(u64::MAX / 4).to_be_bytes());
    header.extend_from_slice(&1f64.to_be_bytes());
    zlib.write_all(&header).unwrap();
    let block = vec![0u8; 1 << 20];
    (0..octets >> 20).for_each(|_| zlib.write_all(&block).unwrap());
    let packed = zlib.finish().unwrap();
    let mut whole = 0x1C84_9304u32.to_be_bytes().to_vec();
    whole.extend_from_slice(&(packed.len() as u32).to_be_bytes());
    whole.extend_from_slice(&packed);
    base64::engine::general_purpose::STANDARD.encode(whole)
}

const SCRIPT: &str = "<script>alert(1)</script>";
const FORMULA: &str = "=HYPERLINK(1)";

/// Names, ids and states of strangers through every output format.
fn markup() -> Vec<Row> {
    let clean = |seen: &crate::play::Seen<'_>| {
        let read = |name: &str| {
            std::fs::read_to_string(seen.place.join("out").join(name)).unwrap_or_default()
        };
        for name in ["report.html", "summary.md", "junit.xml"] {
            if read(name).contains(SCRIPT) {
                return Err(format!("{name} holds a script as it came"));
            }
        }
        for name in ["missing.csv", "rejected.csv", "intervals.csv"] {
            let cells = read(name);
            if cells.split([',', '\n', '\r']).any(|cell| cell.trim_matches('"').starts_with('=')) {
                return Err(format!("{name} holds a formula"));
            }
        }
        if seen.ended.out.contains('\u{1b}') || seen.ended.err.contains('\u{1b}') {
            return Err("escape sequences reach the terminal".to_owned());
        }
        Ok(())
    };
    let with_id = |name: &str, id: &'static str| {
        run(
            name,
            Script::polite()
                .submit(move |c, p| c.accept_as(p, format!("{id}{}", c.count()).as_bytes())),
            "--receipts on",
        )
        .check(clean)
        .that("ledger.receipts.missing = 100")
    };
    let stat = |name: &str, stat: &'static str| {
        run(
            name,
            Script::polite().submit(move |c, p| {
                let id = c.id();
                c.accept_as(p, id.as_bytes());
                c.say(&crate::pdus::deliver(
                    c.next(),
                    crate::pdus::said(&id, stat).as_bytes(),
                    4,
                    0,
                    &[],
                ))
            }),
            "--receipts on",
        )
        .check(clean)
    };
    let named = format!(
        "name = {SCRIPT:?}\n[[accounts]]\nname = {FORMULA:?}\nsystem_id = \"a\\\"<b>\"\n\
         [[messages]]\nlabel = \"\\u001b[31m{SCRIPT}\"\n[gates]\n\"ledger.rejected\" = \"= 0\"\n"
    );
    vec![
        with_id("message_ids of markup", SCRIPT),
        with_id("message_ids that are formulas", FORMULA),
        with_id("message_ids with quotes, commas and line ends", "a\",\n\r=b'"),
        with_id("message_ids with escape sequences", "\u{1b}[31m\u{7}"),
        stat("receipts whose state is markup", SCRIPT),
        stat("receipts whose state is an escape sequence", "\u{1b}[2J"),
        run("names of markup and formulas", Script::polite(), "{dir}/p.toml")
            .file("p.toml", named.as_bytes())
            .check(clean)
            .exit(&[0, 2])
            .either_result(),
        run(
            "bind_resp names itself in markup",
            Script::polite().bind(|c, p| c.answer(p, 0, format!("{SCRIPT}\0").as_bytes())),
            "",
        )
        .check(clean),
        run(
            "a refusal's name cannot be printed",
            Script::polite().bind(|c, p| c.refuse(p, 0x1B5B_334A)),
            "",
        )
        .exit(&[3])
        .check(clean),
    ]
}

/// Passwords: in no output and in no file (fault 15).
fn secrets() -> Vec<Row> {
    const SECRET: &str = "S3cr3tPw";
    let env = |row: Row| row.env("PW", SECRET).more("--password-env PW").never_says(SECRET);
    let first_of = |content: &'static [u8]| {
        call("a password file", "dial --target {target} --password-file {dir}/password --wait 50ms")
            .against(Script::polite())
            .file("password", content)
            .under("chmod 600 password;")
    };
    let sent = |wanted: &'static str| {
        move |seen: &crate::play::Seen<'_>| {
            let binds = seen.peer.map(crate::peer::Peer::binds).unwrap_or_default();
            let password = binds
                .first()
                .and_then(|body| body.split(|octet| *octet == 0).nth(1).map(<[u8]>::to_vec));
            if password.as_deref() == Some(wanted.as_bytes()) {
                Ok(())
            } else {
                Err(format!("the password sent is {password:?}"))
            }
        }
    };
    let mut lines = first_of(b"S3cr3tPw\nN0tThis\n").check(sent(SECRET)).never_says(SECRET);
    lines.name = "a password file of two lines".to_owned();
    let mut marked = first_of(b"\xEF\xBB\xBFS3cr3tPw\n").check(sent(SECRET)).never_says(SECRET);
    marked.name = "a password file with a byte order mark".to_owned();
    let mut windows = first_of(b"S3cr3tPw\r\nmore").check(sent(SECRET)).never_says(SECRET);
    windows.name = "a password file with the line ends of Windows".to_owned();
    vec![
        env(run(
            "our bind comes back, with --show-content",
            Script::polite().bind(|c, p| {
                c.answer(p, 0, b"smsc\0");
                c.say(&p.octets())
            }),
            "--show-content",
        )),
        env(run(
            "our bind comes back, masked",
            Script::polite().bind(|c, p| {
                c.answer(p, 0, b"smsc\0");
                c.say(&p.octets())
            }),
            "",
        )),
        env(run(
            "our bind comes back as the body of another PDU",
            Script::polite().bind(|c, p| {
                c.answer(p, 0, b"smsc\0");
                c.say(&pdu(0x0001_0200, 0, 9, &p.octets()))
            }),
            "",
        )),
        env(run(
            "our bind comes back to a trace",
            Script::polite()
                .bind(|c, p| {
                    c.answer(p, 0, b"smsc\0");
                    c.say(&p.octets())
                })
                .submit(|c, p| c.refuse(p, 0x45)),
            "--show-content --trace failed:5",
        )),
        env(run(
            "a bind with a password is refused",
            Script::polite().bind(|c, p| c.refuse(p, 0x0E)),
            "",
        )
        .exit(&[3])),
        env(run(
            "our bind comes back instead of bind_resp",
            Script::polite().bind(|c, p| c.say(&p.octets())),
            "--show-content",
        )
        .exit(&[3])),
        env(call("dial with --hex and a password", "dial --target {target} --hex --wait 50ms")
            .against(Script::polite())),
        env(call("dial with --json and a password", "dial --target {target} --json --wait 50ms")
            .against(Script::polite())),
        env(call(
            "dial, and our bind comes back",
            "dial --target {target} --hex --show-content --wait 200ms",
        )
        .against(Script::polite().bind(|c, p| {
            c.answer(p, 0, b"smsc\0");
            c.say(&p.octets())
        }))
        .exit(&[0, 1, 2])),
        embedded("the simulator's password stands in --set", "--rate 10")
            .word("--set")
            .word(format!("embedded.accounts=[{{system_id=\"smppbench\",password=\"{SECRET}\"}}]"))
            .more("--set accounts.0.system_id=smppbench --password-env PW")
            .env("PW", SECRET)
            .never_says(SECRET)
            .exit(&[0, 2])
            .either_result(),
        call(
            "password_env is the password itself",
            "run --target {target} --out {out} --password-env S3cr3t+Pw!",
        )
        .exit(&[2])
        .never_says("S3cr3t+Pw!"),
        call("password_env is the password itself, in a profile", "check {dir}/p.toml")
            .file("p.toml", b"name = \"p\"\n[[accounts]]\npassword_env = \"S3cr3t+Pw!\"\n")
            .exit(&[0, 2])
            .never_says("S3cr3t+Pw!"),
        call("a password stands bare in a profile", "check {dir}/p.toml")
            .file("p.toml", b"name = \"p\"\n[[accounts]]\npassword = \"S3cr3tPw\"\n")
            .exit(&[2])
            .never_says(SECRET),
        lines,
        marked,
        windows,
    ]
}
