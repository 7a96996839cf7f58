//! What changed in a time span: Ids of updated and of deleted records.

use axum::{http::StatusCode, response::Response};
use jiff::Timestamp;
use serde::Serialize;

use super::{Request, describe::find};
use crate::answer::{Refusal, json, rest_time};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Updated {
    ids: Vec<String>,
    latest_date_covered: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Deleted {
    deleted_records: Vec<DeletedRecord>,
    earliest_date_available: String,
    latest_date_covered: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeletedRecord {
    deleted_date: String,
    id: String,
}

/// Answers `sobjects/{object}/updated`.
pub(super) fn updated(object: &str, request: &Request) -> Result<Response, Refusal> {
    let object = find(object, request)?;
    let (start, end) = (time("start", request)?, time("end", request)?);
    let updated = request.org().updated(&object.name, start, end)?;
    let document = Updated {
        ids: updated.ids.iter().map(ToString::to_string).collect(),
        latest_date_covered: rest_time(updated.latest_date_covered),
    };
    Ok(json(StatusCode::OK, &document))
}

/// Answers `sobjects/{object}/deleted`.
pub(super) fn deleted(object: &str, request: &Request) -> Result<Response, Refusal> {
    let object = find(object, request)?;
    let (start, end) = (time("start", request)?, time("end", request)?);
    let deleted = request.org().deleted(&object.name, start, end)?;
    let record = |record: &crate::org::DeletedRecord| DeletedRecord {
        deleted_date: rest_time(record.deleted_at),
        id: record.id.to_string(),
    };
    let document = Deleted {
        deleted_records: deleted.records.iter().map(record).collect(),
        earliest_date_available: rest_time(deleted.earliest_date_available),
        latest_date_covered: rest_time(deleted.latest_date_covered),
    };
    Ok(json(StatusCode::OK, &document))
}

fn time(name: &str, request: &Request) -> Result<Timestamp, Refusal> {
    let missing = || Refusal::bad_request("MISSING_ARGUMENT", format!("Missing argument: {name}"));
    let text = request.parameter(name).filter(|text| !text.is_empty()).ok_or_else(missing)?;
    text.parse().map_err(|_| {
        let text: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
        Refusal::bad_request("INVALID_FIELD", format!("{name}: invalid date: {text}"))
    })
}
