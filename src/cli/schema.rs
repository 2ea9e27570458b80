//! `smppbench schema`: the JSON Schema of result.json, of conform.json, of what `conform compare` prints, and of a profile,
//! made from their types.
#[cfg(test)]
mod tests;

use super::args::{SchemaArgs, SchemaOf};
use super::exit::{Exit, Failure, print};
use crate::conform;
use crate::plan;
use crate::report::{Document, SCHEMA};
use serde_json::{Value, json};

/// Runs the verb.
pub(super) fn run(args: &SchemaArgs) -> Result<Exit, Failure> {
    let schema = match args.of {
        SchemaOf::Result => result_schema(),
        SchemaOf::Profile => plan::profile_schema(),
        SchemaOf::Conform => titled(schemars::schema_for!(conform::Document), conform::SCHEMA),
        SchemaOf::ConformComparison => {
            titled(schemars::schema_for!(conform::Comparison), conform::COMPARISON_SCHEMA)
        }
    };
    print(&format!("{schema:#}\n"))
}

/// The schema of result.json.
pub(super) fn result_schema() -> Value {
    titled(schemars::schema_for!(Document), SCHEMA)
}

fn titled(mut schema: schemars::Schema, title: &str) -> Value {
    schema.insert("title".to_owned(), json!(title));
    schema.to_value()
}
