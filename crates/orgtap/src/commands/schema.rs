//! `orgtap schema`: the JSON Schema of the configuration file.

use crate::app::{Exit, Invocation};
use crate::config;
use crate::error::Result;

/// Prints the schema.
pub(crate) fn run(on: &Invocation) -> Result<Exit> {
    on.console.json(config::schema())?;
    Ok(Exit::Done)
}
