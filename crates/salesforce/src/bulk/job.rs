//! Runs query jobs: creates, watches, aborts and deletes them.
//!
//! A job lives in the org, not here: dropping a call leaves the job running.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Call, Client};
use crate::error::{Error, ErrorKind, Result};
use crate::query::QueryOperation;
use crate::refusal::{NOT_SALESFORCE, place};
use crate::retry::jitter;
use crate::untrusted::{literal, one_line};
use crate::version::ApiVersion;
use crate::wire::JobAnswer;

/// The id of a job.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(String);

impl JobId {
    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for JobId {
    type Err = Error;

    /// Accepts letters and digits only: the id becomes part of an address.
    fn from_str(text: &str) -> Result<Self> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Error::configuration("read the job id", format!("{} is not one", literal(text))));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Where a job stands. Salesforce does not promise an order: a job may be seen to go back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// Waiting for its turn.
    UploadComplete,
    /// Running.
    InProgress,
    /// Done: the results can be read.
    JobComplete,
    /// Failed.
    Failed,
    /// Aborted by somebody.
    Aborted,
    /// A state that is not known here: neither done nor failed.
    Other(String),
}

impl fmt::Display for JobState {
    /// Writes the state as Salesforce words it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UploadComplete => "UploadComplete",
            Self::InProgress => "InProgress",
            Self::JobComplete => "JobComplete",
            Self::Failed => "Failed",
            Self::Aborted => "Aborted",
            Self::Other(state) => state,
        })
    }
}

impl From<&str> for JobState {
    fn from(name: &str) -> Self {
        match name {
            "UploadComplete" => Self::UploadComplete,
            "InProgress" => Self::InProgress,
            "JobComplete" => Self::JobComplete,
            "Failed" => Self::Failed,
            "Aborted" => Self::Aborted,
            other => Self::Other(one_line(other)),
        }
    }
}

/// A query job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// The object it reads.
    pub object: Option<String>,
    /// Records found so far; not told before the job has begun.
    pub records_processed: Option<u64>,
    /// Why it failed, where Salesforce says so.
    pub error_message: Option<String>,
    /// Whether Salesforce may split it by itself.
    pub is_pk_chunking_supported: Option<bool>,
    /// The version that created it, with which its results must be read.
    pub api_version: Option<ApiVersion>,
    /// Who created it, and for what.
    pub origin: JobOrigin,
    /// When the org took it, by the org's own clock (`createdDate`). The engine bounds its watermarks by it.
    pub created: Option<Timestamp>,
    /// How long it has been working.
    pub processing_time: Option<Duration>,
}

/// Who created a job, and for what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobOrigin {
    /// The id of the user who created it.
    pub user_id: Option<String>,
    /// `query` or `queryAll`, as Salesforce words it.
    pub operation: Option<String>,
}

/// How to wait for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitOptions {
    /// The longest time to wait. Default 24 hours.
    pub deadline: Duration,
    /// Whether the job was created just now. It is not done then, and the first look waits as the others do.
    pub is_new: bool,
    /// The first wait. It doubles up to 0.2 seconds, for the sake of small queries, and grows by a quarter from there, so that a job is seen to
    /// be done at most about a fifth of its time too late. Default 0.05 seconds.
    pub first_poll: Duration,
    /// The longest wait between two looks. Default 30 seconds.
    pub longest_poll: Duration,
}

impl Default for WaitOptions {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(24 * 60 * 60),
            is_new: false,
            first_poll: Duration::from_millis(50),
            longest_poll: Duration::from_secs(30),
        }
    }
}

impl WaitOptions {
    /// Returns how long to wait once `wait` was not enough.
    fn after(&self, wait: Duration) -> Duration {
        const DOUBLES_UP_TO: Duration = Duration::from_millis(200);
        (wait * 5 / 4).max((wait * 2).min(DOUBLES_UP_TO)).min(self.longest_poll)
    }
}

/// What is forbidden when a job is created may be allowed to a REST query: jobs want permissions of their own.
fn maybe_only_here(error: Error) -> Error {
    let is_everywhere =
        error.error_code().is_some_and(|code| code == "API_DISABLED_FOR_ORG" || code.starts_with("TXN_SECURITY_"));
    match error.kind() {
        ErrorKind::Permission if !is_everywhere => error.into_kind(ErrorKind::UnsupportedByBulk),
        _ => error,
    }
}

