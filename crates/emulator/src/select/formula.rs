//! `FORMULA('Amount - ExpectedRevenue')` in WHERE: the sum or difference of two fields, and no other formula (SOQL reference, "FORMULA() (Beta)").

use jiff::{SignedDuration, Span as Days, Timestamp, civil::Date};
use orgtap_soql::{Argument, Call, Literal, LiteralKind, Path};

use super::resolve::{Place, Resolver};
use super::term::{Step, Term};
use crate::error::QueryError;
use crate::object::FieldKind;
use crate::value::Value;

/// The operator of a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Plus,
    Minus,
}

const SECONDS_PER_DAY: f64 = 86_400.0;

impl Resolver<'_> {
    /// Resolves a call of FORMULA.
    pub(super) fn formula(self, call: &Call) -> Result<Term, QueryError> {
        // The documentation tells the rules, not how a formula that breaks them is refused.
        let refuse = |message: &str| self.refuse("MALFORMED_QUERY", call.span, message);
        let [Argument::Literal(Literal { kind: LiteralKind::String(text), .. })] = call.arguments.as_slice() else {
            return Err(refuse("FORMULA takes a text"));
        };
        let Some((left, sign, right)) = halves(text) else {
            return Err(refuse("FORMULA supports only the sum or difference of two fields"));
        };
        let field = |path: &Path| {
            let found = self.path_from(Place::of(self.table), &self.query.field_path(path), call.span)?;
            if found.field.filterable {
                return Ok(found);
            }
            let message = format!("field '{}' can not be filtered in a query call", found.field.name);
            Err(self.refuse("INVALID_FIELD", call.span, &message))
        };
        let (left, right) = (field(&left)?, field(&right)?);
        let kind = result(left.field.kind, sign, right.field.kind).map_err(refuse)?;
        let mut term = Term::computed(left, Step::Sum(sign, Box::new(right)));
        text.trim().clone_into(&mut term.facts.name);
        term.facts.kind = kind;
        Ok(term)
    }
}

/// Returns the two fields of a formula and what stands between them.
fn halves(text: &str) -> Option<(Path, Sign, Path)> {
    let (sign, (left, right)) = match (text.split_once('+'), text.split_once('-')) {
        (Some(halves), None) => (Sign::Plus, halves),
        (None, Some(halves)) => (Sign::Minus, halves),
        _ => return None,
    };
    Some((Path::of(left.trim()).ok()?, sign, Path::of(right.trim()).ok()?))
}

/// Returns of which type the result is.
fn result(left: FieldKind, sign: Sign, right: FieldKind) -> Result<FieldKind, &'static str> {
    use FieldKind as K;
    let is_number = |kind| matches!(kind, K::Double | K::Currency | K::Int);
    match (left, right) {
        (left, right) if is_number(left) && is_number(right) => Ok(K::Double),
        (K::Date | K::DateTime, right) if is_number(right) => Ok(left),
        (K::Date, K::Date) | (K::DateTime, K::DateTime) if sign == Sign::Minus => Ok(K::Double),
        (K::Date, K::Date) | (K::DateTime, K::DateTime) => Err("dates can not be added in FORMULA"),
        (K::Date, K::DateTime) | (K::DateTime, K::Date) => Err("DATE and DATETIME fields can not be mixed in FORMULA"),
        (left, K::Date | K::DateTime) if is_number(left) => {
            Err("the right-hand side of FORMULA can not be a date if the left-hand side is none")
        }
        _ => Err("FORMULA supports only fields that are numbers, dates or datetimes"),
    }
}

impl Sign {
    /// Returns the sum or difference; nothing where one of them is missing. Days are what separates dates.
    pub(crate) fn apply(self, left: &Value, right: &Value) -> Value {
        match (left, right) {
            (Value::Date(left), Value::Date(right)) => {
                left.since(*right).map_or(Value::Null, |days| Value::Double(days.get_days().into()))
            }
            (Value::DateTime(left), Value::DateTime(right)) => {
                Value::Double(left.duration_since(*right).as_secs_f64() / SECONDS_PER_DAY)
            }
            (Value::Date(day), days) => {
                number(days).and_then(|days| self.later_day(*day, days)).map_or(Value::Null, Value::Date)
            }
            (Value::DateTime(at), days) => {
                number(days).and_then(|days| self.later(*at, days)).map_or(Value::Null, Value::DateTime)
            }
            (left, right) => match number(left).zip(number(right)) {
                Some((left, right)) => Value::Double(left + self.signed(right)),
                None => Value::Null,
            },
        }
    }

    fn signed(self, number: f64) -> f64 {
        if self == Self::Plus { number } else { -number }
    }

    fn later_day(self, day: Date, days: f64) -> Option<Date> {
        #[expect(clippy::cast_possible_truncation, reason = "days beyond the calendar are refused by it")]
        let days = Days::new().try_days(self.signed(days).trunc() as i64).ok()?;
        day.checked_add(days).ok()
    }

    fn later(self, at: Timestamp, days: f64) -> Option<Timestamp> {
        at.checked_add(SignedDuration::try_from_secs_f64(self.signed(days) * SECONDS_PER_DAY).ok()?).ok()
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Double(number) => Some(*number),
        #[expect(clippy::cast_precision_loss, reason = "Salesforce computes with doubles")]
        Value::Integer(number) => Some(*number as f64),
        _ => None,
    }
}
