//! Rules that a query may break although it parses, as far as they need no describe.
//!
//! [`api`] finds what no API of Salesforce runs, [`bulk`] what the Bulk API cannot do but REST can, [`incremental`] and
//! [`missing_fields`] what hurts an extract that is repeated. None of them knows whether an object or field exists or what
//! type it has.

mod alias;
mod bulk;
mod functions;
mod grouping;
mod incremental;
mod reach;
mod semi_join;

use std::collections::HashSet;

pub use bulk::bulk;
pub use incremental::{incremental, missing_fields};

use crate::{
    ast::{Argument, Call, Comparison, Literal, LiteralKind, Operand, Operator, Path, Query, SelectItem, Value},
    diagnostic::{Diagnostic, Span, excerpt},
    function,
};

/// Returns what Salesforce refuses, and what an extract must not do, in the order of the text. All are errors.
#[must_use]
pub fn api(query: &Query) -> Vec<Diagnostic> {
    let mut found = level(query);
    found.extend(reach::too_deep(query));
    found.extend(writes(query));
    found.sort_by_key(|diagnostic| diagnostic.span.start);
    found
}

/// Clauses that do something to the org, at any depth.
fn writes(query: &Query) -> Vec<Diagnostic> {
    let refuse = |clause: String, span: Span| {
        let message = format!("`{clause}` writes to the org, and an extract only reads");
        Diagnostic::error(message, span).suggest("leave it out")
    };
    let marks = query.for_clauses.iter().map(|each| refuse(format!("FOR {}", each.kind), each.span));
    let counts = query.update.iter().map(|each| refuse(format!("UPDATE {}", each.kind), each.span));
    marks.chain(counts).chain(subqueries(query).into_iter().flat_map(writes)).collect()
}

/// Applies the rules of one SELECT to a query and to each of its subqueries.
fn level(query: &Query) -> Vec<Diagnostic> {
    let mut found = duplicate_fields(query);
    found.extend(alias::refusals(query));
    found.extend(fields_without_limit(query));
    found.extend(calls(query).into_iter().filter_map(function::wrong_count));
    found.extend(reach::refusals(query));
    found.extend(comparisons(query).into_iter().flat_map(long_texts));
    found.extend(grouping::refusals(query));
    found.extend(functions::refusals(query));
    found.extend(offset(query));
    found.extend(semi_join::refusals(query));
    found.extend(subqueries(query).into_iter().flat_map(level));
    found
}

/// The child subqueries and the semi-joins.
fn subqueries(query: &Query) -> Vec<&Query> {
    let children = query.select.iter().filter_map(|item| match item {
        SelectItem::Subquery { query, .. } => Some(&**query),
        _ => None,
    });
    children.chain(semi_join::of(query).into_iter().map(|(_, subquery)| subquery)).collect()
}

fn comparisons(query: &Query) -> Vec<&Comparison> {
    query.filter.iter().chain(&query.having).flat_map(|condition| condition.comparisons()).collect()
}

/// Everything outside the SELECT list that is compared, grouped or ordered by.
fn operands(query: &Query) -> impl Iterator<Item = &Operand> {
    let compared = comparisons(query).into_iter().map(|comparison| &comparison.left);
    let grouped = query.group_by.iter().flat_map(|group_by| &group_by.items);
    compared.chain(grouped).chain(query.order_by.iter().map(|item| &item.operand))
}

/// Every function call, with those inside others.
fn calls(query: &Query) -> Vec<&Call> {
    let operands = operands(query).filter_map(|operand| match operand {
        Operand::Call(call) => Some(call),
        Operand::Path(_) => None,
    });
    let mut calls: Vec<&Call> = query.calls().chain(operands).collect();
    let mut next = 0;
    while let Some(call) = calls.get(next).copied() {
        calls.extend(call.arguments.iter().filter_map(|argument| match argument {
            Argument::Call(inner) => Some(inner),
            _ => None,
        }));
        next += 1;
    }
    calls
}

