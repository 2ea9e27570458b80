//! Addresses of hosts: `host:port`, and IP addresses.
use super::{Invalid, StringKind};
use std::net::IpAddr;

const WANTED: &str = "host:port, with [ ] around an IPv6 address";
/// The target that is the simulator in this process.
pub(in crate::plan) const EMBEDDED: &str = "embedded";

/// Host (without brackets) and port of `host:port`.
fn split_address(text: &str) -> Option<(&str, u16)> {
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

/// Whether `host:port` is on this machine: 127.0.0.0/8, ::1, localhost.
pub fn is_loopback(address: &str) -> bool {
    let host = split_address(address).map_or(address, |(host, _)| host);
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(ip)) => ip.to_canonical().is_loopback(),
        Ok(IpAddr::V4(ip)) => ip.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

fn host_port(text: &str) -> Result<String, Invalid> {
    let good = split_address(text).is_some_and(|(_, port)| port > 0);
    if good { Ok(text.to_owned()) } else { Err(Invalid::wanted(WANTED)) }
}

/// `host:port`, the port not 0.
pub(in crate::plan) struct HostPort;

impl StringKind for HostPort {
    const PATTERN: &'static str = ":[0-9]+$";
    fn check(text: &str) -> Result<String, Invalid> {
        host_port(text)
    }
}

/// `host:port`, or `"embedded"`.
pub(in crate::plan) struct TargetAddress;

impl StringKind for TargetAddress {
    const PATTERN: &'static str = ":[0-9]+$|^embedded$";
    fn check(text: &str) -> Result<String, Invalid> {
        if text == EMBEDDED { Ok(text.to_owned()) } else { host_port(text) }
    }
}

/// `host:port` to listen at; port 0 leaves the choice to the kernel.
pub(in crate::plan) struct ListenAddress;

impl StringKind for ListenAddress {
    const PATTERN: &'static str = ":[0-9]+$";
    fn check(text: &str) -> Result<String, Invalid> {
        split_address(text).map(|_| text.to_owned()).ok_or(Invalid::wanted(WANTED))
    }
}

/// `http://host:port/path`; the port is 80 without one.
pub(in crate::plan) struct HttpUrl;

impl StringKind for HttpUrl {
    const PATTERN: &'static str = "^http://";
    fn check(text: &str) -> Result<String, Invalid> {
        const WANTED: &str =
            "http://host:port/path, in ASCII, without a user; https is not supported";
        let rest =
            text.strip_prefix("http://").filter(|rest| rest.chars().all(|c| c.is_ascii_graphic()));
        let authority = rest.map(|rest| rest.split(['/', '?']).next().unwrap_or(rest));
        let good = |authority: &&str| {
            let bare = !authority.is_empty() && !authority.contains([':', '@']);
            bare || (!authority.contains('@') && host_port(authority).is_ok())
        };
        authority.filter(good).map(|_| text.to_owned()).ok_or(Invalid::wanted(WANTED))
    }
}

/// An IP address of this host.
pub(in crate::plan) struct IpAddress;

impl StringKind for IpAddress {
    const PATTERN: &'static str = "[.:]";
    fn check(text: &str) -> Result<String, Invalid> {
        let wrong =
            |_| Invalid::Says(format!("{text:?} is not an IP address; write one of this host's"));
        text.parse::<IpAddr>().map(|_| text.to_owned()).map_err(wrong)
    }
}

/// The first digits of a destination and `*`: `44*`, or `*` for every destination. A `+` before them is left out.
pub(in crate::plan) struct Prefix;

impl StringKind for Prefix {
    const PATTERN: &'static str = r"^\+?[0-9]{0,20}\*$";
    fn check(text: &str) -> Result<String, Invalid> {
        const WANTED: &str = "up to 20 digits and a * at the end, as in \"44*\"";
        let digits = text.strip_prefix('+').unwrap_or(text).strip_suffix('*');
        let good = |digits: &&str| digits.len() <= 20 && digits.bytes().all(|b| b.is_ascii_digit());
        let digits = digits.filter(good).ok_or(Invalid::wanted(WANTED))?;
        Ok(format!("{digits}*"))
    }
}
