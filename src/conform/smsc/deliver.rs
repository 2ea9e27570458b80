//! Delivery receipts: that they come, their fields, their ids, and what an acknowledgement does.
use crate::conform::case::Case;
use crate::conform::case::Level::{Must, Observed, Should};
use crate::conform::examiner::{Acknowledge, Examiner};
use crate::conform::line::Event;
use crate::conform::octets::{MESSAGE_STATE, Message, Pdu, RECEIPTED_MESSAGE_ID};
use crate::conform::receipts::{field, mentions, same_id};
use crate::conform::steps::{Status, fail, pass, precondition, unsupported};
use crate::conform::verdict::{Found, Verdict};
use crate::kit::{Clock, Nanos};
use crate::smpp::CommandId;

/// States that end a message, in texts and as message_state.
const FINAL: [(&[u8], u8); 6] = [
    (b"DELIVRD", 2),
    (b"EXPIRED", 3),
    (b"DELETED", 4),
    (b"UNDELIV", 5),
    (b"ACCEPTD", 6),
    (b"REJECTD", 8),
];
const UNKNOWN: (&[u8], u8) = (b"UNKNOWN", 7);

pub(super) const CASES: &[Case] = &[
    Case::smsc("4.6.1-01", Must, &["receipts"], |x| Box::pin(comes(x)))
        .says(
            "registered_delivery 1 earns a delivery receipt: a deliver_sm (or data_sm) whose esm_class says so",
            "a deliver_sm with esm_class 0x04",
            "a client never learns what became of its messages",
        )
        .costs(1),
    Case::smsc("4.6.1-02", Must, &["receipts", "ids"], |x| Box::pin(names_the_id(x)))
        .says(
            "The receipt names the message_id of the submit_sm_resp, in its text or in receipted_message_id",
            "the same id, as receipts.id_mode compares them",
            "the receipt cannot be matched with its message",
        )
        .costs(1),
    Case::smsc("4.6.1-03", Should, &["receipts", "addresses"], |x| Box::pin(addresses(x)))
        .says(
            "The receipt comes from the destination of the message and goes to its source",
            "source_addr and destination_addr of the submit_sm, exchanged",
            "a client that routes by address sends the receipt to another user",
        )
        .costs(1),
    Case::smsc("4.6.1-04", Must, &["receipts"], |x| Box::pin(not_repeated(x)))
        .says(
            "A receipt that was acknowledged does not come again",
            "one receipt",
            "receipts are counted twice, or never end",
        )
        .costs(1),
    Case::smsc("4.6.1-05", Should, &["receipts"], |x| Box::pin(unused_fields(x)))
        .says(
            "schedule_delivery_time and validity_period of a deliver_sm are a single NUL, replace_if_present_flag and sm_default_msg_id 0",
            "empty times, both fields 0",
            "a client that reads the fields strictly refuses the receipt",
        )
        .costs(1),
    Case::smsc("4.6.1-06", Must, &["receipts", "sequence"], |x| Box::pin(own_numbers(x)))
        .says(
            "Two deliver_sm of a session have two sequence_numbers, within 1 to 0x7FFFFFFF",
            "two different sequence_numbers in range",
            "an acknowledgement is taken for that of another receipt",
        )
        .costs(2),
    Case::smsc("4.6.2-01", Observed, &["receipts", "retry"], |x| Box::pin(refused_comes_again(x)))
        .says(
            "A receipt that was refused with ESME_RX_T_APPN, a temporary error, comes again",
            "the receipt again",
            "a receipt is lost when its client is busy for a moment",
        )
        .costs(1),
    Case::smsc("4.6.2-02", Observed, &["receipts", "retry"], |x| Box::pin(unacknowledged_comes_again(x)))
        .says(
            "A receipt that was not acknowledged before its session was lost comes again on the next session",
            "the receipt again",
            "receipts are lost whenever a connection is",
        )
        .costs(1),
    Case::smsc("4.6.2-03", Observed, &["receipts", "retry"], |x| Box::pin(unbound_comes_again(x)))
        .says(
            "A receipt that was not acknowledged before the client unbound comes again on the next session",
            "the receipt again",
            "receipts are lost whenever a client is stopped",
        )
        .costs(1),
    Case::smsc("5.2.17-02", Must, &["receipts"], |x| Box::pin(none_asked(x)))
        .says(
            "registered_delivery 0 earns no receipt",
            "silence",
            "clients get receipts that they did not ask for, and may have to pay for",
        )
        .costs(1),
    Case::smsc("5.2.17-04", Observed, &["receipts"], |x| Box::pin(failure_only(x)))
        .says(
            "registered_delivery 2 earns a receipt on failure only",
            "silence, or a receipt that says a failure",
            "clients get receipts that they did not ask for",
        )
        .costs(1),
    Case::smsc("5.2.17-05", Should, &["receipts"], |x| Box::pin(no_notification(x)))
        .says(
            "registered_delivery 1 earns no intermediate notification",
            "no deliver_sm with esm_class 0x20",
            "clients that do not know notifications take one for the receipt",
        )
        .costs(1),
    Case::smsc("B-01", Should, &["receipts", "text"], |x| Box::pin(appendix_b(x)))
        .says(
            "A receipt's text has the fields of Appendix B: id, sub, dlvrd, submit date, done date, stat and err",
            "all seven fields",
            "clients that read the text by the specification's example do not understand it",
        )
        .costs(1),
    Case::smsc("B-02", Should, &["receipts", "text"], |x| Box::pin(known_state(x)))
        .says(
            "stat is one of the words of Appendix B that end a message",
            "DELIVRD, EXPIRED, DELETED, UNDELIV, ACCEPTD or REJECTD",
            "a client waits for a final state, or takes a failure for a success",
        )
        .costs(1),
    Case::smsc("B-03", Observed, &["receipts", "text"], |x| Box::pin(dates(x)))
        .says(
            "submit date and done date are YYMMDDhhmm: 10 digits (12 and 14 are seen)",
            "10 digits each",
            "a client reads a wrong time, or refuses the receipt",
        )
        .costs(1),
    Case::smsc("5.3.2.12-01", Observed, &["receipts", "tlv", "ids"], |x| Box::pin(receipted_id(x)))
        .says(
            "A receipt carries receipted_message_id, which is the id of the submit_sm_resp",
            "receipted_message_id with that id",
            "clients must read the id from the text",
        )
        .costs(1),
    Case::smsc("5.3.2.35-01", Observed, &["receipts", "tlv"], |x| Box::pin(state_tlv(x)))
        .says(
            "A receipt carries message_state, which says the same as stat in its text",
            "message_state with the number of stat",
            "text and parameter contradict each other: clients disagree on what became of a message",
        )
        .costs(1),
];

