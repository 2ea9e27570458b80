//! Octets as people paste them: digits with any separators, `0x..` lists, escapes of C and Python, and the dumps
//! of hexdump, xxd and Wireshark.

/// Why a text is not hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// A character that is neither a digit nor a separator.
    #[error("not hexadecimal: character {position} is {character:?}")]
    Character {
        /// Its place in the text, from 1.
        position: usize,
        /// The character.
        character: char,
    },
    /// The last octet has one digit.
    #[error("an odd number of hexadecimal digits; an octet has two")]
    OddDigits,
    /// A string of C or Python without its closing quote.
    #[error("a string without its closing {0}; paste all of it")]
    Unclosed(char),
    /// What follows `\\x`.
    #[error("\\x{0} is not an octet; write two digits")]
    Octet(String),
    /// An escape of another language.
    #[error("\\{0} is not an escape that is known here")]
    Escape(char),
}

/// Reads a text as a whole: escapes, or a dump without its offsets and its column of characters. None: it is
/// neither, and [`parse_hex`] reads it line by line.
pub(super) fn whole(text: &str) -> Option<Result<Vec<u8>, HexError>> {
    let start = text.trim_start();
    if text.contains("\\x") || start.starts_with("b'") || start.starts_with("b\"") {
        return Some(escaped(text));
    }
    dump(text).map(Ok)
}

/// Reads hex digits in pairs. Separators between them are skipped, and so is a `0x` where an item begins. In a list
/// (several `0x`, or commas) an item of one digit is an octet too.
pub fn parse_hex(text: &str) -> Result<Vec<u8>, HexError> {
    let is_list = text.contains(',') || text.to_ascii_lowercase().matches("0x").nth(1).is_some();
    let mut octets = Vec::with_capacity(text.len() / 2);
    // the first digit of an octet that is not complete, and whether its item has no other
    let mut open: Option<(u8, bool)> = None;
    let mut item_begins = true;
    let mut characters = text.chars().zip(1..).peekable();
    while let Some((character, position)) = characters.next() {
        if is_separator(character) {
            item_begins = true;
            match open {
                Some((_, false)) if is_list => return Err(HexError::OddDigits),
                Some((digit, true)) if is_list => {
                    octets.push(digit);
                    open = None;
                }
                Some(_) | None => {}
            }
            continue;
        }
        let prefixed = item_begins && character == '0' && open.is_none();
        if prefixed && characters.next_if(|(next, _)| matches!(next, 'x' | 'X')).is_some() {
            continue;
        }
        let digit =
            character.to_digit(16).ok_or(HexError::Character { position, character })? as u8;
        open = match open {
            Some((high, _)) => {
                octets.push(high << 4 | digit);
                None
            }
            None => Some((digit, item_begins)),
        };
        item_begins = false;
    }
    match open {
        None => Ok(octets),
        Some((digit, true)) if is_list => {
            octets.push(digit);
            Ok(octets)
        }
        Some(_) => Err(HexError::OddDigits),
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || ":-.,;_|{}[]()<>\"'".contains(c)
}

/// Reads escapes of C and Python: those in quotes; all of the text where there are no quotes.
fn escaped(text: &str) -> Result<Vec<u8>, HexError> {
    let quotes = |c: char| c == '\'' || c == '"';
    let Some(quote) = text.chars().find(|c| quotes(*c)) else { return unescape(text.trim()) };
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some((_, inner)) = rest.split_once(quote) {
        let mut backslash = false;
        let end = inner.char_indices().find(|(_, c)| {
            let closes = *c == quote && !backslash;
            backslash = *c == '\\' && !backslash;
            closes
        });
        let Some((end, _)) = end else {
            return Err(HexError::Unclosed(quote));
        };
        octets.extend(unescape(&inner[..end])?);
        rest = &inner[end + quote.len_utf8()..];
    }
    Ok(octets)
}

fn unescape(text: &str) -> Result<Vec<u8>, HexError> {
    let mut octets = Vec::with_capacity(text.len() / 2);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c != '\\' {
            let mut utf8 = [0; 4];
            octets.extend(c.encode_utf8(&mut utf8).as_bytes());
            continue;
        }
        let Some(kind) = rest.chars().next() else { break };
        rest = &rest[kind.len_utf8()..];
        octets.push(match kind {
            'x' => {
                let digits = rest.get(..2).unwrap_or(rest);
                let octet = u8::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 2);
                let octet = octet.ok_or_else(|| HexError::Octet(digits.to_owned()))?;
                rest = &rest[2..];
                octet
            }
            '0'..='7' => {
                let more = rest.bytes().take(2).take_while(|o| matches!(o, b'0'..=b'7')).count();
                let (digits, behind) = rest.split_at(more);
                rest = behind;
                digits.bytes().fold(kind as u8 - b'0', |value, digit| {
                    value.wrapping_mul(8).wrapping_add(digit - b'0')
                })
            }
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            'a' => 7,
            'b' => 8,
            'f' => 12,
            'v' => 11,
            // the line goes on
            '\n' => continue,
            '\\' | '\'' | '"' => kind as u8,
            other => return Err(HexError::Escape(other)),
        });
    }
    Ok(octets)
}

