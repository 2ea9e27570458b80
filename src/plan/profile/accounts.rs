//! `[[accounts]]` and `[binds]`: who binds, how often, and which part of the load is whose.
use crate::kit::Rate;
use crate::plan::defaults::{self, Defaults, REDACTED};
use crate::plan::error::PlanError;
use crate::plan::model::{Account, BindType, Binds, PasswordFrom, Rebind, Secret};
use crate::plan::schedule::gcd;
use crate::plan::section::{Item, Read, Section};
use crate::plan::striping::PATTERN_MAX;
use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;

const KEYS: &[&str] = &[
    "name",
    "system_id",
    "password_env",
    "password_file",
    "password",
    "system_type",
    "interface_version",
    "addr_ton",
    "addr_npi",
    "address_range",
    "share",
    "rate",
    "weight",
    "binds",
];
const BINDS_KEYS: &[&str] =
    &["type", "count", "window", "enquire_link", "rate_max", "connect_rate", "rebind"];
/// Far beyond the specification's 8, as OpenMarket has them (FACTS A.1).
const PASSWORD_MAX: usize = 100;
const BINDS_MAX: usize = 100_000;
/// Accounts times the messages after which their shares repeat: steps that it takes to spread them.
const SPREAD_MAX: u64 = 1 << 29;
const WINDOW_MAX: usize = 1_000_000;

/// The accounts, and the sum of their rates where they have some.
#[derive(Debug)]
pub(super) struct Accounts {
    pub(super) list: Vec<Account>,
    pub(super) rate: Option<Rate>,
}

pub(super) fn read(
    root: &Section<'_>,
    defaults: &Defaults,
    warnings: &mut Vec<String>,
) -> Read<Accounts> {
    let built_in = Binds {
        bind_type: BindType::Transceiver,
        count: defaults.binds,
        window: defaults.window,
        enquire_link: Some(defaults::ENQUIRE_LINK),
        rate_max: None,
        connect_rate: None,
        rebind: Some(defaults::REBIND),
    };
    let general = binds(&root.section("binds", BINDS_KEYS)?, &built_in)?;
    let sections = match root.each("accounts", |i| i.section(KEYS))? {
        Some(sections) if sections.is_empty() => {
            return Err(root.error_at("accounts", "is empty; write at least one [[accounts]]"));
        }
        Some(sections) => sections,
        None => vec![root.section("accounts", KEYS)?],
    };
    let mut names = HashSet::new();
    let mut list: Vec<Account> = Vec::with_capacity(sections.len());
    for section in &sections {
        let account = account(section, &general, warnings)?;
        if !names.insert(account.name.clone()) {
            let why =
                format!("two accounts named {:?}; give each a `name` of its own", account.name);
            return Err(section.error_at("name", why));
        }
        list.push(account);
    }
    let rate = weigh(&sections, &mut list)?;
    Ok(Accounts { list, rate })
}

fn account(section: &Section<'_>, general: &Binds, warnings: &mut Vec<String>) -> Read<Account> {
    let system_id =
        section.read("system_id", |i| i.ascii(64))?.unwrap_or_else(|| defaults::SYSTEM_ID.into());
    let name = section.read("name", |i| i.text())?.unwrap_or_else(|| system_id.clone());
    let (password, password_from) = password(section, warnings)?;
    for (what, value, max) in [("system_id", &system_id, 15), ("password", &password.0, 8)] {
        if value.len() > max {
            let over = format!("account {name}: a {what} of {} characters", value.len());
            warnings.push(format!("{over}; SMPP v3.4 allows {max}, many an SMSC does not mind"));
        }
    }
    let any = |i: &Item<'_>| i.whole(0..=255u8);
    let version = section.read("interface_version", any)?;
    Ok(Account {
        name,
        system_id,
        password,
        password_from,
        system_type: section.read("system_type", |i| i.ascii(12))?.unwrap_or_default(),
        interface_version: version.unwrap_or(defaults::INTERFACE_VERSION),
        addr_ton: section.read("addr_ton", any)?.unwrap_or(0),
        addr_npi: section.read("addr_npi", any)?.unwrap_or(0),
        address_range: section.read("address_range", |i| i.ascii(40))?.unwrap_or_default(),
        weight: 1,
        binds: binds(&section.section("binds", BINDS_KEYS)?, general)?,
    })
}

