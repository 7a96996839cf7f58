//! The SELECT list: columns, and the parents they are read from.

use std::collections::HashSet;
use std::sync::Arc;

use orgtap_soql::{Argument, Call, Name, Operand, SelectItem, Span};

use super::child::{self, Children};
use super::group::{self, Groups};
use super::resolve::{FieldFacts, FieldPath, Hop, Leaf, Resolver};
use super::term::{Step, Term};
use super::{ParentPath, Scope, SelectedColumn, TypeCondition};
use crate::error::QueryError;
use crate::object::FieldType;

/// The most records of a query with `FIELDS(ALL)` or `FIELDS(CUSTOM)`.
const FIELDS_LIMIT: u64 = 200;

/// What the SELECT list asks for.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) columns: Vec<SelectedColumn>,
    /// Where each column's value comes from; nothing where the columns are of groups.
    pub(super) cells: Vec<Cell>,
    pub(super) parents: Vec<ParentPath>,
    /// The step to each parent.
    pub(super) hops: Vec<Hop>,
    /// How groups are made, if the columns are of groups.
    pub(super) groups: Option<Groups>,
    /// The child subqueries.
    pub(super) children: Vec<Arc<Children>>,
    /// Whether it is `COUNT()`.
    pub(super) count_only: bool,
    /// How many columns had to be given a name.
    unnamed: usize,
}

/// Where a column's value comes from.
#[derive(Debug)]
pub(super) struct Cell {
    /// The parent, or the record itself.
    pub(super) parent: Option<usize>,
    /// The field there.
    pub(super) leaf: Leaf,
    /// What is made of its value.
    pub(super) steps: Vec<Step>,
}

/// Resolves the SELECT list.
pub(super) fn columns(resolver: Resolver<'_>, scope: Scope) -> Result<Columns, QueryError> {
    let mut columns = Columns::default();
    let query = resolver.query;
    if is_bare_count(&query.select) && query.group_by.is_none() {
        columns.count_only = true;
        return Ok(columns);
    }
    let has_aggregates =
        query.select.iter().any(|item| matches!(item, SelectItem::Call { call, .. } if group::holds_aggregate(call)));
    if has_aggregates || query.group_by.is_some() || query.having.is_some() {
        return columns.of_groups(resolver, scope);
    }
    for item in &query.select {
        columns.add(resolver, item, scope)?;
    }
    check_duplicates(&columns.columns)?;
    Ok(columns)
}

fn is_bare_count(items: &[SelectItem]) -> bool {
    matches!(items, [SelectItem::Call { call, alias: None }] if call.function.is("COUNT") && call.arguments.is_empty())
}

fn check_duplicates(columns: &[SelectedColumn]) -> Result<(), QueryError> {
    let mut seen = HashSet::new();
    let key = |column: &SelectedColumn| (column.header.to_ascii_lowercase(), format!("{:?}", column.when));
    match columns.iter().find(|column| !seen.insert(key(column))) {
        Some(column) => Err(QueryError::new("INVALID_FIELD", format!("duplicate field selected: {}", column.header))),
        None => Ok(()),
    }
}

