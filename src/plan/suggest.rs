//! How errors show a value, and which known word they suggest for an unknown one.
use super::secret::shown_value;
use crate::kit::nearest;

/// Characters of a value that an error repeats.
const SHOWN_MAX: usize = 100;
/// From this likeness on, a known word is suggested.
const LIKENESS_MIN: f64 = 0.75;

/// A value as an error may repeat it: without passwords, and cut where it is long.
pub(super) fn shown(written: &str) -> String {
    let shown = shown_value(written);
    match shown.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}...", &shown[..end]),
        None => shown,
    }
}

/// `; did you mean "rate"?`, or all known words where none is near.
pub(super) fn suggestion(word: &str, known: &[&str]) -> String {
    near(word, known).unwrap_or_else(|| format!("; known are {}", known.join(", ")))
}

/// `; did you mean "rate"?`, where a known word is near.
pub(super) fn near(word: &str, known: &[&str]) -> Option<String> {
    let (likeness, known) = nearest(word, known).into_iter().next()?;
    (likeness >= LIKENESS_MIN).then(|| format!("; did you mean {known:?}?"))
}

/// Sections that people write as one value, with the key that they mean.
const SHORT: [(&str, &str); 2] = [("target", "address"), ("binds", "count")];

/// `a table, such as target = { address = "embedded" }`, where a value was written for a section.
pub(super) fn in_a_table(section: &str, value: &str) -> Option<String> {
    let (_, key) = SHORT.iter().find(|(known, _)| *known == section)?;
    Some(format!("a table, such as {section} = {{ {key} = {value} }}"))
}
