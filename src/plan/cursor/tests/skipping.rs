use super::*;
use crate::plan::{Overrides, Source, load};
use proptest::prelude::*;

/// The recipe of messages given as (weight, characters of text).
fn recipe(messages: &[(u64, usize)]) -> Recipe {
    let messages: String = messages
        .iter()
        .enumerate()
        .map(|(n, (weight, length))| {
            let text = "x".repeat(*length);
            format!(
                r#"[[messages]]
label = "m{n}"
weight = {weight}
text = "{text}"
"#
            )
        })
        .collect();
    let source = Source::Text { name: "x.toml".into(), text: messages };
    Recipe::new(&load(&source, &Overrides::default()).unwrap()).unwrap()
}

/// What a walk up to `at` passes.
fn walked(cursor: &mut Cursor, at: Nanos, recipe: &Recipe) -> Vec<Skipped> {
    let mut found: Vec<Skipped> = Vec::new();
    while let Some(due) = cursor.peek().copied().filter(|due| due.at < at) {
        let label = recipe.label(due.index);
        let key = (due.stage, due.account, label);
        match found.iter_mut().find(|s| (s.stage, s.account, s.label) == key) {
            Some(one) => one.count += 1,
            None => found.push(Skipped { stage: due.stage, account: due.account, label, count: 1 }),
        }
        cursor.advance();
    }
    found.sort_unstable();
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn what_is_skipped_is_what_a_walk_counts(
        accounts in prop::collection::vec((1u32..9, 1u64..6), 1..4),
        messages in prop::collection::vec((1u64..7, prop_oneof![Just(20usize), Just(200), Just(400)]), 1..4),
        workers in 1usize..6,
        rates in prop::collection::vec(1u64..900, 1..4),
        account in prop::option::of(0u16..3),
        poisson: bool,
        cuts in prop::collection::vec(0u64..4000, 1..5),
        taken in 0usize..40,
    ) {
        let arrival = if poisson { Arrival::Poisson } else { Arrival::Constant };
        let mut stages: Vec<(Shape, u64)> =
            rates.iter().map(|rate| (Shape::Hold(per_second(*rate)), 700)).collect();
        stages.insert(1, (Shape::Max, 50));
        stages.push((Shape::Ramp(Ramp(per_second(0), per_second(800))), 500));
        let schedule = schedule(&stages, arrival);
        let striping = Arc::new(striping(&accounts, workers));
        let recipe = recipe(&messages);
        let mut cuts = cuts;
        cuts.sort_unstable();
        for worker in 0..striping.workers_count() {
            let new = || Cursor::of(schedule.clone(), &striping, worker, account);
            let (mut skips, mut walks) = (new(), new());
            for _ in 0..taken {
                skips.advance();
                walks.advance();
            }
            for cut in &cuts {
                let at = Nanos::from_millis(*cut);
                let due = skips.due_before(at, &recipe);
                let mut skipped = skips.skip_before(at, &recipe);
                prop_assert_eq!(due, Some(skipped.iter().map(|s| s.count).sum()));
                skipped.sort_unstable();
                prop_assert_eq!(skipped, walked(&mut walks, at, &recipe));
                prop_assert_eq!(skips.peek(), walks.peek());
                skips.advance();
                walks.advance();
                prop_assert_eq!(skips.peek(), walks.peek());
            }
        }
    }
}

#[test]
fn a_thousand_million_unsent_messages_are_counted_at_once() {
    // a walk over them would take minutes
    let stages = [(Shape::Hold(per_second(100_000_000)), 10_000)];
    let schedule = schedule(&stages, Arrival::Constant);
    let striping = Arc::new(striping(&[(3, 1), (4, 2)], 2));
    let recipe = recipe(&[(3, 20), (1, 400)]);
    let mut counts = [[0; 2]; 2];
    for worker in 0..2 {
        for account in 0..2 {
            let mut cursor = Cursor::of_account(schedule.clone(), &striping, worker, account);
            for at in (0..=10_000).step_by(10) {
                for s in cursor.skip_before(Nanos::from_millis(at), &recipe) {
                    counts[usize::from(s.account)][usize::from(s.label)] += s.count;
                }
            }
            assert_eq!(cursor.peek(), None);
        }
    }
    let all: u64 = counts.iter().flatten().sum();
    assert_eq!(all, 1_000_000_000);
    // a third is the first account's; of six submit_sm three are parts of the long message
    assert_eq!(counts.map(|c| c[0] + c[1]), [333_333_333, 666_666_667]);
    assert_eq!(counts[0][0] + counts[1][0], 500_000_000);
}

#[test]
fn a_mix_too_long_to_be_laid_out_is_walked() {
    let schedule = schedule(&[(Shape::Hold(per_second(20_000)), 1_000)], Arrival::Constant);
    let striping = Arc::new(striping(&[(2, 1_021), (3, 1_030)], 2));
    let recipe = recipe(&[(1_009, 20), (1_013, 20)]);
    assert!(Cursor::new(schedule.clone(), &striping, 0).skip_before(Nanos(1), &recipe).len() <= 1);
    let mut skips = Cursor::new(schedule.clone(), &striping, 0);
    let mut walks = Cursor::new(schedule.clone(), &striping, 0);
    let at = Nanos::from_millis(700);
    assert_eq!(skips.skip_before(at, &recipe), walked(&mut walks, at, &recipe));
    assert!(matches!(skips.counts, Some(None)));
    assert_eq!(skips.peek(), walks.peek());
}

#[test]
fn a_schedule_that_was_steered_is_skipped_as_it_stands_now() {
    let stage = |percent: u32| {
        let stages = [Stage {
            name: "s".into(),
            shape: Shape::Hold(per_second(1000)),
            length: Nanos::from_secs(2),
            measure: true,
        }];
        let changes = [RateChange { at: Nanos::from_millis(500), percent }];
        Arc::new(Schedule::steered(&stages, Arrival::Constant, 1, &changes).unwrap())
    };
    let striping = Arc::new(striping(&[(3, 1)], 2));
    let recipe = recipe(&[(1, 20), (2, 20)]);
    let new = || Cursor::new(stage(100), &striping, 1);
    let (mut skips, mut walks) = (new(), new());
    for (at, percent) in [(600, 50), (900, 10), (1_000, 200), (1_990, 100), (2_500, 100)] {
        let at = Nanos::from_millis(at);
        let mut skipped = skips.skip_before(at, &recipe);
        skipped.sort_unstable();
        assert_eq!(skipped, walked(&mut walks, at, &recipe));
        skips.steer(stage(percent));
        walks.steer(stage(percent));
        assert_eq!(skips.peek(), walks.peek());
    }
}
