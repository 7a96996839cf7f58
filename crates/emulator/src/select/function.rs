//! Parts of dates: `CALENDAR_YEAR`, `DAY_ONLY` and their like. Those of a datetime are those of UTC, unless
//! `convertTimezone` moved it to the user's zone.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::period::fiscal_month;
use crate::object::FieldKind;
use crate::org::Asker;
use crate::value::Value;

/// A part of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// `CALENDAR_YEAR`
    Year,
    /// `CALENDAR_QUARTER`
    Quarter,
    /// `CALENDAR_MONTH`
    Month,
    /// `FISCAL_YEAR`: the year in which the fiscal year ends
    FiscalYear,
    /// `FISCAL_QUARTER`
    FiscalQuarter,
    /// `FISCAL_MONTH`
    FiscalMonth,
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
            "CALENDAR_YEAR" => Self::Year,
            "CALENDAR_QUARTER" => Self::Quarter,
            "CALENDAR_MONTH" => Self::Month,
            "FISCAL_YEAR" => Self::FiscalYear,
            "FISCAL_QUARTER" => Self::FiscalQuarter,
            "FISCAL_MONTH" => Self::FiscalMonth,
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

    /// Returns whether it is a part of fields of that type.
    pub(super) fn takes(self, kind: FieldKind) -> bool {
        let takes_dates = !matches!(self, Self::DayOnly | Self::HourInDay);
        kind == FieldKind::DateTime || (takes_dates && kind == FieldKind::Date)
    }

    /// Applies it to a date or, as `zone` shows it, a datetime; anything else gives no value.
    pub(super) fn apply(self, value: &Value, zone: &TimeZone, asker: &Asker) -> Value {
        let at: DateTime = match value {
            Value::Date(date) => date.to_datetime(jiff::civil::Time::midnight()),
            Value::DateTime(at) => zone.to_datetime(*at),
            _ => return Value::Null,
        };
        let day = at.date();
        let number = match self {
            Self::DayOnly => return Value::Date(day),
            Self::Year => i64::from(day.year()),
            Self::Quarter => i64::from((day.month() + 2) / 3),
            Self::Month => i64::from(day.month()),
            Self::FiscalYear => {
                i64::from(day.year()) + i64::from(asker.fiscal_start > 1 && day.month() >= asker.fiscal_start)
            }
            Self::FiscalQuarter => i64::from(fiscal_month(day, asker) / 3 + 1),
            Self::FiscalMonth => i64::from(fiscal_month(day, asker) + 1),
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
    use crate::org::OrgIdentity;

    fn asker(fiscal_year_start: i8) -> Asker {
        Asker::of(&OrgIdentity { fiscal_year_start, ..OrgIdentity::default() })
    }

    #[test]
    fn parts_of_a_date_are_those_of_the_zone() {
        // A Sunday in New York, already a Monday in UTC.
        let at = Value::DateTime("2024-12-29T22:15:00-05:00".parse().unwrap());
        let new_york = TimeZone::get("America/New_York").unwrap();
        let table = [
            ("CALENDAR_YEAR", 2024, 2024),
            ("fiscal_quarter", 4, 4),
            ("CALENDAR_MONTH", 12, 12),
            ("DAY_IN_MONTH", 30, 29),
            ("DAY_IN_WEEK", 2, 1),
            ("DAY_IN_YEAR", 365, 364),
            ("WEEK_IN_MONTH", 5, 5),
            ("WEEK_IN_YEAR", 53, 52),
            ("HOUR_IN_DAY", 3, 22),
        ];
        for (name, utc, local) in table {
            let function = Function::of(name).unwrap();
            assert_eq!(function.apply(&at, &TimeZone::UTC, &asker(1)), Value::Integer(utc), "{name}");
            assert_eq!(function.apply(&at, &new_york, &asker(1)), Value::Integer(local), "{name}");
        }
        let day = Function::DayOnly.apply(&at, &TimeZone::UTC, &asker(1));
        assert_eq!(day, Value::Date("2024-12-30".parse().unwrap()));
        assert_eq!(Function::Year.apply(&Value::Null, &TimeZone::UTC, &asker(1)), Value::Null);
    }

    #[test]
    fn a_fiscal_year_from_july_has_the_name_of_the_year_it_ends_in() {
        let part = |name: &str, day: &str| {
            let day = Value::Date(day.parse().unwrap());
            Function::of(name).unwrap().apply(&day, &TimeZone::UTC, &asker(7))
        };

        assert_eq!(part("FISCAL_QUARTER", "2024-07-15"), Value::Integer(1));
        assert_eq!(part("FISCAL_QUARTER", "2024-06-06"), Value::Integer(4));
        assert_eq!(part("FISCAL_MONTH", "2024-06-06"), Value::Integer(12));
        assert_eq!(part("FISCAL_YEAR", "2024-07-15"), Value::Integer(2025));
        assert_eq!(part("FISCAL_YEAR", "2024-06-06"), Value::Integer(2024));
    }
}
