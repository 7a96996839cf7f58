//! Changes to records, stamped by the org's clock. This is the org's own hand: it checks that a change makes sense, not
//! that a user would be allowed to make it.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::Org;
use super::fields::{checked, compose_name, defaults, missing_fields, names_a_person, no_such_column};
use super::identity::POD;
use super::place::complete_addresses;
use super::snapshot::Tables;
use super::state::{State, Transaction, Write};
use crate::clock::{later, whole_second};
use crate::error::ChangeError;
use crate::id::Id;
use crate::object::{FieldType, ObjectType};
use crate::value::Value;

/// A transaction that is being put together.
pub(super) struct Changes<'a> {
    org: &'a Org,
    state: &'a mut State,
    now: Timestamp,
    writes: Vec<Write>,
}

impl Org {
    /// Creates a record. Audit fields other than `SystemModstamp` may be given, as in an import of old data.
    ///
    /// # Errors
    ///
    /// What Salesforce answers to a change it refuses; so do all the changes below.
    pub fn insert(&self, object: &str, fields: BTreeMap<String, Value>) -> Result<Id, ChangeError> {
        self.transaction(|changes| changes.insert(object, fields))
    }

    /// Changes fields of a record. Formulas follow by themselves; one that is given here shows that value until something changes that it
    /// reads. A change of formula fields only leaves the stamps alone, as it does in a real org.
    ///
    /// # Errors
    ///
    /// As [`Org::insert`].
    pub fn update(&self, id: Id, fields: BTreeMap<String, Value>) -> Result<(), ChangeError> {
        self.transaction(|changes| changes.update(id, fields))
    }

    /// Moves a record to the recycle bin, and with it the children whose describe says `cascadeDelete`. References of
    /// other records to it stay.
    ///
    /// # Errors
    ///
    /// As [`Org::insert`].
    pub fn delete(&self, id: Id) -> Result<(), ChangeError> {
        self.transaction(|changes| changes.delete(id))
    }

    /// Takes a record out of the recycle bin, and with it the children that were deleted with it.
    ///
    /// # Errors
    ///
    /// As [`Org::insert`].
    pub fn undelete(&self, id: Id) -> Result<(), ChangeError> {
        self.transaction(|changes| changes.undelete(id))
    }

    /// Merges records into `master`: the losers go to the recycle bin and name it, what hung on them moves over.
    ///
    /// # Errors
    ///
    /// As [`Org::insert`].
    pub fn merge(&self, master: Id, losers: &[Id]) -> Result<(), ChangeError> {
        self.transaction(|changes| losers.iter().try_for_each(|loser| changes.merge(master, *loser)))
    }

    /// Removes a deleted record for good. `deleted` still reports it.
    ///
    /// # Errors
    ///
    /// As [`Org::insert`].
    pub fn purge(&self, id: Id) -> Result<(), ChangeError> {
        self.transaction(|changes| changes.purge(id))
    }

    /// Reads the values of a JSON record for [`Org::insert`] and [`Org::update`], each by the type of its field.
    /// `attributes` is skipped.
    ///
    /// # Errors
    ///
    /// `INVALID_FIELD` for a field the object does not have, `JSON_PARSER_ERROR` for a value that does not fit.
    pub fn fields_from_json(
        &self,
        object: &str,
        record: &serde_json::Map<String, Json>,
    ) -> Result<BTreeMap<String, Value>, ChangeError> {
        Self::read_fields(&*self.object(object).ok_or_else(not_found)?, record)
    }

    /// Reads the values of a JSON record as [`Org::fields_from_json`] does, those of fields that the user does not see too.
    pub(crate) fn all_fields_from_json(
        &self,
        object: &str,
        record: &serde_json::Map<String, Json>,
    ) -> Result<BTreeMap<String, Value>, ChangeError> {
        Self::read_fields(&*self.whole_object(object).ok_or_else(not_found)?, record)
    }

    fn read_fields(
        object: &ObjectType,
        record: &serde_json::Map<String, Json>,
    ) -> Result<BTreeMap<String, Value>, ChangeError> {
        let value = |(name, json): (&String, &Json)| {
            let field = object.field(name).ok_or_else(|| no_such_column(object, name))?;
            let value = Value::from_json(json, field.kind);
            let value =
                value.map_err(|bad| ChangeError::new("JSON_PARSER_ERROR", bad.to_string()).about(&field.name))?;
            Ok((field.name.clone(), value))
        };
        record.iter().filter(|(name, _)| *name != "attributes").map(value).collect()
    }

