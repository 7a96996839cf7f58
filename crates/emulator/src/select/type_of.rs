//! `TYPEOF`: fields that depend on what kind of record a reference leads to.

use orgtap_soql::{Path, TypeOf};

use super::TypeCondition;
use super::columns::Columns;
use super::resolve::{Place, Resolver, Way};
use crate::error::QueryError;

impl Columns {
    /// Adds the fields of each branch.
    pub(super) fn add_type_of(&mut self, resolver: Resolver<'_>, type_of: &TypeOf) -> Result<(), QueryError> {
        let span = type_of.relationship.span();
        let names = resolver.query.field_path(&type_of.relationship);
        let (way, place) = resolver.way(Place::of(resolver.table), &names, span)?;
        if !place.is_polymorphic {
            let message = format!("TYPEOF is not supported for relationship '{}'", type_of.relationship);
            return Err(resolver.refuse("MALFORMED_QUERY", span, &message));
        }
        let mut named = Vec::new();
        for branch in &type_of.branches {
            let tables = &resolver.snapshot.tables;
            let table = tables.position(&branch.object.text).filter(|table| place.tables.contains(table));
            let table = table.ok_or_else(|| {
                let message = format!("sObject type '{}' is not supported.", branch.object.text);
                resolver.refuse("INVALID_TYPE", branch.object.span, &message)
            })?;
            let object = tables.at(table).object.name.clone();
            named.push(object.clone());
            for field in &branch.fields {
                self.add_branch_field(resolver, &way, Place::of(table), field, TypeCondition::Is(object.clone()))?;
            }
        }
        for field in &type_of.otherwise {
            let rest = Place { tables: place.tables.clone(), is_polymorphic: true };
            self.add_branch_field(resolver, &way, rest, field, TypeCondition::IsNoneOf(named.clone()))?;
        }
        Ok(())
    }

    fn add_branch_field(
        &mut self,
        resolver: Resolver<'_>,
        way: &Way,
        from: Place,
        field: &Path,
        when: TypeCondition,
    ) -> Result<(), QueryError> {
        let names: Vec<&str> = field.segments.iter().map(|name| name.text.as_str()).collect();
        let mut path = resolver.path_from(from, &names, field.span())?;
        path.relationships.splice(..0, way.iter().cloned());
        self.push(path.into(), None, Some((way.len(), when)));
        Ok(())
    }
}
