//! Values of fields, as the org holds them. How they are read from text and JSON is in `read`, how they are written in
//! `write`; which value a field may hold is the object's affair.

mod read;
mod write;

use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, Time};

use crate::id::Id;

pub use read::BadValue;

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// No value. Salesforce does not tell an empty text from none.
    #[default]
    Null,
    /// The id of a record: of this one or of one it refers to.
    Id(Id),
    /// Text of any kind: string, picklist, multipicklist (`a;b`), email, base64 (encoded), a reference that is no id.
    Text(Text),
    /// A boolean.
    Boolean(bool),
    /// A whole number of an `int` or `long` field, or a count.
    Integer(i64),
    /// A number of a `double`, `currency` or `percent` field.
    Double(f64),
    /// A day without time zone.
    Date(Date),
    /// An instant, of whole seconds in what the org stamps.
    DateTime(Timestamp),
    /// A time of day, of whole milliseconds.
    Time(Time),
    /// An address or location: its parts by the names the REST API gives them, in alphabetical order.
    Compound(Arc<[(&'static str, Self)]>),
}

/// An immutable text that is cheap to clone.
#[derive(Clone)]
pub enum Text {
    /// A word of the program itself.
    Static(&'static str),
    /// A text that came from elsewhere.
    Shared(Arc<str>),
}

impl Value {
    /// Returns a text value; an empty text is no value.
    pub fn text(text: impl Into<Text>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Null } else { Self::Text(text) }
    }

    /// Returns whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns the id that this value is or, given as text, can be read as.
    pub fn as_id(&self) -> Option<Id> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Returns the number that this value is.
    pub(crate) fn as_number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "Salesforce computes with doubles")]
            Self::Integer(number) => Some(*number as f64),
            Self::Double(number) => Some(*number),
            _ => None,
        }
    }

    /// Returns the text that this value is; none is empty.
    pub(crate) fn text_or_empty(&self) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            _ => String::new(),
        }
    }

    /// Returns the order of two values of one field that can be summed up; others are equal.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::DateTime(a), Self::DateTime(b)) => a.cmp(b),
            (a, b) => a.as_number().zip(b.as_number()).map_or(Ordering::Equal, |(a, b)| a.total_cmp(&b)),
        }
    }
}

impl From<Id> for Value {
    fn from(id: Id) -> Self {
        Self::Id(id)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

impl From<Date> for Value {
    fn from(value: Date) -> Self {
        Self::Date(value)
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::DateTime(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::text(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::text(value)
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Static(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Shared(text.into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Shared(text.into())
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
