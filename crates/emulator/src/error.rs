//! The errors of this crate: answers of the org (`QueryError`, `ChangeError`), which a client is meant to see, and
//! failures to set an org up (`ImportError`).

use std::path::PathBuf;

/// The org's refusal of a query or of a question about changes: what Salesforce would answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct QueryError {
    /// The error code, such as `INVALID_FIELD`.
    pub code: &'static str,
    /// Salesforce's text, with the query and a caret where it gives them.
    pub message: String,
}

impl QueryError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The org's refusal of a change: what Salesforce would answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ChangeError {
    /// The status code, such as `REQUIRED_FIELD_MISSING`.
    pub code: &'static str,
    /// Salesforce's text.
    pub message: String,
    /// The fields it is about.
    pub fields: Vec<String>,
}

impl ChangeError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), fields: Vec::new() }
    }

    /// A field that the caller may not set.
    pub(crate) fn read_only(field: &str) -> Self {
        let message = format!(
            "Unable to create/update fields: {field}. Please check the security settings of this field and verify that it is \
             read/write for your profile or permission set."
        );
        Self::new("INVALID_FIELD_FOR_INSERT_UPDATE", message).about(field)
    }

    pub(crate) fn about(mut self, field: &str) -> Self {
        self.fields.push(field.to_owned());
        self
    }
}

/// The reason why a document is no describe of an object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescribeError {
    /// The document is not a JSON object.
    #[error("could not read the describe: it is not a JSON object")]
    NotAnObject,
    /// The document lacks a key that cannot be guessed.
    #[error("could not read the describe: it has no `{key}`")]
    MissingKey {
        /// The key.
        key: &'static str,
    },
    /// A field lacks a key that cannot be guessed.
    #[error("could not read the describe: a field has no `{key}`")]
    MissingFieldKey {
        /// The key.
        key: &'static str,
    },
}

/// A failure to fill an org from files. What is wrong with one file of several is in the report instead.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The folder or file could not be read at all.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl ImportError {
    /// Returns what the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { .. } => Some("check the path and its permissions".to_owned()),
        }
    }
}
