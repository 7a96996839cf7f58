//! Results of a batch: the list of its result sets, which here is always one, and their records.

use std::{io::Write, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderValue, Method, StatusCode, header},
    response::Response,
};
use jiff::Timestamp;
use serde_json::Value as Json;

use super::{Problem, Request, document, document::Form, of, refuse};
use crate::{
    answer::{async_json, escape},
    batch::{Batch, BatchJob, BatchState, Content, Outcome},
    encoding::{accepts_gzip, mark_gzip},
    object::FieldKind,
    render::{Delimiter, Dialect, Paging, Records, ResultPage},
    routes::{
        bulk::results::column_order,
        stream::{Compression, stream},
    },
    select::Selection,
    session::short,
    version::ApiVersion,
};

/// Records that are written at a time.
const STEP: u64 = 500;
/// What stands in the place of CSV without records.
const NO_RECORDS: &str = "Records not found for this query";

/// Answers `GET …/request`: the query of a batch.
pub(super) fn request(job: &BatchJob, batch: &str) -> Result<Response, Problem> {
    let mut answer = Response::new(Body::from(of(job, batch)?.soql.clone()));
    answer.headers_mut().insert(header::CONTENT_TYPE, content_type(job.request.content));
    Ok(answer)
}

/// Answers `GET …/result`.
pub(super) fn list(job: &BatchJob, batch: &str, form: Form) -> Result<Response, Problem> {
    let batch = of(job, batch)?;
    completed(batch)?;
    Ok(match form {
        Form::Json => async_json(StatusCode::OK, &[short(batch.result)]),
        Form::Xml => {
            document::xml_document(StatusCode::OK, "result-list", &format!("<result>{}</result>", short(batch.result)))
        }
    })
}

/// Answers `GET …/result/{id}`.
pub(super) fn content(job: &BatchJob, batch: &str, result: &str, request: &Request) -> Result<Response, Problem> {
    let batch = of(job, batch)?;
    let selection = completed(batch)?;
    if result.parse() != Ok(batch.result) {
        return Err(refuse("InvalidBatch", format!("Unable to find result: {}", super::printable(result))));
    }
    let mut answer = Response::new(Body::empty());
    answer.headers_mut().insert(header::CONTENT_TYPE, content_type(job.request.content));
    let compression = if accepts_gzip(&request.headers) { Compression::Gzip } else { Compression::None };
    if matches!(compression, Compression::Gzip) {
        mark_gzip(answer.headers_mut());
    }
    if request.method != Method::HEAD {
        let (content, version, line_ending) = (job.request.content, job.request.version, job.request.line_ending);
        *answer.body_mut() = stream(compression, move |out| match content {
            Content::Csv if selection.total() == 0 => out.write_all(NO_RECORDS.as_bytes()),
            Content::Csv => csv(&selection, Dialect { delimiter: Delimiter::COMMA, line_ending }, version, out),
            Content::Json => write_json(&selection, version, out),
            Content::Xml => write_xml(&selection, version, out),
        });
    }
    Ok(answer)
}

fn content_type(content: Content) -> HeaderValue {
    HeaderValue::from_static(match content {
        // Clients take text without a charset for Latin-1.
        Content::Csv => "text/csv; charset=UTF-8",
        Content::Json => "application/json",
        Content::Xml => "application/xml",
    })
}

/// Returns the records of a batch that is done.
fn completed(batch: &Batch) -> Result<Arc<Selection>, Problem> {
    match (&batch.outcome, batch.state) {
        (Outcome::Records(selection), BatchState::Completed) => Ok(Arc::clone(selection)),
        (Outcome::Failure(message), BatchState::Failed) => Err(refuse("InvalidBatch", message.clone())),
        _ => Err(refuse("InvalidBatch", "Records not processed")),
    }
}

