//! What stands in the database: tables, their columns and indexes, and the rows' states.
//!
//! It decides how a table's columns follow those of a load ([`Shape`]); [`commit`](super::commit) carries it out.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::identifier::Identifier;
use super::record::TextEncoding;
use super::storage::Storage;
use crate::{Result, TableChange, TableSpec, WriteMode};

/// Our unique indexes are named so, to tell them from the user's.
const KEY_INDEX_PREFIX: &str = "_orgtap_key_";

/// A column of a table that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OldColumn {
    pub(super) name: String,
    pub(super) declared: String,
}

/// How the columns of a table follow those of a load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// How each of the load's columns is stored, in the load's order.
    pub(super) storages: Vec<Storage>,
    /// Which of the load's columns the table lacks.
    pub(super) added: Vec<usize>,
    /// What each of the table's columns is to store from now on, in the table's order; `None` where that stays as it is.
    pub(super) retyped: Vec<Option<Storage>>,
    /// All this, for the report.
    pub(super) changes: Vec<TableChange>,
}

impl Shape {
    /// Returns the shape of `table` where a table with the columns `old` stands, or none.
    pub(super) fn of(table: &TableSpec, old: Option<&[OldColumn]>) -> Self {
        let mut shape = Self {
            storages: table.columns.iter().map(|column| Storage::of(column.column_type)).collect(),
            added: Vec::new(),
            retyped: vec![None; old.unwrap_or_default().len()],
            changes: Vec::new(),
        };
        let Some(old) = old else { return shape };
        if table.write_mode.is_of_keys() {
            shape.follow_keys(table, old);
            return shape;
        }
        let hidden = table.hidden_position();
        for (index, column) in table.columns.iter().enumerate().filter(|(index, _)| Some(*index) != hidden) {
            match old.iter().position(|old| old.name.eq_ignore_ascii_case(&column.name)) {
                None => {
                    shape.added.push(index);
                    shape.changes.push(TableChange::ColumnAdded { column: column.name.clone() });
                }
                Some(position) => shape.meet(table.write_mode, index, position, &old[position]),
            }
        }
        let is_loaded = |old: &&OldColumn| table.stored_columns().any(|new| new.name.eq_ignore_ascii_case(&old.name));
        shape.changes.extend(old.iter().filter(|old| !is_loaded(old)).map(|old| match table.write_mode {
            WriteMode::Replace => TableChange::ColumnDropped { column: old.name.clone() },
            _ => TableChange::ColumnKept { column: old.name.clone() },
        }));
        shape
    }

    /// Has keys stored as the table stores its own, so that they compare.
    fn follow_keys(&mut self, table: &TableSpec, old: &[OldColumn]) {
        for (column, storage) in table.columns.iter().zip(&mut self.storages) {
            if let Some(old) = find(old, &column.name) {
                *storage = Storage::of_declared(&old.declared);
            }
        }
    }

    /// Settles on the storage of a column that is both in the load and in the table.
    fn meet(&mut self, mode: WriteMode, index: usize, position: usize, old: &OldColumn) {
        let new = self.storages[index];
        if old.declared.eq_ignore_ascii_case(new.declared()) {
            return;
        }
        let storage = match mode {
            WriteMode::Replace => new,
            _ => {
                let storage = Storage::of_declared(&old.declared).widened(new);
                self.storages[index] = storage;
                if storage == Storage::of_declared(&old.declared) {
                    return;
                }
                self.retyped[position] = Some(storage);
                storage
            }
        };
        self.changes.push(TableChange::TypeChanged {
            column: old.name.clone(),
            from: old.declared.clone(),
            to: storage.declared().to_owned(),
        });
    }
}

/// Returns which of `columns` is called `name`.
pub(super) fn find<'a>(columns: &'a [OldColumn], name: &str) -> Option<&'a OldColumn> {
    columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
}

/// Returns the columns of `table`, or `None` if there is no such table. Fails if something else stands under its name.
pub(super) fn columns(connection: &Connection, table: &TableSpec) -> Result<Option<Vec<OldColumn>>> {
    let failed = |error| super::load::failed(table, error);
    let kind: Option<String> = connection
        .query_row(
            "SELECT type FROM sqlite_schema WHERE name = ? COLLATE NOCASE AND type IN ('table', 'view')",
            [&table.name],
            |row| row.get(0),
        )
        .optional()
        .map_err(failed)?;
    match kind.as_deref() {
        None => Ok(None),
        Some("table") => table_columns(connection, &table.name).map(Some).map_err(failed),
        Some(_) => Err(table
            .invalid("there is a view of this name")
            .with_hint("drop the view, or set `table` to another name")),
    }
}

fn table_columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<OldColumn>> {
    let mut statement = connection.prepare("SELECT name, type FROM pragma_table_info(?) ORDER BY cid")?;
    let columns = statement.query_map([table], |row| Ok(OldColumn { name: row.get(0)?, declared: row.get(1)? }))?;
    columns.collect()
}

