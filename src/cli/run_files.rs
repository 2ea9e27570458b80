//! The files of a finished run in its folder, in the formats of `report`.
use super::exit::Failure;
use super::{folder, journal};
use crate::measure::RunRecord;
use crate::measure::through::ExampleClass;
use crate::report::{self, Saved};
use std::path::Path;

/// Writes the formats of these names into a run folder; no names: all formats.
///
/// # Errors
/// Where a format cannot be made or written.
pub(super) fn write_formats(saved: &Saved, path: &Path, names: &[&str]) -> Result<(), Failure> {
    for format in report::FORMATS.iter().filter(|f| names.is_empty() || names.contains(&f.name)) {
        if let Some(name) = format.file(saved) {
            let octets = (format.render)(saved)
                .map_err(|e| Failure::internal(format!("cannot make {name}: {e}")))?;
            folder::write(&path.join(name), &octets)?;
        }
    }
    Ok(())
}

/// Writes what `compare` and `render` need of one run of several.
///
/// # Errors
/// As [`write_formats`].
pub(super) fn write_one_of_several(
    saved: &Saved,
    record: &RunRecord,
    path: &Path,
) -> Result<(), Failure> {
    folder::make(path)?;
    // of a block that is measured again, only the new one's
    folder::clear_names(path, &[EXCHANGES])?;
    write_formats(saved, path, &["json", "hlog"])?;
    write_exchanges(record, path)
}

/// Writes all files of a run. They replace those that the journal wrote during the run.
///
/// # Errors
/// As [`write_formats`].
pub(super) fn write_all(saved: &Saved, record: &RunRecord, path: &Path) -> Result<(), Failure> {
    folder::make(path)?;
    write_formats(saved, path, &[])?;
    use ExampleClass as Class;
    let through = |classes: &[Class]| report::through_csv(&saved.document, classes);
    let lists = [
        ("missing.csv", report::missing_csv(&record.missing)),
        ("rejected.csv", report::rejected_csv(&record.rejections)),
        ("lost.csv", through(&[Class::Lost, Class::ReceiptLost, Class::MoLost])),
        (
            "duplicates.csv",
            through(&[Class::Duplicate, Class::ReceiptDuplicate, Class::MoDuplicate]),
        ),
        ("altered.csv", through(&[Class::Altered, Class::ReceiptAltered, Class::MoAltered])),
    ];
    for (name, list) in lists {
        if let Some(octets) = list {
            folder::write(&path.join(name), &octets)?;
        }
    }
    write_exchanges(record, path)?;
    journal::close(path);
    Ok(())
}

const EXCHANGES: &str = "failed.pcapng";

/// Writes failed.pcapng, where exchanges were recorded.
fn write_exchanges(record: &RunRecord, path: &Path) -> Result<(), Failure> {
    if !record.exchanges.is_empty() {
        let octets = report::pcapng::render(&record.exchanges);
        folder::write(&path.join(EXCHANGES), &octets)?;
    }
    Ok(())
}

/// The Markdown of a run.
pub(super) fn markdown(saved: &Saved) -> String {
    let made = report::format("markdown").and_then(|format| (format.render)(saved).ok());
    String::from_utf8_lossy(&made.unwrap_or_default()).into_owned()
}
