//! How many records of each object the demo org has, and when it starts.

use jiff::{SignedDuration, Timestamp};

use crate::clock::whole_second;
use crate::id::Id;
use crate::org::POD;

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
}

/// The parts in a hundred that each object but `User` has of all records.
const SHARES: [(Kind, u64); 7] = [
    (Kind::Account, 12),
    (Kind::Contact, 20),
    (Kind::Opportunity, 14),
    (Kind::Case, 14),
    (Kind::Task, 22),
    (Kind::AccountHistory, 12),
    (Kind::Shipment, 6),
];
/// No company of this demo has more users.
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
        }
    }

    /// Returns whether some of its records are in the recycle bin from the start. Users cannot be deleted at all.
    pub(super) fn can_be_deleted(self) -> bool {
        !matches!(self, Self::User | Self::AccountHistory)
    }
}

/// The demo org as a whole.
#[derive(Debug)]
pub(crate) struct Population {
    pub(super) seed: u64,
    counts: [u64; 8],
    start: Timestamp,
}

impl Population {
    /// Shares `records` out among the objects of an org that starts at `start`.
    pub(crate) fn new(seed: u64, records: u64, start: Timestamp) -> Self {
        let mut counts = [0; 8];
        let users = (records / 200).clamp(1, MOST_USERS).min(records);
        let others = records - users;
        for (kind, share) in SHARES {
            counts[kind as usize] = (u128::from(others) * u128::from(share) / 100) as u64;
        }
        // What rounding leaves over goes to tasks, of which there are most anyway.
        counts[Kind::Task as usize] += others - counts.iter().sum::<u64>();
        counts[Kind::User as usize] = users;
        Self { seed, counts, start: whole_second(start) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_add_up_to_the_records_asked_for() {
        for records in [0, 1, 7, 100, 12_345, 5_000_000] {
            let org = Population::new(1, records, Timestamp::UNIX_EPOCH);

            assert_eq!(org.counts.iter().sum::<u64>(), records);
        }
    }
}
