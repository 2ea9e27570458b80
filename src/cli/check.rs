//! `smppbench check`: the resolved plan as text, with a picture of its stages. It sends nothing and judges
//! nothing: a plan that loads can be run.
#[cfg(test)]
mod tests;

use crate::kit::{Nanos, Rate, words};
use crate::plan::{
    Account, AddressFrom, Arrival, CongestionThresholds, Message, OnCongestion, Origin, Plan,
    PlannedEvent, Recipe, Schedule, Upstream, WindowFull,
};
use crate::trial::Through;
use std::fmt::Write;

/// Columns and rows of the picture.
const COLUMNS: usize = 60;
const ROWS: usize = 8;
/// Filled from below, an eighth of a cell more each.
const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Marks a closed loop, which has no planned rate.
const CLOSED: char = '░';
/// Samples of the rate within a column, so that a short spike is not missed.
const SAMPLES: u64 = 16;

/// The plan as text, lines ended by `\n`; `origins`: which flags or stages the replaced parts of stages come from.
pub fn render(plan: &Plan, origins: &[Origin]) -> String {
    let mut out = String::new();
    heading(plan, &mut out);
    for account in &plan.accounts {
        line(&mut out, "account", &describe_account(account, plan));
    }
    match Recipe::new(plan) {
        Ok(recipe) => {
            for (number, message) in plan.messages.iter().enumerate() {
                line(&mut out, "message", &describe_message(plan, message, number, &recipe));
            }
        }
        Err(e) => line(&mut out, "message", &e.to_string()),
    }
    line(&mut out, "load", &describe_load(plan));
    line(&mut out, "receipts", &describe_receipts(plan));
    if let Some(upstream) = &plan.upstream {
        line(&mut out, "upstream", &describe_upstream(plan, upstream));
    }
    match Schedule::new(&plan.stages, plan.load.arrival, plan.seed) {
        Ok(schedule) if plan.stages.is_empty() => {
            debug_assert!(schedule.is_empty());
            let length = duration(plan.receive_only_for);
            line(&mut out, "stages", &format!("none: receives only, for {length}"));
        }
        Ok(schedule) => {
            out.push('\n');
            draw(plan, &schedule, &mut out);
            out.push('\n');
            stages(plan, &schedule, &mut out);
            if !origins.is_empty() {
                let parts: Vec<String> =
                    origins.iter().map(|o| format!("{} from {}", o.what, o.from)).collect();
                line(&mut out, "", &parts.join(", "));
            }
            cost(plan, &schedule, &mut out);
        }
        Err(e) => line(&mut out, "stages", &e.to_string()),
    }
    for event in &plan.events {
        line(&mut out, "event", &says(event, plan.sessions_count()));
    }
    for one in &plan.observe {
        line(&mut out, "observe", &format!("{one}"));
    }
    for (metric, gate) in &plan.gates {
        let gate = gate.as_str().map_or_else(|| gate.to_string(), str::to_string);
        line(&mut out, "gate", &format!("{metric} {gate}"));
    }
    for warning in &plan.warnings {
        line(&mut out, "WARNING", warning);
    }
    out
}

/// `cut: reset, 2 of 4 sessions, for 3s, at 30s, then every 1m, 3 times`.
fn says(event: &PlannedEvent, sessions: usize) -> String {
    let mut says = format!("{}: {}", event.name, event.action.word());
    if event.action.strikes_sessions() {
        says += &format!(", {} of {sessions} sessions", event.binds.count(sessions));
    }
    if event.length > Nanos::ZERO {
        let bound = if event.action.is_command() { "at most" } else { "for" };
        says += &format!(", {bound} {}", duration(event.length));
    }
    let first = event.at.or(event.every).unwrap_or_default();
    says += &format!(", at {}", duration(first));
    if let Some(every) = event.every.filter(|_| event.repeat > 1) {
        says += &format!(", then every {}, {} times", duration(every), event.repeat);
    }
    says
}

fn line(out: &mut String, what: &str, text: &str) {
    // writing to a String cannot fail
    let _ = writeln!(out, "{what:<10}{text}");
}

fn duration(span: Nanos) -> String {
    humantime::format_duration(span.into()).to_string()
}

fn rate_text(rate: Rate) -> String {
    let rate = rate.reduced();
    if rate.den == 1 { format!("{}/s", words::count(rate.num)) } else { rate.to_string() }
}

fn heading(plan: &Plan, out: &mut String) {
    line(out, "plan", &format!("{} (seed {})", plan.name, plan.seed));
    let target = &plan.target;
    let whom = if target.embedded {
        "the simulator in this process".to_string()
    } else {
        target.addresses.join(", ")
    };
    let tls = match &target.tls {
        None => "",
        Some(tls) if tls.verify => ", TLS",
        Some(_) => ", TLS without verification",
    };
    let place = if plan.target.is_loopback() { "loopback" } else { "NOT loopback" };
    line(out, "target", &format!("{whom}{tls} ({place})"));
}

