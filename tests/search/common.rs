//! Whole searches on the virtual clock, against simulators of which the truth is known.
use smppbench::kit::Nanos;
use smppbench::measure::NoObserver;
use smppbench::plan::{self, Overrides, Plan, Source};
use smppbench::search::{
    BindsSettings, Budget, DEFAULT, Lengths, Objective, RateSettings, Search, SearchEnv, Stop,
    WindowSettings, binds, rate, window,
};
use smppbench::trial::Memory;

pub(super) const BUDGET: Budget =
    Budget { trials_max: 300, messages_max: Some(100_000_000), seconds_max: 1e6 };

pub(super) fn plan(toml: &str) -> Plan {
    let source = Source::Text { name: "test.toml".into(), text: toml.into() };
    plan::load(&source, &Overrides::default()).unwrap_or_else(|e| panic!("{e}\n{toml}"))
}

/// Runs `search` with a env in memory; what it told, a line each.
pub(super) fn in_memory(
    search: impl FnOnce(SearchEnv<'_>) -> Result<Search, Stop>,
) -> (Result<Search, Stop>, Vec<String>) {
    let mut lines = Vec::new();
    let mut told = |line: &str| lines.push(line.to_owned());
    let mut pause = |_: Nanos| {};
    let env = SearchEnv {
        trial: &mut Memory::default(),
        observer: &mut NoObserver,
        told: &mut told,
        pause: &mut pause,
    };
    let found = search(env);
    (found, lines)
}

/// A search for a rate, ready to be changed.
pub(super) fn settings(plan: &Plan, start: f64, objectives: &[&str]) -> RateSettings {
    let named = if objectives.is_empty() { &[DEFAULT][..] } else { objectives };
    RateSettings {
        objectives: named.iter().map(|o| Objective::parse(o, plan).unwrap()).collect(),
        width: 0.02,
        start,
        floor: start / 1_000.0,
        ceiling: 1e6,
        confirmations: 2,
        lengths: Lengths::default(),
        budget: BUDGET,
    }
}

pub(super) fn find_rate(plan: &Plan, settings: &RateSettings) -> Search {
    let (found, lines) = in_memory(|env| rate(plan, settings, env));
    let found = found.unwrap_or_else(|e| panic!("{e:?}"));
    if std::env::var_os("SEARCH_TRAIL").is_some() {
        eprintln!("{}\n", lines.join("\n"));
    }
    found
}

pub(super) fn find_window(plan: &Plan, ceiling: u64, measure: Nanos) -> Search {
    let settings =
        WindowSettings { ceiling, settle: Nanos(measure.0 / 4), measure, budget: BUDGET };
    let (found, lines) = in_memory(|env| window(plan, &settings, env));
    if std::env::var_os("SEARCH_TRAIL").is_some() {
        eprintln!("{}\n", lines.join("\n"));
    }
    found.unwrap_or_else(|e| panic!("{e:?}"))
}

pub(super) fn find_binds(plan: &Plan, settings: &BindsSettings) -> Result<Search, Stop> {
    in_memory(|env| binds(plan, settings, env)).0
}

/// Seeds of a test: so many, or as the variable SEARCH_SEEDS says.
pub(super) fn seeds(default: u64) -> std::ops::Range<u64> {
    let more = std::env::var("SEARCH_SEEDS").ok().and_then(|n| n.parse().ok());
    0..more.unwrap_or(default)
}

/// The truth lies in the interval, give or take `slack`, and the interval is no wider than 2 %.
pub(super) fn brackets(found: &Search, truth: f64, slack: f64) {
    let trail: Vec<&str> = found.trials.iter().map(|t| t.says.as_str()).collect();
    let told =
        || format!("truth {truth}\n{}\n{:?} {:?}", trail.join("\n"), found.lower, found.upper);
    let (Some(lower), Some(upper)) = (found.lower, found.upper) else { panic!("{}", told()) };
    assert!(lower <= truth * (1.0 + slack) && upper >= truth * (1.0 - slack), "{}", told());
    assert!((lower / truth - 1.0).abs() <= 0.02 + slack, "{}", told());
    assert!(upper / lower <= 1.0201 && found.objectives[0].confirmed, "{}", told());
}
