//! `[[accounts]]`: the accounts that bind, and which part of the load each carries.
use crate::kit::Rate;
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::model::{Account, Binds};
use crate::plan::read::{read_section, tables};
use crate::plan::schedule::gcd;
use crate::plan::striping::PATTERN_MAX;
use crate::plan::tree::{Node, Value};
use std::collections::HashSet;

/// Accounts times the messages after which their shares repeat: steps that it takes to spread them.
const SPREAD_MAX: u64 = 1 << 29;

/// Puts the keys of `[binds]` into the binds of each account, where that does not write them.
pub(super) fn inherit_binds(tree: &mut Node) -> PlanResult<()> {
    let Some(general) = tree.get("binds").cloned() else { return Ok(()) };
    // read first, so that a mistake is told under its own key
    read_section::<Binds>(&general, "binds")?;
    let Value::Table(entries) = &general.value else { return Ok(()) };
    let Some(Value::List(accounts)) = tree.get_mut("accounts").map(|node| &mut node.value) else {
        return Ok(());
    };
    for account in accounts.iter_mut().filter(|account| account.is_table()) {
        if account.get("binds").is_none() {
            account.put("binds", Node::table(&general.place, Vec::new()));
        }
        let Some(own) = account.get_mut("binds").filter(|own| own.is_table()) else { continue };
        for (key, value) in entries {
            if own.get(key).is_none() {
                own.put(key, value.clone());
            }
        }
    }
    Ok(())
}

/// The accounts, and the sum of their rates where they have some. Without any written, one with `binds`.
pub(super) fn resolve(
    written: Option<Vec<Account>>,
    binds: Binds,
    warnings: &mut Vec<String>,
) -> PlanResult<(Vec<Account>, Option<Rate>)> {
    let default = Account { binds, ..Account::default() };
    let mut list = tables("accounts", written, default)?;
    let mut names = HashSet::new();
    for (index, account) in list.iter_mut().enumerate() {
        let about = |e: PlanError| e.under_item(index).under("accounts");
        account.complete(warnings).map_err(about)?;
        if !names.insert(account.name.clone()) {
            let name = &account.name;
            let why = format!("two accounts named {name:?}; give each a `name` of its own");
            return Err(about(PlanError::about("name", why)));
        }
    }
    let rate = weigh(&mut list).map_err(|e| e.under("accounts"))?;
    Ok((list, rate))
}

/// The key that an account's part of the load is written under.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LoadPart {
    Share,
    Rate,
    Weight,
}

impl LoadPart {
    const fn key(self) -> &'static str {
        match self {
            LoadPart::Share => "share",
            LoadPart::Rate => "rate",
            LoadPart::Weight => "weight",
        }
    }
    fn of(self, account: &Account) -> Option<Rate> {
        match self {
            LoadPart::Share => account.share,
            LoadPart::Rate => account.rate,
            LoadPart::Weight => Some(Rate::per_second(account.weight)).filter(|rate| rate.num > 0),
        }
    }
    /// An error about this key of the last account that has it.
    fn about(self, list: &[Account], why: impl Into<String>) -> PlanError {
        let last = list.iter().rposition(|account| self.of(account).is_some());
        PlanError::about(self.key(), why).under_item(last.unwrap_or(0))
    }
}

/// Turns shares, rates, weights or (without any) the number of senders into whole-number weights. Returns the
/// sum of the accounts' rates where they have some.
fn weigh(list: &mut [Account]) -> PlanResult<Option<Rate>> {
    let given = |part: &LoadPart| list.iter().any(|account| part.of(account).is_some());
    let parts: Vec<LoadPart> =
        [LoadPart::Share, LoadPart::Rate, LoadPart::Weight].into_iter().filter(given).collect();
    let part = match parts[..] {
        [] => {
            let senders = |a: &Account| a.binds.senders_count() as u64;
            let common = list.iter().fold(0, |g, a| gcd(senders(a), g)).max(1);
            list.iter_mut().for_each(|a| a.weight = senders(a) / common);
            return Ok(None);
        }
        [part] => part,
        [.., last] => {
            let why = "not with that of another account; use share, rate or weight for all of them";
            return Err(last.about(list, why));
        }
    };
    let parts = parts_of(part, list)?;
    let unit = parts
        .iter()
        .try_fold(1u64, |unit, part| (unit / gcd(unit, part.den)).checked_mul(part.den));
    let weights = unit.and_then(|unit| {
        parts.iter().map(|p| p.num.checked_mul(unit / p.den)).collect::<Option<Vec<u64>>>()
    });
    let finest = PATTERN_MAX.min(SPREAD_MAX / list.len().max(1) as u64);
    let too_fine = || part.about(list, format!("finer than 1 in {finest}; round it"));
    let (unit, weights) = unit.zip(weights).ok_or_else(too_fine)?;
    let total: u64 =
        weights.iter().try_fold(0u64, |sum, w| sum.checked_add(*w)).ok_or_else(too_fine)?;
    if part == LoadPart::Share && total != unit {
        let sum = Rate { num: total, den: unit }.as_f64();
        let why = format!("the shares add up to {sum}; make them add up to 1 (or 100%)");
        return Err(part.about(list, why));
    }
    let common = weights.iter().fold(0, |g, w| gcd(*w, g)).max(1);
    let period = total / common;
    if period > PATTERN_MAX || period.saturating_mul(list.len() as u64) > SPREAD_MAX {
        return Err(too_fine());
    }
    for (account, weight) in list.iter_mut().zip(&weights) {
        (account.share, account.rate, account.weight) = (None, None, weight / common);
    }
    Ok((part == LoadPart::Rate).then_some(Rate { num: total, den: unit }.reduced()))
}

/// Each account's part; 0 of those that only receive.
fn parts_of(part: LoadPart, list: &[Account]) -> PlanResult<Vec<Rate>> {
    let key = part.key();
    let senders = list.iter().filter(|a| a.binds.senders_count() > 0).count();
    let mut parts = Vec::with_capacity(list.len());
    for (index, account) in list.iter().enumerate() {
        match (part.of(account), account.binds.senders_count() > 0) {
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
