//! How records end: those that a load says are gone leave the table or are marked, in the transaction of its commit.

use rusqlite::types::ToSqlOutput;

use super::commit::{Merge, any_null, has_null_keys, key_list, same_key};
use super::identifier::Identifier;
use super::load::failed;
use super::schema::{OldColumn, find};
use super::storage::Storage;
use crate::{CommittedLoad, Gone, Result, WriteMode};

/// What is done to a record that is gone.
enum Ending<'a> {
    Delete,
    /// A column is set to what it stores for `true`.
    Mark {
        column: Identifier,
        truth: ToSqlOutput<'a>,
    },
}

impl Merge<'_> {
    /// Ends the target's records that the staged keys say are gone. The target has the columns `old`.
    pub(super) fn end_records(&self, old: &[OldColumn]) -> Result<CommittedLoad> {
        let table = &self.stage.table;
        let failed = |error| failed(table, error);
        if let Some(missing) = table.primary_key.iter().find(|name| find(old, name).is_none()) {
            return Err(table.lacks(missing));
        }
        let ending = match &table.gone {
            Some(Gone::Marked { column }) => {
                let found = find(old, column).ok_or_else(|| table.lacks(column))?;
                let truth = Storage::of_declared(&found.declared).value(b"true");
                Ending::Mark { column: Identifier::new(&found.name), truth: ToSqlOutput::Borrowed(truth) }
            }
            _ => Ending::Delete,
        };
        let mut committed = CommittedLoad::default();
        if table.write_mode == WriteMode::Retain {
            committed.absent = Some(self.count_absent().map_err(failed)?);
            committed.gone = self.end(&ending, &format!("NOT {}", self.is_staged("true"))).map_err(failed)?;
        } else {
            committed.gone = self.end_listed(&ending, "true").map_err(failed)?;
        }
        committed.table_records = Some(self.count().map_err(failed)?);
        self.execute(&format!("DROP TABLE {}", self.stage.name)).map_err(failed)?;
        Ok(committed)
    }

    /// Takes out of the target what the staged records say is gone, and forgets these records; returns how many the target had.
    pub(super) fn take_out_told(&self) -> rusqlite::Result<u64> {
        let Some(is_gone) = self.told() else { return Ok(0) };
        let gone = self.end_listed(&Ending::Delete, &is_gone)?;
        self.execute(&format!("DELETE FROM {} AS new WHERE {is_gone}", self.stage.name))?;
        Ok(gone)
    }

    /// Forgets the staged records that are gone, and the column that tells it where that is not the table's; returns how many.
    pub(super) fn forget_told(&self) -> rusqlite::Result<u64> {
        let Some(is_gone) = self.told() else { return Ok(0) };
        let sql = format!("DELETE FROM {} AS new WHERE {is_gone}", self.stage.name);
        let forgotten = self.transaction.execute(&sql, [])?;
        if let Some(Gone::ToldBy { column, is_stored: false }) = &self.stage.table.gone {
            self.execute(&format!("ALTER TABLE {} DROP COLUMN {}", self.stage.name, Identifier::new(column)))?;
        }
        Ok(forgotten as u64)
    }

    /// Returns the SQL for a staged record, `new`, that says of itself that it is gone.
    fn told(&self) -> Option<String> {
        match &self.stage.table.gone {
            Some(Gone::ToldBy { column, .. }) => {
                // Where another program made the column, it may store the text.
                Some(format!("coalesce(CAST(new.{} AS TEXT) IN ('1', 'true'), false)", Identifier::new(column)))
            }
            _ => None,
        }
    }

    /// Ends those of the target's records whose keys are those of staged records, `new`, that fulfil `condition`.
    fn end_listed(&self, ending: &Ending<'_>, condition: &str) -> rusqlite::Result<u64> {
        let key = key_list(self.stage);
        // From the keys to the table: they are few where the table is large.
        let is_listed = format!("({key}) IN (SELECT {key} FROM {} AS new WHERE {condition})", self.stage.name);
        let gone = self.end(ending, &is_listed)?;
        // Nulls are equal to each other, but not to that operator.
        match has_null_keys(self.transaction, self.stage)? {
            true => {
                let with_nulls = format!("{condition} AND {}", any_null(self.stage, "new"));
                Ok(gone + self.end(ending, &self.is_staged(&with_nulls))?)
            }
            false => Ok(gone),
        }
    }

    /// Ends the target's records, `old`, that fulfil `condition`; returns how many.
    fn end(&self, ending: &Ending<'_>, condition: &str) -> rusqlite::Result<u64> {
        let target = &self.target;
        let ended = match ending {
            Ending::Delete => {
                self.transaction.execute(&format!("DELETE FROM {target} AS old WHERE {condition}"), [])?
            }
            Ending::Mark { column, truth } => {
                let sql =
                    format!("UPDATE {target} AS old SET {column} = ?1 WHERE old.{column} IS NOT ?1 AND {condition}");
                self.transaction.execute(&sql, [truth])?
            }
        };
        Ok(ended as u64)
    }

    /// Returns the SQL for a record of the target, `old`, having the key of a staged one, `new`, that fulfils `condition`.
    fn is_staged(&self, condition: &str) -> String {
        let same_key = same_key(self.stage, "new", "old");
        format!("EXISTS (SELECT 1 FROM {} AS new WHERE {same_key} AND {condition})", self.stage.name)
    }

    fn count_absent(&self) -> rusqlite::Result<u64> {
        let same_key = same_key(self.stage, "new", "old");
        let sql = format!(
            "SELECT count(*) FROM {} AS new WHERE NOT EXISTS (SELECT 1 FROM {} AS old WHERE {same_key})",
            self.stage.name, self.target
        );
        self.transaction.query_row(&sql, (), |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
    }
}
