//! What is wrong with a query, as JSON.

use orgtap_soql::{Diagnostic, Diagnostics, Severity};
use serde::Serialize;

/// One problem of a query, from the character `start` up to, but not with, the character `end`, both from 0. Scripts and editors rely on
/// the names.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct DiagnosticDocument {
    pub(crate) message: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) help: Option<String>,
    pub(crate) severity: &'static str,
}

impl DiagnosticDocument {
    /// Returns the documents of all that is wrong.
    pub(crate) fn all_of(diagnostics: &Diagnostics) -> Vec<Self> {
        diagnostics.as_slice().iter().map(|one| Self::new(diagnostics.text(), one)).collect()
    }

    fn new(text: &str, diagnostic: &Diagnostic) -> Self {
        Self {
            message: diagnostic.message.clone(),
            start: characters(text, diagnostic.span.start),
            end: characters(text, diagnostic.span.end),
            help: diagnostic.suggestion.clone(),
            severity: match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
        }
    }
}

/// Returns how many characters stand before the byte `offset`.
fn characters(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).chars().count()
}
