//! Steps that many cases share: bind, submit, and the judgement of an answer.
use super::examiner::{Answer, Examiner, Trouble};
use super::line::{End, Event};
use super::octets::{Message, Pdu, cstring, status_says};
use super::verdict::{Found, Outcome, Verdict};
use crate::kit::{Clock, Nanos};
use crate::plan::BindType;
use crate::smpp::CommandId;

pub(super) use crate::smpp::CommandStatus as Status;

/// A verdict of a case that found what it expects.
pub(super) fn pass(seen: impl Into<String>) -> Found {
    Ok(Verdict::of(Outcome::Pass, seen))
}

/// A verdict of a case that found something else.
pub(super) fn fail(seen: impl Into<String>) -> Found {
    Ok(Verdict::of(Outcome::Fail, seen))
}

/// The peer took what it should refuse.
pub(super) fn lenient(seen: impl Into<String>) -> Found {
    Ok(Verdict::of(Outcome::Lenient, seen))
}

/// The peer lacks the feature and says so.
pub(super) fn unsupported(seen: impl Into<String>) -> Found {
    Ok(Verdict::of(Outcome::Unsupported, seen))
}

/// Something came between.
pub(super) fn inconclusive(seen: impl Into<String>) -> Found {
    Ok(Verdict::of(Outcome::Inconclusive, seen))
}

/// What the case needs first could not be had: it ends.
pub(super) fn precondition(seen: impl Into<String>) -> Verdict {
    Verdict::of(Outcome::PreconditionFailed, seen)
}

/// Statuses by which a peer says that it cannot take a message just now.
const THROTTLED: [Status; 2] = [Status::ESME_RTHROTTLED, Status::ESME_RMSGQFUL];

/// Whether an answer says that the peer does not know the command.
pub(super) fn is_unsupported(pdu: &Pdu) -> bool {
    pdu.status() == Status::ESME_RINVCMDID
}

impl Answer {
    /// The answer in words.
    pub(super) fn says(&self) -> String {
        match self {
            Answer::Pdu(pdu) => format!("the peer answered {}", pdu.says()),
            Answer::Silence(instead) => match instead.first() {
                None => "the peer did not answer in time".to_owned(),
                Some(other) => {
                    let other = format!("{} and sequence {}", other.says(), other.sequence());
                    format!("the peer did not answer in time; it sent {other} instead")
                }
            },
            Answer::Ended(end) => end.to_string(),
        }
    }
}

/// The command_id of a kind of bind; a pair begins with its transmitter.
pub(super) fn bind_command(kind: BindType) -> CommandId {
    match kind {
        BindType::Transceiver => CommandId::BIND_TRANSCEIVER,
        BindType::Transmitter | BindType::Pair => CommandId::BIND_TRANSMITTER,
        BindType::Receiver => CommandId::BIND_RECEIVER,
    }
}

/// The fields of a bind.
#[derive(Clone, Debug)]
pub(super) struct Credentials {
    pub(super) system_id: Vec<u8>,
    pub(super) password: Vec<u8>,
    pub(super) interface_version: u8,
}

impl Examiner {
    /// The credentials of the profile.
    pub(super) fn credentials(&self) -> Credentials {
        let account = &self.settings.account;
        Credentials {
            system_id: account.system_id.clone().into_bytes(),
            password: account.password.0.clone().into_bytes(),
            interface_version: account.interface_version,
        }
    }

    /// The body of a bind.
    pub(super) fn bind_body(&self, with: &Credentials) -> Vec<u8> {
        let account = &self.settings.account;
        let mut body = [cstring(&with.system_id), cstring(&with.password)].concat();
        body.extend(cstring(account.system_type.as_bytes()));
        body.extend([with.interface_version, account.addr_ton, account.addr_npi]);
        body.extend(cstring(account.address_range.as_bytes()));
        body
    }

    /// Binds on the current connection as the profile says, and returns the bind_resp.
    pub(super) async fn bind(&mut self, command: CommandId) -> Result<Pdu, Verdict> {
        let body = self.bind_body(&self.credentials());
        if let Some(line) = self.line() {
            line.is_bind_sent = true;
        }
        let answer = self.ask(command, &body).await;
        let refused = |why: &str| precondition(format!("the bind of the profile failed: {why}"));
        match answer {
            Answer::Pdu(pdu) if pdu.is_ok() && !pdu.is_nack() => {
                if let Some(line) = self.line() {
                    line.is_bound = true;
                }
                Ok(pdu)
            }
            Answer::Pdu(pdu) => {
                let says = pdu.says();
                let wrong =
                    [Status::ESME_RBINDFAIL, Status::ESME_RINVPASWD, Status::ESME_RINVSYSID];
                if wrong.contains(&pdu.status()) {
                    self.trouble = Some(Trouble::Credentials(says.clone()));
                }
                Err(refused(&says))
            }
            Answer::Silence(_) | Answer::Ended(_) => {
                let says = answer.says();
                self.trouble = Some(Trouble::Lost(says.clone()));
                Err(refused(&says))
            }
        }
    }

