//! Addresses of hosts: `host:port`, and IP addresses.
use super::{Fault, Kind, Scalar, scalar};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::Deserializer;
use serde::ser::Serializer;
use std::net::IpAddr;

const STRING: &str = "a string in quotes";
const WANTED: &str = "host:port, with [ ] around an IPv6 address";
/// The target that is the simulator in this process.
pub(in crate::plan) const EMBEDDED: &str = "embedded";

/// Host (without brackets) and port of `host:port`.
pub(in crate::plan) fn split_address(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    let good = !host.is_empty() && !host.chars().any(char::is_whitespace);
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    if good && digits { Some((host, port.parse().ok()?)) } else { None }
}

fn read<'de, D: Deserializer<'de>>(
    from: D,
    read: impl FnOnce(&str) -> Result<(), Fault>,
) -> Result<String, D::Error> {
    scalar(from, STRING, |written| match written {
        Scalar::Text(text) => read(text).map(|()| text.to_owned()),
        Scalar::Whole(_) | Scalar::Decimal(_) => Err(Fault::wanted(STRING)),
    })
}

fn host_port(text: &str) -> Result<(), Fault> {
    let good = split_address(text).is_some_and(|(_, port)| port > 0);
    if good { Ok(()) } else { Err(Fault::wanted(WANTED)) }
}

/// `host:port`, the port not 0.
pub(in crate::plan) struct HostPort;

impl Kind for HostPort {
    type Value = String;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
        read(from, host_port)
    }
    fn write<S: Serializer>(address: &String, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(address)
    }
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": ":[0-9]+$" })
    }
}

/// `host:port`, or `"embedded"`.
pub(in crate::plan) struct TargetAddress;

impl Kind for TargetAddress {
    type Value = String;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
        read(from, |text| if text == EMBEDDED { Ok(()) } else { host_port(text) })
    }
    fn write<S: Serializer>(address: &String, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(address)
    }
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": ":[0-9]+$|^embedded$" })
    }
}

/// `host:port` to listen at; port 0 leaves the choice to the kernel.
pub(in crate::plan) struct ListenAddress;

impl Kind for ListenAddress {
    type Value = String;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
        read(from, |text| split_address(text).map(|_| ()).ok_or(Fault::wanted(WANTED)))
    }
    fn write<S: Serializer>(address: &String, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(address)
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        HostPort::schema(generator)
    }
}

/// An IP address of this host.
pub(in crate::plan) struct IpAddress;

impl Kind for IpAddress {
    type Value = String;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
        read(from, |text| match text.parse::<IpAddr>() {
            Ok(_) => Ok(()),
            Err(_) => {
                let why = format!("{text:?} is no IP address; write one of this host's");
                Err(Fault::Says(why))
            }
        })
    }
    fn write<S: Serializer>(address: &String, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(address)
    }
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}
