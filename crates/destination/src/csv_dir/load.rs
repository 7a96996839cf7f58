//! One load of one table: batches are appended to part files in a private folder, as they are.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::layout::{Layout, finished_path, identities_path, part_path, state_folder, state_path, sync_folder};
use super::leftovers::{self, JOURNAL};
use super::part::PartFile;
use super::{merge, swap};
use crate::admission::Admission;
use crate::file_part::{FilePart, RecordFile};
use crate::files::{blocking, failed, remove};
use crate::identities::{self, IdentityFile};
use crate::lock::FileLock;
use crate::modes::{self, DATA_FOLDER, PRIVATE_FOLDER};
use crate::parts::PartLedger;
use crate::{Batch, CommittedLoad, LeftLoad, PartId, PartWriter, Result, TableLoad, TableSpec, WriteMode, WrittenPart};

/// A load. Dropping it removes its files, unless the next load can take them up, then gives the table free.
#[derive(Debug)]
pub(super) struct CsvLoad {
    table: TableSpec,
    left: Option<LeftLoad>,
    staged: Arc<Staged>,
    _lock: FileLock,
}

/// What a load and its parts share.
#[derive(Debug)]
struct Staged {
    layout: Layout,
    ledger: Arc<PartLedger>,
    columns: Vec<String>,
    /// Whether the load can be taken up if it ends now.
    has_journal: AtomicBool,
    admission: Admission,
    /// How often the journal was to be saved, and which of these times the last one was that stands.
    saves: AtomicU64,
    saved: Mutex<u64>,
}

impl Staged {
    fn new(layout: Layout, columns: Vec<String>, left: &[WrittenPart]) -> Self {
        Self {
            ledger: Arc::new(PartLedger::with_written(left)),
            has_journal: AtomicBool::new(leftovers::has_journal(&layout)),
            layout,
            columns,
            admission: Admission::default(),
            saves: AtomicU64::new(0),
            saved: Mutex::new(0),
        }
    }

    /// Saves the journal, unless a later one stands already: a thread may be late whose caller has stopped waiting.
    fn save_journal(&self, number: u64, outline: String, journal: String) -> Result<()> {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        if number > *saved {
            leftovers::save_journal(&self.layout, outline, journal)?;
            self.has_journal.store(true, Ordering::Relaxed);
            *saved = number;
        }
        Ok(())
    }

    /// Ends the load for everybody who still works on it.
    fn close(&self) {
        self.ledger.close();
        self.admission.close();
    }
}

impl CsvLoad {
    pub(super) fn begin(layout: Layout, table: TableSpec) -> Result<Self> {
        layout.make_root()?;
        let lock = FileLock::acquire(&layout.lock, &table.name)?;
        swap::recover(&layout)?;
        layout.check_premise(&table)?;
        let left = leftovers::take_up(&layout, &table)?;
        let (loaded, next) = (layout.loaded(), layout.next_table());
        for (folder, mode) in [(&loaded, PRIVATE_FOLDER), (&next, DATA_FOLDER), (&state_folder(&next), PRIVATE_FOLDER)]
        {
            modes::create_folders(folder, mode).map_err(failed("make", folder))?;
        }
        let columns = table.columns.iter().map(|column| column.name.clone()).collect();
        let staged = Arc::new(Staged::new(layout, columns, left.as_ref().map_or(&[], |left| &left.parts)));
        Ok(Self { table, left, staged, _lock: lock })
    }

    fn commit_now(&self, parts: &[WrittenPart], state: &str) -> Result<CommittedLoad> {
        let layout = &self.staged.layout;
        let settled = self.staged.ledger.settle(parts)?;
        layout.check_premise(&self.table)?;
        let identities =
            settled.listed.iter().map(|written| identities_path(&finished_path(&layout.loaded(), written)));
        self.table.refuse_twice(identities::came_twice(&identities.collect::<Vec<_>>())?)?;
        let committed = merge::merge(&self.table, layout, &settled.listed)?;
        self.save_state(state)?;
        sync_folder(&layout.next_table())?;
        // Nobody but loads locks the table, and the merge may have taken a while.
        layout.check_premise(&self.table)?;
        swap::swap(layout, &layout.next_table())?;
        // It went with the folder that is the table now, so that this load cannot be taken up any more.
        if let Err(error) = fs::remove_file(state_folder(&layout.table).join(JOURNAL)) {
            tracing::debug!(table = %self.table.name, %error, "a journal stays behind, to no effect");
        }
        Ok(committed)
    }