impl Client {
    /// Creates a job. Salesforce checks the query at once and runs it when it comes to it.
    ///
    /// The request is repeated only where it surely did not run: a lost answer may leave a job behind that nobody reads. See
    /// [`Error::is_answer_lost`] and [`Client::twins_of`]. An answer that is JSON and not about a job was made by somebody who took the request, so
    /// that repeating it would make one job after another.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnsupportedByBulk`] for what the REST API may still do; [`ErrorKind::InvalidQuery`] for what none does.
    pub async fn create_query_job(&self, operation: QueryOperation, soql: &str) -> Result<Job> {
        let body = json!({
            "operation": operation.name(),
            "query": soql,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        });
        let path = format!("{}/jobs/query", self.base_path());
        let call = Call::new("create the query job", Method::POST, path).body(body).once();
        self.ledger().reserve_job(call.action())?;
        let job = self.call(&call, async |response| created(response.json().await?)).await;
        // A job whose answer was lost may be there, and counts.
        if job.as_ref().is_err_and(|error| !error.may_have_run()) {
            self.ledger().return_job();
        }
        let job = job.map_err(maybe_only_here)?.masked(self);
        tracing::debug!(job_id = %job.id, object = job.object, "job created");
        Ok(job)
    }

    /// Looks at a job.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::JobGone`] when Salesforce has deleted it, as it does after seven days.
    pub async fn job(&self, id: &JobId) -> Result<Job> {
        let call = Call::get(format!("look at job `{id}`"), self.job_path(id));
        let job = self.call(&call, async |response| Job::read(response.json().await?)).await;
        job.map(|job| job.masked(self)).map_err(|error| gone_if_not_found(error, id))
    }

    /// Waits until a job is complete, and shows it to `on_state` each time it was looked at.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::JobFailed`] with Salesforce's reason where it gives one, [`ErrorKind::QueryTimeout`] where the query was too much for one
    /// job, [`ErrorKind::JobAborted`], [`ErrorKind::JobGone`], and
    /// [`ErrorKind::Deadline`], after which the job is still there.
    ///
    /// # Cancel safety
    ///
    /// Dropping the call leaves the job running: abort it.
    pub async fn wait_for_job(
        &self,
        id: &JobId,
        options: &WaitOptions,
        mut on_state: impl FnMut(&Job) + Send,
    ) -> Result<Job> {
        let deadline = self.clock().elapsed().saturating_add(options.deadline);
        let mut wait = options.first_poll;
        if options.is_new {
            self.clock().sleep(jitter(wait).min(options.deadline)).await;
            wait = options.after(wait);
        }
        loop {
            let job = self.job(id).await?;
            on_state(&job);
            tracing::debug!(job_id = %id, state = %job.state, records = job.records_processed, "job looked at");
            match job.state {
                JobState::JobComplete => return Ok(job),
                JobState::Failed => return Err(failed(&job)),
                JobState::Aborted => return Err(aborted(id)),
                JobState::UploadComplete | JobState::InProgress | JobState::Other(_) => {}
            }
            let left = deadline.saturating_sub(self.clock().elapsed());
            if left.is_zero() {
                return Err(late(&job, options.deadline));
            }
            self.clock().sleep(jitter(wait).min(left)).await;
            wait = options.after(wait);
        }
    }

    /// Aborts a job. One that has ended or is gone is none to abort, and no error.
    pub async fn abort_job(&self, id: &JobId) -> Result<()> {
        let call = Call::new(format!("abort job `{id}`"), Method::PATCH, self.job_path(id))
            .body(json!({ "state": "Aborted" }))
            .cleaning_up();
        let ended =
            |error: &Error| error.kind() == ErrorKind::NotFound || error.error_code() == Some("INVALIDJOBSTATE");
        match self.call(&call, async |_| Ok(())).await {
            Err(error) if ended(&error) => Ok(()),
            result => result,
        }
    }

    /// Deletes a job that has ended, and its results. One that is gone is no error.
    pub async fn delete_job(&self, id: &JobId) -> Result<()> {
        let call = Call::new(format!("delete job `{id}`"), Method::DELETE, self.job_path(id)).cleaning_up();
        match self.call(&call, async |_| Ok(())).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    pub(super) fn job_path(&self, id: &JobId) -> String {
        format!("{}/jobs/query/{id}", self.base_path())
    }
}

impl Job {
    /// Masks the secrets of `client` in what the org says.
    fn masked(self, client: &Client) -> Self {
        let mask = |text: String| client.mask(&text);
        let state = match self.state {
            JobState::Other(state) => JobState::Other(mask(state)),
            known => known,
        };
        Self { state, object: self.object.map(mask), error_message: self.error_message.map(mask), ..self }
    }

