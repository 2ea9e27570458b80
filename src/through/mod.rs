//! A gateway between our ESME in front and our SMSC behind: books on both sides, to the message, and transit times on
//! one clock (docs/through.md).
//!
//! Both cores tell a [`Witness`](crate::net::Witness) what they read and write; neither learns of the other. The
//! [`Ledger`] takes these sightings in the order of time, tells messages apart by the marker that they carry
//! ([`crate::smpp::marker`]), and says at the end what became of each.
//!
//! | part | keeps |
//! |---|---|
//! | `streams` | sessions, PDUs out of octets, open requests |
//! | `submits`, `table`, `finished`, `settled` | submit_sm downwards: kept by key, then in short, then classed |
//! | `forgotten` | what was classed and may come once more |
//! | `segments` | parts that came out of an uncut message |
//! | `deliveries`, `early`, `mo` | receipts and MO upwards |
//! | `compare`, `content` | field by field |
//! | `order` | RFC 4737 |
//! | `carriers` | which carriers survive |
mod carriers;
mod collections;
mod compare;
mod content;
mod deliveries;
mod early;
mod entry;
mod examples;
mod findings;
mod finished;
mod forgotten;
mod ids;
#[cfg(test)]
mod in_turns_tests;
mod ledger;
mod mo;
mod order;
mod scene;
mod segments;
mod sent_receipt;
mod settings;
mod settled;
mod streams;
mod submits;
mod table;
#[cfg(test)]
mod tests;

pub use ledger::Ledger;
pub use settings::{Route, Settings, id_rule_of};
