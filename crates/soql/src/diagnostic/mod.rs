//! Problems found in a query, and how they are shown to a person.
//!
//! A diagnostic says what is wrong and where. It does not know the org: whoever does adds diagnostics of their own.

mod refused;
mod render;

use std::fmt;

pub use refused::Refused;

/// A range of bytes in the text a query was parsed from.
///
/// Spans are always equal to each other, so that trees compare by meaning and not by where they were written. Nodes
/// that were built and not parsed have the empty span at 0.
#[derive(Clone, Copy, Default)]
pub struct Span {
    /// The offset of the first byte.
    pub start: usize,
    /// The offset after the last byte.
    pub end: usize,
}

impl Span {
    /// Returns the span from the start of this one to the end of `last`.
    #[must_use]
    pub fn to(self, last: Self) -> Self {
        Self { start: self.start, end: last.end }
    }
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Span {}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The query cannot be used.
    Error,
    /// The query works, but not as well as it could.
    Warning,
}

/// One problem in a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: one lowercase line.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What to do about it, where that is known: one lowercase line.
    pub suggestion: Option<String>,
}

impl Diagnostic {
    /// Builds an error.
    #[must_use]
    pub fn error(message: impl Into<String>, span: Span) -> Self {
        Self { severity: Severity::Error, message: message.into(), span, suggestion: None }
    }

    /// Builds a warning.
    #[must_use]
    pub fn warning(message: impl Into<String>, span: Span) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message, span) }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn suggest(self, suggestion: impl Into<String>) -> Self {
        Self { suggestion: Some(suggestion.into()), ..self }
    }
}

/// The problems of one query together with its text; never empty.
///
/// As an error it shows the first problem on one line; [`Diagnostics::render`] shows all of them with their lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    text: String,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Puts the problems found in `text` together, in the order of the text. `None` when there are none.
    #[must_use]
    pub fn new(text: impl Into<String>, mut list: Vec<Diagnostic>) -> Option<Self> {
        list.sort_by_key(|diagnostic| diagnostic.span.start);
        (!list.is_empty()).then(|| Self { text: text.into(), list })
    }

    pub(crate) fn only(text: impl Into<String>, diagnostic: Diagnostic) -> Self {
        Self { text: text.into(), list: vec![diagnostic] }
    }

    /// Returns the problems in the order of the text.
    #[must_use]
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.list
    }

    /// Returns the text of the query.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns every problem on lines of its own: what is wrong, `line:column`, the line of the query, a mark under
    /// the place and what to do about it.
    ///
    /// Lines and columns count from 1, columns in characters. The text ends with a line break and holds no control
    /// characters; a long line is cut to the part around the place.
    #[must_use]
    pub fn render(&self) -> String {
        self.list.iter().map(|diagnostic| render::render(&self.text, diagnostic)).collect()
    }

    /// Returns what to do about the first problem, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.first().suggestion.clone()
    }

    fn first(&self) -> &Diagnostic {
        self.list.first().expect("there is at least one problem")
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.first();
        let (line, column) = render::position(&self.text, first.span.start);
        write!(f, "could not accept the query: {} at {line}:{column}", first.message)?;
        match self.list.len() - 1 {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}

impl std::error::Error for Diagnostics {}

/// Collects the problems of one query.
#[derive(Debug, Default)]
pub(crate) struct Report {
    list: Vec<Diagnostic>,
    is_closed: bool,
}

impl Report {
    /// Keeps a hopeless text from filling the screen.
    const MOST: usize = 20;

    /// Adds a problem, unless there are many already or one in the same place: that is the cause, this a consequence.
    pub(crate) fn add(&mut self, diagnostic: Diagnostic) {
        let is_known = self.list.iter().any(|known| known.span.start == diagnostic.span.start);
        if !self.is_closed && !is_known && !self.is_full() {
            self.list.push(diagnostic);
        }
    }

    /// Says something else of a place that a problem was found at, now that more is known of it.
    pub(crate) fn correct(&mut self, span: Span, message: String, suggestion: String) {
        let known = self.list.iter_mut().find(|known| known.span.start == span.start);
        let corrected = Diagnostic::error(message, span).suggest(suggestion);
        match known {
            Some(known) => *known = corrected,
            None => self.add(corrected),
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.list.len() == Self::MOST
    }

    /// Forgets what was added: all of it follows from what comes next.
    pub(crate) fn clear(&mut self) {
        self.list.clear();
    }

    /// Adds nothing from here on.
    pub(crate) fn close(&mut self) {
        self.is_closed = true;
    }

    pub(crate) fn into_diagnostics(self, text: &str) -> Option<Diagnostics> {
        Diagnostics::new(text, self.list)
    }
}

/// Returns `text` fit for a terminal: no control characters and none that change the direction of writing.
pub(crate) fn printable(text: &str) -> String {
    let is_harmless =
        |next: &char| !next.is_control() && !matches!(next, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(is_harmless).collect()
}

/// Returns the beginning of `text`, fit to be quoted in a message.
pub(crate) fn excerpt(text: &str) -> String {
    const MOST: usize = 40;
    let text = printable(text.get(..text.floor_char_boundary(8 * MOST)).unwrap_or(text));
    if text.chars().count() <= MOST {
        return text;
    }
    text.chars().take(MOST - 1).chain(['…']).collect()
}
