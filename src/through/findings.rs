//! What the parts of the books find: changed fields, examples, and transit times.
use super::compare::Change;
use super::settings::Settings;
use crate::measure::through::{Examples, FieldChange, TransitTimes};
use std::collections::BTreeMap;

/// Names of fields that are told apart; changes of further ones are under one name.
const FIELDS_MAX: usize = 256;

/// Collected by all parts.
#[derive(Debug)]
pub(super) struct Findings {
    fields: BTreeMap<String, FieldChange>,
    pub(super) examples: Examples,
    pub(super) times: TransitTimes,
}

impl Findings {
    pub(super) fn new(times: TransitTimes) -> Findings {
        Findings { fields: BTreeMap::new(), examples: Examples::default(), times }
    }

    /// Counts the changes of one message. `of`: submit, receipt or mo. Returns the first that no rewrite declares, for
    /// a person.
    pub(super) fn count_changes(
        &mut self,
        of: &str,
        changes: &[Change],
        settings: &Settings,
    ) -> Option<String> {
        let mut undeclared = None;
        for change in changes {
            let declared = settings.declares(change.rewrite);
            let mut name = format!("{of}.{}", change.name);
            if self.fields.len() >= FIELDS_MAX && !self.fields.contains_key(&name) {
                name = format!("{of}.other");
            }
            let row = self.fields.entry(name.clone()).or_insert_with(|| FieldChange {
                name,
                altered: 0,
                declared,
                sent: change.sent.clone(),
                came: change.came.clone(),
            });
            row.altered += 1;
            if !declared && undeclared.is_none() {
                undeclared =
                    Some(format!("{}: {:?} became {:?}", change.name, change.sent, change.came));
            }
        }
        undeclared
    }

    /// The fields that changed, by name.
    pub(super) fn fields(&self) -> Vec<FieldChange> {
        self.fields.values().cloned().collect()
    }
}
