//! `[load]` and `[[load.stages]]`: how the load is offered, and its rate over time.
use super::accounts::Accounts;
use crate::kit::{Nanos, Rate};
use crate::plan::defaults::{self, Defaults};
use crate::plan::model::{Arrival, Load, OnThrottle, Shape, Stage, WindowFull};
use crate::plan::schedule::exceeds;
use crate::plan::section::{Item, Read, Section};
use std::collections::{HashMap, HashSet};

const KEYS: &[&str] = &[
    "arrival",
    "window_full",
    "catch_up",
    "on_throttle",
    "attempts_max",
    "age_max",
    "retryable",
    "precise",
    "busy_poll",
    "workers",
    "pin",
    "stages",
    "receive_only_for",
];
const SHAPES: &[&str] = &["hold", "ramp", "stairs", "spike", "sine", "max"];
const STAGE_KEYS: &[&str] =
    &["name", "hold", "ramp", "stairs", "spike", "sine", "max", "for", "measure"];
const WORKERS_MAX: usize = 1024;

/// The load and its stages. `rate_flag`: the stages come from `--rate`, above the accounts' rates.
pub(super) fn read(
    root: &Section<'_>,
    defaults: &Defaults,
    accounts: &Accounts,
    rate_flag: bool,
) -> Read<(Load, Vec<Stage>)> {
    let section = root.section("load", KEYS)?;
    let stages = match section.each("stages", stage)? {
        Some(stages) if stages.is_empty() => {
            let why = "is empty; write at least one [[load.stages]] or leave it out";
            return Err(section.error_at("stages", why));
        }
        Some(stages) => stages,
        None => default_stages(defaults, accounts.rate),
    };
    let stages = named(stages, &section)?;
    if !stages.iter().any(|s| s.measure) {
        return Err(section.error_at("stages", "none is measured; leave out one `measure = false`"));
    }
    if let Some(sum) = accounts.rate
        && !rate_flag
    {
        agree(sum, &stages, &section)?;
    }
    Ok((settings(&section, defaults)?, stages))
}

/// How long a run lasts whose binds only receive, where it is said.
pub(super) fn receive_only_for(root: &Section<'_>) -> Read<Option<Nanos>> {
    root.section("load", KEYS)?.read("receive_only_for", |i| i.span_above_zero())
}

fn settings(section: &Section<'_>, defaults: &Defaults) -> Read<Load> {
    let catch_up = section.read("catch_up", |i| match i.as_text() {
        Some("all") => Ok(None),
        Some(_) => Err(i.error("write \"all\" or a factor like 1.2")),
        None => match i.decimal()? {
            factor if factor >= 1.0 => Ok(Some(factor)),
            factor => Err(i.error(format!("{factor} would never catch up; write at least 1.0"))),
        },
    })?;
    let flag = |key: &str| Ok(section.read(key, |i| i.flag())?.unwrap_or(false));
    Ok(Load {
        arrival: section.read("arrival", |i| i.choice())?.unwrap_or(Arrival::Constant),
        window_full: section.read("window_full", |i| i.choice())?.unwrap_or(WindowFull::Delay),
        catch_up: catch_up.unwrap_or(defaults.catch_up),
        on_throttle: section.read("on_throttle", |i| i.choice())?.unwrap_or(OnThrottle::Count),
        attempts_max: section
            .read("attempts_max", |i| i.whole(1..=1000))?
            .unwrap_or(defaults::ATTEMPTS_MAX),
        age_max: section.read("age_max", |i| i.span_above_zero())?.unwrap_or(defaults::AGE_MAX),
        retryable: section
            .each("retryable", |i| i.status())?
            .unwrap_or_else(|| defaults::RETRYABLE.to_vec()),
        precise: flag("precise")?,
        busy_poll: flag("busy_poll")?,
        workers: section.read("workers", |i| i.whole(1..=WORKERS_MAX))?,
        pin: flag("pin")?,
    })
}

/// One warm-up and one measured hold.
fn default_stages(defaults: &Defaults, rate: Option<Rate>) -> Vec<(Option<String>, Stage)> {
    let hold = |name: &str, length: &str, measure| {
        let length = humantime::parse_duration(length).expect("a default is well-formed");
        let shape = Shape::Hold(rate.unwrap_or(defaults.rate));
        let stage = Stage { name: name.into(), shape, length: Nanos::from(length), measure };
        (Some(name.to_string()), stage)
    };
    vec![hold("warm-up", defaults.warmup, false), hold("measured", defaults.duration, true)]
}

