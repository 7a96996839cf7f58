//! REST queries: `query` and `queryAll`, page by page, and `explain`.

use std::sync::Arc;

use axum::{http::StatusCode, response::Response};
use serde::Serialize;

use super::{Request, columns};
use crate::{
    answer::{Refusal, json, json_bytes},
    call::CallKind,
    cursor::Source,
    id::Id,
    render::{Paging, Records},
    select::{Children, Scope},
    version::ApiVersion,
};

/// Records of a page unless the client wishes for fewer, and at most.
const PAGE_RECORDS: u64 = 2_000;
/// The fewest records that a client can wish for.
const MIN_PAGE_RECORDS: u64 = 200;

/// Answers `query?q=…`, `queryAll?q=…` or `query?explain=…`.
pub(super) fn first_page(version: ApiVersion, scope: Scope, request: &Request) -> Result<Response, Refusal> {
    if let Some(soql) = request.parameter("explain") {
        return explain(soql, scope, request);
    }
    let missing = || Refusal::bad_request("MALFORMED_QUERY", "A query string has to be specified");
    let soql = request.parameter("q").filter(|soql| !soql.trim().is_empty()).ok_or_else(missing)?;
    let server = &request.server;
    server.counter.query(CallKind::Query, operation(scope), soql);
    super::restriction::check(soql, version, server)?;
    if request.parameter("columns").is_some_and(|wished| wished.eq_ignore_ascii_case("true")) {
        return columns::columns(soql, scope, request);
    }
    let selection = Arc::new(request.org().select(soql, scope)?);
    let source = Source::Query(Arc::clone(&selection));
    if selection.count_only() {
        return Ok(page(&source, version, Part { from: 0, records: 0, next: None }, request));
    }
    if selection.is_aggregate() {
        let total = selection.total();
        return if total > PAGE_RECORDS {
            let message =
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch";
            Err(Refusal::bad_request("EXCEEDED_ID_LIMIT", message))
        } else {
            Ok(page(&source, version, Part { from: 0, records: total.max(1), next: None }, request))
        };
    }
    let records = page_records(request);
    let next = (selection.total() > records).then(|| {
        let id = server.cursors.open(source.clone(), records, server.pod(), server.org.now());
        format!("{id}-{records}")
    });
    Ok(page(&source, version, Part { from: 0, records, next }, request))
}

/// The answer of the Tooling API about objects that this org has none of.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NoTools {
    size: u64,
    total_size: u64,
    done: bool,
    query_locator: Option<String>,
    entity_type_name: String,
    records: [String; 0],
}

/// Objects of the Tooling API that clients ask for at their start.
const TOOLING_OBJECTS: [&str; 9] = [
    "ApexClass",
    "ApexTrigger",
    "ApexCodeCoverage",
    "ApexTestQueueItem",
    "CustomField",
    "CustomObject",
    "InstalledSubscriberPackage",
    "MetadataContainer",
    "SourceMember",
];

/// Answers `tooling/query`: the org has no tools, so that these objects are empty. Others are answered as by `query`.
pub(super) fn tooling(version: ApiVersion, request: &Request) -> Result<Response, Refusal> {
    let soql = request.parameter("q").unwrap_or_default();
    let name = orgtap_soql::parse(soql).ok().map(|query| query.object().text.clone());
    let tool = name.and_then(|name| TOOLING_OBJECTS.into_iter().find(|tool| tool.eq_ignore_ascii_case(&name)));
    let Some(tool) = tool else { return first_page(version, Scope::Live, request) };
    request.server.counter.query(CallKind::Query, operation(Scope::Live), soql);
    let answer = NoTools {
        size: 0,
        total_size: 0,
        done: true,
        query_locator: None,
        entity_type_name: tool.to_owned(),
        records: [],
    };
    Ok(json(StatusCode::OK, &answer))
}

