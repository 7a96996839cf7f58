//! A compact way to write down an object of the demo org: its describe, and how each field of a record is made.

use serde_json::{Map, Value as Json, json};

use super::draw::{Draw, salt};
use super::population::Kind;
use crate::object::FieldKind;
use crate::value::Value;

/// Makes the value of a field.
pub(super) type Make = fn(Draw<'_>) -> Value;

/// An object of the demo org.
#[derive(Debug)]
pub(super) struct ObjectSpec {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    label: &'static str,
    plural: &'static str,
    pub(super) fields: Vec<FieldSpec>,
    flags: Vec<(&'static str, Json)>,
}

/// A field of such an object.
#[derive(Debug)]
pub(super) struct FieldSpec {
    name: &'static str,
    describe: Map<String, Json>,
    make: Make,
    /// The name by which the parent calls its children, for a reference that has one.
    children: Option<&'static str>,
}

impl ObjectSpec {
    pub(super) fn new(kind: Kind, name: &'static str, label: &'static str, plural: &'static str) -> Self {
        Self { kind, name, label, plural, fields: Vec::new(), flags: Vec::new() }
    }

    /// Sets a key of the object's describe.
    pub(super) fn set(mut self, key: &'static str, value: impl Into<Json>) -> Self {
        self.flags.push((key, value.into()));
        self
    }

    /// Adds fields.
    pub(super) fn fields(mut self, fields: impl IntoIterator<Item = FieldSpec>) -> Self {
        self.fields.extend(fields);
        self
    }

    /// Adds the fields by which an org keeps track of a record. A record's id comes first among its fields.
    pub(super) fn audited(mut self) -> Self {
        self.fields.insert(0, field(FieldKind::Id, "Id", "Record ID", |d| Value::Id(d.id())));
        self.fields.insert(1, field(FieldKind::Boolean, "IsDeleted", "Deleted", |d| d.is_deleted().into()));
        let by = |name, label, relationship, make: Make| {
            reference(name, label, &["User"], relationship, make).required().set("defaultedOnCreate", true)
        };
        let at = |name, label, make: Make| {
            field(FieldKind::DateTime, name, label, make).required().set("defaultedOnCreate", true)
        };
        self.fields([
            at("CreatedDate", "Created Date", |d| d.created().into()),
            by("CreatedById", "Created By ID", "CreatedBy", |d| d.user()),
            at("LastModifiedDate", "Last Modified Date", |d| d.modified().into()),
            by("LastModifiedById", "Last Modified By ID", "LastModifiedBy", |d| {
                // Who created a record that nobody changed since is who changed it last.
                if d.modified() == d.created() { d.of(const { salt("CreatedById") }).user() } else { d.user() }
            }),
            at("SystemModstamp", "System Modstamp", |d| d.stamped().into()),
        ])
    }

    /// Returns the describe, without child relationships.
    pub(super) fn describe(&self) -> Json {
        let fields: Vec<Json> = self.fields.iter().map(|field| Json::Object(field.describe.clone())).collect();
        let mut describe = json!({
            "name": self.name,
            "label": self.label,
            "labelPlural": self.plural,
            "keyPrefix": String::from_utf8_lossy(&self.kind.key_prefix()),
            "fields": fields,
        });
        for (key, value) in &self.flags {
            describe[*key] = value.clone();
        }
        describe
    }

    /// Returns how each field is made, in the order of the describe.
    pub(super) fn makers(&self) -> Box<[(u64, Make)]> {
        self.fields.iter().map(|field| (salt(field.name), field.make)).collect()
    }
}

impl FieldSpec {
    /// Sets a key of the field's describe.
    pub(super) fn set(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.describe.insert(key.to_owned(), value.into());
        self
    }

    /// Sets the longest text the field takes.
    pub(super) fn length(self, length: u64) -> Self {
        self.set("length", length)
    }

    /// Lets a record always have the field.
    pub(super) fn required(self) -> Self {
        self.set("nillable", false)
    }

    /// Lets only the org itself set the field.
    pub(super) fn read_only(self) -> Self {
        self.set("createable", false).set("updateable", false)
    }

    /// Makes the field a part of a compound.
    pub(super) fn part_of(self, compound: &str) -> Self {
        self.set("compoundFieldName", compound)
    }

    /// Lists the values of a picklist.
    pub(super) fn values(self, values: &[&str]) -> Self {
        let values: Vec<Json> = values
            .iter()
            .map(|value| json!({"active": true, "defaultValue": false, "label": value, "validFor": null, "value": value}))
            .collect();
        self.set("picklistValues", values)
    }

    /// Names the children by which parents reach the records of this object; `cascade` deletes them with the parent.
    pub(super) fn children(mut self, name: &'static str, cascade: bool) -> Self {
        self.children = Some(name);
        self.set("cascadeDelete", cascade)
    }

    /// Returns the entry of a parent's `childRelationships` for this field of `child`, and the parents.
    pub(super) fn child_relationship(&self, child: &str) -> Option<(Vec<&str>, Json)> {
        let parents: Vec<&str> =
            self.describe.get("referenceTo")?.as_array()?.iter().filter_map(Json::as_str).collect();
        let entry = json!({
            "cascadeDelete": self.describe.get("cascadeDelete").is_some_and(|cascade| cascade == true),
            "childSObject": child,
            "deprecatedAndHidden": false,
            "field": self.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": self.children,
            "restrictedDelete": false,
        });
        Some((parents, entry))
    }
}

/// Writes down a field.
pub(super) fn field(kind: FieldKind, name: &'static str, label: &'static str, make: Make) -> FieldSpec {
    let mut describe = Map::new();
    describe.insert("name".to_owned(), name.into());
    describe.insert("label".to_owned(), label.into());
    describe.insert("type".to_owned(), kind.name().into());
    FieldSpec { name, describe, make, children: None }
}

/// Writes down a line of text.
pub(super) fn text(name: &'static str, label: &'static str, length: u64, make: Make) -> FieldSpec {
    field(FieldKind::String, name, label, make).length(length)
}

/// Writes down a text of many lines.
pub(super) fn long_text(name: &'static str, label: &'static str, length: u64, make: Make) -> FieldSpec {
    field(FieldKind::TextArea, name, label, make).length(length)
}

/// Writes down a picklist.
pub(super) fn picklist(name: &'static str, label: &'static str, values: &[&str], make: Make) -> FieldSpec {
    field(FieldKind::Picklist, name, label, make).values(values)
}

/// Writes down a reference to other records.
pub(super) fn reference(
    name: &'static str,
    label: &'static str,
    to: &[&str],
    relationship: &str,
    make: Make,
) -> FieldSpec {
    let spec = field(FieldKind::Reference, name, label, make);
    spec.set("referenceTo", to).set("relationshipName", relationship)
}
