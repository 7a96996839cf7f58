//! Results of a query job: pages of CSV, and the addresses of all pages.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use serde::Serialize;

use super::locator;
use crate::{
    answer::{Refusal, json},
    encoding::{accepts_gzip, mark_gzip},
    fault::Action,
    job::{Job, JobState},
    page_cache::PageKey,
    render::ResultPage,
    routes::{
        Request,
        stream::{Compression, replay, stream_and_keep},
    },
    select::SelectedColumn,
    version::ApiVersion,
};

/// Records that the size of a job's results is reckoned from.
const MEASURED: u64 = 200;
/// Addresses of one answer.
const ADDRESSES: u64 = 5;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Addresses {
    result_pages: Vec<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_records_url: Option<String>,
    done: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    result_url: String,
}

/// Answers `jobs/query/{id}/results`.
pub(super) fn page(version: ApiVersion, id: &str, request: &Request) -> Result<Response, Refusal> {
    let job = finished_job(version, id, request)?;
    measure(&job, request);
    let (total, from) = (job.request.selection.total(), position(&job, request)?);
    let size = page_records(request)?;
    let records = size.min(total.saturating_sub(from));
    let end = from + records;
    let mut next = if end < total { locator::write(job.id, end) } else { "null".to_owned() };
    let (mut first, mut missing) = (from, 0);
    match &request.fault {
        Some(Action::ShortPage { missing_records }) => missing = *missing_records,
        Some(Action::RepeatPage) => first = from.saturating_sub(size),
        Some(Action::ShiftPage { records }) => first = from.saturating_sub(*records),
        Some(Action::ReportLocator { locator }) => next.clone_from(locator),
        _ => {}
    }
    let columns = column_order(job.request.selection.columns(), version);
    let mut names = columns.clone();
    if let Some(Action::TurnHeader) = request.fault {
        names.rotate_left(1);
    }
    let page = ResultPage {
        selection: Arc::clone(&job.request.selection),
        dialect: job.request.dialect,
        columns,
        names,
        from: first,
        records: records.saturating_sub(missing),
    };

    let mut answer = Response::new(Body::empty());
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=UTF-8"));
    headers.insert("sforce-numberofrecords", HeaderValue::from(records));
    insert_text(headers, "sforce-locator", &next);
    let compression = if accepts_gzip(&request.headers) { Compression::Gzip } else { Compression::None };
    if matches!(compression, Compression::Gzip) {
        mark_gzip(headers);
    }
    if request.method != Method::HEAD {
        *answer.body_mut() = body(page, &job, compression, request);
    }
    Ok(answer)
}

/// Notes how large the results of a finished job are, as reckoned from the first of them.
pub(super) fn measure(job: &Job, request: &Request) {
    if job.is_measured || job.state != JobState::JobComplete {
        return;
    }
    let selection = Arc::clone(&job.request.selection);
    let total = selection.total();
    let records = total.min(MEASURED);
    let columns: Vec<usize> = (0..selection.columns().len()).collect();
    let mut written = Vec::new();
    let page =
        ResultPage { selection, dialect: job.request.dialect, names: columns.clone(), columns, from: 0, records };
    if page.write_to(&mut written).is_ok() {
        let bytes = written.len() as u64 * total.max(1) / records.max(1);
        request.server.jobs.measure(job.id, bytes, request.server.org.now());
    }
}

/// Writes a page, or gives it as it was written before.
fn body(page: ResultPage, job: &Job, compression: Compression, request: &Request) -> Body {
    let is_gzip = matches!(compression, Compression::Gzip);
    let key = PageKey::of(&page, job.request.operation, is_gzip);
    if let Some(kept) = key.as_ref().and_then(|key| request.server.pages.get(key)) {
        return replay(kept);
    }
    let keep = key.map(|key| request.server.pages.keep(key, page.selection.data().0));
    stream_and_keep(compression, keep, move |out| page.write_to(out))
}

/// Answers `jobs/query/{id}/resultPages`.
pub(super) fn addresses(version: ApiVersion, id: &str, request: &Request) -> Result<Response, Refusal> {
    if version < ApiVersion::RESULT_PAGES {
        return Err(Refusal::not_found());
    }
    let job = finished_job(version, id, request)?;
    let (total, from) = (job.request.selection.total(), position(&job, request)?);
    let page_records = request.server.options.page_records.max(1);
    let root = format!("/services/data/v{version}/jobs/query/{}", job.id);
    let starts = (0..ADDRESSES).map(|at| from + at * page_records).take_while(|start| *start < total || *start == 0);
    let result_pages: Vec<Address> = starts
        .map(|start| Address { result_url: format!("{root}/results?locator={}", locator::write(job.id, start)) })
        .collect();
    let end = from + ADDRESSES * page_records;
    let next_records_url = (end < total).then(|| format!("{root}/resultpages?locator={}", locator::write(job.id, end)));
    Ok(json(StatusCode::OK, &Addresses { done: next_records_url.is_none(), result_pages, next_records_url }))
}

fn finished_job(version: ApiVersion, id: &str, request: &Request) -> Result<Job, Refusal> {
    let server = &request.server;
    let job = server.jobs.get(id, server.org.now()).ok_or_else(Refusal::not_found)?;
    if job.request.version != version {
        let message = format!("The job was created in API version {}, not {version}", job.request.version);
        return Err(Refusal::new(StatusCode::CONFLICT, "API_VERSION_CONFLICT", message));
    }
    if job.state != JobState::JobComplete {
        let message = format!("Results are not available: the job is in state {}", job.state.name());
        return Err(Refusal::api_error(message));
    }
    Ok(job)
}

/// Reads where the page begins.
fn position(job: &Job, request: &Request) -> Result<u64, Refusal> {
    let Some(text) = request.parameter("locator") else { return Ok(0) };
    let total = job.request.selection.total();
    locator::read(job.id, text)
        .filter(|position| *position < total || *position == 0)
        .ok_or_else(|| Refusal::bad_request("INVALID_LOCATOR", "The locator is not valid for this job"))
}

fn page_records(request: &Request) -> Result<u64, Refusal> {
    let Some(text) = request.parameter("maxRecords") else { return Ok(request.server.options.page_records.max(1)) };
    text.parse()
        .ok()
        .filter(|records| *records > 0)
        .ok_or_else(|| Refusal::api_error("maxRecords must be a positive integer"))
}

/// Returns the positions of the columns in the order in which an API version gives them.
pub(in crate::routes) fn column_order(columns: &[SelectedColumn], version: ApiVersion) -> Vec<usize> {
    let mut order: Vec<usize> = (0..columns.len()).collect();
    if version < ApiVersion::ORDERED_COLUMNS {
        order.sort_by_key(|at| columns[*at].header.to_ascii_lowercase());
    }
    order
}

fn insert_text(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
