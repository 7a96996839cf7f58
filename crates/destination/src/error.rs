//! What can go wrong in a destination, told apart by what the caller can do about it.
//!
//! The text of an error never holds its cause (that is [`source`](std::error::Error::source)) nor its hint.

use std::error::Error as StdError;
use std::io;

use rusqlite::ffi;

use crate::files;

/// The result of a destination's call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a destination could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What kind of trouble an [`Error`] tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Another load or another program holds the table or the whole destination.
    Locked,
    /// The disk, a quota or a size limit is full.
    NoSpace,
    /// The destination may not be written: permissions, or a read-only disk.
    NotWritable,
    /// The configured path cannot be this destination: its folder is missing, it is of another kind, or it holds somebody else's files.
    InvalidPath,
    /// What was written to is not there any more: somebody removed or replaced it meanwhile, or its disk is gone.
    Gone,
    /// This process, or the machine, has as many files open as it may.
    TooManyFiles,
    /// The destination cannot do this at all, for example upsert.
    Unsupported,
    /// The table cannot be loaded as asked: its name, its columns, its key, or what already stands under its name.
    InvalidTable,
    /// The data do not add up: a part that is not what its writer said, a damaged file, a malformed record.
    Corrupt,
    /// Records came twice of which the source holds one each.
    CameTwice,
    /// The table, or the row's state with it, is not what the load was planned on any more: another program changed or removed it.
    Changed,
    /// Anything else.
    Failed,
}

impl ErrorKind {
    /// Returns what the user can do about an error of this kind where nothing more precise is known.
    fn hint(self) -> Option<&'static str> {
        match self {
            Self::Locked => Some("wait for the other program to finish, or close it, and run again"),
            Self::NoSpace => {
                Some("free disk space, or raise the quota, and run again; what was there before is untouched")
            }
            Self::NotWritable => Some("grant write permission on the destination's `path` and the folder it is in"),
            Self::InvalidPath => Some("set `path` of the destination to a place where it can be created"),
            Self::Gone => {
                Some("see that the destination is there, leave its files alone while a run goes on, and run again")
            }
            Self::TooManyFiles => Some(
                "raise the limit of open files (`ulimit -n`), or lower `download_connections` and `concurrency` in `[run]`",
            ),
            Self::CameTwice => Some(
                "run again: nothing of it is visible, and all is read afresh; of an object whose records share an Id, name the columns that tell \
                 them apart in `primary_key`",
            ),
            Self::Changed => Some("run again"),
            Self::Unsupported | Self::InvalidTable | Self::Corrupt | Self::Failed => None,
        }
    }
}

impl Error {
    /// Makes an error. `message` reads `could not <verb> <thing>`, followed by `: <cause>` where there is no source to tell it.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: printable(&message.into()), hint: kind.hint().map(str::to_owned), source: None }
    }

    /// Replaces the hint: one action that the user can take.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(printable(&hint.into()));
        self
    }

    /// Sets the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Makes an error of an input or output operation that failed. `message` reads `could not <verb> <thing>`.
    pub(crate) fn from_io(message: impl Into<String>, source: io::Error) -> Self {
        Self::new(kind_of_io(&source), message).with_source(source)
    }

    /// Makes an error of an SQLite call that failed. `message` reads `could not <verb> <thing>`.
    pub(crate) fn from_sqlite(message: impl Into<String>, source: rusqlite::Error) -> Self {
        // SQLite's own words alone: the causes below them repeat them with a number.
        Self::new(kind_of_sqlite(&source), message).with_source(source.to_string())
    }

    /// Returns what kind of trouble this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns one action that the user can take.
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }

    /// Returns whether the user, not the program, has to mend something before it can work.
    pub fn is_user_error(&self) -> bool {
        match self.kind {
            ErrorKind::Locked
            | ErrorKind::NoSpace
            | ErrorKind::NotWritable
            | ErrorKind::InvalidPath
            | ErrorKind::Gone
            | ErrorKind::TooManyFiles
            | ErrorKind::Unsupported
            | ErrorKind::InvalidTable
            | ErrorKind::Changed => true,
            ErrorKind::Corrupt | ErrorKind::CameTwice | ErrorKind::Failed => false,
        }
    }
}

