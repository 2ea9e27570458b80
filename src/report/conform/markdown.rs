//! A conformance run in Markdown: the page to sign, for where HTML is not shown.
use super::parts;
use crate::conform::{self, CaseRow, Document, Outcome};
use crate::report::markdown::plain;
use std::fmt::Write;

/// The page.
pub fn render(document: &Document) -> String {
    let mut page = format!("# {}\n\n", plain(&parts::title(document)));
    let _ = writeln!(
        page,
        "{} · {:.1} s · {} messages sent · smppbench {}\n",
        plain(&document.started_at),
        document.duration_s,
        document.summary.submits,
        plain(&document.tool.version)
    );
    let _ = writeln!(page, "**{}**\n", plain(&parts::counts(&parts::totals(document), " · ")));
    if let Some(stopped) = &document.stopped {
        let _ = writeln!(page, "> **Warning:** {}\n", plain(stopped));
    }
    if let Some(further) = parts::further_sessions(document) {
        let _ = writeln!(page, "{}\n", plain(&further));
    }
    sections(document, &mut page);
    let _ = writeln!(page, "## Deviations\n");
    let deviations = parts::deviations(document);
    if deviations.is_empty() {
        let _ = writeln!(page, "No deviation was found.\n");
    }
    for case in deviations {
        deviation(document, case, &mut page);
    }
    let unsupported = parts::unsupported(document);
    if !unsupported.is_empty() {
        let _ = writeln!(page, "## Not supported\n");
        for case in unsupported {
            let (id, title, seen) = (plain(&case.id), plain(&case.title), plain(&case.seen));
            let _ = writeln!(page, "- {id} {title}: {seen}");
        }
        page.push('\n');
    }
    let _ = writeln!(
        page,
        "## Features (PICS)\n\n| feature | supported | shown by |\n| :-- | :-- | :-- |"
    );
    for row in &document.pics {
        let support = parts::support(row.support);
        let _ = writeln!(page, "| {} | {support} | {} |", plain(&row.feature), plain(&row.case));
    }
    let _ = writeln!(
        page,
        "\n## Every case\n\n| case | level | outcome | clause |\n| :-- | :-- | :-- | :-- |"
    );
    for case in &document.cases {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} |",
            plain(&case.id),
            case.level.word(),
            plain(case.outcome.word()),
            plain(&case.title)
        );
    }
    page += "\n## Sign-off\n\n| | for the SMSC | for the ESME |\n| :-- | :-- | :-- |\n| company | | |\n| name | | |\n\
             | role | | |\n| date | | |\n| signature | | |\n";
    page
}

fn sections(document: &Document, page: &mut String) {
    let _ = writeln!(page, "## Summary by section\n");
    let words: Vec<String> = Outcome::ALL.iter().map(|outcome| plain(outcome.word())).collect();
    let _ = writeln!(page, "| section | {} |", words.join(" | "));
    let _ = writeln!(page, "| :-- |{}", " --: |".repeat(words.len()));
    for row in parts::sections(document) {
        let counts: Vec<String> = row
            .counts
            .iter()
            .map(|count| if *count == 0 { String::new() } else { count.to_string() })
            .collect();
        let _ = writeln!(page, "| {} | {} |", plain(&row.section), counts.join(" | "));
    }
    page.push('\n');
}

fn deviation(document: &Document, case: &CaseRow, page: &mut String) {
    let (level, outcome) = (case.level.word(), plain(case.outcome.word()));
    let _ = writeln!(page, "### {} {level} {outcome}\n\n{}\n", plain(&case.id), plain(&case.title));
    let _ = writeln!(page, "- expected: {}", plain(&case.expected));
    let _ = writeln!(page, "- seen: {}", plain(&case.seen));
    if let Some(consequence) = parts::consequence(case) {
        let _ = writeln!(page, "- means: {}", plain(consequence));
    }
    if let Some(why) = conform::explanation(document, case) {
        let _ = writeln!(page, "- because: {}", plain(why));
    }
    page.push('\n');
    let (rows, more) = parts::exchange(case);
    if rows.is_empty() {
        return;
    }
    page.push_str("| | s | PDU | octets |\n| :-- | --: | :-- | :-- |\n");
    for row in rows {
        let _ = writeln!(page, "| {} | {} | {} | {} |", row.who, row.at, plain(&row.pdus), row.hex);
    }
    if more > 0 {
        let _ = writeln!(page, "\nand {more} more in conform.json");
    }
    page.push('\n');
}
