//! Labels as the text format of Prometheus spells them: `name="value", other="value"`, with `\\`, `\"` and `\n` in a
//! value. A selector of a series has the same list, and may have `!=`.
use std::borrow::Cow;

/// One `name="value"`, or `name!="value"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label<'t> {
    /// Its name.
    pub name: &'t str,
    /// Whether it is written with `!=`.
    pub is_not: bool,
    /// Its value, without quotes and escapes.
    pub value: Cow<'t, str>,
}

/// Most labels of one list: an exposition is a peer's.
const LABELS_MAX: usize = 64;

/// Whether `text` is a name of a label; a metric's may have `:` too.
pub fn is_label_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether `text` is a name of a metric.
pub fn is_metric_name(text: &str) -> bool {
    let first_is_colon = text.starts_with(':');
    (first_is_colon || !text.starts_with(|c: char| c.is_ascii_digit()))
        && !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

/// Reads a list after its `{`; returns its labels and what follows its `}`. None: it is not such a list.
pub fn read_labels(text: &str) -> Option<(Vec<Label<'_>>, &str)> {
    let mut labels = Vec::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        if labels.len() == LABELS_MAX {
            return None;
        }
        let (label, after) = read_label(rest)?;
        labels.push(label);
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None if rest.starts_with('}') => {}
            None => return None,
        }
    }
}

fn read_label(text: &str) -> Option<(Label<'_>, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    let name = Some(&text[..end]).filter(|name| is_label_name(name))?;
    let rest = text[end..].trim_start();
    let (is_not, rest) = match rest.strip_prefix("!=") {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix('=')?),
    };
    let (value, rest) = read_quoted(rest.trim_start().strip_prefix('"')?)?;
    Some((Label { name, is_not, value }, rest))
}

/// Reads to the closing quote.
fn read_quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let stop = text.find(['"', '\\'])?;
    if text[stop..].starts_with('"') {
        return Some((Cow::Borrowed(&text[..stop]), &text[stop + 1..]));
    }
    let mut value = text[..stop].to_owned();
    let mut chars = text[stop..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((Cow::Owned(value), &text[stop + at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_hold_commas_braces_equals_signs_and_escapes() {
        let text = r#"path="/a,b={c}", q="say \"hi\"\\\n" ,} 42"#;
        let (labels, rest) = read_labels(text).unwrap();
        let found: Vec<(&str, &str)> = labels.iter().map(|l| (l.name, &*l.value)).collect();
        assert_eq!(found, [("path", "/a,b={c}"), ("q", "say \"hi\"\\\n")]);
        assert_eq!(rest, " 42");
        let (labels, _) = read_labels(r#"job != "gw"}"#).unwrap();
        assert!(labels[0].is_not);
        assert_eq!(read_labels("}").unwrap(), (Vec::new(), ""));
    }

    #[test]
    fn what_is_no_list_of_labels_is_not_read() {
        for text in ["", "a}", "a=b}", "a=\"b", "a=\"b\\", "1a=\"b\"}", "a=\"b\" c=\"d\"}", ",}"] {
            assert_eq!(read_labels(text), None, "{text}");
        }
        let many: String = (0..100).map(|n| format!("l{n}=\"v\",")).collect();
        assert_eq!(read_labels(&(many + "}")), None, "a list of a peer has a bound");
    }

    #[test]
    fn names_are_as_the_format_has_them() {
        assert!(is_metric_name("job:rss:sum") && is_metric_name("_x9") && is_metric_name(":a"));
        assert!(!is_metric_name("9x") && !is_metric_name("") && !is_metric_name("a-b"));
        assert!(is_label_name("job") && !is_label_name("job:x") && !is_label_name("9"));
    }
}
