//! What destinations on disk have in common: work off the async threads, and errors that name the path.

use std::fs;
use std::io;
use std::path::Path;

use rustix::io::Errno;

use crate::{Error, ErrorKind, Result};

/// Does work that waits for the disk, without keeping other tasks from theirs. It is done also if the caller stops waiting.
pub(crate) async fn blocking<T: Send + 'static>(job: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(job).await.unwrap_or_else(|error| {
        Err(Error::new(ErrorKind::Failed, "could not work on files: the work was broken off").with_source(error))
    })
}

/// Returns whether `error` says that too many files are open: by this process, or by all of the machine.
pub(crate) fn is_too_many(error: &io::Error) -> bool {
    [Errno::MFILE, Errno::NFILE].iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

/// Returns whether as many files are open as may be.
pub(crate) fn are_too_many() -> bool {
    fs::File::open("/dev/null").is_err_and(|error| is_too_many(&error))
}

/// Makes an error of `verb`ing `path`.
pub(crate) fn failed(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let message = format!("could not {verb} `{}`", path.display());
    move |error| Error::from_io(message, error)
}

/// Removes the folder `path` with all that is in it, if it is there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}
