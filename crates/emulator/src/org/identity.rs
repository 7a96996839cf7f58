//! Who the org is and how to sign in to it. The secrets are made up and meant to be shown to whoever runs the org; `Debug`
//! still leaves them out, so that logs stay clean of anything that looks like one.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::id::Id;

/// The names, ids and credentials of an org.
#[derive(Clone)]
pub struct OrgIdentity {
    /// The id of the org itself.
    pub organization_id: Id,
    /// The name of the organization.
    pub organization_name: String,
    /// The label before `.my.salesforce.com`.
    pub domain: String,
    /// The instance, such as `NA139`.
    pub instance: String,
    /// Whether it is a sandbox.
    pub sandbox: bool,
    /// The user that signs in.
    pub user_id: Id,
    /// The profile of that user.
    pub profile_id: Id,
    /// The username; a sandbox's carries the sandbox's name.
    pub username: String,
    /// The email address of the user.
    pub email: String,
    /// The user's full name.
    pub user_name: String,
    /// The user's time zone, as the IANA names it: date literals and `convertTimezone` go by it. An unknown one is UTC.
    pub time_zone: String,
    /// The user's locale, such as `en_US`: it says on which day weeks begin.
    pub locale: String,
    /// The user's currency, as ISO 4217 codes it. It matters in orgs with several currencies only.
    pub currency: String,
    /// The month in which the org's fiscal year starts, from 1. A fiscal year has the name of the year it ends in.
    pub fiscal_year_start: i8,
    /// The password.
    pub password: String,
    /// The security token that follows the password.
    pub security_token: String,
    /// The consumer key of the connected app.
    pub consumer_key: String,
    /// The consumer secret of the connected app.
    pub consumer_secret: String,
}

/// The pod of all ids that the org gives out.
pub(crate) const POD: [u8; 3] = *b"5f0";

impl Default for OrgIdentity {
    fn default() -> Self {
        Self {
            organization_id: Id::of(*b"00D", POD, 1),
            organization_name: "Orgtap Demo".to_owned(),
            domain: "orgtap-demo".to_owned(),
            instance: "EMU1".to_owned(),
            sandbox: false,
            user_id: Id::of(*b"005", POD, 1),
            profile_id: Id::of(*b"00e", POD, 1),
            username: "admin@example.com".to_owned(),
            email: "admin@example.com".to_owned(),
            user_name: "Ada Admin".to_owned(),
            time_zone: "Etc/UTC".to_owned(),
            locale: "en_US".to_owned(),
            currency: "USD".to_owned(),
            fiscal_year_start: 1,
            password: "orgtap-demo".to_owned(),
            security_token: "demoSecurityToken0123456".to_owned(),
            consumer_key: "3MVG9demoConsumerKey.orgtap".to_owned(),
            consumer_secret: "0123456789ABCDEF0123456789ABCDEF".to_owned(),
        }
    }
}

impl OrgIdentity {
    /// Returns whether the IANA has a time zone of that name.
    pub fn is_time_zone(name: &str) -> bool {
        TimeZone::get(name).is_ok()
    }

    /// Returns how far the user's clock is ahead of UTC, in milliseconds, without daylight saving time.
    pub(crate) fn utc_offset_millis(&self, now: Timestamp) -> i32 {
        let zone = TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC);
        let info = zone.to_offset_info(now);
        let summer_seconds = if info.dst().is_dst() { 3600 } else { 0 };
        (info.offset().seconds() - summer_seconds) * 1000
    }
}

impl fmt::Debug for OrgIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrgIdentity")
            .field("organization_id", &self.organization_id)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}