    /// Puts the states beside the merged parts. A table that is replaced, or that is not there any more, forgets those of other rows: their
    /// records are gone.
    fn save_state(&self, state: &str) -> Result<()> {
        let layout = &self.staged.layout;
        let (old, new) = (state_folder(&layout.table), state_folder(&layout.next_table()));
        if self.table.write_mode != WriteMode::Replace && layout.existing()?.is_some() {
            for entry in fs::read_dir(&old).map_err(failed("read", &old))? {
                let entry = entry.map_err(failed("read", &old))?;
                if entry.file_name() == JOURNAL {
                    continue;
                }
                fs::copy(entry.path(), new.join(entry.file_name())).map_err(failed("copy", &entry.path()))?;
            }
        }
        let path = state_path(&layout.next_table(), &self.table.row);
        modes::write_private(&path, state.as_bytes()).map_err(failed("write", &path))?;
        sync_folder(&new)
    }
}

impl Drop for CsvLoad {
    fn drop(&mut self) {
        self.staged.close();
        if self.staged.has_journal.load(Ordering::Relaxed) {
            return;
        }
        if let Err(error) = remove(&self.staged.layout.staging) {
            tracing::warn!(table = %self.table.name, %error, "a load's files stay behind until the next load");
        }
    }
}

#[async_trait]
impl TableLoad for CsvLoad {
    fn left(&self) -> Option<&LeftLoad> {
        self.left.as_ref()
    }

    async fn save_journal(&self, journal: &str) -> Result<()> {
        let (staged, outline, journal) = (self.staged.clone(), self.table.outline(), journal.to_owned());
        let number = staged.saves.fetch_add(1, Ordering::Relaxed) + 1;
        blocking(move || staged.admission.admit(|| staged.save_journal(number, outline, journal))).await
    }

    async fn open_part(&self, part: PartId) -> Result<Box<dyn PartWriter>> {
        let claim = self.staged.ledger.open(part)?;
        let staged = self.staged.clone();
        let file = blocking(move || {
            staged.admission.admit(|| {
                if let Some(replaced) = claim.replaced() {
                    let path = finished_path(&staged.layout.loaded(), &replaced);
                    fs::remove_file(&path).map_err(failed("remove", &path))?;
                }
                StagedFile::create(&staged, part)
            })
        })
        .await?;
        Ok(Box::new(FilePart::new(Arc::clone(&self.staged.ledger), claim, file)))
    }

    async fn commit(self: Box<Self>, parts: Vec<WrittenPart>, state: &str) -> Result<CommittedLoad> {
        let state = state.to_owned();
        blocking(move || {
            self.staged.admission.close();
            let committed = self.commit_now(&parts, &state);
            // What could not be committed once is not kept to be tried again.
            self.staged.has_journal.store(false, Ordering::Relaxed);
            committed
        })
        .await
    }

    async fn abort(self: Box<Self>) -> Result<()> {
        blocking(move || {
            self.staged.close();
            self.staged.has_journal.store(false, Ordering::Relaxed);
            remove(&self.staged.layout.staging)
        })
        .await
    }
}

/// The file of a part of the load.
#[derive(Debug)]
struct StagedFile {
    file: PartFile,
    identities: IdentityFile,
    staged: Arc<Staged>,
}

impl StagedFile {
    fn create(staged: &Arc<Staged>, part: PartId) -> Result<Self> {
        let path = part_path(&staged.layout.loaded(), part.0);
        let identities = IdentityFile::create(identities_path(&path))?;
        let file = PartFile::create(path, staged.columns.iter().map(String::as_str))?;
        Ok(Self { file, identities, staged: Arc::clone(staged) })
    }
}

impl RecordFile for StagedFile {
    fn write(&mut self, records: &Batch) -> Result<()> {
        self.file.write(records.bytes())?;
        self.identities.write(records.identities())
    }

    /// Writes the file to the disk for good, then gives it the name that says that it is whole and what is in it.
    fn finish(self, written: &WrittenPart) -> Result<()> {
        self.file.finish()?;
        let folder = self.staged.layout.loaded();
        let path = finished_path(&folder, written);
        self.staged.admission.admit(|| {
            // First what tells its records apart: a part that is whole has it.
            self.identities.finish_as(&identities_path(&path))?;
            fs::rename(part_path(&folder, written.part.0), &path).map_err(failed("write", &path))?;
            sync_folder(&folder)
        })
    }
}
