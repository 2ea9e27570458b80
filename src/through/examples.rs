//! Entries as examples of their classes.
use super::entry::Entry;
use super::findings::Findings;
use super::scene::Scene;
use crate::kit::Nanos;
use crate::measure::through::{Example, ExampleClass};

/// Adds an example of this entry.
pub(super) fn add_example(scene: &mut Scene<'_>, class: ExampleClass, entry: &Entry, what: String) {
    scene.findings.examples.add(class, || example(class, entry, what));
}

/// Adds the examples for which the ids of this entry were awaited.
pub(super) fn add_examples_of(entry: &Entry, findings: &mut Findings) {
    for (class, what) in &entry.examples {
        findings.examples.add(*class, || example(*class, entry, what.clone()));
    }
}

/// An entry as an example.
pub(super) fn example(class: ExampleClass, entry: &Entry, what: String) -> Example {
    let text = |id: &[u8]| String::from_utf8_lossy(id).into_owned();
    Example {
        class,
        message: Some(entry.key.message),
        part: entry.key.part,
        front_id: text(&entry.front.id),
        upstream_id: text(&entry.behind.id),
        session: Some(entry.front.session),
        sent: entry.front.written,
        came: (entry.behind.out_count > 0).then_some(entry.behind.last),
        what,
    }
}

/// An example of what is no message of this run.
pub(super) fn unknown_example(class: ExampleClass, at: Nanos, what: String) -> Example {
    Example {
        class,
        message: None,
        part: 0,
        front_id: String::new(),
        upstream_id: String::new(),
        session: None,
        sent: at,
        came: Some(at),
        what,
    }
}
