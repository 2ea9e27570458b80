//! Summaries on the terminal: the result, then the evidence, then the figures. This file decides widths and colours,
//! not the words.
use super::Saved;
use super::escape::printable;
use super::model::{
    ComparisonModel, Headline, LabelledLine, Ledger, Remark, RunModel, SearchModel, Summary, Table,
    Tone, through,
};
use super::table::{command, fill, table};
use crate::judge::GateResult;
use crate::kit::words;
use std::fmt::Display;

/// How a summary looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub colour: bool,
    /// Widest line.
    pub columns: usize,
    /// Whether the brief summary leaves out what does not fit on a screen. Where it is piped, all of it is wrapped.
    pub fits_screen: bool,
}

impl Default for Style {
    fn default() -> Style {
        Style { colour: false, columns: 100, fits_screen: false }
    }
}

impl Style {
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "1;32",
            Tone::Warn => "1;33",
            Tone::Bad => "1;31",
            Tone::Plain => "1",
        };
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// A summary in the making.
struct Page {
    style: Style,
    text: String,
}

impl Page {
    fn new(style: Style) -> Page {
        /// Narrower columns would leave one word per line.
        const NARROWEST: usize = 40;
        let style = Style { columns: style.columns.max(NARROWEST), ..style };
        Page { style, text: String::new() }
    }

    fn line(&mut self, text: &str) {
        self.text += text;
        self.text.push('\n');
    }

