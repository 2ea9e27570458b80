//! `smppbench find`: settings and budget of a search out of flags and profile; its report, and its exit code.
use super::args::{FindArgs, FindWhat, Live};
use super::exit::{Exit, Failure, print, put, say, talk, warn};
use super::folder::{self, RunFolder};
use super::run_context::utc_stamp;
use super::{fleet, live, terminal};
use crate::coordinator::RunError;
use crate::judge::{Meaning, Named, Names, Unit};
use crate::kit::{Clock, Environment, Nanos, Rate, words};
use crate::plan::{self, BindType, Overrides, Plan, Recipe};
use crate::report::{self, Style};
use crate::search::{
    self, BindsSettings, Budget, DEFAULT, Ended, Kind, Lengths, Objective, RateSettings, Search,
    SearchEnv, Stop, WindowSettings, is_of_a_gateway,
};
use crate::trial::{Through, Trial};
use std::time::Duration;

/// Limits of a search on loopback without flags.
const TRIALS_MAX: u32 = 200;
const MINUTES_MAX: f64 = 15.0;
const MESSAGES_MAX: u64 = 200_000_000;
/// First rate, where the profile holds none.
const START: f64 = 10.0;
/// Rate assumed in an estimate, where the profile holds none.
const RATE_GUESS: f64 = 1_000.0;
/// The limit that an estimate of `find rate` supposes, in first rates ([`RateSettings::estimate`]).
const LIMIT_GUESS: f64 = 4.0;
/// File descriptors that are not sessions.
const DESCRIPTORS_SPARE: u64 = 64;

/// Settings of a search.
enum SearchSettings {
    Rate(RateSettings),
    Window(WindowSettings),
    Binds(BindsSettings),
}

/// Runs the verb.
pub(super) fn run(args: &FindArgs) -> Result<Exit, Failure> {
    folder::clear(args.load.keep.out.as_deref().filter(|_| !args.dry_run))?;
    let (source, overrides) = args.load.source();
    let plan = plan::load(&source, &with_lengths(&overrides))?;
    Recipe::new(&plan)?;
    if args.through {
        if args.what != FindWhat::Rate {
            let what = name_of(args.what);
            let why =
                format!("--through: not in `find {what}`; only `find rate` goes through a gateway");
            return Err(Failure::usage(why));
        }
        Through::check(&plan).map_err(RunError::Plan)?;
    }
    let (ready, budget) = ready(args, &plan)?;
    let cost = format!("{}; {}", estimate(&ready, &plan), cost(&budget));
    let what = name_of(args.what);
    if args.dry_run {
        return print(&format!("find {what} · {} · {cost}\n", plan.name));
    }
    talk(format!("find {what}: {cost}"));
    args.load.keep.without_effect("find", &[]).iter().for_each(talk);
    for warning in plan.warnings.iter().chain(&Environment::read().warnings(0)) {
        warn(warning);
    }
    let id = format!("find-{what}-{}-{}", plan.name, utc_stamp(Clock::wall_ns()));
    let folder = RunFolder::open(args.load.keep.out.as_deref(), &id)?;
    let searched = searched(args, &plan, &ready);
    let mut search = searched.inspect_err(|_| folder.abandon())?;
    search.cost_max = budget.cost(MESSAGES_MAX);
    let shown = overrides.shown(args.load.keep.show_content);
    let repro = plan::repro(&format!("find {what}"), &source, &shown, &plan);
    search.repro = format!("{repro}{}{}", flags(args), fleet::repro(&args.fleet));
    let text = report::search::text(&search, Style::default());
    let json = report::search::json(&search);
    let shown = put(&if args.load.keep.json {
        format!("{json}\n")
    } else {
        report::search::text(&search, terminal::style())
    });
    let html = report::search::html(&search);
    for (name, text) in [("search.json", &json), ("summary.txt", &text), ("report.html", &html)] {
        folder::write(&folder.path().join(name), text.as_bytes())?;
    }
    talk(format!("written to {}", folder.path().display()));
    let exit = exit_of(&search, args, &plan);
    shown.and(exit)
}

/// A search has lengths of its own: of the flags that replace stages only the rate has an effect, as the first one.
fn with_lengths(overrides: &Overrides) -> Overrides {
    let span = |text: &str| overrides.rate.as_ref().map(|_| text.to_owned());
    Overrides { duration: span("1s"), warmup: span("0s"), ..overrides.clone() }
}

