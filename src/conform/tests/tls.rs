//! The cases of TLS: our simulator passes them, each has a peer that it does not pass, and without TLS they are skipped.
use super::examined::{Found, Waiting, examine, examine_changed, examine_secured, only, plan_of};
use crate::conform::Outcome::{self, Pass, Skipped};
use crate::conform::octets::{HEADER, Pdu, pdu};
use crate::conform::{Role, cases};
use crate::kit::Nanos;
use crate::net::{ClientFiles, ClientTls, ServerTls};
use crate::smpp::CommandId;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A certificate for 127.0.0.1 that signed itself, and its key, in files.
struct Identity {
    folder: tempfile::TempDir,
}

impl Identity {
    fn new() -> Identity {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        Identity { folder }
    }
    fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }
    fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }
    fn client(&self) -> ClientTls {
        let ca = self.certificate();
        let files = ClientFiles { ca: Some(&ca), identity: None, server_name: None, verify: true };
        ClientTls::new(&files).unwrap()
    }
    fn server(&self) -> ServerTls {
        ServerTls::new(&self.certificate(), &self.key(), None).unwrap()
    }
}

/// How a peer with TLS is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Speaks plain SMPP, and nothing else.
    Plain,
    /// Speaks both on one port.
    Both,
    /// Takes the first PDU of each record, and whole ones only.
    Records,
    /// Closes the TCP connection without a close_notify.
    CutsOff,
}

const ALL: [Manner; 4] = [Manner::Plain, Manner::Both, Manner::Records, Manner::CutsOff];

fn serve(manner: Manner, tls: ServerTls) -> SocketAddr {
    let (send, receive) = std::sync::mpsc::channel();
    // it ends with the process of the tests
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            send.send(listener.local_addr().unwrap()).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let tls = tls.clone();
                // one connection at a time is enough: cases have one
                tokio::spawn(async move { talk(manner, stream, &tls).await });
            }
        });
    });
    receive.recv().unwrap()
}

async fn talk(manner: Manner, stream: TcpStream, tls: &ServerTls) {
    let mut first = [0];
    let is_plain = stream.peek(&mut first).await.is_ok_and(|count| count == 1 && first[0] == 0);
    if manner == Manner::Plain || (manner == Manner::Both && is_plain) {
        return answers(manner, stream).await;
    }
    // the reader keeps TCP open no longer than TLS
    if let Ok(secured) = tls.accept(stream, Nanos::from_secs(2)).await {
        answers(manner, secured).await;
    }
}

async fn answers(manner: Manner, mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin) {
    let mut inbox = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut chunk).await {
        inbox.extend_from_slice(&chunk[..count]);
        while inbox.len() >= HEADER {
            let length = Pdu(inbox.clone()).length() as usize;
            if !(HEADER..4096).contains(&length) || inbox.len() < length {
                break;
            }
            let one = Pdu(inbox.drain(..length).collect());
            let body: &[u8] = if one.command().is_bind() { b"tls\0" } else { &[] };
            let resp = pdu(one.command().response(), 0, one.sequence(), body);
            if stream.write_all(&resp).await.is_err() || stream.flush().await.is_err() {
                return;
            }
            if one.command() == CommandId::UNBIND && manner == Manner::CutsOff {
                return;
            }
            if manner == Manner::Records {
                inbox.clear();
            }
        }
        if manner == Manner::Records {
            inbox.clear();
        }
    }
    let _ = stream.shutdown().await;
}

fn at_simulator(identity: &Identity) -> Found {
    let quoted = |path: &Path| format!("{:?}", path.display().to_string());
    let behaviour = format!(
        "tls = {{ certificate = {}, key = {} }}",
        quoted(&identity.certificate()),
        quoted(&identity.key())
    );
    let plan = plan_of(&behaviour);
    let client = identity.client();
    examine_changed(plan, &only(&["TLS*"]), Waiting::Usual, move |settings| {
        settings.address.tls = Some(client);
    })
}

#[test]
fn our_simulator_passes_every_case_of_tls() {
    let found = at_simulator(&Identity::new());
    for (id, outcome) in found.outcomes() {
        assert_eq!(outcome, Pass, "{id}: {}", found.seen(id));
    }
}

#[test]
fn without_tls_they_are_skipped_and_say_why() {
    let found = examine("", &only(&["TLS*"]), Waiting::Usual);
    assert!(found.outcomes().values().all(|outcome| *outcome == Skipped));
    assert!(found.seen("TLS-01").contains("target.tls"), "{}", found.seen("TLS-01"));
    assert_eq!(found.run.stopped, None);
}

#[test]
fn each_case_of_tls_is_failed_by_a_peer_that_is_broken_in_its_way() {
    let identity = Identity::new();
    let failed = |manner: Manner| -> BTreeSet<&'static str> {
        let address = serve(manner, identity.server());
        let found = examine_secured(address, identity.client(), &only(&["TLS*"]));
        let outcomes = found.outcomes().into_iter();
        outcomes.filter(|(_, outcome)| *outcome == Outcome::Fail).map(|(id, _)| id).collect()
    };
    let [plain, both, records, cuts_off] = ALL.map(failed);
    assert!(plain.contains("TLS-01"), "{plain:?}");
    assert_eq!(both, BTreeSet::from(["TLS-02"]));
    assert_eq!(records, BTreeSet::from(["TLS-03", "TLS-04"]));
    assert_eq!(cuts_off, BTreeSet::from(["TLS-05"]));
    let mut found = plain;
    found.extend(both.into_iter().chain(records).chain(cuts_off));
    let all: BTreeSet<&str> = cases(Role::Smsc)
        .into_iter()
        .filter(|case| case.section() == "TLS")
        .map(|case| case.id)
        .collect();
    assert_eq!(found, all);
}
