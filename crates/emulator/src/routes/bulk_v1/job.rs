//! Creating and closing jobs, and adding batches to them. What is wrong with a query fails its batch, not the call.

use std::sync::Arc;

use axum::{http::StatusCode, response::Response};
use orgtap_soql::Query;

use super::{Problem, chunking, document, document::Form, printable, read, refuse};
use crate::{
    answer::Refusal,
    batch::{BatchJob, BatchJobRequest, BatchJobState, Content, Outcome},
    call::CallKind,
    render::LineEnding,
    routes::{Request, bulk::create::select},
    select::Scope,
    version::ApiVersion,
};

/// Batches that an org may create in 24 hours.
pub(in crate::routes) const DAILY_BATCHES: u64 = 15_000;

/// Answers `POST job`.
pub(super) fn create(version: ApiVersion, request: &Request, form: Form) -> Result<Response, Problem> {
    let members = read::job_info(&request.body, form)?;
    let member = |name: &str| members.get(name).map(String::as_str);
    let (operation, scope) = match member("operation") {
        Some("query") => ("query", Scope::Live),
        Some("queryAll") => ("queryAll", Scope::All),
        Some(other) => return Err(refuse("InvalidJob", format!("Operation {} is not offered here", printable(other)))),
        None => return Err(refuse("InvalidJob", "No operation specified")),
    };
    let name = member("object").ok_or_else(|| refuse("InvalidJob", "No object specified"))?;
    let unknown = || refuse("InvalidJob", format!("Unable to find object: {}", printable(name)));
    let object = request.server.org.object(name).ok_or_else(unknown)?;
    if !object.bulk_supported {
        return Err(refuse("InvalidEntity", format!("Entity '{}' is not supported by the Bulk API.", object.name)));
    }
    let content = match member("contentType") {
        // Without a word about it, results come in the form of the request.
        None => {
            if form == Form::Json {
                Content::Json
            } else {
                Content::Xml
            }
        }
        Some("CSV") => Content::Csv,
        Some("JSON") => Content::Json,
        Some("XML") => Content::Xml,
        Some(other) => {
            return Err(refuse("InvalidJob", format!("Content type {} is not offered here", printable(other))));
        }
    };
    let wanted = BatchJobRequest {
        operation,
        scope,
        object: object.name.clone(),
        // Some clients send the number of the mode instead of its name.
        concurrency: if matches!(member("concurrencyMode"), Some("Serial" | "1")) { "Serial" } else { "Parallel" },
        content,
        line_ending: line_ending(request),
        version,
        chunking: read::chunking(request.header("sforce-enable-pkchunking"))?,
    };
    let server = &request.server;
    let job = server.batch_jobs.create(server.jobs.next_id(server.pod()), wanted, server.org.now());
    Ok(document::job(StatusCode::CREATED, &job, request, form))
}

fn line_ending(request: &Request) -> LineEnding {
    let wish = request.header("sforce-line-ending").unwrap_or_default();
    LineEnding::ALL.into_iter().find(|one| one.name.eq_ignore_ascii_case(wish)).unwrap_or(LineEnding::LF)
}

/// Answers `POST job/{id}`.
pub(super) fn set_state(job: &BatchJob, request: &Request, form: Form) -> Result<Response, Problem> {
    let members = read::job_info(&request.body, body_form(request))?;
    let wanted = match members.get("state").map(String::as_str) {
        Some("Closed") => BatchJobState::Closed,
        Some("Aborted") => BatchJobState::Aborted,
        _ => return Err(refuse("InvalidJob", "A job can only be set to Closed or Aborted")),
    };
    if job.state == BatchJobState::Aborted {
        return Err(refuse("InvalidJobState", format!("Job {} is aborted", job.id)));
    }
    let server = &request.server;
    let changed = server.batch_jobs.set_state(job.id, wanted, server.org.now());
    let changed = changed.ok_or_else(|| super::no_job(&job.id.to_string()))?;
    Ok(document::job(StatusCode::OK, &changed, request, form))
}

fn body_form(request: &Request) -> Form {
    let is_xml = request.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
    if is_xml { Form::Xml } else { Form::Json }
}

/// Answers `POST job/{id}/batch`.
pub(super) fn add_batch(job: &BatchJob, request: &Request, form: Form) -> Result<Response, Problem> {
    if job.state != BatchJobState::Open {
        return Err(refuse("InvalidJobState", format!("Job {} is not open", job.id)));
    }
    let soql = std::str::from_utf8(&request.body).ok().map(str::trim).filter(|soql| !soql.is_empty());
    let soql = soql.ok_or_else(|| refuse("InvalidBatch", "The batch holds no query"))?;
    let server = &request.server;
    let now = server.org.now();
    server.counter.query(CallKind::BulkV1Batch, job.request.operation, soql);
    let batches = batches(job, soql, request);
    if server.batch_jobs.batches_today(now) + batches.len() as u64 > DAILY_BATCHES {
        return Err(refuse("ExceededQuota", format!("ApiBatchItems Limit exceeded. Limit: {DAILY_BATCHES}")));
    }
    let batch = server.batch_jobs.add(job.id, batches, now);
    let batch = batch.ok_or_else(|| super::no_job(&job.id.to_string()))?;
    Ok(document::batch(StatusCode::CREATED, job, &batch, form))
}

/// Returns the batches that a query makes: one, or with chunking those that do its work besides.
fn batches(job: &BatchJob, soql: &str, request: &Request) -> Vec<(String, Outcome)> {
    let (server, version) = (&request.server, job.request.version);
    let org = &server.org;
    let outcome = |soql: &str| match select(server, version, soql, job.request.scope) {
        Ok(selection) if selection.object().name != job.request.object => Outcome::Failure(format!(
            "InvalidBatch : Failed to process query: INVALID_TYPE_FOR_OPERATION: The root entity of the requested query \
             ({}) does not match the entity of the requested Bulk API Job ({}).",
            selection.object().name,
            job.request.object
        )),
        Ok(selection) => Outcome::Records(Arc::new(selection)),
        Err(refusal) => Outcome::Failure(failure(refusal)),
    };
    let whole = outcome(soql);
    let query: Option<Query> = orgtap_soql::parse(soql).ok();
    match (&whole, job.request.chunking, query) {
        (Outcome::Records(_), Some(chunking), Some(query)) if chunking::is_possible(&query) => {
            let parts = chunking::split(&query, &job.request.object, chunking, org).into_iter().map(|part| {
                let soql = part.to_string();
                let outcome = outcome(&soql);
                (soql, outcome)
            });
            [(soql.to_owned(), Outcome::Split)].into_iter().chain(parts).collect()
        }
        _ => vec![(soql.to_owned(), whole)],
    }
}

/// Returns the `stateMessage` of a batch whose query is refused.
fn failure(refusal: Refusal) -> String {
    let (Refusal::Rest { code, message, .. } | Refusal::Bulk { code, message, .. }) = refusal else {
        return "InternalServerError : Failed to process query".to_owned();
    };
    if message.starts_with("Aggregate Relationships") {
        return "FeatureNotEnabled : Aggregate Relationships not supported in Bulk Query".to_owned();
    }
    if code == "FEATURENOTENABLED" {
        return format!("FeatureNotEnabled : {message}");
    }
    let code = if code == "API_ERROR" { "FUNCTIONALITY_NOT_ENABLED" } else { code.as_str() };
    // Salesforce puts the message, which shows the query over several lines, on one.
    let words: Vec<&str> = message.split_whitespace().collect();
    format!("InvalidBatch : Failed to process query: {code}: {}", words.join(" "))
}
