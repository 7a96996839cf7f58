//! SOQL, evaluated over the org's records: a query becomes a [`Selection`], a fixed set of records read page by page.
//!
//! Which of Salesforce's refusals are known word by word, and which are worded after the documentation, is in the tests of
//! refusals. What is not evaluated is refused as such: scopes that go by what no record of an org tells, the filters of
//! lookups, which no describe spells out, and data categories above and below others.

mod aggregate;
mod child;
mod columns;
mod compare;
mod condition;
mod currency;
mod family;
mod filter;
mod format;
mod formula;
mod function;
mod group;
mod like;
mod order;
mod period;
mod predicate;
mod refuse;
mod resolve;
mod rows;
mod scope;
mod semi_join;
mod term;
mod type_of;
mod with;

use std::sync::{Arc, Mutex, OnceLock};

use orgtap_soql::{Query, Span};

use crate::error::QueryError;
use crate::id::Id;
use crate::object::{FieldKind, ObjectType};
use crate::org::{RecordRef, Snapshot, Table, Tables};
use crate::value::Value;
use columns::Columns;
use filter::Filter;
use resolve::{Located, Resolver};
use rows::Progress;

pub use child::Children;
pub(crate) use formula::Sign;
pub use rows::Rows;

/// Which records a query may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Records that are neither deleted nor archived, as `query` sees them.
    Live,
    /// Deleted ones in the recycle bin and archived ones too, as `queryAll` sees them.
    All,
}

/// A column of a selection.
#[derive(Debug, Clone)]
pub struct SelectedColumn {
    /// The CSV header: the dotted path as Salesforce spells it, or the alias.
    pub header: String,
    /// The last segment, or the alias: the key in JSON.
    pub name: String,
    /// The type of the values.
    pub kind: FieldKind,
    /// The JSON schema type of the field in the describe, such as `xsd:string`.
    pub soap_type: String,
    /// The parent record under which the value stands in JSON, as a position in [`Selection::parents`]; `None` for the
    /// record itself, where values with an alias stand too.
    pub parent: Option<usize>,
    /// The kind of parent that has it, where that depends on `TYPEOF`.
    pub when: Option<TypeCondition>,
}

/// Which kind of record a branch of `TYPEOF` is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeCondition {
    /// `WHEN Account`: records of that object.
    Is(String),
    /// `ELSE`: records of none of these objects.
    IsNoneOf(Vec<String>),
}

impl TypeCondition {
    /// Returns whether records of that object, as Salesforce spells it, are meant.
    pub fn holds_for(&self, object: &str) -> bool {
        match self {
            Self::Is(name) => name == object,
            Self::IsNoneOf(names) => !names.iter().any(|name| name == object),
        }
    }
}

/// A step from a record to a parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentPath {
    /// The relationship's name, such as `Owner`: the key in JSON.
    pub name: String,
    /// The record from which the step goes, as a position in [`Selection::parents`]; `None` for the selected record.
    pub parent: Option<usize>,
    /// The kind of record that has it, where that depends on `TYPEOF`.
    pub when: Option<TypeCondition>,
}

/// The parent record at which a path ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentRecord {
    /// The API name of its object.
    pub object: String,
    /// Its id.
    pub id: Id,
}

/// A selected record with what its JSON form needs.
#[derive(Debug, Clone)]
pub struct Row {
    /// The record's id; `None` in a row of aggregates.
    pub id: Option<Id>,
    /// A value for each of [`Selection::columns`].
    pub values: Vec<Value>,
    /// The record at which each of [`Selection::parents`] ends; `None` where a reference is null or leads nowhere.
    pub parents: Vec<Option<ParentRecord>>,
}

/// The answer to a query: fixed when the query was made, whatever changes in the org later.
#[derive(Debug)]
pub struct Selection {
    query: Query,
    snapshot: Snapshot,
    /// The position of the root object's table.
    table: usize,
    columns: Columns,
    filter: Filter,
    keys: Vec<order::Key>,
    /// The records in the order of the keys, once they are sorted.
    sorted: OnceLock<Vec<Id>>,
    /// The rows of groups, once they are computed.
    computed: OnceLock<Vec<Vec<Value>>>,
    /// How far the records in the order of their ids are known.
    progress: Mutex<Progress>,
}

