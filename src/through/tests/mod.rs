//! What a relay does wrong is reported as often as it did it, and nothing else.
mod by_hand;
#[cfg(test)]
mod compared;
mod late_mo;
mod model;
mod odd;
mod odd_parts;
mod odd_receipts;
pub(super) mod plants;
pub(super) mod relay;
pub(super) mod simulation;

use crate::kit::Nanos;
use crate::measure::through::{
    AnsweredBy, ExampleClass, OrderBy, ReceiptBooks, SubmitBooks, ThroughRecord, Transit,
};
use crate::plan::Rewrite;
use crate::smpp::marker::Carrier;
use plants::Plant;
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
        [upstream]
        listen = ["127.0.0.1:1", "127.0.0.1:2"]
        routes = [
            {{ to = "44*", upstream = "127.0.0.1:1" }},
            {{ to = "4477009005*", upstream = "127.0.0.1:2" }},
            {{ to = "4477009006*", upstream = "127.0.0.1:2" }},
            {{ to = "4477009007*", upstream = "127.0.0.1:2" }},
            {{ to = "4477009008*", upstream = "127.0.0.1:2" }},
            {{ to = "4477009009*", upstream = "127.0.0.1:2" }},
        ]
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
        let outcome = run(1_000, vec![plant; 2]);
        let (planted, found) = (outcome.planted(plant), reported(&outcome.through, plant));
        if planted != found || planted == 0 || !outcome.through.balanced {
            let ThroughRecord { submits, receipts, balanced, .. } = &outcome.through;
            wrong.push(format!("{plant:?}: {planted} planted, {found} reported, {balanced}, {submits:?} {receipts:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn of_a_relay_that_misroutes_one_in_a_hundred_exactly_these_are_at_the_wrong_upstream() {
    let outcome = run(10_000, vec![Plant::Misroute]);
    let ThroughRecord { submits, examples, balanced, .. } = &outcome.through;
    assert!(*balanced);
    assert_eq!((submits.wrong_upstream, submits.once, submits.lost), (100, 10_000, 0));
    let example = examples.of(ExampleClass::WrongUpstream).next().expect("there are 100");
    assert_eq!(example.what, "at 127.0.0.1:2, and its route is to 127.0.0.1:1");
}

/// Every plant at once, with the messages of one run.
fn all_at_once(messages: u64) {
    let plants = plants::all();
    // twice each, so that both kinds of messages meet every plant
    let outcome = run(messages, plants.iter().flat_map(|plant| [*plant; 2]).collect());
    let mut wrong = Vec::new();
    for plant in plants {
        // what was not answered in front has no id there: its receipt is lost, and unknown where it comes
        let besides = match plant {
            Plant::SwallowReceipt => {
                outcome.planted(Plant::Ghost) + outcome.planted(Plant::NoAnswer)
            }
            Plant::ReceiptInvent => outcome.planted(Plant::NoAnswer),
            _ => 0,
        };
        let (planted, found) = (outcome.planted(plant), reported(&outcome.through, plant));
        if planted + besides != found || planted == 0 {
            wrong.push(format!("{plant:?}: {planted} and {besides} planted, {found} reported"));
        }
    }
    let ThroughRecord { submits, receipts, balanced, .. } = &outcome.through;
    assert!(wrong.is_empty(), "{}\n{submits:?}\n{receipts:?}", wrong.join("\n"));
    assert!(balanced);
    assert_eq!(submits.sent, messages);
    let altered: u64 =
        plants::Field::ALL.iter().map(|field| outcome.planted(Plant::Alter(*field))).sum();
    // a payload in parts is altered too: no rewrite declares it
    assert_eq!(submits.altered, altered + outcome.planted(Plant::Resegment));
    let of_receipts =
        [Plant::ReceiptState, Plant::ReceiptErr, Plant::ReceiptDate, Plant::ReceiptText];
    let altered: u64 = of_receipts.iter().map(|plant| outcome.planted(*plant)).sum();
    assert_eq!(receipts.altered, altered);
}

#[test]
fn all_plants_together_are_reported_as_often_as_they_were_planted() {
    all_at_once(100_000);
}

#[test]
#[ignore = "a million messages: a minute, minutes without optimisation"]
fn a_million_messages_with_all_plants_are_reported_exactly() {
    all_at_once(1_000_000);
}

#[test]
fn a_gateway_that_answers_by_itself_is_found_out_and_its_share_is_its_answer() {
    let habits = Habits { answers_itself: true, ..delays() };
    let Outcome { through, .. } = Setup::with(&profile(1_000, 500), habits).run();
    assert_eq!((through.answers.by(), through.answers.itself), (AnsweredBy::Itself, 1_000));
    assert!(through.balanced && through.times.of(Transit::ResponseReturn).is_empty());
    let own = through.times.of(Transit::Gateway).mean().unwrap_or_default() / 1e6;
    assert!((own - 3.0).abs() < 0.2, "{own} ms");
}

#[test]
fn the_gateways_share_does_not_depend_on_how_long_our_smsc_waits() {
    for latency in ["0ms", "20ms", "150ms"] {
        let profile = profile(400, 200).replace("20ms", latency);
        let Outcome { through, .. } = Setup::with(&profile, delays()).run();
        let own = through.times.of(Transit::Gateway).max().unwrap_or_default().0 as f64 / 1e6;
        assert!((own - 10.0).abs() < 0.2, "{latency}: {own} ms");
    }
}

#[test]
fn a_declared_rewrite_alters_no_message_and_is_in_the_field_table_all_the_same() {
    let plant = Plant::Alter(plants::Field::Validity);
    let habits = Habits { plants: vec![plant; 2], ..delays() };
    let rewrites = vec![Rewrite::Validity];
    let setup = Setup { rewrites, ..Setup::with(&profile(1_000, 500), habits) };
    let outcome = setup.run();
    let [row] = outcome.through.fields.as_slice() else { panic!("one field changed") };
    assert_eq!((row.altered, row.declared), (outcome.planted(plant), true));
    assert_eq!((row.sent.as_str(), row.came.as_str()), ("", "000001000000000R"));
    assert_eq!(outcome.through.submits.altered, 0);
}

#[test]
fn mo_are_counted_upwards_with_what_the_relay_did_to_them() {
    let profile = profile(400, 100) + "mo.rate = 500\n";
    let habits = Habits { mo_wrong_every: 50, ..delays() };
    let Outcome { through, mo_planted: [lost, doubled, altered], .. } =
        Setup::with(&profile, habits).run();
    let mo = &through.mo;
    assert!(through.balanced && lost > 10 && mo.untracked == 0, "{mo:?}");
    assert_eq!((mo.duplicate, mo.altered, mo.unexpected), (doubled, altered, 0), "{mo:?}");
    assert_eq!(mo.lost + mo.pending, mo.sent - mo.once - doubled, "{mo:?}");
    // the last ones that were lost are pending yet, and so are those on their way
    assert!(mo.lost > 0 && (lost..lost + 20).contains(&(mo.lost + mo.pending)), "{mo:?}, {lost}");
    for (transit, millis) in [(Transit::Mo, 5.0), (Transit::MoReturn, 3.0)] {
        let mean = through.times.of(transit).mean().unwrap_or_default() / 1e6;
        assert!((mean - millis).abs() < 0.2, "{}: {mean} ms", transit.name());
    }
}

#[test]
fn each_carrier_alone_tells_every_message_apart() {
    for carrier in Carrier::ALL {
        // an address that is a marker has no digits of a route
        let has_routes = !matches!(carrier, Carrier::Destination);
        let setup =
            Setup { carriers: vec![carrier], ..Setup::with(&profile(1_000, 500), delays()) };
        let Outcome { through, .. } = setup.run();
        assert!(through.balanced, "{carrier:?}: {:?}", through.submits);
        assert_eq!(through.submits.once, 1_000, "{carrier:?}: {:?}", through.submits);
        assert!(!has_routes || through.submits.wrong_upstream == 0);
    }
}

#[test]
fn probes_show_which_carriers_survive_and_are_in_no_time() {
    let carriers = Carrier::ALL.to_vec();
    let setup = Setup { carriers, is_probe: true, ..Setup::with(&profile(100, 50), delays()) };
    let Outcome { through, .. } = setup.run();
    assert_eq!((through.probes.sent, through.probes.once, through.submits.sent), (100, 100, 0));
    assert_eq!(through.marker.tried.len(), 5);
    for trial in &through.marker.tried {
        assert_eq!((trial.survived, trial.probes), (100, 100), "{trial:?}");
    }
    assert!(through.times.of(Transit::Forward).is_empty());
}

#[test]
fn an_example_of_a_lost_message_names_it_on_both_sides() {
    let altered = Plant::Alter(plants::Field::Validity);
    let plants = vec![Plant::SwallowReceipt, Plant::Lose, Plant::Double, altered, altered];
    let outcome = run(1_000, plants);
    let examples = &outcome.through.examples;
    let receipt = examples.of(ExampleClass::ReceiptLost).next().expect("one is lost");
    assert_eq!((receipt.message, receipt.front_id.as_str()), (Some(0), "F0"));
    assert!(!receipt.upstream_id.is_empty());
    let lost = examples.of(ExampleClass::Lost).next().expect("one is lost");
    assert_eq!((lost.front_id.as_str(), lost.upstream_id.as_str()), ("F1", ""));
    let double = examples.of(ExampleClass::Duplicate).next().expect("one is doubled");
    assert!(double.what.starts_with("again after"), "{}", double.what);
    let altered = examples.of(ExampleClass::Altered).next().expect("one is altered");
    let front_id = altered.message.map(|message| format!("F{message}"));
    assert_eq!(Some(&altered.front_id), front_id.as_ref());
    assert!(!altered.upstream_id.is_empty());
    let is_of_ours = |session: Option<u32>| session.is_some_and(|session| session < 4);
    assert!(examples.all().iter().all(|example| is_of_ours(example.session)));
}

#[test]
fn a_message_that_did_not_come_out_is_told_from_one_that_our_smsc_did_not_answer() {
    let outcome = run(1_000, vec![Plant::Lose]);
    let rows = outcome.through.statuses.iter();
    let rows: Vec<_> = rows.map(|row| (row.upstream, row.front, row.came_out, row.count)).collect();
    assert_eq!(rows, [(None, Some(0), false, 10), (Some(0), Some(0), true, 990)]);
}

#[test]
fn what_our_smsc_refused_is_no_ghost_and_stands_in_the_table_of_statuses() {
    let errors = "response.errors = [{ status = \"ESME_RTHROTTLED\", share = 0.25 }]\n";
    let Outcome { through, .. } = Setup::with(&(profile(1_000, 500) + errors), delays()).run();
    let ThroughRecord { submits, statuses, balanced, .. } = &through;
    assert!(*balanced && submits.rejected > 100 && submits.ghost == 0, "{submits:?}");
    let rows: Vec<_> = statuses.iter().map(|row| (row.upstream, row.front, row.count)).collect();
    let rejected = submits.rejected;
    assert_eq!(rows, [(Some(0), Some(0), 1_000 - rejected), (Some(0x58), Some(0x58), rejected)]);
    let later = statuses[1].later.unwrap_or_default().0 as f64 / 1e6;
    assert!((later - 3.0).abs() < 0.2, "{later} ms");
}

#[test]
fn a_refusal_behind_after_an_accept_in_front_stands_in_the_table_of_statuses() {
    let errors = "response.errors = [{ status = \"ESME_RTHROTTLED\", share = 0.25 }]\n";
    let habits = Habits { answers_itself: true, ..delays() };
    let Outcome { through, .. } = Setup::with(&(profile(1_000, 500) + errors), habits).run();
    let rows: Vec<_> = through.statuses.iter().map(|row| (row.upstream, row.front)).collect();
    assert_eq!(rows, [(Some(0), Some(0)), (Some(0x58), Some(0))]);
    assert_eq!((through.submits.once, through.statuses[1].told_by_receipt), (1_000, 0));
    assert_eq!(through.statuses[1].later, None, "the answer in front was first");
}

#[test]
fn a_payload_cut_in_parts_is_found_by_a_token_that_only_one_part_has() {
    let habits = Habits { plants: vec![Plant::Resegment; 100], ..delays() };
    let setup =
        Setup { carriers: vec![Carrier::Text], ..Setup::with(&profile(1_000, 500), habits) };
    let outcome = setup.run();
    let ThroughRecord { submits, receipts, balanced, .. } = &outcome.through;
    assert!(*balanced && submits.once == 1_000, "{submits:?}");
    assert_eq!((submits.resegmented, submits.incomplete_parts, submits.unexpected), (500, 0, 0));
    assert_eq!((receipts.once, receipts.duplicate, receipts.lost), (1_000, 0, 0), "{receipts:?}");
    let names: Vec<&str> = outcome.through.fields.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["submit.segmentation"], "the text of all parts is what was sent");
    assert_eq!(outcome.through.times.of(Transit::Forward).count(), 1_000);
}

#[test]
fn parts_that_go_through_uncut_are_each_found_and_are_not_resegmented() {
    let profile = profile(400, 200).replace("\"payload\"", "\"udh8\"");
    let Outcome { through, .. } = Setup::with(&profile, delays()).run();
    let ThroughRecord { submits, fields, balanced, .. } = &through;
    assert!(*balanced && fields.is_empty(), "{fields:?}");
    assert_eq!((submits.sent, submits.once, submits.resegmented), (400, 400, 0));
}
