//! Faults on demand: which call goes wrong, when, and how.
//!
//! A [`Fault`] is data, so the same script works from Rust, from a JSON file and through the control endpoint. The
//! faults are carried out by `server` (the answer as a whole) and by the routes (what only they can spoil).

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use axum::http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

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
    /// 200 with no body.
    EmptyBody,
    /// A page of results holds fewer records than its header says.
    ShortPage {
        /// Records left out at the end.
        missing_records: u64,
    },
    /// The call waits until [`Faults::release`] names the gate; then it is answered as usual.
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
    /// The query job of the call is aborted.
    AbortJob,
    /// The query job of the call vanishes.
    LoseJob,
    /// The call reports another job state than the true one.
    ReportState {
        /// The state; need not be one that exists.
        state: String,
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
    fn new(reason: impl Into<String>) -> Self {
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

    fn check(&self) -> Result<(), FaultError> {
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
            Action::ShortPage { .. } => self.only_for(&[CallKind::Results]),
            Action::ReportState { .. } => self.only_for(&[CallKind::JobInfo]),
            Action::FailJob { .. } | Action::AbortJob | Action::LoseJob => self.only_for(&[
                CallKind::JobCreate,
                CallKind::JobInfo,
                CallKind::Results,
                CallKind::ResultPages,
                CallKind::JobAbort,
                CallKind::JobDelete,
            ]),
            _ => Ok(()),
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

/// The faults in force. Shared by the server and whoever scripts it.
#[derive(Debug)]
pub struct Faults {
    scripted: Mutex<Vec<Scripted>>,
    released: watch::Sender<HashSet<String>>,
    waiting: watch::Sender<HashSet<String>>,
}

#[derive(Debug)]
struct Scripted {
    fault: Fault,
    seen: u64,
    since: Instant,
}

impl Scripted {
    /// Counts one matching call and tells whether the fault hits it.
    fn hits(&mut self, kind: CallKind) -> bool {
        if self.fault.call.is_some_and(|wanted| wanted != kind) {
            return false;
        }
        self.seen += 1;
        match self.fault.when {
            When::Nth(n) => self.seen == n,
            When::Next(n) => self.seen <= n,
            When::Every(n) => self.seen.is_multiple_of(n),
            When::Always => true,
            When::Percent(percent) => scatter(self.seen) % 100 < u64::from(percent),
            When::Between { from_secs, until_secs } => {
                (from_secs..until_secs).contains(&self.since.elapsed().as_secs())
            }
        }
    }

    fn is_spent(&self) -> bool {
        match self.fault.when {
            When::Nth(n) | When::Next(n) => self.seen >= n,
            When::Between { until_secs, .. } => self.since.elapsed().as_secs() >= until_secs,
            When::Every(_) | When::Always | When::Percent(_) => false,
        }
    }
}

/// Returns a number that looks drawn by chance but is the same for the same call.
fn scatter(call: u64) -> u64 {
    let mixed = call.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed ^ (mixed >> 27)) >> 16
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            scripted: Mutex::default(),
            released: watch::Sender::new(HashSet::new()),
            waiting: watch::Sender::new(HashSet::new()),
        }
    }
}

impl Faults {
    /// Scripts `fault`, after those scripted before. Where several hit one call, the earliest does. The gate of a
    /// [`Action::Hold`] is shut until it is released again.
    ///
    /// # Errors
    /// The fault cannot happen: an action that does not fit its call, or an answer that is not HTTP.
    pub fn add(&self, fault: Fault) -> Result<(), FaultError> {
        self.add_all(vec![fault])
    }

    /// Scripts the faults of a JSON document: one fault or an array of them. All or none.
    ///
    /// # Errors
    /// The document is not JSON of that form, or one of its faults cannot happen.
    pub fn add_json(&self, document: &[u8]) -> Result<(), FaultError> {
        self.add_all(read(document).map_err(|error| FaultError::new(error.to_string()))?)
    }

    fn add_all(&self, faults: Vec<Fault>) -> Result<(), FaultError> {
        faults.iter().try_for_each(Fault::check)?;
        for fault in &faults {
            if let Action::Hold { gate } = &fault.action {
                self.shut(gate);
            }
        }
        self.lock().extend(faults.into_iter().map(|fault| Scripted { fault, seen: 0, since: Instant::now() }));
        Ok(())
    }

    fn shut(&self, gate: &str) {
        for gates in [&self.released, &self.waiting] {
            gates.send_modify(|gates| gates.retain(|known| known != gate));
        }
    }

    /// Returns the faults still in force.
    pub fn list(&self) -> Vec<Fault> {
        self.lock().iter().map(|scripted| scripted.fault.clone()).collect()
    }

    /// Drops all faults and opens all gates.
    pub fn clear(&self) {
        self.lock().clear();
        self.open_all();
    }

    /// Opens a gate: calls held at it go on, and later ones pass.
    pub fn release(&self, gate: &str) {
        self.released.send_modify(|open| open.extend([gate.to_owned()]));
    }

    /// Waits until a call is held at `gate`.
    pub async fn held(&self, gate: &str) {
        // The sender lives in `self`, so the wait cannot fail.
        drop(self.waiting.subscribe().wait_for(|held| held.contains(gate)).await);
    }

