//! The one error of this crate, split by what the caller can do about it.
//!
//! It carries no secret and no more of a server's text than one cleaned line. It does not decide whether to repeat: [`crate::retry`] does.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::retry::Transient;
use crate::secrets::Secrets;
use crate::untrusted;

/// The result of every call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the caller can do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The connection is described wrongly: mend the configuration.
    Configuration,
    /// The user, the application or the session was refused.
    Credentials,
    /// The user may not do this.
    Permission,
    /// The object, or another thing asked for by name, does not exist or is hidden from the user.
    NotFound,
    /// The query is wrong.
    InvalidQuery,
    /// The object can be queried only by way of certain filters, which the query lacks.
    FilterMissing,
    /// The query does not fit into one request.
    QueryTooLong,
    /// The query took longer than Salesforce allows: make it smaller.
    QueryTimeout,
    /// The Bulk API cannot do this, the REST API may.
    UnsupportedByBulk,
    /// The org does not offer the API version.
    Version,
    /// A daily allowance of the org is used up.
    LimitExceeded,
    /// The place to go on reading from is no longer known: read from the start again.
    LocatorExpired,
    /// The log of changes does not reach over the time asked for: compare everything instead.
    ChangesUnavailable,
    /// The job failed in Salesforce.
    JobFailed,
    /// Somebody aborted the job.
    JobAborted,
    /// The job or its results can no longer be read: create the job again.
    JobGone,
    /// The job was not done in the time given.
    Deadline,
    /// The network, the proxy or the certificate stands in the way.
    Connection,
    /// Too many requests at the same time.
    Throttled,
    /// Salesforce is out of order for now.
    Unavailable,
    /// The answer is not one that Salesforce gives.
    UnexpectedAnswer,
}

impl ErrorKind {
    /// Returns whether this kind is for the user to mend, as opposed to the network, Salesforce or this program.
    fn is_user_error(self) -> bool {
        match self {
            Self::Configuration
            | Self::Credentials
            | Self::Permission
            | Self::NotFound
            | Self::InvalidQuery
            | Self::FilterMissing
            | Self::QueryTooLong
            | Self::QueryTimeout
            | Self::UnsupportedByBulk
            | Self::Version
            | Self::LimitExceeded
            | Self::JobFailed
            | Self::JobAborted => true,
            Self::LocatorExpired
            | Self::ChangesUnavailable
            | Self::JobGone
            | Self::Deadline
            | Self::Connection
            | Self::Throttled
            | Self::Unavailable
            | Self::UnexpectedAnswer => false,
        }
    }
}

/// Why a call failed. Displays as `could not <verb> <thing>`; the cause is its `source()`.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Report>);

#[derive(Debug, Clone, thiserror::Error)]
#[error("could not {action}")]
struct Report {
    action: Cow<'static, str>,
    kind: ErrorKind,
    #[source]
    cause: Cause,
    code: Option<String>,
    hint: Option<String>,
    is_transient: bool,
    may_have_run: bool,
    is_user_error: bool,
    is_session_lost: bool,
    retry_after: Option<Duration>,
    place: Option<QueryPlace>,
}

/// A place in a query as Salesforce sent it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryPlace {
    /// The line, from 1.
    pub row: usize,
    /// The character of the line, from 1.
    pub column: usize,
}

/// One line of the chain of causes: kept as text, so that an error can be cloned and given to everyone who waits for the same sign-in.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{text}")]
struct Cause {
    text: String,
    #[source]
    detail: Option<Box<Self>>,
}

impl Error {
    /// Makes an error that repeating does not mend. `action` completes "could not …"; `cause` must already be clean.
    pub(crate) fn new(kind: ErrorKind, action: impl Into<Cow<'static, str>>, cause: impl Into<String>) -> Self {
        Self(Box::new(Report {
            action: action.into(),
            kind,
            cause: Cause { text: cause.into(), detail: None },
            code: None,
            hint: None,
            is_transient: false,
            may_have_run: false,
            is_user_error: kind.is_user_error(),
            is_session_lost: false,
            retry_after: None,
            place: None,
        }))
    }