    /// One empty line after the text so far.
    fn gap(&mut self) {
        if !self.text.ends_with("\n\n") && !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    fn filled(&self, start: &str, text: &dyn Display) -> String {
        fill(self.style.columns, start, &printable(&text.to_string()))
    }

    fn fill(&mut self, start: &str, text: &dyn Display) {
        self.text += &self.filled(start, text);
    }

    /// The same with one of its words in a tone.
    fn painted(&mut self, start: &str, text: &dyn Display, word: &str, tone: Tone) {
        let filled = self.filled(start, text);
        self.text += &match word {
            "" => filled,
            word => filled.replacen(word, &self.style.paint(tone, word), 1),
        };
    }

    fn headline(&mut self, top: &Summary) {
        let filled = self.filled(&format!("  {}  ", top.word), &top.what);
        self.line(&self.style.paint(top.tone, filled.trim_end()));
    }

    fn check(&mut self, check: &Remark) {
        self.fill(&format!("  {} ", check.tone.sign()), &check.says);
    }

    fn labelled(&mut self, line: &LabelledLine) {
        self.painted(&format!("  {:<10}", line.label), &line.says, line.word, line.tone);
    }

    /// A table, with the number of rows left out; nothing if it is empty.
    fn table(&mut self, of: &Table) {
        let (columns, rows, more) = of.in_brief();
        if rows.is_empty() {
            return;
        }
        let cells = |row: &Vec<&super::model::Cell>| {
            row.iter().map(|cell| printable(&cell.to_string())).collect()
        };
        let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
        let titles: Vec<&str> = columns.iter().map(|column| column.title.as_str()).collect();
        self.text += &table(self.style.columns, &titles, &rows);
        if more > 0 {
            self.line(&format!("  and {} more in result.json", words::count(more as u64)));
        }
    }

    fn ledger(&mut self, ledger: &Ledger) {
        let says = format!("ledger of the whole run, in submit_sm: {}", ledger.state);
        self.painted("  ", &says, ledger.state, ledger.tone);
        for sum in &ledger.sums {
            let total = words::count(sum.total);
            // the sign stays with the total, so that the terms are aligned
            let (sign, terms) = match sum.terms() {
                terms if terms.is_empty() => ("", terms),
                terms => (" = ", terms),
            };
            self.fill(&format!("  {:<11}{total:>13}{sign}", sum.name), &terms);
        }
        if !ledger.also.is_empty() {
            self.fill("  also       ", &ledger.also);
        }
        for failure in &ledger.failures {
            self.fill("  ✗ ", failure);
        }
        if let Some(says) = &ledger.simulator {
            self.fill("  simulator  ", says);
        }
    }

    fn gate(&mut self, gate: &GateResult) {
        let word = gate.word();
        self.painted(&format!("  {word:<9} "), &gate.says(), word, gate.tone());
    }

    fn again(&mut self, repro: &str) {
        self.text += &command(self.style.columns, "  again     ", &printable(repro));
    }
}

/// The summary of a run.
pub fn text(saved: &Saved, style: Style) -> String {
    let m = RunModel::of(&saved.document);
    let run = &saved.document.run;
    let mut page = Page::new(style);
    let (version, binds) = (&saved.document.tool.version, run.binds.join(" · "));
    let heading = format!("smppbench {version} · {} · {} · {binds}", run.name, run.target);
    page.painted("", &heading, &printable(&run.name), Tone::Plain);
    page.gap();
    page.headline(&m.top);
    if !m.top.rates.is_empty() {
        page.fill("  ", &m.top.rates());
    }
    m.checks_in_brief().iter().for_each(|check| page.check(check));
    m.top.lines.iter().for_each(|line| page.labelled(line));
    page.gap();
    page.table(&m.latencies);
    for note in &m.on_latencies {
        let filled = page.filled("  ", &note.says);
        page.text += &if note.stands_out { style.paint(Tone::Warn, &filled) } else { filled };
    }
    page.gap();
    page.table(&m.stages);
    page.gap();
    page.table(&m.recoveries);
    page.gap();
    page.table(&m.observed);
    page.gap();
    page.table(&m.drift);
    page.gap();
    page.ledger(&m.ledger);
    page.gap();
    for table in through(&saved.document).iter().filter(|table| !table.is_empty()) {
        page.line(&format!("{}:", table.title));
        page.table(table);
        if !table.note.is_empty() {
            page.fill("  ", &table.note);
        }
        page.gap();
    }
    page.table(&m.statuses);
    page.gap();
    saved.document.gates.iter().for_each(|gate| page.gate(gate));
    page.gap();
    let (troubles, more) = m.troubles_in_brief();
    troubles.iter().for_each(|line| page.labelled(line));
    more.iter().for_each(|says| page.line(&format!("  {says}")));
    page.gap();
    for warning in &m.top.warnings {
        page.painted("  warning   ", warning, "warning", Tone::Warn);
    }
    m.top.notes.iter().for_each(|note| page.fill("  note      ", note));
    if let Some(folder) = &run.folder {
        page.fill("  files     ", folder);
    }
    page.again(&run.repro);
    page.text
}

/// The verdict and the gates in one line, visible when the summary is longer than the terminal.
pub fn verdict_line(saved: &Saved, style: Style) -> String {
    let headline = Headline::of(&saved.document);
    let gates =
        if headline.gates.is_empty() { String::new() } else { format!(" · {}", headline.gates) };
    let line = headline.says() + &gates;
    let shown: String = line.chars().take(style.columns.saturating_sub(1)).collect();
    format!("{}\n", style.paint(headline.tone, &shown))
}

/// The summary of a comparison: the result, the table, the remarks.
pub(super) fn comparison(m: &ComparisonModel, style: Style) -> String {
    let mut page = Page::new(style);
    if !m.sentence.is_empty() {
        page.fill("", &m.sentence);
    }
    page.fill("", &m.headline);
    page.gap();
    for (side, runs) in &m.sides {
        page.fill(&format!("{side:<11}"), runs);
    }
    let [counted, others] = &m.metrics;
    page.gap();
    page.table(counted);
    if !others.is_empty() {
        page.gap();
        page.line(&format!("{}:", others.title));
        page.table(others);
    }
    for table in [&m.books, &m.beside].into_iter().filter(|table| !table.is_empty()) {
        page.gap();
        page.line(&format!("{}:", table.title));
        page.table(table);
        page.fill("  ", &table.note);
    }
    page.gap();
    m.top.notes.iter().for_each(|note| page.fill("  ", note));
    page.fill("  ", &m.method);
    m.differences.iter().for_each(|note| page.fill("  differs: ", note));
    m.top.warnings.iter().for_each(|warning| page.fill("  warning: ", warning));
    page.text
}

/// The summary of a search.
pub(super) fn search(m: &SearchModel<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    page.fill("", &format!("{} · {}", m.title, m.target));
    page.gap();
    page.headline(&m.top);
    if !m.top.rates.is_empty() {
        page.fill("  ", &m.top.rates());
    }
    page.gap();
    m.top.checks.iter().for_each(|check| page.check(check));
    m.ladders_in_brief.iter().for_each(|ladder| page.fill("  ", ladder));
    for table in [&m.latencies, &m.points] {
        page.gap();
        page.table(table);
    }
    if !m.latencies.note.is_empty() {
        page.fill("  ", &m.latencies.note);
    }
    page.gap();
    if !m.search.trials.is_empty() {
        page.line("  trials");
    }
    for trial in &m.search.trials {
        page.fill(&format!("  {:>3}  ", trial.number), &trial.says);
    }
    page.gap();
    m.top.notes.iter().for_each(|note| page.fill("  note  ", note));
    if !m.search.recommendation.is_empty() {
        page.fill("  ", &m.search.recommendation);
    }
    for line in m.search.recommendation_toml.lines() {
        page.line(&format!("    {}", printable(line)));
    }
    page.gap();
    page.labelled(&m.cost);
    if !m.search.repro.is_empty() {
        page.again(&m.search.repro);
    }
    page.text
}
