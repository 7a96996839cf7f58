//! The journal of a load by query jobs: what the next run needs to take the load up where a run was cut off.
//!
//! It is kept by the destination with the load's finished parts. It holds no record and no secret.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use orgtap_destination::{PartId, WrittenPart};
use orgtap_salesforce::{Job, JobId, Locator};
use serde::{Deserialize, Serialize};

use crate::extract::KeyRange;
use crate::plan::{FetchWindow, Plan};
use crate::state::State;

/// The only version of the document so far.
const VERSION: u32 = 1;

/// The document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Journal {
    version: u32,
    /// What the load is of. A load of something else cannot be taken up.
    basis: String,
    /// The state that the commit saves, but for the watermark's last bound: that of the plan that the jobs were created by.
    pub(crate) state_after: State,
    /// The newest stamp among the records of finished parts, where stamps are watched.
    pub(crate) newest: Option<Timestamp>,
    /// The jobs, in the order in which they are begun.
    pub(crate) jobs: Vec<JobRecord>,
    /// Whether Salesforce does not compare or order the object's Ids.
    #[serde(default)]
    pub(crate) ids_refused: bool,
}

/// One query job and its pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JobRecord {
    /// What it asks for.
    pub(crate) query: String,
    /// Its id, once created.
    id: Option<String>,
    /// When the org took it, by its own clock.
    pub(crate) created: Option<Timestamp>,
    /// How many records it found, once done.
    pub(crate) records: Option<u64>,
    /// The part that its first page fills; the pages after it fill those that follow.
    pub(crate) first_part: u32,
    /// Where the pages that are known begin; `None` is the first.
    pub(crate) pages: Vec<Option<String>>,
    /// Whether all pages are known.
    pub(crate) is_listed: bool,
    /// How the pages are found.
    pub(crate) reading: Reading,
    /// Which range of Ids it is for, where it is a piece of the query.
    pub(crate) ids: Option<KeyRange>,
    /// How many times the query was split by Ids until this piece, since it was too much for one job.
    pub(crate) splits: u8,
    /// Which range of instants of creation it is for, where it is such a piece.
    #[serde(default)]
    pub(crate) dates: Option<KeyRange>,
    /// How many times the query was split by those until this piece.
    #[serde(default)]
    pub(crate) date_splits: u8,
    /// How many answers to its creation were lost: each of them may have left a job that nobody reads.
    #[serde(default)]
    pub(crate) lost_answers: u32,
    /// The ids of jobs that may be such.
    #[serde(default)]
    pub(crate) twins: Vec<String>,
}

/// How the pages of a job are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reading {
    /// Not decided yet: the job is not done.
    Undecided,
    /// From a list of them all.
    Listed,
    /// Each from the one before it.
    InSequence,
}

/// How many parts one job may fill. The first part of each job is a multiple of it.
const PARTS_PER_JOB: u32 = 1 << 16;

impl Journal {
    /// Begins the journal of a load of what `plan` says, in the org at `host`.
    pub(crate) fn begin(plan: &Plan, host: &str) -> Self {
        Self {
            version: VERSION,
            basis: basis(plan, host),
            state_after: plan.state_after.clone(),
            newest: None,
            jobs: vec![JobRecord::of(plan.query.to_string(), 0)],
            ids_refused: false,
        }
    }

    /// Reads a saved document; `None` if it is of another version, or none.
    pub(crate) fn read(document: &str) -> Option<Self> {
        let is_usable = |journal: &Self| {
            let mut numbers = HashSet::new();
            journal.version == VERSION
                && !journal.jobs.is_empty()
                && journal.jobs.iter().all(|job| job.is_sound() && numbers.insert(job.number()))
        };
        serde_json::from_str(document).ok().filter(is_usable)
    }

    /// Returns the document to save.
    pub(crate) fn document(&self) -> String {
        serde_json::to_string(self).expect("a journal holds only text, numbers and instants")
    }

