//! Single records: read, created, changed, deleted.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{Request, conditional, describe::find};
use crate::{
    answer::{Refusal, empty, json, json_bytes},
    error::ChangeError,
    id::Id,
    object::{FieldKind, ObjectType},
    render::{Paging, Records},
    select::Scope,
    value::Value,
    version::ApiVersion,
};

#[derive(Serialize)]
struct Saved {
    id: String,
    success: bool,
    errors: [Json; 0],
}

/// Answers `GET sobjects/{object}/{id}[?fields=…]`.
pub(super) fn get(version: ApiVersion, object: &str, id: &str, request: &Request) -> Result<Response, Refusal> {
    let object = find(object, request)?;
    let id: Id = id.parse().map_err(|_| {
        let message = format!("Provided external ID field does not exist or is not accessible: {}", printable(id));
        Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    })?;
    let fields = match request.parameter("fields") {
        Some(fields) => fields.to_owned(),
        None => object.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(","),
    };
    let document = read(version, &object, id, &fields, request)?.ok_or_else(Refusal::not_found)?;
    let stamp = last_change(&object, id, request);
    let tag = (object.name == "Account").then(|| entity_tag(&document));
    Ok(conditional::answer(stamp, tag, request, || json_bytes(StatusCode::OK, document)))
}

/// Returns fields of one record as a document, if there is such a record.
pub(super) fn read(
    version: ApiVersion,
    object: &ObjectType,
    id: Id,
    fields: &str,
    request: &Request,
) -> Result<Option<Vec<u8>>, Refusal> {
    let soql = format!("SELECT {fields} FROM {} WHERE Id = '{id}'", object.name);
    let selection = request.org().select(&soql, Scope::Live)?;
    let Some(row) = selection.records(0, 1).next() else { return Ok(None) };
    let mut document = Vec::new();
    // Fields of one record have no children.
    let paging = Paging { records: u64::MAX, open: &|_, parent| parent };
    Records::new(&selection, version, &paging).write_record(&row, &mut document);
    Ok(Some(document))
}

/// Returns when a record was last changed, where its object tells.
fn last_change(object: &ObjectType, id: Id, request: &Request) -> Option<Timestamp> {
    let field = ["SystemModstamp", "LastModifiedDate"].into_iter().find(|name| object.field(name).is_some())?;
    let soql = format!("SELECT {field} FROM {} WHERE Id = '{id}'", object.name);
    let selection = request.org().select(&soql, Scope::Live).ok()?;
    let row = selection.records(0, 1).next()?;
    match row.values.first() {
        Some(Value::DateTime(at)) => Some(*at),
        _ => None,
    }
}

/// Returns a tag that two documents have in common only if they are the same.
fn entity_tag(document: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, document);
    format!("\"{}\"", STANDARD.encode(&digest.as_ref()[..16]))
}

/// Answers `GET sobjects/{object}/{id}/{field}`: the content of a field of type base64.
pub(super) fn blob(object: &str, id: &str, field: &str, request: &Request) -> Result<Response, Refusal> {
    let object = find(object, request)?;
    let id = own_id(&object, id)?;
    let field = object.field(field).filter(|field| field.kind == FieldKind::Base64).ok_or_else(Refusal::not_found)?;
    let soql = format!("SELECT {} FROM {} WHERE Id = '{id}'", field.name, object.name);
    let selection = request.org().select(&soql, Scope::Live)?;
    let row = selection.records(0, 1).next().ok_or_else(Refusal::not_found)?;
    let content = match row.values.first() {
        // What an import could not decode is given as it is.
        Some(Value::Text(text)) => STANDARD.decode(text.as_bytes()).unwrap_or_else(|_| text.as_bytes().to_vec()),
        _ => return Err(Refusal::not_found()),
    };
    let mut answer = Response::new(Body::from(content));
    let content_type = HeaderValue::from_static("application/octetstream");
    answer.headers_mut().insert(header::CONTENT_TYPE, content_type);
    Ok(answer)
}

