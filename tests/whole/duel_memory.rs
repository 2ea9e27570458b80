//! A duel as a whole, on the virtual clock: two sides of the simulator, in blocks, saved, and compared pair by pair.
use smppbench::judge::compare::{self, Comparison, Evidence, Settings, Verdict};
use smppbench::judge::judge;
use smppbench::kit::{Environment, HostUse};
use smppbench::measure::NoObserver;
use smppbench::plan::{DuelSide, Overrides, Plan, Source, load_side, resolved_json};
use smppbench::report::{Run, Saved};
use smppbench::trial::duel::{block_plan, order};
use smppbench::trial::{Memory, Trial};

fn duel(b: &str, blocks: usize) -> Comparison {
    let text = r#"
        [target]
        address = "embedded"
        [load]
        workers = 1
        stages = [{ hold = 200, for = "1s", measure = false }, { hold = 200, for = "10s" }]
        [embedded.response]
        latency = { lognormal = { median = "10ms", p99 = "14ms" } }
    "#;
    let plans: Vec<Plan> = [(DuelSide::A, Vec::new()), (DuelSide::B, vec![b.to_owned()])]
        .into_iter()
        .map(|(side, settings)| {
            let source = Source::Text { name: "duel.toml".into(), text: text.into() };
            load_side(&source, &Overrides::default(), side, &settings).unwrap()
        })
        .collect();
    let mut sides: [Vec<Evidence>; 2] = [Vec::new(), Vec::new()];
    for side in order(blocks, 7) {
        let number = usize::from(side == DuelSide::B);
        let done = &mut sides[number];
        // in memory both sides would draw the same chance: each has its own
        let plan = block_plan(&plans[number], 2 * done.len() + number);
        done.push(evidence(&plan, done.len()));
    }
    let [a, b] = sides;
    compare::compare_paired(&a, &b, &Settings::default()).unwrap()
}

fn evidence(plan: &Plan, number: usize) -> Evidence {
    let record = Memory::default().run(plan, &mut NoObserver).unwrap();
    let judgement = judge(plan, &record, &HostUse::default());
    let profile = resolved_json(plan);
    let id = format!("block-{number}");
    let run = Run {
        plan,
        profile: &profile,
        record: &record,
        judgement: &judgement,
        gates: &[],
        environment: &Environment::default(),
        id: &id,
        version: "0.1.0",
        commit: None,
        target: "embedded",
        repro: "smppbench duel",
        tally: None,
        warnings: &[],
        labels: &[],
        folder: None,
        show_content: false,
    };
    Saved::of(&run).evidence().unwrap()
}

#[test]
fn eleven_milliseconds_against_ten_are_worse_by_about_a_tenth() {
    let slower =
        "embedded.response.latency={ lognormal = { median = \"11ms\", p99 = \"15.4ms\" } }";
    let found = duel(slower, 6);
    assert_eq!(found.verdict, Verdict::Worse, "{found:#?}");
    let p50 = found.metric("response.p50").unwrap();
    assert_eq!(p50.verdict, Verdict::Worse);
    let (low, high) = (p50.low.unwrap(), p50.high.unwrap());
    assert!(low < 1.10 && 1.10 < high && high - low < 0.06, "{low} to {high}");
    assert!(found.differences.iter().any(|d| d.key.contains("embedded.response")), "flagged");
}

#[test]
fn a_side_against_itself_is_never_a_difference() {
    let same = "embedded.response.latency={ lognormal = { median = \"10ms\", p99 = \"14ms\" } }";
    for blocks in [3, 5] {
        let found = duel(same, blocks);
        let called = |v: Verdict| matches!(v, Verdict::Better | Verdict::Worse);
        assert!(!called(found.verdict), "{found:#?}");
        assert!(found.differences.is_empty(), "{:?}", found.differences);
    }
}