    pub(crate) fn read(answer: JobAnswer) -> Result<Self> {
        let id = answer.id.parse().map_err(|_| {
            Error::new(ErrorKind::UnexpectedAnswer, "read the job", format!("{} is not a job id", literal(&answer.id)))
                .with_hint(NOT_SALESFORCE)
        })?;
        let api_version = match &answer.api_version {
            Value::Number(number) => number.as_f64().map(|number| format!("{number:.1}")),
            Value::String(text) => Some(text.clone()),
            _ => None,
        };
        Ok(Self {
            id,
            state: JobState::from(answer.state.as_str()),
            object: answer.object.map(|object| one_line(&object)),
            records_processed: answer.number_records_processed,
            error_message: answer.error_message.map(|message| one_line(&message)).filter(|message| !message.is_empty()),
            is_pk_chunking_supported: answer.is_pk_chunking_supported,
            api_version: api_version.and_then(|text| text.parse().ok()),
            origin: JobOrigin { user_id: answer.created_by_id, operation: answer.operation },
            created: answer.created_date,
            processing_time: answer.total_processing_time.map(Duration::from_millis),
        })
    }
}

/// Reads the answer to the creation of a job.
fn created(answer: Value) -> Result<Job> {
    let id = answer.get("id").and_then(Value::as_str).and_then(|id| id.parse::<JobId>().ok());
    let job = match serde_json::from_value(answer) {
        Ok(answer) => Job::read(answer).map_err(|error| error.cause().to_owned()),
        Err(_) => Err("it lacks what every job has, or has it in another form".to_owned()),
    };
    job.map_err(|why| {
        let cause = "the answer is that of success, and does not describe a job; one may run in vain";
        let which = id.map_or("one of this moment".to_owned(), |id| format!("`{id}`"));
        Error::new(ErrorKind::UnexpectedAnswer, "create the query job", cause)
            .with_hint(format!(
                "look in Setup → Bulk Data Load Jobs for {which} and abort it; then look for what answers in Salesforce's place: a proxy, a gateway"
            ))
            .because(&why)
            .that_may_have_run()
    })
}

/// Says that a job is gone where a refusal says that something is.
pub(super) fn gone_if_not_found(error: Error, id: &JobId) -> Error {
    if error.kind() != ErrorKind::NotFound {
        return error;
    }
    let cause = "Salesforce has it no longer";
    Error::new(ErrorKind::JobGone, format!("read job `{id}`"), cause).with_hint("run again: a new job is created")
}

fn failed(job: &Job) -> Error {
    let cause = match &job.error_message {
        Some(message) => format!("Salesforce answered {message}"),
        None => "the job failed, and Salesforce gave no reason".to_owned(),
    };
    let place = job.error_message.as_deref().and_then(place);
    let error = Error::new(ErrorKind::JobFailed, format!("finish job `{}`", job.id), cause).with_place(place);
    match job.error_message.as_deref() {
        Some(message) if is_too_much(message) => error
            .into_kind(ErrorKind::QueryTimeout)
            .with_code("QUERY_TIMEOUT")
            .with_hint("make the query smaller: a filter on an indexed field, no ORDER BY and no LIMIT, or several queries by range"),
        Some(_) => error.with_hint("correct what the message names, or ask Salesforce Support about the job, by its id"),
        None => error.with_hint("run again; if it fails again, ask Salesforce Support about the job, by its id"),
    }
}

/// Returns whether a job failed because its query is too much for one job, by what Salesforce says then.
fn is_too_much(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("query_timeout") || message.contains("retried more than")
}

fn aborted(id: &JobId) -> Error {
    let cause = "somebody aborted it in Salesforce";
    Error::new(ErrorKind::JobAborted, format!("finish job `{id}`"), cause).with_hint("run again: a new job is created")
}

fn late(job: &Job, deadline: Duration) -> Error {
    let cause = format!("it was still {} after {} s", literal(&job.state.to_string()), deadline.as_secs());
    Error::new(ErrorKind::Deadline, format!("finish job `{}`", job.id), cause)
        .with_hint("wait longer, or make the query smaller")
}
