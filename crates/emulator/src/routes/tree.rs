//! Records with their children in one call: `composite/tree/{object}`, by which `sf data import tree` loads files. All are created, or
//! none.

use axum::{http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json as document};

use super::{Request, describe::find, record};
use crate::{
    answer::{Refusal, json},
    id::Id,
    object::ObjectType,
};

/// Records that one call may create (REST API guide, "sObject Tree").
const MAX_RECORDS: usize = 200;
/// How deep children may hang.
const MAX_DEPTH: u32 = 5;

#[derive(Deserialize)]
struct Records {
    records: Vec<Map<String, Json>>,
}

/// The record that was refused, and why.
struct Refused(String, Refusal);

/// Answers `POST composite/tree/{object}`.
pub(super) fn create(object: &str, request: &Request) -> Result<Response, Refusal> {
    find(object, request)?;
    let tree: Records = serde_json::from_slice(&request.body)
        .map_err(|error| Refusal::bad_request("JSON_PARSER_ERROR", error.to_string()))?;
    let done = request.org().all_or_none(|draft| {
        let request = Request { draft: Some(draft.clone()), ..request.clone() };
        let mut created = Vec::new();
        plant(tree.records, None, 1, &request, &mut created).map(|()| created)
    });
    Ok(match done {
        Ok(created) => {
            let results: Vec<Json> = created
                .into_iter()
                .map(|(reference, id)| document!({"referenceId": reference, "id": id.to_string()}))
                .collect();
            json(StatusCode::CREATED, &document!({"hasErrors": false, "results": results}))
        }
        Err(Refused(reference, refusal)) => {
            let result = document!({"referenceId": reference, "errors": [refusal.into_record_error()]});
            json(StatusCode::BAD_REQUEST, &document!({"hasErrors": true, "results": [result]}))
        }
    })
}

/// Creates records of one level, then those that hang on them; `parent` is what they hang on.
fn plant(
    records: Vec<Map<String, Json>>,
    parent: Option<(&ObjectType, &str, Id)>,
    depth: u32,
    request: &Request,
    created: &mut Vec<(String, Id)>,
) -> Result<(), Refused> {
    let mut planted = Vec::with_capacity(records.len());
    for mut fields in records {
        let attributes = fields.remove("attributes").unwrap_or_default();
        let text = |key: &str| attributes[key].as_str().unwrap_or_default().to_owned();
        let reference = text("referenceId");
        let refused = |refusal| Refused(reference.clone(), refusal);
        if created.len() == MAX_RECORDS || depth > MAX_DEPTH {
            let message = format!("A tree may hold {MAX_RECORDS} records on {MAX_DEPTH} levels");
            return Err(refused(Refusal::bad_request("LIMIT_EXCEEDED", message)));
        }
        let object = find(&text("type"), request).map_err(refused)?;
        let is_tree = |value: &Json| value.get("records").is_some_and(Json::is_array);
        let branches: Vec<String> =
            fields.iter().filter(|(_, value)| is_tree(value)).map(|(name, _)| name.clone()).collect();
        let branches: Vec<(String, Json)> =
            branches.into_iter().filter_map(|name| Some((name.clone(), fields.remove(&name)?))).collect();
        if let Some((parents, relationship, id)) = parent {
            let field = reference_of(parents, relationship).ok_or_else(|| {
                let message = format!("No such column '{relationship}' on sobject of type {}", parents.name);
                refused(Refusal::bad_request("INVALID_FIELD", message))
            })?;
            fields.insert(field, id.to_string().into());
        }
        let id = record::create(&object, &fields, request).map_err(refused)?;
        created.push((reference, id));
        planted.push((object, id, branches));
    }
    for (object, id, branches) in planted {
        for (relationship, mut branch) in branches {
            let children = branch["records"].as_array_mut().map(std::mem::take).unwrap_or_default();
            let children = children.into_iter().filter_map(|child| match child {
                Json::Object(child) => Some(child),
                _ => None,
            });
            plant(children.collect(), Some((&object, &relationship, id)), depth + 1, request, created)?;
        }
    }
    Ok(())
}

/// Returns the field by which the children of a relationship refer to their parent.
fn reference_of(parents: &ObjectType, relationship: &str) -> Option<String> {
    let children = parents.describe["childRelationships"].as_array()?;
    let named =
        |child: &&Json| child["relationshipName"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(relationship));
    Some(children.iter().find(named)?["field"].as_str()?.to_owned())
}
