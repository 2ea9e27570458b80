//! Requests sent in a dialogue, with their responses by sequence_number and their receipts by message id, in
//! either order. It knows no session and sends nothing.
use super::show::millis;
use crate::correlate::{IdRule, IdSource};
use crate::kit::{Nanos, words};
use crate::plan::Receipts;
use crate::smpp::pdu::{self, Body};
use crate::smpp::receipt::{Brief, FinalStates, MessageState, Receipt};
use crate::smpp::{CommandId, CommandStatus, Header};

/// A request that is answered.
#[derive(Clone, Debug)]
struct SentRequest {
    command_id: CommandId,
    sequence_number: u32,
    at: Nanos,
    /// registered_delivery, where it has one.
    registered_delivery: u8,
    reply: Reply,
    /// When its final receipt came.
    receipt: Option<Nanos>,
    /// Rules other than the declared one by which its receipt matches; empty where the declared one does.
    by_other_rules: Vec<IdRule>,
}

/// The response to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reply {
    Awaited,
    Accepted { id: Vec<u8>, at: Nanos },
    Refused,
    Missing,
}

/// A received receipt.
#[derive(Clone, Debug)]
pub(super) struct Received {
    id: Vec<u8>,
    state: MessageState,
    word: Vec<u8>,
    intermediate: bool,
    pub(super) at: Nanos,
}

impl Received {
    /// The fields of a receipt that matching needs.
    pub(super) fn receipt(receipt: &Receipt<'_>, at: Nanos) -> Received {
        let Receipt { id, state, word, intermediate, .. } = *receipt;
        Received { id: id.to_vec(), state, word: word.to_vec(), intermediate, at }
    }

    /// The same fields of a message that reads like a receipt.
    pub(super) fn text_like_receipt(brief: &Brief<'_>, at: Nanos) -> Received {
        let Brief { id, state, word, intermediate, .. } = *brief;
        Received { id: id.to_vec(), state, word: word.to_vec(), intermediate, at }
    }
}

/// All requests and receipts of a dialogue.
#[derive(Clone, Debug)]
pub(super) struct Awaited {
    rule: IdRule,
    final_states: FinalStates,
    receives: bool,
    sent: Vec<SentRequest>,
    received: Vec<Received>,
}

/// Keys of ids are compared within this process only.
const KEY_SEED: u64 = 0;

impl Awaited {
    /// `receives`: whether receipts may come on this session.
    pub(super) fn new(receipts: &Receipts, receives: bool) -> Awaited {
        let rule = receipts.id_mode;
        let words = receipts.final_states.iter().map(String::as_str);
        let final_states = FinalStates::of(words);
        Awaited { rule, final_states, receives, sent: Vec::new(), received: Vec::new() }
    }

    /// Notes a PDU that is sent, unless it gets no response.
    pub(super) fn sent(&mut self, octets: &[u8], now: Nanos) {
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
        self.sent.push(SentRequest {
            command_id: id,
            sequence_number: header.sequence_number,
            at: now,
            registered_delivery: registered_delivery & 3,
            reply: Reply::Awaited,
            receipt: None,
            by_other_rules: Vec::new(),
        });
    }

    /// Send time of the request in flight; there is one at a time.
    pub(super) fn in_flight_since(&self) -> Option<Nanos> {
        self.sent.last().filter(|s| s.reply == Reply::Awaited).map(|s| s.at)
    }

    /// Gives up on the response in flight. Returns a remark.
    pub(super) fn give_up(&mut self) -> String {
        let Some(last) = self.sent.last_mut() else { return String::new() };
        last.reply = Reply::Missing;
        format!("no response to {} seq {}", last.command_id, last.sequence_number)
    }

    /// Takes in a response. Returns a remark if it answers a request: also late, or as a generic_nack without a
    /// number.
    pub(super) fn answered(&mut self, octets: &[u8], now: Nanos) -> Option<String> {
        let header = Header::read(octets)?;
        let number = header.sequence_number;
        let nack = header.command_id == CommandId::GENERIC_NACK;
        let sent = self.sent.iter_mut().find(|s| match s.reply {
            Reply::Awaited | Reply::Missing => {
                let same = s.sequence_number == number;
                let numberless = nack && number == 0 && s.reply == Reply::Awaited;
                (same && (nack || s.command_id.response() == header.command_id)) || numberless
            }
            Reply::Accepted { .. } | Reply::Refused => false,
        })?;
        let accepted = header.command_status == CommandStatus::ESME_ROK && !nack;
        sent.reply = if accepted {
            Reply::Accepted { id: pdu::message_id(octets).unwrap_or_default().to_vec(), at: now }
        } else {
            Reply::Refused
        };
        let after = millis(now.since(sent.at));
        Some(format!("{} answered in {after}: {}", sent.command_id, header.command_status))
    }

    /// Whether a raw unbind has been answered.
    pub(super) fn unbound(&self) -> bool {
        let answered = |s: &SentRequest| matches!(s.reply, Reply::Accepted { .. });
        self.sent.iter().any(|s| s.command_id == CommandId::UNBIND && answered(s))
    }

    /// Takes in a receipt; [`Awaited::match_receipts`] finds its message.
    pub(super) fn on_receipt(&mut self, received: Received) {
        self.received.push(received);
    }

