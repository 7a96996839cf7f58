//! The one place that sends a request.
//!
//! It knows proxies, certificates, timeouts and gzip. It follows no redirect, keeps no session, repeats nothing and does not judge the
//! status of an answer.

mod body;
mod failure;
mod setup;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::connection::HttpOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::secrets::Secrets;

pub(crate) use body::{Encoding, LARGEST_DOCUMENT, LARGEST_LIST, LARGEST_TEXT, RawBody};
#[cfg(any(test, fuzzing))]
pub(crate) use body::{Unreadable, parse};

/// Sends requests over shared connections.
#[derive(Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    connect_timeout: Duration,
    read_timeout: Duration,
    secrets: Secrets,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Completes "could not …".
    pub(crate) action: Cow<'static, str>,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) accept: &'static str,
    /// What to send: its media type and its text, which may hold a password.
    pub(crate) body: Option<(&'static str, SecretString)>,
    pub(crate) soap_action: Option<&'static str>,
    pub(crate) bearer: Option<SecretString>,
    /// How long to wait for the head of the answer, where that is less than for others.
    pub(crate) patience: Option<Duration>,
    /// How many bytes of an answer in JSON are read at the most.
    pub(crate) largest: usize,
}

impl Request {
    pub(crate) fn new(action: impl Into<Cow<'static, str>>, method: Method, url: Url) -> Self {
        let action = action.into();
        let (body, soap_action, bearer, patience) = (None, None, None, None);
        let largest = LARGEST_DOCUMENT;
        Self { action, method, url, accept: "application/json", body, soap_action, bearer, patience, largest }
    }
}

impl Http {
    /// Prepares connections; opens none.
    pub(crate) fn new(options: &HttpOptions, secrets: Secrets) -> Result<Self> {
        let client = setup::client(options)?;
        Ok(Self { client, connect_timeout: options.connect_timeout, read_timeout: options.read_timeout, secrets })
    }

    /// Returns what must not be seen of what goes over these connections.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Sends `request` and returns the head of the answer, whatever its status.
    pub(crate) async fn send(&self, request: &Request) -> Result<Response> {
        let host = host_of(&request.url);
        let built = self.build(request)?;
        let longest = request.patience.unwrap_or(self.connect_timeout + self.read_timeout);
        let inner = match tokio::time::timeout(longest, self.client.execute(built)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(failure::to_error(&request.action, &host, &error)),
            Err(_) => return Err(failure::silence(&request.action, &host, longest)),
        };
        tracing::debug!(method = %request.method, host, path = self.secrets.mask(request.url.path()), status = inner.status().as_u16(), "request answered");
        let (action, read_timeout, largest) = (request.action.clone(), self.read_timeout, request.largest);
        Ok(Response { action, host, inner, read_timeout, largest, received: Arc::default() })
    }

    fn build(&self, request: &Request) -> Result<reqwest::Request> {
        let mut builder = self
            .client
            .request(request.method.clone(), request.url.clone())
            .header(ACCEPT, request.accept)
            .header(ACCEPT_ENCODING, "gzip");
        if let Some(token) = &request.bearer {
            builder = builder.header(AUTHORIZATION, bearer(token, &request.action)?);
        }
        if let Some(action) = request.soap_action {
            builder = builder.header(HeaderName::from_static("soapaction"), action);
        }
        if let Some((media_type, text)) = &request.body {
            builder = builder.header(CONTENT_TYPE, *media_type).body(text.expose_secret().to_owned());
        }
        builder.build().map_err(|error| {
            Error::configuration(request.action.clone(), "the request cannot be built").because(&error.without_url())
        })
    }
}

fn bearer(token: &SecretString, action: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).map_err(|_| {
        let cause = "the access token holds characters that no token has";
        Error::new(ErrorKind::Credentials, action.to_owned(), cause)
            .with_hint("check `access_token` for line ends and quotes")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Returns host and, where it is not the usual one, port: for messages.
pub(crate) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The head of an answer, with its body still to be read.
#[derive(Debug)]
pub(crate) struct Response {
    action: Cow<'static, str>,
    host: String,
    inner: reqwest::Response,
    read_timeout: Duration,
    largest: usize,
    /// Counts the bytes of the body, as they come.
    received: Arc<AtomicU64>,
}

impl Response {
    /// Has the bytes of the body counted by `received`.
    pub(crate) fn counted_by(self, received: &Arc<AtomicU64>) -> Self {
        Self { received: Arc::clone(received), ..self }
    }

    pub(crate) fn action(&self) -> &Cow<'static, str> {
        &self.action
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.inner.status()
    }

    /// Returns the header called `name`, if it is there and readable.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.inner.headers().get(name)?.to_str().ok().map(str::trim)
    }

    /// Returns whether the header called `name` is there, readable or not.
    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.inner.headers().contains_key(name)
    }

    /// Returns when the server answered, by its own clock.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        http_date(self.header("date")?)
    }

    /// Returns how long the server asked to wait. A date is counted from the server's own clock, or else from `now`.
    pub(crate) fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        wait_asked(self.header("retry-after")?, self.date().unwrap_or(now))
    }

    /// Returns the host that a redirect leads to, where it names one.
    pub(crate) fn redirects_to(&self) -> Option<String> {
        let target = self.inner.url().join(self.header("location")?).ok()?;
        Some(host_of(&target)).filter(|host| !host.is_empty())
    }
}

/// Reads `Retry-After`, which is a number of seconds or a date.
pub(crate) fn wait_asked(text: &str, now: Timestamp) -> Option<Duration> {
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(Duration::try_from(http_date(text)?.duration_since(now)).unwrap_or_default()),
    }
}

pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}
