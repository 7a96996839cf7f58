//! One page of a job's results into one part.

use std::sync::Arc;
use std::time::Duration;

use orgtap_salesforce::retry::Transient;
use orgtap_salesforce::{ApiVersion, JobId, Locator};

use super::BulkJob;
use crate::decode::{DecodeError, PageDecoder};
use crate::error::Error;
use crate::extract::first_record;

/// One page to be read.
#[derive(Debug)]
pub(super) struct PageRequest<'a> {
    pub(super) job: BulkJob<'a>,
    pub(super) id: &'a JobId,
    /// Which of the job's pages it is.
    pub(super) index: usize,
    pub(super) locator: Option<&'a Locator>,
}

/// A page that was read.
#[derive(Debug)]
pub(super) struct PageRead {
    pub(super) first_record: Option<Vec<u8>>,
    /// Where the page says that the next one begins.
    pub(super) next: Option<Locator>,
}

impl PageRequest<'_> {
    /// Reads the page, again if need be. With `page_records` it is one of a sequence, and says where the next one begins; without, it is as
    /// large as Salesforce made it, and what it says of the next one does not count.
    pub(super) async fn read(&self, page_records: Option<u32>) -> Result<PageRead, Error> {
        let on = &self.job.on;
        let _download = on.downloads.begin().await;
        let page = on.client.with_backoff(|| self.attempt(page_records)).await;
        on.downloads.note(on.client.refusals_for_pace());
        page.map_err(|error| match Error::from(error) {
            // It may name what stands in the page's header.
            Error::Incomplete { message } => Error::Incomplete { message: on.client.mask(&message) },
            other => other,
        })
    }

    /// Reads the page once. What it wrote before it failed is discarded.
    async fn attempt(&self, page_records: Option<u32>) -> Result<PageRead, PageError> {
        let BulkJob { on, .. } = self.job;
        let page = on.client.result_page(self.id, self.locator, page_records).await;
        let mut page = page.map_err(PageError::Refused)?;
        let part_id = self.job.record().part(self.index);
        let mut part = on.parts.open(part_id).await?;
        let decoder = PageDecoder::new(Arc::clone(&on.plan.projection));
        let mut decoder =
            if on.client.api_version() < ApiVersion::FIRST_ORDERED_COLUMNS { decoder } else { decoder.in_order() };
        let mut batches = Vec::new();
        let mut first = None;
        loop {
            let chunk = page.body.chunk().await.map_err(PageError::Cut)?;
            match &chunk {
                Some(chunk) => decoder.push(chunk, &mut batches)?,
                None => decoder.finish(&mut batches)?,
            }
            self.stop_at(page.records, &decoder)?;
            first = first.or_else(|| batches.first().and_then(first_record));
            for batch in batches.drain(..) {
                part.write(batch).await?;
            }
            if chunk.is_none() {
                break;
            }
        }
        self.check(page.records, &decoder)?;
        if page_records.is_some() {
            // The number of records would tell whether there are more.
            if page.next.is_none() && !page.is_next_told && self.job.record().records.is_none() {
                return Err(PageError::NoEnd);
            }
            self.job.change(|record| record.note_next(self.index, page.next.as_ref()));
        }
        // First the journal, then the part: a finished part whose successor nobody knows would be of no use.
        self.job.save().await?;
        let written = part.close().await?;
        tracing::debug!(job_id = %self.id, part = part_id.0, records = written.records, bytes = written.bytes, "read a page");
        Ok(PageRead { first_record: first, next: page.next })
    }

    /// Fails as soon as there are more records than there can be: a page without end would fill the disk.
    fn stop_at(&self, announced: Option<u64>, decoder: &PageDecoder) -> Result<(), PageError> {
        match announced.or(self.job.record().records) {
            Some(most) if decoder.records() > most => Err(PageError::TooMany { most }),
            _ => Ok(()),
        }
    }

    fn check(&self, announced: Option<u64>, decoder: &PageDecoder) -> Result<(), PageError> {
        match announced {
            Some(announced) if announced != decoder.records() => {
                Err(PageError::Count { announced, found: decoder.records() })
            }
            None if !decoder.has_header() && self.job.record().records != Some(0) => Err(PageError::Empty),
            _ => Ok(()),
        }
    }
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
    #[error("the page is announced with {most} records and goes on after them")]
    TooMany { most: u64 },
    #[error("the page is empty, without even a header")]
    Empty,
    #[error("the page does not say whether it is the last, and the job not how many records it found")]
    NoEnd,
    /// The page could not be written.
    #[error(transparent)]
    Load(#[from] Error),
}

impl From<PageError> for Error {
    fn from(error: PageError) -> Self {
        match error {
            PageError::Refused(error) | PageError::Cut(error) => Self::salesforce(error),
            PageError::Load(error) => error,
            PageError::Decode(_)
            | PageError::Count { .. }
            | PageError::TooMany { .. }
            | PageError::Empty
            | PageError::NoEnd => Self::Incomplete { message: error.to_string() },
        }
    }
}

impl Transient for PageError {
    /// A page that does not add up is read again: the same locator gives the same page as often as it is asked.
    fn is_transient(&self) -> bool {
        match self {
            Self::Cut(error) => error.is_transient(),
            Self::Decode(error) => {
                matches!(error, DecodeError::Unfinished | DecodeError::Form { .. } | DecodeError::Order { .. })
            }
            Self::Count { .. } | Self::TooMany { .. } | Self::Empty | Self::NoEnd => true,
            Self::Refused(_) | Self::Load(_) => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Cut(error) => error.retry_after(),
            _ => None,
        }
    }
}
