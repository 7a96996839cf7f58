//! JSON read leniently but exactly: what people and forms really write is taken, what cannot be meant is a problem that names its key.
//!
//! `null` and the empty text are absent; numbers and yes/no values may stand in quotes; an empty list may stand for an empty object, as PHP
//! writes it. A value never gets into a message, for it may be a secret.

use std::cell::RefCell;
use std::sync::LazyLock;

use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::nearest::nearest;
use crate::output::format::printable;

/// What is wrong, and what is odd.
#[derive(Debug, Default)]
pub(super) struct Findings {
    problems: RefCell<Vec<String>>,
    warnings: RefCell<Vec<String>>,
}

impl Findings {
    pub(super) fn problem(&self, text: impl Into<String>) {
        self.problems.borrow_mut().push(text.into());
    }

    pub(super) fn warn(&self, text: impl Into<String>) {
        self.warnings.borrow_mut().push(text.into());
    }

    /// Returns the problems, then the warnings.
    pub(super) fn into_lists(self) -> (Vec<String>, Vec<String>) {
        (self.problems.into_inner(), self.warnings.into_inner())
    }
}

static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// A JSON object of the configuration.
#[derive(Clone, Debug)]
pub(super) struct Section<'a> {
    path: String,
    map: &'a Map<String, Value>,
    findings: &'a Findings,
}

impl<'a> Section<'a> {
    /// Returns the whole document; `None` if it is no object.
    pub(super) fn root(document: &'a Value, findings: &'a Findings) -> Option<Self> {
        Some(Self { path: String::new(), map: document.as_object()?, findings })
    }

    /// Returns the path of a key, as messages name it.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Reports a problem with a key: `message` continues its name.
    pub(super) fn problem(&self, key: &str, message: impl AsRef<str>) {
        self.findings.problem(format!("`{}` {}", self.path_of(key), message.as_ref()));
    }

    /// Reports what is odd about a key: `message` continues its name.
    pub(super) fn warn(&self, key: &str, message: impl AsRef<str>) {
        self.findings.warn(format!("`{}` {}", self.path_of(key), message.as_ref()));
    }

    /// Returns whether the key has a value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// Returns the object under a key; an empty one where there is none.
    pub(super) fn section(&self, key: &str) -> Self {
        let map = match self.value(key) {
            None => &EMPTY,
            Some(Value::Object(map)) => map,
            Some(Value::Array(list)) if list.is_empty() => &EMPTY,
            Some(other) => self.wrong(key, "an object with options", other).unwrap_or(&EMPTY),
        };
        Self { path: self.path_of(key), map, findings: self.findings }
    }

    /// Returns a text without the blanks around it.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        match self.value(key)? {
            Value::String(text) => Some(text.trim().to_owned()),
            other => self.wrong(key, "a text", other),
        }
    }

    /// Returns a text that may have been written as a number.
    pub(super) fn text_or_number(&self, key: &str) -> Option<String> {
        match self.value(key)? {
            Value::Number(number) => Some(number.to_string()),
            _ => self.text(key),
        }
    }

    /// Returns a secret, blanks and all.
    pub(super) fn secret(&self, key: &str) -> Option<SecretString> {
        match self.value(key)? {
            Value::String(text) => Some(text.clone().into()),
            Value::Number(number) => Some(number.to_string().into()),
            other => self.wrong(key, "a text", other),
        }
    }

    /// Returns a yes or no.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        let wanted = "true or false";
        match self.value(key)? {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
            Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Some(true),
                "false" | "0" | "no" | "off" => Some(false),
                _ => self.wrong(key, wanted, self.value(key)?),
            },
            other => self.wrong(key, wanted, other),
        }
    }

    /// Returns a whole number. One too large to count with counts as the largest there is.
    pub(super) fn whole_number(&self, key: &str) -> Option<i64> {
        let value = self.value(key)?;
        let number = match value {
            Value::Number(number) => number.as_i64().map(|number| number as f64).or_else(|| number.as_f64()),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        match number.filter(|number: &f64| number.fract() == 0.0) {
            // The cast ends at the largest and the smallest number.
            Some(number) => Some(number as i64),
            None => self.wrong(key, "a whole number", value),
        }
    }

    /// Returns a list of texts, each without the blanks around it; `what` completes "a list of …".
    /// `None` where it is no such list.
    pub(super) fn texts(&self, key: &str, what: &str) -> Option<Vec<String>> {
        let wanted = format!("a list of {what}");
        let list = match self.value(key) {
            None => return Some(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(other) => return self.wrong(key, &wanted, other),
        };
        let mut texts = Vec::with_capacity(list.len());
        for item in list {
            match item {
                Value::Null => {}
                Value::String(text) if text.trim().is_empty() => {}
                Value::String(text) => texts.push(text.trim().to_owned()),
                other => {
                    self.problem(key, format!("must be {wanted}, and holds {}", kind_of(other)));
                    return None;
                }
            }
        }
        Some(texts)
    }

    /// Looks for keys that nobody knows. One that looks like a misspelt known key that is absent is a problem, others are odd.
    pub(super) fn check_keys(&self, known: &[&str]) {
        self.check_keys_beside(known, &[]);
    }

    /// Does as [`Self::check_keys`], and takes no notice of the keys `silent`.
    pub(super) fn check_keys_beside(&self, known: &[&str], silent: &[&str]) {
        for key in self.map.keys().filter(|key| !known.contains(&key.as_str()) && !silent.contains(&key.as_str())) {
            let shown: String = printable(key).chars().take(60).collect();
            match nearest(key, known.iter().copied().filter(|known| !self.has(known))) {
                Some(meant) => self.problem(&shown, format!("is not known; did you mean `{meant}`?")),
                None => self.warn(&shown, "is not known, and has no effect"),
            }
        }
    }

    fn value(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.trim().is_empty(),
            _ => true,
        })
    }

    fn wrong<T>(&self, key: &str, wanted: &str, found: &Value) -> Option<T> {
        self.problem(key, format!("must be {wanted}, not {}", kind_of(found)));
        None
    }
}

