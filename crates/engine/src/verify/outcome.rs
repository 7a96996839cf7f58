//! What a comparison found.

use jiff::Timestamp;

/// How the table of a row compares with the org.
#[derive(Clone, Debug)]
pub struct Verification {
    /// The row's name.
    pub row: String,
    /// The sObject, as Salesforce spells it.
    pub object: String,
    /// The table.
    pub table: String,
    /// Up to which instant the table is held against the org. `None`: without a bound.
    pub watermark: Option<Timestamp>,
    /// How many records the table holds.
    pub table_records: u64,
    /// The counts, from the earliest window to the last; empty where they say nothing.
    pub windows: Vec<WindowCount>,
    /// Which records make a difference of counts.
    pub named: Named,
    /// What was created since the watermark and is not expected in the table yet. `None` where nobody can tell.
    pub created_since: Option<Since>,
    /// How many records of the table have a key that another one has. `None` where several may.
    pub duplicates: Option<u64>,
    /// What the sample came to, where one was asked for.
    pub sample: Option<SampleReport>,
    /// What else the user should know.
    pub notes: Vec<String>,
}

impl Verification {
    /// Returns whether nothing differs that is not explained.
    pub fn agrees(&self) -> bool {
        self.windows.iter().all(WindowCount::agrees)
            && self.named.missing.is_empty()
            && self.duplicates.unwrap_or_default() == 0
            && self.sample.as_ref().is_none_or(SampleReport::agrees)
    }
}

/// How many records of a window the org and the table have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowCount {
    /// Created from here on, inclusive. `None`: however early.
    pub from: Option<Timestamp>,
    /// Created before. `None`: however late.
    pub to: Option<Timestamp>,
    /// Which records of the window.
    pub kind: RecordKind,
    /// Those of the org.
    pub org: u64,
    /// Those of the table.
    pub table: u64,
    /// What may account for the difference, or a part of it.
    pub explained: Option<Explained>,
}

impl WindowCount {
    /// Returns how many records the table has more than the org; less than zero, if it has fewer.
    pub fn difference(&self) -> i64 {
        i64::try_from(i128::from(self.table) - i128::from(self.org)).unwrap_or(i64::MAX)
    }

    /// Returns whether nothing differs that is not explained.
    pub fn agrees(&self) -> bool {
        self.difference().unsigned_abs() <= self.explained.map_or(0, |explained| explained.records)
    }
}

/// The Ids of records that make a difference of counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Records of the org that the table lacks, though they did not change since the last run.
    pub missing: Vec<String>,
    /// Records of the table that the query does not select, and that the org does not have as deleted ones either.
    pub extra: Vec<String>,
    /// Whether windows were left out, for they hold too many records.
    pub is_partial: bool,
    /// How many windows whose difference is explained hold too many records to tell whether one is missing besides.
    pub unexamined: u64,
}

/// Which records of a window are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// All that the row reads.
    All,
    /// Those that are not deleted.
    Live,
    /// Deleted ones.
    Deleted,
    /// Those of the table that do not say when they were created. The org has none.
    Undated,
}

/// What may account for a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explained {
    /// For how many records; not more than differ.
    pub records: u64,
    /// How.
    pub by: Explanation,
}

/// How a difference comes about that is none of the table's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Explanation {
    /// Records were deleted or archived in the org, and the row does not read such.
    Deleted,
    /// Records changed in the org since the last run.
    ChangedSince,
    /// Deleted records left the org's recycle bin.
    Purged,
}

/// The records created after the watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// Those of the org.
    pub org: u64,
    /// Those that the table has already.
    pub table: u64,
}

/// What the comparison of some records came to, value by value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampleReport {
    /// How many records were drawn.
    pub records: u64,
    /// How many of them are the same.
    pub equal: u64,
    /// How many differ, but changed in the org after the watermark.
    pub changed_since: u64,
    /// How many are deleted in the org.
    pub deleted: u64,
    /// How many differ, but the row's query no longer selects them.
    pub no_longer_selected: u64,
    /// The Ids that the org does not know, not even in its recycle bin.
    pub unknown: Vec<String>,
    /// The values that differ.
    pub differences: Vec<ValueDifference>,
}

impl SampleReport {
    /// Returns whether nothing differs that is not explained.
    pub fn agrees(&self) -> bool {
        self.unknown.is_empty() && self.differences.is_empty()
    }
}

/// A value that is not the same in the org and in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueDifference {
    /// The record.
    pub id: String,
    /// The column.
    pub column: String,
    /// The org's value, in the text of the Bulk API; `None` for null.
    pub org: Option<String>,
    /// The table's value; `None` for null.
    pub table: Option<String>,
}
