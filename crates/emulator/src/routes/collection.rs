//! Several records in one call: read by their ids with `composite/sobjects/{object}`, created, changed and deleted with
//! `composite/sobjects`.

use std::sync::Arc;

use axum::{http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::{Request, describe::find, record};
use crate::{
    answer::{Refusal, json},
    id::Id,
    object::ObjectType,
    version::ApiVersion,
};

/// Records that one call may ask for at most; an address has no room for more than about 800.
const MAX_IDS: usize = 2_000;

/// Records that one call may change.
const MAX_CHANGES: usize = 200;

/// Records to create or change, each with its type in `attributes`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    #[serde(default)]
    all_or_none: bool,
    records: Vec<Map<String, Json>>,
}

/// What became of one record: its id where it is known, and the refusal if it was refused.
type Outcome = (Option<Id>, Result<(), Refusal>);

#[derive(Deserialize)]
struct Wanted {
    ids: Vec<String>,
    fields: Vec<String>,
}

/// Answers `GET composite/sobjects/{object}?ids=…&fields=…` and the same as `POST` with a document. The answer has a place
/// for each id, `null` where there is no such record.
pub(super) fn retrieve(version: ApiVersion, object: &str, request: &Request) -> Result<Response, Refusal> {
    let object = find(object, request)?;
    let wanted = wanted(request)?;
    if wanted.fields.is_empty() {
        return Err(Refusal::bad_request("MISSING_ARGUMENT", "The fields parameter is required"));
    }
    if wanted.ids.len() > MAX_IDS {
        let message = format!("Limit of {MAX_IDS} records exceeded");
        return Err(Refusal::bad_request("LIMIT_EXCEEDED", message));
    }
    let fields = wanted.fields.join(",");
    let records = wanted.ids.iter().map(|id| -> Result<Json, Refusal> {
        let Ok(id) = record::own_id(&object, id) else { return Ok(Json::Null) };
        let document = record::read(version, &object, id, &fields, request)?;
        Ok(document.and_then(|document| serde_json::from_slice(&document).ok()).unwrap_or(Json::Null))
    });
    Ok(json(StatusCode::OK, &records.collect::<Result<Vec<Json>, Refusal>>()?))
}

/// Answers `POST composite/sobjects`.
pub(super) fn create(request: &Request) -> Result<Response, Refusal> {
    let changed = changed(request)?;
    change_all(changed.all_or_none, changed.records, request, |record, request| {
        let created = typed(record, request).and_then(|(object, fields)| record::create(&object, &fields, request));
        match created {
            Ok(id) => (Some(id), Ok(())),
            Err(refusal) => (None, Err(refusal)),
        }
    })
}

/// Answers `PATCH composite/sobjects`.
pub(super) fn update(request: &Request) -> Result<Response, Refusal> {
    let changed = changed(request)?;
    change_all(changed.all_or_none, changed.records, request, |mut record, request| {
        let key = record.keys().find(|key| key.eq_ignore_ascii_case("id")).cloned().unwrap_or_default();
        let id = record.remove(&key).and_then(|id| id.as_str().map(str::to_owned)).unwrap_or_default();
        let done = typed(record, request).and_then(|(object, fields)| {
            let id = record::own_id(&object, &id)?;
            record::change(&object, id, &fields, request)?;
            Ok(id)
        });
        match done {
            Ok(id) => (Some(id), Ok(())),
            Err(refusal) => (None, Err(refusal)),
        }
    })
}

/// Answers `DELETE composite/sobjects?ids=…`.
pub(super) fn delete(request: &Request) -> Result<Response, Refusal> {
    let ids = list("ids", request);
    let all_or_none = request.parameter("allOrNone").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    change_all(all_or_none, ids, request, |text, request| match text.parse::<Id>() {
        Ok(id) => (Some(id), record::remove(id, request)),
        Err(_) => (None, Err(Refusal::bad_request("MALFORMED_ID", format!("malformed id {text}")))),
    })
}

/// Carries out a change of each record. If all or none of them are wanted and one is refused, none was made.
fn change_all<T>(
    all_or_none: bool,
    records: Vec<T>,
    request: &Request,
    change: impl Fn(T, &Request) -> Outcome,
) -> Result<Response, Refusal> {
    if records.len() > MAX_CHANGES {
        let message = format!("Limit of {MAX_CHANGES} records exceeded");
        return Err(Refusal::bad_request("LIMIT_EXCEEDED", message));
    }
    let each = |request: &Request| -> Vec<Outcome> { records.into_iter().map(|one| change(one, request)).collect() };
    let outcomes = if all_or_none {
        request.org().all_or_none(|draft| {
            let outcomes = each(&Request { draft: Some(draft.clone()), ..request.clone() });
            let is_done = outcomes.iter().all(|(_, outcome)| outcome.is_ok());
            if is_done { Ok(outcomes) } else { Err(outcomes.into_iter().map(undone).collect()) }
        })
    } else {
        Ok(each(request))
    };
    // The ids of records that were never created are not told; those of records that were not deleted are.
    let outcomes: Vec<Outcome> = outcomes.unwrap_or_else(|undone: Vec<Outcome>| undone);
    let shown: Vec<Json> = outcomes.into_iter().map(|outcome| shown(outcome, request)).collect();
    Ok(json(StatusCode::OK, &shown))
}

fn undone((id, outcome): Outcome) -> Outcome {
    let message = "Record rolled back because not all records were valid and the request was using AllOrNone header";
    let rolled_back = || Refusal::bad_request("ALL_OR_NONE_OPERATION_ROLLED_BACK", message);
    (id, outcome.and_then(|()| Err(rolled_back())))
}

fn shown((id, outcome): Outcome, request: &Request) -> Json {
    match outcome {
        Ok(()) => serde_json::json!({"id": id.map(|id| id.to_string()), "success": true, "errors": []}),
        Err(refusal) => {
            let mut result = serde_json::json!({"success": false, "errors": [refusal.into_record_error()]});
            if let Some(id) = id.filter(|_| request.method == axum::http::Method::DELETE) {
                result["id"] = id.to_string().into();
            }
            result
        }
    }
}

/// Returns the object that `attributes` names, and the fields.
fn typed(mut record: Map<String, Json>, request: &Request) -> Result<(Arc<ObjectType>, Map<String, Json>), Refusal> {
    let attributes = record.remove("attributes").unwrap_or_default();
    let name = attributes["type"].as_str().ok_or_else(|| {
        Refusal::bad_request("INVALID_TYPE", "each record needs `attributes` with the `type` of its object")
    })?;
    Ok((find(name, request)?, record))
}

fn changed(request: &Request) -> Result<Changed, Refusal> {
    serde_json::from_slice(&request.body).map_err(|error| Refusal::bad_request("JSON_PARSER_ERROR", error.to_string()))
}

fn list(name: &str, request: &Request) -> Vec<String> {
    let text = request.parameter(name).unwrap_or_default();
    text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

fn wanted(request: &Request) -> Result<Wanted, Refusal> {
    if request.method == axum::http::Method::POST {
        return serde_json::from_slice(&request.body)
            .map_err(|error| Refusal::bad_request("JSON_PARSER_ERROR", error.to_string()));
    }
    Ok(Wanted { ids: list("ids", request), fields: list("fields", request) })
}
