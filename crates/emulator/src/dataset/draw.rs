//! Chance that can be asked again: every draw is a pure function of seed, object, record and field, so that a record
//! exists only while it is looked at.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::population::{Kind, Population};
use super::words;
use crate::id::Id;
use crate::value::{Text, Value};

const DAY: u64 = 86_400;
/// The time before the org's start over which records were created.
const HISTORY_DAYS: u64 = 730;
/// One record in so many is in the recycle bin.
const DELETED_EVERY: u64 = 64;

/// The chance behind one field of one record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draw<'a> {
    /// The org around the record.
    pub(super) org: &'a Population,
    /// The record's object.
    pub(super) kind: Kind,
    /// The record's number in its object, from 0.
    pub(super) n: u64,
    /// What tells this field's draws from those of the record's other fields.
    pub(super) salt: u64,
}

/// Returns the salt of a field name.
pub(super) const fn salt(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}

/// Scrambles a number (the finalizer of SplitMix64).
const fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl<'a> Draw<'a> {
    /// Returns the draw of another field of the same record.
    pub(super) fn of(self, salt: u64) -> Self {
        Self { salt, ..self }
    }

    /// Returns an independent second draw for the same field.
    pub(super) fn again(self) -> Self {
        Self { salt: mix(self.salt), ..self }
    }

    /// Returns the draw of the same field of another record.
    pub(super) fn at(self, kind: Kind, n: u64) -> Self {
        Self { kind, n, ..self }
    }

    fn bits(self) -> u64 {
        mix(self.org.seed ^ mix(self.n ^ mix(self.salt ^ self.kind as u64)))
    }

    /// Returns a number below `limit`, which is not 0.
    pub(super) fn below(self, limit: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(limit)) >> 64) as u64
    }

    /// Returns a number from `low` to `high`, both possible.
    pub(super) fn between(self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// Returns true in `percent` of all draws.
    pub(super) fn chance(self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Returns one of the words.
    pub(super) fn pick(self, from: &'static [&'static str]) -> &'static str {
        from[self.below(from.len() as u64) as usize]
    }

    /// Returns one of the words as a value.
    pub(super) fn word(self, from: &'static [&'static str]) -> Value {
        Value::Text(Text::Static(self.pick(from)))
    }

    /// Returns a value in `percent` of all records, and none in the others.
    pub(super) fn maybe(self, percent: u64, value: impl FnOnce(Self) -> Value) -> Value {
        if self.again().chance(percent) { value(self) } else { Value::Null }
    }

    /// Returns a line of text, now and then one that breaks careless readers.
    pub(super) fn line(self, usual: impl FnOnce(Self) -> String) -> Value {
        if self.again().again().chance(2) { self.word(words::NASTY_LINES) } else { Value::text(usual(self)) }
    }

    /// Returns some sentences of up to `most` words, now and then with line ends and whatever else breaks careless readers.
    pub(super) fn prose(self, most: u64) -> Value {
        let mut step = self;
        let mut text = String::new();
        for at in 0..self.between(3, most) {
            step = step.again();
            if at > 0 {
                text.push(if at % 9 == 0 { '\n' } else { ' ' });
            }
            text.push_str(step.pick(words::PROSE));
        }
        let step = step.again();
        if step.chance(5) {
            text.push_str(step.again().pick(words::NASTY_TEXTS));
        }
        Value::text(text)
    }

    /// Returns this record's own id.
    pub(super) fn id(self) -> Id {
        self.org.id(self.kind, self.n)
    }

    /// Returns the number of a record of `parent` that is not in the recycle bin, if there is any.
    pub(super) fn parent_number(self, parent: Kind) -> Option<u64> {
        let count = self.org.count(parent);
        if count == 0 {
            return None;
        }
        let n = self.below(count);
        let is_live = |n: u64| !self.at(parent, n).is_deleted();
        [n, (n + 1) % count].into_iter().find(|n| is_live(*n))
    }

    /// Returns the id of a record of `parent` that is not in the recycle bin.
    pub(super) fn parent(self, parent: Kind) -> Value {
        self.parent_number(parent).map_or(Value::Null, |n| Value::Id(self.org.id(parent, n)))
    }

    /// Returns the id of an earlier record of the same object, so that parents never form a circle.
    pub(super) fn earlier_one(self) -> Value {
        let n = if self.n == 0 { return Value::Null } else { self.below(self.n) };
        if self.at(self.kind, n).is_deleted() { Value::Null } else { Value::Id(self.org.id(self.kind, n)) }
    }

    /// Returns the id of a user.
    pub(super) fn user(self) -> Value {
        self.parent(Kind::User)
    }

    /// Returns the draw of the contact that belongs to this account, if it is a person.
    pub(super) fn person(self) -> Option<Self> {
        let contact = (self.kind == Kind::Account).then(|| self.org.contact_of(self.n)).flatten()?;
        Some(self.at(Kind::Contact, contact))
    }

    /// Returns the draw of the account that this contact is the person of.
    pub(super) fn account_of_person(self) -> Option<Self> {
        let account = (self.kind == Kind::Contact).then(|| self.org.account_of(self.n)).flatten()?;
        Some(self.at(Kind::Account, account))
    }

    /// Returns whether this record is in the recycle bin when the org starts: a person's contact is if the person is, and so is what belongs
    /// to a file.
    pub(super) fn is_deleted(self) -> bool {
        if let Some(account) = self.account_of_person() {
            return account.is_deleted();
        }
        self.kind.can_be_deleted() && self.n % DELETED_EVERY == DELETED_EVERY - 1
    }

    /// Returns when this record was created: roughly in the order of the ids.
    pub(super) fn created(self) -> Timestamp {
        let span = HISTORY_DAYS * DAY;
        let share = (u128::from(self.n) * u128::from(span) / u128::from(self.org.count(self.kind).max(1))) as u64;
        let jitter = self.of(const { salt("CreatedDate") }).below(20 * DAY);
        // The newest records are at least a day old: room for changes after creation, before the org starts.
        let age = span.saturating_sub(share + jitter).max(DAY + jitter % DAY);
        self.org.before_start(age)
    }

    /// Returns when this record was last changed or, in the recycle bin, deleted.
    pub(super) fn modified(self) -> Timestamp {
        let draw = self.of(const { salt("LastModifiedDate") });
        if self.is_deleted() {
            return self.org.before_start(draw.between(3600, 14 * DAY)).max(self.created());
        }
        let created = self.created();
        if draw.again().chance(40) {
            return created;
        }
        let age = self.org.age(created);
        self.org.before_start(60 + draw.below(age.saturating_sub(60).max(1)))
    }

    /// Returns when the system last touched this record: at its last change or, seldom, a little later.
    pub(super) fn stamped(self) -> Timestamp {
        let modified = self.modified();
        let draw = self.of(const { salt("SystemModstamp") });
        if self.is_deleted() || draw.again().chance(90) {
            return modified;
        }
        let later = draw.below(self.org.age(modified).clamp(1, DAY));
        modified.checked_add(SignedDuration::from_secs(later as i64)).unwrap_or(modified)
    }

    /// Returns a day up to `days` before the org's start.
    pub(super) fn day_before(self, days: u64) -> Date {
        Offset::UTC.to_datetime(self.org.before_start(self.below(days * DAY))).date()
    }

    /// Returns an instant up to `days` before the org's start.
    pub(super) fn instant_before(self, days: u64) -> Value {
        Value::DateTime(self.org.before_start(self.below(days * DAY)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Demo;

    fn population(records: u64, start: Timestamp) -> Population {
        let demo = Demo { seed: 7, records, users: None, profiles: Default::default(), fiscal_year_start: 1 };
        Population::new(&demo, start)
    }

    #[test]
    fn draws_are_spread_evenly_and_repeat() {
        let org = population(10_000, "2024-06-01T00:00:00Z".parse().unwrap());
        let draw = |n| Draw { org: &org, kind: Kind::Account, n, salt: salt("Name") };
        let mut counts = [0_u32; 10];
        for n in 0..10_000 {
            assert_eq!(draw(n).below(10), draw(n).below(10));
            counts[draw(n).below(10) as usize] += 1;
        }

        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn stamps_are_ordered_and_lie_before_the_start() {
        let start = "2024-06-01T00:00:00Z".parse().unwrap();
        let org = population(5_000, start);
        for n in 0..org.count(Kind::Contact) {
            let draw = Draw { org: &org, kind: Kind::Contact, n, salt: 0 };
            assert!(draw.created() <= draw.modified(), "{n}");
            assert!(draw.modified() <= draw.stamped(), "{n}");
            assert!(draw.stamped() < start, "{n}");
            assert_eq!(draw.stamped().subsec_nanosecond(), 0);
        }
    }
}
