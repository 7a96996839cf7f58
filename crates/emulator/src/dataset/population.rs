//! How many records of each object the demo org has, and when it starts.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::Demo;
use super::currency::{CURRENCIES, DATED_RATES};
use crate::clock::whole_second;
use crate::id::Id;
use crate::org::POD;
use crate::profile::{Profile, Profiles};

/// An object of the demo org.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `User`
    User,
    /// `Account`
    Account,
    /// `Contact`
    Contact,
    /// `Opportunity`
    Opportunity,
    /// `Case`
    Case,
    /// `Task`
    Task,
    /// `AccountHistory`
    AccountHistory,
    /// `Shipment__c`
    Shipment,
    /// `Event`
    Event,
    /// `CurrencyType`
    CurrencyType,
    /// `DatedConversionRate`
    DatedConversionRate,
    /// `Sensor_Reading__b`
    SensorReading,
    /// `Shipping_Rate__mdt`
    ShippingRate,
    /// `Stock_Item__x`
    StockItem,
    /// `CaseStatus`
    CaseStatus,
    /// `TaskStatus`
    TaskStatus,
    /// `TaskPriority`
    TaskPriority,
    /// `AccountFeed`
    AccountFeed,
    /// `Attachment`
    Attachment,
    /// `Document`
    Document,
    /// `ContentDocument`
    ContentDocument,
    /// `ContentVersion`
    ContentVersion,
    /// `ContentDocumentLink`
    ContentDocumentLink,
}

/// How many kinds there are.
const KINDS: usize = Kind::ContentDocumentLink as usize + 1;

/// The shares that objects have of all records, with the profile that brings them. Those of every org add up to a hundred.
const SHARES: [(Kind, u64, Option<Profile>); 15] = [
    (Kind::Account, 12, None),
    (Kind::Contact, 20, None),
    (Kind::Opportunity, 14, None),
    (Kind::Case, 14, None),
    (Kind::Task, 22, None),
    (Kind::AccountHistory, 12, None),
    (Kind::Shipment, 6, None),
    (Kind::Event, 10, Some(Profile::Activities)),
    (Kind::SensorReading, 10, Some(Profile::BigObjects)),
    (Kind::StockItem, 2, Some(Profile::ExternalObjects)),
    (Kind::AccountFeed, 4, Some(Profile::NoBulk)),
    (Kind::Attachment, 4, Some(Profile::Files)),
    (Kind::Document, 1, Some(Profile::Files)),
    (Kind::ContentDocument, 3, Some(Profile::Files)),
    (Kind::ContentVersion, 3, Some(Profile::Files)),
];
/// The objects that have the same number of records in every org, with the profile that brings them.
const FIXED: [(Kind, u64, Profile); 6] = [
    (Kind::CurrencyType, CURRENCIES.len() as u64, Profile::MultiCurrency),
    (Kind::DatedConversionRate, DATED_RATES, Profile::MultiCurrency),
    (Kind::ShippingRate, 12, Profile::CustomMetadata),
    (Kind::CaseStatus, 4, Profile::NoBulk),
    (Kind::TaskStatus, 5, Profile::NoBulk),
    (Kind::TaskPriority, 3, Profile::NoBulk),
];
/// One account in so many is a person, where accounts may be.
const PERSON_EVERY: u64 = 5;
/// No company of this demo has more users, unless it is told to.
const MOST_USERS: u64 = 2_000;

impl Kind {
    /// Returns the key prefix of its ids.
    pub(super) fn key_prefix(self) -> [u8; 3] {
        match self {
            Self::User => *b"005",
            Self::Account => *b"001",
            Self::Contact => *b"003",
            Self::Opportunity => *b"006",
            Self::Case => *b"500",
            Self::Task => *b"00T",
            Self::AccountHistory => *b"017",
            Self::Shipment => *b"a00",
            Self::Event => *b"00U",
            Self::CurrencyType => *b"01L",
            Self::DatedConversionRate => *b"04w",
            Self::SensorReading => *b"i00",
            Self::ShippingRate => *b"m00",
            Self::StockItem => *b"x00",
            Self::CaseStatus => *b"01J",
            Self::TaskStatus => *b"01K",
            Self::TaskPriority => *b"01M",
            Self::AccountFeed => *b"0D5",
            Self::Attachment => *b"00P",
            Self::Document => *b"015",
            Self::ContentDocument => *b"069",
            Self::ContentVersion => *b"068",
            Self::ContentDocumentLink => *b"06A",
        }
    }

    /// Returns whether some of its records are in the recycle bin from the start. Users cannot be deleted at all.
    pub(super) fn can_be_deleted(self) -> bool {
        let is_fixed = FIXED.iter().any(|(kind, ..)| *kind == self);
        !is_fixed && !matches!(self, Self::User | Self::AccountHistory | Self::SensorReading | Self::StockItem)
    }
}

/// The demo org as a whole.
#[derive(Debug)]
pub(crate) struct Population {
    pub(super) seed: u64,
    pub(super) profiles: Profiles,
    pub(super) fiscal_year_start: i8,
    counts: [u64; KINDS],
    start: Timestamp,
}

