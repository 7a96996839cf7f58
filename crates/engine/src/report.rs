//! How a run went.

use std::ops::AddAssign;
use std::time::Duration;

use orgtap_destination::{TableChange, WriteMode};

use crate::error::Error;

/// How a run went: one report per row, in the order of the configuration.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// The rows.
    pub rows: Vec<RowReport>,
    /// How long the run took.
    pub elapsed: Duration,
}

impl RunReport {
    /// Returns the rows that failed, with why.
    pub fn failures(&self) -> impl Iterator<Item = (&RowReport, &Error)> {
        self.rows.iter().filter_map(|row| row.outcome.as_ref().err().map(|error| (row, error)))
    }
}

/// How one row went.
#[derive(Clone, Debug)]
pub struct RowReport {
    /// The row's name.
    pub row: String,
    /// The table it loads into, once planned.
    pub table: Option<String>,
    /// What was loaded, or why nothing was.
    pub outcome: Result<Loaded, Error>,
    /// How long the row took, waiting for Salesforce included.
    pub elapsed: Duration,
    /// How many HTTP requests the row sent, repeated ones included. Each counts against the org's daily limit.
    pub calls: u64,
    /// How many bytes Salesforce's answers had, as they came: compressed.
    pub received: u64,
    /// Where the time went.
    pub times: RowTimes,
    /// What the user should know: fields left out, why a row was reloaded, and the like.
    pub notes: Vec<String>,
}

/// Where the time of a row went. Rows run at the same time, so that their times add up to more than the run took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowTimes {
    /// Signing in, describing the object, reading what was loaded before: almost all of it waits for Salesforce's answers.
    pub planning: Duration,
    /// Waiting for query jobs, from when they were asked for until they were done.
    pub job_wait: Duration,
    /// Reading records and writing them where the destination keeps them until they are all there: as fast as Salesforce, the network and
    /// this machine are together.
    pub transfer: Duration,
    /// Changing the table: our own time alone.
    pub commit: Duration,
}

impl RowTimes {
    /// Returns the time in which nothing could be done but wait for Salesforce.
    pub fn waiting(&self) -> Duration {
        self.planning + self.job_wait
    }
}

impl AddAssign for RowTimes {
    fn add_assign(&mut self, other: Self) {
        self.planning += other.planning;
        self.job_wait += other.job_wait;
        self.transfer += other.transfer;
        self.commit += other.commit;
    }
}

/// What a row loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// What the commit did with the records.
    pub write_mode: WriteMode,
    /// Records that Salesforce delivered.
    pub records: u64,
    /// Bytes of CSV they were.
    pub bytes: u64,
    /// Records dropped because the same load holds a newer one with the same key.
    pub superseded: u64,
    /// Records taken out of the table because they are gone from the org.
    pub removed: u64,
    /// Records of the table that were flagged because the org's log lists them as deleted, or because the org does not have them any more.
    pub flagged: u64,
    /// Records in the table afterwards, where the destination can tell.
    pub table_records: Option<u64>,
    /// Changes of the table's shape.
    pub changes: Vec<TableChange>,
}

impl Loaded {
    /// Returns this load with what comparing the Ids afterwards did to the table. The Ids are no records.
    pub(crate) fn compared_by(self, compared: &Self) -> Self {
        Self {
            removed: self.removed + compared.removed,
            flagged: self.flagged + compared.flagged,
            table_records: compared.table_records.or(self.table_records),
            ..self
        }
    }

    /// Returns what this load and `next` did together.
    pub(crate) fn followed_by(self, next: Self) -> Self {
        Self {
            write_mode: self.write_mode,
            records: self.records + next.records,
            bytes: self.bytes + next.bytes,
            superseded: self.superseded + next.superseded,
            removed: self.removed + next.removed,
            flagged: self.flagged + next.flagged,
            table_records: next.table_records,
            changes: self.changes.into_iter().chain(next.changes).collect(),
        }
    }
}
