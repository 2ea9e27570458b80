//! What a plan holds, in words: binds and shapes of load.
use crate::kit::words::rate;
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
    shape.brief(&|r| rate(r.as_f64()), " to ")
}
