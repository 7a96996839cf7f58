//! What a load keeps so that the next one can take it up: beside the staging table, one for its journal, one for its finished parts, and one for
//! the runs: which part the records between two numbers belong to.
//!
//! Records are numbered as they arrive, and those of several parts arrive at the same time.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::identifier::Identifier;
use crate::{LeftLoad, PartId, WrittenPart};

/// The names of the tables.
#[derive(Debug)]
pub(super) struct Leftovers {
    stage: Identifier,
    journal: Identifier,
    parts: Identifier,
    runs: Identifier,
}

/// A load that can be taken up.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) load: LeftLoad,
    /// How many records were dropped from the staging table as superseded, if its commit had come that far.
    pub(super) superseded: Option<u64>,
    /// Whether the staging table is of the same outline.
    pub(super) is_of_outline: bool,
}

impl Leftovers {
    /// Names the tables of the load that stages in `stage`.
    pub(super) fn of(stage: &Identifier) -> Self {
        let beside = |word: &str| Identifier::new(stage.name().replacen("_stage_", word, 1));
        Self { stage: stage.clone(), journal: beside("_journal_"), parts: beside("_parts_"), runs: beside("_runs_") }
    }

    /// Returns what a load left, if it left anything: all of it if it was of this `outline`, else the journal alone.
    pub(super) fn find(&self, connection: &Connection, outline: &str) -> rusqlite::Result<Option<Found>> {
        let tables = [&self.stage, &self.journal, &self.parts];
        let mut is_there = connection.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?")?;
        for table in tables {
            if !is_there.exists([table.name()])? {
                return Ok(None);
            }
        }
        let sql = format!("SELECT journal, superseded, outline = ? FROM {}", self.journal);
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?, row.get(2)?));
        let Some((journal, superseded, is_of_outline)) = connection.query_row(&sql, [outline], read).optional()? else {
            return Ok(None);
        };
        let parts = if is_of_outline { self.parts(connection)? } else { Vec::new() };
        let superseded = superseded.filter(|_| is_of_outline).map(i64::cast_unsigned);
        Ok(Some(Found { load: LeftLoad { journal, parts }, superseded, is_of_outline }))
    }

    /// Returns the journal that a load left, if it left all that is needed to take it up.
    pub(super) fn journal(&self, connection: &Connection) -> rusqlite::Result<Option<String>> {
        self.find(connection, "").map(|found| found.map(|found| found.load.journal))
    }

    fn parts(&self, connection: &Connection) -> rusqlite::Result<Vec<WrittenPart>> {
        let mut parts =
            connection.prepare(&format!("SELECT part, records, bytes FROM {} ORDER BY part", self.parts))?;
        let part = |row: &rusqlite::Row<'_>| {
            let count = |column| row.get(column).map(i64::cast_unsigned);
            Ok(WrittenPart { part: PartId(row.get(0)?), records: count(1)?, bytes: count(2)? })
        };
        parts.query_map([], part)?.collect()
    }

    /// Makes the tables of parts and runs, for a load that begins anew.
    pub(super) fn make(&self, connection: &Connection) -> rusqlite::Result<()> {
        let (parts, runs) = (&self.parts, &self.runs);
        connection.execute_batch(&format!(
            "CREATE TABLE {parts} (part INTEGER PRIMARY KEY, records INTEGER, bytes INTEGER); \
             CREATE TABLE {runs} (first INTEGER PRIMARY KEY, last INTEGER, part INTEGER)"
        ))
    }

    /// Notes that the records with the numbers of `run` are of `part`. Call it in the transaction that writes them.
    pub(super) fn add_run(&self, connection: &Connection, run: &Range<i64>, part: PartId) -> rusqlite::Result<()> {
        let sql = format!("INSERT INTO {} VALUES (?, ?, ?)", self.runs);
        connection.prepare_cached(&sql)?.execute(params![run.start, run.end - 1, part.0]).map(drop)
    }

    /// Takes the runs of the parts that are not whole out of the book, or those of `part` alone, and returns them.
    pub(super) fn take_runs(&self, connection: &Connection, part: Option<PartId>) -> rusqlite::Result<Vec<(i64, i64)>> {
        let condition = match part {
            Some(part) => format!("part = {}", part.0),
            None => format!("part NOT IN (SELECT part FROM {})", self.parts),
        };
        let sql = format!("DELETE FROM {} WHERE {condition} RETURNING first, last", self.runs);
        connection.prepare(&sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    /// Returns the SQL for the part of the record with the number `number`.
    pub(super) fn part_of(&self, number: &str) -> String {
        format!("(SELECT part FROM {} WHERE first <= {number} ORDER BY first DESC LIMIT 1)", self.runs)
    }

    /// Saves the journal in the place of an earlier one. Call it in a transaction.
    pub(super) fn save_journal(&self, connection: &Connection, outline: &str, journal: &str) -> rusqlite::Result<()> {
        let table = &self.journal;
        connection.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS {table} (outline TEXT, journal TEXT, superseded INTEGER); DELETE FROM {table}"
        ))?;
        connection.execute(&format!("INSERT INTO {table} VALUES (?, ?, NULL)"), [outline, journal]).map(drop)
    }

    /// Notes that a part is whole.
    pub(super) fn add_part(&self, connection: &Connection, written: &WrittenPart) -> rusqlite::Result<()> {
        let sql = format!("INSERT OR REPLACE INTO {} VALUES (?, ?, ?)", self.parts);
        let (records, bytes) = (written.records.cast_signed(), written.bytes.cast_signed());
        connection.prepare_cached(&sql)?.execute(params![written.part.0, records, bytes]).map(drop)
    }

    /// Notes that a part is not whole any more.
    pub(super) fn remove_part(&self, connection: &Connection, part: PartId) -> rusqlite::Result<()> {
        connection.execute(&format!("DELETE FROM {} WHERE part = ?", self.parts), [part.0]).map(drop)
    }

    /// Notes that the superseded records are dropped: the parts hold fewer records than they say. Call it in the transaction that drops them.
    pub(super) fn seal(&self, connection: &Connection, superseded: u64) -> rusqlite::Result<()> {
        let sql = format!("UPDATE {} SET superseded = ?", self.journal);
        connection.execute(&sql, [superseded.cast_signed()]).map(drop)
    }

    /// Drops these tables, but not the staging table.
    pub(super) fn drop_tables(&self, connection: &Connection) -> rusqlite::Result<()> {
        let tables = [&self.journal, &self.parts, &self.runs];
        tables.into_iter().try_for_each(|table| connection.execute_batch(&format!("DROP TABLE IF EXISTS {table}")))
    }
}
