//! Values compared as SOQL compares them: text without regard to case, each kind with its own order.

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use crate::id::Id;
use crate::value::Value;

/// A value that records are compared with.
#[derive(Debug, Clone)]
pub(super) enum Constant {
    /// Text; folded unless the field is case-sensitive.
    Text(String),
    /// An id.
    Id(Id),
    /// A number of any kind.
    Number(f64),
    /// A boolean.
    Boolean(bool),
    /// A day.
    Date(Date),
    /// An instant.
    DateTime(Timestamp),
    /// A time of day.
    Time(Time),
}

impl Constant {
    /// Returns a record's value as a constant; `None` for no value and for values that cannot be compared.
    pub(super) fn of(value: &Value, case_sensitive: bool) -> Option<Self> {
        Some(match value {
            Value::Null | Value::Compound(_) => return None,
            Value::Id(id) => Self::Id(*id),
            Value::Text(text) => Self::Text(if case_sensitive { text.to_string() } else { fold(text) }),
            Value::Boolean(value) => Self::Boolean(*value),
            #[expect(clippy::cast_precision_loss, reason = "Salesforce compares all numbers as doubles")]
            Value::Integer(number) => Self::Number(*number as f64),
            Value::Double(number) => Self::Number(*number),
            Value::Date(date) => Self::Date(*date),
            Value::DateTime(at) => Self::DateTime(*at),
            Value::Time(time) => Self::Time(*time),
        })
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Text(_) => 0,
            Self::Id(_) => 1,
            Self::Number(_) => 2,
            Self::Boolean(_) => 3,
            Self::Date(_) => 4,
            Self::DateTime(_) => 5,
            Self::Time(_) => 6,
        }
    }
}

/// Constants of one kind have the order of that kind; different kinds are in the order of the variants.
impl Ord for Constant {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Id(a), Self::Id(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::DateTime(a), Self::DateTime(b)) => a.cmp(b),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }
}

impl PartialOrd for Constant {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Constant {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Constant {}

/// Returns how a record's value stands to a constant; `None` if there is no value or they cannot be compared.
pub(super) fn compare(value: &Value, constant: &Constant, case_sensitive: bool) -> Option<Ordering> {
    match (value, constant) {
        (Value::Text(text), Constant::Text(other)) if case_sensitive => Some((**text).cmp(other.as_str())),
        (Value::Text(text), Constant::Text(folded)) => Some(compare_folded(text, folded)),
        (Value::Id(id), Constant::Id(other)) => Some(id.cmp(other)),
        // Text fields of imported records may hold ids.
        (Value::Text(text), Constant::Id(other)) => text.parse::<Id>().ok().map(|id| id.cmp(other)),
        (Value::Id(id), Constant::Text(folded)) => Some(compare_folded(&id.to_string(), folded)),
        #[expect(clippy::cast_precision_loss, reason = "Salesforce compares all numbers as doubles")]
        (Value::Integer(number), Constant::Number(other)) => (*number as f64).partial_cmp(other),
        (Value::Double(number), Constant::Number(other)) => number.partial_cmp(other),
        (Value::Boolean(value), Constant::Boolean(other)) => Some(value.cmp(other)),
        (Value::Date(date), Constant::Date(other)) => Some(date.cmp(other)),
        (Value::DateTime(at), Constant::DateTime(other)) => Some(at.cmp(other)),
        (Value::DateTime(at), Constant::Date(other)) => Some(Offset::UTC.to_datetime(*at).date().cmp(other)),
        (Value::Time(time), Constant::Time(other)) => Some(time.cmp(other)),
        _ => None,
    }
}

/// Returns text as it is compared without regard to case.
pub(super) fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// Compares text with folded text without making a folded copy.
pub(super) fn compare_folded(text: &str, folded: &str) -> Ordering {
    let (mut left, mut right) = (text.bytes(), folded.bytes());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(a), None) if a.is_ascii() => return Ordering::Greater,
            (Some(a), Some(b)) if a.is_ascii() && b.is_ascii() => match a.to_ascii_lowercase().cmp(&b) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
            // Beyond ASCII one character may fold to several.
            _ => return text.to_lowercase().as_str().cmp(folded),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn comparing_folds_as_folding_compares(a in "\\PC{0,12}", b in "\\PC{0,12}") {
            prop_assert_eq!(compare_folded(&a, &fold(&b)), fold(&a).cmp(&fold(&b)));
        }
    }

    #[test]
    fn case_matters_only_where_it_is_said_to() {
        let value = Value::text("Žofie");

        assert_eq!(compare(&value, &Constant::Text(fold("ŽOFIE")), false), Some(Ordering::Equal));
        assert_ne!(compare(&value, &Constant::Text("ŽOFIE".to_owned()), true), Some(Ordering::Equal));
    }
}
