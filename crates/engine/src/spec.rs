//! What a run shall do, as its caller configured it. Nothing here has been checked against the org yet.

use std::num::NonZeroU32;
use std::time::Duration;

/// One run: rows, and how they share the org.
#[derive(Clone, Debug)]
pub struct RunSpec {
    /// The rows. Their names are unique, and so are the tables they name.
    pub rows: Vec<RowSpec>,
    /// How many rows run at once; at least 1.
    pub concurrency: usize,
    /// How many pages of results are downloaded at once, by all rows together; at least 1. With 1, a job's pages are read one after
    /// another.
    pub download_connections: usize,
    /// The most records that one page of a job's results may hold. Pages that are downloaded several at once are as large as Salesforce
    /// makes them.
    pub page_records: u32,
    /// How long one Bulk API job may take before the row gives up on it.
    pub job_deadline: Duration,
    /// How old a query job may be that a row goes on with, if the row does not go on to what has changed since then: beyond, it starts over.
    pub resume_within: Duration,
    /// How many records make it worth a query job of its own for a range of Ids, of objects whose queries Salesforce does not split by itself.
    /// With 0 there is one job for each query.
    pub records_per_job: u32,
    /// Whether rows forget their state: everything is fetched, and replaces the table.
    pub full_refresh: bool,
}

impl RunSpec {
    /// The default of [`RunSpec::concurrency`].
    pub const DEFAULT_CONCURRENCY: usize = 4;
    /// The default of [`RunSpec::download_connections`].
    pub const DEFAULT_DOWNLOAD_CONNECTIONS: usize = 8;
    /// The default of [`RunSpec::page_records`].
    pub const DEFAULT_PAGE_RECORDS: u32 = 50_000;
    /// The default of [`RunSpec::job_deadline`].
    pub const DEFAULT_JOB_DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);
    /// The default of [`RunSpec::resume_within`]. A table that is loaded every night is never older than the night before, as if the run that was
    /// cut off had ended well.
    pub const DEFAULT_RESUME_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);
    /// The default of [`RunSpec::records_per_job`]: as many as Salesforce itself puts into the largest of its parts (`chunkSize`).
    pub const DEFAULT_RECORDS_PER_JOB: u32 = 250_000;

    /// Returns a run of `rows` with every other setting at its default.
    pub fn new(rows: Vec<RowSpec>) -> Self {
        Self {
            rows,
            concurrency: Self::DEFAULT_CONCURRENCY,
            download_connections: Self::DEFAULT_DOWNLOAD_CONNECTIONS,
            page_records: Self::DEFAULT_PAGE_RECORDS,
            job_deadline: Self::DEFAULT_JOB_DEADLINE,
            resume_within: Self::DEFAULT_RESUME_WITHIN,
            records_per_job: Self::DEFAULT_RECORDS_PER_JOB,
            full_refresh: false,
        }
    }
}

/// One configured extraction: a query whose records go to one table.
#[derive(Clone, Debug)]
pub struct RowSpec {
    /// The row's name, under which its state is kept.
    pub name: String,
    /// Where the records come from.
    pub source: Source,
    /// Which kinds of records are read.
    pub records: Records,
    /// What becomes of records that are deleted in the org.
    pub deleted: Deleted,
    /// After how many runs all Ids are compared, where deleted records are not ignored.
    pub reconcile_every: Option<NonZeroU32>,
    /// What is done to the table.
    pub load: Load,
    /// Which records are read.
    pub fetch: Fetch,
    /// The date or datetime field that orders change. `None`: the best one that the object has.
    pub cursor_field: Option<String>,
    /// How far before the watermark an incremental fetch begins.
    pub overlap: Duration,
    /// The columns that identify a record: empty for none, `None` for `Id` where the row has that column.
    pub primary_key: Option<Vec<String>>,
    /// The table. `None`: the object's name, as Salesforce spells it.
    pub table: Option<String>,
    /// Which API carries the records.
    pub api: Api,
    /// How closely the columns' types follow those of the fields.
    pub types: Types,
    /// What a load does to the table that was made of something else than the row now asks for.
    pub start_over: StartOver,
}

