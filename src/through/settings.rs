//! What the books must be told of a run: who the witnesses are, how messages are marked, and what the gateway may do.
use crate::kit::Nanos;
use crate::measure::LatencyRange;
use crate::plan::behaviour::{Behaviour, IdFormat, ReceiptId};
use crate::plan::{Plan, Rewrite, Upstream};
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
    /// Routes by destination, the longest prefix first; the first that fits applies. Empty: any upstream is right.
    pub routes: Vec<Route>,
    /// The addresses of the upstreams, in order.
    pub upstreams: Vec<String>,
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
    /// Of a plan with its `[upstream]`, whose marker is set, with `fronts_count` witnesses in front and a simulator behind.
    pub fn of(plan: &Plan, fronts_count: u32, upstream: &Behaviour) -> Settings {
        let marker = plan.marker.clone().unwrap_or_default();
        let own = plan.upstream.clone().unwrap_or_default();
        let deadline = own.deadline.unwrap_or(plan.receipts.deadline);
        Settings {
            run: marker.run,
            mo_run: marker.run,
            carriers: marker.carriers,
            fronts_count,
            deadline,
            outstanding_max: own.outstanding_max,
            routes: routes_of(&own),
            upstreams: own.listen,
            rewrites: own.rewrites,
            front_ids: plan.receipts.id_mode,
            upstream_ids: id_rule_of(upstream),
            finals: FinalStates::of(plan.receipts.final_states.iter().map(String::as_str)),
            range: LatencyRange::for_deadline(deadline),
        }
    }

    /// Whether the gateway may change this.
    pub fn declares(&self, rewrite: Rewrite) -> bool {
        self.rewrites.contains(&rewrite)
    }

    /// The address of an upstream.
    pub fn upstream_name(&self, upstream: u32) -> &str {
        self.upstreams.get(upstream as usize).map_or("?", String::as_str)
    }

    /// Where a message to this destination must come out. None: anywhere.
    pub fn upstream_of(&self, destination: &[u8]) -> Option<u32> {
        let fits = |route: &&Route| destination.starts_with(route.prefix.as_bytes());
        self.routes.iter().find(fits).map(|route| route.upstream)
    }
}

/// The routes of a profile, whose upstreams are known by their addresses.
fn routes_of(upstream: &Upstream) -> Vec<Route> {
    let place = |address: &String| upstream.listen.iter().position(|listen| listen == address);
    let route = |route: &crate::plan::Route| {
        let upstream = place(&route.upstream)? as u32;
        Some(Route { prefix: route.prefix().to_owned(), upstream })
    };
    let mut routes: Vec<Route> = upstream.routes.iter().filter_map(route).collect();
    routes.sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
    routes
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
