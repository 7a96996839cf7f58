//! The way of every call: session, request, refusal, repetition.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::Method;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::Client;
use crate::allowance::Resource;
use crate::auth::Session;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{LARGEST_DOCUMENT, LARGEST_LIST, Request, Response};
use crate::refusal::Refusal;
use crate::retry::{Transient, with_backoff};

/// One call of an API.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    action: Cow<'static, str>,
    method: Method,
    /// Path and query at the instance.
    path: String,
    accept: &'static str,
    body: Option<Value>,
    may_run_twice: bool,
    cleans_up: bool,
    patience: Option<Duration>,
    largest: usize,
}

impl Call {
    /// `action` completes "could not …".
    pub(crate) fn new(action: impl Into<Cow<'static, str>>, method: Method, path: String) -> Self {
        let (accept, body, patience, largest) = ("application/json", None, None, LARGEST_DOCUMENT);
        let (may_run_twice, cleans_up) = (true, false);
        Self { action: action.into(), method, path, accept, body, may_run_twice, cleans_up, patience, largest }
    }

    pub(crate) fn get(action: impl Into<Cow<'static, str>>, path: String) -> Self {
        Self::new(action, Method::GET, path)
    }

    pub(crate) fn accept(self, accept: &'static str) -> Self {
        Self { accept, ..self }
    }

    pub(crate) fn body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    /// Has an answer be as large as a list of many things.
    pub(crate) fn many(self) -> Self {
        Self { largest: LARGEST_LIST, ..self }
    }

    /// Has the call repeated only where it surely did not run.
    pub(crate) fn once(self) -> Self {
        Self { may_run_twice: false, ..self }
    }

    /// Has the call made also when the client has used its share of the requests: what is left behind would cost more.
    pub(crate) fn cleaning_up(self) -> Self {
        Self { cleans_up: true, ..self }
    }

    /// Has the call made once and given up after `patience`: for what is good to know and not worth a wait.
    pub(crate) fn within(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    pub(crate) fn action(&self) -> &str {
        &self.action
    }

    fn request(&self, instance_url: &Url, bearer: Option<SecretString>) -> Result<Request> {
        let url = instance_url.join(&self.path).map_err(|error| {
            Error::new(ErrorKind::UnexpectedAnswer, self.action.clone(), "the address is not usable").because(&error)
        })?;
        let mut request = Request::new(self.action.clone(), self.method.clone(), url);
        request.accept = self.accept;
        request.body =
            self.body.as_ref().map(|body| ("application/json; charset=UTF-8", SecretString::from(body.to_string())));
        request.bearer = bearer;
        request.patience = self.patience;
        request.largest = self.largest;
        Ok(request)
    }
}

impl Client {
    /// Returns the path under which everything of the configured version is.
    pub(crate) fn base_path(&self) -> String {
        format!("/services/data/v{}", self.api_version())
    }

    /// Makes `call` and reads its answer as JSON.
    pub(crate) async fn call_for<T: DeserializeOwned + Send + 'static>(&self, call: &Call) -> Result<T> {
        self.call(call, Response::json).await
    }

    /// Makes `call`, again while it fails for a reason that passes. An answer that `read` cannot make use of is such a failure.
    pub(crate) async fn call<T, F, Fut>(&self, call: &Call, read: F) -> Result<T>
    where
        F: Fn(Response) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let result = self.repeat(call, || async { read(self.answer(call).await?).await }).await;
        match result {
            Err(error) => Err(self.explain(error).await),
            Ok(value) => Ok(value),
        }
    }

    /// Makes `call` without credentials.
    pub(super) async fn call_without_session<T: DeserializeOwned + Send + 'static>(&self, call: &Call) -> Result<T> {
        let session = self.session().await?;
        let request = call.request(&session.instance_url, None)?;
        self.repeat(call, || async { self.send(&request).await?.json().await }).await
    }

    async fn repeat<T, F, Fut>(&self, call: &Call, attempt: F) -> Result<T>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let attempt = || async { attempt().await.map_err(|error| self.masked(error)) };
        if call.patience.is_some() {
            return attempt().await;
        }
        let attempt =
            || async { attempt().await.map_err(|error| Failure { error, may_run_twice: call.may_run_twice }) };
        with_backoff(self.clock(), &self.shared.retry, attempt).await.map_err(|failure| failure.error)
    }

    /// Makes one attempt; two, if the session turns out to be lost.
    async fn answer(&self, call: &Call) -> Result<Response> {
        let session = self.session().await?;
        match self.answer_in(&session, call).await {
            Err(error) if error.is_session_lost() => {
                tracing::debug!(%error, "session lost");
                let session = self.renewed(&session).await?;
                self.answer_in(&session, call)
                    .await
                    .map_err(|error| if error.is_session_lost() { still_lost(error) } else { error })
            }
            answer => answer,
        }
    }

    async fn answer_in(&self, session: &Session, call: &Call) -> Result<Response> {
        if !call.cleans_up {
            self.ledger().check(Resource::ApiRequests, &call.action, self.api_usage())?;
        }
        self.send(&call.request(&session.instance_url, Some(session.access_token.clone()))?).await
    }

    /// Sends one request, and turns a refusal into an error.
    async fn send(&self, request: &Request) -> Result<Response> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.ledger().count_request();
        let response = self.shared.http.send(request).await?.counted_by(&self.received);
        self.note_usage(response.header("sforce-limit-info"));
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, retry_after) = (response.status().as_u16(), response.retry_after(self.clock().now()));
        let target = response.redirects_to();
        // The status alone tells enough, should the body not come through.
        let body = response.text().await.unwrap_or_default();
        let refusal = Refusal::read(status, &body, retry_after).with_target(target);
        let error = refusal.into_error(request.action.clone());
        if error.kind() == ErrorKind::Throttled || matches!(status, 420 | 503) {
            self.shared.refusals_for_pace.fetch_add(1, Ordering::Relaxed);
        }
        Err(error)
    }
}

fn still_lost(error: Error) -> Error {
    error.with_hint("grant the user `API Enabled`, and check the app's and the session's policies: a session just opened was refused")
}

/// A failed attempt of a call.
#[derive(Debug)]
struct Failure {
    error: Error,
    may_run_twice: bool,
}

impl Transient for Failure {
    fn is_transient(&self) -> bool {
        self.error.is_transient() && (self.may_run_twice || !self.error.may_have_run())
    }

    fn retry_after(&self) -> Option<Duration> {
        Transient::retry_after(&self.error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}
