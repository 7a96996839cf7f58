//! One pass over a table: counts by day of creation, records that share a key, and a sample.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher as _;

use jiff::Timestamp;
use orgtap_destination::{Batch, ColumnType, csv};

use crate::plan::Subject;
use crate::spec::Load;

/// The stamp by which records are counted: the only one that never changes.
pub(super) const CREATED: &str = "CreatedDate";
/// The column that tells whether a record is deleted.
pub(super) const IS_DELETED: &str = "IsDeleted";
/// The column that tells records apart.
pub(super) const ID: &str = "Id";

const SECONDS_OF_A_DAY: i64 = 24 * 60 * 60;

/// Records that were created on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) live: u64,
    pub(super) deleted: u64,
}

impl Counts {
    pub(super) fn all(self) -> u64 {
        self.live + self.deleted
    }

    fn add(&mut self, is_deleted: bool) {
        *(if is_deleted { &mut self.deleted } else { &mut self.live }) += 1;
    }
}

/// What a table holds. Memory grows by some 16 bytes with each record, to know its key again.
#[derive(Debug)]
pub(super) struct Tally {
    columns: Vec<String>,
    places: Places,
    watermark: Option<Timestamp>,
    /// Whether versions of one record count as one.
    counts_versions_once: bool,
    hasher: RandomState,
    keys: HashSet<u64>,
    pub(super) records: u64,
    pub(super) duplicates: Option<u64>,
    /// By the day since 1970.
    pub(super) days: BTreeMap<i64, Counts>,
    /// Records without an instant of creation that can be read, or all, where they are not dated.
    pub(super) undated: Counts,
    /// Records created at or after the watermark.
    pub(super) since: u64,
    /// The records whose Ids have the least hashes: which these are is a matter of chance.
    sample: BTreeMap<u64, Vec<String>>,
    sample_size: usize,
}

/// Where values are among the columns that are read.
#[derive(Debug)]
struct Places {
    key: Vec<usize>,
    id: Option<usize>,
    created: Option<usize>,
    deleted: Option<usize>,
    version: Option<usize>,
}

/// Returns whether the table has the Ids of its records.
pub(super) fn has_ids(subject: &Subject) -> bool {
    subject.table.columns.iter().any(|column| column.name == ID) && subject.object.field(ID).is_some()
}

impl Tally {
    pub(super) fn new(subject: &Subject, load: Load, sample_size: usize) -> Self {
        let table = &subject.table;
        let is_of = |name: &str, column_type| {
            table.columns.iter().any(|column| column.name == name && column.column_type == column_type)
        };
        let created = is_of(CREATED, ColumnType::DateTime) && can_filter(subject, CREATED);
        // Where versions of a record count as one, it is neither live nor deleted.
        let deleted = subject.includes_deleted
            && load != Load::Append
            && is_of(IS_DELETED, ColumnType::Boolean)
            && can_filter(subject, IS_DELETED);
        let has_ids = has_ids(subject) && !subject.query.is_aggregate();
        let key = match table.primary_key.as_slice() {
            key if key.is_empty() || load == Load::Append => has_ids.then(|| ID.to_owned()).into_iter().collect(),
            key => key.to_vec(),
        };
        let sample_size = if has_ids { sample_size } else { 0 };
        let few =
            has_ids.then_some(ID).into_iter().chain(created.then_some(CREATED)).chain(deleted.then_some(IS_DELETED));
        let columns: Vec<String> = match sample_size {
            0 => {
                let mut columns: Vec<String> = few.map(str::to_owned).collect();
                columns.extend(key.iter().filter(|name| !matches!(name.as_str(), ID | CREATED | IS_DELETED)).cloned());
                columns.extend(table.columns.first().filter(|_| columns.is_empty()).map(|column| column.name.clone()));
                columns
            }
            _ => table.columns.iter().map(|column| column.name.clone()).collect(),
        };
        let place = |name: &str| columns.iter().position(|column| column == name);
        let places = Places {
            key: key.iter().filter_map(|name| place(name)).collect(),
            id: place(ID).filter(|_| has_ids),
            created: place(CREATED).filter(|_| created),
            deleted: place(IS_DELETED).filter(|_| deleted),
            version: table.version_column.as_deref().and_then(place),
        };
        Self {
            duplicates: (load != Load::Append && !key.is_empty()).then_some(0),
            counts_versions_once: load == Load::Append,
            columns,
            places,
            watermark: subject.watermark,
            hasher: RandomState::new(),
            keys: HashSet::new(),
            records: 0,
            days: BTreeMap::new(),
            undated: Counts::default(),
            since: 0,
            sample: BTreeMap::new(),
            sample_size,
        }
    }