fn password(section: &Section<'_>, warnings: &mut Vec<String>) -> Read<(Secret, PasswordFrom)> {
    let bare = |i: &Item<'_>| match i.as_text() {
        Some(REDACTED) => Ok(()),
        _ => {
            Err(i
                .error("a password does not stand in a profile; use password_env or password_file"))
        }
    };
    section.read("password", bare)?;
    if section.has("password_env") && section.has("password_file") {
        return Err(section.error_at("password_file", "beside password_env; write one of them"));
    }
    if let Some(item) = section.item("password_env") {
        let name = item.text()?;
        let password = Secret::of_env(&name).map_err(|why| item.error(why))?;
        return Ok((printable(&item, password)?, PasswordFrom::Env(name)));
    }
    let Some(item) = section.item("password_file") else {
        return Ok((Secret::default(), PasswordFrom::Nowhere));
    };
    let path = item.place().file(&item.text()?);
    let password = Secret::of_file(&path).map_err(|why| item.error(why))?;
    let readable = std::fs::metadata(&path).is_ok_and(|m| m.permissions().mode() & 0o004 != 0);
    if readable {
        warnings.push(format!("{} is world-readable; chmod 600 it", path.display()));
    }
    if password.0.is_empty() {
        let shown = path.display();
        warnings.push(format!("the first line of {shown} is empty: so is the password"));
    }
    Ok((printable(&item, password)?, PasswordFrom::File(path.display().to_string())))
}

/// The password, if it can stand in a bind; it is never shown.
fn printable(item: &Item<'_>, value: Secret) -> Result<Secret, PlanError> {
    if value.0.contains('\0') || value.0.len() > PASSWORD_MAX {
        Err(item.error("the password is longer than 100 octets or contains a NUL; shorten it"))
    } else {
        Ok(value)
    }
}

/// `[binds]` over `base`.
fn binds(section: &Section<'_>, base: &Binds) -> Read<Binds> {
    Ok(Binds {
        bind_type: section.read("type", |i| i.choice())?.unwrap_or(base.bind_type),
        count: section.read("count", |i| i.whole(1..=BINDS_MAX))?.unwrap_or(base.count),
        window: section.read("window", |i| i.whole(1..=WINDOW_MAX))?.unwrap_or(base.window),
        enquire_link: section
            .read("enquire_link", |i| i.span_or_off())?
            .unwrap_or(base.enquire_link),
        rate_max: section.read("rate_max", |i| i.rate_or_none())?.unwrap_or(base.rate_max),
        connect_rate: section
            .read("connect_rate", |i| i.rate_or_none())?
            .unwrap_or(base.connect_rate),
        rebind: section.read("rebind", rebind)?.unwrap_or(base.rebind),
    })
}

fn rebind(item: &Item<'_>) -> Read<Option<Rebind>> {
    match item.as_text() {
        Some("off") => return Ok(None),
        Some(_) => return Err(item.error("write \"off\" or { attempts_max, min, max }")),
        None => {}
    }
    let section = item.section(&["attempts_max", "min", "max"])?;
    let base = defaults::REBIND;
    let min = section.read("min", |i| i.span_above_zero())?.unwrap_or(base.min);
    let max = section.read("max", |i| i.span_above_zero())?.unwrap_or(base.max.max(min));
    if min > max {
        return Err(section.error_at("min", "above `max`; make it at most that"));
    }
    let attempts = section.read("attempts_max", |i| i.whole(0..=u32::MAX))?;
    Ok(Some(Rebind { attempts_max: attempts.unwrap_or(base.attempts_max), min, max }))
}

