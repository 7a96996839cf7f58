//! Keboola Storage, by way of the data folder of a component: sliced CSV without a header, a manifest, and `state.json`.
//!
//! What is written under `out/` is imported by the platform when the component ends well. So a load is staged in a hidden folder beside
//! `out/tables` and moved there at commit: slices, manifest, and the state last. Values are copied byte for byte, but for NUL, which no
//! table can hold. Merging by primary key is the platform's work.

mod load;
mod manifest;
mod name;

#[cfg(test)]
mod tests;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use self::load::{KeboolaLoad, Layout};
use crate::files::{blocking, failed};
use crate::{Capabilities, Destination, Error, ErrorKind, Result, TableLoad, TableSpec};

pub use self::manifest::{ColumnForm, ManifestForm};
pub use self::name::normalise;

/// Where tables go, and what is said about them.
#[derive(Clone, Debug)]
pub struct KeboolaOptions {
    /// The component's data folder.
    pub data_dir: PathBuf,
    /// The bucket of the tables, such as `in.c-salesforce`.
    pub bucket: String,
    /// Which manifest the platform wants.
    pub manifest: ManifestForm,
    /// What the manifest says about columns.
    pub columns: ColumnForm,
    /// What `state.json` looks like.
    pub state_file: Arc<dyn StateFile>,
}

/// The form of `state.json`. The platform keeps the file between runs; the state document of the row is a part of it.
pub trait StateFile: fmt::Debug + Send + Sync {
    /// Returns the state in the file that the last run left; `None` where it holds none.
    fn read(&self, file: &str) -> Option<KeptState>;

    /// Returns the file that carries `state` to the next run. `columns` are those of the table, as Storage calls them.
    fn write(&self, state: &KeptState, columns: &[String]) -> String;
}

/// What `state.json` keeps of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptState {
    /// The state document.
    pub document: String,
    /// The table that it was committed with. `None` in a file that does not say so: it counts for whichever table the row has.
    pub table: Option<String>,
}

impl KeptState {
    /// Returns the document, if it is the state of `table`. That of another would make the run skip the records that it has brought there.
    fn of_table(self, table: &str) -> Option<String> {
        if let Some(other) = self.table.filter(|other| other != table) {
            tracing::warn!(
                "in/state.json is that of table `{other}`: it does not count for `{table}`, and everything is fetched"
            );
            return None;
        }
        Some(self.document)
    }
}

/// The data folder of a component. A component has one configuration row: whichever row asks owns the `in/state.json` there.
#[derive(Clone, Debug)]
pub struct Keboola {
    options: Arc<KeboolaOptions>,
    committed: Arc<Mutex<Option<CommittedState>>>,
}

/// The state that this process has committed.
#[derive(Clone, Debug)]
struct CommittedState {
    row: String,
    table: String,
    document: String,
}

impl Keboola {
    /// Makes a destination of a data folder, which is not touched yet.
    pub fn new(options: KeboolaOptions) -> Self {
        Self { options: Arc::new(options), committed: Arc::default() }
    }

    /// Returns the state that an earlier run left.
    async fn kept(&self) -> Result<Option<KeptState>> {
        let path = self.options.data_dir.join("in").join("state.json");
        let file = blocking(move || read_if_there(&path)).await?;
        Ok(file.and_then(|file| self.options.state_file.read(&file)))
    }
}

#[async_trait]
impl Destination for Keboola {
    fn capabilities(&self) -> Capabilities {
        Capabilities { keeps_state: true, resume: false, append: true, upsert: true, removes: false, scan: false }
    }

    async fn check(&self) -> Result<()> {
        let tables = self.options.data_dir.join("out").join("tables");
        blocking(move || fs::create_dir_all(&tables).map_err(failed("make", &tables))).await
    }

    async fn state(&self, row: &str, table: &str) -> Result<Option<String>> {
        if let Some(state) = &*self.committed.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok((state.row == row && state.table == table).then(|| state.document.clone()));
        }
        Ok(self.kept().await?.and_then(|state| state.of_table(table)))
    }

    async fn states(&self, row: &str) -> Result<Vec<String>> {
        if let Some(state) = &*self.committed.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok((state.row == row).then(|| state.document.clone()).into_iter().collect());
        }
        Ok(self.kept().await?.map(|state| state.document).into_iter().collect())
    }

    async fn begin(&self, table: &TableSpec) -> Result<Box<dyn TableLoad>> {
        table.validate()?;
        if table.gone.is_some() {
            let message = format!("could not load table `{}`: an import takes no records out of a table", table.name);
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let manifest = manifest::render(&self.options, table)?;
        let (layout, table) = (Layout::new(&self.options.data_dir, &table.name), table.clone());
        let (options, committed) = (Arc::clone(&self.options), Arc::clone(&self.committed));
        let load = blocking(move || KeboolaLoad::begin(layout, table, manifest, options, committed)).await?;
        Ok(Box::new(load))
    }
}

fn read_if_there(path: &Path) -> Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path)(error)),
    }
}
