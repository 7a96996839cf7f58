//! Describes, global and per object, with the addresses of the API version they were asked in.

use std::sync::Arc;

use axum::{http::StatusCode, response::Response};
use serde::Serialize;
use serde_json::{Map, Value as Json, json as json_object};

use super::{Request, conditional};
use crate::{
    answer::{Refusal, json},
    object::ObjectType,
    version::ApiVersion,
};

#[derive(Serialize)]
struct Global {
    encoding: &'static str,
    #[serde(rename = "maxBatchSize")]
    max_batch_size: u32,
    sobjects: Vec<Json>,
}

#[derive(Serialize)]
struct Basic {
    #[serde(rename = "objectDescribe")]
    object_describe: Json,
    #[serde(rename = "recentItems")]
    recent_items: [Json; 0],
}

/// Lists the org's objects.
pub(super) fn global(version: ApiVersion, request: &Request) -> Result<Response, Refusal> {
    unless_not_modified(request, || {
        let objects = request.org().objects();
        let sobjects = objects.iter().map(|object| global_entry(object, version)).collect();
        json(StatusCode::OK, &Global { encoding: "UTF-8", max_batch_size: 200, sobjects })
    })
}

/// Describes an object in brief, without its fields.
pub(super) fn basic(version: ApiVersion, name: &str, request: &Request) -> Result<Response, Refusal> {
    let object = find(name, request)?;
    let basic = Basic { object_describe: global_entry(&object, version), recent_items: [] };
    Ok(json(StatusCode::OK, &basic))
}

/// Describes an object.
pub(super) fn object(version: ApiVersion, name: &str, request: &Request) -> Result<Response, Refusal> {
    let object = find(name, request)?;
    unless_not_modified(request, || {
        let mut describe = object.describe.clone();
        set_urls(&mut describe, &object, version, Detail::Full, &request.base_url);
        json(StatusCode::OK, &describe)
    })
}

/// Finds an object of the org.
pub(super) fn find(name: &str, request: &Request) -> Result<Arc<ObjectType>, Refusal> {
    request.org().object(name).ok_or_else(Refusal::not_found)
}

fn global_entry(object: &ObjectType, version: ApiVersion) -> Json {
    let mut entry = object.global_entry();
    set_urls(&mut entry, object, version, Detail::Brief, "");
    entry
}

#[derive(Clone, Copy, PartialEq)]
enum Detail {
    Brief,
    Full,
}

fn set_urls(document: &mut Json, object: &ObjectType, version: ApiVersion, detail: Detail, base_url: &str) {
    let root = format!("/services/data/v{version}/sobjects/{}", object.name);
    let mut urls = Map::new();
    let mut add = |key: &str, url: String| drop(urls.insert(key.to_owned(), Json::String(url)));
    add("sobject", root.clone());
    add("describe", format!("{root}/describe"));
    add("rowTemplate", format!("{root}/{{ID}}"));
    let is_layoutable = object.describe.get("layoutable").and_then(Json::as_bool).unwrap_or(false);
    if is_layoutable {
        add("layouts", format!("{root}/describe/layouts"));
        add("compactLayouts", format!("{root}/describe/compactLayouts"));
        add("approvalLayouts", format!("{root}/describe/approvalLayouts"));
        add("listviews", format!("{root}/listviews"));
        add("quickActions", format!("{root}/quickActions"));
        add("defaultValues", format!("{root}/defaultValues?recordTypeId&fields"));
    }
    if let (Detail::Full, true, Some(prefix)) = (detail, is_layoutable, &object.key_prefix) {
        add("uiDetailTemplate", format!("{base_url}/{{ID}}"));
        add("uiEditTemplate", format!("{base_url}/{{ID}}/e"));
        add("uiNewRecord", format!("{base_url}/{prefix}/e"));
    }
    set_layout_urls(document, &root);
    if let Some(document) = document.as_object_mut() {
        document.insert("urls".to_owned(), Json::Object(urls));
    }
}

fn set_layout_urls(document: &mut Json, root: &str) {
    let record_types = document.get_mut("recordTypeInfos").and_then(Json::as_array_mut);
    for record_type in record_types.into_iter().flatten().filter_map(Json::as_object_mut) {
        if let Some(id) = record_type.get("recordTypeId").and_then(Json::as_str) {
            let layout = format!("{root}/describe/layouts/{id}");
            record_type.insert("urls".to_owned(), json_object!({"layout": layout}));
        }
    }
}

/// Answers 304 if the client holds the describe already, which never changes while the org is served.
fn unless_not_modified(request: &Request, describe: impl FnOnce() -> Response) -> Result<Response, Refusal> {
    Ok(conditional::answer(Some(request.server.described_at), None, request, describe))
}
