//! What a row stands for, whatever a run would fetch of it: for a comparison of its table with the org.

use std::sync::Arc;

use jiff::Timestamp;
use orgtap_destination::{Destination, TableSpec};
use orgtap_salesforce::{Client, QueryOperation, SObject};
use orgtap_soql::Query;

use super::source::{self, Selected};
use super::window::cursor_of;
use super::{fingerprint_of, table};
use crate::error::{Error, Result};
use crate::projection::Projection;
use crate::spec::{Deleted, Fetch, Load, Records, RowSpec};
use crate::state::State;

/// The records that a row is about, and the table that a run has filled with them.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) object: Arc<SObject>,
    /// The row's own query for all of them.
    pub(crate) query: Query,
    pub(crate) operation: QueryOperation,
    /// The query for deleted and archived ones too, with [`QueryOperation::QueryAll`].
    pub(crate) query_all: Query,
    /// Whether the row reads deleted records.
    pub(crate) includes_deleted: bool,
    pub(crate) table: TableSpec,
    pub(crate) projection: Arc<Projection>,
    /// Up to which instant the table is complete, if the last run could tell.
    pub(crate) watermark: Option<Timestamp>,
}

impl Subject {
    /// Reads the row and its state. Fails where there is no table of what the row now asks for.
    pub(crate) async fn of(row: &RowSpec, client: &Client, destination: &dyn Destination) -> Result<Self> {
        let all = RowSpec { records: Records::All, ..row.clone() };
        let query_all = source::select(&all, client).await?.query;
        let selected = source::select(row, client).await?;
        let table = table(row, &selected)?;
        let mut fingerprint = fingerprint_of(row, &selected, &table.primary_key);
        let Selected { mut query, object, selection, operation, includes_deleted, .. } = selected;
        // A run reads deleted records to take them out; the table is to hold none.
        if row.deleted == Deleted::Remove && !includes_deleted {
            source::leave_out_deleted(&object, &mut query)?;
        }
        if row.fetch == Fetch::Incremental {
            let cursor = cursor_of(row, &object, includes_deleted)?;
            // A run appends no record without a value of it. `query_all` selects them: one that lost its value is in the table from before.
            if row.load == Load::Append
                && let Some(condition) = cursor.has_value()?
            {
                query.add_condition(condition);
            }
            fingerprint.cursor_field = Some(cursor.field);
        }
        let document = destination.state(&row.name, &table.name).await.map_err(Error::destination)?;
        let Some(document) = document else { return Err(nothing_loaded(&table.name)) };
        let state = State::read(&document).map_err(outdated)?;
        if let Some(reason) = state.fingerprint.and_then(|saved| fingerprint.difference(&saved)) {
            return Err(outdated(reason));
        }
        let projection = Arc::new(selection.projection);
        let watermark = state.watermark;
        Ok(Self { object, query, operation, query_all, includes_deleted, table, projection, watermark })
    }
}

/// The error of a row that has filled no table yet.
pub(crate) fn nothing_loaded(table: &str) -> Error {
    Error::row_with_hint(
        format!("could not compare table `{table}` with the org: the row has loaded nothing into it yet"),
        "run the row first",
    )
}

fn outdated(reason: String) -> Error {
    let message = format!("could not compare the table with the org: since its last load the row changed ({reason})");
    Error::row_with_hint(message, "run the row first")
}
