//! What Salesforce refuses in semi-joins and anti-joins: `Id IN (SELECT …)`.

use crate::{
    ast::{Comparison, Condition, Operand, Query, SelectItem, Value},
    diagnostic::{Diagnostic, Span},
};

/// Objects that cannot stand in a semi-join.
const EXCLUDED: [&str; 7] = ["ActivityHistory", "Attachment", "Event", "Note", "OpenActivity", "Tags", "Task"];

/// Returns the semi-joins of WHERE, but not those inside them.
pub(super) fn of(query: &Query) -> Vec<(&Comparison, &Query)> {
    let comparisons = query.filter.iter().flat_map(Condition::comparisons);
    let joins = comparisons.filter_map(|comparison| match &comparison.right {
        Value::Subquery(subquery) => Some((comparison, &**subquery)),
        _ => None,
    });
    joins.collect()
}

pub(super) fn refusals(query: &Query) -> Vec<Diagnostic> {
    const MOST: usize = 2;
    let joins = of(query);
    let mut found: Vec<Diagnostic> = joins.iter().flat_map(|(outer, inner)| refusals_of(query, outer, inner)).collect();
    if let Some((outer, _)) = joins.get(MOST) {
        let message = format!("a query takes {MOST} semi-joins at most");
        found.push(Diagnostic::error(message, outer.span).suggest("split the query"));
    }
    found.extend(query.filter.iter().flat_map(under_or));
    let having = query.having.iter().flat_map(Condition::comparisons);
    found.extend(having.filter(|comparison| matches!(comparison.right, Value::Subquery(_))).map(|comparison| {
        Diagnostic::error("a semi-join stands in WHERE only", comparison.span).suggest("move it to WHERE")
    }));
    found
}

fn refusals_of(query: &Query, outer: &Comparison, inner: &Query) -> Vec<Diagnostic> {
    let refuse = |message: &str, span: Span, advice: &str| Some(Diagnostic::error(message, span).suggest(advice));
    let is_own = |path| query.field_path(path).len() == 1;
    let left = match &outer.left {
        Operand::Path(path) if is_own(path) => None,
        left => refuse(
            "the left side of a semi-join is a field of the queried object itself",
            left.span(),
            "name the reference field, such as `AccountId` for `Account.Id`",
        ),
    };
    let selected = match inner.select.as_slice() {
        [SelectItem::Field { path, .. }] if inner.field_path(path).len() == 1 => None,
        _ => refuse(
            "a semi-join selects one field, of its own object",
            inner.span,
            "select the one field whose values are compared",
        ),
    };
    let object = inner.object();
    let objects = if object.is(&query.object().text) {
        refuse(
            "a semi-join does not query the object of the query it stands in",
            object.span,
            "put its condition into the WHERE of the query itself",
        )
    } else if EXCLUDED.iter().any(|excluded| object.is(excluded)) {
        refuse("this object cannot stand in a semi-join", object.span, "list the values themselves")
    } else {
        None
    };
    let nested = of(inner).first().and_then(|(deeper, _)| {
        refuse(
            "a semi-join holds no other semi-join",
            deeper.span,
            "put both into the WHERE of the query, joined by AND",
        )
    });
    let ordered = inner.order_by.first().map(|item| item.operand.span());
    let cut = ordered
        .or(inner.limit.map(|limit| limit.span))
        .and_then(|span| refuse("a semi-join has no ORDER BY and no LIMIT", span, "leave it out"));
    [left, selected, objects, nested, cut].into_iter().flatten().collect()
}

fn under_or(condition: &Condition) -> Vec<Diagnostic> {
    match condition {
        Condition::Or(operands) => {
            let comparisons = operands.iter().flat_map(Condition::comparisons);
            let joins = comparisons.filter(|comparison| matches!(comparison.right, Value::Subquery(_)));
            joins.map(refuse_in_or).collect()
        }
        Condition::And(operands) => operands.iter().flat_map(under_or).collect(),
        Condition::Not(operand) => under_or(operand),
        Condition::Comparison(_) => Vec::new(),
    }
}

fn refuse_in_or(join: &Comparison) -> Diagnostic {
    Diagnostic::error("a semi-join does not stand in OR", join.span).suggest("split the query, one for each side of OR")
}
