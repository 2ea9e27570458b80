//! Cases that end the ESME's session, or begin it anew: they are run last.
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Observed, Should};
use crate::conform::examiner::Examiner;
use crate::conform::line::{End, Event};
use crate::conform::octets::{self, cstring};
use crate::conform::steps::{Status, accepted, fail, pass};
use crate::conform::verdict::{Found, Outcome, Verdict};
use crate::kit::Clock;
use crate::smpp::CommandId;

pub(super) const CASES: &[Case] = &[
    Case::esme("4.2.1-51", Must, &["unbind", "ends"], |x| Box::pin(answers_unbind(x))).says(
        "The ESME answers unbind with unbind_resp, ESME_ROK and the same sequence_number",
        "unbind_resp, ESME_ROK",
        "an SMSC waits for the answer until its timer ends, at every restart",
    ),
    Case::esme("4.2.1-52", Should, &["unbind", "ends"], |x| Box::pin(quiet_after_unbind(x))).says(
        "After its unbind_resp the ESME sends no request on that connection, and leaves it",
        "nothing more, then the end of the connection",
        "messages are sent into a session that is over",
    ),
    Case::esme("2.2-51", Should, &["bind", "ends"], |x| Box::pin(binds_again(x))).says(
        "The ESME binds again after its session was lost",
        "a new connection with a bind",
        "after a restart of the SMSC somebody must start the client by hand",
    ),
    Case::esme("2.2-52", Must, &["bind", "ends"], |x| Box::pin(waits_for_bind_resp(x))).says(
        "The ESME sends nothing between its bind and the bind_resp",
        "silence until the bind_resp",
        "an SMSC refuses what comes too early with ESME_RINVBNDSTS",
    ),
    Case::esme("4.1.2-51", Must, &["bind", "ends"], |x| Box::pin(old_bind_resp(x))).says(
        "The ESME takes a bind_resp without sc_interface_version, as an SMSC of v3.3 sends it",
        "the session goes on",
        "SMSCs that keep the TLV to themselves cannot be used",
    ),
    Case::esme("4.1.2-52", Should, &["bind", "tlv", "ends"], |x| Box::pin(odd_bind_resp(x))).says(
        "The ESME ignores an unknown TLV in a bind_resp",
        "the session goes on",
        "SMSCs with an extension cannot be used",
    ),
    Case::esme("4.1.2-53", Must, &["bind", "ends"], |x| Box::pin(refused_bind(x))).says(
        "After a bind_resp with an error the ESME sends no submit_sm on that connection",
        "no submit_sm",
        "messages are lost before anybody notices that the bind failed",
    ),
    Case::esme("5.1.1-52", Should, &["header", "ends"], |x| Box::pin(length(x, 15))).says(
        "The ESME does not go on after a command_length below 16: the stream cannot be cut any more",
        "the connection is closed, or generic_nack",
        "the ESME waits for octets that never come, and the session is dead without a word",
    )
    .disturbing(),
    Case::esme("5.1.1-53", Should, &["header", "ends"], |x| Box::pin(length(x, 0x7FFF_FFFF)))
        .says(
            "The ESME does not wait for a PDU of 2 GiB",
            "the connection is closed, or generic_nack",
            "one bad length takes the memory of the client, or silences it",
        )
        .disturbing(),
    Case::esme("2.4-54", Observed, &["tcp", "ends"], |x| Box::pin(garbage(x))).says(
        "What the ESME does with octets that are no SMPP at all",
        "the connection is closed, or generic_nack",
        "a client that reads on may act on what nobody sent",
    )
    .disturbing(),
    Case::esme("4.11.1-53", Should, &["enquire_link", "timers", "ends"], |x| {
        Box::pin(unanswered_enquiry(x))
    })
    .says(
        "The ESME ends a session on which its enquire_link is not answered, when its response_timer ends",
        "unbind or a close when the declared times have passed (--timer enquire_link=TIME --timer response=TIME)",
        "a client keeps a dead session, and its messages wait on it",
    ),
    Case::esme("4.2.1-53", Should, &["unbind", "ends"], |x| Box::pin(unbinds(x))).says(
        "An ESME that ends its session sends unbind first",
        "unbind before the connection ends",
        "an SMSC keeps the session, and the account's bind, until a timer ends",
    ),
];

async fn answers_unbind(x: &mut Examiner) -> Found {
    x.session().await?;
    accepted(&x.ask(CommandId::UNBIND, &[]).await)
}

