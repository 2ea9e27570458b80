//! `smppbench render`: converts a saved run to another format.
use super::args::RenderArgs;
use super::exit::{Exit, Failure, put_octets, say};
use super::{folder, load, terminal};
use crate::report::{self, Document, Saved, Style};

/// Runs the verb. Exit 2 where a run cannot be rendered, 1 where the output cannot be written.
pub(super) fn run(args: &RenderArgs) -> Result<Exit, Failure> {
    let runs = load::all(&args.results)?;
    if args.format == "html" {
        runs.iter().flat_map(|run| unread(&run.document)).for_each(|line| say(&line));
    }
    let octets = report::render(&runs, &args.format)
        .map_err(|e| Failure::usage(format!("{}: {e}", args.results[0].display())))?;
    match &args.output {
        Some(path) => folder::write(path, &octets)?,
        None => put_octets(&for_terminal(&runs, &args.format).unwrap_or(octets))?,
    }
    Ok(Exit::Done)
}

/// A warning for each histogram that cannot be read: its charts are missing from the page.
fn unread(document: &Document) -> Vec<String> {
    let rows = document.latency.iter().filter_map(|(name, row)| Some((name, row.as_ref()?)));
    let broken = rows.filter(|(_, row)| row.hdr.is_some()).filter_map(|(name, row)| {
        let why = row.distribution().err()?;
        Some(format!(
            "smppbench: warning: {}: latency.{name}: its histogram cannot be read ({why}); its charts \
             are missing",
            report::printable(&document.run.id)
        ))
    });
    broken.collect()
}

/// The summary in the width and colours of the terminal; None: stdout is not a terminal, or another format is wanted.
fn for_terminal(runs: &[Saved], format: &str) -> Option<Vec<u8>> {
    let style = terminal::style();
    let run = runs.first().filter(|_| format == "text" && style != Style::default())?;
    Some(report::text(run, style).into_bytes())
}
