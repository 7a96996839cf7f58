//! What a formula is for a record.

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{DEEPEST, Expression, FieldRef, Formula, Operator};
use crate::object::FieldKind;
use crate::org::{RecordRef, Tables};
use crate::select::Sign;
use crate::value::Value;

/// When, and in whose days, a formula is worked out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment<'a> {
    /// The org's time and the user's zone; without them there is no `TODAY()`.
    pub(crate) now: Option<(Timestamp, &'a TimeZone)>,
    depth: u32,
}

impl<'a> Moment<'a> {
    /// Returns the moment at which a user asks.
    pub(crate) fn new(now: Timestamp, zone: &'a TimeZone) -> Self {
        Self { now: Some((now, zone)), depth: 0 }
    }

    /// Returns no moment, for what may not depend on one.
    pub(crate) const fn none() -> Self {
        Self { now: None, depth: 0 }
    }
}

struct Evaluation<'a> {
    formula: &'a Formula,
    tables: &'a Tables,
    table: usize,
    record: RecordRef<'a>,
    moment: Moment<'a>,
}

impl Formula {
    /// Works the formula out for a record of the table at that position.
    pub(crate) fn value(&self, tables: &Tables, table: usize, record: RecordRef<'_>, moment: Moment<'_>) -> Value {
        if moment.depth >= DEEPEST {
            return Value::Null;
        }
        let moment = Moment { depth: moment.depth + 1, ..moment };
        let value = Evaluation { formula: self, tables, table, record, moment }.value(&self.expression);
        self.fitted(value)
    }

    /// Returns a result as the field holds it; none if it is of another type.
    fn fitted(&self, value: Value) -> Value {
        use FieldKind as K;
        match (self.kind, value) {
            (K::Percent, Value::Double(number)) if number.is_finite() => Value::Double(number * 100.0),
            (K::Double | K::Currency, Value::Double(number)) if number.is_finite() => Value::Double(number),
            #[expect(clippy::cast_possible_truncation, reason = "a whole number that a double holds")]
            (K::Int, Value::Double(number)) if number.is_finite() => Value::Integer(number.round() as i64),
            (K::Boolean, value) => (value == Value::Boolean(true)).into(),
            (K::Date, value @ Value::Date(_)) | (K::DateTime, value @ Value::DateTime(_)) => value,
            (K::Time, value @ Value::Time(_)) => value,
            (kind, Value::Id(id)) if kind.is_text() => Value::text(id.to_string()),
            (kind, value @ Value::Text(_)) if kind.is_text() => value,
            _ => Value::Null,
        }
    }
}

impl Evaluation<'_> {
    fn value(&self, expression: &Expression) -> Value {
        match expression {
            Expression::Constant(value) => value.clone(),
            Expression::Field(field) => self.field(field),
            Expression::Not(inner) => (self.value(inner) != Value::Boolean(true)).into(),
            Expression::Negative(inner) => self.value(inner).as_number().map_or(Value::Null, |number| (-number).into()),
            Expression::Binary(operator, left, right) => self.binary(*operator, left, right),
            Expression::Call(function, arguments) => {
                let arguments: Vec<Value> = arguments.iter().map(|argument| self.value(argument)).collect();
                function.value(&arguments, self.moment)
            }
        }
    }

    fn field(&self, field: &FieldRef) -> Value {
        let mut place = Some((self.table, self.record));
        for (reference, target) in &field.way {
            place = place.and_then(|(table, record)| {
                let id = self.tables.at(table).value(record, *reference).as_id()?;
                Some((*target, self.tables.at(*target).find(id)?))
            });
        }
        let value =
            place.map_or(Value::Null, |(table, record)| self.tables.value(table, record, field.field, self.moment));
        match value {
            Value::Null if field.kind == FieldKind::Boolean => false.into(),
            Value::Null if field.kind.is_number() && self.formula.null_is_zero => 0.0.into(),
            // A formula computes with a half where the field shows 50 %.
            Value::Double(number) if field.kind == FieldKind::Percent => (number / 100.0).into(),
            Value::Id(id) => Value::text(id.to_string()),
            value => value.as_number().map_or(value, Value::Double),
        }
    }

    fn binary(&self, operator: Operator, left: &Expression, right: &Expression) -> Value {
        let is_true = |expression| self.value(expression) == Value::Boolean(true);
        let order = |wanted: &[Ordering]| -> Value {
            compare(&self.value(left), &self.value(right)).is_some_and(|order| wanted.contains(&order)).into()
        };
        let numbers = |compute: fn(f64, f64) -> f64| {
            let both = self.value(left).as_number().zip(self.value(right).as_number());
            both.map(|(left, right)| compute(left, right)).filter(|n| n.is_finite()).map_or(Value::Null, Value::Double)
        };
        match operator {
            Operator::Or => (is_true(left) || is_true(right)).into(),
            Operator::And => (is_true(left) && is_true(right)).into(),
            Operator::Equal => same(&self.value(left), &self.value(right)).into(),
            Operator::NotEqual => (!same(&self.value(left), &self.value(right))).into(),
            Operator::Less => order(&[Ordering::Less]),
            Operator::LessOrEqual => order(&[Ordering::Less, Ordering::Equal]),
            Operator::Greater => order(&[Ordering::Greater]),
            Operator::GreaterOrEqual => order(&[Ordering::Greater, Ordering::Equal]),
            Operator::Join => Value::text(text(&self.value(left)) + &text(&self.value(right))),
            Operator::Sum(sign) => match (self.value(left), self.value(right)) {
                (left, right) if sign == Sign::Plus && (is_text(&left) || is_text(&right)) => {
                    Value::text(text(&left) + &text(&right))
                }
                (number @ Value::Double(_), day @ (Value::Date(_) | Value::DateTime(_))) if sign == Sign::Plus => {
                    sign.apply(&day, &number)
                }
                (left, right) => sign.apply(&left, &right),
            },
            Operator::Times => numbers(|left, right| left * right),
            Operator::Divided => numbers(|left, right| left / right),
            Operator::Power => numbers(f64::powf),
        }
    }
}

fn is_text(value: &Value) -> bool {
    matches!(value, Value::Text(_))
}

/// Returns the text of a value that is joined with another; a text that is missing is empty.
pub(super) fn text(value: &Value) -> String {
    value.text_or_empty()
}

/// Returns whether two values are the same to a formula, for which capitals count.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    left == right || compare(left, right) == Some(Ordering::Equal)
}

/// Returns the order of two values; none if one is missing or they are of different types.
fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some((**left).cmp(&**right)),
        (Value::Date(left), Value::Date(right)) => Some(left.cmp(right)),
        (Value::DateTime(left), Value::DateTime(right)) => Some(left.cmp(right)),
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(right)),
        (Value::Boolean(left), Value::Boolean(right)) => Some(left.cmp(right)),
        (left, right) => left.as_number()?.partial_cmp(&right.as_number()?),
    }
}
