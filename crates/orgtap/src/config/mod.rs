//! The configuration file: from text to what the engine runs on.
//!
//! text → [`mod@document`] (TOML with places) → [`mod@substitute`] (`${…}`) → [`mod@schema`] (keys, types, limits) → [`mod@file`] (typed) →
//! [`mod@connection`], [`mod@rows`] (rules across options). Each step reports every problem that it finds, with its place. Nothing here reaches
//! the network or writes a file.

mod connection;
mod document;
mod file;
mod problem;
pub(crate) mod proxy;
mod rows;
mod schema;
mod snippet;
mod substitute;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use orgtap_destination::Destination;
use orgtap_destination::csv_dir::CsvDir;
use orgtap_destination::sqlite::{Sqlite, SqliteOptions};
use orgtap_engine::RunSpec;
use orgtap_salesforce::{Connection, Shares};
use serde::de::DeserializeOwned;

use crate::env::Environment;
use crate::patience::Patience;
use connection::Surroundings;
use document::{Entry, Node};
use file::{ConfigFile, ConnectionTable, DestinationKind, DestinationTable, LimitsTable, RunTable};
pub(crate) use problem::Error;
use problem::{KeyPath, Problem, Source};
pub(crate) use schema::schema;

/// Everything that a configuration file says.
#[derive(Debug)]
pub(crate) struct Settings {
    /// How to sign in.
    pub(crate) connection: Connection,
    /// What to load.
    pub(crate) run: RunSpec,
    /// How much of what the org allows a day may be used.
    pub(crate) limits: Shares,
    /// Where to.
    pub(crate) destination: DestinationSettings,
}

/// Where the tables go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DestinationSettings {
    kind: DestinationKind,
    path: PathBuf,
}

impl DestinationSettings {
    /// Returns the destination. Touches no file yet.
    pub(crate) fn open(&self, patience: Patience) -> orgtap_destination::Result<Arc<dyn Destination>> {
        let usual = SqliteOptions::default();
        let options = SqliteOptions { busy_timeout: patience.wait(usual.busy_timeout), ..usual };
        Ok(match self.kind {
            DestinationKind::Sqlite => Arc::new(Sqlite::open(&self.path, options)?),
            DestinationKind::Csv => Arc::new(CsvDir::new(&self.path)),
        })
    }

    /// Returns what it is, for people.
    pub(crate) fn describe(&self) -> String {
        match self.kind {
            DestinationKind::Sqlite => format!("SQLite file `{}`", self.path.display()),
            DestinationKind::Csv => format!("CSV folder `{}`", self.path.display()),
        }
    }
}

/// Reads a whole configuration file.
pub(crate) fn load(path: &Path, environment: &Environment) -> Result<Settings, Error> {
    let text = read(path)?;
    let file = Reading::of(Source { path, text: &text }, environment);
    file.settings()
}

/// Reads only how to sign in. What is wrong with the rest of the file does not matter, as long as it is TOML.
pub(crate) fn load_connection(path: &Path, environment: &Environment) -> Result<Connection, Error> {
    let text = read(path)?;
    let file = Reading::of(Source { path, text: &text }, environment);
    file.connection()
}

/// Reads the text of a configuration file that lies nowhere.
#[cfg(any(test, fuzzing))]
pub(crate) fn parse(text: &str, environment: &Environment) -> Result<Settings, Error> {
    Reading::of(Source { path: Path::new("orgtap.toml"), text }, environment).settings()
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })
}

/// A file being read.
struct Reading<'a> {
    source: Source<'a>,
    around: Surroundings<'a>,
}

impl<'a> Reading<'a> {
    fn of(source: Source<'a>, environment: &'a Environment) -> Self {
        let folder = source.path.parent().unwrap_or(Path::new(""));
        Self { source, around: Surroundings { folder, environment } }
    }

    fn settings(&self) -> Result<Settings, Error> {
        let mut document = Node::parse(self.source)?;
        let file: ConfigFile = self.typed(&mut document, schema())?;
        let root = KeyPath::default();
        let mut problems = Vec::new();
        let connection = self.build_connection(file.connection, &document, &mut problems);
        let rows = document.entry("rows").map(|entry| &entry.node).unwrap_or(&document);
        let rows = rows::build(file.rows, rows, &root.key("rows"), &mut problems);
        problem::all_of(self.source, problems)?;
        Ok(Settings {
            connection,
            run: run_spec(&file.run, rows),
            limits: shares(&file.limits),
            destination: self.destination(&file.destination),
        })
    }

    fn connection(&self) -> Result<Connection, Error> {
        let mut document = Node::parse(self.source)?;
        document.keep_only("connection");
        let only_connection = serde_json::json!({
            "type": "object",
            "properties": { "connection": schema().pointer("/properties/connection") },
            "required": ["connection"],
        });
        let file: OnlyConnection = self.typed(&mut document, &only_connection)?;
        let mut problems = Vec::new();
        let connection = self.build_connection(file.connection, &document, &mut problems);
        problem::all_of(self.source, problems)?;
        Ok(connection)
    }

    /// Fills in what the texts refer to, holds the document against `schema` and gives it its types.
    fn typed<T: DeserializeOwned>(&self, document: &mut Node, schema: &serde_json::Value) -> Result<T, Error> {
        let root = KeyPath::default();
        let mut problems = Vec::new();
        substitute::substitute(document, self.around, &mut problems);
        schema::check(document, schema, &root, &mut problems);
        problem::all_of(self.source, problems)?;
        // The schema is made from the types, so this fails only where the two disagree. Its message could repeat a value, so it is dropped.
        serde_json::from_value(document.to_json()).map_err(|_| Error::Problems {
            path: self.source.path.to_owned(),
            problems: vec!["  the file passes the schema, but not the program; please report this".to_owned()],
        })
    }

    fn build_connection(&self, table: ConnectionTable, document: &Node, problems: &mut Vec<Problem>) -> Connection {
        let node = document.entry("connection").map_or(document, |Entry { node, .. }| node);
        connection::build(table, node, &KeyPath::default().key("connection"), self.around, problems)
    }

    fn destination(&self, table: &DestinationTable) -> DestinationSettings {
        DestinationSettings { kind: table.kind, path: self.around.folder.join(&table.path) }
    }
}

/// The part of the file that `objects`, `describe` and `query` need.
#[derive(serde::Deserialize)]
struct OnlyConnection {
    connection: ConnectionTable,
}

fn shares(table: &LimitsTable) -> Shares {
    Shares {
        api_requests: table.api_requests_percent,
        query_jobs: table.query_jobs_percent,
        result_megabytes: table.result_volume_percent,
        keep_free: table.keep_free_percent,
    }
}

fn run_spec(table: &RunTable, rows: Vec<orgtap_engine::RowSpec>) -> RunSpec {
    let default = RunSpec::new(rows);
    RunSpec {
        concurrency: table.concurrency.map_or(default.concurrency, usize::from),
        download_connections: table.download_connections.map_or(default.download_connections, usize::from),
        page_records: table.page_records.unwrap_or(default.page_records),
        job_deadline: table
            .job_deadline_minutes
            .map_or(default.job_deadline, |minutes| Duration::from_secs(u64::from(minutes) * 60)),
        resume_within: table
            .resume_within_hours
            .map_or(default.resume_within, |hours| Duration::from_secs(u64::from(hours) * 3600)),
        records_per_job: table.records_per_job.unwrap_or(default.records_per_job),
        ..default
    }
}
