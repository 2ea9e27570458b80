//! Binds: each type, wrong credentials, a second bind, versions, and bodies that are cut or too long.
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Observed, Should};
use crate::conform::examiner::{Answer, Examiner};
use crate::conform::octets::{Fields, SC_INTERFACE_VERSION, cstring, status_says};
use crate::conform::steps::{
    Credentials, Status, bind_command, fail, is_unsupported, lenient, pass, precondition, refused,
    refused_or_closed, unsupported,
};
use crate::conform::verdict::Found;
use crate::smpp::CommandId;

pub(super) const CASES: &[Case] = &[
    Case::smsc("4.1.1-01", Must, &["bind"], |x| Box::pin(binds(x, CommandId::BIND_TRANSMITTER)))
        .says(
            "bind_transmitter with valid credentials is answered by bind_transmitter_resp with ESME_ROK and the same sequence_number",
            "bind_transmitter_resp, ESME_ROK",
            "an ESME that sends on one session and receives on another cannot be connected",
        ),
    Case::smsc("4.1.3-01", Must, &["bind"], |x| Box::pin(binds(x, CommandId::BIND_RECEIVER)))
        .says(
            "bind_receiver with valid credentials is answered by bind_receiver_resp with ESME_ROK and the same sequence_number",
            "bind_receiver_resp, ESME_ROK",
            "an ESME that sends on one session and receives on another gets no receipts and no MO",
        ),
    Case::smsc("4.1.5-01", Must, &["bind"], |x| Box::pin(binds(x, CommandId::BIND_TRANSCEIVER)))
        .says(
            "bind_transceiver with valid credentials is answered by bind_transceiver_resp with ESME_ROK and the same sequence_number",
            "bind_transceiver_resp, ESME_ROK",
            "an ESME needs two sessions where one would do",
        ),
    Case::smsc("4.1.2-01", Must, &["bind"], |x| Box::pin(resp_has_a_system_id(x))).says(
        "A bind_resp with ESME_ROK carries the system_id of the SMSC: a C-octet string of at most 16 octets",
        "a system_id that ends with a NUL within 16 octets",
        "a client that reads the field strictly drops the session at the bind",
    ),
    Case::smsc("4.1.2-02", Observed, &["bind", "version"], |x| Box::pin(resp_has_a_version(x)))
        .says(
            "A bind_resp to a v3.4 bind carries sc_interface_version; without it a client must assume that the SMSC takes no TLVs",
            "sc_interface_version 0x34 or 0x50",
            "a strict client sends no TLVs: no message_payload, no sar_msg_ref_num",
        ),
    Case::smsc("4.1.1-02", Must, &["bind", "credentials"], |x| Box::pin(wrong_password(x)))
        .says(
            "A bind with a wrong password is refused, with ESME_RINVPASWD or ESME_RBINDFAIL",
            "bind_resp with ESME_RINVPASWD or ESME_RBINDFAIL",
            "whoever knows a system_id may send and read its messages",
        )
        .disturbing(),
    Case::smsc("4.1.1-03", Must, &["bind", "credentials"], |x| Box::pin(unknown_system_id(x)))
        .says(
            "A bind with an unknown system_id is refused, with ESME_RINVSYSID, ESME_RINVPASWD or ESME_RBINDFAIL",
            "bind_resp with one of these: an SMSC need not tell strangers which accounts it has",
            "anybody may send messages",
        )
        .disturbing(),
    Case::smsc("4.1.2-03", Should, &["bind", "credentials"], |x| Box::pin(refusal_has_no_body(x)))
        .says(
            "A bind_resp with an error has no body: 16 octets",
            "bind_resp of 16 octets",
            "a client that reads no body after an error loses the framing or drops the session",
        )
        .disturbing(),
    Case::smsc("4.1.5-02", Should, &["bind"], |x| Box::pin(second_bind(x))).says(
        "A second bind on a bound session is refused with ESME_RALYBND, and the session goes on",
        "bind_resp with ESME_RALYBND; the session still answers",
        "a client that binds twice by mistake loses its session, or does not learn of the mistake",
    ),
    Case::smsc("4.1.5-03", Observed, &["bind", "version"], |x| Box::pin(version(x, 0x33)))
        .says(
            "A bind with interface_version 0x33 (v3.3) is accepted or refused, and answered either way",
            "bind_resp with ESME_ROK",
            "an old client cannot connect",
        )
        .disturbing(),
    Case::smsc("4.1.5-04", Observed, &["bind", "version"], |x| Box::pin(version(x, 0x50)))
        .says(
            "A bind with interface_version 0x50 (v5.0) is accepted: the SMSC says by sc_interface_version what it speaks",
            "bind_resp with ESME_ROK",
            "a client whose library says v5.0 cannot connect",
        )
        .disturbing(),
    Case::smsc("4.1.5-05", Should, &["bind", "lengths"], |x| Box::pin(long_system_id(x)))
        .says(
            "A bind whose system_id is longer than 15 characters is refused",
            "bind_resp with ESME_RINVSYSID, ESME_RBINDFAIL or ESME_RINVPARLEN, or a close",
            "a buffer of the SMSC may overflow, or the id is cut and another account bound",
        )
        .disturbing(),
    Case::smsc("4.1.5-06", Must, &["bind", "lengths"], |x| Box::pin(cut_bind(x)))
        .says(
            "A bind whose body ends before its last field is not accepted",
            "an error, or a close",
            "the SMSC reads beyond the PDU, or fields of the next PDU as its own",
        )
        .disturbing(),
    Case::smsc("4.1.5-07", Must, &["bind", "lengths"], |x| Box::pin(endless_system_id(x)))
        .says(
            "A bind whose system_id has no NUL is not accepted",
            "an error, or a close",
            "the SMSC reads beyond the PDU",
        )
        .disturbing(),
];

