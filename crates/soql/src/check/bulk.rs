//! What the Bulk API cannot do.

use super::{calls, unbounded_fields};
use crate::{
    ast::{Query, SelectItem},
    diagnostic::{Diagnostic, Span},
    function,
};

/// Returns what the Bulk API refuses as errors, and what keeps it from working in parallel as warnings, in the order of
/// the text.
///
/// Compound fields and objects without Bulk support need a describe and are not found here.
#[must_use]
pub fn bulk(query: &Query) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = selected(query).collect();
    found.extend(query.group_by.iter().map(|group_by| refuse("GROUP BY", group_by.span)));
    found.extend(query.offset.iter().map(|offset| refuse("OFFSET", offset.span)));
    found.extend(
        calls(query)
            .into_iter()
            .filter(|call| call.function.is("DISTANCE"))
            .map(|call| refuse("`DISTANCE`: its places are compound fields", call.span)),
    );
    found.extend(query.order_by.first().map(|first| slow("ORDER BY", first.operand.span())));
    found.extend(query.limit.iter().map(|limit| slow("LIMIT", limit.span)));
    found.sort_by_key(|diagnostic| diagnostic.span.start);
    found
}

fn selected(query: &Query) -> impl Iterator<Item = Diagnostic> {
    let items = query.select.iter().filter_map(|item| match item {
        SelectItem::Subquery { span, .. } => Some(refuse("child subqueries", *span)),
        SelectItem::TypeOf(type_of) => Some(refuse("TYPEOF", type_of.span)),
        SelectItem::Call { call, .. } if function::is_aggregate(call) => Some(refuse("aggregate functions", call.span)),
        _ => None,
    });
    let fields = unbounded_fields(query)
        .map(|call| Diagnostic::error(format!("the Bulk API takes no `{call}`"), call.span).suggest("name the fields"));
    items.chain(fields)
}

fn refuse(what: &str, span: Span) -> Diagnostic {
    Diagnostic::error(format!("the Bulk API takes no {what}"), span).suggest("run the query through the REST API")
}

fn slow(what: &str, span: Span) -> Diagnostic {
    let message = format!("with {what} the Bulk API cannot split the query by primary key");
    Diagnostic::warning(message, span).suggest("leave it out unless it matters")
}
