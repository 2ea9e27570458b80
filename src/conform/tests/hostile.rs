//! Peers that hang, drop, flood or answer garbage: each case ends within its time, and the run goes on or says why not.
use super::examined::{Found, Waiting, examine_at};
use crate::conform::octets::{Fields, Pdu, pdu};
use crate::conform::{Choice, Outcome, Stopped};
use crate::kit::{Clock, Nanos};
use crate::smpp::CommandId;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};

/// A peer that does this with each connection.
fn serve(with: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || with(stream));
        }
    });
    address
}

/// Reads one PDU of fewer than 4 KiB, and returns its sequence_number.
fn read_one(stream: &mut TcpStream) -> u32 {
    let mut octets = [0; 4096];
    let count = stream.read(&mut octets).unwrap_or(0);
    octets[..count].get(12..16).map_or(0, |n| u32::from_be_bytes(n.try_into().unwrap()))
}

fn let_in(stream: &mut TcpStream) {
    let sequence = read_one(stream);
    let resp = pdu(CommandId::BIND_TRANSCEIVER_RESP, 0, sequence, b"hostile\0");
    let _ = stream.write_all(&resp);
}

fn wait_for_the_end(mut stream: TcpStream) {
    while stream.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {}
}

fn hang(stream: TcpStream) {
    wait_for_the_end(stream);
}

fn drop_at_once(stream: TcpStream) {
    drop(stream);
}

fn garbage(mut stream: TcpStream) {
    let_in(&mut stream);
    let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    wait_for_the_end(stream);
}

fn flood(mut stream: TcpStream) {
    let_in(&mut stream);
    let many = pdu(CommandId::ENQUIRE_LINK, 0, 1, &[]).repeat(1000);
    let mut reader = stream.try_clone().unwrap();
    // it reads too, so that the flood is the only fault
    std::thread::spawn(move || while reader.read(&mut [0; 65536]).is_ok_and(|count| count > 0) {});
    while stream.write_all(&many).is_ok() {}
}

fn no_reader(mut stream: TcpStream) {
    let_in(&mut stream);
    std::thread::sleep(std::time::Duration::from_secs(30));
}

fn some() -> Choice {
    super::examined::only(&["4.1.5-01", "4.4.1-0*", "4.6.1-0*", "4.11*", "4.2.1-0*", "2.4-06"])
}

fn examined(with: fn(TcpStream)) -> Found {
    let began = Clock::now();
    let found = examine_at(serve(with), "", &some(), Waiting::Short);
    for result in &found.run.results {
        let bound = Nanos::from_secs(12);
        assert!(result.took < bound, "{} took {:.1} s", result.case.id, result.took.as_secs_f64());
        let verdict = result.verdict.outcome;
        let is_bind = result.case.id == "4.1.5-01";
        assert!(is_bind || verdict != Outcome::Pass, "{}: {}", result.case.id, result.verdict.seen);
    }
    assert!(Clock::now().since(began) < Nanos::from_secs(120));
    found
}

#[test]
fn a_peer_that_hangs_at_the_bind_stops_the_run_after_three() {
    let found = examined(hang);
    assert!(matches!(found.run.stopped, Some(Stopped::Lost(_))), "{:?}", found.run.stopped);
    let ran = found.run.results.iter().filter(|r| r.verdict.outcome != Outcome::Skipped).count();
    assert_eq!(ran, 3);
}

#[test]
fn a_peer_that_drops_every_connection_stops_the_run_after_three() {
    let found = examined(drop_at_once);
    let Some(Stopped::Lost(why)) = &found.run.stopped else { panic!("{:?}", found.run.stopped) };
    assert!(!why.is_empty());
}

#[test]
fn a_peer_that_nobody_listens_for_stops_the_run_after_three() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let found = examine_at(address, "", &some(), Waiting::Short);
    assert!(matches!(found.run.stopped, Some(Stopped::Lost(_))), "{:?}", found.run.stopped);
}

#[test]
fn a_peer_that_answers_garbage_fails_its_cases_and_the_run_goes_on() {
    let found = examined(garbage);
    assert_eq!(found.run.stopped, None);
    assert!(found.seen("4.11.1-01").contains("speaks HTTP"), "{}", found.seen("4.11.1-01"));
}

#[test]
fn a_peer_that_floods_fails_its_cases_and_the_run_goes_on() {
    let found = examined(flood);
    assert_eq!(found.run.stopped, None);
    assert!(found.seen("4.4.1-01").contains("more than"), "{}", found.seen("4.4.1-01"));
}

#[test]
fn a_peer_that_does_not_read_fails_its_cases_and_the_run_goes_on() {
    let found = examined(no_reader);
    assert_eq!(found.run.stopped, None);
}

/// Connections that a peer which died still closes at once, before it is there again.
static AWAY: AtomicU32 = AtomicU32::new(0);

/// Dies of a bind whose fields are not whole, and is away for the next four connections.
fn dies_of_a_broken_bind(mut stream: TcpStream) {
    let less = |left: u32| left.checked_sub(1);
    if AWAY.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
        return;
    }
    let mut octets = [0; 4096];
    let count = stream.read(&mut octets).unwrap_or(0);
    let bind = Pdu(octets[..count].to_vec());
    if count > 0 && Fields(bind.body()).cstring().is_none() {
        AWAY.store(4, Ordering::SeqCst);
    }
}

#[test]
fn a_peer_that_takes_a_while_to_be_started_again_is_there_for_the_next_case() {
    let cases = super::examined::only(&["4.1.5-07", "5.1.1-01"]);
    let found = examine_at(serve(dies_of_a_broken_bind), "", &cases, Waiting::Short);
    let seen = found.seen("4.1.5-07");
    assert!(seen.ends_with("after it the peer accepts no connection any more"), "{seen}");
    assert_eq!(AWAY.load(Ordering::SeqCst), 0, "{}", found.seen("5.1.1-01"));
}
