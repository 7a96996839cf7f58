//! One load of one table: slices in a private folder, moved under `out/` when it commits.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use memchr::memchr_iter;

use super::manifest::Rendered;
use super::{CommittedState, KeboolaOptions, KeptState};
use crate::admission::Admission;
use crate::file_part::{FilePart, RecordFile};
use crate::files::{blocking, failed, remove};
use crate::identities::{self, IdentityFile};
use crate::lock::FileLock;
use crate::modes::{self, PRIVATE_FOLDER};
use crate::parts::PartLedger;
use crate::{Batch, CommittedLoad, PartId, PartWriter, Result, TableLoad, TableSpec, WrittenPart, file_name};

/// The places of one table, and of what is staged for it.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    tables: PathBuf,
    table: PathBuf,
    manifest: PathBuf,
    state: PathBuf,
    /// The hidden folder with everything that is not for the platform.
    private: PathBuf,
    staging: PathBuf,
    lock: PathBuf,
}

impl Layout {
    pub(super) fn new(data_dir: &Path, table: &str) -> Self {
        let (out, name) = (data_dir.join("out"), file_name::encode(table));
        let (tables, private) = (out.join("tables"), out.join(".orgtap"));
        Self {
            table: tables.join(&name),
            manifest: tables.join(format!("{name}.manifest")),
            state: out.join("state.json"),
            staging: private.join(format!("{name}.new")),
            lock: private.join(format!("{name}.lock")),
            tables,
            private,
        }
    }

    fn slices(&self) -> PathBuf {
        self.staging.join("slices")
    }

    fn slice(&self, part: PartId) -> PathBuf {
        self.slices().join(format!("part_{:04}.csv", part.0))
    }

    /// Returns the folder with what tells the records of the slices apart, which the platform does not see.
    fn identities(&self) -> PathBuf {
        self.staging.join("identities")
    }

    fn identities_of(&self, part: PartId) -> PathBuf {
        self.identities().join(format!("part_{:04}", part.0))
    }
}

/// A load. Dropping it removes what is staged, then gives the table free, then removes the hidden folder.
#[derive(Debug)]
pub(super) struct KeboolaLoad {
    table: TableSpec,
    manifest: Rendered,
    options: Arc<KeboolaOptions>,
    committed: Arc<Mutex<Option<CommittedState>>>,
    staged: Arc<Staged>,
    _lock: FileLock,
    _private: PrivateFolder,
}

/// What a load and its parts share.
#[derive(Debug)]
struct Staged {
    layout: Layout,
    ledger: Arc<PartLedger>,
    admission: Admission,
}

impl Staged {
    /// Ends the load for everybody who still works on it.
    fn close(&self) {
        self.ledger.close();
        self.admission.close();
    }
}

/// The hidden folder, which goes with the last that is in it.
#[derive(Debug)]
struct PrivateFolder(PathBuf);

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        // Where another load is under way it is not empty, and stays.
        fs::remove_dir(&self.0).ok();
    }
}

impl KeboolaLoad {
    /// Begins. Whether the premise of `table` holds nobody can tell here: the table is the platform's, and so is what runs at the same time.
    pub(super) fn begin(
        layout: Layout,
        table: TableSpec,
        manifest: Rendered,
        options: Arc<KeboolaOptions>,
        committed: Arc<Mutex<Option<CommittedState>>>,
    ) -> Result<Self> {
        modes::create_folders(&layout.private, PRIVATE_FOLDER).map_err(failed("make", &layout.private))?;
        let private = PrivateFolder(layout.private.clone());
        let lock = FileLock::acquire(&layout.lock, &table.name)?;
        // What is there belongs to a load that died.
        remove(&layout.staging)?;
        for folder in [&layout.slices(), &layout.identities(), &layout.tables] {
            fs::create_dir_all(folder).map_err(failed("make", folder))?;
        }
        let staged = Arc::new(Staged { layout, ledger: Arc::default(), admission: Admission::default() });
        Ok(Self { table, manifest, options, committed, staged, _lock: lock, _private: private })
    }

