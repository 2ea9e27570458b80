//! `[target]`: whom to test, and how to reach it.
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::model::{self, AddressPolicy, Tls};
use crate::plan::read::read_section;
use crate::plan::tree::Node;
use crate::plan::values::{As, EMBEDDED, FilePath, HostPort, IpAddress, TargetAddress, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const BUFFER_MIN: u64 = 1024;
const BUFFER_MAX: u64 = 1 << 30;

/// The SMSC to test, and how to reach it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::plan) struct WrittenTarget {
    /// Address as host:port (with [ ] around an IPv6 address), or `"embedded"` for the simulator in this process,
    /// which is the default.
    #[serde(with = "As::<Option<TargetAddress>>")]
    address: Option<String>,
    /// Several addresses as host:port, instead of `address`.
    #[serde(with = "As::<Option<Vec<HostPort>>>")]
    #[schemars(length(min = 1))]
    addresses: Option<Vec<String>>,
    /// How several addresses are used; `"all"` by default.
    policy: AddressPolicy,
    /// Whether connections use TLS. By default they do if another key of TLS is given.
    tls: Option<bool>,
    /// PEM file of the CA to trust instead of the system's, relative to the profile.
    #[serde(with = "As::<Option<FilePath>>")]
    tls_ca: Option<String>,
    /// PEM file of the client certificate chain, relative to the profile; needs `tls_key`.
    #[serde(with = "As::<Option<FilePath>>")]
    tls_cert: Option<String>,
    /// PEM file of the client certificate's key, relative to the profile; needs `tls_cert`.
    #[serde(with = "As::<Option<FilePath>>")]
    tls_key: Option<String>,
    /// Name for which the SMSC's certificate must be valid. By default the host of the address.
    tls_server_name: Option<String>,
    /// Whether the SMSC's certificate is verified; true by default. With false, anyone between can read the password.
    tls_verify: Option<bool>,
    /// IP addresses of this host to connect from, in turn. By default the kernel chooses.
    #[serde(with = "As::<Vec<IpAddress>>")]
    source_addresses: Vec<String>,
    /// Whether TCP_NODELAY is set on each connection; true by default.
    nodelay: bool,
    /// SO_SNDBUF of each connection in octets, from 1024 to 1073741824. By default the kernel's.
    #[serde(with = "As::<Option<Whole<usize, BUFFER_MIN, BUFFER_MAX>>>")]
    send_buffer: Option<usize>,
    /// SO_RCVBUF of each connection in octets, from 1024 to 1073741824. By default the kernel's.
    #[serde(with = "As::<Option<Whole<usize, BUFFER_MIN, BUFFER_MAX>>>")]
    receive_buffer: Option<usize>,
    /// Whether SO_KEEPALIVE is set on each connection; false by default.
    keepalive: bool,
}

impl Default for WrittenTarget {
    fn default() -> WrittenTarget {
        WrittenTarget {
            address: None,
            addresses: None,
            policy: AddressPolicy::All,
            tls: None,
            tls_ca: None,
            tls_cert: None,
            tls_key: None,
            tls_server_name: None,
            tls_verify: None,
            source_addresses: Vec::new(),
            nodelay: true,
            send_buffer: None,
            receive_buffer: None,
            keepalive: false,
        }
    }
}

/// Whether the target of a profile is on loopback, before the rest of the profile is read.
pub(super) fn is_loopback(tree: &Node) -> PlanResult<bool> {
    let Some(node) = tree.get("target") else { return Ok(true) };
    let target: WrittenTarget = read_section(node, "target")?;
    target.resolve().map(|target| target.is_loopback()).map_err(|e| tree.place(e))
}

impl WrittenTarget {
    pub(super) fn of(target: &model::Target) -> WrittenTarget {
        let (address, addresses) = match &target.addresses[..] {
            _ if target.embedded => (Some(EMBEDDED.to_owned()), None),
            [one] => (Some(one.clone()), None),
            several => (None, Some(several.to_vec())),
        };
        let tls = target.tls.clone();
        let Tls { ca, cert, key, server_name, verify } = tls.clone().unwrap_or_default();
        WrittenTarget {
            address,
            addresses,
            policy: target.policy,
            tls: Some(tls.is_some()),
            tls_ca: ca,
            tls_cert: cert,
            tls_key: key,
            tls_server_name: server_name,
            tls_verify: tls.map(|_| verify),
            source_addresses: target.source_addresses.clone(),
            nodelay: target.nodelay,
            send_buffer: target.send_buffer,
            receive_buffer: target.receive_buffer,
            keepalive: target.keepalive,
        }
    }

    /// The target.
    pub(super) fn resolve(&self) -> PlanResult<model::Target> {
        let addresses = self.addresses().map_err(|e| e.under("target"))?;
        Ok(model::Target {
            embedded: addresses.is_empty(),
            addresses,
            policy: self.policy,
            tls: self.tls().map_err(|e| e.under("target"))?,
            source_addresses: self.source_addresses.clone(),
            nodelay: self.nodelay,
            send_buffer: self.send_buffer,
            receive_buffer: self.receive_buffer,
            keepalive: self.keepalive,
        })
    }

    /// None: embedded.
    fn addresses(&self) -> PlanResult<Vec<String>> {
        match (&self.address, &self.addresses) {
            (Some(_), Some(_)) => {
                Err(PlanError::about("addresses", "not with `address`; write one of them"))
            }
            (None, Some(several)) if several.is_empty() => {
                let why = "is empty; write at least one \"host:port\"";
                Err(PlanError::about("addresses", why))
            }
            (None, Some(several)) => Ok(several.clone()),
            (Some(one), None) if one != EMBEDDED => Ok(vec![one.clone()]),
            (Some(_) | None, None) => Ok(Vec::new()),
        }
    }

    fn tls(&self) -> PlanResult<Option<Tls>> {
        let (cert, key) = (self.tls_cert.is_some(), self.tls_key.is_some());
        if cert != key {
            let alone = if cert { "tls_cert" } else { "tls_key" };
            let why = "is not enough; give both tls_cert and tls_key";
            return Err(PlanError::about(alone, why));
        }
        let files =
            [("tls_ca", &self.tls_ca), ("tls_cert", &self.tls_cert), ("tls_key", &self.tls_key)];
        let given = files.iter().any(|(_, file)| file.is_some())
            || self.tls_server_name.is_some()
            || self.tls_verify.is_some();
        if !self.tls.unwrap_or(given) {
            return Ok(None);
        }
        for (key, path) in files {
            if let Some(path) = path.as_ref().filter(|path| !std::path::Path::new(path).is_file()) {
                let why = format!("{path} is not a file; give a PEM file");
                return Err(PlanError::about(key, why));
            }
        }
        Ok(Some(Tls {
            ca: self.tls_ca.clone(),
            cert: self.tls_cert.clone(),
            key: self.tls_key.clone(),
            server_name: self.tls_server_name.clone(),
            verify: self.tls_verify.unwrap_or(true),
        }))
    }
}
