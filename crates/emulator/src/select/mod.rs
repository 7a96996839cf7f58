//! SOQL, evaluated over the org's records: a query becomes a [`Selection`], a fixed set of records read page by page.
//!
//! What is not evaluated is refused: GROUP BY, subqueries in the SELECT list, TYPEOF, DISTANCE, scopes other than
//! `everything`, and WITH conditions.

mod aggregate;
mod columns;
mod compare;
mod condition;
mod filter;
mod function;
mod like;
mod order;
mod period;
mod predicate;
mod refuse;
mod resolve;
mod rows;

use std::sync::{Arc, Mutex, OnceLock};

use orgtap_soql::{Query, With, WithKind};

use crate::error::QueryError;
use crate::id::Id;
use crate::object::{FieldKind, ObjectType};
use crate::org::{RecordRef, Snapshot, Table, Tables};
use crate::value::Value;
use aggregate::Tally;
use columns::Columns;
use filter::Filter;
use refuse::unsupported;
use resolve::{Located, Resolver};
use rows::Progress;

pub use rows::Rows;

/// The most records that OFFSET may skip.
const MOST_OFFSET: u64 = 2000;

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
}

/// A step from a record to a parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentPath {
    /// The relationship's name, such as `Owner`: the key in JSON.
    pub name: String,
    /// The record from which the step goes, as a position in [`Selection::parents`]; `None` for the selected record.
    pub parent: Option<usize>,
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
    /// The record's id; `None` in the one row of an aggregate.
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
        check_clauses(&query)?;
        let scope = if query.all_rows.is_some() { Scope::All } else { scope };
        let resolver = Resolver { query: &query, text, snapshot: &snapshot, table };
        let columns = columns::columns(resolver)?;
        let condition = query.filter.as_ref().map(|condition| condition::predicate(resolver, condition, scope));
        let filter = Filter::new(scope, condition.transpose()?);
        let keys = order::keys(resolver, &query.order_by)?;
        Ok(Self { columns, filter, keys, sorted: OnceLock::new(), progress: Mutex::default(), query, snapshot, table })
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

    /// Returns whether rows are aggregates (`SELECT COUNT(Id)`), which have no id and no address.
    pub fn is_aggregate(&self) -> bool {
        !self.columns.aggregates.is_empty()
    }

    /// Returns the number of rows, after LIMIT and OFFSET. The first call may read the whole object; later ones remember.
    pub fn total(&self) -> u64 {
        if self.is_aggregate() {
            return 1;
        }
        let records = match self.sorted() {
            Some(ids) => ids.len() as u64,
            None => rows::count(self, self.limit().saturating_add(self.offset())),
        };
        records.saturating_sub(self.offset()).min(self.limit())
    }

    /// Returns the values of up to `up_to` rows, from row `from` on. The same call gives the same rows for ever.
    pub fn page(&self, from: u64, up_to: u64) -> Rows<'_> {
        if self.count_only() {
            return Rows::empty(self);
        }
        if self.is_aggregate() {
            let wanted = from == 0 && up_to > 0;
            return if wanted { Rows::computed(self, self.aggregates()) } else { Rows::empty(self) };
        }
        let up_to = up_to.min(self.limit().saturating_sub(from));
        Rows::new(self, from.saturating_add(self.offset()), up_to)
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
        for (parent, leaf) in &self.columns.leaves {
            let holder = parent.map_or(Some(root), |parent| parents[parent]);
            values.push(holder.map_or(Value::Null, |holder| leaf.value(&self.snapshot, holder)));
        }
    }

    fn parent_record(&self, (table, record): Located<'_>) -> ParentRecord {
        let table = self.snapshot.tables.at(table);
        ParentRecord { object: table.object.name.clone(), id: table.id(record) }
    }

    /// Returns the one row of aggregates.
    fn aggregates(&self) -> Vec<Value> {
        let aggregates = &self.columns.aggregates;
        let mut tallies: Vec<Tally> = aggregates.iter().map(|_| Tally::default()).collect();
        for record in self.filter.records(&self.snapshot, self.table, None) {
            for (aggregate, tally) in aggregates.iter().zip(&mut tallies) {
                aggregate.add(tally, &self.snapshot, (self.table, record));
            }
        }
        aggregates.iter().zip(tallies).map(|(aggregate, tally)| aggregate.result(tally)).collect()
    }
}

/// Returns the position of the root object's table.
fn root(query: &Query, text: &str, snapshot: &Snapshot) -> Result<usize, QueryError> {
    let name = query.object();
    let at = snapshot.tables.position(&name.text).ok_or_else(|| {
        let message = format!(
            "sObject type '{}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' \
             after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
            name.text
        );
        refuse::refuse("INVALID_TYPE", text, name.span, &message)
    })?;
    let object = &snapshot.tables.at(at).object;
    if !object.queryable {
        let message = format!("entity type {} does not support query", object.name);
        return Err(QueryError::new("INVALID_TYPE_FOR_OPERATION", message));
    }
    Ok(at)
}

/// Refuses clauses that Salesforce refuses, and those that are not evaluated.
fn check_clauses(query: &Query) -> Result<(), QueryError> {
    if query.offset.as_ref().is_some_and(|offset| offset.value > MOST_OFFSET) {
        let message = format!("Maximum SOQL offset allowed is {MOST_OFFSET}");
        return Err(QueryError::new("NUMBER_OUTSIDE_VALID_RANGE", message));
    }
    let is_evaluated =
        |with: &With| matches!(with.kind, WithKind::SecurityEnforced | WithKind::UserMode | WithKind::SystemMode);
    let is_everything = |scope: &orgtap_soql::Scope| match scope {
        orgtap_soql::Scope::Named(name) => name.is("everything"),
        orgtap_soql::Scope::Lookup { .. } => false,
    };
    if query.group_by.is_some() || query.having.is_some() {
        Err(unsupported("GROUP BY"))
    } else if !query.with.iter().all(is_evaluated) {
        Err(unsupported("this WITH clause"))
    } else if query.scope.as_ref().is_some_and(|scope| !is_everything(scope)) {
        Err(unsupported("scopes other than `everything`"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
