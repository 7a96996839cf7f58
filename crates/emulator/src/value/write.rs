//! The text of a value in Bulk CSV and its form in REST JSON. Quoting and escaping are the caller's.

use std::borrow::Cow;
use std::io::Write as _;

use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use super::Value;
use crate::object::FieldKind;

impl Value {
    /// Returns the text of this value in a Bulk API result, without quotes; empty for no value.
    pub fn csv(&self, kind: FieldKind) -> Cow<'_, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            _ => {
                let mut out = Vec::with_capacity(24);
                self.write_csv(kind, &mut out);
                Cow::Owned(String::from_utf8_lossy(&out).into_owned())
            }
        }
    }

    /// Appends the text of [`Value::csv`] to `out`. Only a [`Value::Text`] can hold a quote, a comma or a line end.
    pub fn write_csv(&self, kind: FieldKind, out: &mut Vec<u8>) {
        match self {
            Self::Null => {}
            Self::Id(id) => out.extend_from_slice(&id.to_chars()),
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::Boolean(true) => out.extend_from_slice(b"true"),
            Self::Boolean(false) => out.extend_from_slice(b"false"),
            #[expect(clippy::cast_precision_loss, reason = "a double field holds what a double can hold")]
            Self::Integer(number) if kind.is_double() => write_double(*number as f64, out),
            Self::Integer(number) => write_display(number, out),
            Self::Double(number) => write_double(*number, out),
            Self::Date(date) => write_date(*date, out),
            Self::DateTime(_) => {
                self.write_date_time(out);
                out.push(b'Z');
            }
            Self::Time(time) => write_time(*time, out),
            Self::Compound(_) => write_display(&self.json(kind), out),
        }
    }

    /// Returns this value as the REST API gives it in JSON. A `base64` field is a path there, which the caller makes.
    pub fn json(&self, kind: FieldKind) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Boolean(value) => (*value).into(),
            #[expect(clippy::cast_precision_loss, reason = "a double field holds what a double can hold")]
            Self::Integer(number) if kind.is_double() => (*number as f64).into(),
            Self::Integer(number) => (*number).into(),
            Self::Double(number) => (*number).into(),
            Self::DateTime(_) => {
                let mut out = Vec::with_capacity(28);
                self.write_date_time(&mut out);
                out.extend_from_slice(b"+0000");
                String::from_utf8_lossy(&out).into()
            }
            Self::Compound(parts) => {
                let part = |(name, value): &(&'static str, Self)| {
                    let kind = if matches!(value, Self::Double(_)) { FieldKind::Double } else { FieldKind::String };
                    ((*name).to_owned(), value.json(kind))
                };
                serde_json::Value::Object(parts.iter().map(part).collect())
            }
            Self::Id(_) | Self::Text(_) | Self::Date(_) | Self::Time(_) => self.csv(kind).into(),
        }
    }

    /// Appends date and time to the millisecond, without zone.
    fn write_date_time(&self, out: &mut Vec<u8>) {
        let Self::DateTime(at) = self else { return };
        let civil = Offset::UTC.to_datetime(*at);
        write_date(civil.date(), out);
        out.push(b'T');
        write_time_of_day(civil.time(), out);
    }
}

fn write_date(date: Date, out: &mut Vec<u8>) {
    let year = date.year().unsigned_abs();
    if date.year() < 0 {
        out.push(b'-');
    }
    write_two(year / 100, out);
    write_two(year % 100, out);
    out.push(b'-');
    write_two(date.month().unsigned_abs().into(), out);
    out.push(b'-');
    write_two(date.day().unsigned_abs().into(), out);
}

fn write_time(time: Time, out: &mut Vec<u8>) {
    write_time_of_day(time, out);
    out.push(b'Z');
}

fn write_time_of_day(time: Time, out: &mut Vec<u8>) {
    write_two(time.hour().unsigned_abs().into(), out);
    out.push(b':');
    write_two(time.minute().unsigned_abs().into(), out);
    out.push(b':');
    write_two(time.second().unsigned_abs().into(), out);
    out.push(b'.');
    let millisecond = time.millisecond().unsigned_abs();
    out.push(b'0' + (millisecond / 100) as u8);
    write_two(millisecond % 100, out);
}

/// Appends a number below 100 as two digits.
fn write_two(number: u16, out: &mut Vec<u8>) {
    out.push(b'0' + (number / 10 % 10) as u8);
    out.push(b'0' + (number % 10) as u8);
}

/// Appends a double as Java's `Double.toString` prints it: always with a decimal part, scientific from 1e7 up and below 1e-3.
fn write_double(number: f64, out: &mut Vec<u8>) {
    let size = number.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        write_display(&format_args!("{number:?}"), out);
        return;
    }
    let scientific = format!("{number:E}");
    match scientific.split_once('E') {
        Some((mantissa, exponent)) if mantissa.contains('.') => {
            write_display(&format_args!("{mantissa}E{exponent}"), out)
        }
        Some((mantissa, exponent)) => write_display(&format_args!("{mantissa}.0E{exponent}"), out),
        None => write_display(&scientific, out),
    }
}

fn write_display(value: &dyn std::fmt::Display, out: &mut Vec<u8>) {
    write!(out, "{value}").expect("writing to memory does not fail");
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::{date, time};

    use super::*;
    use crate::id::Id;

    #[test]
    fn doubles_print_as_java_prints_them() {
        let table = [
            (0.0, "0.0"),
            (100.0, "100.0"),
            (2500.5, "2500.5"),
            (0.0025, "0.0025"),
            (0.001, "0.001"),
            (0.00099, "9.9E-4"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (123_456_789_012.0, "1.23456789012E11"),
            (-122.4194, "-122.4194"),
            (-1e9, "-1.0E9"),
            (1.5e300, "1.5E300"),
        ];
        for (number, text) in table {
            assert_eq!(Value::Double(number).csv(FieldKind::Double), text);
        }
    }

    #[test]
    fn each_kind_has_its_bulk_and_its_rest_form() {
        let at: Timestamp = "2024-04-16T19:00:05Z".parse().unwrap();
        let id: Id = "001RM000003oLnn".parse().unwrap();
        let table = [
            (Value::Null, FieldKind::String, "", serde_json::Value::Null),
            (Value::Id(id), FieldKind::Id, "001RM000003oLnnYAE", "001RM000003oLnnYAE".into()),
            (Value::Boolean(true), FieldKind::Boolean, "true", true.into()),
            (Value::Integer(23), FieldKind::Int, "23", 23.into()),
            (Value::Integer(23), FieldKind::Currency, "23.0", 23.0.into()),
            (Value::Double(23.5), FieldKind::Percent, "23.5", 23.5.into()),
            (Value::Date(date(987, 2, 3)), FieldKind::Date, "0987-02-03", "0987-02-03".into()),
            (
                Value::DateTime(at),
                FieldKind::DateTime,
                "2024-04-16T19:00:05.000Z",
                "2024-04-16T19:00:05.000+0000".into(),
            ),
            (Value::Time(time(9, 5, 0, 7_000_000)), FieldKind::Time, "09:05:00.007Z", "09:05:00.007Z".into()),
            (Value::text("a;b"), FieldKind::MultiPicklist, "a;b", "a;b".into()),
        ];
        for (value, kind, csv, json) in table {
            assert_eq!(value.csv(kind), csv);
            assert_eq!(value.json(kind), json);
        }
    }
}
