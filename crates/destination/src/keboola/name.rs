//! Column names as Storage takes them.

use std::collections::HashMap;

use crate::{Result, TableSpec};

/// Returns `name` with everything but ASCII letters, digits and `_` replaced by `_`: `Account.Name` is `Account_Name`.
pub fn normalise(name: &str) -> String {
    name.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '_' }).collect()
}

/// Returns the names of the table's columns in Storage, in their order.
///
/// # Errors
///
/// Two columns would have one name. Storage does not tell letters of different case apart.
pub(super) fn columns(table: &TableSpec) -> Result<Vec<String>> {
    let mut taken: HashMap<String, &str> = HashMap::new();
    let mut names = Vec::with_capacity(table.columns.len());
    for column in &table.columns {
        let name = normalise(&column.name);
        if let Some(other) = taken.insert(name.to_ascii_lowercase(), &column.name) {
            let why = format!("columns `{other}` and `{}` would both be called `{name}` in Storage", column.name);
            return Err(table.invalid(why).with_hint("leave one of them out"));
        }
        names.push(name);
    }
    Ok(names)
}
