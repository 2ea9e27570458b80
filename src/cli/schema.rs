//! `smppbench schema`: the JSON Schema of result.json, of conform.json and of a profile, made from their types.
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
        SchemaOf::Conform => conform_schema(),
    };
    print(&format!("{schema:#}\n"))
}

/// The schema of result.json.
pub(super) fn result_schema() -> Value {
    let mut schema = schemars::schema_for!(Document);
    schema.insert("title".to_owned(), json!(SCHEMA));
    schema.to_value()
}

/// The schema of conform.json.
pub(super) fn conform_schema() -> Value {
    let mut schema = schemars::schema_for!(conform::Document);
    schema.insert("title".to_owned(), json!(conform::SCHEMA));
    schema.to_value()
}
