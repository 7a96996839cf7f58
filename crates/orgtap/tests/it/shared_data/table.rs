//! What stands in the tables that a run leaves, and whether it is what the sources hold.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::Value;

use super::source::{self, Record};
use super::truth::{Column, Kind};

/// A table as it was loaded.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Option<String>>>,
}

impl Table {
    /// Reads a table of an SQLite file.
    pub(super) fn of_sqlite(file: &Path, table: &str) -> Self {
        let database = Connection::open(file).unwrap();
        let mut statement = database.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let text = |value: Value| match value {
            Value::Null => None,
            Value::Integer(number) => Some(number.to_string()),
            Value::Real(number) => Some(number.to_string()),
            Value::Text(text) => Some(text),
            Value::Blob(bytes) => panic!("{table}: a blob of {} bytes", bytes.len()),
        };
        let width = columns.len();
        let rows = statement.query_map([], |row| (0..width).map(|at| row.get(at).map(text)).collect()).unwrap();
        let rows: Vec<Vec<_>> = rows.map(Result::unwrap).collect();
        assert!(!rows.iter().flatten().any(|cell| cell.as_deref() == Some("")), "{table}: no value is NULL, never ''");
        Self { columns, rows }
    }

    /// Reads a table of a CSV destination: a folder of parts, each with a header.
    pub(super) fn of_csv(folder: &Path) -> Self {
        let mut table = Self { columns: Vec::new(), rows: Vec::new() };
        let is_part = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "csv");
        for part in source::files(folder).iter().filter(is_part) {
            let mut lines = source::csv(&fs::read_to_string(part).unwrap(), ',').into_iter();
            table.columns = lines.next().unwrap();
            assert!(lines.as_slice().iter().all(|line| line.len() == table.columns.len()), "{}", part.display());
            let cell = |cell: String| Some(cell).filter(|cell| !cell.is_empty());
            table.rows.extend(lines.map(|line| line.into_iter().map(cell).collect()));
        }
        table
    }

    /// Returns the names of the columns.
    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| name.eq_ignore_ascii_case(column))
    }

    /// Returns the rows, reduced to these columns and to what is to compare.
    fn reduced(&self, columns: &[Column]) -> Vec<Vec<String>> {
        let original_id = self.position("ExternalId__c");
        let positions: Vec<usize> = columns
            .iter()
            .map(|column| {
                self.position(&column.name).unwrap_or_else(|| panic!("no column {} in {:?}", column.name, self.columns))
            })
            .collect();
        let reduce = |row: &Vec<Option<String>>| {
            let cells = columns.iter().zip(&positions).map(|(column, at)| {
                let original = original_id.filter(|_| column.kind == Kind::Id).and_then(|at| row[at].as_deref());
                column.kind.reduce(original.or(row[*at].as_deref()).unwrap_or_default())
            });
            cells.collect()
        };
        self.rows.iter().map(reduce).collect()
    }

    /// Asserts that the table holds exactly the records of the truth, each once.
    #[track_caller]
    pub(super) fn holds(&self, what: &str, columns: &[Column], truth: &[&Record]) {
        let reduce = |record: &&Record| {
            columns.iter().map(|column| column.kind.reduce_cell(record.get(&column.source))).collect::<Vec<_>>()
        };
        let mut expected: Vec<Vec<String>> = truth.iter().map(reduce).collect();
        let mut found = self.reduced(columns);
        expected.sort();
        found.sort();
        if expected == found {
            return;
        }
        // What stands in one list only, or more often, is where the sorted lists part.
        let at = expected.iter().zip(&found).take_while(|(expected, found)| expected == found).count();
        let clipped = |row: Option<&Vec<String>>| format!("{row:?}").chars().take(3000).collect::<String>();
        let (expected_next, found_next) = (expected.get(at), found.get(at));
        panic!(
            "{what}: {} records, {} expected; columns {:?}; where they part:\n  is      {}\n  must be {}",
            found.len(),
            expected.len(),
            columns.iter().map(|column| &column.name).collect::<Vec<_>>(),
            clipped(found_next),
            clipped(expected_next)
        );
    }
}
