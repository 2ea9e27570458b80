//! The schema of a profile. `tests` holds it against the loader: every table, key by key and word by word.
use super::simulator;
use super::values::{
    ascii, either, flag, list, named, needing, octet, open, rate, share, some, span, span_or_off,
    status_share, table, text, two, whole, words,
};
use serde_json::{Value, json};

pub(super) fn schema() -> Value {
    let mut schema = table(
        "A profile of smppbench: whom to test, with what load, and what must hold.",
        [
            ("name", text("Names the run folder; without it, the file's name.")),
            (
                "seed",
                whole("Schedule, destinations and simulator are functions of it.", 0, u64::MAX),
            ),
            ("target", target()),
            ("guard", guard()),
            ("accounts", some("Who binds.", &account())),
            ("binds", binds()),
            ("load", load()),
            ("messages", some("What is sent.", &message())),
            ("receipts", receipts()),
            ("deliver", deliver()),
            ("timeouts", timeouts()),
            ("gates", gates()),
            ("embedded", simulator::behaviour()),
            ("fleet", fleet()),
            ("metrics", metrics()),
            ("duel", table("The two sides of a duel.", [("a", side()), ("b", side())])),
        ],
    );
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("smppbench profile");
    schema
}

fn target() -> Value {
    let buffer = |says: &str| whole(says, 1024, 1 << 30);
    table(
        "Whom to test.",
        [
            ("address", text("host:port, or \"embedded\".")),
            ("addresses", some("Several, instead of one.", &text("host:port"))),
            ("policy", words("How several are used.", &["all", "failover"])),
            ("tls", flag("Speak TLS.")),
            ("tls_ca", text("CA to trust instead of the system's (PEM).")),
            ("tls_cert", text("Our certificate (PEM).")),
            ("tls_key", text("Its key (PEM).")),
            ("tls_server_name", text("The name to verify.")),
            ("tls_verify", flag("Whether to verify; false is for the laboratory.")),
            ("source_addresses", list("Addresses of this host to dial from.", &text("IP address"))),
            ("nodelay", flag("TCP_NODELAY (default true).")),
            ("send_buffer", buffer("SO_SNDBUF in octets.")),
            ("receive_buffer", buffer("SO_RCVBUF in octets.")),
            ("keepalive", flag("SO_KEEPALIVE.")),
        ],
    )
}

fn guard() -> Value {
    table(
        "Nobody blasts a live network by accident.",
        [
            ("allow_target", list("Targets off loopback, once more.", &text("host:port"))),
            ("messages_max", whole("Most submit_sm in all.", 1, u64::MAX)),
            ("rate_max", rate("Highest rate.")),
            ("binds_max", whole("Most sessions.", 1, u64::MAX)),
            ("destinations", list("Patterns that destinations must match.", &text("4477009*"))),
            ("foreign", words("What somebody else's receipt or MO does.", &["stop", "ack"])),
            ("closed_loop", flag("Let a closed loop run off loopback.")),
        ],
    )
}

fn account() -> Value {
    table(
        "One account.",
        [
            ("name", text("As reports call it; without it, its system_id.")),
            ("system_id", ascii("As in bind.", 64)),
            ("password_env", text("Environment variable that holds the password.")),
            ("password_file", text("File that holds the password.")),
            ("password", words("Never here; this stands in resolved profiles.", &["***"])),
            ("system_type", ascii("As in bind.", 12)),
            ("interface_version", octet("As in bind (default 0x34).")),
            ("addr_ton", octet("As in bind.")),
            ("addr_npi", octet("As in bind.")),
            ("address_range", ascii("As in bind.", 40)),
            ("share", share("Of the load; of all accounts or of none.")),
            ("rate", rate("Its own; the accounts' add up to what the stages reach.")),
            ("weight", whole("Of the load, relative to the others'.", 1, 1 << 40)),
            ("binds", binds()),
        ],
    )
}

