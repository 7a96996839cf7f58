//! What a row will do and why, for people.

use orgtap_destination::WriteMode;
use orgtap_engine::{Cost, Deleted, Deletions, FetchWindow, Plan, Ranges};
use orgtap_salesforce::QueryOperation;
use orgtap_soql::Diagnostics;

use super::console::Style;
use super::format::{count, counted, megabytes, printable};
use super::json::type_name;

/// Returns everything that a plan says, a labelled line each, without the last line end.
pub(crate) fn render(plan: &Plan, style: Style) -> String {
    format!("{}\n{}", style.bold(&format!("row {}", printable(&plan.row))), lines(plan, style, Load::Shown))
}

/// Returns what a plan says that is for a query and no load, in the same form.
pub(crate) fn render_query(plan: &Plan, style: Style) -> String {
    lines(plan, style, Load::Hidden)
}

/// Whether what the load does is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    Shown,
    Hidden,
}

fn lines(plan: &Plan, style: Style, load: Load) -> String {
    let mut lines = Vec::new();
    let mut line = |label: &str, text: &str| {
        lines.push(format!("  {} {}", style.faint(&format!("{label:<9}")), printable(text)));
    };
    line("object", &plan.object);
    line("API", &format!("{}: {}", plan.api, plan.api_reason));
    line("records", records(plan));
    if load == Load::Shown {
        line("deleted", &deleted(plan));
        line("fetch", &fetch(&plan.fetch));
    }
    line("query", &plan.query.to_string());
    if let Some(ranges) = &plan.ranges {
        line("jobs", &jobs(ranges));
    }
    line("cost", &cost(&plan.cost));
    if load == Load::Shown {
        line("table", &table(plan));
    }
    for (index, column) in plan.table.columns.iter().enumerate() {
        let label = if index == 0 { "columns" } else { "" };
        line(label, &format!("{:<10}{}", type_name(column.column_type), column.name));
    }
    for (index, left_out) in plan.left_out.iter().enumerate() {
        line(if index == 0 { "left out" } else { "" }, &format!("{}: {}", left_out.field, left_out.reason));
    }
    for note in &plan.notes {
        line("note", note);
    }
    let warnings = plan.warnings.as_ref().map(Diagnostics::render).unwrap_or_default();
    lines.extend(warnings.lines().map(|line| format!("  {}", printable(line))));
    lines.join("\n")
}

/// Returns what a plan comes to, on one line.
pub(crate) fn summary(plan: &Plan) -> String {
    let columns = counted(plan.table.columns.len() as u64, "column");
    printable(&format!("{} → table `{}` ({}, {columns}) by the {}", plan.object, plan.table.name, mode(plan), plan.api))
}

fn records(plan: &Plan) -> &'static str {
    match (plan.operation, plan.deletions.treatment) {
        (QueryOperation::Query, _) => "neither deleted nor archived",
        (QueryOperation::QueryAll, Deleted::Remove) => "archived ones too, and deleted ones to take them out",
        (QueryOperation::QueryAll, _) => "deleted and archived ones too",
    }
}

/// Returns what is done about records that are deleted in the org.
fn deleted(plan: &Plan) -> String {
    let Deletions { treatment, log_from, compare } = &plan.deletions;
    let is_replaced = plan.table.write_mode == WriteMode::Replace;
    let what = match treatment {
        Deleted::Ignore if is_replaced => return "ignored".to_owned(),
        Deleted::Ignore => return "ignored: those in the table stay there".to_owned(),
        Deleted::Flag { .. } => "flagged",
        Deleted::Remove if is_replaced => "left out",
        Deleted::Remove => "taken out of the table",
    };
    match (log_from, compare) {
        (_, Some(reason)) => format!("{what}, after comparing all Ids: {reason}"),
        (Some(from), None) => format!("{what}, those without a trace by the org's log from {from} on"),
        (None, None) => what.to_owned(),
    }
}

fn fetch(window: &FetchWindow) -> String {
    match window {
        FetchWindow::All { reason } => format!("all: {reason}"),
        FetchWindow::Since { cursor_field, from, to, watermark } => {
            let until = to.as_ref().map(|to| format!(" and before {to}")).unwrap_or_default();
            format!("changed: {cursor_field} from {from} on{until}; the last run covered all up to {watermark}")
        }
    }
}

/// Returns how many jobs read the records, and why more than one.
fn jobs(ranges: &Ranges) -> String {
    let Ranges { jobs, records, reason, unless_chunked } = ranges;
    let records = counted(*records, "record");
    let several = format!("{jobs} at the same time, each for a range of Ids");
    match unless_chunked {
        true => format!("one: {reason}, {several}, for {records}"),
        false => format!("{several}: {reason}, and {records} are expected"),
    }
}

fn cost(cost: &Cost) -> String {
    let jobs = match cost.query_jobs {
        0 => String::new(),
        jobs => format!("{}, ", counted(jobs, "query job")),
    };
    let requests = counted(cost.api_requests, "API request");
    match (cost.records, cost.result_bytes) {
        (Some(records), Some(bytes)) => {
            format!("about {jobs}{requests} and {} MB for {}", megabytes(bytes), counted(records, "record"))
        }
        _ => format!(
            "{jobs}at least {} for records that are not counted before",
            count(cost.api_requests) + " API requests"
        ),
    }
}

fn table(plan: &Plan) -> String {
    format!("{} ({})", plan.table.name, mode(plan))
}

fn mode(plan: &Plan) -> String {
    let table = &plan.table;
    match (table.write_mode, table.primary_key.as_slice()) {
        (mode @ WriteMode::Upsert, key) => format!("{mode} by {}", key.join(", ")),
        (mode, []) => mode.to_string(),
        (mode, key) => format!("{mode}, key {}", key.join(", ")),
    }
}