/// Gives the nameless ones a name, and refuses a name given twice.
fn named(stages: Vec<(Option<String>, Stage)>, section: &Section<'_>) -> Read<Vec<Stage>> {
    let mut out: Vec<Stage> = Vec::with_capacity(stages.len());
    let mut taken: HashSet<String> = HashSet::new();
    for (number, name) in stages.iter().enumerate().filter_map(|(n, s)| Some((n, s.0.clone()?))) {
        if let Some(name) = taken.replace(name) {
            let why = format!("stages[{number}]: two named {name:?}; give each its own `name`");
            return Err(section.error(why));
        }
    }
    // of each kind, the number to try next
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for (name, mut stage) in stages {
        stage.name = name.unwrap_or_else(|| {
            let number = numbers.entry(stage.name.clone()).or_insert(1);
            loop {
                let name = match *number {
                    1 => stage.name.clone(),
                    number => format!("{}-{number}", stage.name),
                };
                *number += 1;
                if taken.insert(name.clone()) {
                    return name;
                }
            }
        });
        out.push(stage);
    }
    Ok(out)
}

/// Accounts with rates of their own must add up to what the stages reach.
fn agree(sum: Rate, stages: &[Stage], section: &Section<'_>) -> Read<()> {
    let peak = stages
        .iter()
        .filter_map(|s| s.shape.peak())
        .fold(Rate::ZERO, |high, rate| if exceeds(rate, high) { rate } else { high });
    if peak.num > 0 && (exceeds(peak, sum) || exceeds(sum, peak)) {
        return Err(section.error_at(
            "stages",
            format!("reach {peak} but the accounts' rates add up to {sum}; use `share` instead"),
        ));
    }
    Ok(())
}

/// A stage and the name it was given; without one it bears its kind.
fn stage(item: &Item<'_>) -> Read<(Option<String>, Stage)> {
    let section = item.section(STAGE_KEYS)?;
    let kind = match section.given(SHAPES)[..] {
        [one] => one,
        [] => {
            return Err(section.error(format!("has no shape; write one of {}", SHAPES.join(", "))));
        }
        [_, second, ..] => {
            return Err(
                section.error_at(second, "a second shape; write each in a stage of its own")
            );
        }
    };
    let written = section.read("for", |i| i.span_above_zero())?;
    let shape_item = section.item(kind).expect("it is given");
    let shape = shape(kind, &shape_item)?;
    let length = match (written, &shape) {
        (Some(length), _) => length,
        (None, Shape::Stairs { from, to, step, each }) => {
            stairs_length(*from, *to, *step, *each)
                .ok_or_else(|| section.error_at("stairs", "too many steps; make `step` larger"))?
        }
        (None, _) => return Err(section.error_at("for", "is missing; write for = \"60s\" or so")),
    };
    if let Shape::Spike { at, length: spike, .. } = shape
        && at + spike > length
    {
        return Err(section.error_at("spike", "ends after its stage; make `for` longer"));
    }
    let measure = section.read("measure", |i| i.flag())?.unwrap_or(true);
    let name = section.read("name", |i| i.text())?;
    Ok((name, Stage { name: kind.into(), shape, length, measure }))
}

fn stairs_length(from: Rate, to: Rate, step: Rate, each: Nanos) -> Option<Nanos> {
    // |to − from| / step, rounded up, in exact fractions
    let wide = |r: Rate| (u128::from(r.num), u128::from(r.den));
    let ((fn_, fd), (tn, td), (sn, sd)) = (wide(from), wide(to), wide(step));
    let gap = (fn_.checked_mul(td)?).abs_diff(tn.checked_mul(fd)?);
    let steps = gap.checked_mul(sd)?.div_ceil(fd.checked_mul(td)?.checked_mul(sn)?) + 1;
    u64::try_from(steps).ok()?.checked_mul(each.0).map(Nanos)
}

fn shape(kind: &str, item: &Item<'_>) -> Read<Shape> {
    match kind {
        "hold" => item.rate_above_zero().map(Shape::Hold),
        "ramp" => match &item.list()?[..] {
            [from, to] => Ok(Shape::Ramp(from.rate()?, to.rate()?)),
            other => Err(item.error(format!("{} rates; write two, [from, to]", other.len()))),
        },
        "stairs" => {
            let s = item.section(&["from", "to", "step", "each"])?;
            Ok(Shape::Stairs {
                from: s.need("from")?.rate()?,
                to: s.need("to")?.rate()?,
                step: s.need("step")?.rate_above_zero()?,
                each: s.need("each")?.span_above_zero()?,
            })
        }
        "spike" => {
            let s = item.section(&["base", "peak", "at", "for"])?;
            Ok(Shape::Spike {
                base: s.need("base")?.rate()?,
                peak: s.need("peak")?.rate_above_zero()?,
                at: s.need("at")?.span()?,
                length: s.need("for")?.span_above_zero()?,
            })
        }
        "sine" => {
            let s = item.section(&["mean", "amplitude", "period"])?;
            Ok(Shape::Sine {
                mean: s.need("mean")?.rate_above_zero()?,
                amplitude: s.need("amplitude")?.rate()?,
                period: s.need("period")?.span_above_zero()?,
            })
        }
        _ if item.flag()? => Ok(Shape::Max),
        _ => Err(item.error("false will not do; write true, or another shape")),
    }
}
