//! What the terminals behind stdout and stderr can show.
use crate::report::Style;
use std::ffi::OsStr;
use std::io::{IsTerminal, stderr, stdout};

/// Whether the result may have colours.
pub(super) fn colours_on_stdout() -> bool {
    stdout().is_terminal() && colours()
}

/// Whether what is shown on stderr may have colours, where that is a terminal.
pub(super) fn colours() -> bool {
    let variable = |name: &str| std::env::var_os(name);
    colours_by(variable("NO_COLOR").as_deref(), variable("TERM").as_deref())
}

/// How a summary looks on stdout: as wide as its terminal; elsewhere as it is kept in files.
pub(super) fn style() -> Style {
    if stdout().is_terminal() {
        Style { colour: colours_on_stdout(), columns: columns() }
    } else {
        Style::default()
    }
}

/// Whether stderr is a terminal that can rewrite its line.
pub(super) fn rewrites_lines() -> bool {
    stderr().is_terminal() && !is_dumb(std::env::var_os("TERM").as_deref())
}

/// Columns of the terminal; where it does not tell them, as the shell does, else 80.
pub(super) fn columns() -> usize {
    #[cfg(feature = "tui")]
    let known = crate::watch::tui::terminal_size().map(|(columns, _)| usize::from(columns));
    #[cfg(not(feature = "tui"))]
    let known = None;
    let told = || std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    known.or_else(told).unwrap_or(80)
}

/// NO_COLOR set and not empty (<https://no-color.org>) and a dumb terminal want none.
fn colours_by(no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    no_color.is_none_or(OsStr::is_empty) && !is_dumb(term)
}

/// An editor's shell or a serial console: it shows escape sequences instead of obeying them.
fn is_dumb(term: Option<&OsStr>) -> bool {
    term.is_some_and(|term| term == "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dumb_terminal_and_no_color_have_no_colours() {
        let by = |no_color: Option<&str>, term: Option<&str>| {
            colours_by(no_color.map(OsStr::new), term.map(OsStr::new))
        };
        assert!(by(None, Some("xterm")) && by(None, None) && by(Some(""), Some("xterm")));
        assert!(!by(Some("1"), Some("xterm")) && !by(None, Some("dumb")));
    }
}