async fn quiet_after_unbind(x: &mut Examiner) -> Found {
    x.session().await?;
    let answer = x.ask(CommandId::UNBIND, &[]).await;
    let verdict = accepted(&answer)?;
    if verdict.outcome != Outcome::Pass {
        return Err(Verdict::of(Outcome::PreconditionFailed, verdict.seen));
    }
    let until = Clock::now().after(x.settings.waits.answer);
    match x.event(until).await {
        Event::Pdu(pdu) => fail(format!("the ESME sent {} after its unbind_resp", pdu.says())),
        Event::Silence => fail("the ESME keeps the connection after its unbind_resp"),
        Event::Ended(end @ (End::Closed | End::Reset)) => pass(end.to_string()),
        Event::Ended(end) => fail(end.to_string()),
    }
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

async fn waits_for_bind_resp(x: &mut Examiner) -> Found {
    let bind = x.fresh_bind().await?;
    let until = Clock::now().after(x.settings.waits.silence);
    match x.event(until).await {
        Event::Silence => {
            x.attend(bind).await;
            pass("nothing came before the bind_resp")
        }
        Event::Pdu(pdu) => fail(format!("the ESME sent {} before the bind_resp", pdu.says())),
        Event::Ended(end) => fail(format!("before the bind_resp {end}")),
    }
}

async fn let_in_with(x: &mut Examiner, body: &[u8]) -> Found {
    let bind = x.fresh_bind().await?;
    x.reply(&bind, Status::ESME_ROK, body).await;
    if let Some(line) = x.line() {
        line.is_bound = true;
    }
    x.alive_or("the ESME took the bind_resp").await
}

async fn old_bind_resp(x: &mut Examiner) -> Found {
    let_in_with(x, &cstring(b"conform")).await
}

async fn odd_bind_resp(x: &mut Examiner) -> Found {
    let version = octets::tlv(octets::SC_INTERFACE_VERSION, &[0x34]);
    let body = [cstring(b"conform"), octets::tlv(0x1414, b"ignored"), version].concat();
    let_in_with(x, &body).await
}

async fn refused_bind(x: &mut Examiner) -> Found {
    let bind = x.fresh_bind().await?;
    x.reply(&bind, Status::ESME_RSYSERR, &[]).await;
    let until = Clock::now().after(x.settings.waits.silence);
    loop {
        match x.event(until).await {
            Event::Pdu(pdu) if pdu.command() == CommandId::SUBMIT_SM => {
                return fail("the ESME sent submit_sm after a bind_resp with ESME_RSYSERR");
            }
            Event::Pdu(_) => {}
            Event::Silence => return pass("no submit_sm came"),
            Event::Ended(end) => return pass(end.to_string()),
        }
    }
}

/// Judges what follows octets that are no PDU. The connection is dropped: who reads on reads no PDUs on it any more.
async fn not_a_pdu(x: &mut Examiner, octets: &[u8]) -> Found {
    x.send(octets).await;
    let found = after_octets(x).await;
    x.drop_connection();
    found
}

async fn after_octets(x: &mut Examiner) -> Found {
    let until = Clock::now().after(x.settings.waits.answer);
    loop {
        match x.event(until).await {
            Event::Pdu(pdu) if pdu.is_nack() => {
                return pass(format!("the ESME answered {}", pdu.says()));
            }
            // what it had sent before: unanswered, so that its window fills
            Event::Pdu(pdu) if !pdu.command().is_response() => {}
            Event::Pdu(pdu) => return fail(format!("the ESME answered {}", pdu.says())),
            Event::Silence => return fail("the ESME neither answered nor closed the connection"),
            Event::Ended(End::Closed) => return pass("the ESME closed the connection"),
            Event::Ended(End::Reset) => return pass("the ESME reset the connection"),
            Event::Ended(end) => return fail(end.to_string()),
        }
    }
}

async fn length(x: &mut Examiner, length: u32) -> Found {
    x.session().await?;
    let mut octets = octets::pdu(CommandId::ENQUIRE_LINK, 0, x.take_sequence(), &[]);
    octets[..4].copy_from_slice(&length.to_be_bytes());
    not_a_pdu(x, &octets).await
}

async fn garbage(x: &mut Examiner) -> Found {
    x.session().await?;
    not_a_pdu(x, b"GET / HTTP/1.1\r\nHost: conform\r\n\r\n").await
}

async fn unbinds(x: &mut Examiner) -> Found {
    x.session().await?;
    let until = Clock::now().after(x.settings.waits.peer);
    loop {
        match x.event(until).await {
            Event::Pdu(pdu) if pdu.command() == CommandId::UNBIND => {
                x.attend(pdu).await;
                return pass("unbind came first");
            }
            Event::Pdu(pdu) => x.attend(pdu).await,
            Event::Silence => {
                let seen = "the ESME did not end its session; end it while this case waits";
                return Ok(Verdict::of(Outcome::Inconclusive, seen));
            }
            Event::Ended(end) => return fail(format!("without an unbind {end}")),
        }
    }
}

async fn unanswered_enquiry(x: &mut Examiner) -> Found {
    let timers = x.settings.timers;
    let (Some(enquires), Some(declared)) = (timers.enquire_link, timers.response) else {
        let why = "the timers are not declared: --timer enquire_link=TIME --timer response=TIME";
        return Ok(Verdict::of(Outcome::Skipped, why));
    };
    x.session().await?;
    let (seen, came) = x.unanswered_enquiry(enquires, declared).await?;
    let after = Clock::now().since(came).as_secs_f64();
    match seen {
        Some(seen) => pass(format!("{seen} {after:.2} s after an enquire_link")),
        None => fail(format!("the session was still there {after:.2} s after an enquire_link")),
    }
}