/// Every field.
fn paths(query: &Query) -> Vec<&Path> {
    let selected = query.select.iter().filter_map(|item| match item {
        SelectItem::Field { path, .. } => Some(path),
        _ => None,
    });
    let operands = operands(query).filter_map(|operand| match operand {
        Operand::Path(path) => Some(path),
        Operand::Call(_) => None,
    });
    let arguments = calls(query).into_iter().flat_map(|call| &call.arguments).filter_map(|argument| match argument {
        Argument::Path(path) => Some(path),
        _ => None,
    });
    selected.chain(operands).chain(arguments).collect()
}

fn duplicate_fields(query: &Query) -> Vec<Diagnostic> {
    let mut seen = HashSet::new();
    let fields = query.select.iter().filter_map(|item| match item {
        SelectItem::Field { path, alias: None } => Some(path),
        _ => None,
    });
    let repeated = fields.filter(|path| !seen.insert(query.field_path(path).join(".").to_ascii_lowercase()));
    let refuse = |path: &Path| {
        let message = format!("`{}` is selected twice", excerpt(&path.to_string()));
        Diagnostic::error(message, path.span()).suggest("leave one out")
    };
    repeated.map(refuse).collect()
}

/// `FIELDS(ALL)` and `FIELDS(CUSTOM)` work for few records only.
fn fields_without_limit(query: &Query) -> Vec<Diagnostic> {
    const MOST: u64 = 200;
    let names_ids = comparisons(query).iter().any(|comparison| {
        let is_few = match &comparison.right {
            Value::Literal(_) => comparison.operator == Operator::Eq,
            Value::List(ids) => comparison.operator == Operator::In && ids.len() as u64 <= MOST,
            Value::Subquery(_) => false,
        };
        is_few && matches!(&comparison.left, Operand::Path(path) if is_id(query, path))
    });
    if names_ids || query.limit.is_some_and(|limit| limit.value <= MOST) {
        return Vec::new();
    }
    let refuse = |call: &Call| {
        let message = format!("`{call}` needs a LIMIT of {MOST} or less");
        Diagnostic::error(message, call.span).suggest(format!("name the fields, or add `LIMIT {MOST}`"))
    };
    unbounded_fields(query).map(refuse).collect()
}

fn is_id(query: &Query, path: &Path) -> bool {
    matches!(query.field_path(path).as_slice(), [only] if only.eq_ignore_ascii_case("Id"))
}

/// The calls of `FIELDS` whose fields only the org knows.
fn unbounded_fields(query: &Query) -> impl Iterator<Item = &Call> {
    query.calls().filter(|call| function::fields_word(call).is_some_and(|word| !word.is("STANDARD")))
}

fn long_texts(comparison: &Comparison) -> Vec<Diagnostic> {
    const MOST: usize = 4_000;
    let literals = match &comparison.right {
        Value::Literal(literal) => std::slice::from_ref(literal),
        Value::List(literals) => literals.as_slice(),
        Value::Subquery(_) => &[],
    };
    let refuse = |literal: &Literal| match &literal.kind {
        LiteralKind::String(text) if text.chars().count() > MOST => {
            let message = format!("the text has {} characters, and {MOST} is the most", text.chars().count());
            Some(Diagnostic::error(message, literal.span).suggest("compare with a shorter text"))
        }
        _ => None,
    };
    literals.iter().filter_map(refuse).collect()
}

fn offset(query: &Query) -> Option<Diagnostic> {
    const MOST: u64 = 2_000;
    query.offset.filter(|offset| offset.value > MOST).map(|offset| {
        let diagnostic = Diagnostic::error(format!("OFFSET is {MOST} at most"), offset.span);
        diagnostic.suggest("order by Id and ask for records after the last one, or leave it out")
    })
}

#[cfg(test)]
mod tests;
