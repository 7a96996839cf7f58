//! How many pages are downloaded at the same time, by all rows of a run together.
//!
//! Salesforce says when it is too much; then there are fewer for a while, and one more again whenever as many pages came through.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

/// The connections that a run downloads over.
#[derive(Debug)]
pub(crate) struct Downloads {
    permits: Semaphore,
    most: usize,
    pace: Mutex<Pace>,
}

#[derive(Debug)]
struct Pace {
    /// How many may be open now.
    limit: usize,
    /// How many permits are given out beyond the limit: they do not come back.
    excess: usize,
    /// How many pages came through since the limit last changed.
    unhindered: usize,
    /// How many refusals for too many requests were counted when last looked at.
    refusals: u64,
}

/// The right to download one page.
#[derive(Debug)]
pub(crate) struct Download<'a> {
    downloads: &'a Downloads,
    permit: Option<SemaphorePermit<'a>>,
}

impl Downloads {
    /// Allows `most` downloads at the same time, at least one.
    pub(crate) fn new(most: usize) -> Self {
        let most = most.max(1);
        let pace = Mutex::new(Pace { limit: most, excess: 0, unhindered: 0, refusals: 0 });
        Self { permits: Semaphore::new(most), most, pace }
    }

    /// Returns how many downloads there are at most.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Waits for the right to download a page.
    pub(crate) async fn begin(&self) -> Download<'_> {
        // The semaphore is never closed; without a permit a download would merely start early.
        Download { downloads: self, permit: self.permits.acquire().await.ok() }
    }

    /// Notes that a page came through, or failed, and how many refusals for too many requests there were so far in the run.
    pub(crate) fn note(&self, refusals: u64) {
        let mut pace = self.pace();
        if refusals > pace.refusals {
            let limit = (pace.limit / 2).max(1);
            let surplus = pace.limit - limit;
            // Those that nobody holds go at once, the others when they come back.
            pace.excess += surplus - self.permits.forget_permits(surplus);
            *pace = Pace { limit, unhindered: 0, refusals, ..*pace };
            tracing::debug!(connections = limit, "Salesforce asks for fewer requests");
            return;
        }
        pace.unhindered += 1;
        if pace.limit < self.most && pace.unhindered >= pace.limit {
            pace.limit += 1;
            pace.unhindered = 0;
            match pace.excess.checked_sub(1) {
                Some(excess) => pace.excess = excess,
                None => self.permits.add_permits(1),
            }
        }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Download<'_> {
    fn drop(&mut self) {
        let mut pace = self.downloads.pace();
        if let Some(excess) = pace.excess.checked_sub(1)
            && let Some(permit) = self.permit.take()
        {
            pace.excess = excess;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Returns how many downloads can begin before one has to wait.
    async fn at_once(downloads: &Downloads) -> usize {
        let mut begun = Vec::new();
        while let Ok(download) = tokio::time::timeout(Duration::ZERO, downloads.begin()).await {
            begun.push(download);
        }
        begun.len()
    }

    #[tokio::test]
    async fn refusals_halve_the_downloads_and_pages_that_come_through_bring_them_back() {
        let downloads = Downloads::new(8);
        assert_eq!(at_once(&downloads).await, 8);

        downloads.note(3);
        let halved = at_once(&downloads).await;
        downloads.note(3);
        let still = at_once(&downloads).await;
        (0..3).for_each(|_| downloads.note(3));
        let recovering = at_once(&downloads).await;
        (0..100).for_each(|_| downloads.note(3));

        assert_eq!((halved, still, recovering, at_once(&downloads).await), (4, 4, 5, 8));
    }

    #[tokio::test]
    async fn downloads_under_way_when_a_refusal_comes_are_not_followed_by_as_many() {
        let downloads = Downloads::new(4);
        let under_way = [downloads.begin().await, downloads.begin().await, downloads.begin().await];

        downloads.note(1);
        let meanwhile = at_once(&downloads).await;
        drop(under_way);

        assert_eq!((meanwhile, at_once(&downloads).await), (0, 2));
    }

    #[tokio::test]
    async fn one_download_always_may_go_on() {
        let downloads = Downloads::new(2);
        (1..10).for_each(|refusals| downloads.note(refusals));

        assert_eq!(at_once(&downloads).await, 1);
    }
}