/// Returns how the file keeps its texts.
pub(super) fn encoding(connection: &Connection) -> rusqlite::Result<TextEncoding> {
    let name: String = connection.pragma_query_value(None, "encoding", |row| row.get(0))?;
    Ok(match name.as_str() {
        "UTF-16le" => TextEncoding::Utf16Le,
        "UTF-16be" => TextEncoding::Utf16Be,
        _ => TextEncoding::Utf8,
    })
}

/// Returns the statements that make the user's own indexes and triggers on `table`.
pub(super) fn dependents(connection: &Connection, table: &Identifier) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 COLLATE NOCASE AND type IN ('index', 'trigger') \
         AND sql IS NOT NULL AND substr(name, 1, length(?2)) <> ?2",
    )?;
    statement.query_map([table.name(), KEY_INDEX_PREFIX], |row| row.get(0))?.collect()
}

/// Returns the names of our own indexes on `table`.
pub(super) fn key_indexes(connection: &Connection, table: &Identifier) -> rusqlite::Result<Vec<Identifier>> {
    let mut statement = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE tbl_name = ?1 COLLATE NOCASE AND type = 'index' \
         AND substr(name, 1, length(?2)) = ?2",
    )?;
    statement
        .query_map([table.name(), KEY_INDEX_PREFIX], |row| Ok(Identifier::new(row.get::<_, String>(0)?)))?
        .collect()
}

/// Returns a name that no index has, for an index on the primary key of the table that is or will be called `table`.
pub(super) fn free_index_name(connection: &Connection, table: &str) -> rusqlite::Result<Identifier> {
    let mut is_taken = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = ? COLLATE NOCASE")?;
    let mut name = format!("{KEY_INDEX_PREFIX}{table}");
    // A replaced table keeps its index until the commit, so that the new one is called differently every other time.
    while is_taken.exists([&name])? {
        name.push('_');
    }
    Ok(Identifier::new(name))
}

/// Returns whether `table` has a unique index over exactly the columns of `key`.
pub(super) fn has_unique_index(connection: &Connection, table: &Identifier, key: &[String]) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare(
        "SELECT (SELECT group_concat(lower(name), char(0)) FROM (SELECT name FROM pragma_index_info(list.name) ORDER BY lower(name))) \
         FROM pragma_index_list(?) AS list WHERE list.\"unique\" AND NOT list.partial",
    )?;
    let mut wanted: Vec<String> = key.iter().map(|name| name.to_ascii_lowercase()).collect();
    wanted.sort_unstable();
    let wanted = wanted.join("\0");
    let found = statement.query_map([table.name()], |row| row.get::<_, Option<String>>(0))?;
    found.into_iter().try_fold(false, |has, columns| Ok(has || columns?.as_ref() == Some(&wanted)))
}

/// Returns the state that `row` saved with `table`, if the table is still there.
pub(super) fn state(connection: &Connection, row: &str, table: &str) -> Result<Option<String>> {
    read_state(connection, row, table)
        .map_err(|error| crate::Error::from_sqlite(format!("could not read the state of table `{table}`"), error))
}

fn read_state(connection: &Connection, row: &str, table: &str) -> rusqlite::Result<Option<String>> {
    let mut has_table =
        connection.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE")?;
    if !has_table.exists(["_orgtap_state"])? || !has_table.exists([table])? {
        return Ok(None);
    }
    let sql = "SELECT state FROM _orgtap_state WHERE \"row\" = ? AND \"table\" = ?";
    connection.query_row(sql, [row, table], |row| row.get(0)).optional()
}

/// Returns the states that `row` saved with tables that are still there.
pub(super) fn states(connection: &Connection, row: &str) -> Result<Vec<String>> {
    read_states(connection, row)
        .map_err(|error| crate::Error::from_sqlite(format!("could not read the states of row `{row}`"), error))
}

fn read_states(connection: &Connection, row: &str) -> rusqlite::Result<Vec<String>> {
    if !connection.table_exists(None, "_orgtap_state")? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare(
        "SELECT state FROM _orgtap_state WHERE \"row\" = ? AND EXISTS \
         (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = \"table\" COLLATE NOCASE)",
    )?;
    statement.query_map([row], |row| row.get(0))?.collect()
}

/// Fails if `table` is not what its load was planned on.
pub(super) fn check_premise(connection: &Connection, table: &TableSpec) -> Result<()> {
    table.check_premise(|| state(connection, &table.row, &table.name))
}

/// Saves the state of `table`'s row. A table that is replaced, or that `is_new`, forgets the states of other rows: their records are gone,
/// also where it was another program that dropped the table.
pub(super) fn save_state(
    connection: &Connection,
    table: &TableSpec,
    is_new: bool,
    state: &str,
) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS _orgtap_state \
         (\"row\" TEXT NOT NULL, \"table\" TEXT NOT NULL COLLATE NOCASE, state TEXT NOT NULL, PRIMARY KEY (\"row\", \"table\")) \
         WITHOUT ROWID",
    )?;
    if is_new || table.write_mode == WriteMode::Replace {
        connection.execute("DELETE FROM _orgtap_state WHERE \"table\" = ?", [&table.name])?;
    }
    connection
        .execute("INSERT OR REPLACE INTO _orgtap_state VALUES (?, ?, ?)", params![table.row, table.name, state])?;
    Ok(())
}
