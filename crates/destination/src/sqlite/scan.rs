//! Reads a table back, through a connection of its own: in a file with a write-ahead log, readers and the writer do not wait for each other.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::identifier::{Identifier, join};
use super::storage::Storage;
use crate::scan::ScanOutput;
use crate::{Error, Result, TableScan};

/// A column as it is read: its name and what it stores, or `None` where the table lacks it.
type Column = Option<(Identifier, Storage)>;

/// Begins to read `columns` of `table`; `None` where there is no such table.
pub(super) fn open(path: &Path, busy_timeout: Duration, table: &str, columns: &[String]) -> Result<Option<TableScan>> {
    if !path.try_exists().unwrap_or(true) {
        return Ok(None);
    }
    let message = format!("could not read table `{table}` of `{}`", path.display());
    let failed = move |error| Error::from_sqlite(message, error);
    match begin(path, busy_timeout, table, columns) {
        Err(error) => Err(failed(error)),
        Ok(None) => Ok(None),
        Ok(Some((connection, columns))) => {
            let table = Identifier::new(table);
            Ok(Some(TableScan::start(move |output| read(&connection, &table, &columns, output).map_err(failed)?)))
        }
    }
}

/// Opens the file and holds on to what it holds now.
fn begin(
    path: &Path,
    busy_timeout: Duration,
    table: &str,
    columns: &[String],
) -> rusqlite::Result<Option<(Connection, Vec<Column>)>> {
    // SQLite would give names like `:memory:` a meaning of their own; an absolute path has none but itself.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy_timeout)?;
    connection.execute_batch("BEGIN")?;
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE";
    if !connection.prepare(sql)?.exists([table])? {
        return Ok(None);
    }
    let declared = declared(&connection, table)?;
    let column = |name: &String| {
        let found = declared.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(known, declared)| (Identifier::new(known), Storage::of_declared(declared)))
    };
    Ok(Some((connection, columns.iter().map(column).collect())))
}

/// Returns the names and the declared types of the table's columns.
fn declared(connection: &Connection, table: &str) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare("SELECT name, type FROM pragma_table_info(?)")?;
    statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Reads all records. The outer result is SQLite's, the inner one that of handing them over.
fn read(
    connection: &Connection,
    table: &Identifier,
    columns: &[Column],
    output: &mut ScanOutput,
) -> rusqlite::Result<Result<()>> {
    let names = columns.iter().map(|column| column.as_ref().map_or("NULL".to_owned(), |(name, _)| name.to_string()));
    let mut statement = connection.prepare(&format!("SELECT {} FROM {table}", join(names, ", ")))?;
    let mut rows = statement.query(())?;
    // One text for each column, used again for each record.
    let mut texts: Vec<Vec<u8>> = columns.iter().map(|_| Vec::new()).collect();
    while let Some(row) = rows.next()? {
        for (at, (column, text)) in columns.iter().zip(&mut texts).enumerate() {
            text.clear();
            let storage = column.as_ref().map_or(Storage::Text, |(_, storage)| *storage);
            storage.write(row.get_ref(at)?, text);
        }
        if let Err(error) = output.record(texts.iter().map(Vec::as_slice)) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

impl Storage {
    /// Appends the text of a stored value, as a batch brought it; nothing for a null.
    fn write(self, value: ValueRef<'_>, text: &mut Vec<u8>) {
        match (self, value) {
            (_, ValueRef::Null) => {}
            (Self::Boolean, ValueRef::Integer(1)) => text.extend_from_slice(b"true"),
            (Self::Boolean, ValueRef::Integer(0)) => text.extend_from_slice(b"false"),
            (_, ValueRef::Integer(number)) => text.extend_from_slice(number.to_string().as_bytes()),
            // As many digits as lead back to the same number.
            (_, ValueRef::Real(number)) => text.extend_from_slice(format!("{number:?}").as_bytes()),
            (_, ValueRef::Text(bytes) | ValueRef::Blob(bytes)) => text.extend_from_slice(bytes),
        }
    }
}
