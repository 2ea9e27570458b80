//! `[upstream]`: the simulators behind a gateway, for `through`. Its own keys stand beside those of a simulator's behaviour.
use super::{Rewrite, Route};
use crate::kit::Nanos;
use crate::plan::behaviour::Behaviour;
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::values::{AboveZero, As, ListenAddress, ReadAs, Whole, is_loopback};
use crate::smpp::marker::Carrier;
use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::HashSet;
use std::fmt;
use std::sync::OnceLock;

const COUNT_MAX: u64 = i64::MAX as u64;
/// Most listeners: the number of each stands in the markers of its MO.
const LISTEN_MAX: usize = 64;

/// How messages are told apart behind the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MarkerChoice {
    /// By what survives on a few probes, which are sent before the load.
    #[default]
    Auto,
    /// By a token at the end of the text.
    Text,
    /// By TLV 0x1A5B.
    Tlv,
    /// By the TLV user_message_reference: 16 bits, so that it tells apart only what is at most 65,535 messages apart.
    UserMessageReference,
    /// By the digits of source_addr.
    Source,
    /// By the digits of destination_addr.
    Destination,
}

impl MarkerChoice {
    /// The one carrier of the marker. None: probes decide.
    pub const fn carrier(self) -> Option<Carrier> {
        match self {
            MarkerChoice::Auto => None,
            MarkerChoice::Text => Some(Carrier::Text),
            MarkerChoice::Tlv => Some(Carrier::Tlv),
            MarkerChoice::UserMessageReference => Some(Carrier::UserMessageReference),
            MarkerChoice::Source => Some(Carrier::Source),
            MarkerChoice::Destination => Some(Carrier::Destination),
        }
    }
}

/// The simulators behind a gateway (`through`), and how they behave: all keys of a simulator's behaviour may stand here.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Upstream {
    /// Addresses to listen on for the gateway's binds, each as host:port; a simulator for each. By default
    /// `["127.0.0.1:2776"]`. Off loopback, `accounts` must be given, each with a password.
    #[serde(with = "As::<Vec<ListenAddress>>")]
    pub listen: Vec<String>,
    /// Number of binds of the gateway to wait for before the load, over all listeners; 1 by default, 0 waits for none.
    #[serde(with = "As::<Whole<u64, 0, COUNT_MAX>>")]
    pub sessions: u64,
    /// Maximum wait for them, above 0s; 60s by default.
    #[serde(with = "As::<AboveZero>")]
    pub wait: Nanos,
    /// Where messages carry what tells them apart; `"auto"` by default.
    pub marker: MarkerChoice,
    /// The longest that a message may take to come out behind, from its accept in front, and a receipt or MO from its sending,
    /// above 0s. By default `receipts.deadline`.
    #[serde(with = "As::<Option<AboveZero>>")]
    pub deadline: Option<Nanos>,
    /// What the gateway may change: a message on which only these differ is not `altered`. By default nothing but ids.
    pub rewrites: Vec<Rewrite>,
    /// Where messages to a destination must come out, where there are several listeners: a message that comes out at
    /// another one is counted `wrong_upstream`. The longest prefix that fits applies. By default any listener is right.
    pub routes: Vec<Route>,
    /// Maximum number of messages that are kept at once, from 1 on; 1000000 by default. Those beyond are counted
    /// `untracked`.
    #[serde(with = "As::<Whole<usize, 1, COUNT_MAX>>")]
    pub outstanding_max: usize,
    /// How each simulator behaves.
    #[serde(flatten)]
    pub behaviour: Behaviour,
}

impl Default for Upstream {
    fn default() -> Upstream {
        Upstream {
            listen: vec!["127.0.0.1:2776".to_owned()],
            sessions: 1,
            wait: Nanos::from_secs(60),
            marker: MarkerChoice::Auto,
            deadline: None,
            rewrites: Vec::new(),
            routes: Vec::new(),
            outstanding_max: 1_000_000,
            behaviour: Behaviour::default(),
        }
    }
}

impl Upstream {
    /// Checks what no single key can say.
    pub(in crate::plan) fn check(&self) -> PlanResult<()> {
        let listeners = self.listen.len();
        if listeners == 0 || listeners > LISTEN_MAX {
            let why = format!("{listeners} addresses; write from 1 to {LISTEN_MAX}");
            return Err(PlanError::about("listen", why));
        }
        let mut taken = HashSet::new();
        if let Some(twice) = self.listen.iter().find(|one| !taken.insert(*one)) {
            let why = format!("{twice} is written twice; leave one out");
            return Err(PlanError::about("listen", why));
        }
        let accounts = &self.behaviour.accounts;
        let open = accounts.is_empty() || accounts.iter().any(|a| a.password.is_none());
        if let Some(remote) = self.listen.iter().find(|one| !is_loopback(one))
            && open
        {
            let why = format!(
                "{remote} is not loopback, and whoever reaches it may bind; \
                 write upstream.accounts, each with a password"
            );
            return Err(PlanError::about("listen", why));
        }
        super::route::check(&self.routes, &self.listen)?;
        if !self.routes.is_empty() && self.marker == MarkerChoice::Destination {
            let why = "\"destination\" replaces the destinations that upstream.routes go by; \
                       write another marker";
            return Err(PlanError::about("marker", why));
        }
        self.behaviour.check()
    }

