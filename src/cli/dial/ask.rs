//! What `dial` is asked for: flags in, a guarded plan and the PDUs to send out. It connects to nobody.
use crate::cli::args::DialArgs;
use crate::cli::decode::parse_hex;
use crate::cli::exit::Failure;
use crate::kit::{Clock, Nanos};
use crate::plan::{self, BindType, Plan, PlanError, Recipe, Scratch, Source};
use crate::smpp::pdu::{self, Body, Dest, Pdu};
use crate::smpp::{CommandId, Header, Tag, TlvType, frame};
use bytes::BytesMut;

/// `quick` without its load: what is said comes from the flags.
const PROFILE: &str = "name = \"dial\"\n[target]\naddress = \"embedded\"\n[binds]\ncount = 1\n";
/// Flags and the settings that they become: a mistake is told at the flag.
const SETTINGS: [(&str, &str); 2] = [("--long", "messages.0.long"), ("--tlv", "messages.0.tlvs")];

/// What is asked for.
#[derive(Debug)]
pub(super) struct Ask {
    /// Who binds where, and within what bounds.
    pub(super) plan: Plan,
    /// What is sent, in order.
    pub(super) says: Vec<Say>,
    /// `--wait`.
    pub(super) wait: Option<Nanos>,
}

impl Ask {
    /// The first message of a plan, once, and its receipt.
    ///
    /// # Errors
    /// A plan whose binds cannot send, or whose message cannot be encoded.
    pub(super) fn first_message(plan: Plan) -> Result<Ask, Failure> {
        let says = messages(&plan)?.into_iter().take(1).collect();
        Ok(Ask { plan, says, wait: None })
    }
}

/// Octets to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Say {
    /// A whole PDU; from `--send`, anything.
    pub(super) octets: Vec<u8>,
    /// Whether the session gives it its sequence_number.
    pub(super) numbered: bool,
}

/// Reads the flags.
///
/// # Errors
/// The first mistake, or what the guard says, in one line.
pub(super) fn read(args: &DialArgs) -> Result<Ask, Failure> {
    let mut overrides = args.overrides.overrides();
    let mut set = settings(args)?;
    set.append(&mut overrides.set);
    overrides.set = set;
    // one message in all: the load's flags say nothing here
    overrides.rate = Some("1".to_owned());
    overrides.duration = Some("1s".to_owned());
    overrides.warmup = Some("0s".to_owned());
    overrides.binds = Some(1);
    // parts of two dials to one address must not bear the same reference
    overrides.seed.get_or_insert(Clock::wall_ns() >> 1);
    let source = Source::Text { name: "dial".to_owned(), text: PROFILE.to_owned() };
    let plan = plan::load(&source, &overrides).map_err(at_flag)?;
    check_plan(&plan)?;
    let mut says = Vec::new();
    if wants_message(args) {
        says.extend(messages(&plan)?);
    }
    for hex in &args.send {
        says.extend(raw(hex, plan.target.is_loopback())?);
    }
    guard(&plan, &says)?;
    Ok(Ask { plan, says, wait: args.wait.map(Nanos::from) })
}

fn wants_message(args: &DialArgs) -> bool {
    let message = &args.overrides.message;
    message.from.is_some() || message.to.is_some() || message.text.is_some()
}

/// What only `dial` says of its message, as `--set` would write it.
fn settings(args: &DialArgs) -> Result<Vec<String>, Failure> {
    let message = &args.overrides.message;
    let long = args.long.as_ref().map(|way| toml::Value::String(way.clone()));
    let mut set: Vec<String> = long.iter().map(|way| format!("messages.0.long={way}")).collect();
    let needless = [
        ("--coding", message.coding.is_some()),
        ("--long", args.long.is_some()),
        ("--tlv", !args.tlv.is_empty()),
    ];
    if !wants_message(args)
        && let Some((flag, _)) = needless.iter().find(|(_, given)| *given)
    {
        let why = format!("{flag}: goes with a submit_sm; write --to or --text too");
        return Err(Failure::usage(why));
    }
    if message.coding.as_deref() == Some("binary") && message.text.is_none() {
        return Err(Failure::usage("--coding binary: needs octets; write --text with hex"));
    }
    let tlvs: Vec<String> = args.tlv.iter().map(|t| tlv(t)).collect::<Result<_, _>>()?;
    if !tlvs.is_empty() {
        set.push(format!("messages.0.tlvs=[{}]", tlvs.join(", ")));
    }
    Ok(set)
}

