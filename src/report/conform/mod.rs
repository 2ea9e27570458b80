//! A conformance run as reports: text, the page to sign, Markdown and JUnit; what changed between two runs; and several
//! peers side by side. All is drawn from `smppbench.conform/1`.
mod changes;
mod json;
mod junit;
mod markdown;
mod matrix;
mod page;
mod parts;
#[cfg(test)]
mod tests;
mod text;

pub use changes::text as conform_changes;
pub use json::render as conform_json;
pub use junit::render as conform_junit;
pub use markdown::render as conform_markdown;
pub use matrix::{Peer, render as conform_matrix, render_page as conform_matrix_page};
pub use page::render as conform_page;
pub use text::conform_text;
