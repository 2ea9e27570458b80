//! The codec held to vectors, to other implementations and to what is seen in the wild.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]
mod coding;
mod decode;
mod oracle;
mod vectors;
mod wild;
