//! Records as a set, for comparing a table with the org's truth.

use std::fmt;

use orgtap_destination::memory::TableContents;
use orgtap_emulator::{FieldKind, Id, Org, Scope};

/// Records by column, without order: two are equal when they hold the same values as often.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Records {
    columns: Vec<String>,
    /// Sorted.
    values: Vec<Vec<Option<String>>>,
}

impl Records {
    fn new(columns: Vec<String>, mut values: Vec<Vec<Option<String>>>) -> Self {
        values.sort_unstable();
        Self { columns, values }
    }

    /// Returns what a query selects, in the text form of the Bulk API.
    pub(crate) fn of_query(org: &Org, soql: &str, scope: Scope) -> Self {
        let selection = org.select(soql, scope).unwrap_or_else(|error| panic!("{soql}: {error}"));
        let kinds: Vec<FieldKind> = selection.columns().iter().map(|column| column.kind).collect();
        let text = |values: Vec<orgtap_emulator::Value>| {
            let texts = values.iter().zip(&kinds).map(|(value, kind)| value.csv(*kind).into_owned());
            texts.map(|text| Some(text).filter(|text| !text.is_empty())).collect()
        };
        let columns = selection.columns().iter().map(|column| column.header.clone()).collect();
        Self::new(columns, selection.page(0, selection.total()).map(text).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Returns the value of `column` in the one record whose `Id` is `id`.
    pub(crate) fn value(&self, id: Id, column: &str) -> Option<String> {
        let ids = self.position("Id");
        let mut found = self.values.iter().filter(|record| record[ids].as_deref() == Some(&*id.to_string()));
        let record = found.next().unwrap_or_else(|| panic!("there is no record {id}"));
        assert!(found.next().is_none(), "record {id} is there twice");
        record[self.position(column)].clone()
    }

    /// Returns all values of `column`, sorted.
    pub(crate) fn column(&self, column: &str) -> Vec<Option<String>> {
        let position = self.position(column);
        let mut values: Vec<_> = self.values.iter().map(|record| record[position].clone()).collect();
        values.sort_unstable();
        values
    }

    /// Returns the records whose value of `column` is wanted.
    pub(crate) fn filtered(&self, column: &str, is_wanted: impl Fn(&Option<String>) -> bool) -> Self {
        let position = self.position(column);
        let values = self.values.iter().filter(|record| is_wanted(&record[position])).cloned();
        Self::new(self.columns.clone(), values.collect())
    }

    fn position(&self, column: &str) -> usize {
        self.columns.iter().position(|name| name == column).unwrap_or_else(|| panic!("there is no column `{column}`"))
    }
}

impl From<TableContents> for Records {
    fn from(table: TableContents) -> Self {
        Self::new(table.columns, table.records)
    }
}

/// Shows the figures only: hundreds of records on a screen help nobody. [`assert_same`] shows where two sets part.
impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records of {:?}", self.values.len(), self.columns)
    }
}

/// Fails unless `found` and `expected` are the same, and shows the first records that only one of them has.
#[track_caller]
pub(crate) fn assert_same(found: &Records, expected: &Records) {
    assert_eq!(found.columns, expected.columns, "the columns differ");
    if found == expected {
        return;
    }
    let only_in = |one: &Records, other: &Records| {
        let only: Vec<_> = one.values.iter().filter(|record| other.values.binary_search(record).is_err()).collect();
        format!("{}: {:?}", only.len(), only.into_iter().take(2).collect::<Vec<_>>())
    };
    panic!(
        "{} records found, {} expected\nonly found {}\nonly expected {}",
        found.len(),
        expected.len(),
        only_in(found, expected),
        only_in(expected, found)
    );
}
