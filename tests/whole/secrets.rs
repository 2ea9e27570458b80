//! A password is planted in every input; it must be in no output: not in a file of a run folder, not on the
//! screen, not in hexadecimal, whatever the peer sends back and whatever was mistyped.
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const SECRET: &str = "S3cr3tPw";

/// How the peer sends our own bind back.
#[derive(Clone, Copy, Debug)]
enum Echo {
    Whole,
    InsideDeliverSm,
    CutInDeliverSm,
    BehindGarbage,
    AsTextOfDeliverSm,
}

fn frame(id: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = 16 + body.len() as u32;
    let mut octets = Vec::new();
    for word in [length, id, 0, sequence] {
        octets.extend(word.to_be_bytes());
    }
    octets.extend(body);
    octets
}

fn deliver_sm(short_message: &[u8]) -> Vec<u8> {
    let mut body = b"\0\x01\x01447700900001\0\x01\x01447700900002\0\0\0\0\0\0\0\0\x04\0".to_vec();
    body.push(short_message.len() as u8);
    body.extend(short_message);
    frame(5, 77, &body)
}

fn echo(how: Echo, bind: &[u8]) -> Vec<u8> {
    match how {
        Echo::Whole => bind.to_vec(),
        Echo::InsideDeliverSm => deliver_sm(bind),
        Echo::CutInDeliverSm => {
            let mut cut = deliver_sm(&bind[..bind.len() - 4]);
            // a length that promises more than there is: unreadable
            let at = cut.len() - bind.len() + 3;
            cut[at] = 250;
            cut
        }
        Echo::BehindGarbage => [&b"\xFF\xFF\xFF"[..], bind].concat(),
        Echo::AsTextOfDeliverSm => {
            deliver_sm(&[b"you said ", SECRET.as_bytes(), b", did you"].concat())
        }
    }
}

/// An SMSC that answers, and sends the bind back.
fn peer(how: Echo) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            std::thread::spawn(move || serve(stream, how));
        }
    });
    address
}

/// Ends with its connection.
fn serve(mut stream: TcpStream, how: Echo) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    loop {
        let mut head = [0; 16];
        stream.read_exact(&mut head).ok()?;
        let word = |at: usize| u32::from_be_bytes(head[at..at + 4].try_into().unwrap());
        let mut body = vec![0; word(0) as usize - 16];
        stream.read_exact(&mut body).ok()?;
        let (id, sequence) = (word(4), word(12));
        let answer = match id {
            1 | 2 | 9 => {
                let own = [&head[..], &body].concat();
                let resp = frame(id | 0x8000_0000, sequence, b"smsc\0");
                [resp, echo(how, &own)].concat()
            }
            4 => frame(0x8000_0004, sequence, format!("{sequence}\0").as_bytes()),
            id if id < 0x8000_0000 => frame(id | 0x8000_0000, sequence, b""),
            _ => continue,
        };
        stream.write_all(&answer).ok()?;
    }
}

fn smppbench(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_smppbench"))
        .current_dir(folder)
        .args(arguments)
        .env("PW", SECRET)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn holds(octets: &[u8]) -> bool {
    let hex: String = SECRET.bytes().map(|o| format!("{o:02x}")).collect();
    let spaced: String = SECRET.bytes().map(|o| format!("{o:02x} ")).collect();
    let wide: Vec<u8> = SECRET.bytes().flat_map(|o| [0, o]).collect();
    let lower = octets.to_ascii_lowercase();
    let found = |needle: &[u8]| lower.windows(needle.len()).any(|w| w == needle);
    found(SECRET.to_ascii_lowercase().as_bytes())
        || found(hex.as_bytes())
        || found(spaced.trim().as_bytes())
        || found(&wide.to_ascii_lowercase())
}

/// Every file below a folder but those that the test wrote.
fn files(folder: &Path, into: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, into),
            false if path.file_name().unwrap().to_str().unwrap().starts_with("input") => {}
            false => into.push(path),
        }
    }
}

/// Runs a command line, looks at all that comes of it, and returns its exit code.
fn clean(folder: &Path, arguments: &[&str]) -> Option<i32> {
    let out = smppbench(folder, arguments);
    let said = String::from_utf8_lossy(&out.stdout) + String::from_utf8_lossy(&out.stderr);
    assert!(!holds(&out.stdout) && !holds(&out.stderr), "{arguments:?}: {said}");
    let mut written = Vec::new();
    files(folder, &mut written);
    for path in written {
        assert!(!holds(&std::fs::read(&path).unwrap()), "{arguments:?}: {}", path.display());
    }
    out.status.code()
}

fn run_against(how: Echo) {
    let folder = tempfile::tempdir().unwrap();
    let target = peer(how);
    let run = "--receipts off --rate 20 --duration 1s --warmup 0s --show-content --password-env PW \
               --binds 1 --trace failed:9 --out out --set timeouts.drain=1s --set timeouts.response=1s \
               --set timeouts.bind=2s --set binds.rebind=off --set guard.foreign=ack";
    let mut arguments: Vec<&str> = vec!["run", "--target", &target];
    arguments.extend(run.split_whitespace());
    let code = clean(folder.path(), &arguments);
    assert!(code.is_some(), "{how:?}: killed");
    let wanted = matches!(how, Echo::Whole | Echo::InsideDeliverSm | Echo::AsTextOfDeliverSm);
    assert!(!wanted || folder.path().join("out/report.html").exists(), "{how:?}: {code:?}");
    let json = ["run", "--json", "--target", &target];
    let rest: Vec<&str> = run.split_whitespace().collect();
    clean(folder.path(), &[&json[..], &rest].concat());
    for more in [&["--hex"][..], &["--json", "--hex"]] {
        let dial = ["dial", "--target", &target, "--password-env", "PW", "--to", "447700900123"];
        let dial = [&dial[..], &["--wait", "300ms"]].concat();
        clean(folder.path(), &[&dial[..], more].concat());
    }
}

