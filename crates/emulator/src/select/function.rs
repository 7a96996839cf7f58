//! Functions of a field's value in conditions: parts of dates, in UTC.

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

use crate::object::FieldKind;
use crate::value::Value;

/// What a condition makes of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// `CALENDAR_YEAR`, `FISCAL_YEAR`
    Year,
    /// `CALENDAR_QUARTER`, `FISCAL_QUARTER`
    Quarter,
    /// `CALENDAR_MONTH`, `FISCAL_MONTH`
    Month,
    /// `DAY_IN_MONTH`
    DayInMonth,
    /// `DAY_IN_WEEK`, where Sunday is 1
    DayInWeek,
    /// `DAY_IN_YEAR`
    DayInYear,
    /// `WEEK_IN_MONTH`
    WeekInMonth,
    /// `WEEK_IN_YEAR`
    WeekInYear,
    /// `HOUR_IN_DAY`
    HourInDay,
    /// `DAY_ONLY`
    DayOnly,
}

impl Function {
    /// Returns the function of that name in any case.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "CALENDAR_YEAR" | "FISCAL_YEAR" => Self::Year,
            "CALENDAR_QUARTER" | "FISCAL_QUARTER" => Self::Quarter,
            "CALENDAR_MONTH" | "FISCAL_MONTH" => Self::Month,
            "DAY_IN_MONTH" => Self::DayInMonth,
            "DAY_IN_WEEK" => Self::DayInWeek,
            "DAY_IN_YEAR" => Self::DayInYear,
            "WEEK_IN_MONTH" => Self::WeekInMonth,
            "WEEK_IN_YEAR" => Self::WeekInYear,
            "HOUR_IN_DAY" => Self::HourInDay,
            "DAY_ONLY" => Self::DayOnly,
            _ => return None,
        })
    }

    /// Returns the type of what it makes.
    pub(super) fn kind(self) -> FieldKind {
        if self == Self::DayOnly { FieldKind::Date } else { FieldKind::Int }
    }

    /// Applies it to a date or datetime; anything else gives no value.
    pub(super) fn apply(self, value: &Value) -> Value {
        let at: DateTime = match value {
            Value::Date(date) => date.to_datetime(jiff::civil::Time::midnight()),
            Value::DateTime(at) => Offset::UTC.to_datetime(*at),
            _ => return Value::Null,
        };
        let day = at.date();
        let number = match self {
            Self::DayOnly => return Value::Date(day),
            Self::Year => i64::from(day.year()),
            Self::Quarter => i64::from((day.month() + 2) / 3),
            Self::Month => i64::from(day.month()),
            Self::DayInMonth => i64::from(day.day()),
            Self::DayInWeek => day_in_week(day),
            Self::DayInYear => i64::from(day.day_of_year()),
            Self::WeekInMonth => (i64::from(day.day()) - 1) / 7 + 1,
            Self::WeekInYear => (i64::from(day.day_of_year()) - 1) / 7 + 1,
            Self::HourInDay => i64::from(at.hour()),
        };
        Value::Integer(number)
    }
}

fn day_in_week(day: Date) -> i64 {
    i64::from(day.weekday().to_sunday_one_offset())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_date_are_those_of_utc() {
        // A Sunday.
        let at = Value::DateTime("2024-12-29T22:15:00-05:00".parse().unwrap());
        let table = [
            ("CALENDAR_YEAR", 2024),
            ("fiscal_quarter", 4),
            ("CALENDAR_MONTH", 12),
            ("DAY_IN_MONTH", 30),
            ("DAY_IN_WEEK", 2),
            ("DAY_IN_YEAR", 365),
            ("WEEK_IN_MONTH", 5),
            ("WEEK_IN_YEAR", 53),
            ("HOUR_IN_DAY", 3),
        ];
        for (name, number) in table {
            assert_eq!(Function::of(name).unwrap().apply(&at), Value::Integer(number), "{name}");
        }
        assert_eq!(Function::DayOnly.apply(&at), Value::Date("2024-12-30".parse().unwrap()));
        assert_eq!(Function::Year.apply(&Value::Null), Value::Null);
    }
}