    /// Runs `change` and makes what it wrote visible together; nothing, if it fails.
    fn transaction<T>(
        &self,
        change: impl FnOnce(&mut Changes<'_>) -> Result<T, ChangeError>,
    ) -> Result<T, ChangeError> {
        let _only_writer = self.0.writers.lock().unwrap_or_else(PoisonError::into_inner);
        let now = whole_second(self.now());
        let mut state = self.state();
        let mut changes = Changes { org: self, state: &mut state, now, writes: Vec::new() };
        let done = change(&mut changes)?;
        let writes = changes.writes;
        state.write(Transaction { began: now, commits: later(now, self.commit_delay()), writes });
        Ok(done)
    }
}

impl Changes<'_> {
    pub(super) fn insert(&mut self, object: &str, fields: BTreeMap<String, Value>) -> Result<Id, ChangeError> {
        let at = self.tables().position(object).ok_or_else(not_found)?;
        let table = self.tables().at(at);
        let user = Value::Id(self.org.identity().user_id);
        let given = checked(&table.object, fields)?;
        let missing = missing_fields(&table.object, &given);
        if !missing.is_empty() {
            let message = format!("Required fields are missing: [{}]", missing.join(", "));
            return Err(ChangeError { code: "REQUIRED_FIELD_MISSING", message, fields: missing });
        }
        let system = table.system;
        let sequence = self.state.sequences[at];
        let id = new_id(&table.object, sequence)?;
        let mut values = defaults(&table.object, sequence);
        table.formulas().keys().for_each(|formula| values[*formula] = Value::Null);
        set(&mut values, system.owner, user.clone());
        set(&mut values, system.created_date, self.now.into());
        set(&mut values, system.created_by, user.clone());
        set(&mut values, system.modified_date, self.now.into());
        set(&mut values, system.modified_by, user);
        let named: Vec<usize> = given.iter().map(|(field, _)| *field).collect();
        for (field, value) in given {
            values[field] = value;
        }
        complete_addresses(&table.object, &named, &mut values);
        if let Some(currency) = table.object.position("CurrencyIsoCode").filter(|at| values[*at].is_null()) {
            values[currency] = self.org.identity().currency.as_str().into();
        }
        set(&mut values, system.id, id.into());
        set(&mut values, system.stamp, self.now.into());
        compose_name(&table.object, &mut values);
        self.state.sequences[at] += 1;
        self.complete_person(at, id, &mut values)?;
        self.put(at, id, values);
        Ok(id)
    }

    fn update(&mut self, id: Id, fields: BTreeMap<String, Value>) -> Result<(), ChangeError> {
        let (at, mut values) = self.live(id)?;
        let object = self.tables().at(at).object.clone();
        let given = checked(&object, fields)?;
        let renames = given.iter().any(|(field, _)| names_a_person(&object.fields[*field]));
        let stamps = given.iter().any(|(field, _)| !object.fields[*field].calculated) || given.is_empty();
        if stamps {
            self.stamp(at, &mut values);
        }
        let named: Vec<usize> = given.iter().map(|(field, _)| *field).collect();
        for (field, value) in given {
            values[field] = value;
        }
        complete_addresses(&object, &named, &mut values);
        if renames {
            compose_name(&object, &mut values);
        }
        self.mirror_person(at, id, &values);
        self.put(at, id, values);
        Ok(())
    }

    fn delete(&mut self, id: Id) -> Result<(), ChangeError> {
        let (at, values) = self.live(id)?;
        if self.tables().at(at).system.is_deleted.is_none() {
            let name = &self.tables().at(at).object.name;
            return Err(ChangeError::new("DELETE_FAILED", format!("entity type {name} does not support delete")));
        }
        self.check_person(at, &values)?;
        self.bin(at, id, values);
        for (child, child_id) in self.cascaded(at, id, false) {
            let values = self.values(child, child_id);
            self.bin(child, child_id, values);
        }
        Ok(())
    }

    /// Moves one record to the recycle bin.
    fn bin(&mut self, at: usize, id: Id, mut values: Vec<Value>) {
        self.stamp(at, &mut values);
        set(&mut values, self.tables().at(at).system.is_deleted, true.into());
        self.put(at, id, values);
    }