fn binds() -> Value {
    let rebind = table(
        "How a lost session comes back.",
        [
            ("attempts_max", whole("0: never gives up.", 0, u64::from(u32::MAX))),
            ("min", span("Shortest wait.")),
            ("max", span("Longest wait.")),
        ],
    );
    let types = ["transceiver", "transmitter", "receiver", "pair"];
    table(
        "The sessions of an account.",
        [
            ("type", words("pair: a transmitter and a receiver.", &types)),
            ("count", whole("How many (with pair: pairs).", 1, 100_000)),
            ("window", whole("submit_sm that may be open on each.", 1, 1_000_000)),
            ("enquire_link", span_or_off("Idle time before one.")),
            ("rate_max", rate("A session's own cap; 0 is none.")),
            ("connect_rate", rate("Connects a second; 0 is all at once.")),
            ("rebind", either("off, or how.", &[words("Not at all.", &["off"]), rebind])),
        ],
    )
}

fn load() -> Value {
    let catch_up = [
        words("Whatever is due.", &["all"]),
        json!({ "type": "number", "minimum": 1, "description": "At most so many times the rate." }),
    ];
    table(
        "How the load is offered.",
        [
            ("arrival", words("Gaps between messages.", &["constant", "poisson"])),
            ("window_full", words("When no slot is free.", &["delay", "drop"])),
            ("catch_up", either("How fast a backlog goes out.", &catch_up)),
            ("on_throttle", words("When the SMSC throttles.", &["count", "backoff", "retry"])),
            ("attempts_max", whole("Most sends of a message with retry.", 1, 1000)),
            ("age_max", span("A message older than this is not sent again.")),
            ("retryable", list("Statuses that retry sends again.", &named("command_status"))),
            ("precise", flag("Spin the last stretch before a send.")),
            ("busy_poll", flag("Never sleep; takes whole cores.")),
            ("workers", whole("Threads.", 1, 1024)),
            ("pin", flag("A core for each thread.")),
            ("stages", some("The rate over time.", &stage())),
            ("receive_only_for", span("How long a run lasts whose binds only receive.")),
        ],
    )
}

fn stage() -> Value {
    let stairs = needing(
        table(
            "Steps.",
            [
                ("from", rate("First.")),
                ("to", rate("Last.")),
                ("step", rate("By how much.")),
                ("each", span("How long each.")),
            ],
        ),
        &["from", "to", "step", "each"],
    );
    let spike = needing(
        table(
            "A base with a peak in it.",
            [
                ("base", rate("Before and after.")),
                ("peak", rate("Meanwhile.")),
                ("at", span("When it begins.")),
                ("for", span("How long.")),
            ],
        ),
        &["base", "peak", "at", "for"],
    );
    let sine = needing(
        table(
            "A wave.",
            [("mean", rate("Mean.")), ("amplitude", rate("About it.")), ("period", span("One."))],
        ),
        &["mean", "amplitude", "period"],
    );
    table(
        "One stage: one of hold, ramp, stairs, spike, sine, max.",
        [
            ("name", text("As reports call it.")),
            ("hold", rate("One rate.")),
            ("ramp", two("From one to another.", &rate("A rate."))),
            ("stairs", stairs),
            ("spike", spike),
            ("sine", sine),
            ("max", json!({ "const": true, "description": "Closed loop: as fast as it goes." })),
            ("for", span("How long.")),
            ("measure", flag("false: warm-up.")),
        ],
    )
}

fn address(says: &str) -> Value {
    let table = table(
        "Where it is taken from: one of fixed, range, file, random.",
        [
            ("fixed", text("One address.")),
            ("range", two("First and last.", &text("Digits."))),
            ("file", text("A file with one a line.")),
            ("random", text("Digits, and # for random ones.")),
            ("ton", octet("Type of number.")),
            ("npi", octet("Numbering plan.")),
        ],
    );
    either(says, &[text("One address."), table])
}