/// A receipt that a message of the case earned.
pub(super) struct Receipt {
    /// The message_id of the submit_sm_resp.
    pub(super) id: Vec<u8>,
    message: Message,
    pdu: Pdu,
}

/// Which receipts a case takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Take {
    /// Those that name the message.
    Own,
    /// Any but those of earlier messages, which a peer may hold back for long: the case judges what it names.
    Any,
}

/// The receipt that a request of the peer is. None: it is none that the case takes.
pub(super) fn is_of(x: &Examiner, pdu: &Pdu, id: &[u8], take: Take) -> Option<Message> {
    let message = Message::of(pdu).filter(|message| !message.is_notification())?;
    let tlv = message.tlv(RECEIPTED_MESSAGE_ID).unwrap_or_default();
    let is_own = mentions(x.settings.id_mode, id, tlv, message.content());
    let is_any = (message.is_receipt() || field(message.content(), "stat").is_some())
        && !x.names_another(&message, id);
    (is_own || (take == Take::Any && is_any)).then_some(message)
}

/// Waits for a receipt on a connection. It may have come already, behind `from` requests.
async fn wait(
    x: &mut Examiner,
    line: usize,
    id: &[u8],
    from: usize,
    take: Take,
) -> Option<(Message, Pdu)> {
    let until = Clock::now().after(x.settings.waits.receipt);
    x.switch_to(line);
    let mut seen = from;
    loop {
        while let Some((_, pdu)) = x.requests.get(seen).cloned() {
            seen += 1;
            if let Some(message) = is_of(x, &pdu, id, take) {
                return Some((message, pdu));
            }
        }
        match x.event(until).await {
            Event::Pdu(pdu) if pdu.command().is_response() => {}
            Event::Pdu(pdu) => x.attend(pdu).await,
            Event::Silence | Event::Ended(_) => return None,
        }
    }
}