impl Selection {
    /// Parses a query and fixes which records answer it.
    pub(crate) fn new(soql: &str, scope: Scope, snapshot: Snapshot) -> Result<Self, QueryError> {
        let query = orgtap_soql::parse(soql).map_err(|diagnostics| refuse::malformed(&diagnostics))?;
        Self::of_query(query, soql, scope, snapshot)
    }

    /// Fixes which records answer a query that was parsed from `text`.
    fn of_query(query: Query, text: &str, scope: Scope, snapshot: Snapshot) -> Result<Self, QueryError> {
        let table = root(&query, text, &snapshot)?;
        Self::of_table(query, text, scope, snapshot, table)
    }

    /// Fixes which records of a table answer a query.
    fn of_table(query: Query, text: &str, scope: Scope, snapshot: Snapshot, table: usize) -> Result<Self, QueryError> {
        let scope = if query.all_rows.is_some() { Scope::All } else { scope };
        let resolver = Resolver { query: &query, text, snapshot: &snapshot, table };
        with::check_clauses(resolver)?;
        family::check(resolver)?;
        let columns = columns::columns(resolver, scope)?;
        let condition = query.filter.as_ref().map(|condition| condition::of_records(resolver, condition, scope));
        let mut conditions: Vec<_> = condition.transpose()?.into_iter().collect();
        conditions.extend(scope::using(resolver, scope)?);
        conditions.extend(with::categories(resolver, scope)?);
        let filter = Filter::new(scope, predicate::Predicate::all(conditions));
        let keys = if columns.groups.is_some() { Vec::new() } else { order::keys(resolver, &query.order_by)? };
        let (sorted, computed, progress) = (OnceLock::new(), OnceLock::new(), Mutex::default());
        Ok(Self { columns, filter, keys, sorted, computed, progress, query, snapshot, table })
    }

    /// Returns the query.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// Returns the object the query is about.
    pub fn object(&self) -> &ObjectType {
        &self.table().object
    }

    /// Returns the columns, in the order of the SELECT; none for `COUNT()`.
    pub fn columns(&self) -> &[SelectedColumn] {
        &self.columns.columns
    }

    /// Returns the parents that columns are read from; each comes after the one it hangs on.
    pub fn parents(&self) -> &[ParentPath] {
        &self.columns.parents
    }

    /// Returns whether the query is `SELECT COUNT()`, which has a total and no rows.
    pub fn count_only(&self) -> bool {
        self.columns.count_only
    }

    /// Returns the child subqueries, in the order of the SELECT.
    pub fn children(&self) -> &[Arc<Children>] {
        &self.columns.children
    }

    /// Returns whether rows are aggregates (`SELECT COUNT(Id)`) or groups, which have no id and no address.
    pub fn is_aggregate(&self) -> bool {
        self.columns.groups.is_some()
    }

    /// Returns the number of rows, after LIMIT and OFFSET. The first call may read the whole object; later ones remember.
    pub fn total(&self) -> u64 {
        let records = match (self.computed(), self.sorted()) {
            (Some(rows), _) => rows.len() as u64,
            (None, Some(ids)) => ids.len() as u64,
            (None, None) => rows::count(self, self.limit().saturating_add(self.offset())),
        };
        records.saturating_sub(self.offset()).min(self.limit())
    }