fn describe_account(account: &Account, plan: &Plan) -> String {
    let binds = &account.binds;
    let kind = binds.bind_type.says();
    let total: u64 = plan.accounts.iter().map(|a| a.weight).sum();
    let share = if plan.accounts.len() == 1 || total == 0 {
        String::new()
    } else {
        format!(", {:.1} % of the load", 100.0 * account.weight as f64 / total as f64)
    };
    let name = if account.name == account.system_id {
        account.name.clone()
    } else {
        format!("{} (system_id {})", account.name, account.system_id)
    };
    format!("{name}: {} × {kind}, window {}{share}", words::count(binds.count as u64), binds.window)
}

fn describe_message(plan: &Plan, message: &Message, number: usize, recipe: &Recipe) -> String {
    let (coding, parts) = recipe.traits_of(number as u16);
    let what = match (&message.text, &message.octets) {
        (_, Some(octets)) => words::counted(octets.len() as u64, "octet"),
        (text, None) => words::counted(
            text.as_deref().map_or(0, |text| text.chars().count()) as u64,
            "character",
        ),
    };
    let to = match &message.destination.from {
        AddressFrom::Fixed(one) => one.clone(),
        AddressFrom::Range(first, last) => format!("{first} to {last} in turn"),
        AddressFrom::File(file) => {
            let count = plan.number_files.get(file).map_or(0, Vec::len);
            format!("the {} of {file} in turn", words::counted(count as u64, "number"))
        }
        AddressFrom::Random(pattern) => format!("random {pattern}"),
    };
    format!(
        "{} (weight {}): {what} in {}, data_coding {coding}, registered_delivery {}, to {to}",
        message.label,
        message.weight,
        words::counted(u64::from(parts), "part"),
        message.registered_delivery,
    )
}

fn describe_load(plan: &Plan) -> String {
    let load = &plan.load;
    let arrival = match load.arrival {
        Arrival::Constant => "evenly spaced",
        Arrival::Poisson => "Poisson arrivals",
    };
    let full = match load.window_full {
        WindowFull::Delay => "waits when the window is full",
        WindowFull::Drop => "drops when the window is full",
    };
    let throttle = load.on_throttle.says();
    let catch_up = match load.catch_up {
        None => "catches up at once".to_string(),
        Some(factor) => format!("catches up at {factor} × the rate"),
    };
    let heeded = match load.on_congestion {
        OnCongestion::Count => String::new(),
        OnCongestion::Backoff => {
            let CongestionThresholds { slow, stop } = load.congestion;
            format!("; slows down from congestion_state {slow} and stops from {stop}")
        }
    };
    format!("{arrival}; {full}; {throttle}{heeded}; {catch_up}")
}

fn describe_receipts(plan: &Plan) -> String {
    let mode = plan.receipts.id_mode.says();
    format!("ids matched {mode}; missing after {}", duration(plan.receipts.deadline))
}

/// `127.0.0.1:2776: waits at most 1m for 2 binds of the gateway; marker auto, by 10 probes; lost 20s after its accept`.
fn describe_upstream(plan: &Plan, upstream: &Upstream) -> String {
    let marker = match (upstream.marker.carrier(), Through::probes_count(plan)) {
        (Some(carrier), _) => format!("marker in {}", carrier.name()),
        (None, probes) => format!("{probes} probes before the load find the marker"),
    };
    let deadline = upstream.deadline.unwrap_or(plan.receipts.deadline);
    format!(
        "{} (for through): waits at most {} for {} of the gateway; {marker}; what has not come out {} after its accept is lost",
        upstream.listen.join(", "),
        duration(upstream.wait),
        words::counted(upstream.sessions, "bind"),
        duration(deadline)
    )
}

/// The rate over time in block characters.
fn draw(plan: &Plan, schedule: &Schedule, out: &mut String) {
    let ends_at = schedule.ends_at().0;
    let columns: Vec<Option<f64>> =
        (0..COLUMNS as u64).map(|c| highest(schedule, c, ends_at)).collect();
    let top = columns.iter().flatten().fold(0.0f64, |a, b| a.max(*b));
    let label = peak(plan).map_or_else(|| "max".to_string(), rate_text);
    for row in (0..ROWS).rev() {
        let margin = match row {
            _ if row + 1 == ROWS => label.clone(),
            0 => "0".to_string(),
            _ => String::new(),
        };
        let _ = write!(out, "{margin:>12} │");
        for column in &columns {
            out.push(match column {
                None => CLOSED,
                Some(rate) => block(*rate, top, row),
            });
        }
        out.push('\n');
    }
    let _ = writeln!(out, "{:>12} └{}", "", "─".repeat(COLUMNS));
    let end = duration(schedule.ends_at());
    let _ = writeln!(out, "{:>14}0s{end:>width$}", "", width = COLUMNS - 2);
    if columns.iter().any(Option::is_none) {
        let _ = writeln!(out, "{:>14}{CLOSED} closed loop: as fast as the windows allow", "");
    }
}

