//! Steps that the cases of an ESME share: its session, its next submit_sm, and the judgement of what it sent.
use crate::conform::examiner::Examiner;
use crate::conform::line::Event;
use crate::conform::memory::Witnessed;
use crate::conform::octets::{self, Pdu};
use crate::conform::steps::{Status, fail, pass, precondition};
use crate::conform::verdict::{Found, Verdict};
use crate::kit::Clock;
use crate::smpp::CommandId;

/// PDUs of the time between two cases that are answered first, at most: an ESME that sends as fast as it is answered would
/// hold up each case otherwise.
const WAITING_MAX: u32 = 10;
/// Connections without a bind that are passed over while one with a bind is awaited.
const CONNECTIONS_MAX: u32 = 20;

/// What deviates, in words: the `seen` of a case that fails.
#[derive(Debug)]
pub(super) struct Deviation(pub(super) String);

impl From<&str> for Deviation {
    fn from(why: &str) -> Deviation {
        Deviation(why.to_owned())
    }
}

impl From<String> for Deviation {
    fn from(why: String) -> Deviation {
        Deviation(why)
    }
}

impl Examiner {
    /// A bound session of the ESME: the one that is kept, or the next that it opens. What it sent since the last case is
    /// answered.
    pub(super) async fn session(&mut self) -> Result<(), Verdict> {
        if self.has_session() {
            self.switch_to(0);
            for _ in 0..WAITING_MAX {
                let Event::Pdu(pdu) = self.event(Clock::now()).await else { break };
                self.attend(pdu).await;
            }
        }
        if self.has_session() { Ok(()) } else { self.await_bind().await.map(drop) }
    }

    /// Accepts the ESME's next connection and its bind, lets it in, and returns the bind.
    pub(super) async fn await_bind(&mut self) -> Result<Pdu, Verdict> {
        let bind = self.await_bind_unanswered().await?;
        self.attend(bind.clone()).await;
        Ok(bind)
    }

    /// The same, without an answer. A connection that ends before its bind is passed over: it may have waited for long.
    pub(super) async fn await_bind_unanswered(&mut self) -> Result<Pdu, Verdict> {
        let mut last = "the ESME connected and did not bind".to_owned();
        for _ in 0..CONNECTIONS_MAX {
            self.accept().await?;
            let until = Clock::now().after(self.settings.waits.answer);
            match self.event(until).await {
                Event::Pdu(pdu) if pdu.command().is_bind() => return Ok(pdu),
                Event::Pdu(pdu) => {
                    return Err(precondition(format!("the ESME's first PDU was {}", pdu.says())));
                }
                Event::Silence => {}
                Event::Ended(end) => last = format!("the ESME connected, then {end}"),
            }
        }
        Err(precondition(last))
    }

    /// Drops the kept session, if there is one, and returns the bind of the next; it is not answered yet.
    pub(super) async fn fresh_bind(&mut self) -> Result<Pdu, Verdict> {
        if self.has_session() {
            self.switch_to(0);
            self.drop_connection();
        }
        self.await_bind_unanswered().await
    }

    /// The ESME's next submit_sm, which is not answered yet.
    pub(super) async fn next_submit(&mut self) -> Result<Pdu, Verdict> {
        self.session().await?;
        let waits = self.settings.waits;
        let wait = if self.memory.sends_nothing { waits.silence } else { waits.peer };
        let until = Clock::now().after(wait);
        loop {
            match self.event(until).await {
                Event::Pdu(pdu) if pdu.command() == CommandId::SUBMIT_SM => return Ok(pdu),
                Event::Pdu(pdu) => self.attend(pdu).await,
                Event::Silence => {
                    self.memory.sends_nothing = true;
                    let why = format!(
                        "the ESME sent no submit_sm within {:.1} s; make it send while the cases run",
                        wait.as_secs_f64()
                    );
                    return Err(precondition(why));
                }
                // one that was started again meanwhile sends on its next session
                Event::Ended(_) if Clock::now() < until => self.session().await?,
                Event::Ended(end) => {
                    return Err(precondition(format!("no submit_sm came: {end}")));
                }
            }
        }
    }

    /// Answers a request of the ESME so.
    pub(super) async fn reply(&mut self, to: &Pdu, status: Status, body: &[u8]) {
        self.send(&octets::pdu(to.command().response(), status.0, to.sequence(), body)).await;
    }

    /// Judges the bind with which the ESME came.
    pub(super) async fn judge_bind(
        &mut self,
        check: fn(&Pdu) -> Result<String, Deviation>,
    ) -> Found {
        let is_known = self.memory.binds().next().is_some();
        if !is_known {
            self.session().await?;
        }
        let Some(bind) = self.memory.binds().next().cloned() else {
            return Err(precondition("the ESME's bind was not kept"));
        };
        if is_known {
            self.show(&bind);
        }
        check(&bind.pdu).map_or_else(|Deviation(why)| fail(why), pass)
    }

    /// Judges every submit_sm that the ESME has sent so far; there is at least one.
    pub(super) async fn judge_submits(
        &mut self,
        check: fn(&octets::Message) -> Result<(), Deviation>,
    ) -> Found {
        let known_count = self.memory.submits().count();
        if known_count == 0 {
            let first = self.next_submit().await?;
            self.attend(first).await;
        }
        let submits: Vec<Witnessed> = self.memory.submits().cloned().collect();
        let wrong = submits.iter().find_map(|one| {
            let message = octets::Message::of(&one.pdu);
            let verdict = message
                .as_ref()
                .map_or_else(|| Err("the body ends before short_message does".into()), check);
            verdict.err().map(|why| (one, why))
        });
        let judged = wrong.as_ref().map_or(&submits[0], |(one, _)| one);
        if known_count > 0 {
            self.show(judged);
        }
        match wrong {
            Some((one, Deviation(why))) => {
                fail(format!("{why}, in submit_sm {}", one.pdu.sequence()))
            }
            None => pass(format!("so in each of {} submit_sm", submits.len())),
        }
    }

    /// Drops the kept session where it answers no enquire_link any more, so that no later case is blamed for it. Returns
    /// whether it did.
    pub(in crate::conform) async fn give_up_dead_session(&mut self) -> bool {
        let is_dead = self.has_session() && self.check_alive().await.is_err();
        if is_dead {
            self.drop_connection();
        }
        is_dead
    }

    /// Passes where the session still answers an enquire_link.
    pub(super) async fn alive_or(&mut self, seen: &str) -> Found {
        self.check_alive().await?;
        pass(format!("{seen}, and an enquire_link after it was answered"))
    }

    /// Waits for a response with one of these sequence_numbers, which it returns. `Err`: what came instead.
    pub(super) async fn answer_of(
        &mut self,
        command: CommandId,
        open: &[u32],
    ) -> Result<u32, Deviation> {
        let until = Clock::now().after(self.settings.waits.answer);
        match self.next(until).await {
            Event::Pdu(pdu)
                if pdu.command() == command.response()
                    && pdu.is_ok()
                    && open.contains(&pdu.sequence()) =>
            {
                Ok(pdu.sequence())
            }
            Event::Pdu(pdu) => {
                Err(format!("{} and sequence {}", pdu.says(), pdu.sequence()).into())
            }
            Event::Silence => Err("nothing came in time".into()),
            Event::Ended(end) => Err(end.to_string().into()),
        }
    }
}