    /// Returns the values of up to `up_to` rows, from row `from` on. The same call gives the same rows for ever.
    pub fn page(&self, from: u64, up_to: u64) -> Rows<'_> {
        if self.count_only() {
            return Rows::empty(self);
        }
        let up_to = up_to.min(self.limit().saturating_sub(from));
        let from = from.saturating_add(self.offset());
        match self.computed() {
            Some(rows) => Rows::computed(self, rows, from, up_to),
            None => Rows::new(self, from, up_to),
        }
    }

    /// Returns rows as [`Selection::page`] does, with their ids and parents.
    pub fn records(&self, from: u64, up_to: u64) -> impl Iterator<Item = Row> + Send + use<'_> {
        let mut rows = self.page(from, up_to);
        std::iter::from_fn(move || rows.read_row())
    }

    /// Returns the data that the answer is made from, and how many days the org had existed then.
    pub(crate) fn data(&self) -> (&Arc<Tables>, i64) {
        let age = self.snapshot.now.duration_since(self.snapshot.began);
        (&self.snapshot.tables, age.as_secs().div_euclid(86_400))
    }

    fn table(&self) -> &Table {
        self.snapshot.tables.at(self.table)
    }

    fn limit(&self) -> u64 {
        self.query.limit.as_ref().map_or(u64::MAX, |limit| limit.value)
    }

    fn offset(&self) -> u64 {
        self.query.offset.as_ref().map_or(0, |offset| offset.value)
    }

    /// Returns the records in the order that the query asks for, if it asks for one.
    fn sorted(&self) -> Option<&[Id]> {
        if self.keys.is_empty() {
            return None;
        }
        let most = self.limit().saturating_add(self.offset());
        Some(self.sorted.get_or_init(|| order::sorted(&self.keys, &self.filter, &self.snapshot, self.table, most)))
    }

    /// Reads a record's values and the parents they hang on.
    fn read<'a>(&'a self, record: RecordRef<'a>, values: &mut Vec<Value>, parents: &mut Vec<Option<Located<'a>>>) {
        let root = (self.table, record);
        parents.clear();
        for (path, hop) in self.columns.parents.iter().zip(&self.columns.hops) {
            let from = path.parent.map_or(Some(root), |parent| parents[parent]);
            parents.push(from.and_then(|from| hop.follow(&self.snapshot, from)));
        }
        for cell in &self.columns.cells {
            let holder = cell.parent.map_or(Some(root), |parent| parents[parent]);
            let value = holder.map_or(Value::Null, |holder| cell.leaf.value(&self.snapshot, holder));
            values.push(cell.steps.iter().fold(value, |value, step| step.apply_to(&value, &self.snapshot, root)));
        }
    }

    /// Returns the row of a record.
    fn row(&self, record: RecordRef<'_>) -> Row {
        let mut values = Vec::with_capacity(self.columns().len());
        let mut located = Vec::new();
        self.read(record, &mut values, &mut located);
        let parents = located.iter().map(|parent| Some(self.parent_record((*parent)?))).collect();
        Row { id: Some(self.table().id(record)), values, parents }
    }

    /// Returns the ids of all records in their order, without regard to LIMIT and OFFSET.
    fn every_id(&self) -> Vec<Id> {
        if self.keys.is_empty() {
            let records = self.filter.records(&self.snapshot, self.table, None);
            return records.map(|record| self.table().id(record)).collect();
        }
        order::sorted(&self.keys, &self.filter, &self.snapshot, self.table, u64::MAX)
    }

    fn parent_record(&self, (table, record): Located<'_>) -> ParentRecord {
        let table = self.snapshot.tables.at(table);
        ParentRecord { object: table.object.name.clone(), id: table.id(record) }
    }

    /// Returns the rows of groups, without regard to LIMIT and OFFSET, if the rows are groups.
    fn computed(&self) -> Option<&[Vec<Value>]> {
        let groups = self.columns.groups.as_ref()?;
        Some(self.computed.get_or_init(|| groups.rows(&self.filter, &self.snapshot, self.table)))
    }
}

/// Returns the position of the root object's table.
fn root(query: &Query, text: &str, snapshot: &Snapshot) -> Result<usize, QueryError> {
    let name = query.object();
    let at = snapshot.tables.position(&name.text).ok_or_else(|| unknown_object(text, &name.text, name.span))?;
    let object = &snapshot.tables.at(at).object;
    if !object.queryable {
        let message = format!("entity type {} does not support query", object.name);
        return Err(QueryError::new("INVALID_TYPE_FOR_OPERATION", message));
    }
    Ok(at)
}

fn unknown_object(text: &str, name: &str, span: Span) -> QueryError {
    let message = format!(
        "sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' \
         after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    );
    refuse::refuse("INVALID_TYPE", text, span, &message)
}

#[cfg(test)]
mod tests;
