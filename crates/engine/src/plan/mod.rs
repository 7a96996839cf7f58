//! What a row will do, fully decided before any download.

mod aggregate;
mod children;
mod columns;
mod compare;
mod compound;
mod cost;
mod cursor;
mod deleted;
mod fields;
mod polymorphic;
mod ranges;
mod refusal;
mod resolve;
mod route;
mod select;
mod source;
mod subject;
mod window;

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use orgtap_destination::{Column, Destination, Identity, Premise, TableSpec};
use orgtap_salesforce::{Client, QueryOperation};
use orgtap_soql::{Diagnostics, Query};

use crate::error::{Error, Result};
use crate::projection::Projection;
use crate::record_id;
use crate::spec::{Api, Deleted, Fetch, Load, RowSpec};
use crate::state::{Fingerprint, State};

pub use columns::why_left_out;
use columns::{SelectedColumn, Selection, nearest};
pub(crate) use compare::{Comparison, keys};
pub use cost::Cost;
pub(crate) use cursor::{CLOCKS_APART, COMMIT_MARGIN};
pub use deleted::Deletions;
pub(crate) use deleted::{Ending, OUT_OF_REACH, without_log};
pub use ranges::Ranges;
pub use refusal::refusal_in;
pub(crate) use route::count_query;
use route::{Reading, Route};
use source::Selected;
pub(crate) use subject::{Subject, nothing_loaded};
use window::Window;
pub(crate) use window::{less, to_the_second};

/// What a row will do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The row's name.
    pub row: String,
    /// The sObject, as Salesforce spells it.
    pub object: String,
    /// Which API carries the records.
    pub api: PlannedApi,
    /// Why that one.
    pub api_reason: String,
    /// Whether deleted and archived records are read too.
    pub operation: QueryOperation,
    /// The final query.
    pub query: Query,
    /// The table, its columns and the write mode.
    pub table: TableSpec,
    /// Which records are read, and why those.
    pub fetch: FetchWindow,
    /// Fields of the object that are left out although nobody asked for that.
    pub left_out: Vec<LeftOut>,
    /// Whether several jobs read it at the same time, each a range of Ids; `None` for one job.
    pub ranges: Option<Ranges>,
    /// What it is expected to cost the org.
    pub cost: Cost,
    /// What else the user should know.
    pub notes: Vec<String>,
    /// What hurts although it works, at its place in the query of the row.
    pub warnings: Option<Diagnostics>,
    /// The query of the row as its author wrote it.
    pub(crate) text: Option<String>,
    /// What is done about records that are deleted in the org.
    pub deletions: Deletions,
    /// What is read instead, where the log of deletions lists records that may have been restored before the watermark.
    pub(crate) wider: Option<(Query, FetchWindow)>,
    /// How records of the table end, where it outlives its loads and they do.
    pub(crate) ending: Option<Ending>,
    /// What the query selects, and how the columns of the table are made of it.
    pub(crate) projection: Arc<Projection>,
    /// How many records REST may find before a query job steps in; `None` where none may. The org's count of records may be stale.
    pub(crate) rest_up_to: Option<u64>,
    /// Whether REST may step in where Bulk refuses the query.
    pub(crate) may_fall_back: bool,
    /// The column that tells how far the stamps of the records reach, where the row fetches incrementally.
    pub(crate) cursor_column: Option<usize>,
    /// How far back a watermark has to lie: as much as the cursor's values are vague.
    pub(crate) watermark_margin: SignedDuration,
    /// How far before the newest stamp a watermark has to lie where no job tells the org's time: as long as a transaction may be open, where no
    /// log of changes tells of those.
    pub(crate) stamp_margin: SignedDuration,
    /// When it was made, by the org's clock.
    pub(crate) made: Option<Timestamp>,
    /// The state that the commit will save.
    pub(crate) state_after: State,
}

impl Plan {
    /// Has the row read what changed since the log of deletions was asked last, where that is before the watermark.
    pub(crate) fn reach_back(&mut self) {
        if let Some((query, fetch)) = self.wider.take() {
            (self.query, self.fetch) = (query, fetch);
        }
    }
}

/// What the plan of a row takes from the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Whether the row forgets its state.
    pub(crate) full_refresh: bool,
    /// How many records make a job of its own pay.
    pub(crate) records_per_job: u32,
}

impl Plan {
    /// Returns whether a query job may carry the records, at once or once they turn out to be many.
    pub(crate) fn may_create_job(&self) -> bool {
        self.api == PlannedApi::Bulk || self.rest_up_to.is_some()
    }
}

/// Which API a row uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedApi {
    /// A Bulk API 2.0 query job.
    Bulk,
    /// The REST API's query resource.
    Rest,
}