async fn binds(x: &mut Examiner, command: CommandId) -> Found {
    x.connect().await?;
    match x.bind(command).await {
        Ok(pdu) => pass(format!("the peer answered {}", pdu.says())),
        Err(verdict) => {
            let refusal = x.last_received();
            let own = bind_command(x.settings.account.binds.bind_type) == command;
            match refusal {
                // the account may be for another type of bind only
                Some(pdu)
                    if !own && (is_unsupported(&pdu) || pdu.status() == Status::ESME_RBINDFAIL) =>
                {
                    x.trouble = None;
                    unsupported(format!("the peer answered {}", pdu.says()))
                }
                Some(pdu) if !own && !pdu.is_ok() => {
                    x.trouble = None;
                    fail(format!("the peer answered {}", pdu.says()))
                }
                Some(_) | None => fail(verdict.seen),
            }
        }
    }
}

async fn resp_has_a_system_id(x: &mut Examiner) -> Found {
    let resp = bound_resp(x).await?;
    match Fields(resp.body()).cstring() {
        Some(id) if id.len() <= 15 => pass(format!("a system_id of {} characters", id.len())),
        Some(id) => fail(format!("a system_id of {} characters", id.len())),
        None if resp.body().is_empty() => fail("the bind_resp has no body"),
        None => fail("the system_id has no NUL"),
    }
}

async fn resp_has_a_version(x: &mut Examiner) -> Found {
    let resp = bound_resp(x).await?;
    let mut fields = Fields(resp.body());
    let _ = fields.cstring();
    let Some(tlvs) = fields.tlvs() else {
        return fail("what follows the system_id cannot be read as TLVs");
    };
    match tlvs.iter().find(|(tag, _)| *tag == SC_INTERFACE_VERSION) {
        None => unsupported("the bind_resp has no sc_interface_version"),
        Some((_, [version @ (0x34 | 0x50)])) => {
            pass(format!("sc_interface_version 0x{version:02X}"))
        }
        Some((_, value)) => fail(format!("sc_interface_version {value:02X?}")),
    }
}

/// The bind_resp of the profile's own type of bind.
async fn bound_resp(
    x: &mut Examiner,
) -> Result<crate::conform::octets::Pdu, crate::conform::Verdict> {
    x.connect().await?;
    x.bind(bind_command(x.settings.account.binds.bind_type)).await
}

/// Binds with credentials of the case, on a new connection.
async fn bind_with(
    x: &mut Examiner,
    with: &Credentials,
) -> Result<Answer, crate::conform::Verdict> {
    x.connect().await?;
    let command = bind_command(x.settings.account.binds.bind_type);
    let body = x.bind_body(with);
    Ok(x.ask(command, &body).await)
}

