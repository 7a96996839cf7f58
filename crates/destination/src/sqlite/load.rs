//! One load of one table: batches go into a staging table in short transactions.
//!
//! Nobody but this load uses its staging table, which is named after the table: a file lock makes it the table's only load.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::commit;
use super::group::StagedBatch;
use super::identifier::{Identifier, check_names, join, row_id};
use super::image::{IMAGE, Image};
use super::leftovers::{Found, Leftovers};
use super::record::{Records, TextEncoding};
use super::schema::{self, Shape};
use super::storage::Storage;
use super::writer::{Database, Writer};
use crate::lock::FileLock;
use crate::parts::{PartClaim, PartLedger};
use crate::{
    Batch, CommittedLoad, Error, ErrorKind, LeftLoad, PartId, PartWriter, Result, TableLoad, TableSpec, WriteMode,
    WrittenPart, file_name,
};

/// How many batches' memory is kept for others, and how large one of them may be.
const MOST_SPARE: usize = 32;
const LARGEST_SPARE_BYTES: usize = 512 * 1024;

/// How records are numbered in the staging table, and what stands beside it. What was staged otherwise is not taken up.
const FORMAT: &str = "2";

/// A load, as its owner holds it.
#[derive(Debug)]
pub(super) struct SqliteLoad {
    writer: Arc<Writer>,
    stage: Arc<Stage>,
    left: Option<LeftLoad>,
    /// Given back when the staging table is gone, or left to the next load.
    lock: Option<FileLock>,
}

/// A staging table, and all that is needed to fill it.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) table: TableSpec,
    pub(super) name: Identifier,
    pub(super) row_id: &'static str,
    pub(super) storages: Vec<Storage>,
    encoding: TextEncoding,
    pub(super) leftovers: Leftovers,
    /// How many superseded records a commit that was cut off has dropped already. From then on no part can be written.
    pub(super) superseded: Option<u64>,
    /// Whether the load can be taken up if it ends now.
    has_journal: AtomicBool,
    outline: String,
    pub(super) ledger: PartLedger,
    insert: String,
    /// Which opening of the file has the staging table.
    pub(super) opened: u64,
    /// What written batches were in, to be used again: memory goes from thread to thread.
    spare: Mutex<Vec<Records>>,
}

impl SqliteLoad {
    pub(super) async fn begin(writer: &Arc<Writer>, table: &TableSpec) -> Result<Self> {
        table.validate()?;
        check_names(table)?;
        let table = table.clone();
        let (stage, left, lock) = writer.run(move |database| begin(database, table)).await?;
        Ok(Self { writer: writer.clone(), stage: Arc::new(stage), left, lock: Some(lock) })
    }
}

impl Drop for SqliteLoad {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else { return };
        let stage = self.stage.clone();
        stage.ledger.close();
        self.writer.send(move |database| {
            if !stage.has_journal()
                && let Err(error) = stage.discard(database)
            {
                tracing::warn!(table = %stage.table.name, %error, "staging table stays behind until the next load");
            }
            drop(lock);
        });
    }
}

#[async_trait]
impl TableLoad for SqliteLoad {
    fn left(&self) -> Option<&LeftLoad> {
        self.left.as_ref()
    }

    async fn save_journal(&self, journal: &str) -> Result<()> {
        let (stage, journal) = (self.stage.clone(), journal.to_owned());
        self.writer.run(move |database| stage.save_journal(database, &journal)).await
    }

    async fn open_part(&self, part: PartId) -> Result<Box<dyn PartWriter>> {
        let stage = self.stage.clone();
        if stage.superseded.is_some() {
            let message = format!("could not write part {}: the load is about to be committed", part.0);
            return Err(Error::new(ErrorKind::Failed, message));
        }
        let claim = stage.ledger.open(part)?;
        if !claim.is_first() {
            self.writer.run(move |database| stage.empty_parts(database, &[part])).await?;
        }
        Ok(Box::new(SqlitePart { writer: self.writer.clone(), stage: self.stage.clone(), claim }))
    }

    async fn commit(mut self: Box<Self>, parts: Vec<WrittenPart>, state: &str) -> Result<CommittedLoad> {
        let settled = self.stage.ledger.settle(&parts)?;
        let (stage, state, lock) = (self.stage.clone(), state.to_owned(), self.lock.take());
        let job = move |database: &mut Database| {
            let committed = stage
                .empty_parts(database, &settled.unlisted)
                .and_then(|()| commit::commit(stage.connection(database)?, &stage, &settled, &state))
                // What was written to a file that is gone is written to nowhere.
                .and_then(|committed| stage.connection(database).map(|_| committed));
            // Where another program stood in the way, the next run has no more to do than to commit.
            let can_wait = stage.has_journal() && matches!(&committed, Err(error) if error.kind() == ErrorKind::Locked);
            if committed.is_err() && !can_wait {
                // The first error is the one to tell of.
                drop(stage.discard(database));
            }
            drop(lock);
            committed
        };
        self.writer.run(job).await
    }

