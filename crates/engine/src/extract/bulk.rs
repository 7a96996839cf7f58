//! Records through a Bulk API 2.0 query job: create, wait, read page by page, count, delete.

use std::sync::Arc;
use std::time::Duration;

use orgtap_destination::PartId;
use orgtap_salesforce::retry::Transient;
use orgtap_salesforce::{Client, Job, JobId, Locator, WaitOptions};
use tokio_util::sync::CancellationToken;

use super::{Extracted, LoadEnded, PagesSeen, PartMessage, PartSender, first_record, load_ended};
use crate::decode::{DecodeError, PageDecoder};
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::projection::Projection;
use crate::spec::RunSpec;

/// Runs the plan's query as a job and sends its results to `parts`. Whatever happens, the job does not outlive the call.
pub(super) async fn extract(
    client: &Client,
    plan: &Plan,
    spec: &RunSpec,
    parts: &PartSender,
    stop: &CancellationToken,
) -> Result<Extracted> {
    // Not interrupted: a job whose id is not known could not be aborted.
    let job = client.create_query_job(plan.operation, &plan.query.to_string()).await.map_err(Error::salesforce)?;
    tracing::debug!(row = plan.row, job_id = %job.id, "created the query job");
    parts.job(&job);
    parts.watch_stamps(plan);
    let reading = read(client, plan, spec, &job.id, parts);
    let result = tokio::select! {
        biased;
        () = stop.cancelled() => Err(Error::Stopped),
        result = reading => result,
    };
    clean_up(client, &job.id, result.is_ok()).await;
    result.map(|()| Extracted { job_created: job.created, ..Extracted::default() })
}

/// Removes the job from the org. That it could not be removed is no reason to fail: Salesforce does so after seven days.
async fn clean_up(client: &Client, job: &JobId, is_done: bool) {
    if !is_done && let Err(error) = client.abort_job(job).await {
        tracing::debug!(job_id = %job, error = %error, "could not abort the query job");
    }
    if let Err(error) = client.delete_job(job).await {
        tracing::debug!(job_id = %job, error = %error, "could not delete the query job");
    }
}

async fn read(client: &Client, plan: &Plan, spec: &RunSpec, job: &JobId, parts: &PartSender) -> Result<()> {
    let options = WaitOptions { deadline: spec.job_deadline, ..WaitOptions::default() };
    let done = client.wait_for_job(job, &options, |job| parts.job(job)).await.map_err(Error::salesforce)?;
    if let Some(records) = done.records_processed {
        parts.expect(records);
    }
    let records = pages(client, plan, spec.page_records, &done, parts).await?;
    whole(&done, records)
}

/// Reads page after page and returns how many records they held.
async fn pages(client: &Client, plan: &Plan, page_records: u32, job: &Job, parts: &PartSender) -> Result<u64> {
    let columns = &plan.projection;
    let mut records = 0;
    let mut locator: Option<Locator> = None;
    let mut seen = PagesSeen::new(plan);
    for part in (0..).map(PartId) {
        let request = PageRequest { client, job, columns, page_records, part, locator: locator.as_ref() };
        let page = client.with_backoff(|| request.read(parts)).await.map_err(Error::from)?;
        records += page.records;
        seen.add(page.first_record, page.next.as_ref().map(Locator::as_str))?;
        locator = page.next;
        if locator.is_none() {
            break;
        }
    }
    Ok(records)
}

/// Holds what arrived against what Salesforce says it found.
fn whole(job: &Job, records: u64) -> Result<()> {
    match job.records_processed {
        Some(announced) if announced != records => {
            Err(Error::Incomplete { message: format!("the job found {announced} records, its pages hold {records}") })
        }
        _ => Ok(()),
    }
}

/// One page to be read.
#[derive(Debug)]
struct PageRequest<'a> {
    client: &'a Client,
    job: &'a Job,
    columns: &'a Arc<Projection>,
    page_records: u32,
    part: PartId,
    locator: Option<&'a Locator>,
}

