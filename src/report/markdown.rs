//! summary.md: the verdict, the headline figures, the gates and the ledger for a page on GitHub. Text of a peer or
//! a profile is escaped, so that it neither marks up, links, nor mentions anybody.
use super::blocks::{balance, besides, equations, tally};
use super::counted::gates_in_all;
use super::document::{Document, GateRow};
use super::printable;
use super::text::{
    HEADLINE, Ink, below_the_table, harness_says, headline, headline_rows, latency_row, limiter,
    rates,
};
use crate::judge::GateOutcome;
use crate::kit::words;

/// The page.
pub(super) fn render(document: &Document) -> Vec<u8> {
    let mut text = heading(document);
    text += &gates(&document.gates);
    text += &latencies(document);
    text += &ledger(document);
    text += &statuses(document);
    for warning in &document.warnings {
        text += &format!("> **Warning:** {}\n\n", plain(warning));
    }
    for note in &document.notes {
        text += &format!("> {}\n\n", plain(note));
    }
    let repro = printable(&document.run.repro);
    // a fence longer than any run of backticks inside it
    let fence = "`".repeat(3 + repro.split(|c| c != '`').map(str::len).max().unwrap_or(0));
    text += &format!("Again:\n\n{fence}sh\n{repro}\n{fence}\n");
    text.into_bytes()
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

fn mark(ink: Ink) -> &'static str {
    match ink {
        Ink::Green => "✅ ",
        Ink::Yellow => "⚠️ ",
        Ink::Red => "❌ ",
        Ink::Bold => "",
    }
}

fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let header: Vec<String> = header.iter().map(|cell| plain(cell)).collect();
    // the first column holds names, the others figures
    let rule: Vec<String> =
        (0..header.len()).map(|n| if n == 0 { ":--" } else { "--:" }.to_owned()).collect();
    let rows = rows.iter().map(|row| line(row));
    line(&header) + &line(&rule) + &rows.collect::<String>() + "\n"
}

fn heading(document: &Document) -> String {
    let (ink, verdict) = headline(document);
    let run = &document.run;
    // a page that begins with a green verdict is read no further
    let outcomes: Vec<GateOutcome> = document.gates.iter().map(|gate| gate.outcome).collect();
    let kept = outcomes.iter().all(|outcome| *outcome == GateOutcome::Pass);
    let (ink, verdict) = if kept {
        (ink, verdict)
    } else {
        let failed = outcomes.contains(&GateOutcome::Fail);
        let ink = if failed { Ink::Red } else { Ink::Yellow };
        (ink, format!("{} · {verdict}", gates_in_all(&outcomes)))
    };
    let mut text = format!("## {}{}\n\n", mark(ink), plain(&verdict));
    let version = plain(&document.tool.version);
    let binds: Vec<String> = run.binds.iter().map(|b| plain(b)).collect();
    text += &format!(
        "**{}** · {} · {} · {} · smppbench {version}\n\n",
        plain(&run.name),
        plain(&run.target),
        binds.join(" · "),
        plain(&run.started_at)
    );
    let rates = rates(document);
    if document.verdict.allows_headline() && !rates.is_empty() {
        text += &format!("{}\n\n", plain(&rates));
    }
    if let Some(limiter) = limiter(document) {
        text += &format!("- limiter {}\n", plain(&limiter));
    }
    text + &format!("- harness {}\n\n", plain(&harness_says(document)))
}

fn gates(gates: &[GateRow]) -> String {
    if gates.is_empty() {
        return String::new();
    }
    let rows = gates.iter().map(|gate| {
        let outcome = match gate.outcome {
            GateOutcome::Pass => "✅ pass",
            GateOutcome::Fail => "❌ fail",
            GateOutcome::Undecided => "⚠️ undecided",
        };
        let name = format!("{} {}", gate.name, gate.expression);
        let why = gate.why.as_deref().map_or(String::new(), plain);
        vec![plain(&name), plain(&gate.shows()), outcome.to_owned(), why]
    });
    table(&["gate", "found", "outcome", "why"], &rows.collect::<Vec<_>>())
}

fn latencies(document: &Document) -> String {
    let rows: Vec<Vec<String>> = headline_rows(document)
        .into_iter()
        .map(|(title, latency)| latency_row(title, latency).iter().map(|c| plain(c)).collect())
        .collect();
    let mut text = if rows.is_empty() { String::new() } else { table(&HEADLINE, &rows) };
    let (withheld, explained) = below_the_table(document);
    for why in withheld.map(str::to_owned).into_iter().chain(explained) {
        text += &format!("{}\n\n", plain(&why));
    }
    text
}

fn ledger(document: &Document) -> String {
    let (ink, state) = balance(document);
    let mut text =
        format!("### Ledger of the whole run, in submit\\_sm: {}{}\n\n", mark(ink), plain(state));
    let rows = equations(document).into_iter().map(|equation| {
        vec![equation.name.to_owned(), words::count(equation.total), plain(&equation.sum())]
    });
    text += &table(&["", "total", "is"], &rows.collect::<Vec<_>>());
    let besides = besides(document);
    if !besides.is_empty() {
        text += &format!("Besides: {}.\n\n", plain(&besides.join(", ")));
    }
    for failure in &document.books {
        text += &format!("- ❌ {}\n", plain(failure));
    }
    if !document.books.is_empty() {
        text.push('\n');
    }
    if let Some(check) = &document.tally {
        text += &format!("The simulator: {}.\n\n", plain(&tally(check)));
    }
    text
}

/// Only where anything was refused.
fn statuses(document: &Document) -> String {
    let mut rows: Vec<_> = document.statuses.iter().collect();
    if rows.iter().all(|s| s.code == Some(0)) {
        return String::new();
    }
    rows.sort_by_key(|s| (std::cmp::Reverse(s.count), s.code));
    let all = rows.iter().map(|s| s.count).sum::<u64>().max(1) as f64;
    const SHOWN: usize = 10;
    let shown = rows.iter().take(SHOWN).map(|s| {
        let name = s.name.as_deref().unwrap_or("not in the specification");
        let code = s.code.map_or(String::new(), |code| format!("0x{code:08X}"));
        let share = words::percent(s.count as f64 / all);
        vec![plain(name), code, words::count(s.count), share]
    });
    let mut text =
        table(&["command_status", "code", "answers", "share"], &shown.collect::<Vec<_>>());
    let more = rows.len().saturating_sub(SHOWN);
    if more > 0 {
        text += &format!("and {more} more in result.json\n\n");
    }
    text
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
