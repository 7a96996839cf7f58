//! `FIELDS(ALL)`, `FIELDS(STANDARD)` and `FIELDS(CUSTOM)`: replaced by the fields that the describe lists and a column can hold, so that neither
//! the limit of 200 records applies, nor what the Bulk API says of it.

use orgtap_salesforce::{Field, SObject};
use orgtap_soql::{Argument, Call, Diagnostic, Path, Query, SelectItem};

use super::LeftOut;
use super::columns::{item_of, problem, why_left_out};
use crate::error::Result;

/// Returns the word of `FIELDS(word)`, if that is what `item` is.
fn word(item: &SelectItem) -> Option<(&Call, &Path)> {
    match item {
        SelectItem::Call { call, .. } => match call.arguments.as_slice() {
            [Argument::Path(word)] if call.function.is("FIELDS") => Some((call, word)),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the query without its `FIELDS` items, for rules that are no longer theirs.
pub(super) fn without(query: &Query) -> Result<Query> {
    let mut rest = query.clone();
    rest.select.retain(|item| word(item).is_none());
    if rest.select.is_empty() {
        rest.select.push(item_of("Id")?);
    }
    Ok(rest)
}

/// What became of the `FIELDS` items of a query.
#[derive(Debug, Default)]
pub(super) struct Expanded {
    pub(super) left_out: Vec<LeftOut>,
    pub(super) notes: Vec<String>,
    pub(super) problems: Vec<Diagnostic>,
}

/// Puts the fields in the place of the `FIELDS` items. A field that is also named stays where it is named.
pub(super) fn expand(query: &mut Query, object: &SObject) -> Result<Expanded> {
    let mut expanded = Expanded::default();
    let mut taken: Vec<String> = query
        .select
        .iter()
        .filter_map(|item| match item {
            SelectItem::Field { path, .. } => Some(query.field_path(path).join(".").to_ascii_lowercase()),
            _ => None,
        })
        .collect();
    let mut select = Vec::with_capacity(query.select.len());
    for item in std::mem::take(&mut query.select) {
        let Some((call, word)) = word(&item) else {
            select.push(item);
            continue;
        };
        let of_kind = |field: &&Field| word.is("ALL") || field.custom == word.is("CUSTOM");
        let fields: Vec<&Field> = object.fields.iter().filter(of_kind).collect();
        if fields.is_empty() {
            let message =
                format!("`{call}` stands for nothing: `{}` has no such field, or the user sees none", object.name);
            expanded.problems.push(problem(call.span, message, Some("take it out of the query".to_owned())));
        }
        let before = select.len();
        for field in fields {
            match why_left_out(field) {
                _ if taken.contains(&field.name.to_ascii_lowercase()) => {}
                Some(reason) => {
                    expanded.left_out.push(LeftOut { field: field.name.clone(), reason: reason.to_owned() });
                }
                None => {
                    taken.push(field.name.to_ascii_lowercase());
                    select.push(item_of(&field.name)?);
                }
            }
        }
        expanded.notes.push(format!("`{call}` stands for {} fields", select.len() - before));
    }
    // What is wrong is told by the problem; a list is never empty.
    query.select = if select.is_empty() { vec![item_of("Id")?] } else { select };
    Ok(expanded)
}
