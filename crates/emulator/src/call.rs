//! The calls the org answers: one table from method and path to a [`Call`].
//!
//! Paths are read as Salesforce reads them: doubled and trailing slashes do not matter, neither does the case of
//! `resultPages`. What a call answers is decided in `routes`.

use std::fmt;

use axum::http::Method;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::{select::Scope, version::ApiVersion};

/// What kind of call a request is: the unit in which calls are counted and faults are scripted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallKind {
    /// SOAP `login()`.
    Login,
    /// The OAuth token endpoint.
    Token,
    /// The login page of the OAuth web-server flow, and the one of the device flow.
    Authorize,
    /// Ending a session by the OAuth revoke endpoint.
    Revoke,
    /// Who the session's user is: `userinfo`, the identity URL and `introspect`.
    Identity,
    /// The list of API versions.
    Versions,
    /// The list of resources of one API version.
    Resources,
    /// Describe global and describe of one object.
    Describe,
    /// First page of a REST query.
    Query,
    /// Later page of a REST query.
    QueryMore,
    /// Org limits and record counts.
    Limits,
    /// Ids of the records updated in a time span.
    Updated,
    /// Ids of the records deleted in a time span.
    Deleted,
    /// One record by its Id.
    Record,
    /// Creating, changing or deleting one record.
    Change,
    /// Several REST calls in one.
    Composite,
    /// Creating a query job.
    JobCreate,
    /// The list of query jobs.
    JobList,
    /// State of a query job.
    JobInfo,
    /// Aborting a query job.
    JobAbort,
    /// Deleting a query job.
    JobDelete,
    /// One page of a query job's results.
    Results,
    /// The addresses of a query job's pages.
    ResultPages,
    /// Creating, reading or closing a job of Bulk API v1.
    BulkV1Job,
    /// Adding a batch to a job of Bulk API v1, or asking for the state of batches.
    BulkV1Batch,
    /// The results of a batch of Bulk API v1.
    BulkV1Result,
    /// Anything else.
    Other,
}

impl fmt::Display for CallKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// A recognised request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Call {
    /// `version` is as typed: SOAP answers an unknown one with a fault.
    SoapLogin {
        version: String,
    },
    Token,
    Authorize,
    Revoke,
    Introspect,
    /// The page at which a person lets a device in.
    Connect,
    UserInfo,
    Identity,
    Versions,
    Rest(ApiVersion, Resource),
    /// `version` is as typed: the API answers an unknown one in its own way.
    BulkV1 {
        version: String,
        resource: BulkV1,
    },
    /// A REST path with a version that is no version.
    Unknown,
    /// A path that exists, asked with another method.
    WrongMethod,
    Control(String),
}

/// A resource under `/services/data/vXX.0/`, with the method it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Resource {
    List,
    DescribeGlobal,
    DescribeObject(String),
    Describe(String),
    Query(Scope),
    QueryMore(String),
    /// A query of the Tooling API, which knows other objects.
    ToolingQuery,
    Limits,
    RecordCount,
    Updated(String),
    Deleted(String),
    Record {
        object: String,
        id: String,
    },
    /// The content of a field of type base64.
    Blob {
        object: String,
        id: String,
        field: String,
    },
    Insert(String),
    Update {
        object: String,
        id: String,
    },
    Delete {
        object: String,
        id: String,
    },
    Composite,
    CompositeBatch,
    CompositeGraph,
    /// What else is under `composite`.
    CompositeList,
    /// Records with their children.
    Tree(String),
    /// Several records of an object.
    Collection(String),
    /// Several records of any objects.
    CreateCollection,
    UpdateCollection,
    DeleteCollection,
    JobCreate,
    JobList,
    JobInfo(String),
    JobAbort(String),
    JobDelete(String),
    Results(String),
    ResultPages(String),
}

