//! Families of objects that Salesforce keeps elsewhere, and queries in part only: big objects (`__b`), custom metadata (`__mdt`) and
//! external objects (`__x`). The rules are those of the SOQL reference ("SOQL Object Limits and Limitations"), the words those that
//! people have quoted of Salesforce, as noted beside each; the others are our own.

use orgtap_soql::{Comparison, Condition, Direction, Operand, Operator, Query, SelectItem, WithKind};

use super::group;
use super::resolve::Resolver;
use crate::error::QueryError;
use crate::object::ObjectType;

/// Refuses what queries of the root object's family cannot do.
pub(super) fn check(resolver: Resolver<'_>) -> Result<(), QueryError> {
    let name = resolver.root().object.name.as_str();
    if name.ends_with("__b") {
        check_big(resolver)
    } else if name.ends_with("__mdt") {
        check_metadata(resolver)
    } else if name.ends_with("__x") {
        check_external(resolver)
    } else {
        Ok(())
    }
}

/// Returns whether a query counts, sums up or groups, but for `COUNT()` alone if that is said to be no matter.
fn aggregates(query: &Query, bare_count_counts: bool) -> bool {
    let is_bare = |item: &SelectItem| matches!(item, SelectItem::Call { call, .. } if call.function.is("COUNT") && call.arguments.is_empty());
    let is_aggregate =
        |item: &SelectItem| matches!(item, SelectItem::Call { call, .. } if group::holds_aggregate(call));
    let counts = query.select.iter().any(|item| is_aggregate(item) && (bare_count_counts || !is_bare(item)));
    counts || query.group_by.is_some() || query.having.is_some()
}

/// Returns the fields of a big object's index, in their order: its own fields that every record has.
fn index(object: &ObjectType) -> Vec<&str> {
    object.fields.iter().filter(|field| field.custom && !field.nillable).map(|field| field.name.as_str()).collect()
}

/// What is said of filters and orders that do not go by the index from its first field on; quoted by people who hit it.
const GAP: &str = "Filters may not have any gaps within the composite key";

fn check_big(resolver: Resolver<'_>) -> Result<(), QueryError> {
    let query = resolver.query;
    let refuse = |message: &str| Err(QueryError::new("BIG_OBJECT_UNSUPPORTED_OPERATION", message));
    if aggregates(query, true) {
        // Quoted in RoseSilverSoftware/IlluminatedCloud#1775.
        return refuse("Aggregate functions not supported");
    }
    let index = index(&resolver.root().object);
    let is_next = |at: usize, operand: &Operand| {
        let name = own_field(query, operand);
        index.get(at).zip(name).is_some_and(|(field, name)| field.eq_ignore_ascii_case(&name))
    };
    let orders_by_index = query.order_by.iter().enumerate().all(|(at, item)| is_next(at, &item.operand));
    if !orders_by_index {
        return refuse(GAP);
    }
    if let Some(item) = query.order_by.iter().find(|item| item.direction == Some(Direction::Descending)) {
        // Clients that read event log objects look for this text; there the index runs the other way, and ASCENDING is refused.
        let column = own_field(query, &item.operand).unwrap_or_default().to_ascii_uppercase();
        return refuse(&format!("Unsupported order direction on filter column: {column} : DESCENDING"));
    }
    let Some(filter) = &query.filter else { return Ok(()) };
    let comparisons: Vec<&Comparison> = match filter {
        Condition::Comparison(comparison) => vec![comparison],
        Condition::And(operands) => {
            let plain = operands.iter().map(|operand| match operand {
                Condition::Comparison(comparison) => Some(comparison),
                _ => None,
            });
            match plain.collect() {
                Some(comparisons) => comparisons,
                None => return refuse("only AND is supported between filters on big objects"),
            }
        }
        Condition::Or(_) | Condition::Not(_) => return refuse("only AND is supported between filters on big objects"),
    };
    if comparisons.iter().filter(|comparison| comparison.operator == Operator::In).count() > 1 {
        return refuse("IN may be used only once in a filter on a big object");
    }
    let is_exact = |at: usize| matches!(comparisons[at].operator, Operator::Eq | Operator::In);
    let mut field = 0;
    for (at, comparison) in comparisons.iter().enumerate() {
        // The last field may stand in two comparisons: from here, to there.
        let is_same = at > 0 && is_next(field, &comparison.left) && !is_exact(at - 1);
        if at > 0 && !is_same {
            if !is_exact(at - 1) {
                return refuse(
                    "only the last field of a filter on a big object may be compared by another operator than = and IN",
                );
            }
            field += 1;
        }
        if !is_next(field, &comparison.left) {
            return refuse(GAP);
        }
        let allowed = [Operator::Eq, Operator::Lt, Operator::Le, Operator::Gt, Operator::Ge, Operator::In];
        if !allowed.contains(&comparison.operator) {
            return refuse("filters on big objects support only the operators =, <, >, <=, >= and IN");
        }
    }
    Ok(())
}

