//! summary.md and comparison.md: for a page on GitHub. Text of a peer or a profile is escaped, so that it neither marks
//! up, links, nor mentions anybody.
use super::document::Document;
use super::model::{
    Cell, Column, ComparisonModel, Kind, RunModel, Summary, Table, Tone, Value, through,
};
use super::printable;

/// The page of a run.
pub(super) fn render(document: &Document) -> Vec<u8> {
    let m = RunModel::of(document);
    let mut text = heading(&m);
    text += &table(&m.gates);
    text += &table(&m.latencies);
    for note in &m.on_latencies {
        text += &format!("{}\n\n", plain(&note.says));
    }
    text += &table(&m.observed);
    text += &table(&m.drift);
    let (mark, state) = (mark(m.ledger.tone), plain(m.ledger.state));
    text += &format!("### Ledger of the whole run, in submit\\_sm: {mark}{state}\n\n");
    let sums = m.ledger.table();
    text += &table(&sums);
    if !sums.note.is_empty() {
        text += &format!("{}\n\n", plain(&sums.note));
    }
    for failure in &m.ledger.failures {
        text += &format!("- ❌ {}\n", plain(failure));
    }
    if !m.ledger.failures.is_empty() {
        text.push('\n');
    }
    if let Some(says) = &m.ledger.simulator {
        text += &format!("The simulator: {}.\n\n", plain(says));
    }
    text += &table(&m.statuses);
    for of in through(document).iter().filter(|of| !of.is_empty()) {
        text += &format!("### {}\n\n", plain(&of.title));
        text += &table(of);
        if !of.note.is_empty() {
            text += &format!("{}\n\n", plain(&of.note));
        }
    }
    text += &table(&m.recoveries);
    text += &remarks(&m.top);
    let repro = printable(&document.run.repro);
    // a fence longer than any run of backticks inside it
    let fence = "`".repeat(3 + repro.split(|c| c != '`').map(str::len).max().unwrap_or(0));
    text += &format!("Again:\n\n{fence}sh\n{repro}\n{fence}\n");
    text.into_bytes()
}

/// The page of a comparison.
pub(super) fn comparison(m: &ComparisonModel) -> String {
    let mut page = format!("## {}{}\n\n", mark(m.top.tone), plain(&m.headline));
    for (side, runs) in &m.sides {
        page += &format!("- {side}: {}\n", plain(runs));
    }
    page.push('\n');
    let [counted, others] = &m.metrics;
    page += &table(counted);
    if !others.is_empty() {
        let title = plain(&others.title);
        page += &format!("<details><summary>{title}</summary>\n\n{}</details>\n\n", table(others));
    }
    for beside in [&m.books, &m.beside].into_iter().filter(|table| !table.is_empty()) {
        page += &format!("{}:\n\n{}", plain(&beside.title), table(beside));
    }
    for note in &m.top.notes {
        page += &format!("- {}\n", plain(note));
    }
    page += &format!("- {}\n", plain(&m.method));
    for note in &m.differences {
        page += &format!("- differs: {}\n", plain(note));
    }
    page.push('\n');
    for warning in &m.top.warnings {
        page += &format!("> **Warning:** {}\n\n", plain(warning));
    }
    page
}

/// Text as it is, whatever it means in Markdown, HTML or to GitHub.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let text = printable(text);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // mentions, issues and bare addresses would become links, and :words: pictures
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            ':' if !chars
                .peek()
                .is_none_or(|next| next.is_whitespace() || next.is_ascii_digit()) =>
            {
                out.push_str("&#58;");
            }
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '|' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.replace("www.", "www&#46;")
}

const fn mark(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "✅ ",
        Tone::Warn => "⚠️ ",
        Tone::Bad => "❌ ",
        Tone::Plain => "",
    }
}

/// A table; empty without a row.
fn table(of: &Table) -> String {
    let (columns, rows, more) = of.in_brief();
    if rows.is_empty() {
        return String::new();
    }
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let cell = |cell: &&Cell| match &cell.value {
        Value::Marked(word) => format!("{}{word}", mark(cell.tone)).trim_end().to_owned(),
        value => plain(&value.to_string()),
    };
    let mut text = line(columns.iter().map(|column| plain(&column.title)).collect());
    // the first column holds names
    let rule = |(n, column): (usize, &&Column)| match column.kind {
        Kind::Figures if n > 0 => "--:".to_owned(),
        Kind::Figures | Kind::Words | Kind::Name | Kind::Octets => ":--".to_owned(),
    };
    text += &line(columns.iter().enumerate().map(rule).collect());
    text.extend(rows.iter().map(|row| line(row.iter().map(cell).collect())));
    text.push('\n');
    if more > 0 {
        text += &format!("and {more} more in result.json\n\n");
    }
    text
}

fn heading(m: &RunModel<'_>) -> String {
    let headline = &m.headline;
    // a failed gate stands first: readers stop at a green verdict
    let (tone, says) = match headline.gates_tone {
        Tone::Good => (headline.tone, headline.says()),
        tone => (tone, format!("{} · {}", headline.gates, headline.says())),
    };
    let mut text = format!("## {}{}\n\n", mark(tone), plain(&says));
    let run = &m.document.run;
    let binds: Vec<String> = run.binds.iter().map(|b| plain(b)).collect();
    text += &format!(
        "**{}** · {} · {} · {} · smppbench {}\n\n",
        plain(&run.name),
        plain(&run.target),
        binds.join(" · "),
        plain(&run.started_at),
        plain(&m.document.tool.version)
    );
    if !m.top.rates.is_empty() {
        text += &format!("{}\n\n", plain(&m.top.rates()));
    }
    for line in &m.top.lines {
        text += &format!("- {} {}\n", line.label, plain(&line.says));
    }
    text + "\n"
}

fn remarks(top: &Summary) -> String {
    let warnings = top.warnings.iter().map(|w| format!("**Warning:** {}", plain(w)));
    let notes = top.notes.iter().map(|note| plain(note));
    warnings.chain(notes).map(|line| format!("> {line}\n\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_a_peer_wrote_neither_marks_up_nor_links_nor_mentions() {
        let nasty = "</td><img src=x onerror=alert(1)>|a|`b` **c** [d](http://e) @f #1 www.g :tada: x: 20:30 \u{1b}[2J";
        let shown = plain(nasty);
        assert!(shown.contains("x: 20:30"), "{shown}");
        for live in ["<", "@", "#1", "://", "www.", ":tada", "\u{1b}"] {
            assert!(!shown.contains(live), "{live}: {shown}");
        }
        for c in ["|", "`", "*", "[", "]"] {
            assert_eq!(shown.matches(c).count(), shown.matches(&format!("\\{c}")).count(), "{c}");
        }
    }
}