/// A resource under `/services/async/XX.0/`, with the method it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum BulkV1 {
    Create,
    Job(String),
    SetState(String),
    Add(String),
    Batches(String),
    Batch { job: String, batch: String },
    BatchRequest { job: String, batch: String },
    ResultList { job: String, batch: String },
    Result { job: String, batch: String, result: String },
}

impl BulkV1 {
    fn of(method: &Method, segments: &[&str]) -> Option<Self> {
        let text = |text: &&str| (*text).to_owned();
        let reads = method == Method::GET || method == Method::HEAD;
        Some(match segments {
            ["job"] if method == Method::POST => Self::Create,
            ["job", job] if reads => Self::Job(text(job)),
            ["job", job] if method == Method::POST => Self::SetState(text(job)),
            ["job", job, "batch"] if reads => Self::Batches(text(job)),
            ["job", job, "batch"] if method == Method::POST => Self::Add(text(job)),
            ["job", job, "batch", batch] if reads => Self::Batch { job: text(job), batch: text(batch) },
            ["job", job, "batch", batch, "request"] if reads => {
                Self::BatchRequest { job: text(job), batch: text(batch) }
            }
            ["job", job, "batch", batch, "result"] if reads => Self::ResultList { job: text(job), batch: text(batch) },
            ["job", job, "batch", batch, "result", result] if reads => {
                Self::Result { job: text(job), batch: text(batch), result: text(result) }
            }
            _ => return None,
        })
    }

    fn kind(&self) -> CallKind {
        match self {
            Self::Create | Self::Job(_) | Self::SetState(_) => CallKind::BulkV1Job,
            Self::Add(_) | Self::Batches(_) | Self::Batch { .. } | Self::BatchRequest { .. } => CallKind::BulkV1Batch,
            Self::ResultList { .. } | Self::Result { .. } => CallKind::BulkV1Result,
        }
    }

    /// Returns the job the call is about.
    pub(crate) fn job_id(&self) -> Option<&str> {
        match self {
            Self::Create => None,
            Self::Job(job) | Self::SetState(job) | Self::Add(job) | Self::Batches(job) => Some(job),
            Self::Batch { job, .. }
            | Self::BatchRequest { job, .. }
            | Self::ResultList { job, .. }
            | Self::Result { job, .. } => Some(job),
        }
    }
}

impl Call {
    /// Recognises the request `method` `path`.
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        let decoded: Vec<String> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["__emulator", rest @ ..] => Self::Control(rest.join("/")),
            ["services", "Soap", "u" | "c", version, ..] => {
                when(method, &Method::POST, Self::SoapLogin { version: (*version).to_owned() })
            }
            ["services", "oauth2", "token"] => when(method, &Method::POST, Self::Token),
            ["services", "oauth2", "authorize"] if method == Method::POST => Self::Authorize,
            ["services", "oauth2", "authorize"] => when(method, &Method::GET, Self::Authorize),
            ["services", "oauth2", "revoke"] if method == Method::POST => Self::Revoke,
            ["services", "oauth2", "revoke"] => when(method, &Method::GET, Self::Revoke),
            ["services", "oauth2", "userinfo"] => Self::UserInfo,
            ["services", "oauth2", "introspect"] => when(method, &Method::POST, Self::Introspect),
            ["setup", "connect"] if method == Method::POST => Self::Connect,
            ["setup", "connect"] => when(method, &Method::GET, Self::Connect),
            ["id", _, _] => when(method, &Method::GET, Self::Identity),
            ["services", "data"] => when(method, &Method::GET, Self::Versions),
            ["services", "data", version, resource @ ..] => match ApiVersion::parse_segment(version) {
                Some(version) => Self::resource(version, method, resource),
                None => Self::Unknown,
            },
            ["services", "async", version, resource @ ..] => match BulkV1::of(method, resource) {
                Some(resource) => Self::BulkV1 { version: (*version).to_owned(), resource },
                None => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }

