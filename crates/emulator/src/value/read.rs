//! Values read from text (CSV) and JSON, by the kind of their field. What does not fit its field is refused, never bent.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::{Text, Value};
use crate::object::FieldKind;

/// The reason why a text or JSON value does not fit its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not a value of type {kind}")]
pub struct BadValue {
    /// The value, shortened and without control characters.
    value: String,
    /// The field's type, as a describe names it.
    kind: &'static str,
}

impl BadValue {
    fn new(value: &str, kind: FieldKind) -> Self {
        let value = value.chars().filter(|char| !char.is_control()).take(60).collect();
        Self { value, kind: kind.name() }
    }
}

impl Value {
    /// Reads a value from the text that the Bulk API or a CSV file has for it. An empty text is no value.
    ///
    /// # Errors
    ///
    /// When the text is no value of that kind.
    pub fn from_csv(text: &str, kind: FieldKind) -> Result<Self, BadValue> {
        if text.is_empty() {
            return Ok(Self::Null);
        }
        let value = match kind {
            FieldKind::Id | FieldKind::Reference => Some(text.parse().map_or_else(|_| Self::text(text), Self::Id)),
            FieldKind::Boolean => boolean(text).map(Self::Boolean),
            FieldKind::Int | FieldKind::Long => text.trim().parse().ok().map(Self::Integer),
            FieldKind::Double | FieldKind::Currency | FieldKind::Percent => double(text).map(Self::Double),
            FieldKind::Date => date(text).map(Self::Date),
            FieldKind::DateTime => date_time(text).map(Self::DateTime),
            FieldKind::Time => time(text).map(Self::Time),
            FieldKind::Address | FieldKind::Location => None,
            _ => Some(Self::text(text)),
        };
        value.ok_or_else(|| BadValue::new(text, kind))
    }

    /// Reads a value from the JSON that the REST API has for it, or that `sf data import tree` takes.
    ///
    /// # Errors
    ///
    /// When the JSON is no value of that kind.
    pub fn from_json(json: &serde_json::Value, kind: FieldKind) -> Result<Self, BadValue> {
        match json {
            serde_json::Value::Null => Ok(Self::Null),
            serde_json::Value::String(text) => Self::from_csv(text, kind),
            serde_json::Value::Bool(value) if kind == FieldKind::Boolean => Ok(Self::Boolean(*value)),
            serde_json::Value::Number(number) if kind.is_double() => {
                number.as_f64().map(Self::Double).ok_or_else(|| BadValue::new(&number.to_string(), kind))
            }
            serde_json::Value::Number(number) if matches!(kind, FieldKind::Int | FieldKind::Long) => {
                whole(number).map(Self::Integer).ok_or_else(|| BadValue::new(&number.to_string(), kind))
            }
            serde_json::Value::Bool(_) | serde_json::Value::Number(_) if kind.is_text() => {
                Ok(Self::Text(Text::from(json.to_string())))
            }
            other => Err(BadValue::new(&other.to_string(), kind)),
        }
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

fn double(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// Returns a JSON number as a whole one, if it is: `3` and `3.0` are.
fn whole(number: &serde_json::Number) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "only numbers without fraction and far below the limit get here"
    )]
    let from_double = || number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 1e15).map(|n| n as i64);
    number.as_i64().or_else(from_double)
}

/// Reads a date; the time of a full datetime is dropped, as Salesforce drops it.
pub(crate) fn date(text: &str) -> Option<Date> {
    let text = text.trim();
    text.parse().ok().or_else(|| date_time(text).map(|at| Offset::UTC.to_datetime(at).date()))
}

/// Reads a datetime: with `Z`, an offset with or without colon, or none, which is UTC. A date alone is its midnight.
pub(crate) fn date_time(text: &str) -> Option<Timestamp> {
    let (civil, offset) = split_offset(text.trim())?;
    let civil: DateTime = civil.parse().ok()?;
    let at = Offset::UTC.to_timestamp(civil).ok()?;
    at.checked_sub(offset).ok()
}

/// Splits a datetime into its civil part and its offset from UTC.
fn split_offset(text: &str) -> Option<(&str, SignedDuration)> {
    if let Some(civil) = text.strip_suffix(['Z', 'z']) {
        return Some((civil, SignedDuration::ZERO));
    }
    let Some(at) = text.find(['T', ' ']).and_then(|t| Some(t + text.get(t..)?.find(['+', '-'])?)) else {
        return Some((text, SignedDuration::ZERO));
    };
    let (civil, offset) = text.split_at_checked(at)?;
    let (sign, digits) = offset.split_at_checked(1)?;
    let digits: String = digits.chars().filter(|char| *char != ':').collect();
    let (hours, minutes) = digits.split_at_checked(2)?;
    let hours: i64 = hours.parse().ok()?;
    let minutes: i64 = if minutes.is_empty() { 0 } else { minutes.parse().ok()? };
    let seconds = hours * 3600 + minutes * 60;
    Some((civil, SignedDuration::from_secs(if sign == "-" { -seconds } else { seconds })))
}

/// Reads a time of day to the millisecond; a trailing `Z` is optional.
pub(crate) fn time(text: &str) -> Option<Time> {
    let text = text.trim();
    text.strip_suffix(['Z', 'z']).unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datetimes_are_read_with_any_offset() {
        let table = [
            ("2024-04-16T19:00:00Z", "2024-04-16T19:00:00Z"),
            ("2024-04-16T19:00:00.000+0000", "2024-04-16T19:00:00Z"),
            ("2024-04-16T19:00:00+01:30", "2024-04-16T17:30:00Z"),
            ("2024-04-16T19:00:00-0800", "2024-04-17T03:00:00Z"),
            ("2024-04-16 19:00:00", "2024-04-16T19:00:00Z"),
            ("2024-04-16", "2024-04-16T00:00:00Z"),
        ];
        for (text, at) in table {
            assert_eq!(date_time(text), Some(at.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_its_field_is_refused() {
        let table = [
            ("wrongdate", FieldKind::DateTime),
            ("07/15/2009", FieldKind::Date),
            ("maybe", FieldKind::Boolean),
            ("3.5", FieldKind::Int),
            ("n/a", FieldKind::Currency),
            ("inf", FieldKind::Double),
            ("25:00", FieldKind::Time),
        ];
        for (text, kind) in table {
            assert!(Value::from_csv(text, kind).is_err(), "{text}");
        }
    }

    #[test]
    fn text_is_kept_to_the_byte() {
        for text in [" leading", "trailing ", "a\r\nb\rc", "\"q\"", "NA", "null", "\u{feff}bom", "😀"] {
            assert_eq!(Value::from_csv(text, FieldKind::String).unwrap().csv(FieldKind::String), text);
        }
    }

    #[test]
    fn numbers_come_back_as_they_were_written() {
        for text in ["1.23456789012E11", "1.0E7", "37.7749", "0.0", "-1.5E-10", "2500.5"] {
            assert_eq!(Value::from_csv(text, FieldKind::Double).unwrap().csv(FieldKind::Double), text);
        }
    }

    #[test]
    fn json_numbers_and_booleans_fit_their_fields_and_text() {
        let json = serde_json::json!({"n": 3.0, "t": 12.5, "b": false});

        assert_eq!(Value::from_json(&json["n"], FieldKind::Int), Ok(Value::Integer(3)));
        assert!(Value::from_json(&json["t"], FieldKind::Int).is_err());
        assert_eq!(Value::from_json(&json["t"], FieldKind::String), Ok(Value::text("12.5")));
        assert_eq!(Value::from_json(&json["b"], FieldKind::Boolean), Ok(Value::Boolean(false)));
    }
}