impl Columns {
    /// Resolves a SELECT list of grouped fields and aggregates.
    fn of_groups(mut self, resolver: Resolver<'_>, scope: Scope) -> Result<Self, QueryError> {
        let query = resolver.query;
        let refuse = |span: Span, message: &str| Err(resolver.refuse("MALFORMED_QUERY", span, message));
        if let (None, Some(limit)) = (&query.group_by, &query.limit) {
            let message = "Non-grouped query that uses overall aggregate functions cannot also use LIMIT";
            return refuse(limit.span, message);
        }
        if let (None, Some(having)) = (&query.group_by, &query.having) {
            return refuse(having.span(), "Having requires a group by clause");
        }
        if is_bare_count(&query.select) {
            return refuse(query.select[0].span(), "Count() can not be used in a query with GROUP BY");
        }
        let mut groups = Groups::new(resolver)?;
        for item in &query.select {
            let (operand, alias) = match item {
                SelectItem::Field { path, alias } => (Operand::Path(path.clone()), alias),
                SelectItem::Call { call, alias } if !call.function.is("FIELDS") => (Operand::Call(call.clone()), alias),
                _ => return refuse(item.span(), "Only fields and functions can be selected in an aggregate query"),
            };
            let facts = groups.add_column(resolver, &operand)?;
            let is_named = matches!(operand, Operand::Path(_)) || is_named_by_field(item);
            let name = self.name_of(alias.as_ref(), is_named.then_some(&facts.name));
            self.columns.push(column(name, &facts));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = self.columns.iter().find(|column| !seen.insert(column.name.to_ascii_lowercase())) {
            return refuse(query.span, &format!("duplicate alias: {}", twice.name));
        }
        groups.finish(resolver, scope)?;
        self.groups = Some(groups);
        Ok(self)
    }

    /// Returns the alias, the field's name, or the next of `expr0`, `expr1`, ….
    fn name_of(&mut self, alias: Option<&Name>, field: Option<&String>) -> String {
        match (alias, field) {
            (Some(alias), _) => alias.text.clone(),
            (None, Some(field)) => field.clone(),
            (None, None) => {
                self.unnamed += 1;
                format!("expr{}", self.unnamed - 1)
            }
        }
    }

    fn add(&mut self, resolver: Resolver<'_>, item: &SelectItem, scope: Scope) -> Result<(), QueryError> {
        match item {
            SelectItem::Field { path, alias: None } => {
                self.push(resolver.path(path)?.into(), None, None);
                Ok(())
            }
            SelectItem::Field { alias: Some(alias), .. } => {
                let message = "only aggregate expressions use field aliasing";
                Err(resolver.refuse("MALFORMED_QUERY", alias.span, message))
            }
            SelectItem::Call { call, alias } => self.add_call(resolver, call, alias.as_ref()),
            SelectItem::Subquery { query, alias, .. } => {
                let after = self.columns.len();
                self.children.push(child::children(resolver, query, alias.as_ref(), after, scope)?);
                Ok(())
            }
            SelectItem::TypeOf(type_of) => self.add_type_of(resolver, type_of),
        }
    }

    fn add_call(&mut self, resolver: Resolver<'_>, call: &Call, alias: Option<&Name>) -> Result<(), QueryError> {
        if call.function.is("FIELDS") {
            return self.add_fields(resolver, call);
        }
        let term = resolver.call(call)?;
        if term.is_date_part() {
            let message = format!("Field must be grouped or aggregated: {}", term.path.field.name);
            return Err(resolver.refuse("MALFORMED_QUERY", call.span, &message));
        }
        let given = (alias.is_some() || term.is_distance()).then(|| self.name_of(alias, None));
        self.push(term, given, None);
        Ok(())
    }

    /// Adds the fields that `FIELDS(…)` stands for.
    fn add_fields(&mut self, resolver: Resolver<'_>, call: &Call) -> Result<(), QueryError> {
        let refuse = |message: &str| Err(resolver.refuse("MALFORMED_QUERY", call.span, message));
        let which = match call.arguments.as_slice() {
            [Argument::Path(path)] => path.last().text.to_ascii_uppercase(),
            _ => String::new(),
        };
        let wanted: fn(&FieldType) -> bool = match which.as_str() {
            "ALL" => |_| true,
            "STANDARD" => |field| !field.custom,
            "CUSTOM" => |field| field.custom,
            _ => return refuse("Unknown argument of FIELDS"),
        };
        let limit = resolver.query.limit.as_ref().map_or(u64::MAX, |limit| limit.value);
        if which != "STANDARD" && limit > FIELDS_LIMIT {
            return refuse(&format!("The SOQL FIELDS function must have a LIMIT of at most {FIELDS_LIMIT}"));
        }
        for (at, field) in resolver.root().object.fields.iter().enumerate().filter(|(_, field)| wanted(field)) {
            let (leaf, field) = (Leaf::new(resolver.table, at), FieldFacts::of(field));
            self.push(FieldPath { relationships: Vec::new(), leaf, field }.into(), None, None);
        }
        Ok(())
    }

    /// Adds a column, and the parents on the way to its field. What depends on the type of a parent says on which one's,
    /// by the number of relationships before it.
    pub(super) fn push(&mut self, term: Term, given: Option<String>, when: Option<(usize, TypeCondition)>) {
        let steps = term.steps().to_vec();
        let Term { path, facts, .. } = term;
        let mut header: Vec<String> = path.relationships.iter().map(|(name, _)| name.clone()).collect();
        header.push(path.field.name.clone());
        let condition = |depth: usize| when.as_ref().filter(|(at, _)| *at == depth).map(|(_, when)| when.clone());
        let depth = path.relationships.len();
        let mut parent = None;
        for (at, (name, hop)) in path.relationships.into_iter().enumerate() {
            parent = Some(self.parent(ParentPath { name, parent, when: condition(at) }, hop));
        }
        let is_aliased = given.is_some();
        self.columns.push(SelectedColumn {
            header: given.clone().unwrap_or_else(|| header.join(".")),
            name: given.unwrap_or(path.field.name),
            kind: facts.kind,
            soap_type: facts.soap_type,
            parent: if is_aliased { None } else { parent },
            when: condition(depth),
        });
        self.cells.push(Cell { parent, leaf: path.leaf, steps });
    }

    /// Returns the position of a parent, adding it if it is new.
    fn parent(&mut self, path: ParentPath, hop: Hop) -> usize {
        let known = self.parents.iter().position(|known| *known == path);
        known.unwrap_or_else(|| {
            self.parents.push(path);
            self.hops.push(hop);
            self.parents.len() - 1
        })
    }
}

/// Returns whether a column of a group has the name of its field although a function makes its value.
fn is_named_by_field(item: &SelectItem) -> bool {
    matches!(item, SelectItem::Call { call, .. } if call.function.is("toLabel") && !group::holds_aggregate(call))
}

fn column(name: String, facts: &FieldFacts) -> SelectedColumn {
    let (kind, soap_type) = (facts.kind, facts.soap_type.clone());
    SelectedColumn { header: name.clone(), name, kind, soap_type, parent: None, when: None }
}
