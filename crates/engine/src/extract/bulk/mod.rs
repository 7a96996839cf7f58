//! Records through Bulk API 2.0 query jobs: create, wait, read the pages, count.
//!
//! Every step is written to the journal before the next one relies on it, so that another process can go on from here. Removing the jobs is
//! the caller's: a job may be wanted by the next run.

mod create;
mod page;
mod pages;
mod split;

use orgtap_salesforce::{Client, JobId, WaitOptions};
use tokio_util::sync::CancellationToken;

use super::{Extracted, Extraction};
use crate::error::{Error, Result};
use crate::journal::{JobRecord, Journal, Reading};
pub(crate) use split::IdRange;
#[cfg(any(test, fuzzing))]
pub(crate) use split::split_for_fuzzing;

/// Runs the plan's query as a job, or goes on where the journal says that one stands, and writes what is missing of its results.
pub(super) async fn extract(on: Extraction<'_>, stop: &CancellationToken) -> Result<Extracted> {
    on.parts.watch_stamps(on.plan);
    let mut index = 0;
    while index < on.journal.snapshot().jobs.len() {
        let job = BulkJob { on, index };
        match job.read(stop).await {
            // The first piece has its place now.
            Err(error) if split::is_too_much(&error) => {
                if !job.split().await? {
                    return Err(error);
                }
            }
            result => {
                result?;
                index += 1;
            }
        }
    }
    let journal = on.journal.snapshot();
    let newest = on.parts.newest().max(journal.newest);
    let written = journal.parts_of(&on.parts.written());
    Ok(Extracted { job_created: journal.first_created(), newest, written, notes: create::lost(&journal) })
}

/// Removes the jobs of `journal` from the org. That one could not be removed is no reason to fail: Salesforce does so after seven days.
pub(crate) async fn remove_jobs(client: &Client, journal: &Journal) {
    for record in &journal.jobs {
        let Some(job) = record.id() else { continue };
        // A job can only be deleted once it has ended.
        if record.reading == Reading::Undecided
            && let Err(error) = client.abort_job(&job).await
        {
            tracing::debug!(job_id = %job, error = %error, "could not abort the query job");
        }
        if let Err(error) = client.delete_job(&job).await {
            tracing::debug!(job_id = %job, error = %error, "could not delete the query job");
        }
    }
}

/// One job of the journal.
#[derive(Clone, Copy, Debug)]
struct BulkJob<'a> {
    on: Extraction<'a>,
    index: usize,
}

impl BulkJob<'_> {
    async fn read(self, stop: &CancellationToken) -> Result<()> {
        if self.record().is_whole(&self.on.parts.written()) {
            return Ok(());
        }
        // Not interrupted: a job whose id is not known could not be removed.
        let id = match self.record().id() {
            Some(id) => id,
            None => self.create().await?,
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => Err(Error::Stopped),
            result = self.finish(&id) => result,
        }
    }

    async fn finish(self, id: &JobId) -> Result<()> {
        let options = WaitOptions { deadline: self.on.spec.job_deadline, ..WaitOptions::default() };
        let waiting = self.on.client.wait_for_job(id, &options, |job| self.on.parts.job(job));
        let done = self.on.parts.wait_for(waiting).await.map_err(Error::salesforce)?;
        self.change(|record| record.note(&done));
        if let Some(records) = self.on.journal.snapshot().jobs.iter().map(|job| job.records).sum() {
            self.on.parts.expect(records);
        }
        self.pages(id).await
    }

    /// Returns the job as the journal has it.
    fn record(self) -> JobRecord {
        self.on.journal.change(|journal| journal.jobs[self.index].clone())
    }

    fn change<T>(self, change: impl FnOnce(&mut JobRecord) -> T) -> T {
        self.on.journal.change(|journal| change(&mut journal.jobs[self.index]))
    }

    /// Has the journal outlive this process. Records that were read by then are in it with their newest stamp.
    async fn save(self) -> Result<()> {
        let document = || {
            let newest = self.on.parts.newest();
            self.on.journal.change(|journal| {
                journal.newest = journal.newest.max(newest);
                journal.document()
            })
        };
        self.on.parts.save_journal(document).await
    }
}
