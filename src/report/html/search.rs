//! The page of a search: its result and recommendation, the charts of its kind, then every trial.
mod load;
mod rate;
#[cfg(test)]
mod tests;

use super::page::write;
use super::parts::{Folded, Section};
use crate::report::model::SearchModel;
use crate::search::{Kind, Search};

/// The page.
pub(in crate::report) fn page(search: &Search) -> String {
    let m = SearchModel::of(search);
    let mut ladders = Section::new("ladders", "Bind limit");
    ladders.says =
        "Sessions bound one after the other until the SMSC rejected one, by bind type.".to_owned();
    ladders.tables.push(m.ladders);
    let mut trials = Section::new("trials", "Trials");
    trials.tables.push(m.trials);
    let mut sections = match search.kind {
        Kind::Rate => rate::sections(search, m.latencies).into(),
        Kind::Window => vec![load::curves(search, m.points)],
        Kind::Binds => vec![ladders, load::curves(search, m.points)],
    };
    sections.push(trials);
    sections.retain(|section| !section.is_empty());
    let advice = advice(search);
    if !(advice.says.is_empty() && advice.is_empty()) {
        sections.insert(0, advice);
    }
    write(m.title, vec![m.top], sections)
}

fn advice(search: &Search) -> Section {
    let mut section = Section::new("recommendation", "Recommendation");
    section.says.clone_from(&search.recommendation);
    for (heading, text, open) in [
        ("For a profile", &search.recommendation_toml, true),
        ("The command line that runs it again", &search.repro, true),
    ] {
        if !text.is_empty() {
            section.folded.push(Folded { heading, text: text.trim_end().to_owned(), open });
        }
    }
    section
}
