//! Functions in places where Salesforce does not take them, and dates that it does not know.

use super::{calls, comparisons};
use crate::{
    ast::{Argument, Call, Comparison, GroupKind, Literal, LiteralKind, Operand, Operator, Query, SelectItem, Value},
    diagnostic::{Diagnostic, excerpt},
    function,
};

pub(super) fn refusals(query: &Query) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = comparisons(query).into_iter().filter_map(wrong_distance).collect();
    found.extend(grouped_distance(query));
    found.extend(lone_time_zones(query));
    found.extend(ordered_date_part(query));
    found.extend(misplaced_grouping(query));
    found.extend(calls(query).into_iter().filter_map(aggregate_of_aggregate));
    found.extend(type_of_beside_functions(query));
    found.extend(comparisons(query).into_iter().flat_map(unknown_dates));
    found
}

/// "DISTANCE supports only the logical operators > and <": distances are never equal.
fn wrong_distance(comparison: &Comparison) -> Option<Diagnostic> {
    let is_ordered = matches!(comparison.operator, Operator::Lt | Operator::Gt);
    let is_distance = matches!(&comparison.left, Operand::Call(call) if call.function.is("DISTANCE"));
    (is_distance && !is_ordered).then(|| {
        let message = format!("a distance is compared with `<` or `>`, not with `{}`", comparison.operator);
        Diagnostic::error(message, comparison.span).suggest("write `<` or `>`")
    })
}

fn grouped_distance(query: &Query) -> Option<Diagnostic> {
    let grouped = query.group_by.iter().flat_map(|group_by| &group_by.items);
    grouped.into_iter().find_map(|item| match item {
        Operand::Call(call) if call.function.is("DISTANCE") => {
            Some(Diagnostic::error("`DISTANCE` does not stand in GROUP BY", call.span).suggest("order by it instead"))
        }
        _ => None,
    })
}

/// `convertTimezone` stands in a date function only.
fn lone_time_zones(query: &Query) -> Vec<Diagnostic> {
    let all = calls(query);
    let inner = all.iter().filter(|call| function::is_date_part(call)).flat_map(|call| &call.arguments);
    let allowed: Vec<usize> = inner
        .filter_map(|argument| match argument {
            Argument::Call(call) => Some(std::ptr::from_ref(call).addr()),
            _ => None,
        })
        .collect();
    let is_lone =
        |call: &&&Call| call.function.is("convertTimezone") && !allowed.contains(&std::ptr::from_ref(**call).addr());
    let refuse = |call: &&Call| {
        let argument = call.arguments.first().map(ToString::to_string).unwrap_or_default();
        let suggestion = format!("write `DAY_ONLY(convertTimezone({}))`, or the field alone", excerpt(&argument));
        Diagnostic::error("`convertTimezone` stands inside a date function only", call.span).suggest(suggestion)
    };
    all.iter().filter(is_lone).map(refuse).collect()
}

fn ordered_date_part(query: &Query) -> Option<Diagnostic> {
    if query.is_aggregate() {
        return None;
    }
    query.order_by.iter().find_map(|item| match &item.operand {
        Operand::Call(call) if function::is_date_part(call) => {
            let message = format!("`{}` does not stand in ORDER BY without GROUP BY", excerpt(&call.to_string()));
            Some(Diagnostic::error(message, call.span).suggest("order by the field itself"))
        }
        _ => None,
    })
}

/// An aggregate is of a field: `SUM(MAX(Amount))` is of nothing.
fn aggregate_of_aggregate(call: &Call) -> Option<Diagnostic> {
    let inner = call.arguments.iter().find_map(|argument| match argument {
        Argument::Call(inner) if function::is_aggregate(inner) => Some(inner),
        _ => None,
    })?;
    function::aggregates(call).then(|| {
        let message = format!("`{}` does not stand in another aggregate function", excerpt(&inner.to_string()));
        Diagnostic::error(message, inner.span).suggest("name the field itself")
    })
}

fn misplaced_grouping(query: &Query) -> Option<Diagnostic> {
    let has_subtotals = query.group_by.as_ref().is_some_and(|group_by| group_by.kind != GroupKind::Plain);
    let call = calls(query).into_iter().find(|call| call.function.is("GROUPING"))?;
    (!has_subtotals).then(|| {
        let diagnostic = Diagnostic::error("`GROUPING` stands with ROLLUP and CUBE only", call.span);
        diagnostic.suggest("leave it out, or write `GROUP BY ROLLUP(…)`")
    })
}

/// "TYPEOF can't be used in queries with functions in the SELECT clause."
fn type_of_beside_functions(query: &Query) -> Option<Diagnostic> {
    let type_of = query.select.iter().find_map(|item| match item {
        SelectItem::TypeOf(type_of) => Some(type_of),
        _ => None,
    })?;
    (query.calls().next().is_some() && !query.is_aggregate()).then(|| {
        let diagnostic = Diagnostic::error("TYPEOF does not stand beside functions", type_of.span);
        diagnostic.suggest("query the functions on their own")
    })
}

/// Dates are those from 1700 to 4000.
fn unknown_dates(comparison: &Comparison) -> Vec<Diagnostic> {
    let literals = match &comparison.right {
        Value::Literal(literal) => std::slice::from_ref(literal),
        Value::List(literals) => literals.as_slice(),
        Value::Subquery(_) => &[],
    };
    let is_unknown = |literal: &&Literal| match &literal.kind {
        LiteralKind::Date(text) | LiteralKind::DateTime(text) => {
            let year = text.split('-').next().and_then(|year| year.parse::<u32>().ok());
            !year.is_some_and(|year| (1700..=4000).contains(&year))
        }
        _ => false,
    };
    let refuse = |literal: &Literal| {
        let message = format!("`{}` is not between the years 1700 and 4000", literal.kind);
        Diagnostic::error(message, literal.span).suggest("leave the condition out")
    };
    literals.iter().filter(is_unknown).map(refuse).collect()
}
