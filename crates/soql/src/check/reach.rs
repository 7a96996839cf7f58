//! How far a query may reach from its object: up to parents and down to children. The numbers are those of the SOQL
//! reference, "Understanding Relationship Query Limitations".

use std::collections::HashSet;

use super::paths;
use crate::{
    ast::{Path, Query, SelectItem},
    diagnostic::{Diagnostic, Span, excerpt},
};

/// The most relationships that a path goes up.
const MOST_LEVELS: usize = 5;

/// Finds paths that go up too far, and too many parents or child subqueries at one level.
pub(super) fn refusals(query: &Query) -> Vec<Diagnostic> {
    const MOST_PARENTS: usize = 55;
    const MOST_CHILDREN: usize = 20;
    let all = paths(query);
    let mut found: Vec<Diagnostic> = all.iter().filter_map(|path| too_high(query, path)).collect();
    let mut parents = HashSet::new();
    let beyond = all.iter().find(|path| {
        let names = query.field_path(path);
        let steps = 1..names.len().min(MOST_LEVELS + 1);
        parents.extend(steps.map(|end| names[..end].join(".").to_ascii_lowercase()));
        parents.len() > MOST_PARENTS
    });
    found.extend(beyond.map(|path| {
        let message = format!("the query reaches more than {MOST_PARENTS} parents");
        Diagnostic::error(message, path.span()).suggest("select fields of fewer parents, or split the query")
    }));
    let children = query.select.iter().filter(|item| matches!(item, SelectItem::Subquery { .. }));
    found.extend(children.skip(MOST_CHILDREN).take(1).map(|item| {
        let message = format!("a query takes {MOST_CHILDREN} child subqueries at most");
        Diagnostic::error(message, item.span()).suggest("split the query")
    }));
    found
}

fn too_high(query: &Query, path: &Path) -> Option<Diagnostic> {
    let relationships = query.field_path(path).len() - 1;
    (relationships > MOST_LEVELS).then(|| {
        let message = format!("`{}` goes up {relationships} relationships", excerpt(&path.to_string()));
        Diagnostic::error(message, path.span()).suggest(format!("{MOST_LEVELS} is the most"))
    })
}

/// Finds the child subquery that is nested too deep.
pub(super) fn too_deep(query: &Query) -> Option<Diagnostic> {
    /// Levels of objects, the root's included.
    const MOST: usize = 5;
    deeper_than(query, MOST).map(|span| {
        let message = format!("child subqueries reach deeper than {MOST} levels of objects");
        Diagnostic::error(message, span).suggest("query the lower levels on their own")
    })
}

fn deeper_than(query: &Query, levels: usize) -> Option<Span> {
    let Some(below) = levels.checked_sub(1) else { return Some(query.span) };
    query.select.iter().find_map(|item| match item {
        SelectItem::Subquery { query, .. } => deeper_than(query, below),
        _ => None,
    })
}