    fn commit_now(&self, parts: &[WrittenPart], state: &str) -> Result<CommittedLoad> {
        let layout = &self.staged.layout;
        let settled = self.staged.ledger.settle(parts)?;
        for part in &settled.unlisted {
            let path = layout.slice(*part);
            fs::remove_file(&path).map_err(failed("remove", &path))?;
        }
        let identities: Vec<_> = settled.listed.iter().map(|written| layout.identities_of(written.part)).collect();
        self.table.refuse_twice(identities::came_twice(&identities)?)?;
        if settled.listed.is_empty() {
            Slice::create(layout, PartId(0))?.finish(&WrittenPart { part: PartId(0), records: 0, bytes: 0 })?;
        }
        self.publish(state)?;
        let state =
            CommittedState { row: self.table.row.clone(), table: self.table.name.clone(), document: state.to_owned() };
        *self.committed.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
        Ok(CommittedLoad { records: settled.records(), ..CommittedLoad::default() })
    }

    /// Moves slices, manifest and state under `out/`, in this order, or leaves everything as it was.
    fn publish(&self, state: &str) -> Result<()> {
        let layout = &self.staged.layout;
        let (manifest, state_file) = (layout.staging.join("manifest"), layout.staging.join("state.json"));
        write(&manifest, &self.manifest.json)?;
        let kept = KeptState { document: state.to_owned(), table: Some(self.table.name.clone()) };
        write(&state_file, self.options.state_file.write(&kept, &self.manifest.columns).as_bytes())?;
        let mut moves = Vec::new();
        for (old, name) in [(&layout.table, "old-table"), (&layout.manifest, "old-manifest")] {
            if fs::symlink_metadata(old).is_ok() {
                moves.push((old.clone(), layout.staging.join(name)));
            }
        }
        moves.push((layout.slices(), layout.table.clone()));
        moves.push((manifest, layout.manifest.clone()));
        moves.push((state_file, layout.state.clone()));
        move_all(&moves)
    }
}

/// Renames one after the other; where one fails, those before it are undone.
fn move_all(moves: &[(PathBuf, PathBuf)]) -> Result<()> {
    for (index, (from, to)) in moves.iter().enumerate() {
        if let Err(error) = fs::rename(from, to) {
            for (from, to) in moves[..index].iter().rev() {
                if let Err(error) = fs::rename(to, from) {
                    tracing::warn!(path = %to.display(), %error, "could not take back what was moved");
                }
            }
            return Err(failed("write", to)(error));
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).map_err(failed("write", path))
}

impl Drop for KeboolaLoad {
    fn drop(&mut self) {
        self.staged.close();
        if let Err(error) = remove(&self.staged.layout.staging) {
            tracing::warn!(table = %self.table.name, %error, "a load's files stay behind until the next load");
        }
    }
}

#[async_trait]
impl TableLoad for KeboolaLoad {
    async fn open_part(&self, part: PartId) -> Result<Box<dyn PartWriter>> {
        let claim = self.staged.ledger.open(part)?;
        let staged = Arc::clone(&self.staged);
        let slice = blocking(move || staged.admission.admit(|| Slice::create(&staged.layout, part))).await?;
        Ok(Box::new(FilePart::new(Arc::clone(&self.staged.ledger), claim, slice)))
    }

    async fn commit(self: Box<Self>, parts: Vec<WrittenPart>, state: &str) -> Result<CommittedLoad> {
        let state = state.to_owned();
        blocking(move || {
            self.staged.admission.close();
            self.commit_now(&parts, &state)
        })
        .await
    }

    async fn abort(self: Box<Self>) -> Result<()> {
        blocking(move || {
            self.staged.close();
            remove(&self.staged.layout.staging)
        })
        .await
    }
}

/// A slice being written.
#[derive(Debug)]
struct Slice {
    path: PathBuf,
    file: BufWriter<File>,
    identities: IdentityFile,
}

impl Slice {
    /// Makes the files anew; what was there stays with those who have it open.
    fn create(layout: &Layout, part: PartId) -> Result<Self> {
        let path = layout.slice(part);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("write", &path)(error)),
            _ => {}
        }
        let file = File::create_new(&path).map_err(failed("write", &path))?;
        Ok(Self { path, file: BufWriter::new(file), identities: IdentityFile::create(layout.identities_of(part))? })
    }
}

impl RecordFile for Slice {
    /// Appends the bytes without the NULs among them, which Storage refuses.
    fn write(&mut self, records: &Batch) -> Result<()> {
        let (bytes, mut from) = (records.bytes(), 0);
        for nul in memchr_iter(0, bytes).chain([bytes.len()]) {
            self.file.write_all(&bytes[from..nul]).map_err(failed("write", &self.path))?;
            from = nul + 1;
        }
        self.identities.write(records.identities())
    }

    fn finish(mut self, _written: &WrittenPart) -> Result<()> {
        self.file.flush().map_err(failed("write", &self.path))?;
        self.identities.finish()
    }
}