/// `NAME_OR_TAG=VALUE` as the profile writes it.
fn tlv(written: &str) -> Result<String, Failure> {
    let wrong = |why: &str| Failure::usage(format!("--tlv {written}: {why}"));
    let (name, value) =
        written.split_once('=').ok_or_else(|| wrong("is not a TLV; write NAME_OR_TAG=VALUE"))?;
    let number = match name.strip_prefix("0x").or_else(|| name.strip_prefix("0X")) {
        Some(hex) => u16::from_str_radix(hex, 16).ok(),
        None => name.parse().ok(),
    };
    let tag = Tag::by_name(name)
        .or(number.map(Tag))
        .ok_or_else(|| wrong("no TLV has this name; write its tag, such as 0x1403"))?;
    let kinds = ["int1", "int2", "int4", "int8", "text", "cstring", "hex"];
    let (kind, value) = match value.split_once(':') {
        Some((kind, rest)) if kinds.contains(&kind) => (kind, rest),
        Some(_) | None => (kind_of(tag), value),
    };
    let quoted = toml::Value::String(value.to_owned());
    let value = match kind.strip_prefix("int") {
        Some(octets) => {
            let number = match value.strip_prefix("0x") {
                Some(hex) => u64::from_str_radix(hex, 16),
                None => value.parse(),
            };
            let number = number.map_err(|_| wrong("its value is a number; or write hex: first"))?;
            format!("int = {number}, octets = {octets}")
        }
        None => format!("{kind} = {quoted}"),
    };
    Ok(format!("{{ tag = {}, {value} }}", tag.0))
}

/// How a TLV's value is written where the flag does not say.
fn kind_of(tag: Tag) -> &'static str {
    match tag.info().map(|info| info.tlv_type) {
        Some(TlvType::Int1) => "int1",
        Some(TlvType::Int2) => "int2",
        Some(TlvType::Int4) => "int4",
        Some(TlvType::Cstr) => "cstring",
        Some(TlvType::Octets) | None => "text",
    }
}

/// A mistake in a setting that a flag became, told at the flag.
fn at_flag(e: PlanError) -> Failure {
    let flag = e.setting().and_then(|key| SETTINGS.iter().find(|(_, setting)| *setting == key));
    match flag {
        Some((flag, _)) => Failure::usage(e.at_flag(flag)),
        None => Failure::usage(e),
    }
}

fn check_plan(plan: &Plan) -> Result<(), Failure> {
    if plan.accounts[0].binds.bind_type == BindType::Pair {
        let why = "--bind-type: dial opens one session; write transceiver, transmitter or receiver";
        return Err(Failure::usage(why));
    }
    // every file is read before anything is said
    crate::trial::client_tls(&plan.target).map_err(Failure::usage)?;
    Ok(())
}

/// The submit_sm of the first message: all its parts.
fn messages(plan: &Plan) -> Result<Vec<Say>, Failure> {
    if plan.accounts[0].binds.bind_type == BindType::Receiver {
        let why = "--bind-type receiver: may not send a submit_sm; write transceiver";
        return Err(Failure::usage(why));
    }
    let recipe = Recipe::new(plan).map_err(at_flag)?;
    let mut scratch = Scratch::default();
    let wall = Clock::wall_ns();
    let says = (0..)
        .take_while(|index| recipe.pick(*index).message == 0)
        .map(|index| {
            let mut octets = BytesMut::new();
            recipe.stamp(index, 0, wall, &mut scratch, &mut octets);
            Say { octets: octets.to_vec(), numbered: true }
        })
        .collect();
    Ok(says)
}

/// The PDUs of `--send`, and what is left that is none.
fn raw(hex: &str, loopback: bool) -> Result<Vec<Say>, Failure> {
    let octets = parse_hex(hex).map_err(|why| Failure::usage(format!("--send: {why}")))?;
    if octets.is_empty() {
        let why = "--send: nothing to send; write pairs of hexadecimal digits";
        return Err(Failure::usage(why));
    }
    let mut says = Vec::new();
    let mut rest = &octets[..];
    while let Ok(Some(length)) = frame::cut(rest, frame::OCTETS_MAX_DEFAULT) {
        says.push(Say { octets: rest[..length].to_vec(), numbered: false });
        rest = &rest[length..];
    }
    if !rest.is_empty() {
        if !loopback {
            let why = "what is no whole PDU is sent on loopback only; write whole ones";
            let why = format!("--send: {} octets are left over; {why}", rest.len());
            return Err(Failure::usage(why));
        }
        says.push(Say { octets: rest.to_vec(), numbered: false });
    }
    Ok(says)
}

