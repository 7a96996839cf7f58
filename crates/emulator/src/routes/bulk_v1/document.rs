//! How jobs and batches look on the wire. XML and JSON hold the same members in different orders.

use axum::{
    http::{HeaderValue, StatusCode},
    response::Response,
};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::Request;
use crate::{
    answer::{async_json, escape, rest_time, xml},
    batch::{Batch, BatchJob, BatchState, Content, Outcome},
    call::BulkV1,
};

pub(super) const NAMESPACE: &str = "http://www.force.com/2009/06/asyncapi/dataload";

/// The form of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Xml,
    Json,
}

/// Returns the form of the documents that answer a call: that of the job's content where it has one, else for documents
/// about the job itself that of the request, else XML.
pub(super) fn form(resource: &BulkV1, request: &Request) -> Form {
    let content_type = request.header("content-type").unwrap_or_default().to_ascii_lowercase();
    let asks_for_json = content_type.starts_with("application/json");
    let job = resource.job_id().and_then(|id| request.server.batch_jobs.get(id, request.server.org.now()));
    let content = job.map(|job| job.request.content);
    let is_about_the_job = matches!(resource, BulkV1::Create | BulkV1::Job(_) | BulkV1::SetState(_));
    match content {
        Some(Content::Json) => Form::Json,
        None | Some(Content::Csv) if is_about_the_job && asks_for_json => Form::Json,
        _ => Form::Xml,
    }
}

/// The members of a document, in the order of XML.
type Members = Vec<(&'static str, Json)>;

pub(super) fn job(status: StatusCode, job: &BatchJob, request: &Request, form: Form) -> Response {
    let mut members = job_members(job, request, form);
    // Members that only jobs which write have are null in JSON, and missing in XML.
    members.extend([
        ("assignmentRuleId", Json::Null),
        ("externalIdFieldName", Json::Null),
        ("fastPathEnabled", if form == Form::Json { false.into() } else { Json::Null }),
    ]);
    document(status, "jobInfo", &members, form)
}

pub(super) fn batch(status: StatusCode, job: &BatchJob, batch: &Batch, form: Form) -> Response {
    document(status, "batchInfo", &batch_members(job, batch, form), form)
}

pub(super) fn batches(job: &BatchJob, form: Form) -> Response {
    let all = job.known().map(|batch| batch_members(job, batch, form));
    match form {
        Form::Json => {
            let all: Vec<Json> = all.map(to_json).collect();
            async_json(StatusCode::OK, &Map::from_iter([("batchInfo".to_owned(), Json::from(all))]))
        }
        Form::Xml => {
            let inner: String = all.map(|members| format!("<batchInfo>{}</batchInfo>", to_xml(&members))).collect();
            xml_document(StatusCode::OK, "batchInfoList", &inner)
        }
    }
}

fn document(status: StatusCode, name: &str, members: &Members, form: Form) -> Response {
    match form {
        Form::Json => async_json(status, &to_json(members.clone())),
        Form::Xml => xml_document(status, name, &to_xml(members)),
    }
}

/// Answers with an XML document in the namespace of Bulk API v1.
pub(super) fn xml_document(status: StatusCode, name: &str, inner: &str) -> Response {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><{name}\n   xmlns=\"{NAMESPACE}\">{inner}</{name}>");
    let mut answer = xml(status, text);
    let content_type = HeaderValue::from_static("application/xml");
    answer.headers_mut().insert(axum::http::header::CONTENT_TYPE, content_type);
    answer
}

fn to_json(members: Members) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn to_xml(members: &Members) -> String {
    members
        .iter()
        .filter_map(|(name, value)| {
            let text = match value {
                Json::Null => return None,
                Json::String(text) => escape(text),
                other => other.to_string(),
            };
            Some(format!("\n <{name}>{text}</{name}>"))
        })
        .chain(["\n".to_owned()])
        .collect()
}

fn time(at: Timestamp, form: Form) -> Json {
    match form {
        Form::Json => rest_time(at).into(),
        Form::Xml => at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string().into(),
    }
}

fn job_members(job: &BatchJob, request: &Request, form: Form) -> Members {
    let in_state = |states: &[BatchState]| job.known().filter(|batch| states.contains(&batch.state)).count();
    let records: u64 = job.known().map(Batch::records).sum();
    vec![
        ("id", job.id.to_string().into()),
        ("operation", job.request.operation.into()),
        ("object", job.request.object.clone().into()),
        ("createdById", request.server.org.identity().user_id.to_string().into()),
        ("createdDate", time(job.created, form)),
        ("systemModstamp", time(job.changed, form)),
        ("state", job.state.name().into()),
        ("concurrencyMode", job.request.concurrency.into()),
        ("contentType", job.request.content.name().into()),
        ("numberBatchesQueued", in_state(&[BatchState::Queued]).into()),
        ("numberBatchesInProgress", in_state(&[BatchState::InProgress]).into()),
        ("numberBatchesCompleted", in_state(&[BatchState::Completed]).into()),
        ("numberBatchesFailed", in_state(&[BatchState::Failed]).into()),
        ("numberBatchesTotal", job.known().count().into()),
        ("numberRecordsProcessed", records.into()),
        ("numberRetries", 0.into()),
        ("apiVersion", job.request.version.number().into()),
        ("numberRecordsFailed", 0.into()),
        ("totalProcessingTime", 0.into()),
        ("apiActiveProcessingTime", 0.into()),
        ("apexProcessingTime", 0.into()),
    ]
}

fn batch_members(job: &BatchJob, batch: &Batch, form: Form) -> Members {
    let message = match (&batch.outcome, batch.state) {
        (Outcome::Failure(message), BatchState::Failed) => Json::from(message.as_str()),
        _ => Json::Null,
    };
    let records = batch.records();
    // A made-up pace: what matters to clients is that the number is there.
    let milliseconds = if batch.state == BatchState::Completed { 100 + records / 100 } else { 0 };
    vec![
        ("id", batch.id.to_string().into()),
        ("jobId", job.id.to_string().into()),
        ("state", batch.state.name().into()),
        ("stateMessage", message),
        ("createdDate", time(batch.created, form)),
        ("systemModstamp", time(batch.changed, form)),
        ("numberRecordsProcessed", records.into()),
        ("numberRecordsFailed", 0.into()),
        ("totalProcessingTime", milliseconds.into()),
        ("apiActiveProcessingTime", 0.into()),
        ("apexProcessingTime", 0.into()),
    ]
}
