//! Records from the JSON files of `sf data import tree`, and from plans of several of them.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};

use super::csv_file::legal_name;
use super::document::Document;
use super::draft::{Draft, DraftObject, set};
use super::report::ImportReport;
use crate::id::Id;
use crate::object::FieldKind;
use crate::value::Value;

/// The ids of records by the names that files give them.
type References = HashMap<String, (String, Id)>;

/// A record, as it stands in a file.
struct Node<'a> {
    object: String,
    id: Id,
    /// Its number in the file, from 1; children count too.
    number: u64,
    fields: &'a Map<String, Json>,
    /// The field that refers to the record it is nested in, with that record's object and id.
    parent: Option<(String, String, Id)>,
}

/// A file while it is loaded.
struct File<'a> {
    path: &'a Path,
    nodes: Vec<Node<'a>>,
    references: References,
}

/// Loads all record files: those of plans in their order, then the others. A file that two plans name is loaded once.
pub(super) fn load(draft: &mut Draft, documents: &[(PathBuf, Document)], report: &mut ImportReport) {
    let mut trees: Vec<File<'_>> = Vec::new();
    let mut plans: Vec<Vec<&Path>> = Vec::new();
    for (path, document) in documents {
        if let Document::Plan(files) = document {
            let folder = path.parent().unwrap_or(Path::new(""));
            let named: Vec<PathBuf> = files.iter().map(|file| folder.join(file)).collect();
            let found = documents.iter().filter(|(path, _)| named.contains(path)).map(|(path, _)| path.as_path());
            plans.push(found.collect());
            for (file, _) in
                files.iter().zip(&named).filter(|(_, path)| !documents.iter().any(|(there, _)| there == *path))
            {
                report.note(path, None, None, format!("the plan names `{}`, which is not there", file.display()));
            }
            report.load(path, Vec::new(), 0);
        }
    }
    for (path, document) in documents {
        if let Document::Tree(records) = document {
            trees.push(File::number(draft, path, records));
        }
    }
    let mut done = HashSet::new();
    for plan in &plans {
        let scope = references(trees.iter().filter(|file| plan.contains(&file.path)));
        for file in trees.iter().filter(|file| plan.contains(&file.path)) {
            if done.insert(file.path) {
                file.load(draft, &scope, report);
            }
        }
    }
    for file in &trees {
        if done.insert(file.path) {
            let neighbours = trees.iter().filter(|other| other.path.parent() == file.path.parent());
            file.load(draft, &references(neighbours), report);
        }
    }
}

fn references<'a>(files: impl Iterator<Item = &'a File<'a>>) -> References {
    let mut all = References::new();
    for file in files {
        for (name, target) in &file.references {
            all.entry(name.clone()).or_insert_with(|| target.clone());
        }
    }
    all
}

impl<'a> File<'a> {
    /// Gives every record of a file its id, so that any other can refer to it.
    fn number(draft: &mut Draft, path: &'a Path, records: &'a [Json]) -> Self {
        let mut file = File { path, nodes: Vec::new(), references: References::new() };
        for record in records {
            file.add(draft, record, None);
        }
        file
    }

    fn add(&mut self, draft: &mut Draft, record: &'a Json, parent: Option<(&str, &str, Id)>) {
        let (Some(fields), Some(object)) = (record.as_object(), record["attributes"]["type"].as_str()) else { return };
        draft.settle_prefix(object, None);
        let drafted = draft.object_mut(object);
        let reference = record["attributes"]["referenceId"].as_str();
        // CSVs beside the trees may name their records too.
        let original = reference.map(|reference| format!("@{reference}"));
        let (name, id) = (drafted.name.clone(), drafted.new_id(original.as_deref()));
        if let Some(reference) = reference {
            self.references.insert(reference.to_owned(), (name.clone(), id));
        }
        let parent = parent.map(|(relationship, object, parent_id)| {
            let field = parent_field(draft, object, relationship);
            (field, object.to_owned(), parent_id)
        });
        let number = self.nodes.len() as u64 + 1;
        self.nodes.push(Node { object: name.clone(), id, number, fields, parent });
        for (relationship, children) in fields {
            for child in children["records"].as_array().into_iter().flatten() {
                self.add(draft, child, Some((relationship, &name, id)));
            }
        }
    }

