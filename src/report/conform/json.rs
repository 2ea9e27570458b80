//! The documents of conformance as JSON.
use serde::Serialize;

/// The text of a document, or of a comparison.
pub fn render(document: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(document);
    text.expect("its keys are strings and its numbers finite") + "\n"
}