fn searched(args: &FindArgs, plan: &Plan, ready: &SearchSettings) -> Result<Search, Failure> {
    let mut trial: Box<dyn Trial> = if args.through {
        Box::new(Through::heard_by(say).staying_open())
    } else {
        Box::new(fleet::trial(&args.fleet, plan)?)
    };
    let mut observers = live::metrics(plan)?;
    let mut told = |line: &str| {
        if args.load.keep.live() != Live::Off {
            talk(line.trim_end_matches([' ', '·']));
        }
    };
    let mut pause = |span: Nanos| std::thread::sleep(span.into());
    let (trial, observer) = (&mut *trial, &mut observers);
    let env = SearchEnv { trial, observer, told: &mut told, pause: &mut pause };
    let searched = match ready {
        SearchSettings::Rate(settings) => search::rate(plan, settings, env),
        SearchSettings::Window(settings) => search::window(plan, settings, env),
        SearchSettings::Binds(settings) => search::binds(plan, settings, env),
    };
    searched.map_err(|stop| match stop {
        Stop::Failed(e) => Failure::Run(e),
        Stop::Ended(ended, why) => Failure::internal(format!("{}: {why}", ended.name())),
    })
}

const fn name_of(what: FindWhat) -> &'static str {
    match what {
        FindWhat::Rate => Kind::Rate.name(),
        FindWhat::Window => Kind::Window.name(),
        FindWhat::Binds => Kind::Binds.name(),
    }
}

/// The probable cost of a search.
fn estimate(ready: &SearchSettings, plan: &Plan) -> String {
    let (guess, from) = match held_rate(plan) {
        Some(held) => (held, "the profile's rate"),
        None => (RATE_GUESS, "a guess"),
    };
    let (cost, rate, from) = match ready {
        SearchSettings::Rate(settings) => {
            let (rate, from) = match settings.start * LIMIT_GUESS {
                rate if rate < settings.ceiling => (rate, "four times the first rate tried"),
                _ => (settings.ceiling, "the highest rate to try"),
            };
            (settings.estimate(), rate, from)
        }
        SearchSettings::Window(settings) => (settings.estimate(guess), guess, from),
        SearchSettings::Binds(settings) => (settings.estimate(guess), guess, from),
    };
    format!(
        "about {} trials, {} submit_sm, {:.1} min if the SMSC takes {} ({from}; more if it takes more)",
        cost.trials,
        words::count(cost.messages),
        cost.seconds / 60.0,
        words::rate(rate)
    )
}

/// The last measured rate of the profile.
fn held_rate(plan: &Plan) -> Option<f64> {
    let mut measured = plan.stages.iter().rev().filter(|s| s.measure);
    measured.find_map(|s| s.shape.held()).map(Rate::as_f64)
}

fn cost(budget: &Budget) -> String {
    let messages = budget.messages_max.map_or("any number of".to_owned(), words::count);
    let minutes = budget.seconds_max / 60.0;
    let trials = words::counted(u64::from(budget.trials_max), "trial");
    format!("at most {trials}, {messages} submit_sm, {minutes:.1} min")
}

/// The flags of `find` itself, for the command line that runs it again.
fn flags(args: &FindArgs) -> String {
    let mut text = if args.through { " --through".to_owned() } else { String::new() };
    for objective in &args.objective {
        text += &format!(" --objective {}", words::in_quotes(objective));
    }
    let mut add = |flag: &str, value: Option<String>| {
        if let Some(value) = value {
            text += &format!(" {flag} {value}");
        }
    };
    let span =
        |d: Option<Duration>| d.map(|d| humantime::format_duration(d).to_string().replace(' ', ""));
    if args.what == FindWhat::Rate {
        add("--width", Some(format!("{}%", args.width * 100.0)));
    }
    add("--min-rate", args.min_rate.clone());
    add("--max-rate", args.max_rate.clone());
    add("--max-window", (args.what == FindWhat::Window).then(|| args.max_window.to_string()));
    add("--max-binds", args.max_binds.map(|n| n.to_string()));
    add("--bind-rate", args.bind_rate.clone());
    add("--settle", span(args.settle));
    add("--measure", span(args.measure));
    add("--confirm", span(args.confirm));
    add("--max-trials", args.max_trials.map(|n| n.to_string()));
    add("--max-minutes", args.max_minutes.map(|n| n.to_string()));
    text
}

