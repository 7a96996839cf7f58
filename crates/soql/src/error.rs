//! Errors of building a query from parts. Errors in query text are [`Diagnostics`](crate::Diagnostics).

use crate::diagnostic::printable;

/// Text that cannot stand in a query as what it was meant to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not use `{text}` as a {part} in SOQL")]
pub struct Malformed {
    part: &'static str,
    form: &'static str,
    text: String,
}

impl Malformed {
    pub(crate) fn path(text: &str) -> Self {
        Self { part: "field path", form: "names joined by dots, such as `Account.Name`", text: printable(text) }
    }

    pub(crate) fn date(text: &str) -> Self {
        Self { part: "date", form: "year, month and day, such as `2024-05-31`", text: printable(text) }
    }

    pub(crate) fn date_time(text: &str) -> Self {
        let form = "date, time and zone, such as `2024-05-31T10:00:00Z`";
        Self { part: "datetime", form, text: printable(text) }
    }

    /// Returns what the text should have looked like.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(format!("write it as {}", self.form))
    }
}
