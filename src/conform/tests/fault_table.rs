//! What each fault and quirk of the simulator flips. A key or a word of its behaviour without a row fails the test of the
//! coverage.
use crate::conform::Outcome::{self, Fail, Inconclusive, Pass, PreconditionFailed, Unsupported};

/// A behaviour of the simulator, and what it flips.
pub(super) struct Row {
    /// Keys of `[embedded]`, as TOML.
    pub(super) behaviour: &'static str,
    /// The cases that are run; none: all.
    pub(super) only: &'static [&'static str],
    /// Cases (by pattern) whose outcome is another than that of the plain simulator.
    pub(super) flips: &'static [(&'static str, Outcome)],
}

const fn row(
    behaviour: &'static str,
    only: &'static [&'static str],
    flips: &'static [(&'static str, Outcome)],
) -> Row {
    Row { behaviour, only, flips }
}

/// The cases that a receipt is needed for.
const NO_RECEIPT: &[(&str, Outcome)] = &[
    ("4.6.1-01", Fail),
    ("4.6.1-0[2-6]", PreconditionFailed),
    ("4.6.2-0[123]", PreconditionFailed),
    ("5.2.17-0[45]", PreconditionFailed),
    ("B-0[123]", PreconditionFailed),
    ("5.3.2.12-01", PreconditionFailed),
    ("5.3.2.35-01", PreconditionFailed),
];

/// The cases of a receipt's state.
const STATES: &[&str] = &["4.6.1-01", "B-02", "5.3.2.35-01"];

/// What a message must be accepted for first.
const RECEIPTS: &[&str] =
    &["4.6*", "5.2.17-02", "5.2.17-04", "5.2.17-05", "B-*", "5.3.2.12-01", "5.3.2.35-01"];

