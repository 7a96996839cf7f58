//! `query?q=…&columns=true`: what the columns of a query are, without its records. Undocumented, but the `sf` command asks
//! for it before it shows a result.

use axum::{http::StatusCode, response::Response};
use orgtap_soql::SelectItem;
use serde::Serialize;

use super::Request;
use crate::{
    answer::{Refusal, json},
    object::FieldKind,
    select::{Scope, SelectedColumn, Selection},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Columns {
    column_metadata: Vec<Column>,
    entity_name: String,
    group_by: bool,
    id_selected: bool,
    key_prefix: Option<String>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Column {
    aggregate: bool,
    apex_type: Option<String>,
    boolean_type: bool,
    column_name: String,
    custom: bool,
    display_name: String,
    foreign_key_name: Option<String>,
    insertable: bool,
    join_columns: Vec<Self>,
    number_type: bool,
    text_type: bool,
    updatable: bool,
}

/// Answers `query?q=…&columns=true`.
pub(super) fn columns(soql: &str, scope: Scope, request: &Request) -> Result<Response, Refusal> {
    let selection = request.org().select(soql, scope)?;
    let mut columns = Vec::new();
    for column in selection.columns() {
        place(column, &selection, &mut columns);
    }
    columns.extend(selection.query().select.iter().filter_map(subquery));
    let document = Columns {
        column_metadata: columns,
        entity_name: selection.object().name.clone(),
        group_by: selection.query().group_by.is_some(),
        id_selected: selection.columns().iter().any(|column| column.header == "Id"),
        key_prefix: selection.object().key_prefix.clone(),
    };
    Ok(json(StatusCode::OK, &document))
}

/// Puts a column where it stands: among those of the record, or below the parents that lead to it.
fn place(column: &SelectedColumn, selection: &Selection, columns: &mut Vec<Column>) {
    let mut path = Vec::new();
    let mut parent = column.parent;
    while let Some(at) = parent {
        path.push(selection.parents()[at].name.as_str());
        parent = selection.parents()[at].parent;
    }
    let mut siblings = columns;
    for name in path.into_iter().rev() {
        let at = siblings.iter().position(|sibling| sibling.column_name == name && !sibling.join_columns.is_empty());
        let at = at.unwrap_or_else(|| {
            siblings.push(Column { foreign_key_name: Some(format!("{name}Id")), ..named(name) });
            siblings.len() - 1
        });
        siblings = &mut siblings[at].join_columns;
    }
    siblings.push(Column {
        aggregate: selection.is_aggregate(),
        boolean_type: column.kind == FieldKind::Boolean,
        custom: column.name.ends_with("__c"),
        number_type: column.kind.is_number(),
        text_type: column.kind.is_text(),
        ..named(&column.name)
    });
}

fn named(name: &str) -> Column {
    Column { column_name: name.to_owned(), display_name: name.to_owned(), ..Column::default() }
}

/// Returns the column of the children that a subquery reads.
fn subquery(item: &SelectItem) -> Option<Column> {
    let SelectItem::Subquery { query, .. } = item else { return None };
    let fields = query.select.iter().filter_map(|item| match item {
        SelectItem::Field { path, .. } => Some(named(&path.to_string())),
        _ => None,
    });
    Some(Column { aggregate: true, join_columns: fields.collect(), ..named(&query.object().text) })
}