    /// Returns the columns to be read.
    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(super) fn has_ids(&self) -> bool {
        self.places.id.is_some()
    }

    /// Returns whether the records say when they were created.
    pub(super) fn is_dated(&self) -> bool {
        self.places.created.is_some()
    }

    /// Returns whether the records say whether they are deleted.
    pub(super) fn tells_deleted(&self) -> bool {
        self.places.deleted.is_some()
    }

    /// Takes the records of `batch` into account.
    pub(super) fn add(&mut self, batch: &Batch) {
        for record in csv::records(batch.bytes()) {
            let values: Vec<_> = csv::values(record).collect();
            self.records += 1;
            self.draw(&values);
            let is_known = self.is_known(&values);
            if let Some(duplicates) = self.duplicates.as_mut().filter(|_| is_known) {
                *duplicates += 1;
            }
            if !(is_known && self.counts_versions_once) {
                self.count(&values);
            }
        }
    }

    /// Returns the sample, each record with all its values.
    pub(super) fn into_sample(self) -> Vec<Vec<String>> {
        self.sample.into_values().collect()
    }

    /// Returns whether a record with this key was there before. Two keys with the same hash are as good as impossible: one in a hundred thousand
    /// tables of ten million records.
    fn is_known(&mut self, values: &[Cow<'_, [u8]>]) -> bool {
        if self.places.key.is_empty() {
            return false;
        }
        let key: Vec<&[u8]> = self.places.key.iter().filter_map(|at| values.get(*at)).map(AsRef::as_ref).collect();
        !self.keys.insert(self.hasher.hash_one(key))
    }

    fn count(&mut self, values: &[Cow<'_, [u8]>]) {
        let value = |at: Option<usize>| at.and_then(|at| values.get(at)).map(AsRef::as_ref);
        let is_deleted = value(self.places.deleted) == Some(b"true");
        let created = value(self.places.created).and_then(instant_of);
        match created {
            None => self.undated.add(is_deleted),
            Some(created) if self.watermark.is_some_and(|watermark| created >= watermark) => self.since += 1,
            Some(created) => {
                let day = created.as_second().div_euclid(SECONDS_OF_A_DAY);
                self.days.entry(day).or_default().add(is_deleted);
            }
        }
    }

    /// Takes the record into the sample, if chance wants it, in the place of an older version.
    fn draw(&mut self, values: &[Cow<'_, [u8]>]) {
        let Some(id) = self.places.id.filter(|_| self.sample_size > 0).and_then(|at| values.get(at)) else { return };
        let hash = self.hasher.hash_one(id.as_ref());
        let is_full = self.sample.len() == self.sample_size;
        if is_full && self.sample.last_key_value().is_some_and(|(last, _)| hash > *last) {
            return;
        }
        let version = |at: usize| values.get(at).map(|version| String::from_utf8_lossy(version));
        if let (Some(known), Some(at)) = (self.sample.get(&hash), self.places.version)
            && version(at).is_some_and(|version| *version < *known[at])
        {
            return;
        }
        let record = values.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect();
        self.sample.insert(hash, record);
        if self.sample.len() > self.sample_size {
            self.sample.pop_last();
        }
    }
}

fn can_filter(subject: &Subject, field: &str) -> bool {
    subject.object.field(field).is_some_and(|field| field.filterable)
}

/// Reads an instant as a batch has it.
pub(super) fn instant_of(text: &[u8]) -> Option<Timestamp> {
    str::from_utf8(text).ok()?.parse().ok()
}

/// Returns the instant at which a day begins.
pub(super) fn start_of(day: i64) -> Option<Timestamp> {
    Timestamp::from_second(day.checked_mul(SECONDS_OF_A_DAY)?).ok()
}
