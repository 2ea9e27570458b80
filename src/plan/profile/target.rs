//! `[target]`: whom to test, and how to reach it.
use crate::plan::guard::is_loopback;
use crate::plan::model::{AddressPolicy, Target, Tls};
use crate::plan::section::{Item, Read, Section};

const KEYS: &[&str] = &[
    "address",
    "addresses",
    "policy",
    "tls",
    "tls_ca",
    "tls_cert",
    "tls_key",
    "tls_server_name",
    "tls_verify",
    "source_addresses",
    "nodelay",
    "send_buffer",
    "receive_buffer",
    "keepalive",
];
const EMBEDDED: &str = "embedded";
const BUFFER_MAX: usize = 1 << 30;

/// The target, and whether it is on loopback.
pub(super) fn read(root: &Section<'_>) -> Read<(Target, bool)> {
    let section = root.section("target", KEYS)?;
    if section.has("address") && section.has("addresses") {
        return Err(section.error_at("addresses", "beside `address`; write one of them"));
    }
    let one = section.read("address", |i| match i.as_text() {
        Some(EMBEDDED) => Ok(EMBEDDED.to_string()),
        _ => i.address(false),
    })?;
    let several = section.each("addresses", |i| i.address(false))?;
    if several.as_ref().is_some_and(Vec::is_empty) {
        return Err(section.error_at("addresses", "is empty; write at least one \"host:port\""));
    }
    let embedded = one.as_deref().is_none_or(|a| a == EMBEDDED) && several.is_none();
    let addresses = match (several, one) {
        (Some(several), _) => several,
        (None, Some(one)) if one != EMBEDDED => vec![one],
        (None, _) => Vec::new(),
    };
    let loopback = embedded || addresses.iter().all(|a| is_loopback(a));
    let buffer = |i: &Item<'_>| i.whole(1024..=BUFFER_MAX);
    let sources = section.each("source_addresses", |i| {
        let text = i.text()?;
        let wrong = || i.error(format!("{text:?} is no IP address; write one of this host's"));
        text.parse::<std::net::IpAddr>().map_err(|_| wrong())?;
        Ok(text)
    })?;
    let target = Target {
        embedded,
        addresses,
        policy: section.read("policy", |i| i.choice())?.unwrap_or(AddressPolicy::All),
        tls: tls(&section)?,
        source_addresses: sources.unwrap_or_default(),
        nodelay: section.read("nodelay", |i| i.flag())?.unwrap_or(true),
        send_buffer: section.read("send_buffer", buffer)?,
        receive_buffer: section.read("receive_buffer", buffer)?,
        keepalive: section.read("keepalive", |i| i.flag())?.unwrap_or(false),
    };
    Ok((target, loopback))
}

fn tls(section: &Section<'_>) -> Read<Option<Tls>> {
    let file = |i: &Item<'_>| {
        let path = i.place().file(&i.text()?);
        if path.is_file() {
            Ok(path.display().to_string())
        } else {
            Err(i.error(format!("{} is no file; give a PEM file", path.display())))
        }
    };
    let given = section.given(&["tls_ca", "tls_cert", "tls_key", "tls_server_name", "tls_verify"]);
    let on = section.read("tls", |i| i.flag())?.unwrap_or(!given.is_empty());
    let (cert, key) = (section.has("tls_cert"), section.has("tls_key"));
    if cert != key {
        let alone = if cert { "tls_cert" } else { "tls_key" };
        return Err(section.error_at(alone, "alone will not do; give tls_cert and tls_key both"));
    }
    if !on {
        return Ok(None);
    }
    Ok(Some(Tls {
        ca: section.read("tls_ca", file)?,
        cert: section.read("tls_cert", file)?,
        key: section.read("tls_key", file)?,
        server_name: section.read("tls_server_name", |i| i.text())?,
        verify: section.read("tls_verify", |i| i.flag())?.unwrap_or(true),
    }))
}
