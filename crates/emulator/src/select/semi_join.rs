//! What Salesforce refuses in semi-joins and anti-joins, in its words.

use orgtap_soql::{Comparison, Condition, Query, Span, Value as Right};

use super::refuse::refuse;
use super::resolve::{FieldFacts, Resolver};
use crate::error::QueryError;
use crate::object::FieldKind;

/// The most semi-joins of a query.
const MOST: usize = 2;
/// Objects that cannot stand in a semi-join.
const EXCLUDED: [&str; 7] = ["ActivityHistory", "Attachment", "Event", "Note", "OpenActivity", "Tags", "Task"];

/// Refuses semi-joins where none may stand.
pub(super) fn check(query: &Query, text: &str) -> Result<(), QueryError> {
    let Some(filter) = &query.filter else { return Ok(()) };
    let joins: Vec<(&Comparison, &Query)> = of(filter);
    if let Some((outer, _)) = joins.get(MOST) {
        return Err(malformed(text, outer.span, &format!("Maximum {MOST} semi join sub-selects are allowed.")));
    }
    if let Some(span) = under_or(filter) {
        return Err(malformed(text, span, "Semi join sub-selects are not allowed with the 'OR' operator"));
    }
    joins.iter().try_for_each(|(_, inner)| check_inner(query, inner, text))
}

fn check_inner(outer: &Query, inner: &Query, text: &str) -> Result<(), QueryError> {
    let object = inner.object();
    let excluded = EXCLUDED.iter().find(|excluded| object.is(excluded));
    let ordered = inner.order_by.first().map(|item| ("ORDER", item.operand.span()));
    let cut = ordered.or_else(|| inner.limit.map(|limit| ("LIMIT", limit.span)));
    if let Some(excluded) = excluded {
        let message = format!("Entity '{excluded}' is not supported for semi join inner selects");
        Err(malformed(text, object.span, &message))
    } else if object.is(&outer.object().text) {
        Err(malformed(text, inner.span, "The inner and outer selects should not be on the same object type"))
    } else if inner.filter.as_ref().is_some_and(|filter| !of(filter).is_empty()) {
        Err(malformed(text, inner.span, "Nesting of semi join sub-selects is not supported"))
    } else if let Some((word, span)) = cut {
        Err(malformed(text, span, &format!("unexpected token: '{word}'")))
    } else {
        Ok(())
    }
}

/// Refuses a field on the left of a semi-join that holds no ids.
pub(super) fn check_left(resolver: Resolver<'_>, facts: &FieldFacts, span: Span) -> Result<(), QueryError> {
    if is_id(facts.kind) {
        return Ok(());
    }
    let message = format!(
        "The left operand field in the where expression for outer query should be an id field, cannot use: '{}'",
        facts.name
    );
    Err(malformed(resolver.text, span, &message))
}

/// Refuses a field selected in a semi-join that holds no ids.
pub(super) fn check_selected(text: &str, kind: FieldKind, name: &str, span: Span) -> Result<(), QueryError> {
    if is_id(kind) {
        return Ok(());
    }
    Err(malformed(text, span, &format!("Semi join sub-selects can only query id fields, cannot use: '{name}'")))
}

fn is_id(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Id | FieldKind::Reference)
}

fn malformed(text: &str, span: Span, message: &str) -> QueryError {
    refuse("MALFORMED_QUERY", text, span, message)
}

fn of(condition: &Condition) -> Vec<(&Comparison, &Query)> {
    let joins = condition.comparisons().into_iter().filter_map(|comparison| match &comparison.right {
        Right::Subquery(query) => Some((comparison, &**query)),
        _ => None,
    });
    joins.collect()
}

fn under_or(condition: &Condition) -> Option<Span> {
    match condition {
        Condition::Or(_) => of(condition).first().map(|(outer, _)| outer.span),
        Condition::And(operands) => operands.iter().find_map(under_or),
        Condition::Not(operand) => under_or(operand),
        Condition::Comparison(_) => None,
    }
}
