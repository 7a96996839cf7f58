//! Names in a query, resolved to the tables and fields they mean.

use std::sync::Arc;

use orgtap_soql::{Path, Query, Span};

use super::refuse::refuse;
use crate::error::QueryError;
use crate::object::{FieldKind, FieldType};
use crate::org::{RecordRef, Snapshot, Table};
use crate::value::{Text, Value};

/// The step from a record to a parent: the reference field, by the table that the record may be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hop(Vec<(usize, usize)>);

/// The field at the end of a path, by the table that the record may be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leaf {
    fields: Vec<(usize, usize)>,
    /// Whether the path ends at `Type` of a relationship to records of different objects: the object's name.
    is_object_name: bool,
}

/// Relationships one after another, as Salesforce spells them, with their steps.
pub(super) type Way = Vec<(String, Hop)>;

/// A record with the position of its table.
pub(super) type Located<'a> = (usize, RecordRef<'a>);

/// A path that means something.
#[derive(Debug, Clone)]
pub(super) struct FieldPath {
    /// The relationships on the way, as Salesforce spells them.
    pub(super) relationships: Way,
    /// The field at the end.
    pub(super) leaf: Leaf,
    /// What the describe says of the field.
    pub(super) field: FieldFacts,
}

/// What a query needs to know of a field.
#[derive(Debug, Clone)]
pub(super) struct FieldFacts {
    /// The name as Salesforce spells it.
    pub(super) name: String,
    pub(super) kind: FieldKind,
    pub(super) soap_type: String,
    pub(super) filterable: bool,
    pub(super) sortable: bool,
    pub(super) case_sensitive: bool,
    pub(super) groupable: bool,
    pub(super) aggregatable: bool,
    /// The labels of a picklist's values.
    pub(super) labels: Arc<[(String, String)]>,
}

/// Resolves the names of one query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolver<'a> {
    /// The query.
    pub(super) query: &'a Query,
    /// Its text.
    pub(super) text: &'a str,
    /// The records it is asked about.
    pub(super) snapshot: &'a Snapshot,
    /// The position of the root object's table.
    pub(super) table: usize,
}

/// What a query finds instead of a field.
const NO_COLUMN_HELP: &str = "If you are attempting to use a custom field, be sure to append the '__c' after the custom \
                              field name. Please reference your WSDL or the describe call for the appropriate names.";
const NO_RELATIONSHIP_HELP: &str = "If you are attempting to use a custom relationship, be sure to append the '__r' after \
                                    the custom relationship name. Please reference your WSDL or the describe call for \
                                    the appropriate names.";

/// The fields that a path may end at beyond a reference to records of different objects: those of the `Name` object.
const NAME_FIELDS: &[&str] = &[
    "Id",
    "Name",
    "LastName",
    "FirstName",
    "Type",
    "Alias",
    "UserRoleId",
    "RecordTypeId",
    "IsActive",
    "ProfileId",
    "Title",
    "Email",
    "Phone",
    "NameOrAlias",
    "Username",
    "LastViewedDate",
    "LastReferencedDate",
];
/// The relationships that a path may go on with there.
const NAME_RELATIONSHIPS: &[&str] = &["UserRole", "RecordType", "Profile"];

/// The objects that a path has come to.
#[derive(Debug)]
pub(super) struct Place {
    /// Their tables, as far as the org has them.
    pub(super) tables: Vec<usize>,
    /// Whether the path came by a reference to records of different objects.
    pub(super) is_polymorphic: bool,
}

impl Place {
    /// Returns the place of one object.
    pub(super) fn of(table: usize) -> Self {
        Self { tables: vec![table], is_polymorphic: false }
    }
}

