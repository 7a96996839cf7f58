//! Names, dotted paths and function calls: what a query points at.

use super::Literal;
use crate::{
    diagnostic::Span,
    error::Malformed,
    token::{is_name, is_reserved},
};

/// One identifier: an object, field, relationship, alias or function name, as the user spelt it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name as typed.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

impl Name {
    /// Returns whether this is `other`, ignoring case as Salesforce does.
    #[must_use]
    pub fn is(&self, other: &str) -> bool {
        self.text.eq_ignore_ascii_case(other)
    }
}

/// Names joined by dots: `Name`, `Account.Owner.Name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The names in order; never empty.
    pub segments: Vec<Name>,
}

impl Path {
    /// Builds a path from text such as `Account.Name`.
    ///
    /// # Errors
    /// The text is not names joined by dots, or is a single word that SOQL reserves, such as `From`.
    pub fn of(text: &str) -> Result<Self, Malformed> {
        let names: Vec<&str> = text.split('.').collect();
        let is_keyword = matches!(names.as_slice(), [only] if is_reserved(only));
        if is_keyword || !names.iter().all(|name| is_name(name)) {
            return Err(Malformed::path(text));
        }
        let segments = names.into_iter().map(|name| Name { text: name.to_owned(), span: Span::default() }).collect();
        Ok(Self { segments })
    }

    /// Returns the last name: the field itself, or the object of a FROM entry.
    ///
    /// # Panics
    /// If the path was built by hand without a segment.
    #[must_use]
    pub fn last(&self) -> &Name {
        self.segments.last().expect("a path has at least one segment")
    }

    /// Returns the span from the first name to the last.
    #[must_use]
    pub fn span(&self) -> Span {
        self.segments.iter().map(|name| name.span).reduce(Span::to).unwrap_or_default()
    }

    /// Returns whether this is `other`, ignoring case.
    #[must_use]
    pub fn is(&self, other: &str) -> bool {
        let mut names = other.split('.');
        self.segments.iter().all(|segment| names.next().is_some_and(|name| segment.is(name))) && names.next().is_none()
    }
}

/// A function call: `COUNT(Id)`, `FIELDS(ALL)`, `DISTANCE(Place__c, GEOLOCATION(1, 2), 'km')`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The function's name as typed.
    pub function: Name,
    /// The arguments in order; empty for `COUNT()`. The word in `FIELDS(ALL)` is a path.
    pub arguments: Vec<Argument>,
    /// From the name to the closing parenthesis.
    pub span: Span,
}

/// One argument of a [`Call`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// A field, or the word in `FIELDS(ALL)`.
    Path(Path),
    /// A nested call, as in `FORMAT(MIN(CloseDate))`.
    Call(Call),
    /// A number or text, as in `GEOLOCATION(1, 2)`.
    Literal(Literal),
}

/// What a comparison, GROUP BY or ORDER BY is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A field.
    Path(Path),
    /// A function of a field.
    Call(Call),
}

impl Operand {
    /// Returns where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Path(path) => path.span(),
            Self::Call(call) => call.span,
        }
    }
}