    pub(crate) fn configuration(action: impl Into<Cow<'static, str>>, cause: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration, action, cause)
    }

    /// Returns the cause, without its own.
    pub(crate) fn cause(&self) -> &str {
        &self.0.cause.text
    }

    /// Adds the cause of the cause.
    pub(crate) fn because(mut self, detail: &dyn fmt::Display) -> Self {
        let text = untrusted::one_line(&detail.to_string());
        self.0.cause.detail = Some(Box::new(Cause { text, detail: None }));
        self
    }

    /// Masks `secrets` in all that a server may have written.
    pub(crate) fn masked(mut self, secrets: &Secrets) -> Self {
        self.0.code = self.0.code.map(|code| secrets.mask(&code));
        let mut cause = Some(&mut self.0.cause);
        while let Some(Cause { text, detail }) = cause {
            *text = secrets.mask(text);
            cause = detail.as_deref_mut();
        }
        self
    }

    /// Returns the error with another action that the user can take.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    pub(crate) fn with_place(mut self, place: Option<QueryPlace>) -> Self {
        self.0.place = place;
        self
    }

    /// Says that the failure means something else where it happened.
    pub(crate) fn into_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self.0.is_user_error = kind.is_user_error();
        self
    }

    /// Marks the failure as one that may be gone the next time. The request surely did not run.
    pub(crate) fn transient(mut self) -> Self {
        self.0.is_transient = true;
        self
    }

    /// Marks a transient failure after which nobody knows whether the request ran.
    pub(crate) fn transient_and_may_have_run(mut self) -> Self {
        self.0.is_transient = true;
        self.0.may_have_run = true;
        self
    }

    /// Marks a failure that repeating would make worse: the request may have run, and may run again.
    pub(crate) fn that_may_have_run(mut self) -> Self {
        self.0.is_transient = false;
        self.0.may_have_run = true;
        self
    }

    /// Marks a failure whose kind alone does not say that the user can mend it.
    pub(crate) fn for_the_user(mut self) -> Self {
        self.0.is_user_error = true;
        self
    }

    /// Says that running the request twice does no harm.
    pub(crate) fn harmless_to_repeat(mut self) -> Self {
        self.0.may_have_run = false;
        self
    }

    /// Marks a refusal that signing in again may cure.
    pub(crate) fn session_lost(mut self) -> Self {
        self.0.is_session_lost = true;
        self
    }

    pub(crate) fn is_session_lost(&self) -> bool {
        self.0.is_session_lost
    }

    pub(crate) fn may_have_run(&self) -> bool {
        self.0.may_have_run
    }

    /// Returns whether nobody knows if the request ran: it was sent, and its answer was lost or is none. The same call may succeed a little
    /// later, and then may have been made twice.
    pub fn is_answer_lost(&self) -> bool {
        self.0.is_transient && self.0.may_have_run
    }

    /// Returns what the caller can do about the failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns whether the same call may succeed a little later.
    pub fn is_transient(&self) -> bool {
        self.0.is_transient
    }

    /// Returns whether the user can mend this: configuration, credentials, permissions, SOQL, a certificate, a proxy.
    pub fn is_user_error(&self) -> bool {
        self.0.is_user_error
    }

    /// Returns one action the user can take.
    pub fn hint(&self) -> Option<String> {
        self.0.hint.clone()
    }

    /// Returns the place in the query that Salesforce names, in the query as it was sent. Nothing says that there is one.
    pub fn place(&self) -> Option<QueryPlace> {
        self.0.place
    }

    /// Returns Salesforce's own code, such as `INVALID_FIELD` or `invalid_grant`.
    pub fn error_code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }
}

impl Transient for Error {
    fn is_transient(&self) -> bool {
        self.0.is_transient
    }

    fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}
