//! All pages of a job: from a list, several at the same time, or one after another.

use std::collections::HashSet;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use orgtap_salesforce::{JobId, Locator};

use super::BulkJob;
use super::page::{PageRead, PageRequest};
use crate::error::{Error, Result};
use crate::extract::{MOST_EMPTY_PAGES, PagesSeen, endless};
use crate::journal::Reading;

impl BulkJob<'_> {
    /// Reads the pages of the job that are missing, and holds the sum against what Salesforce says it found.
    pub(super) async fn pages(self, id: &JobId) -> Result<()> {
        if self.record().reading == Reading::Undecided {
            self.find_pages(id).await;
            self.save().await?;
        }
        let outcome = match self.record().reading {
            Reading::Listed => self.listed(id).await,
            Reading::Undecided | Reading::InSequence => return self.in_sequence(id).await.and_then(|()| self.whole()),
        };
        match outcome.and_then(|()| self.whole()) {
            Err(Error::Incomplete { message }) => {
                tracing::info!(job_id = %id, reason = message, "the list of pages does not add up, reading page after page");
                self.change(crate::journal::JobRecord::read_in_sequence);
                let journal = self.on.journal.snapshot();
                self.on.parts.retain(|written| !journal.parts_of(&[*written]).is_empty());
                self.in_sequence(id).await?;
                self.whole()
            }
            outcome => outcome,
        }
    }

    /// Decides how the pages are found. A list costs calls of its own, which a small job does not pay back.
    async fn find_pages(self, id: &JobId) {
        let is_small = self.record().records.is_some_and(|records| records <= u64::from(self.on.spec.page_records));
        let listed = match is_small || self.on.downloads.most() == 1 {
            true => None,
            false => self.list(id).await,
        };
        self.change(|record| match listed {
            Some(pages) => {
                record.pages = pages.into_iter().map(|page| page.map(|locator| locator.as_str().to_owned())).collect();
                record.is_listed = true;
                record.reading = Reading::Listed;
            }
            None => record.read_in_sequence(),
        });
    }

    /// Returns all pages of the job; `None` where Salesforce gives no list that could be right.
    async fn list(self, id: &JobId) -> Option<Vec<Option<Locator>>> {
        let mut pages: Vec<Option<Locator>> = Vec::new();
        let (mut next, mut seen) = (None, HashSet::new());
        // Reading page after page takes as many parts again, should the list be wrong.
        let most = self.most_pages() / 2;
        loop {
            let list = match self.on.client.result_page_list(id, next.as_ref()).await {
                Ok(list) => list,
                Err(error) => {
                    tracing::debug!(job_id = %id, error = %error, "there is no list of the pages, reading page after page");
                    return None;
                }
            };
            let is_new = list.pages.iter().all(|page| seen.insert(page.clone()));
            if list.pages.is_empty() || !is_new || list.next.is_some() && list.next == next || seen.len() > most {
                tracing::debug!(job_id = %id, "the list of the pages goes in a circle, reading page after page");
                return None;
            }
            pages.extend(list.pages);
            next = list.next;
            if next.is_none() {
                return Some(pages);
            }
        }
    }

    /// Reads the pages of the list, several at the same time. Where the next page is said to be does not count here.
    async fn listed(self, id: &JobId) -> Result<()> {
        let record = self.record();
        let mut missing = record.missing(&self.on.parts.written()).into_iter();
        let mut seen = PagesSeen::new(self.on.plan);
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.on.downloads.most()
                && let Some(index) = missing.next()
            {
                let locator = record.pages[index].clone().map(Locator::new);
                running.push(async move {
                    let request = PageRequest { job: self, id, index, locator: locator.as_ref() };
                    request.read(None).await
                });
            }
            match running.next().await {
                Some(page) => seen.add(page?.first_record, None)?,
                None => return Ok(()),
            }
        }
    }

    /// Reads page after page, each from where the one before it says.
    async fn in_sequence(self, id: &JobId) -> Result<()> {
        let mut seen = PagesSeen::new(self.on.plan);
        loop {
            let record = self.record();
            let missing = record.missing(&self.on.parts.written());
            let Some(&index) = missing.first() else {
                return if record.is_listed { Ok(()) } else { Err(lost()) };
            };
            let locator = record.pages[index].clone().map(Locator::new);
            if index >= self.most_pages() {
                return Err(endless(index));
            }
            let request = PageRequest { job: self, id, index, locator: locator.as_ref() };
            let PageRead { first_record, next } = request.read(Some(self.on.spec.page_records)).await?;
            seen.add(first_record, next.as_ref().map(Locator::as_str))?;
            if next.is_some() && self.arrived() > record.records.unwrap_or(u64::MAX) {
                return self.whole();
            }
        }
    }

    /// Returns how many pages the job may have: now and then a page is empty.
    fn most_pages(self) -> usize {
        let records = self.record().records.map_or(usize::MAX, |records| records as usize);
        records.saturating_add(MOST_EMPTY_PAGES).min(self.on.journal.snapshot().room(self.number))
    }

    fn arrived(self) -> u64 {
        self.record().records_in(&self.on.parts.written())
    }

    /// Holds what arrived against what Salesforce says it found.
    fn whole(self) -> Result<()> {
        let record = self.record();
        let arrived = self.arrived();
        match record.records {
            Some(found) if found != arrived => {
                Err(Error::Incomplete { message: format!("the job found {found} records, its pages hold {arrived}") })
            }
            _ => Ok(()),
        }
    }
}

/// A journal says where the page after a finished one begins, or that there is none.
fn lost() -> Error {
    Error::Incomplete { message: "the journal does not tell where to go on".to_owned() }
}
