//! `updated` and `deleted`: which records changed in a window of time.

use std::time::Duration;

use jiff::Timestamp;

use super::Org;
use super::snapshot::Snapshot;
use super::table::{RecordRef, Table};
use crate::clock::earlier;
use crate::error::QueryError;
use crate::id::Id;
use crate::select::Scope;

const DAY: Duration = Duration::from_secs(86_400);
/// The most ids in one answer.
const MOST_IDS: usize = 600_000;

/// The answer to `updated`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdatedIds {
    /// The records created or changed in the window, in the order of their ids.
    pub ids: Vec<Id>,
    /// The end of what the answer covers: earlier than asked while a transaction is open.
    pub latest_date_covered: Timestamp,
}

/// The answer to `deleted`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedIds {
    /// The records deleted in the window, in the order of their ids.
    pub records: Vec<DeletedRecord>,
    /// The earliest deletion the org still remembers.
    pub earliest_date_available: Timestamp,
    /// The end of what the answer covers: earlier than asked while a transaction is open.
    pub latest_date_covered: Timestamp,
}

/// A deleted record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeletedRecord {
    /// Its id.
    pub id: Id,
    /// When it was deleted.
    pub deleted_at: Timestamp,
}

/// A window of whole minutes: from `start` on, before `end`.
#[derive(Debug, Clone, Copy)]
struct Window {
    start: Timestamp,
    end: Timestamp,
}

impl Org {
    /// Returns the records of an object that were created or changed from `start` until before `end`, both cut to whole
    /// minutes. Deleted records are not among them.
    ///
    /// # Errors
    ///
    /// `INVALID_REPLICATION_DATE` for a window that ends before it begins or begins more than 30 days ago;
    /// `NOT_FOUND` for an unknown object.
    pub fn updated(&self, object: &str, start: Timestamp, end: Timestamp) -> Result<UpdatedIds, QueryError> {
        let (snapshot, oldest_open) = self.snapshot_and_oldest_open();
        let table = replicated(&snapshot, object)?;
        let window = Window::new(start, end, snapshot.now, 30, Duration::ZERO)?;
        let changed = table.all().filter(|record| {
            let touched = table.touched(*record).is_some_and(|at| window.holds(at));
            touched && snapshot.sees(Scope::Live, table, *record)
        });
        let ids: Vec<Id> = changed.map(|record| table.id(record)).take(MOST_IDS + 1).collect();
        within_limit(ids.len())?;
        Ok(UpdatedIds { ids, latest_date_covered: window.covered(snapshot.now, oldest_open) })
    }

    /// Returns the records of an object that were deleted from `start` until before `end`, both cut to whole minutes.
    /// Records purged since are among them, restored ones are not.
    ///
    /// # Errors
    ///
    /// `INVALID_REPLICATION_DATE` for a window that is shorter than a minute or begins more than 15 days ago;
    /// `NOT_FOUND` for an unknown object.
    pub fn deleted(&self, object: &str, start: Timestamp, end: Timestamp) -> Result<DeletedIds, QueryError> {
        let (snapshot, oldest_open) = self.snapshot_and_oldest_open();
        let table = replicated(&snapshot, object)?;
        let window = Window::new(start, end, snapshot.now, 15, Duration::from_secs(60))?;
        let is_deleted = |record: &RecordRef<'_>| table.is_set(*record, table.system.is_deleted);
        let in_bin = table.all().filter(|record| is_deleted(record) && snapshot.is_shared(table, *record));
        let in_bin = in_bin.filter_map(|record| Some((table.id(record), table.touched(record)?)));
        let deleted = in_bin.chain(table.purged()).filter(|(_, at)| window.holds(*at));
        let deleted = deleted.map(|(id, deleted_at)| DeletedRecord { id, deleted_at });
        let mut records: Vec<DeletedRecord> = deleted.take(MOST_IDS + 1).collect();
        within_limit(records.len())?;
        records.sort_unstable();
        Ok(DeletedIds {
            records,
            earliest_date_available: minute(earlier(snapshot.now, DAY * 15)),
            latest_date_covered: window.covered(snapshot.now, oldest_open),
        })
    }
}

fn replicated<'a>(snapshot: &'a Snapshot, object: &str) -> Result<&'a Table, QueryError> {
    let at = snapshot.tables.position(object);
    let at = at.ok_or_else(|| QueryError::new("NOT_FOUND", "The requested resource does not exist"))?;
    let table = snapshot.tables.at(at);
    if !table.object.replicateable {
        let message = format!("entity type {} does not support replication", table.object.name);
        return Err(QueryError::new("INVALID_TYPE_FOR_OPERATION", message));
    }
    Ok(table)
}

fn within_limit(ids: usize) -> Result<(), QueryError> {
    if ids > MOST_IDS {
        Err(QueryError::new("EXCEEDED_ID_LIMIT", "too many ids, narrow the time span"))
    } else {
        Ok(())
    }
}

impl Window {
    fn new(start: Timestamp, end: Timestamp, now: Timestamp, days: u32, least: Duration) -> Result<Self, QueryError> {
        let refuse = |message: String| Err(QueryError::new("INVALID_REPLICATION_DATE", message));
        let (start, end) = (minute(start), minute(end));
        if end <= start {
            return refuse("The end date must be greater than the start date".to_owned());
        }
        if end.duration_since(start).unsigned_abs() <= least {
            return refuse("The end date must be more than one minute greater than the start date".to_owned());
        }
        // A client that asks for exactly that many days must not fail for the seconds its request took.
        if start < minute(earlier(now, DAY * days)) {
            return refuse(format!("startDate cannot be more than {days} days ago"));
        }
        Ok(Self { start, end })
    }

    fn holds(&self, at: Timestamp) -> bool {
        (self.start..self.end).contains(&at)
    }

    /// Returns the end of what an answer covers: never later than now, nor than the beginning of an open transaction.
    fn covered(&self, now: Timestamp, oldest_open: Option<Timestamp>) -> Timestamp {
        self.end.min(now).min(oldest_open.unwrap_or(Timestamp::MAX))
    }
}

/// Returns `at` without its seconds.
fn minute(at: Timestamp) -> Timestamp {
    let seconds = at.as_second();
    Timestamp::from_second(seconds - seconds.rem_euclid(60)).unwrap_or(at)
}
