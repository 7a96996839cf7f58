//! Filling an org from files: describes, `sf data import tree` files and plans, CSVs. A file that cannot be used stops
//! nothing: the report names it, with the reason.
//!
//! Describes come first, whatever the files are called: they say which types the records' values have. A column or field
//! that no describe knows becomes a text field of its own, and an object that no describe knows is made up from its
//! records. Ids that are Salesforce ids of the object are kept; for others a new id is given, and the `Id` column's value
//! stays in the text field `ExternalId__c`.

mod csv;
mod csv_file;
mod decode;
mod document;
mod draft;
mod report;
mod tree;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::error::ImportError;
use crate::object::FieldKind;
use crate::value::Value;
use document::Document;

pub(crate) use draft::{Draft, DraftObject};
pub use report::{ImportReport, ImportedFile, Note};

/// Adds what a file, or a folder with all its subfolders, holds to the draft.
pub(crate) fn import(draft: &mut Draft, path: &Path) -> Result<ImportReport, ImportError> {
    let mut report = ImportReport::default();
    let mut documents = Vec::new();
    let mut tables = Vec::new();
    for file in files(path)? {
        let bytes = fs::read(&file).map_err(|source| ImportError::Unreadable { path: file.clone(), source })?;
        match file.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("csv" | "tsv") => tables.push((file, bytes)),
            Some("json" | "sdx" | "jsonl" | "gz") => match document::read(&file, &bytes) {
                Ok(document) => documents.push((file, document)),
                Err(reason) => report.skip(&file, reason),
            },
            _ => report.skip(&file, "it is neither JSON nor CSV"),
        }
    }
    load_globals(draft, &documents, &mut report);
    load_describes(draft, &documents, &mut report);
    tree::load(draft, &documents, &mut report);
    let mut loaded = Vec::new();
    for (file, bytes) in &tables {
        let object = csv_file::object_name(draft, file);
        match csv_file::load(draft, &object, file, bytes, &mut report) {
            Ok(records) => loaded.push((file.clone(), object, records)),
            Err(reason) => report.skip(file, reason),
        }
    }
    resolve_references(draft, &loaded, &mut report);
    Ok(report)
}

/// Returns the files at a path, in the order of their names.
fn files(path: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let unreadable = |source| ImportError::Unreadable { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?.path());
    }
    entries.sort();
    let is_hidden = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let nested = entries.into_iter().filter(|path| !is_hidden(path)).map(|path| files(&path));
    Ok(nested.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn load_globals(draft: &mut Draft, documents: &[(PathBuf, Document)], report: &mut ImportReport) {
    for (path, document) in documents {
        match document {
            Document::Global(sobjects) => {
                sobjects.iter().filter_map(Json::as_object).for_each(|entry| draft.note_global(entry));
                report.load(path, Vec::new(), 0);
            }
            Document::Settings(settings) if draft.note_settings((**settings).clone()) => {
                report.load(path, Vec::new(), 0);
            }
            Document::Settings(_) => report.skip(path, "another file says already what the org is like"),
            Document::Limits => report.skip(path, "it holds limits, which the emulator keeps itself"),
            Document::Describes(_) | Document::Tree(_) | Document::Plan(_) => {}
        }
    }
}

fn load_describes(draft: &mut Draft, documents: &[(PathBuf, Document)], report: &mut ImportReport) {
    for (path, document) in documents {
        let Document::Describes(describes) = document else { continue };
        let mut objects = Vec::new();
        for describe in describes {
            let known = describe.get("name").and_then(Json::as_str).is_some_and(|name| draft.object(name).is_some());
            match draft.describe(describe.clone()) {
                Ok((name, new_fields)) => {
                    if known {
                        let message = format!("`{name}` was already described: {new_fields} fields are new");
                        report.note(path, None, None, message);
                    }
                    objects.push(name);
                }
                Err(error) if describes.len() == 1 => report.skip(path, error.to_string()),
                Err(error) => report.note(path, None, None, error.to_string()),
            }
        }
        if !objects.is_empty() {
            report.load(path, objects, 0);
        }
    }
}

/// Turns references that stand in the files as row numbers and the like into the ids those records have now.
fn resolve_references(draft: &mut Draft, loaded: &[(PathBuf, String, csv_file::Loaded)], report: &mut ImportReport) {
    let mut unresolved = HashSet::new();
    for (path, object, records) in loaded {
        let Some(drafted) = draft.object(object) else { continue };
        let references = drafted.fields().iter().enumerate().filter(|(_, field)| field.kind == FieldKind::Reference);
        let references: Vec<(usize, String, Vec<String>)> =
            references.map(|(at, field)| (at, field.name.clone(), field.targets.clone())).collect();
        let mut resolved = HashMap::new();
        for (number, id) in records.ids.iter().enumerate() {
            for (at, name, targets) in &references {
                let Some(Value::Text(text)) = drafted.records.get(id).and_then(|values| values.get(*at)) else {
                    continue;
                };
                match draft.renamed(targets, text) {
                    Some(target) => {
                        resolved.insert((*id, *at), target);
                    }
                    None if unresolved.insert((path, *at)) => {
                        let message = format!("it refers to no record of {}: kept as text", targets.join(" or "));
                        report.note(path, Some(number as u64 + 1), Some(name), message);
                    }
                    None => {}
                }
            }
        }
        let drafted = draft.object_mut(object);
        for ((id, at), target) in resolved {
            if let Some(values) = drafted.records.get_mut(&id) {
                values[at] = target.into();
            }
        }
    }
}

#[cfg(test)]
mod tests;