/// A page that was read.
#[derive(Debug)]
struct PageRead {
    records: u64,
    first_record: Option<Vec<u8>>,
    next: Option<Locator>,
}

impl PageRequest<'_> {
    /// Reads the page once. What it sent before it failed is taken back.
    async fn read(&self, parts: &PartSender) -> Result<PageRead, PageError> {
        let mut sent = Sent::default();
        let result = self.attempt(parts, &mut sent).await;
        if result.is_err() {
            parts.take_back(sent.records, sent.bytes);
        }
        result
    }

    async fn attempt(&self, parts: &PartSender, sent: &mut Sent) -> Result<PageRead, PageError> {
        let page = self.client.result_page(&self.job.id, self.locator, Some(self.page_records)).await;
        let mut page = page.map_err(PageError::Refused)?;
        parts.send(PartMessage::Open(self.part)).await?;
        let mut decoder = PageDecoder::new(Arc::clone(self.columns));
        let mut batches = Vec::new();
        let mut first = None;
        loop {
            let chunk = page.body.chunk().await.map_err(PageError::Cut)?;
            match &chunk {
                Some(chunk) => decoder.push(chunk, &mut batches)?,
                None => decoder.finish(&mut batches)?,
            }
            first = first.or_else(|| batches.first().and_then(first_record));
            for batch in batches.drain(..) {
                let (records, bytes) = (batch.records(), batch.bytes().len() as u64);
                parts.records(self.part, batch).await?;
                sent.records += records;
                sent.bytes += bytes;
            }
            if chunk.is_none() {
                break;
            }
        }
        match page.records {
            Some(announced) if announced != decoder.records() => {
                return Err(PageError::Count { announced, found: decoder.records() });
            }
            None if !decoder.has_header() && self.job.records_processed != Some(0) => return Err(PageError::Empty),
            _ => {}
        }
        parts.send(PartMessage::Close(self.part)).await?;
        tracing::debug!(job_id = %self.job.id, part = self.part.0, records = sent.records, bytes = sent.bytes, "read a page");
        Ok(PageRead { records: decoder.records(), first_record: first, next: page.next })
    }
}

/// What an attempt at a page has sent to the load.
#[derive(Debug, Default)]
struct Sent {
    records: u64,
    bytes: u64,
}

/// Why a page could not be read.
#[derive(Debug, thiserror::Error)]
enum PageError {
    /// The page was not given. The client has asked as often as makes sense.
    #[error(transparent)]
    Refused(orgtap_salesforce::Error),
    /// The page did not arrive whole.
    #[error(transparent)]
    Cut(orgtap_salesforce::Error),
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error("the page is announced with {announced} records and holds {found}")]
    Count { announced: u64, found: u64 },
    #[error("the page is empty, without even a header")]
    Empty,
    #[error("the load ended")]
    LoadEnded,
}

impl From<LoadEnded> for PageError {
    fn from(_: LoadEnded) -> Self {
        Self::LoadEnded
    }
}

impl From<PageError> for Error {
    fn from(error: PageError) -> Self {
        match error {
            PageError::Refused(error) | PageError::Cut(error) => Self::salesforce(error),
            PageError::LoadEnded => load_ended(LoadEnded),
            PageError::Decode(_) | PageError::Count { .. } | PageError::Empty => {
                Self::Incomplete { message: error.to_string() }
            }
        }
    }
}

impl Transient for PageError {
    /// A page that does not add up is read again: the same locator gives the same page as often as it is asked.
    fn is_transient(&self) -> bool {
        match self {
            Self::Cut(error) => error.is_transient(),
            Self::Decode(error) => *error == DecodeError::Unfinished,
            Self::Count { .. } | Self::Empty => true,
            Self::Refused(_) | Self::LoadEnded => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Cut(error) => error.retry_after(),
            _ => None,
        }
    }
}
