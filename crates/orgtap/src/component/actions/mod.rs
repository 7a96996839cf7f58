//! Sync actions: questions that Keboola's form asks while somebody fills it in. Each answers with one JSON document.

mod fields;
mod objects;
mod primary_keys;
mod test_query;

use orgtap_salesforce::Client;
use serde_json::{Value, json};

use super::config::Task;
use super::failure::Failure;
use crate::app::Invocation;

/// Answers on standard output.
pub(super) async fn answer(task: Task, client: &Client, on: &Invocation) -> Result<(), Failure> {
    let answer = match task {
        // Whoever got here is signed in.
        Task::Run { .. } | Task::TestConnection => json!({ "status": "success" }),
        Task::TestQuery { row } => test_query::answer(&row, client).await?,
        Task::LoadObjects => objects::answer(client).await?,
        Task::LoadFields { object } => fields::of_object(&object, client).await?,
        Task::LoadPossibleIncrementalField { row } => fields::of_source(&row, client).await?,
        Task::LoadPossiblePrimaryKeys { row } => primary_keys::answer(*row, client).await?,
    };
    on.console.line(&answer.to_string()).map_err(|error| Failure {
        message: format!("could not write the answer to standard output: {error}"),
        is_user_error: false,
    })
}

/// Returns an entry of a list to choose from.
fn choice(value: &str, label: &str) -> Value {
    json!({ "value": value, "label": label })
}