/// Answers `POST sobjects/{object}`.
pub(super) fn insert(version: ApiVersion, object: &str, request: &Request) -> Result<Response, Refusal> {
    let object = find(object, request)?;
    let id = create(&object, &body(request)?, request)?;
    let mut answer = json(StatusCode::CREATED, &Saved { id: id.to_string(), success: true, errors: [] });
    let location = format!("/services/data/v{version}/sobjects/{}/{id}", object.name);
    if let Ok(location) = HeaderValue::try_from(location) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    Ok(answer)
}

/// Creates a record.
pub(super) fn create(object: &ObjectType, record: &Map<String, Json>, request: &Request) -> Result<Id, Refusal> {
    check_writable(object, record)?;
    let fields = request.org().fields_from_json(&object.name, record)?;
    Ok(request.org().insert(&object.name, fields)?)
}

/// Changes a record.
pub(super) fn change(
    object: &ObjectType,
    id: Id,
    record: &Map<String, Json>,
    request: &Request,
) -> Result<(), Refusal> {
    check_shared(id, request)?;
    check_writable(object, record)?;
    let fields = request.org().fields_from_json(&object.name, record)?;
    Ok(request.org().update(id, fields)?)
}

/// Deletes a record.
pub(super) fn remove(id: Id, request: &Request) -> Result<(), Refusal> {
    check_shared(id, request)?;
    Ok(request.org().delete(id)?)
}

/// Refuses values for formulas and roll-ups: only what they are made from can be changed.
fn check_writable(object: &ObjectType, record: &Map<String, Json>) -> Result<(), Refusal> {
    let calculated = record.keys().filter_map(|name| object.field(name)).find(|field| field.calculated);
    calculated.map_or(Ok(()), |field| Err(ChangeError::read_only(&field.name).into()))
}

/// Answers `PATCH sobjects/{object}/{id}`.
pub(super) fn update(object: &str, id: &str, request: &Request) -> Result<Response, Refusal> {
    let object = find(object, request)?;
    let id = own_id(&object, id)?;
    change(&object, id, &body(request)?, request)?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Answers `DELETE sobjects/{object}/{id}`.
pub(super) fn delete(object: &str, id: &str, request: &Request) -> Result<Response, Refusal> {
    let object = find(object, request)?;
    let id = own_id(&object, id)?;
    remove(id, request)?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Refuses to change a record that the user may not see.
fn check_shared(id: Id, request: &Request) -> Result<(), Refusal> {
    if !request.org().hides(id) {
        return Ok(());
    }
    let message = "insufficient access rights on cross-reference id";
    Err(Refusal::bad_request("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message).about([]))
}

/// Reads an id that must be of `object`.
pub(super) fn own_id(object: &ObjectType, text: &str) -> Result<Id, Refusal> {
    let id: Option<Id> = text.parse().ok();
    let prefix = object.key_prefix.as_deref().map(str::as_bytes);
    id.filter(|id| prefix == Some(&id.key_prefix()[..])).ok_or_else(|| {
        let message = format!("Record ID: id value of incorrect type: {}", printable(text));
        Refusal::bad_request("MALFORMED_ID", message).about(["Id".to_owned()])
    })
}

fn body(request: &Request) -> Result<Map<String, Json>, Refusal> {
    let mut record: Map<String, Json> = serde_json::from_slice(&request.body)
        .map_err(|error| Refusal::bad_request("JSON_PARSER_ERROR", error.to_string()))?;
    record.remove("attributes");
    Ok(record)
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

impl From<ChangeError> for Refusal {
    fn from(error: ChangeError) -> Self {
        let status = match error.code {
            "ENTITY_IS_DELETED" | "NOT_FOUND" => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        };
        let refusal = Self::new(status, error.code, error.message);
        // Salesforce gives `fields` with the refusals of the database, empty or not, and with no others.
        if error.fields.is_empty() && error.code != "ENTITY_IS_DELETED" { refusal } else { refusal.about(error.fields) }
    }
}
