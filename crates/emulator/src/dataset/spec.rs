//! A compact way to write down an object of the demo org: its describe, and how each field of a record is made.

use std::borrow::Cow;

use serde_json::{Map, Value as Json, json};

use super::draw::{Draw, salt};
use super::population::Kind;
use crate::object::FieldKind;
use crate::profile::{Profile, Profiles};
use crate::value::Value;

/// Makes the value of a field.
pub(super) type Make = fn(Draw<'_>) -> Value;

/// How a field of a record is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Maker {
    make: Make,
    salt: u64,
    /// Whether it is a field of the account's contact, and what accounts have that are no people.
    of_person: Option<Absent>,
}

/// What a field of people is on companies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absent {
    Null,
    False,
}

impl Maker {
    /// Makes the value of a record's field.
    pub(super) fn make(&self, record: Draw<'_>) -> Value {
        let record = record.of(self.salt);
        match self.of_person {
            None => (self.make)(record),
            Some(absent) => match (record.person(), absent) {
                (Some(contact), _) => (self.make)(contact),
                (None, Absent::Null) => Value::Null,
                (None, Absent::False) => false.into(),
            },
        }
    }
}

/// An object of the demo org.
#[derive(Debug)]
pub(super) struct ObjectSpec {
    pub(super) kind: Kind,
    pub(super) name: &'static str,
    label: &'static str,
    plural: &'static str,
    pub(super) fields: Vec<FieldSpec>,
    flags: Vec<(&'static str, Json)>,
    /// The profiles that an org needs to have it.
    pub(super) profiles: Profiles,
}

/// A field of such an object.
#[derive(Debug)]
pub(super) struct FieldSpec {
    pub(super) name: Cow<'static, str>,
    describe: Map<String, Json>,
    make: Make,
    /// The name that the field has on the object that it was made for: its chance depends on it.
    chance: Cow<'static, str>,
    of_person: Option<Absent>,
    /// The profiles that an org needs to have it.
    pub(super) profiles: Profiles,
    /// The name by which the parent calls its children, for a reference that has one.
    children: Option<&'static str>,
}

impl ObjectSpec {
    pub(super) fn new(kind: Kind, name: &'static str, label: &'static str, plural: &'static str) -> Self {
        Self { kind, name, label, plural, fields: Vec::new(), flags: Vec::new(), profiles: Profiles::default() }
    }

    /// Sets a key of the object's describe.
    pub(super) fn set(mut self, key: &'static str, value: impl Into<Json>) -> Self {
        self.flags.push((key, value.into()));
        self
    }

    /// Gives the object to orgs with a profile only.
    pub(super) fn only_with(mut self, profile: Profile) -> Self {
        self.profiles.add(profile);
        self
    }

    /// Lets records lack a field after all.
    pub(super) fn relax(&mut self, name: &str) {
        if let Some(field) = self.fields.iter_mut().find(|field| field.name == name) {
            field.describe.insert("nillable".to_owned(), true.into());
        }
    }

    /// Takes fields away.
    pub(super) fn without(mut self, names: &[&str]) -> Self {
        self.fields.retain(|field| !names.contains(&&*field.name));
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
    pub(super) fn makers(&self) -> Box<[Maker]> {
        let maker =
            |field: &FieldSpec| Maker { make: field.make, salt: salt(&field.chance), of_person: field.of_person };
        self.fields.iter().map(maker).collect()
    }
}

impl FieldSpec {
    /// Gives the field to orgs with a profile only.
    pub(super) fn only_with(mut self, profile: Profile) -> Self {
        self.profiles.add(profile);
        self
    }

    /// Turns a field of contacts into one of accounts that are people, which shows the contact's value.
    pub(super) fn of_person(mut self, name: String) -> Self {
        let is_flag = self.describe.get("type").is_some_and(|kind| kind == "boolean");
        self.of_person = Some(if is_flag { Absent::False } else { Absent::Null });
        self.profiles.add(Profile::PersonAccounts);
        self.describe.insert("name".to_owned(), name.clone().into());
        self.describe.insert("nillable".to_owned(), (!is_flag).into());
        if let Some(compound) =
            self.describe.get("compoundFieldName").and_then(Json::as_str).filter(|name| *name != "Name")
        {
            let compound = format!("Person{compound}");
            self.describe.insert("compoundFieldName".to_owned(), compound.into());
        }
        if let Some(controller) = self.describe.get("controllerName").and_then(Json::as_str) {
            let controller = format!("Person{controller}");
            self.describe.insert("controllerName".to_owned(), controller.into());
        }
        self.name = Cow::Owned(name);
        self
    }

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

    /// Lists the values of a picklist with the labels that people read.
    pub(super) fn labelled(self, values: &[(&str, &str)]) -> Self {
        let values: Vec<Json> = values
            .iter()
            .map(|(value, label)| {
                json!({"active": true, "defaultValue": false, "label": label, "validFor": null, "value": value})
            })
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
    let name = Cow::Borrowed(name);
    FieldSpec {
        chance: name.clone(),
        name,
        describe,
        make,
        children: None,
        of_person: None,
        profiles: Profiles::default(),
    }
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
