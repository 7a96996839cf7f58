//! Creating a query job. Nearly everything that is wrong with one is said here, not by a failed job later.

use std::sync::Arc;

use axum::{http::StatusCode, response::Response};
use orgtap_soql::{Argument, Call, Condition, Operand, Query, SelectItem};
use serde_json::{Map, Value as Json};

use super::document;
use crate::{
    answer::{Refusal, json},
    call::CallKind,
    job::JobRequest,
    object::FieldKind,
    org::Org,
    render::{Delimiter, Dialect, LineEnding},
    routes::{Request, query::operation, restriction},
    select::{Scope, Selection},
    server::Server,
    version::ApiVersion,
};

/// Answers `POST jobs/query`.
pub(super) fn create(version: ApiVersion, request: &Request) -> Result<Response, Refusal> {
    let server = &request.server;
    let wanted = Wanted::read(&request.body)?;
    server.counter.query(CallKind::JobCreate, operation(wanted.scope), &wanted.soql);
    let selection = select(server, version, &wanted.soql, wanted.scope)?;
    let job = JobRequest {
        operation: operation(wanted.scope),
        dialect: wanted.dialect,
        version,
        selection: Arc::new(selection),
    };
    let (cap, now) = (server.options.daily_query_jobs, server.org.now());
    let most = server.options.daily_result_kilobytes;
    if server.jobs.stored_today(now) / 1000 > most {
        // Seen by estuary/connectors (source-salesforce-native, bulk_job_manager.py); the code is that of the other daily limit.
        let message = format!("Max bulk v2 query result size stored ({most}) kb per 24 hrs has been exceeded");
        return Err(Refusal::bad_request("LIMIT_EXCEEDED", message));
    }
    let job = server.jobs.create(job, server.pod(), cap, now).map_err(|created| {
        let message = format!("Max bulk v2 query jobs ({cap}) per 24 hrs has been reached ({created})");
        Refusal::bad_request("LIMIT_EXCEEDED", message)
    })?;
    if let Some(fault) = &request.fault {
        server.jobs.spoil(&job.id.to_string(), fault, now);
    }
    Ok(json(StatusCode::OK, &document::brief(&job, request)))
}

/// What the request document asks for.
struct Wanted {
    soql: String,
    scope: Scope,
    dialect: Dialect,
}

impl Wanted {
    fn read(body: &[u8]) -> Result<Self, Refusal> {
        let document: Map<String, Json> = serde_json::from_slice(body)
            .map_err(|error| Refusal::bad_request("JSON_PARSER_ERROR", format!("Unexpected input: {error}")))?;
        let scope = choose(&document, "operation", &[("query", Scope::Live), ("queryAll", Scope::All)])?
            .ok_or_else(|| missing("operation"))?;
        choose(&document, "contentType", &[("CSV", ())])?;
        let delimiter = choose(&document, "columnDelimiter", &Delimiter::ALL.map(|one| (one.name, one)))?;
        let line_ending = choose(&document, "lineEnding", &LineEnding::ALL.map(|one| (one.name, one)))?;
        let soql = match document.get("query") {
            Some(Json::String(soql)) if !soql.trim().is_empty() => soql.clone(),
            Some(Json::String(_) | Json::Null) | None => return Err(missing("query")),
            Some(other) => return Err(bad_value("query", other)),
        };
        let dialect = Dialect {
            delimiter: delimiter.unwrap_or(Delimiter::COMMA),
            line_ending: line_ending.unwrap_or(LineEnding::LF),
        };
        Ok(Self { soql, scope, dialect })
    }
}

/// Reads a member that must be one of some names, spelt exactly.
fn choose<T: Copy>(document: &Map<String, Json>, key: &str, choices: &[(&str, T)]) -> Result<Option<T>, Refusal> {
    match document.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => choices
            .iter()
            .find(|(name, _)| value.as_str() == Some(name))
            .map(|(_, choice)| Some(*choice))
            .ok_or_else(|| bad_value(key, value)),
    }
}

