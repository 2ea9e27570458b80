//! The page to sign: one HTML file that prints, with a summary, each deviation and its octets, the features, every case,
//! and a page for names, dates and signatures.
use super::parts::{self, SectionRow, Shown};
use crate::conform::{self, CaseRow, Document, Outcome};
use crate::report::html::spell_out;
use askama::Template;

pub(super) const STYLE: &str = include_str!("../html/conform.css");

#[derive(Template)]
#[template(path = "conform.html", config = "src/report/html/askama.toml")]
struct Page<'a> {
    title: String,
    style: &'static str,
    document: &'a Document,
    duration: String,
    totals: String,
    further: Option<String>,
    outcomes: [&'static str; 7],
    sections: Vec<SectionRow>,
    deviations: Vec<Deviation<'a>>,
    unsupported: Vec<&'a CaseRow>,
    features: Vec<[&'a str; 3]>,
}

struct Deviation<'a> {
    case: &'a CaseRow,
    consequence: &'a str,
    because: &'static str,
    rows: Vec<Shown>,
    more: usize,
}

/// The page.
pub fn render(document: &Document) -> String {
    let deviation = |case| {
        let (rows, more) = parts::exchange(case);
        let consequence = parts::consequence(case).unwrap_or_default();
        let because = conform::explanation(document, case).unwrap_or_default();
        Deviation { case, consequence, because, rows, more }
    };
    let features = document.pics.iter();
    let page = Page {
        title: parts::title(document),
        style: STYLE,
        document,
        duration: format!("{:.1} s", document.duration_s),
        totals: parts::counts(&parts::totals(document), " · "),
        further: parts::further_sessions(document),
        outcomes: Outcome::ALL.map(Outcome::word),
        sections: parts::sections(document),
        deviations: parts::deviations(document).into_iter().map(deviation).collect(),
        unsupported: parts::unsupported(document),
        features: features
            .map(|row| [row.feature.as_str(), parts::support(row.support), row.case.as_str()])
            .collect(),
    };
    spell_out(page.render().expect("a template that only writes text does not fail"))
}
