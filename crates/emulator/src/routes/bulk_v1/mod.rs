//! Bulk API v1 queries: jobs that hold batches, with documents in XML or JSON and results in CSV, XML or JSON.
//!
//! Only `query` and `queryAll` jobs are offered.

mod chunking;
mod document;
pub(super) mod job;
mod read;
mod results;

use axum::{http::StatusCode, response::Response};

use super::Request;
use crate::{
    answer::Refusal,
    batch::{Batch, BatchJob},
    call::BulkV1,
    version::{ApiVersion, Standing},
};
use document::Form;

/// Answers a call under `/services/async/{version}`, whose errors have the form of its documents.
pub(super) fn answer(version: &str, resource: &BulkV1, request: &Request) -> Result<Response, Refusal> {
    let form = document::form(resource, request);
    let answered = check_version(version, request)
        .and_then(|version| check_session(request).map(|()| version))
        .and_then(|version| dispatch(version, resource, request, form));
    answered.map_err(|problem| Refusal::Async {
        status: problem.status,
        code: problem.code,
        message: problem.message,
        json: form == Form::Json,
    })
}

/// Why a call is refused, before it is known in which form to say so.
struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
}

fn refuse(code: &'static str, message: impl Into<String>) -> Problem {
    Problem { status: StatusCode::BAD_REQUEST, code, message: message.into() }
}

fn check_version(version: &str, request: &Request) -> Result<ApiVersion, Problem> {
    let parsed = ApiVersion::parse(version);
    let versions = request.server.options.versions;
    match parsed.map(|version| versions.standing(version)) {
        Some(Standing::Retired) => Err(Problem {
            status: StatusCode::GONE,
            code: "Gone",
            message: format!("API version {version} is retired. Use version {} or later.", versions.oldest()),
        }),
        Some(Standing::Offered) => parsed.ok_or_else(|| refuse("InvalidVersion", "")),
        _ => Err(refuse("InvalidVersion", format!("Api version {} not found", printable(version)))),
    }
}

fn check_session(request: &Request) -> Result<(), Problem> {
    let Some(token) = request.header("x-sfdc-session") else {
        return Err(refuse("InvalidSessionId", "Unable to find X-SFDC-Session header"));
    };
    let server = &request.server;
    if server.sessions.touch(token.trim(), server.org.now()) {
        Ok(())
    } else {
        Err(refuse("InvalidSessionId", "Invalid session id"))
    }
}

fn dispatch(version: ApiVersion, resource: &BulkV1, request: &Request, form: Form) -> Result<Response, Problem> {
    let now = request.server.org.now();
    match resource {
        BulkV1::Create => job::create(version, request, form),
        BulkV1::Job(id) => find(id, request).map(|job| document::job(StatusCode::OK, &job, request, form)),
        BulkV1::SetState(id) => job::set_state(&find(id, request)?, request, form),
        BulkV1::Add(id) => job::add_batch(&find(id, request)?, request, form),
        BulkV1::Batches(id) => {
            let job = request.server.batch_jobs.poll(id, None, now).ok_or_else(|| no_job(id))?;
            Ok(document::batches(&job, form))
        }
        BulkV1::Batch { job: id, batch } => {
            let job = request.server.batch_jobs.poll(id, Some(batch), now).ok_or_else(|| no_job(id))?;
            Ok(document::batch(StatusCode::OK, &job, of(&job, batch)?, form))
        }
        BulkV1::BatchRequest { job, batch } => results::request(&find(job, request)?, batch),
        BulkV1::ResultList { job, batch } => results::list(&find(job, request)?, batch, form),
        BulkV1::Result { job, batch, result } => results::content(&find(job, request)?, batch, result, request),
    }
}

fn find(id: &str, request: &Request) -> Result<BatchJob, Problem> {
    request.server.batch_jobs.get(id, request.server.org.now()).ok_or_else(|| no_job(id))
}

fn no_job(id: &str) -> Problem {
    refuse("InvalidJob", format!("Unable to find job: {}", printable(id)))
}

/// Returns a batch of a job.
fn of<'a>(job: &'a BatchJob, id: &str) -> Result<&'a Batch, Problem> {
    let wanted = id.parse().ok();
    let batch = job.known().find(|batch| Some(batch.id) == wanted);
    batch.ok_or_else(|| refuse("InvalidBatch", format!("Unable to find batch: {}", printable(id))))
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
