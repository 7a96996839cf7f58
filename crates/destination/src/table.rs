//! The table that a load fills, and what a commit did to it.

use std::collections::BTreeSet;
use std::fmt;

use crate::{Error, ErrorKind, Result, file_name};

/// The table that one load fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSpec {
    /// The configured row that owns the load; state documents are kept under this name.
    pub row: String,
    /// The table's name as the user or the org spells it. Untrusted: a destination quotes or encodes it.
    pub name: String,
    /// The columns, in the order in which every [`Batch`](crate::Batch) carries them. Never empty; names are unique.
    pub columns: Vec<Column>,
    /// The names of the columns that identify a record; empty for none. Each is one of `columns`.
    pub primary_key: Vec<String>,
    /// What commit does with the records.
    pub write_mode: WriteMode,
    /// The column that tells the newer of two records with the same key: the greater value, compared as text (ISO 8601 instants compare
    /// rightly so). Without it, and between equals, the record of the later part, then the later in the part, counts as newer.
    pub version_column: Option<String>,
    /// Whether the source holds each primary key once, so that a load in which one comes twice is not what the source holds: its commit
    /// fails with [`ErrorKind::CameTwice`]. Destinations that need no index on the key do not look, and leave it to
    /// [`Batch::with_identities`](crate::Batch::with_identities).
    pub keys_are_unique: bool,
    /// The column that tells the source's records apart, whatever the primary key is, where the load has one: a load in which a value comes
    /// twice fails alike.
    pub identity: Option<Identity>,
    /// How records end that are gone in the source; `None` where the load says nothing of them.
    pub gone: Option<Gone>,
    /// What has to stand for the load to be what it was planned as. Not part of what the records mean: a load can take up one that was
    /// planned on another premise.
    pub premise: Premise,
}

impl TableSpec {
    /// Fails if this is no table that could be loaded anywhere.
    pub(crate) fn validate(&self) -> Result<()> {
        let renamed = |option| move |why| self.invalid(why).with_hint(format!("set `{option}` to another name"));
        check_name("a table", &self.name)
            .and_then(|()| check_length("a table", &self.name))
            .map_err(renamed("table"))?;
        check_length("a row", &self.row).map_err(renamed("name"))?;
        if self.columns.is_empty() {
            return Err(self.invalid("it has no columns"));
        }
        let mut seen = BTreeSet::new();
        for column in &self.columns {
            check_name("a column", &column.name).map_err(|why| self.invalid(why))?;
            if !seen.insert(&column.name) {
                return Err(self.invalid(format!("column `{}` comes twice", column.name)));
            }
        }
        for name in self
            .primary_key
            .iter()
            .chain(&self.version_column)
            .chain(self.identity.as_ref().map(|identity| &identity.column))
        {
            if !seen.contains(name) {
                return Err(self.invalid(format!("column `{name}` is not among those loaded")));
            }
        }
        if self.write_mode == WriteMode::Upsert && self.primary_key.is_empty() {
            return Err(self.invalid("an upsert needs a primary key").with_hint("set `primary_key`"));
        }
        self.validate_gone().map_err(|why| self.invalid(why))
    }

    fn validate_gone(&self) -> Result<(), String> {
        let mode = self.write_mode;
        match &self.gone {
            None if mode.is_of_keys() => Err(format!("nothing says what becomes of the records that it is to {mode}")),
            None => Ok(()),
            Some(Gone::Removed | Gone::Marked { .. }) if !mode.is_of_keys() => {
                Err(format!("a load that is to {mode} holds whole records, not keys"))
            }
            Some(Gone::ToldBy { .. }) if mode != WriteMode::Upsert => {
                Err(format!("a load that is to {mode} cannot tell which records are gone"))
            }
            Some(Gone::ToldBy { column, .. }) if self.primary_key.contains(column) => {
                Err(format!("column `{column}` of the key cannot tell which records are gone"))
            }
            Some(Gone::ToldBy { column, .. }) if self.position(column).is_none() => {
                Err(format!("column `{column}` is not among those loaded"))
            }
            Some(Gone::Removed | Gone::Marked { .. })
                if self.primary_key.is_empty() || self.columns.len() != self.key_positions().len() =>
            {
                Err("a load of keys has the columns of the primary key, and no others".to_owned())
            }
            Some(_) => Ok(()),
        }
    }

