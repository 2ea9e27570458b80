//! `[[accounts]]`: who binds, and which part of the load is whose.
use super::binds::Binds;
use crate::kit::Rate;
use crate::plan::defaults;
use crate::plan::error::{PlanError, Read};
use crate::plan::model::{self, PasswordFrom, Secret};
use crate::plan::read::tables;
use crate::plan::schedule::gcd;
use crate::plan::secret::REDACTED;
use crate::plan::striping::PATTERN_MAX;
use crate::plan::values::{As, Ascii, ExactShare, FilePath, Maybe, RateAboveZero, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Far beyond the specification's 8, as OpenMarket has them (docs/smpp/openmarket.md, "Connection and bind").
const PASSWORD_MAX: usize = 100;
const WEIGHT_MAX: u64 = 1 << 40;
/// Accounts times the messages after which their shares repeat: steps that it takes to spread them.
const SPREAD_MAX: u64 = 1 << 29;

/// An account and its binds.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::plan) struct Account {
    /// What reports call the account, unique within the profile. By default its system_id.
    name: Option<String>,
    /// The system_id of its binds: at most 64 characters; `"smppbench"` by default. SMPP v3.4 allows 15.
    #[serde(with = "As::<Maybe<Ascii<64>>>")]
    system_id: Option<String>,
    /// A password does not stand in a profile: only `"***"`, as resolved profiles have it, may.
    #[schemars(extend("const" = REDACTED))]
    password: Option<String>,
    /// Name of the environment variable that holds the password. Without it and `password_file`, the password is empty.
    password_env: Option<String>,
    /// File whose first line is the password, relative to the profile.
    #[serde(with = "As::<Maybe<FilePath>>")]
    password_file: Option<String>,
    /// The system_type of its binds: at most 12 characters, empty by default.
    #[serde(with = "As::<Ascii<12>>")]
    system_type: String,
    /// The interface_version of its binds, from 0 to 255; 0x34 by default.
    interface_version: Option<u8>,
    /// The addr_ton of its binds, from 0 to 255; 0 by default.
    addr_ton: u8,
    /// The addr_npi of its binds, from 0 to 255; 0 by default.
    addr_npi: u8,
    /// The address_range of its binds: at most 40 characters, empty by default.
    #[serde(with = "As::<Ascii<40>>")]
    address_range: String,
    /// Its share of the load, above 0: a fraction or a percentage. The accounts' shares add up to 1. Without `share`,
    /// `rate` and `weight`, accounts carry load by their number of sessions that send.
    #[serde(with = "As::<Maybe<ExactShare>>")]
    share: Option<Rate>,
    /// Its own rate in messages a second, above 0. The accounts' rates add up to the highest rate of the stages.
    #[serde(with = "As::<Maybe<RateAboveZero>>")]
    rate: Option<Rate>,
    /// Its share of the load relative to the other accounts' weights, from 1 to 1099511627776.
    #[serde(with = "As::<Maybe<Whole<u64, 1, WEIGHT_MAX>>>")]
    weight: Option<u64>,
    /// Its binds; what they do not say is as in `[binds]`.
    binds: Binds,
}

impl Account {
    pub(super) fn of(account: &model::Account) -> Account {
        let (password_env, password_file) = match &account.password_from {
            PasswordFrom::Nowhere => (None, None),
            PasswordFrom::Env(name) => (Some(name.clone()), None),
            PasswordFrom::File(path) => (None, Some(path.clone())),
        };
        Account {
            name: Some(account.name.clone()),
            system_id: Some(account.system_id.clone()),
            password: (!account.password.0.is_empty()).then(|| REDACTED.to_owned()),
            password_env,
            password_file,
            system_type: account.system_type.clone(),
            interface_version: Some(account.interface_version),
            addr_ton: account.addr_ton,
            addr_npi: account.addr_npi,
            address_range: account.address_range.clone(),
            share: None,
            rate: None,
            weight: (account.binds.senders_count() > 0).then_some(account.weight),
            binds: Binds::of(&account.binds),
        }
    }

