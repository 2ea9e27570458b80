//! The page itself: the summary on top, then its sections, in one file that needs nothing else.
use super::parts::Section;
use crate::report::chart::css;
use crate::report::escape::{is_steering, spelled};
use crate::report::model::Summary;
use askama::Template;

pub(super) const STYLE: &str = include_str!("style.css");
pub(super) const SCRIPT: &str = include_str!("script.js");
/// Of `script.js`, base64: the page's content policy lets no other script run.
pub(super) const SCRIPT_SHA256: &str = "bEvYQ2ixmHj6VOXl88jJkee7VVtv4ejhJq2LXWvP1dc=";

#[derive(Template)]
#[template(path = "page.html", config = "src/report/html/askama.toml")]
struct Page {
    title: String,
    several: bool,
    palette: String,
    style: &'static str,
    script: &'static str,
    script_sha256: &'static str,
    verdicts: Vec<Summary>,
    sections: Vec<Section>,
}

/// The page: the summary on top, then the sections that are not empty.
pub(super) fn write(title: String, verdicts: Vec<Summary>, sections: Vec<Section>) -> String {
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

/// The page with every character that could steer a terminal or reorder a line spelled out.
pub(in crate::report) fn spell_out(html: String) -> String {
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
