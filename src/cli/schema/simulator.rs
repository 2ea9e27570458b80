//! The schema of the simulator's behaviour: `[embedded]` of a profile, and `--behaviour`.
use super::values::{
    ascii, either, flag, list, named, needing, octet, open, rate, share, span, span_or_off,
    status_share, table, text, two, whole, words,
};
use serde_json::Value;

const COUNT_MAX: u64 = 1 << 32;
const WAITING_MAX: u64 = 1 << 26;

pub(super) fn behaviour() -> Value {
    table(
        "The simulator. What is absent means: no latency, no error, no fault, and no limit but on what ESMEs may make it keep.",
        [
            ("seed", whole("Of its chances.", 0, u64::MAX)),
            ("accounts", list("Who is let in; none listed: everyone.", &account())),
            ("limits", limits()),
            ("response", response()),
            ("receipts", receipts()),
            ("mo", mo()),
            ("timers", timers()),
            ("rules", list("By destination.", &rule())),
            ("faults", list("What goes wrong.", &fault())),
            ("tls", tls()),
            ("habits", habits()),
        ],
    )
}

fn account() -> Value {
    let keys = [
        ("system_id", ascii("As in bind.", 64)),
        ("password", ascii("As in bind.", 100)),
        ("binds_max", whole("Most sessions.", 0, COUNT_MAX)),
        ("rate", rate("Its limit; 0 is none.")),
        ("window", whole("Most open submit_sm of a session.", 1, COUNT_MAX)),
    ];
    needing(table("One account.", keys), &["system_id"])
}

fn limits() -> Value {
    let keys = [("size", whole("Messages.", 1, 1 << 40)), ("drain", rate("Delivered a second."))];
    let queue = needing(table("Accepts fast, delivers slowly.", keys), &["size", "drain"]);
    let on_window = ["throttle", "queue_full", "disconnect", "silence", "unbind"];
    table(
        "What it bears.",
        [
            ("window", whole("Open submit_sm of a session.", 1, COUNT_MAX)),
            ("on_window", words("Beyond it.", &on_window)),
            ("rate", rate("Messages a second; 0 is no limit.")),
            ("scope", words("Whose rate.", &["all", "account", "session"])),
            ("burst", whole("Messages beyond the rate at once.", 0, 1 << 40)),
            ("on_rate", words("Beyond the rate.", &["throttle", "delay"])),
            ("queue", queue),
            ("ghost_bind", span_or_off("How long a lost session's place stays taken.")),
        ],
    )
}

/// `"20ms"` or one of the distributions.
fn latency(says: &str) -> Value {
    let lognormal = needing(
        table("By median and p99.", [("median", span("Half are below.")), ("p99", span("99 %."))]),
        &["median", "p99"],
    );
    let drawn = table(
        "Drawn: one of uniform, lognormal, servers with mean.",
        [
            ("uniform", two("Between these.", &span("A span."))),
            ("lognormal", lognormal),
            ("servers", whole("M/M/c.", 1, 1_000_000)),
            ("mean", span("Service time of each server.")),
        ],
    );
    either(says, &[span("Always this."), drawn])
}

fn response() -> Value {
    let keys = [("every", span("From one start to the next.")), ("for", span("How long."))];
    let stall = needing(table("Answers nothing meanwhile.", keys), &["every", "for"]);
    table(
        "How submit_sm is answered.",
        [
            ("latency", latency("So late.")),
            ("stall", stall),
            ("errors", list("With other statuses.", &status_share())),
            ("lost", share("Accepted, never answered.")),
            ("id", words("How a message_id looks.", &["decimal", "hex", "uuid", "ticket"])),
        ],
    )
}

fn receipts() -> Value {
    let keys = [("after", span("So long.")), ("max", whole("Times.", 0, 1_000_000))];
    let retry = needing(table("On a refusal, or on no answer.", keys), &["after"]);
    let formats = ["appendix_b", "openmarket", "tlv_only", "payload", "data_sm"];
    let ids = ["same", "decimal", "hex", "upper", "zero_padded"];
    table(
        "Delivery receipts.",
        [
            ("delay", latency("After the response.")),
            ("rate", rate("At most so many a second; 0 is no limit.")),
            ("states", open("Shares of states; the rest is DELIVRD.", &share("Of all."))),
            ("id", words("How the id is spelled in them.", &ids)),
            ("format", words("How they look.", &formats)),
            ("lost", share("Never sent.")),
            ("duplicate", share("Sent twice.")),
            ("before_response", share("Sent before the response.")),
            ("intermediate", share("With a notification before.")),
            ("other_bind", flag("On another session of the account.")),
            (
                "window",
                whole("Maximum number of unacknowledged deliver_sm of a session.", 1, COUNT_MAX),
            ),
            ("waiting_max", whole("Maximum number of deliveries that wait.", 1, WAITING_MAX)),
            ("retry", retry),
        ],
    )
}

fn mo() -> Value {
    table(
        "Mobile-originated messages.",
        [
            ("rate", rate("A second, over all receiving sessions.")),
            ("texts", list("In turn.", &text("A text."))),
            ("lengths", list("In octets, in turn.", &whole("Octets.", 0, 60_000))),
            ("ticket_tlv", flag("With OpenMarket's ticket.")),
        ],
    )
}

fn timers() -> Value {
    table(
        "When it probes and drops.",
        [
            ("session_init", span_or_off("Time from connect to bind; 30 s unless set.")),
            ("enquire_link", span_or_off("Idle before it asks.")),
            ("inactivity", span_or_off("Idle before it drops.")),
            ("response", span_or_off("Unanswered before it drops.")),
        ],
    )
}

fn rule() -> Value {
    let keys = [
        ("destination", ascii("A pattern: *404.", 64)),
        ("status", named("What submit_sm is answered with.")),
        ("state", text("The receipt's state.")),
        ("err", ascii("The receipt's err.", 16)),
    ];
    needing(table("What befalls a destination.", keys), &["destination"])
}

fn fault() -> Value {
    let kinds = [
        "unbind",
        "close",
        "reset",
        "half_close",
        "garbage",
        "truncated",
        "oversize_tlv",
        "generic_nack",
        "no_enquire_answer",
        "slow_reader",
        "bind_refuse",
        "accept_then_drop",
    ];
    let keys = [
        ("kind", words("What.", &kinds)),
        ("at", span("Once, so long after the first bind.")),
        ("every", span("Again and again.")),
        ("share", share("Of all messages.")),
        ("sessions", words("On which.", &["one", "all"])),
    ];
    needing(table("A fault, and when: one of at, every, share.", keys), &["kind"])
}

fn tls() -> Value {
    let keys = [
        ("certificate", text("PEM file.")),
        ("key", text("PEM file.")),
        ("client_ca", text("PEM file; clients must show a certificate of it.")),
    ];
    needing(table("It speaks TLS.", keys), &["certificate", "key"])
}

fn habits() -> Value {
    table(
        "Ways of some providers.",
        [
            ("openmarket", flag("OpenMarket's.")),
            ("service_type", ascii("In what it sends.", 5)),
            ("sc_interface_version", octet("In bind_resp.")),
        ],
    )
}