    /// Returns a text of all that gives the written records of a load their meaning: a load can only take up one with the same outline.
    pub(crate) fn outline(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|column| (&column.name, column.column_type)).collect();
        let Self { row, name, primary_key, write_mode, version_column, keys_are_unique, gone, .. } = self;
        format!("{:?}", (row, name, columns, primary_key, write_mode, version_column, keys_are_unique, gone))
    }

    /// Makes an error of kind [`ErrorKind::InvalidTable`] about this table.
    pub(crate) fn invalid(&self, why: impl fmt::Display) -> Error {
        Error::new(ErrorKind::InvalidTable, format!("could not load table `{}`: {why}", self.name))
    }

    /// Returns where in a record the primary key's values are.
    pub(crate) fn key_positions(&self) -> Vec<usize> {
        self.primary_key.iter().filter_map(|name| self.position(name)).collect()
    }

    /// Returns where in a record the version is.
    pub(crate) fn version_position(&self) -> Option<usize> {
        self.version_column.as_deref().and_then(|name| self.position(name))
    }

    /// Returns where in a record it says that the record is gone.
    pub(crate) fn gone_position(&self) -> Option<usize> {
        match &self.gone {
            Some(Gone::ToldBy { column, .. }) => self.position(column),
            _ => None,
        }
    }

    /// Fails with [`ErrorKind::Changed`] if the `state` of the row, which is asked for where it matters, is not what the load was planned on.
    pub(crate) fn check_premise(&self, state: impl FnOnce() -> Result<Option<String>>) -> Result<()> {
        let planned = match &self.premise {
            Premise::Anything => return Ok(()),
            Premise::NoState => None,
            Premise::State(planned) => Some(planned),
        };
        if state()?.as_ref() == planned {
            return Ok(());
        }
        let why = "it was changed or removed by another program since the run began";
        Err(Error::new(ErrorKind::Changed, format!("could not load table `{}`: {why}", self.name)))
    }

    /// Returns which of the load's columns is not one of the table's.
    pub(crate) fn hidden_position(&self) -> Option<usize> {
        match &self.gone {
            Some(Gone::ToldBy { column, is_stored: false }) => self.position(column),
            _ => None,
        }
    }

    /// Returns the load's columns that are the table's as well, in their order.
    pub(crate) fn stored_columns(&self) -> impl Iterator<Item = &Column> {
        let hidden = self.hidden_position();
        let columns = self.columns.iter().enumerate();
        columns.filter(move |(position, _)| Some(*position) != hidden).map(|(_, column)| column)
    }

    /// Makes the error of a load of keys for a table that is not there.
    pub(crate) fn not_there(&self) -> Error {
        self.invalid("there is no such table").with_hint("load the table in full first")
    }

    /// Makes the error of a load of keys for a table without `column`.
    pub(crate) fn lacks(&self, column: &str) -> Error {
        self.invalid(format!("it has no column `{column}`")).with_hint("load the table in full once")
    }

    /// Fails if `records` of the load, of which each may come once, came again.
    pub(crate) fn refuse_twice(&self, records: u64) -> Result<()> {
        match records {
            0 => Ok(()),
            1 => Err(self.came_twice("a record came twice of which there is one")),
            _ => Err(self.came_twice(&format!("{records} records came twice of which there is one each"))),
        }
    }

    fn came_twice(&self, what: &str) -> Error {
        let message = format!("could not load table `{}`: {what}, so that as many others may be missing", self.name);
        Error::new(ErrorKind::CameTwice, message)
    }

    /// Returns the column by which records come twice that the primary key does not tell of, if there is one.
    pub(crate) fn identity_beside_key(&self) -> Option<&Identity> {
        let identity = self.identity.as_ref()?;
        (!self.keys_are_unique || self.primary_key != [identity.column.as_str()]).then_some(identity)
    }

    /// Returns whether the load may hold records that supersede each other.
    pub(crate) fn may_hold_duplicates(&self) -> bool {
        !self.primary_key.is_empty() && !self.keys_are_unique
    }

    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

fn check_name(what: &str, name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err(format!("{what} needs a name"));
    }
    match name.chars().any(char::is_control) {
        true => Err(format!("the name of {what} holds control characters")),
        false => Ok(()),
    }
}

/// The longest name that a file can be called by, with what is added to it.
const LONGEST_FILE_NAME: usize = 200;

