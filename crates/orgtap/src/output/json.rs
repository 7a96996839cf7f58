//! The JSON documents that commands print. Their shape is a promise: `version` changes when a reader would have to.

use orgtap_destination::ColumnType;
use orgtap_engine::{Cost, Deleted, Error, FetchWindow, Plan, PlannedApi, Ranges, RowReport, RowTimes, RunReport};
use orgtap_salesforce::{ApiUsage, QueryOperation, Resource, Spending};
use serde::Serialize;

use super::diagnostic::DiagnosticDocument;
use super::format::chain;
use super::report::{Totals, notes};

/// The version of every document here.
pub(crate) const VERSION: u32 = 1;

/// `orgtap run --json`
#[derive(Debug, Serialize)]
pub(crate) struct ReportDocument {
    version: u32,
    elapsed_seconds: f64,
    totals: TotalsDocument,
    api_usage: Option<UsageDocument>,
    spending: Vec<SpendingDocument>,
    rows: Vec<RowDocument>,
}

/// All rows together. Rows run at the same time: their seconds add up to more than the run took.
#[derive(Debug, Serialize)]
struct TotalsDocument {
    records: u64,
    /// Of CSV.
    bytes: u64,
    /// Of Salesforce's answers as they came, compressed.
    received_bytes: u64,
    records_per_second: f64,
    bytes_per_second: f64,
    api_calls: u64,
    seconds: TimesDocument,
}

/// Where the time went.
#[derive(Debug, Serialize)]
struct TimesDocument {
    planning: f64,
    job_wait: f64,
    transfer: f64,
    commit: f64,
}

impl From<RowTimes> for TimesDocument {
    fn from(times: RowTimes) -> Self {
        let RowTimes { planning, job_wait, transfer, commit } = times;
        Self {
            planning: planning.as_secs_f64(),
            job_wait: job_wait.as_secs_f64(),
            transfer: transfer.as_secs_f64(),
            commit: commit.as_secs_f64(),
        }
    }
}

impl From<&RunReport> for TotalsDocument {
    fn from(report: &RunReport) -> Self {
        let Totals { records, bytes, received, calls, times } = Totals::of(report);
        let seconds = report.elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
        Self {
            records,
            bytes,
            received_bytes: received,
            records_per_second: records as f64 / seconds,
            bytes_per_second: bytes as f64 / seconds,
            api_calls: calls,
            seconds: times.into(),
        }
    }
}

#[derive(Debug, Serialize)]
struct UsageDocument {
    used: u64,
    allowed: u64,
}

/// What the run used of one thing of which the org has so much a day.
#[derive(Debug, Serialize)]
struct SpendingDocument {
    resource: &'static str,
    used: u64,
    may_use: Option<u64>,
    daily: Option<u64>,
}

impl From<&Spending> for SpendingDocument {
    fn from(spending: &Spending) -> Self {
        let resource = match spending.resource {
            Resource::ApiRequests => "api_requests",
            Resource::QueryJobs => "query_jobs",
            Resource::ResultMegabytes => "result_megabytes",
        };
        Self { resource, used: spending.used, may_use: spending.may_use, daily: spending.daily }
    }
}

#[derive(Debug, Serialize)]
struct RowDocument {
    row: String,
    table: Option<String>,
    status: &'static str,
    write_mode: Option<String>,
    records: Option<u64>,
    bytes: Option<u64>,
    superseded: Option<u64>,
    removed: Option<u64>,
    flagged: Option<u64>,
    table_records: Option<u64>,
    elapsed_seconds: f64,
    seconds: TimesDocument,
    received_bytes: u64,
    api_calls: u64,
    notes: Vec<String>,
    error: Option<ErrorDocument>,
}

/// Why something about a row failed.
#[derive(Debug, Serialize)]
pub(super) struct ErrorDocument {
    message: String,
    hint: Option<String>,
    is_user_error: bool,
}

impl From<&Error> for ErrorDocument {
    fn from(error: &Error) -> Self {
        Self { message: chain(error), hint: error.hint(), is_user_error: error.is_user_error() }
    }
}

