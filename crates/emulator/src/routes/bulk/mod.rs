//! Bulk API 2.0 query jobs: created, watched, read page by page, aborted, deleted.

mod chunking;
pub(super) mod create;
mod document;
mod locator;
pub(super) mod results;

use axum::{http::StatusCode, response::Response};
use serde::Deserialize;

use super::Request;
use crate::{
    answer::{Refusal, empty, json},
    call::Resource,
    fault::Action,
    job::JobError,
    version::ApiVersion,
};
use document::JobDocument;

/// Jobs of one page of the job list.
const LIST_PAGE: usize = 1_000;

/// Answers a call about query jobs.
pub(super) fn answer(version: ApiVersion, resource: &Resource, request: &Request) -> Result<Response, Refusal> {
    if version < ApiVersion::QUERY_JOBS {
        return Err(Refusal::not_found());
    }
    match resource {
        Resource::JobCreate => create::create(version, request),
        Resource::JobList => Ok(list(version, request)),
        Resource::JobInfo(id) => info(id, request),
        Resource::JobAbort(id) => abort(id, request),
        Resource::JobDelete(id) => delete(id, request),
        Resource::Results(id) => results::page(version, id, request),
        Resource::ResultPages(id) => results::addresses(version, id, request),
        _ => Err(Refusal::not_found()),
    }
}

fn info(id: &str, request: &Request) -> Result<Response, Refusal> {
    let server = &request.server;
    let job = server.jobs.poll(id, server.org.now()).ok_or_else(Refusal::not_found)?;
    results::measure(&job, request);
    let mut document = document::full(&job, request);
    match &request.fault {
        Some(Action::ReportState { state }) => document.report_state(state),
        Some(Action::ReportRecords { records }) => document.report_records(*records),
        _ => {}
    }
    Ok(json(StatusCode::OK, &document))
}

fn list(version: ApiVersion, request: &Request) -> Response {
    let mut jobs: Vec<JobDocument> = Vec::new();
    let is_wanted =
        |kind: &str| request.parameter("jobType").is_none_or(|wanted| wanted.split(',').any(|one| one == kind));
    if is_wanted(document::JOB_TYPE) {
        let all = request.server.jobs.list(request.server.org.now());
        jobs.extend(all.iter().map(|job| document::brief(job, request)));
    }
    if is_wanted(document::CLASSIC) {
        jobs.extend(request.server.batch_jobs.list().iter().map(|job| document::classic(job, request)));
    }
    jobs.retain(|job| {
        let mode = request.parameter("concurrencyMode");
        let chunked = request.parameter("isPkChunkingEnabled");
        mode.is_none_or(|mode| job.concurrency_mode == mode)
            && chunked.is_none_or(|chunked| chunked == if job.is_chunked { "true" } else { "false" })
    });
    let from = request.parameter("queryLocator").and_then(locator::read_plain).unwrap_or(0);
    let next = (jobs.len().saturating_sub(from) > LIST_PAGE).then(|| {
        let locator = locator::write_plain(from + LIST_PAGE);
        format!("/services/data/v{version}/jobs/query?queryLocator={locator}")
    });
    json(StatusCode::OK, &document::List::new(jobs.into_iter().skip(from).take(LIST_PAGE), next))
}

#[derive(Deserialize)]
struct Change {
    state: String,
}

fn abort(id: &str, request: &Request) -> Result<Response, Refusal> {
    let server = &request.server;
    let known = server.jobs.get(id, server.org.now()).ok_or_else(Refusal::not_found)?;
    let change: Change = serde_json::from_slice(&request.body)
        .map_err(|error| Refusal::bad_request("JSON_PARSER_ERROR", error.to_string()))?;
    if change.state != "Aborted" {
        return Err(Refusal::bad_request("INVALIDJOBSTATE", "A query job can only be set to Aborted"));
    }
    let job = server.jobs.abort(&known.id.to_string(), server.org.now()).map_err(|error| match error {
        JobError::Unknown => Refusal::not_found(),
        _ => Refusal::bad_request("INVALIDJOBSTATE", "Aborting already Completed Job not allowed"),
    })?;
    Ok(json(StatusCode::OK, &document::brief(&job, request)))
}

fn delete(id: &str, request: &Request) -> Result<Response, Refusal> {
    let server = &request.server;
    match server.jobs.delete(id, server.org.now()) {
        Ok(()) => Ok(empty(StatusCode::NO_CONTENT)),
        Err(JobError::Unknown) => Err(Refusal::not_found()),
        Err(_) => Err(Refusal::api_error("Error encountered when deleting the job because the job is not terminated")),
    }
}
