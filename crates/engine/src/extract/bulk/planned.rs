//! A query that is asked for in several jobs from the start, each for a range of Ids: where the plan says that it pays.

use orgtap_salesforce::JobState;
use tokio_util::sync::CancellationToken;

use super::BulkJob;
use super::ends::Ends;
use super::key_range::{Key, KeyRange};
use super::split::Cut;
use super::unless_stopped;
use crate::error::{Error, Result};
use crate::extract::Extraction;

/// Puts the planned number of jobs in the place of the one that the journal begins with, where nothing was done yet and Salesforce takes them.
pub(super) async fn begin(on: Extraction<'_>, stop: &CancellationToken) -> Result<()> {
    let Some(ranges) = &on.plan.ranges else { return Ok(()) };
    let journal = on.journal.snapshot();
    let [only] = journal.jobs.as_slice() else { return Ok(()) };
    if only.id().is_some() || only.ids.is_some() || only.dates.is_some() || journal.ids_refused {
        return Ok(());
    }
    let job = BulkJob { on, number: only.number() };
    let Some(query) = job.divisible() else { return Ok(()) };
    if ranges.unless_chunked && !job.is_left_whole().await? {
        return Ok(());
    }
    if let Some(cut) = unless_stopped(stop, job.planned_cut(ranges.jobs)).await? {
        // Not interrupted: a job whose id is not known could not be removed.
        job.cut(&query, cut).await?;
    }
    Ok(())
}

impl BulkJob<'_> {
    /// Returns the object's Ids in `jobs` ranges; `None` where there is only one, or Salesforce does not order them.
    async fn planned_cut(self, jobs: u32) -> Result<Option<Cut>> {
        let range = match self.ends(&Key::Id, None).await? {
            Ends::At(range) => range,
            Ends::Nowhere => return Ok(None),
            Ends::Unknown => {
                self.on.journal.change(|journal| journal.ids_refused = true);
                return Ok(None);
            }
        };
        let pieces = without_gaps(self.divide(&Key::Id, range, jobs as usize).await?);
        Ok((pieces.len() > 1).then_some(Cut { key: Key::Id, range, pieces, is_planned: true }))
    }

    /// Creates the job and returns whether Salesforce says that it does not split it by itself, and has not done it yet.
    async fn is_left_whole(self) -> Result<bool> {
        let id = self.create().await?;
        let job = self.on.client.job(&id).await.map_err(Error::salesforce)?;
        Ok(job.is_pk_chunking_supported == Some(false)
            && matches!(job.state, JobState::UploadComplete | JobState::InProgress))
    }
}

/// Returns `ranges` in order, each reaching to where the next one begins: what is created meanwhile may lie between them.
fn without_gaps(mut ranges: Vec<KeyRange>) -> Vec<KeyRange> {
    ranges.sort_unstable_by_key(|range| range.low);
    for next in 1..ranges.len() {
        ranges[next - 1].high = ranges[next].low - 1;
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_leave_no_gap_between_them() {
        let ranges = [(90, 95), (10, 20), (30, 40)].map(|(low, high)| KeyRange { low, high });

        let pieces = without_gaps(ranges.to_vec());

        let ends: Vec<_> = pieces.iter().map(|piece| (piece.low, piece.high)).collect();
        assert_eq!(ends, [(10, 29), (30, 89), (90, 95)]);
    }
}
