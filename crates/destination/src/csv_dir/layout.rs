//! Where the files of a table are, and what counts as a table.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::part::PartReader;
use crate::files::failed;
use crate::modes::{self, DATA_FOLDER, PRIVATE_FOLDER};
use crate::{Error, ErrorKind, Result, TableSpec, WrittenPart, file_name};

/// The hidden folder with what is ours alone: beside the tables loads in progress and locks, beside a table's parts its states.
const PRIVATE: &str = ".orgtap";

/// What macOS puts into folders that are looked at. Nobody misses it. All else that is hidden is somebody's, and would go with the folder that
/// a commit replaces.
const FINDER: &str = ".DS_Store";

/// The extension of parts.
pub(super) const PART: &str = "csv";
/// The extension of the files that tell the records of parts apart.
pub(super) const IDENTITIES: &str = "identities";

/// The places that belong to one table.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    root: PathBuf,
    /// The table: its parts and its states.
    pub(super) table: PathBuf,
    /// A load in progress.
    pub(super) staging: PathBuf,
    /// The table that is being replaced, where folders cannot be exchanged.
    pub(super) replaced: PathBuf,
    /// Locked while a load is in progress.
    pub(super) lock: PathBuf,
}

impl Layout {
    pub(super) fn new(root: &Path, table: &str) -> Self {
        let name = file_name::encode(table);
        let private = root.join(PRIVATE);
        Self {
            root: root.to_owned(),
            table: root.join(&name),
            staging: private.join(format!("{name}.new")),
            replaced: private.join(format!("{name}.old")),
            lock: private.join(format!("{name}.lock")),
        }
    }

    /// Makes the destination's own folders, but not that of the table.
    pub(super) fn make_root(&self) -> Result<()> {
        make_root(&self.root)
    }

    /// Returns the parts of a load in progress, as written.
    pub(super) fn loaded(&self) -> PathBuf {
        self.staging.join("loaded")
    }

    /// Returns the folder that will take the table's place.
    pub(super) fn next_table(&self) -> PathBuf {
        self.staging.join("table")
    }

    /// Returns the table that stands, or `None` if there is none. Fails if something else has its place.
    pub(super) fn existing(&self) -> Result<Option<ExistingTable>> {
        let entries = match fs::read_dir(&self.table) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("read", &self.table)(error)),
        };
        let mut parts = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed("read", &self.table))?.file_name();
            match name.to_str().and_then(part_number) {
                Some(number) => parts.push((number, self.table.join(name))),
                None if name == PRIVATE || name == FINDER => {}
                None => return Err(self.foreign(&format!("it holds `{}`, which is no part of it", name.display()))),
            }
        }
        parts.sort();
        let Some((_, first)) = parts.first() else { return Ok(None) };
        if !self.table.join(PRIVATE).is_dir() {
            return Err(self.foreign("it was made by another program"));
        }
        let columns = PartReader::open(first)?.columns().to_vec();
        Ok(Some(ExistingTable { columns, parts: parts.into_iter().map(|(_, path)| path).collect() }))
    }

    fn foreign(&self, why: &str) -> Error {
        let message = format!("could not use the folder `{}` as a table: {why}", self.table.display());
        Error::new(ErrorKind::InvalidPath, message)
            .with_hint("move its files elsewhere, or set another `table` or another `path` of the destination")
    }

    /// Returns the state that `row` saved with the table, if the table is still there.
    pub(super) fn state(&self, row: &str) -> Result<Option<String>> {
        if self.existing()?.is_none() {
            return Ok(None);
        }
        saved_state(&self.table, row)
    }

    /// Fails if the table is not what a load of `table` was planned on, or holds anything that is no part of it.
    pub(super) fn check_premise(&self, table: &TableSpec) -> Result<()> {
        let is_there = self.existing()?.is_some();
        table.check_premise(|| if is_there { saved_state(&self.table, &table.row) } else { Ok(None) })
    }
}

/// Returns the states that `row` saved with the tables in `root`.
pub(super) fn states(root: &Path, row: &str) -> Result<Vec<String>> {
    let tables = match fs::read_dir(root) {
        Ok(tables) => tables,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("read", root)(error)),
    };
    let mut states = Vec::new();
    for table in tables {
        states.extend(saved_state(&table.map_err(failed("read", root))?.path(), row)?);
    }
    Ok(states)
}

/// Returns the state that `row` saved with the table in `folder`, which may also be something else.
fn saved_state(folder: &Path, row: &str) -> Result<Option<String>> {
    let path = state_path(folder, row);
    match fs::read_to_string(&path) {
        Ok(state) => Ok(Some(state)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(failed("read", &path)(error)),
    }
}

/// A table that stands.
#[derive(Debug)]
pub(super) struct ExistingTable {
    pub(super) columns: Vec<String>,
    /// The parts, in order. There is at least one.
    pub(super) parts: Vec<PathBuf>,
}

/// Proves that tables can be made in `root`.
pub(super) fn check(root: &Path) -> Result<()> {
    make_root(root)?;
    let probe = root.join(PRIVATE).join("check");
    File::create(&probe).and_then(|_| fs::remove_file(&probe)).map_err(failed("write", &probe))
}

fn make_root(root: &Path) -> Result<()> {
    match DirBuilder::new().mode(DATA_FOLDER).create(root) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && root.is_dir() => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(no_folder(root, "it is a file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(no_folder(root, "the folder that it is to be made in does not exist"));
        }
        result => result.map_err(failed("make", root))?,
    }
    let private = root.join(PRIVATE);
    modes::create_folders(&private, PRIVATE_FOLDER).map_err(failed("make", &private))
}

fn no_folder(root: &Path, why: &str) -> Error {
    let message = format!("could not make the folder `{}`: {why}", root.display());
    Error::new(ErrorKind::InvalidPath, message)
}

/// Returns the folder for the states of the table in `folder`.
pub(super) fn state_folder(folder: &Path) -> PathBuf {
    folder.join(PRIVATE)
}

/// Returns the file for `row`'s state of the table in `folder`.
pub(super) fn state_path(folder: &Path, row: &str) -> PathBuf {
    state_folder(folder).join(format!("state-{}.json", file_name::encode(row)))
}

pub(super) fn part_path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("part-{number:05}.csv"))
}

/// Returns the file in `folder` of a part of a load that was written whole.
pub(super) fn finished_path(folder: &Path, written: &WrittenPart) -> PathBuf {
    let WrittenPart { part, records, bytes } = written;
    folder.join(format!("part-{:05}.{records}.{bytes}.csv", part.0))
}

/// Returns the file beside it with what tells its records apart.
pub(super) fn identities_path(part: &Path) -> PathBuf {
    part.with_extension(IDENTITIES)
}

fn part_number(name: &str) -> Option<u32> {
    let number = name.strip_prefix("part-")?.strip_suffix(".csv")?;
    number.parse().ok().filter(|_| number.len() >= 5 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Makes the names in `folder` outlive a power cut.
pub(super) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("write", folder))
}
