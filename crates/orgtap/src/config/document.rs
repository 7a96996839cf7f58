//! The TOML document with the place of every key and value, kept until every problem is reported.

use std::fmt;
use std::ops::Range;

use serde_json::Number;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Error, KeyPath, Problem, Source};
use super::snippet;

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    /// The bytes of the file that it stands in.
    pub(crate) span: Range<usize>,
    /// The value.
    pub(crate) value: Value,
}

/// A TOML value; tables in the order of the file.
pub(crate) enum Value {
    Table(Vec<Entry>),
    List(Vec<Node>),
    /// A text. `is_substituted` tells that some of it came from outside the file and is better not repeated.
    Text {
        text: String,
        is_substituted: bool,
    },
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// A date, time or both; no option takes one.
    Datetime,
    /// A text that refers to something that is not there. That has been reported.
    Unresolved,
}

/// A key of a table with its value.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// Where the key stands.
    pub(crate) span: Range<usize>,
    /// The value.
    pub(crate) node: Node,
}

impl Node {
    /// Parses a whole file.
    pub(crate) fn parse(source: Source<'_>) -> Result<Self, Error> {
        let table = DeTable::parse(source.text).map_err(|error| Error::Syntax {
            path: source.path.to_owned(),
            rendered: snippet::render(source, error.span().unwrap_or_default().start, error.message()),
        })?;
        let value = from_table(table.get_ref());
        Ok(Self { span: 0..0, value })
    }

    /// Removes every entry of this table but the one named `key`.
    pub(crate) fn keep_only(&mut self, key: &str) {
        if let Value::Table(entries) = &mut self.value {
            entries.retain(|entry| entry.key == key);
        }
    }

    /// Returns the entry named `key`, if this is a table that has it.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Table(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// Returns element `index` of this list.
    pub(crate) fn element(&self, index: usize) -> Option<&Self> {
        match &self.value {
            Value::List(elements) => elements.get(index),
            _ => None,
        }
    }

    /// Returns a problem of the option `key` of this table, placed at the table where the option is left out.
    pub(crate) fn problem(&self, path: &KeyPath, key: &str, message: impl fmt::Display) -> Problem {
        let span = self.entry(key).map_or(&self.span, |entry| &entry.node.span);
        Problem::new(span, &path.key(key), message)
    }

    /// Calls `visit` with every text in this value and with the path and the place of each.
    pub(crate) fn each_text(&mut self, path: &KeyPath, visit: &mut impl FnMut(&KeyPath, &Range<usize>, &mut Value)) {
        match &mut self.value {
            Value::Table(entries) => {
                entries.iter_mut().for_each(|entry| entry.node.each_text(&path.key(&entry.key), visit))
            }
            Value::List(elements) => {
                elements
                    .iter_mut()
                    .enumerate()
                    .for_each(|(index, element)| element.each_text(&path.index(index), visit));
            }
            Value::Text { .. } => visit(path, &self.span, &mut self.value),
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime | Value::Unresolved => {}
        }
    }

    /// Returns the value as JSON, for serde.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Table(entries) => entries.iter().map(|entry| (entry.key.clone(), entry.node.to_json())).collect(),
            Value::List(elements) => elements.iter().map(Self::to_json).collect(),
            Value::Text { text, .. } => text.as_str().into(),
            Value::Integer(number) => (*number).into(),
            Value::Float(number) => {
                Number::from_f64(*number).map_or(serde_json::Value::Null, serde_json::Value::Number)
            }
            Value::Boolean(boolean) => (*boolean).into(),
            Value::Datetime | Value::Unresolved => serde_json::Value::Null,
        }
    }
}

/// Shows the shape only: any text may be a secret.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(entries) => f.debug_list().entries(entries).finish(),
            Self::List(elements) => f.debug_list().entries(elements).finish(),
            other => f.write_str(other.kind()),
        }
    }
}

impl Value {
    /// Returns what kind of value this is, in a user's words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Table(_) => "a table",
            Self::List(_) => "a list",
            Self::Text { .. } | Self::Unresolved => "a text",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Boolean(_) => "true or false",
            Self::Datetime => "a date or time",
        }
    }
}

fn from_table(table: &DeTable<'_>) -> Value {
    let entries = table.iter().map(|(key, value)| Entry {
        key: key.get_ref().to_string(),
        span: key.span(),
        node: from_value(value),
    });
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by_key(|entry| entry.span.start);
    Value::Table(entries)
}

fn from_value(value: &Spanned<DeValue<'_>>) -> Node {
    let span = value.span();
    let value = match value.get_ref() {
        DeValue::Table(table) => from_table(table),
        DeValue::Array(elements) => Value::List(elements.iter().map(from_value).collect()),
        DeValue::String(text) => Value::Text { text: text.to_string(), is_substituted: false },
        // A number too large for its type keeps its kind, so that the range check refuses it.
        DeValue::Integer(number) => {
            Value::Integer(i64::from_str_radix(number.as_str(), number.radix()).unwrap_or(i64::MAX))
        }
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::MAX)),
        DeValue::Boolean(boolean) => Value::Boolean(*boolean),
        DeValue::Datetime(_) => Value::Datetime,
    };
    Node { span, value }
}
