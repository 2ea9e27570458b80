//! What a plan holds, in words: binds and shapes of load.
use crate::judge::words::rate;
use crate::kit::Rate;
use crate::plan::{Account, BindType, Shape};

/// `2 transceivers, window 20`.
pub(super) fn binds(account: &Account) -> String {
    let kind = match account.binds.bind_type {
        BindType::Transceiver => "transceiver",
        BindType::Transmitter => "transmitter",
        BindType::Receiver => "receiver",
        BindType::Pair => "transmitter and receiver pair",
    };
    let plural = if account.binds.count == 1 { "" } else { "s" };
    format!("{} {kind}{plural}, window {}", account.binds.count, account.binds.window)
}

/// `200/s to 5,000/s`.
pub(super) fn shape(shape: &Shape) -> String {
    let show = |r: &Rate| rate(r.as_f64());
    match shape {
        Shape::Hold(r) => show(r),
        Shape::Ramp(from, to) => format!("{} to {}", show(from), show(to)),
        Shape::Stairs { from, to, step, .. } => {
            format!("{} to {} by {}", show(from), show(to), show(step))
        }
        Shape::Spike { base, peak, .. } => format!("{}, peak {}", show(base), show(peak)),
        Shape::Sine { mean, amplitude, .. } => format!("{} ± {}", show(mean), show(amplitude)),
        Shape::Max => "closed loop".to_owned(),
    }
}
