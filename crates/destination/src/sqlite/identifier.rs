//! Names in SQL. The only place where a name becomes SQL text.

use std::fmt;

use crate::{Result, TableSpec};

/// A name, printed in quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identifier(String);

impl Identifier {
    pub(super) fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    pub(super) fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// Returns `items` separated by `separator`.
pub(super) fn join<T: fmt::Display>(items: impl IntoIterator<Item = T>, separator: &str) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(separator)
}

/// Fails if SQLite, or this destination, would take one of `table`'s names for another.
pub(super) fn check_names(table: &TableSpec) -> Result<()> {
    for prefix in ["sqlite_", "_orgtap_"] {
        if table.name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)) {
            let why = format!("names that start with `{prefix}` are reserved");
            return Err(table.invalid(why).with_hint("set `table` to another name"));
        }
    }
    for (index, column) in table.columns.iter().enumerate() {
        let earlier = table.columns[..index].iter().find(|other| other.name.eq_ignore_ascii_case(&column.name));
        if let Some(earlier) = earlier {
            let why = format!("columns `{}` and `{}` differ only by case", earlier.name, column.name);
            return Err(table.invalid(why).with_hint("leave out one of the two columns"));
        }
    }
    row_id(table).map(drop)
}

/// Returns the word for SQLite's own record number that no column of `table` hides.
pub(super) fn row_id(table: &TableSpec) -> Result<&'static str> {
    let is_free = |alias: &&str| !table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(alias));
    ["rowid", "_rowid_", "oid"].into_iter().find(is_free).ok_or_else(|| {
        let why = "it has the columns `rowid`, `_rowid_` and `oid`, which leaves SQLite no name for its own";
        table.invalid(why).with_hint("leave out one of these columns")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_in_names_are_doubled() {
        assert_eq!(Identifier::new("a\"; DROP TABLE b; --").to_string(), "\"a\"\"; DROP TABLE b; --\"");
    }
}