    fn resource(version: ApiVersion, method: &Method, segments: &[&str]) -> Self {
        let found = Resource::of(method, segments);
        let other_method = || [Method::GET, Method::POST].iter().any(|m| Resource::of(m, segments).is_some());
        match found {
            Some(resource) => Self::Rest(version, resource),
            None if other_method() => Self::WrongMethod,
            None => Self::Unknown,
        }
    }

    /// Returns the kind under which the call is counted.
    pub(crate) fn kind(&self) -> CallKind {
        match self {
            Self::SoapLogin { .. } => CallKind::Login,
            Self::Token => CallKind::Token,
            Self::Authorize | Self::Connect => CallKind::Authorize,
            Self::Revoke => CallKind::Revoke,
            Self::UserInfo | Self::Identity | Self::Introspect => CallKind::Identity,
            Self::Versions => CallKind::Versions,
            Self::Rest(_, resource) => resource.kind(),
            Self::BulkV1 { resource, .. } => resource.kind(),
            Self::Unknown | Self::WrongMethod | Self::Control(_) => CallKind::Other,
        }
    }

    /// Returns the query job the call is about.
    pub(crate) fn job_id(&self) -> Option<&str> {
        match self {
            Self::Rest(_, resource) => resource.job_id(),
            _ => None,
        }
    }
}

fn when(method: &Method, wanted: &Method, call: Call) -> Call {
    let fits = method == wanted || (method == Method::HEAD && wanted == Method::GET);
    if fits { call } else { Call::WrongMethod }
}

impl Resource {
    fn of(method: &Method, segments: &[&str]) -> Option<Self> {
        match *method {
            Method::GET | Method::HEAD => Self::read(segments),
            Method::POST => Self::created(segments),
            Method::PATCH => Self::changed(segments),
            Method::DELETE => Self::removed(segments),
            _ => None,
        }
    }

    fn read(segments: &[&str]) -> Option<Self> {
        Some(match segments {
            [] => Self::List,
            ["sobjects"] => Self::DescribeGlobal,
            ["sobjects", object] => Self::DescribeObject((*object).to_owned()),
            ["sobjects", object, "describe"] => Self::Describe((*object).to_owned()),
            ["sobjects", object, "updated"] => Self::Updated((*object).to_owned()),
            ["sobjects", object, "deleted"] => Self::Deleted((*object).to_owned()),
            ["sobjects", object, id] => Self::Record { object: (*object).to_owned(), id: (*id).to_owned() },
            ["sobjects", object, id, field] => {
                let [object, id, field] = [object, id, field].map(|text| (*text).to_owned());
                Self::Blob { object, id, field }
            }
            ["composite"] => Self::CompositeList,
            ["composite", "sobjects", object] => Self::Collection((*object).to_owned()),
            ["tooling", "query"] => Self::ToolingQuery,
            ["query"] => Self::Query(Scope::Live),
            ["queryAll"] => Self::Query(Scope::All),
            ["query" | "queryAll", locator] => Self::QueryMore((*locator).to_owned()),
            ["limits"] => Self::Limits,
            ["limits", "recordCount"] => Self::RecordCount,
            ["jobs", "query"] => Self::JobList,
            ["jobs", "query", id] => Self::JobInfo((*id).to_owned()),
            ["jobs", "query", id, "results"] => Self::Results((*id).to_owned()),
            ["jobs", "query", id, pages] if pages.eq_ignore_ascii_case("resultPages") => {
                Self::ResultPages((*id).to_owned())
            }
            _ => return None,
        })
    }

    fn created(segments: &[&str]) -> Option<Self> {
        Some(match segments {
            ["sobjects", object] => Self::Insert((*object).to_owned()),
            ["composite"] => Self::Composite,
            ["composite", "batch"] => Self::CompositeBatch,
            ["composite", "graph"] => Self::CompositeGraph,
            ["composite", "tree", object] => Self::Tree((*object).to_owned()),
            ["composite", "sobjects"] => Self::CreateCollection,
            ["composite", "sobjects", object] => Self::Collection((*object).to_owned()),
            ["jobs", "query"] => Self::JobCreate,
            _ => return None,
        })
    }

