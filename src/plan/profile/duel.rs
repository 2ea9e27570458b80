//! `[duel]`: the keys of its two sides. The sides themselves are laid over the profile when a duel begins.
use super::target::WrittenTarget;
use crate::plan::behaviour::Behaviour;
use crate::plan::model::{Account, Message, Receipts};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The two sides of a duel, each laid over the profile.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::plan) struct Duel {
    /// The side that is the base.
    a: SideKeys,
    /// The side that is the candidate.
    b: SideKeys,
}

/// Keys of the profile that one side of a duel changes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct SideKeys {
    /// Keys of `[target]`.
    #[schemars(with = "WrittenTarget")]
    target: Option<IgnoredAny>,
    /// Keys of the first of `[[accounts]]`.
    #[schemars(with = "Account")]
    account: Option<IgnoredAny>,
    /// All of `[[accounts]]`.
    #[schemars(with = "Vec<Account>", length(min = 1))]
    accounts: Option<IgnoredAny>,
    /// Keys of the first of `[[messages]]`.
    #[schemars(with = "Message")]
    message: Option<IgnoredAny>,
    /// All of `[[messages]]`.
    #[schemars(with = "Vec<Message>", length(min = 1))]
    messages: Option<IgnoredAny>,
    /// Keys of `[receipts]`.
    #[schemars(with = "Receipts")]
    receipts: Option<IgnoredAny>,
    /// Keys of `[embedded]`.
    #[schemars(with = "Behaviour")]
    embedded: Option<IgnoredAny>,
}
