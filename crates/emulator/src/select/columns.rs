//! The SELECT list: columns, and the parents they are read from.

use std::collections::HashSet;

use orgtap_soql::{Argument, Call, Name, SelectItem, Span};

use super::aggregate::{Aggregate, AggregateKind};
use super::refuse::unsupported;
use super::resolve::{FieldFacts, FieldPath, Hop, Leaf, Resolver};
use super::{ParentPath, SelectedColumn};
use crate::error::QueryError;
use crate::object::{FieldKind, FieldType};

/// The most records of a query with `FIELDS(ALL)` or `FIELDS(CUSTOM)`.
const FIELDS_LIMIT: u64 = 200;

/// What the SELECT list asks for.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) columns: Vec<SelectedColumn>,
    /// Where each column's value is: in which parent, or the record itself, and there in which field.
    pub(super) leaves: Vec<(Option<usize>, Leaf)>,
    pub(super) parents: Vec<ParentPath>,
    /// The step to each parent.
    pub(super) hops: Vec<Hop>,
    /// What each column counts or sums up, if the columns are aggregates.
    pub(super) aggregates: Vec<Aggregate>,
    /// Whether it is `COUNT()`.
    pub(super) count_only: bool,
}

/// Resolves the SELECT list.
pub(super) fn columns(resolver: Resolver<'_>) -> Result<Columns, QueryError> {
    let mut columns = Columns::default();
    let items = &resolver.query.select;
    if let [SelectItem::Call { call, alias: None }] = items.as_slice()
        && call.function.is("COUNT")
        && call.arguments.is_empty()
    {
        columns.count_only = true;
        return Ok(columns);
    }
    for item in items {
        columns.add(resolver, item)?;
    }
    if !columns.aggregates.is_empty() && columns.aggregates.len() < columns.columns.len() {
        let field = items.iter().find(|item| matches!(item, SelectItem::Field { .. }));
        let span = field.map(SelectItem::span).unwrap_or_default();
        let path = field.map(name_of).unwrap_or_default();
        return Err(resolver.refuse("MALFORMED_QUERY", span, &format!("Field must be grouped or aggregated: {path}")));
    }
    check_duplicates(&columns.columns)?;
    Ok(columns)
}

fn name_of(item: &SelectItem) -> String {
    match item {
        SelectItem::Field { path, .. } => path.last().text.clone(),
        _ => String::new(),
    }
}

fn check_duplicates(columns: &[SelectedColumn]) -> Result<(), QueryError> {
    let mut seen = HashSet::new();
    match columns.iter().find(|column| !seen.insert(column.header.to_ascii_lowercase())) {
        Some(column) => Err(QueryError::new("INVALID_FIELD", format!("duplicate field selected: {}", column.header))),
        None => Ok(()),
    }
}

impl Columns {
    fn add(&mut self, resolver: Resolver<'_>, item: &SelectItem) -> Result<(), QueryError> {
        match item {
            SelectItem::Field { path, alias: None } => {
                self.push(resolver.path(path)?, None);
                Ok(())
            }
            SelectItem::Field { alias: Some(alias), .. } => {
                let message = "only aggregate expressions use field aliasing";
                Err(resolver.refuse("MALFORMED_QUERY", alias.span, message))
            }
            SelectItem::Call { call, alias } => self.add_call(resolver, call, alias.as_ref()),
            SelectItem::Subquery { .. } => Err(unsupported("subqueries in the SELECT list")),
            SelectItem::TypeOf(_) => Err(unsupported("TYPEOF")),
        }
    }

    fn add_call(&mut self, resolver: Resolver<'_>, call: &Call, alias: Option<&Name>) -> Result<(), QueryError> {
        if call.function.is("FIELDS") {
            return self.add_fields(resolver, call);
        }
        let [Argument::Path(path)] = call.arguments.as_slice() else {
            return Err(unsupported(&format!("{} with such arguments", call.function.text)));
        };
        let path = resolver.path(path)?;
        if ["toLabel", "format", "convertCurrency"].iter().any(|known| call.function.is(known)) {
            self.push(path, alias);
            return Ok(());
        }
        let kind = AggregateKind::of(&call.function.text)
            .ok_or_else(|| unsupported(&format!("{} in the SELECT list", call.function.text)))?;
        self.push_aggregate(Aggregate { kind, path }, alias);
        Ok(())
    }

    /// Adds the fields that `FIELDS(…)` stands for.
    fn add_fields(&mut self, resolver: Resolver<'_>, call: &Call) -> Result<(), QueryError> {
        let which = match call.arguments.as_slice() {
            [Argument::Path(path)] => path.last().text.to_ascii_uppercase(),
            _ => String::new(),
        };
        let wanted: fn(&FieldType) -> bool = match which.as_str() {
            "ALL" => |_| true,
            "STANDARD" => |field| !field.custom,
            "CUSTOM" => |field| field.custom,
            _ => return Err(refused_fields(resolver, call.span, "Unknown argument of FIELDS")),
        };
        let limit = resolver.query.limit.as_ref().map_or(u64::MAX, |limit| limit.value);
        if which != "STANDARD" && limit > FIELDS_LIMIT {
            let message = format!("The SOQL FIELDS function must have a LIMIT of at most {FIELDS_LIMIT}");
            return Err(refused_fields(resolver, call.span, &message));
        }
        for (at, field) in resolver.root().object.fields.iter().enumerate().filter(|(_, field)| wanted(field)) {
            let (leaf, field) = (Leaf::new(resolver.table, at), FieldFacts::of(field));
            self.push(FieldPath { relationships: Vec::new(), leaf, field }, None);
        }
        Ok(())
    }

    /// Adds a column for a field, and the parents on the way to it.
    fn push(&mut self, path: FieldPath, alias: Option<&Name>) {
        let mut header: Vec<String> = path.relationships.iter().map(|(name, _)| name.clone()).collect();
        header.push(path.field.name.clone());
        let mut parent = None;
        for (name, hop) in path.relationships {
            parent = Some(self.parent(ParentPath { name, parent }, hop));
        }
        self.columns.push(SelectedColumn {
            header: alias.map_or_else(|| header.join("."), |alias| alias.text.clone()),
            name: alias.map_or(path.field.name, |alias| alias.text.clone()),
            kind: path.field.kind,
            soap_type: path.field.soap_type,
            parent: if alias.is_some() { None } else { parent },
        });
        self.leaves.push((parent, path.leaf));
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

    fn push_aggregate(&mut self, aggregate: Aggregate, alias: Option<&Name>) {
        let unnamed = self.columns.iter().filter(|column| column.header.starts_with("expr")).count();
        let name = alias.map_or_else(|| format!("expr{unnamed}"), |alias| alias.text.clone());
        let kind = aggregate.result_kind();
        let soap_type =
            if kind == FieldKind::Int { "xsd:int".to_owned() } else { aggregate.path.field.soap_type.clone() };
        self.columns.push(SelectedColumn { header: name.clone(), name, kind, soap_type, parent: None });
        self.aggregates.push(aggregate);
    }
}

fn refused_fields(resolver: Resolver<'_>, span: Span, message: &str) -> QueryError {
    resolver.refuse("MALFORMED_QUERY", span, message)
}