    fn changed(segments: &[&str]) -> Option<Self> {
        Some(match segments {
            ["composite", "sobjects"] => Self::UpdateCollection,
            ["sobjects", object, id] => Self::Update { object: (*object).to_owned(), id: (*id).to_owned() },
            ["jobs", "query", id] => Self::JobAbort((*id).to_owned()),
            _ => return None,
        })
    }

    fn removed(segments: &[&str]) -> Option<Self> {
        Some(match segments {
            ["composite", "sobjects"] => Self::DeleteCollection,
            ["sobjects", object, id] => Self::Delete { object: (*object).to_owned(), id: (*id).to_owned() },
            ["jobs", "query", id] => Self::JobDelete((*id).to_owned()),
            _ => return None,
        })
    }

    fn kind(&self) -> CallKind {
        match self {
            Self::List | Self::CompositeList => CallKind::Resources,
            Self::DescribeGlobal | Self::DescribeObject(_) | Self::Describe(_) => CallKind::Describe,
            Self::Query(_) | Self::ToolingQuery => CallKind::Query,
            Self::QueryMore(_) => CallKind::QueryMore,
            Self::Limits | Self::RecordCount => CallKind::Limits,
            Self::Updated(_) => CallKind::Updated,
            Self::Deleted(_) => CallKind::Deleted,
            Self::Record { .. } | Self::Blob { .. } => CallKind::Record,
            Self::Insert(_) | Self::Update { .. } | Self::Delete { .. } => CallKind::Change,
            Self::Composite
            | Self::CompositeBatch
            | Self::CompositeGraph
            | Self::Tree(_)
            | Self::Collection(_)
            | Self::CreateCollection
            | Self::UpdateCollection
            | Self::DeleteCollection => CallKind::Composite,
            Self::JobCreate => CallKind::JobCreate,
            Self::JobList => CallKind::JobList,
            Self::JobInfo(_) => CallKind::JobInfo,
            Self::JobAbort(_) => CallKind::JobAbort,
            Self::JobDelete(_) => CallKind::JobDelete,
            Self::Results(_) => CallKind::Results,
            Self::ResultPages(_) => CallKind::ResultPages,
        }
    }

    fn job_id(&self) -> Option<&str> {
        match self {
            Self::JobInfo(id)
            | Self::JobAbort(id)
            | Self::JobDelete(id)
            | Self::Results(id)
            | Self::ResultPages(id) => Some(id),
            _ => None,
        }
    }

    /// Whether the resource belongs to Bulk API 2.0, whose errors are spelt in another key order.
    pub(crate) fn is_bulk(&self) -> bool {
        self.job_id().is_some() || matches!(self, Self::JobCreate | Self::JobList)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(method: Method, path: &str) -> CallKind {
        Call::of(&method, path).kind()
    }

    #[test]
    fn slashes_and_the_case_of_result_pages_do_not_matter() {
        for path in [
            "/services/data/v62.0/jobs/query/750x/resultPages",
            "/services/data/v62.0/jobs/query/750x/resultpages/",
            "//services/data//v62.0/jobs/query/750x/resultPages//",
        ] {
            assert_eq!(kind(Method::GET, path), CallKind::ResultPages, "{path}");
        }
    }

    #[test]
    fn a_known_path_with_another_method_is_told_from_an_unknown_one() {
        assert_eq!(Call::of(&Method::PUT, "/services/data/v62.0/limits"), Call::WrongMethod);
        assert_eq!(Call::of(&Method::GET, "/services/oauth2/token"), Call::WrongMethod);
        assert_eq!(Call::of(&Method::GET, "/services/data/v62.0/nothing"), Call::Unknown);
    }

    #[test]
    fn head_is_read_as_get() {
        assert_eq!(kind(Method::HEAD, "/services/data"), CallKind::Versions);
        assert_eq!(kind(Method::HEAD, "/services/data/v62.0/sobjects"), CallKind::Describe);
    }
}
