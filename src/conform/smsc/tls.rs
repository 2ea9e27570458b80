//! TLS below SMPP, where the profile has it: the handshake, a client without TLS, records, and the end.
use super::tcp::many_at_once;
use crate::conform::case::Case;
use crate::conform::case::Level::{Observed, Should};
use crate::conform::examiner::{Answer, Examiner};
use crate::conform::line::End;
use crate::conform::octets;
use crate::conform::steps::{accepted, bind_command, fail, pass};
use crate::conform::verdict::{Found, Outcome, Verdict};
use crate::smpp::CommandId;

pub(super) const CASES: &[Case] = &[
    Case::smsc("TLS-01", Should, &["tls", "bind"], |x| Box::pin(handshake(x))).says(
        "The TLS handshake succeeds with the certificates of the profile, and a bind over it is answered",
        "a handshake, then bind_resp with ESME_ROK",
        "a client that must encrypt cannot connect",
    ),
    Case::smsc("TLS-02", Should, &["tls"], |x| Box::pin(plain_client(x)))
        .says(
            "A bind without TLS on the TLS port is not answered in SMPP: the connection ends, after an alert or without",
            "the end of the connection, and no PDU",
            "a client that forgot TLS sends its password in the clear and is let in, or waits until its timer ends",
        )
        .disturbing(),
    Case::smsc("TLS-03", Should, &["tls", "tcp"], |x| Box::pin(split_over_records(x))).says(
        "A PDU that is split over many TLS records is answered like one that comes whole",
        "enquire_link_resp, ESME_ROK",
        "a client whose library writes field by field loses its session",
    ),
    Case::smsc("TLS-04", Should, &["tls", "tcp"], |x| Box::pin(together_in_a_record(x))).says(
        "Twenty PDUs in one TLS record are each answered",
        "twenty enquire_link_resp",
        "a client that writes several PDUs at once loses some of them",
    ),
    Case::smsc("TLS-05", Observed, &["tls", "tcp"], |x| Box::pin(close_notify(x))).says(
        "After unbind and the client's close_notify the connection ends with a close_notify of the SMSC",
        "close_notify, then the end of the connection",
        "a client cannot tell the end of a session from an attacker who cut it",
    ),
];

/// Skips where the profile has no TLS.
fn wants_tls(x: &Examiner) -> Result<(), Verdict> {
    match x.settings.address.tls {
        Some(_) => Ok(()),
        None => {
            Err(Verdict::of(Outcome::Skipped, "target.tls is not set: the connection is plain"))
        }
    }
}

async fn handshake(x: &mut Examiner) -> Found {
    wants_tls(x)?;
    if let Err(verdict) = x.connect().await {
        return fail(verdict.seen);
    }
    let command = bind_command(x.settings.account.binds.bind_type);
    let body = x.bind_body(&x.credentials());
    accepted(&x.ask(command, &body).await)
}

async fn plain_client(x: &mut Examiner) -> Found {
    wants_tls(x)?;
    x.connect_plainly().await?;
    let command = bind_command(x.settings.account.binds.bind_type);
    // what goes over the wire in the clear is not the password of the profile
    let mut wrong = x.credentials();
    wrong.password = b"conform".to_vec();
    let body = x.bind_body(&wrong);
    let answer = x.ask(command, &body).await;
    match &answer {
        Answer::Pdu(pdu) => fail(format!("{} in the clear", pdu.says())),
        Answer::Silence(other) if !other.is_empty() => fail(answer.says()),
        Answer::Silence(_) => fail("the peer neither answered nor closed the connection"),
        // an alert is a record, which no PDU begins like
        Answer::Ended(End::Closed | End::Reset | End::Unreadable(_)) => {
            pass("the connection ended without a PDU")
        }
        Answer::Ended(end) => fail(end.to_string()),
    }
}

async fn split_over_records(x: &mut Examiner) -> Found {
    wants_tls(x)?;
    x.bound().await?;
    let sequence = x.take_sequence();
    // each write is a record
    for octet in octets::pdu(CommandId::ENQUIRE_LINK, 0, sequence, &[]) {
        x.send(&[octet]).await;
    }
    accepted(&x.answer(CommandId::ENQUIRE_LINK, sequence).await)
}

async fn together_in_a_record(x: &mut Examiner) -> Found {
    wants_tls(x)?;
    many_at_once(x).await
}

async fn close_notify(x: &mut Examiner) -> Found {
    wants_tls(x)?;
    x.bound().await?;
    // an SMSC may close first, as it does after its unbind_resp
    let _ = x.ask(CommandId::UNBIND, &[]).await;
    x.half_close().await;
    let ended = x.end_within(x.settings.waits.answer).await;
    let is_cut_off = x.line().is_some_and(|line| line.is_cut_off());
    match ended {
        Some(End::Closed) if !is_cut_off => pass("close_notify, then the end of the connection"),
        Some(End::Closed) => fail("the connection ended without close_notify"),
        Some(end) => fail(end.to_string()),
        None => fail("the connection stayed open"),
    }
}
