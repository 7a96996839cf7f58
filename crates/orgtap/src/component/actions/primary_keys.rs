//! `loadPossiblePrimaryKeys`: the columns that the table will have.

use orgtap_destination::keboola::normalise;
use orgtap_destination::null::Null;
use orgtap_engine::{RowSpec, RunSpec, Source};
use orgtap_salesforce::Client;
use serde_json::Value;

use super::choice;
use crate::component::failure::Failure;

/// Lists the columns, as Storage calls them, with their fields. A chosen list of fields does not narrow what can be chosen here.
pub(super) async fn answer(mut row: RowSpec, client: &Client) -> Result<Value, Failure> {
    if let Source::Object { fields, .. } = &mut row.source {
        *fields = orgtap_engine::Fields::All;
    }
    let plans = orgtap_engine::plan(&RunSpec::new(vec![row]), client, &Null::new()).await;
    let mut columns = Vec::new();
    for plan in plans {
        let plan = plan.map_err(|error| Failure::of_engine(&error))?;
        columns.extend(plan.table.columns.into_iter().map(|column| column.name));
    }
    Ok(columns.iter().map(|name| choice(&normalise(name), name)).collect())
}
