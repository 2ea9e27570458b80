//! `[[messages]]`: the messages of a plan.
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::model::{Message, NumberFiles};
use crate::plan::read::tables;
use std::collections::HashSet;

/// The messages, the built-in one where none is written, and the numbers of the files that they name.
pub(super) fn resolve(written: Option<Vec<Message>>) -> PlanResult<(Vec<Message>, NumberFiles)> {
    let mut list = tables("messages", written, Message::default())?;
    let (count, mut files, mut labels) = (list.len(), NumberFiles::new(), HashSet::new());
    for (index, message) in list.iter_mut().enumerate() {
        let about = |e: PlanError| e.under_item(index).under("messages");
        if message.label.is_empty() {
            message.label = match count {
                1 => "default".to_owned(),
                _ => format!("message-{}", index + 1),
            };
        }
        let label = &message.label;
        if !labels.insert(label.clone()) {
            let why = format!("two messages labelled {label:?}; give each a `label` of its own");
            return Err(about(PlanError::about("label", why)));
        }
        message.complete(&mut files).map_err(about)?;
    }
    Ok((list, files))
}
