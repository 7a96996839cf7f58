//! A question to the loaded tables, asked as a user would: in SQL, of the SQLite file.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::Narrator;
use super::folder::Folder;
use crate::error::Result;
use crate::output::table::Table;

/// What people want to know of a sales organisation, over two tables and without what was deleted.
const QUESTION: &str = "SELECT u.Name AS seller, count(*) AS open_deals, CAST(sum(o.Amount) AS INTEGER) AS amount
  FROM Opportunity o JOIN User u ON u.Id = o.OwnerId
  WHERE NOT o.IsClosed AND NOT o.IsDeleted
  GROUP BY u.Id ORDER BY amount DESC LIMIT 5";

/// What incremental loads without deleted records would never tell.
const DELETED: &str = "SELECT Name, StageName, Amount FROM Opportunity
  WHERE IsDeleted ORDER BY SystemModstamp DESC LIMIT 2";

/// Asks, and shows how to ask it oneself.
pub(super) fn ask(tell: &Narrator<'_>, folder: &Folder) -> Result<()> {
    // A reader that may not write would leave SQLite's side files behind.
    let database = Connection::open_with_flags(folder.database(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    for (title, sql) in [("Who sells the most?", QUESTION), ("What was deleted?", DELETED)] {
        tell.step(title, &format!("sqlite3 {} \"{sql}\"", folder.database().display()))?;
        tell.line(&answer(&database, sql)?.render(tell.console.out))?;
    }
    Ok(())
}

fn answer(database: &Connection, sql: &str) -> rusqlite::Result<Table> {
    let mut statement = database.prepare(sql)?;
    let mut table = Table::new(statement.column_names());
    let width = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let cells: rusqlite::Result<Vec<_>> = (0..width).map(|index| row.get_ref(index).map(text)).collect();
        table.push(cells?);
    }
    Ok(table)
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