fn ready(args: &FindArgs, plan: &Plan) -> Result<(SearchSettings, Budget), Failure> {
    let budget = budget(args, plan)?;
    let loops = plan.target.is_loopback() || plan.guard.closed_loop;
    let ready = match args.what {
        FindWhat::Rate => SearchSettings::Rate(rate(args, plan, budget)?),
        FindWhat::Window => {
            if !loops {
                return Err(Failure::usage(
                    "find window sends bursts in closed loop; for a target that is not loopback set \
                     guard.closed_loop = true, if its operator agrees",
                ));
            }
            needs_sender(args, plan)?;
            SearchSettings::Window(WindowSettings {
                ceiling: args.max_window.clamp(1, 1_000_000),
                settle: span(args.settle, Nanos::from_millis(300)),
                measure: span(args.measure, Nanos::from_secs(1)),
                budget,
            })
        }
        FindWhat::Binds => {
            let default = if plan.target.is_loopback() { "500" } else { "2" };
            let attempts = args.bind_rate.as_deref().unwrap_or(default);
            let attempts = positive("--bind-rate", attempts)?;
            let own = plan.accounts.first().map_or(BindType::Transceiver, |a| a.binds.bind_type);
            let all = [own, BindType::Transceiver, BindType::Transmitter, BindType::Receiver];
            let mut types: Vec<BindType> = Vec::new();
            for one in all {
                if !types.contains(&one) && (types.is_empty() || plan.target.is_loopback()) {
                    types.push(one);
                }
            }
            SearchSettings::Binds(BindsSettings {
                ceiling: binds_max(args, plan, own),
                pause: Nanos((1e9 / attempts) as u64),
                types,
                sweep: loops,
                settle: span(args.settle, Nanos::from_millis(200)),
                measure: span(args.measure, Nanos::from_millis(800)),
                budget,
            })
        }
    };
    Ok((ready, budget))
}

fn positive(flag: &str, text: &str) -> Result<f64, Failure> {
    let wrong = |why: String| Failure::usage(format!("{flag}: {why}"));
    let rate = Rate::parse(text).map_err(|e| wrong(e.to_string()))?.as_f64();
    let most = plan::RATE_MAX;
    if rate > most.as_f64() {
        return Err(wrong(format!(
            "{text} is more than the {most} that can be scheduled; lower it"
        )));
    }
    if rate > 0.0 {
        Ok(rate)
    } else {
        Err(wrong("0 is not valid; write a rate above 0".to_owned()))
    }
}

/// Binds to try at most: as the flag says, within the guard and the limit on open files.
fn binds_max(args: &FindArgs, plan: &Plan, own: BindType) -> u64 {
    use nix::sys::resource::{Resource, getrlimit};
    let asked = args.max_binds.unwrap_or(if plan.target.is_loopback() { 1_000 } else { 16 });
    let each = if own == BindType::Pair { 2 } else { 1 };
    let ends = if plan.target.embedded { 2 } else { 1 };
    let files = getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft);
    let files = files.saturating_sub(DESCRIPTORS_SPARE) / (each * ends);
    let guard = plan.guard.binds_max.map_or(u64::MAX, |most| most as u64 / each);
    asked.min(files).min(guard).max(1)
}

fn budget(args: &FindArgs, plan: &Plan) -> Result<Budget, Failure> {
    let messages = plan.guard.messages_max;
    if !plan.target.is_loopback() {
        let missing = [
            ("--max-trials", args.max_trials.is_none()),
            ("--max-messages", messages.is_none()),
            ("--max-minutes", args.max_minutes.is_none()),
        ];
        if let Some((flag, _)) = missing.iter().find(|(_, missing)| *missing) {
            let why = format!("{flag} is needed for a target that is not loopback");
            return Err(Failure::usage(why));
        }
    }
    let minutes = args.max_minutes.unwrap_or(MINUTES_MAX);
    if !(minutes > 0.0 && minutes.is_finite()) {
        return Err(Failure::usage("--max-minutes: write a number above 0"));
    }
    let probes = if args.through { Through::probes_count(plan) } else { 0 };
    Ok(Budget {
        trials_max: args.max_trials.unwrap_or(TRIALS_MAX),
        messages_max: Some(messages.unwrap_or(MESSAGES_MAX).saturating_sub(probes)),
        seconds_max: minutes * 60.0,
    })
}

