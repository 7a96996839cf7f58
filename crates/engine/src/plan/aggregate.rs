//! Aggregates and GROUP BY: rows computed from several records, with columns named as Salesforce names them.

use orgtap_salesforce::FieldType;
use orgtap_soql::{Argument, Call, Diagnostic, GroupKind, Operand, Path, Query, SelectItem, Span};

use super::columns::{SelectedColumn, Selection, column, computed};
use super::resolve::{Resolver, Unresolved, refuse};
use super::select::{check_type, unnamed};
use crate::projection::{Origin, SelectedValue};

/// The column of `SELECT COUNT()`, whose answer is a number without a name.
const COUNT: &str = "count";

/// Adds an item of an aggregate's SELECT list. Whatever path a grouped field has, its name in the answer is the last of it.
pub(super) async fn add(
    resolver: Resolver<'_>,
    selection: &mut Selection,
    item: &SelectItem,
) -> Result<(), Unresolved> {
    match item {
        SelectItem::Field { path, alias } => {
            let resolved = resolver.path(path).await?;
            check_type(&resolved, path)?;
            let name = alias.as_ref().map_or_else(|| resolved.field.name.clone(), |alias| alias.text.clone());
            let field_type = resolved.field.field_type.clone();
            let column = column(
                std::slice::from_ref(&name),
                &resolved.field,
                resolved.is_nullable || has_subtotals(resolver.query),
            );
            selection.add(column, value(&name, field_type), item.clone());
            Ok(())
        }
        SelectItem::Call { call, .. } if call.function.is("COUNT") && call.arguments.is_empty() => {
            let header = COUNT.to_owned();
            let value = SelectedValue { header, is_header_uncertain: false, origin: Origin::Count };
            selection.add(computed(COUNT, &FieldType::Int, false), value, item.clone());
            Ok(())
        }
        SelectItem::Call { call, alias } => {
            let (field_type, is_nullable) = result(resolver, call).await?;
            let name = match (alias, label_of(call)) {
                (Some(alias), _) => alias.text.clone(),
                (None, Some(path)) => resolver.path(path).await?.field.name,
                (None, None) => unnamed(selection, |call| label_of(call).is_some()),
            };
            let column = computed(&name, &field_type, is_nullable);
            selection.add(column, value(&name, field_type), item.clone());
            Ok(())
        }
        SelectItem::Subquery { .. } | SelectItem::TypeOf(_) => {
            Err(refuse(item.span(), "this does not go with GROUP BY and aggregate functions", None))
        }
    }
}

fn value(name: &str, field_type: FieldType) -> SelectedValue {
    let origin = Origin::Field { path: vec![name.to_owned()], field_type };
    SelectedValue { header: name.to_owned(), is_header_uncertain: false, origin }
}

/// Returns the grouped field whose label `call` is: that keeps the name of the field.
fn label_of(call: &Call) -> Option<&Path> {
    match call.arguments.as_slice() {
        [Argument::Path(path)] if call.function.is("toLabel") => Some(path),
        _ => None,
    }
}

/// Returns the type of what `call` computes, and whether it may be null. Looks up every field in it.
async fn result(resolver: Resolver<'_>, call: &Call) -> Result<(FieldType, bool), Unresolved> {
    let (mut innermost, mut call_chain) = (call, vec![call]);
    while let [Argument::Call(inner)] = innermost.arguments.as_slice() {
        innermost = inner;
        call_chain.push(inner);
    }
    let [Argument::Path(path)] = innermost.arguments.as_slice() else {
        return Err(refuse(call.span, format!("`{}` cannot be extracted", call.function.text), None));
    };
    if call.function.is("FIELDS") {
        return Err(refuse(call.span, "`FIELDS` does not go with GROUP BY and aggregate functions", None));
    }
    let resolved = resolver.path(path).await?;
    let mut result = (resolved.field.field_type, true);
    for call in call_chain.into_iter().rev() {
        result = of_function(&call.function.text, result);
    }
    Ok(result)
}

/// Returns what the function called `name` makes of a value.
fn of_function(name: &str, argument: (FieldType, bool)) -> (FieldType, bool) {
    match name.to_ascii_uppercase().as_str() {
        "COUNT" | "COUNT_DISTINCT" | "GROUPING" => (FieldType::Int, false),
        "SUM" | "AVG" => (FieldType::Double, true),
        "TOLABEL" | "FORMAT" => (FieldType::String, true),
        "DAY_ONLY" => (FieldType::Date, true),
        // MIN and MAX are values of the field; these are the same in another unit.
        "MIN" | "MAX" | "CONVERTCURRENCY" | "CONVERTTIMEZONE" => argument,
        "CALENDAR_MONTH" | "CALENDAR_QUARTER" | "CALENDAR_YEAR" | "DAY_IN_MONTH" | "DAY_IN_WEEK" | "DAY_IN_YEAR"
        | "FISCAL_MONTH" | "FISCAL_QUARTER" | "FISCAL_YEAR" | "HOUR_IN_DAY" | "WEEK_IN_MONTH" | "WEEK_IN_YEAR" => {
            (FieldType::Int, true)
        }
        // Salesforce adds functions with most releases.
        _ => (FieldType::String, true),
    }
}

/// Returns the columns of what is grouped by, if all of it is selected and no subtotals stand among the rows: they tell the rows apart.
pub(super) fn grouped(query: &Query, columns: &[SelectedColumn]) -> Option<Vec<String>> {
    let group_by = query.group_by.as_ref().filter(|group_by| group_by.kind == GroupKind::Plain)?;
    let is_it = |item: &SelectItem, operand: &Operand| match (item, operand) {
        (SelectItem::Field { path, .. }, Operand::Path(other)) => {
            query.field_path(path).join(".").eq_ignore_ascii_case(&query.field_path(other).join("."))
        }
        (SelectItem::Call { call, .. }, Operand::Call(other)) => {
            call.to_string().eq_ignore_ascii_case(&other.to_string())
        }
        _ => false,
    };
    let name = |operand: &Operand| {
        let place = query.select.iter().position(|item| is_it(item, operand))?;
        columns.get(place).map(|column| column.column.name.clone())
    };
    group_by.items.iter().map(name).collect()
}

fn has_subtotals(query: &Query) -> bool {
    query.group_by.as_ref().is_some_and(|group_by| group_by.kind != GroupKind::Plain)
}

/// Returns why the rows of `query`, if it is an aggregate, cannot be fetched incrementally.
pub(super) fn not_incremental(query: &Query) -> Option<Diagnostic> {
    if !query.is_aggregate() {
        return None;
    }
    let call = query.select.iter().find(|item| matches!(item, SelectItem::Call { .. }));
    let span: Span = match (&query.group_by, call) {
        (Some(group_by), _) => group_by.span,
        (None, call) => call.map(SelectItem::span).unwrap_or_default(),
    };
    let message = "computed rows cannot be fetched incrementally: they would be computed from the changed records only";
    Some(Diagnostic::error(message, span).suggest("set `fetch = \"all\"`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_a_result_follows_from_the_functions_around_the_field() {
        let currency = || (FieldType::Currency, true);

        assert_eq!(of_function("max", currency()), currency());
        assert_eq!(of_function("Count_Distinct", currency()), (FieldType::Int, false));
        assert_eq!(of_function("FORMAT", of_function("MIN", currency())), (FieldType::String, true));
        assert_eq!(
            of_function("DAY_ONLY", of_function("convertTimezone", (FieldType::DateTime, true))).0,
            FieldType::Date
        );
    }
}