/// Returns what a value is, without showing it.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "this text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Reads a document and returns what was read and the problems.
    fn read<T>(document: &Value, with: impl FnOnce(&Section<'_>) -> T) -> (T, Vec<String>, Vec<String>) {
        let findings = Findings::default();
        let value = with(&Section::root(document, &findings).unwrap());
        let (problems, warnings) = findings.into_lists();
        (value, problems, warnings)
    }

    #[test]
    fn what_people_write_is_understood() {
        let document = json!({
            "t": " a ", "n": 62.0, "yes": "True", "one": 1, "off": "0", "whole": "60", "decimal": 60.0,
            "list": ["a", " b ", "", null], "php": [], "null": null, "empty": " "
        });

        let (all, problems, _) = read(&document, |root| {
            (
                (root.text("t"), root.text_or_number("n"), root.text("null"), root.text("empty")),
                (root.flag("yes"), root.flag("one"), root.flag("off"), root.flag("null")),
                (root.whole_number("whole"), root.whole_number("decimal")),
                (root.texts("list", "names"), root.section("php").has("x")),
            )
        });

        assert_eq!(all.0, (Some("a".to_owned()), Some("62.0".to_owned()), None, None));
        assert_eq!(all.1, (Some(true), Some(true), Some(false), None));
        assert_eq!(all.2, (Some(60), Some(60)));
        assert_eq!(all.3, (Some(vec!["a".to_owned(), "b".to_owned()]), false));
        assert!(problems.is_empty(), "{problems:?}");
    }

    #[test]
    fn what_cannot_be_meant_is_named_with_its_path() {
        let document = json!({"a": {"t": 1, "f": "maybe", "n": 1.5, "l": "Id", "m": [1], "s": "x"}});

        let ((), problems, _) = read(&document, |root| {
            let a = root.section("a");
            a.text("t");
            a.flag("f");
            a.whole_number("n");
            a.texts("l", "names");
            a.texts("m", "names");
            a.section("s");
        });

        assert_eq!(
            problems,
            [
                "`a.t` must be a text, not a number",
                "`a.f` must be true or false, not this text",
                "`a.n` must be a whole number, not a number",
                "`a.l` must be a list of names, not this text",
                "`a.m` must be a list of names, and holds a number",
                "`a.s` must be an object with options, not this text"
            ]
        );
    }

    #[test]
    fn a_misspelt_key_is_a_problem_and_a_strange_one_is_not() {
        let document = json!({"objct": "Account", "fields": [], "filds": [], "color": 1});

        let ((), problems, warnings) = read(&document, |root| root.check_keys(&["object", "fields"]));

        assert_eq!(problems, ["`objct` is not known; did you mean `object`?"]);
        assert_eq!(warnings, ["`filds` is not known, and has no effect", "`color` is not known, and has no effect"]);
    }
}