impl fmt::Display for PlannedApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bulk => "Bulk API 2.0",
            Self::Rest => "REST API",
        })
    }
}

/// Which records a row reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchWindow {
    /// All that the query selects.
    All {
        /// Why not only the changed ones.
        reason: String,
    },
    /// Those that changed.
    Since {
        /// The cursor field.
        cursor_field: String,
        /// The lower bound, inclusive, as it stands in the query: a datetime or a date.
        from: String,
        /// The upper bound, exclusive, where there is one.
        to: Option<String>,
        /// The watermark that the last commit saved.
        watermark: Timestamp,
    },
}

/// A field that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The field.
    pub field: String,
    /// Why.
    pub reason: String,
}

/// Plans how the table of `row` is compared with the org.
pub(crate) async fn compare(row: &RowSpec, client: &Client, destination: &dyn Destination) -> Result<Comparison> {
    compare::make(row, client, destination).await
}

/// Decides what `row` will do: asks the org for describes and how far its changes are complete, and the destination for the row's state.
pub(crate) async fn make(
    row: &RowSpec,
    Terms { full_refresh, records_per_job }: Terms,
    client: &Client,
    destination: &dyn Destination,
) -> Result<Plan> {
    let mut selected = source::select(row, client).await?;
    let (mut ending, mut notes) = deleted::check(row, &selected, destination)?;
    let mut table = table(row, &selected)?;
    let fingerprint = fingerprint_of(row, &selected, &table.primary_key);
    let mut window =
        Window::open(row, full_refresh, &selected.object, fingerprint, client, destination, &table.name).await?;
    let mut deletions = Deletions::none(row.deleted);
    if let Some(ending) = &mut ending {
        let decided = deleted::decide(row, &selected, &mut window, client).await?;
        deletions = decided.0;
        notes.extend(decided.1);
        ending.saved = window.saved.take();
    }
    table.gone = deleted::see_deleted(row, &mut selected, &window.fetch)?;
    let Selected {
        mut query, object, selection, operation, obstacles, bulk_warnings, place, notes: source_notes, ..
    } = selected;
    notes.splice(0..0, source_notes);
    table.columns = columns(row, &selection);
    table.write_mode = window.write_mode;
    table.premise = window.premise;
    let wider = window.wider.map(|(fetch, condition)| {
        let mut wider = query.clone();
        wider.add_condition(condition);
        (wider, fetch)
    });
    if let Some(condition) = window.condition {
        query.add_condition(condition);
    }
    check_capabilities(row, &table, destination)?;
    notes.extend(window.notes);
    let mut warnings = Vec::new();
    let cursor = window.state_after.fingerprint.as_ref().and_then(|fingerprint| fingerprint.cursor_field.as_deref());
    if let (Some(cursor), Fetch::Incremental) = (cursor, row.fetch) {
        match (&place, window.cursor_cost) {
            (Some(place), cost) => {
                warnings.extend(place.check_incremental(&query, cursor)?);
                warnings.extend(cost.map(|(cost, advice)| place.warning_at_field(&query, cursor, &cost, advice)));
            }
            (None, cost) => notes.extend(cost.map(|(cost, _)| cost)),
        }
    }
    let reading = Reading { object: &object.name, query: &query, operation, obstacles: &obstacles };
    let route = route::choose(row.api, &reading, client).await;
    let ranges = ranges::decide(row.api, &reading, &route, &object, records_per_job, client).await;
    let Route { api, reason: api_reason, records, rest_up_to } = route;
    if api == PlannedApi::Bulk {
        warnings.extend(bulk_warnings);
    }
    let cost = Cost::of(api, records, &table.columns).in_ranges(ranges.as_ref());
    Ok(Plan {
        row: row.name.clone(),
        object: object.name.clone(),
        api,
        api_reason,
        operation,
        query,
        table,
        fetch: window.fetch,
        left_out: selection.left_out,
        ranges,
        cost,
        notes,
        text: place.as_ref().map(|place| place.text().to_owned()),
        warnings: place.and_then(|place| place.diagnostics(warnings)),
        deletions,
        wider,
        ending,
        projection: Arc::new(selection.projection),
        rest_up_to,
        may_fall_back: matches!(row.api, Api::Auto | Api::BulkFirst),
        cursor_column: window.cursor_column,
        watermark_margin: window.watermark_margin,
        stamp_margin: window.stamp_margin,
        made: object.server_time,
        state_after: window.state_after,
    })
}

/// Returns the name of the row's table.
fn table_name(row: &RowSpec, selected: &Selected) -> String {
    row.table.clone().unwrap_or_else(|| selected.object.name.clone())
}

