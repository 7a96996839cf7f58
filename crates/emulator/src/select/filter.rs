//! Which records answer a query: where to look for them, and the condition they must meet.

use std::ops::Bound;

use orgtap_soql::Operator;

use super::Scope;
use super::compare::Constant;
use super::predicate::{Predicate, Test};
use super::term::Term;
use crate::id::Id;
use crate::org::{RecordRef, Scan, Snapshot, Table};

/// The records that a query is about.
#[derive(Debug)]
pub(super) struct Filter {
    scope: Scope,
    predicate: Option<Predicate<Term>>,
    place: Place,
}

/// Where the records can be.
#[derive(Debug)]
enum Place {
    /// Between these ids.
    Range(Bound<Id>, Bound<Id>),
    /// These ids only, in their order.
    Ids(Vec<Id>),
}

/// The records of a place.
#[derive(Debug)]
enum Candidates<'a> {
    Scan(Scan<'a>),
    Ids(&'a Table, std::slice::Iter<'a, Id>),
}

impl Filter {
    pub(super) fn new(scope: Scope, predicate: Option<Predicate<Term>>) -> Self {
        let place = Place::of(predicate.as_ref());
        Self { scope, predicate, place }
    }

    /// Returns the records in the order of their ids, from `start` on if it is given.
    pub(super) fn records<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        table: usize,
        start: Option<Id>,
    ) -> impl Iterator<Item = RecordRef<'a>> + Send + use<'a> {
        let records = snapshot.tables.at(table);
        let candidates = match (&self.place, start) {
            (Place::Range(from, to), None) => Candidates::Scan(records.scan(*from, *to)),
            (Place::Range(_, to), Some(start)) => Candidates::Scan(records.scan(Bound::Included(start), *to)),
            (Place::Ids(ids), start) => {
                let first = start.map_or(0, |start| ids.partition_point(|id| *id < start));
                Candidates::Ids(records, ids[first..].iter())
            }
        };
        candidates.filter(move |record| {
            snapshot.sees(self.scope, records, *record)
                && self
                    .predicate
                    .as_ref()
                    .is_none_or(|predicate| predicate.holds(&|term: &Term| term.value(snapshot, (table, *record))))
        })
    }
}

impl<'a> Iterator for Candidates<'a> {
    type Item = RecordRef<'a>;

    fn next(&mut self) -> Option<RecordRef<'a>> {
        match self {
            Self::Scan(scan) => scan.next(),
            Self::Ids(table, ids) => ids.find_map(|id| table.find(*id)),
        }
    }
}

impl Place {
    /// Returns where to look for records that meet a condition: as narrow as conditions on the id allow.
    fn of(predicate: Option<&Predicate<Term>>) -> Self {
        let conditions = match predicate {
            Some(Predicate::And(conditions)) => conditions.as_slice(),
            Some(condition) => std::slice::from_ref(condition),
            None => &[],
        };
        let on_id = conditions.iter().filter_map(|condition| match condition {
            Predicate::Test { subject, test, .. } if subject.is_own("Id") => Some(test),
            _ => None,
        });
        let mut place = Self::Range(Bound::Unbounded, Bound::Unbounded);
        for test in on_id {
            place = place.narrowed(test);
        }
        place
    }

    fn narrowed(self, test: &Test) -> Self {
        let Self::Range(from, to) = self else { return self };
        match test {
            Test::Compare(Operator::Eq, Constant::Id(id)) => Self::Ids(vec![*id]),
            Test::In(list) => {
                let ids = list.constants().iter().filter_map(|constant| match constant {
                    Constant::Id(id) => Some(*id),
                    _ => None,
                });
                Self::Ids(ids.collect())
            }
            Test::Compare(Operator::Gt, Constant::Id(id)) => Self::Range(later(from, Bound::Excluded(*id)), to),
            Test::Compare(Operator::Ge, Constant::Id(id)) => Self::Range(later(from, Bound::Included(*id)), to),
            Test::Compare(Operator::Lt, Constant::Id(id)) => Self::Range(from, earlier(to, Bound::Excluded(*id))),
            Test::Compare(Operator::Le, Constant::Id(id)) => Self::Range(from, earlier(to, Bound::Included(*id))),
            _ => Self::Range(from, to),
        }
    }
}

/// Returns the bound that leaves out more at the beginning; the condition itself decides about equal ids.
fn later(a: Bound<Id>, b: Bound<Id>) -> Bound<Id> {
    match (value(a), value(b)) {
        (Some(left), Some(right)) if left > right => a,
        (Some(_), None) => a,
        _ => b,
    }
}

/// Returns the bound that leaves out more at the end; the condition itself decides about equal ids.
fn earlier(a: Bound<Id>, b: Bound<Id>) -> Bound<Id> {
    match (value(a), value(b)) {
        (Some(left), Some(right)) if left < right => a,
        (Some(_), None) => a,
        _ => b,
    }
}

fn value(bound: Bound<Id>) -> Option<Id> {
    match bound {
        Bound::Included(id) | Bound::Excluded(id) => Some(id),
        Bound::Unbounded => None,
    }
}