/// The profile's gates as an objective: without those on the verdict, which a search reaches itself, on rates, which it
/// varies, on what is observed, which a search does not sample, and on a gateway, where it goes through none.
fn gates(plan: &Plan, through: bool) -> Option<String> {
    let names = Names::of(plan);
    let is_objective = |name: &str| match Named::find(name, &names) {
        Ok(named) => {
            let is_observed = matches!(named.meaning, Meaning::Observed(..));
            let is_open = is_observed || (is_of_a_gateway(name) && !through);
            !is_open && !matches!(named.meaning.unit(), Unit::Word | Unit::PerSecond)
        }
        Err(_) => true,
    };
    let parts: Vec<String> = plan
        .gates
        .iter()
        .filter(|(name, _)| is_objective(name))
        .filter_map(|(name, value)| value.as_str().map(|text| format!("{name} {text}")))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A length from its flag.
fn span(given: Option<Duration>, default: Nanos) -> Nanos {
    given.map_or(default, Nanos::from)
}

fn needs_sender(args: &FindArgs, plan: &Plan) -> Result<(), Failure> {
    if plan.senders_count() == 0 {
        let what = name_of(args.what);
        return Err(Failure::usage(format!("find {what} needs a bind that may send")));
    }
    Ok(())
}

fn rate(args: &FindArgs, plan: &Plan, budget: Budget) -> Result<RateSettings, Failure> {
    needs_sender(args, plan)?;
    let mut texts = args.objective.clone();
    if texts.is_empty() {
        texts.push(gates(plan, args.through).unwrap_or_else(|| DEFAULT.to_owned()));
    }
    let objectives = texts.iter().map(|text| Objective::parse(text, plan).map_err(Failure::usage));
    let objectives: Vec<Objective> = objectives.collect::<Result<_, _>>()?;
    if let Some(name) = objectives.iter().find_map(Objective::of_a_gateway)
        && !args.through
    {
        let why = "only a run through a gateway has it; add --through";
        return Err(Failure::usage(format!("--objective {name}: {why}")));
    }
    let start = held_rate(plan).unwrap_or(START);
    let floor = match &args.min_rate {
        Some(text) => positive("--min-rate", text)?,
        None => start / 1_000.0,
    };
    let guarded = plan.guard.rate_max.map(Rate::as_f64);
    let ceiling = match &args.max_rate {
        Some(text) => positive("--max-rate", text)?,
        None if plan.target.is_loopback() => 1e6,
        None => start * 100.0,
    };
    let ceiling = guarded.map_or(ceiling, |most| ceiling.min(most));
    if floor >= ceiling {
        let why = format!("--min-rate {floor} is not below --max-rate {ceiling}");
        return Err(Failure::usage(why));
    }
    let default = Lengths::default();
    Ok(RateSettings {
        objectives,
        width: args.width,
        start: start.clamp(floor, ceiling),
        floor,
        ceiling,
        confirmations: 2,
        lengths: Lengths {
            settle: span(args.settle, default.settle),
            measure: span(args.measure, default.measure),
            confirm: span(args.confirm, default.confirm),
        },
        budget,
    })
}

fn exit_of(search: &Search, args: &FindArgs, plan: &Plan) -> Result<Exit, Failure> {
    let gated = args.objective.is_empty() && gates(plan, args.through).is_some();
    Ok(match search.ended {
        Ended::Floor if gated => Exit::GateFailed,
        Ended::InconclusiveHarness | Ended::InconclusiveNoise if args.load.keep.strict => {
            Exit::NotTrustworthy
        }
        Ended::Found | Ended::Ceiling | Ended::Floor | Ended::Budget => Exit::Done,
        Ended::InconclusiveHarness | Ended::InconclusiveNoise => Exit::Done,
        Ended::Interrupted => Exit::Interrupted,
        Ended::TargetLost | Ended::ForeignTraffic => {
            let why = search.why.clone().unwrap_or_default();
            let why = format!("ended early: {}: {why}", search.ended.name());
            return Err(Failure::Of(Exit::EndedEarly, why));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Source;

    #[test]
    fn gates_on_a_rate_or_on_the_verdict_are_not_taken_as_objectives() {
        let text = r#"
            load.stages = [{ hold = 10, for = "1s" }]
            accounts = [{ system_id = "gold" }]
            [gates]
            "response.p99" = "< 50ms"
            "through.forward.p99" = "< 50ms"
            "verdict.outcome" = "sustained"
            "rate.accepted" = ">= 10/s"
            "account.gold.rate.accepted" = ">= 10/s"
            "account.gold.ratio.throttled" = "= 0"
        "#;
        let source = Source::Text { name: "t.toml".into(), text: text.into() };
        let plan = plan::load(&source, &Overrides::default()).unwrap();
        let wanted = "response.p99 < 50ms, account.gold.ratio.throttled = 0";
        assert_eq!(gates(&plan, false).unwrap(), wanted);
        let through = wanted.replace("50ms, ", "50ms, through.forward.p99 < 50ms, ");
        assert_eq!(gates(&plan, true).unwrap(), through);
    }
}