pub(super) const ROWS: &[Row] = &[
    // limits
    row(
        "limits = { window = 5, on_window = \"throttle\" }\nresponse.latency = \"60ms\"",
        &["2.5*", "4.4.1-01", "4.2.1-04"],
        &[("2.5.2-01", Inconclusive), ("4.2.1-04", Fail)],
    ),
    row(
        "limits = { window = 5, on_window = \"queue_full\" }\nresponse.latency = \"60ms\"",
        &["2.5*"],
        &[("2.5.2-01", Inconclusive)],
    ),
    row(
        "limits = { window = 5, on_window = \"silence\" }\nresponse.latency = \"60ms\"",
        &["2.5*"],
        &[("2.5.2-01", Fail)],
    ),
    row(
        "limits = { window = 5, on_window = \"disconnect\" }\nresponse.latency = \"60ms\"",
        &["2.5*"],
        &[("2.5.2-01", Fail)],
    ),
    row(
        "limits = { window = 5, on_window = \"unbind\" }\nresponse.latency = \"60ms\"",
        &["2.5*"],
        &[("2.5.2-01", Fail)],
    ),
    row(
        "limits = { rate = 1, scope = \"all\", on_rate = \"throttle\" }",
        &["4.4.1-01", "2.5.2-01"],
        &[("2.5.2-01", Inconclusive)],
    ),
    row(
        "limits = { rate = 1, scope = \"account\" }",
        &["4.4.1-01", "2.5.2-01"],
        &[("2.5.2-01", Inconclusive)],
    ),
    row("limits = { rate = 200, burst = 0, on_rate = \"delay\" }", &["4.4*", "2.5*"], &[]),
    row(
        "limits = { rate = 1, scope = \"session\" }",
        &["4.4*", "5.2.12-02", "5.3.2.22-01", "2.5.2-01"],
        &[
            ("4.4.2-02", PreconditionFailed),
            ("5.2.12-02", Inconclusive),
            ("5.3.2.22-01", Inconclusive),
            ("2.5.2-01", Inconclusive),
        ],
    ),
    row("limits.queue = { size = 1000, drain = 5000 }", &["4.4*", "2.5*"], &[]),
    // a rule for the destination of the profile
    row(
        "rules = [{ destination = \"4477*\", status = \"ESME_RSUBMITFAIL\" }]",
        &["4.4.1-0[12]", "4.11*", "2.5.2-01"],
        &[("4.4.1-0[12]", Fail), ("2.5.2-01", Fail)],
    ),
    row("rules = [{ destination = \"4477*\", state = \"UNDELIV\", err = \"042\" }]", RECEIPTS, &[]),
    // responses
    row("response.latency = \"30ms\"", &["4.4*", "2.5*", "4.2*", "4.6.1*"], &[("4.2.1-04", Fail)]),
    row("response.stall = { every = \"250ms\", for = \"100ms\" }", &["4.4*", "2.5*", "4.11*"], &[]),
    row("response.congestion = \"load\"", &["4.4*", "2.5*"], &[("4.4.2-03", Fail)]),
    row(
        "response.errors = [{ status = \"ESME_RSYSERR\", share = 1.0 }]",
        &["4.4.1-0[12]", "4.4.2*", "3.3-0[1234]", "4.8.1-01", "5.2.14*"],
        &[
            ("4.4.1-0[12]", Fail),
            ("4.4.2-0[124]", PreconditionFailed),
            ("3.3-0[1234]", Fail),
            ("4.8.1-01", PreconditionFailed),
            ("5.2.14-02", Fail),
        ],
    ),
    row(
        "response.lost = 1.0",
        &["4.4.1-0[12]", "4.4.2*", "2.5.2*", "4.2*", "2.4-03", "4.11*"],
        &[
            ("4.4.1-0[12]", Fail),
            ("4.4.2-0[124]", PreconditionFailed),
            ("2.5.2-0[13]", Fail),
            ("2.5.2-04", PreconditionFailed),
            ("4.2.1-04", Fail),
            ("2.4-03", Fail),
        ],
    ),
    row("response.id = \"hex\"", &["4.4*", "4.6*", "5.3.2.12-01"], &[]),
    row("response.id = \"uuid\"", &["4.4*", "4.6*", "5.3.2.12-01"], &[]),
    row("response.id = \"ticket\"", &["4.4*", "4.6*", "5.3.2.12-01"], &[]),
    // receipts
    row("receipts.lost = 1.0", RECEIPTS, NO_RECEIPT),
    row("receipts.delay = \"20s\"", RECEIPTS, NO_RECEIPT),
    row(
        "response.id = \"hex\"\nreceipts.id = \"decimal\"",
        RECEIPTS,
        &[
            ("4.6.1-02", Fail),
            ("4.6.1-0[46]", PreconditionFailed),
            ("4.6.2-0[123]", PreconditionFailed),
            ("5.3.2.12-01", Fail),
        ],
    ),
    row(
        "response.id = \"decimal\"\nreceipts.id = \"zero_padded\"",
        RECEIPTS,
        &[
            ("4.6.1-02", Fail),
            ("4.6.1-0[46]", PreconditionFailed),
            ("4.6.2-0[123]", PreconditionFailed),
            ("5.3.2.12-01", Fail),
        ],
    ),
    row("receipts = { id = \"same\", format = \"appendix_b\", waiting_max = 1000 }", RECEIPTS, &[]),
    row(
        "receipts.id = \"hex\"",
        &["4.6.1-02", "5.3.2.12-01"],
        &[("4.6.1-02", Fail), ("5.3.2.12-01", Fail)],
    ),
    row(
        "response.id = \"uuid\"\nreceipts.id = \"upper\"",
        &["4.6.1-02", "5.3.2.12-01"],
        &[("4.6.1-02", Fail), ("5.3.2.12-01", Fail)],
    ),
    row(
        "receipts.format = \"openmarket\"",
        RECEIPTS,
        &[("B-01", Fail), ("B-03", Fail), ("5.3.2.*", Unsupported)],
    ),
    row("receipts.format = \"tlv_only\"", RECEIPTS, &[("B-0[123]", Fail)]),
    row("receipts.format = \"payload\"", RECEIPTS, &[("5.3.2.*", Unsupported)]),
    row("receipts.format = \"data_sm\"", RECEIPTS, &[("B-0[123]", Fail)]),
    row("receipts.duplicate = 1.0", RECEIPTS, &[("4.6.1-04", Fail), ("4.6.2-01", Pass)]),
    row("receipts.before_response = 1.0", RECEIPTS, &[]),
    row("receipts.intermediate = 1.0", RECEIPTS, &[("5.2.17-05", Fail)]),
    row("receipts.other_bind = true", RECEIPTS, &[]),
    row("receipts.window = 1", RECEIPTS, &[]),
    row("receipts.rate = 20", RECEIPTS, &[]),
    row("receipts.states = { UNDELIV = 1.0 }", RECEIPTS, &[]),
    row("receipts.states = { UNKNOWN = 1.0 }", RECEIPTS, &[("B-02", Fail)]),
    row("receipts.states = { EXPIRED = 0.5, DELETED = 0.5 }", STATES, &[]),
    row("receipts.states = { ACCEPTD = 0.5, REJECTD = 0.5 }", STATES, &[]),
    row("receipts.states = { ENROUTE = 1.0 }", STATES, &[("B-02", Fail), ("5.3.2.35-01", Fail)]),
    row("receipts.retry = { after = \"100ms\", max = 2 }", RECEIPTS, &[("4.6.2-0[123]", Pass)]),
    // other traffic does not disturb
    row("mo = { rate = 100 }", &["4.*", "B-*", "2.4*", "2.5*"], &[]),
    row(
        "mo = { rate = 100, texts = [\"stop\"], lengths = [0, 300], ticket_tlv = true }",
        RECEIPTS,
        &[],
    ),
    // timers
    row("timers.session_init = \"200ms\"", &["2.9*", "4.4.1-01"], &[("2.9-01", Pass)]),
    row("timers.enquire_link = \"150ms\"", &["2.9*", "4.*"], &[("2.9-02", Pass)]),
    row("timers.inactivity = \"300ms\"", &["2.9*"], &[("2.9-03", Pass)]),
    row("timers.response = \"200ms\"", &["2.9*", "4.6.2*"], &[("2.9-04", Fail)]),
    row(
        "timers.response = \"200ms\"\nreceipts.retry = { after = \"50ms\", max = 5 }",
        &["2.9*", "4.6.1*"],
        &[("2.9-04", Pass)],
    ),
    row(
        "timers = { enquire_link = \"150ms\", response = \"200ms\" }",
        &["2.9*"],
        &[("2.9-02", Pass), ("2.9-04", Fail), ("2.9-05", Pass)],
    ),
    // an enquire_link that is not answered ends the session before its inactivity does
    row(
        "timers = { enquire_link = \"150ms\", response = \"200ms\", inactivity = \"2s\" }",
        &["2.9-02", "2.9-03", "2.9-05"],
        &[("2.9-02", Pass), ("2.9-03", Inconclusive), ("2.9-05", Pass)],
    ),
    // habits
    row("habits.sc_interface_version = 0x34", &["4.1*"], &[("4.1.2-02", Pass)]),
    row("habits.sc_interface_version = 0x33", &["4.1*"], &[("4.1.2-02", Fail)]),
    row("habits.service_type = \"OMV4\"", RECEIPTS, &[]),
    row(
        "habits.openmarket = true",
        &[
            "4.5*", "4.7*", "4.8*", "4.9*", "4.10*", "5.2.5*", "5.2.6*", "4.4.1*", "5.2.12*",
            "2.2-06",
        ],
        &[
            ("4.5.1-0[12]", Unsupported),
            ("4.7.1-01", Unsupported),
            ("4.8.1-0[12]", Unsupported),
            ("4.9.1-0[123]", Unsupported),
            ("4.8.1-03", Unsupported),
            ("4.10.1-0[12]", Unsupported),
            ("5.2.5-0[12]", Pass),
            ("5.2.6-0[12]", Pass),
            ("5.2.12-04", Fail),
            ("4.4.1-0[567]", Fail),
        ],
    ),
    // accounts
    row(
        "accounts = [{ system_id = \"smppbench\", binds_max = 1 }]\nlimits.ghost_bind = \"20s\"",
        &["4.2.1-05", "2.2-08"],
        &[("2.2-08", Fail)],
    ),
    row(
        "accounts = [{ system_id = \"smppbench\", rate = 1 }]",
        &["4.4.1-01", "2.5.2-01"],
        &[("2.5.2-01", Inconclusive)],
    ),
    row(
        "accounts = [{ system_id = \"smppbench\", window = 5 }]\nresponse.latency = \"60ms\"",
        &["4.4.1-01", "2.5*"],
        &[("2.5.2-01", Inconclusive)],
    ),
    // faults
    row(
        "faults = [{ kind = \"close\", share = 1.0 }]",
        &["4.4.1-01", "2.5.2-01", "4.11*"],
        &[("4.4.1-01", Fail), ("2.5.2-01", Fail)],
    ),
    row(
        "faults = [{ kind = \"reset\", share = 1.0 }]",
        &["4.4.1-01", "2.5.2-01", "4.11*"],
        &[("4.4.1-01", Fail), ("2.5.2-01", Fail)],
    ),
    row(
        "faults = [{ kind = \"unbind\", share = 1.0 }]",
        &["4.4.1-01", "2.5.2-04", "4.11*"],
        &[("2.5.2-04", Fail)],
    ),
    row(
        "faults = [{ kind = \"half_close\", share = 1.0 }]",
        &["4.4.1-01", "2.5.2-01", "4.11*"],
        &[("4.4.1-01", Fail), ("2.5.2-01", Fail)],
    ),
    row(
        "faults = [{ kind = \"garbage\", share = 1.0 }]",
        &["4.4.1-01", "2.5.2-01", "4.11*"],
        &[("4.4.1-01", Fail), ("2.5.2-01", Fail)],
    ),
    row(
        "faults = [{ kind = \"truncated\", share = 1.0 }]",
        &["4.4.1-01", "2.5.2-01", "4.11*"],
        &[("4.4.1-01", Fail), ("2.5.2-01", Fail)],
    ),
    row(
        "faults = [{ kind = \"oversize_tlv\", share = 1.0 }]",
        &["4.4.*", "4.11*"],
        &[("4.4.2-04", Fail)],
    ),
    row(
        "faults = [{ kind = \"generic_nack\", share = 1.0 }]",
        &["4.4.1-01", "4.4.2-0[124]", "4.11*"],
        &[("4.4.1-01", Fail), ("4.4.2-0[124]", PreconditionFailed)],
    ),
    row(
        "faults = [{ kind = \"no_enquire_answer\", share = 1.0 }]",
        &["4.11*", "4.4.1-01", "5.1.2-0[123]", "4.3.1*"],
        &[("4.11*", Fail), ("5.1.2-0[23]", Fail), ("4.3.1-0[12]", Fail)],
    ),
    row(
        "faults = [{ kind = \"slow_reader\", at = \"0s\", sessions = \"one\" }]",
        &["4.1.5-01", "2.2-08"],
        &[],
    ),
    row(
        "faults = [{ kind = \"slow_reader\", every = \"50ms\", sessions = \"all\" }]",
        &["4.1.5-01", "2.2-08"],
        &[],
    ),
];
