//! Several records in one call, by their ids: `composite/sobjects/{object}`.

use axum::{http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::Value as Json;

use super::{Request, describe::find, record};
use crate::{
    answer::{Refusal, json},
    version::ApiVersion,
};

/// Records that one call may ask for at most; an address has no room for more than about 800.
const MAX_IDS: usize = 2_000;

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

fn wanted(request: &Request) -> Result<Wanted, Refusal> {
    if request.method == axum::http::Method::POST {
        return serde_json::from_slice(&request.body)
            .map_err(|error| Refusal::bad_request("JSON_PARSER_ERROR", error.to_string()));
    }
    let list = |name| {
        let text = request.parameter(name).unwrap_or_default();
        text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
    };
    Ok(Wanted { ids: list("ids"), fields: list("fields") })
}
