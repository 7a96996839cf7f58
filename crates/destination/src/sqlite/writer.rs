//! The one thread that uses the database file, and the connection that it owns.
//!
//! SQLite lets one connection write at a time anyway; with one thread no load waits for another inside SQLite, and no async thread blocks.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::SqliteOptions;
use super::group::{Group, StagedBatch};
use super::image::Image;
use crate::modes::{self, DATA_FILE};
use crate::{Error, ErrorKind, Result};

type Job = Box<dyn FnOnce(&mut Database) + Send>;

/// How much of the file is kept in memory. Making an index takes as much again.
const CACHE_KIB: u32 = 6 * 1024;

/// How large a page of a new file is. Records of Salesforce are wide: fewer, larger pages take less work.
const PAGE_BYTES: u32 = 16 * 1024;

/// How much is written to the log before it is carried over into the file: each time the disk is waited for.
const LOG_BYTES: u32 = 64 * 1024 * 1024;

/// How many bytes of records may wait for the thread, those that it is about to write included: enough that it never waits for more itself.
const WAITING_BYTES: usize = 4 * 1024 * 1024;

/// How long batches wait for more, to be written together.
const PATIENCE: Duration = Duration::from_millis(5);

/// Hands jobs to the thread, which does them one after another. Dropping it waits until all are done and the file is closed.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    /// A permit for each byte of records that may wait.
    room: Arc<Semaphore>,
}

impl Writer {
    pub(super) fn start(path: PathBuf, options: SqliteOptions) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let thread = thread::Builder::new().name("sqlite".to_owned()).spawn(move || {
            let (connection, group) = (None, Group::default());
            let mut database = Database { path, options, connection, is_writable: false, group, file: None, opened: 0 };
            work(&queue, &mut database);
        })?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), room: Arc::new(Semaphore::new(WAITING_BYTES)) })
    }

    /// Does `job` after all that were handed over before. It is done also if the caller stops waiting.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Database) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, result) = oneshot::channel();
        // A caller that stopped waiting needs no reply.
        self.send(move |database| drop(reply.send(job(database))));
        result.await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Failed, "could not use the database: its thread has stopped"))
        })
    }

    /// Has `job` done without waiting for it.
    pub(super) fn send(&self, job: impl FnOnce(&mut Database) + Send + 'static) {
        let is_sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(Box::new(job)).is_ok());
        if !is_sent {
            tracing::error!("the database's thread has stopped");
        }
    }

    /// Waits until so many bytes of records may wait for the thread. More than may ever wait have all the room.
    pub(super) async fn room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        self.room.clone().acquire_many_owned(bytes.min(WAITING_BYTES) as u32).await.ok()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the database's thread has panicked");
        }
    }
}

