//! The JSON Schema of the configuration file, and the check of a document against it.
//!
//! The schema comes from the types in [`file`](super::file), so that one source tells the keys, their types and their limits: to editors
//! through `orgtap schema`, and to users through the problems found here. Only the keywords that those types bring forth are understood.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json};

use super::document::{Entry, Node, Value};
use super::file::ConfigFile;
use super::problem::{KeyPath, Problem};
use crate::nearest::nearest;

static SCHEMA: LazyLock<Json> = LazyLock::new(|| {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<ConfigFile>().to_value();
    simplify(&mut schema);
    schema
});

/// Returns the schema of the whole file.
pub(crate) fn schema() -> &'static Json {
    &SCHEMA
}

/// Returns the names of all options whose values are secret.
pub(crate) fn secret_keys() -> Vec<String> {
    let mut names = Vec::new();
    collect_secrets(schema(), &mut names);
    names.sort();
    names.dedup();
    names
}

fn collect_secrets(schema: &Json, names: &mut Vec<String>) {
    for (name, property) in properties(schema) {
        if property.get("writeOnly") == Some(&Json::Bool(true)) {
            names.push(name.clone());
        }
        collect_secrets(property, names);
    }
}

/// Removes what says that an option may be left out by a null: TOML has none, and `required` says it already.
fn simplify(schema: &mut Json) {
    match schema {
        Json::Object(object) => {
            if let Some(Json::Array(types)) = object.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            merge_only_choice(object);
            object.retain(|keyword, value| {
                !(keyword == "default" && value.is_null() || keyword == "format" && value.as_str() != Some("uri"))
            });
            object.values_mut().for_each(simplify);
        }
        Json::Array(elements) => elements.iter_mut().for_each(simplify),
        _ => {}
    }
}

/// Turns "this or null" into "this".
fn merge_only_choice(object: &mut Map<String, Json>) {
    let Some(Json::Array(mut choices)) = object.remove("anyOf") else { return };
    choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
    if let [Json::Object(only)] = choices.as_slice() {
        for (keyword, value) in only {
            object.entry(keyword.clone()).or_insert_with(|| value.clone());
        }
    }
}

fn properties(schema: &Json) -> impl Iterator<Item = (&String, &Json)> {
    schema.get("properties").and_then(Json::as_object).into_iter().flatten()
}

/// Adds what is wrong with `node`, which stands at `path`, to `problems`.
pub(crate) fn check(node: &Node, schema: &Json, path: &KeyPath, problems: &mut Vec<Problem>) {
    match (&node.value, expected_type(schema)) {
        (Value::Table(entries), "object") => check_table(node, entries, schema, path, problems),
        (Value::List(elements), "array") => check_list(node, elements, schema, path, problems),
        (Value::Text { text, is_substituted }, "string") => {
            if let Err(message) = check_text(text, *is_substituted, schema) {
                problems.push(Problem::new(&node.span, path, message));
            }
        }
        (Value::Integer(number), "integer") => check_range(node, *number, schema, path, problems),
        (Value::Boolean(_), "boolean") | (Value::Unresolved, _) => {}
        (value, expected) => {
            problems.push(Problem::new(&node.span, path, wrong_type(value, expected)));
        }
    }
}

fn expected_type(schema: &Json) -> &str {
    // A choice of constants has its type in each choice; all of ours are texts.
    schema.get("type").and_then(Json::as_str).unwrap_or("string")
}

fn wrong_type(value: &Value, expected: &str) -> String {
    let noun = match expected {
        "object" => "a table",
        "array" => "a list",
        "string" => "a text",
        "integer" => "a whole number",
        _ => "true or false",
    };
    let advice = match (value, expected) {
        (Value::Integer(_) | Value::Float(_), "string") => "; write it in quotes",
        (Value::Text { .. }, "integer" | "boolean") => "; write it without quotes",
        (Value::Text { .. }, "array") => "; write it in brackets",
        _ => "",
    };
    format!("must be {noun}, not {}{advice}", value.kind())
}

fn check_table(node: &Node, entries: &[Entry], schema: &Json, path: &KeyPath, problems: &mut Vec<Problem>) {
    for entry in entries {
        let path = path.key(&entry.key);
        match schema.pointer("/properties").and_then(|properties| properties.get(&entry.key)) {
            Some(property) => check(&entry.node, property, &path, problems),
            None => problems.push(Problem::new(&entry.span, &path, unknown_key(&entry.key, schema))),
        }
    }
    let required = schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    for key in required.filter(|key| !entries.iter().any(|entry| entry.key == *key)) {
        problems.push(Problem::new(&node.span, &path.key(key), missing(key, schema)));
    }
}

fn unknown_key(key: &str, schema: &Json) -> String {
    let names = || properties(schema).map(|(name, _)| name.as_str());
    match nearest(key, names()) {
        Some(name) => format!("is not an option; did you mean `{name}`?"),
        None => format!("is not an option; there are {}", list(names(), "and")),
    }
}

fn missing(key: &str, schema: &Json) -> String {
    let choices: Vec<_> = schema
        .pointer(&format!("/properties/{key}"))
        .map(|property| choices(property).into_iter().map(str::to_owned).collect())
        .unwrap_or_default();
    if choices.is_empty() {
        return "is missing".to_owned();
    }
    format!("is missing; it is one of {}", list(choices.iter().map(String::as_str), "and"))
}

fn check_list(node: &Node, elements: &[Node], schema: &Json, path: &KeyPath, problems: &mut Vec<Problem>) {
    if elements.is_empty() && schema.get("minItems").is_some() {
        problems.push(Problem::new(&node.span, path, "must not be empty"));
    }
    if let Some(items) = schema.get("items") {
        elements.iter().enumerate().for_each(|(index, element)| check(element, items, &path.index(index), problems));
    }
}

fn check_text(text: &str, is_substituted: bool, schema: &Json) -> Result<(), String> {
    if text.trim().is_empty() && schema.get("minLength").is_some() {
        return Err("must not be empty".to_owned());
    }
    let choices = choices(schema);
    if choices.is_empty() || choices.contains(&text) {
        return Ok(());
    }
    let must = format!("must be {}", list(choices.iter().copied(), "or"));
    Err(match nearest(text, choices.iter().copied()) {
        Some(name) if !is_substituted => format!("{must}, not `{text}`; did you mean `{name}`?"),
        // What came from outside, or is nothing like a choice, may be a secret in the wrong place.
        _ => must,
    })
}

/// Returns the constants that a value may be; none where it may be any.
fn choices(schema: &Json) -> Vec<&str> {
    let listed = schema.get("enum").and_then(Json::as_array).into_iter().flatten();
    let described =
        schema.get("oneOf").and_then(Json::as_array).into_iter().flatten().filter_map(|choice| choice.get("const"));
    listed.chain(described).filter_map(Json::as_str).collect()
}

fn check_range(node: &Node, number: i64, schema: &Json, path: &KeyPath, problems: &mut Vec<Problem>) {
    let limit = |keyword| schema.get(keyword).and_then(Json::as_i64);
    let (minimum, maximum) = (limit("minimum").unwrap_or(i64::MIN), limit("maximum").unwrap_or(i64::MAX));
    if !(minimum..=maximum).contains(&number) {
        problems.push(Problem::new(&node.span, path, format!("must be between {minimum} and {maximum}")));
    }
}

/// Returns `a`, `b` and `c`, in backticks.
fn list<'a>(names: impl Iterator<Item = &'a str>, conjunction: &str) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} {conjunction} {last}", first.join(", ")),
    }
}
