//! Objects and records while they are collected from files, before the org is built.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::error::DescribeError;
use crate::id::Id;
use crate::object::{FieldKind, ObjectType, standard_key_prefix, standard_name};
use crate::org::{OrgSettings, POD};
use crate::value::Value;

/// The longest text of a `string` field; longer ones need a `textarea`.
const LONGEST_STRING: u64 = 255;
/// The longest text of a long text area.
const LONGEST_TEXT: u64 = 131_072;
/// The field that keeps an id which is no Salesforce id.
pub(super) const ORIGINAL_ID: &str = "ExternalId__c";
/// The fields of an object that nothing describes, before those its records bring.
const BASE_FIELDS: &[(&str, &str, FieldKind)] = &[
    ("Id", "Record ID", FieldKind::Id),
    ("IsDeleted", "Deleted", FieldKind::Boolean),
    ("CreatedDate", "Created Date", FieldKind::DateTime),
    ("CreatedById", "Created By ID", FieldKind::Reference),
    ("LastModifiedDate", "Last Modified Date", FieldKind::DateTime),
    ("LastModifiedById", "Last Modified By ID", FieldKind::Reference),
    ("SystemModstamp", "System Modstamp", FieldKind::DateTime),
];

/// Everything collected so far.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// By name in lower case.
    objects: BTreeMap<String, DraftObject>,
    /// Entries of describe global by name in lower case: what they know is missing in reduced describes.
    global: HashMap<String, Map<String, Json>>,
    /// What an exported org says of itself.
    settings: Option<OrgSettings>,
    /// The key prefixes that objects have.
    prefixes: HashSet<[u8; 3]>,
}

/// An object with its records.
#[derive(Debug)]
pub(crate) struct DraftObject {
    /// The API name.
    pub(crate) name: String,
    describe: Map<String, Json>,
    fields: Vec<DraftField>,
    /// Positions in `fields`, by name in lower case.
    by_name: HashMap<String, usize>,
    key_prefix: Option<[u8; 3]>,
    /// The values of each record, in the order of the fields; those of fields found later may be missing.
    pub(crate) records: BTreeMap<Id, Vec<Value>>,
    /// The ids of records whose id in the file is no Salesforce id.
    original_ids: HashMap<String, Id>,
    next_sequence: u64,
}

/// A field of a drafted object.
#[derive(Debug)]
pub(super) struct DraftField {
    pub(super) name: String,
    pub(super) kind: FieldKind,
    pub(super) targets: Vec<String>,
    describe: Map<String, Json>,
    /// The longest text seen, if the field was made up from values.
    longest: Option<u64>,
}

impl Draft {
    /// Adds a described object or, to one that is there, the fields it lacks. Returns the object's name and how many
    /// fields are new.
    pub(crate) fn describe(&mut self, mut describe: Map<String, Json>) -> Result<(String, usize), DescribeError> {
        // A describe that cannot be used must fail now, not when the org is built.
        let name = ObjectType::from_describe(Json::Object(describe.clone()))?.name;
        let fields = match describe.remove("fields") {
            Some(Json::Array(fields)) => fields,
            _ => return Err(DescribeError::MissingKey { key: "fields" }),
        };
        let key_prefix = self.claim_prefix(&name, &describe);
        self.prefixes.extend(key_prefix);
        let object = self.objects.entry(name.to_ascii_lowercase());
        let object = object.or_insert_with(|| DraftObject::new(name.clone(), describe, key_prefix));
        let before = object.fields.len();
        for field in fields {
            let Json::Object(field) = field else { continue };
            object.add_described(field);
        }
        Ok((name, object.fields.len() - before))
    }

    /// Keeps what an exported org says of itself; returns whether it is the first to do so.
    pub(super) fn note_settings(&mut self, settings: OrgSettings) -> bool {
        let is_first = self.settings.is_none();
        self.settings.get_or_insert(settings);
        is_first
    }

