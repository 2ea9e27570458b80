//! A latency that the simulator draws: `"20ms"`, or one of the distributions.
use crate::kit::Nanos;
use crate::plan::values::{self, AboveZero, As, Invalid, Kind, Span, Whole, text_or_table};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use std::borrow::Cow;

/// A random span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Latency {
    /// None.
    #[default]
    Zero,
    /// Always the same.
    Constant(Nanos),
    /// Between two bounds.
    Uniform(Nanos, Nanos),
    /// Log-normal by its median and 99th percentile.
    Lognormal {
        /// p50.
        median: Nanos,
        /// p99.
        p99: Nanos,
    },
    /// M/M/c: `servers` with exponential service of this mean, and one queue for all sessions.
    Servers {
        /// c.
        servers: u32,
        /// 1/μ.
        mean: Nanos,
    },
}

/// A distribution to draw from: one of `uniform`, `lognormal`, or `servers` with `mean`.
#[derive(Default, serde::Serialize, serde::Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Distribution {
    /// Bounds of a uniform distribution, the smaller first.
    #[serde(with = "As::<Option<(Span, Span)>>", skip_serializing_if = "Option::is_none")]
    uniform: Option<(Nanos, Nanos)>,
    /// A log-normal distribution, by its median and its 99th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    lognormal: Option<Lognormal>,
    /// Number of servers of an M/M/c queue that all sessions share, from 1 to 1000000; needs `mean`.
    #[serde(
        with = "As::<Option<Whole<u32, 1, 1_000_000>>>",
        skip_serializing_if = "Option::is_none"
    )]
    servers: Option<u32>,
    /// Mean service time of each server, above 0s; needs `servers`.
    #[serde(with = "As::<Option<AboveZero>>", skip_serializing_if = "Option::is_none")]
    mean: Option<Nanos>,
}

/// A log-normal distribution by two of its quantiles.
#[derive(serde::Serialize, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Lognormal {
    /// The median, above 0s.
    #[serde(with = "As::<AboveZero>")]
    median: Nanos,
    /// The 99th percentile, at least the median.
    #[serde(with = "As::<AboveZero>")]
    p99: Nanos,
}

impl TryFrom<Distribution> for Latency {
    type Error = Invalid;

    fn try_from(distribution: Distribution) -> Result<Latency, Invalid> {
        let says = |why: &str| Err(Invalid::Says(why.to_owned()));
        match distribution {
            Distribution { uniform: Some((low, high)), lognormal: None, servers: None, .. } => {
                if low > high {
                    return says("the smaller one comes first; swap them");
                }
                Ok(Latency::Uniform(low, high))
            }
            Distribution {
                uniform: None,
                lognormal: Some(Lognormal { median, p99 }),
                servers: None,
                ..
            } => {
                if p99 < median {
                    return says("p99 is below the median; make it at least that");
                }
                Ok(Latency::Lognormal { median, p99 })
            }
            Distribution {
                uniform: None,
                lognormal: None,
                servers: Some(servers),
                mean: Some(mean),
            } => Ok(Latency::Servers { servers, mean }),
            Distribution { uniform: None, lognormal: None, servers: Some(_), mean: None } => {
                says("`mean` is missing, which `servers` needs; write it")
            }
            _ => says(
                "write \"20ms\", { uniform = [..] }, { lognormal = { median, p99 } } \
                 or { servers, mean }",
            ),
        }
    }
}

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Latency, D::Error> {
        let constant = |text: &str| match values::parse_span(text)? {
            Nanos::ZERO => Ok(Latency::Zero),
            span => Ok(Latency::Constant(span)),
        };
        text_or_table(from, "a duration or a table", constant, |distribution: Distribution| {
            distribution.try_into()
        })
    }
}

impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let distribution = match *self {
            Latency::Zero => return Span::write(&Nanos::ZERO, to),
            Latency::Constant(span) => return Span::write(&span, to),
            Latency::Uniform(low, high) => {
                Distribution { uniform: Some((low, high)), ..Distribution::default() }
            }
            Latency::Lognormal { median, p99 } => Distribution {
                lognormal: Some(Lognormal { median, p99 }),
                ..Distribution::default()
            },
            Latency::Servers { servers, mean } => {
                Distribution { servers: Some(servers), mean: Some(mean), ..Distribution::default() }
            }
        };
        distribution.serialize(to)
    }
}

impl JsonSchema for Latency {
    fn schema_name() -> Cow<'static, str> {
        "Latency".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        values::any_of([Span::schema(generator), generator.subschema_for::<Distribution>()])
    }
}
