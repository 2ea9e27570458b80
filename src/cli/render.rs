//! `smppbench render`: any format of a run, made again from its folder.
use super::args::RenderArgs;
use super::exit::{Exit, Failure, put_octets, say};
use super::{folder, load, terminal};
use crate::report::{self, Document, Saved, Style};

/// Runs the verb. What cannot be rendered is 2, what cannot be written 1.
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

/// A line for each histogram that does not read: what is drawn of it is missing from the page.
fn unread(document: &Document) -> Vec<String> {
    let rows = document.latency.iter().filter_map(|(name, row)| Some((name, row.as_ref()?)));
    let broken = rows.filter(|(_, row)| row.hdr.is_some()).filter_map(|(name, row)| {
        let why = row.distribution().err()?;
        Some(format!(
            "smppbench: warning: {}: latency.{name}: its histogram does not read ({why}); what is \
             drawn of it is missing",
            report::printable(&document.run.id)
        ))
    });
    broken.collect()
}

/// The summary as a terminal shows it; None where stdout is none, or another format was asked for.
fn for_terminal(runs: &[Saved], format: &str) -> Option<Vec<u8>> {
    let style = terminal::style();
    let run = runs.first().filter(|_| format == "text" && style != Style::default())?;
    Some(report::text(run, style).into_bytes())
}
