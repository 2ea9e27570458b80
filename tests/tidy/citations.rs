//! Citations of the book and links between Markdown files: each names a page, heading or row that is there.
//!
//! A citation is the path of a page, with a heading or rows of a table behind it where one is meant:
//! `docs/measuring.md, "Schedule"` and `docs/smpp/in-the-wild.md, rows 1 to 3`.
use std::path::{Component, Path, PathBuf};

/// The specifications that the book was made from. They are not in the repository, so nothing may cite them.
const GONE: [&str; 4] =
    [concat!("MET", "HOD"), concat!("CON", "TRACT"), concat!("FA", "CTS"), concat!("DES", "IGN")];

/// A file that may hold citations: its path from the root, and its text.
pub(crate) struct Text {
    name: String,
    text: String,
}

/// The sources and pages of the repository.
pub(crate) fn texts(root: &Path) -> Vec<Text> {
    let mut paths = Vec::new();
    for folder in
        ["src", "tests", "benches", "examples", "fuzz/fuzz_targets", "docs", "deploy", "reports"]
    {
        collect(&root.join(folder), &mut paths);
    }
    paths.extend(
        ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
            .map(|name| root.join(name)),
    );
    paths.sort();
    let texts = paths.into_iter().map(|path| Text {
        name: path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(),
        text: std::fs::read_to_string(&path).unwrap(),
    });
    texts.collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "node_modules") {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs" || e == "md") {
            into.push(path);
        }
    }
}

/// One line: comments that go over several lines are joined, without their slashes.
fn joined(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.trim();
        line.trim_start_matches("//").trim_start_matches(['!', '/']).trim()
    });
    lines.collect::<Vec<_>>().join(" ")
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `found` at `at` is a word of its own.
fn stands_alone(text: &str, at: usize, found: &str) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at + found.len()..].chars().next();
    !before.is_some_and(is_word) && !after.is_some_and(is_word)
}

/// The headings of a page, without the signs of code.
fn headings(page: &str) -> Vec<String> {
    let mut is_code = false;
    let lines = page.lines().filter(|line| {
        is_code ^= line.starts_with("```");
        !is_code && line.starts_with('#')
    });
    lines.map(|line| line.trim_start_matches('#').trim().replace('`', "")).collect()
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| is_word(*c) || *c == ' ' || *c == '-');
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// What is wrong with the citations of a text. `read` gives the text of a page.
pub(crate) fn faults_of_citations(
    text: &Text,
    read: &dyn Fn(&str) -> Option<String>,
) -> Vec<String> {
    let line = joined(&text.text);
    let mut faults = Vec::new();
    for gone in GONE {
        let alone = line.match_indices(gone).any(|(at, _)| stands_alone(&line, at, gone));
        if alone {
            faults.push(format!(
                "{}: {gone} is not in the repository: cite a page of docs",
                text.name
            ));
        }
    }
    for (at, _) in line.match_indices("docs/") {
        let is_path = |c: char| c.is_ascii_alphanumeric() || "/-._".contains(c);
        let path: String = line[at..].chars().take_while(|c| is_path(*c)).collect();
        let Some(end) = path.find(".md") else { continue };
        let (path, rest) = (&path[..end + 3], &line[at + end + 3..]);
        if line[..at].ends_with(['/', '.']) {
            continue;
        }
        let Some(page) = read(path) else {
            faults.push(format!("{}: there is no page {path}", text.name));
            continue;
        };
        if let Some(quoted) = rest.strip_prefix(", \"") {
            let heading = quoted.split('"').next().unwrap_or_default();
            if !headings(&page).iter().any(|known| known == heading) {
                faults.push(format!("{}: {path} has no heading {heading:?}", text.name));
            }
        }
        if let Some(rows) = rest.strip_prefix(", row") {
            for row in rows_cited(rows) {
                if !page.contains(&format!("\n| {row} |")) {
                    faults.push(format!("{}: {path} has no row {row}", text.name));
                }
            }
        }
    }
    faults
}

/// The numbers behind `row`: `s 1 to 3`, `s 1 and 2`, ` 22`.
fn rows_cited(text: &str) -> Vec<u32> {
    let mut rows = Vec::new();
    for word in text.trim_start_matches('s').split_whitespace() {
        let digits = word.trim_end_matches(|c: char| !c.is_ascii_digit());
        match digits.parse() {
            Ok(row) => rows.push(row),
            Err(_) if word == "to" || word == "and" => continue,
            Err(_) => break,
        }
        if !matches!(&word[digits.len()..], "" | ",") {
            break;
        }
    }
    rows
}