    /// Returns whether a load of what `plan` says, in the org at `host`, is the one that this journal is of.
    pub(crate) fn is_of(&self, plan: &Plan, host: &str) -> bool {
        self.basis == basis(plan, host)
    }

    /// Returns whether a job was created, so that there is something to go on with.
    pub(crate) fn has_job(&self) -> bool {
        self.jobs.iter().any(|job| job.id.is_some())
    }

    /// Does with the journal what a load that goes on does.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn go_on_with(mut self) {
        let written = |part| WrittenPart { part: PartId(part), records: 1, bytes: 1 };
        let parts = [written(0), written(u32::MAX), written(self.jobs[0].first_part)];
        drop((self.parts_of(&parts), self.first_created(), self.has_job()));
        for job in &mut self.jobs {
            drop((job.id(), job.missing(&parts), job.is_whole(&parts), job.part(job.pages.len())));
            crate::extract::cut_for_fuzzing(job.ids);
            crate::extract::cut_for_fuzzing(job.dates);
            job.note_next(job.pages.len().saturating_sub(1), None);
            job.read_in_sequence();
        }
        assert!(self.jobs.iter().all(|job| job.first_part / PARTS_PER_JOB < self.next_number()));
    }

    /// Returns a number that no job has, for a new one.
    pub(crate) fn next_number(&self) -> u32 {
        self.jobs.iter().map(|job| job.number() + 1).max().unwrap_or_default()
    }

    /// Returns the job `number`.
    ///
    /// # Panics
    ///
    /// There is none: a job leaves the journal only once nobody works on it.
    pub(crate) fn job(&mut self, number: u32) -> &mut JobRecord {
        let mut jobs = self.jobs.iter_mut();
        jobs.find(|job| job.number() == number).expect("a job leaves the journal only once nobody works on it")
    }

    /// Returns how many jobs were planned from the start, at least one.
    pub(crate) fn planned_jobs(&self) -> usize {
        let is_planned = |job: &&JobRecord| job.ids.is_some() && job.splits == 0;
        self.jobs.iter().filter(is_planned).count().max(1)
    }

    /// Returns how many parts the job `number` has before those of another begin.
    pub(crate) fn room(&self, number: u32) -> usize {
        let start = self.jobs.iter().find(|job| job.number() == number).map_or(0, |job| job.first_part);
        let next = self.jobs.iter().map(|job| job.first_part).filter(|part| *part > start).min();
        (next.unwrap_or(u32::MAX / 2) - start) as usize
    }

    /// Returns when the first of the jobs was created, by the org's clock.
    pub(crate) fn first_created(&self) -> Option<Timestamp> {
        self.jobs.iter().filter_map(|job| job.created).min()
    }

    /// Returns those of `written` that are pages of the jobs.
    pub(crate) fn parts_of(&self, written: &[WrittenPart]) -> Vec<WrittenPart> {
        written.iter().filter(|written| self.jobs.iter().any(|job| job.has_part(written.part))).copied().collect()
    }
}

impl JobRecord {
    /// Records a job that is to be created, the `number`th of its load, counted from 0.
    pub(crate) fn of(query: String, number: u32) -> Self {
        Self {
            query,
            id: None,
            created: None,
            records: None,
            first_part: number * PARTS_PER_JOB,
            pages: Vec::new(),
            is_listed: false,
            reading: Reading::Undecided,
            ids: None,
            splits: 0,
            dates: None,
            date_splits: 0,
            lost_answers: 0,
            twins: Vec::new(),
        }
    }

    /// Returns whether its numbers are some that this program writes: a damaged file must not make others overflow.
    fn is_sound(&self) -> bool {
        u64::from(self.first_part) + (self.pages.len() as u64) < u64::from(u32::MAX / 2)
            && self.records.is_none_or(|records| records < 1 << 60)
            && self.ids.is_none_or(KeyRange::is_sound)
            && self.dates.is_none_or(KeyRange::is_sound)
    }

