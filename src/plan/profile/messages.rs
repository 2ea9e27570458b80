//! `[[messages]]`: what is sent, from where, to where.
use crate::kit::{MIB, read_text_at_most};
use crate::plan::defaults;
use crate::plan::model::{Address, AddressFrom, Content, Long, Message, PlannedTlv, TlvValue};
use crate::plan::section::{Item, Read, Section};
use crate::plan::tree::without_mark;
use std::collections::HashSet;

const KEYS: &[&str] = &[
    "label",
    "weight",
    "source",
    "destination",
    "text",
    "text_file",
    "octets",
    "data_coding",
    "packed",
    "long",
    "registered_delivery",
    "service_type",
    "priority",
    "protocol_id",
    "validity_period",
    "schedule_delivery_time",
    "esm_class",
    "tlvs",
];
const ADDRESS_KEYS: &[&str] = &["fixed", "range", "file", "random", "ton", "npi"];
/// An address has at most 20 characters and a NUL (v3.4, 5.2.8 and 5.2.9).
const ADDRESS_MAX: usize = 20;
/// Longest period of the weights.
const WEIGHTS_MAX: u64 = 10_000;

/// All messages; the built-in one where none is written.
pub(super) fn read(root: &Section<'_>) -> Read<Vec<Message>> {
    let sections = match root.each("messages", |i| i.section(KEYS))? {
        Some(sections) if sections.is_empty() => {
            return Err(root.error_at("messages", "is empty; write at least one [[messages]]"));
        }
        Some(sections) => sections,
        None => vec![root.section("messages", KEYS)?],
    };
    let several = sections.len() > 1;
    let mut labels = HashSet::new();
    let mut list: Vec<Message> = Vec::with_capacity(sections.len());
    for (number, section) in sections.iter().enumerate() {
        let label = section.read("label", |i| i.text())?.unwrap_or_else(|| {
            if several { format!("message-{}", number + 1) } else { "default".into() }
        });
        if !labels.insert(label.clone()) {
            let why = format!("two messages labelled {label:?}; give each a `label` of its own");
            return Err(section.error_at("label", why));
        }
        list.push(message(section, label)?);
    }
    Ok(list)
}

fn message(section: &Section<'_>, label: String) -> Read<Message> {
    let octet = |key: &str, default: u8| -> Read<u8> {
        Ok(section.read(key, |i| i.whole(0..=255u8))?.unwrap_or(default))
    };
    let source = match section.item("source") {
        Some(item) => address(&item, false)?,
        None => Address { ton: 1, npi: 1, from: AddressFrom::Fixed(defaults::NUMBERS.0.into()) },
    };
    let destination = match section.item("destination") {
        Some(item) => address(&item, true)?,
        None => {
            let (first, last) = defaults::NUMBERS;
            Address { ton: 1, npi: 1, from: AddressFrom::Range(first.into(), last.into()) }
        }
    };
    Ok(Message {
        label,
        weight: section.read("weight", |i| i.whole(1..=WEIGHTS_MAX))?.unwrap_or(1),
        service_type: section.read("service_type", |i| i.ascii(5))?.unwrap_or_default(),
        source,
        destination,
        content: content(section)?,
        data_coding: section.read("data_coding", data_coding)?,
        packed: section.read("packed", |i| i.flag())?.unwrap_or(false),
        long: section.read("long", |i| i.choice())?.unwrap_or(Long::Udh8),
        registered_delivery: octet("registered_delivery", 1)?,
        esm_class: octet("esm_class", 0)?,
        protocol_id: octet("protocol_id", 0)?,
        priority: octet("priority", 0)?,
        validity_period: section.read("validity_period", time)?.unwrap_or_default(),
        schedule_delivery_time: section.read("schedule_delivery_time", time)?.unwrap_or_default(),
        tlvs: section.each("tlvs", tlv)?.unwrap_or_default(),
    })
}

fn content(section: &Section<'_>) -> Read<Content> {
    match section.given(&["text", "text_file", "octets"])[..] {
        [] => Ok(Content::Text(defaults::TEXT.into())),
        [key] => {
            let item = section.item(key).expect("it is given");
            match key {
                "text" => item.text().map(Content::Text),
                "octets" => item.hex().map(Content::Octets),
                _ => {
                    let path = item.place().file(&item.text()?);
                    let text = read_text_at_most(&path, 16 * MIB).map_err(|e| {
                        let path = path.display();
                        item.error(format!("{path} cannot be read ({e}); give a file of UTF-8"))
                    })?;
                    let text = without_mark(&text).trim_end_matches(['\n', '\r']);
                    Ok(Content::Text(text.to_string()))
                }
            }
        }
        [_, second, ..] => {
            Err(section.error_at(second, "a second content; write text, text_file or octets"))
        }
    }
}

