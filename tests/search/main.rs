//! Whole searches for limits, on the virtual clock. `SEARCH_SEEDS=50 cargo test --release --test search` runs more
//! seeds; `SEARCH_TRAIL=1 cargo test --test search -- --nocapture` tells each search's trials.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "the trail of a search, where it is asked for")]
#![allow(clippy::wildcard_imports, reason = "the words of these tests")]
mod binds;
mod common;
mod mlrsearch;
mod rate;
mod theory;
mod window;