impl ReportDocument {
    /// Returns the document for `report`.
    pub(crate) fn new(report: &RunReport, usage: Option<ApiUsage>, spending: &[Spending]) -> Self {
        Self {
            version: VERSION,
            elapsed_seconds: report.elapsed.as_secs_f64(),
            totals: TotalsDocument::from(report),
            api_usage: usage.map(|usage| UsageDocument { used: usage.used, allowed: usage.allowed }),
            spending: spending.iter().map(SpendingDocument::from).collect(),
            rows: report.rows.iter().map(RowDocument::from).collect(),
        }
    }
}

impl From<&RowReport> for RowDocument {
    fn from(row: &RowReport) -> Self {
        let loaded = row.outcome.as_ref().ok();
        Self {
            row: row.row.clone(),
            table: row.table.clone(),
            status: if loaded.is_some() { "committed" } else { "failed" },
            write_mode: loaded.map(|loaded| loaded.write_mode.to_string()),
            records: loaded.map(|loaded| loaded.records),
            bytes: loaded.map(|loaded| loaded.bytes),
            superseded: loaded.map(|loaded| loaded.superseded),
            removed: loaded.map(|loaded| loaded.removed),
            flagged: loaded.map(|loaded| loaded.flagged),
            table_records: loaded.and_then(|loaded| loaded.table_records),
            elapsed_seconds: row.elapsed.as_secs_f64(),
            seconds: row.times.into(),
            received_bytes: row.received,
            api_calls: row.calls,
            notes: notes(row),
            error: row.outcome.as_ref().err().map(ErrorDocument::from),
        }
    }
}

/// `orgtap plan --json`
#[derive(Debug, Serialize)]
pub(crate) struct PlansDocument {
    version: u32,
    rows: Vec<PlanDocument>,
}

#[derive(Debug, Serialize)]
struct PlanDocument {
    row: String,
    plan: Option<PlannedDocument>,
    error: Option<ErrorDocument>,
}

/// A plan.
#[derive(Debug, Serialize)]
pub(crate) struct PlannedDocument {
    object: String,
    api: &'static str,
    api_reason: String,
    include_deleted: bool,
    deleted: DeletedDocument,
    query: String,
    table: String,
    write_mode: String,
    primary_key: Vec<String>,
    columns: Vec<ColumnDocument>,
    fetch: FetchDocument,
    /// Several jobs in the place of one, if there are.
    ranges: Option<RangesDocument>,
    cost: CostDocument,
    left_out: Vec<LeftOutDocument>,
    notes: Vec<String>,
    /// What hurts, at its place in the query as it stands in the configuration.
    warnings: Vec<DiagnosticDocument>,
}

/// What is done about records that are deleted in the org.
#[derive(Debug, Serialize)]
struct DeletedDocument {
    treatment: &'static str,
    /// From when on the org's log of deletions is asked.
    log_from: Option<String>,
    /// Why all Ids are compared.
    compare: Option<String>,
}

