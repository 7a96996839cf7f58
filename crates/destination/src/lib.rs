//! Where records go: the [`Destination`] trait, its vocabulary ([`TableSpec`], [`Batch`]) and every destination.
//!
//! A destination knows nothing of Salesforce. Its whole input is a [`TableSpec`], then [`Batch`]es of whole CSV records, then a commit
//! with the row's new state document. The contract that every destination keeps is written down as tests in [`contract`].

mod admission;
mod batch;
mod capability;
mod error;
mod file_name;
mod file_part;
mod files;
mod identities;
mod lock;
mod modes;
mod parts;
mod scan;
mod shape;
mod table;

pub mod contract;
pub mod csv;
pub mod csv_dir;
pub mod faulty;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod keboola;
pub mod memory;
pub mod null;
pub mod sqlite;

#[cfg(test)]
mod equivalence;

use std::fmt;

use async_trait::async_trait;

pub use batch::Batch;
pub use capability::Capabilities;
pub use error::{Error, ErrorKind, Result};
pub use scan::TableScan;
pub use table::{
    Column, ColumnType, CommittedLoad, Gone, Identity, LeftLoad, PartId, Premise, TableChange, TableSpec, WriteMode,
    WrittenPart,
};

/// A place that tables can be loaded into.
///
/// One value serves many loads at once, of different tables. Two loads of one table do not mix: the second to begin either waits for the
/// first or fails with [`ErrorKind::Locked`].
#[async_trait]
pub trait Destination: fmt::Debug + Send + Sync {
    /// Returns what this destination can do. Consulted while planning, never during a load.
    fn capabilities(&self) -> Capabilities;

    /// Checks that the destination is reachable and writable, without writing records. May be called any number of times.
    async fn check(&self) -> Result<()>;

    /// Returns the state document last committed with `table` by the row `row`: opaque text, kept beside the data.
    ///
    /// `None` where nothing was committed yet, or where the table is gone: a state without its table would make the next run skip records.
    async fn state(&self, row: &str, table: &str) -> Result<Option<String>>;

    /// Returns the state documents that the row `row` committed last with each of its tables that are still there, in no particular order. For
    /// whoever does not know yet how the row's table is spelled.
    async fn states(&self, row: &str) -> Result<Vec<String>>;

    /// Starts one load of one table. Nothing becomes visible until [`TableLoad::commit`].
    ///
    /// A load of the table that ended without commit or abort, however suddenly, is taken up where it had saved a journal: see
    /// [`TableLoad::left`]. All other leftovers are removed here.
    ///
    /// Fails with [`ErrorKind::Changed`], and removes nothing, where [`TableSpec::premise`] does not hold once the table is locked. Destinations
    /// that keep no state, or do not see their tables, do not look.
    async fn begin(&self, table: &TableSpec) -> Result<Box<dyn TableLoad>>;

    /// Returns the journal that the next load of `table` would take up, or `None` if there is none. Nothing changes by looking.
    ///
    /// A load of another shape keeps no more than the journal of what was left, so whoever could do one of two looks first.
    async fn left_journal(&self, table: &str) -> Result<Option<String>> {
        // Named for the documentation's sake; nothing is left where nothing can be taken up.
        let _ = table;
        Ok(None)
    }

    /// Reads `columns` of all records that `table` holds after its last commit, in no particular order; `None` if there is no such table.
    ///
    /// Values have the text that a [`Batch`] brought, but for numbers, which may be spelt otherwise. A column that the table lacks reads as
    /// null. Memory does not grow with the table. Loads go on meanwhile, and may commit; the scan does not mix what was before with what
    /// is after, but may then fail with [`ErrorKind::Locked`]. Destinations whose [`Capabilities::scan`] is false fail with
    /// [`ErrorKind::Unsupported`].
    async fn scan(&self, table: &str, columns: &[String]) -> Result<Option<TableScan>> {
        // Named for the documentation's sake.
        let _ = columns;
        Err(Error::new(
            ErrorKind::Unsupported,
            format!("could not read table `{table}`: this destination only takes records"),
        ))
    }
}

/// One load of one table. Dropping it without commit leaves the table as it was. What it wrote then goes as well, unless it has saved a
/// journal: then it stays, as after a sudden death of the process, for the next load to take up.
#[async_trait]
pub trait TableLoad: fmt::Debug + Send + Sync {
    /// Returns what an earlier load of the same table left, which this one takes up; `None` where this one begins anew.
    ///
    /// Its parts, if it was of the same shape, count as written by this load: they can be committed, opened again, or left out of the commit. Whoever has no use for them
    /// aborts this load and begins another. The answer is the same each time.
    fn left(&self) -> Option<&LeftLoad> {
        None
    }

    /// Saves the load's journal, an opaque text, in the place of an earlier one. From then on a load that ends without commit or abort can
    /// be taken up with the parts that were finished.
    ///
    /// Atomic: after a sudden death the journal is the earlier one or this one, and a part whose [`PartWriter::finish`] had returned is
    /// among those left. May be called at any time, also while parts are written, but not twice at the same time. Destinations whose
    /// [`Capabilities::resume`] is false do nothing.
    async fn save_journal(&self, journal: &str) -> Result<()> {
        // Named for the documentation's sake; there is nowhere to keep it.
        let _ = journal;
        Ok(())
    }

    /// Opens a part. Parts may be written concurrently; opening `part` again discards what was written to it before.
    async fn open_part(&self, part: PartId) -> Result<Box<dyn PartWriter>>;

    /// Makes all `parts` and the row's new `state` document visible at once, merging by primary key when upserting.
    ///
    /// Atomic: an error leaves the table and the state as they were. Parts that were opened but are not in `parts` do not count.
    ///
    /// Fails with [`ErrorKind::CameTwice`] where a record comes twice of which there is one ([`TableSpec::keys_are_unique`],
    /// [`TableSpec::identity`], [`Batch::with_identities`]): another is likely to be missing. Fails with [`ErrorKind::Changed`] where
    /// [`TableSpec::premise`] does not hold any more: programs that lock nothing may have been at the table. Nothing of either load is left to
    /// be taken up.
    async fn commit(self: Box<Self>, parts: Vec<WrittenPart>, state: &str) -> Result<CommittedLoad>;

    /// Discards everything written so far, and the journal.
    async fn abort(self: Box<Self>) -> Result<()>;
}

/// One part being written. Dropping it without [`PartWriter::finish`] discards the part.
#[async_trait]
pub trait PartWriter: fmt::Debug + Send {
    /// Appends whole records, in order.
    async fn write(&mut self, batch: Batch) -> Result<()>;

    /// Flushes the part and returns proof of it. Once it has returned, the part outlives the process, where the load saves a journal.
    async fn finish(self: Box<Self>) -> Result<WrittenPart>;
}