/// One line of a dump: its offset, and what follows it.
struct DumpLine<'t> {
    offset: usize,
    rest: &'t str,
}

/// The octets of one dump or several: lines with offsets that count the octets from 0. None: the text is not a dump.
fn dump(text: &str) -> Option<Vec<u8>> {
    let lines: Vec<DumpLine<'_>> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(dump_line)
        .collect::<Option<_>>()?;
    let mut octets = Vec::new();
    // octets before the dump of this line
    let mut began = 0;
    for (number, line) in lines.iter().enumerate() {
        if line.offset == 0 {
            began = octets.len();
        }
        if line.offset != octets.len() - began {
            return None;
        }
        let next = lines.get(number + 1).filter(|next| next.offset > 0);
        let most = next.map_or(DUMP_OCTETS, |next| next.offset.saturating_sub(line.offset));
        let read = dump_octets(line.rest, most);
        // hexdump ends with a line that has an offset only
        if read.is_empty() && !line.rest.trim().is_empty() {
            return None;
        }
        octets.extend(read);
    }
    (!octets.is_empty()).then_some(octets)
}

/// Octets in the line of a dump, unless the next offset says otherwise.
const DUMP_OCTETS: usize = 16;

/// `00000010  00 00 ...`, `0010   00 00 ...`, `00000010: 0000 ...`: an offset of four digits or more, then the octets.
fn dump_line(line: &str) -> Option<DumpLine<'_>> {
    let line = line.trim();
    let digits = line.bytes().take_while(u8::is_ascii_hexdigit).count();
    if !(4..=16).contains(&digits) {
        return None;
    }
    let rest = &line[digits..];
    let apart = rest.is_empty() || rest.starts_with(':') || rest.starts_with("  ");
    let offset = usize::from_str_radix(&line[..digits], 16).ok().filter(|_| apart)?;
    Some(DumpLine { offset, rest: rest.trim_start_matches(':') })
}

