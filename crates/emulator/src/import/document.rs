//! What a JSON file is: told by its content, never by its name.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::{Map, Value as Json};

use super::decode::decode;
use crate::org::{OrgSettings, SETTINGS_KEY};

/// A JSON file.
#[derive(Debug)]
pub(super) enum Document {
    /// Describes of objects.
    Describes(Vec<Map<String, Json>>),
    /// A describe global: entries of objects without their fields.
    Global(Vec<Json>),
    /// The org's limits.
    Limits,
    /// What an exported org says of itself.
    Settings(Box<OrgSettings>),
    /// Records of an `sf data import tree` file.
    Tree(Vec<Json>),
    /// A plan of such files, in their order, relative to the plan's folder.
    Plan(Vec<PathBuf>),
}

/// Reads a JSON document, or one a line, gzipped or not.
///
/// # Errors
///
/// Says what the file is not.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Document, String> {
    let unzipped = if bytes.starts_with(b"\x1f\x8b") { Some(gunzip(bytes)?) } else { None };
    let text = decode(unzipped.as_deref().unwrap_or(bytes))?.text;
    let is_lines = path.to_string_lossy().trim_end_matches(".gz").ends_with(".jsonl");
    let json: Json = if is_lines {
        let lines = text.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str);
        Json::Array(lines.collect::<Result<_, _>>().map_err(|error| format!("it is not JSON lines: {error}"))?)
    } else {
        serde_json::from_str(&text).map_err(|error| format!("it is not JSON: {error}"))?
    };
    if json.get(SETTINGS_KEY).is_some() {
        return OrgSettings::read(json).map(|settings| Document::Settings(Box::new(settings)));
    }
    classify(json).ok_or_else(|| "it is JSON, but no describe, record tree or plan".to_owned())
}

fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut unzipped = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut unzipped).map_err(|error| format!("it cannot be unzipped: {error}"))?;
    Ok(unzipped)
}

fn classify(json: Json) -> Option<Document> {
    match json {
        Json::Array(items) if !items.is_empty() && items.iter().all(|item| item["files"].is_array()) => {
            let files = items.iter().flat_map(|item| item["files"].as_array().into_iter().flatten());
            // A file stands alone, or with options of its own.
            let names = files.filter_map(|file| file.as_str().or_else(|| file["file"].as_str()));
            Some(Document::Plan(names.map(PathBuf::from).collect()))
        }
        Json::Array(items) if !items.is_empty() && items.iter().all(is_describe) => {
            Some(Document::Describes(items.into_iter().filter_map(into_object).collect()))
        }
        Json::Object(mut document) => match (document.remove("sobjects"), document.remove("records")) {
            (Some(Json::Array(sobjects)), _) => Some(Document::Global(sobjects)),
            (_, Some(Json::Array(records)))
                if records.iter().all(|record| record["attributes"]["type"].is_string()) =>
            {
                Some(Document::Tree(records))
            }
            _ if !document.is_empty() && document.values().all(|limit| limit["Max"].is_number()) => {
                Some(Document::Limits)
            }
            _ => is_describe(&Json::Object(document.clone())).then(|| Document::Describes(vec![document])),
        },
        _ => None,
    }
}

fn is_describe(json: &Json) -> bool {
    json["name"].is_string() && json["fields"].is_array()
}

fn into_object(json: Json) -> Option<Map<String, Json>> {
    match json {
        Json::Object(map) => Some(map),
        _ => None,
    }
}