impl RowSpec {
    /// Returns a row named `name` that loads `source` in full, with every other setting at its default.
    pub fn new(name: impl Into<String>, source: Source) -> Self {
        Self {
            name: name.into(),
            source,
            records: Records::Live,
            deleted: Deleted::Ignore,
            reconcile_every: None,
            load: Load::Full,
            fetch: Fetch::All,
            cursor_field: None,
            overlap: Duration::ZERO,
            primary_key: None,
            table: None,
            api: Api::Auto,
            types: Types::Described,
            start_over: StartOver::Replace,
        }
    }

    /// Returns the row with deleted records treated like this, and those records read that it takes.
    #[must_use]
    pub fn with_deleted(self, deleted: Deleted) -> Self {
        let records = match deleted {
            Deleted::Ignore => self.records,
            Deleted::Flag { .. } => Records::All,
            Deleted::Remove => Records::LiveAndArchived,
        };
        Self { deleted, records, ..self }
    }

    /// Returns whether the table can be compared with the org by [`reconcile`](crate::reconcile): it outlives its loads, and deleted records
    /// are not ignored.
    pub fn can_reconcile(&self) -> bool {
        self.deleted != Deleted::Ignore && self.load == Load::Incremental
    }
}

/// Where a row's records come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// An sObject.
    Object {
        /// Its API name, in any case.
        object: String,
        /// Which of its fields.
        fields: Fields,
    },
    /// A SOQL query.
    Soql(String),
}

/// Which fields of an sObject are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fields {
    /// Every field that the user may read and the API can carry.
    All,
    /// These.
    Only(Vec<String>),
    /// Every field but these.
    AllBut(Vec<String>),
}

/// Which kinds of records a row reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// Those that are neither deleted nor archived (`query`).
    Live,
    /// Archived ones too, but no deleted ones (`queryAll` with a condition, where the object can say that it is deleted).
    LiveAndArchived,
    /// Deleted and archived ones too (`queryAll`).
    All,
}

/// What becomes of records that are deleted in the org.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// Nothing: [`RowSpec::records`] alone says which are read, and what is in the table stays there.
    Ignore,
    /// They are in the table, and its column `IsDeleted` says so, also of those that are in no recycle bin any more. Goes with
    /// [`Records::All`].
    Flag {
        /// Whether the row is wrong where that cannot be told of all of them, since `IsDeleted` or the key `Id` is missing. Else they are
        /// told as far as they are read.
        is_demanded: bool,
    },
    /// They are not in the table, and leave it. Goes with [`Records::LiveAndArchived`].
    Remove,
}

/// How closely the columns' types follow those of the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Types {
    /// Every type that a column can have.
    Described,
    /// A type for booleans, ints, doubles, dates and datetimes; the rest is text, amounts and percentages too.
    Plain,
}

/// What a load does to a table that was made of something else than the row now asks for: of other fields, by another filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartOver {
    /// The table is made anew.
    Replace,
    /// Everything is fetched again, and loaded into the table as [`RowSpec::load`] says: others may fill the table too.
    Keep,
}

/// What a row's load does to its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// The table is replaced.
    Full,
    /// Records are inserted or updated by primary key.
    Incremental,
    /// Records are added.
    Append,
}

/// Which records a row reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// All of them, every time.
    All,
    /// Those that changed since the watermark.
    Incremental,
}

/// Which API carries a row's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// The Bulk API, or REST for what Bulk refuses and for what is few.
    Auto,
    /// The Bulk API, or REST for what Bulk refuses, and for nothing else.
    BulkFirst,
    /// The Bulk API or an error.
    Bulk,
    /// The REST API.
    Rest,
}