fn kind_of_io(error: &io::Error) -> ErrorKind {
    if files::is_too_many(error) {
        return ErrorKind::TooManyFiles;
    }
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::StaleNetworkFileHandle | io::ErrorKind::NotConnected => {
            ErrorKind::Gone
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => ErrorKind::NoSpace,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ErrorKind::NotWritable,
        io::ErrorKind::WouldBlock | io::ErrorKind::ResourceBusy => ErrorKind::Locked,
        io::ErrorKind::InvalidFilename => ErrorKind::InvalidTable,
        io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => ErrorKind::InvalidPath,
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => ErrorKind::Corrupt,
        _ => ErrorKind::Failed,
    }
}

fn kind_of_sqlite(error: &rusqlite::Error) -> ErrorKind {
    let Some(error) = error.sqlite_error() else { return ErrorKind::Failed };
    if matches!(error.extended_code, ffi::SQLITE_IOERR_SHMSIZE | ffi::SQLITE_IOERR_SHMOPEN) {
        // The file beside a database that its users share could not be given its size.
        return ErrorKind::NoSpace;
    }
    // A full disk is `SQLITE_FULL`; a full quota and a file at its largest size look like this.
    if error.extended_code == ffi::SQLITE_IOERR_WRITE {
        return ErrorKind::NoSpace;
    }
    match error.extended_code & 0xff {
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_PROTOCOL => ErrorKind::Locked,
        ffi::SQLITE_FULL => ErrorKind::NoSpace,
        // All that SQLite says of it is that it could not open a file.
        ffi::SQLITE_CANTOPEN if files::are_too_many() => ErrorKind::TooManyFiles,
        ffi::SQLITE_READONLY | ffi::SQLITE_PERM | ffi::SQLITE_CANTOPEN | ffi::SQLITE_AUTH => ErrorKind::NotWritable,
        ffi::SQLITE_NOTADB => ErrorKind::InvalidPath,
        ffi::SQLITE_CORRUPT => ErrorKind::Corrupt,
        _ => ErrorKind::Failed,
    }
}

/// Returns `text` on one line: names come from the org and the config, and may hold anything.
fn printable(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite_failure(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn a_full_disk_is_told_apart_from_a_failure() {
        let full = Error::from_io("could not write part", io::ErrorKind::StorageFull.into());
        let failed = Error::from_io("could not write part", io::ErrorKind::Other.into());

        assert_eq!(full.kind(), ErrorKind::NoSpace);
        assert!(full.is_user_error() && full.hint().is_some());
        assert_eq!(failed.kind(), ErrorKind::Failed);
        assert!(!failed.is_user_error() && failed.hint().is_none());
    }

    #[test]
    fn too_many_files_and_files_that_are_gone_are_the_users_affair() {
        let cases = [
            (io::Error::from_raw_os_error(24), ErrorKind::TooManyFiles),
            (io::Error::from_raw_os_error(23), ErrorKind::TooManyFiles),
            (io::ErrorKind::NotFound.into(), ErrorKind::Gone),
        ];
        for (source, kind) in cases {
            let error = Error::from_io("could not write part", source);

            assert_eq!(error.kind(), kind);
            assert!(error.is_user_error() && error.hint().is_some(), "{kind:?}");
        }
    }

    #[test]
    fn extended_sqlite_codes_count_as_their_primary_code() {
        let kinds = [
            (ffi::SQLITE_BUSY_SNAPSHOT, ErrorKind::Locked),
            (ffi::SQLITE_READONLY_DBMOVED, ErrorKind::NotWritable),
            (ffi::SQLITE_CANTOPEN_ISDIR, ErrorKind::NotWritable),
            (ffi::SQLITE_FULL, ErrorKind::NoSpace),
            (ffi::SQLITE_IOERR_WRITE, ErrorKind::NoSpace),
            (ffi::SQLITE_IOERR_READ, ErrorKind::Failed),
            (ffi::SQLITE_IOERR_SHMSIZE, ErrorKind::NoSpace),
            (ffi::SQLITE_IOERR_SHMOPEN, ErrorKind::NoSpace),
            (ffi::SQLITE_IOERR_READ, ErrorKind::Failed),
            (ffi::SQLITE_NOTADB, ErrorKind::InvalidPath),
            (ffi::SQLITE_CONSTRAINT_UNIQUE, ErrorKind::Failed),
        ];

        for (code, kind) in kinds {
            assert_eq!(Error::from_sqlite("could not open", sqlite_failure(code)).kind(), kind, "code {code}");
        }
    }

    #[test]
    fn a_message_is_one_line_whatever_the_names_in_it() {
        let error = Error::new(ErrorKind::InvalidTable, "could not load table `a\r\nb\u{1b}[31m`");

        assert_eq!(error.to_string(), "could not load table `a  b [31m`");
    }
}
