//! What a query computes from one record: a field, and the functions around it.

use std::sync::Arc;

use jiff::tz::TimeZone;
use orgtap_soql::{Argument, Call, Literal, LiteralKind, Operand, Path};

use super::currency::Conversion;
use super::format;
use super::formula::Sign;
use super::function::Function;
use super::resolve::{FieldFacts, FieldPath, Located, Resolver};
use crate::error::QueryError;
use crate::object::FieldKind;
use crate::org::{Asker, Snapshot};
use crate::value::Value;

/// A field and the functions around it.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) path: FieldPath,
    steps: Vec<Step>,
    /// The field or, with functions, what they make of it.
    pub(super) facts: FieldFacts,
}

/// A function of one value, innermost first.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A part of a date, in the zone that it is seen in.
    Part(Function, TimeZone, Arc<Asker>),
    /// The label of a picklist's value.
    Label(Arc<[(String, String)]>),
    /// The text that the user's locale gives a value.
    Format(FieldKind, Arc<Asker>),
    /// How far a place is from another.
    Distance(Target, Unit),
    /// An amount of money in another currency.
    Convert(Box<Conversion>),
    /// The text of an amount with its currency: that of the record, or the one it was converted to.
    FormatMoney(CurrencyOf),
    /// The sum with another field of the record, or the difference.
    Sum(Sign, Box<FieldPath>),
}

/// The currency that an amount is in.
#[derive(Debug, Clone)]
pub(super) enum CurrencyOf {
    /// The one that this field says.
    Record(Box<FieldPath>),
    /// This one.
    Code(String),
}

/// The place that a distance is measured to.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// Latitude and longitude, in degrees.
    Point(f64, f64),
    /// Another field of the record.
    Field(Box<FieldPath>),
}

/// The unit of a distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Miles.
    Miles,
    /// Kilometres.
    Kilometres,
}

impl Step {
    /// Applies the function to what was computed from a group of records.
    pub(super) fn apply(&self, value: &Value) -> Value {
        match self {
            Self::Part(function, zone, asker) => function.apply(value, zone, asker),
            Self::Label(labels) => label(labels, value),
            Self::Format(kind, asker) => format::format(value, *kind, asker),
            Self::Distance(Target::Point(latitude, longitude), unit) => {
                point(value).map_or(Value::Null, |from| unit.between(from, (*latitude, *longitude)))
            }
            Self::FormatMoney(CurrencyOf::Code(code)) => format::money_in(value, code),
            Self::Distance(Target::Field(_), _) | Self::Sum(..) | Self::Convert(_) | Self::FormatMoney(_) => {
                Value::Null
            }
        }
    }

    /// Applies the function to what was read from a record.
    pub(super) fn apply_to(&self, value: &Value, snapshot: &Snapshot, record: Located<'_>) -> Value {
        match self {
            Self::Distance(Target::Field(other), unit) => {
                let both = point(value).zip(point(&other.value(snapshot, record)));
                both.map_or(Value::Null, |(from, to)| unit.between(from, to))
            }
            Self::Sum(sign, other) => sign.apply(value, &other.value(snapshot, record)),
            Self::Convert(conversion) => conversion.apply(value, snapshot, record),
            Self::FormatMoney(CurrencyOf::Record(code)) => {
                format::money_in(value, &code.value(snapshot, record).text_or_empty())
            }
            other => other.apply(value),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Part(a, zone_a, _), Self::Part(b, zone_b, _)) => a == b && zone_a == zone_b,
            (Self::Label(_), Self::Label(_)) | (Self::Format(..), Self::Format(..)) => true,
            (Self::FormatMoney(_), Self::FormatMoney(_)) => true,
            (Self::Convert(a), Self::Convert(b)) => a.is_same(b),
            (Self::Sum(sign_a, a), Self::Sum(sign_b, b)) => sign_a == sign_b && a.is_same(b),
            (Self::Distance(to_a, unit_a), Self::Distance(to_b, unit_b)) => unit_a == unit_b && to_a.is_same(to_b),
            _ => false,
        }
    }
}

impl Target {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Point(a, b), Self::Point(c, d)) => a.total_cmp(c).is_eq() && b.total_cmp(d).is_eq(),
            (Self::Field(a), Self::Field(b)) => a.is_same(b),
            _ => false,
        }
    }
}

