//! The primary keys of one load, on disk: which record is the newest of each key, whether it is gone, and what replaced records leave to it.
//!
//! A scratch file in SQLite's format, so that memory does not grow with the load. It is never kept.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{Error, Result};

/// A record of the load, as the index knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Indexed<'a> {
    pub(super) key: &'a [u8],
    pub(super) version: &'a [u8],
    /// The record's number in the load.
    pub(super) number: u64,
    /// Whether the record says that it is gone.
    pub(super) is_gone: bool,
}

/// The index, in a file that is removed with the load.
#[derive(Debug)]
pub(super) struct KeyIndex {
    connection: Connection,
    superseded: u64,
    keys: u64,
}

impl KeyIndex {
    pub(super) fn create(path: &Path) -> Result<Self> {
        let connection = Connection::open(path).map_err(failed)?;
        // One transaction that is never committed: nobody else reads the file, and a crash loses nothing.
        connection
            .execute_batch(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -16384; \
                 BEGIN; \
                 CREATE TABLE key (key BLOB PRIMARY KEY, version BLOB NOT NULL, number INTEGER NOT NULL, is_gone INTEGER NOT NULL, kept BLOB) WITHOUT ROWID; \
                 CREATE TABLE superseded (number INTEGER PRIMARY KEY)",
            )
            .map_err(failed)?;
        Ok(Self { connection, superseded: 0, keys: 0 })
    }

    /// Notes a record. Of two with the same key the one with the greater version stays, or else the later.
    pub(super) fn add(&mut self, record: Indexed<'_>) -> Result<()> {
        self.try_add(record).map_err(failed)
    }

    fn try_add(&mut self, record: Indexed<'_>) -> rusqlite::Result<()> {
        let Indexed { key, version, number, is_gone } = record;
        let number = number.cast_signed();
        let mut insert = self.connection.prepare_cached("INSERT OR IGNORE INTO key VALUES (?, ?, ?, ?, NULL)")?;
        if insert.execute(params![key, version, number, is_gone])? == 1 {
            self.keys += 1;
            return Ok(());
        }
        let mut select = self.connection.prepare_cached("SELECT version, number FROM key WHERE key = ?")?;
        let (known, older): (Vec<u8>, i64) = select.query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let is_newer = version >= known.as_slice();
        if is_newer {
            let sql = "UPDATE key SET version = ?, number = ?, is_gone = ? WHERE key = ?";
            self.connection.prepare_cached(sql)?.execute(params![version, number, is_gone, key])?;
        }
        let mut supersede = self.connection.prepare_cached("INSERT INTO superseded VALUES (?)")?;
        supersede.execute([if is_newer { older } else { number }])?;
        self.superseded += 1;
        Ok(())
    }

    /// Has the records that are gone left out like superseded ones. No record can be added afterwards.
    pub(super) fn leave_out_gone(&self) -> Result<u64> {
        let sql = "INSERT INTO superseded SELECT number FROM key WHERE is_gone";
        self.connection.execute(sql, []).map(|gone| gone as u64).map_err(failed)
    }

    /// Returns how many different keys there are.
    pub(super) fn keys(&self) -> u64 {
        self.keys
    }

    /// Returns how many records were superseded by newer ones.
    pub(super) fn superseded(&self) -> u64 {
        self.superseded
    }

    /// Returns the first superseded record from number `from` on.
    pub(super) fn next_superseded(&self, from: u64) -> Result<Option<u64>> {
        let sql = "SELECT number FROM superseded WHERE number >= ? ORDER BY number LIMIT 1";
        let mut next = self.connection.prepare_cached(sql).map_err(failed)?;
        let number: Option<i64> = next.query_row([from.cast_signed()], |row| row.get(0)).optional().map_err(failed)?;
        Ok(number.map(i64::cast_unsigned))
    }

    /// Returns whether the load's record with this key is gone; `None` where the load has none.
    pub(super) fn find(&self, key: &[u8]) -> Result<Option<bool>> {
        let mut select = self.connection.prepare_cached("SELECT is_gone FROM key WHERE key = ?").map_err(failed)?;
        select.query_row([key], |row| row.get(0)).optional().map_err(failed)
    }

    /// Returns whether the load has this key; `Some(true)` the first time that it is looked for.
    pub(super) fn meet(&self, key: &[u8]) -> Result<Option<bool>> {
        let sql = "UPDATE key SET kept = x'' WHERE key = ? AND kept IS NULL";
        let mut update = self.connection.prepare_cached(sql).map_err(failed)?;
        if update.execute([key]).map_err(failed)? == 1 {
            return Ok(Some(true));
        }
        Ok(self.find(key)?.map(|_| false))
    }

    /// Notes what the record with this key takes over from the one that it replaces.
    pub(super) fn keep(&self, key: &[u8], values: &[u8]) -> Result<()> {
        let mut update = self.connection.prepare_cached("UPDATE key SET kept = ? WHERE key = ?").map_err(failed)?;
        update.execute([values, key]).map(drop).map_err(failed)
    }

    /// Returns what the record with this key takes over.
    pub(super) fn kept(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut select = self.connection.prepare_cached("SELECT kept FROM key WHERE key = ?").map_err(failed)?;
        select.query_row([key], |row| row.get(0)).optional().map(Option::flatten).map_err(failed)
    }
}

fn failed(source: rusqlite::Error) -> Error {
    Error::from_sqlite("could not compare the records by their primary key", source)
}