/// A number, or the common ones by name.
fn data_coding(item: &Item<'_>) -> Read<u8> {
    match item.as_text() {
        None => item.whole(0..=255u8),
        Some("gsm") => Ok(0x00),
        Some("ascii") => Ok(0x01),
        Some("latin1") => Ok(0x03),
        Some("binary") => Ok(0x04),
        Some("ucs2") => Ok(0x08),
        Some(other) => Err(item.error(format!(
            "{other:?} is no coding; write 0 to 255 or gsm, ascii, latin1, binary, ucs2"
        ))),
    }
}

/// `"447700900123"`, or a table that says where it is taken from.
fn address(item: &Item<'_>, destination: bool) -> Read<Address> {
    if item.as_text().is_some() {
        let (digits, ton, npi) = plain(item, destination)?;
        return Ok(Address { ton, npi, from: AddressFrom::Fixed(digits) });
    }
    let section = item.section(ADDRESS_KEYS)?;
    let (from, ton, npi) = match section.given(&["fixed", "range", "file", "random"])[..] {
        [key] => {
            let inner = section.item(key).expect("it is given");
            match key {
                "fixed" => {
                    let (digits, ton, npi) = plain(&inner, destination)?;
                    (AddressFrom::Fixed(digits), ton, npi)
                }
                "range" => (range(&inner)?, 1, 1),
                "file" => (file(&inner)?, 1, 1),
                _ => (random(&inner)?, 1, 1),
            }
        }
        _ => return Err(section.error("write one of fixed, range, file, random")),
    };
    let octet = |i: &Item<'_>| i.whole(0..=255u8);
    Ok(Address {
        ton: section.read("ton", octet)?.unwrap_or(ton),
        npi: section.read("npi", octet)?.unwrap_or(npi),
        from,
    })
}

/// One address with the TON and NPI it seems to have: digits are international, letters alphanumeric.
fn plain(item: &Item<'_>, destination: bool) -> Read<(String, u8, u8)> {
    let text = item.ascii(ADDRESS_MAX + 1)?;
    let digits = text.strip_prefix('+').unwrap_or(&text);
    if !digits.is_empty() && is_digits(digits) && digits.len() <= ADDRESS_MAX {
        return Ok((digits.to_string(), 1, 1));
    }
    let why = if destination {
        format!("{text:?} is no number; write up to {ADDRESS_MAX} digits")
    } else if text.len() > ADDRESS_MAX {
        format!("{text:?} is too long; write up to {ADDRESS_MAX} characters")
    } else {
        return Ok((text, 5, 0));
    };
    Err(item.error(why))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn range(item: &Item<'_>) -> Read<AddressFrom> {
    let ends = item.list()?;
    let [first, last] = &ends[..] else {
        return Err(item.error(format!("{} numbers; write two, [first, last]", ends.len())));
    };
    let (first, last) = (plain(first, true)?.0, plain(last, true)?.0);
    // 19 digits are what 64 bits can count
    if first.len() != last.len() || first > last || first.len() > 19 {
        let why = format!(
            "{first} to {last} is no range; write as many digits (at most 19), the smaller first"
        );
        return Err(item.error(why));
    }
    Ok(AddressFrom::Range(first, last))
}

fn random(item: &Item<'_>) -> Read<AddressFrom> {
    let pattern = item.ascii(ADDRESS_MAX)?;
    let known = pattern.bytes().all(|b| b.is_ascii_digit() || b == b'#');
    if known && pattern.contains('#') {
        Ok(AddressFrom::Random(pattern))
    } else {
        Err(item.error(format!("{pattern:?} will not do; write digits and # for random ones")))
    }
}

/// One address a line, in the first column; blank lines, `#` comments and a heading are passed over.
fn file(item: &Item<'_>) -> Read<AddressFrom> {
    let path = item.place().file(&item.text()?);
    let name = path.display().to_string();
    let text = read_text_at_most(&path, 1024 * MIB)
        .map_err(|e| item.error(format!("{name} cannot be read ({e}); give a list of numbers")))?;
    let mut addresses = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_start_matches('\u{feff}').trim();
        let column = line.split([',', ';', '\t']).next().unwrap_or_default();
        let cell = column.trim().trim_matches('"').trim();
        let heading = number == 0 && !cell.bytes().any(|b| b.is_ascii_digit());
        if cell.is_empty() || cell.starts_with('#') || heading {
            continue;
        }
        let digits = cell.strip_prefix('+').unwrap_or(cell);
        if digits.is_empty() || digits.len() > ADDRESS_MAX || !is_digits(digits) {
            let place = format!("{name}:{}", number + 1);
            let why = format!("{place}: {cell:?} is no number; write up to {ADDRESS_MAX} digits");
            return Err(item.error(why));
        }
        addresses.push(digits.to_string());
    }
    if addresses.is_empty() {
        return Err(item.error(format!("{name} holds no number; write one a line")));
    }
    Ok(AddressFrom::List { file: name, addresses })
}