    async fn abort(mut self: Box<Self>) -> Result<()> {
        let (stage, lock) = (self.stage.clone(), self.lock.take());
        stage.ledger.close();
        let job = move |database: &mut Database| {
            let discarded = stage.discard(database);
            drop(lock);
            discarded
        };
        self.writer.run(job).await
    }
}

fn begin(database: &mut Database, table: TableSpec) -> Result<(Stage, Option<LeftLoad>, FileLock)> {
    database.for_writing()?;
    let lock = FileLock::acquire(&lock_path(database.path(), &table.name), &table.name)?;
    let opened = database.opened();
    let connection = database.for_load(opened, &table.name)?;
    schema::check_premise(connection, &table)?;
    let old = schema::columns(connection, &table)?;
    let mut stage = Stage::new(Shape::of(&table, old.as_deref()).storages, table)?;
    stage.opened = opened;
    stage.encoding = schema::encoding(connection).map_err(|error| failed(&stage.table, error))?;
    let found = stage.take_up_or_make(connection).map_err(|error| failed(&stage.table, error))?;
    let Some(Found { load, superseded, is_of_outline }) = found else { return Ok((stage, None, lock)) };
    stage.ledger = PartLedger::with_written(&load.parts);
    stage.superseded = superseded;
    stage.has_journal = AtomicBool::new(is_of_outline);
    Ok((stage, Some(load), lock))
}

/// Returns the journal that a load of `table` left.
pub(super) fn left_journal(connection: &Connection, table: &str) -> Result<Option<String>> {
    let journal = Leftovers::of(&stage_name(table)).journal(connection);
    journal.map_err(|error| Error::from_sqlite(format!("could not read what a load of table `{table}` left"), error))
}

/// Returns the name of the staging table of `table`.
fn stage_name(table: &str) -> Identifier {
    Identifier::new(format!("_orgtap_stage_{}", table.to_ascii_lowercase()))
}

/// Returns the lock of `table`: the same one by whichever path the database is reached.
fn lock_path(database: &Path, table: &str) -> PathBuf {
    let mut path = OsString::from(fs::canonicalize(database).unwrap_or_else(|_| database.to_owned()));
    path.push(format!("-{}.lock", file_name::encode(&table.to_ascii_lowercase())));
    path.into()
}

impl Stage {
    fn new(storages: Vec<Storage>, table: TableSpec) -> Result<Self> {
        let name = stage_name(&table.name);
        let row_id = row_id(&table)?;
        // The exact words by which SQLite copies records as they are.
        let insert = format!("INSERT INTO main.{name} SELECT * FROM {IMAGE}.{IMAGE}");
        Ok(Self {
            leftovers: Leftovers::of(&name),
            superseded: None,
            has_journal: AtomicBool::new(false),
            outline: format!("{FORMAT} {} {storages:?}", table.outline()),
            ledger: PartLedger::default(),
            table,
            name,
            row_id,
            storages,
            encoding: TextEncoding::Utf8,
            insert,
            opened: 0,
            spare: Mutex::default(),
        })
    }

