//! Why a command failed, and whether the user can mend it.

use std::io;
use std::path::PathBuf;

use orgtap_soql::Diagnostics;

use crate::config;

/// The result of a command.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// Salesforce refused something or could not be reached.
    #[error(transparent)]
    Salesforce(#[from] orgtap_salesforce::Error),
    /// The destination refused something.
    #[error(transparent)]
    Destination(#[from] orgtap_destination::Error),
    /// The emulator could not be set up.
    #[error("could not {action}")]
    Emulator {
        /// What was being done.
        action: &'static str,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
        /// What to do instead.
        hint: Option<String>,
    },
    /// A file cannot be read or written.
    #[error("could not {action} `{}`", path.display())]
    File {
        /// What was being done: `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// What was asked for contradicts itself or what is there.
    #[error("could not {action}: {cause}")]
    Usage {
        /// What was asked for.
        action: String,
        /// Why not.
        cause: String,
        /// What to do instead.
        hint: String,
    },
    /// The query is not SOQL, or breaks its rules. The text shows every place: the line it stands in and a caret under it.
    #[error("could not use the query: {}", .0.render().trim_start_matches("error: "))]
    Query(Box<Diagnostics>),
    /// The query cannot be planned.
    #[error(transparent)]
    Row(Box<orgtap_engine::Error>),
    /// A question about a loaded table failed.
    #[error("could not read the table")]
    Table(#[from] rusqlite::Error),
    /// Standard output cannot be written.
    #[error("could not write to standard output")]
    Output(#[from] io::Error),
    /// A signal ended the command before it was done.
    #[error("could not finish: stopped by a signal")]
    Stopped,
}

impl Error {
    /// Returns whether the user can mend this: exit code 1, not 2.
    pub(crate) fn is_user_error(&self) -> bool {
        match self {
            Self::Salesforce(error) => error.is_user_error(),
            Self::Destination(error) => error.is_user_error(),
            Self::Row(error) => error.is_user_error(),
            Self::Config(_) | Self::File { .. } | Self::Usage { .. } | Self::Query(_) | Self::Stopped => true,
            Self::Emulator { .. } | Self::Output(_) => true,
            Self::Table(_) => false,
        }
    }

    /// Returns one action that the user can take.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.hint(),
            Self::Salesforce(error) => error.hint(),
            Self::Destination(error) => error.hint(),
            Self::Row(error) => error.hint(),
            Self::Usage { hint, .. } => Some(hint.clone()),
            Self::Emulator { hint, .. } => hint.clone(),
            Self::File { .. } | Self::Query(_) | Self::Table(_) | Self::Output(_) | Self::Stopped => None,
        }
    }

    /// Returns whether this only says that nobody reads the output any more.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