/// As on the wire (16 characters), a span of time from acceptance, or a time in RFC 3339.
fn time(item: &Item<'_>) -> Read<String> {
    let text = item.text()?;
    let (digits, sign) = text.split_at_checked(15).unwrap_or(("", ""));
    if is_digits(digits) && matches!(sign, "+" | "-" | "R") {
        return Ok(text);
    }
    if let Ok(span) = humantime::parse_duration(&text) {
        return relative(span.as_secs())
            .ok_or_else(|| item.error(format!("{text:?} is beyond 99 years; shorten it")));
    }
    let absolute = humantime::parse_rfc3339(&text).ok().map(|t| {
        // 2026-11-23T10:00:00Z -> 261123100000
        let utc = humantime::format_rfc3339_seconds(t).to_string();
        let digits: String = utc.chars().filter(char::is_ascii_digit).skip(2).collect();
        format!("{digits}000+")
    });
    absolute.ok_or_else(|| {
        let forms = "\"1h\", \"2026-11-23T10:00:00Z\" or the wire's 16 characters";
        item.error(format!("{text:?} is no time; write {forms}"))
    })
}

/// YYMMDDhhmmss000R; a month counts 30 days, a year 12 of them.
fn relative(seconds: u64) -> Option<String> {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (months, days) = (days / 30, days % 30);
    let (years, months) = (months / 12, months % 12);
    let (hours, minutes, seconds) = (rest / 3600, rest / 60 % 60, rest % 60);
    (years <= 99)
        .then(|| format!("{years:02}{months:02}{days:02}{hours:02}{minutes:02}{seconds:02}000R"))
}

fn tlv(item: &Item<'_>) -> Read<PlannedTlv> {
    let section = item.section(&["tag", "int", "octets", "text", "cstring", "hex"])?;
    let tag = section.need("tag")?;
    let tag = tag.tag()?;
    let value = match section.given(&["int", "text", "cstring", "hex"])[..] {
        [key] => {
            let value = section.item(key).expect("it is given");
            match key {
                "int" => int(&section, &value)?,
                "text" => TlvValue::Text(value.text()?),
                "cstring" => TlvValue::CString(value.text()?),
                _ => TlvValue::Octets(value.hex()?),
            }
        }
        _ => return Err(section.error("write one of int, text, cstring, hex")),
    };
    if key_misplaced(&section, &value) {
        return Err(section.error_at("octets", "goes with `int` only; leave it out"));
    }
    Ok(PlannedTlv { tag, value })
}

fn key_misplaced(section: &Section<'_>, value: &TlvValue) -> bool {
    section.has("octets") && !matches!(value, TlvValue::Int { .. })
}

fn int(section: &Section<'_>, item: &Item<'_>) -> Read<TlvValue> {
    let value = item.whole(0..=i64::MAX as u64)?;
    let octets = section.read("octets", |i| i.whole(1..=8u8))?.unwrap_or(1);
    if ![1, 2, 4, 8].contains(&octets) {
        return Err(section.error_at("octets", format!("{octets} will not do; write 1, 2, 4 or 8")));
    }
    if octets < 8 && value >> (8 * octets) != 0 {
        return Err(item.error(format!("{value} does not fit {octets} octets; raise `octets`")));
    }
    Ok(TlvValue::Int { value, octets })
}
