//! An org filled from files, and the tables that runs make of it.

use std::path::{Path, PathBuf};

use orgtap_emulator::{EmulatorOptions, ImportReport, Org};

use super::source;
use super::table::Table;
use super::truth::Truth;
use crate::context::TestContext;

/// The files that hold nothing an org could have, and why.
const REFUSED: &[(&str, &str)] = &[
    ("csvtext_BOM_UTF32BE.csv", "its mark says UTF-16, but it is not valid UTF-16"),
    ("csvtext_BOM_UTF32LE.csv", "its mark says UTF-16, but it is not valid UTF-16"),
];
/// The values that an org cannot have, and why: file, field and reason.
const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("travel-expense.json", "RecordType", "a parent given by its fields is left out"),
    ("Account.json", "ParentId", "no record of these files is called `@AccountRef2000`: left empty"),
    ("Opportunity.json", "AccountId", "no record of these files is called `@AccountRef2000`: left empty"),
];
/// Returns whether a file is one that holds nothing an org could have.
pub(super) fn is_refused(file: &Path) -> bool {
    REFUSED.iter().any(|(name, _)| file.ends_with(name))
}

/// Which records a row loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Live,
    /// Deleted and archived ones too.
    All,
}

impl Scope {
    /// Returns the table that the row of an object fills.
    fn table(self, object: &str) -> String {
        match self {
            Self::Live => object.to_owned(),
            Self::All => format!("all_{object}"),
        }
    }
}

/// Where a run puts its tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    Sqlite,
    Csv,
}

/// A table that a run left.
pub(super) struct Loaded {
    /// The folder of its set.
    folder: PathBuf,
    pub(super) object: String,
    pub(super) scope: Scope,
    pub(super) destination: Destination,
    pub(super) table: Table,
}

impl Loaded {
    /// Asserts that the table holds exactly the records of the truth that its row asks for.
    #[track_caller]
    pub(super) fn holds(&self, truth: &Truth) {
        let what = format!("{}: {}, {:?}, {:?}", self.folder.display(), self.object, self.scope, self.destination);
        self.table.holds(&what, &truth.columns, &truth.records(self.scope));
    }
}

/// An org filled from a folder.
pub(super) struct RecordSet {
    folder: PathBuf,
    pub(super) org: Org,
    /// The object that each file filled first; a CSV file has but one.
    pub(super) objects_of: Vec<(PathBuf, String)>,
}

impl RecordSet {
    /// Imports a folder, after these describes, and asserts that all of it was used that can be.
    pub(super) fn import(folder: &Path, describes: &[PathBuf]) -> Self {
        let mut builder = Org::builder();
        for describe in describes {
            assert!(builder.import(describe).unwrap().skipped.is_empty(), "{}", describe.display());
        }
        let report = builder.import(folder).unwrap();
        assert_nothing_else_is_lost(folder, &report);
        let loaded = report.loaded.into_iter().filter_map(|file| Some((file.path, file.objects.into_iter().next()?)));
        Self { folder: folder.to_owned(), org: builder.build(), objects_of: loaded.collect() }
    }

    pub(super) fn files(&self) -> Vec<PathBuf> {
        source::files(&self.folder)
    }

    /// Loads every object into SQLite and into CSV, without and with deleted records, and hands each table over.
    pub(super) fn load(&self, mut seen: impl FnMut(&Loaded)) {
        let context = TestContext::with(self.org.clone(), EmulatorOptions::default());
        let objects: Vec<String> = self.org.objects().iter().map(|object| object.name.clone()).collect();
        let rows: String = objects.iter().map(|object| rows(object)).collect();
        for (destination, kind, path) in [(Destination::Sqlite, "sqlite", "t.db"), (Destination::Csv, "csv", "out")] {
            let settings = format!("[destination]\nkind = \"{kind}\"\npath = \"{path}\"\n");
            context.write("orgtap.toml", &format!("{}{settings}{rows}", context.connection()));
            context.orgtap(&["run", "--quiet"]).succeeds();
            for (object, scope) in objects.iter().flat_map(|object| [(object, Scope::Live), (object, Scope::All)]) {
                let name = scope.table(object);
                let table = match destination {
                    Destination::Sqlite => Table::of_sqlite(&context.path(path), &name),
                    Destination::Csv => Table::of_csv(&context.path(path).join(&name)),
                };
                seen(&Loaded { folder: self.folder.clone(), object: object.clone(), scope, destination, table });
            }
        }
    }

    /// Loads the set and compares every table with the truth.
    pub(super) fn comes_back_as(&self, truth: &[Truth]) {
        let mut compared = 0;
        self.load(|loaded| {
            let Some(truth) = truth.iter().find(|truth| truth.object == loaded.object) else { return };
            loaded.holds(truth);
            compared += 1;
        });
        assert_eq!(compared, 4 * truth.len(), "two destinations, two scopes");
    }
}

/// Returns the rows that load an object, without and with deleted records.
fn rows(object: &str) -> String {
    let all = Scope::All.table(object);
    format!(
        "[[rows]]\nobject = \"{object}\"\n\
         [[rows]]\nname = \"{all}\"\nobject = \"{object}\"\ninclude_deleted = true\ntable = \"{all}\"\n"
    )
}

/// Asserts that an import used all of a folder but what is known to be of no use.
fn assert_nothing_else_is_lost(folder: &Path, report: &ImportReport) {
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let skipped: Vec<(String, &str)> =
        report.skipped.iter().map(|(path, reason)| (name(path), reason.as_str())).collect();
    let files = source::files(folder);
    let refused = REFUSED.iter().filter(|(name, _)| files.iter().any(|file| file.ends_with(name)));
    let refused: Vec<(String, &str)> = refused.map(|(name, reason)| ((*name).to_owned(), *reason)).collect();
    assert_eq!(skipped, refused, "{}", folder.display());
    for note in report.notes.iter().filter(|note| note.message.contains("left ")) {
        let field = note.field.as_deref().unwrap_or_default();
        let is_known = LEFT_OUT.contains(&(&name(&note.path), field, &note.message));
        assert!(is_known, "{}: {field}: {}", note.path.display(), note.message);
    }
}