    /// Connects and binds a session that may send messages.
    pub(super) async fn bound(&mut self) -> Result<(), Verdict> {
        let kind = self.sender()?;
        self.connect().await?;
        self.bind(bind_command(kind)).await.map(drop)
    }

    /// Binds what sends messages and gets their receipts: one transceiver, or a receiver and then a transmitter. Returns
    /// the connection that receives; the one that sends is the current one.
    pub(super) async fn bound_for_receipts(&mut self) -> Result<usize, Verdict> {
        match self.settings.account.binds.bind_type {
            BindType::Transceiver => {
                self.bound().await?;
                Ok(self.current())
            }
            BindType::Pair => {
                self.connect().await?;
                self.bind(CommandId::BIND_RECEIVER).await?;
                let receiver = self.current();
                self.bound().await?;
                Ok(receiver)
            }
            BindType::Transmitter | BindType::Receiver => {
                let why = "needs a bind that sends and one that receives; the profile has one only";
                Err(precondition(why))
            }
        }
    }

    /// A submit_sm to the profile's destination, without a receipt.
    pub(super) fn message(&self) -> Message {
        Message { text: b"smppbench conform".to_vec(), ..self.settings.message.clone() }
    }

    /// Sends a submit_sm and waits for its answer.
    pub(super) async fn submit(&mut self, message: &Message) -> Answer {
        self.ask(CommandId::SUBMIT_SM, &message.body()).await
    }

    /// Sends a submit_sm that should be accepted, and returns the message_id.
    pub(super) async fn accepted_id(&mut self, message: &Message) -> Result<Vec<u8>, Verdict> {
        let answer = self.submit(message).await;
        match &answer {
            Answer::Pdu(pdu) if pdu.is_ok() && !pdu.is_nack() => {
                let id = super::octets::Fields(pdu.body()).cstring().unwrap_or_default();
                Ok(id.to_vec())
            }
            Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => {
                let why = format!("a plain submit_sm was not accepted: {}", answer.says());
                Err(precondition(why))
            }
        }
    }

    /// Whether the session answers an enquire_link; `Err`: it does not, in words.
    pub(super) async fn check_alive(&mut self) -> Result<(), Verdict> {
        let answer = self.ask(CommandId::ENQUIRE_LINK, &[]).await;
        match &answer {
            Answer::Pdu(pdu) if pdu.command() == CommandId::ENQUIRE_LINK_RESP => Ok(()),
            Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => {
                let seen =
                    format!("the session did not go on: after an enquire_link {}", answer.says());
                Err(Verdict::of(Outcome::Fail, seen))
            }
        }
    }

    /// Waits that nothing comes but requests of the peer. `Err`: what came.
    pub(super) async fn silence(&mut self) -> Result<(), Verdict> {
        let until = Clock::now().after(self.settings.waits.silence);
        let seen = match self.next(until).await {
            Event::Silence => return Ok(()),
            Event::Pdu(pdu) => format!("the peer sent {}", pdu.says()),
            Event::Ended(end) => end.to_string(),
        };
        Err(Verdict::of(Outcome::Fail, seen))
    }

    /// Passes where nothing comes, or the generic_nack that section 4.3.1 has for an unknown command_id, and the session
    /// goes on.
    pub(super) async fn silence_or_nack(&mut self) -> Found {
        let until = Clock::now().after(self.settings.waits.silence);
        let seen = match self.next(until).await {
            Event::Silence => "nothing came".to_owned(),
            Event::Pdu(pdu) if pdu.is_nack() && !pdu.is_ok() => {
                format!("the peer answered {}", pdu.says())
            }
            Event::Pdu(pdu) => return fail(format!("the peer answered {}", pdu.says())),
            Event::Ended(end) => return fail(end.to_string()),
        };
        self.check_alive().await?;
        pass(format!("{seen}, and an enquire_link after it was answered"))
    }

