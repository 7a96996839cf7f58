//! The destinations of the matrix, each with what happens to it between one process and the next.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orgtap_destination::csv_dir::CsvDir;
use orgtap_destination::keboola::{ColumnForm, Keboola, KeboolaOptions, KeptState, ManifestForm, StateFile};
use orgtap_destination::memory::TableContents;
use orgtap_destination::sqlite::{Sqlite, SqliteOptions};
use orgtap_destination::{Destination, csv};
use tempfile::TempDir;

use crate::records::Records;

pub(super) const TABLE: &str = "Meter__c";

/// A kind of destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Sqlite,
    Csv,
    Component,
}

type Record = Vec<Option<String>>;
/// The columns, and the records by their key.
type Imported = (Vec<String>, BTreeMap<Option<String>, Record>);

/// A place that tables are loaded into, run after run.
#[derive(Debug)]
pub(super) struct Place {
    kind: Kind,
    folder: TempDir,
    /// The table as the platform has imported it from the component, by the records' first column.
    imported: Option<Imported>,
}

impl Place {
    pub(super) fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        Self { kind, folder, imported: None }
    }

    /// Opens the destination as a new process does.
    pub(super) fn open(&self) -> Arc<dyn Destination> {
        match self.kind {
            Kind::Sqlite => Arc::new(Sqlite::open(self.path("org.db"), SqliteOptions::default()).unwrap()),
            Kind::Csv => Arc::new(CsvDir::new(self.path("csv"))),
            Kind::Component => Arc::new(Keboola::new(KeboolaOptions {
                data_dir: self.folder.path().to_owned(),
                bucket: "in.c-salesforce".to_owned(),
                manifest: ManifestForm::Legacy,
                columns: ColumnForm::Described,
                state_file: Arc::new(PlainState),
            })),
        }
    }

    /// Does what happens when a process has ended, well or not: of a component, the platform imports what one left that ended well, and
    /// hands the next one a fresh folder.
    pub(super) fn ended(&mut self, well: bool) {
        if self.kind != Kind::Component {
            return;
        }
        let out = self.path("out");
        if well {
            self.import();
            fs::copy(out.join("state.json"), self.path("in/state.json")).unwrap();
        }
        if out.exists() {
            fs::remove_dir_all(&out).unwrap();
        }
    }

    /// Returns the table as everybody sees it, if there is one.
    pub(super) fn table(&self) -> Option<Records> {
        let contents = match self.kind {
            Kind::Sqlite => sqlite_table(&self.path("org.db"))?,
            Kind::Csv => csv_table(&self.path("csv").join(TABLE))?,
            Kind::Component => {
                let (columns, records) = self.imported.clone()?;
                TableContents { columns, records: records.into_values().collect() }
            }
        };
        Some(contents.into())
    }

    /// Merges by the first column, or replaces, as the manifest says.
    fn import(&mut self) {
        let tables = self.path("out/tables");
        let manifest = fs::read(tables.join(format!("{TABLE}.manifest"))).unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        let columns: Vec<String> = serde_json::from_value(manifest["columns"].clone()).unwrap();
        assert_eq!(manifest["primary_key"], serde_json::json!([columns[0]]));
        let mut records = match manifest["incremental"].as_bool().unwrap() {
            true => self.imported.take().map(|(_, records)| records).unwrap_or_default(),
            false => BTreeMap::new(),
        };
        let loaded = files(&tables.join(TABLE)).into_iter().flat_map(|slice| parse(&fs::read(slice).unwrap()));
        records.extend(loaded.map(|record| (record[0].clone(), record)));
        self.imported = Some((columns, records));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn sqlite_table(file: &Path) -> Option<TableContents> {
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut statement = connection.prepare(&format!("SELECT * FROM {TABLE}")).ok()?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let records = statement.query_map((), |row| (0..columns.len()).map(|column| row.get(column)).collect());
    let records = records.unwrap().collect::<Result<_, _>>().unwrap();
    Some(TableContents { columns, records })
}

fn csv_table(folder: &Path) -> Option<TableContents> {
    let mut contents = TableContents::default();
    for part in files(folder) {
        let mut records = parse(&fs::read(part).unwrap()).into_iter();
        contents.columns = records.next().unwrap().into_iter().flatten().collect();
        contents.records.extend(records);
    }
    Some(contents).filter(|contents| !contents.columns.is_empty())
}

/// Returns the CSV files in `folder`, none if there is no such folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "csv")).collect()
}

fn parse(bytes: &[u8]) -> Vec<Record> {
    let text = |value: std::borrow::Cow<'_, [u8]>| {
        Some(String::from_utf8(value.into_owned()).unwrap()).filter(|text| !text.is_empty())
    };
    csv::records(bytes).map(|record| csv::values(record).map(text).collect()).collect()
}

/// A `state.json` that is the state.
#[derive(Debug)]
struct PlainState;

impl StateFile for PlainState {
    fn read(&self, file: &str) -> Option<KeptState> {
        Some(KeptState { document: file.to_owned(), table: None })
    }

    fn write(&self, state: &KeptState, _columns: &[String]) -> String {
        state.document.clone()
    }
}
