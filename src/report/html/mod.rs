//! report.html: one file that needs nothing else, neither network nor font nor script. Every chart is a drawing in
//! the page; the script at its end only adds a read-out, zoom and switches. What a peer or a profile said is escaped
//! by the template, and whatever could steer a terminal or reorder a line is spelled out in the whole page.
mod comparison;
mod facts;
mod headline;
mod ledger;
mod parts;
mod search;
mod sessions;
mod several;
mod shape;
#[cfg(test)]
mod tests;
mod time;
mod verdict;

use super::Saved;
use super::chart::{Ink, css};
use super::escape::{is_steering, spelled};
use askama::Template;
pub(super) use comparison::page as comparison;
use headline::Coloured;
use parts::Section;
pub(super) use search::page as search;
use verdict::Verdict;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// Of `script.js`, base64: the page's content policy lets no other script run.
const SCRIPT_SHA256: &str = "bKfAjzshXXj4td6/xmpWOVdhYk92XnrR/0HG5dBifL0=";

#[derive(Template)]
#[template(path = "page.html", config = "src/report/html/askama.toml")]
struct Page {
    title: String,
    several: bool,
    palette: String,
    style: &'static str,
    script: &'static str,
    script_sha256: &'static str,
    verdicts: Vec<Verdict>,
    sections: Vec<Section>,
}

/// The page of one run, or of several, one upon the other. Empty without a run.
pub(super) fn render(runs: &[Saved]) -> Vec<u8> {
    let (title, sections) = match runs {
        [] => return Vec::new(),
        [run] => (run.document.run.name.clone(), single(run)),
        several => {
            let coloured = coloured(several);
            let mut sections = several::sections(&coloured);
            sections.extend(several.iter().map(|run| {
                let mut section = facts::run(&run.document);
                section.says.clone_from(&run.document.run.id);
                section
            }));
            (format!("{} runs", several.len()), sections)
        }
    };
    let verdicts = coloured(runs).into_iter().map(|(d, swatch)| verdict::verdict(d, swatch));
    let filled = sections.into_iter().filter(|s| !s.is_empty()).collect();
    write(title, verdicts.collect(), filled).into_bytes()
}

/// The page: what it comes to on top, then the sections.
fn write(title: String, verdicts: Vec<Verdict>, sections: Vec<Section>) -> String {
    let page = Page {
        title,
        several: verdicts.len() > 1,
        palette: css(),
        style: STYLE,
        script: SCRIPT,
        script_sha256: SCRIPT_SHA256,
        verdicts,
        sections: sections.into_iter().map(Section::in_order).collect(),
    };
    spell_out(page.render().expect("a template that only writes text does not fail"))
}

/// Each run with its colour; alone it needs none.
fn coloured(runs: &[Saved]) -> Vec<Coloured<'_>> {
    let swatch = |number: usize| {
        if runs.len() == 1 {
            return String::new();
        }
        let ink = Ink::Series(number).fill();
        format!(
            "<svg class=\"swatch\" width=\"14\" height=\"12\" aria-hidden=\"true\"><rect width=\"14\" height=\"12\" {ink}/></svg>"
        )
    };
    runs.iter().enumerate().map(|(n, run)| (&run.document, swatch(n))).collect()
}

fn single(run: &Saved) -> Vec<Section> {
    let d = &run.document;
    let alone = [(d, String::new())];
    let mut headline = Section::new("headline", "Latency");
    headline.says = headline::words_on(d).join(" ");
    headline.grids.extend(headline::latencies(&alone));
    headline.grids.extend(headline::gates(&alone));

    let mut time = Section::new("over-time", "Over time");
    time.says = time::on_page(d);
    let mut figures = time::figures(d).into_iter();
    time.figures.extend(figures.by_ref().take(3));
    time.figures.extend([shape::heat_map(run), shape::spectrum(d)]);
    time.figures.extend(figures);
    time.grids.extend(facts::operator(d));

    let mut books = Section::new("ledger", "The ledger");
    books.figures.push(ledger::flow(d));
    books.grids.push(ledger::sums(d));
    books.grids.extend(ledger::states(d, d.verdict.allows_response_headline()));

    let mut trouble = Section::new("answers", "Answers and troubles");
    trouble.grids.extend(facts::statuses(d));
    trouble.grids.extend(facts::anomalies(d));
    trouble.grids.extend(facts::outages(d));

    let mut sessions = Section::new("sessions", "Sessions");
    sessions.figures = sessions::figures(d);
    sessions.grids.extend(sessions::spread(d));
    sessions.grids.extend(sessions::table(d));

    let mut parts = Section::new("parts", "Stages, hours and groups");
    parts.grids.extend(facts::agents(d));
    parts.grids.extend(facts::stages(d));
    parts.grids.extend(facts::hours(d));
    parts.grids.extend(facts::groups(d));
    vec![headline, time, books, trouble, sessions, parts, facts::run(d)]
}

/// Whatever stands in the page and could steer a terminal or reorder a line, spelled out.
fn spell_out(html: String) -> String {
    if !html.chars().any(is_steering_here) {
        return html;
    }
    let mut clean = String::with_capacity(html.len() + 64);
    for c in html.chars() {
        if is_steering_here(c) { clean += &spelled(c) } else { clean.push(c) }
    }
    clean
}

fn is_steering_here(c: char) -> bool {
    c != '\n' && is_steering(c)
}
