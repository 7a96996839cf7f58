//! ORDER BY.

use std::cmp::Ordering;

use orgtap_soql::{self as soql, Nulls, OrderItem};

use super::compare::Constant;
use super::filter::Filter;
use super::resolve::Resolver;
use super::term::Term;
use crate::error::QueryError;
use crate::id::Id;
use crate::org::Snapshot;

/// A key to sort by.
#[derive(Debug, Clone)]
pub(super) struct Key {
    term: Term,
    direction: Direction,
}

/// Which way a key sorts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Direction {
    descending: bool,
    nulls_last: bool,
}

impl Direction {
    /// Returns the way of an item of ORDER BY: upwards with nulls first, unless it says otherwise.
    pub(super) fn of(item: &OrderItem) -> Self {
        Self {
            descending: item.direction == Some(soql::Direction::Descending),
            nulls_last: item.nulls == Some(Nulls::Last),
        }
    }
}

/// Returns the keys of an ORDER BY clause.
pub(super) fn keys(resolver: Resolver<'_>, items: &[OrderItem]) -> Result<Vec<Key>, QueryError> {
    items.iter().map(|item| key(resolver, item)).collect()
}

fn key(resolver: Resolver<'_>, item: &OrderItem) -> Result<Key, QueryError> {
    resolver.check_unconverted(&item.operand, "ORDER BY")?;
    let term = resolver.term(&item.operand)?;
    if term.is_date_part() {
        let message = format!("Ordered field must be grouped or aggregated: {}", term.path.field.name);
        return Err(resolver.refuse("MALFORMED_QUERY", item.operand.span(), &message));
    }
    if !term.facts.sortable {
        let message = format!("field '{}' can not be sorted in a query call", term.path.field.name);
        return Err(resolver.refuse("INVALID_FIELD", item.operand.span(), &message));
    }
    // Amounts in different currencies are ordered by what they are worth.
    Ok(Key { term: resolver.in_default_currency(term), direction: Direction::of(item) })
}

/// A record with the values it is sorted by.
type Sorted = (Vec<Option<Constant>>, Id);

/// Returns the ids of the first `most` records in the order of the keys; records that are equal in all keys are in the
/// order of their ids.
pub(super) fn sorted(keys: &[Key], filter: &Filter, snapshot: &Snapshot, table: usize, most: u64) -> Vec<Id> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let records = snapshot.tables.at(table);
    let order = |a: &Sorted, b: &Sorted| compare_all(keys, &a.0, &b.0).then_with(|| a.1.cmp(&b.1));
    let mut kept: Vec<Sorted> = Vec::new();
    for record in filter.records(snapshot, table, None) {
        let value = |key: &Key| Constant::of(&key.term.value(snapshot, (table, record)), key.term.facts.case_sensitive);
        kept.push((keys.iter().map(value).collect(), records.id(record)));
        // With a small LIMIT there is no need to keep what can no longer be among the first.
        if kept.len() >= most.saturating_mul(2).max(10_000) {
            kept.sort_unstable_by(order);
            kept.truncate(most);
        }
    }
    kept.sort_unstable_by(order);
    kept.truncate(most);
    kept.into_iter().map(|(_, id)| id).collect()
}

fn compare_all(keys: &[Key], a: &[Option<Constant>], b: &[Option<Constant>]) -> Ordering {
    let each = keys.iter().zip(a.iter().zip(b));
    each.map(|(key, (a, b))| compare(key.direction, a.as_ref(), b.as_ref()))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// Compares two values as a key sorts them.
pub(super) fn compare(direction: Direction, a: Option<&Constant>, b: Option<&Constant>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if direction.descending => b.cmp(a),
        (Some(a), Some(b)) => a.cmp(b),
        (None, None) => Ordering::Equal,
        (None, Some(_)) if direction.nulls_last => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) if direction.nulls_last => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
    }
}
