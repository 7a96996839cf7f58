//! Several reads in one call: `composite` and `composite/batch`.
//!
//! Subrequests that write, and references from one subrequest to another, are not offered.

use axum::{
    body::to_bytes,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Request, answer_resource, check_version, parameters};
use crate::{
    answer::{Refusal, json},
    call::Call,
};

/// Subrequests that one call may hold.
const MAX_SUBREQUESTS: usize = 25;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Composite {
    composite_request: Vec<Subrequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subrequest {
    method: String,
    url: String,
    reference_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CompositeAnswer {
    composite_response: Vec<Subanswer>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subanswer {
    body: Json,
    http_headers: Map<String, Json>,
    http_status_code: u16,
    reference_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Batch {
    batch_requests: Vec<BatchSubrequest>,
}

#[derive(Deserialize)]
struct BatchSubrequest {
    method: String,
    url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchAnswer {
    has_errors: bool,
    results: Vec<BatchResult>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchResult {
    status_code: u16,
    result: Json,
}

/// Answers `composite`.
pub(super) fn composite(request: &Request) -> Result<Response, Refusal> {
    let composite: Composite = read(request)?;
    check_count(composite.composite_request.len())?;
    let answers = composite.composite_request.into_iter().map(|sub| {
        let (http_status_code, body) = answer_sub(&sub.method, &sub.url, request);
        Subanswer { body, http_headers: Map::new(), http_status_code, reference_id: sub.reference_id }
    });
    Ok(json(StatusCode::OK, &CompositeAnswer { composite_response: answers.collect() }))
}

/// Answers `composite/batch`, whose addresses start at the version.
pub(super) fn batch(request: &Request) -> Result<Response, Refusal> {
    let batch: Batch = read(request)?;
    check_count(batch.batch_requests.len())?;
    let results: Vec<BatchResult> = batch
        .batch_requests
        .into_iter()
        .map(|sub| {
            let root = if sub.url.starts_with("/services/") { "" } else { "/services/data/" };
            let (status_code, result) = answer_sub(&sub.method, &format!("{root}{}", sub.url), request);
            BatchResult { status_code, result }
        })
        .collect();
    let has_errors = results.iter().any(|result| result.status_code >= 400);
    Ok(json(StatusCode::OK, &BatchAnswer { has_errors, results }))
}

fn read<T: for<'de> Deserialize<'de>>(request: &Request) -> Result<T, Refusal> {
    serde_json::from_slice(&request.body).map_err(|error| Refusal::bad_request("JSON_PARSER_ERROR", error.to_string()))
}

fn check_count(count: usize) -> Result<(), Refusal> {
    if count <= MAX_SUBREQUESTS {
        return Ok(());
    }
    let message = format!("Limit of {MAX_SUBREQUESTS} subrequests exceeded");
    Err(Refusal::bad_request("LIMIT_EXCEEDED", message))
}

fn answer_sub(method: &str, url: &str, request: &Request) -> (u16, Json) {
    let answer = answer_get(method, url, request).unwrap_or_else(IntoResponse::into_response);
    let status = answer.status().as_u16();
    let bytes = futures_util::FutureExt::now_or_never(to_bytes(answer.into_body(), usize::MAX));
    let body = bytes.and_then(Result::ok).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    (status, body.unwrap_or(Json::Null))
}

fn answer_get(method: &str, url: &str, request: &Request) -> Result<Response, Refusal> {
    let not_offered = || Refusal::bad_request("INVALID_INPUT", "this emulator answers only GET of REST resources here");
    if method != "GET" {
        return Err(not_offered());
    }
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let Call::Rest(version, resource) = Call::of(&Method::GET, path) else { return Err(Refusal::not_found()) };
    if resource.is_bulk() {
        return Err(not_offered());
    }
    check_version(version, request)?;
    let sub = Request { parameters: parameters(query), method: Method::GET, ..request.clone() };
    answer_resource(version, &resource, &sub)
}