    /// Takes what an exported org says of itself.
    pub(crate) fn take_settings(&mut self) -> Option<OrgSettings> {
        self.settings.take()
    }

    /// Keeps what a describe global says of an object.
    pub(super) fn note_global(&mut self, entry: &Map<String, Json>) {
        if let Some(name) = entry.get("name").and_then(Json::as_str) {
            let mut entry = entry.clone();
            entry.remove("urls");
            self.global.entry(name.to_ascii_lowercase()).or_insert(entry);
        }
    }

    /// Returns an object by its name in any case.
    pub(crate) fn object(&self, name: &str) -> Option<&DraftObject> {
        self.objects.get(&name.to_ascii_lowercase())
    }

    /// Returns an object by its name in any case, making it up if nothing describes it.
    pub(super) fn object_mut(&mut self, name: &str) -> &mut DraftObject {
        let key = name.to_ascii_lowercase();
        if !self.objects.contains_key(&key) {
            let name = standard_name(name).unwrap_or(name).to_owned();
            let prefix = self.known_prefix(&name);
            self.prefixes.extend(prefix);
            let describe = named(&name, name.trim_end_matches("__c"));
            let mut object = DraftObject::new(name, describe, prefix);
            for (name, label, kind) in BASE_FIELDS {
                let position = object.add(name, *kind);
                object.set(position, "label", *label);
                if *kind == FieldKind::Reference {
                    object.refer(position, "User");
                }
            }
            self.objects.insert(key.clone(), object);
        }
        self.objects.get_mut(&key).expect("the object was added if it was missing")
    }

    /// Lets an object's ids begin with the prefix of the first that its records bring, or with a free one.
    pub(super) fn settle_prefix(&mut self, object: &str, first: Option<Id>) {
        if self.object_mut(object).key_prefix.is_some() {
            return;
        }
        let wanted = first.map(|id| id.key_prefix()).filter(|prefix| !self.prefixes.contains(prefix));
        let prefix = wanted.unwrap_or_else(|| self.free_prefix());
        self.prefixes.insert(prefix);
        self.object_mut(object).key_prefix = Some(prefix);
    }

    /// Returns the id that stood in a file as `original` for a record of one of the objects.
    pub(super) fn renamed(&self, objects: &[String], original: &str) -> Option<Id> {
        objects.iter().find_map(|object| self.object(object)?.original_ids.get(original).copied())
    }

    /// Leaves an object's ids up to that sequence to generated records.
    pub(crate) fn reserve(&mut self, object: &str, sequence: u64) {
        let object = self.object_mut(object);
        object.next_sequence = object.next_sequence.max(sequence + 1);
    }

    /// Returns the objects as describes with their records, for the org.
    pub(crate) fn finish(mut self) -> Vec<(Json, DraftObject)> {
        let unsettled: Vec<String> =
            self.objects.values().filter(|o| o.needs_prefix()).map(|o| o.name.clone()).collect();
        for name in unsettled {
            self.settle_prefix(&name, None);
        }
        let global = self.global;
        let finish = |(key, object): (String, DraftObject)| (object.full_describe(global.get(&key)), object);
        self.objects.into_iter().map(finish).collect()
    }

    /// Returns the key prefix that a describe gives its object, or a free one where another object has it.
    fn claim_prefix(&self, name: &str, describe: &Map<String, Json>) -> Option<[u8; 3]> {
        let global = self.global.get(&name.to_ascii_lowercase());
        let given = describe.get("keyPrefix").or_else(|| global?.get("keyPrefix"));
        let text = match given {
            Some(Json::String(text)) => format!("{text:0>3}"),
            Some(_) => return None,
            None => standard_key_prefix(name)?.to_owned(),
        };
        let prefix = text.as_bytes().try_into().ok()?;
        if self.object(name).is_none() && self.prefixes.contains(&prefix) {
            Some(self.free_prefix())
        } else {
            Some(prefix)
        }
    }

