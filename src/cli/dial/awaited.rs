//! What a dialogue has said, and what came back of it: answers by sequence_number, receipts by message id,
//! in either order. It knows no session and sends nothing.
use super::show::millis;
use crate::correlate::{IdRule, IdSource};
use crate::kit::{Nanos, words};
use crate::plan::Receipts;
use crate::smpp::pdu::{self, Body};
use crate::smpp::receipt::{Brief, FinalStates, MessageState, Receipt};
use crate::smpp::{CommandId, CommandStatus, Header};

/// One thing said that is answered.
#[derive(Clone, Debug)]
struct Said {
    command_id: CommandId,
    sequence_number: u32,
    at: Nanos,
    /// registered_delivery, where it has one.
    registered_delivery: u8,
    outcome: Outcome,
    /// When its final receipt came.
    receipt: Option<Nanos>,
    /// It came, and its id matches by these other rules only; empty where it matches as declared.
    by_other_rules: Vec<IdRule>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Open,
    Accepted { id: Vec<u8>, at: Nanos },
    Refused,
    Unanswered,
}

/// A receipt that came.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    id: Vec<u8>,
    state: MessageState,
    word: Vec<u8>,
    intermediate: bool,
    at: Nanos,
}

impl Heard {
    /// What is needed of a receipt later on.
    pub(super) fn of(receipt: &Receipt<'_>, at: Nanos) -> Heard {
        let Receipt { id, state, word, intermediate, .. } = *receipt;
        Heard { id: id.to_vec(), state, word: word.to_vec(), intermediate, at }
    }

    /// What is needed of a message that reads like a receipt.
    pub(super) fn like(brief: &Brief<'_>, at: Nanos) -> Heard {
        let Brief { id, state, word, intermediate, .. } = *brief;
        Heard { id: id.to_vec(), state, word: word.to_vec(), intermediate, at }
    }
}

/// Everything that is or was awaited.
#[derive(Clone, Debug)]
pub(super) struct Awaited {
    rule: IdRule,
    final_states: FinalStates,
    receives: bool,
    said: Vec<Said>,
    heard: Vec<Heard>,
}

/// The keys of ids are compared within one process only.
const KEY_SEED: u64 = 0;

impl Awaited {
    /// Nothing said yet. `receives`: receipts may come on this session.
    pub(super) fn new(receipts: &Receipts, receives: bool) -> Awaited {
        let rule = crate::trial::id_rule(receipts.id_mode);
        let words = receipts.final_states.iter().map(String::as_str);
        let final_states = FinalStates::of(words);
        Awaited { rule, final_states, receives, said: Vec::new(), heard: Vec::new() }
    }

    /// Octets go out. What earns no answer is not awaited.
    pub(super) fn said(&mut self, octets: &[u8], now: Nanos) {
        let Some(header) = Header::read(octets) else { return };
        let id = header.command_id;
        let silent = [CommandId::OUTBIND, CommandId::ALERT_NOTIFICATION];
        let whole = header.command_length as usize == octets.len();
        if id.is_response() || silent.contains(&id) || !whole {
            return;
        }
        let registered_delivery = match pdu::decode(octets).map(|pdu| pdu.body) {
            Ok(Body::SubmitSm(sm)) => sm.registered_delivery,
            Ok(Body::DataSm(sm)) => sm.registered_delivery,
            Ok(_) | Err(_) => 0,
        };
        self.said.push(Said {
            command_id: id,
            sequence_number: header.sequence_number,
            at: now,
            registered_delivery: registered_delivery & 3,
            outcome: Outcome::Open,
            receipt: None,
            by_other_rules: Vec::new(),
        });
    }

    /// When that was said whose answer is awaited; things are said one at a time.
    pub(super) fn open(&self) -> Option<Nanos> {
        self.said.last().filter(|s| s.outcome == Outcome::Open).map(|s| s.at)
    }

    /// The answer does not come. A line about it.
    pub(super) fn give_up(&mut self) -> String {
        let Some(last) = self.said.last_mut() else { return String::new() };
        last.outcome = Outcome::Unanswered;
        format!("no answer to {} seq {}", last.command_id, last.sequence_number)
    }

    /// A response came. A line about it, if it answers what was said: also a late one, and a generic_nack
    /// that bears no number.
    pub(super) fn answered(&mut self, octets: &[u8], now: Nanos) -> Option<String> {
        let header = Header::read(octets)?;
        let number = header.sequence_number;
        let nack = header.command_id == CommandId::GENERIC_NACK;
        let said = self.said.iter_mut().find(|s| match s.outcome {
            Outcome::Open | Outcome::Unanswered => {
                let same = s.sequence_number == number;
                let numberless = nack && number == 0 && s.outcome == Outcome::Open;
                (same && (nack || s.command_id.response() == header.command_id)) || numberless
            }
            Outcome::Accepted { .. } | Outcome::Refused => false,
        })?;
        let accepted = header.command_status == CommandStatus::ESME_ROK && !nack;
        said.outcome = if accepted {
            Outcome::Accepted { id: pdu::message_id(octets).unwrap_or_default().to_vec(), at: now }
        } else {
            Outcome::Refused
        };
        let after = millis(now.since(said.at));
        Some(format!("{} answered in {after}: {}", said.command_id, header.command_status))
    }

    /// Whether an unbind that was said (raw) has been answered.
    pub(super) fn unbound(&self) -> bool {
        let answered = |s: &Said| matches!(s.outcome, Outcome::Accepted { .. });
        self.said.iter().any(|s| s.command_id == CommandId::UNBIND && answered(s))
    }

