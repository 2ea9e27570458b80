//! What to run at, and what limits there: one paragraph, and a fragment of a profile.
use super::document::{Ended, Search};
use super::enforced::How;
use crate::judge::Limiter;
use crate::kit::words::{self, counted, counted_was};
use crate::plan::Plan;

/// Share of a found rate to run at.
const SAFE: f64 = 0.9;

/// The SMSC that a plan tests.
pub(super) fn target(plan: &Plan) -> String {
    if plan.target.embedded { "embedded".to_owned() } else { plan.target.addresses.join(", ") }
}

/// What the trials tested, in words.
pub(super) const fn peer(search: &Search) -> &'static str {
    if search.through.is_some() { "the gateway" } else { "the SMSC" }
}

fn shape_of(plan: &Plan) -> (usize, usize) {
    plan.accounts.first().map_or((1, 1), |a| (a.binds.count, a.binds.window))
}

fn fragment(comment: &str, count: Option<u64>, window: Option<u64>, rate: Option<f64>) -> String {
    let mut text = format!("# {comment}\n");
    if count.is_some() || window.is_some() {
        text += "[binds]\n";
    }
    for (key, value) in [("count", count), ("window", window)] {
        if let Some(value) = value {
            text += &format!("{key} = {value}\n");
        }
    }
    if let Some(rate) = rate {
        text += &format!("[load]\nstages = [{{ hold = \"{}\", for = \"60s\" }}]\n", written(rate));
    }
    text
}

/// A rate as a profile takes it.
fn written(rate: f64) -> String {
    if rate >= 100.0 { format!("{}", rate.floor()) } else { format!("{rate:.3}") }
}

/// For `find rate`. `limiter`: of the trial that broke the first objective at its upper end.
pub(super) fn rate(search: &mut Search, plan: &Plan, limiter: Option<Limiter>) {
    let (binds, window) = shape_of(plan);
    let Some(lower) = search.lower else {
        let broken = search.objectives.first().and_then(|o| o.broken_by.clone());
        let broken = broken.unwrap_or_else(|| "no trial was conclusive".to_owned());
        let lowest =
            search.upper.map_or(String::new(), |u| format!(" (lowest tried: {})", words::rate(u)));
        search.recommendation = format!("No rate kept the objective{lowest}: {broken}.");
        return;
    };
    let safe = lower * SAFE;
    let first = &search.objectives[0];
    let peer = peer(search);
    let limits = match (first.upper, limiter) {
        (None, _) if search.ended == Ended::InconclusiveHarness => {
            format!(
                "beyond it the harness itself does not keep up, so that {peer}'s own limit is not known"
            )
        }
        (None, _) => "no limit was met up to there".to_owned(),
        (Some(upper), limiter) => {
            let why = match limiter {
                Some(Limiter::Window) => format!(
                    "the window ({binds} × {window} slots) rather than {peer}: try a larger one"
                ),
                Some(Limiter::SmscThrottle) => format!("{peer}'s throttling"),
                Some(Limiter::Connection) => "lost connections".to_owned(),
                Some(Limiter::Backpressure) => format!("how fast {peer} reads"),
                Some(Limiter::SmscLatency) => format!("{peer}'s response time"),
                Some(Limiter::Harness | Limiter::Receipts | Limiter::None) | None => {
                    first.broken_by.clone().unwrap_or_default()
                }
            };
            format!("at {} it is broken; what limits there is {why}", words::rate(upper))
        }
    };
    let on = counted(binds as u64, "bind");
    let held = if first.confirmed { "was confirmed by longer trials" } else { "was not confirmed" };
    search.recommendation = format!(
        "Run at {} ({} of the highest rate that kept the objective) on {on} with a window of \
         {window}. {} {held}; {limits}.",
        words::rate(safe),
        words::percent(SAFE),
        words::rate(lower),
    );
    let comment = format!(
        "{} of {}, the highest rate that kept its objective",
        words::percent(SAFE),
        words::rate(lower)
    );
    search.recommendation_toml =
        fragment(&comment, Some(binds as u64), Some(window as u64), Some(safe));
}

impl How {
    /// What the SMSC does beyond a limit that it enforces so: `drops the connection`.
    pub(crate) fn says(self, status: Option<&str>) -> String {
        match (self, status) {
            (How::Status, Some(status)) => format!("answers {status}"),
            (How::Status, None) => "rejects it".to_owned(),
            (How::Disconnect, _) => "drops the connection".to_owned(),
            (How::Unbind, _) => "unbinds the session".to_owned(),
            (How::Silence, _) => "does not answer".to_owned(),
        }
    }
}

