//! The files of a conformance run: the document, and a capture of each case.
use crate::cli::exit::Failure;
use crate::cli::folder;
use crate::conform::{CaseResult, Document, Exchanged, Role, Run, cases};
use crate::report;
use crate::report::pcapng::{self, Packet};
use std::path::Path;

const DOCUMENT: &str = "conform.json";
const CAPTURES: &str = "captures";
/// The page to sign, in HTML and in Markdown, and the cases for CI servers.
const REPORTS: [&str; 3] = ["report.html", "summary.md", "junit.xml"];

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
    let [page, summary, junit] = REPORTS;
    folder::write(&path.join(page), report::conform_page(document).as_bytes())?;
    folder::write(&path.join(summary), report::conform_markdown(document).as_bytes())?;
    folder::write(&path.join(junit), &report::conform_junit(document))?;
    folder::write(&path.join(DOCUMENT), report::conform_json(document).as_bytes())?;
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
    folder::clear_names(out, &REPORTS)?;
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