impl Term {
    /// Returns what a function makes of a field.
    pub(super) fn computed(path: FieldPath, step: Step) -> Self {
        let mut term = Self::from(path);
        term.steps.push(step);
        term
    }

    /// Returns the value for a record.
    pub(super) fn value(&self, snapshot: &Snapshot, record: Located<'_>) -> Value {
        let value = self.path.value(snapshot, record);
        self.steps.iter().fold(value, |value, step| step.apply_to(&value, snapshot, record))
    }

    /// Returns whether it is the record's own field of that name, untouched.
    pub(super) fn is_own(&self, name: &str) -> bool {
        self.steps.is_empty() && self.path.is_own(name)
    }

    /// Returns whether it is a field without functions.
    pub(super) fn is_plain(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns whether it is a distance.
    pub(super) fn is_distance(&self) -> bool {
        matches!(self.steps.as_slice(), [Step::Distance(..)])
    }

    /// Returns whether it holds a part of a date.
    pub(super) fn is_date_part(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Part(..)))
    }

    /// Adds a function around what there is.
    pub(super) fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Returns the currency that an amount was converted to.
    fn converted_to(&self) -> Option<&str> {
        match self.steps.last() {
            Some(Step::Convert(conversion)) => Some(conversion.currency()),
            _ => None,
        }
    }

    /// Returns the functions, innermost first.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns whether another term is the same function of the same field.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.path.is_same(&other.path)
            && self.steps.len() == other.steps.len()
            && self.steps.iter().zip(&other.steps).all(|(a, b)| a.is_same(b))
    }
}

impl From<FieldPath> for Term {
    fn from(path: FieldPath) -> Self {
        Self { facts: path.field.clone(), steps: Vec::new(), path }
    }
}

impl Resolver<'_> {
    /// Resolves a field or a function of one.
    pub(super) fn term(self, operand: &Operand) -> Result<Term, QueryError> {
        match operand {
            Operand::Path(path) => self.path(path).map(Term::from),
            Operand::Call(call) => self.call(call),
        }
    }

    /// Resolves a function of a field.
    pub(super) fn call(self, call: &Call) -> Result<Term, QueryError> {
        if call.function.is("DISTANCE") {
            return self.distance(call);
        }
        if let Some(function) = Function::of(&call.function.text) {
            return self.part(call, function);
        }
        let (mut term, asker) = (self.inner(call)?, self.snapshot.asker.clone());
        if call.function.is("toLabel") {
            term.steps.push(Step::Label(term.facts.labels.clone()));
        } else if call.function.is("format") {
            let money = match term.converted_to() {
                Some(code) => Some(CurrencyOf::Code(code.to_owned())),
                None => self
                    .conversion(&term.path, |_| String::new())
                    .map(|c| CurrencyOf::Record(Box::new(c.code().clone()))),
            };
            term.steps.push(money.map_or(Step::Format(term.facts.kind, asker), Step::FormatMoney));
            term.facts.kind = FieldKind::String;
            "xsd:string".clone_into(&mut term.facts.soap_type);
        } else if call.function.is("convertTimezone") {
            let message = "convertTimezone can only be used inside a date function";
            return Err(self.refuse("MALFORMED_QUERY", call.span, message));
        } else if call.function.is("convertCurrency") {
            return Ok(self.in_own_currency(term));
        } else {
            let message = format!("unexpected token: '{}'", call.function.text);
            return Err(self.refuse("MALFORMED_QUERY", call.span, &message));
        }
        Ok(term)
    }

    /// Resolves what stands in the parentheses of a function of one field.
    fn inner(self, call: &Call) -> Result<Term, QueryError> {
        match call.arguments.as_slice() {
            [Argument::Path(path)] => self.path(path).map(Term::from),
            [Argument::Call(inner)] => self.call(inner),
            _ => Err(self.refuse("MALFORMED_QUERY", call.span, &format!("unexpected token: '{}'", call.function.text))),
        }
    }

    fn part(self, call: &Call, function: Function) -> Result<Term, QueryError> {
        let asker = self.snapshot.asker.clone();
        let (mut term, zone) = match call.arguments.as_slice() {
            [Argument::Call(inner)] if inner.function.is("convertTimezone") => (self.inner(inner)?, asker.zone.clone()),
            _ => (self.inner(call)?, TimeZone::UTC),
        };
        if !function.takes(term.facts.kind) {
            let message = format!("field {} does not support function {}", term.facts.name, call.function.text);
            return Err(self.refuse("MALFORMED_QUERY", call.span, &message));
        }
        term.steps.push(Step::Part(function, zone, asker));
        term.facts.kind = function.kind();
        let soap_type = if term.facts.kind == FieldKind::Date { "xsd:date" } else { "xsd:int" };
        soap_type.clone_into(&mut term.facts.soap_type);
        Ok(term)
    }

    fn distance(self, call: &Call) -> Result<Term, QueryError> {
        let malformed = || self.refuse("MALFORMED_QUERY", call.span, "unexpected token: 'DISTANCE'");
        let [Argument::Path(from), to, Argument::Literal(Literal { kind: LiteralKind::String(unit), .. })] =
            call.arguments.as_slice()
        else {
            return Err(malformed());
        };
        let target = match to {
            Argument::Path(path) => Target::Field(Box::new(self.place(path)?)),
            Argument::Call(place) => {
                let (latitude, longitude) = coordinates(place).ok_or_else(malformed)?;
                Target::Point(latitude, longitude)
            }
            Argument::Literal(_) => return Err(malformed()),
        };
        let unit = if unit.eq_ignore_ascii_case("mi") { Unit::Miles } else { Unit::Kilometres };
        let mut term = Term::from(self.place(from)?);
        term.steps.push(Step::Distance(target, unit));
        term.facts.kind = FieldKind::Double;
        term.facts.sortable = true;
        term.facts.filterable = true;
        "xsd:double".clone_into(&mut term.facts.soap_type);
        Ok(term)
    }

    /// Resolves a field that is a place.
    fn place(self, path: &Path) -> Result<FieldPath, QueryError> {
        let field = self.path(path)?;
        if !field.field.kind.is_compound() {
            let message = format!("field {} is not a location: it cannot be used in DISTANCE", field.field.name);
            return Err(self.refuse("MALFORMED_QUERY", path.span(), &message));
        }
        Ok(field)
    }
}

