//! Whole runs over TLS: against the simulator in this process, with certificates made for the occasion.
use assert_cmd::Command;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use smppbench::judge::{self, Books};
use smppbench::measure::{Metric, NoObserver};
use smppbench::plan::{self, Overrides, Source, behaviour_file};
use smppbench::smsc::Server;
use smppbench::trial::{Tcp, Trial, tally_view};
use std::path::Path;
use tempfile::TempDir;

/// A folder with PEM files: `ca other_ca` (two authorities that do not know each other); signed by the first
/// `server expired elsewhere` (another name) and `client`, each with its `-key`.
struct Vault(TempDir);

impl Vault {
    fn new() -> Vault {
        let vault = Vault(tempfile::tempdir().unwrap());
        let ca = vault.authority("ca");
        vault.authority("other_ca");
        for (name, host, last_year) in [
            ("server", "127.0.0.1", 2999),
            ("expired", "127.0.0.1", 2020),
            ("elsewhere", "smsc.example", 2999),
            ("client", "esme.example", 2999),
        ] {
            let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
            params.not_before = date_time_ymd(2019, 1, 1);
            params.not_after = date_time_ymd(last_year, 1, 1);
            let key = KeyPair::generate().unwrap();
            vault.put(name, &params.signed_by(&key, &ca).unwrap().pem());
            vault.put(&format!("{name}-key"), &key.serialize_pem());
        }
        vault
    }

    fn authority(&self, name: &str) -> Issuer<'static, KeyPair> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        self.put(name, &params.self_signed(&key).unwrap().pem());
        Issuer::new(params, key)
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(format!("{name}.pem")), text).unwrap();
    }

    fn pem(&self, name: &str) -> String {
        self.0.path().join(format!("{name}.pem")).display().to_string()
    }

    fn target(&self, ca: &str, more: &str) -> String {
        format!(
            r#"
                [target]
                address = "embedded"
                tls = true
                tls_ca = {:?}
                {more}
            "#,
            self.pem(ca)
        )
    }

    fn simulator(&self, certificate: &str, more: &str) -> String {
        let (pem, key) = (self.pem(certificate), self.pem(&format!("{certificate}-key")));
        format!(
            r#"
            [embedded.tls]
            certificate = {pem:?}
            key = {key:?}
            {more}
        "#
        )
    }

    fn client(&self) -> String {
        format!("tls_cert = {:?}\ntls_key = {:?}", self.pem("client"), self.pem("client-key"))
    }

    fn client_ca(&self, name: &str) -> String {
        format!("client_ca = {:?}", self.pem(name))
    }

    /// What the command says of this profile: exit code and stderr.
    fn told(&self, target: &str, simulator: &str) -> (i32, String) {
        let profile = self.0.path().join("p.toml");
        std::fs::write(&profile, format!("{target}{LOAD}{simulator}")).unwrap();
        let out = Command::cargo_bin("smppbench")
            .unwrap()
            .args(["run", "--live", "off", "--out"])
            .arg(self.0.path().join("out"))
            .arg(&profile)
            .output()
            .unwrap();
        (out.status.code().unwrap(), String::from_utf8(out.stderr).unwrap())
    }

    /// The one line in which a run that never began says why.
    fn refused(&self, code: i32, target: &str, simulator: &str) -> String {
        let (was, stderr) = self.told(target, simulator);
        let lines: Vec<&str> = stderr.lines().filter(|l| !l.contains("warning: ")).collect();
        assert_eq!((was, lines.len()), (code, 1), "{stderr}");
        assert!(!stderr.contains("PRIVATE KEY"), "{stderr}");
        lines[0].to_owned()
    }
}

const LOAD: &str = r#"
    [binds]
    count = 2
    window = 20
    [load]
    workers = 1
    stages = [{ hold = 400, for = "1s" }]
    [[messages]]
    registered_delivery = 1
    text = "over TLS"
    [embedded.response]
    latency = "5ms"
    [embedded.receipts]
    delay = "20ms"