    fn undelete(&mut self, id: Id) -> Result<(), ChangeError> {
        let at = self.in_bin(id)?;
        let table = self.tables().at(at);
        let deleted_at = table.find(id).and_then(|record| table.touched(record));
        let children = self.cascaded(at, id, true);
        let mut restored = vec![(at, id)];
        restored.extend(children.into_iter().filter(|(child, child_id)| {
            let table = self.tables().at(*child);
            // Where nothing says when a record was deleted, it went with its parent.
            !table.system.shows_changes()
                || table.find(*child_id).and_then(|record| table.touched(record)) == deleted_at
        }));
        for (at, id) in restored {
            let mut values = self.values(at, id);
            let system = self.tables().at(at).system;
            self.stamp(at, &mut values);
            set(&mut values, system.is_deleted, false.into());
            set(&mut values, system.master, Value::Null);
            self.put(at, id, values);
        }
        Ok(())
    }

    fn merge(&mut self, master: Id, loser: Id) -> Result<(), ChangeError> {
        let (at, _) = self.live(master)?;
        let object = self.tables().at(at).object.clone();
        let mergeable = object.describe["mergeable"] == true;
        if !mergeable || self.tables().position_of(loser) != Some(at) || master == loser {
            return Err(ChangeError::new("MALFORMED_ID", format!("bad id in recordsToMerge: {loser}")));
        }
        let (_, mut lost) = self.live(loser)?;
        let contacts = (self.person_contact(at, &self.values(at, master)), self.person_contact(at, &lost));
        match contacts {
            (Some(kept), Some(lost)) => self.merge(kept, lost)?,
            (None, None) => {}
            _ => return Err(ChangeError::new("MALFORMED_ID", "a person and a company can not be merged")),
        }
        self.reparent(&object.name, loser, master);
        let mut kept = self.values(at, master);
        self.stamp(at, &mut kept);
        self.put(at, master, kept);
        set(&mut lost, self.tables().at(at).system.master, master.into());
        self.bin(at, loser, lost);
        Ok(())
    }

    fn purge(&mut self, id: Id) -> Result<(), ChangeError> {
        let table = self.in_bin(id)?;
        let records = self.tables().at(table);
        let deleted_at = records.find(id).and_then(|record| records.touched(record)).unwrap_or(self.now);
        self.writes.push(Write::Purge { table, id, deleted_at });
        Ok(())
    }

    /// Lets all live records that refer to `from` refer to `to`, but not `to` to itself.
    fn reparent(&mut self, object: &str, from: Id, to: Id) {
        let mut moved = Vec::new();
        for (at, table) in self.state.latest().iter() {
            let points_at = |field: &FieldType| field.reference_to.iter().any(|target| target == object);
            let fields = table.object.fields.iter().enumerate().filter(|(_, field)| points_at(field));
            let fields: Vec<usize> = fields
                .map(|(position, _)| position)
                .filter(|position| Some(*position) != table.system.master)
                .collect();
            if fields.is_empty() {
                continue;
            }
            for record in table.all() {
                let refers = |field: &usize| table.value(record, *field) == Value::Id(from);
                if fields.iter().any(refers) && !table.is_set(record, table.system.is_deleted) {
                    moved.push((at, table.id(record), fields.clone()));
                }
            }
        }
        for (at, id, fields) in moved {
            let mut values = self.values(at, id);
            for field in fields.into_iter().filter(|field| values[*field] == Value::Id(from)).collect::<Vec<_>>() {
                values[field] = if id == to { Value::Null } else { to.into() };
            }
            self.stamp(at, &mut values);
            self.put(at, id, values);
        }
    }

    /// Returns the children, of any depth, that are deleted and restored with a record.
    fn cascaded(&self, at: usize, id: Id, deleted: bool) -> Vec<(usize, Id)> {
        // The record itself comes first, so that a circle of references ends.
        let mut found = vec![(at, id)];
        let mut done = 0;
        while let Some((at, parent)) = found.get(done).copied() {
            done += 1;
            for (child, field) in cascading(self.tables(), at) {
                let table = self.tables().at(child);
                for record in table.all() {
                    let is_child = table.value(record, field) == Value::Id(parent);
                    if !is_child || table.is_set(record, table.system.is_deleted) != deleted {
                        continue;
                    }
                    let child = (child, table.id(record));
                    if !found.contains(&child) {
                        found.push(child);
                    }
                }
            }
        }
        found.split_off(1)
    }