impl<'a> Resolver<'a> {
    /// Returns the table of the root object.
    pub(super) fn root(self) -> &'a Table {
        self.snapshot.tables.at(self.table)
    }

    /// Refuses the query because of what stands at `span`.
    pub(super) fn refuse(self, code: &'static str, span: Span, message: &str) -> QueryError {
        refuse(code, self.text, span, message)
    }

    /// Resolves a path from the root object.
    pub(super) fn path(self, path: &Path) -> Result<FieldPath, QueryError> {
        let names = self.query.field_path(path);
        // In FROM of a child subquery stands the relationship; the object's own name is understood all the same.
        let object = &self.root().object;
        let names = match names.as_slice() {
            [first, rest @ ..] if !rest.is_empty() && first.eq_ignore_ascii_case(&object.name) => {
                if object.relationship(first).is_none() { rest } else { &names }
            }
            _ => &names,
        };
        self.path_from(Place::of(self.table), names, path.span())
    }

    /// Resolves names from a place on.
    pub(super) fn path_from(self, from: Place, names: &[&str], span: Span) -> Result<FieldPath, QueryError> {
        let (leaf, way) = names.split_last().expect("a path has at least one name");
        let (relationships, place) = self.way(from, way, span)?;
        let (leaf, field) = self.leaf(&place, leaf).ok_or_else(|| {
            let entity = match place.tables.as_slice() {
                [only] if !place.is_polymorphic => &self.snapshot.tables.at(*only).object.name,
                _ => "Name",
            };
            let message = format!("No such column '{leaf}' on entity '{entity}'. {NO_COLUMN_HELP}");
            self.refuse("INVALID_FIELD", span, &message)
        })?;
        Ok(FieldPath { relationships, leaf, field })
    }

    /// Follows relationships from a place on.
    pub(super) fn way(self, from: Place, names: &[&str], span: Span) -> Result<(Way, Place), QueryError> {
        let mut relationships = Vec::new();
        let mut place = from;
        for name in names {
            let (relationship, hop, next) = self.hop(&place, name).ok_or_else(|| {
                let message = format!("Didn't understand relationship '{name}' in field path. {NO_RELATIONSHIP_HELP}");
                self.refuse("INVALID_FIELD", span, &message)
            })?;
            relationships.push((relationship, hop));
            place = next;
        }
        Ok((relationships, place))
    }

    /// Returns the relationship of that name: its name as Salesforce spells it, the step, and where it leads.
    fn hop(self, from: &Place, name: &str) -> Option<(String, Hop, Place)> {
        if from.is_polymorphic && !is_one_of(NAME_RELATIONSHIPS, name) {
            return None;
        }
        let mut relationship = None;
        let mut fields = Vec::new();
        let mut targets: Vec<&str> = Vec::new();
        for at in &from.tables {
            let object = &self.snapshot.tables.at(*at).object;
            let Some(field) = object.relationship(name) else { continue };
            relationship = relationship.or_else(|| field.relationship_name.clone());
            fields.extend(object.position(&field.name).map(|field| (*at, field)));
            for target in &field.reference_to {
                if !targets.contains(&target.as_str()) {
                    targets.push(target);
                }
            }
        }
        let tables = targets.iter().filter_map(|target| self.snapshot.tables.position(target)).collect();
        Some((relationship?, Hop(fields), Place { tables, is_polymorphic: targets.len() > 1 }))
    }

    /// Returns the field of that name.
    fn leaf(self, of: &Place, name: &str) -> Option<(Leaf, FieldFacts)> {
        if of.is_polymorphic && !is_one_of(NAME_FIELDS, name) {
            return None;
        }
        if of.is_polymorphic && name.eq_ignore_ascii_case("Type") {
            return Some((Leaf { fields: Vec::new(), is_object_name: true }, FieldFacts::of_object_name()));
        }
        let object = |at: usize| &self.snapshot.tables.at(at).object;
        let fields = of.tables.iter().filter_map(|at| Some((*at, object(*at).position(name)?)));
        let fields: Vec<(usize, usize)> = fields.collect();
        let (at, field) = *fields.first()?;
        let facts = FieldFacts::of(&object(at).fields[field]);
        Some((Leaf { fields, is_object_name: false }, facts))
    }
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

impl FieldFacts {
    /// Returns what a query needs to know of a field.
    pub(super) fn of(field: &FieldType) -> Self {
        Self {
            name: field.name.clone(),
            kind: field.kind,
            soap_type: field.soap_type.clone(),
            filterable: field.filterable,
            sortable: field.sortable,
            case_sensitive: field.case_sensitive,
            groupable: field.groupable,
            aggregatable: field.aggregatable,
            labels: field.labels.clone(),
        }
    }

    /// Returns what a query needs to know of `Type`, which a polymorphic path may end at.
    fn of_object_name() -> Self {
        Self {
            name: "Type".to_owned(),
            kind: FieldKind::Picklist,
            soap_type: "xsd:string".to_owned(),
            filterable: true,
            sortable: true,
            case_sensitive: false,
            groupable: true,
            aggregatable: true,
            labels: Arc::default(),
        }
    }
}

impl Hop {
    /// Returns the parent of a record, if the reference leads to one.
    pub(super) fn follow<'a>(&self, snapshot: &'a Snapshot, from: Located<'_>) -> Option<Located<'a>> {
        let (_, field) = self.0.iter().find(|(table, _)| *table == from.0)?;
        let id = snapshot.tables.at(from.0).value(from.1, *field).as_id()?;
        let table = snapshot.tables.position_of(id)?;
        let records = snapshot.tables.at(table);
        // A parent that the user may not see is as good as none.
        let record = records.find(id).filter(|record| snapshot.is_shared(records, *record))?;
        Some((table, record))
    }
}

impl Leaf {
    /// Returns a leaf of one table.
    pub(super) fn new(table: usize, field: usize) -> Self {
        Self { fields: vec![(table, field)], is_object_name: false }
    }

    /// Returns the name of the object that has the field.
    pub(super) fn object<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a str> {
        let (table, _) = self.fields.first()?;
        Some(&snapshot.tables.at(*table).object.name)
    }

    /// Returns the value of the field; none where the record's object has no such field.
    pub(super) fn value(&self, snapshot: &Snapshot, record: Located<'_>) -> Value {
        let table = snapshot.tables.at(record.0);
        if self.is_object_name {
            return Value::Text(Text::from(table.object.name.as_str()));
        }
        let field = self.fields.iter().find(|(at, _)| *at == record.0);
        field.map_or(Value::Null, |(_, field)| snapshot.value(record.0, record.1, *field))
    }
}

impl FieldPath {
    /// Returns the value at the end of the path; none if a parent on the way is missing.
    pub(super) fn value(&self, snapshot: &Snapshot, record: Located<'_>) -> Value {
        let Some(((_, first), rest)) = self.relationships.split_first() else {
            return self.leaf.value(snapshot, record);
        };
        let parent = rest.iter().fold(first.follow(snapshot, record), |at, (_, hop)| hop.follow(snapshot, at?));
        parent.map_or(Value::Null, |parent| self.leaf.value(snapshot, parent))
    }

    /// Returns whether another path leads to the same field by the same way.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.relationships == other.relationships && self.leaf == other.leaf
    }

    /// Returns whether the path ends at the record's own field of that name.
    pub(super) fn is_own(&self, name: &str) -> bool {
        self.relationships.is_empty() && self.field.name == name
    }
}
