//! A job in pieces: several jobs, each for a range of what never changes in a record.
//!
//! A job that turns out to be too much for Salesforce is cut by Ids, and where that does not help, by when the records were created: where Ids
//! cannot be compared, and where many records have Ids so near to each other that all cuts leave them together. The instant of the last change,
//! which an incremental fetch filters by, would be no way to cut: a record that changes between two jobs could be in neither.

use orgtap_soql::Query;
use tokio_util::sync::CancellationToken;

use super::ends::{self, Ends, is_refused};
use super::key_range::{Key, KeyRange};
use super::{BulkJob, remove_job, unless_stopped};
use crate::error::{Error, Result};
use crate::journal::{JobRecord, Journal};

/// Into how many pieces a job is cut.
const PIECES: u128 = 4;

/// How often a piece is cut again, by Ids and by dates. Before each cut by Ids the org says where the records are, so that empty space costs none.
const MOST_SPLITS: u8 = 8;

/// The number of the last job that is cut. Each has a range of part numbers of its own, of which there are 65,536.
const MOST_JOBS: u32 = 60_000;

/// How a job is cut.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    pub(super) key: Key,
    /// Where the records of the job are.
    pub(super) range: KeyRange,
    /// The same without gaps, in order.
    pub(super) pieces: Vec<KeyRange>,
    /// Whether it was planned so, and not for a failure.
    pub(super) is_planned: bool,
}

/// One of the jobs that take the place of another.
#[derive(Debug)]
struct Piece {
    query: String,
    range: KeyRange,
}

/// Returns whether a job failed because its query is too much for one job.
pub(super) fn is_too_much(error: &Error) -> bool {
    matches!(error, Error::Salesforce(error) if error.kind() == orgtap_salesforce::ErrorKind::QueryTimeout)
}

impl BulkJob<'_> {
    /// Puts several jobs in the place of this one, which is too much. Returns whether that can be done.
    pub(super) async fn split(self, stop: &CancellationToken) -> Result<bool> {
        let Some(query) = self.divisible() else { return Ok(false) };
        let record = self.record();
        let are_ids_known = !self.on.journal.change(|journal| journal.ids_refused);
        if are_ids_known && record.splits < MOST_SPLITS {
            match unless_stopped(stop, self.ends(&Key::Id, record.ids)).await? {
                Ends::At(range) if range.width() > 0 => {
                    if self.cut(&query, Cut::too_much(Key::Id, range)).await? {
                        return Ok(true);
                    }
                }
                // One record is too much, or none: no cut makes less of that.
                Ends::At(_) | Ends::Nowhere => return Ok(false),
                Ends::Unknown => {}
            }
        }
        if record.date_splits >= MOST_SPLITS {
            return Ok(false);
        }
        let Some(key) = unless_stopped(stop, self.created_key()).await? else { return Ok(false) };
        let range = match unless_stopped(stop, self.ends(&key, record.dates)).await? {
            Ends::At(range) => Some(range),
            Ends::Nowhere => None,
            // Ordering all records may be too much as well; then the range is cut blindly.
            Ends::Unknown => record.dates.or_else(|| ends::all_time(record.created)),
        };
        match range.filter(|range| range.width() > 0) {
            Some(range) => self.cut(&query, Cut::too_much(key, range)).await,
            None => Ok(false),
        }
    }

    /// Returns the query of the job without its order, which makes it harder, and a table has none; `None` where pieces of it are not the same as
    /// the whole, or there are too many already.
    pub(super) fn divisible(self) -> Option<Query> {
        let mut query = orgtap_soql::parse(&self.record().query).ok()?;
        let is_bounded = query.limit.is_some() || query.offset.is_some();
        if is_bounded || self.on.journal.snapshot().next_number() > MOST_JOBS {
            return None;
        }
        query.drop_order_by();
        Some(query)
    }

    /// Creates a job for the first piece of `query` and puts jobs for all of them in the place of this one. Returns whether Salesforce takes such
    /// a query; if not, or if it cannot be asked now, everything is as it was.
    ///
    /// The journal has the pieces only once the first of them has its job: others that read it begin whatever is in it.
    pub(super) async fn cut(self, query: &Query, cut: Cut) -> Result<bool> {
        let piece = |piece| Some(Piece { query: cut.key.narrowed(query, cut.range, piece)?.to_string(), range: piece });
        let Some(pieces) = cut.pieces.iter().copied().map(piece).collect::<Option<Vec<_>>>() else { return Ok(false) };
        tracing::info!(
            row = self.on.plan.row,
            pieces = pieces.len(),
            by = cut.key.field(),
            "asking for the query in pieces"
        );
        let Some(first) = pieces.first() else { return Ok(false) };
        let created = match self.create_for(&first.query).await {
            Err(Error::Salesforce(error)) if is_refused(error.kind()) => {
                tracing::debug!(row = self.on.plan.row, %error, "Salesforce does not take the pieces");
                self.on.journal.change(|journal| journal.ids_refused |= cut.key == Key::Id);
                self.save().await?;
                return Ok(false);
            }
            created => created?,
        };
        let whole = self.record();
        self.on.journal.change(|journal| {
            let first = journal.replace(&whole, &cut, pieces);
            journal.job(first).note_created(&created);
        });
        self.save().await?;
        self.on.parts.job(&created.job);
        remove_job(self.on.client, &whole, cut.is_planned).await;
        Ok(true)
    }
}

impl Cut {
    /// Cuts a job that is too much, of which the records are in `range`.
    fn too_much(key: Key, range: KeyRange) -> Self {
        Self { key, range, pieces: range.pieces(PIECES), is_planned: false }
    }
}

impl Journal {
    /// Puts jobs for `pieces` in the place of the one of `whole`. Returns the number of the first.
    fn replace(&mut self, whole: &JobRecord, cut: &Cut, pieces: Vec<Piece>) -> u32 {
        let record = |(number, Piece { query, range }): (u32, Piece)| {
            let mut record = JobRecord::of(query, number);
            (record.ids, record.splits) = (whole.ids, whole.splits);
            (record.dates, record.date_splits) = (whole.dates, whole.date_splits);
            let (part, splits) = match cut.key {
                Key::Id => (&mut record.ids, &mut record.splits),
                Key::Created { .. } => (&mut record.dates, &mut record.date_splits),
            };
            *part = Some(range);
            *splits += u8::from(!cut.is_planned);
            record
        };
        let first = self.next_number();
        let pieces: Vec<JobRecord> = (first..).zip(pieces).map(record).collect();
        if let Some(index) = self.jobs.iter().position(|job| job.number() == whole.number()) {
            self.jobs.splice(index..=index, pieces);
        }
        first
    }
}
