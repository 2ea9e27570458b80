//! The comparison for a page on GitHub. Text of runs and profiles is escaped.
use super::{COLUMNS, headline, method, remarks, row};
use crate::judge::compare::{Comparison, Verdict};
use crate::report::markdown::plain;

/// The page.
pub fn markdown(comparison: &Comparison) -> String {
    let mark = match comparison.verdict {
        Verdict::Worse => "❌",
        Verdict::Inconclusive => "⚠️",
        Verdict::Better | Verdict::Equivalent => "✅",
    };
    let mut page = format!("## {mark} {}\n\n", plain(&headline(comparison)));
    for (title, runs) in [("Base", &comparison.base), ("Candidate", &comparison.candidate)] {
        page += &format!("{title}: {}\n\n", plain(&runs.join(", ")));
    }
    for primary in [true, false] {
        let rows: Vec<Vec<String>> =
            comparison.metrics.iter().filter(|m| m.primary == primary).map(row).collect();
        if rows.is_empty() {
            continue;
        }
        if !primary {
            page += "<details><summary>Besides, not counted for the verdict</summary>\n\n";
        }
        page += &format!("| {} |\n|{}\n", COLUMNS.join(" | "), " --- |".repeat(COLUMNS.len()));
        for row in rows {
            page += &format!("| {} |\n", row.join(" | "));
        }
        page += if primary { "\n" } else { "\n</details>\n\n" };
    }
    for remark in remarks(comparison) {
        page += &format!("- {}\n", plain(&remark));
    }
    page += &format!("- {}\n", plain(&method(comparison)));
    for d in &comparison.differences {
        let word = |v: &Option<String>| v.clone().unwrap_or_else(|| "nothing".to_owned());
        let (base, candidate) = (word(&d.base), word(&d.candidate));
        page += &format!("- differs: {}\n", plain(&format!("{}: {base}, and {candidate}", d.key)));
    }
    for warning in &comparison.warnings {
        page += &format!("\n> **Warning:** {}\n", plain(warning));
    }
    page
}
