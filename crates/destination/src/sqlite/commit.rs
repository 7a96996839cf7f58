//! Makes a staged load visible: one transaction that holds the merged table and the row's state.
//!
//! What can be done to the staging table alone (dropping superseded records, the index on the key) is done before, so that the
//! transaction is short; replacing a table is then no more than a change of names.

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::identifier::{Identifier, join};
use super::load::{Stage, failed};
use super::schema::{self, OldColumn, Shape};
use super::storage::Storage;
use crate::parts::SettledParts;
use crate::{CommittedLoad, Error, Identity, Result, WriteMode};

/// How many records are looked at in one go for those that are superseded: SQLite remembers what a statement is about to delete.
const SLICE_RECORDS: usize = 1 << 18;

/// Commits the `parts` of `stage`. On failure the table and its state are as they were; the staging table is the caller's to
/// drop.
pub(super) fn commit(
    connection: &mut Connection,
    stage: &Stage,
    parts: &SettledParts,
    state: &str,
) -> Result<CommittedLoad> {
    let failed = |error| failed(&stage.table, error);
    let records = parts.records();
    let superseded = match stage.superseded {
        Some(superseded) => superseded,
        None => index_keys(connection, stage)?,
    };
    // The default tells the disk nothing of a commit until later; this one must outlive a power cut.
    connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    let published = publish(connection, stage, records - superseded, state);
    if let Err(error) = connection.pragma_update(None, "synchronous", "NORMAL") {
        tracing::debug!(%error, "later loads wait for the disk more than they need");
    }
    Ok(CommittedLoad { records, superseded, ..published? })
}