/// Messages and destinations stay within the guard, however they are written.
fn guard(plan: &Plan, says: &[Say]) -> Result<(), Failure> {
    let guard = &plan.guard;
    let mut messages = 0;
    for say in says {
        let Some(header) = Header::read(&say.octets) else { continue };
        let carries = [
            CommandId::SUBMIT_SM,
            CommandId::SUBMIT_MULTI,
            CommandId::DATA_SM,
            CommandId::BROADCAST_SM,
        ];
        if !carries.contains(&header.command_id) {
            continue;
        }
        let decoded = pdu::decode(&say.octets);
        let to = decoded.as_ref().map_or_else(|_| None, destinations);
        messages += to.as_ref().map_or(1, |to| to.len().max(1) as u64);
        let admitted = |to: &String| guard.destinations.iter().any(|p| plan::matches(p, to));
        if !guard.destinations.is_empty() && !to.as_ref().is_some_and(|to| to.iter().all(admitted))
        {
            let known = guard.destinations.join(", ");
            let which = to.map_or("an unreadable one".to_owned(), |to| to.join(", "));
            let why = format!("destination {which} is outside guard.destinations ({known})");
            return Err(Failure::usage(why));
        }
    }
    match guard.messages_max {
        Some(most) if messages > most => Err(Failure::usage(format!(
            "{messages} messages, more than guard.messages_max = {most}; shorten the text or raise \
             --max-messages"
        ))),
        Some(_) | None => Ok(()),
    }
}

