//! Tables in one SQLite file: the default destination. Nothing to install, and every tool opens it.
//!
//! A load is staged in a table of its own in the same file and becomes visible, together with the row's state, in one transaction.
//! Columns are typed; see [`ColumnType`](crate::ColumnType). Names are compared as SQLite does, without regard to ASCII case. Records are
//! found by a unique index on the primary key. Indexes and triggers that the user put on a table survive its replacement.
//!
//! It never shrinks the file: room that a replaced table leaves is used again by later loads.

mod commit;
mod ending;
mod group;
mod identifier;
mod image;
#[cfg(any(test, fuzzing))]
mod kept;
mod leftovers;
mod load;
mod record;
mod scan;
mod schema;
mod storage;
mod writer;

#[cfg(test)]
pub(crate) mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

#[cfg(any(test, fuzzing))]
pub(crate) use self::kept::assert_kept;
use self::load::SqliteLoad;
use self::writer::Writer;
use crate::files::blocking;
use crate::{Capabilities, Destination, Error, Result, TableLoad, TableScan, TableSpec};

/// An SQLite file.
#[derive(Clone, Debug)]
pub struct Sqlite {
    path: PathBuf,
    busy_timeout: Duration,
    writer: Arc<Writer>,
}

/// How an SQLite file is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    /// How long to wait for another program that writes the file before giving up with [`ErrorKind::Locked`](crate::ErrorKind::Locked).
    /// Default: 10 seconds.
    pub busy_timeout: Duration,
    /// How large the file may grow; a load that needs more fails with [`ErrorKind::NoSpace`](crate::ErrorKind::NoSpace). Default: as
    /// large as the disk lets it.
    pub max_file_bytes: Option<u64>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(10), max_file_bytes: None }
    }
}

impl Sqlite {
    /// Makes a destination of the file at `path`, which is not touched yet: it is made when first checked or loaded. Its folder must
    /// exist by then.
    ///
    /// Dropping the last clone waits until the file is closed.
    pub fn open(path: impl Into<PathBuf>, options: SqliteOptions) -> Result<Self> {
        let path = path.into();
        let failed = |error| Error::from_io(format!("could not open `{}`", path.display()), error);
        // SQLite would give names like `:memory:` and `file:a` a meaning of their own; an absolute path has none but itself.
        let absolute = std::path::absolute(&path).map_err(failed)?;
        let busy_timeout = options.busy_timeout;
        let writer = Writer::start(absolute, options).map_err(failed)?;
        Ok(Self { path, busy_timeout, writer: Arc::new(writer) })
    }

    /// Returns the path as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[async_trait]
impl Destination for Sqlite {
    fn capabilities(&self) -> Capabilities {
        Capabilities { keeps_state: true, resume: true, append: true, upsert: true, removes: true, scan: true }
    }

    async fn check(&self) -> Result<()> {
        self.writer.run(|database| database.check()).await
    }

    async fn state(&self, row: &str, table: &str) -> Result<Option<String>> {
        let (row, table) = (row.to_owned(), table.to_owned());
        self.writer
            .run(move |database| match database.for_reading()? {
                None => Ok(None),
                Some(connection) => schema::state(connection, &row, &table),
            })
            .await
    }

    async fn states(&self, row: &str) -> Result<Vec<String>> {
        let row = row.to_owned();
        self.writer
            .run(move |database| match database.for_reading()? {
                None => Ok(Vec::new()),
                Some(connection) => schema::states(connection, &row),
            })
            .await
    }

    async fn left_journal(&self, table: &str) -> Result<Option<String>> {
        let table = table.to_owned();
        self.writer
            .run(move |database| match database.for_reading()? {
                None => Ok(None),
                Some(connection) => load::left_journal(connection, &table),
            })
            .await
    }

    async fn begin(&self, table: &TableSpec) -> Result<Box<dyn TableLoad>> {
        Ok(Box::new(SqliteLoad::begin(&self.writer, table).await?))
    }

    async fn scan(&self, table: &str, columns: &[String]) -> Result<Option<TableScan>> {
        let (path, busy_timeout) = (self.path.clone(), self.busy_timeout);
        let (table, columns) = (table.to_owned(), columns.to_vec());
        blocking(move || scan::open(&path, busy_timeout, &table, &columns)).await
    }
}
