//! `[[accounts]]`: an account, its password and its binds.
use super::{Binds, Secret};
use crate::kit::Rate;
use crate::plan::defaults;
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::secret::SecretError;
use crate::plan::values::{As, Ascii, ExactShare, FilePath, RateAboveZero, Redacted, Whole};
use crate::smpp::pdu;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Far beyond the specification's 8, as OpenMarket has them (docs/smpp/openmarket.md, "Connection and bind").
const PASSWORD_MAX: usize = 100;
const WEIGHT_MAX: u64 = 1 << 40;

/// An account and its binds. In a plan, `name` and `weight` are complete; `share` and `rate` have become `weight`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Account {
    /// Name of the account in reports, unique within the profile. By default its system_id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The system_id of its binds: at most 64 characters; `"smppbench"` by default. SMPP v3.4 allows 15.
    #[serde(with = "As::<Ascii<64>>")]
    pub system_id: String,
    /// The password itself does not stand in a profile: only `"***"` may, which resolved profiles have.
    #[serde(with = "As::<Redacted>", skip_serializing_if = "Secret::is_empty")]
    pub password: Secret,
    /// Name of the environment variable that holds the password. Without it and `password_file`, the password is empty.
    pub password_env: Option<String>,
    /// File whose first line is the password, relative to the profile.
    #[serde(with = "As::<Option<FilePath>>")]
    pub password_file: Option<String>,
    /// The system_type of its binds: at most 12 characters, empty by default.
    #[serde(with = "As::<Ascii<12>>")]
    pub system_type: String,
    /// The interface_version of its binds, from 0 to 255; 0x34 by default.
    pub interface_version: u8,
    /// The addr_ton of its binds, from 0 to 255; 0 by default.
    pub addr_ton: u8,
    /// The addr_npi of its binds, from 0 to 255; 0 by default.
    pub addr_npi: u8,
    /// The address_range of its binds: at most 40 characters, empty by default.
    #[serde(with = "As::<Ascii<40>>")]
    pub address_range: String,
    /// Its share of the load, above 0: a fraction or a percentage. The accounts' shares add up to 1. Without `share`,
    /// `rate` and `weight`, accounts carry load by their number of sessions that send.
    #[serde(with = "As::<Option<ExactShare>>")]
    pub share: Option<Rate>,
    /// Its own rate in messages a second, above 0. The accounts' rates add up to the highest rate of the stages.
    #[serde(with = "As::<Option<RateAboveZero>>")]
    pub rate: Option<Rate>,
    /// Its share of the load relative to the other accounts' weights, from 1 to 1099511627776.
    #[serde(with = "As::<Whole<u64, 1, WEIGHT_MAX>>", skip_serializing_if = "is_zero")]
    pub weight: u64,
    /// Its binds. Keys that are not written are as in `[binds]`.
    pub binds: Binds,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero(weight: &u64) -> bool {
    *weight == 0
}

impl Default for Account {
    fn default() -> Account {
        Account {
            name: String::new(),
            system_id: defaults::SYSTEM_ID.to_owned(),
            password: Secret::default(),
            password_env: None,
            password_file: None,
            system_type: String::new(),
            interface_version: defaults::INTERFACE_VERSION,
            addr_ton: 0,
            addr_npi: 0,
            address_range: String::new(),
            share: None,
            rate: None,
            weight: 0,
            binds: Binds::default(),
        }
    }
}

impl Account {
    /// The body of its bind_* PDU (v3.4 section 4.1).
    pub fn bind(&self) -> pdu::Bind<'_> {
        pdu::Bind {
            system_id: self.system_id.as_bytes(),
            password: self.password.0.as_bytes(),
            system_type: self.system_type.as_bytes(),
            interface_version: self.interface_version,
            addr_ton: self.addr_ton,
            addr_npi: self.addr_npi,
            address_range: self.address_range.as_bytes(),
            ..pdu::Bind::default()
        }
    }

    /// Reads its password from where the profile says; empty where it does not say.
    ///
    /// # Errors
    /// The variable or the file cannot be read.
    pub fn read_password(&mut self) -> Result<(), SecretError> {
        self.password = match (&self.password_env, &self.password_file) {
            (Some(name), _) => Secret::of_env(name)?,
            (None, Some(path)) => Secret::of_file(Path::new(path))?,
            (None, None) => Secret::default(),
        };
        Ok(())
    }

    /// Completes an account of a profile, and checks it.
    pub(in crate::plan) fn complete(&mut self, warnings: &mut Vec<String>) -> PlanResult<()> {
        if self.name.is_empty() {
            self.name = self.system_id.clone();
        }
        self.complete_password(warnings)?;
        let (name, system_id, password) = (&self.name, &self.system_id, &self.password.0);
        for (what, value, max) in [("system_id", system_id, 15), ("password", password, 8)] {
            if value.len() > max {
                let over = format!("account {name}: a {what} of {} characters", value.len());
                warnings.push(format!("{over}; SMPP v3.4 allows {max}; many SMSCs accept more"));
            }
        }
        self.binds.check().map_err(|e| e.under("binds"))
    }

    fn complete_password(&mut self, warnings: &mut Vec<String>) -> PlanResult<()> {
        let key = match (&self.password_env, &self.password_file) {
            (Some(_), Some(_)) => {
                let why = "not with password_env; write one of them";
                return Err(PlanError::about("password_file", why));
            }
            (Some(_), None) => "password_env",
            (None, _) => "password_file",
        };
        self.read_password().map_err(|e| PlanError::about(key, e.to_string()))?;
        if let Some(path) = &self.password_file {
            let public = |m: std::fs::Metadata| m.permissions().mode() & 0o004 != 0;
            if std::fs::metadata(path).is_ok_and(public) {
                warnings.push(format!("{path} is world-readable; chmod 600 it"));
            }
            if self.password.is_empty() {
                warnings.push(format!("the first line of {path} is empty: so is the password"));
            }
        }
        if self.password.0.contains('\0') || self.password.0.len() > PASSWORD_MAX {
            let why = "the password is longer than 100 octets or contains a NUL; shorten it";
            return Err(PlanError::about(key, why));
        }
        Ok(())
    }
}