fn missing(key: &str) -> Refusal {
    Refusal::bad_request("INVALIDREQUEST", format!("Missing required property: {key}"))
}

fn bad_value(key: &str, value: &Json) -> Refusal {
    let value: String = value.to_string().chars().filter(|c| !c.is_control()).take(60).collect();
    Refusal::bad_request("JSON_PARSER_ERROR", format!("{value} is not a valid value for {key}"))
}

/// Selects the records, or says why the Bulk API does not.
pub(in crate::routes) fn select(
    server: &Server,
    version: ApiVersion,
    soql: &str,
    scope: Scope,
) -> Result<Selection, Refusal> {
    let org = &server.org;
    // What does not parse is refused by the org, in Salesforce's words.
    if let Ok(query) = orgtap_soql::parse(soql) {
        check_clauses(&query, org)?;
    }
    restriction::check(soql, version, server)?;
    let selection = org.select(soql, scope)?;
    check_columns(&selection)?;
    Ok(selection)
}

fn check_clauses(query: &Query, org: &Org) -> Result<(), Refusal> {
    let object = org.object(&query.object().text);
    if let Some(object) = object.filter(|object| object.queryable && !object.bulk_supported) {
        let message = format!("Entity '{}' is not supported by the Bulk API.", object.name);
        return Err(Refusal::bad_request("INVALIDENTITY", message));
    }
    let refused = [
        (query.has_subqueries(), "Aggregate Relationships not supported in Bulk V2 Query with CSV content type"),
        (query.is_aggregate(), "Aggregate Relationships not supported in Bulk Query"),
        (query.offset.is_some(), "OFFSET not supported in Bulk Query"),
        (selects(query, |item| matches!(item, SelectItem::TypeOf(_))), "TYPEOF not supported in Bulk Query"),
        (measures_distance(query), "Selecting compound data not supported in Bulk Query"),
        (selects(query, is_unbounded_fields), "The SOQL FIELDS function must be FIELDS(STANDARD) in Bulk Query"),
    ];
    refused.iter().find(|(is_used, _)| *is_used).map_or(Ok(()), |(_, message)| Err(Refusal::api_error(*message)))
}

fn selects(query: &Query, is_it: impl Fn(&SelectItem) -> bool) -> bool {
    query.select.iter().any(is_it)
}

/// The places of a distance are compound fields, which only SOAP and REST know.
fn measures_distance(query: &Query) -> bool {
    let is_distance = |operand: &Operand| matches!(operand, Operand::Call(call) if call.function.is("DISTANCE"));
    let compared = query.filter.iter().flat_map(Condition::comparisons).any(|comparison| is_distance(&comparison.left));
    compared
        || query.order_by.iter().any(|item| is_distance(&item.operand))
        || selects(query, |item| matches!(item, SelectItem::Call { call, .. } if call.function.is("DISTANCE")))
}

fn is_unbounded_fields(item: &SelectItem) -> bool {
    let SelectItem::Call { call: Call { function, arguments, .. }, .. } = item else { return false };
    let is_standard = |argument: &Argument| matches!(argument, Argument::Path(path) if path.is("STANDARD"));
    function.is("FIELDS") && !arguments.iter().all(is_standard)
}

fn check_columns(selection: &Selection) -> Result<(), Refusal> {
    for column in selection.columns() {
        if column.kind.is_compound() {
            return Err(Refusal::api_error("Selecting compound data not supported in Bulk Query"));
        }
        let has_structure = matches!(column.kind, FieldKind::Base64 | FieldKind::ComplexValue | FieldKind::Json)
            || column.soap_type.starts_with("urn:")
            || column.soap_type == "tns:json";
        if has_structure {
            let message = format!("Cannot serialize value for '{}' in CSV format", column.header);
            return Err(Refusal::bad_request("FEATURENOTENABLED", message));
        }
    }
    Ok(())
}
