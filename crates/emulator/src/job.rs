//! Query jobs: what was asked, how far each one is, and how long it is remembered.
//!
//! Which jobs may be created and how they look on the wire is decided in `routes::bulk`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::{fault::Action, id::Id, render::Dialect, select::Selection, version::ApiVersion};

/// How long a finished job and its results are kept.
pub(crate) const KEPT: Duration = Duration::from_secs(7 * DAY_SECS);
const DAY_SECS: u64 = 24 * 60 * 60;
/// The key prefix of jobs.
const KEY_PREFIX: [u8; 3] = *b"750";

/// How long query jobs take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobTime {
    /// A job is complete when its state has been asked for so many times. With 0 it is complete at once.
    Polls(u32),
    /// A job is complete when so much of the org's time has passed.
    Elapsed(Duration),
}

impl JobTime {
    /// Returns whether something that was asked for so many times since it was created has been started, and whether it
    /// is done.
    pub(crate) fn progress(self, polls: u32, created: Timestamp, now: Timestamp) -> (bool, bool) {
        match self {
            Self::Polls(needed) => (polls > 0, polls >= needed),
            Self::Elapsed(time) => {
                let elapsed = now.duration_since(created);
                (elapsed.is_positive(), elapsed.unsigned_abs() >= time)
            }
        }
    }
}

impl Default for JobTime {
    /// In progress at the first poll, complete at the second.
    fn default() -> Self {
        Self::Polls(2)
    }
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobState {
    UploadComplete,
    InProgress,
    JobComplete,
    Failed,
    Aborted,
}

impl JobState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::UploadComplete => "UploadComplete",
            Self::InProgress => "InProgress",
            Self::JobComplete => "JobComplete",
            Self::Failed => "Failed",
            Self::Aborted => "Aborted",
        }
    }

    pub(crate) fn is_terminal(self) -> bool {
        matches!(self, Self::JobComplete | Self::Failed | Self::Aborted)
    }
}

/// What a new job asks for.
#[derive(Debug, Clone)]
pub(crate) struct JobRequest {
    pub(crate) operation: &'static str,
    pub(crate) dialect: Dialect,
    pub(crate) version: ApiVersion,
    pub(crate) selection: Arc<Selection>,
}

/// A query job as it stood at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) id: Id,
    pub(crate) request: JobRequest,
    pub(crate) created: Timestamp,
    pub(crate) state: JobState,
    /// When the state last changed.
    pub(crate) changed: Timestamp,
    pub(crate) error_message: Option<String>,
    /// Whether the size of its results has been noted.
    pub(crate) is_measured: bool,
    polls: u32,
}

impl Job {
    fn advance(&mut self, time: JobTime, now: Timestamp) {
        if self.state.is_terminal() {
            return;
        }
        let (started, done) = time.progress(self.polls, self.created, now);
        match (started, done) {
            (_, true) => self.enter(JobState::JobComplete, now),
            (true, false) if self.state == JobState::UploadComplete => self.enter(JobState::InProgress, now),
            _ => {}
        }
    }

    fn enter(&mut self, state: JobState, now: Timestamp) {
        self.state = state;
        self.changed = now;
    }

    fn is_kept(&self, now: Timestamp) -> bool {
        now.duration_since(self.changed).unsigned_abs() < KEPT || now < self.changed
    }
}

/// Why a job cannot be aborted or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobError {
    Unknown,
    /// It is over already.
    Terminal,
    /// It is not over yet.
    NotTerminal,
}

/// The query jobs of the org.
#[derive(Debug)]
pub(crate) struct Jobs {
    time: JobTime,
    state: Mutex<JobsState>,
}

#[derive(Debug, Default)]
struct JobsState {
    jobs: BTreeMap<Id, Job>,
    sequence: u64,
    /// When the jobs of the last 24 hours were created, deleted ones included: the daily cap counts them all.
    created: Vec<Timestamp>,
    /// When results were stored within 24 hours, and their bytes.
    stored: Vec<(Timestamp, u64)>,
}

impl Jobs {
    pub(crate) fn new(time: JobTime) -> Self {
        Self { time, state: Mutex::default() }
    }

    /// Creates a job. Returns it as it stands then, or how many jobs were created in 24 hours when that is the `cap`.
    pub(crate) fn create(&self, request: JobRequest, pod: [u8; 3], cap: u64, now: Timestamp) -> Result<Job, u64> {
        let mut state = self.lock();
        state.created.retain(|at| now.duration_since(*at).unsigned_abs() < Duration::from_secs(DAY_SECS));
        let created = state.created.len() as u64;
        if created >= cap {
            return Err(created);
        }
        state.created.push(now);
        state.sequence += 1;
        let id = Id::of(KEY_PREFIX, pod, state.sequence);
        let fresh = JobState::UploadComplete;
        let job = Job {
            id,
            request,
            created: now,
            state: fresh,
            changed: now,
            error_message: None,
            is_measured: false,
            polls: 0,
        };
        state.jobs.insert(id, job.clone());
        Ok(job)
    }

