//! What a report says, before any format: its headline, checks, lines, notes and tables of typed cells. This module
//! decides what may be shown and words every sentence once; text, HTML, Markdown and JUnit only draw it. It has text of
//! a peer or a profile as it is; each format escapes it.
mod brief;
mod comparison;
mod events;
mod head;
mod ledger;
mod machine;
mod next;
mod note;
mod observed;
mod planted;
mod run;
mod search;
mod sessions;
mod sides;
mod summary;
mod table;
mod tables;
mod through;
mod transport;

pub(crate) use brief::{BriefLine, BriefModel};
pub(crate) use comparison::{ComparisonModel, of_side};
pub(crate) use events::events;
pub(crate) use ledger::{Ledger, receipts_asked, side_by_side, states};
pub(crate) use machine::environment;
pub(crate) use note::Withheld;
pub(crate) use run::{Headline, RunModel, gates_in_all};
pub(crate) use search::{SearchModel, beyond};
pub(crate) use sessions::{senders, session_table, spread};
pub(crate) use sides::{names, sides};
pub(crate) use summary::{HeadFigure, LabelledLine, Remark, Summary};
pub(crate) use table::{Cell, Column, Kind, Table, Tone, Value};
pub(crate) use tables::*;
pub(crate) use through::{Demand, demands, through};
