//! What the books must be told of a run: who the witnesses are, how messages are marked, and what the gateway may do.
use crate::kit::Nanos;
use crate::measure::LatencyRange;
use crate::plan::behaviour::{Behaviour, IdFormat, ReceiptId};
use crate::plan::{Plan, Rewrite};
use crate::smpp::marker::Carrier;
use crate::smpp::receipt::{FinalStates, IdRule};

/// Where messages to a destination must come out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The first digits of destination_addr; empty: any.
    pub prefix: String,
    /// The upstream, from 0.
    pub upstream: u32,
}

/// What the books of one run are kept by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The run that markers name.
    pub run: u32,
    /// The run that markers of MO name: that with which the simulators began.
    pub mo_run: u32,
    /// The carriers that the load has.
    pub carriers: Vec<Carrier>,
    /// Witnesses in front, numbered from 0; those from here on are the upstreams, in order.
    pub fronts_count: u32,
    /// The longest that a message may take to come out, from its accept, and a receipt or MO from its sending.
    pub deadline: Nanos,
    /// Messages that are kept at once, downwards, and as many upwards.
    pub outstanding_max: usize,
    /// What the gateway may change.
    pub rewrites: Vec<Rewrite>,
    /// Routes by destination; the longest prefix that fits applies. Empty: any upstream is right.
    pub routes: Vec<Route>,
    /// How ids in front are compared.
    pub front_ids: IdRule,
    /// How the ids of our own SMSC are compared.
    pub upstream_ids: IdRule,
    /// Which states end a message.
    pub finals: FinalStates,
    /// Of the transit times.
    pub range: LatencyRange,
}

impl Settings {
    /// Messages kept at once unless told otherwise.
    pub const OUTSTANDING_MAX: usize = 1_000_000;

    /// Of a plan whose marker is set, with `fronts_count` witnesses in front and a simulator behind.
    pub fn of(plan: &Plan, fronts_count: u32, upstream: &Behaviour) -> Settings {
        let marker = plan.marker.clone().unwrap_or_default();
        Settings {
            run: marker.run,
            mo_run: marker.run,
            carriers: marker.carriers,
            fronts_count,
            deadline: plan.receipts.deadline,
            outstanding_max: Settings::OUTSTANDING_MAX,
            rewrites: Vec::new(),
            routes: Vec::new(),
            front_ids: plan.receipts.id_mode,
            upstream_ids: id_rule_of(upstream),
            finals: FinalStates::of(plan.receipts.final_states.iter().map(String::as_str)),
            range: LatencyRange::for_deadline(plan.receipts.deadline),
        }
    }

    /// Whether the gateway may change this.
    pub fn declares(&self, rewrite: Rewrite) -> bool {
        self.rewrites.contains(&rewrite)
    }

    /// Where a message to this destination must come out. None: anywhere.
    pub fn upstream_of(&self, destination: &[u8]) -> Option<u32> {
        let fits = |route: &&Route| destination.starts_with(route.prefix.as_bytes());
        let longest = self.routes.iter().filter(fits).max_by_key(|route| route.prefix.len());
        longest.map(|route| route.upstream)
    }
}

/// How a simulator spells the ids of its responses and its receipts.
pub fn id_rule_of(behaviour: &Behaviour) -> IdRule {
    match (behaviour.response.id, behaviour.receipts.id) {
        (_, ReceiptId::Same) => IdRule::Exact,
        (_, ReceiptId::Upper) => IdRule::CaseInsensitive,
        (IdFormat::Hex, ReceiptId::Decimal) => IdRule::ResponseHex,
        (IdFormat::Decimal, ReceiptId::Hex) => IdRule::ReceiptHex,
        (_, ReceiptId::Decimal | ReceiptId::Hex | ReceiptId::ZeroPadded) => IdRule::Number,
    }
}
