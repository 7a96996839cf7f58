//! What the source files hold, read without any of the code under test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

/// A record: what stands in each column that it has, by the column's name in lower case.
pub(super) type Record = BTreeMap<String, Cell>;

/// What stands in one place of a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    /// Text; all that CSV has.
    Text(String),
    /// A JSON number.
    Number(f64),
    /// A JSON boolean.
    Flag(bool),
    /// `@` and the name of a record of the folder.
    Reference(String),
    /// `@` and what is the name of no record.
    Dangling(String),
}

/// Returns all files in a folder and its subfolders, sorted.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    files.sort();
    files
}

/// Reads a CSV file with a header.
pub(super) fn csv_records(file: &Path) -> Vec<Record> {
    let mut lines = csv(&decoded(&fs::read(file).unwrap()), delimiter(file)).into_iter();
    let header = lines.next().unwrap();
    let record = |cells: Vec<String>| {
        let missing = header.len().saturating_sub(cells.len());
        let cells = cells.into_iter().chain(vec![String::new(); missing]);
        header.iter().map(|column| column.trim().to_lowercase()).zip(cells.map(Cell::Text)).collect()
    };
    lines.map(record).collect()
}

/// Returns the delimiter of a file; the name tells where it is no comma.
fn delimiter(file: &Path) -> char {
    let name = file.file_stem().unwrap().to_string_lossy().to_lowercase();
    let special = [("backquote", '`'), ("caret", '^'), ("pipe", '|'), ("semicolon", ';'), ("tab", '\t')];
    special.iter().find(|(word, _)| name.ends_with(word)).map_or(',', |(_, delimiter)| *delimiter)
}

/// Returns the text of a file: in the Unicode form that its mark says, else in UTF-8 or Latin-1.
fn decoded(bytes: &[u8]) -> String {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        String::from_utf16(&bytes.chunks(2).map(|pair| unit([pair[0], pair[1]])).collect::<Vec<_>>()).unwrap()
    };
    match bytes {
        [0xFF, 0xFE, text @ ..] => utf16(text, u16::from_le_bytes),
        [0xFE, 0xFF, text @ ..] => utf16(text, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, text @ ..] => String::from_utf8(text.to_vec()).unwrap(),
        text => String::from_utf8(text.to_vec()).unwrap_or_else(|_| text.iter().copied().map(char::from).collect()),
    }
}

/// Splits CSV into lines of cells, character by character. Empty lines are none.
pub(super) fn csv(text: &str, delimiter: char) -> Vec<Vec<String>> {
    let (mut lines, mut cells, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut is_quoted, mut was_quoted) = (false, false);
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if is_quoted && chars.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' if is_quoted => is_quoted = false,
            '"' if cell.is_empty() && !was_quoted => (is_quoted, was_quoted) = (true, true),
            char if is_quoted => cell.push(char),
            char if char == delimiter => {
                cells.push(std::mem::take(&mut cell));
                was_quoted = false;
            }
            '\r' | '\n' => {
                if was_quoted || !cell.is_empty() || !cells.is_empty() {
                    cells.push(std::mem::take(&mut cell));
                    lines.push(std::mem::take(&mut cells));
                }
                was_quoted = false;
            }
            char => cell.push(char),
        }
    }
    if was_quoted || !cell.is_empty() || !cells.is_empty() {
        cells.push(cell);
        lines.push(cells);
    }
    lines
}

/// Reads the records of `sf data import tree` files, children too, by object. Plans hold none.
pub(super) fn tree_records(files: &[PathBuf]) -> BTreeMap<String, Vec<Record>> {
    // Records of a folder refer to each other; the same names elsewhere mean other records.
    let mut folders: BTreeMap<Option<&Path>, Vec<Json>> = BTreeMap::new();
    for file in files {
        let json: Json = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        collect(&json, None, folders.entry(file.parent()).or_default());
    }
    let mut records: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for nodes in folders.values() {
        let names: Vec<&str> = nodes.iter().filter_map(|node| node["attributes"]["referenceId"].as_str()).collect();
        for node in nodes {
            let object = node["attributes"]["type"].as_str().unwrap().to_owned();
            let cells = node.as_object().unwrap().iter();
            let cells = cells.filter_map(|(name, value)| Some((name.to_lowercase(), tree_cell(value, &names)?)));
            records.entry(object).or_default().push(cells.collect());
        }
    }
    records
}

/// Returns what a record has in a field, if it has a value of its own there.
fn tree_cell(value: &Json, names: &[&str]) -> Option<Cell> {
    match value {
        Json::String(text) => Some(match text.strip_prefix('@') {
            Some(name) if names.contains(&name) => Cell::Reference(text.clone()),
            Some(_) => Cell::Dangling(text.clone()),
            None => Cell::Text(text.clone()),
        }),
        Json::Number(number) => Some(Cell::Number(number.as_f64().unwrap())),
        Json::Bool(flag) => Some(Cell::Flag(*flag)),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// Collects the records of a tree file and those nested in them, which refer to the record around them.
fn collect(tree: &Json, parent: Option<&Json>, nodes: &mut Vec<Json>) {
    for record in tree["records"].as_array().into_iter().flatten() {
        record.as_object().unwrap().values().for_each(|children| collect(children, Some(record), nodes));
        let mut node = record.clone();
        if let Some(parent) = parent.map(|parent| &parent["attributes"]) {
            let text = |key: &str| parent[key].as_str().unwrap();
            node[format!("{}Id", text("type"))] = format!("@{}", text("referenceId")).into();
        }
        nodes.push(node);
    }
}
