//! Several runs through a gateway that stays bound, on the virtual clock: searches for its rate, and duels with the direct way.
use super::tests::relay::{Beyond, Habits};
use super::tests::simulation::{Setup, Standing};
use crate::coordinator::RunError;
use crate::judge::compare::{self, Comparison, Evidence, Settings, Verdict};
use crate::judge::{Books, judge};
use crate::kit::{Environment, HostUse, Nanos};
use crate::measure::through::{SubmitBooks, Transit};
use crate::measure::{NoObserver, Observer, RunRecord};
use crate::plan::{DuelSide, Plan, resolved_json};
use crate::report::{self, Run, Saved, Style};
use crate::search::{Budget, DEFAULT, Ended, Lengths, Objective, RateSettings, Search, SearchEnv};
use crate::smsc;
use crate::trial::duel::{block_plan, order};
use crate::trial::{Memory, Trial, direct};

/// Runs through a relay that stays bound.
struct Gateway(Standing);

impl Trial for Gateway {
    fn run(&mut self, plan: &Plan, _: &mut dyn Observer) -> Result<RunRecord, RunError> {
        Ok(self.0.run(plan))
    }

    fn tally(&self) -> Option<&smsc::Tally> {
        None
    }
}

/// Two binds, and an SMSC behind that takes this long to answer. In memory it behaves as `embedded`, over sockets as `upstream`.
fn profile(rate: u64, seconds: u64, latency: &str) -> String {
    let behaviour = format!("response.latency = {latency}\nreceipts.delay = \"50ms\"");
    format!(
        r#"
        load = {{ workers = 1, stages = [{{ hold = {rate}, for = "{seconds}s" }}] }}
        binds = {{ count = 2, window = 2000 }}
        receipts.deadline = "2s"
        [target]
        address = "127.0.0.1:21000"
        [upstream]
        listen = ["127.0.0.1:21001"]
        {behaviour}
        [embedded]
        {behaviour}
        "#
    )
}

/// 7 ms forward, 3 ms for responses, 11 ms for receipts.
fn delays() -> Habits {
    Habits {
        forward: Nanos::from_millis(7),
        response: Nanos::from_millis(3),
        receipt: Nanos::from_millis(11),
        ..Habits::default()
    }
}

fn find_rate(habits: Habits, start: f64, objective: &str) -> Search {
    let setup = Setup::with(&profile(100, 1, "\"5ms\""), habits);
    let plan = setup.plan();
    let settings = RateSettings {
        objectives: vec![Objective::parse(objective, &plan).unwrap()],
        width: 0.02,
        start,
        floor: 1.0,
        ceiling: 5_000.0,
        confirmations: 2,
        lengths: Lengths::default(),
        budget: Budget { trials_max: 60, messages_max: Some(10_000_000), seconds_max: 1e6 },
    };
    let mut gateway = Gateway(Standing::new(setup));
    let mut lines = Vec::new();
    let env = SearchEnv {
        trial: &mut gateway,
        observer: &mut NoObserver,
        told: &mut |line| lines.push(line.to_owned()),
        pause: &mut |_| {},
    };
    let found = crate::search::rate(&plan, &settings, env);
    found.unwrap_or_else(|e| panic!("{e:?}\n{}", lines.join("\n")))
}

fn is_within_two_percent(found: &Search, rate: f64) {
    let trail: Vec<&str> = found.trials.iter().map(|trial| trial.says.as_str()).collect();
    assert_eq!(found.ended, Ended::Found, "{:?} {trail:#?}", found.why);
    for end in [found.lower, found.upper] {
        let end = end.unwrap();
        assert!((end / rate - 1.0).abs() <= 0.02, "{end}, and not {rate}: {trail:#?}");
    }
}

#[test]
fn the_rate_of_a_gateway_that_throttles_is_found_within_two_percent() {
    let habits = Habits { rate: 400, beyond: Beyond::Throttles, ..delays() };
    is_within_two_percent(&find_rate(habits, 90.0, DEFAULT), 400.0);
}

#[test]
fn the_rate_of_a_gateway_that_queues_before_it_answers_is_found_within_two_percent() {
    let habits = Habits { rate: 400, ..delays() };
    is_within_two_percent(&find_rate(habits, 90.0, DEFAULT), 400.0);
}

#[test]
fn the_rate_of_a_gateway_that_answers_by_itself_is_found_by_its_growing_queue() {
    let habits = Habits { rate: 400, answers_itself: true, ..delays() };
    let found = find_rate(habits, 90.0, DEFAULT);
    is_within_two_percent(&found, 400.0);
    let why = found.objectives[0].broken_by.clone().unwrap();
    assert!(why.starts_with("the time through the gateway grew by"), "{why}");
}

#[test]
fn the_rate_of_a_gateway_that_answers_by_itself_is_found_by_a_limit_on_its_time_forward() {
    let habits = Habits { rate: 400, answers_itself: true, ..delays() };
    is_within_two_percent(&find_rate(habits, 90.0, "through.forward.p99<=50ms"), 400.0);
}

#[test]
fn the_rate_from_which_a_gateway_loses_what_it_accepted_is_found_within_two_percent() {
    let beyond = Beyond::Loses(3);
    let habits = Habits { rate: 400, beyond, answers_itself: true, ..delays() };
    let found = find_rate(habits, 90.0, "lost_inside=0");
    is_within_two_percent(&found, 400.0);
    assert!(found.trials.iter().any(|trial| trial.lost_inside.is_some_and(|lost| lost > 10)));
}

