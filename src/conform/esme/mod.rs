//! The cases for an ESME, which connects to us and binds. Its session is kept from one case to the next, save where a
//! case ends it.
mod bind;
mod deliver;
mod ends;
mod responses;
mod session;
mod steps;
mod submit;

use super::case::Case;

/// The chapters, in the order in which they are run: those that end the session come last.
pub(super) const CHAPTERS: &[&[Case]] =
    &[bind::CASES, session::CASES, submit::CASES, responses::CASES, deliver::CASES, ends::CASES];
