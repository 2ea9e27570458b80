//! A text cut at its placeholders, and a marker's token put at the end of each of its parts.
use super::variables::Var;
use crate::smpp::coding::Coding;
use crate::smpp::marker::Marker;
use crate::smpp::segment::{self, Long};
use std::borrow::Cow;

/// A text between placeholders, or one of them.
#[derive(Clone)]
pub(super) enum Token<'t> {
    Literal(Cow<'t, str>),
    Var(Var),
}

/// Cuts a text at its placeholders; other braces are text.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    // the text from here on is in no token yet
    let mut from = 0;
    for (at, _) in text.match_indices('{') {
        let here = Var::PLACEHOLDERS.iter().find(|(word, _)| text[at..].starts_with(word));
        if let Some((word, var)) = here {
            if at > from {
                tokens.push(Token::Literal(text[from..at].into()));
            }
            tokens.push(Token::Var(*var));
            from = at + word.len();
        }
    }
    if from < text.len() {
        tokens.push(Token::Literal(text[from..].into()));
    }
    tokens
}

/// Units of a character in a coding, where `unit` octets are one.
fn units_of(character: char, coding: Coding, unit: usize) -> usize {
    let mut text = [0; 4];
    coding.encode(character.encode_utf8(&mut text)).map_or(1, |octets| octets.len() / unit)
}

/// A text whose parts each end with a blank and a marker's token. A text that fits one part, or that is not sent in
/// parts, has one token; in others each part is filled with blanks to its end, so that it is split behind the token.
pub(super) fn mark(
    tokens: Vec<Token<'_>>,
    coding: Coding,
    long: Long,
    destination_octets: usize,
) -> Vec<Token<'_>> {
    let limits = segment::part_units(coding, long);
    let of_marker = 1 + Marker::TOKEN_OCTETS;
    let units = |token: &Token<'_>| match token {
        Token::Literal(text) => text.chars().map(|c| units_of(c, coding, limits.unit_octets)).sum(),
        Token::Var(var) => var.characters(destination_octets),
    };
    let all: usize = tokens.iter().map(units).sum();
    let mut marked = Vec::new();
    let end = |marked: &mut Vec<Token<'_>>, blanks: usize| {
        marked.push(Token::Literal(" ".repeat(blanks + 1).into()));
        marked.push(Token::Var(Var::MarkerToken));
    };
    if all + of_marker <= limits.single || matches!(long, Long::Payload | Long::Reject) {
        marked.extend(tokens);
        end(&mut marked, 0);
        return marked;
    }
    let room = limits.part - of_marker;
    // units of the part that is being filled
    let mut filled = 0;
    for token in tokens {
        match token {
            Token::Literal(text) => {
                let mut literal = String::new();
                for character in text.chars() {
                    let units = units_of(character, coding, limits.unit_octets);
                    if filled + units > room {
                        marked.push(Token::Literal(std::mem::take(&mut literal).into()));
                        end(&mut marked, room - filled);
                        filled = 0;
                    }
                    literal.push(character);
                    filled += units;
                }
                marked.push(Token::Literal(literal.into()));
            }
            Token::Var(var) => {
                let units = var.characters(destination_octets);
                if filled + units > room {
                    end(&mut marked, room - filled);
                    filled = 0;
                }
                marked.push(Token::Var(var));
                filled += units;
            }
        }
    }
    end(&mut marked, 0);
    marked
}