/// Throughput was limited by a rate: it says nothing of what was looked for.
fn limited_by_rate(search: &mut Search, rate: f64, not_by: &str, limit: &str) {
    let why = format!(
        "limited by a rate of about {}, not by {not_by}: run `find rate` first",
        words::rate(rate)
    );
    search.recommendation = format!("Throughput is {why}. Apart from that, {limit}.");
    search.recommendation_toml = format!("# {why}\n");
}

/// For `find window`. `accepted`: the largest burst that the SMSC accepted.
pub(super) fn window(search: &mut Search, plan: &Plan, accepted: Option<u64>) {
    let (binds, _) = shape_of(plan);
    let limit = search.limit.as_ref().map(|l| l.value);
    let enforced = search.limit.as_ref().map_or_else(
        || {
            let up_to = accepted.map(|n| format!(" up to {} in flight on a bind", words::count(n)));
            format!("no enforced limit was met{}", up_to.unwrap_or_default())
        },
        |l| {
            let says = l.how.says(l.status.as_deref());
            format!("beyond {} in flight on a bind, the SMSC {says}", words::count(l.value))
        },
    );
    if let Some(rate) = search.rate_limit.filter(|_| search.knee.is_none()) {
        return limited_by_rate(search, rate, "the window", &enforced);
    }
    // a quarter beyond the knee, for the variance of service times
    let enough = search.knee.map(|k| (k.value * 1.25).ceil().max(1.0) as u64);
    let top = search.points.iter().map(|p| p.throughput).fold(0.0, f64::max);
    let best = search.points.iter().find(|p| p.throughput >= top * 0.95).map(|p| p.window);
    let Some(value) = enough.or(best).map(|w| limit.map_or(w, |l| w.min(l))).filter(|w| *w > 0)
    else {
        search.recommendation =
            format!("No window can be recommended, as no point was measured; {enforced}.");
        return;
    };
    let grew = match search.points.len() {
        0 | 1 => "no other window was measured, so that a larger one may bring more",
        _ => "throughput still grew at the largest window tried",
    };
    let knee = search.knee.map_or(grew.to_owned(), |k| {
        format!(
            "throughput stops growing at about {:.1} (between {:.1} and {:.1})",
            k.value, k.low, k.high
        )
    });
    search.recommendation = format!(
        "Use a window of {value} on {}: {knee}, at {}; {enforced}.",
        counted(binds as u64, "bind"),
        words::rate(top)
    );
    let comment = format!("{knee}; {enforced}");
    search.recommendation_toml = fragment(&comment, Some(binds as u64), Some(value), None);
}

/// For `find binds`.
pub(super) fn binds(search: &mut Search, plan: &Plan) {
    let (_, window) = shape_of(plan);
    let Some(first) = search.ladders.first() else {
        search.recommendation = "No bind was tried to the end.".to_owned();
        return;
    };
    let limit = first.limit.as_ref().map_or_else(
        || format!("{} bound, and none was refused", counted_was(first.bound, "bind")),
        |l| {
            let says = l.how.says(l.status.as_deref());
            format!("beyond {}, the SMSC {says}", words::count(l.value))
        },
    );
    let place = match first.place_free_at_once {
        Some(true) => "; the place of a lost one is free at once",
        Some(false) => "; the place of a lost one stays taken for a while",
        None => "",
    };
    if let Some(rate) = search.rate_limit.filter(|_| search.knee.is_none()) {
        return limited_by_rate(search, rate, "the number of binds", &format!("{limit}{place}"));
    }
    let top = search.points.iter().map(|p| p.throughput).fold(0.0, f64::max);
    let enough = search.points.iter().find(|p| p.throughput >= top * 0.95);
    let count = enough.map_or(first.bound, |p| p.binds).min(first.bound);
    if count == 0 {
        search.recommendation = format!("The SMSC accepted no bind: {limit}{place}.");
        return;
    }
    let grows = enough.map_or(String::new(), |p| {
        format!(
            ": {} carried {} at a window of {window}, and more bring little",
            counted(p.binds, "bind"),
            words::rate(p.throughput)
        )
    });
    search.recommendation = format!("Use {}{grows}; {limit}{place}.", counted(count, "bind"));
    search.recommendation_toml = fragment(&limit, Some(count), Some(window as u64), None);
}
