//! Faults on demand: which call goes wrong, when, and how.
//!
//! A [`Fault`] is data, so the same script works from Rust, from a JSON file and through the control endpoint. Which of
//! them are in force is kept in `faults`; they are carried out by `spoil` (the answer as a whole) and by the routes
//! (what only they can spoil).

use std::collections::BTreeMap;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use crate::call::CallKind;

/// One scripted fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The kind of call that goes wrong; any kind if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallKind>,
    /// Which of these calls, counted from when the fault was scripted.
    #[serde(default)]
    pub when: When,
    /// What goes wrong.
    pub action: Action,
}

/// Which of the matching calls a fault hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The n-th call only; the first is 1.
    Nth(u64),
    /// The next n calls.
    Next(u64),
    /// Every n-th call.
    Every(u64),
    /// Every call.
    Always,
    /// So many calls of a hundred, always the same ones.
    Percent(u8),
    /// The calls in a stretch of time, counted in seconds from when the fault was scripted.
    Between {
        /// When it begins.
        from_secs: u64,
        /// When it is over.
        until_secs: u64,
    },
}

impl Default for When {
    fn default() -> Self {
        Self::Next(1)
    }
}

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Action {
    /// Any answer, word for word.
    Answer(CannedAnswer),
    /// 503 with an HTML page, as in maintenance.
    Unavailable,
    /// 420 with an HTML page, as from an edge that does not know the org.
    NotRouted,
    /// 429, with `Retry-After` if given.
    TooManyRequests {
        /// Seconds to wait.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_secs: Option<u64>,
    },
    /// 403 `REQUEST_LIMIT_EXCEEDED` of the daily limit.
    DailyLimit,
    /// 403 `REQUEST_LIMIT_EXCEEDED` of the limit on concurrent long requests.
    ConcurrentLimit,
    /// 406 without a body, as under many parallel describes.
    NotAcceptable,
    /// 500 `UNKNOWN_EXCEPTION`.
    UnknownException,
    /// The session of the call expires before the call is answered.
    ExpireSession,
    /// All sessions expire before the call is answered.
    ExpireAllSessions,
    /// The connection is reset instead of an answer.
    ResetConnection,
    /// The connection is closed after so many bytes of the body as it travels (compressed, if it is).
    CutBody {
        /// Bytes of the body that still arrive.
        after_bytes: u64,
    },
    /// The call is carried out, and the connection is reset instead of the answer.
    LoseAnswer,
    /// The connection is reset after so many bytes of the body as it travels. Of those, some may be lost too.
    ResetBody {
        /// Bytes of the body that are sent.
        after_bytes: u64,
    },
    /// The body as it travels (compressed, if it is) ends too early, but in good order, as if it were whole.
    TruncateBody {
        /// Where it ends: so many bytes from its start or, if negative, from its end.
        at: i64,
    },
    /// After so many bytes of the body nothing more comes until [`Faults::release`](crate::Faults::release) names the
    /// gate.
    StallBody {
        /// Bytes of the body that still arrive.
        after_bytes: u64,
        /// Name of the gate.
        gate: String,
    },
    /// 200 with no body.
    EmptyBody,
    /// A page of results holds fewer records than its header says.
    ShortPage {
        /// Records left out at the end.
        missing_records: u64,
    },
    /// A page of results holds the records of the page before it.
    RepeatPage,
    /// A page of results begins so many records too early, and lacks as many at its end.
    ShiftPage {
        /// Records that the page before it holds too.
        records: u64,
    },
    /// The header of a page of results begins with the name of its second column, and ends with that of the first.
    TurnHeader,
    /// A page of results names another locator than the true one for the page after it.
    ReportLocator {
        /// The locator.
        locator: String,
    },
    /// The call waits until [`Faults::release`](crate::Faults::release) names the gate; then it is answered as usual.
    Hold {
        /// Name of the gate.
        gate: String,
    },
    /// The query job of the call fails.
    FailJob {
        /// Its `errorMessage`; Salesforce does not always give one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// The query job of the call fails with `QUERY_TIMEOUT`, if it finds more records than this.
    FailLargeJob {
        /// The most records that a job may find.
        records: u64,
    },
    /// The query job of the call is aborted.
    AbortJob,
    /// The query job of the call vanishes.
    LoseJob,
    /// The call reports another job state than the true one.
    ReportState {
        /// The state; need not be one that exists.
        state: String,
    },
    /// The call reports another `numberRecordsProcessed` of the job than the true one, or another count of each object's records.
    ReportRecords {
        /// The number.
        records: u64,
    },
}

/// An answer written by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CannedAnswer {
    /// HTTP status.
    pub status: u16,
    /// HTTP headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    #[serde(default)]
    pub body: String,
}