    /// A receipt came; [`Awaited::settle`] says whose it is.
    pub(super) fn heard(&mut self, heard: Heard) {
        self.heard.push(heard);
    }

    /// Puts receipts and answers together; a line for each receipt that is one of ours.
    pub(super) fn settle(&mut self) -> Vec<String> {
        let Awaited { rule, final_states, said, heard, .. } = self;
        let mut lines = Vec::new();
        heard.retain(|heard| {
            let mine = |rule: IdRule| {
                let key = rule.key(&heard.id, IdSource::Receipt, KEY_SEED).0;
                said.iter().position(|s| match &s.outcome {
                    Outcome::Accepted { id, .. } if !id.is_empty() => {
                        rule.key(id, IdSource::Response, KEY_SEED).0 == key
                    }
                    _ => false,
                })
            };
            let others = || IdRule::ALL.into_iter().filter(|other| mine(*other).is_some());
            let (found, others) = match mine(*rule) {
                Some(place) => (Some(place), Vec::new()),
                None => (others().find_map(mine), others().collect()),
            };
            let Some(place) = found else { return true };
            let said = &mut said[place];
            lines.push(line(said, heard, &others));
            if is_final(final_states, heard) {
                said.receipt.get_or_insert(heard.at);
                said.by_other_rules = others;
            }
            false
        });
        lines
    }

    /// Takes out the final receipts that are none of ours; a line for each. One that may belong to what was
    /// not answered is left.
    pub(super) fn strangers(&mut self) -> Vec<String> {
        let may_be_ours = self.said.iter().any(|s| s.outcome == Outcome::Unanswered);
        if may_be_ours {
            return Vec::new();
        }
        let id = |heard: &Heard| String::from_utf8_lossy(&heard.id).into_owned();
        let strange =
            |heard: Heard| format!("a receipt of no message of ours: id {:?}", id(&heard));
        // without an id it says of nobody whose it is
        let says = |heard: &Heard| !heard.intermediate && !heard.id.is_empty();
        self.heard.drain(..).filter(says).map(strange).collect()
    }

    /// Messages whose receipt must still come on this session.
    pub(super) fn receipts_due(&self) -> usize {
        if !self.receives {
            return 0;
        }
        let due = |s: &&Said| {
            let accepted = matches!(s.outcome, Outcome::Accepted { .. });
            accepted && s.registered_delivery != 0 && s.receipt.is_none()
        };
        self.said.iter().filter(due).count()
    }

    /// Whether any message asks for a receipt that may come on this session.
    pub(super) fn asks_receipts(&self) -> bool {
        self.receives && self.said.iter().any(|s| s.registered_delivery != 0)
    }

    /// Other rules by which receipts match that do not match by the declared one.
    pub(super) fn other_modes(&self) -> Vec<&'static str> {
        let other = self.said.iter().find(|s| !s.by_other_rules.is_empty());
        other
            .map(|said| said.by_other_rules.iter().map(|rule| rule.name()).collect())
            .unwrap_or_default()
    }

    /// What should have come and did not, in one line.
    pub(super) fn unanswered(&self) -> Option<String> {
        let unanswered = self.said.iter().filter(|s| s.outcome == Outcome::Unanswered).count();
        if unanswered > 0 {
            let said = words::counted(self.said.len() as u64, "request");
            return Some(format!("{unanswered} of {said} not answered"));
        }
        // registered_delivery 2 and 3 ask for one outcome only: silence may be right
        let owed =
            |s: &&Said| s.registered_delivery == 1 && matches!(s.outcome, Outcome::Accepted { .. });
        let owed: Vec<&Said> = self.said.iter().filter(owed).collect();
        let missing = owed.iter().filter(|s| s.receipt.is_none()).count();
        if self.receives && missing > 0 {
            let owed = words::counted(owed.len() as u64, "receipt");
            return Some(format!("{missing} of {owed} did not come"));
        }
        let other = self.said.iter().find(|s| !s.by_other_rules.is_empty())?;
        let (named, declared) = (names(&other.by_other_rules), self.rule.name());
        Some(format!("receipts match by receipts.id_mode = {named}, not \"{declared}\"; set it"))
    }
}

/// Rules as a profile writes them.
fn names(rules: &[IdRule]) -> String {
    let names: Vec<String> = rules.iter().map(|rule| format!("{:?}", rule.name())).collect();
    names.join(" or ")
}

fn is_final(final_states: &FinalStates, heard: &Heard) -> bool {
    !heard.intermediate && final_states.ends(heard.state, &heard.word)
}

fn line(said: &Said, heard: &Heard, others: &[IdRule]) -> String {
    let id = String::from_utf8_lossy(&heard.id).into_owned();
    let from_submit = millis(heard.at.since(said.at));
    let after = match said.outcome {
        Outcome::Accepted { at, .. } if heard.at >= at => {
            format!("{} after its response", millis(heard.at.since(at)))
        }
        Outcome::Accepted { at, .. } => {
            format!("{} before its response", millis(at.since(heard.at)))
        }
        Outcome::Open | Outcome::Refused | Outcome::Unanswered => "unanswered".to_owned(),
    };
    let kind = match (heard.intermediate, said.receipt.is_some()) {
        (true, _) => "notification",
        (false, true) => "one more receipt",
        (false, false) => "receipt",
    };
    let rule = match others {
        [] => String::new(),
        others => format!("; its id matches by receipts.id_mode = {} only", names(others)),
    };
    let (number, state) = (said.sequence_number, heard.state.stat());
    format!(
        "{kind} of seq {number} (id {id:?}): {state}, {from_submit} after the submit, {after}{rule}"
    )
}