    /// Waits for an enquire_link, `enquires` long, and answers neither it nor later ones. Returns what ended the session
    /// within `response` of it (None: nothing), and when it came.
    pub(super) async fn unanswered_enquiry(
        &mut self,
        enquires: Nanos,
        response: Nanos,
    ) -> Result<(Option<String>, Nanos), Verdict> {
        let late = self.settings.waits.late;
        let mut came = None;
        let mut until = Clock::now().after(enquires).after(late);
        let seen = loop {
            // what comes all the time does not put off the end
            let is_over = Clock::now() >= until;
            match if is_over { Event::Silence } else { self.event(until).await } {
                Event::Pdu(pdu) if pdu.command() == CommandId::ENQUIRE_LINK => {
                    if came.is_none() {
                        came = Some(Clock::now());
                        until = Clock::now().after(response).after(late);
                    }
                }
                Event::Pdu(pdu) => {
                    let is_unbind = pdu.command() == CommandId::UNBIND;
                    self.attend(pdu).await;
                    if is_unbind {
                        break Some("an unbind came".to_owned());
                    }
                }
                Event::Silence => break None,
                Event::Ended(end) => break Some(end.to_string()),
            }
        };
        let came = came.ok_or_else(|| precondition("no enquire_link came first"))?;
        Ok((seen, came))
    }

    /// Waits for the end of the connection; responses that come before are ignored.
    pub(super) async fn end_within(&mut self, within: Nanos) -> Option<End> {
        let until = Clock::now().after(within);
        loop {
            match self.next(until).await {
                Event::Pdu(_) => {}
                Event::Silence => return None,
                Event::Ended(end) => return Some(end),
            }
        }
    }
}

/// Judges the answer to a request that should be accepted.
pub(super) fn accepted(answer: &Answer) -> Found {
    let seen = answer.says();
    match answer {
        Answer::Pdu(pdu) if pdu.is_ok() && !pdu.is_nack() => pass(seen),
        Answer::Pdu(pdu) if THROTTLED.contains(&pdu.status()) => inconclusive(seen),
        Answer::Pdu(pdu) if is_unsupported(pdu) => unsupported(seen),
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => fail(seen),
    }
}

/// The same of a submit_sm, which no SMSC may lack.
pub(super) fn accepted_submit(answer: &Answer) -> Found {
    let verdict = accepted(answer)?;
    if verdict.outcome == Outcome::Unsupported { fail(verdict.seen) } else { Ok(verdict) }
}

/// Whether the answer accepts the request. A generic_nack never does, whatever its status.
fn takes(answer: &Pdu) -> bool {
    answer.is_ok() && !answer.is_nack()
}

/// Judges the answer to a request that should be refused, with one of these statuses.
pub(super) fn refused(answer: &Answer, wanted: &[Status]) -> Found {
    let seen = answer.says();
    match answer {
        Answer::Pdu(pdu) if wanted.contains(&pdu.status()) => pass(seen),
        Answer::Pdu(pdu) if takes(pdu) => lenient(seen),
        Answer::Pdu(pdu) if THROTTLED.contains(&pdu.status()) => inconclusive(seen),
        Answer::Pdu(_) => {
            let names: Vec<String> = wanted.iter().map(|status| status_says(*status)).collect();
            fail(format!("{seen}, not {}", names.join(" or ")))
        }
        Answer::Silence(_) | Answer::Ended(_) => fail(seen),
    }
}

/// Judges the answer to octets that should be refused, in whatever way: with any error, or by a close.
pub(super) fn refused_or_closed(answer: &Answer) -> Found {
    let seen = answer.says();
    match answer {
        Answer::Pdu(pdu) if takes(pdu) => fail(seen),
        Answer::Pdu(pdu) if THROTTLED.contains(&pdu.status()) => inconclusive(seen),
        Answer::Pdu(_) | Answer::Ended(End::Closed | End::Reset) => pass(seen),
        Answer::Ended(_) | Answer::Silence(_) => fail(seen),
    }
}

/// The same, where acceptance does no harm.
pub(super) fn refused_or_harmless(answer: &Answer) -> Found {
    match answer {
        Answer::Pdu(pdu) if takes(pdu) => lenient(answer.says()),
        Answer::Pdu(_) | Answer::Silence(_) | Answer::Ended(_) => refused_or_closed(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conform::octets::pdu;

    #[test]
    fn a_generic_nack_without_an_error_refuses_and_is_not_the_status_that_was_wanted() {
        let nack = Answer::Pdu(Pdu(pdu(CommandId::GENERIC_NACK, 0, 7, &[])));
        let outcome = |found: Found| found.map_or_else(|e| e.outcome, |one| one.outcome);
        assert_eq!(outcome(refused(&nack, &[Status::ESME_RINVCMDID])), Outcome::Fail);
        assert_eq!(outcome(refused_or_closed(&nack)), Outcome::Pass);
        assert_eq!(outcome(refused_or_harmless(&nack)), Outcome::Pass);
        assert_eq!(outcome(accepted(&nack)), Outcome::Fail);
    }
}