#[test]
fn a_search_through_a_gateway_says_so_in_every_report() {
    let habits = Habits { rate: 200, beyond: Beyond::Throttles, answers_itself: true, ..delays() };
    let found = find_rate(habits, 90.0, DEFAULT);
    let through = found.through.clone().expect("it went through one");
    assert_eq!(through.upstream, ["127.0.0.1:21001"]);
    assert_eq!(
        (through.marker, through.answers.as_str()),
        (vec!["tlv".into(), "text".into()], "itself")
    );
    assert!(
        found.latency_at.iter().all(|at| at.forward_p50_ns.is_some()),
        "{:?}",
        found.latency_at
    );
    let text = report::search::text(&found, Style::default());
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let page = report::search::html(&found);
    for says in [
        "with our SMSC behind it on 127.0.0.1:21001",
        "the gateway's throttling",
        "front to behind",
    ] {
        assert!(text.contains(says), "{says} is not in {text}");
        assert!(page.contains(&says.replace('\'', "&#39;")) || page.contains(says), "{says}");
    }
    let json = report::search::json(&found);
    assert_eq!(serde_json::from_str::<Search>(&json).unwrap(), found);
}

#[test]
fn what_one_run_leaves_in_a_gateway_is_in_none_of_the_next() {
    // 3 s at 800/s into 400/s: 3 s of queue, and the deadline is 1.5 s
    let habits = Habits { rate: 400, answers_itself: true, ..delays() };
    let setup = Setup::with(&profile(800, 3, "\"5ms\""), habits);
    let fast = setup.plan();
    let slow = Setup::of(&profile(100, 1, "\"5ms\"")).plan();
    let mut standing = Standing::new(setup);
    let first = standing.run(&fast);
    let through = first.through.as_ref().unwrap();
    assert!(through.balanced && through.submits.lost > 300, "{:?}", through.submits);
    assert_eq!(through.submits.late, through.submits.lost, "all came out before the next run");
    for _ in 0..2 {
        let next = standing.run(&slow);
        let through = next.through.as_ref().unwrap();
        let clean = SubmitBooks {
            sent: 100,
            accepted: 100,
            once: 100,
            came_out: 100,
            ..SubmitBooks::default()
        };
        assert!(through.balanced && Books::of(&slow, &next).balanced);
        assert_eq!(through.submits, clean);
        assert_eq!(
            (through.receipts.once, through.receipts.unknown),
            (100, 0),
            "{:?}",
            through.receipts
        );
        assert_eq!(through.times.of(Transit::Forward).count(), 100);
    }
}

fn evidence(plan: &Plan, record: &RunRecord, id: &str) -> Evidence {
    let judgement = judge(plan, record, &HostUse::default());
    let run = Run {
        plan,
        profile: &resolved_json(plan),
        record,
        judgement: &judgement,
        gates: &[],
        environment: &Environment::default(),
        id,
        version: "0.1.0",
        commit: None,
        target: "embedded",
        repro: "smppbench through --overhead",
        tally: None,
        warnings: &[],
        labels: &[],
        folder: None,
        show_content: false,
    };
    Saved::of(&run).evidence().unwrap()
}

/// The direct way against that through a relay, in turns.
fn overhead(habits: Habits) -> Comparison {
    let latency = "{ lognormal = { median = \"10ms\", p99 = \"14ms\" } }";
    let setup = Setup::with(&profile(100, 10, latency), habits);
    let plan = setup.plan();
    let mut gateway = Standing::new(setup);
    let sides = [direct(&plan, gateway.marker()), plan];
    let mut evidences: [Vec<Evidence>; 2] = [Vec::new(), Vec::new()];
    for side in order(6, 7) {
        let number = usize::from(side == DuelSide::B);
        let done = evidences[number].len();
        let plan = block_plan(&sides[number], 2 * done + number);
        let (record, name) = match side {
            DuelSide::A => (Memory::default().run(&plan, &mut NoObserver).unwrap(), "direct"),
            DuelSide::B => (gateway.run(&plan), "through"),
        };
        evidences[number].push(evidence(&plan, &record, &format!("run-{name}-{done:02}")));
    }
    let [a, b] = evidences;
    compare::compare_paired(&a, &b, &Settings::default()).unwrap()
}

#[test]
fn what_a_gateway_adds_to_the_direct_way_is_told_with_an_interval_that_holds_it() {
    let found = overhead(delays());
    // one way over a pipe is 50 µs directly, and 20 µs over each of two pipes through the relay
    let wire = 2.0 * (0.04e6 - 0.05e6);
    for (metric, added) in [("response.p50", 10e6 + wire), ("receipt.p50", 18e6 + wire)] {
        let of = found.metric(metric).unwrap();
        let (base, low, high) = (of.base.unwrap(), of.low.unwrap(), of.high.unwrap());
        let truth = 1.0 + added / base;
        assert!(low <= truth && truth <= high, "{metric}: {truth} is not in {low} to {high}");
        assert!(high - low < 0.05 * truth, "{metric}: {low} to {high}");
        assert_eq!(of.verdict, Verdict::Worse);
    }
    assert_eq!(found.metric("rate.accepted").unwrap().verdict, Verdict::Equivalent);
    let text = report::comparison::text(&found, Style::default());
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("Through the gateway, receipts take"), "{text}");
    assert!(text.contains(" direct through change"), "{text}");
}