/// Puts a unique index on the staging table's key, after dropping the records that a newer one supersedes; returns how many. Fails where
/// there are any although the source holds each key once, and where a record comes twice without having the same key.
fn index_keys(connection: &mut Connection, stage: &Stage) -> Result<u64> {
    let failed = |error| failed(&stage.table, error);
    if let Some(identity) = stage.table.identity_beside_key() {
        stage.table.refuse_twice(count_come_twice(connection, stage, identity).map_err(failed)?)?;
    }
    if stage.table.primary_key.is_empty() {
        return Ok(0);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let superseded = if stage.table.keys_are_unique {
        let is_unique = create_unique_index(&transaction, stage).map_err(failed)?;
        let twice = if is_unique { Ok(0) } else { count_twice(&transaction, stage) };
        stage.table.refuse_twice(twice.map_err(failed)?)?;
        0
    } else {
        drop_superseded(&transaction, stage).map_err(failed)?
    };
    stage.seal(&transaction, superseded).map_err(failed)?;
    transaction.commit().map_err(failed)?;
    Ok(superseded)
}

/// Puts a unique index on the staging table's key, unless a key comes twice; returns whether there is one now.
fn create_unique_index(transaction: &Transaction<'_>, stage: &Stage) -> rusqlite::Result<bool> {
    let index = schema::free_index_name(transaction, &stage.table.name)?;
    match transaction.execute_batch(&format!("CREATE UNIQUE INDEX {index} ON {} ({})", stage.name, key_list(stage))) {
        Ok(()) => Ok(true),
        Err(error) if is_constraint(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns how many records have the key of another one besides.
fn count_twice(connection: &Connection, stage: &Stage) -> rusqlite::Result<u64> {
    let again = format!("SELECT count(*) - 1 AS again FROM {} GROUP BY {}", stage.name, key_list(stage));
    let sql = format!("SELECT coalesce(sum(again), 0) FROM ({again})");
    connection.query_row(&sql, (), |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
}

/// Returns how many records have the identity of another one besides.
fn count_come_twice(
    connection: &Connection,
    stage: &Stage,
    Identity { column, none }: &Identity,
) -> rusqlite::Result<u64> {
    let column = Identifier::new(column);
    let sql = format!("SELECT count({column}) - count(DISTINCT {column}) FROM {} WHERE {column} <> ?", stage.name);
    connection.query_row(&sql, [none], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
}

/// Drops the records that a newer one with the same key supersedes, and puts a unique index on the key; returns how many.
fn drop_superseded(transaction: &Transaction<'_>, stage: &Stage) -> rusqlite::Result<u64> {
    let is_unique = create_unique_index(transaction, stage)?;
    // Such an index takes nulls for different.
    if is_unique && !has_null_keys(transaction, stage)? {
        return Ok(0);
    }
    let lookup = schema::free_index_name(transaction, &stage.table.name)?;
    if !is_unique {
        transaction.execute_batch(&format!("CREATE INDEX {lookup} ON {} ({})", stage.name, key_list(stage)))?;
    }
    let mut superseded = 0;
    let mut delete = transaction.prepare(&delete_superseded(stage))?;
    for first in (1..=last_number(transaction, stage)?).step_by(SLICE_RECORDS) {
        superseded += delete.execute([first, first + SLICE_RECORDS as i64 - 1])? as u64;
    }
    drop(delete);
    if !is_unique {
        transaction.execute_batch(&format!("DROP INDEX {lookup}"))?;
        create_unique_index(transaction, stage)?;
    }
    Ok(superseded)
}

fn last_number(connection: &Connection, stage: &Stage) -> rusqlite::Result<i64> {
    let sql = format!("SELECT coalesce(max({}), 0) FROM {}", stage.row_id, stage.name);
    connection.query_row(&sql, (), |row| row.get(0))
}

fn delete_superseded(stage: &Stage) -> String {
    let row_id = stage.row_id;
    // Parts arrive in any order, so that numbers tell only within one which record came later.
    let order = |side: &str| {
        let number = format!("{side}.{row_id}");
        let place = format!("{}, {number}", stage.leftovers.part_of(&number));
        match &stage.table.version_column {
            Some(column) => format!("(coalesce(CAST({side}.{} AS TEXT), ''), {place})", Identifier::new(column)),
            None => format!("({place})"),
        }
    };
    format!(
        "DELETE FROM {name} AS old WHERE old.{row_id} BETWEEN ? AND ? \
         AND EXISTS (SELECT 1 FROM {name} AS new WHERE {} AND new.{row_id} <> old.{row_id} AND {} > {})",
        same_key(stage, "new", "old"),
        order("new"),
        order("old"),
        name = stage.name,
    )
}

/// Does the transaction that readers see. Returns what it did, but for the figures of the load itself.
fn publish(connection: &mut Connection, stage: &Stage, staged_records: u64, state: &str) -> Result<CommittedLoad> {
    let failed = |error| failed(&stage.table, error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    schema::check_premise(&transaction, &stage.table)?;
    let old = schema::columns(&transaction, &stage.table)?;
    let is_new = old.is_none();
    let shape = Shape::of(&stage.table, old.as_deref());
    if shape.storages != stage.storages {
        return Err(stage.table.invalid("another program changed its columns meanwhile").with_hint("run again"));
    }
    let merge = Merge { transaction: &transaction, stage, target: Identifier::new(&stage.table.name) };
    let committed = match old {
        Some(old) if stage.table.write_mode.is_of_keys() => merge.end_records(&old)?,
        None if stage.table.write_mode.is_of_keys() => return Err(stage.table.not_there()),
        Some(old) if !stage.replaces() => merge.add_to_table(&old, &shape)?,
        old => merge.take_its_place(old.is_some(), staged_records).map_err(failed)?,
    };
    stage.leftovers.drop_tables(&transaction).map_err(failed)?;
    schema::save_state(&transaction, &stage.table, is_new, state).map_err(failed)?;
    transaction.commit().map_err(failed)?;
    Ok(CommittedLoad { changes: shape.changes, ..committed })
}

/// A staging table on its way into its target.
pub(super) struct Merge<'a> {
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) stage: &'a Stage,
    pub(super) target: Identifier,
}

impl Merge<'_> {
    /// Adds the staged records to the target, which has the columns `old`, after taking out those that are gone.
    fn add_to_table(&self, old: &[OldColumn], shape: &Shape) -> Result<CommittedLoad> {
        let failed = |error| failed(&self.stage.table, error);
        self.add_columns(shape).map_err(failed)?;
        self.retype_columns(old, shape).map_err(failed)?;
        let mut committed = CommittedLoad::default();
        if self.stage.table.write_mode == WriteMode::Upsert {
            self.make_key_unique()?;
            committed.gone = self.take_out_told().map_err(failed)?;
            self.upsert().map_err(failed)?;
            committed.table_records = Some(self.count().map_err(failed)?);
        } else {
            // A key that was unique while the table was upserted need not be from now on.
            self.drop_key_indexes(&self.target).map_err(failed)?;
            self.execute(&self.insert()).map_err(failed)?;
        }
        self.execute(&format!("DROP TABLE {}", self.stage.name)).map_err(failed)?;
        Ok(committed)
    }

    /// Makes the staging table the target.
    fn take_its_place(&self, is_there: bool, staged_records: u64) -> rusqlite::Result<CommittedLoad> {
        let table_records = Some(staged_records - self.forget_told()?);
        self.rename(&self.stage.name, is_there)?;
        Ok(CommittedLoad { table_records, ..CommittedLoad::default() })
    }

    fn add_columns(&self, shape: &Shape) -> rusqlite::Result<()> {
        shape.added.iter().try_for_each(|index| {
            let column = Identifier::new(&self.stage.table.columns[*index].name);
            let declared = shape.storages[*index].declared();
            self.execute(&format!("ALTER TABLE {} ADD COLUMN {column} {declared}", self.target))
        })
    }

    /// Builds the target anew if columns change their type, every value staying what it is. Constraints and defaults that another program
    /// declared are lost.
    fn retype_columns(&self, old: &[OldColumn], shape: &Shape) -> rusqlite::Result<()> {
        if shape.retyped.iter().all(Option::is_none) {
            return Ok(());
        }
        let rebuilt = Identifier::new(format!("_orgtap_rebuilt_{}", self.stage.table.name));
        let mut definitions = Vec::new();
        let mut values = Vec::new();
        for (column, storage) in old.iter().zip(&shape.retyped) {
            let name = Identifier::new(&column.name);
            definitions.push(format!("{name} {}", storage.map_or(plain(&column.declared), |to| to.declared())));
            let from = Storage::of_declared(&column.declared);
            values.push(storage.map_or(name.to_string(), |to| from.converted(to, &name)));
        }
        for index in &shape.added {
            let name = Identifier::new(&self.stage.table.columns[*index].name);
            definitions.push(format!("{name} {}", shape.storages[*index].declared()));
            values.push(name.to_string());
        }
        self.execute(&format!("DROP TABLE IF EXISTS {rebuilt}; CREATE TABLE {rebuilt} ({})", definitions.join(", ")))?;
        self.execute(&format!("INSERT INTO {rebuilt} SELECT {} FROM {}", values.join(", "), self.target))?;
        self.rename(&rebuilt, true)
    }

    /// Gives the table `from` the target's name; what the user had put on the target is put on the new one.
    fn rename(&self, from: &Identifier, is_there: bool) -> rusqlite::Result<()> {
        if !is_there {
            return self.execute(&format!("ALTER TABLE {from} RENAME TO {}", self.target));
        }
        let dependents = schema::dependents(self.transaction, &self.target)?;
        self.execute(&format!("DROP TABLE {to}; ALTER TABLE {from} RENAME TO {to}", to = self.target))?;
        dependents.iter().try_for_each(|sql| self.restore(sql))
    }

    /// Makes one of the user's indexes or triggers anew. It may name a column that is gone, or demand what the new records do not keep;
    /// the records come first.
    fn restore(&self, sql: &str) -> rusqlite::Result<()> {
        let Err(error) = self.execute(sql) else { return Ok(()) };
        match error.sqlite_error_code() {
            None | Some(ErrorCode::Unknown | ErrorCode::ConstraintViolation) => {
                tracing::warn!(table = self.target.name(), sql, %error, "could not restore an index or trigger");
                Ok(())
            }
            Some(_) => Err(error),
        }
    }

    fn drop_key_indexes(&self, table: &Identifier) -> rusqlite::Result<()> {
        let indexes = schema::key_indexes(self.transaction, table)?;
        indexes.iter().try_for_each(|index| self.execute(&format!("DROP INDEX {index}")))
    }

    /// Makes sure that a unique index over the primary key is on the target: the table may have had another key, or another maker.
    fn make_key_unique(&self) -> Result<()> {
        let failed = |error| failed(&self.stage.table, error);
        if schema::has_unique_index(self.transaction, &self.target, &self.stage.table.primary_key).map_err(failed)? {
            return Ok(());
        }
        self.drop_key_indexes(&self.target).map_err(failed)?;
        let index = schema::free_index_name(self.transaction, self.target.name()).map_err(failed)?;
        let create = format!("CREATE UNIQUE INDEX {index} ON {} ({})", self.target, key_list(self.stage));
        self.execute(&create).map_err(|error| match is_constraint(&error) {
            true => self.duplicate_keys(),
            false => failed(error),
        })
    }

    fn duplicate_keys(&self) -> Error {
        let key = join(self.stage.table.primary_key.iter().map(|name| format!("`{name}`")), ", ");
        let why = format!("the records that are in it already are not unique by {key}");
        self.stage.table.invalid(why).with_hint("load the table in full once, drop it, or set another `primary_key`")
    }

    /// Inserts the staged records or, where their key is there already, updates the columns that the load has.
    fn upsert(&self) -> rusqlite::Result<()> {
        if has_null_keys(self.transaction, self.stage)? {
            self.update_null_keys()?;
        }
        let updates = self.values_except_key().map(|column| format!("{column} = excluded.{column}"));
        let updates = join(updates, ", ");
        let action = if updates.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {updates}") };
        self.execute(&format!("{} WHERE true ON CONFLICT ({}) DO {action}", self.insert(), key_list(self.stage)))
    }

    /// Moves staged records whose key holds nulls onto those with the same key. A unique index takes nulls for different, we do not.
    fn update_null_keys(&self) -> rusqlite::Result<()> {
        let (stage, target) = (&self.stage.name, &self.target);
        let is_same = format!("{} AND {}", any_null(self.stage, "new"), same_key(self.stage, "new", "old"));
        let updates = join(self.values_except_key().map(|column| format!("{column} = new.{column}")), ", ");
        if !updates.is_empty() {
            self.execute(&format!("UPDATE {target} AS old SET {updates} FROM {stage} AS new WHERE {is_same}"))?;
        }
        self.execute(&format!(
            "DELETE FROM {stage} AS new WHERE EXISTS (SELECT 1 FROM {target} AS old WHERE {is_same})"
        ))
    }

    fn insert(&self) -> String {
        let columns = join(self.stage.table.stored_columns().map(|column| Identifier::new(&column.name)), ", ");
        format!("INSERT INTO {} ({columns}) SELECT {columns} FROM {}", self.target, self.stage.name)
    }

    pub(super) fn count(&self) -> rusqlite::Result<u64> {
        let sql = format!("SELECT count(*) FROM {}", self.target);
        self.transaction.query_row(&sql, (), |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
    }

    fn values_except_key(&self) -> impl Iterator<Item = Identifier> {
        let table = &self.stage.table;
        let names = table.stored_columns().map(|column| &column.name);
        names.filter(|name| !table.primary_key.contains(name)).map(Identifier::new)
    }

    pub(super) fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.transaction.execute_batch(sql)
    }
}

fn key(stage: &Stage) -> impl Iterator<Item = Identifier> {
    stage.table.primary_key.iter().map(Identifier::new)
}

pub(super) fn key_list(stage: &Stage) -> String {
    join(key(stage), ", ")
}

/// Returns the SQL for `left` and `right` having the same key, nulls being equal.
pub(super) fn same_key(stage: &Stage, left: &str, right: &str) -> String {
    join(key(stage).map(|column| format!("{left}.{column} IS {right}.{column}")), " AND ")
}

pub(super) fn any_null(stage: &Stage, side: &str) -> String {
    format!("({})", join(key(stage).map(|column| format!("{side}.{column} IS NULL")), " OR "))
}

pub(super) fn has_null_keys(connection: &Connection, stage: &Stage) -> rusqlite::Result<bool> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {} AS new WHERE {})", stage.name, any_null(stage, "new"));
    connection.query_row(&sql, (), |row| row.get(0))
}

fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}

/// Returns a declared type as it can stand in SQL: another program may have declared anything.
fn plain(declared: &str) -> &str {
    let (name, size) = declared.split_once('(').unwrap_or((declared, ")"));
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" _".contains(&byte));
    let is_size = |size: &str| size.bytes().all(|byte| byte.is_ascii_digit() || b" ,".contains(&byte));
    match is_name && size.strip_suffix(')').is_some_and(is_size) {
        true => declared,
        false => Storage::of_declared(declared).declared(),
    }
}