    /// Returns a key prefix of custom objects that no object has.
    fn free_prefix(&self) -> [u8; 3] {
        let digits = || (b'0'..=b'9').chain(b'A'..=b'Z').chain(b'a'..=b'z');
        let mut all = digits().flat_map(|high| digits().map(move |low| [b'a', high, low]));
        // More than 3,844 objects without a prefix would share the last one.
        all.find(|prefix| !self.prefixes.contains(prefix)).unwrap_or(*b"azz")
    }

    /// Returns the key prefix that an object is known to have, unless another has taken it.
    fn known_prefix(&self, name: &str) -> Option<[u8; 3]> {
        let global = self.global.get(&name.to_ascii_lowercase()).and_then(|entry| entry.get("keyPrefix")?.as_str());
        let prefix = global.or_else(|| standard_key_prefix(name))?.as_bytes().try_into().ok()?;
        (!self.prefixes.contains(&prefix)).then_some(prefix)
    }
}

impl DraftObject {
    fn new(name: String, describe: Map<String, Json>, key_prefix: Option<[u8; 3]>) -> Self {
        Self {
            name,
            describe,
            fields: Vec::new(),
            by_name: HashMap::new(),
            key_prefix,
            records: BTreeMap::new(),
            original_ids: HashMap::new(),
            next_sequence: 1,
        }
    }

    /// Returns the fields.
    pub(super) fn fields(&self) -> &[DraftField] {
        &self.fields
    }

    /// Returns the position of a field, by its name in any case.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }

    /// Returns the field by which the children of a relationship refer to this object.
    pub(super) fn child_field(&self, relationship: &str) -> Option<&str> {
        let relationships = self.describe.get("childRelationships")?.as_array()?.iter();
        let is_meant =
            |entry: &&Json| entry["relationshipName"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(relationship));
        relationships.filter(is_meant).find_map(|entry| entry["field"].as_str())
    }

    /// Adds a field that nothing describes, unless it is there, and returns its position.
    pub(super) fn add(&mut self, name: &str, kind: FieldKind) -> usize {
        if let Some(position) = self.position(name) {
            return position;
        }
        let describe = named(name, name);
        let longest = kind.is_text().then_some(0);
        self.push(DraftField { name: name.to_owned(), kind, targets: Vec::new(), describe, longest })
    }

    /// Sets a key of a field's describe.
    pub(super) fn set(&mut self, position: usize, key: &str, value: impl Into<Json>) {
        self.fields[position].describe.insert(key.to_owned(), value.into());
    }

    /// Makes a field a reference to the records of another object, unless it is one already.
    pub(super) fn refer(&mut self, position: usize, target: &str) {
        let field = &mut self.fields[position];
        let relationship = match field.name.strip_suffix("__c") {
            Some(stem) => format!("{stem}__r"),
            None => field.name.strip_suffix("Id").unwrap_or(&field.name).to_owned(),
        };
        if field.targets.is_empty() {
            field.kind = FieldKind::Reference;
            field.longest = None;
            field.describe.insert("relationshipName".to_owned(), relationship.into());
        }
        if !field.targets.iter().any(|known| known == target) && !field.describe.contains_key("type") {
            field.targets.push(target.to_owned());
            field.describe.insert("referenceTo".to_owned(), field.targets.clone().into());
        }
    }

    /// Notes that a text is about to be stored in a field.
    pub(super) fn measure(&mut self, position: usize, text: &str) {
        if let Some(longest) = &mut self.fields[position].longest {
            *longest = (*longest).max(text.chars().count() as u64);
        }
    }

    /// Returns an id that no record has, and remembers what stood in its place in the file.
    pub(super) fn new_id(&mut self, original: Option<&str>) -> Id {
        let prefix = self.key_prefix.unwrap_or(*b"000");
        let id = (self.next_sequence..)
            .map(|sequence| Id::of(prefix, POD, sequence))
            .find(|id| !self.records.contains_key(id));
        let id = id.expect("there are more ids than records");
        self.next_sequence = id.sequence() + 1;
        if let Some(original) = original {
            self.original_ids.insert(original.to_owned(), id);
        }
        id
    }

