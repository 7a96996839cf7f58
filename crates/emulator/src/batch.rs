//! Jobs of Bulk API v1: each holds batches, and each batch is one query.
//!
//! Which jobs and batches may be created, and how they look on the wire, is decided in `routes::bulk_v1`.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    id::Id,
    job::{JobTime, KEPT},
    render::LineEnding,
    select::{Scope, Selection},
    version::ApiVersion,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const BATCH_PREFIX: [u8; 3] = *b"751";
const RESULT_PREFIX: [u8; 3] = *b"752";

/// The form of a job's results and, unless it is CSV, of its documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Csv,
    Json,
    Xml,
}

impl Content {
    /// Returns the name in job documents.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Json => "JSON",
            Self::Xml => "XML",
        }
    }
}

/// What a job does, fixed when it is created.
#[derive(Debug, Clone)]
pub(crate) struct BatchJobRequest {
    pub(crate) operation: &'static str,
    pub(crate) scope: Scope,
    /// The object as Salesforce spells it.
    pub(crate) object: String,
    pub(crate) concurrency: &'static str,
    pub(crate) content: Content,
    pub(crate) line_ending: LineEnding,
    pub(crate) version: ApiVersion,
    pub(crate) chunking: Option<Chunking>,
}

/// How queries are split by ranges of ids.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunking {
    /// Ids of a range.
    pub(crate) size: u64,
    /// Where the first range begins, if not at the first record.
    pub(crate) start: Option<Id>,
}

/// The state of a job, which its owner sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BatchJobState {
    Open,
    Closed,
    Aborted,
}

impl BatchJobState {
    /// Returns the name in job documents.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Closed => "Closed",
            Self::Aborted => "Aborted",
        }
    }
}

/// The state of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BatchState {
    Queued,
    InProgress,
    Completed,
    Failed,
    NotProcessed,
}

/// What becomes of a batch once it has been worked on.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// Its records.
    Records(Arc<Selection>),
    /// Nothing: other batches, one for each range of ids, do its work.
    Split,
    /// It fails, with this `stateMessage`.
    Failure(String),
}

impl BatchState {
    /// Returns the name in batch documents.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::InProgress => "InProgress",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::NotProcessed => "NotProcessed",
        }
    }
}

/// A batch as it stood at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) id: Id,
    /// The one set of results it has.
    pub(crate) result: Id,
    pub(crate) soql: String,
    pub(crate) state: BatchState,
    pub(crate) outcome: Outcome,
    pub(crate) created: Timestamp,
    pub(crate) changed: Timestamp,
    polls: u32,
}

/// A job as it stood at one moment.
#[derive(Debug, Clone)]
pub(crate) struct BatchJob {
    pub(crate) id: Id,
    pub(crate) request: BatchJobRequest,
    pub(crate) state: BatchJobState,
    pub(crate) created: Timestamp,
    pub(crate) changed: Timestamp,
    pub(crate) batches: Vec<Batch>,
}

impl Batch {
    /// Returns how many records it has read so far.
    pub(crate) fn records(&self) -> u64 {
        match (&self.outcome, self.state) {
            (Outcome::Records(selection), BatchState::Completed) => selection.total(),
            _ => 0,
        }
    }

    fn advance(&mut self, time: JobTime, now: Timestamp) {
        if !matches!(self.state, BatchState::Queued | BatchState::InProgress) {
            return;
        }
        let (started, done) = time.progress(self.polls, self.created, now);
        let next = match (&self.outcome, started, done) {
            (Outcome::Records(_), _, true) => BatchState::Completed,
            (Outcome::Split, _, true) => BatchState::NotProcessed,
            (Outcome::Failure(_), _, true) => BatchState::Failed,
            (_, true, false) => BatchState::InProgress,
            (_, false, false) => return,
        };
        if next != self.state {
            (self.state, self.changed) = (next, now);
        }
    }
}

impl BatchJob {
    /// Returns the batches that are known yet: those of a split one only when it has been split.
    pub(crate) fn known(&self) -> impl Iterator<Item = &Batch> {
        let split = self.batches.iter().position(|batch| matches!(batch.outcome, Outcome::Split));
        let waits = split.filter(|at| self.batches[*at].state != BatchState::NotProcessed);
        self.batches.iter().take(waits.map_or(usize::MAX, |at| at + 1))
    }