/// Whom a PDU is for; None: it cannot be told.
fn destinations(pdu: &Pdu<'_>) -> Option<Vec<String>> {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    match &pdu.body {
        Body::SubmitSm(sm) => Some(vec![text(sm.destination_addr)]),
        Body::DataSm(sm) => Some(vec![text(sm.destination_addr)]),
        Body::SubmitMulti(sm) => {
            let one = |dest| match dest {
                Dest::Sme { destination_addr, .. } => Some(text(destination_addr)),
                // nobody but the SMSC knows who is on a distribution list
                Dest::List { .. } => None,
            };
            sm.dest_addresses.iter().map(one).collect()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(change: impl FnOnce(&mut DialArgs)) -> Result<Ask, Failure> {
        let mut args = DialArgs::default();
        change(&mut args);
        read(&args)
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn without_a_message_nothing_is_sent() {
        assert_eq!(ask(|_| {}).unwrap().says, []);
        assert!(
            ask(|a| a.overrides.message.coding = some("ucs2"))
                .unwrap_err()
                .to_string()
                .starts_with("--coding: goes with")
        );
    }

    #[test]
    fn a_message_is_what_the_flags_say() {
        let asked = ask(|a| {
            (a.overrides.message.from, a.overrides.message.to, a.overrides.message.text) =
                (some("Shop"), some("+447700900123"), some("Grüße \"=\"\n{}"));
            a.tlv = vec!["user_message_reference=513".to_owned(), "0x1403=text:a=b".to_owned()];
        });
        let says = asked.unwrap().says;
        let [say] = &says[..] else { panic!("{says:?}") };
        let decoded = pdu::decode(&say.octets).unwrap();
        let Body::SubmitSm(sm) = decoded.body else { panic!("{decoded:?}") };
        assert_eq!((sm.source_addr, sm.source_addr_ton), (&b"Shop"[..], 5));
        assert_eq!((sm.destination_addr, sm.dest_addr_ton), (&b"447700900123"[..], 1));
        assert_eq!((sm.registered_delivery, sm.data_coding), (1, 0));
        let text = crate::smpp::coding::Coding::Gsm.decode(sm.short_message);
        assert_eq!(text, "Grüße \"=\"\n{}");
        assert_eq!(sm.tlvs.get(Tag::USER_MESSAGE_REFERENCE), Some(&[2, 1][..]));
        assert_eq!(sm.tlvs.get(Tag(0x1403)), Some(&b"a=b"[..]));
    }

    #[test]
    fn a_long_text_has_parts_and_binary_is_written_in_hex() {
        let long = |way: Option<&str>| {
            ask(|a| {
                (a.overrides.message.text, a.long) = (Some("x".repeat(300)), way.map(str::to_owned))
            })
        };
        assert_eq!(long(None).unwrap().says.len(), 2);
        assert_eq!(long(Some("payload")).unwrap().says.len(), 1);
        assert!(long(Some("reject")).unwrap_err().to_string().contains("--text"));
        let says = ask(|a| {
            (a.overrides.message.text, a.overrides.message.coding) =
                (some("00ff 80"), some("binary"))
        })
        .unwrap()
        .says;
        let decoded = pdu::decode(&says[0].octets).unwrap();
        let Body::SubmitSm(sm) = decoded.body else { panic!("{decoded:?}") };
        assert_eq!((sm.data_coding, sm.short_message), (4, &[0, 0xFF, 0x80][..]));
    }

    #[test]
    fn mistakes_are_told_at_their_flag() {
        let told = |change: &dyn Fn(&mut DialArgs)| ask(change).unwrap_err().to_string();
        let line = told(&|a| a.overrides.message.to = some("nobody"));
        assert!(
            line.starts_with("--to: ") && line.contains("\"nobody\" is not a number"),
            "{line}"
        );
        let line = told(&|a| {
            (a.overrides.message.text, a.overrides.message.coding) = (some("ж"), some("latin1"))
        });
        assert!(line.starts_with("--text: ") && line.contains("U+0436"), "{line}");
        let line = told(&|a| {
            (a.overrides.message.to, a.overrides.message.coding) = (some("1"), some("klingon"))
        });
        assert!(line.starts_with("--coding: "), "{line}");
        for (written, why) in [
            ("x", "write NAME_OR_TAG=VALUE"),
            ("no_such=1", "no TLV has this name"),
            ("sar_total_segments=two", "its value is a number"),
            ("sar_total_segments=256", "256 does not fit 1 octets"),
        ] {
            let line =
                told(&|a| (a.overrides.message.to, a.tlv) = (some("1"), vec![written.to_owned()]));
            assert!(line.starts_with("--tlv") && line.contains(why), "{line}");
        }
        assert!(told(&|a| a.send = vec!["0".to_owned()]).starts_with("--send: an odd number"));
        assert!(told(&|a| a.send = vec!["zz".to_owned()]).starts_with("--send: not hexadecimal"));
    }

    #[test]
    fn octets_that_are_sent_raw_are_cut_into_pdus_and_a_rest() {
        let enquire = "00000010 00000015 00000000 00000007";
        let says = ask(|a| a.send = vec![format!("{enquire}{enquire}00 00")]).unwrap().says;
        let lengths: Vec<usize> = says.iter().map(|say| say.octets.len()).collect();
        assert_eq!(lengths, [16, 16, 2]);
        assert!(says.iter().all(|say| !say.numbered));
    }

    #[test]
    fn the_guard_holds_for_raw_octets_too() {
        let submit = |to: &[u8]| {
            let mut octets = BytesMut::new();
            let sm = pdu::SubmitSm { destination_addr: to, ..pdu::SubmitSm::default() };
            let header = Header { command_id: CommandId::SUBMIT_SM, ..Header::default() };
            Pdu { header, body: Body::SubmitSm(sm), anomalies: Vec::new() }.encode(&mut octets);
            octets.iter().map(|o| format!("{o:02x}")).collect::<String>()
        };
        let with = |hex: String, set: &str| {
            use crate::cli::args::{Cli, Verb};
            use clap::Parser;
            let typed = ["smppbench", "dial", "--send", &hex, "--send", &hex, "--set", set];
            let Some(Verb::Dial(args)) = Cli::try_parse_from(typed).unwrap().verb else {
                panic!("it is dial")
            };
            read(&args)
        };
        let hex = submit(b"447700900123");
        assert_eq!(with(hex.clone(), "guard.messages_max=2").unwrap().says.len(), 2);
        let line = with(hex.clone(), "guard.messages_max=1").unwrap_err().to_string();
        assert!(line.starts_with("2 messages, more than"), "{line}");
        // the plan's own default message stays within: only what is sent raw does not
        let only = "guard.destinations=[\"4477009*\"]";
        assert!(with(hex, only).is_ok());
        let line = with(submit(b"491700000000"), only).unwrap_err().to_string();
        assert!(line.contains("491700000000 is outside guard.destinations"), "{line}");
    }
}