    /// Reads the value of a key of its own.
    fn read<'de, A: MapAccess<'de>>(&mut self, key: OwnKey, map: &mut A) -> Result<(), A::Error> {
        match key {
            OwnKey::Listen => self.listen = map.next_value::<ReadAs<Vec<ListenAddress>>>()?.0,
            OwnKey::Sessions => {
                self.sessions = map.next_value::<ReadAs<Whole<u64, 0, COUNT_MAX>>>()?.0;
            }
            OwnKey::Wait => self.wait = map.next_value::<ReadAs<AboveZero>>()?.0,
            OwnKey::Marker => self.marker = map.next_value()?,
            OwnKey::Deadline => self.deadline = map.next_value::<ReadAs<Option<AboveZero>>>()?.0,
            OwnKey::Rewrites => self.rewrites = map.next_value()?,
            OwnKey::Routes => self.routes = map.next_value()?,
            OwnKey::OutstandingMax => {
                self.outstanding_max = map.next_value::<ReadAs<Whole<usize, 1, COUNT_MAX>>>()?.0;
            }
        }
        Ok(())
    }
}

/// The keys beside those of the behaviour.
#[derive(Clone, Copy, Debug)]
enum OwnKey {
    Listen,
    Sessions,
    Wait,
    Marker,
    Deadline,
    Rewrites,
    Routes,
    OutstandingMax,
}

impl OwnKey {
    const ALL: [(&'static str, OwnKey); 8] = [
        ("listen", OwnKey::Listen),
        ("sessions", OwnKey::Sessions),
        ("wait", OwnKey::Wait),
        ("marker", OwnKey::Marker),
        ("deadline", OwnKey::Deadline),
        ("rewrites", OwnKey::Rewrites),
        ("routes", OwnKey::Routes),
        ("outstanding_max", OwnKey::OutstandingMax),
    ];

    fn named(name: &str) -> Option<OwnKey> {
        OwnKey::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, key)| key)
    }
}

impl<'de> Deserialize<'de> for Upstream {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Upstream, D::Error> {
        from.deserialize_map(UpstreamVisitor)
    }
}

struct UpstreamVisitor;

impl<'de> Visitor<'de> for UpstreamVisitor {
    type Value = Upstream;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Upstream, A::Error> {
        let mut upstream = Upstream::default();
        let rest = BehaviourKeys { map, own: &mut upstream };
        let behaviour = Behaviour::deserialize(MapAccessDeserializer::new(rest))?;
        Ok(Upstream { behaviour, ..upstream })
    }
}

/// The keys of the behaviour in a table; the others are read on the way.
struct BehaviourKeys<'u, A> {
    map: A,
    own: &'u mut Upstream,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for BehaviourKeys<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        mut seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        loop {
            match self.map.next_key_seed(EitherKey(seed))? {
                None => return Ok(None),
                Some(Key::Behaviour(value)) => return Ok(Some(value)),
                Some(Key::Own(key, unused)) => {
                    self.own.read(key, &mut self.map)?;
                    seed = unused;
                }
            }
        }
    }
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// A key of either kind.
enum Key<S, V> {
    Own(OwnKey, S),
    Behaviour(V),
}

/// Reads a key; what reads a key of the behaviour is given back where it is none.
struct EitherKey<S>(S);

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for EitherKey<S> {
    type Value = Key<S, S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        let name = String::deserialize(from)?;
        match OwnKey::named(&name) {
            Some(key) => Ok(Key::Own(key, self.0)),
            None => {
                let key: StringDeserializer<NotOfBehaviour> = name.clone().into_deserializer();
                let read = self.0.deserialize(key).map(Key::Behaviour);
                read.map_err(|fault| D::Error::unknown_field(&name, every_key(fault.known)))
            }
        }
    }
}

/// A key that the behaviour does not know; the keys that it knows.
#[derive(Debug)]
struct NotOfBehaviour {
    known: &'static [&'static str],
}

impl fmt::Display for NotOfBehaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown key")
    }
}
impl std::error::Error for NotOfBehaviour {}

impl Error for NotOfBehaviour {
    fn custom<T: fmt::Display>(_: T) -> NotOfBehaviour {
        NotOfBehaviour { known: &[] }
    }
    fn unknown_field(_: &str, known: &'static [&'static str]) -> NotOfBehaviour {
        NotOfBehaviour { known }
    }
}

/// The keys of the section with those of the behaviour.
fn every_key(behaviour: &'static [&'static str]) -> &'static [&'static str] {
    static KEYS: OnceLock<Vec<&str>> = OnceLock::new();
    KEYS.get_or_init(|| {
        OwnKey::ALL.iter().map(|(name, _)| *name).chain(behaviour.iter().copied()).collect()
    })
}
