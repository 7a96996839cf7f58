//! Child subqueries: `(SELECT … FROM Contacts)` in a SELECT list.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use orgtap_soql::{Name, Query, SelectItem};
use serde_json::Value as Json;

use super::resolve::Resolver;
use super::{Row, Scope, Selection};
use crate::error::QueryError;
use crate::id::Id;

/// How far below the root object children may be.
const MOST_LEVELS: usize = 4;

/// The children of the records of a selection, by one relationship.
#[derive(Debug)]
pub struct Children {
    /// The name of the relationship, or its alias: the key in JSON.
    pub name: String,
    /// How many columns of the parent come before them.
    after: usize,
    selection: Selection,
    /// The field by which a child refers to its parent.
    link: usize,
    by_parent: OnceLock<HashMap<Id, Vec<Id>>>,
}

impl Children {
    /// Returns how many columns of the parent come before them.
    pub fn after(&self) -> usize {
        self.after
    }

    /// Returns how many children a parent has, after LIMIT and OFFSET.
    pub fn total(&self, parent: Id) -> u64 {
        self.of(parent).len() as u64
    }

    /// Returns a parent's children from number `from` on, as rows of [`Children::selection`].
    pub fn records(&self, parent: Id, from: u64, up_to: u64) -> impl Iterator<Item = Row> {
        let children = self.of(parent).iter();
        let places = children.skip(usize::try_from(from).unwrap_or(usize::MAX));
        let places = places.take(usize::try_from(up_to).unwrap_or(usize::MAX));
        places.filter_map(|id| Some(self.selection.row(self.selection.table().find(*id)?)))
    }

    /// Returns what is selected of each child.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    fn of(&self, parent: Id) -> &[Id] {
        self.by_parent.get_or_init(|| self.gather()).get(&parent).map_or(&[], Vec::as_slice)
    }

    /// Finds the children of every parent, each parent's in their order and cut to LIMIT and OFFSET.
    fn gather(&self) -> HashMap<Id, Vec<Id>> {
        let selection = &self.selection;
        let table = selection.table();
        let mut by_parent: HashMap<Id, Vec<Id>> = HashMap::new();
        for id in selection.every_id() {
            let parent = table.find(id).and_then(|record| table.value(record, self.link).as_id());
            if let Some(parent) = parent {
                by_parent.entry(parent).or_default().push(id);
            }
        }
        let (offset, limit) = (selection.offset(), selection.limit());
        for children in by_parent.values_mut() {
            let skipped = usize::try_from(offset).unwrap_or(usize::MAX).min(children.len());
            children.drain(..skipped);
            children.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        by_parent
    }
}

/// Resolves a child subquery; `after` columns of the parent come before it.
pub(super) fn children(
    resolver: Resolver<'_>,
    query: &Query,
    alias: Option<&Name>,
    after: usize,
    scope: Scope,
) -> Result<Arc<Children>, QueryError> {
    let relationship = query.object();
    let (name, child, link) = find(resolver, &relationship.text).ok_or_else(|| {
        let message = format!(
            "Didn't understand relationship '{}' in FROM part of query call. If you are attempting to use a custom \
             relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or \
             the describe call for the appropriate names.",
            relationship.text
        );
        resolver.refuse("INVALID_TYPE", relationship.span, &message)
    })?;
    if query.is_aggregate() {
        let message = "Only root queries support aggregate expressions";
        return Err(resolver.refuse("MALFORMED_QUERY", query.span, message));
    }
    if levels(query) > MOST_LEVELS {
        let message = format!(
            "SOQL statements cannot query aggregate relationships more than {MOST_LEVELS} levels away from the root \
             entity object."
        );
        return Err(resolver.refuse("MALFORMED_QUERY", query.span, &message));
    }
    let selection = Selection::of_table(query.clone(), resolver.text, scope, resolver.snapshot.clone(), child)?;
    let name = alias.map_or(name, |alias| alias.text.clone());
    Ok(Arc::new(Children { name, after, selection, link, by_parent: OnceLock::new() }))
}

/// Returns how many levels of children a subquery holds, its own included.
fn levels(query: &Query) -> usize {
    let deeper = query.select.iter().filter_map(|item| match item {
        SelectItem::Subquery { query, .. } => Some(levels(query)),
        _ => None,
    });
    1 + deeper.max().unwrap_or_default()
}

/// Finds a child relationship of the root object: its name as Salesforce spells it, the table and the field.
fn find(resolver: Resolver<'_>, relationship: &str) -> Option<(String, usize, usize)> {
    let tables = &resolver.snapshot.tables;
    let known = resolver.root().object.describe["childRelationships"].as_array()?;
    let named = known.iter().filter_map(|entry| Some((entry, entry["relationshipName"].as_str()?)));
    let (entry, name) = named.into_iter().find(|(_, name)| name.eq_ignore_ascii_case(relationship))?;
    let text = |key: &str| entry.get(key).and_then(Json::as_str);
    let child = tables.position(text("childSObject")?)?;
    let link = tables.at(child).object.position(text("field")?)?;
    Some((name.to_owned(), child, link))
}
