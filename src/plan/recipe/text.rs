//! Texts with placeholders as octets: encoded and split with every placeholder at its length, then cut
//! into what is fixed and what varies.
use super::tokens::{Token, mark, tokens};
use super::variables::{Var, Variables};
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::model::{Long, Message, TlvValue};
use crate::plan::suggest::suggestion;
use crate::smpp::coding::Coding;
use crate::smpp::segment::{self, Concatenation, Part};
use crate::smpp::{Tag, TemplatePart};

/// A content ready for templates.
#[derive(Debug)]
pub(super) struct EncodedText {
    pub(super) parts: Vec<EncodedPart>,
    pub(super) coding: u8,
}

/// One part, cut into spans.
#[derive(Debug)]
pub(super) struct EncodedPart {
    pub(super) concatenation: Concatenation,
    spans: Vec<OctetSpan>,
}

#[derive(Debug, PartialEq, Eq)]
enum OctetSpan {
    Fixed(Vec<u8>),
    Varies { var: Var, wide: bool, from: usize, octets: usize },
}

impl EncodedPart {
    /// The pieces of a template; its variables are added to `uses`.
    pub(super) fn pieces(&self, uses: &mut Variables) -> Vec<TemplatePart> {
        let piece = |span: &OctetSpan| match span {
            OctetSpan::Fixed(octets) => TemplatePart::Fixed(octets.clone()),
            OctetSpan::Varies { var, wide, from, octets } => {
                uses.piece(*var, *wide, *from, *octets)
            }
        };
        self.spans.iter().map(piece).collect()
    }
}

/// A part in which nothing varies.
pub(super) fn fixed(part: Part) -> EncodedPart {
    EncodedPart { concatenation: part.concatenation, spans: vec![OctetSpan::Fixed(part.octets)] }
}

/// Refuses what reads like a placeholder and is none: a name in braces.
pub(super) fn check_placeholders(text: &str) -> PlanResult<()> {
    let known: Vec<&str> = Var::PLACEHOLDERS.iter().map(|(word, _)| *word).collect();
    for (at, _) in text.match_indices('{') {
        let inner = &text[at + 1..];
        let length = inner.bytes().take(NAME_MAX + 1).position(|o| o == b'}' || o == b'{');
        let Some(name) =
            length.filter(|end| inner.as_bytes()[*end] == b'}').map(|end| &inner[..end])
        else {
            continue;
        };
        let word = &text[at..at + name.len() + 2];
        if !known.contains(&word) && is_name(name.trim()) {
            let near = suggestion(&format!("{{{}}}", name.trim().to_ascii_lowercase()), &known);
            let why = format!(
                "{word:?} is not a known placeholder{near}; to send it as it stands, write octets"
            );
            return Err(PlanError::about("", why));
        }
    }
    Ok(())
}

/// Longest name that is taken for a mistyped placeholder.
const NAME_MAX: usize = 40;

/// `seq`, `random:6`, `first-name`: a letter, and no blank after it.
fn is_name(name: &str) -> bool {
    let letters = |o: u8| o.is_ascii_alphanumeric() || b"_-.:".contains(&o);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.bytes().all(letters)
}

/// Encodes and splits a message's text. `destination_octets`: of the longest destination. `marked`: each part ends with
/// a marker's token.
pub(super) fn encode(
    text: &str,
    message: &Message,
    long: Long,
    destination_octets: usize,
    marked: bool,
) -> PlanResult<EncodedText> {
    check_placeholders(text)?;
    let coding = coding(text, message)?;
    // before any placeholder is filled in, so that an error names the place in the text as written
    coding.encode(text).map_err(|e| about(&e))?;
    let data_coding = message.data_coding.unwrap_or(coding.data_coding());
    let mut tokens = tokens(text);
    // packed septets hold nothing that varies
    if marked && coding != Coding::GsmPacked {
        tokens = mark(tokens, coding, long, destination_octets);
    }
    let varies = tokens.iter().any(|token| matches!(token, Token::Var(_)));
    if varies && coding == Coding::GsmPacked {
        let why = "a placeholder cannot be packed into septets; leave out `packed`";
        return Err(PlanError::about("", why));
    }
    let mut filled = String::new();
    // for each octet of the encoded text: which variable's which octet it is
    let mut marks: Vec<Option<(Var, usize)>> = Vec::new();
    let wide = coding == Coding::Ucs2;
    for token in &tokens {
        match token {
            Token::Literal(literal) => {
                filled.push_str(literal);
                let octets = coding.encode(literal).map_err(|e| about(&e))?.len();
                marks.resize(marks.len() + octets, None);
            }
            Token::Var(var) => {
                let characters = var.characters(destination_octets);
                filled.extend(std::iter::repeat_n('0', characters));
                let octets = characters * if wide { 2 } else { 1 };
                marks.extend((0..octets).map(|octet| Some((*var, octet))));
            }
        }
    }
    let parts = segment::split(&filled, coding, long).map_err(|e| about(&e))?;
    let parts =
        if varies { cut(parts, &marks, wide) } else { parts.into_iter().map(fixed).collect() };
    Ok(EncodedText { parts, coding: data_coding })
}