    pub(super) fn tables(&self) -> &Tables {
        self.state.latest()
    }

    /// Returns the values of a record as this transaction has left it so far.
    pub(super) fn values(&self, at: usize, id: Id) -> Vec<Value> {
        let written = self.writes.iter().rev().find_map(|write| match write {
            Write::Put { id: written, record, .. } if *written == id => Some(record.to_vec()),
            _ => None,
        });
        let table = self.tables().at(at);
        written.or_else(|| table.find(id).map(|record| table.values(record))).unwrap_or_default()
    }

    /// Returns a record that is not deleted, with its table.
    fn live(&self, id: Id) -> Result<(usize, Vec<Value>), ChangeError> {
        let at = self.tables().position_of(id).ok_or_else(not_found)?;
        let table = self.tables().at(at);
        table.find(id).ok_or_else(not_found)?;
        let values = self.values(at, id);
        match table.system.is_deleted.map(|field| &values[field]) {
            Some(Value::Boolean(true)) => Err(ChangeError::new("ENTITY_IS_DELETED", "entity is deleted")),
            _ => Ok((at, values)),
        }
    }

    /// Returns the table of a record that is in the recycle bin.
    fn in_bin(&self, id: Id) -> Result<usize, ChangeError> {
        let at = self.tables().position_of(id).ok_or_else(not_found)?;
        let table = self.tables().at(at);
        let record = table.find(id).ok_or_else(not_found)?;
        if table.is_set(record, table.system.is_deleted) && !table.is_thrown_out(record, self.org.0.began, self.now) {
            Ok(at)
        } else {
            Err(ChangeError::new("UNDELETE_FAILED", "Entity is not in the recycle bin"))
        }
    }

    /// Notes that the org's user touches a record now.
    pub(super) fn stamp(&self, at: usize, values: &mut [Value]) {
        let system = self.tables().at(at).system;
        set(values, system.modified_date, self.now.into());
        set(values, system.modified_by, self.org.identity().user_id.into());
        set(values, system.stamp, self.now.into());
    }

    /// Writes a record. What was said of a formula before is forgotten once something changes that it reads.
    pub(super) fn put(&mut self, table: usize, id: Id, mut values: Vec<Value>) {
        let formulas = self.tables().at(table).formulas();
        if !formulas.is_empty() {
            let before = self.values(table, id);
            let is_changed = |field: &usize| before.get(*field).is_some_and(|value| *value != values[*field]);
            let changed: Vec<usize> = (0..values.len()).filter(is_changed).collect();
            let outdated =
                formulas.iter().filter(|(field, formula)| !changed.contains(field) && formula.reads_any_of(&changed));
            let outdated: Vec<usize> = outdated.map(|(field, _)| *field).collect();
            outdated.into_iter().for_each(|field| values[field] = Value::Null);
        }
        self.writes.push(Write::Put { table, id, record: values.into() });
    }
}

fn set(values: &mut [Value], field: Option<usize>, value: Value) {
    if let Some(field) = field {
        values[field] = value;
    }
}

/// Returns the tables and fields of the children that go with a parent of this table.
fn cascading(tables: &Tables, at: usize) -> Vec<(usize, usize)> {
    let relationships = tables.at(at).object.describe["childRelationships"].as_array();
    let cascading = relationships.into_iter().flatten().filter(|relationship| relationship["cascadeDelete"] == true);
    let child = |relationship: &Json| {
        let child = tables.position(relationship["childSObject"].as_str()?)?;
        Some((child, tables.at(child).object.position(relationship["field"].as_str()?)?))
    };
    cascading.filter_map(child).filter(|(child, _)| tables.at(*child).system.is_deleted.is_some()).collect()
}

fn new_id(object: &ObjectType, sequence: u64) -> Result<Id, ChangeError> {
    let prefix = object.key_prefix.as_ref().and_then(|prefix| prefix.as_bytes().try_into().ok());
    let prefix = prefix.ok_or_else(|| {
        ChangeError::new("INVALID_TYPE", format!("entity type {} does not support create", object.name))
    })?;
    Ok(Id::of(prefix, POD, sequence))
}

fn not_found() -> ChangeError {
    ChangeError::new("NOT_FOUND", "The requested resource does not exist")
}
