//! SMSCs that do as they may, though not as most do: cases that once failed them.
use super::examined::{Waiting, examine_at, only};
use crate::conform::octets::{Message, Pdu, cstring, pdu};
use crate::smpp::{CommandId, CommandStatus};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// What an SMSC writes for a PDU. It closes the connection after a generic_nack.
type Reaction = fn(&Pdu) -> Vec<u8>;

/// What the last of these cases finds at an SMSC that lets in and unbinds as usual where its reaction is empty.
fn found(ids: &[&str], react: Reaction) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (mut inbox, mut chunk) = (Vec::new(), [0; 4096]);
            'connection: while let Ok(count @ 1..) = stream.read(&mut chunk) {
                inbox.extend_from_slice(&chunk[..count]);
                while inbox.len() >= 16 && inbox.len() >= Pdu(inbox.clone()).length() as usize {
                    let length = Pdu(inbox.clone()).length() as usize;
                    let one = Pdu(inbox.drain(..length).collect());
                    let answer = answer(react, &one);
                    if stream.write_all(&answer).is_err() || Pdu(answer).is_nack() {
                        break 'connection;
                    }
                }
            }
        }
    });
    examine_at(address, "", &only(ids), Waiting::Usual).seen(ids[ids.len() - 1])
}

fn answer(react: Reaction, one: &Pdu) -> Vec<u8> {
    let answer = react(one);
    if answer.is_empty() && !one.command().is_response() {
        let body: &[u8] = if one.command().is_bind() { b"allowed\0" } else { b"" };
        return pdu(one.command().response(), 0, one.sequence(), body);
    }
    answer
}

fn error(one: &Pdu, status: CommandStatus) -> Vec<u8> {
    pdu(one.command().response(), status.0, one.sequence(), &[])
}

#[test]
fn a_generic_nack_of_a_malformed_pdu_is_not_taken_for_the_answer_to_the_next() {
    let seen = found(&["3.2-05"], |one| match one.command() {
        CommandId::SUBMIT_SM => {
            pdu(CommandId::GENERIC_NACK, CommandStatus::ESME_RINVMSGLEN.0, 0, &[])
        }
        _ => Vec::new(),
    });
    assert_eq!(seen, "pass: the peer closed the connection");
}

#[test]
fn an_smsc_that_does_not_tell_strangers_which_accounts_it_has_refuses_as_it_should() {
    let seen = found(&["4.1.1-03"], |one| match one.body().starts_with(b"nobody-known") {
        true => error(one, CommandStatus::ESME_RINVPASWD),
        false => Vec::new(),
    });
    assert!(seen.starts_with("pass: ") && seen.contains("ESME_RINVPASWD"), "{seen}");
}

#[test]
fn a_deliver_sm_of_an_esme_may_be_refused_with_any_error() {
    let seen = found(&["2.2-06"], |one| match one.command() {
        CommandId::DELIVER_SM => error(one, CommandStatus::ESME_RSYSERR),
        _ => Vec::new(),
    });
    assert!(seen.starts_with("pass: ") && seen.contains("ESME_RSYSERR"), "{seen}");
}

#[test]
fn a_response_of_an_unknown_command_may_be_answered_by_generic_nack() {
    let seen = found(&["5.1.2-03"], |one| {
        let nack = pdu(CommandId::GENERIC_NACK, 3, one.sequence(), &[]);
        // what stands before it keeps the connection open
        let enquiry = pdu(CommandId::ENQUIRE_LINK, 0, 9, &[]);
        if one.command() == CommandId(0x8000_00FE) { [enquiry, nack].concat() } else { Vec::new() }
    });
    assert!(seen.starts_with("pass: the peer answered generic_nack"), "{seen}");
}

/// The messages that the SMSC with late receipts has accepted.
static ACCEPTED: AtomicU32 = AtomicU32::new(0);

/// Accepts a message, and delivers the receipt of the one before it and then its own.
fn late_receipts(one: &Pdu) -> Vec<u8> {
    if one.command() != CommandId::SUBMIT_SM {
        return Vec::new();
    }
    let id = ACCEPTED.fetch_add(1, Ordering::SeqCst) + 1;
    let receipt = |id: u32| {
        let text = format!("id:{id} stat:DELIVRD err:000").into_bytes();
        let message = Message { esm_class: 4, text, ..Message::default() };
        pdu(CommandId::DELIVER_SM, 0, id, &message.body())
    };
    let answer =
        pdu(one.command().response(), 0, one.sequence(), &cstring(id.to_string().as_bytes()));
    if id == 1 { answer } else { [answer, receipt(id - 1), receipt(id)].concat() }
}

#[test]
fn a_late_receipt_of_an_earlier_message_is_not_taken_for_that_of_the_case() {
    let seen = found(&["4.4.1-01", "4.6.1-02"], late_receipts);
    assert_eq!(seen, "pass: the receipt names 2");
}