    /// Returns the key prefix of the object's ids.
    pub(super) fn key_prefix(&self) -> Option<[u8; 3]> {
        self.key_prefix
    }

    /// Returns the newest of the stamps that say when records were touched.
    pub(crate) fn newest_stamp(&self) -> Option<Timestamp> {
        let stamps = ["SystemModstamp", "LastModifiedDate", "CreatedDate"].map(|name| self.position(name));
        let values = self.records.values().flat_map(|values| stamps.iter().flatten().filter_map(|at| values.get(*at)));
        let times = values.filter_map(|value| if let Value::DateTime(at) = value { Some(*at) } else { None });
        times.max()
    }

    /// Stores a record. Its id becomes its `Id`.
    pub(super) fn put(&mut self, id: Id, mut values: Vec<Value>) {
        if let Some(position) = self.position("Id") {
            set(&mut values, position, id.into());
        }
        self.records.insert(id, values);
    }

    fn needs_prefix(&self) -> bool {
        self.key_prefix.is_none() && !self.describe.contains_key("keyPrefix")
    }

    fn add_described(&mut self, field: Map<String, Json>) {
        let text = |key| field.get(key).and_then(Json::as_str);
        let (Some(name), Some(kind)) = (text("name"), text("type")) else { return };
        if self.position(name).is_some() {
            return;
        }
        let targets = field.get("referenceTo").and_then(Json::as_array);
        let targets = targets.into_iter().flatten().filter_map(|target| target.as_str().map(str::to_owned)).collect();
        let (name, kind) = (name.to_owned(), FieldKind::from_name(kind));
        self.push(DraftField { name, kind, targets, describe: field, longest: None });
    }

    fn push(&mut self, field: DraftField) -> usize {
        self.by_name.insert(field.name.to_ascii_lowercase(), self.fields.len());
        self.fields.push(field);
        self.fields.len() - 1
    }

    /// Returns the describe with all fields, and with what a describe global knows besides.
    fn full_describe(&self, global: Option<&Map<String, Json>>) -> Json {
        let mut describe = self.describe.clone();
        for (key, value) in global.into_iter().flatten() {
            let known = describe.entry(key.clone()).or_insert(Json::Null);
            if known.is_null() {
                *known = value.clone();
            }
        }
        if let Some(prefix) = self.key_prefix {
            describe.insert("keyPrefix".to_owned(), String::from_utf8_lossy(&prefix).into());
        }
        describe.insert("fields".to_owned(), self.fields.iter().map(DraftField::full_describe).collect());
        Json::Object(describe)
    }
}

impl DraftField {
    fn full_describe(&self) -> Json {
        let mut describe = self.describe.clone();
        if !describe.contains_key("type") {
            let kind = match self.longest {
                Some(longest) if longest > LONGEST_STRING => FieldKind::TextArea,
                _ => self.kind,
            };
            describe.insert("type".to_owned(), kind.name().into());
            if kind == FieldKind::TextArea {
                describe.insert("length".to_owned(), self.longest.unwrap_or(0).max(LONGEST_TEXT).into());
            }
        }
        Json::Object(describe)
    }
}

/// Returns the beginning of a describe.
fn named(name: &str, label: &str) -> Map<String, Json> {
    let label = label.replace('_', " ");
    [("name".to_owned(), name.into()), ("label".to_owned(), label.into())].into_iter().collect()
}

/// Stores a value in a record that may be shorter than its object has fields.
pub(super) fn set(values: &mut Vec<Value>, position: usize, value: Value) {
    if values.len() <= position {
        values.resize(position + 1, Value::Null);
    }
    values[position] = value;
}