    /// Stores the records of the file.
    fn load(&self, draft: &mut Draft, references: &References, report: &mut ImportReport) {
        let kinds = self.new_field_kinds(draft, references);
        let mut objects: Vec<String> = Vec::new();
        for node in &self.nodes {
            if !objects.contains(&node.object) {
                objects.push(node.object.clone());
            }
            self.store(draft, node, references, &kinds, report);
        }
        report.load(self.path, objects, self.nodes.len() as u64);
    }

    /// Returns the types of the fields that no describe knows, told by all their values in the file.
    fn new_field_kinds(&self, draft: &Draft, references: &References) -> HashMap<(String, String), FieldKind> {
        let mut kinds: HashMap<(String, String), FieldKind> = HashMap::new();
        for node in &self.nodes {
            let values = node.fields.iter().filter(|(_, value)| !value.is_object() && !value.is_null());
            for (name, value) in values {
                if draft.object(&node.object).is_some_and(|object| object.position(name).is_some()) {
                    continue;
                }
                let kind = kind_of(value, references);
                let known = kinds.entry((node.object.clone(), name.to_ascii_lowercase())).or_insert(kind);
                if *known != kind {
                    *known = FieldKind::String;
                }
            }
        }
        kinds
    }

    fn store(
        &self,
        draft: &mut Draft,
        node: &Node<'_>,
        references: &References,
        kinds: &HashMap<(String, String), FieldKind>,
        report: &mut ImportReport,
    ) {
        let object = draft.object_mut(&node.object);
        let mut values = Vec::new();
        for (name, json) in
            node.fields.iter().filter(|(name, json)| *name != "attributes" && !json["records"].is_array())
        {
            if json.is_object() {
                report.note(self.path, Some(node.number), Some(name), "a parent given by its fields is left out");
                continue;
            }
            let new_kind = kinds.get(&(node.object.clone(), name.to_ascii_lowercase()));
            let position = match object.position(name) {
                Some(position) => position,
                None => object.add(&legal_name(name, "__c"), new_kind.copied().unwrap_or(FieldKind::String)),
            };
            match value(object, position, json, references) {
                Ok(value) => set(&mut values, position, value),
                Err(message) => report.note(self.path, Some(node.number), Some(name), message),
            }
        }
        if let Some((field, parent, id)) = &node.parent {
            let position = object.add(field, FieldKind::Reference);
            object.refer(position, parent);
            set(&mut values, position, (*id).into());
        }
        object.put(node.id, values);
    }
}

/// Returns the value that a field gets, following a reference by name.
///
/// # Errors
///
/// Says why the field stays empty.
fn value(object: &mut DraftObject, position: usize, json: &Json, references: &References) -> Result<Value, String> {
    let kind = object.fields()[position].kind;
    let text = json.as_str().unwrap_or_default();
    if let Some(name) = text.strip_prefix('@') {
        if let Some((target, id)) = references.get(name) {
            object.refer(position, target);
            return Ok((*id).into());
        }
        // Elsewhere it may be a text that happens to begin like a reference.
        if kind == FieldKind::Reference || object.fields()[position].name.ends_with("Id") {
            return Err(format!("no record of these files is called `{text}`: left empty"));
        }
    }
    let value = Value::from_json(json, kind).map_err(|bad| format!("{bad}: left empty"))?;
    if let Value::Text(text) = &value {
        object.measure(position, text);
    }
    Ok(value)
}

/// Returns the field of nested children that refers to the record around them: as the describe says, or as Salesforce
/// would call it.
fn parent_field(draft: &Draft, parent: &str, relationship: &str) -> String {
    match draft.object(parent).and_then(|object| object.child_field(relationship)) {
        Some(field) => field.to_owned(),
        None if parent.ends_with("__c") => parent.to_owned(),
        None => format!("{parent}Id"),
    }
}

fn kind_of(value: &Json, references: &References) -> FieldKind {
    match value {
        Json::Bool(_) => FieldKind::Boolean,
        Json::Number(_) => FieldKind::Double,
        Json::String(text) if text.strip_prefix('@').is_some_and(|name| references.contains_key(name)) => {
            FieldKind::Reference
        }
        _ => FieldKind::String,
    }
}
