use super::super::judge;
use super::super::sample::{Fate, GOOD, plan, quiet, record};
use super::*;

/// The health of a run at one message a second, answered in 100 ms, whose loop was held up for a tenth of its time, for
/// so long at once.
fn slowly(rate: u64, longest: Nanos) -> Health {
    let plan = plan(rate, 0, 20);
    let answered = Fate { service: Nanos::from_millis(100), ..GOOD };
    let mut record = record(&plan, |_, _| answered, quiet);
    for second in &mut record.workers[0].held_ns {
        *second = 100_000_000;
    }
    record.workers[0].loop_max_ns = longest.0;
    judge(&plan, &record, &HostUse::default()).health
}

#[test]
fn one_message_a_second_on_a_loaded_machine_is_not_invalid_for_a_loop_that_was_held_up() {
    // two answers of twenty may have been read late
    let health = slowly(1, Nanos::from_millis(50));
    assert_eq!(health.state, HealthState::Degraded, "{:?}", health.checks);
    assert_eq!(slowly(10, Nanos::from_millis(50)).state, HealthState::Invalid);
}

#[test]
fn a_loop_held_up_for_as_long_as_is_on_time_for_such_answers_is_no_matter() {
    let health = slowly(10, Nanos::from_millis(5));
    assert_eq!(health.state, HealthState::Valid, "{:?}", health.checks);
}