/// An error of a coding or a split, about the message.
fn about(e: &dyn std::fmt::Display) -> PlanError {
    PlanError::about("", e.to_string())
}

fn coding(text: &str, message: &Message) -> PlanResult<Coding> {
    let coding = match message.data_coding {
        None => Coding::choose(text),
        Some(number) => Coding::of_data_coding(number).ok_or_else(|| {
            let why = "no text can be written in data_coding";
            PlanError::about("", format!("{why} {number}; write `octets` instead"))
        })?,
    };
    match (message.packed, coding) {
        (false, coding) => Ok(coding),
        (true, Coding::Gsm | Coding::GsmPacked) => Ok(Coding::GsmPacked),
        (true, Coding::Ascii | Coding::Latin1 | Coding::Ucs2) => {
            let why = format!("{} is not packed; leave out `packed`", coding.name());
            Err(PlanError::about("", why))
        }
    }
}

/// Cuts the parts' octets where fixed and varying ones meet.
fn cut(parts: Vec<Part>, marks: &[Option<(Var, usize)>], wide: bool) -> Vec<EncodedPart> {
    let mut marks = marks.iter();
    let mut out = Vec::with_capacity(parts.len());
    for part in parts {
        let mut spans = Vec::new();
        for octet in part.octets {
            let mark = marks.next().expect("as many marks as octets");
            match (mark, spans.last_mut()) {
                (None, Some(OctetSpan::Fixed(octets))) => octets.push(octet),
                (None, _) => spans.push(OctetSpan::Fixed(vec![octet])),
                (Some((var, at)), Some(OctetSpan::Varies { var: last, from, octets, .. }))
                    if last == var && *from + *octets == *at =>
                {
                    *octets += 1;
                }
                (Some((var, at)), _) => {
                    spans.push(OctetSpan::Varies { var: *var, wide, from: *at, octets: 1 });
                }
            }
        }
        out.push(EncodedPart { concatenation: part.concatenation, spans });
    }
    out
}

/// The pieces of a TLV's value; texts may have placeholders.
pub(super) fn tlv(
    value: TlvValue<'_>,
    destination_octets: usize,
    uses: &mut Variables,
) -> Vec<TemplatePart> {
    let mut varying = |text: &str| -> Vec<TemplatePart> {
        let tokens = tokens(text);
        let piece = |token: &Token<'_>| match token {
            Token::Literal(literal) => TemplatePart::Fixed(literal.as_bytes().to_vec()),
            Token::Var(var) => uses.piece(*var, false, 0, var.characters(destination_octets)),
        };
        tokens.iter().map(piece).collect()
    };
    match value {
        TlvValue::Int { value, octets } => {
            let all = value.to_be_bytes();
            let octets = usize::from(octets).min(all.len());
            vec![TemplatePart::Fixed(all[all.len() - octets..].to_vec())]
        }
        TlvValue::Text(text) => varying(text),
        TlvValue::CString(text) => {
            let mut pieces = varying(text);
            pieces.push(TemplatePart::Fixed(vec![0]));
            pieces
        }
        TlvValue::Octets(octets) => vec![TemplatePart::Fixed(octets.to_vec())],
    }
}

/// Refuses a text of a TLV that names an unknown placeholder.
pub(super) fn check_tlv_text(value: TlvValue<'_>) -> PlanResult<()> {
    match value {
        TlvValue::Text(text) | TlvValue::CString(text) => check_placeholders(text),
        TlvValue::Int { .. } | TlvValue::Octets(_) => Ok(()),
    }
}

/// Refuses a value longer than its TLV may be.
pub(super) fn check_tlv(tag: u16, value: &[TemplatePart]) -> PlanResult<()> {
    let of = |piece: &TemplatePart| match piece {
        TemplatePart::Fixed(octets) => octets.len(),
        TemplatePart::Var { nominal_octets, .. } => *nominal_octets,
    };
    let octets: usize = value.iter().map(of).sum();
    let most = Tag(tag).info().map_or(u16::MAX, |info| info.octets_max);
    if octets > usize::from(most) {
        let name = Tag(tag).name().unwrap_or("a TLV");
        let why = format!("{octets} octets, but {name} holds at most {most}; shorten it");
        return Err(PlanError::about("", why));
    }
    Ok(())
}