/// The highest rate within a column; None: a closed loop.
fn highest(schedule: &Schedule, column: u64, ends_at: u64) -> Option<f64> {
    let mut high: Option<f64> = None;
    for sample in 0..SAMPLES {
        // the middle of each sample
        let part = u128::from((column * SAMPLES + sample) * 2 + 1);
        let at = u128::from(ends_at) * part / u128::from(COLUMNS as u64 * SAMPLES * 2);
        let rate = schedule.rate_at(Nanos(u64::try_from(at).unwrap_or(u64::MAX)));
        high = match (high, rate) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (one, other) => one.or(other),
        };
    }
    high
}

/// The cell of a bar of `rate` in `row` (0 is the lowest). A rate above 0 is always visible.
fn block(rate: f64, top: f64, row: usize) -> char {
    let eighths = (rate / top.max(f64::MIN_POSITIVE) * (ROWS * 8) as f64).round() as usize;
    let eighths = if rate > 0.0 { eighths.max(1) } else { 0 };
    BLOCKS[eighths.saturating_sub(row * 8).min(8)]
}

fn peak(plan: &Plan) -> Option<Rate> {
    let peaks = plan.stages.iter().filter_map(|stage| stage.shape.peak());
    peaks.max_by(|a, b| a.as_f64().total_cmp(&b.as_f64()))
}

fn stages(plan: &Plan, schedule: &Schedule, out: &mut String) {
    for (number, stage) in plan.stages.iter().enumerate() {
        let count = if stage.shape.is_closed() {
            "as many as the windows allow".to_string()
        } else {
            format!("{} submit_sm", words::count(schedule.stage_count(number as u16)))
        };
        let measured = if stage.measure { "measured" } else { "not measured" };
        let text = format!(
            "{}: {} for {}, {measured}, {count}",
            stage.name,
            stage.shape.words(&rate_text),
            duration(stage.length)
        );
        line(out, "stage", &text);
    }
}

fn cost(plan: &Plan, schedule: &Schedule, out: &mut String) {
    let closed = plan.stages.iter().any(|stage| stage.shape.is_closed());
    let more = if closed { " and those of the closed loop" } else { "" };
    let peak_rate = peak(plan);
    let at_peak =
        peak_rate.map_or_else(String::new, |rate| format!(", {} at the peak", rate_text(rate)));
    let submit = format!(
        "{} submit_sm{more} in {}{at_peak}",
        words::count(schedule.len()),
        duration(schedule.ends_at())
    );
    line(out, "in all", &submit);
    let bound = match plan.guard.messages_max {
        Some(most) => format!("never more than {} (guard.messages_max)", words::count(most)),
        None => "no bound (guard.messages_max is not set)".to_string(),
    };
    line(out, "cost", &format!("each submit_sm is one message to bill; {bound}"));
    let sessions = plan.sessions_count() as u64;
    let senders = plan.senders_count() as u64;
    let line_text =
        format!("{}, {} of them send", words::counted(sessions, "session"), words::count(senders));
    line(out, "sessions", &line_text);
    let open: u64 =
        plan.accounts.iter().map(|a| (a.binds.senders_count() * a.binds.window) as u64).sum();
    if let Some(rate) = peak_rate.filter(|rate| rate.num > 0) {
        // Little: open = rate × latency; each account carries its weight of the rate
        let room = tightest(plan) / rate.as_f64();
        let text = format!(
            "{} in flight at most; full at the peak when responses take {} (Little's law)",
            words::count(open),
            milliseconds(room)
        );
        line(out, "window", &text);
    }
}

/// Window slots over share of the load, of the account whose windows fill first.
fn tightest(plan: &Plan) -> f64 {
    let total: u64 = plan.accounts.iter().map(|a| a.weight).sum();
    let sending = plan.accounts.iter().filter(|a| a.binds.senders_count() > 0 && a.weight > 0);
    sending
        .map(|a| {
            let open = (a.binds.senders_count() * a.binds.window) as f64;
            open * total as f64 / a.weight as f64
        })
        .fold(f64::INFINITY, f64::min)
}

fn milliseconds(seconds: f64) -> String {
    match seconds * 1000.0 {
        ms if ms >= 10_000.0 => format!("{:.0} s", ms / 1000.0),
        ms if ms >= 10.0 => format!("{ms:.0} ms"),
        ms => format!("{ms:.2} ms"),
    }
}