    /// Returns an id for a job that is kept elsewhere.
    pub(crate) fn next_id(&self, pod: [u8; 3]) -> Id {
        let mut state = self.lock();
        state.sequence += 1;
        Id::of(KEY_PREFIX, pod, state.sequence)
    }

    /// Returns how many jobs were created within 24 hours.
    pub(crate) fn created_today(&self, now: Timestamp) -> u64 {
        let day = Duration::from_secs(DAY_SECS);
        self.lock().created.iter().filter(|at| now.duration_since(**at).unsigned_abs() < day).count() as u64
    }

    /// Notes how large the results of a job are; once, however often they are asked for.
    pub(crate) fn measure(&self, id: Id, bytes: u64, now: Timestamp) {
        let mut state = self.lock();
        let Some(job) = state.jobs.get_mut(&id).filter(|job| !job.is_measured) else { return };
        job.is_measured = true;
        state.stored.push((now, bytes));
    }

    /// Returns how many bytes of results were stored within 24 hours.
    pub(crate) fn stored_today(&self, now: Timestamp) -> u64 {
        let mut state = self.lock();
        state.stored.retain(|(at, _)| now.duration_since(*at).unsigned_abs() < Duration::from_secs(DAY_SECS));
        state.stored.iter().map(|(_, bytes)| bytes).sum()
    }

    /// Returns a job after one more question for its state.
    pub(crate) fn poll(&self, id: &str, now: Timestamp) -> Option<Job> {
        self.with(id, now, |job, time| {
            job.polls = job.polls.saturating_add(1);
            job.advance(time, now);
            job.clone()
        })
    }

    /// Returns a job without counting the question.
    pub(crate) fn get(&self, id: &str, now: Timestamp) -> Option<Job> {
        self.with(id, now, |job, time| {
            job.advance(time, now);
            job.clone()
        })
    }

    /// Returns all jobs, oldest first.
    pub(crate) fn list(&self, now: Timestamp) -> Vec<Job> {
        let mut state = self.lock();
        state.jobs.retain(|_, job| job.is_kept(now));
        state
            .jobs
            .values_mut()
            .map(|job| {
                job.advance(self.time, now);
                job.clone()
            })
            .collect()
    }

    /// Aborts a job that is still running.
    pub(crate) fn abort(&self, id: &str, now: Timestamp) -> Result<Job, JobError> {
        self.with(id, now, |job, time| {
            job.advance(time, now);
            if job.state.is_terminal() {
                return Err(JobError::Terminal);
            }
            job.enter(JobState::Aborted, now);
            Ok(job.clone())
        })
        .unwrap_or(Err(JobError::Unknown))
    }

    /// Deletes a job that is over.
    pub(crate) fn delete(&self, id: &str, now: Timestamp) -> Result<(), JobError> {
        let job = self.get(id, now).ok_or(JobError::Unknown)?;
        if !job.state.is_terminal() {
            return Err(JobError::NotTerminal);
        }
        self.lock().jobs.remove(&job.id);
        Ok(())
    }

    /// Does to a job what a fault demands; faults that are not about jobs do nothing.
    pub(crate) fn spoil(&self, id: &str, action: &Action, now: Timestamp) {
        match action {
            Action::LoseJob => {
                if let Ok(id) = id.parse() {
                    self.lock().jobs.remove(&id);
                }
            }
            Action::AbortJob => drop(self.with(id, now, |job, _| job.enter(JobState::Aborted, now))),
            Action::FailJob { message } => drop(self.with(id, now, |job, _| {
                job.enter(JobState::Failed, now);
                job.error_message.clone_from(message);
            })),
            Action::FailLargeJob { records } => drop(self.with(id, now, |job, _| {
                if job.request.selection.total() > *records {
                    job.enter(JobState::Failed, now);
                    job.error_message = Some("QUERY_TIMEOUT: Your query request was running for too long.".to_owned());
                }
            })),
            _ => {}
        }
    }

    fn with<T>(&self, id: &str, now: Timestamp, change: impl FnOnce(&mut Job, JobTime) -> T) -> Option<T> {
        let id: Id = id.parse().ok()?;
        let mut state = self.lock();
        state.jobs.retain(|_, job| job.is_kept(now));
        state.jobs.get_mut(&id).map(|job| change(job, self.time))
    }

    fn lock(&self) -> MutexGuard<'_, JobsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
