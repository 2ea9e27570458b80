//! The congestion_state in the simulator's responses: `"load"`, or a fixed value.
use crate::plan::values::{Invalid, Scalar, ScalarKind, any_of};
use schemars::{Schema, json_schema};
use serde_json::Value as Json;

/// Where the simulator takes the congestion_state of its responses from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CongestionSource {
    /// The fullest of its limits, in percent: window, token buckets of the rates, queue.
    Load,
    /// Always this.
    Fixed(u8),
}

/// `"load"`, or a congestion_state from 0 to 100.
pub(in crate::plan) struct CongestionValue;

impl ScalarKind for CongestionValue {
    type Value = CongestionSource;
    const WANTED: &'static str = "\"load\" or an integer from 0 to 100";

    fn parse(written: Scalar<'_>) -> Result<CongestionSource, Invalid> {
        match written {
            Scalar::Text("load") => Ok(CongestionSource::Load),
            Scalar::Whole(state @ 0..=100) => Ok(CongestionSource::Fixed(state as u8)),
            Scalar::Whole(_) | Scalar::Text(_) | Scalar::Decimal(_) => {
                Err(Invalid::wanted(Self::WANTED))
            }
        }
    }
    fn json(source: &CongestionSource) -> Json {
        match source {
            CongestionSource::Load => "load".into(),
            CongestionSource::Fixed(state) => (*state).into(),
        }
    }
    fn schema() -> Schema {
        any_of([
            json_schema!({ "enum": ["load"] }),
            json_schema!({ "type": "integer", "minimum": 0, "maximum": 100 }),
        ])
    }
}
