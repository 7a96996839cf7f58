//! A lock on a table that holds between processes and ends with its holder, however that dies.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::modes::{self, DATA_FILE};
use crate::{Error, ErrorKind, Result};

/// A locked file, unlocked and removed on drop. A file left behind by a killed process locks nothing.
#[derive(Debug)]
pub(crate) struct FileLock {
    path: PathBuf,
    file: File,
}

impl FileLock {
    /// Locks `path` for loading `table`; fails with [`ErrorKind::Locked`] if somebody else does.
    pub(crate) fn acquire(path: &Path, table: &str) -> Result<Self> {
        match Self::try_acquire(path) {
            Ok(Some(lock)) => Ok(lock),
            Ok(None) => {
                let message = format!("could not begin to load table `{table}`: another load of it is under way");
                Err(Error::new(ErrorKind::Locked, message))
            }
            Err(error) => Err(Error::from_io(format!("could not lock `{}`", path.display()), error)),
        }
    }

    /// Locks `path`, or returns `None` if somebody else holds it.
    pub(crate) fn try_acquire(path: &Path) -> io::Result<Option<Self>> {
        loop {
            let file = modes::open(path, DATA_FILE)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // The holder before us may have removed the file between our opening and locking it: then we hold a lock nobody sees.
            if is_same_file(&file, path)? {
                return Ok(Some(Self { path: path.to_owned(), file }));
            }
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Where somebody has removed ours, another load's may have its place.
        let removed = is_same_file(&self.file, &self.path).and_then(|is_ours| match is_ours {
            true => fs::remove_file(&self.path),
            false => Ok(()),
        });
        if let Err(error) = removed {
            tracing::debug!(path = %self.path.display(), %error, "lock file stays behind");
        }
    }
}

fn is_same_file(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((ours.dev(), ours.ino()) == (named.dev(), named.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Account.lock");

        let first = FileLock::acquire(&path, "Account").unwrap();
        let second = FileLock::acquire(&path, "Account").unwrap_err();
        drop(first);

        assert_eq!(second.kind(), ErrorKind::Locked);
        assert!(!path.exists());
        assert!(FileLock::try_acquire(&path).unwrap().is_some());
    }

    #[test]
    fn the_lock_of_another_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Account.lock");
        let first = FileLock::acquire(&path, "Account").unwrap();
        fs::remove_file(&path).unwrap();

        let _second = FileLock::acquire(&path, "Account").unwrap();
        drop(first);

        assert_eq!(FileLock::acquire(&path, "Account").unwrap_err().kind(), ErrorKind::Locked);
    }

    #[test]
    fn a_file_left_behind_locks_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Account.lock");
        fs::write(&path, "").unwrap();

        assert!(FileLock::try_acquire(&path).unwrap().is_some());
    }
}
