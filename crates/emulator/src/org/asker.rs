//! Who asks a query, as far as the answer depends on it: the user, the time zone, the calendar.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::DateTime};

use super::identity::OrgIdentity;
use crate::id::Id;

/// The user in whose name queries run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asker {
    /// Who owns what is "mine".
    pub(crate) user: Id,
    /// The time zone of date literals.
    pub(crate) zone: TimeZone,
    /// The day on which weeks begin.
    pub(crate) week_start: Weekday,
    /// The month in which fiscal years begin.
    pub(crate) fiscal_start: i8,
    /// The user's currency.
    pub(crate) currency: String,
}

/// Regions whose weeks begin on Sunday, as far as Salesforce's locales go; elsewhere they begin on Monday.
const SUNDAY_REGIONS: &[&str] =
    &["US", "CA", "MX", "BR", "JP", "KR", "TW", "HK", "IL", "IN", "ZA", "PH", "TH", "SG", "CO", "PE", "VE", "SA"];

impl Asker {
    pub(crate) fn of(identity: &OrgIdentity) -> Self {
        let region = identity.locale.rsplit(['_', '-']).next().unwrap_or_default();
        let starts_on_sunday = SUNDAY_REGIONS.iter().any(|known| known.eq_ignore_ascii_case(region));
        Self {
            user: identity.user_id,
            zone: TimeZone::get(&identity.time_zone).unwrap_or(TimeZone::UTC),
            week_start: if starts_on_sunday { Weekday::Sunday } else { Weekday::Monday },
            fiscal_start: identity.fiscal_year_start.clamp(1, 12),
            currency: identity.currency.clone(),
        }
    }

    /// Returns the day that it is for the user at `at`.
    pub(crate) fn day(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    /// Returns the instant at which a day begins for the user; the calendar's ends are the ends of time.
    pub(crate) fn midnight(&self, day: Date) -> Timestamp {
        let civil: DateTime = day.to_datetime(Time::midnight());
        let end = if day < Date::constant(0, 1, 1) { Timestamp::MIN } else { Timestamp::MAX };
        self.zone.to_timestamp(civil).unwrap_or(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_of_the_users_zone() {
        let identity = OrgIdentity { time_zone: "America/Los_Angeles".to_owned(), ..OrgIdentity::default() };
        let asker = Asker::of(&identity);

        assert_eq!(asker.day("2024-06-01T06:59:59Z".parse().unwrap()), "2024-05-31".parse().unwrap());
        assert_eq!(asker.midnight("2024-03-11".parse().unwrap()), "2024-03-11T07:00:00Z".parse().unwrap());
        assert_eq!(asker.midnight(Date::MAX), Timestamp::MAX);
    }

    #[test]
    fn an_unknown_zone_is_utc_and_locales_say_when_weeks_begin() {
        let asker = |time_zone: &str, locale: &str| {
            Asker::of(&OrgIdentity {
                time_zone: time_zone.to_owned(),
                locale: locale.to_owned(),
                ..OrgIdentity::default()
            })
        };

        assert_eq!(asker("Nowhere/At_All", "en_US").zone, TimeZone::UTC);
        assert_eq!(asker("Europe/Prague", "cs_CZ").week_start, Weekday::Monday);
        assert_eq!(asker("Asia/Tokyo", "ja_JP").week_start, Weekday::Sunday);
    }
}
