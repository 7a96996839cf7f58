//! Date literals such as `LAST_N_DAYS:30`: which days they mean. Weeks begin on Sunday and fiscal years in January, as in
//! an org that nobody changed; days are those of UTC.

use jiff::civil::{Date, Weekday, date};
use jiff::tz::Offset;
use jiff::{Span, Timestamp, ToSpan};
use orgtap_soql::{DateLiteral, Period};

/// Days from `start` on, before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) start: Date,
    pub(super) end: Date,
}

impl Days {
    /// Returns the days that a literal means today. Days beyond the calendar are its last.
    pub(super) fn of(literal: DateLiteral, now: Timestamp) -> Self {
        let today = Offset::UTC.to_datetime(now).date();
        match literal {
            DateLiteral::This(period) => Self::units(today, period, 0, 1),
            DateLiteral::Last(period) => Self::units(today, period, -1, 0),
            DateLiteral::Next(period) => Self::units(today, period, 1, 2),
            DateLiteral::Last90Days => Self::units(today, Period::Day, -90, 1),
            DateLiteral::Next90Days => Self::units(today, Period::Day, 1, 91),
            DateLiteral::LastN(Period::Day, n) => Self::units(today, Period::Day, -i64::from(n), 1),
            DateLiteral::LastN(period, n) => Self::units(today, period, -i64::from(n), 0),
            DateLiteral::NextN(period, n) => Self::units(today, period, 1, i64::from(n) + 1),
            DateLiteral::Ago(period, n) => Self::units(today, period, -i64::from(n), 1 - i64::from(n)),
        }
    }

    /// Returns the days from the `first` unit on, before the `after`-th, counted from the one that `today` is in.
    fn units(today: Date, period: Period, first: i64, after: i64) -> Self {
        let current = first_day(today, period);
        Self { start: shifted(current, period, first), end: shifted(current, period, after) }
    }
}

/// Returns the first day of the unit that a day is in.
fn first_day(day: Date, period: Period) -> Date {
    match period {
        Period::Day => day,
        Period::Week => {
            let since_sunday = day.weekday().since(Weekday::Sunday);
            day.checked_sub(since_sunday.days()).unwrap_or(Date::MIN)
        }
        Period::Month => date(day.year(), day.month(), 1),
        Period::Quarter | Period::FiscalQuarter => date(day.year(), (day.month() - 1) / 3 * 3 + 1, 1),
        Period::Year | Period::FiscalYear => date(day.year(), 1, 1),
    }
}

fn shifted(day: Date, period: Period, units: i64) -> Date {
    let span = match period {
        Period::Day => Span::new().try_days(units),
        Period::Week => Span::new().try_weeks(units),
        Period::Month => Span::new().try_months(units),
        Period::Quarter | Period::FiscalQuarter => Span::new().try_months(units * 3),
        Period::Year | Period::FiscalYear => Span::new().try_years(units),
    };
    let end = if units < 0 { Date::MIN } else { Date::MAX };
    span.and_then(|span| day.checked_add(span)).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_mean_the_documented_days() {
        // A Wednesday.
        let now = "2024-05-15T23:30:00Z".parse().unwrap();
        let table = [
            (DateLiteral::This(Period::Day), "2024-05-15", "2024-05-16"),
            (DateLiteral::Last(Period::Day), "2024-05-14", "2024-05-15"),
            (DateLiteral::Next(Period::Day), "2024-05-16", "2024-05-17"),
            (DateLiteral::This(Period::Week), "2024-05-12", "2024-05-19"),
            (DateLiteral::Last(Period::Month), "2024-04-01", "2024-05-01"),
            (DateLiteral::This(Period::Quarter), "2024-04-01", "2024-07-01"),
            (DateLiteral::Next(Period::FiscalYear), "2025-01-01", "2026-01-01"),
            (DateLiteral::Last90Days, "2024-02-15", "2024-05-16"),
            (DateLiteral::Next90Days, "2024-05-16", "2024-08-14"),
            (DateLiteral::LastN(Period::Day, 2), "2024-05-13", "2024-05-16"),
            (DateLiteral::NextN(Period::Day, 2), "2024-05-16", "2024-05-18"),
            (DateLiteral::LastN(Period::Month, 2), "2024-03-01", "2024-05-01"),
            (DateLiteral::NextN(Period::Year, 1), "2025-01-01", "2026-01-01"),
            (DateLiteral::Ago(Period::Week, 1), "2024-05-05", "2024-05-12"),
            (DateLiteral::Ago(Period::Day, 3), "2024-05-12", "2024-05-13"),
        ];
        for (literal, start, end) in table {
            let expected = Days { start: start.parse().unwrap(), end: end.parse().unwrap() };
            assert_eq!(Days::of(literal, now), expected, "{literal:?}");
        }
    }

    #[test]
    fn no_literal_leaves_the_calendar() {
        let now = "2024-05-15T00:00:00Z".parse().unwrap();

        assert_eq!(Days::of(DateLiteral::LastN(Period::Year, u32::MAX), now).start, Date::MIN);
        assert_eq!(Days::of(DateLiteral::NextN(Period::Day, u32::MAX), now).end, Date::MAX);
    }
}
