//! `FORMAT`: values as people read them, in the manner of `en_US` whatever the user's locale, in the user's time zone.

use jiff::civil::DateTime;

use crate::object::FieldKind;
use crate::org::Asker;
use crate::value::Value;

/// Returns the text of a value of that type.
pub(super) fn format(value: &Value, kind: FieldKind, asker: &Asker) -> Value {
    let text = match value {
        Value::Null => return Value::Null,
        Value::Integer(number) => grouped(&number.to_string()),
        Value::Double(number) if kind == FieldKind::Currency => money(*number),
        Value::Double(number) if kind == FieldKind::Percent => format!("{}%", grouped(&rounded(*number))),
        Value::Double(number) => grouped(&rounded(*number)),
        Value::Date(date) => format!("{}/{}/{}", date.month(), date.day(), date.year()),
        Value::DateTime(at) => date_time(asker.zone.to_datetime(*at)),
        Value::Time(time) => time_of_day(time.on(2000, 1, 1)),
        other => return Value::from(other.csv(kind).into_owned()),
    };
    Value::from(text)
}

/// Returns the text of an amount of money with the code of its currency.
pub(super) fn money_in(value: &Value, code: &str) -> Value {
    let Some(amount) = value.as_number() else { return Value::Null };
    Value::from(format!("{code} {}", grouped(&format!("{amount:.2}"))))
}

fn money(amount: f64) -> String {
    let sign = if amount < 0.0 { "-" } else { "" };
    format!("{sign}${}", grouped(&format!("{:.2}", amount.abs())))
}

/// Rounds to three decimals and drops those that say nothing.
fn rounded(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Puts commas between the thousands.
fn grouped(number: &str) -> String {
    let (sign, number) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = number.split_once('.').map_or((number, String::new()), |(w, f)| (w, format!(".{f}")));
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{sign}{text}{fraction}")
}

fn date_time(at: DateTime) -> String {
    format!("{}/{}/{}, {}", at.month(), at.day(), at.year(), time_of_day(at))
}

fn time_of_day(at: DateTime) -> String {
    let hour = if at.hour() % 12 == 0 { 12 } else { at.hour() % 12 };
    let half = if at.hour() < 12 { "AM" } else { "PM" };
    format!("{hour}:{:02} {half}", at.minute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::org::OrgIdentity;

    #[test]
    fn values_read_as_people_write_them() {
        let asker = Asker::of(&OrgIdentity { time_zone: "Europe/Prague".to_owned(), ..OrgIdentity::default() });
        let at = "2024-06-01T12:05:00Z".parse().unwrap();
        let table = [
            (Value::Double(-1_234_567.5), FieldKind::Currency, "-$1,234,567.50"),
            (Value::Double(1234.5), FieldKind::Double, "1,234.5"),
            (Value::Double(12.0), FieldKind::Percent, "12%"),
            (Value::Integer(1000), FieldKind::Int, "1,000"),
            (Value::Date("2024-02-03".parse().unwrap()), FieldKind::Date, "2/3/2024"),
            (Value::DateTime(at), FieldKind::DateTime, "6/1/2024, 2:05 PM"),
            (Value::text("as it is"), FieldKind::String, "as it is"),
        ];
        for (value, kind, text) in table {
            assert_eq!(format(&value, kind, &asker), Value::text(text));
        }
        assert_eq!(format(&Value::Null, FieldKind::Double, &asker), Value::Null);
    }
}
