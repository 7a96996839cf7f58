//! What hurts an extract that is repeated: rows that cannot be told apart, found again, or counted on.

use crate::{
    ast::{
        Comparison, Condition, DateLiteral, Direction, Literal, LiteralKind, Operand, Operator, Path, Period, Query,
        SelectItem, Value,
    },
    diagnostic::{Diagnostic, Span, excerpt},
    function,
};

/// Returns what is wrong with a query that is repeated for records past a watermark of `cursor`, a path from the root
/// object.
///
/// Errors: the rows are groups, or an OFFSET leaves records out. Warnings: a LIMIT whose choice is not that of the oldest
/// changes, which leaves records behind for ever; a cursor field that is not selected; conditions that records come to
/// fulfil without a change of their own.
#[must_use]
pub fn incremental(query: &Query, cursor: &Path) -> Vec<Diagnostic> {
    let cursor = names_of(cursor);
    let mut found: Vec<Diagnostic> = if query.is_aggregate() {
        let message = "groups and aggregates cannot be fetched incrementally";
        vec![Diagnostic::error(message, select_span(query)).suggest("fetch all of it each time")]
    } else {
        missing(query, &cursor, "the cursor field").into_iter().collect()
    };
    found.extend(query.offset.map(|offset| {
        let message = "OFFSET leaves records out, others each time, and an incremental fetch never comes back to them";
        Diagnostic::error(message, offset.span).suggest("leave it out")
    }));
    found.extend(query.limit.filter(|_| !starts_with(query, &cursor)).map(|limit| {
        let message = "LIMIT takes any of the records, and an incremental fetch never comes back to the others";
        Diagnostic::warning(message, limit.span)
            .suggest(format!("leave it out, or write `ORDER BY {}` before it", cursor.join(".")))
    }));
    if let Some(filter) = &query.filter {
        find_unseen(query, filter, false, &mut found);
    }
    found.sort_by_key(|diagnostic| diagnostic.span.start);
    found
}

/// Adds a warning for each comparison that records come to fulfil without a change of their own, so that no incremental
/// fetch sees it: as time passes, or as other records change.
fn find_unseen(query: &Query, condition: &Condition, is_negated: bool, found: &mut Vec<Diagnostic>) {
    match condition {
        Condition::And(operands) | Condition::Or(operands) => {
            operands.iter().for_each(|operand| find_unseen(query, operand, is_negated, found));
        }
        Condition::Not(operand) => find_unseen(query, operand, !is_negated, found),
        Condition::Comparison(comparison) => found.extend(unseen(query, comparison, is_negated)),
    }
}

fn unseen(query: &Query, comparison: &Comparison, is_negated: bool) -> Option<Diagnostic> {
    let reason = match (&comparison.left, &comparison.right) {
        (_, Value::Subquery(_)) => "as other records change",
        (Operand::Path(path), _) if query.field_path(path).len() > 1 => "as their parents change",
        (left, Value::Literal(Literal { kind: LiteralKind::DateLiteral(period), .. }))
            if comes_true(query, left, comparison.operator, *period) != is_negated =>
        {
            "as time passes"
        }
        _ => return None,
    };
    let message = format!("records come to fulfil this {reason}, and an incremental fetch does not see it");
    Some(Diagnostic::warning(message, comparison.span).suggest("fetch all of it each time, or now and then"))
}

/// Returns whether a comparison with a period that moves with time becomes true for values that stay; else it can only become
/// false.
fn comes_true(query: &Query, left: &Operand, operator: Operator, period: DateLiteral) -> bool {
    let includes_now =
        matches!(period, DateLiteral::This(_) | DateLiteral::Last90Days | DateLiteral::LastN(Period::Day, _));
    match operator {
        Operator::Gt | Operator::Ge => false,
        // A stamp is never ahead of time.
        Operator::Eq => !(includes_now && is_stamp(query, left)),
        _ => true,
    }
}

/// Returns whether an operand is one of the stamps that Salesforce puts on records.
fn is_stamp(query: &Query, operand: &Operand) -> bool {
    let Operand::Path(path) = operand else { return false };
    let stamps = ["CreatedDate", "LastModifiedDate", "SystemModstamp"];
    matches!(query.field_path(path).as_slice(), [only] if stamps.iter().any(|stamp| only.eq_ignore_ascii_case(stamp)))
}

/// Returns a warning for each of `fields`, paths from the root object, that the query does not select: the primary key,
/// say. `FIELDS(…)` may select any.
#[must_use]
pub fn missing_fields<'a>(query: &Query, fields: impl IntoIterator<Item = &'a Path>) -> Vec<Diagnostic> {
    fields.into_iter().filter_map(|field| missing(query, &names_of(field), "the field")).collect()
}

fn missing(query: &Query, field: &[&str], what: &str) -> Option<Diagnostic> {
    let is_selected = query.select.iter().any(|item| match item {
        SelectItem::Field { path, .. } => same(&query.field_path(path), field),
        SelectItem::Call { call, .. } => function::fields_word(call).is_some() && field.len() == 1,
        SelectItem::Subquery { .. } | SelectItem::TypeOf(_) => false,
    });
    (!is_selected).then(|| {
        let name = excerpt(&field.join("."));
        let diagnostic = Diagnostic::warning(format!("{what} `{name}` is not selected"), select_span(query));
        diagnostic.suggest(format!("add `{name}` to the SELECT list"))
    })
}

/// Returns whether the rows come in the order of the field, oldest first.
fn starts_with(query: &Query, field: &[&str]) -> bool {
    query.order_by.first().is_some_and(|item| {
        item.direction != Some(Direction::Descending)
            && matches!(&item.operand, Operand::Path(path) if same(&query.field_path(path), field))
    })
}

fn names_of(path: &Path) -> Vec<&str> {
    path.segments.iter().map(|name| name.text.as_str()).collect()
}

fn same(one: &[&str], other: &[&str]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.eq_ignore_ascii_case(other))
}

fn select_span(query: &Query) -> Span {
    let mut items = query.select.iter().map(SelectItem::span);
    let first = items.next().unwrap_or_default();
    items.next_back().map_or(first, |last| first.to(last))
}