    fn meant(&self, general: &model::Binds, warnings: &mut Vec<String>) -> Read<model::Account> {
        let system_id = self.system_id.clone().unwrap_or_else(|| defaults::SYSTEM_ID.into());
        let name = self.name.clone().unwrap_or_else(|| system_id.clone());
        let (password, password_from) = self.password(warnings)?;
        for (what, value, max) in [("system_id", &system_id, 15), ("password", &password.0, 8)] {
            if value.len() > max {
                let over = format!("account {name}: a {what} of {} characters", value.len());
                warnings
                    .push(format!("{over}; SMPP v3.4 allows {max}, many an SMSC does not mind"));
            }
        }
        Ok(model::Account {
            name,
            system_id,
            password,
            password_from,
            system_type: self.system_type.clone(),
            interface_version: self.interface_version.unwrap_or(defaults::INTERFACE_VERSION),
            addr_ton: self.addr_ton,
            addr_npi: self.addr_npi,
            address_range: self.address_range.clone(),
            weight: 1,
            binds: self.binds.over(general).map_err(|e| e.under("binds"))?,
        })
    }

    fn password(&self, warnings: &mut Vec<String>) -> Read<(Secret, PasswordFrom)> {
        if self.password.as_ref().is_some_and(|password| password != REDACTED) {
            let why = "a password does not stand in a profile; use password_env or password_file";
            return Err(PlanError::about("password", why));
        }
        match (&self.password_env, &self.password_file) {
            (Some(_), Some(_)) => {
                let why = "beside password_env; write one of them";
                Err(PlanError::about("password_file", why))
            }
            (None, None) => Ok((Secret::default(), PasswordFrom::Nowhere)),
            (Some(name), None) => {
                let about = |why: String| PlanError::about("password_env", why);
                let password = Secret::of_env(name).map_err(|e| about(e.to_string()))?;
                check_password(&password).map_err(|why| about(why.to_owned()))?;
                Ok((password, PasswordFrom::Env(name.clone())))
            }
            (None, Some(path)) => {
                let about = |why: String| PlanError::about("password_file", why);
                let password =
                    Secret::of_file(Path::new(path)).map_err(|e| about(e.to_string()))?;
                let public = |m: std::fs::Metadata| m.permissions().mode() & 0o004 != 0;
                if std::fs::metadata(path).is_ok_and(public) {
                    warnings.push(format!("{path} is world-readable; chmod 600 it"));
                }
                if password.0.is_empty() {
                    warnings.push(format!("the first line of {path} is empty: so is the password"));
                }
                check_password(&password).map_err(|why| about(why.to_owned()))?;
                Ok((password, PasswordFrom::File(path.clone())))
            }
        }
    }
}

/// Whether a password can stand in a bind; it is never shown.
fn check_password(password: &Secret) -> Result<(), &'static str> {
    if password.0.contains('\0') || password.0.len() > PASSWORD_MAX {
        Err("the password is longer than 100 octets or contains a NUL; shorten it")
    } else {
        Ok(())
    }
}

/// The accounts, and the sum of their rates where they have some.
pub(super) fn meant(
    written: Option<&[Account]>,
    general: &model::Binds,
    warnings: &mut Vec<String>,
) -> Read<(Vec<model::Account>, Option<Rate>)> {
    let default = [Account::default()];
    let written = tables("accounts", written, &default)?;
    let mut names = HashSet::new();
    let mut list: Vec<model::Account> = Vec::with_capacity(written.len());
    for (index, account) in written.iter().enumerate() {
        let about = |e: PlanError| e.under_item(index).under("accounts");
        let account = account.meant(general, warnings).map_err(about)?;
        if !names.insert(account.name.clone()) {
            let why =
                format!("two accounts named {:?}; give each a `name` of its own", account.name);
            return Err(about(PlanError::about("name", why)));
        }
        list.push(account);
    }
    let rate = weigh(written, &mut list).map_err(|e| e.under("accounts"))?;
    Ok((list, rate))
}

