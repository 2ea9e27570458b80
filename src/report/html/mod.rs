//! report.html: one file that needs nothing else, neither network nor font nor script. Every chart is a drawing in
//! the page; the script at its end only adds a read-out, zoom and switches. What a peer or a profile said is escaped
//! by the template, and whatever could steer a terminal or reorder a line is spelled out in the whole page.
mod comparison;
mod disturbed;
mod events;
mod flow;
pub mod live;
mod observed;
mod page;
mod parts;
mod run;
mod search;
mod sessions;
mod several;
mod shape;
#[cfg(test)]
mod tests;
mod through;
mod time;

pub(super) use comparison::page as comparison;
pub(super) use page::spell_out;
pub(super) use run::render;
pub(super) use search::page as search;