/// Does the jobs of `queue` until nobody can add to it.
fn work(queue: &mpsc::Receiver<Job>, database: &mut Database) {
    loop {
        let job = match database.group.is_empty() {
            true => queue.recv().map_err(RecvTimeoutError::from),
            false => queue.recv_timeout(PATIENCE),
        };
        match job {
            Ok(job) => job(database),
            Err(RecvTimeoutError::Timeout) => database.settle(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// The database file, opened when it is first needed.
#[derive(Debug)]
pub(super) struct Database {
    path: PathBuf,
    options: SqliteOptions,
    connection: Option<Connection>,
    is_writable: bool,
    /// What is to be written.
    group: Group,
    /// Which file it was when it was opened.
    file: Option<FileId>,
    /// How often it was opened: again where another file has taken its place.
    opened: u64,
}

/// The device and the number of a file.
type FileId = (u64, u64);

impl Database {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the connection for reading, or `None` if there is no file yet.
    pub(super) fn for_reading(&mut self) -> Result<Option<&mut Connection>> {
        self.close_if_moved();
        if self.connection.is_none() && !self.path.try_exists().unwrap_or(true) {
            return Ok(None);
        }
        self.connection().map(Some)
    }

    /// Returns the connection for writing. Makes the file if need be.
    pub(super) fn for_writing(&mut self) -> Result<&mut Connection> {
        self.connection()?;
        if !self.is_writable {
            let could_not_open = could_not_open(&self.path);
            let max_file_bytes = self.options.max_file_bytes;
            make_writable(self.connection()?, max_file_bytes).map_err(could_not_open)?;
            self.is_writable = true;
        }
        self.connection()
    }

    /// Proves that the file can be written, without a change to it.
    pub(super) fn check(&mut self) -> Result<()> {
        let could_not_write =
            |path: &Path, error| Error::from_sqlite(format!("could not write `{}`", path.display()), error);
        let path = self.path.clone();
        let connection = self.for_writing()?;
        connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(rusqlite::Transaction::rollback)
            .map_err(|error| could_not_write(&path, error))
    }

    /// Returns how often the file was opened, for [`for_load`](Self::for_load).
    pub(super) fn opened(&self) -> u64 {
        self.opened
    }

    /// Returns the connection for a load of `table` that began when the file was opened for the `opened`th time. Fails where that file is
    /// not in its place any more: what is written to it would be lost.
    pub(super) fn for_load(&mut self, opened: u64, table: &str) -> Result<&mut Connection> {
        if opened != self.opened || self.is_moved() {
            return Err(self.gone(table));
        }
        self.for_writing()
    }

    /// Writes a batch, together with others: see [`Group`]. The claim on its part knows if that fails.
    pub(super) fn write(&mut self, staged: StagedBatch) {
        let is_in_place = staged.stage.opened == self.opened && !self.is_moved();
        match self.connection.as_mut().filter(|_| is_in_place) {
            Some(connection) => self.group.add(connection, staged),
            None => staged.stage.ledger.lose(&staged.claim, self.gone(&staged.stage.table.name)),
        }
    }

    /// Writes the batches that are not written yet. The parts that they belong to know if that fails.
    pub(super) fn settle(&mut self) {
        if let Some(connection) = &mut self.connection {
            self.group.write(connection);
        }
    }

    fn gone(&self, table: &str) -> Error {
        let message =
            format!("could not load table `{table}`: `{}` was removed or replaced meanwhile", self.path.display());
        Error::new(ErrorKind::Gone, message)
    }

    /// Forgets a file that is not in its place any more, and what was written to it.
    fn close_if_moved(&mut self) {
        if self.is_moved() {
            (self.connection, self.is_writable) = (None, false);
            self.group.clear();
        }
    }

    /// Returns whether the file that was opened is no longer the one at its path.
    fn is_moved(&self) -> bool {
        self.connection.is_some() && file_id(&self.path) != self.file
    }

    fn connection(&mut self) -> Result<&mut Connection> {
        self.close_if_moved();
        self.settle();
        if self.connection.is_none() {
            check_path(&self.path)?;
            make_file(&self.path);
            let connection = open(&self.path, &self.options).map_err(could_not_open(&self.path))?;
            self.file = file_id(&self.path);
            self.opened += 1;
            self.connection = Some(connection);
        }
        Ok(self.connection.as_mut().expect("the connection was opened above"))
    }
}

fn file_id(path: &Path) -> Option<FileId> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Makes the file if it is not there, so that it is not open to everybody; the files that SQLite puts beside it follow it in that.
fn make_file(path: &Path) {
    // Why it cannot be made is told when it is opened.
    modes::create_new(path, DATA_FILE).ok();
}

fn open(path: &Path, options: &SqliteOptions) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    // A misspelt column must be an error, not a text.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    // A table is replaced by another under its name. Views that select from it must not stand in the way, nor be rewritten.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
    connection.pragma_update(None, "cache_size", -i64::from(CACHE_KIB))?;
    // The first read tells whether this is a database at all.
    connection.query_row("SELECT count(*) FROM sqlite_schema", (), |_| Ok(()))?;
    Image::attach(&connection)?;
    Ok(connection)
}

fn make_writable(connection: &Connection, max_file_bytes: Option<u64>) -> rusqlite::Result<()> {
    // Readers keep seeing the old table while a load is written. File systems that cannot do this stay with what they have.
    // It counts for a file that is not made yet.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let page_bytes: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", LOG_BYTES / page_bytes, |_| Ok(()))?;
    if let Some(bytes) = max_file_bytes {
        let max_pages = bytes / u64::from(page_bytes);
        connection.pragma_update_and_check(None, "max_page_count", max_pages.cast_signed(), |_| Ok(()))?;
    }
    Ok(())
}

/// Tells what SQLite would only call `unable to open database file`.
fn check_path(path: &Path) -> Result<()> {
    let invalid = |why: &str, hint: &str| {
        let message = format!("could not open `{}`: {why}", path.display());
        Err(Error::new(ErrorKind::InvalidPath, message).with_hint(hint))
    };
    if path.is_dir() {
        return invalid("it is a folder", "set `path` of the destination to a file");
    }
    match path.parent().map(fs::metadata) {
        Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            invalid("its folder does not exist", "create the folder, or set `path` of the destination to another file")
        }
        Some(Ok(folder)) if !folder.is_dir() => {
            invalid("the path leads through a file", "set `path` of the destination to another file")
        }
        _ => Ok(()),
    }
}

fn could_not_open(path: &Path) -> impl FnOnce(rusqlite::Error) -> Error + use<> {
    let message = format!("could not open `{}`", path.display());
    |source| {
        let error = Error::from_sqlite(message, source);
        match error.kind() {
            ErrorKind::InvalidPath => {
                error.with_hint("set `path` of the destination to a new file, or to an SQLite database")
            }
            _ => error,
        }
    }
}
