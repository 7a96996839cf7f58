//! The way of a request through the emulator: recognised, counted, spoiled if a fault says so, answered, dressed.
//!
//! What each call answers is the routes' affair; they are plain functions and run on threads that may block.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::{Body, Bytes},
    extract::Request as HttpRequest,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;

use crate::{
    answer::{Refusal, empty, http_time},
    authorization::Authorizations,
    batch::BatchJobs,
    call::Call,
    connection::Ending,
    cursor::Cursors,
    device::Devices,
    emulator::{EmulatorOptions, JWT_PRIVATE_KEY, Settings},
    encoding,
    fault::Action,
    faults::Faults,
    id::Id,
    job::Jobs,
    org::Org,
    pace,
    page_cache::PageCache,
    rest_xml,
    routes::{self, Request},
    session::{Sessions, random_id},
    sign_in::Door,
    spoil,
    stats::Counter,
};

/// The most bytes that address and headers of a request may have together.
const MAX_HEAD_BYTES: usize = 16_384;

/// Everything that requests share. Without `Debug`: it holds live sessions.
pub(crate) struct Server {
    pub(crate) org: Org,
    pub(crate) options: EmulatorOptions,
    pub(crate) ca_pem: Option<String>,
    pub(crate) faults: Faults,
    pub(crate) counter: Counter,
    pub(crate) sessions: Sessions,
    pub(crate) authorizations: Authorizations,
    pub(crate) devices: Devices,
    pub(crate) door: Door,
    pub(crate) jobs: Jobs,
    pub(crate) batch_jobs: BatchJobs,
    pub(crate) cursors: Cursors,
    pub(crate) pages: Arc<PageCache>,
    /// Since when the describes are as they are: always, as far as this server knows.
    pub(crate) described_at: Timestamp,
    addresses: Addresses,
    ready_token: Mutex<String>,
    /// The refresh token that the settings name.
    ready_refresh_token: Mutex<String>,
    ca_file: Mutex<Option<String>>,
}

/// Where the server is reached.
#[derive(Debug)]
pub(crate) struct Addresses {
    pub(crate) emulator: SocketAddr,
    /// The proxy that leads from Salesforce's host names here.
    pub(crate) proxy_url: Option<String>,
}

impl Server {
    pub(crate) fn new(org: Org, options: EmulatorOptions, addresses: Addresses, ca_pem: Option<String>) -> Self {
        Self {
            described_at: org.now(),
            faults: Faults::default(),
            counter: Counter::default(),
            sessions: Sessions::default(),
            authorizations: Authorizations::default(),
            devices: Devices::default(),
            door: Door::new(options.sign_in.clone()),
            jobs: Jobs::new(options.job_time),
            batch_jobs: BatchJobs::new(options.job_time),
            cursors: Cursors::default(),
            pages: Arc::new(PageCache::new(options.page_cache_bytes)),
            ready_token: Mutex::default(),
            ready_refresh_token: Mutex::default(),
            ca_file: Mutex::default(),
            org,
            options,
            addresses,
            ca_pem,
        }
    }

    /// Returns the address at which this machine reaches the server.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme(), self.addresses.emulator)
    }

    /// Returns the org's own address at Salesforce.
    pub(crate) fn my_domain_url(&self) -> String {
        let identity = self.org.identity();
        let sandbox = if identity.sandbox { ".sandbox" } else { "" };
        format!("https://{}{sandbox}.my.salesforce.com", identity.domain)
    }

    /// Returns the three characters that all ids of the org have after their key prefix.
    pub(crate) fn pod(&self) -> [u8; 3] {
        self.organization_id().pod()
    }

    pub(crate) fn organization_id(&self) -> Id {
        self.org.identity().organization_id
    }

    /// Starts a session for the org's user.
    pub(crate) fn start_session(&self) -> String {
        self.sessions.start(self.organization_id(), self.org.now())
    }

    pub(crate) fn set_ca_file(&self, path: String) {
        *self.ca_file.lock().unwrap_or_else(PoisonError::into_inner) = Some(path);
    }

    /// Returns what a client needs to sign in. Starts a session unless the one named last time still lives.
    pub(crate) fn settings(&self) -> Settings {
        let identity = self.org.identity();
        let mut token = self.ready_token.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.sessions.touch(&token, self.org.now()) {
            *token = self.start_session();
        }
        Settings {
            url: self.url(),
            username: identity.username.clone(),
            password: identity.password.clone(),
            security_token: identity.security_token.clone(),
            consumer_key: identity.consumer_key.clone(),
            consumer_secret: identity.consumer_secret.clone(),
            domain: self.url(),
            access_token: token.clone(),
            instance_url: self.url(),
            refresh_token: self.refresh_token(),
            my_domain_url: self.addresses.proxy_url.is_some().then(|| self.my_domain_url()),
            proxy_url: self.addresses.proxy_url.clone(),
            private_key_pem: JWT_PRIVATE_KEY.to_owned(),
            ca_file: self.ca_file.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Returns a refresh token that is good: the one named last time, unless it was revoked since.
    fn refresh_token(&self) -> String {
        let mut token = self.ready_refresh_token.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.sessions.is_refresh_token(&token) {
            *token = self.sessions.grant_refresh_token();
        }
        token.clone()
    }

    fn scheme(&self) -> &'static str {
        if self.options.tls { "https" } else { "http" }
    }

    /// Returns the address as the client spells it, so that a name or forwarded port it came by stays good.
    fn url_for(&self, headers: &HeaderMap) -> String {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|host| !host.is_empty());
        host.map_or_else(|| self.url(), |host| format!("{}://{host}", self.scheme()))
    }

    fn usage(&self) -> HeaderValue {
        let usage = format!("api-usage={}/{}", self.counter.api_requests(), self.options.daily_api_requests);
        HeaderValue::try_from(usage).expect("digits make a header value")
    }
}

