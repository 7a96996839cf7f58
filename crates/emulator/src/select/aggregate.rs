//! Aggregate functions: what is counted, summed up or compared over many records. Null counts for none of them.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::compare::Constant;
use super::resolve::{FieldFacts, Located};
use super::term::Term;
use crate::object::FieldKind;
use crate::org::Snapshot;
use crate::value::Value;

/// An aggregate of a term.
#[derive(Debug)]
pub(super) struct Aggregate {
    pub(super) kind: AggregateKind,
    pub(super) term: Term,
}

/// What is made of the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AggregateKind {
    /// How many there are.
    Count,
    /// How many different ones there are.
    CountDistinct,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// Their sum.
    Sum,
    /// Their mean.
    Average,
}

/// An aggregate while records go by.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    count: u64,
    sum: f64,
    /// The least or greatest so far.
    extreme: Option<(Constant, Value)>,
    distinct: BTreeSet<Constant>,
}

impl AggregateKind {
    /// Returns the aggregate of that name in any case.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "COUNT" => Self::Count,
            "COUNT_DISTINCT" => Self::CountDistinct,
            "MIN" => Self::Min,
            "MAX" => Self::Max,
            "SUM" => Self::Sum,
            "AVG" => Self::Average,
            _ => return None,
        })
    }

    /// Returns whether it can be made of such a field's values.
    pub(super) fn takes(self, field: &FieldFacts) -> bool {
        let is_numeric = matches!(self, Self::Sum | Self::Average);
        field.aggregatable && field.kind != FieldKind::Time && (!is_numeric || field.kind.is_number())
    }
}

impl Aggregate {
    /// Returns what is known of the result.
    pub(super) fn facts(&self) -> FieldFacts {
        let (kind, soap_type) = match self.kind {
            AggregateKind::Count | AggregateKind::CountDistinct => (FieldKind::Int, "xsd:int"),
            AggregateKind::Sum | AggregateKind::Average if self.term.facts.kind == FieldKind::Currency => {
                (FieldKind::Currency, "xsd:double")
            }
            AggregateKind::Sum | AggregateKind::Average => (FieldKind::Double, "xsd:double"),
            AggregateKind::Min | AggregateKind::Max => (self.term.facts.kind, self.term.facts.soap_type.as_str()),
        };
        FieldFacts { kind, soap_type: soap_type.to_owned(), sortable: true, ..self.term.facts.clone() }
    }

    /// Takes a record into account.
    pub(super) fn add(&self, tally: &mut Tally, snapshot: &Snapshot, record: Located<'_>) {
        let value = self.term.value(snapshot, record);
        let Some(constant) = Constant::of(&value, self.term.facts.case_sensitive) else { return };
        tally.count += 1;
        if let Constant::Number(number) = constant {
            tally.sum += number;
        }
        let replaces = |wanted| tally.extreme.as_ref().is_none_or(|(extreme, _)| constant.cmp(extreme) == wanted);
        match self.kind {
            AggregateKind::CountDistinct => {
                tally.distinct.insert(constant);
            }
            AggregateKind::Min if replaces(Ordering::Less) => tally.extreme = Some((constant, value)),
            AggregateKind::Max if replaces(Ordering::Greater) => tally.extreme = Some((constant, value)),
            _ => {}
        }
    }

    /// Returns the result.
    #[expect(clippy::cast_precision_loss, reason = "a mean of more than 2^52 records is never asked for")]
    pub(super) fn result(&self, tally: Tally) -> Value {
        match self.kind {
            AggregateKind::Count => Value::Integer(tally.count as i64),
            AggregateKind::CountDistinct => Value::Integer(tally.distinct.len() as i64),
            AggregateKind::Min | AggregateKind::Max => tally.extreme.map_or(Value::Null, |(_, value)| value),
            AggregateKind::Sum | AggregateKind::Average if tally.count == 0 => Value::Null,
            AggregateKind::Sum => Value::Double(tally.sum),
            AggregateKind::Average => Value::Double(tally.sum / tally.count as f64),
        }
    }
}
