//! The API versions of the org and what each of them has.

use axum::{http::StatusCode, response::Response};
use serde::Serialize;

use super::Request;
use crate::{answer::json, version::ApiVersion};

#[derive(Serialize)]
struct Version {
    label: String,
    url: String,
    version: String,
}

#[derive(Serialize)]
struct Resources {
    sobjects: String,
    limits: String,
    query: String,
    #[serde(rename = "queryAll")]
    query_all: String,
    composite: String,
    jobs: String,
    tooling: String,
    identity: String,
}

#[derive(Serialize)]
struct CompositeResources {
    tree: String,
    batch: String,
    sobjects: String,
    graph: String,
}

/// Lists the versions. Needs no session.
pub(super) fn list(request: &Request) -> Response {
    let offered = request.server.options.versions.offered();
    let versions: Vec<Version> = offered
        .map(|version| Version {
            label: version.release(),
            url: format!("/services/data/v{version}"),
            version: version.to_string(),
        })
        .collect();
    json(StatusCode::OK, &versions)
}

/// Lists the resources of one version.
pub(super) fn resources(version: ApiVersion, request: &Request) -> Response {
    let at = |name: &str| format!("/services/data/v{version}/{name}");
    let identity = request.server.org.identity();
    let resources = Resources {
        sobjects: at("sobjects"),
        limits: at("limits"),
        query: at("query"),
        query_all: at("queryAll"),
        composite: at("composite"),
        jobs: at("jobs"),
        tooling: at("tooling"),
        identity: format!("{}/id/{}/{}", request.base_url, identity.organization_id, identity.user_id),
    };
    json(StatusCode::OK, &resources)
}

/// Lists the resources that carry out several calls.
pub(super) fn composite_resources(version: ApiVersion) -> Response {
    let at = |name: &str| format!("/services/data/v{version}/composite/{name}");
    let resources =
        CompositeResources { tree: at("tree"), batch: at("batch"), sobjects: at("sobjects"), graph: at("graph") };
    json(StatusCode::OK, &resources)
}