/// Sends a message that asks for a receipt, and waits for it.
pub(super) async fn receipt(x: &mut Examiner, take: Take) -> Result<Receipt, Verdict> {
    let receiver = x.bound_for_receipts().await?;
    if x.gets_no_receipts() {
        return Err(precondition("no receipt came in an earlier case"));
    }
    let message = Message { registered_delivery: 1, ..x.message() };
    let id = x.accepted_id(&message).await?;
    match wait(x, receiver, &id, 0, take).await {
        Some((message, pdu)) => Ok(Receipt { id, message, pdu }),
        None => {
            if !x.requests.iter().any(|(_, pdu)| Message::of(pdu).is_some()) {
                x.note_no_receipts();
            }
            let within = x.settings.waits.receipt.as_secs_f64();
            Err(precondition(format!("no receipt of the message came within {within:.1} s")))
        }
    }
}

/// The receipt of a case that judges its fields: one with another id is judged too.
async fn any_receipt(x: &mut Examiner) -> Result<Receipt, Verdict> {
    receipt(x, Take::Any).await
}

async fn comes(x: &mut Examiner) -> Found {
    let receiver = x.bound_for_receipts().await?;
    let message = Message { registered_delivery: 1, ..x.message() };
    let id = x.accepted_id(&message).await?;
    match wait(x, receiver, &id, 0, Take::Any).await {
        Some((message, pdu)) if message.is_receipt() => {
            pass(format!("{} with esm_class 0x{:02X}", pdu.says(), message.esm_class))
        }
        Some((message, pdu)) => {
            fail(format!("{} with esm_class 0x{:02X}", pdu.says(), message.esm_class))
        }
        None => {
            x.note_no_receipts();
            let within = x.settings.waits.receipt.as_secs_f64();
            fail(format!("no receipt came within {within:.1} s"))
        }
    }
}

async fn names_the_id(x: &mut Examiner) -> Found {
    let receipt = any_receipt(x).await?;
    let shown = String::from_utf8_lossy(&receipt.id).into_owned();
    match is_of(x, &receipt.pdu, &receipt.id, Take::Own) {
        Some(_) => pass(format!("the receipt names {shown}")),
        None => {
            let text = String::from_utf8_lossy(receipt.message.content()).into_owned();
            fail(format!("the response says {shown}, the receipt: {text}"))
        }
    }
}

async fn addresses(x: &mut Examiner) -> Found {
    let came = any_receipt(x).await?.message;
    let sent = x.message();
    if (&came.source, &came.destination) == (&sent.destination, &sent.source) {
        pass("the addresses of the message, exchanged")
    } else {
        let shown = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        fail(format!("from {} to {}", shown(&came.source), shown(&came.destination)))
    }
}

async fn not_repeated(x: &mut Examiner) -> Found {
    let first = receipt(x, Take::Own).await?;
    let count = x.requests.len();
    let within = x.settings.waits.silence;
    match again(x, &first.id, count, within).await {
        true => fail("the receipt came again after its acknowledgement"),
        false => pass("it came once"),
    }
}

/// Whether a receipt of the message comes (again) within a time, on the current connection.
async fn again(x: &mut Examiner, id: &[u8], from: usize, within: Nanos) -> bool {
    let until = Clock::now().after(within);
    while let Event::Pdu(pdu) = x.event(until).await {
        if !pdu.command().is_response() {
            x.attend(pdu).await;
        }
    }
    let later = x.requests.get(from..).unwrap_or_default();
    later.iter().any(|(_, pdu)| is_of(x, pdu, id, Take::Own).is_some())
}

