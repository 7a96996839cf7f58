//! Several calls in one: `composite`, whose subrequests may refer to the answers before them, and `composite/batch`.

use std::collections::BTreeSet;

use axum::{
    body::{Bytes, to_bytes},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Request, answer_resource, check_version, parameters, references::References};
use crate::{
    answer::{Refusal, json},
    call::{Call, Resource},
};

/// Subrequests that one call may hold.
const MAX_SUBREQUESTS: usize = 25;
/// Graphs that one call may hold, and the subrequests of all of them (REST API guide, "Composite Graph Limits").
const MAX_GRAPHS: usize = 75;
const MAX_NODES: usize = 500;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Composite {
    #[serde(default)]
    all_or_none: bool,
    composite_request: Vec<Subrequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subrequest {
    method: String,
    url: String,
    reference_id: String,
    #[serde(default)]
    body: Option<Json>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CompositeAnswer {
    composite_response: Vec<Subanswer>,
}

#[derive(Deserialize)]
struct Graphs {
    graphs: Vec<Graph>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Graph {
    graph_id: String,
    composite_request: Vec<Subrequest>,
}

#[derive(Serialize)]
struct GraphsAnswer {
    graphs: Vec<GraphAnswer>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GraphAnswer {
    graph_id: String,
    graph_response: CompositeAnswer,
    is_successful: bool,
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
    #[serde(default)]
    halt_on_error: bool,
    batch_requests: Vec<BatchSubrequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchSubrequest {
    method: String,
    url: String,
    #[serde(default)]
    rich_input: Option<Json>,
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
    check_count(composite.composite_request.len(), MAX_SUBREQUESTS)?;
    check_names(&composite.composite_request)?;
    let composite_response = if composite.all_or_none {
        all_or_none(composite.composite_request, request).unwrap_or_else(|undone| undone)
    } else {
        one_by_one(composite.composite_request, request)
    };
    Ok(json(StatusCode::OK, &CompositeAnswer { composite_response }))
}

/// Answers `composite/graph`: several composite requests, each of which is carried out as a whole or not at all.
pub(super) fn graphs(request: &Request) -> Result<Response, Refusal> {
    let wanted: Graphs = read(request)?;
    check_count(wanted.graphs.len(), MAX_GRAPHS)?;
    check_count(wanted.graphs.iter().map(|graph| graph.composite_request.len()).sum(), MAX_NODES)?;
    wanted.graphs.iter().try_for_each(|graph| check_names(&graph.composite_request))?;
    let graphs = wanted.graphs.into_iter().map(|Graph { graph_id, composite_request }| {
        let done = all_or_none(composite_request, request);
        let is_successful = done.is_ok();
        let composite_response = done.unwrap_or_else(|undone| undone);
        GraphAnswer { graph_id, graph_response: CompositeAnswer { composite_response }, is_successful }
    });
    Ok(json(StatusCode::OK, &GraphsAnswer { graphs: graphs.collect() }))
}

/// Carries out subrequests, each for itself.
fn one_by_one(subrequests: Vec<Subrequest>, request: &Request) -> Vec<Subanswer> {
    let mut references = References::default();
    let mut answers: Vec<Subanswer> = Vec::with_capacity(subrequests.len());
    for sub in subrequests {
        let answer = answer_one(&sub, &references, request);
        references.add(&sub.reference_id, answer.body.clone());
        answers.push(answer.into_subanswer(sub.reference_id));
    }
    answers
}

/// Carries out subrequests, all or none of them. The error holds the answers where one failed: its own, and that they were undone for
/// all others.
fn all_or_none(subrequests: Vec<Subrequest>, request: &Request) -> Result<Vec<Subanswer>, Vec<Subanswer>> {
    request.org().all_or_none(|draft| {
        let request = Request { draft: Some(draft.clone()), ..request.clone() };
        let mut references = References::default();
        let mut answers: Vec<Subanswer> = Vec::with_capacity(subrequests.len());
        let mut failed = false;
        for sub in subrequests {
            if failed {
                answers.push(Part::halted().into_subanswer(sub.reference_id));
                continue;
            }
            let answer = answer_one(&sub, &references, &request);
            if answer.has_failed() {
                failed = true;
                answers.iter_mut().for_each(|before| {
                    *before = Part::halted().into_subanswer(std::mem::take(&mut before.reference_id));
                });
            }
            references.add(&sub.reference_id, answer.body.clone());
            answers.push(answer.into_subanswer(sub.reference_id));
        }
        if failed { Err(answers) } else { Ok(answers) }
    })
}

fn answer_one(sub: &Subrequest, references: &References, request: &Request) -> Part {
    let resolved = || -> Result<(String, Option<Json>), Refusal> {
        // Some clients encode the whole address, references too.
        let url = references.resolve_text(&sub.url.replace("%7B", "{").replace("%7D", "}"))?;
        Ok((url, sub.body.as_ref().map(|body| references.resolve(body)).transpose()?))
    };
    match resolved() {
        Ok((url, body)) => answer_part(&sub.method, &url, body.as_ref(), request),
        Err(refusal) => Part::of(refusal.into_response()),
    }
}

/// Answers `composite/batch`, whose addresses start at the version.
pub(super) fn batch(request: &Request) -> Result<Response, Refusal> {
    let batch: Batch = read(request)?;
    check_count(batch.batch_requests.len(), MAX_SUBREQUESTS)?;
    let mut results: Vec<BatchResult> = Vec::with_capacity(batch.batch_requests.len());
    let mut has_errors = false;
    for sub in batch.batch_requests {
        let part = if has_errors && batch.halt_on_error {
            let message = "The batch processing was halted by an earlier error.";
            Part::of(Refusal::new(StatusCode::PRECONDITION_FAILED, "BATCH_PROCESSING_HALTED", message).into_response())
        } else {
            let root = if sub.url.starts_with("/services/") { "" } else { "/services/data/" };
            let url = format!("{root}{}", sub.url.trim_start_matches(if root.is_empty() { "" } else { "/" }));
            answer_part(&sub.method, &url, sub.rich_input.as_ref(), request)
        };
        has_errors |= part.status >= 400;
        results.push(BatchResult { status_code: part.status, result: part.body });
    }
    Ok(json(StatusCode::OK, &BatchAnswer { has_errors, results }))
}

fn read<T: for<'de> Deserialize<'de>>(request: &Request) -> Result<T, Refusal> {
    serde_json::from_slice(&request.body).map_err(|error| Refusal::bad_request("JSON_PARSER_ERROR", error.to_string()))
}

fn check_count(count: usize, most: usize) -> Result<(), Refusal> {
    if count <= most {
        return Ok(());
    }
    let message = format!("Limit of {most} subrequests exceeded");
    Err(Refusal::bad_request("LIMIT_EXCEEDED", message))
}

fn check_names(subrequests: &[Subrequest]) -> Result<(), Refusal> {
    let names: BTreeSet<&str> = subrequests.iter().map(|sub| sub.reference_id.as_str()).collect();
    if names.len() == subrequests.len() {
        return Ok(());
    }
    Err(Refusal::bad_request("INVALID_INPUT", "Each referenceId of a composite request must be its own"))
}

/// The answer of one part.
struct Part {
    status: u16,
    headers: HeaderMap,
    body: Json,
}

impl Part {
    fn of(answer: Response) -> Self {
        let (head, body) = answer.into_parts();
        // Answers of REST resources are there as a whole; only results of jobs are streams.
        let bytes = futures_util::FutureExt::now_or_never(to_bytes(body, usize::MAX));
        let body = bytes.and_then(Result::ok).and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Self { status: head.status.as_u16(), headers: head.headers, body: body.unwrap_or(Json::Null) }
    }

    /// The answer of a call that was undone, or not carried out any more.
    fn halted() -> Self {
        let message = "The transaction was rolled back since another operation in the same transaction failed.";
        Self::of(Refusal::bad_request("PROCESSING_HALTED", message).into_response())
    }

    /// Returns whether the call failed; a call about several records did if one of them was refused.
    fn has_failed(&self) -> bool {
        let mut records = self.body.as_array().into_iter().flatten();
        self.status >= 400 || records.any(|record| record["success"] == false)
    }

    fn into_subanswer(self, reference_id: String) -> Subanswer {
        let location = self.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        let http_headers = location.map(|location| ("Location".to_owned(), Json::from(location))).into_iter().collect();
        Subanswer { body: self.body, http_headers, http_status_code: self.status, reference_id }
    }
}

fn answer_part(method: &str, url: &str, body: Option<&Json>, request: &Request) -> Part {
    Part::of(answer_resource_of(method, url, body, request).unwrap_or_else(IntoResponse::into_response))
}

fn answer_resource_of(method: &str, url: &str, body: Option<&Json>, request: &Request) -> Result<Response, Refusal> {
    let method = Method::from_bytes(method.as_bytes())
        .map_err(|_| Refusal::bad_request("INVALID_INPUT", "a subrequest has no valid method"))?;
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let (version, resource) = match Call::of(&method, path) {
        Call::Rest(version, resource) => (version, resource),
        Call::WrongMethod => return Err(Refusal::wrong_method(&method)),
        _ => return Err(Refusal::not_found()),
    };
    if resource.is_bulk()
        || matches!(
            resource,
            Resource::Composite
                | Resource::CompositeBatch
                | Resource::CompositeGraph
                | Resource::CompositeList
                | Resource::Tree(_)
        )
    {
        return Err(Refusal::bad_request("INVALID_INPUT", "this resource cannot be a part of another call"));
    }
    check_version(version, request)?;
    let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    let sub = Request { parameters: parameters(query), method, body, ..request.clone() };
    answer_resource(version, &resource, &sub)
}
