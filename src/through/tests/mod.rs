//! What a relay does wrong is reported as often as it did it, and nothing else.
mod plants;
mod relay;
mod simulation;

use crate::kit::Nanos;
use crate::measure::through::{
    AnsweredBy, ExampleClass, MoBooks, OrderBy, ReceiptBooks, SubmitBooks, ThroughRecord, Transit,
};
use crate::plan::Rewrite;
use crate::smpp::marker::Carrier;
use plants::{Field, Plant};
use relay::Habits;
use simulation::{Outcome, Setup};

/// 7 ms forward, 3 ms for responses, 11 ms for receipts, 5 ms for MO.
fn delays() -> Habits {
    Habits {
        forward: Nanos::from_millis(7),
        response: Nanos::from_millis(3),
        receipt: Nanos::from_millis(11),
        mo: Nanos::from_millis(5),
        ..Habits::default()
    }
}

/// Two accounts of two binds each; one message in two is a payload.
fn profile(messages: u64, rate: u64) -> String {
    let seconds = messages / rate;
    format!(
        r#"
        load.stages = [{{ hold = {rate}, for = "{seconds}s" }}]
        binds = {{ count = 2, window = 1000 }}
        accounts = [{{ name = "a", system_id = "a" }}, {{ name = "b", system_id = "b" }}]
        receipts.deadline = "2s"
        timeouts.response = "1s"
        guard.foreign = "ack"
        [[messages]]
        label = "short"
        text = "hello {{seq}}, this is a message of one part"
        service_type = "CMT"
        tlvs = [{{ tag = "source_port", int = 7, octets = 2 }}]
        [[messages]]
        label = "long"
        text = "{}"
        long = "payload"
        [embedded]
        response.latency = "20ms"
        receipts.delay = "50ms"
        "#,
        "a long text ".repeat(25)
    )
}

fn run(messages: u64, plants: Vec<Plant>) -> Outcome {
    let rate = (messages / 4).max(1);
    Setup::with(&profile(messages, rate), Habits { plants, ..delays() }).run()
}

/// The books that a clean relay has.
fn clean(through: &ThroughRecord) -> (SubmitBooks, ReceiptBooks) {
    let sent = through.submits.sent;
    let submits =
        SubmitBooks { sent, accepted: sent, once: sent, came_out: sent, ..SubmitBooks::default() };
    let receipts = ReceiptBooks { sent, once: sent, came: sent, ..ReceiptBooks::default() };
    (submits, receipts)
}

#[test]
fn a_clean_relay_is_reported_with_nothing_and_its_delays_to_a_fifth_of_a_millisecond() {
    let Outcome { through, record, .. } = run(4_000, Vec::new());
    assert_eq!(record.ledger().planned, 4_000);
    assert!(through.balanced);
    let (submits, receipts) = clean(&through);
    assert_eq!((&through.submits, &through.receipts), (&submits, &receipts));
    assert_eq!(through.submits.sent, 4_000);
    assert!(through.fields.is_empty() && through.examples.all().is_empty());
    assert_eq!(through.answers.by(), AnsweredBy::Upstream);
    assert!(through.order.iter().all(|row| row.reordered == 0 && row.messages == 4_000));
    for (transit, millis) in [
        (Transit::Forward, 7.0),
        (Transit::ResponseReturn, 3.0),
        (Transit::ReceiptReturn, 11.0),
        (Transit::Gateway, 10.0),
    ] {
        let latency = through.times.of(transit);
        assert_eq!(latency.count(), 4_000, "{}", transit.name());
        for of in [latency.min(), latency.max()] {
            let of = of.unwrap_or_default().0 as f64 / 1e6;
            assert!((of - millis).abs() < 0.2, "{}: {of} ms", transit.name());
        }
    }
}

/// The number that the books give of a plant.
fn reported(through: &ThroughRecord, plant: Plant) -> u64 {
    let ThroughRecord { submits, receipts, fields, order, answers, .. } = through;
    let of_field = |name: &str| fields.iter().find(|row| row.name == name).map_or(0, |r| r.altered);
    match plant {
        Plant::Lose => submits.lost,
        Plant::Double => submits.duplicate,
        Plant::Alter(field) => of_field(field.name()),
        Plant::Reorder => {
            order.iter().find(|row| row.by == OrderBy::Bind).map_or(0, |row| row.reordered)
        }
        Plant::Misroute => submits.wrong_upstream,
        Plant::NoAnswer => submits.maybe_out,
        Plant::Ghost => submits.ghost,
        Plant::AnswerFirst => answers.itself,
        Plant::Resegment => submits.resegmented,
        Plant::Invent => submits.unexpected,
        Plant::SwallowReceipt => receipts.lost,
        Plant::DoubleReceipt => receipts.duplicate,
        Plant::ReceiptState => of_field("receipt.state"),
        Plant::ReceiptErr => of_field("receipt.err"),
        Plant::ReceiptDate => of_field("receipt.dates"),
        Plant::ReceiptText => of_field("receipt.text"),
        Plant::ReceiptOtherAccount => receipts.other_account,
        Plant::ReceiptOtherBind => receipts.other_bind,
        Plant::ReceiptFirst => receipts.before_response,
        Plant::ReceiptInvent => receipts.unknown,
    }
}

#[test]
fn each_plant_alone_is_reported_as_often_as_it_was_planted() {
    let mut wrong = Vec::new();
    for plant in plants::all() {
        let outcome = run(2_000, vec![plant; 2]);
        let (planted, found) = (outcome.planted(plant), reported(&outcome.through, plant));
        if planted != found || planted == 0 || !outcome.through.balanced {
            let ThroughRecord { submits, receipts, balanced, .. } = &outcome.through;
            wrong.push(format!("{plant:?}: {planted} planted, {found} reported, {balanced}, {submits:?} {receipts:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
