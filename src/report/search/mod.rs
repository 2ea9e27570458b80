//! What a search looks like on paper. Pure: bytes from a [`Search`].
#[cfg(test)]
mod tests;
mod text;

pub use text::text;

use crate::search::Search;

/// `search.json`, and what `find --json` prints.
pub fn json(search: &Search) -> String {
    serde_json::to_string_pretty(search).expect("a search has no key that JSON cannot spell")
}