/// The targets of the links in a page, code left out.
fn links(page: &str) -> Vec<String> {
    let mut is_code = false;
    let lines = page.lines().filter(|line| {
        is_code ^= line.trim_start().starts_with("```");
        !is_code
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    let outside: String = text.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let targets = outside.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

/// `folder/../x` as `x`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// What is wrong with the links of a page. `exists` says whether a path from the root does.
pub(crate) fn faults_of_links(
    page: &Text,
    read: &dyn Fn(&str) -> Option<String>,
    exists: &dyn Fn(&Path) -> bool,
) -> Vec<String> {
    let mut faults = Vec::new();
    for link in links(&page.text) {
        if link.contains("://") || link.starts_with("mailto:") {
            continue;
        }
        let (path, wanted) = link.split_once('#').unwrap_or((&link, ""));
        let folder = Path::new(&page.name).parent().unwrap_or(Path::new(""));
        let target =
            if path.is_empty() { page.name.clone().into() } else { plain(&folder.join(path)) };
        if !exists(&target) {
            faults.push(format!("{}: the link {link} leads nowhere", page.name));
            continue;
        }
        let text = target.to_str().and_then(read).filter(|_| !wanted.is_empty());
        if text.is_some_and(|text| !headings(&text).iter().any(|known| anchor(known) == wanted)) {
            faults.push(format!("{}: the link {link} names no heading", page.name));
        }
    }
    faults
}

/// Files that a page names in code, from the root or from `src/`, and that are not there.
pub(crate) fn faults_of_paths(page: &Text, exists: &dyn Fn(&Path) -> bool) -> Vec<String> {
    const ENDS: [&str; 6] = [".rs", ".sh", ".toml", ".json", ".md", ".py"];
    let is_path = |c: char| c.is_ascii_alphanumeric() || "/-._".contains(c);
    let spans = page.text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let paths =
        spans.filter(|span| span.contains('/') && ENDS.iter().any(|end| span.ends_with(end)));
    let paths = paths.filter(|span| span.chars().all(is_path) && !span.starts_with(['.', '/']));
    let gone =
        paths.filter(|path| !exists(Path::new(path)) && !exists(&Path::new("src").join(path)));
    gone.map(|path| format!("{}: there is no file {path}", page.name)).collect()
}

/// Pages of the book that its summary leaves out.
pub(crate) fn pages_left_out(texts: &[Text]) -> Vec<String> {
    let summary = texts.iter().find(|text| text.name == "docs/SUMMARY.md").unwrap();
    let listed: Vec<String> = links(&summary.text);
    let pages = texts.iter().filter_map(|text| text.name.strip_prefix("docs/"));
    let pages = pages.filter(|page| page.ends_with(".md") && *page != "SUMMARY.md");
    let left_out = pages.filter(|page| !listed.iter().any(|link| link == page));
    left_out.map(|page| format!("docs/SUMMARY.md does not list {page}")).collect()
}

impl Text {
    /// A page, and not a source.
    pub(crate) fn is_page(&self) -> bool {
        self.name.ends_with(".md")
    }

    /// A changelog names what was.
    pub(crate) fn is_of_today(&self) -> bool {
        self.name != "CHANGELOG.md"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text {
        Text { name: concat!("docs/", "x.md").to_owned(), text: text.to_owned() }
    }

    fn read(path: &str) -> Option<String> {
        let page = "# The `one`\n```\n# code\n```\n## Its part\n| n |\n|---|\n| 1 |\n| 2 |\n";
        (path == concat!("docs/", "one.md")).then(|| page.to_owned())
    }

    #[test]
    fn citations_of_what_is_there_resolve_and_others_do_not() {
        let faults =
            |line: &str| faults_of_citations(&text(&line.replace("D/", "docs/")), &read).len();
        for there in [
            "(D/one.md)",
            "D/one.md, \"The one\"",
            "//! see D/one.md, \"Its\n//! part\": it",
            "D/one.md, rows 1 to 2: x",
            "D/one.md, row 2) and 7",
            "../D/two.md and D/folder",
        ] {
            assert_eq!(faults(there), 0, "{there}");
        }
        for gone in [
            "D/two.md",
            "D/one.md, \"code\"",
            "// D/one.md, \"Its\n// end\"",
            "D/one.md, rows 2 and 3",
        ] {
            assert_eq!(faults(gone), 1, "{gone}");
        }
    }

    #[test]
    fn a_specification_that_is_not_in_the_repository_is_not_cited() {
        for gone in GONE {
            assert_eq!(
                faults_of_citations(&text(&format!("// as {gone}.md §4 says")), &read).len(),
                1
            );
            assert_eq!(faults_of_citations(&text(&format!("{gone}S and _{gone}")), &read).len(), 0);
        }
    }

    #[test]
    fn files_that_a_page_names_are_there_from_the_root_or_from_src() {
        let exists =
            |path: &Path| path == Path::new("src/kit/clock.rs") || path == Path::new("a/b.sh");
        let faults = |line: &str| faults_of_paths(&text(line), &exists).len();
        assert_eq!(
            faults(
                "`kit/clock.rs`, `src/kit/clock.rs`, `a/b.sh`, `a/<name>.rs`, a/c.rs and `b.rs`"
            ),
            0
        );
        assert_eq!(faults("`kit/clocks.rs` and `a/b.rs`"), 2);
    }

    #[test]
    fn links_to_what_is_there_resolve_and_others_do_not() {
        let exists = |path: &Path| {
            ["one.md", "x.md"].iter().any(|page| path == Path::new("docs").join(page))
        };
        let faults = |line: &str| faults_of_links(&text(line), &read, &exists).len();
        let there = "[a](one.md) [b](../docs/one.md#its-part) [c](https://x.y/z) `[d](no.md)`\n```\n[e](no.md)\n```";
        assert_eq!(faults(there), 0);
        assert_eq!(faults("[a](one.md#no-part) [b](no.md) ![c](../one.md)"), 3);
    }
}
