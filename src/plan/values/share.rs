//! Shares of 1: `0.01` or `"1%"`.
use super::{Invalid, Scalar, ScalarKind, any_of};
use crate::kit::Rate;
use schemars::{Schema, json_schema};
use serde_json::Value as Json;

/// Maximum sum of several shares of one whole, with what floating point adds.
pub(in crate::plan) const SHARES_MAX: f64 = 1.0 + 1e-9;

/// The number before the sign of a percentage.
fn percent(text: &str) -> Option<&str> {
    text.trim().strip_suffix('%').map(str::trim)
}

/// A share from 0 to 1.
pub(in crate::plan) struct Share;

impl ScalarKind for Share {
    type Value = f64;
    const WANTED: &'static str = "a share from 0 to 1, or a percentage like \"1%\"";

    fn parse(written: Scalar<'_>) -> Result<f64, Invalid> {
        let share = match written {
            Scalar::Text(text) => {
                percent(text).and_then(|p| p.parse::<f64>().ok()).map(|p| p / 100.0)
            }
            Scalar::Whole(n) => Some(n as f64),
            Scalar::Decimal(n) => Some(n),
        };
        share.filter(|share| (0.0..=1.0).contains(share)).ok_or(Invalid::wanted(Self::WANTED))
    }
    fn json(share: &f64) -> Json {
        (*share).into()
    }
    fn schema() -> Schema {
        any_of([
            json_schema!({ "type": "number", "minimum": 0, "maximum": 1 }),
            json_schema!({ "type": "string", "pattern": "^\\s*[0-9.]+\\s*%\\s*$" }),
        ])
    }
}

/// A share above 0, as an exact fraction.
pub(in crate::plan) struct ExactShare;

impl ScalarKind for ExactShare {
    type Value = Rate;
    const WANTED: &'static str = "a share above 0, up to 1, or a percentage like \"30%\"";

    fn parse(written: Scalar<'_>) -> Result<Rate, Invalid> {
        let wrong = Invalid::wanted(Self::WANTED);
        let (digits, whole) = match written {
            Scalar::Text(text) => match percent(text) {
                Some(digits) => (digits.to_owned(), 100),
                None => return Err(wrong),
            },
            Scalar::Whole(n) => (n.to_string(), 1),
            Scalar::Decimal(n) => (n.to_string(), 1),
        };
        let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let number = Rate::parse(&digits).ok().filter(|_| plain);
        let share = number.and_then(|n| Some(Rate { num: n.num, den: n.den.checked_mul(whole)? }));
        share.filter(|s| s.num > 0 && s.num <= s.den).ok_or(wrong)
    }
    fn json(share: &Rate) -> Json {
        share.as_f64().into()
    }
    fn schema() -> Schema {
        <Share as ScalarKind>::schema()
    }
}
