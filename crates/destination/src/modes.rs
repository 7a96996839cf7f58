//! Who may read what is written. See `SECURITY.md`.
//!
//! Records of an org are nobody's business who has no business with them, so a table is never open to everybody on the machine unless the
//! user opens it; the umask may take away more. What is only for the next run is for its owner alone.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// A file of records.
pub(crate) const DATA_FILE: u32 = 0o660;
/// A folder of such files.
pub(crate) const DATA_FOLDER: u32 = 0o770;
/// A file for the next run.
pub(crate) const PRIVATE_FILE: u32 = 0o600;
/// A folder of such files, and of loads under way.
pub(crate) const PRIVATE_FOLDER: u32 = 0o700;

/// Opens a file for writing, and makes it if it is not there.
pub(crate) fn open(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(mode).open(path)
}

/// Makes a file that must not be there yet.
pub(crate) fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new().create_new(true).write(true).mode(mode).open(path)
}

/// Writes a file of the next run's, in the place of an earlier one, for good.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(PRIVATE_FILE).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a folder, and those that it is in, if they are not there.
pub(crate) fn create_folders(path: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(mode).create(path)
}

/// Opens `path` to whom `model` is open. Where that cannot be done it stays as it is.
pub(crate) fn like(model: &Path, path: &Path) {
    let mode = |path: &Path| fs::metadata(path).map(|metadata| metadata.permissions().mode() & 0o7777);
    let copied = mode(model).and_then(|wanted| match mode(path)? == wanted {
        true => Ok(()),
        false => fs::set_permissions(path, fs::Permissions::from_mode(wanted)),
    });
    if let Err(error) = copied {
        tracing::debug!(path = %path.display(), %error, "its permissions stay as they are");
    }
}