"#;

#[test]
fn a_run_over_tls_balances_and_its_handshakes_are_timed() {
    let vault = Vault::new();
    let client = vault.client();
    for (target, simulator) in [
        (vault.target("ca", ""), vault.simulator("server", "")),
        (vault.target("ca", &client), vault.simulator("server", &vault.client_ca("ca"))),
        (
            vault.target("ca", "tls_server_name = \"smsc.example\""),
            vault.simulator("elsewhere", ""),
        ),
        (vault.target("other_ca", "tls_verify = false"), vault.simulator("server", "")),
    ] {
        let text = format!("{target}{LOAD}{simulator}");
        let source = Source::Text { name: "test.toml".into(), text };
        let plan = plan::load(&source, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"));
        let opted_out = plan.target.tls.as_ref().is_some_and(|tls| !tls.verify);
        assert_eq!(plan.warnings.iter().any(|w| w.contains("NOT verified")), opted_out);
        let mut trial = Tcp::default();
        let record = trial.run(&plan, &mut NoObserver).unwrap_or_else(|e| panic!("{e}"));
        let books = Books::of(&plan, &record);
        assert!(books.balanced, "{:#?}", books.failures);
        let tally = trial.tally().unwrap();
        let check = judge::against_tally(&record, &tally_view(tally));
        assert!(check.agrees, "{:#?}", check.lines);
        let t = record.ledger();
        assert_eq!((t.accepted, t.receipts_final), (400, 400));
        assert_eq!((tally.sessions.unbound_by_esme, tally.sessions.dropped), (2, 0));
        let shaken = &record.whole[Metric::TlsHandshake as usize - Metric::PER_MESSAGE_COUNT];
        assert_eq!(shaken.count(), 2);
        assert!(shaken.max().unwrap().0 > 10_000, "{:?}", shaken.max());
    }
}

#[test]
fn a_certificate_that_does_not_verify_ends_in_one_line_and_exit_3() {
    let vault = Vault::new();
    for (target, simulator, word) in [
        (vault.target("other_ca", ""), vault.simulator("server", ""), "UnknownIssuer"),
        (
            vault.target("other_ca", ""),
            vault.simulator("server", ""),
            "give that certificate with --tls-ca",
        ),
        (vault.target("ca", ""), vault.simulator("expired", ""), "expired"),
        (vault.target("ca", ""), vault.simulator("elsewhere", ""), "not valid for name"),
        (
            vault.target("ca", ""),
            vault.simulator("server", &vault.client_ca("ca")),
            "CertificateRequired",
        ),
        (
            vault.target("ca", &vault.client()),
            vault.simulator("server", &vault.client_ca("other_ca")),
            "UnknownCA",
        ),
    ] {
        let line = vault.refused(3, &target, &simulator);
        assert!(line.contains(word), "{line}");
    }
}

#[test]
fn a_file_that_will_not_do_ends_in_one_line_and_exit_2() {
    let vault = Vault::new();
    vault.put("junk", "-----BEGIN CERTIFICATE-----\nnot base64\n");
    vault.put("empty", "");
    let (target, simulator) = (vault.target("ca", ""), vault.simulator("server", ""));
    let identity = |cert: &str, key: &str| {
        format!("tls_cert = {:?}\ntls_key = {:?}", vault.pem(cert), vault.pem(key))
    };
    let of_keys = |certificate: &str, key: &str| {
        let (pem, key) = (vault.pem(certificate), vault.pem(key));
        format!(
            r#"
            [embedded.tls]
            certificate = {pem:?}
            key = {key:?}
        "#
        )
    };
    for (target, simulator, word) in [
        (vault.target("missing", ""), simulator.clone(), "missing.pem"),
        (vault.target("junk", ""), simulator.clone(), "junk.pem: is not valid PEM"),
        (vault.target("empty", ""), simulator.clone(), "empty.pem: holds no certificate"),
        (
            vault.target("ca", &identity("client", "ca")),
            simulator.clone(),
            "ca.pem: holds no private",
        ),
        (
            vault.target("ca", &identity("client", "server-key")),
            simulator.clone(),
            "server-key.pem: is not the key of the certificate",
        ),
        (
            vault.target("ca", "tls_server_name = \"a b\""),
            simulator.clone(),
            "\"a b\" is not a valid certificate name",
        ),
        (target.clone(), of_keys("server", "client-key"), "client-key.pem: is not the key"),
        (target.clone(), of_keys("nowhere", "client-key"), "nowhere.pem: cannot be read"),
        (target.clone(), vault.simulator("server", &vault.client_ca("junk")), "junk.pem"),
        (target, String::new(), "embedded.tls: has no certificate"),
        ("[target]\naddress = \"embedded\"\n".to_owned(), simulator, "set target.tls = true"),
    ] {
        let line = vault.refused(2, &target, &simulator);
        assert!(line.contains(word), "{line}\nwanted: {word}");
    }
}

#[test]
fn a_simulator_whose_key_will_not_do_says_so_and_binds_nothing() {
    let vault = Vault::new();
    let file = vault.0.path().join("b.toml");
    let (pem, key) = (vault.pem("server"), vault.pem("client-key"));
    std::fs::write(
        &file,
        format!(
            r#"
        [tls]
        certificate = {pem:?}
        key = {key:?}
    "#
        ),
    )
    .unwrap();
    let mut command = Command::cargo_bin("smppbench").unwrap();
    let out = command.args(["smsc", "--listen", "127.0.0.1:0", "--behaviour"]).arg(&file);
    let out = out.output().unwrap();
    let stderr = String::from_utf8(out.stderr).unwrap();
    assert_eq!((out.status.code(), stderr.lines().count()), (Some(2), 1), "{stderr}");
    assert!(stderr.contains("client-key.pem: is not the key of the certificate"), "{stderr}");
}

#[test]
fn nothing_is_sent_to_a_peer_that_does_not_verify() {
    let vault = Vault::new();
    let behaviour =
        behaviour_file::parse(&vault.simulator("server", "").replace("[embedded.tls]", "[tls]"))
            .unwrap();
    let server = Server::start(&behaviour, "127.0.0.1:0".parse().unwrap()).unwrap();
    let at = server.address.to_string();
    let target = vault.target("other_ca", "").replace("embedded", &at);
    let text = format!("{target}{}", LOAD.split("[embedded").next().unwrap());
    let source = Source::Text { name: "test.toml".into(), text };
    let plan = plan::load(&source, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"));
    let error = Tcp::default().run(&plan, &mut NoObserver).unwrap_err().to_string();
    assert!(error.lines().all(|line| line.contains("UnknownIssuer")), "{error}");
    let tally = server.stop();
    assert_eq!((tally.sessions.connections, tally.submits.received), (0, 0));
}

#[test]
fn a_peer_that_speaks_no_tls_is_no_tls_peer() {
    let vault = Vault::new();
    let plain = Server::start(&Default::default(), "127.0.0.1:0".parse().unwrap()).unwrap();
    let target = vault.target("ca", "").replace("embedded", &plain.address.to_string());
    let (code, stderr) = vault.told(&target, "");
    assert_eq!(code, 3, "{stderr}");
    assert!(stderr.contains("TLS handshake with 127.0.0.1:"), "{stderr}");
    assert!(stderr.contains("speak TLS") && stderr.contains("leave out --tls"), "{stderr}");
    assert!(Path::new(&vault.pem("ca")).is_file());
}

#[test]
fn a_plain_client_is_told_that_its_peer_speaks_tls() {
    let vault = Vault::new();
    let toml = vault.simulator("server", "").replace("[embedded.tls]", "[tls]");
    let behaviour = behaviour_file::parse(&toml).unwrap();
    let server = Server::start(&behaviour, "127.0.0.1:0".parse().unwrap()).unwrap();
    let target = server.address.to_string();
    for verb in [&["run", "--live", "off", "--duration", "1s"][..], &["dial"]] {
        let mut command = Command::cargo_bin("smppbench").unwrap();
        command.args(verb).args(["--target", &target]).current_dir(vault.0.path());
        let output = command.timeout(std::time::Duration::from_secs(30)).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{verb:?}: {stderr}");
        assert!(stderr.contains("speaks TLS: use --tls"), "{verb:?}: {stderr}");
    }
}

#[test]
fn dial_speaks_tls_too_and_verifies_by_default() {
    let vault = Vault::new();
    let toml = vault.simulator("server", "").replace("[embedded.tls]", "[tls]");
    let behaviour = behaviour_file::parse(&toml).unwrap();
    let server = Server::start(&behaviour, "127.0.0.1:0".parse().unwrap()).unwrap();
    let target = server.address.to_string();
    let dial = |ca: &str| {
        let mut command = Command::cargo_bin("smppbench").unwrap();
        command.args(["dial", "--target", &target, "--tls", "--tls-ca", &vault.pem(ca)]);
        command.args(["--to", "447700900001", "--text", "hello"]);
        let output = command.timeout(std::time::Duration::from_secs(20)).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, stdout) = dial("ca");
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.contains("TLS agreed in") && stdout.contains("DELIVRD"), "{stdout}");
    let (code, stdout) = dial("other_ca");
    assert_eq!(code, Some(3), "{stdout}");
    assert_eq!(server.stop().binds.accepted, 1);
}

#[test]
fn every_event_over_tls_leaves_the_sessions_bound_and_the_books_balanced() {
    let vault = Vault::new();
    let events = [
        ("close", ""),
        ("reset", ""),
        ("unbind", ""),
        ("half_close", ""),
        ("stop_reading", "for = \"200ms\""),
        ("stop_acknowledging", "for = \"200ms\""),
        ("no_enquire_answer", "for = \"200ms\""),
        ("blackhole", "for = \"200ms\""),
        ("slice", "for = \"200ms\"\noctets = 50"),
        ("churn", "for = \"200ms\"\nrate = 20"),
        ("bind_flood", "for = \"200ms\"\nrate = 50"),
    ];
    let rows: String = (1..)
        .zip(events)
        .map(|(at, (word, more))| {
            format!("[[events]]\ndo = \"{word}\"\nat = \"{}ms\"\n{more}\n", at * 500)
        })
        .collect();
    let load = LOAD.replace("for = \"1s\"", "for = \"7s\"").replace(
        "window = 20",
        "window = 20\nrebind = { attempts_max = 0, min = \"10ms\", max = \"20ms\" }",
    );
    let simulator = vault.simulator("server", "");
    let text = format!(
        "{}{load}{simulator}[timeouts]\nresponse = \"500ms\"\n[receipts]\ndeadline = \"1s\"\n{rows}",
        vault.target("ca", "")
    );
    let source = Source::Text { name: "test.toml".into(), text };
    let plan = plan::load(&source, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"));
    let mut trial = Tcp::default();
    let record = trial.run(&plan, &mut NoObserver).unwrap_or_else(|e| panic!("{e}"));
    let books = Books::of(&plan, &record);
    assert!(books.balanced, "{:#?}", books.failures);
    let check = judge::against_tally(&record, &tally_view(trial.tally().unwrap()));
    assert!(check.agrees, "{:#?}", check.lines);
    assert_eq!((record.events.len(), record.cut_reason), (events.len(), None));
    for (o, (word, _)) in record.events.iter().zip(events) {
        assert_eq!(o.ended, o.rebound, "{word}: {o:?}");
        let ends = ["close", "reset", "unbind", "half_close", "churn"].contains(&word);
        assert_eq!(o.ended > 0, ends, "{word}: {o:?}");
        assert_eq!(o.answers.get(&0) > 0, word == "bind_flood", "{word}: {o:?}");
    }
}
