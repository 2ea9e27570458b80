//! What stands behind and in every chart over time because of the plan's events.
use crate::report::Document;
use crate::report::chart::{Band, Colour, Mark, Shading};

/// Most events with a line and a name of their own, and most that are drawn at all.
const MARKED_MAX: usize = 40;
const DRAWN_MAX: usize = 200;

/// The times that events disturbed, and the events in them.
pub(super) fn bands(d: &Document) -> impl Iterator<Item = Band> {
    let band = |from: f64, to: f64, shading| Band { from, to, name: String::new(), shading };
    let disturbed = d.window.disturbed.iter().take(DRAWN_MAX);
    let disturbed = disturbed.map(move |s| band(s.from_s, s.to_s, Shading::Grey));
    let events = d.events.iter().take(DRAWN_MAX);
    disturbed.chain(events.map(move |e| band(e.at_s, e.at_s + e.for_s, Shading::Event)))
}

/// The start of each event.
pub(super) fn marks(d: &Document) -> impl Iterator<Item = Mark> {
    let events = d.events.iter().take(MARKED_MAX);
    events.map(|e| Mark { x: e.at_s, name: e.name.clone(), colour: Colour::Bad })
}
