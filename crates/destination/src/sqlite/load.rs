//! One load of one table: batches go into a staging table in short transactions.
//!
//! Nobody but this load uses its staging table, which is named after the table: a file lock makes it the table's only load.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::types::ToSqlOutput;
use rusqlite::{CachedStatement, Connection, Transaction, TransactionBehavior};

use super::commit;
use super::identifier::{Identifier, check_names, join, row_id};
use super::schema::{self, Shape};
use super::storage::Storage;
use super::writer::{Database, Writer};
use crate::lock::FileLock;
use crate::parts::{PartClaim, PartLedger};
use crate::{
    Batch, CommittedLoad, Error, ErrorKind, PartId, PartWriter, Result, TableLoad, TableSpec, WriteMode, WrittenPart,
    csv, file_name,
};

/// A record's number in the staging table is its part's number, then its own within the part.
const PART_SHIFT: u32 = 32;

/// A load, as its owner holds it.
#[derive(Debug)]
pub(super) struct SqliteLoad {
    writer: Arc<Writer>,
    stage: Arc<Stage>,
    /// Given back when the staging table is gone.
    lock: Option<FileLock>,
}

/// A staging table, and all that is needed to fill it.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) table: TableSpec,
    pub(super) name: Identifier,
    pub(super) row_id: &'static str,
    pub(super) storages: Vec<Storage>,
    ledger: PartLedger,
    insert: String,
}

impl SqliteLoad {
    pub(super) async fn begin(writer: &Arc<Writer>, table: &TableSpec) -> Result<Self> {
        table.validate()?;
        check_names(table)?;
        let table = table.clone();
        let (stage, lock) = writer.run(move |database| begin(database, table)).await?;
        Ok(Self { writer: writer.clone(), stage: Arc::new(stage), lock: Some(lock) })
    }
}

impl Drop for SqliteLoad {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else { return };
        let stage = self.stage.clone();
        stage.ledger.close();
        self.writer.send(move |database| {
            if let Err(error) = stage.discard(database) {
                tracing::warn!(table = %stage.table.name, %error, "staging table stays behind until the next load");
            }
            drop(lock);
        });
    }
}

#[async_trait]
impl TableLoad for SqliteLoad {
    async fn open_part(&self, part: PartId) -> Result<Box<dyn PartWriter>> {
        let stage = self.stage.clone();
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
                .and_then(|()| commit::commit(database.for_writing()?, &stage, &settled, &state));
            if committed.is_err() {
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

fn begin(database: &mut Database, table: TableSpec) -> Result<(Stage, FileLock)> {
    let path = lock_path(database.path(), &table.name);
    let connection = database.for_writing()?;
    let lock = FileLock::acquire(&path, &table.name)?;
    let old = schema::columns(connection, &table)?;
    let stage = Stage::new(Shape::of(&table, old.as_deref()).storages, table)?;
    stage.make(connection).map_err(|error| failed(&stage.table, error))?;
    Ok((stage, lock))
}

fn lock_path(database: &Path, table: &str) -> PathBuf {
    let mut path = OsString::from(database);
    path.push(format!("-{}.lock", file_name::encode(&table.to_ascii_lowercase())));
    path.into()
}

impl Stage {
    fn new(storages: Vec<Storage>, table: TableSpec) -> Result<Self> {
        let name = Identifier::new(format!("_orgtap_stage_{}", table.name.to_ascii_lowercase()));
        let row_id = row_id(&table)?;
        let insert = format!(
            "INSERT INTO {name} ({row_id}, {}) VALUES (?{})",
            join(table.columns.iter().map(|column| Identifier::new(&column.name)), ", "),
            ", ?".repeat(table.columns.len())
        );
        Ok(Self { table, name, row_id, storages, ledger: PartLedger::default(), insert })
    }

    fn make(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let columns = self.table.columns.iter().zip(&self.storages);
        let columns =
            columns.map(|(column, storage)| format!("{} {}", Identifier::new(&column.name), storage.declared()));
        let columns = join(columns, ", ");
        let name = &self.name;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // What is there belongs to a load that died.
        transaction.execute_batch(&format!("DROP TABLE IF EXISTS {name}; CREATE TABLE {name} ({columns})"))?;
        transaction.commit()
    }

    fn discard(&self, database: &mut Database) -> Result<()> {
        let sql = format!("DROP TABLE IF EXISTS {}", self.name);
        database.for_writing()?.execute_batch(&sql).map_err(|error| failed(&self.table, error))
    }

    fn empty_parts(&self, database: &mut Database, parts: &[PartId]) -> Result<()> {
        let connection = database.for_writing()?;
        let sql = format!("DELETE FROM {} WHERE {} BETWEEN ? AND ?", self.name, self.row_id);
        parts.iter().try_for_each(|part| {
            let first = first_record(*part);
            let last = first | ((1 << PART_SHIFT) - 1);
            connection.execute(&sql, [first, last]).map(drop).map_err(|error| failed(&self.table, error))
        })
    }

    fn insert(&self, connection: &mut Connection, claim: &PartClaim, batch: &Batch) -> Result<()> {
        self.ledger.check(claim)?;
        let failed = |error| failed(&self.table, error);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        self.insert_records(&transaction, claim, batch)?;
        transaction.commit().map_err(failed)
    }

    fn insert_records(&self, transaction: &Transaction<'_>, claim: &PartClaim, batch: &Batch) -> Result<()> {
        let failed = |error| failed(&self.table, error);
        let mut statement = transaction.prepare_cached(&self.insert).map_err(failed)?;
        let mut number = first_record(claim.part()) + claim.records() as i64;
        let first = number;
        for record in csv::records(batch.bytes()) {
            let values = self.bind(&mut statement, number, record).map_err(failed)?;
            if values != self.storages.len() {
                return Err(self.corrupt(format!("a record has {values} values, not {}", self.storages.len())));
            }
            statement.raw_execute().map_err(failed)?;
            number += 1;
        }
        match (number - first) as u64 {
            records if records == batch.records() => Ok(()),
            records => Err(self.corrupt(format!("a batch has {records} records, not {}", batch.records()))),
        }
    }

    /// Binds a record's values; returns how many there are.
    fn bind(&self, statement: &mut CachedStatement<'_>, number: i64, record: &[u8]) -> rusqlite::Result<usize> {
        statement.raw_bind_parameter(1, number)?;
        let mut count = 0;
        for value in csv::values(record) {
            if let Some(storage) = self.storages.get(count) {
                statement.raw_bind_parameter(count + 2, ToSqlOutput::Borrowed(storage.value(&value)))?;
            }
            count += 1;
        }
        Ok(count)
    }

    fn corrupt(&self, why: String) -> Error {
        Error::new(ErrorKind::Corrupt, format!("could not load table `{}`: {why}", self.table.name))
    }

    /// Returns whether the load replaces whatever the table holds.
    pub(super) fn replaces(&self) -> bool {
        self.table.write_mode == WriteMode::Replace
    }
}

/// Returns the number of the part's first record in the staging table.
pub(super) fn first_record(part: PartId) -> i64 {
    i64::from(part.0) << PART_SHIFT
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
        let (stage, claim, inserted) = (self.stage.clone(), self.claim, batch.clone());
        self.claim.start();
        self.writer.run(move |database| stage.insert(database.for_writing()?, &claim, &inserted)).await?;
        self.claim.add(&batch);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<WrittenPart> {
        self.stage.ledger.finish(&self.claim)
    }
}