/// Why a fault cannot be scripted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("could not script the fault: {reason}")]
pub struct FaultError {
    reason: String,
}

impl FaultError {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl Fault {
    /// A fault of the next call of `kind`.
    pub fn next(kind: CallKind, action: Action) -> Self {
        Self { call: Some(kind), when: When::Next(1), action }
    }

    /// A fault of the `n`-th call of `kind` from now on; the first is 1.
    pub fn nth(kind: CallKind, n: u64, action: Action) -> Self {
        Self { call: Some(kind), when: When::Nth(n), action }
    }

    /// A fault of every call of `kind`.
    pub fn always(kind: CallKind, action: Action) -> Self {
        Self { call: Some(kind), when: When::Always, action }
    }

    pub(crate) fn check(&self) -> Result<(), FaultError> {
        if matches!(self.when, When::Nth(0) | When::Every(0) | When::Next(0)) {
            return Err(FaultError::new("calls are counted from 1"));
        }
        match self.when {
            When::Percent(percent) if percent > 100 => return Err(FaultError::new("a percentage goes up to 100")),
            When::Between { from_secs, until_secs } if until_secs <= from_secs => {
                return Err(FaultError::new("the time ends before it begins"));
            }
            _ => {}
        }
        match &self.action {
            Action::Answer(answer) => answer.check(),
            Action::ShortPage { .. }
            | Action::RepeatPage
            | Action::ShiftPage { .. }
            | Action::TurnHeader
            | Action::ReportLocator { .. } => self.only_for(&[CallKind::Results]),
            Action::ReportState { .. } => self.only_for(&[CallKind::JobInfo]),
            Action::ReportRecords { .. } => self.only_for(&[CallKind::JobInfo, CallKind::Limits]),
            Action::FailJob { .. } | Action::FailLargeJob { .. } | Action::AbortJob | Action::LoseJob => {
                self.only_for(&[
                    CallKind::JobCreate,
                    CallKind::JobInfo,
                    CallKind::Results,
                    CallKind::ResultPages,
                    CallKind::JobAbort,
                    CallKind::JobDelete,
                ])
            }
            _ => Ok(()),
        }
    }

    /// Returns the gate that the fault shuts.
    pub(crate) fn gate(&self) -> Option<&str> {
        match &self.action {
            Action::Hold { gate } | Action::StallBody { gate, .. } => Some(gate),
            _ => None,
        }
    }

    fn only_for(&self, kinds: &[CallKind]) -> Result<(), FaultError> {
        if self.call.is_some_and(|kind| kinds.contains(&kind)) {
            return Ok(());
        }
        let names: Vec<String> = kinds.iter().map(|kind| format!("`{kind}`")).collect();
        Err(FaultError::new(format!("its action needs `call` to be {}", names.join(" or "))))
    }
}

impl CannedAnswer {
    fn check(&self) -> Result<(), FaultError> {
        let status = StatusCode::from_u16(self.status);
        if status.is_err() || status.is_ok_and(|status| status.is_informational()) {
            return Err(FaultError::new(format!("`{}` is no status of an answer", self.status)));
        }
        let bad = self.headers.iter().find(|(name, value)| {
            HeaderName::from_bytes(name.as_bytes()).is_err() || HeaderValue::from_str(value).is_err()
        });
        bad.map_or(Ok(()), |(name, _)| Err(FaultError::new(format!("`{name}` is no valid header"))))
    }
}