/// Credentials with another password of the same length.
fn with_a_wrong_password(x: &Examiner) -> Result<Credentials, crate::conform::Verdict> {
    let mut with = x.credentials();
    if with.password.is_empty() {
        return Err(precondition("the account of the profile has no password to get wrong"));
    }
    for octet in &mut with.password {
        *octet = if *octet == b'x' { b'y' } else { b'x' };
    }
    Ok(with)
}

async fn wrong_password(x: &mut Examiner) -> Found {
    let with = with_a_wrong_password(x)?;
    let answer = bind_with(x, &with).await?;
    not_let_in(&answer, &[Status::ESME_RINVPASWD, Status::ESME_RBINDFAIL])
}

async fn unknown_system_id(x: &mut Examiner) -> Found {
    if x.credentials().password.is_empty() {
        return Err(precondition(
            "the account of the profile has no password: the peer may check none",
        ));
    }
    let with = Credentials { system_id: b"nobody-known".to_vec(), ..x.credentials() };
    let answer = bind_with(x, &with).await?;
    let wanted = [Status::ESME_RINVSYSID, Status::ESME_RINVPASWD, Status::ESME_RBINDFAIL];
    not_let_in(&answer, &wanted)
}

/// Judges a bind that must not be accepted: it is no leniency to accept it.
fn not_let_in(answer: &Answer, wanted: &[Status]) -> Found {
    match answer {
        Answer::Pdu(pdu) if pdu.is_ok() => fail(answer.says()),
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => refused(answer, wanted),
    }
}

async fn refusal_has_no_body(x: &mut Examiner) -> Found {
    let with = with_a_wrong_password(x)?;
    match bind_with(x, &with).await? {
        Answer::Pdu(pdu) if pdu.is_ok() => Err(precondition("the bind was not refused")),
        Answer::Pdu(pdu) if pdu.body().is_empty() => pass(format!("{} of 16 octets", pdu.says())),
        Answer::Pdu(pdu) => fail(format!("{} of {} octets", pdu.says(), pdu.length())),
        other @ (Answer::Silence(_) | Answer::Ended(_)) => Err(precondition(other.says())),
    }
}

async fn second_bind(x: &mut Examiner) -> Found {
    bound_resp(x).await?;
    let command = bind_command(x.settings.account.binds.bind_type);
    let body = x.bind_body(&x.credentials());
    let answer = x.ask(command, &body).await;
    let verdict = refused(&answer, &[Status::ESME_RALYBND])?;
    x.check_alive().await?;
    Ok(verdict)
}

async fn version(x: &mut Examiner, interface_version: u8) -> Found {
    let with = Credentials { interface_version, ..x.credentials() };
    let answer = bind_with(x, &with).await?;
    match &answer {
        Answer::Pdu(pdu) if pdu.is_ok() => pass(answer.says()),
        Answer::Pdu(pdu) => unsupported(format!("refused with {}", status_says(pdu.status()))),
        Answer::Silence(_) | Answer::Ended(_) => fail(answer.says()),
    }
}

async fn long_system_id(x: &mut Examiner) -> Found {
    let with = Credentials { system_id: vec![b'x'; 40], ..x.credentials() };
    let answer = bind_with(x, &with).await?;
    match &answer {
        Answer::Pdu(pdu) if pdu.is_ok() => lenient(answer.says()),
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => refused_or_closed(&answer),
    }
}

async fn cut_bind(x: &mut Examiner) -> Found {
    x.connect().await?;
    let command = bind_command(x.settings.account.binds.bind_type);
    let with = x.credentials();
    // neither system_type nor anything behind it
    let body = [cstring(&with.system_id), cstring(&with.password)].concat();
    let answer = x.ask(command, &body).await;
    refused_or_closed(&answer)
}

async fn endless_system_id(x: &mut Examiner) -> Found {
    x.connect().await?;
    let command = bind_command(x.settings.account.binds.bind_type);
    let answer = x.ask(command, &[b'x'; 64]).await;
    refused_or_closed(&answer)
}