    /// Matches receipts with responses; a remark for each receipt of a message of this dialogue.
    pub(super) fn match_receipts(&mut self) -> Vec<String> {
        let Awaited { rule, final_states, sent, received, .. } = self;
        let mut lines = Vec::new();
        received.retain(|received| {
            let mine = |rule: IdRule| {
                let key = rule.key(&received.id, IdSource::Receipt, KEY_SEED).0;
                sent.iter().position(|s| match &s.reply {
                    Reply::Accepted { id, .. } if !id.is_empty() => {
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
            let sent = &mut sent[place];
            lines.push(line(sent, received, &others));
            if is_final(final_states, received) {
                sent.receipt.get_or_insert(received.at);
                sent.by_other_rules = others;
            }
            false
        });
        lines
    }

    /// Takes out the final receipts that match no message; a remark for each. None while one may belong to a message
    /// without a response.
    pub(super) fn take_unknown(&mut self) -> Vec<String> {
        let may_be_ours = self.sent.iter().any(|s| s.reply == Reply::Missing);
        if may_be_ours {
            return Vec::new();
        }
        let id = |received: &Received| String::from_utf8_lossy(&received.id).into_owned();
        let remark = |received: Received| {
            format!("a receipt that matches no message: id {:?}", id(&received))
        };
        // without an id it cannot be told whose receipt it is
        let is_unknown = |received: &Received| !received.intermediate && !received.id.is_empty();
        self.received.drain(..).filter(is_unknown).map(remark).collect()
    }

    /// Number of messages whose receipt is awaited on this session.
    pub(super) fn receipts_due(&self) -> usize {
        if !self.receives {
            return 0;
        }
        let due = |s: &&SentRequest| {
            let accepted = matches!(s.reply, Reply::Accepted { .. });
            accepted && s.registered_delivery != 0 && s.receipt.is_none()
        };
        self.sent.iter().filter(due).count()
    }

    /// Whether any message requests a receipt that may come on this session.
    pub(super) fn asks_receipts(&self) -> bool {
        self.receives && self.sent.iter().any(|s| s.registered_delivery != 0)
    }

    /// Other rules by which receipts match that do not match by the declared one.
    pub(super) fn other_modes(&self) -> Vec<&'static str> {
        let other = self.sent.iter().find(|s| !s.by_other_rules.is_empty());
        other
            .map(|sent| sent.by_other_rules.iter().map(|rule| rule.name()).collect())
            .unwrap_or_default()
    }

    /// Missing responses and receipts, in one line; None: all came.
    pub(super) fn unanswered(&self) -> Option<String> {
        let unanswered = self.sent.iter().filter(|s| s.reply == Reply::Missing).count();
        if unanswered > 0 {
            let sent = words::counted(self.sent.len() as u64, "request");
            return Some(format!("{unanswered} of {sent} not answered"));
        }
        // registered_delivery 2 and 3 request a receipt for one outcome only: none may be right
        let owed = |s: &&SentRequest| {
            s.registered_delivery == 1 && matches!(s.reply, Reply::Accepted { .. })
        };
        let owed: Vec<&SentRequest> = self.sent.iter().filter(owed).collect();
        let missing = owed.iter().filter(|s| s.receipt.is_none()).count();
        if self.receives && missing > 0 {
            let owed = words::counted(owed.len() as u64, "receipt");
            return Some(format!("{missing} of {owed} did not come"));
        }
        let other = self.sent.iter().find(|s| !s.by_other_rules.is_empty())?;
        let (named, declared) = (names(&other.by_other_rules), self.rule.name());
        Some(format!("receipts match by receipts.id_mode = {named}, not \"{declared}\"; set it"))
    }
}

/// Rules as a profile writes them.
fn names(rules: &[IdRule]) -> String {
    let names: Vec<String> = rules.iter().map(|rule| format!("{:?}", rule.name())).collect();
    names.join(" or ")
}

fn is_final(final_states: &FinalStates, received: &Received) -> bool {
    !received.intermediate && final_states.ends(received.state, &received.word)
}

fn line(sent: &SentRequest, received: &Received, others: &[IdRule]) -> String {
    let id = String::from_utf8_lossy(&received.id).into_owned();
    let from_submit = millis(received.at.since(sent.at));
    let after = match sent.reply {
        Reply::Accepted { at, .. } if received.at >= at => {
            format!("{} after its response", millis(received.at.since(at)))
        }
        Reply::Accepted { at, .. } => {
            format!("{} before its response", millis(at.since(received.at)))
        }
        Reply::Awaited | Reply::Refused | Reply::Missing => "unanswered".to_owned(),
    };
    let kind = match (received.intermediate, sent.receipt.is_some()) {
        (true, _) => "notification",
        (false, true) => "one more receipt",
        (false, false) => "receipt",
    };
    let rule = match others {
        [] => String::new(),
        others => format!("; its id matches by receipts.id_mode = {} only", names(others)),
    };
    let (number, state) = (sent.sequence_number, received.state.stat());
    format!(
        "{kind} of seq {number} (id {id:?}): {state}, {from_submit} after the submit, {after}{rule}"
    )
}
