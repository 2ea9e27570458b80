//! What a search looks like on paper. Pure: bytes from a [`Search`].
#[cfg(test)]
mod tests;
mod text;

pub use text::text;
pub(super) use text::{answer, beyond};

use crate::search::Search;

/// `report.html`: what was found, what to run at, the charts and the trials, in one file.
pub fn html(search: &Search) -> String {
    super::html::search(search)
}

/// `search.json`, and what `find --json` prints.
pub fn json(search: &Search) -> String {
    serde_json::to_string_pretty(search).expect("a search has no key that JSON cannot spell")
}
