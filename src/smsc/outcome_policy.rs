//! The desk: decides what becomes of a submit_sm that no limit refuses. Chance is an argument.
use super::pending_delivery::Address;
use super::submit_fields::SubmitFields;
use crate::kit::Rng;
use crate::plan::behaviour::{Behaviour, Rule};
use crate::smpp::CommandStatus;
use crate::smpp::receipt::MessageState;

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SubmitDecision {
    /// Answered with this status.
    Refuse(CommandStatus),
    /// Answered with ESME_ROK and an id.
    Accept(AcceptTerms),
}

/// How an accepted message ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AcceptTerms {
    /// The message_state of its receipt.
    pub(super) state: u8,
    /// 1 + the rule that says the receipt's `err`; 0: none does.
    pub(super) rule: u16,
    /// It is never answered.
    pub(super) unanswered: bool,
    /// Its registered_delivery asks for a receipt of this outcome.
    pub(super) asked: bool,
    /// That receipt is never sent.
    pub(super) unreceipted: bool,
    /// It goes before the response.
    pub(super) early: bool,
    /// It goes twice.
    pub(super) twice: bool,
    /// An intermediate notification goes before it.
    pub(super) notified: bool,
}

/// A destination as rules write it.
#[derive(Clone, Debug)]
enum Pattern {
    Whole(Vec<u8>),
    Starts(Vec<u8>),
    Ends(Vec<u8>),
    Holds(Vec<u8>),
}

impl Pattern {
    fn new(text: &str) -> Pattern {
        let inner = text.trim_matches('*').as_bytes().to_vec();
        match (text.starts_with('*'), text.ends_with('*')) {
            (false, false) => Pattern::Whole(inner),
            (false, true) => Pattern::Starts(inner),
            (true, false) => Pattern::Ends(inner),
            (true, true) => Pattern::Holds(inner),
        }
    }

    fn fits(&self, address: &[u8]) -> bool {
        match self {
            Pattern::Whole(text) => address == text,
            Pattern::Starts(text) => address.starts_with(text),
            Pattern::Ends(text) => address.ends_with(text),
            Pattern::Holds(text) => {
                text.is_empty() || address.windows(text.len()).any(|part| part == text)
            }
        }
    }
}

/// The shares and rules of a behaviour.
#[derive(Clone, Debug)]
pub(super) struct OutcomePolicy {
    rules: Vec<(Pattern, Rule)>,
    errors: Vec<(u32, f64)>,
    states: Vec<(u8, f64)>,
    unanswered: f64,
    unreceipted: f64,
    early: f64,
    twice: f64,
    notified: f64,
}

/// The first of `shares` that one draw falls into.
fn drawn<T: Copy>(shares: &[(T, f64)], rng: &mut Rng) -> Option<T> {
    if shares.is_empty() {
        return None;
    }
    let mut left = rng.unit();
    for (value, share) in shares {
        if left < *share {
            return Some(*value);
        }
        left -= share;
    }
    None
}

/// Does registered_delivery ask for a receipt of this outcome (v3.4 5.2.17; 3 as v5.0 has it).
pub(super) fn asks(registered_delivery: u8, state: u8) -> bool {
    let delivered = state == MessageState::Delivered.wire();
    match registered_delivery & 0x03 {
        0 => false,
        1 => true,
        2 => !delivered,
        _ => delivered,
    }
}

impl OutcomePolicy {
    pub(super) fn new(behaviour: &Behaviour) -> OutcomePolicy {
        let receipts = &behaviour.receipts;
        let rules = behaviour.rules.iter();
        OutcomePolicy {
            rules: rules.map(|rule| (Pattern::new(&rule.destination), rule.clone())).collect(),
            errors: behaviour.response.errors.clone(),
            states: receipts.states.clone(),
            unanswered: behaviour.response.lost,
            unreceipted: receipts.lost,
            early: receipts.before_response,
            twice: receipts.duplicate,
            notified: receipts.intermediate,
        }
    }

    #[inline]
    fn rule(&self, destination: &Address) -> Option<(usize, &Rule)> {
        if self.rules.is_empty() {
            return None;
        }
        let (octets, len) = destination.raw();
        let fits = |pattern: &Pattern| pattern.fits(&octets[..len]);
        let at = self.rules.iter().position(|(pattern, _)| fits(pattern))?;
        Some((at, &self.rules[at].1))
    }

    /// Decides. The first rule that fits goes before chance.
    #[inline]
    pub(super) fn answer(&self, slip: &SubmitFields, rng: &mut Rng) -> SubmitDecision {
        let rule = self.rule(&slip.destination);
        let status = match rule {
            Some((_, rule)) => rule.status,
            None => drawn(&self.errors, rng),
        };
        if let Some(status) = status
            && status != 0
        {
            return SubmitDecision::Refuse(CommandStatus(status));
        }
        let ruled = rule.and_then(|(_, rule)| rule.state);
        let state =
            ruled.or_else(|| drawn(&self.states, rng)).unwrap_or(MessageState::Delivered.wire());
        let asked = asks(slip.registered_delivery, state);
        SubmitDecision::Accept(AcceptTerms {
            state,
            rule: rule.map_or(0, |(at, _)| u16::try_from(at + 1).unwrap_or(0)),
            unanswered: rng.chance(self.unanswered),
            asked,
            unreceipted: asked && rng.chance(self.unreceipted),
            early: asked && rng.chance(self.early),
            twice: asked && rng.chance(self.twice),
            notified: asked && rng.chance(self.notified),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rules_destination_may_have_a_star_at_either_end() {
        for (pattern, fits, not) in [
            ("*404", "447700900404", "4047"),
            ("4477*", "447700900404", "4578"),
            ("1234", "1234", "12345"),
            ("*00*", "4477009", "447709"),
            ("*", "1", "-"),
        ] {
            let pattern = Pattern::new(pattern);
            assert!(pattern.fits(fits.as_bytes()));
            assert!(not == "-" || !pattern.fits(not.as_bytes()));
        }
    }

    #[test]
    fn registered_delivery_says_which_outcomes_are_asked_for() {
        for (registered_delivery, delivered, failed) in [
            (0, false, false),
            (1, true, true),
            (2, false, true),
            (3, true, false),
            (0x11, true, true),
        ] {
            assert_eq!(asks(registered_delivery, 2), delivered);
            assert_eq!(asks(registered_delivery, 5), failed);
        }
    }
}
