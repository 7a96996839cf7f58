//! What must come back: the records of the sources, and how each of their columns compares.

use std::collections::BTreeMap;
use std::path::PathBuf;

use orgtap_emulator::Org;
use serde_json::Value as Json;

use super::record_set::{RecordSet, Scope, is_refused};
use super::source::{self, Cell, Record};

/// The fields that every object has, with their types in an org.
const OWN_FIELDS: &[(&str, &str)] = &[
    ("Id", "id"),
    ("IsDeleted", "boolean"),
    ("CreatedDate", "datetime"),
    ("CreatedById", "reference"),
    ("LastModifiedDate", "datetime"),
    ("LastModifiedById", "reference"),
    ("SystemModstamp", "datetime"),
];

/// An object with the records that files hold for it.
pub(super) struct Truth {
    pub(super) object: String,
    pub(super) records: Vec<Record>,
    pub(super) columns: Vec<Column>,
}

impl Truth {
    /// Reads the records of a set. The types of its columns are those of `describes`, else those that the files show.
    pub(super) fn of(set: &RecordSet, describes: &BTreeMap<String, Json>) -> Vec<Self> {
        let is_csv = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "csv");
        let (tables, trees): (Vec<PathBuf>, Vec<PathBuf>) = set.files().into_iter().partition(|file| is_csv(file));
        let mut records = source::tree_records(&trees);
        // JSON shows types, and comes first; what stands in CSV is then read as such.
        let mut kinds: BTreeMap<String, BTreeMap<String, Kind>> =
            records.iter().map(|(object, records)| (object.clone(), kinds_of_values(records))).collect();
        for file in tables.iter().filter(|file| !is_refused(file)) {
            let loaded = set.objects_of.iter().find(|(path, _)| path == file);
            let (_, object) = loaded.unwrap_or_else(|| panic!("{} was not loaded", file.display()));
            let rows = source::csv_records(file);
            let known = kinds.entry(object.clone()).or_default();
            for (column, kind) in kinds_of_values(&rows) {
                known.entry(column).or_insert(kind);
            }
            records.entry(object.clone()).or_default().extend(rows);
        }
        records
            .into_iter()
            .map(|(object, records)| {
                let columns = columns(&set.org, &object, &kinds[&object], describes.get(&object));
                Self { object, records, columns }
            })
            .collect()
    }

    /// Returns the records, without the deleted ones if only live ones are asked for.
    pub(super) fn records(&self, scope: Scope) -> Vec<&Record> {
        let is_true = |cell: Option<&Cell>| matches!(cell, Some(Cell::Text(text)) if text.eq_ignore_ascii_case("true"));
        let is_gone = |record: &Record| is_true(record.get("isdeleted")) || is_true(record.get("isarchived"));
        self.records.iter().filter(|record| scope == Scope::All || !is_gone(record)).collect()
    }
}

/// A column to compare.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Its name in the source, in lower case.
    pub(super) source: String,
    /// Its name in the table.
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// How a column's values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// To the byte.
    Text,
    /// As numbers: `5` is `5.0`.
    Number,
    /// As truth values: SQLite has `1`, CSV has `true`.
    Flag,
    /// As days: a date keeps nothing of a time.
    Day,
    /// As points in time.
    Moment,
    /// By being there: the emulator gives records ids of its own where the files have none.
    Reference,
    /// By the id in the file, which is in `ExternalId__c` where the emulator could not keep it.
    Id,
}

impl Kind {
    /// Returns the kind of fields of a type, as a describe names it; `None` for what Bulk API results leave out.
    pub(super) fn of_type(name: &str) -> Option<Self> {
        match name {
            "id" => Some(Self::Id),
            "reference" => Some(Self::Reference),
            "boolean" => Some(Self::Flag),
            "int" | "long" | "double" | "currency" | "percent" => Some(Self::Number),
            "date" => Some(Self::Day),
            "datetime" => Some(Self::Moment),
            "address" | "location" | "base64" => None,
            _ => Some(Self::Text),
        }
    }

    /// Returns what is to compare of a value of the source.
    pub(super) fn reduce_cell(self, cell: Option<&Cell>) -> String {
        match (self, cell) {
            (_, None) | (Self::Reference, Some(Cell::Dangling(_))) => self.reduce(""),
            (_, Some(Cell::Text(text) | Cell::Reference(text) | Cell::Dangling(text))) => self.reduce(text),
            (_, Some(Cell::Number(number))) => self.reduce(&number.to_string()),
            (_, Some(Cell::Flag(flag))) => self.reduce(&flag.to_string()),
        }
    }

    /// Returns what is to compare of a value. A text that is no value of the kind was not imported, and is none.
    pub(super) fn reduce(self, text: &str) -> String {
        match self {
            Self::Text | Self::Id => text.to_owned(),
            Self::Number => text.trim().parse::<f64>().map_or_else(|_| String::new(), |number| format!("{number:?}")),
            Self::Flag => ["true", "1", "yes"].contains(&text.trim().to_lowercase().as_str()).to_string(),
            Self::Day => moment(text.trim()).chars().take(10).collect(),
            Self::Moment => moment(text.trim()),
            Self::Reference => (!text.is_empty()).to_string(),
        }
    }
}

fn moment(text: &str) -> String {
    let day = text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() == 10);
    let at = day.map_or_else(|| text.to_owned(), |day| format!("{day}T00:00:00Z"));
    at.parse::<jiff::Timestamp>().map_or_else(|_| String::new(), |at| at.to_string())
}

/// Returns the kind of each column of records, told by their values.
fn kinds_of_values(records: &[Record]) -> BTreeMap<String, Kind> {
    let mut kinds = BTreeMap::new();
    for (name, cell) in records.iter().flatten() {
        let kind = match cell {
            Cell::Text(_) | Cell::Dangling(_) => Kind::Text,
            Cell::Number(_) => Kind::Number,
            Cell::Flag(_) => Kind::Flag,
            Cell::Reference(_) => Kind::Reference,
        };
        let known = kinds.entry(name.clone()).or_insert(kind);
        *known = match *known {
            known if known == kind => kind,
            known if known == Kind::Reference || kind == Kind::Reference => Kind::Reference,
            _ => Kind::Text,
        };
    }
    kinds
}

/// Returns the columns to compare of an object.
fn columns(org: &Org, object: &str, values: &BTreeMap<String, Kind>, describe: Option<&Json>) -> Vec<Column> {
    let object = org.object(object).unwrap();
    let described = |name: &str| -> Option<&str> {
        let fields = describe?["fields"].as_array()?.iter();
        fields
            .filter(|field| field["name"].as_str().unwrap().eq_ignore_ascii_case(name))
            .find_map(|field| field["type"].as_str())
    };
    let own = |name: &str| OWN_FIELDS.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, kind)| *kind);
    let column = |(source, shown): (&String, &Kind)| {
        let kind = match described(source).or_else(|| own(source)) {
            Some(name) => Kind::of_type(name)?,
            None => *shown,
        };
        // A column whose name no query could spell has got another, and keeps its own as the label.
        let is_meant = |name: &str| object.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        let field =
            is_meant(source).or_else(|| object.fields.iter().find(|field| field.label.to_lowercase() == *source));
        let field = field.unwrap_or_else(|| panic!("{} has no field for the column {source}", object.name));
        Some(Column { source: source.clone(), name: field.name.clone(), kind })
    };
    values.iter().filter_map(column).collect()
}