/// Answers `query/{locator}`.
pub(super) fn next_page(version: ApiVersion, locator: &str, request: &Request) -> Result<Response, Refusal> {
    let invalid = || Refusal::bad_request("INVALID_QUERY_LOCATOR", "invalid query locator");
    let server = &request.server;
    let (id, cursor, from) = server.cursors.find(locator, server.org.now()).ok_or_else(invalid)?;
    let total = cursor.source.total();
    if from > total {
        return Err(invalid());
    }
    let end = from.saturating_add(cursor.page_records);
    let next = (total > end).then(|| format!("{id}-{end}"));
    Ok(page(&cursor.source, version, Part { from, records: cursor.page_records, next }, request))
}

/// Returns the word by which jobs and statistics name what `scope` sees.
pub(super) fn operation(scope: Scope) -> &'static str {
    match scope {
        Scope::Live => "query",
        Scope::All => "queryAll",
    }
}

/// Which part of a selection a page holds, and the locator of what follows.
struct Part {
    from: u64,
    records: u64,
    next: Option<String>,
}

fn page(source: &Source, version: ApiVersion, part: Part, request: &Request) -> Response {
    let (total, done) = (source.total(), part.next.is_none());
    let mut document = format!("{{\"totalSize\":{total},\"done\":{done},").into_bytes();
    if let Some(locator) = part.next {
        let url = format!("\"nextRecordsUrl\":\"/services/data/v{version}/query/{locator}\",");
        document.extend_from_slice(url.as_bytes());
    }
    document.extend_from_slice(b"\"records\":");
    write_records(source, version, (part.from, part.records), request, &mut document);
    document.push(b'}');
    json_bytes(StatusCode::OK, document)
}

fn write_records(
    source: &Source,
    version: ApiVersion,
    (from, records): (u64, u64),
    request: &Request,
    out: &mut Vec<u8>,
) {
    let server = &request.server;
    let children_records = page_records(request);
    let open = |children: &Arc<Children>, parent: Id| {
        let source = Source::Children(Arc::clone(children), parent);
        server.cursors.open(source, children_records, server.pod(), server.org.now())
    };
    let paging = Paging { records: children_records, open: &open };
    match source {
        _ if records == 0 => out.extend_from_slice(b"[]"),
        Source::Query(selection) => Records::new(selection, version, &paging).write(from, records, out),
        Source::Children(children, parent) => {
            let rows = children.records(*parent, from, records);
            Records::new(children.selection(), version, &paging).write_rows(rows, out);
        }
    }
}

/// Reads `Sforce-Query-Options: batchSize=1000`.
fn page_records(request: &Request) -> u64 {
    let options = request.header("sforce-query-options").unwrap_or_default();
    let wish = options.split([',', ';']).find_map(|option| {
        let (name, value) = option.split_once('=')?;
        name.trim().eq_ignore_ascii_case("batchSize").then(|| value.trim().parse().ok()).flatten()
    });
    wish.unwrap_or(PAGE_RECORDS).clamp(MIN_PAGE_RECORDS, PAGE_RECORDS)
}

#[derive(Serialize)]
struct Explained {
    plans: [ExplainedPlan; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExplainedPlan {
    cardinality: u64,
    fields: [String; 0],
    leading_operation_type: &'static str,
    notes: [String; 0],
    relative_cost: f64,
    sobject_cardinality: u64,
    sobject_type: String,
}

/// Answers `explain`: the query is checked but not read. The emulator has no indexes: it always scans the table.
fn explain(soql: &str, scope: Scope, request: &Request) -> Result<Response, Refusal> {
    let selection = request.org().select(soql, scope)?;
    let object = selection.object().name.clone();
    let records = request.org().record_count(&object).unwrap_or(0);
    let plan = ExplainedPlan {
        cardinality: records,
        fields: [],
        leading_operation_type: "TableScan",
        notes: [],
        relative_cost: if selection.query().filter.is_some() { 1.5 } else { 1.0 },
        sobject_cardinality: records,
        sobject_type: object,
    };
    Ok(json(StatusCode::OK, &Explained { plans: [plan] }))
}
