//! What each call answers. Routes are plain functions: they may scan, and run on threads that may block.

mod auth;
mod authorize;
mod bulk;
mod bulk_v1;
mod changes;
mod collection;
mod columns;
mod composite;
mod conditional;
mod control;
mod describe;
mod device;
mod jwt;
mod limits;
mod query;
mod record;
mod references;
mod restriction;
mod soap;
mod stream;
mod tree;
mod versions;

use std::sync::Arc;

use axum::{
    body::Bytes,
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use url::form_urlencoded;

use crate::{
    answer::Refusal,
    call::{Call, Resource},
    error::QueryError,
    fault::Action,
    org::Org,
    server::Server,
    version::{ApiVersion, Standing},
};

/// A request, as routes see it.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) server: Arc<Server>,
    pub(crate) method: Method,
    /// The address as the client spells it, such as `http://localhost:8123`.
    pub(crate) base_url: String,
    pub(crate) headers: HeaderMap,
    /// The decoded parameters of the address.
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// A fault that only the route can carry out.
    pub(crate) fault: Option<Action>,
    /// What stands for the org while changes are tried that are made all or none.
    pub(crate) draft: Option<Org>,
}

impl Request {
    /// Returns the org that the request is about.
    pub(crate) fn org(&self) -> &Org {
        self.draft.as_ref().unwrap_or(&self.server.org)
    }

    /// Returns a parameter of the address.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the address of the org itself: the one that the client came by, unless that is a login host.
    pub(crate) fn org_url(&self) -> String {
        match self.login_host() {
            Some(_) => self.server.my_domain_url(),
            None => self.base_url.clone(),
        }
    }

    /// Returns which of Salesforce's login hosts, which are no org's own, the client came by.
    pub(crate) fn login_host(&self) -> Option<LoginHost> {
        match self.base_url.to_ascii_lowercase().as_str() {
            "https://login.salesforce.com" => Some(LoginHost::Production),
            "https://test.salesforce.com" => Some(LoginHost::Sandboxes),
            _ => None,
        }
    }

    /// Returns whether the client came by the login host of orgs of the other sort, which does not know this one.
    pub(crate) fn is_at_wrong_host(&self) -> bool {
        let sandbox = self.server.org.identity().sandbox;
        match self.login_host() {
            Some(LoginHost::Production) => sandbox,
            Some(LoginHost::Sandboxes) => !sandbox,
            None => false,
        }
    }

    /// Returns a header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// A host at which all orgs of a sort sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginHost {
    Production,
    Sandboxes,
}

/// Decodes the parameters of an address or form.
pub(crate) fn parameters(encoded: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded.as_bytes()).into_owned().collect()
}

/// Answers a call.
pub(crate) fn answer(call: &Call, request: &Request) -> Result<Response, Refusal> {
    match call {
        Call::SoapLogin { version } => soap::login(version, request),
        Call::Token => auth::token(request),
        Call::Authorize => authorize::authorize(request),
        Call::Revoke => auth::revoke(request),
        Call::Introspect => auth::introspect(request),
        Call::Connect => Ok(device::connect(request)),
        Call::UserInfo | Call::Identity => Ok(auth::identity(request)),
        Call::Versions => Ok(versions::list(request)),
        Call::Rest(version, resource) => {
            let answer = check_version(*version, request)
                .and_then(|()| check_session(request))
                .and_then(|()| answer_resource(*version, resource, request));
            answer.map_err(|refusal| if resource.is_bulk() { refusal.into_bulk() } else { refusal })
        }
        Call::BulkV1 { version, resource } => bulk_v1::answer(version, resource, request),
        Call::Control(path) => Ok(control::answer(path, request)),
        Call::WrongMethod => Err(Refusal::wrong_method(&request.method)),
        Call::Unknown => Err(Refusal::not_found()),
    }
}

/// Answers a REST resource, once version and session are known to be good.
fn answer_resource(version: ApiVersion, resource: &Resource, request: &Request) -> Result<Response, Refusal> {
    match resource {
        Resource::List => Ok(versions::resources(version, request)),
        Resource::DescribeGlobal => describe::global(version, request),
        Resource::DescribeObject(object) => describe::basic(version, object, request),
        Resource::Describe(object) => describe::object(version, object, request),
        Resource::Query(scope) => query::first_page(version, *scope, request),
        Resource::ToolingQuery => query::tooling(version, request),
        Resource::QueryMore(locator) => query::next_page(version, locator, request),
        Resource::Limits => Ok(limits::limits(request)),
        Resource::RecordCount => Ok(limits::record_count(request)),
        Resource::Updated(object) => changes::updated(object, request),
        Resource::Deleted(object) => changes::deleted(object, request),
        Resource::Record { object, id } => record::get(version, object, id, request),
        Resource::Blob { object, id, field } => record::blob(object, id, field, request),
        Resource::Insert(object) => record::insert(version, object, request),
        Resource::Update { object, id } => record::update(object, id, request),
        Resource::Delete { object, id } => record::delete(object, id, request),
        Resource::Composite => composite::composite(request),
        Resource::CompositeGraph => composite::graphs(request),
        Resource::CompositeList => Ok(versions::composite_resources(version)),
        Resource::Tree(object) => tree::create(object, request),
        Resource::Collection(object) => collection::retrieve(version, object, request),
        Resource::CreateCollection => collection::create(request),
        Resource::UpdateCollection => collection::update(request),
        Resource::DeleteCollection => collection::delete(request),
        Resource::CompositeBatch => composite::batch(request),
        Resource::JobCreate
        | Resource::JobList
        | Resource::JobInfo(_)
        | Resource::JobAbort(_)
        | Resource::JobDelete(_)
        | Resource::Results(_)
        | Resource::ResultPages(_) => bulk::answer(version, resource, request),
    }
}

fn check_version(version: ApiVersion, request: &Request) -> Result<(), Refusal> {
    let versions = request.server.options.versions;
    match versions.standing(version) {
        Standing::Offered => Ok(()),
        Standing::Unknown => Err(Refusal::not_found()),
        Standing::Retired => {
            let message = format!("API version {version} is retired. Use version {} or later.", versions.oldest());
            Err(Refusal::new(StatusCode::GONE, "UNSUPPORTED_API_VERSION", message))
        }
    }
}

fn check_session(request: &Request) -> Result<(), Refusal> {
    let token = bearer_token(&request.headers)?;
    if request.server.sessions.is_of_expired_password(token) {
        let message =
            "The users password has expired, you must call SetPassword before attempting any other API operations";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "INVALID_OPERATION_WITH_EXPIRED_PASSWORD", message));
    }
    if request.server.sessions.touch(token, request.server.org.now()) { Ok(()) } else { Err(Refusal::session()) }
}

/// Returns the access token that the headers carry.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let Some(authorization) = headers.get(header::AUTHORIZATION) else { return Err(Refusal::session()) };
    let scheme_and_token = authorization.to_str().ok().and_then(|text| text.split_once(' '));
    match scheme_and_token {
        Some((scheme, token)) if ["Bearer", "OAuth"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
            Ok(token.trim())
        }
        _ => Err(Refusal::new(StatusCode::UNAUTHORIZED, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")),
    }
}

impl From<QueryError> for Refusal {
    fn from(error: QueryError) -> Self {
        match error.code {
            "NOT_FOUND" => Self::new(StatusCode::NOT_FOUND, error.code, error.message),
            code => Self::bad_request(code, error.message),
        }
    }
}