fn check_length(what: &str, name: &str) -> Result<(), String> {
    match file_name::encode(name).len() {
        length if length > LONGEST_FILE_NAME => Err(format!(
            "the name of {what} takes {length} bytes in a file's name, of which there are {LONGEST_FILE_NAME}"
        )),
        _ => Ok(()),
    }
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name as the source spells it, for example `Account.Name`. Untrusted: a destination quotes or encodes it.
    pub name: String,
    /// What the values are.
    pub column_type: ColumnType,
    /// Whether nulls are to be expected. A hint: a null is accepted all the same.
    pub is_nullable: bool,
    /// What people call the column, for destinations that can keep it.
    pub description: Option<String>,
}

/// What a column's values are. The text of each is that of Salesforce's Bulk API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnType {
    /// Any text.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number of up to 64 bits.
    Integer,
    /// A double-precision number: `1234.5`, `1.0E7`.
    Float,
    /// `YYYY-MM-DD`.
    Date,
    /// `YYYY-MM-DDTHH:MM:SS.mmmZ`, always UTC.
    DateTime,
    /// `HH:MM:SS.mmmZ`.
    Time,
}

/// What commit does with the records of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteMode {
    /// The table holds this load's records and no others.
    Replace,
    /// The records are added to the table's.
    Append,
    /// The records are added, and take the place of those with the same primary key.
    Upsert,
    /// The load holds keys: the table's records with these keys are gone, the others stay.
    Remove,
    /// The load holds keys: the table's records with these keys stay, the others are gone.
    Retain,
}

impl WriteMode {
    /// Returns whether the load holds keys, not whole records. Such a load changes a table that is there, and never its columns.
    pub fn is_of_keys(self) -> bool {
        matches!(self, Self::Remove | Self::Retain)
    }
}

/// By what the source tells its records apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The column.
    pub column: String,
    /// The value of records that the source does not tell apart by it. It may come any number of times.
    pub none: String,
}

/// What has to stand in a table for a load of it to be what it was planned as: state is read before the load has locked the table.
///
/// Where it does not stand any more, [`Destination::begin`](crate::Destination::begin) and [`TableLoad::commit`](crate::TableLoad::commit)
/// fail with [`ErrorKind::Changed`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Premise {
    /// The load holds all that it needs, whatever is there.
    #[default]
    Anything,
    /// The row has no state with the table yet. Records that are added without looking are not to be added by two first loads.
    NoState,
    /// The table is there, and the row's state is still this document, as [`Destination::state`](crate::Destination::state) returned it: the
    /// load holds what has changed since.
    State(String),
}

impl Premise {
    /// Returns that the row's state is still `document`.
    pub fn state(document: Option<String>) -> Self {
        document.map_or(Self::NoState, Self::State)
    }
}

/// How a table's records end that are gone in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// With [`WriteMode::Upsert`]: the newest record of a key whose boolean `column`, one of the load's, is `true` takes the table's record
    /// out of the table and is not stored.
    ToldBy {
        /// The column.
        column: String,
        /// Whether the column is one of the table's, too. Else only the load has it.
        is_stored: bool,
    },
    /// With [`WriteMode::Remove`] and [`WriteMode::Retain`]: they leave the table.
    Removed,
    /// With [`WriteMode::Remove`] and [`WriteMode::Retain`]: they stay, and this boolean column of the table says `true`.
    Marked {
        /// The column, which the load does not have.
        column: String,
    },
}

impl fmt::Display for WriteMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Replace => "replace",
            Self::Append => "append",
            Self::Upsert => "upsert",
            Self::Remove => "remove",
            Self::Retain => "retain",
        })
    }
}

/// Names one independently written piece of a load: a number from 0, unique in the load. Its order is the order of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartId(pub u32);

/// Proof that a part was written whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrittenPart {
    /// Which part.
    pub part: PartId,
    /// How many records it holds.
    pub records: u64,
    /// How many bytes of CSV they were.
    pub bytes: u64,
}

/// What a load that ended without commit or abort left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftLoad {
    /// The journal that it saved last.
    pub journal: String,
    /// The parts that it had finished, in order. They are whole; whatever else it wrote is gone. None if it was of other columns, another
    /// key or another write mode: then the journal is all that is left.
    pub parts: Vec<WrittenPart>,
}