async fn unused_fields(x: &mut Examiner) -> Found {
    let came = any_receipt(x).await?.message;
    let odd = [
        ("schedule_delivery_time", !came.schedule.is_empty()),
        ("validity_period", !came.validity.is_empty()),
        ("replace_if_present_flag", came.replace != 0),
        ("sm_default_msg_id", came.default_message != 0),
    ];
    match odd.iter().find(|(_, set)| *set) {
        Some((name, _)) => fail(format!("{name} is set")),
        None => pass("none is set"),
    }
}

async fn own_numbers(x: &mut Examiner) -> Found {
    let first = receipt(x, Take::Own).await?;
    let receiver = x.current();
    // with a pair, the connection that sends is the later one
    x.switch_to(usize::MAX);
    let message = Message { registered_delivery: 1, ..x.message() };
    let id = x.accepted_id(&message).await?;
    let from = x.requests.len();
    // it may have come before its response
    let from = from.min(
        x.requests.iter().position(|(_, p)| is_of(x, p, &id, Take::Own).is_some()).unwrap_or(from),
    );
    let Some((_, second)) = wait(x, receiver, &id, from, Take::Own).await else {
        return Err(precondition("the second receipt did not come"));
    };
    let numbers = [first.pdu.sequence(), second.sequence()];
    if numbers[0] == numbers[1] {
        return fail(format!("both have sequence_number {}", numbers[0]));
    }
    match numbers.iter().find(|number| !(1..=0x7FFF_FFFF).contains(*number)) {
        Some(odd) => fail(format!("sequence_number 0x{odd:08X}")),
        None => pass("two numbers in range"),
    }
}

async fn refused_comes_again(x: &mut Examiner) -> Found {
    x.acknowledge = Acknowledge::With(Status::ESME_RX_T_APPN);
    let first = receipt(x, Take::Own).await?;
    x.acknowledge = Acknowledge::With(Status::ESME_ROK);
    let count = x.requests.len();
    let within = x.settings.waits.receipt.min(x.settings.waits.answer);
    match again(x, &first.id, count, within).await {
        true => pass("the receipt came again"),
        false => {
            let within = within.as_secs_f64();
            unsupported(format!("it did not come again within {within:.1} s"))
        }
    }
}

async fn unacknowledged_comes_again(x: &mut Examiner) -> Found {
    x.acknowledge = Acknowledge::Never;
    let first = receipt(x, Take::Own).await?;
    x.acknowledge = Acknowledge::With(Status::ESME_ROK);
    // the connection that received it is the current one
    x.drop_connection();
    next_session(x, &first).await
}

async fn unbound_comes_again(x: &mut Examiner) -> Found {
    x.acknowledge = Acknowledge::Never;
    let first = receipt(x, Take::Own).await?;
    // the connection that received it is the current one
    let _ = x.ask(CommandId::UNBIND, &[]).await;
    x.acknowledge = Acknowledge::With(Status::ESME_ROK);
    next_session(x, &first).await
}

/// Binds again, and judges whether the receipt comes again.
async fn next_session(x: &mut Examiner, first: &Receipt) -> Found {
    let from = x.requests.len();
    let receiver = x.bound_for_receipts().await?;
    match wait(x, receiver, &first.id, from, Take::Own).await {
        Some(_) => pass("the receipt came again on the next session"),
        None => {
            let within = x.settings.waits.receipt.as_secs_f64();
            fail(format!("it did not come again within {within:.1} s"))
        }
    }
}

async fn none_asked(x: &mut Examiner) -> Found {
    let receiver = x.bound_for_receipts().await?;
    let id = x.accepted_id(&x.message()).await?;
    x.switch_to(receiver);
    // as long as the others wait for theirs, on this machine
    let within = x.settings.waits.silence.after(Nanos::from_millis(200));
    match again(x, &id, 0, within).await {
        true => fail("a receipt came that was not asked for"),
        false => pass("no receipt came"),
    }
}

