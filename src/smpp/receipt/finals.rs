//! Which states end a message, by a profile's words.
use super::MessageState;

/// States and vendors' own words that end a message. What is not among them is intermediate; a receipt without any
/// state ends its message, for `esm_class` says that it is final.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FinalStates {
    /// By wire number.
    states: [bool; MessageState::ALL.len()],
    /// Words that are no state's name.
    words: Vec<Vec<u8>>,
}

impl FinalStates {
    /// Of these words: `DELIVRD`, `ACKED`, …
    pub fn of<'w>(words: impl IntoIterator<Item = &'w str>) -> FinalStates {
        let mut all = FinalStates::default();
        for word in words {
            match MessageState::known_stat(word.as_bytes()) {
                Some(state) => all.states[usize::from(state.wire())] = true,
                None => all.words.push(word.as_bytes().to_vec()),
            }
        }
        all
    }

    /// Whether a receipt in this state ends its message. `word`: the `stat` that is no state's name.
    #[inline]
    pub fn ends(&self, state: MessageState, word: &[u8]) -> bool {
        if word.is_empty() {
            return self.states.get(usize::from(state.wire())).copied().unwrap_or(true);
        }
        self.words.iter().any(|known| known.eq_ignore_ascii_case(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_ends_a_message_where_it_is_listed_in_any_case_and_no_other_does() {
        let finals = FinalStates::of(["DELIVRD", "UNDELIVERABLE", "Acked"]);
        let other = MessageState::Other(255);
        assert!(finals.ends(MessageState::Delivered, b"") && finals.ends(other, b"ACKED"));
        assert!(finals.ends(MessageState::Undeliverable, b""));
        assert!(!finals.ends(other, b"BUFFERED1") && !finals.ends(MessageState::Enroute, b""));
        assert!(finals.ends(other, b""), "no state at all");
    }
}