    fn advance(&mut self, time: JobTime, now: Timestamp) {
        self.batches.iter_mut().for_each(|batch| batch.advance(time, now));
    }
}

/// The Bulk API v1 jobs of the org.
#[derive(Debug)]
pub(crate) struct BatchJobs {
    time: JobTime,
    state: Mutex<BatchJobsState>,
}

#[derive(Debug, Default)]
struct BatchJobsState {
    jobs: BTreeMap<Id, BatchJob>,
    batches: u64,
    /// When the batches of the last 24 hours were created.
    created: Vec<Timestamp>,
}

impl BatchJobs {
    pub(crate) fn new(time: JobTime) -> Self {
        Self { time, state: Mutex::default() }
    }

    /// Opens a job under an id that no other job has.
    pub(crate) fn create(&self, id: Id, request: BatchJobRequest, now: Timestamp) -> BatchJob {
        let job = BatchJob { id, request, state: BatchJobState::Open, created: now, changed: now, batches: Vec::new() };
        let mut state = self.lock();
        state.jobs.retain(|_, job| now.duration_since(job.changed).unsigned_abs() < KEPT || now < job.changed);
        state.jobs.insert(id, job.clone());
        job
    }

    /// Adds batches to a job, which must be known. Returns the first of them.
    pub(crate) fn add(&self, job: Id, new: Vec<(String, Outcome)>, now: Timestamp) -> Option<Batch> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let job = state.jobs.get_mut(&job)?;
        let first = job.batches.len();
        for (soql, outcome) in new {
            state.batches += 1;
            state.created.push(now);
            let id = |prefix| Id::of(prefix, job.id.pod(), state.batches);
            let (id, result) = (id(BATCH_PREFIX), id(RESULT_PREFIX));
            let queued = BatchState::Queued;
            job.batches.push(Batch { id, result, soql, outcome, state: queued, created: now, changed: now, polls: 0 });
        }
        job.batches.get(first).cloned()
    }

    /// Returns a job after one more question for the state of its batches, or of one of them.
    pub(crate) fn poll(&self, id: &str, batch: Option<&str>, now: Timestamp) -> Option<BatchJob> {
        let (id, batch): (Id, Option<Id>) = (id.parse().ok()?, batch.and_then(|batch| batch.parse().ok()));
        let mut state = self.lock();
        let job = state.jobs.get_mut(&id)?;
        for one in job.batches.iter_mut().filter(|one| batch.is_none_or(|wanted| wanted == one.id)) {
            one.polls = one.polls.saturating_add(1);
        }
        job.advance(self.time, now);
        Some(job.clone())
    }

    /// Returns a job without counting the question.
    pub(crate) fn get(&self, id: &str, now: Timestamp) -> Option<BatchJob> {
        let id: Id = id.parse().ok()?;
        let mut state = self.lock();
        let job = state.jobs.get_mut(&id)?;
        job.advance(self.time, now);
        Some(job.clone())
    }

    /// Closes or aborts a job; batches that are not done when it is aborted never will be.
    pub(crate) fn set_state(&self, id: Id, wanted: BatchJobState, now: Timestamp) -> Option<BatchJob> {
        let mut state = self.lock();
        let job = state.jobs.get_mut(&id)?;
        job.advance(self.time, now);
        if wanted == BatchJobState::Aborted {
            let open = job.batches.iter_mut();
            open.filter(|batch| matches!(batch.state, BatchState::Queued | BatchState::InProgress)).for_each(|batch| {
                (batch.state, batch.changed) = (BatchState::NotProcessed, now);
            });
        }
        (job.state, job.changed) = (wanted, now);
        Some(job.clone())
    }

    /// Returns all jobs, oldest first.
    pub(crate) fn list(&self) -> Vec<BatchJob> {
        self.lock().jobs.values().cloned().collect()
    }

    /// Returns how many batches were created within 24 hours.
    pub(crate) fn batches_today(&self, now: Timestamp) -> u64 {
        self.lock().created.iter().filter(|at| now.duration_since(**at).unsigned_abs() < DAY).count() as u64
    }

    fn lock(&self) -> MutexGuard<'_, BatchJobsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
