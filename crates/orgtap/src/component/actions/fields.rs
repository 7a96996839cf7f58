//! `loadFields` and `loadPossibleIncrementalField`: the fields of an object.

use std::sync::Arc;

use orgtap_engine::{RowSpec, Source, why_left_out};
use orgtap_salesforce::{Client, Field, SObject};
use serde_json::Value;

use super::choice;
use crate::component::failure::Failure;

/// Lists the fields that can be columns, with their types.
pub(super) async fn of_object(object: &str, client: &Client) -> Result<Value, Failure> {
    let object = describe(object, client).await?;
    let label = |field: &Field| format!("{} ({})", field.name, field.field_type.name());
    Ok(columns(&object).map(|field| choice(&field.name, &label(field))).collect())
}

/// Lists the fields of the object that a row reads, whether its query selects them or not.
pub(super) async fn of_source(row: &RowSpec, client: &Client) -> Result<Value, Failure> {
    let name = match &row.source {
        Source::Object { object, .. } => object.clone(),
        Source::Soql(text) => match orgtap_soql::parse(text) {
            Ok(query) => query.object().text.clone(),
            Err(diagnostics) => {
                let first = diagnostics.as_slice().first().map(|problem| problem.message.clone()).unwrap_or_default();
                return Err(Failure::of_user(format!("could not read `soql_query`: {first}")));
            }
        },
    };
    let object = describe(&name, client).await?;
    Ok(columns(&object).map(|field| choice(&field.name, &field.name)).collect())
}

async fn describe(name: &str, client: &Client) -> Result<Arc<SObject>, Failure> {
    client.describe(name).await.map_err(|error| Failure::of_salesforce(&error))
}

fn columns(object: &SObject) -> impl Iterator<Item = &Field> {
    object.fields.iter().filter(|field| why_left_out(field).is_none())
}
