//! How a table's columns follow those of a load, where a column is nothing but its name.
//!
//! Types are not its business: a destination that has them does this itself.

use crate::{TableChange, TableSpec, WriteMode};

/// The columns of a table after a load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The names, in the table's order.
    pub(crate) columns: Vec<String>,
    /// What the load changes.
    pub(crate) changes: Vec<TableChange>,
}

impl Shape {
    /// Returns the shape that `table` gives to a table with the columns `old`; `None` for a table that is new.
    pub(crate) fn of(table: &TableSpec, old: Option<&[String]>) -> Self {
        let new: Vec<String> = table.stored_columns().map(|column| column.name.clone()).collect();
        let Some(old) = old else { return Self { columns: new, changes: Vec::new() } };
        if table.write_mode.is_of_keys() {
            return Self { columns: old.to_vec(), changes: Vec::new() };
        }
        let added: Vec<String> = new.iter().filter(|name| !old.contains(name)).cloned().collect();
        let vanished = old.iter().filter(|name| !new.contains(name)).cloned();
        let is_replaced = table.write_mode == WriteMode::Replace;
        let changes = added
            .iter()
            .map(|column| TableChange::ColumnAdded { column: column.clone() })
            .chain(vanished.map(|column| match is_replaced {
                true => TableChange::ColumnDropped { column },
                false => TableChange::ColumnKept { column },
            }))
            .collect();
        let columns = if is_replaced { new } else { old.iter().cloned().chain(added).collect() };
        Self { columns, changes }
    }

    /// Returns where each of the columns is in `from`.
    pub(crate) fn positions_in(&self, from: &[String]) -> Vec<Option<usize>> {
        self.columns.iter().map(|name| from.iter().position(|other| other == name)).collect()
    }
}
