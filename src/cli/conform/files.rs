//! The files of a conformance run: the document, and a capture of each case.
use crate::cli::exit::Failure;
use crate::cli::folder;
use crate::conform::{CaseResult, Document, Exchanged, Role, Run, cases};
use crate::report::pcapng::{self, Packet};
use std::path::Path;

const DOCUMENT: &str = "conform.json";
const CAPTURES: &str = "captures";

/// The document's text.
pub(super) fn json(document: &Document) -> String {
    serde_json::to_string_pretty(document).expect("its keys are strings and its numbers finite")
}

/// The capture of a case, relative to the folder. None: nothing was exchanged.
pub(super) fn capture_name(result: &CaseResult) -> Option<String> {
    (!result.exchange.is_empty()).then(|| format!("{CAPTURES}/{}.pcapng", result.case.id))
}

/// Writes the files of a run.
///
/// # Errors
/// A file or the folder cannot be written.
pub(super) fn write(path: &Path, document: &Document, ran: &Run) -> Result<(), Failure> {
    folder::make(&path.join(CAPTURES))?;
    for result in &ran.results {
        if let Some(name) = capture_name(result) {
            let packets: Vec<Packet<'_>> =
                result.exchange.iter().map(|one| packet(one, document.role)).collect();
            folder::write(&path.join(name), &pcapng::render_packets(packets))?;
        }
    }
    folder::write(&path.join(DOCUMENT), format!("{}\n", json(document)).as_bytes())?;
    Ok(())
}

fn packet(one: &Exchanged, role: Role) -> Packet<'_> {
    let from_esme = match role {
        Role::Smsc => one.is_sent,
        Role::Esme => !one.is_sent,
    };
    Packet { wall_ns: one.wall_ns, session: one.connection, from_esme, octets: &one.octets }
}

/// Removes the files of an earlier run from a folder that is used again.
///
/// # Errors
/// A file cannot be removed.
pub(super) fn clear(out: Option<&Path>) -> Result<(), Failure> {
    let Some(out) = out else { return Ok(()) };
    folder::clear_names(out, &[DOCUMENT])?;
    for role in [Role::Smsc, Role::Esme] {
        for case in cases(role) {
            let name = format!("{CAPTURES}/{}.pcapng", case.id);
            folder::clear_names(out, &[name.as_str()])?;
        }
    }
    Ok(())
}

/// A time in a folder's name: 20260101T000000Z.
pub(super) fn stamp(wall_ns: u64) -> String {
    let second = crate::kit::utc_rfc3339(wall_ns);
    let digits = second.split('.').next().unwrap_or(&second);
    let digits: String = digits.chars().filter(|c| c.is_ascii_digit() || *c == 'T').collect();
    format!("{digits}Z")
}