fn csv(selection: &Arc<Selection>, dialect: Dialect, version: ApiVersion, out: &mut dyn Write) -> std::io::Result<()> {
    let columns = column_order(selection.columns(), version);
    let (names, records) = (columns.clone(), selection.total());
    let page = ResultPage { selection: Arc::clone(selection), dialect, columns, names, from: 0, records };
    page.write_to(out)
}

/// Returns the records from `from` on as REST writes them. Queries with children are no queries of Bulk API.
fn rest_documents(selection: &Selection, version: ApiVersion, from: u64) -> Vec<Json> {
    let mut text = Vec::new();
    let paging = Paging { records: u64::MAX, open: &|_, parent| parent };
    Records::new(selection, version, &paging).write(from, STEP, &mut text);
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Returns the records from `from` on as JSON documents. Points in time are milliseconds since 1970 in Bulk API v1.
fn documents(selection: &Selection, version: ApiVersion, from: u64) -> Vec<Json> {
    let mut records = rest_documents(selection, version, from);
    for column in selection.columns().iter().filter(|column| is_time(column.kind)) {
        let mut path = vec![column.name.as_str()];
        let mut parent = column.parent;
        while let Some(at) = parent {
            path.push(&selection.parents()[at].name);
            parent = selection.parents()[at].parent;
        }
        let pointer: String = path.iter().rev().map(|name| format!("/{name}")).collect();
        for value in records.iter_mut().filter_map(|record| record.pointer_mut(&pointer)) {
            if let Some(milliseconds) = value.as_str().and_then(milliseconds) {
                *value = milliseconds.into();
            }
        }
    }
    records
}

fn is_time(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Date | FieldKind::DateTime)
}

fn milliseconds(text: &str) -> Option<i64> {
    let time = if text.len() > "2024-01-01".len() { text.replace("+0000", "Z") } else { format!("{text}T00:00:00Z") };
    time.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

fn write_json(selection: &Selection, version: ApiVersion, out: &mut dyn Write) -> std::io::Result<()> {
    out.write_all(b"[ ")?;
    for from in (0..selection.total()).step_by(usize::try_from(STEP).unwrap_or(1)) {
        for (at, record) in documents(selection, version, from).iter().enumerate() {
            let separator: &[u8] = if from == 0 && at == 0 { b"" } else { b", " };
            out.write_all(separator)?;
            serde_json::to_writer(&mut *out, record)?;
        }
    }
    out.write_all(b" ]")
}

fn write_xml(selection: &Selection, version: ApiVersion, out: &mut dyn Write) -> std::io::Result<()> {
    let namespace = document::NAMESPACE;
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><queryResult xmlns=\"{namespace}\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">"
    )?;
    for from in (0..selection.total()).step_by(usize::try_from(STEP).unwrap_or(1)) {
        for record in &rest_documents(selection, version, from) {
            write!(out, "<records xsi:type=\"sObject\">{}</records>", element(record))?;
        }
    }
    out.write_all(b"</queryResult>")
}

/// Returns what stands inside a record's element. The id stands twice, or once as nil where it was not selected.
fn element(record: &Json) -> String {
    let Some(members) = record.as_object() else { return String::new() };
    let kind = record["attributes"]["type"].as_str().unwrap_or_default();
    let id = if members.contains_key("Id") { "" } else { "<Id xsi:nil=\"true\"/>" };
    let mut text = format!("<type>{}</type>{id}", escape(kind));
    for (name, value) in members.iter().filter(|(name, _)| *name != "attributes") {
        let written = match value {
            Json::Null => format!("<{name} xsi:nil=\"true\"/>"),
            Json::Object(_) => format!("<{name} xsi:type=\"sObject\">{}</{name}>", element(value)),
            Json::String(value) => format!("<{name}>{}</{name}>", escape(value)),
            other => format!("<{name}>{other}</{name}>"),
        };
        text.push_str(&written);
        if name == "Id" {
            text.push_str(&written);
        }
    }
    text
}
