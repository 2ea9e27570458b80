//! `smppbench render`: converts a saved run, search or duel to another format.
mod kept;

pub(super) use kept::conformance;

use super::args::RenderArgs;
use super::exit::{Exit, Failure, put_octets, say};
use super::{folder, load, terminal};
use crate::report::{self, Document, Style};

/// Runs the verb. Exit 2 where a run cannot be rendered, 1 where the output cannot be written.
pub(super) fn run(args: &RenderArgs) -> Result<Exit, Failure> {
    if let [path] = &args.results[..]
        && let Some(kept) = kept::found(path)?
    {
        return write(
            args,
            &kept::render(&kept, path, args.format.as_deref().unwrap_or("text"), style(args))?,
        );
    }
    if args.results.len() > 1 && args.results.iter().all(|path| kept::is_conformance(path)) {
        return matrix(args);
    }
    let runs = load::all(&args.results)?;
    let format = args.format.as_deref().unwrap_or("text");
    if format == "html" {
        runs.iter().flat_map(|run| unread(&run.document)).for_each(|line| say(&line));
    }
    // also where the summary is drawn below: it refuses several runs
    let octets = report::render(&runs, format)
        .map_err(|e| Failure::usage(format!("{}: {e}", args.results[0].display())))?;
    let brief = args.format.is_none() && !args.verbose;
    let style = style(args);
    let octets = match runs.first() {
        Some(run) if brief => report::brief(run, style).into_bytes(),
        Some(run) if format == "text" => report::text(run, style).into_bytes(),
        _ => octets,
    };
    write(args, &octets)
}

/// Several peers of `conform` side by side; each is named by its folder.
fn matrix(args: &RenderArgs) -> Result<Exit, Failure> {
    let draw = match args.format.as_deref() {
        None | Some("markdown") => report::conform_matrix,
        Some("html") => report::conform_matrix_page,
        Some(_) => {
            let why = "several conformance runs are rendered as markdown or html only";
            return Err(Failure::usage(why));
        }
    };
    let peer = |path: &std::path::PathBuf| -> Result<report::Peer, Failure> {
        let folder = if path.is_dir() { Some(path.as_path()) } else { path.parent() };
        let name = folder.and_then(|folder| folder.file_name());
        let name = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Ok(report::Peer { name, document: kept::conformance(path)? })
    };
    let peers: Vec<report::Peer> = args.results.iter().map(peer).collect::<Result<_, _>>()?;
    write(args, draw(&peers).as_bytes())
}

/// Files are as wide as those of a run folder.
fn style(args: &RenderArgs) -> Style {
    if args.output.is_some() { Style::default() } else { terminal::style() }
}

fn write(args: &RenderArgs, octets: &[u8]) -> Result<Exit, Failure> {
    match &args.output {
        Some(path) => folder::write(path, octets)?,
        None => put_octets(octets)?,
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
