//! Roll-up summary fields: what a record tells of its children. Their values follow every change of a child, in the same
//! transaction, and touch no stamp of the parent (`SystemModstamp` tells of a record's own changes only).

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::rates::Rates;
use super::snapshot::Tables;
use super::table::{RecordRef, Table};
use crate::formula::Moment;
use crate::id::Id;
use crate::object::FieldKind;
use crate::value::Value;

/// A roll-up summary field. No describe says what it sums up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollUp {
    /// The object that has the field.
    pub object: String,
    /// The field.
    pub field: String,
    /// What is made of the children.
    pub operation: RollUpOperation,
    /// The object of the children.
    pub child: String,
    /// The children's reference to their parent.
    pub reference: String,
    /// The children's field that is summed up or compared; not needed to count them.
    #[serde(default)]
    pub of: Option<String>,
}

/// What a roll-up summary makes of a record's children that are not deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RollUpOperation {
    /// How many there are.
    Count,
    /// The sum of a number; an amount of money counts in the parent's currency.
    Sum,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
}

/// A roll-up summary whose names have been found.
#[derive(Debug, Clone)]
pub(crate) struct RollUpRule {
    operation: RollUpOperation,
    parent: usize,
    field: usize,
    child: usize,
    reference: usize,
    of: Option<usize>,
}

impl RollUpRule {
    /// Finds the names of a roll-up summary; `None` if one of them is missing.
    pub(super) fn of(roll_up: &RollUp, tables: &Tables) -> Option<Self> {
        let (parent, child) = (tables.position(&roll_up.object)?, tables.position(&roll_up.child)?);
        let field = |table: usize, name: &str| tables.at(table).object.position(name);
        let of = match &roll_up.of {
            Some(name) => Some(field(child, name)?),
            None if roll_up.operation == RollUpOperation::Count => None,
            None => return None,
        };
        let (operation, reference) = (roll_up.operation, field(child, &roll_up.reference)?);
        Some(Self { operation, parent, field: field(parent, &roll_up.field)?, child, reference, of })
    }

    /// Returns whether it is the summary in that field of that table.
    pub(super) fn works_out(&self, table: usize, field: usize) -> bool {
        (self.parent, self.field) == (table, field)
    }

    /// Works the field out for all records.
    pub(super) fn work_out(&self, tables: &mut Tables) {
        let children = tables.at(self.child);
        let mut by_parent: HashMap<Id, Vec<RecordRef<'_>>> = HashMap::new();
        for record in children.all() {
            if let Some(parent) = self.parent_of(children, record) {
                by_parent.entry(parent).or_default().push(record);
            }
        }
        let values = by_parent.into_iter().map(|(id, records)| (id, self.value(tables, id, records))).collect();
        tables.at_mut(self.parent).set_roll_up(self.field, values, self.of_none());
    }

    /// Returns the parent that a child counts for.
    fn parent_of(&self, children: &Table, record: RecordRef<'_>) -> Option<Id> {
        let parent = children.value(record, self.reference).as_id();
        parent.filter(|_| !children.is_set(record, children.system.is_deleted))
    }

    fn of_none(&self) -> Value {
        match self.operation {
            RollUpOperation::Count | RollUpOperation::Sum => Value::Double(0.0),
            RollUpOperation::Min | RollUpOperation::Max => Value::Null,
        }
    }

    fn value<'a>(&self, tables: &Tables, parent: Id, children: impl IntoIterator<Item = RecordRef<'a>>) -> Value {
        let table = tables.at(self.child);
        let children = children.into_iter();
        let Some(of) = self.of else {
            #[expect(clippy::cast_precision_loss, reason = "no record has that many children")]
            return Value::Double(children.count() as f64);
        };
        let value_of = |record| (record, tables.value(self.child, record, of, Moment::none()));
        let values = children.map(value_of).filter(|(_, value)| !value.is_null());
        match self.operation {
            RollUpOperation::Count =>
            {
                #[expect(clippy::cast_precision_loss, reason = "no record has that many children")]
                Value::Double(values.count() as f64)
            }
            RollUpOperation::Sum => {
                let amounts = Amounts::of(self, tables, parent, of);
                Value::Double(values.map(|(record, value)| amounts.number(table, record, &value)).sum())
            }
            RollUpOperation::Min => values.map(|(_, value)| value).min_by(Value::order).unwrap_or_default(),
            RollUpOperation::Max => values.map(|(_, value)| value).max_by(Value::order).unwrap_or_default(),
        }
    }
}

/// How the numbers of children are added up in the currency of their parent.
struct Amounts {
    rates: Option<Rates>,
    currency_of_child: Option<usize>,
    currency: String,
}

impl Amounts {
    fn of(rule: &RollUpRule, tables: &Tables, parent: Id, of: usize) -> Self {
        let (parents, children) = (tables.at(rule.parent), tables.at(rule.child));
        let is_money = children.object.fields[of].kind == FieldKind::Currency;
        let currency = parents.object.position("CurrencyIsoCode").zip(parents.find(parent));
        Self {
            rates: if is_money { Rates::of(tables) } else { None },
            currency_of_child: children.object.position("CurrencyIsoCode"),
            currency: currency.map(|(at, record)| parents.value(record, at).text_or_empty()).unwrap_or_default(),
        }
    }

    fn number(&self, children: &Table, record: RecordRef<'_>, value: &Value) -> f64 {
        let number = value.as_number().unwrap_or(0.0);
        match (&self.rates, self.currency_of_child) {
            (Some(rates), Some(at)) => {
                rates.converted(number, &children.value(record, at).text_or_empty(), &self.currency, None)
            }
            _ => number,
        }
    }
}

/// The parents whose summaries a transaction may have changed, by the number of the rule.
#[derive(Debug, Default)]
pub(super) struct SummedUp(HashSet<(usize, Id)>);

impl SummedUp {
    /// Takes note of the parent that a record counts for, before and after the record is changed.
    pub(super) fn note(&mut self, tables: &Tables, (table, id): (usize, Id)) {
        for (number, rule) in tables.roll_ups().iter().enumerate().filter(|(_, rule)| rule.child == table) {
            let children = tables.at(table);
            let parent = children.find(id).and_then(|record| rule.parent_of(children, record));
            self.0.extend(parent.map(|parent| (number, parent)));
        }
    }

    /// Works out anew what was noted.
    pub(super) fn refresh(self, tables: &mut Tables) {
        let rules = tables.roll_ups();
        for (number, parent) in self.0 {
            let rule = &rules[number];
            let children = tables.at(rule.child);
            let own = children.all().filter(|record| rule.parent_of(children, *record) == Some(parent));
            let value = rule.value(tables, parent, own);
            tables.at_mut(rule.parent).put_roll_up(rule.field, parent, value);
        }
    }
}
