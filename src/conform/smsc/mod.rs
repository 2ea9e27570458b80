//! The cases for an SMSC, a file a chapter.
mod bind;
mod deliver;
mod enquire;
mod header;
mod known;
mod other;
mod state;
mod submit;
mod submit_refused;
mod tcp;
mod timers;
mod tls;
mod tlv;
mod unbind;
mod window;

use super::case::Case;

/// The chapters, in the order in which they are run.
pub(super) const CHAPTERS: &[&[Case]] = &[
    bind::CASES,
    state::CASES,
    header::CASES,
    submit::CASES,
    submit_refused::CASES,
    tlv::CASES,
    other::CASES,
    known::CASES,
    window::CASES,
    deliver::CASES,
    enquire::CASES,
    unbind::CASES,
    timers::CASES,
    tcp::CASES,
    tls::CASES,
];