async fn failure_only(x: &mut Examiner) -> Found {
    let receiver = x.bound_for_receipts().await?;
    if x.gets_no_receipts() {
        return Err(precondition("no receipt came in an earlier case"));
    }
    let message = Message { registered_delivery: 2, ..x.message() };
    let id = x.accepted_id(&message).await?;
    x.switch_to(receiver);
    let within = x.settings.waits.silence.after(Nanos::from_millis(200));
    again(x, &id, 0, within).await;
    let came = x.requests.iter().find_map(|(_, pdu)| is_of(x, pdu, &id, Take::Own));
    match came.as_ref().map(|message| field(message.content(), "stat")) {
        None => pass("no receipt came"),
        Some(Some(b"DELIVRD")) => fail("a receipt of a success came"),
        Some(_) => pass("a receipt of a failure came"),
    }
}

async fn no_notification(x: &mut Examiner) -> Found {
    receipt(x, Take::Any).await?;
    let is_one = |pdu: &Pdu| Message::of(pdu).is_some_and(|message| message.is_notification());
    match x.requests.iter().any(|(_, pdu)| is_one(pdu)) {
        true => fail("an intermediate notification came before the receipt"),
        false => pass("the receipt came alone"),
    }
}

async fn appendix_b(x: &mut Examiner) -> Found {
    let came = any_receipt(x).await?.message;
    let text = came.content();
    let wanted = ["id", "sub", "dlvrd", "submit date", "done date", "stat", "err"];
    let missing: Vec<&str> = wanted.into_iter().filter(|key| field(text, key).is_none()).collect();
    if missing.is_empty() {
        pass("all seven fields are there")
    } else {
        fail(format!("without {}: {}", missing.join(", "), String::from_utf8_lossy(text)))
    }
}

async fn known_state(x: &mut Examiner) -> Found {
    let came = any_receipt(x).await?.message;
    match field(came.content(), "stat") {
        Some(stat) if FINAL.iter().any(|(word, _)| *word == stat) => {
            pass(format!("stat:{}", String::from_utf8_lossy(stat)))
        }
        Some(stat) => fail(format!("stat:{}", String::from_utf8_lossy(stat))),
        None => fail("the text has no stat"),
    }
}

async fn dates(x: &mut Examiner) -> Found {
    let came = any_receipt(x).await?.message;
    for key in ["submit date", "done date"] {
        let Some(date) = field(came.content(), key) else {
            return fail(format!("the text has no {key}"));
        };
        if date.len() != 10 || !date.iter().all(u8::is_ascii_digit) {
            return fail(format!("{key}:{}", String::from_utf8_lossy(date)));
        }
    }
    pass("10 digits each")
}

async fn receipted_id(x: &mut Examiner) -> Found {
    let receipt = any_receipt(x).await?;
    match receipt.message.tlv(RECEIPTED_MESSAGE_ID) {
        None => unsupported("the receipt has no receipted_message_id"),
        Some(id) if same_id(x.settings.id_mode, &receipt.id, id) => pass("the same id"),
        Some(id) => fail(format!(
            "the response says {}, receipted_message_id {}",
            String::from_utf8_lossy(&receipt.id),
            String::from_utf8_lossy(id)
        )),
    }
}

async fn state_tlv(x: &mut Examiner) -> Found {
    let came = any_receipt(x).await?.message;
    let Some(state) = came.tlv(MESSAGE_STATE) else {
        return unsupported("the receipt has no message_state");
    };
    let stat = field(came.content(), "stat").unwrap_or_default();
    let known = FINAL.iter().chain([&UNKNOWN]).find(|(word, _)| *word == stat);
    let shown = String::from_utf8_lossy(stat);
    match (known, state) {
        (Some((_, number)), [same]) if same == number => pass(format!("{shown} and {same}")),
        (None, [1..=9]) if stat.is_empty() => pass("message_state alone"),
        _ => fail(format!("stat:{shown}, message_state {state:02X?}")),
    }
}
