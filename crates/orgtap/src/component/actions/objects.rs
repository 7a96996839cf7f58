//! `loadObjects`: the objects that can be extracted.

use orgtap_salesforce::{Client, is_refused_by_bulk};
use serde_json::Value;

use super::choice;
use crate::component::failure::Failure;

/// Lists the objects in the order of the org.
pub(super) async fn answer(client: &Client) -> Result<Value, Failure> {
    let objects = client.describe_global().await.map_err(|error| Failure::of_salesforce(&error))?;
    let offered = objects.iter().filter(|object| object.queryable && !is_refused_by_bulk(&object.name));
    Ok(offered.map(|object| choice(&object.name, &object.label)).collect())
}
