//! Records through Bulk API 2.0 query jobs: create, wait, read the pages, count.
//!
//! Mostly it is one job. Where the plan says so, or one is too much for Salesforce, several take its place, each for a range of records.
//!
//! Every step is written to the journal before the next one relies on it, so that another process can go on from here. Removing the jobs is
//! the caller's: a job may be wanted by the next run.

mod create;
mod ends;
mod key_range;
mod page;
mod pages;
mod planned;
mod split;

use std::collections::HashSet;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use orgtap_salesforce::{Client, JobId, WaitOptions};
use tokio_util::sync::CancellationToken;

use super::{Extracted, Extraction};
use crate::error::{Error, Result};
use crate::journal::{JobRecord, Journal, Reading};
use crate::load::Fate;
pub(crate) use key_range::KeyRange;
#[cfg(any(test, fuzzing))]
pub(crate) use key_range::cut_for_fuzzing;

/// Runs the plan's query as a job, or goes on where the journal says that one stands, and writes what is missing of its results.
pub(super) async fn extract(on: Extraction<'_>, stop: &CancellationToken) -> Result<Extracted> {
    on.parts.watch_stamps(on.plan);
    planned::begin(on, stop).await?;
    read_all(on, stop).await?;
    let journal = on.journal.snapshot();
    let newest = on.parts.newest().max(journal.newest);
    let written = journal.parts_of(&on.parts.written());
    let refused = (on.plan.ranges.is_some() && journal.ids_refused)
        .then(|| format!("one job read all, since Salesforce does not compare the Ids of `{}`", on.plan.object));
    let notes = create::lost(&journal).into_iter().chain(refused).collect();
    Ok(Extracted { job_created: journal.first_created(), newest, written, notes })
}

/// Reads what is missing of all jobs: one after another, or, where several were planned, as many at the same time. The pieces of a job that is too
/// much come next, so that a query that fails in every piece fails soon.
///
/// Where one fails for a reason that passes, no other is begun, and those under way are finished: the next run has them. Where one fails for
/// another reason, the others are of no use and end where they stand, but for creations under way: a job that nobody knows of could not be removed.
async fn read_all(on: Extraction<'_>, stop: &CancellationToken) -> Result<()> {
    let stop = stop.child_token();
    let at_once = on.journal.snapshot().planned_jobs();
    let mut begun = HashSet::new();
    let mut running = FuturesUnordered::new();
    let mut failure = None;
    loop {
        while failure.is_none()
            && running.len() < at_once
            && let Some(number) = next(&on.journal.snapshot(), &begun)
        {
            begun.insert(number);
            running.push(BulkJob { on, number }.finish_or_split(&stop, at_once > 1));
        }
        match running.next().await {
            Some(Ok(())) => {}
            Some(Err(error)) if Fate::after(&error) == Fate::Keep => failure = failure.or(Some(error)),
            Some(Err(error)) => {
                stop.cancel();
                while running.next().await.is_some() {}
                return Err(error);
            }
            None => return failure.map_or(Ok(()), Err),
        }
    }
}

/// Returns the first job that is not begun yet.
fn next(journal: &Journal, begun: &HashSet<u32>) -> Option<u32> {
    journal.jobs.iter().map(JobRecord::number).find(|number| !begun.contains(number))
}

/// Removes the jobs of `journal` from the org. That one could not be removed is no reason to fail: Salesforce does so after seven days.
pub(crate) async fn remove_jobs(client: &Client, journal: &Journal) {
    for record in &journal.jobs {
        remove_job(client, record, record.reading == Reading::Undecided).await;
    }
}

/// Removes a job, which may not have ended yet.
async fn remove_job(client: &Client, record: &JobRecord, may_run: bool) {
    let Some(job) = record.id() else { return };
    // A job can only be deleted once it has ended.
    if may_run && let Err(error) = client.abort_job(&job).await {
        tracing::debug!(job_id = %job, error = %error, "could not abort the query job");
    }
    if let Err(error) = client.delete_job(&job).await {
        tracing::debug!(job_id = %job, error = %error, "could not delete the query job");
    }
}

/// Does `work`, and leaves it where it is when `stop` is cancelled.
async fn unless_stopped<T>(stop: &CancellationToken, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(Error::Stopped),
        result = work => result,
    }
}

/// One job of the journal.
#[derive(Clone, Copy, Debug)]
struct BulkJob<'a> {
    on: Extraction<'a>,
    number: u32,
}

impl BulkJob<'_> {
    /// Reads what is missing of the job, or puts pieces in its place where it is too much. One of several waits for its turn among those of all
    /// rows.
    async fn finish_or_split(self, stop: &CancellationToken, is_one_of_several: bool) -> Result<()> {
        let _turn = match is_one_of_several {
            // The semaphore is never closed; without a permit a job would merely start early.
            true => tokio::select! {
                biased;
                () = stop.cancelled() => return Err(Error::Stopped),
                turn = self.on.range_jobs.acquire() => turn.ok(),
            },
            false => None,
        };
        match self.read(stop).await {
            Err(error) if split::is_too_much(&error) => match self.split(stop).await? {
                true => Ok(()),
                false => Err(error),
            },
            result => result,
        }
    }

    async fn read(self, stop: &CancellationToken) -> Result<()> {
        if self.record().is_whole(&self.on.parts.written()) {
            return Ok(());
        }
        // Not interrupted: a job whose id is not known could not be removed.
        let known = self.record().id();
        let is_new = known.is_none();
        let id = match known {
            Some(id) => id,
            None => self.create().await?,
        };
        unless_stopped(stop, self.finish(&id, is_new)).await
    }

    async fn finish(self, id: &JobId, is_new: bool) -> Result<()> {
        let options = WaitOptions { deadline: self.on.spec.job_deadline, is_new, ..WaitOptions::default() };
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
        self.on.journal.change(|journal| journal.job(self.number).clone())
    }

    fn change<T>(self, change: impl FnOnce(&mut JobRecord) -> T) -> T {
        self.on.journal.change(|journal| change(journal.job(self.number)))
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