/// What a commit did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommittedLoad {
    /// The records of the load.
    pub records: u64,
    /// How many of them were dropped because a newer record of the same load has the same key.
    pub superseded: u64,
    /// The records of the table that the load took out or marked as gone. Those that were marked before do not count.
    pub gone: u64,
    /// After [`WriteMode::Retain`]: how many of the keys the table does not have.
    pub absent: Option<u64>,
    /// The records in the table after the commit, where the destination can tell cheaply.
    pub table_records: Option<u64>,
    /// What happened to the table's shape, for the report.
    pub changes: Vec<TableChange>,
}

/// A change of a table's shape that a commit made or met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableChange {
    /// A column was added; older records hold null there.
    ColumnAdded {
        /// The column.
        column: String,
    },
    /// The load no longer has a column that the table has. It is kept: records that the table had keep their values there, also where the
    /// load changes them; new records hold null.
    ColumnKept {
        /// The column.
        column: String,
    },
    /// A replacing load no longer has a column that the old table had; it went with the old records.
    ColumnDropped {
        /// The column.
        column: String,
    },
    /// The type of a column changed; values were kept as they were.
    TypeChanged {
        /// The column.
        column: String,
        /// The type before, in the destination's words.
        from: String,
        /// The type now, in the destination's words.
        to: String,
    },
}

impl fmt::Display for TableChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ColumnAdded { column } => write!(f, "column `{column}` is new"),
            Self::ColumnKept { column } => {
                write!(f, "column `{column}` is no longer extracted; it stays in the table, and is null in new records")
            }
            Self::ColumnDropped { column } => write!(f, "column `{column}` is no longer extracted and left the table"),
            Self::TypeChanged { column, from, to } => write!(f, "column `{column}` changed from {from} to {to}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> TableSpec {
        let column = |name: &str| Column {
            name: name.to_owned(),
            column_type: ColumnType::Text,
            is_nullable: true,
            description: None,
        };
        TableSpec {
            row: "accounts".to_owned(),
            name: "Account".to_owned(),
            columns: vec![column("Id"), column("Name")],
            primary_key: vec!["Id".to_owned()],
            write_mode: WriteMode::Upsert,
            version_column: None,
            keys_are_unique: false,
            identity: None,
            gone: None,
            premise: Premise::Anything,
        }
    }

    fn told_by(column: &str) -> Option<Gone> {
        Some(Gone::ToldBy { column: column.to_owned(), is_stored: true })
    }

    #[test]
    fn a_table_that_cannot_be_loaded_is_refused_with_its_reason() {
        type Spoil = fn(&mut TableSpec);
        let bad: [(&str, Spoil); 15] = [
            ("takes 201 bytes in a file's name, of which there are 200", |spec| spec.name = "x".repeat(201)),
            ("takes 300 bytes in a file's name, of which there are 200", |spec| spec.row = "/".repeat(100)),
            ("a table needs a name", |spec| spec.name.clear()),
            ("the name of a table holds control characters", |spec| spec.name.push('\0')),
            ("it has no columns", |spec| spec.columns.clear()),
            ("column `Id` comes twice", |spec| spec.columns[1].name = "Id".to_owned()),
            ("column `Key` is not among those loaded", |spec| spec.primary_key.push("Key".to_owned())),
            ("column `Stamp` is not among those loaded", |spec| spec.version_column = Some("Stamp".to_owned())),
            ("an upsert needs a primary key", |spec| spec.primary_key.clear()),
            ("nothing says what becomes of the records that it is to remove", |spec| {
                spec.write_mode = WriteMode::Remove
            }),
            ("a load that is to upsert holds whole records, not keys", |spec| spec.gone = Some(Gone::Removed)),
            ("a load that is to append cannot tell which records are gone", |spec| {
                (spec.write_mode, spec.gone) = (WriteMode::Append, told_by("Name"));
            }),
            ("column `Id` of the key cannot tell which records are gone", |spec| spec.gone = told_by("Id")),
            ("column `Gone` is not among those loaded", |spec| spec.gone = told_by("Gone")),
            ("a load of keys has the columns of the primary key, and no others", |spec| {
                (spec.write_mode, spec.gone) = (WriteMode::Retain, Some(Gone::Removed));
            }),
        ];

        assert!(spec().validate().is_ok());
        for (why, spoil) in bad {
            let mut spec = spec();
            spoil(&mut spec);
            let error = spec.validate().unwrap_err();

            assert_eq!(error.kind(), ErrorKind::InvalidTable);
            assert!(error.to_string().ends_with(why), "{error}");
        }
    }
}
