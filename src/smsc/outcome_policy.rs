//! Decides the answer and the outcome of a submit_sm that no limit refuses. Chance is an argument.
use super::pending_delivery::Address;
use super::submit_fields::SubmitFields;
use crate::kit::Rng;
use crate::plan::behaviour::{Behaviour, Rule};
use crate::smpp::CommandStatus;
use crate::smpp::receipt::MessageState;

/// The answer to a submit_sm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SubmitDecision {
    /// Refuse it with this status.
    Refuse(CommandStatus),
    /// Accept it with ESME_ROK and an id.
    Accept(AcceptTerms),
}

/// The outcome of an accepted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AcceptTerms {
    /// message_state of its receipt.
    pub(super) state: u8,
    /// 1 + the index of the rule that gives the receipt's `err`; 0: `err` follows from the state.
    pub(super) rule: u16,
    /// Whether its response is never sent.
    pub(super) unanswered: bool,
    /// Whether its registered_delivery asks for a receipt of this outcome.
    pub(super) asked: bool,
    /// Whether that receipt is never sent.
    pub(super) unreceipted: bool,
    /// Whether the receipt is sent before the response.
    pub(super) early: bool,
    /// Whether the receipt is sent twice.
    pub(super) duplicate: bool,
    /// Whether an intermediate notification is sent before the receipt.
    pub(super) intermediate: bool,
}

/// The destination of a rule: text with an optional `*` at either end.
#[derive(Clone, Debug)]
enum DestinationPattern {
    Exact(Vec<u8>),
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    Contains(Vec<u8>),
}

impl DestinationPattern {
    fn new(text: &str) -> DestinationPattern {
        let inner = text.trim_matches('*').as_bytes().to_vec();
        match (text.starts_with('*'), text.ends_with('*')) {
            (false, false) => DestinationPattern::Exact(inner),
            (false, true) => DestinationPattern::Prefix(inner),
            (true, false) => DestinationPattern::Suffix(inner),
            (true, true) => DestinationPattern::Contains(inner),
        }
    }

    fn matches(&self, address: &[u8]) -> bool {
        match self {
            DestinationPattern::Exact(text) => address == text,
            DestinationPattern::Prefix(text) => address.starts_with(text),
            DestinationPattern::Suffix(text) => address.ends_with(text),
            DestinationPattern::Contains(text) => {
                text.is_empty() || address.windows(text.len()).any(|part| part == text)
            }
        }
    }
}

/// The probabilities and rules of a behaviour.
#[derive(Clone, Debug)]
pub(super) struct OutcomePolicy {
    rules: Vec<(DestinationPattern, Rule)>,
    /// command_status with its probability.
    errors: Vec<(u32, f64)>,
    /// message_state with its probability.
    states: Vec<(u8, f64)>,
    unanswered: f64,
    unreceipted: f64,
    early: f64,
    duplicate: f64,
    intermediate: f64,
}

/// Draws one of `choices` by their probabilities. None: the draw falls into none of them.
fn draw<T: Copy>(choices: &[(T, f64)], rng: &mut Rng) -> Option<T> {
    if choices.is_empty() {
        return None;
    }
    let mut left = rng.unit();
    for (value, probability) in choices {
        if left < *probability {
            return Some(*value);
        }
        left -= probability;
    }
    None
}

/// Whether registered_delivery asks for a receipt of this outcome (v3.4 5.2.17; 3 as in v5.0).
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
            rules: rules
                .map(|rule| (DestinationPattern::new(&rule.destination), rule.clone()))
                .collect(),
            errors: behaviour.response.errors.clone(),
            states: receipts.states.clone(),
            unanswered: behaviour.response.lost,
            unreceipted: receipts.lost,
            early: receipts.before_response,
            duplicate: receipts.duplicate,
            intermediate: receipts.intermediate,
        }
    }

    /// Whether nothing is left to rules or chance: every message is accepted, answered and delivered, with one receipt after
    /// its response.
    #[inline]
    pub(super) fn is_certain(&self) -> bool {
        let chances =
            [self.unanswered, self.unreceipted, self.early, self.duplicate, self.intermediate];
        let none = chances.iter().all(|chance| *chance <= 0.0);
        none && self.rules.is_empty() && self.errors.is_empty() && self.states.is_empty()
    }

    /// The first rule that matches a destination, and its index.
    #[inline]
    fn rule(&self, destination: &Address) -> Option<(usize, &Rule)> {
        if self.rules.is_empty() {
            return None;
        }
        let (octets, len) = destination.raw();
        let is_match = |pattern: &DestinationPattern| pattern.matches(&octets[..len]);
        let at = self.rules.iter().position(|(pattern, _)| is_match(pattern))?;
        Some((at, &self.rules[at].1))
    }

    /// Decides by the first rule that matches, or by chance.
    #[inline]
    pub(super) fn decide(&self, fields: &SubmitFields, rng: &mut Rng) -> SubmitDecision {
        let rule = self.rule(&fields.destination);
        let status = match rule {
            Some((_, rule)) => rule.status,
            None => draw(&self.errors, rng),
        };
        if let Some(status) = status
            && status != 0
        {
            return SubmitDecision::Refuse(CommandStatus(status));
        }
        let ruled = rule.and_then(|(_, rule)| rule.state);
        let state =
            ruled.or_else(|| draw(&self.states, rng)).unwrap_or(MessageState::Delivered.wire());
        let asked = asks(fields.registered_delivery, state);
        SubmitDecision::Accept(AcceptTerms {
            state,
            rule: rule.map_or(0, |(at, _)| u16::try_from(at + 1).unwrap_or(0)),
            unanswered: rng.chance(self.unanswered),
            asked,
            unreceipted: asked && rng.chance(self.unreceipted),
            early: asked && rng.chance(self.early),
            duplicate: asked && rng.chance(self.duplicate),
            intermediate: asked && rng.chance(self.intermediate),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rules_destination_may_have_a_star_at_either_end() {
        for (pattern, matching, other) in [
            ("*404", "447700900404", "4047"),
            ("4477*", "447700900404", "4578"),
            ("1234", "1234", "12345"),
            ("*00*", "4477009", "447709"),
            ("*", "1", "-"),
        ] {
            let pattern = DestinationPattern::new(pattern);
            assert!(pattern.matches(matching.as_bytes()));
            assert!(other == "-" || !pattern.matches(other.as_bytes()));
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