/// What an account's part of the load is written as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Share,
    Rate,
    Weight,
}

impl Part {
    const fn key(self) -> &'static str {
        match self {
            Part::Share => "share",
            Part::Rate => "rate",
            Part::Weight => "weight",
        }
    }
    fn of(self, account: &Account) -> Option<Rate> {
        match self {
            Part::Share => account.share,
            Part::Rate => account.rate,
            Part::Weight => account.weight.map(Rate::per_second),
        }
    }
    /// An error about this key of the last account that has it.
    fn about(self, written: &[Account], why: impl Into<String>) -> PlanError {
        let last = written.iter().rposition(|account| self.of(account).is_some());
        PlanError::about(self.key(), why).under_item(last.unwrap_or(0))
    }
}

/// Turns shares, rates, weights or (without any) the number of senders into whole-number weights. Returns the
/// sum of the accounts' rates where they have some.
fn weigh(written: &[Account], list: &mut [model::Account]) -> Read<Option<Rate>> {
    let given = |part: &Part| written.iter().any(|account| part.of(account).is_some());
    let parts: Vec<Part> =
        [Part::Share, Part::Rate, Part::Weight].into_iter().filter(given).collect();
    let part = match parts[..] {
        [] => {
            let senders = |a: &model::Account| a.binds.senders_count() as u64;
            let common = list.iter().fold(0, |g, a| gcd(senders(a), g)).max(1);
            list.iter_mut().for_each(|a| a.weight = senders(a) / common);
            return Ok(None);
        }
        [part] => part,
        [.., last] => {
            let why = "beside another account's; use share, rate or weight for all of them";
            return Err(last.about(written, why));
        }
    };
    let parts = parts_of(part, written, list)?;
    let unit = parts
        .iter()
        .try_fold(1u64, |unit, part| (unit / gcd(unit, part.den)).checked_mul(part.den));
    let weights = unit.and_then(|unit| {
        parts.iter().map(|p| p.num.checked_mul(unit / p.den)).collect::<Option<Vec<u64>>>()
    });
    let finest = PATTERN_MAX.min(SPREAD_MAX / list.len().max(1) as u64);
    let too_fine = || part.about(written, format!("finer than 1 in {finest}; round it"));
    let (unit, weights) = unit.zip(weights).ok_or_else(too_fine)?;
    let total: u64 =
        weights.iter().try_fold(0u64, |sum, w| sum.checked_add(*w)).ok_or_else(too_fine)?;
    if part == Part::Share && total != unit {
        let sum = Rate { num: total, den: unit }.as_f64();
        let why = format!("the shares add up to {sum}; make them add up to 1 (or 100%)");
        return Err(part.about(written, why));
    }
    let common = weights.iter().fold(0, |g, w| gcd(*w, g)).max(1);
    let period = total / common;
    if period > PATTERN_MAX || period.saturating_mul(list.len() as u64) > SPREAD_MAX {
        return Err(too_fine());
    }
    list.iter_mut().zip(&weights).for_each(|(a, w)| a.weight = w / common);
    Ok((part == Part::Rate).then_some(Rate { num: total, den: unit }.reduced()))
}

/// Each account's part; 0 of those that only receive.
fn parts_of(part: Part, written: &[Account], list: &[model::Account]) -> Read<Vec<Rate>> {
    let key = part.key();
    let senders = list.iter().filter(|a| a.binds.senders_count() > 0).count();
    let mut parts = Vec::with_capacity(list.len());
    for (index, (account, meant)) in written.iter().zip(list).enumerate() {
        match (part.of(account), meant.binds.senders_count() > 0) {
            (Some(part), true) => parts.push(part.reduced()),
            (None, false) => parts.push(Rate::ZERO),
            (Some(_), false) => {
                let why = "its binds only receive; leave it out";
                return Err(PlanError::about(key, why).under_item(index));
            }
            (None, true) => {
                let why = format!("has no {key} but others do; give all {senders} senders one");
                return Err(PlanError::about("", why).under_item(index));
            }
        }
    }
    Ok(parts)
}
