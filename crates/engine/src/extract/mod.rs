//! Records out of the org and into the parts of a load.
//!
//! Every page fills a part of its own. A page that did not arrive whole is read again into the same part: opening a part anew discards what
//! it held.

mod bulk;
mod documents;
mod downloads;
mod newest;
mod parts;
mod rest;

use std::collections::HashSet;

use jiff::Timestamp;
use orgtap_destination::{Batch, WrittenPart, csv};
use orgtap_salesforce::{Client, ErrorKind};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::journal::JournalBook;
use crate::plan::{Plan, PlannedApi};
use crate::spec::RunSpec;

#[cfg(any(test, fuzzing))]
pub(crate) use bulk::cut_for_fuzzing;
pub(crate) use bulk::{KeyRange, remove_jobs};
pub(crate) use downloads::Downloads;
pub(crate) use parts::Parts;
use rest::ByRest;
pub(crate) use rest::complete;

/// What an extraction found, beside the records.
#[derive(Debug, Default)]
pub(crate) struct Extracted {
    /// When the org says it took the job, by its own clock; the first of them, if there are several.
    pub(crate) job_created: Option<Timestamp>,
    /// The newest stamp among the records, where the stamps were watched.
    pub(crate) newest: Option<Timestamp>,
    /// The parts to commit.
    pub(crate) written: Vec<WrittenPart>,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
}

/// All that an extraction works with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extraction<'a> {
    pub(crate) client: &'a Client,
    pub(crate) plan: &'a Plan,
    pub(crate) spec: &'a RunSpec,
    pub(crate) downloads: &'a Downloads,
    /// How many jobs for ranges of a query run at once, of all rows together.
    pub(crate) range_jobs: &'a Semaphore,
    pub(crate) parts: &'a Parts<'a>,
    pub(crate) journal: &'a JournalBook,
}

/// How many pages without a record may be among those of an answer.
const MOST_EMPTY_PAGES: usize = 100;

/// What was seen of the pages so far, to notice one that comes again: the counts alone may add up, or never end.
#[derive(Debug)]
struct PagesSeen {
    first_records: HashSet<Vec<u8>>,
    next_pages: HashSet<String>,
    /// Whether no two records are alike.
    records_differ: bool,
}

impl PagesSeen {
    fn new(plan: &Plan) -> Self {
        let records_differ = plan.table.keys_are_unique || plan.table.identity.is_some();
        Self { first_records: HashSet::new(), next_pages: HashSet::new(), records_differ }
    }

    /// Takes up a page: its first record, and where it says that the next one is.
    fn add(&mut self, first_record: Option<Vec<u8>>, next: Option<&str>) -> Result<()> {
        if first_record.is_some_and(|record| self.records_differ && !self.first_records.insert(record)) {
            return Err(Error::Incomplete { message: "two pages begin with the same record".to_owned() });
        }
        if next.is_some_and(|next| !self.next_pages.insert(next.to_owned())) {
            return Err(Error::Incomplete { message: "two pages name the same page as the next".to_owned() });
        }
        Ok(())
    }
}

/// Locators that are always new ones lead nowhere.
fn endless(pages: usize) -> Error {
    Error::Incomplete { message: format!("after {pages} pages there are still more") }
}

fn first_record(batch: &Batch) -> Option<Vec<u8>> {
    csv::records(batch.bytes()).next().map(<[u8]>::to_vec)
}

/// Reads everything that the plan asks for and is not written yet. Ends early when `stop` is cancelled.
pub(crate) async fn extract(on: Extraction<'_>, stop: &CancellationToken) -> Result<Extracted> {
    let mut notes = Vec::new();
    // What an earlier run began by a job is gone on with by the job.
    if on.plan.api == PlannedApi::Rest && !on.journal.snapshot().has_job() {
        match rest::extract(on, on.plan.rest_up_to, stop).await? {
            ByRest::Read(extracted) => return Ok(extracted),
            ByRest::TooMany { records } => notes.push(too_many(on.plan, records)),
        }
    }
    let mut extracted = match bulk::extract(on, stop).await {
        Err(Error::Salesforce(error)) if may_fall_back(on, error.kind()) => {
            tracing::info!(row = on.plan.row, reason = %error, "the Bulk API refused the query, using the REST API");
            notes.push("read through the REST API, since the Bulk API refused the query".to_owned());
            rest::extract_all(on, stop).await?
        }
        result => result?,
    };
    extracted.notes.splice(0..0, notes);
    Ok(extracted)
}

/// Returns whether the REST API reads all instead: not where jobs have read some of it, nor where the commit is of what an earlier run asked for.
fn may_fall_back(on: Extraction<'_>, kind: ErrorKind) -> bool {
    on.plan.may_fall_back
        && matches!(kind, ErrorKind::UnsupportedByBulk | ErrorKind::FilterMissing)
        && on.parts.written().is_empty()
        && on.journal.snapshot().state_after == on.plan.state_after
}

/// Says that a job is created although the plan was to do without.
fn too_many(plan: &Plan, records: u64) -> String {
    tracing::info!(row = plan.row, records, "more records than the org had counted, using the Bulk API");
    let counted = plan.cost.records.map(|counted| format!(" where the org had counted {counted}")).unwrap_or_default();
    format!("read by a query job, since the query found {records} records{counted}")
}
