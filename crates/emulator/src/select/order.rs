//! ORDER BY.

use std::cmp::Ordering;

use orgtap_soql::{Direction, Nulls, Operand, OrderItem};

use super::compare::Constant;
use super::filter::Filter;
use super::refuse::unsupported;
use super::resolve::{FieldPath, Resolver};
use crate::error::QueryError;
use crate::id::Id;
use crate::org::Snapshot;

/// A key to sort by.
#[derive(Debug, Clone)]
pub(super) struct Key {
    path: FieldPath,
    descending: bool,
    nulls_last: bool,
}

/// Returns the keys of an ORDER BY clause.
pub(super) fn keys(resolver: Resolver<'_>, items: &[OrderItem]) -> Result<Vec<Key>, QueryError> {
    items.iter().map(|item| key(resolver, item)).collect()
}

fn key(resolver: Resolver<'_>, item: &OrderItem) -> Result<Key, QueryError> {
    let path = match &item.operand {
        Operand::Path(path) => resolver.path(path)?,
        Operand::Call(call) => return Err(unsupported(&format!("{} in ORDER BY", call.function.text))),
    };
    if !path.field.sortable {
        let message = format!("field '{}' can not be sorted in a query call", path.field.name);
        return Err(resolver.refuse("INVALID_FIELD", item.operand.span(), &message));
    }
    Ok(Key {
        path,
        descending: item.direction == Some(Direction::Descending),
        nulls_last: item.nulls == Some(Nulls::Last),
    })
}

/// A record with the values it is sorted by.
type Sorted = (Vec<Option<Constant>>, Id);

/// Returns the ids of the first `most` records in the order of the keys; records that are equal in all keys are in the
/// order of their ids.
pub(super) fn sorted(keys: &[Key], filter: &Filter, snapshot: &Snapshot, table: usize, most: u64) -> Vec<Id> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let records = snapshot.tables.at(table);
    let order = |a: &Sorted, b: &Sorted| compare(keys, &a.0, &b.0).then_with(|| a.1.cmp(&b.1));
    let mut kept: Vec<Sorted> = Vec::new();
    for record in filter.records(snapshot, table, None) {
        let value = |key: &Key| Constant::of(&key.path.value(snapshot, (table, record)), key.path.field.case_sensitive);
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

fn compare(keys: &[Key], a: &[Option<Constant>], b: &[Option<Constant>]) -> Ordering {
    let each = keys.iter().zip(a.iter().zip(b));
    each.map(|(key, (a, b))| match (a, b) {
        (Some(a), Some(b)) if key.descending => b.cmp(a),
        (Some(a), Some(b)) => a.cmp(b),
        (None, None) => Ordering::Equal,
        (None, Some(_)) if key.nulls_last => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) if key.nulls_last => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
    })
    .find(|order| order.is_ne())
    .unwrap_or(Ordering::Equal)
}