/// Returns the name of the record's own field that is compared or ordered by, if it is one.
fn own_field(query: &Query, operand: &Operand) -> Option<String> {
    match operand {
        Operand::Path(path) => match query.field_path(path).as_slice() {
            [only] => Some((*only).to_owned()),
            _ => None,
        },
        Operand::Call(_) => None,
    }
}

fn check_metadata(resolver: Resolver<'_>) -> Result<(), QueryError> {
    let query = resolver.query;
    if aggregates(query, false) {
        return Err(unsupported());
    }
    if let Some(item) = query.order_by.iter().find(|item| own_field(query, &item.operand).is_none()) {
        let message = "Custom metadata types can only be ordered by their own fields";
        return Err(resolver.refuse("MALFORMED_QUERY", item.operand.span(), message));
    }
    match query.filter.as_ref().and_then(|filter| mixed_or(query, filter)) {
        // Quoted by people who hit it in flows and Apex ("DisjunctionsNotSupportedException"), without place or code.
        Some(_) => Err(QueryError::new("MALFORMED_QUERY", "Disjunctions not supported")),
        None => Ok(()),
    }
}

/// What objects without tables of their own say of groups and aggregates (Tooling API guide, "SOQL Operation Limitations"). Which code
/// goes with it differs from one report to the next.
fn unsupported() -> QueryError {
    let message = "The requested operation is not yet supported by this SObject storage type, contact salesforce.com support for more \
                   information.";
    QueryError::new("EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION", message)
}

/// Finds an OR between conditions on different fields.
fn mixed_or<'a>(query: &Query, condition: &'a Condition) -> Option<&'a Condition> {
    match condition {
        Condition::Or(_) => {
            let field = |comparison: &&Comparison| own_field(query, &comparison.left).map(|name| name.to_lowercase());
            let mut fields = condition.comparisons().into_iter().map(|comparison| field(&comparison));
            let first = fields.next()?;
            (first.is_none() || fields.any(|other| other != first)).then_some(condition)
        }
        Condition::And(operands) => operands.iter().find_map(|operand| mixed_or(query, operand)),
        Condition::Not(operand) => mixed_or(query, operand),
        Condition::Comparison(_) => None,
    }
}

fn check_external(resolver: Resolver<'_>) -> Result<(), QueryError> {
    let query = resolver.query;
    let refuse = |what: &str| {
        let message = format!("{what} not supported for external objects");
        Err(QueryError::new("EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION", message))
    };
    if aggregates(query, false) {
        return Err(unsupported());
    }
    if query.select.iter().any(|item| matches!(item, SelectItem::TypeOf(_))) {
        return refuse("TYPEOF is");
    }
    if query
        .with
        .iter()
        .any(|with| !matches!(with.kind, WithKind::SecurityEnforced | WithKind::UserMode | WithKind::SystemMode))
    {
        return refuse("WITH is");
    }
    let operators = [Operator::Like, Operator::Includes, Operator::Excludes];
    let compared = query.filter.iter().flat_map(Condition::comparisons);
    if compared.into_iter().any(|comparison| operators.contains(&comparison.operator)) {
        return refuse("LIKE, INCLUDES and EXCLUDES are");
    }
    Ok(())
}
