//! A destination of each kind, and runs that load the same table into it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use orgtap_destination::csv;
use orgtap_emulator::{Action, CallKind, EmulatorOptions, Fault, Org, Scope};
use serde_json::json;

use crate::context::{Ran, Running, TestContext, sql_of};

/// The gate at which the records wait.
pub(super) const GATE: &str = "records";
const FIELDS: [&str; 4] = ["Id", "Name", "Site", "Description"];
const PAGE_RECORDS: u64 = 10;

/// A kind of destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Sqlite,
    Csv,
    Component,
}

pub(super) const KINDS: [Kind; 3] = [Kind::Sqlite, Kind::Csv, Kind::Component];

/// A folder `place` with a table in it.
pub(super) struct Place {
    pub(super) context: TestContext,
    pub(super) kind: Kind,
}

type Records = Vec<Vec<String>>;

impl Place {
    pub(super) fn new(kind: Kind) -> Self {
        let options = EmulatorOptions { page_records: PAGE_RECORDS, ..EmulatorOptions::default() };
        let org = Org::builder().demo(300).build();
        org.advance(Duration::from_secs(600));
        let mut context = TestContext::with(org, options);
        let url = context.emulator().url();
        context.set("ORGTAP_TEST_HURRY", "1");
        context.set("ORGTAP_LOGIN_URL", &url);
        fs::create_dir(context.path("place")).unwrap();
        let place = Self { context, kind };
        match kind {
            Kind::Sqlite => place.configure("orgtap.toml", "place/t.db"),
            Kind::Csv => place.configure("orgtap.toml", "place/out"),
            Kind::Component => place.configure_component(),
        }
        place
    }

    /// Writes a configuration that loads into `path`.
    pub(super) fn configure(&self, file: &str, path: &str) {
        let kind = if self.kind == Kind::Csv { "csv" } else { "sqlite" };
        let connection = self.context.connection();
        let fields = json!(FIELDS);
        self.context.write(
            file,
            &format!(
                "{connection}[destination]\nkind = \"{kind}\"\npath = \"{path}\"\n[run]\npage_records = {PAGE_RECORDS}\n\
                 [[rows]]\nobject = \"Account\"\nfields = {fields}\nload = \"incremental\"\napi = \"bulk\"\n"
            ),
        );
    }

    fn configure_component(&self) {
        let settings = self.context.emulator().settings();
        let config = json!({ "parameters": {
            "login_method": "security_token", "username": settings.username, "#password": settings.password,
            "#security_token": settings.security_token, "sandbox": false, "api_version": "62.0",
            "query_type_selector": "Object", "object": "Account", "fields": FIELDS,
            "loading_options": {
                "incremental": 1, "incremental_fetch": true, "incremental_field": "SystemModstamp", "pkey": ["Id"]
            },
        }});
        fs::create_dir(self.context.path("place/in")).unwrap();
        self.context.write("place/config.json", &config.to_string());
    }

    fn args(&self) -> &'static [&'static str] {
        if self.kind == Kind::Component { &["component", "--data-dir", "place"] } else { &["run", "-q"] }
    }

    pub(super) fn run(&self) -> Ran {
        self.context.orgtap(self.args())
    }

    /// Runs under the program that `under` names.
    pub(super) fn run_under(&self, under: &[&str]) -> Ran {
        self.context.ran(&self.context.command_under(under, self.args()).output().unwrap())
    }

    /// Runs by a shell that does `first` before.
    pub(super) fn run_after(&self, first: &str) -> Ran {
        self.run_under(&["/bin/sh", "-c", &format!("{first}; exec \"$@\""), "sh"])
    }

    /// Starts a run and waits until it waits for records, with its load begun.
    pub(super) fn start_and_hold(&self) -> Running<'_> {
        let nth = if self.kind == Kind::Component { 1 } else { 2 };
        for call in [CallKind::Query, CallKind::Results] {
            let hold = Action::Hold { gate: GATE.to_owned() };
            self.context.emulator().faults().add(Fault::nth(call, nth, hold)).unwrap();
        }
        let run = self.context.start(self.args());
        self.context.wait(self.context.emulator().faults().held(GATE));
        run
    }

    /// Lets a run go on that was held.
    pub(super) fn release(&self) {
        self.context.emulator().faults().clear();
    }

    /// Changes some records of the org.
    pub(super) fn change(&self, to: &str) {
        let org = self.context.org();
        org.advance(Duration::from_secs(600));
        let ids = org.select("SELECT Id FROM Account ORDER BY Id LIMIT 15", Scope::Live).unwrap();
        for values in ids.page(0, u64::MAX) {
            org.update(values[0].as_id().unwrap(), [("Description".to_owned(), to.into())].into()).unwrap();
        }
        org.advance(Duration::from_secs(60));
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.context.path("place").join(name)
    }

    /// Returns all files that a run may have made, from the place on.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.context.path("place")];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path.clone());
                }
                files.push(path);
            }
        }
        files
    }

    /// Returns the records of the table, sorted; `None` if there is none.
    pub(super) fn table(&self) -> Option<Records> {
        let mut records = match self.kind {
            Kind::Sqlite => {
                let there = "SELECT 1 FROM sqlite_schema WHERE name = 'Account'";
                let file = self.path("t.db");
                if !file.exists() || sql_of(&file, there).is_empty() {
                    return None;
                }
                sql_of(
                    &file,
                    &format!("SELECT {} FROM Account", FIELDS.map(|field| format!("coalesce({field}, '')")).join(", ")),
                )
            }
            Kind::Csv => records_of(&self.path("out/Account"), true)?,
            Kind::Component => records_of(&self.path("out/tables/Account"), false)?,
        };
        records.sort();
        Some(records)
    }

    /// Returns what the table shall hold.
    pub(super) fn truth(&self) -> Option<Records> {
        let soql = format!("SELECT {} FROM Account", FIELDS.join(", "));
        let selection = self.context.org().select(&soql, Scope::Live).unwrap();
        let kinds: Vec<_> = selection.columns().iter().map(|column| column.kind).collect();
        let text = |values: Vec<orgtap_emulator::Value>| {
            values.iter().zip(&kinds).map(|(value, kind)| value.csv(*kind).into_owned()).collect()
        };
        let mut records: Records = selection.page(0, selection.total()).map(text).collect();
        records.sort();
        Some(records)
    }
}

/// Returns the records of the CSV files in a folder.
fn records_of(folder: &Path, has_header: bool) -> Option<Records> {
    let files: Vec<PathBuf> = fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path()).collect();
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "csv"));
    let records = files.flat_map(|path| {
        let bytes = fs::read(path).unwrap();
        let texts = |record| csv::values(record).map(|value| String::from_utf8(value.into_owned()).unwrap()).collect();
        csv::records(&bytes).skip(usize::from(has_header)).map(texts).collect::<Records>()
    });
    Some(records.collect())
}
