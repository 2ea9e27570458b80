//! The ESME's bind, and how it answers enquire_link, unknown commands and unbind.
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Should};
use crate::conform::examiner::{Answer, Examiner};
use crate::conform::line::Event;
use crate::conform::octets::{self, Fields, Pdu};
use crate::conform::steps::{Status, accepted, fail, pass, precondition, refused};
use crate::conform::verdict::{Found, Verdict};
use crate::kit::Clock;
use crate::smpp::CommandId;

pub(super) const CASES: &[Case] = &[
    Case::esme("4.1.1-51", Must, &["bind"], |x| Box::pin(bind_is_well_formed(x))).says(
        "The ESME's first PDU is a bind with every field: system_id, password, system_type, interface_version, addr_ton, addr_npi, address_range",
        "a bind whose fields end where its command_length says",
        "an SMSC refuses the bind",
    ),
    Case::esme("4.11.1-51", Must, &["enquire_link"], |x| Box::pin(answers_enquire_link(x))).says(
        "The ESME answers enquire_link with enquire_link_resp, ESME_ROK and the same sequence_number",
        "enquire_link_resp, ESME_ROK",
        "an SMSC takes the session for dead, and drops it",
    ),
    Case::esme("5.1.2-51", Should, &["header", "generic_nack"], |x| Box::pin(unknown_command(x)))
        .says(
            "The ESME answers an unknown command_id with generic_nack, ESME_RINVCMDID and the same sequence_number",
            "generic_nack, ESME_RINVCMDID",
            "an SMSC waits for an answer until its timer ends",
        ),
    Case::esme("4.3.1-51", Must, &["generic_nack"], |x| Box::pin(nack_is_not_answered(x))).says(
        "The ESME does not answer a generic_nack, and the session goes on",
        "silence; an enquire_link after it is answered",
        "two sides that answer each other's generic_nack never stop",
    ),
    Case::esme("5.1.4-51", Must, &["header", "sequence"], |x| Box::pin(highest_number(x))).says(
        "The highest sequence_number, 0x7FFFFFFF, comes back in the ESME's response",
        "enquire_link_resp with sequence_number 0x7FFFFFFF",
        "a session that lasts long enough stops at the end of its numbers",
    ),
    Case::esme("2.4-51", Must, &["tcp"], |x| Box::pin(octet_by_octet(x))).says(
        "An enquire_link that comes octet by octet is answered like one that comes whole",
        "enquire_link_resp, ESME_ROK",
        "on a slow line the session fails",
    ),
];

/// Cases that end the session.
pub(super) const ENDS: &[Case] = &[
    Case::esme("4.2.1-51", Must, &["unbind"], |x| Box::pin(answers_unbind(x))).says(
        "The ESME answers unbind with unbind_resp, ESME_ROK and the same sequence_number",
        "unbind_resp, ESME_ROK",
        "an SMSC waits for the answer until its timer ends, at every restart",
    ),
    Case::esme("2.2-51", Should, &["bind"], |x| Box::pin(binds_again(x))).says(
        "The ESME binds again after its session was lost",
        "a new connection with a bind",
        "after a restart of the SMSC somebody must start the client by hand",
    ),
];

impl Examiner {
    /// A bound session of the ESME: the one that is kept, or the next that it opens.
    pub(super) async fn session(&mut self) -> Result<(), Verdict> {
        if self.has_session() {
            self.switch_to(0);
            return Ok(());
        }
        self.await_bind().await.map(drop)
    }

    /// Accepts the ESME's next connection and its bind, and returns the bind.
    async fn await_bind(&mut self) -> Result<Pdu, Verdict> {
        self.accept().await?;
        let until = Clock::now().after(self.settings.waits.answer);
        match self.event(until).await {
            Event::Pdu(pdu) if pdu.command().is_bind() => {
                self.attend(pdu.clone()).await;
                Ok(pdu)
            }
            Event::Pdu(pdu) => {
                Err(precondition(format!("the ESME's first PDU was {}", pdu.says())))
            }
            Event::Silence => Err(precondition("the ESME connected and did not bind")),
            Event::Ended(end) => Err(precondition(format!("the ESME connected, then {end}"))),
        }
    }
}

async fn bind_is_well_formed(x: &mut Examiner) -> Found {
    let bind = x.await_bind().await?;
    let mut fields = Fields(bind.body());
    let lengths = [("system_id", 15), ("password", 8), ("system_type", 12)];
    for (name, most) in lengths {
        match fields.cstring() {
            None => return fail(format!("{name} has no NUL")),
            Some(text) if text.len() > most => {
                return fail(format!("{name} of {} characters", text.len()));
            }
            Some(_) => {}
        }
    }
    let numbers = fields.octets(3);
    let range = fields.cstring();
    match (numbers, range) {
        (Some([version, ..]), Some(_)) if fields.0.is_empty() => {
            pass(format!("{} with interface_version 0x{version:02X}", bind.says()))
        }
        (Some(_), Some(_)) => fail(format!("{} octets behind address_range", fields.0.len())),
        _ => fail("the body ends before address_range"),
    }
}

async fn answers_enquire_link(x: &mut Examiner) -> Found {
    x.session().await?;
    accepted(&x.ask(CommandId::ENQUIRE_LINK, &[]).await)
}

async fn unknown_command(x: &mut Examiner) -> Found {
    x.session().await?;
    let answer = x.ask(CommandId(0x0000_00FE), &[]).await;
    match &answer {
        Answer::Pdu(pdu) if !pdu.is_nack() => fail(answer.says()),
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => {
            refused(&answer, &[Status::ESME_RINVCMDID])
        }
    }
}

async fn nack_is_not_answered(x: &mut Examiner) -> Found {
    x.session().await?;
    x.send(&octets::pdu(CommandId::GENERIC_NACK, Status::ESME_RINVCMDID.0, 0x7777, &[])).await;
    x.silence().await?;
    x.check_alive().await?;
    pass("nothing came, and an enquire_link after it was answered")
}

async fn highest_number(x: &mut Examiner) -> Found {
    x.session().await?;
    let sequence = 0x7FFF_FFFF;
    x.send(&octets::pdu(CommandId::ENQUIRE_LINK, 0, sequence, &[])).await;
    accepted(&x.answer(CommandId::ENQUIRE_LINK, sequence).await)
}

async fn octet_by_octet(x: &mut Examiner) -> Found {
    x.session().await?;
    let sequence = x.take_sequence();
    for octet in octets::pdu(CommandId::ENQUIRE_LINK, 0, sequence, &[]) {
        x.send(&[octet]).await;
    }
    accepted(&x.answer(CommandId::ENQUIRE_LINK, sequence).await)
}

async fn answers_unbind(x: &mut Examiner) -> Found {
    x.session().await?;
    accepted(&x.ask(CommandId::UNBIND, &[]).await)
}

async fn binds_again(x: &mut Examiner) -> Found {
    x.session().await?;
    x.drop_connection();
    match x.await_bind().await {
        Ok(bind) => pass(format!("{} on a new connection", bind.says())),
        Err(verdict) => {
            x.trouble = None;
            fail(verdict.seen)
        }
    }
}
