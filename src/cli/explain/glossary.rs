//! Entries of the glossary, docs/glossary.md: the words that the summary, the reports and the documentation use.
const PAGE: &str = include_str!("../../../docs/glossary.md");

/// Each term with what it means, in the page's order. Where a row has several terms, each has its own.
pub(super) fn terms() -> impl Iterator<Item = (&'static str, String)> {
    PAGE.lines().filter_map(row).flat_map(|(terms, says)| {
        let says = without_links(says);
        terms.split(", ").map(move |term| (term, says.clone()))
    })
}

/// The entries of a term, in any case; the plural is the same term.
pub(super) fn entries(name: &str) -> Vec<String> {
    let wanted = singular(name);
    let has = |terms: &str| terms.split(", ").any(|term| singular(term) == wanted);
    let rows = PAGE.lines().filter_map(row).filter(|(terms, _)| has(terms));
    // a row of several terms may tell them one after the other
    let entry = |(terms, says): (&str, &str)| {
        let word = if terms.contains(", ") { "words" } else { "a word" };
        let says = without_links(says);
        format!("{terms}, {word} of the reports and the documentation\n\n  {says}\n")
    };
    rows.map(entry).collect()
}

fn singular(name: &str) -> String {
    let name = name.to_lowercase();
    name.strip_suffix('s').map_or(name.clone(), str::to_owned)
}

/// The cells of a row of a table; None: another line, or the head of a table.
fn row(line: &'static str) -> Option<(&'static str, &'static str)> {
    let (term, says) = line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ")?;
    (term != "term").then_some((term, says))
}

/// `[text](page)` as `text`.
fn without_links(says: &str) -> String {
    let mut plain = String::new();
    let mut rest = says;
    while let Some((before, (text, after))) = rest
        .split_once('[')
        .and_then(|(before, link)| Some((before, link.split_once("](")?)))
        .and_then(|(before, (text, link))| Some((before, (text, link.split_once(')')?.1))))
    {
        plain += before;
        plain += text;
        rest = after;
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_shares_its_row_is_told_with_the_others_of_the_row() {
        let [entry] = &entries("Observed")[..] else { panic!("one entry") };
        assert!(entry.starts_with("censored, observed, words of the reports"), "{entry}");
        assert!(entries("closed loop")[0].starts_with("closed loop, a word of"));
    }

    #[test]
    fn links_are_printed_as_their_words() {
        assert_eq!(without_links("a [b c](d.md#e), f [g](h) i"), "a b c, f g i");
        assert_eq!(without_links("no [link] here"), "no [link] here");
    }
}
