//! A SELECT list into columns, item by item. Aggregates, TYPEOF and child subqueries have modules of their own.

use std::sync::Arc;

use orgtap_salesforce::{Client, FieldType, SObject};
use orgtap_soql::{Argument, Call, Diagnostic, Diagnostics, Name, Path, Query, SelectItem};

use super::columns::{Selection, column, computed, problem, why_not_a_column};
use super::resolve::{Resolved, Resolver, Unresolved, refuse};
use super::{aggregate, children, polymorphic};
use crate::error::{Error, Result};
use crate::projection::{Origin, SelectedValue};

/// Resolves everything that `query`, parsed from `text`, selects. Every problem of the query stands in the one error.
pub(super) async fn of_query(query: &Query, text: &str, root: &Arc<SObject>, client: &Client) -> Result<Selection> {
    let resolver = Resolver { query, root, client };
    let mut selection = Selection::default();
    let mut problems = Vec::new();
    for item in &query.select {
        let before = selection.columns.len();
        match add(resolver, &mut selection, item).await {
            Ok(()) => problems.extend(repeated(&selection, before, item)),
            Err(Unresolved::Problem(problem)) => problems.push(problem),
            Err(Unresolved::Failed(error)) => return Err(error),
        }
    }
    if query.is_aggregate() {
        selection.grouped = aggregate::grouped(query, &selection.columns);
    }
    match Diagnostics::new(text, problems) {
        Some(diagnostics) => Err(Error::query(&diagnostics)),
        None => Ok(selection),
    }
}

/// Finds a column among those of `item` whose name is taken.
fn repeated(selection: &Selection, before: usize, item: &SelectItem) -> Option<Diagnostic> {
    let (old, new) = selection.columns.split_at(before);
    let is_taken = |name: &str| old.iter().any(|other| other.column.name.eq_ignore_ascii_case(name));
    let column = new.iter().find(|column| is_taken(&column.column.name))?;
    Some(problem(item.span(), format!("`{}` is selected twice", column.column.name), None))
}

async fn add(resolver: Resolver<'_>, selection: &mut Selection, item: &SelectItem) -> Result<(), Unresolved> {
    if resolver.query.is_aggregate() {
        return aggregate::add(resolver, selection, item).await;
    }
    match item {
        SelectItem::Field { path, .. } => {
            let resolved = resolver.path(path).await?;
            check_type(&resolved, path)?;
            Ok(selection.add_field(&resolved, item.clone())?)
        }
        SelectItem::Call { call, alias } => add_call(resolver, selection, call, alias.as_ref()).await,
        SelectItem::Subquery { query, alias, .. } => children::add(resolver, selection, item, query, alias.as_ref()),
        SelectItem::TypeOf(type_of) => polymorphic::add(resolver, selection, type_of).await,
    }
}

/// Refuses a field whose values no column can hold.
pub(super) fn check_type(resolved: &Resolved, path: &Path) -> Result<(), Unresolved> {
    match why_not_a_column(&resolved.field) {
        Some(reason) => Err(refuse(
            path.span(),
            format!("`{}` cannot be a column: {reason}", resolved.path.join(".")),
            Some("take it out of the query".to_owned()),
        )),
        None => Ok(()),
    }
}

async fn add_call(
    resolver: Resolver<'_>,
    selection: &mut Selection,
    call: &Call,
    alias: Option<&Name>,
) -> Result<(), Unresolved> {
    let item = SelectItem::Call { call: call.clone(), alias: alias.cloned() };
    if call.function.is("DISTANCE") {
        let name = alias.map_or_else(|| unnamed(selection, is_translated), |alias| alias.text.clone());
        let origin = Origin::Field { path: vec![name.clone()], field_type: FieldType::Double };
        let value = SelectedValue { header: name.clone(), is_header_uncertain: true, origin };
        selection.add(computed(&name, &FieldType::Double, true), value, item);
        return Ok(());
    }
    let Some(path) = translated(call) else {
        return Err(refuse(call.span, format!("`{}` cannot be extracted", call.function.text), None));
    };
    let resolved = resolver.path(path).await?;
    check_type(&resolved, path)?;
    // An amount in another currency is still an amount; a label and a formatted value are texts.
    let field_type =
        if call.function.is("convertCurrency") { resolved.field.field_type.clone() } else { FieldType::String };
    let path = alias.map_or_else(|| resolved.path.clone(), |alias| vec![alias.text.clone()]);
    let column = column(&path, &resolved.field, resolved.is_nullable).with_type(field_type.clone());
    let header = column.column.name.clone();
    let value = SelectedValue { header, is_header_uncertain: true, origin: Origin::Field { path, field_type } };
    selection.add(column, value, item);
    Ok(())
}

fn is_translated(call: &Call) -> bool {
    translated(call).is_some()
}

/// Returns the field inside a function that only changes how a value is written.
fn translated(call: &Call) -> Option<&Path> {
    let keeps_the_field = ["toLabel", "format", "convertCurrency"].iter().any(|name| call.function.is(name));
    match call.arguments.as_slice() {
        [Argument::Path(path)] if keeps_the_field => Some(path),
        [Argument::Call(inner)] if call.function.is("format") && inner.function.is("convertCurrency") => {
            translated(inner)
        }
        _ => None,
    }
}

/// Returns the name that Salesforce gives the next expression that has none: neither an alias nor, as `is_named` tells, that of its field.
pub(super) fn unnamed(selection: &Selection, is_named: impl Fn(&Call) -> bool) -> String {
    let is_unnamed = |item: &&SelectItem| matches!(item, SelectItem::Call { call, alias: None } if !is_named(call));
    format!("expr{}", selection.select.iter().filter(is_unnamed).count())
}
