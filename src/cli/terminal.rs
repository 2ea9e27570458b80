//! Properties of the terminals behind stdout and stderr.
use crate::report::Style;
use std::ffi::OsStr;
use std::io::{IsTerminal, stderr, stdout};

/// Whether the result on stdout may have colours.
pub(super) fn colours_on_stdout() -> bool {
    stdout().is_terminal() && colours()
}

/// Whether output on a terminal may have colours.
pub(super) fn colours() -> bool {
    let variable = |name: &str| std::env::var_os(name);
    colours_by(variable("NO_COLOR").as_deref(), variable("TERM").as_deref())
}

/// Style of a summary on stdout: it fits the terminal; else as in files, where nothing is left out.
pub(super) fn style() -> Style {
    if stdout().is_terminal() {
        Style { colour: colours_on_stdout(), columns: columns(), fits_screen: true }
    } else {
        Style::default()
    }
}

/// Whether stderr is a terminal that can rewrite its line.
pub(super) fn rewrites_lines() -> bool {
    stderr().is_terminal() && !is_dumb(std::env::var_os("TERM").as_deref())
}

/// Columns of the terminal, else of the variable COLUMNS, else 80.
pub(super) fn columns() -> usize {
    #[cfg(feature = "tui")]
    let known = crate::watch::tui::terminal_size().map(|(columns, _)| usize::from(columns));
    #[cfg(not(feature = "tui"))]
    let known = None;
    let told = || std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    known.or_else(told).unwrap_or(80)
}

/// No colours with NO_COLOR set and not empty (<https://no-color.org>), or on a dumb terminal.
fn colours_by(no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    no_color.is_none_or(OsStr::is_empty) && !is_dumb(term)
}

/// Whether the terminal prints escape sequences instead of obeying them: an editor's shell, a serial console.
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
