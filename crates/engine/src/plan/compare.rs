//! How a table is compared with the org: by the Ids of the records that are to be in it.
//!
//! Where deleted records leave the table, they are asked for by the row's own query, so that a record that no longer fulfils its conditions
//! leaves it too: what stays is what a full load would bring. Where they are flagged, by the object alone: a record that is in the org is not
//! deleted, whatever the row's conditions say of it.

use std::sync::Arc;

use jiff::SignedDuration;
use orgtap_destination::{Destination, Premise, TableSpec, WriteMode};
use orgtap_salesforce::{Client, QueryOperation};
use orgtap_soql::Query;

use super::columns::{Selection, item_of, path_of};
use super::deleted::{self, Deletions, Ending};
use super::resolve::Resolved;
use super::route::{self, Reading, Route};
use super::source::{self, Selected};
use super::{Cost, FetchWindow, Plan, cursor, fingerprint_of, table, window};
use crate::error::{Error, Result};
use crate::spec::{Api, Deleted, Fetch, RowSpec};
use crate::state::{SavedState, State};

/// A comparison that is planned.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    /// Reads the Ids of the records that stay.
    pub(crate) plan: Plan,
    /// The query for those of them that changed since the last run; `None` where records that the table lacks mean nothing, since it is not to
    /// hold all of them.
    pub(crate) changed: Option<Query>,
}

/// Returns the query for the Ids of the records that stay in the table of `row`, and how it is asked.
pub(super) fn query(row: &RowSpec, selected: &Selected) -> Result<(Query, QueryOperation)> {
    if row.deleted != Deleted::Remove {
        let query = Query::of(path_of(&selected.object.name)?, vec![path_of("Id")?]);
        return Ok((query, QueryOperation::QueryAll));
    }
    let mut query = selected.query.clone();
    query.replace_select(vec![path_of("Id")?]);
    query.drop_order_by();
    source::leave_out_deleted(&selected.object, &mut query)?;
    Ok((query, selected.operation))
}

/// Plans the comparison of the table of `row`, which has to be loaded.
pub(crate) async fn make(row: &RowSpec, client: &Client, destination: &dyn Destination) -> Result<Comparison> {
    let selected = source::select(row, client).await?;
    let Some(ending) = deleted::check(row, &selected, destination)?.0 else {
        return Err(Error::row_with_hint(
            "could not compare the table with the org: the row takes no record out of its table and flags none",
            "set `deleted` to `remove` or `flag`, and `load = \"incremental\"`",
        ));
    };
    let table = table(row, &selected)?;
    let mut fingerprint = fingerprint_of(row, &selected, &table.primary_key);
    let order = match row.fetch {
        Fetch::Incremental => Some(window::cursor_of(row, &selected.object, selected.includes_deleted)?),
        Fetch::All => None,
    };
    fingerprint.cursor_field = order.as_ref().map(|cursor| cursor.field.clone());
    let SavedState { state: saved, document } =
        window::carried_on(row, &fingerprint, destination, &table.name).await?.map_err(|reason| {
            Error::row_with_hint(
                format!("could not compare the table with the org: {reason}"),
                format!("`orgtap run --row \"{}\"` loads it", row.name),
            )
        })?;
    let (ids, operation) = query(row, &selected)?;
    let is_narrowed = row.deleted != Deleted::Remove && !route::is_whole(&selected.query);
    let from = saved.watermark.zip(order).map(|(watermark, cursor)| (cursor.bound(watermark), cursor));
    let changed = match from.filter(|_| !is_narrowed) {
        Some((from, cursor)) => cursor.condition(Some(&from), None)?.map(|condition| {
            let mut changed = ids.clone();
            changed.add_condition(condition);
            route::count_query(&changed)
        }),
        None => None,
    };
    let mut state_after = saved;
    state_after.deletions_until = state_after.deletions_until.or(state_after.watermark);
    if row.deleted == Deleted::Remove {
        // What was deleted by now is noticed. Where deleted records are flagged, those in the recycle bin are in the org: should one be purged
        // before a query sees its flag, only the log tells.
        let until = cursor::watermark(client, &selected.object).await.map(|complete| complete.until);
        state_after.deletions_until = state_after.deletions_until.max(until);
    }
    (state_after.runs_since_reconcile, state_after.is_reconcile_due) = (0, false);
    let table = keys(&row.name, table.name, &ending, WriteMode::Retain, document);
    let plan = plan_of(row, &selected, (ids, operation), ending, (table, state_after), client).await?;
    Ok(Comparison { plan, changed })
}

async fn plan_of(
    row: &RowSpec,
    selected: &Selected,
    (query, operation): (Query, QueryOperation),
    ending: Ending,
    (table, state_after): (TableSpec, State),
    client: &Client,
) -> Result<Plan> {
    let object = &selected.object;
    let id = object.field("Id").ok_or_else(|| Error::Internal { message: "the field `Id` went missing".to_owned() })?;
    let mut selection = Selection::default();
    selection.add_field(&Resolved::of(object, id), item_of("Id")?)?;
    selection.projection.id_column = source::has_own_ids(selected).then_some(0);
    let obstacles: Vec<_> = route::not_in_bulk(&object.name, query.object().span).into_iter().collect();
    let reading = Reading { object: &object.name, query: &query, operation, obstacles: &obstacles };
    let Route { api, reason: api_reason, records, rest_up_to } = route::choose(row.api, &reading, client).await;
    let cost = Cost::of(api, records, &table.columns);
    Ok(Plan {
        row: row.name.clone(),
        object: object.name.clone(),
        api,
        api_reason,
        operation,
        query,
        table,
        fetch: FetchWindow::All { reason: "all Ids are compared".to_owned() },
        left_out: Vec::new(),
        ranges: None,
        cost,
        notes: Vec::new(),
        warnings: None,
        text: None,
        deletions: Deletions::none(row.deleted),
        wider: None,
        ending: Some(ending),
        projection: Arc::new(selection.projection),
        rest_up_to,
        may_fall_back: matches!(row.api, Api::Auto | Api::BulkFirst),
        cursor_column: None,
        watermark_margin: SignedDuration::ZERO,
        stamp_margin: SignedDuration::ZERO,
        made: object.server_time,
        state_after,
    })
}

/// Returns a load of keys of the table called `name` that goes on from the state `document`.
pub(crate) fn keys(row: &str, name: String, ending: &Ending, write_mode: WriteMode, document: String) -> TableSpec {
    TableSpec {
        row: row.to_owned(),
        name,
        columns: vec![ending.id.clone()],
        primary_key: vec![ending.id.name.clone()],
        write_mode,
        version_column: None,
        // Those that a log names may come again.
        keys_are_unique: write_mode == WriteMode::Retain,
        identity: None,
        gone: Some(ending.gone.clone()),
        premise: Premise::State(document),
    }
}
