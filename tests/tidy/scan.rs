//! Reading Rust source as far as `tidy` needs it: comments and texts blanked, test code cut out, paths and
//! functions found. It knows no rule of the house.

/// The source with comments, texts and characters blanked; lines stay where they are.
pub(crate) fn blank(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut i = 0;
    while i < chars.len() {
        let end = match chars[i] {
            '/' if chars.get(i + 1) == Some(&'/') => line_end(&chars, i),
            '/' if chars.get(i + 1) == Some(&'*') => block_end(&chars, i),
            '"' => text_end(&chars, i),
            'r' if !is_word_before(&chars, i) => raw_end(&chars, i),
            '\'' => character_end(&chars, i),
            _ => i,
        };
        if end == i {
            out.push(chars[i]);
            i += 1;
        } else {
            out.extend(chars[i..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            i = end;
        }
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A `b` before `r` belongs to a raw byte text.
fn is_word_before(chars: &[char], i: usize) -> bool {
    match i.checked_sub(1).map(|b| chars[b]) {
        Some('b') => i >= 2 && is_word(chars[i - 2]),
        Some(c) => is_word(c),
        None => false,
    }
}

fn line_end(chars: &[char], from: usize) -> usize {
    chars[from..].iter().position(|c| *c == '\n').map_or(chars.len(), |n| from + n)
}

fn block_end(chars: &[char], from: usize) -> usize {
    let (mut depth, mut i) = (0, from);
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            return i;
        }
    }
    i
}

fn text_end(chars: &[char], from: usize) -> usize {
    let mut i = from + 1;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(chars.len())
}

fn raw_end(chars: &[char], from: usize) -> usize {
    let hashes = chars[from + 1..].iter().take_while(|c| **c == '#').count();
    let open = from + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return from;
    }
    let closes =
        |i: usize| chars[i] == '"' && chars[i + 1..].iter().take(hashes).all(|c| *c == '#');
    (open + 1..chars.len()).find(|&i| closes(i)).map_or(chars.len(), |i| i + 1 + hashes)
}

/// `'x'` and `'\n'` end; a lifetime does not begin a text.
fn character_end(chars: &[char], from: usize) -> usize {
    match chars.get(from + 1) {
        Some('\\') => {
            chars[from + 3..].iter().position(|c| *c == '\'').map_or(from, |n| from + 3 + n + 1)
        }
        Some(_) if chars.get(from + 2) == Some(&'\'') => from + 3,
        _ => from,
    }
}

/// Code without its `#[cfg(test)]` items, and the names of the modules that are test files.
pub(crate) fn without_tests(code: &str) -> (String, Vec<String>) {
    const MARK: &str = "#[cfg(test)]";
    let (mut kept, mut files, mut rest) = (String::new(), Vec::new(), code);
    while let Some(at) = rest.find(MARK) {
        kept += &rest[..at];
        let item = &rest[at + MARK.len()..];
        let end = item.find(['{', ';']).unwrap_or(item.len());
        let head = &item[..end];
        if item[end..].starts_with(';') {
            if let Some(name) = head.split("mod ").nth(1) {
                files.push(name.trim().to_owned());
            }
            rest = &item[(end + 1).min(item.len())..];
        } else {
            let close = matching(item, end).unwrap_or(item.len());
            kept.extend(item[..close].chars().filter(|c| *c == '\n'));
            rest = &item[(close + 1).min(item.len())..];
        }
    }
    (kept + rest, files)
}

/// The place of the brace that closes the one at `open`.
fn matching(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0i32;
    for (at, c) in code[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(open + at);
        }
    }
    None
}

/// Every path that starts at the crate's root, as segments: `crate::a::{b, c::d}` gives a::b and a::c::d.
/// `depth`: how deep the file's module is, so that `super::super::x` is known as `crate::x`.
pub(crate) fn root_paths(code: &str, depth: usize) -> Vec<Vec<String>> {
    let to_root = vec!["super"; depth].join("::");
    let starts = ["crate", to_root.as_str()].into_iter().filter(|start| !start.is_empty());
    let paths = starts.flat_map(|start| paths_from(code, start));
    paths.map(|(_, path)| path[1..].to_vec()).filter(|path| path[0] != "super").collect()
}