fn message() -> Value {
    let codings = words("By name.", &["gsm", "ascii", "latin1", "binary", "ucs2"]);
    let tlv = table(
        "One TLV: its tag, and one of int, text, cstring, hex.",
        [
            ("tag", named("By name, or as a number.")),
            ("int", whole("An integer.", 0, u64::MAX)),
            ("octets", json!({ "enum": [1, 2, 4, 8], "description": "Length of the integer." })),
            ("text", text("Octets of a text.")),
            ("cstring", text("The same with a NUL.")),
            ("hex", text("Octets.")),
        ],
    );
    let longs = ["udh8", "udh16", "sar", "payload", "reject"];
    table(
        "One kind of message.",
        [
            ("label", text("As reports call it.")),
            ("weight", whole("How often, relative to the others.", 1, 10_000)),
            ("source", address("source_addr.")),
            ("destination", address("destination_addr.")),
            (
                "text",
                text(
                    "With placeholders: {seq}, {uuid}, {destination}, {time}; any other name in braces is refused.",
                ),
            ),
            ("text_file", text("A file that holds the text.")),
            ("octets", text("short_message in hexadecimal.")),
            ("data_coding", either("data_coding.", &[codings, octet("As a number.")])),
            ("packed", flag("GSM septets packed into octets.")),
            ("long", words("How a text that does not fit is sent.", &longs)),
            ("registered_delivery", octet("1: a receipt is asked for.")),
            ("service_type", ascii("service_type.", 5)),
            ("priority", octet("priority_flag.")),
            ("protocol_id", octet("protocol_id.")),
            ("validity_period", text("A span, a time in RFC 3339, or the wire's 16 characters.")),
            ("schedule_delivery_time", text("Likewise.")),
            ("esm_class", octet("esm_class.")),
            ("tlvs", list("Optional parameters.", &needing(tlv, &["tag"]))),
        ],
    )
}

fn receipts() -> Value {
    let modes = ["exact", "number", "response_hex", "receipt_hex", "case_insensitive"];
    table(
        "How receipts find their messages.",
        [
            ("id_mode", words("How ids are spelled in responses and receipts.", &modes)),
            (
                "final_states",
                some("States, or an SMSC's own words, that end the wait.", &text("DELIVRD")),
            ),
            ("deadline", span("A receipt that has not come by then is missing.")),
            ("outstanding_max", whole("Most that are awaited at once.", 1, 1 << 32)),
            ("accept", words("What is taken for a receipt.", &["esm_class", "text"])),
            (
                "per",
                words(
                    "Receipts of a text of several parts: one each, or one.",
                    &["part", "message"],
                ),
            ),
        ],
    )
}

fn deliver() -> Value {
    table(
        "How deliver_sm is answered.",
        [
            ("delay", span("So late.")),
            ("answers", list("With other statuses.", &status_share())),
            ("no_answer", share("Not at all.")),
        ],
    )
}

fn timeouts() -> Value {
    table(
        "How long is waited.",
        [
            ("connect", span("For TCP and TLS.")),
            ("bind", span("For bind_resp.")),
            ("response", span("For submit_sm_resp.")),
            ("drain", span("For what waits when the load ends.")),
            ("unbind", span("For unbind_resp.")),
        ],
    )
}

fn fleet() -> Value {
    table(
        "What holds where several machines run it.",
        [
            ("on_agent_loss", words("What a lost machine means.", &["continue", "stop"])),
            (
                "clock_uncertainty_max",
                span("How far a machine's clock may be off, as far as it can be told."),
            ),
        ],
    )
}

fn metrics() -> Value {
    table(
        "OpenMetrics, while it runs.",
        [
            ("listen", text("host:port to serve them at.")),
            ("allow_remote", flag("Let others than this machine read them.")),
        ],
    )
}

fn gates() -> Value {
    let form = table(
        "A gate over time.",
        [
            ("is", text("The limit.")),
            ("for", span("It must hold in every stretch of this length.")),
            ("stage", text("In this stage only.")),
            ("abort_after", span("Broken for so long, it ends the run.")),
        ],
    );
    let gate = either("< 50ms", &[text("A limit: < 50ms, <= 0.1%, = 0."), needing(form, &["is"])]);
    open("Limits by metric; they decide the exit code.", &gate)
}

/// What a side lays over the profile: each as it stands there; `account` and `message` are the first.
fn side() -> Value {
    table(
        "One side.",
        [
            ("target", target()),
            ("account", account()),
            ("accounts", some("Accounts.", &account())),
            ("message", message()),
            ("messages", some("Messages.", &message())),
            ("receipts", receipts()),
            ("embedded", simulator::behaviour()),
        ],
    )
}
