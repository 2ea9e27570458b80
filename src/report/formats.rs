//! The table of formats: what `render` and the run folder go by.
use super::unavailable::Unavailable;
use super::{Saved, Style, csv, hgrm, hlog, html, junit, markdown, text};

/// Whether a format is written to the run folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Always, under this name.
    Always(&'static str),
    /// If the run had gates.
    WithGates(&'static str),
    /// Never.
    Never,
}

/// The bytes of one run.
pub type Render = fn(&Saved) -> Result<Vec<u8>, Unavailable>;

/// The bytes of several runs in one.
pub type Overlay = fn(&[Saved]) -> Result<Vec<u8>, Unavailable>;

/// One report format.
#[derive(Clone, Copy, Debug)]
pub struct FormatRow {
    /// As `--format` names it.
    pub name: &'static str,
    /// Its place in the run folder.
    pub keep: Keep,
    /// Its bytes, without colours.
    pub render: Render,
    /// Several runs in one; None: this format holds one run.
    pub overlay: Option<Overlay>,
}

impl FormatRow {
    /// Its file in the run folder; None: it has none.
    pub fn file(&self, saved: &Saved) -> Option<&'static str> {
        match self.keep {
            Keep::Always(name) => Some(name),
            Keep::WithGates(name) => (!saved.document.gates.is_empty()).then_some(name),
            Keep::Never => None,
        }
    }
}

const fn one(name: &'static str, keep: Keep, render: Render) -> FormatRow {
    FormatRow { name, keep, render, overlay: None }
}

/// Every format that this build knows.
pub const FORMATS: [FormatRow; 8] = [
    one("text", Keep::Never, |saved| Ok(text(saved, Style::default()).into_bytes())),
    one("json", Keep::Always("result.json"), |saved| Ok(saved.document.to_json())),
    one("csv", Keep::Always("intervals.csv"), |saved| Ok(csv::render(&saved.document))),
    one("hlog", Keep::Always("latency.hlog"), hlog::render),
    one("hgrm", Keep::Always("response.hgrm"), |saved| hgrm::render(&saved.document)),
    FormatRow {
        name: "html",
        keep: Keep::Always("report.html"),
        render: |saved| Ok(html::render(std::slice::from_ref(saved))),
        overlay: Some(|runs| Ok(html::render(runs))),
    },
    one("junit", Keep::WithGates("junit.xml"), |saved| junit::render(&saved.document)),
    one("markdown", Keep::WithGates("summary.md"), |saved| Ok(markdown::render(&saved.document))),
];

/// Why nothing was rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// No format of that name.
    #[error("there is no format {name:?}; there are {}", names().join(", "))]
    Unknown {
        /// As it was asked for.
        name: String,
    },
    /// Another number of runs than the format holds.
    #[error("{format} holds one run; {runs} were given")]
    OneRun {
        /// The format.
        format: &'static str,
        /// How many were given.
        runs: usize,
    },
    /// Not of this run.
    #[error("{format} cannot be made: {why}")]
    Unavailable {
        /// The format.
        format: &'static str,
        /// Why not.
        why: Unavailable,
    },
}

fn names() -> Vec<&'static str> {
    FORMATS.iter().map(|row| row.name).collect()
}

/// The format of that name.
pub fn format(name: &str) -> Option<&'static FormatRow> {
    FORMATS.iter().find(|row| row.name == name)
}

/// The bytes of one run, or of several in one where the format holds them.
///
/// # Errors
/// [`RenderError`]: no such format, too many runs or none, or not of this run.
pub fn render(runs: &[Saved], name: &str) -> Result<Vec<u8>, RenderError> {
    let row = format(name).ok_or_else(|| RenderError::Unknown { name: name.to_owned() })?;
    let bytes = match (runs, row.overlay) {
        ([run], _) => (row.render)(run),
        ([_, _, ..], Some(overlay)) => overlay(runs),
        ([] | [_, _, ..], _) => {
            return Err(RenderError::OneRun { format: row.name, runs: runs.len() });
        }
    };
    bytes.map_err(|why| RenderError::Unavailable { format: row.name, why })
}
