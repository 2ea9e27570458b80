//! What a folder holds that is not one run: search.json, comparison.json with the runs of a duel, conform.json.
use super::super::exit::Failure;
use super::super::load;
use crate::conform;
use crate::judge::compare::Comparison;
use crate::kit::{MIB, read_at_most};
use crate::report::{self, Saved, Style, comparison, search};
use crate::search::Search;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

const SEARCH: &str = "search.json";
const COMPARISON: &str = "comparison.json";
const CONFORM: &str = "conform.json";

/// What a folder holds that is not one run.
pub(super) enum Kept {
    Search(Box<Search>),
    Comparison(Box<Comparison>),
    Conform(Box<conform::Document>),
}

/// The search, comparison or conformance run of a folder, or of its file; None: it is something else.
///
/// # Errors
/// One that cannot be read.
pub(super) fn found(path: &Path) -> Result<Option<Kept>, Failure> {
    let file = |name: &str| {
        let file = if path.is_dir() { path.join(name) } else { path.to_owned() };
        Some(file).filter(|file| file.is_file() && file.ends_with(name))
    };
    if let Some(file) = file(SEARCH) {
        return Ok(Some(Kept::Search(Box::new(read(&file, "smppbench.search/1")?))));
    }
    if let Some(file) = file(COMPARISON) {
        return Ok(Some(Kept::Comparison(Box::new(read(&file, "smppbench.comparison/1")?))));
    }
    if let Some(file) = file(CONFORM) {
        return Ok(Some(Kept::Conform(Box::new(read(&file, conform::SCHEMA)?))));
    }
    Ok(None)
}

/// The conformance run of a folder, or of its file.
///
/// # Errors
/// It is something else, or cannot be read.
pub(in crate::cli) fn conformance(path: &Path) -> Result<conform::Document, Failure> {
    match found(path)? {
        Some(Kept::Conform(document)) => Ok(*document),
        Some(Kept::Search(_) | Kept::Comparison(_)) | None => {
            let why = "not a folder of `smppbench conform`, nor its conform.json";
            Err(Failure::usage(format!("{}: {why}", path.display())))
        }
    }
}

/// Whether a path is the folder or the file of a conformance run.
pub(super) fn is_conformance(path: &Path) -> bool {
    if path.is_dir() { path.join(CONFORM).is_file() } else { path.ends_with(CONFORM) }
}

fn read<T: DeserializeOwned>(file: &Path, schema: &str) -> Result<T, Failure> {
    let fault = |why: String| Failure::usage(format!("{}: {why}", file.display()));
    let octets =
        read_at_most(file, 1024 * MIB).map_err(|e| fault(format!("cannot be read ({e})")))?;
    let value: serde_json::Value = serde_json::from_slice(&octets)
        .map_err(|e| fault(format!("not a result of smppbench: {e}")))?;
    let own = value["schema"].as_str().unwrap_or_default().to_owned();
    if own != schema {
        return Err(fault(format!("its schema is {own:?}; this build reads {schema:?}")));
    }
    serde_json::from_value(value).map_err(|e| fault(format!("not a result of smppbench: {e}")))
}

/// One of its formats.
///
/// # Errors
/// A format that it does not have; runs of a duel that cannot be read.
pub(super) fn render(
    kept: &Kept,
    path: &Path,
    format: &str,
    style: Style,
) -> Result<Vec<u8>, Failure> {
    let (what, formats) = match kept {
        Kept::Search(_) => ("a search", "text, json, html"),
        Kept::Comparison(_) => ("a comparison", "text, json, html, markdown"),
        Kept::Conform(_) => ("a conformance run", "text, json, html, markdown, junit"),
    };
    Ok(match (kept, format) {
        (Kept::Search(one), "text") => search::text(one, style).into_bytes(),
        (Kept::Search(one), "json") => search::json(one).into_bytes(),
        (Kept::Search(one), "html") => search::html(one).into_bytes(),
        (Kept::Conform(one), "text") => report::conform_text(one).into_bytes(),
        (Kept::Conform(one), "json") => report::conform_json(&**one).into_bytes(),
        (Kept::Conform(one), "html") => report::conform_page(one).into_bytes(),
        (Kept::Conform(one), "markdown") => report::conform_markdown(one).into_bytes(),
        (Kept::Conform(one), "junit") => report::conform_junit(one),
        (Kept::Comparison(one), "text") => comparison::text(one, style).into_bytes(),
        (Kept::Comparison(one), "json") => comparison::json(one),
        (Kept::Comparison(one), "markdown") => comparison::markdown(one).into_bytes(),
        (Kept::Comparison(one), "html") => {
            let [a, b] = sides(path, one)?;
            comparison::html(one, &a, &b).into_bytes()
        }
        (_, other) => {
            let why = format!("{other} cannot be made of {what}; there are {formats}");
            return Err(Failure::usage(format!("{}: {why}", path.display())));
        }
    })
}

/// The runs of both sides of a duel that were compared; none where they are not in the folder.
fn sides(path: &Path, one: &Comparison) -> Result<[Vec<Saved>; 2], Failure> {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let mut folders: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(_) => Vec::new(),
    };
    folders.sort();
    let of = |start: &str, compared: &[String]| -> Result<Vec<Saved>, Failure> {
        let own = |path: &&PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start))
        };
        let own: Vec<PathBuf> = folders.iter().filter(own).cloned().collect();
        let mut runs = load::all(&own)?;
        // pairs in which the harness did not keep up were left out
        runs.retain(|run| compared.contains(&run.document.run.id));
        Ok(runs)
    };
    Ok([of("a-", &one.base)?, of("b-", &one.candidate)?])
}