/// Every path that starts with the word `start`, the word included, and whether a `pub use` hands it on.
pub(crate) fn paths_from(code: &str, start: &str) -> Vec<(bool, Vec<String>)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(&format!("{start}::")) {
        let before = &code[..at];
        let visibility = before.ends_with("(in ");
        if visibility || before.chars().next_back().is_some_and(|c| is_word(c) || c == ':') {
            continue;
        }
        let statement = before.rsplit([';', '}', '{']).next().unwrap_or_default().trim();
        let public = statement.rsplit("]").next().is_some_and(|s| s.trim().starts_with("pub"))
            && statement.ends_with("use");
        let mut paths = Vec::new();
        tree(&code[at + start.len() + 2..], &mut vec![start.to_owned()], &mut paths);
        found.extend(paths.into_iter().map(|path| (public, path)));
    }
    found
}

/// Reads one use tree; returns how much of the text it took.
fn tree(text: &str, prefix: &mut Vec<String>, paths: &mut Vec<Vec<String>>) -> usize {
    let mut at = text.len() - text.trim_start().len();
    if text[at..].starts_with('{') {
        at += 1;
        loop {
            at += text[at..].len() - text[at..].trim_start().len();
            match text[at..].chars().next() {
                Some('}') => return at + 1,
                Some(',') => at += 1,
                None => return at,
                Some(_) => {
                    let taken = tree(&text[at..], prefix, paths);
                    at += taken.max(1);
                    let rename = text[at..].find([',', '}']).unwrap_or(0);
                    at += rename;
                }
            }
        }
    }
    let word: String = text[at..].chars().take_while(|c| is_word(*c) || *c == '*').collect();
    at += word.len();
    if word.is_empty() {
        return at;
    }
    prefix.push(word);
    if text[at..].starts_with("::") {
        at += 2 + tree(&text[at + 2..], prefix, paths);
    } else {
        paths.push(prefix.clone());
    }
    prefix.pop();
    at
}

/// Where each `keyword NAME` begins, and the name.
fn named<'c>(code: &'c str, keyword: &'c str) -> impl Iterator<Item = (usize, String)> + 'c {
    code.match_indices(keyword).filter_map(move |(at, _)| {
        let name: String = code[at + keyword.len()..].chars().take_while(|c| is_word(*c)).collect();
        let whole = !name.is_empty() && !code[..at].chars().next_back().is_some_and(is_word);
        whole.then_some((at, name))
    })
}

/// The line that an octet stands in, from 1.
fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

/// Every function with a body: its name, its first line, and how many lines it has.
pub(crate) fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for (at, name) in named(code, "fn ") {
        let mut depth = 0;
        let end = code[at..].char_indices().find(|(_, c)| {
            match c {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                _ => {}
            }
            depth == 0 && matches!(c, '{' | ';')
        });
        if let Some((offset, '{')) = end
            && let Some(close) = matching(code, at + offset)
        {
            found.push((name, line_of(code, at), code[at..close].matches('\n').count() + 1));
        }
    }
    found
}

/// Every struct with named fields: its name, its first line, and how many fields it has.
pub(crate) fn structs(code: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for (at, name) in named(code, "struct ") {
        let Some((offset, '{')) =
            code[at..].char_indices().find(|(_, c)| matches!(c, '{' | ';' | '('))
        else {
            continue;
        };
        let Some(close) = matching(code, at + offset) else { continue };
        found.push((name, line_of(code, at), fields_count(&code[at + offset + 1..close])));
    }
    found
}

/// Fields between the braces of a struct: colons outside brackets that are no path's.
fn fields_count(body: &str) -> usize {
    let plain = body.replace("::", "  ").replace("->", "  ");
    let mut depth = 0;
    let mut count = 0;
    for c in plain.chars() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' | '>' => depth -= 1,
            ':' if depth == 0 => count += 1,
            _ => {}
        }
    }
    count
}

/// Every `Result<_, String>`: its line and its text.
pub(crate) fn results_with_string(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("Result<") {
        let mut depth = 0;
        let end = code[at..].char_indices().find(|(i, c)| {
            match c {
                '<' | '(' | '[' => depth += 1,
                '>' if code[at..*i + at].ends_with('-') => {}
                '>' | ')' | ']' => depth -= 1,
                _ => {}
            }
            depth == 0 && *c == '>'
        });
        let Some((length, _)) = end else { continue };
        let text: String = code[at..=at + length].split_whitespace().collect();
        if text.ends_with(",String>") {
            found.push((line_of(code, at), text));
        }
    }
    found
}