#[derive(Debug, Serialize)]
struct ColumnDocument {
    name: String,
    #[serde(rename = "type")]
    column_type: &'static str,
    is_nullable: bool,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum FetchDocument {
    All { reason: String },
    Since { cursor_field: String, from: String, to: Option<String>, watermark: String },
}

#[derive(Debug, Serialize)]
struct CostDocument {
    records: Option<u64>,
    api_requests: u64,
    query_jobs: u64,
    result_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
struct RangesDocument {
    jobs: u32,
    records: u64,
    reason: String,
    /// Whether only if Salesforce does not split the query by itself, as it is expected to.
    unless_chunked: bool,
}

impl From<&Ranges> for RangesDocument {
    fn from(ranges: &Ranges) -> Self {
        let Ranges { jobs, records, reason, unless_chunked } = ranges.clone();
        Self { jobs, records, reason, unless_chunked }
    }
}

impl From<Cost> for CostDocument {
    fn from(cost: Cost) -> Self {
        let Cost { records, api_requests, query_jobs, result_bytes } = cost;
        Self { records, api_requests, query_jobs, result_bytes }
    }
}

#[derive(Debug, Serialize)]
struct LeftOutDocument {
    field: String,
    reason: String,
}

impl PlansDocument {
    /// Returns the document for the plans of the rows with these names, in the same order.
    pub(crate) fn new<'a>(plans: impl Iterator<Item = (&'a str, &'a Result<Plan, Error>)>) -> Self {
        let document = |(row, plan): (&str, &Result<Plan, Error>)| PlanDocument {
            row: row.to_owned(),
            plan: plan.as_ref().ok().map(PlannedDocument::from),
            error: plan.as_ref().err().map(ErrorDocument::from),
        };
        Self { version: VERSION, rows: plans.map(document).collect() }
    }
}

impl From<&Plan> for PlannedDocument {
    fn from(plan: &Plan) -> Self {
        let columns = plan.table.columns.iter().map(|column| ColumnDocument {
            name: column.name.clone(),
            column_type: type_name(column.column_type),
            is_nullable: column.is_nullable,
        });
        let left_out = plan
            .left_out
            .iter()
            .map(|left_out| LeftOutDocument { field: left_out.field.clone(), reason: left_out.reason.clone() });
        Self {
            object: plan.object.clone(),
            api: match plan.api {
                PlannedApi::Bulk => "bulk",
                PlannedApi::Rest => "rest",
            },
            api_reason: plan.api_reason.clone(),
            include_deleted: plan.operation == QueryOperation::QueryAll,
            deleted: DeletedDocument {
                treatment: match plan.deletions.treatment {
                    Deleted::Ignore => "ignore",
                    Deleted::Flag { .. } => "flag",
                    Deleted::Remove => "remove",
                },
                log_from: plan.deletions.log_from.map(|from| from.to_string()),
                compare: plan.deletions.compare.clone(),
            },
            query: plan.query.to_string(),
            table: plan.table.name.clone(),
            write_mode: plan.table.write_mode.to_string(),
            primary_key: plan.table.primary_key.clone(),
            columns: columns.collect(),
            fetch: FetchDocument::from(&plan.fetch),
            ranges: plan.ranges.as_ref().map(RangesDocument::from),
            cost: CostDocument::from(plan.cost),
            left_out: left_out.collect(),
            notes: plan.notes.clone(),
            warnings: plan.warnings.as_ref().map(DiagnosticDocument::all_of).unwrap_or_default(),
        }
    }
}

impl From<&FetchWindow> for FetchDocument {
    fn from(window: &FetchWindow) -> Self {
        match window.clone() {
            FetchWindow::All { reason } => Self::All { reason },
            FetchWindow::Since { cursor_field, from, to, watermark } => {
                Self::Since { cursor_field, from, to, watermark: watermark.to_string() }
            }
        }
    }
}

/// Returns the name of a column type in plans.
pub(crate) fn type_name(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Text => "text",
        ColumnType::Boolean => "boolean",
        ColumnType::Integer => "integer",
        ColumnType::Float => "float",
        ColumnType::Date => "date",
        ColumnType::DateTime => "datetime",
        ColumnType::Time => "time",
        _ => "other",
    }
}

/// `orgtap objects --json`
#[derive(Debug, Serialize)]
pub(crate) struct ObjectsDocument {
    version: u32,
    objects: Vec<ObjectDocument>,
}

/// An object of [`ObjectsDocument`].
#[derive(Debug, Serialize)]
pub(crate) struct ObjectDocument {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) is_queryable: bool,
    pub(crate) is_replicateable: bool,
    pub(crate) is_custom: bool,
    pub(crate) key_prefix: Option<String>,
}

impl ObjectsDocument {
    /// Returns the document for `objects`.
    pub(crate) fn new(objects: Vec<ObjectDocument>) -> Self {
        Self { version: VERSION, objects }
    }
}

/// `orgtap describe --json`
#[derive(Debug, Serialize)]
pub(crate) struct ObjectFieldsDocument {
    version: u32,
    name: String,
    label: String,
    fields: Vec<FieldDocument>,
}

/// A field of [`ObjectFieldsDocument`].
#[derive(Debug, Serialize)]
pub(crate) struct FieldDocument {
    pub(crate) name: String,
    pub(crate) label: String,
    #[serde(rename = "type")]
    pub(crate) field_type: String,
    pub(crate) length: u32,
    pub(crate) is_nullable: bool,
    pub(crate) is_custom: bool,
    pub(crate) is_calculated: bool,
    pub(crate) is_filterable: bool,
    pub(crate) reference_to: Vec<String>,
    pub(crate) relationship_name: Option<String>,
}

impl ObjectFieldsDocument {
    /// Returns the document for an object with these fields.
    pub(crate) fn new(name: &str, label: &str, fields: Vec<FieldDocument>) -> Self {
        Self { version: VERSION, name: name.to_owned(), label: label.to_owned(), fields }
    }
}
