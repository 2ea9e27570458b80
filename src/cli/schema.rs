//! `smppbench schema`: the JSON Schema of result.json, out of its types; and of a profile, for editors that check
//! TOML by one.
mod profile;
mod simulator;
#[cfg(test)]
mod tests;
mod values;

use super::args::{SchemaArgs, SchemaOf};
use super::exit::{Exit, Failure, print};
use crate::report::{Document, SCHEMA};
use serde_json::{Value, json};

/// Runs the verb.
pub(super) fn run(args: &SchemaArgs) -> Result<Exit, Failure> {
    let schema = match args.of {
        SchemaOf::Result => result(),
        SchemaOf::Profile => profile::schema(),
    };
    print(&format!("{schema:#}\n"))
}

fn result() -> Value {
    let mut schema = schemars::schema_for!(Document);
    schema.insert("title".to_owned(), json!(SCHEMA));
    schema.to_value()
}