/// The octets at the front of a line, at most `most`: up to a word that is not hexadecimal, or a wide gap.
fn dump_octets(rest: &str, most: usize) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = rest.trim_start();
    while octets.len() < most {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (group, after) = rest.split_at(end);
        let is_hex = group.len() <= 16 && group.bytes().all(|octet| octet.is_ascii_hexdigit());
        match parse_hex(group) {
            Ok(read) if is_hex && !read.is_empty() => octets.extend(read),
            Ok(_) | Err(_) => break,
        }
        let next = after.trim_start();
        // hexdump sets two groups of eight apart by two blanks
        if after.len() - next.len() > 2 {
            break;
        }
        rest = next;
    }
    octets.truncate(most);
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: &[u8] =
        &[0, 0, 0, 0x1A, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 7, b'a', b'b', 0xFF, 0x0A];

    fn read(text: &str) -> Result<Vec<u8>, HexError> {
        whole(text).unwrap_or_else(|| parse_hex(text))
    }

    #[test]
    fn every_form_that_people_paste_gives_the_same_octets() {
        for text in [
            "0000001a00000005000000000000000761 62ff0a",
            "0x0000001a000000050000000000000007 6162ff0a",
            "00-00-00-1A-00-00-00-05-00-00-00-00-00-00-00-07-61-62-FF-0A",
            "00:00:00:1a:00:00:00:05:00:00:00:00:00:00:00:07:61:62:ff:0a",
            "00, 00, 00, 1a, 00, 00, 00, 05, 0, 0, 0, 0, 0, 0, 0, 7, 61, 62, ff, a",
            "0x00 0x00 0x00 0x1a 0x00 0x00 0x00 0x05 0x0 0x0 0x0 0x0 0x0 0x0 0x0 0x7 0x61 0x62 0xFF 0xA",
            "{0x00,0x00,0x00,0x1A,0x00,0x00,0x00,0x05,0x00,0x00,0x00,0x00,0x00,0x00,0x00,0x07,0x61,0x62,0xff,0x0a}",
            "b'\\x00\\x00\\x00\\x1a\\x00\\x00\\x00\\x05\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x07ab\\xff\\n'",
            "\"\\x00\\x00\\x00\\x1a\\x00\\x00\\x00\\x05\" \\\n\"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x07ab\\xff\\n\"",
            "\\x00\\x00\\x00\\x1a\\x00\\x00\\x00\\x05\\0\\0\\0\\0\\0\\0\\0\\7ab\\xff\\x0a",
            "00000000  00 00 00 1a 00 00 00 05  00 00 00 00 00 00 00 07  |................|\n\
             00000010  61 62 ff 0a                                       |ab..|\n00000014\n",
            "00000000: 0000 001a 0000 0005 0000 0000 0000 0007  ................\n\
             00000010: 6162 ff0a                                ab..\n",
            "0000   00 00 00 1a 00 00 00 05 00 00 00 00 00 00 00 07   ................\n\
             0010   61 62 ff 0a                                       ab..\n",
            "0000  00 00 00 1a 00 00 00 05 00 00 00 00 00 00 00 07\n0010  61 62 ff 0a\n",
        ] {
            assert_eq!(read(text).as_deref(), Ok(WANTED), "{text}");
        }
    }

    #[test]
    fn a_column_of_characters_that_reads_like_octets_is_not_taken_for_some() {
        let text = "00000000  61 62 63 64 65 66 61 62  63 64 65 66 61 62 63 64  |abcdefabcdefabcd|\n\
                    00000010  61 62                                             |ab|\n";
        assert_eq!(read(text).unwrap().len(), 18);
        let text = "0000   61 62 63 64   abcd\n";
        assert_eq!(read(text).unwrap(), b"abcd");
        let text = "00000000: 6162 6364                                abcd\n";
        assert_eq!(read(text).unwrap(), b"abcd");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, why) in [
            ("00g0", "character 3 is 'g'"),
            ("0x00,0xg1", "character 8 is 'g'"),
            ("000", "an odd number"),
            ("b'\\x0", "without its closing '"),
            ("b'\\x0'", "\\x0 is not an octet"),
            ("b'\\q'", "\\q is not an escape"),
        ] {
            let says = read(text).unwrap_err().to_string();
            assert!(says.contains(why), "{text}: {says}");
        }
    }

    #[test]
    fn nothing_that_is_pasted_panics() {
        for text in [
            "\\x",
            "b'",
            "b'\\",
            "0x",
            ",",
            "\u{e9}\\x\u{e9}\u{e9}",
            "0000  ",
            "0x\u{20ac},0x1",
            "ffff:",
        ] {
            let _ = read(text);
        }
    }
}
