//! Tables as folders of CSV files, for people who want files.
//!
//! A table is `<path>/<table>/part-00000.csv` and so on, each part with a header. The rows' states are in a hidden folder beside the parts,
//! so that one exchange of folders makes data and state visible together. Values are copied byte for byte and never interpreted; column
//! types are not kept. Names that are no file names are percent-encoded.
//!
//! A folder that holds anything else than such a table is left alone. Small parts are gathered into larger ones as loads come in, so that
//! many small loads do not end as many small files.

mod ending;
mod key_index;
mod layout;
mod leftovers;
mod load;
mod merge;
mod output;
mod part;
mod scan;
mod swap;

#[cfg(test)]
pub(crate) mod tests;

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use self::layout::Layout;
use self::load::CsvLoad;
use crate::files::blocking;
use crate::{Capabilities, Destination, Result, TableLoad, TableScan, TableSpec};

/// A folder of tables.
#[derive(Clone, Debug)]
pub struct CsvDir {
    path: PathBuf,
}

impl CsvDir {
    /// Makes a destination of the folder `path`, which is not touched yet: it is made when first checked or loaded. The folder that it is
    /// in must exist by then.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Returns the path as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[async_trait]
impl Destination for CsvDir {
    fn capabilities(&self) -> Capabilities {
        Capabilities { keeps_state: true, resume: true, append: true, upsert: true, removes: true, scan: true }
    }

    async fn check(&self) -> Result<()> {
        let path = self.path.clone();
        blocking(move || layout::check(&path)).await
    }

    async fn state(&self, row: &str, table: &str) -> Result<Option<String>> {
        let (layout, row) = (Layout::new(&self.path, table), row.to_owned());
        blocking(move || {
            swap::recover_unless_locked(&layout)?;
            layout.state(&row)
        })
        .await
    }

    async fn states(&self, row: &str) -> Result<Vec<String>> {
        let (path, row) = (self.path.clone(), row.to_owned());
        blocking(move || layout::states(&path, &row)).await
    }

    async fn begin(&self, table: &TableSpec) -> Result<Box<dyn TableLoad>> {
        table.validate()?;
        let (layout, table) = (Layout::new(&self.path, &table.name), table.clone());
        let load = blocking(move || CsvLoad::begin(layout, table)).await?;
        Ok(Box::new(load))
    }

    async fn left_journal(&self, table: &str) -> Result<Option<String>> {
        let layout = Layout::new(&self.path, table);
        blocking(move || Ok(leftovers::journal(&layout).map(|file| file.journal))).await
    }

    async fn scan(&self, table: &str, columns: &[String]) -> Result<Option<TableScan>> {
        let (layout, columns) = (Layout::new(&self.path, table), columns.to_vec());
        blocking(move || {
            swap::recover_unless_locked(&layout)?;
            scan::open(layout, columns)
        })
        .await
    }
}
