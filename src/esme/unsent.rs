//! Messages that are never sent: dropped for want of a slot, or unsent when the run ends. They are counted by
//! arithmetic where there are many: a schedule may hold a million million of them.
use super::context::Context;
use super::part_update::PartOutcome;
use crate::kit::Nanos;
use crate::plan::{Cursor, Due};

/// Messages that are counted one by one before arithmetic pays.
const FEW: usize = 64;

/// Which messages are never sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unsent {
    /// Of the load.
    pub(super) start: Nanos,
    /// Those that are due before this offset.
    pub(super) before: Nanos,
    /// Whether they are dropped for want of a slot; they are unsent else.
    pub(super) is_dropped: bool,
    pub(super) now: Nanos,
}

/// Moves the cursor past the messages that are never sent, and counts them.
pub(super) fn pass_over(cursor: &mut Cursor, unsent: &Unsent, context: &mut Context) {
    let mut one_by_one = 0;
    while let Some(first) = cursor.peek().copied().filter(|due| due.at < unsent.before) {
        // a message of several parts must be told of each of them
        if one_by_one < FEW || context.parts.is_some() {
            one_by_one += 1;
            pass_over_one(&first, unsent, context);
            cursor.advance();
        } else {
            pass_over_alike(cursor, &first, unsent, context);
        }
    }
}

fn pass_over_one(due: &Due, unsent: &Unsent, context: &mut Context) {
    let intended = unsent.start + due.at;
    let cell = context.setup.cell_of(due);
    context.recorder.tally(cell).planned += 1;
    context.recorder.never_written(cell, intended, unsent.now, unsent.is_dropped, 1);
    context.part_ended(due.index, PartOutcome::Failed);
}

/// All from `first` on whose ages the distribution of response times cannot tell apart.
fn pass_over_alike(cursor: &mut Cursor, first: &Due, unsent: &Unsent, context: &mut Context) {
    let Unsent { start, before, is_dropped, now } = *unsent;
    let Context { setup, recorder, .. } = context;
    let intended = start + first.at;
    let youngest = recorder.cell(setup.cell_of(first)).lowest_like(now.since(intended));
    let until = if youngest == Nanos::ZERO {
        before
    } else {
        (now.since(start).since(youngest) + Nanos(1)).clamp(first.at + Nanos(1), before)
    };
    setup.skip_before(cursor, until, |cell, count| {
        recorder.tally(cell).planned += count;
        recorder.never_written(cell, intended, now, is_dropped, count);
    });
}
