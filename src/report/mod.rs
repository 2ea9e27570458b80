//! Reports of a run. Pure: bytes from values. Nothing here reads a clock or a file or runs anything; `cli` writes the
//! run folder.
//!
//! A [`Run`] (plan, record, judgement) becomes a [`Saved`] once: the [`Document`] that is result.json, and the
//! distributions of each second. Every format is rendered from a [`Saved`], so that one made years later of the same
//! folder is the same to the byte.
//!
//! ```
//! use smppbench::report::{self, Document, Saved};
//!
//! # let octets = include_bytes!("../../reports/sample/result.json");
//! // octets: a result.json
//! let saved = Saved { document: Document::from_json(octets)?, seconds: None };
//! let csv = report::render(&[saved], "csv")?;
//! assert!(csv.starts_with(b"t_s,length_s,stage,scheduled,written,accepted,"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
mod brief;
mod build;
pub mod chart;
pub mod comparison;
mod conform;
mod csv;
pub mod document;
mod escape;
mod evidence;
mod formats;
mod gate_input;
mod hgrm;
pub mod hlog;
mod html;
mod junit;
mod lists;
mod markdown;
mod model;
pub mod pcapng;
mod run;
mod saved;
pub mod search;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod unavailable;

pub use brief::brief;
pub use conform::{
    Peer, conform_changes, conform_json, conform_junit, conform_markdown, conform_matrix,
    conform_matrix_page, conform_page, conform_text,
};
pub use document::{Document, SCHEMA};
pub use escape::{mask_address, printable};
pub use evidence::HistogramError;
pub use formats::{FORMATS, FormatRow, Keep, Overlay, Render, RenderError, format, render};
pub use gate_input::GateInputError;
pub use html::live;
pub use lists::{missing_csv, rejected_csv, through_csv};
pub(crate) use model::gates_in_all;
pub use run::{LabelTraits, Run};
pub use saved::{PackedHistogram, Saved, Second};
pub(crate) use table::fill;
pub use text::{Style, text, verdict_line};
pub use unavailable::Unavailable;