/// Turns shares, rates, weights or (without any) the number of senders into whole-number weights. Returns the
/// sum of the accounts' rates where they have some.
fn weigh(sections: &[Section<'_>], list: &mut [Account]) -> Read<Option<Rate>> {
    let count = |key: &str| sections.iter().filter(|s| s.has(key)).count();
    let senders = list.iter().filter(|a| a.binds.senders_count() > 0).count();
    let key = match ["share", "rate", "weight"].map(|key| (key, count(key) > 0)) {
        [(_, false), (_, false), (_, false)] => {
            let senders = |a: &Account| a.binds.senders_count() as u64;
            let common = list.iter().fold(0, |g, a| gcd(senders(a), g)).max(1);
            list.iter_mut().for_each(|a| a.weight = senders(a) / common);
            return Ok(None);
        }
        [(share, true), (_, false), (_, false)] => share,
        [(_, false), (rate, true), (_, false)] => rate,
        [(_, false), (_, false), (weight, true)] => weight,
        [_, _, _] => {
            let why = "beside another account's; use share, rate or weight for all of them";
            let second = if count("weight") > 0 { "weight" } else { "rate" };
            return Err(about(sections, second, why));
        }
    };
    let mut parts = Vec::with_capacity(list.len());
    for (section, account) in sections.iter().zip(list.iter()) {
        let sends = account.binds.senders_count() > 0;
        let part = section.read(key, |item| match key {
            "share" => exact_share(item),
            "rate" => item.rate_above_zero(),
            _ => item.whole(1..=1u64 << 40).map(Rate::per_second),
        })?;
        match (part, sends) {
            (Some(part), true) => parts.push(part.reduced()),
            (None, false) => parts.push(Rate::ZERO),
            (Some(_), false) => {
                return Err(section.error_at(key, "its binds only receive; leave it out"));
            }
            (None, true) => {
                let why = format!("has no {key} but others do; give all {senders} senders one");
                return Err(section.error(why));
            }
        }
    }
    let unit = parts
        .iter()
        .try_fold(1u64, |unit, part| (unit / gcd(unit, part.den)).checked_mul(part.den));
    let weights = unit.and_then(|unit| {
        parts.iter().map(|p| p.num.checked_mul(unit / p.den)).collect::<Option<Vec<u64>>>()
    });
    let finest = PATTERN_MAX.min(SPREAD_MAX / list.len().max(1) as u64);
    let too_fine = || about(sections, key, &format!("finer than 1 in {finest}; round it"));
    let (unit, weights) = unit.zip(weights).ok_or_else(too_fine)?;
    let total: u64 =
        weights.iter().try_fold(0u64, |sum, w| sum.checked_add(*w)).ok_or_else(too_fine)?;
    if key == "share" && total != unit {
        let sum = Rate { num: total, den: unit }.as_f64();
        let why = format!("the shares add up to {sum}; make them add up to 1 (or 100%)");
        return Err(about(sections, key, &why));
    }
    let common = weights.iter().fold(0, |g, w| gcd(*w, g)).max(1);
    let period = total / common;
    if period > PATTERN_MAX || period.saturating_mul(list.len() as u64) > SPREAD_MAX {
        return Err(too_fine());
    }
    list.iter_mut().zip(&weights).for_each(|(a, w)| a.weight = w / common);
    Ok((key == "rate").then_some(Rate { num: total, den: unit }.reduced()))
}

fn about(sections: &[Section<'_>], key: &str, why: &str) -> PlanError {
    let section = sections.iter().rfind(|s| s.has(key)).or(sections.first());
    section.map_or_else(|| PlanError::about("accounts", why), |s| s.error_at(key, why))
}

/// A share as an exact fraction: `0.3`, `1`, `"30%"`.
fn exact_share(item: &Item<'_>) -> Read<Rate> {
    let wrong = || item.error("write a share above 0, up to 1, or a percentage like \"30%\"");
    let (digits, hundred) = match item.as_text() {
        Some(text) => (text.trim().strip_suffix('%').ok_or_else(wrong)?.trim().to_string(), 100),
        None => (item.decimal()?.to_string(), 1),
    };
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number = Rate::parse(&digits).ok().filter(|_| plain).ok_or_else(wrong)?;
    let share = Rate { num: number.num, den: number.den.checked_mul(hundred).ok_or_else(wrong)? };
    if share.num == 0 || share.num > share.den { Err(wrong()) } else { Ok(share) }
}