fn coordinates(place: &Call) -> Option<(f64, f64)> {
    let number = |argument: &Argument| match argument {
        Argument::Literal(Literal { kind: LiteralKind::Number(text), .. }) => text.parse().ok(),
        _ => None,
    };
    match place.arguments.as_slice() {
        [latitude, longitude] => Some((number(latitude)?, number(longitude)?)),
        _ => None,
    }
}

/// Returns the label of a picklist's value, of each of several; a value that has none is its own.
fn label(labels: &[(String, String)], value: &Value) -> Value {
    let Value::Text(text) = value else { return value.clone() };
    let of = |option: &str| {
        labels.iter().find(|(value, _)| value == option).map_or_else(|| option.to_owned(), |(_, label)| label.clone())
    };
    Value::from(text.split(';').map(of).collect::<Vec<_>>().join(";"))
}

/// Returns where a place is; one without latitude or longitude is nowhere.
fn point(value: &Value) -> Option<(f64, f64)> {
    let Value::Compound(parts) = value else { return None };
    let part = |name: &str| match parts.iter().find(|(part, _)| *part == name)?.1 {
        Value::Double(number) => Some(number),
        #[expect(clippy::cast_precision_loss, reason = "degrees are small")]
        Value::Integer(number) => Some(number as f64),
        _ => None,
    };
    Some((part("latitude")?, part("longitude")?))
}

impl Unit {
    /// Returns the great-circle distance between two places, each in degrees.
    fn between(self, from: (f64, f64), to: (f64, f64)) -> Value {
        let radius = match self {
            Self::Miles => 3958.76,
            Self::Kilometres => 6371.01,
        };
        let (from_latitude, to_latitude) = (from.0.to_radians(), to.0.to_radians());
        let (north, east) = (to_latitude - from_latitude, (to.1 - from.1).to_radians());
        let square = (north / 2.0).sin().powi(2) + from_latitude.cos() * to_latitude.cos() * (east / 2.0).sin().powi(2);
        Value::Double(2.0 * radius * square.sqrt().min(1.0).asin())
    }
}
