//! One load of one table: batches are appended to part files in a private folder, as they are.

use std::fs;
use std::sync::Arc;

use async_trait::async_trait;

use super::layout::{Layout, part_path, state_folder, state_path, sync_folder};
use super::part::PartFile;
use super::{merge, swap};
use crate::file_part::FilePart;
use crate::files::{blocking, failed, remove};
use crate::lock::FileLock;
use crate::parts::PartLedger;
use crate::{CommittedLoad, PartId, PartWriter, Result, TableLoad, TableSpec, WriteMode, WrittenPart};

/// A load. Dropping it removes its files, then gives the table free.
#[derive(Debug)]
pub(super) struct CsvLoad {
    table: TableSpec,
    staged: Arc<Staged>,
    _lock: FileLock,
}

/// What a load and its parts share.
#[derive(Debug)]
struct Staged {
    layout: Layout,
    ledger: Arc<PartLedger>,
    columns: Vec<String>,
}

impl CsvLoad {
    pub(super) fn begin(layout: Layout, table: TableSpec) -> Result<Self> {
        layout.make_root()?;
        let lock = FileLock::acquire(&layout.lock, &table.name)?;
        swap::recover(&layout)?;
        // What is there belongs to a load that died.
        remove(&layout.staging)?;
        layout.existing()?;
        for folder in [layout.loaded(), state_folder(&layout.next_table())] {
            fs::create_dir_all(&folder).map_err(failed("make", &folder))?;
        }
        let columns = table.columns.iter().map(|column| column.name.clone()).collect();
        let staged = Arc::new(Staged { layout, ledger: Arc::default(), columns });
        Ok(Self { table, staged, _lock: lock })
    }

    fn commit_now(&self, parts: &[WrittenPart], state: &str) -> Result<CommittedLoad> {
        let layout = &self.staged.layout;
        let settled = self.staged.ledger.settle(parts)?;
        let committed = merge::merge(&self.table, layout, &settled.listed)?;
        self.save_state(state)?;
        sync_folder(&layout.next_table())?;
        swap::swap(layout, &layout.next_table())?;
        Ok(committed)
    }

    /// Puts the states beside the merged parts. A replaced table forgets those of other rows: their records are gone.
    fn save_state(&self, state: &str) -> Result<()> {
        let layout = &self.staged.layout;
        let (old, new) = (state_folder(&layout.table), state_folder(&layout.next_table()));
        if self.table.write_mode != WriteMode::Replace && old.exists() {
            for entry in fs::read_dir(&old).map_err(failed("read", &old))? {
                let entry = entry.map_err(failed("read", &old))?;
                fs::copy(entry.path(), new.join(entry.file_name())).map_err(failed("copy", &entry.path()))?;
            }
        }
        let path = state_path(&layout.next_table(), &self.table.row);
        fs::write(&path, state).map_err(failed("write", &path))?;
        let file = fs::File::open(&path).map_err(failed("write", &path))?;
        file.sync_all().map_err(failed("write", &path))?;
        sync_folder(&new)
    }
}

impl Drop for CsvLoad {
    fn drop(&mut self) {
        self.staged.ledger.close();
        if let Err(error) = remove(&self.staged.layout.staging) {
            tracing::warn!(table = %self.table.name, %error, "a load's files stay behind until the next load");
        }
    }
}

#[async_trait]
impl TableLoad for CsvLoad {
    async fn open_part(&self, part: PartId) -> Result<Box<dyn PartWriter>> {
        let claim = self.staged.ledger.open(part)?;
        let staged = self.staged.clone();
        let file = blocking(move || {
            let path = part_path(&staged.layout.loaded(), part.0);
            PartFile::create(path, staged.columns.iter().map(String::as_str))
        })
        .await?;
        Ok(Box::new(FilePart::new(Arc::clone(&self.staged.ledger), claim, file)))
    }

    async fn commit(self: Box<Self>, parts: Vec<WrittenPart>, state: &str) -> Result<CommittedLoad> {
        let state = state.to_owned();
        blocking(move || self.commit_now(&parts, &state)).await
    }

    async fn abort(self: Box<Self>) -> Result<()> {
        blocking(move || {
            self.staged.ledger.close();
            remove(&self.staged.layout.staging)
        })
        .await
    }
}
