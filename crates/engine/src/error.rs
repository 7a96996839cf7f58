//! Why a row failed, split by who can mend it.

use std::sync::Arc;

use orgtap_soql::Diagnostics;

/// The result of anything that a row does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a row could not be planned or loaded.
///
/// Cloneable, so that a report can carry it; the causes are shared.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The row's settings contradict each other or the org.
    #[error("{message}")]
    Row {
        /// What is wrong.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The row's query is not one that can be extracted. The text shows the place.
    #[error("could not use the query: {}", rendered.trim_start_matches("error: "))]
    Query {
        /// The first problem, in a line.
        summary: String,
        /// Every problem with the line it stands in and a caret under it.
        rendered: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Salesforce refused something or could not be reached.
    #[error(transparent)]
    Salesforce(Arc<orgtap_salesforce::Error>),
    /// The destination refused something.
    #[error(transparent)]
    Destination(Arc<orgtap_destination::Error>),
    /// What arrived is not what Salesforce announced; nothing was committed.
    #[error("could not read the records whole: {message}")]
    Incomplete {
        /// What does not add up, with the figures.
        message: String,
    },
    /// The run was stopped from outside before this row was done; nothing of it was committed.
    #[error("stopped before it was done; no record that it read was committed")]
    Stopped,
    /// A broken invariant of orgtap itself.
    #[error("could not finish the row: {message}")]
    Internal {
        /// What broke.
        message: String,
    },
}

impl Error {
    /// Returns an error about the row's settings.
    pub(crate) fn row(message: impl Into<String>) -> Self {
        Self::Row { message: message.into(), hint: None }
    }

    /// Returns an error about the row's settings, with a way to mend it.
    pub(crate) fn row_with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Row { message: message.into(), hint: Some(hint.into()) }
    }

    /// Returns the error of a query with these problems.
    pub(crate) fn query(diagnostics: &Diagnostics) -> Self {
        let summary = diagnostics.as_slice().first().map(|problem| problem.message.clone()).unwrap_or_default();
        Self::Query { summary, rendered: diagnostics.render(), hint: diagnostics.hint() }
    }

    /// Wraps an error of the client.
    pub(crate) fn salesforce(source: orgtap_salesforce::Error) -> Self {
        Self::Salesforce(Arc::new(source))
    }

    /// Wraps an error of the destination.
    pub(crate) fn destination(source: orgtap_destination::Error) -> Self {
        Self::Destination(Arc::new(source))
    }

    /// Returns whether a table is not what its load was planned on any more.
    pub(crate) fn is_of_changed_table(&self) -> bool {
        matches!(self, Self::Destination(source) if source.kind() == orgtap_destination::ErrorKind::Changed)
    }

    /// Returns whether the user can mend this: exit code 1, not 2.
    pub fn is_user_error(&self) -> bool {
        match self {
            Self::Row { .. } | Self::Query { .. } | Self::Stopped => true,
            Self::Salesforce(source) => source.is_user_error(),
            Self::Destination(source) => source.is_user_error(),
            Self::Incomplete { .. } | Self::Internal { .. } => false,
        }
    }

    /// Returns one action that the user can take.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Row { hint, .. } | Self::Query { hint, .. } => hint.clone(),
            Self::Salesforce(source) => source.hint(),
            Self::Destination(source) => source.hint(),
            Self::Incomplete { .. } => Some("run again; nothing was committed, and pages are read afresh".to_owned()),
            Self::Stopped | Self::Internal { .. } => None,
        }
    }
}
