//! Reports of a search. Pure: bytes from a [`Search`].
#[cfg(test)]
mod tests;

use super::model::SearchModel;
use super::{Style, html as page, text as terminal};
use crate::search::Search;

/// The summary for a terminal.
pub fn text(search: &Search, style: Style) -> String {
    terminal::search(&SearchModel::of(search), style)
}

/// `report.html`: the result, the recommendation, the charts and the trials, in one file.
pub fn html(search: &Search) -> String {
    page::search(search)
}

/// `search.json`, and what `find --json` prints.
pub fn json(search: &Search) -> String {
    serde_json::to_string_pretty(search).expect("a search has no key that JSON cannot spell")
}