    /// Takes the fault that hits this call of `kind`.
    pub(crate) fn take(&self, kind: CallKind) -> Option<Action> {
        let mut scripted = self.lock();
        let mut hit = None;
        for one in scripted.iter_mut() {
            if one.hits(kind) && hit.is_none() {
                hit = Some(one.fault.action.clone());
            }
        }
        scripted.retain(|one| !one.is_spent());
        hit
    }

    /// Waits at `gate` until it is open.
    pub(crate) async fn wait_at(&self, gate: &str) {
        self.waiting.send_modify(|held| held.extend([gate.to_owned()]));
        drop(self.released.subscribe().wait_for(|open| open.contains(gate)).await);
    }

    /// Lets every held call go.
    pub(crate) fn open_all(&self) {
        let held = self.waiting.borrow().clone();
        self.released.send_modify(|open| open.extend(held));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Scripted>> {
        self.scripted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(document: &[u8]) -> serde_json::Result<Vec<Fault>> {
    let value: serde_json::Value = serde_json::from_slice(document)?;
    match value {
        serde_json::Value::Array(_) => serde_json::from_value(value),
        one => serde_json::from_value(one).map(|fault| vec![fault]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(when: When, calls: u64) -> Vec<u64> {
        let faults = Faults::default();
        faults.add(Fault { call: Some(CallKind::Query), when, action: Action::Unavailable }).unwrap();
        (1..=calls).filter(|_| faults.take(CallKind::Query).is_some()).collect()
    }

    #[test]
    fn when_counts_matching_calls_from_one() {
        assert_eq!(hits(When::Nth(3), 6), [3]);
        assert_eq!(hits(When::Next(2), 6), [1, 2]);
        assert_eq!(hits(When::Every(2), 6), [2, 4, 6]);
        assert_eq!(hits(When::Always, 3), [1, 2, 3]);
    }

    #[test]
    fn a_percentage_hits_about_as_many_calls_and_the_same_ones_each_time() {
        let hit = hits(When::Percent(30), 1_000);

        assert!((250..350).contains(&hit.len()), "{}", hit.len());
        assert_eq!(hits(When::Percent(30), 1_000), hit);
        assert!(hits(When::Percent(0), 100).is_empty());
        assert_eq!(hits(When::Percent(100), 3), [1, 2, 3]);
    }

    #[test]
    fn a_stretch_of_time_hits_every_call_in_it() {
        assert_eq!(hits(When::Between { from_secs: 0, until_secs: 3_600 }, 3), [1, 2, 3]);
        assert!(hits(When::Between { from_secs: 3_600, until_secs: 7_200 }, 3).is_empty());
    }

    #[test]
    fn calls_of_another_kind_are_not_counted() {
        let faults = Faults::default();
        faults.add(Fault::nth(CallKind::Results, 2, Action::EmptyBody)).unwrap();

        assert_eq!(faults.take(CallKind::Results), None);
        assert_eq!(faults.take(CallKind::Query), None);
        assert_eq!(faults.take(CallKind::Results), Some(Action::EmptyBody));
        assert!(faults.list().is_empty());
    }

    #[test]
    fn the_earliest_of_two_faults_hits_and_both_count() {
        let faults = Faults::default();
        faults.add(Fault::next(CallKind::Query, Action::NotRouted)).unwrap();
        faults.add(Fault::nth(CallKind::Query, 2, Action::Unavailable)).unwrap();

        assert_eq!(faults.take(CallKind::Query), Some(Action::NotRouted));
        assert_eq!(faults.take(CallKind::Query), Some(Action::Unavailable));
    }

    #[test]
    fn json_scripts_read_as_documented() {
        let faults = Faults::default();
        let script = br#"[
            {"call": "results", "when": {"nth": 2}, "action": {"cut_body": {"after_bytes": 10}}},
            {"when": "always", "action": "reset_connection"},
            {"call": "job_create", "action": {"fail_job": {}}},
            {"call": "query", "action": {"answer": {"status": 418, "headers": {"x-a": "b"}, "body": "tea"}}}
        ]"#;

        faults.add_json(script).unwrap();

        let list = faults.list();
        assert_eq!(list[0], Fault::nth(CallKind::Results, 2, Action::CutBody { after_bytes: 10 }));
        assert_eq!(list[1], Fault { call: None, when: When::Always, action: Action::ResetConnection });
        assert_eq!(list[2], Fault::next(CallKind::JobCreate, Action::FailJob { message: None }));
        assert_eq!(serde_json::from_value::<Fault>(serde_json::to_value(&list[3]).unwrap()).unwrap(), list[3]);
    }

    #[test]
    fn a_script_with_one_impossible_fault_changes_nothing() {
        let faults = Faults::default();
        for script in [
            r#"[{"action": "unavailable"}, {"call": "query", "action": "abort_job"}]"#,
            r#"{"when": {"nth": 0}, "action": "unavailable"}"#,
            r#"{"action": {"answer": {"status": 100}}}"#,
            r#"{"action": {"answer": {"status": 200, "headers": {"a b": "c"}}}}"#,
            r#"{"when": {"percent": 101}, "action": "unavailable"}"#,
            r#"{"when": {"between": {"from_secs": 5, "until_secs": 5}}, "action": "unavailable"}"#,
            r#"{"action": "explode"}"#,
            r#"{"call": "querry", "action": "unavailable"}"#,
            "",
        ] {
            assert!(faults.add_json(script.as_bytes()).is_err(), "{script}");
        }
        assert!(faults.list().is_empty());
    }
}
