//! Date literals such as `LAST_N_DAYS:30`: which days they mean in the time zone, locale and fiscal year of who asks.

use jiff::civil::{Date, date};
use jiff::{Span, Timestamp, ToSpan};
use orgtap_soql::{DateLiteral, Period};

use crate::org::Asker;

/// Days from `start` on, before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) start: Date,
    pub(super) end: Date,
    /// When `start` begins for the user.
    pub(super) starts_at: Timestamp,
    /// When `end` begins for the user.
    pub(super) ends_at: Timestamp,
}

impl Days {
    /// Returns the days that a literal means today. Days beyond the calendar are its last.
    pub(super) fn of(literal: DateLiteral, now: Timestamp, asker: &Asker) -> Self {
        let (period, first, after) = units(literal);
        let current = first_day(asker.day(now), period, asker);
        let (start, end) = (shifted(current, period, first), shifted(current, period, after));
        Self { start, end, starts_at: asker.midnight(start), ends_at: asker.midnight(end) }
    }
}

/// Returns the unit of a literal, its first one and the one after its last, counted from the one that today is in.
fn units(literal: DateLiteral) -> (Period, i64, i64) {
    match literal {
        DateLiteral::This(period) => (period, 0, 1),
        DateLiteral::Last(period) => (period, -1, 0),
        DateLiteral::Next(period) => (period, 1, 2),
        DateLiteral::Last90Days => (Period::Day, -90, 1),
        DateLiteral::Next90Days => (Period::Day, 1, 91),
        DateLiteral::LastN(Period::Day, n) => (Period::Day, -i64::from(n), 1),
        DateLiteral::LastN(period, n) => (period, -i64::from(n), 0),
        DateLiteral::NextN(period, n) => (period, 1, i64::from(n) + 1),
        DateLiteral::Ago(period, n) => (period, -i64::from(n), 1 - i64::from(n)),
    }
}

/// Returns the first day of the unit that a day is in.
fn first_day(day: Date, period: Period, asker: &Asker) -> Date {
    match period {
        Period::Day => day,
        Period::Week => day.checked_sub(day.weekday().since(asker.week_start).days()).unwrap_or(Date::MIN),
        Period::Month => date(day.year(), day.month(), 1),
        Period::Quarter => months_before(day, (day.month() - 1) % 3),
        Period::Year => date(day.year(), 1, 1),
        Period::FiscalQuarter => months_before(day, fiscal_month(day, asker) % 3),
        Period::FiscalYear => months_before(day, fiscal_month(day, asker)),
    }
}

/// Returns how many months of the fiscal year have passed before the one that a day is in.
pub(super) fn fiscal_month(day: Date, asker: &Asker) -> i8 {
    (day.month() - asker.fiscal_start).rem_euclid(12)
}

/// Returns the first day of the month so many months before a day's.
fn months_before(day: Date, months: i8) -> Date {
    date(day.year(), day.month(), 1).checked_sub(i64::from(months).months()).unwrap_or(Date::MIN)
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
    use crate::org::OrgIdentity;

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
            let days = Days::of(literal, now, &asker("Etc/UTC", "en_US", 1));
            assert_eq!((days.start, days.end), (start.parse().unwrap(), end.parse().unwrap()), "{literal:?}");
        }
    }

    #[test]
    fn zone_locale_and_fiscal_year_move_them() {
        // A Saturday in UTC, already a Sunday in Tokyo.
        let now = "2024-06-01T22:00:00Z".parse().unwrap();
        let tokyo = asker("Asia/Tokyo", "ja_JP", 4);
        let prague = asker("Europe/Prague", "cs_CZ", 10);
        let table = [
            (&tokyo, DateLiteral::This(Period::Day), "2024-06-02", "2024-06-03"),
            (&tokyo, DateLiteral::This(Period::Week), "2024-06-02", "2024-06-09"),
            (&tokyo, DateLiteral::This(Period::FiscalYear), "2024-04-01", "2025-04-01"),
            (&tokyo, DateLiteral::Last(Period::FiscalQuarter), "2024-01-01", "2024-04-01"),
            (&prague, DateLiteral::This(Period::Day), "2024-06-02", "2024-06-03"),
            (&prague, DateLiteral::This(Period::Week), "2024-05-27", "2024-06-03"),
            (&prague, DateLiteral::This(Period::FiscalYear), "2023-10-01", "2024-10-01"),
            (&prague, DateLiteral::This(Period::FiscalQuarter), "2024-04-01", "2024-07-01"),
        ];
        for (asker, literal, start, end) in table {
            let days = Days::of(literal, now, asker);
            assert_eq!((days.start, days.end), (start.parse().unwrap(), end.parse().unwrap()), "{literal:?}");
        }
        let today = Days::of(DateLiteral::This(Period::Day), now, &tokyo);
        assert_eq!(today.starts_at, "2024-06-01T15:00:00Z".parse().unwrap());
    }

    fn asker(time_zone: &str, locale: &str, fiscal_year_start: i8) -> Asker {
        let (time_zone, locale) = (time_zone.to_owned(), locale.to_owned());
        Asker::of(&OrgIdentity { time_zone, locale, fiscal_year_start, ..OrgIdentity::default() })
    }

    #[test]
    fn no_literal_leaves_the_calendar() {
        let now = "2024-05-15T00:00:00Z".parse().unwrap();

        assert_eq!(
            Days::of(DateLiteral::LastN(Period::Year, u32::MAX), now, &asker("Etc/UTC", "en_US", 1)).start,
            Date::MIN
        );
        assert_eq!(
            Days::of(DateLiteral::NextN(Period::Day, u32::MAX), now, &asker("Etc/UTC", "en_US", 1)).end,
            Date::MAX
        );
    }
}