impl Population {
    /// Shares the records out among the objects of an org that starts at `start`.
    pub(crate) fn new(demo: &Demo, start: Timestamp) -> Self {
        let Demo { seed, records, profiles, .. } = *demo;
        let mut counts = [0; KINDS];
        let users = demo.users.unwrap_or_else(|| (records / 200).clamp(1, MOST_USERS)).min(records);
        counts[Kind::User as usize] = users;
        let mut left = records - users;
        for (kind, count, _) in FIXED.iter().filter(|(.., profile)| profiles.has(*profile)) {
            counts[*kind as usize] = left.min(*count);
            left -= counts[*kind as usize];
        }
        let others = left;
        let shares = || SHARES.into_iter().filter(|(.., profile)| profile.is_none_or(|profile| profiles.has(profile)));
        let total: u64 = shares().map(|(kind, share, _)| share * parts(kind)).sum();
        for (kind, share, _) in shares() {
            let count = (u128::from(others) * u128::from(share) / u128::from(total)) as u64;
            counts[kind as usize] = count;
            left -= count;
            if kind == Kind::ContentVersion {
                counts[Kind::ContentDocumentLink as usize] = count;
                left -= count;
            }
        }
        // What rounding leaves over goes to tasks, of which there are most anyway.
        counts[Kind::Task as usize] += left;
        let fiscal_year_start = demo.fiscal_year_start.clamp(1, 12);
        Self { seed, profiles, fiscal_year_start, counts, start: whole_second(start) }
    }

    /// Returns how many accounts are people.
    fn persons(&self) -> u64 {
        if !self.profiles.has(Profile::PersonAccounts) {
            return 0;
        }
        (self.count(Kind::Account) / PERSON_EVERY).min(self.count(Kind::Contact))
    }

    /// Returns the number of the contact that belongs to an account, if that is a person: one of the last contacts.
    pub(super) fn contact_of(&self, account: u64) -> Option<u64> {
        let persons = self.persons();
        let person = account / PERSON_EVERY;
        let is_person = account % PERSON_EVERY == PERSON_EVERY - 1 && person < persons;
        is_person.then(|| self.count(Kind::Contact) - persons + person)
    }

    /// Returns the number of the account that a contact is the person of.
    pub(super) fn account_of(&self, contact: u64) -> Option<u64> {
        let persons = self.persons();
        let person = contact.checked_sub(self.count(Kind::Contact).saturating_sub(persons))?;
        (person < persons).then_some(person * PERSON_EVERY + PERSON_EVERY - 1)
    }

    /// Returns the first day of the month so many months before the org starts; of a later month for a negative number.
    pub(super) fn month_before_start(&self, months: i64) -> Date {
        let first = Offset::UTC.to_datetime(self.start).date().first_of_month();
        jiff::Span::new().try_months(months).and_then(|span| first.checked_sub(span)).unwrap_or(first)
    }

    /// Returns how many records an object has.
    pub(crate) fn count(&self, kind: Kind) -> u64 {
        self.counts[kind as usize]
    }

    /// Returns the id of an object's `n`-th record.
    pub(crate) fn id(&self, kind: Kind, n: u64) -> Id {
        Id::of(kind.key_prefix(), POD, n + 1)
    }

    /// Returns the instant so many seconds before the org starts.
    pub(super) fn before_start(&self, seconds: u64) -> Timestamp {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        self.start.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Returns how many seconds before the org's start an instant is.
    pub(super) fn age(&self, at: Timestamp) -> u64 {
        u64::try_from(self.start.as_second() - at.as_second()).unwrap_or(0)
    }
}

/// Returns how many objects share the records of a kind: each file is linked once.
fn parts(kind: Kind) -> u64 {
    if kind == Kind::ContentVersion { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_add_up_to_the_records_asked_for() {
        for records in [0, 1, 7, 100, 12_345, 5_000_000] {
            for profiles in [Profiles::default(), Profile::ALL.iter().copied().collect()] {
                let demo = Demo { seed: 1, records, users: None, profiles, fiscal_year_start: 1 };
                let org = Population::new(&demo, Timestamp::UNIX_EPOCH);

                assert_eq!(org.counts.iter().sum::<u64>(), records);
            }
        }
    }

    #[test]
    fn every_person_has_a_contact_of_its_own() {
        let profiles = [Profile::PersonAccounts].into_iter().collect();
        let demo = Demo { seed: 1, records: 5_000, users: None, profiles, fiscal_year_start: 1 };
        let org = Population::new(&demo, Timestamp::UNIX_EPOCH);

        let contacts: Vec<u64> = (0..org.count(Kind::Account)).filter_map(|n| org.contact_of(n)).collect();
        assert_eq!(contacts.len() as u64, org.count(Kind::Account) / 5);
        for (person, contact) in contacts.iter().enumerate() {
            assert_eq!(org.account_of(*contact), Some(person as u64 * 5 + 4));
        }
        let people = (0..org.count(Kind::Contact)).filter(|n| org.account_of(*n).is_some()).count();
        assert_eq!(people, contacts.len());
    }
}