    /// Returns which of the load's jobs it is. No other has the same number, and it keeps it.
    pub(crate) fn number(&self) -> u32 {
        self.first_part / PARTS_PER_JOB
    }

    /// Returns the job's id, if it was created.
    pub(crate) fn id(&self) -> Option<JobId> {
        self.id.as_ref().and_then(|id| id.parse().ok())
    }

    /// Notes what the org says of the job.
    pub(crate) fn note(&mut self, job: &Job) {
        self.id = Some(job.id.to_string());
        self.created = job.created.or(self.created);
        self.records = job.records_processed.or(self.records);
    }

    /// Returns the part that the page `index` fills.
    pub(crate) fn part(&self, index: usize) -> PartId {
        PartId(self.first_part + index as u32)
    }

    /// Returns the pages that are known and whose parts are not among `written`, in order.
    pub(crate) fn missing(&self, written: &[WrittenPart]) -> Vec<usize> {
        let is_missing = |index: &usize| !written.iter().any(|written| written.part == self.part(*index));
        (0..self.pages.len()).filter(is_missing).collect()
    }

    /// Returns how many records those of `written` hold that are pages of this job.
    pub(crate) fn records_in(&self, written: &[WrittenPart]) -> u64 {
        written.iter().filter(|written| self.has_part(written.part)).map(|written| written.records).sum()
    }

    /// Returns whether nothing is left to be asked of the job: all its pages are among `written`, and they add up.
    pub(crate) fn is_whole(&self, written: &[WrittenPart]) -> bool {
        self.is_listed && self.missing(written).is_empty() && self.records == Some(self.records_in(written))
    }

    /// Has the pages found one from the other, from the first on. Parts of pages found otherwise do not count any more.
    pub(crate) fn read_in_sequence(&mut self) {
        self.first_part += self.pages.len() as u32;
        self.pages = vec![None];
        self.is_listed = false;
        self.reading = Reading::InSequence;
    }

    /// Notes what the page `index` says about where the next one begins.
    pub(crate) fn note_next(&mut self, index: usize, next: Option<&Locator>) {
        self.pages.truncate(index + 1);
        self.pages.extend(next.map(|next| Some(next.as_str().to_owned())));
        self.is_listed = next.is_none();
    }

    fn has_part(&self, part: PartId) -> bool {
        let end = self.first_part + self.pages.len() as u32;
        (self.first_part..end).contains(&part.0)
    }
}

/// Returns a text that is the same where one load can carry on from the other.
///
/// The upper bound of the window is not in it: it is another one in each run, and the first one's is the one that counts.
fn basis(plan: &Plan, host: &str) -> String {
    let (window, is_bounded) = match &plan.fetch {
        FetchWindow::All { .. } => (None, false),
        FetchWindow::Since { cursor_field, from, to, watermark } => {
            (Some((cursor_field, from, watermark.to_string())), to.is_some())
        }
    };
    // Without a window there may be a bound as well, in the first fetch of a row that appends.
    let query =
        (!is_bounded && plan.table.write_mode != orgtap_destination::WriteMode::Append).then(|| plan.query.to_string());
    let basis = serde_json::json!({
        "host": host,
        "object": plan.object,
        "fingerprint": plan.state_after.fingerprint,
        "primary_key": plan.table.primary_key,
        "write_mode": plan.table.write_mode.to_string(),
        "window": window,
        "query": query,
    });
    basis.to_string()
}

/// A journal that several pages write at the same time.
#[derive(Debug)]
pub(crate) struct JournalBook(Mutex<Journal>);

impl JournalBook {
    /// Opens `journal` for writing.
    pub(crate) fn new(journal: Journal) -> Self {
        Self(Mutex::new(journal))
    }

    /// Returns the journal as it stands.
    pub(crate) fn snapshot(&self) -> Journal {
        self.lock().clone()
    }

    /// Changes the journal, and returns what `change` does.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Journal) -> T) -> T {
        change(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Journal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
