//! All records of the org at one moment. A snapshot never changes; taking one costs nothing.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::asker::Asker;
use super::roll_up::RollUpRule;
use super::table::{RecordRef, Table};
use crate::formula::Moment;
use crate::id::Id;
use crate::object::ObjectType;
use crate::select::Scope;
use crate::value::Value;

/// The tables of the org.
#[derive(Debug, Clone)]
pub(crate) struct Tables {
    list: Vec<Arc<Table>>,
    by_name: Arc<HashMap<String, usize>>,
    by_prefix: Arc<HashMap<[u8; 3], usize>>,
    roll_ups: Arc<[RollUpRule]>,
    /// The tables of the whole org, if these are what a user sees of them: formulas read what the user does not see too.
    whole: Option<Arc<Self>>,
}

/// The org's records at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    /// The tables.
    pub(crate) tables: Arc<Tables>,
    /// The moment.
    pub(crate) now: Timestamp,
    /// Who asks, and by which clock and calendar.
    pub(crate) asker: Arc<Asker>,
    /// When the org began: nothing deleted before is thrown out of the recycle bin earlier than if it were deleted then.
    pub(crate) began: Timestamp,
}

impl Tables {
    pub(crate) fn new(list: Vec<Table>) -> Self {
        let names = list.iter().enumerate().map(|(at, table)| (table.object.name.to_ascii_lowercase(), at));
        let prefix = |table: &Table| table.object.key_prefix.as_ref()?.as_bytes().try_into().ok();
        let prefixes = list.iter().enumerate().filter_map(|(at, table)| Some((prefix(table)?, at)));
        Self {
            by_name: Arc::new(names.collect()),
            by_prefix: Arc::new(prefixes.collect()),
            list: list.into_iter().map(Arc::new).collect(),
            roll_ups: Arc::default(),
            whole: None,
        }
    }

    /// Returns tables as what a user sees of `whole`.
    pub(super) fn seen_of(list: Vec<Table>, whole: Arc<Self>) -> Self {
        Self { whole: Some(whole), ..Self::new(list) }
    }

    /// Returns the value of a field of a record, formulas worked out.
    pub(crate) fn value(&self, at: usize, record: RecordRef<'_>, field: usize, moment: Moment<'_>) -> Value {
        let value = self.at(at).value(record, field);
        if !value.is_null() {
            return value;
        }
        let Some((position, formula)) = self.at(at).formula(field) else { return value };
        formula.value(self.whole.as_deref().unwrap_or(self), position, record, moment)
    }

    /// Returns whether a text may name a formula that depends on when it is read.
    pub(crate) fn may_name_a_moment(&self, text: &str) -> bool {
        let formulas = self.list.iter().flat_map(|table| {
            let fields = &table.object.fields;
            fields.iter().enumerate().filter_map(|(at, field)| Some((field, table.formula(at)?.1)))
        });
        formulas.filter(|(_, formula)| formula.needs_moment()).any(|(field, _)| {
            let text = text.to_ascii_lowercase();
            text.contains(&field.name.to_ascii_lowercase()) || text.contains("fields(")
        })
    }

    /// Returns the roll-up summaries.
    pub(super) fn roll_ups(&self) -> Arc<[RollUpRule]> {
        self.roll_ups.clone()
    }

    /// Keeps fields as roll-up summaries from now on.
    pub(super) fn set_roll_ups(&mut self, rules: Vec<RollUpRule>) {
        self.roll_ups = rules.into();
    }

    /// Returns the objects, in the order of their names.
    pub(crate) fn objects(&self) -> Vec<Arc<ObjectType>> {
        self.list.iter().map(|table| table.object.clone()).collect()
    }

    /// Returns all tables with their positions.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Table)> {
        self.list.iter().enumerate().map(|(at, table)| (at, &**table))
    }

    /// Returns the position of an object's table, by its name in any case.
    pub(crate) fn position(&self, object: &str) -> Option<usize> {
        self.by_name.get(object.to_ascii_lowercase().as_str()).copied()
    }

    /// Returns the position of the table that ids of that prefix belong to.
    pub(crate) fn position_of(&self, id: Id) -> Option<usize> {
        self.by_prefix.get(&id.key_prefix()).copied()
    }

    /// Returns a table.
    pub(crate) fn at(&self, position: usize) -> &Table {
        &self.list[position]
    }

    /// Returns a table, to change it. Snapshots that share it keep the old one.
    pub(crate) fn at_mut(&mut self, position: usize) -> &mut Table {
        Arc::make_mut(&mut self.list[position])
    }
}

impl Snapshot {
    /// Returns the value of a field of a record in the table at that position.
    pub(crate) fn value(&self, at: usize, record: RecordRef<'_>, field: usize) -> Value {
        self.tables.value(at, record, field, Moment::new(self.now, &self.asker.zone))
    }

    /// Returns all values of a record in the table at that position, in the order of the object's fields.
    pub(crate) fn values(&self, at: usize, record: RecordRef<'_>) -> Vec<Value> {
        (0..self.tables.at(at).object.fields.len()).map(|field| self.value(at, record, field)).collect()
    }

    /// Returns whether a query of that scope sees a record.
    pub(crate) fn sees(&self, scope: Scope, table: &Table, record: RecordRef<'_>) -> bool {
        let is_there = if table.is_set(record, table.system.is_deleted) {
            scope == Scope::All && !table.is_thrown_out(record, self.began, self.now)
        } else {
            scope == Scope::All || !table.is_set(record, table.system.is_archived)
        };
        is_there && self.is_shared(table, record)
    }
}