/// Returns what the row's table, which has this key, is made of, but for the cursor field.
fn fingerprint_of(row: &RowSpec, selected: &Selected, primary_key: &[String]) -> Fingerprint {
    let appends = row.load == Load::Append;
    Fingerprint {
        org: selected.org.clone(),
        object: selected.object.name.clone(),
        selection: selected.asked.clone(),
        fields: selected.selection.columns.iter().map(|column| column.column.name.clone()).collect(),
        filter: selected.filter.clone(),
        cursor_field: None,
        include_deleted: selected.includes_deleted,
        removes_deleted: row.deleted == Deleted::Remove,
        // Where records are appended, no key tells them apart.
        primary_key: (!appends).then(|| primary_key.to_vec()),
        appends: Some(appends),
    }
}

/// Returns the columns of the row's table.
fn columns(row: &RowSpec, selection: &Selection) -> Vec<Column> {
    selection.columns.iter().map(|column| row.types.column(column)).collect()
}

/// Returns the table that the row fills. What a load does to it is decided later.
fn table(row: &RowSpec, selected: &Selected) -> Result<TableSpec> {
    let selection = &selected.selection;
    let primary_key = primary_key(row, selection).map_err(|error| match &selected.place {
        Some(place) => place.show(error),
        None => error,
    })?;
    // What is added is added, whatever the table holds: a key would have records of one load take each other's place.
    let primary_key = if row.load == Load::Append { Vec::new() } else { primary_key };
    Ok(TableSpec {
        row: row.name.clone(),
        name: table_name(row, selected),
        columns: columns(row, selection),
        // Its Id, alone or with more, tells a record from the others.
        keys_are_unique: source::has_own_ids(selected) && primary_key.iter().any(|column| column == "Id"),
        primary_key,
        identity: selection
            .projection
            .id_column
            .map(|column| Identity { column: selection.columns[column].column.name.clone(), none: record_id::none() }),
        write_mode: orgtap_destination::WriteMode::Replace,
        version_column: version_column(&selection.columns),
        gone: None,
        premise: Premise::Anything,
    })
}

/// Returns the key's columns as the table spells them. They may be named as a destination without dots in its names spells them:
/// `Account_Name` for `Account.Name`. Computed rows are told apart by what they are grouped by.
fn primary_key(row: &RowSpec, selection: &Selection) -> Result<Vec<String>> {
    let find = |name: &str| {
        let is_exact = |column: &&SelectedColumn| column.column.name.eq_ignore_ascii_case(name);
        let is_dotless = |column: &&SelectedColumn| column.column.name.replace('.', "_").eq_ignore_ascii_case(name);
        selection.columns.iter().find(is_exact).or_else(|| selection.columns.iter().find(is_dotless))
    };
    let Some(key) = &row.primary_key else {
        return match (find("Id"), &selection.grouped) {
            (Some(column), _) => Ok(vec![column.column.name.clone()]),
            (None, Some(grouped)) if row.load == Load::Incremental => Ok(grouped.clone()),
            (None, _) if row.load == Load::Incremental => Err(Error::row_with_hint(
                "could not find the column `Id`, the default primary key, among those of the row",
                "select `Id`, or name the columns that identify a record in `primary_key`",
            )),
            (None, _) => Ok(Vec::new()),
        };
    };
    if key.is_empty() && row.load == Load::Incremental {
        return Err(Error::row_with_hint(
            "could not plan an incremental load without a primary key",
            "name the columns that identify a record in `primary_key`, or set `load = \"append\"` to add records without looking",
        ));
    }
    key.iter()
        .map(|name| {
            find(name).map(|column| column.column.name.clone()).ok_or_else(|| {
                let known = selection.columns.iter().map(|column| column.column.name.as_str());
                let hint =
                    nearest(name, known).unwrap_or_else(|| "select it, or take it out of `primary_key`".to_owned());
                Error::row_with_hint(
                    format!("could not use `{name}` as `primary_key`: it is not among the columns of the row"),
                    hint,
                )
            })
        })
        .collect()
}

/// Returns the column that tells the newer of two records with the same key.
fn version_column(columns: &[SelectedColumn]) -> Option<String> {
    ["SystemModstamp", "LastModifiedDate"]
        .into_iter()
        .find(|name| columns.iter().any(|column| column.column.name == *name))
        .map(str::to_owned)
}

fn check_capabilities(row: &RowSpec, table: &TableSpec, destination: &dyn Destination) -> Result<()> {
    let can = destination.capabilities();
    if can.supports(table.write_mode) {
        return Ok(());
    }
    let message =
        format!("could not plan the load of row `{}`: this destination cannot {}", row.name, table.write_mode);
    Err(Error::row_with_hint(message, "set `load = \"full\"`, or choose another destination"))
}
