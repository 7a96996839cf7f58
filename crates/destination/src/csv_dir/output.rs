//! The parts of the folder that takes a table's place, as they are written, moved or linked.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::layout::part_path;
use super::part::PartFile;
use crate::Result;
use crate::files::failed;

/// Standing parts below this size are gathered into one.
pub(super) const SMALL_PART_BYTES: u64 = 8 * 1024 * 1024;

/// The parts that are being written.
pub(super) struct Output {
    pub(super) folder: PathBuf,
    pub(super) columns: Vec<String>,
    pub(super) next: u32,
    pub(super) current: Option<PartFile>,
}

impl Output {
    /// Takes a part of the load as it is. The part stays where it was as well, for a commit that is cut off.
    pub(super) fn take(&mut self, path: &Path) -> Result<()> {
        let to = self.next_path()?;
        // Not every file system has links. Without them, a commit that is cut off loses the part.
        fs::hard_link(path, &to).or_else(|_| fs::rename(path, &to)).map_err(failed("write", &to))
    }

    /// Takes over a standing part as it is.
    pub(super) fn link(&mut self, path: &Path) -> Result<()> {
        let to = self.next_path()?;
        // Not every file system has links.
        fs::hard_link(path, &to).or_else(|_| copy(path, &to)).map_err(failed("write", &to))
    }

    /// Returns the part to write to.
    pub(super) fn current(&mut self) -> Result<&mut PartFile> {
        if self.current.is_none() {
            let path = self.next_path()?;
            self.current = Some(PartFile::create(path, self.columns.iter().map(String::as_str))?);
        }
        Ok(self.current.as_mut().expect("the part was opened above"))
    }

    /// Notes that a standing part was read to its end: the next may be gathered into the same part, unless that has become large.
    pub(super) fn end_source(&mut self) -> Result<()> {
        match &self.current {
            Some(part) if part.bytes() >= SMALL_PART_BYTES => self.close(),
            _ => Ok(()),
        }
    }

    pub(super) fn close(&mut self) -> Result<()> {
        self.current.take().map_or(Ok(()), PartFile::finish)
    }

    /// Closes the last part. A table without records has one part nevertheless, which tells its columns.
    pub(super) fn finish(&mut self) -> Result<()> {
        if self.next == 0 {
            self.current()?;
        }
        self.close()
    }

    fn next_path(&mut self) -> Result<PathBuf> {
        self.close()?;
        let path = part_path(&self.folder, self.next);
        self.next += 1;
        Ok(path)
    }
}

fn copy(path: &Path, to: &Path) -> io::Result<()> {
    fs::copy(path, to)?;
    File::open(to)?.sync_all()
}