#[test]
fn a_bind_that_comes_back_whole_shows_no_password() {
    run_against(Echo::Whole);
}

#[test]
fn a_bind_that_comes_back_in_a_delivery_shows_no_password() {
    run_against(Echo::InsideDeliverSm);
    run_against(Echo::CutInDeliverSm);
}

#[test]
fn a_bind_that_comes_back_behind_garbage_shows_no_password() {
    run_against(Echo::BehindGarbage);
}

#[test]
fn a_password_that_comes_back_as_text_is_not_in_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let target = peer(Echo::AsTextOfDeliverSm);
    let run = "--receipts off --rate 20 --duration 1s --warmup 0s --show-content --password-env PW --out out";
    let mut arguments: Vec<&str> = vec!["run", "--target", &target];
    arguments.extend(run.split_whitespace());
    assert_eq!(clean(folder.path(), &arguments), Some(0));
}

#[test]
fn a_password_in_a_setting_a_file_or_by_mistake_is_repeated_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let write = |name: &str, text: &str| std::fs::write(at.join(name), text).unwrap();
    write("input-pw", &format!("\u{feff}{SECRET}\r\nthe second line\n"));
    write("input-bare.toml", &format!("[[accounts]]\npassword = \"{SECRET}\"\n"));
    write("input-env.toml", &format!("[[accounts]]\npassword_env = \"{SECRET}\"\n"));
    write("input-file.toml", &format!("[[accounts]]\npassword_file = \"{SECRET}\"\n"));
    write(
        "input-smsc.toml",
        &format!("accounts = [{{ system_id = \"a\", password = \"{SECRET}é\" }}]\n"),
    );
    write("input-open.toml", &format!("[[accounts]]\npassword = \"{SECRET}\n"));
    write(
        "input-duel.toml",
        &format!(
            "[duel.a]\nembedded.accounts = [{{ system_id = \"smppbench\", password = \"{SECRET}\" }}]\n"
        ),
    );
    let accounts = format!("embedded.accounts=[{{system_id=\"smppbench\",password=\"{SECRET}\"}}]");
    let open = format!("embedded.accounts=[{{system_id=\"smppbench\",password=\"{SECRET}\"");
    let wrong = format!(
        "embedded.accounts=[{{system_id=\"smppbench\",pasword=\"x\",password=\"{SECRET}\"}}]"
    );
    let dotted = format!("accounts.0.password={SECRET}");
    let accent = format!("embedded.accounts.0.password={SECRET}é");
    let by_name = format!("account.password_env={SECRET}");
    let by_name_set = format!("accounts.0.password_file={SECRET}");
    let side = format!("{accounts},message.text=x");
    let short = ["--receipts", "off", "--rate", "20", "--duration", "1s", "--warmup", "0s"];
    let with = |more: &[&str]| -> Option<i32> {
        let all: Vec<&str> = more.iter().chain(&short).copied().collect();
        clean(at, &all)
    };
    assert_eq!(with(&["run", "--set", &accounts, "--password-env", "PW", "--out", "a"]), Some(0));
    assert_eq!(
        with(&["run", "--set", &accounts, "--password-file", "input-pw", "--out", "b"]),
        Some(0)
    );
    assert_eq!(with(&["check", "--set", &accounts, "--password-env", "PW"]), Some(0));
    for (code, arguments) in [
        (2, &["run", "--set", &open][..]),
        (2, &["run", "--set", &wrong]),
        (2, &["run", "--set", &dotted]),
        (2, &["run", "--set", &accent]),
        (2, &["run", "--password-env", SECRET]),
        (2, &["run", "--password-file", SECRET]),
        (2, &["run", "input-bare.toml"]),
        (2, &["run", "input-env.toml"]),
        (2, &["run", "input-file.toml"]),
        (2, &["run", "input-open.toml"]),
        (2, &["smsc", "--behaviour", "input-smsc.toml"]),
        (2, &["duel", "input-duel.toml", "--a", &open, "--b", "target.keepalive=true"]),
        (2, &["duel", "--a", &by_name, "--b", "target.keepalive=true"]),
        (2, &["run", "--set", &by_name_set]),
        // it reads no password, so the file need not be there
        (0, &["check", "--set", &by_name_set]),
        (2, &["find", "rate", "--password-env", SECRET]),
        (2, &["dial", "--password-file", SECRET]),
    ] {
        assert_eq!(clean(at, arguments), Some(code), "{arguments:?}");
    }
    let duel = [
        "duel",
        "input-duel.toml",
        "--b",
        &side,
        "--simultaneous",
        "--password-env",
        "PW",
        "--out",
        "d",
    ];
    assert!(with(&duel).is_some());
}

#[test]
fn decode_shows_no_password_of_a_bind() {
    let folder = tempfile::tempdir().unwrap();
    let body = [b"smppbench\0", SECRET.as_bytes(), b"\0\0\x34\0\0\0"].concat();
    let bind = frame(9, 1, &body);
    let hex = |octets: &[u8]| octets.iter().map(|o| format!("{o:02x}")).collect::<String>();
    let cut = hex(&bind[..30]);
    for octets in [hex(&bind), cut, hex(&deliver_sm(&bind)), hex(&[&b"xyz"[..], &bind].concat())] {
        assert_eq!(clean(folder.path(), &["decode", &octets]), Some(0));
    }
}