/// Answers one request.
pub(crate) async fn answer(server: Arc<Server>, ending: Ending, request: HttpRequest) -> Response {
    let (head, body) = request.into_parts();
    let (path, wants_xml) = rest_xml::without_ending(&head);
    let call = Call::of(&head.method, path);
    if let Call::Control(_) = call {
        return respond(&server, call, &head, body, None).await;
    }

    let is_metered = matches!(call, Call::Rest(..) | Call::BulkV1 { .. });
    server.counter.call(call.kind(), is_metered);
    let accepts_gzip = encoding::accepts_gzip(&head.headers);
    let fault = server.faults.take(call.kind());

    let xml_names = if wants_xml { rest_xml::names(&call) } else { None };
    let answer = match spoil::before(&server, &call, &head.headers, &ending, fault.clone()).await {
        Ok(fault) => respond(&server, call, &head, body, fault).await,
        Err(spoilt) => spoilt,
    };
    let answer = match xml_names {
        Some(names) => rest_xml::spell(answer, names).await,
        None => answer,
    };
    let answer = encoding::lay_out(&head.headers, answer).await;
    let mut answer = if accepts_gzip { encoding::compress(answer).await } else { answer };
    dress(&server, is_metered, &mut answer);
    if !server.options.latency.is_zero() {
        tokio::time::sleep(server.options.latency).await;
    }
    if let Some(pace) = server.options.bytes_per_second {
        answer = pace::slow_down(answer, pace);
    }
    spoil::after(&server, answer, fault, ending).await
}

/// Answers a request that no fault has answered already.
async fn respond(server: &Arc<Server>, call: Call, head: &Parts, body: Body, fault: Option<Action>) -> Response {
    if let Some(refusal) = refuse_head(head) {
        return refusal;
    }
    let body = match encoding::read_body(&head.headers, body).await {
        Ok(body) => body,
        Err(refusal) => return refusal.into_response(),
    };
    let request = Request {
        server: Arc::clone(server),
        base_url: server.url_for(&head.headers),
        headers: head.headers.clone(),
        parameters: routes::parameters(head.uri.query().unwrap_or_default()),
        method: head.method.clone(),
        body,
        fault,
        draft: None,
    };
    let answered = tokio::task::spawn_blocking(move || routes::answer(&call, &request));
    match answered.await {
        Ok(answer) => answer.unwrap_or_else(IntoResponse::into_response),
        Err(error) => {
            tracing::error!(%error, "could not answer a request");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// Refuses what no call may have: an address or headers that are too long, or `OPTIONS`, which is answered in general.
fn refuse_head(head: &Parts) -> Option<Response> {
    let address_bytes = head.uri.path_and_query().map_or(0, |path| path.as_str().len());
    let header_bytes: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if address_bytes > MAX_HEAD_BYTES {
        return Some(Refusal::new(StatusCode::URI_TOO_LONG, "URI_TOO_LONG", "URI Too Long").into_response());
    }
    if address_bytes + header_bytes > MAX_HEAD_BYTES {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        let message = "Request Header Fields Too Large";
        return Some(Refusal::new(status, "REQUEST_HEADER_FIELDS_TOO_LARGE", message).into_response());
    }
    if head.method == Method::OPTIONS {
        let allow = HeaderValue::from_static("GET, HEAD, POST, PATCH, DELETE, OPTIONS");
        return Some(([(header::ALLOW, allow)], Bytes::new()).into_response());
    }
    None
}

/// Adds the headers that answers have in common.
fn dress(server: &Server, is_metered: bool, answer: &mut Response) {
    let headers = answer.headers_mut();
    if let Ok(date) = HeaderValue::try_from(http_time(server.org.now())) {
        headers.entry(header::DATE).or_insert(date);
    }
    if is_metered {
        if let Ok(id) = HeaderValue::try_from(random_id()) {
            headers.entry("x-request-id").or_insert(id);
        }
        headers.entry("sforce-limit-info").or_insert_with(|| server.usage());
    }
}