    /// Returns the connection to the file that has the staging table.
    fn connection<'a>(&self, database: &'a mut Database) -> Result<&'a mut Connection> {
        database.for_load(self.opened, &self.table.name)
    }

    fn has_journal(&self) -> bool {
        self.has_journal.load(Ordering::Relaxed)
    }

    /// Takes up what a load of the same outline left, or begins anew.
    fn take_up_or_make(&self, connection: &mut Connection) -> rusqlite::Result<Option<Found>> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = self.leftovers.find(&transaction, &self.outline)?;
        match &found {
            Some(found) if found.is_of_outline => self.delete_runs(&transaction, None)?,
            _ => self.make(&transaction)?,
        }
        transaction.commit()?;
        Ok(found)
    }

    /// Deletes the records of `part`, or of all parts that are not whole.
    fn delete_runs(&self, connection: &Connection, part: Option<PartId>) -> rusqlite::Result<()> {
        let mut delete =
            connection.prepare_cached(&format!("DELETE FROM {} WHERE {} BETWEEN ? AND ?", self.name, self.row_id))?;
        let runs = self.leftovers.take_runs(connection, part)?;
        runs.into_iter().try_for_each(|(first, last)| delete.execute([first, last]).map(drop))
    }

    fn make(&self, connection: &Connection) -> rusqlite::Result<()> {
        let columns = self.table.columns.iter().zip(&self.storages);
        let columns =
            columns.map(|(column, storage)| format!("{} {}", Identifier::new(&column.name), storage.declared()));
        let columns = join(columns, ", ");
        let name = &self.name;
        // What is there belongs to a load that died.
        self.leftovers.drop_tables(connection)?;
        connection.execute_batch(&format!("DROP TABLE IF EXISTS {name}; CREATE TABLE {name} ({columns})"))?;
        self.leftovers.make(connection)
    }

    fn discard(&self, database: &mut Database) -> Result<()> {
        if self.connection(database).is_err_and(|error| error.kind() == ErrorKind::Gone) {
            return Ok(());
        }
        self.in_transaction(database, |transaction| {
            transaction.execute_batch(&format!("DROP TABLE IF EXISTS {}", self.name))?;
            self.leftovers.drop_tables(transaction)
        })
    }

    fn save_journal(&self, database: &mut Database, journal: &str) -> Result<()> {
        self.in_transaction(database, |transaction| self.leftovers.save_journal(transaction, &self.outline, journal))?;
        self.has_journal.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Notes, in the transaction that does so, that the superseded records are dropped.
    pub(super) fn seal(&self, transaction: &Transaction<'_>, superseded: u64) -> rusqlite::Result<()> {
        if self.has_journal() { self.leftovers.seal(transaction, superseded) } else { Ok(()) }
    }

    fn finish(&self, database: &mut Database, claim: &PartClaim) -> Result<WrittenPart> {
        // Only once the batches are committed is it known whether they all were written.
        database.settle();
        self.ledger.check(claim)?;
        self.in_transaction(database, |transaction| self.leftovers.add_part(transaction, &claim.so_far()))?;
        self.ledger.finish(claim)
    }

    fn in_transaction(
        &self,
        database: &mut Database,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<()> {
        self.in_transaction_of(self.connection(database)?, change)
    }

    fn in_transaction_of(
        &self,
        connection: &mut Connection,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<()> {
        let failed = |error| failed(&self.table, error);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        change(&transaction).map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    fn empty_parts(&self, database: &mut Database, parts: &[PartId]) -> Result<()> {
        parts.iter().try_for_each(|part| {
            self.in_transaction(database, |transaction| {
                self.leftovers.remove_part(transaction, *part)?;
                self.delete_runs(transaction, Some(*part))
            })
        })
    }

    /// Inserts the records of `batches`, those of one part together, in a transaction.
    pub(super) fn insert(
        &self,
        connection: &mut Connection,
        image: &mut Image,
        batches: &[StagedBatch],
    ) -> rusqlite::Result<()> {
        image.show(connection, &self.storages, self.encoding, batches.iter().map(|staged| &staged.records))?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let inserted = transaction.prepare_cached(&self.insert)?.execute(())?;
        let mut next = transaction.last_insert_rowid() + 1 - inserted as i64;
        for batches in batches.chunk_by(|one, other| one.claim.part() == other.claim.part()) {
            let records: usize = batches.iter().map(|staged| staged.records.len()).sum();
            let run = next..next + records as i64;
            next = run.end;
            if !run.is_empty() {
                self.leftovers.add_run(&transaction, &run, batches[0].claim.part())?;
            }
        }
        transaction.commit()
    }

    /// Finds the values of `batch`, beside the threads that wait for others.
    async fn read(self: &Arc<Self>, batch: Batch) -> Result<Records> {
        let stage = self.clone();
        let read = move || {
            let spare = stage.spare().pop().unwrap_or_default();
            Records::read(spare, &batch, &stage.storages, stage.encoding).map_err(|why| stage.corrupt(why))
        };
        tokio::task::spawn_blocking(read)
            .await
            .unwrap_or_else(|_| Err(self.corrupt("reading a batch was broken off".to_owned())))
    }

    /// Takes back what a batch was in, which is written or lost.
    pub(super) fn reuse(&self, records: Records) {
        let mut spare = self.spare();
        if spare.len() < MOST_SPARE && records.bytes() <= LARGEST_SPARE_BYTES {
            spare.push(records);
        }
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Records>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn corrupt(&self, why: String) -> Error {
        Error::new(ErrorKind::Corrupt, format!("could not load table `{}`: {why}", self.table.name))
    }

    /// Returns whether the load replaces whatever the table holds.
    pub(super) fn replaces(&self) -> bool {
        self.table.write_mode == WriteMode::Replace
    }
}

/// Makes an error of an SQLite call that failed while `table` was loaded.
pub(super) fn failed(table: &TableSpec, source: rusqlite::Error) -> Error {
    Error::from_sqlite(format!("could not load table `{}`", table.name), source)
}

#[derive(Debug)]
struct SqlitePart {
    writer: Arc<Writer>,
    stage: Arc<Stage>,
    claim: PartClaim,
}

#[async_trait]
impl PartWriter for SqlitePart {
    async fn write(&mut self, batch: Batch) -> Result<()> {
        let (stage, claim) = (self.stage.clone(), self.claim);
        stage.ledger.check(&claim)?;
        self.claim.start();
        let records = stage.read(batch.clone()).await?;
        let room = self.writer.room(records.bytes()).await;
        let staged = StagedBatch { stage, claim, records, _room: room };
        self.writer.send(move |database| database.write(staged));
        self.claim.add(&batch);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<WrittenPart> {
        let (stage, claim) = (self.stage, self.claim);
        self.writer.run(move |database| stage.finish(database, &claim)).await
    }
}
